"""Blueprints as JSON: a versioned schema, read strictly.

What is checked here is only JSON's own side: its syntax, the kinds of its values, unknown and
missing keys. Every range is checked by the dataclass that is made from it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import MISSING, fields
from typing import Any, NoReturn

from elman.blueprint.blocks import BLOCKS, Block
from elman.blueprint.cells import CellConfig
from elman.blueprint.checks import shown, within
from elman.blueprint.network import MAX_BLOCKS, Blueprint
from elman.errors import BlueprintError

__all__ = [
    "MAX_JSON_BYTES",
    "SCHEMA",
    "from_data",
    "from_json",
    "parse_json",
    "to_data",
    "to_json",
]

SCHEMA = 1
"""The schema's version; it grows when a reader of the older one would misunderstand."""
MAX_JSON_BYTES = 2**20
_MAX_DIGITS = 40  # with the sign: those of a number of 128 bits
_MAX_DEPTH = 32


def to_data(blueprint: Blueprint) -> dict[str, Any]:
    """A blueprint as dicts, lists, strings and numbers that JSON can hold."""
    data = {each.name: getattr(blueprint, each.name) for each in fields(blueprint)}
    chains = blueprint.chains.items()
    data["chains"] = {name: [_block_data(block) for block in blocks] for name, blocks in chains}
    return {"schema": SCHEMA} | data


def to_json(blueprint: Blueprint) -> str:
    """A blueprint as JSON text.

    >>> from elman.blueprint import CellConfig, sequence_to_vector
    >>> blueprint = sequence_to_vector(input_size=28, cells=CellConfig("gru", 64), outputs=10)
    >>> from_json(to_json(blueprint)) == blueprint
    True
    """
    return json.dumps(to_data(blueprint), indent=2)


def from_json(text: str) -> Blueprint:
    """The blueprint that `to_json` wrote.

    Raises:
        BlueprintError: The text is no JSON, is longer than 1 MiB or of a later schema, or a
            value does not fit; the message names its path: `chains.body[1].units`.
    """
    return from_data(parse_json(text))


def from_data(data: Any) -> Blueprint:
    """The blueprint that `to_data` described; errors as of `from_json`."""
    if not isinstance(data, dict):
        raise BlueprintError("blueprint", f"found {shown(data)}", "give a JSON object")
    data = dict(data)
    schema = data.pop("schema", None)
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise BlueprintError(
            "schema",
            f"found version {shown(schema)}",
            f"this Elman reads 1 to {SCHEMA}; update it",
        )
    chains = data.get("chains")
    if not isinstance(chains, dict):
        raise BlueprintError("chains", f"found {shown(chains)}", "give an object of block lists")
    data["chains"] = {
        name: _read_list(_read_block, blocks, f"chains.{name}") for name, blocks in chains.items()
    }
    _check_keys(Blueprint, data)
    return Blueprint(**data)


def parse_json(text: str, most: int = MAX_JSON_BYTES) -> Any:
    """JSON of bounded size and numbers, without repeated keys, NaN or endless nesting.

    Args:
        text: The JSON.
        most: Bytes that it may have in UTF-8.

    Raises:
        BlueprintError: The text is not that.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > most:
        raise BlueprintError("JSON", f"found {size} bytes", f"at most {most / 2**20:g} MiB")
    try:
        found = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_unique_keys,
        )
    except RecursionError as error:
        raise _endless() from error
    except BlueprintError:
        raise
    except ValueError as error:
        raise BlueprintError("JSON", f"found a syntax error: {error}", "give valid JSON") from error
    _check_depth(found, _MAX_DEPTH)
    return found


def _check_depth(value: Any, left: int) -> None:
    """What reads JSON goes down into it by calls, of which Python has some thousand."""
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise _endless()
    for each in value.values() if isinstance(value, dict) else value:
        _check_depth(each, left - 1)


def _endless() -> BlueprintError:
    expected = f"at most {_MAX_DEPTH} lists and objects inside each other"
    return BlueprintError("JSON", "found endless nesting", expected)


def _refuse_constant(name: str) -> NoReturn:
    raise BlueprintError("JSON", f"found {name}", "give finite numbers")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse_constant(digits[:40])


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise BlueprintError("JSON", f"found {shown(digits)}", "give numbers of 128 bits at most")
    return int(digits)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(
            name for name, count in Counter(name for name, _ in pairs).items() if count > 1
        )
        raise BlueprintError(shown(twice), "the key stands twice in one object", "give it once")
    return found


def _block_data(block: Block) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": block.kind}
    data |= {each.name: getattr(block, each.name) for each in fields(block)}
    if "cells" in data:
        data["cells"] = [_cell_data(cell) for cell in data["cells"]]
    if "cell" in data:
        data["cell"] = _cell_data(data["cell"])
    return data


def _cell_data(cell: CellConfig) -> dict[str, Any]:
    """A cell's kind, units and what differs from the defaults."""
    data = {name: getattr(cell, name) for name in ("kind", "units", *cell.changed())}
    return data if cell.tape is None else data | {"tape": cell.tape.to_data()}


def _read_list(read: Any, values: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(values, list) or len(values) > MAX_BLOCKS:
        raise BlueprintError(path, f"found {shown(values)}", f"give a list of up to {MAX_BLOCKS}")
    found = []
    for index, value in enumerate(values):
        with within(f"{path}[{index}]"):
            found.append(read(value))
    return tuple(found)


def _read_block(data: Any) -> Block:
    kind = data.get("kind") if isinstance(data, dict) else data
    if not isinstance(data, dict) or not isinstance(kind, str) or kind not in BLOCKS:
        expected = f"give an object whose kind is one of {', '.join(BLOCKS)}"
        raise BlueprintError("kind", f"found {shown(kind)}", expected)
    values = {name: value for name, value in data.items() if name != "kind"}
    if "cells" in values:
        values["cells"] = _read_list(_read_cell, values["cells"], "cells")
    if kind == "soft_window" and "cell" in values:
        with within("cell"):
            values["cell"] = _read_cell(values["cell"])
    _check_keys(BLOCKS[kind], values)
    return BLOCKS[kind](**values)


def _read_cell(data: Any) -> CellConfig:
    if not isinstance(data, dict):
        raise BlueprintError("kind", f"found {shown(data)}", "give an object with kind and units")
    _check_keys(CellConfig, data)
    return CellConfig(**data)


def _check_keys(kind: type, data: dict[str, Any]) -> None:
    """`data` has all required fields of the dataclass `kind`, and no other."""
    known = {each.name: each for each in fields(kind)}
    for name in data:
        if name not in known:
            raise BlueprintError(name[:60], "the key is unknown", f"use {', '.join(known)}")
    for name, each in known.items():
        if name not in data and each.default is MISSING:
            raise BlueprintError(name, "the key is missing", "give it")
