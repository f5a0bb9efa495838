"""The model file: blueprint, weights, and what travels with them. Data only, never a pickle.

A bundle is one safetensors file. Its header's metadata has one entry, JSON with the format's
version, the task, the blueprint, the settings and a checksum of everything; tensors are named
`weights.…` (those of the blueprint, float32) and `tensors.…` (transforms, labels, baselines).
The header is checked against the blueprint's schema, and the weights' shapes against the
blueprint, before any tensor is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from elman.blueprint import Blueprint, cell_kinds, from_data, to_data
from elman.errors import BlueprintError, BundleError, ShapeError
from elman.tensor_files import Form, Listed, below, read, write

__all__ = [
    "VERSION",
    "Bundle",
    "check_widths",
    "load",
    "pack_strings",
    "save",
    "unpack_strings",
]

VERSION = 1
"""The format's version; it grows when an older reader would misunderstand a file."""
MAX_CHARACTERS = 2**26
"""Of strings in one array: 256 MiB."""

_TASK = re.compile(r"[a-z][a-z_]{0,63}")
_FORM = Form(
    entry="elman_bundle",
    version=VERSION,
    noun="model",
    wanted="give a file that Elman saved (model.elman)",
    folder="give the model file in it, as FOLDER/model.elman",
    types={"task": str, "blueprint": dict, "settings": dict},
    prefixes=("weights.", "tensors."),
)


@dataclass(frozen=True, eq=False)
class Bundle:
    """A model as data.

    Attributes:
        task: What the model is for, as `classifier`: lower case letters and `_`.
        blueprint: The network.
        weights: float32 arrays, one for each of `blueprint.shapes()`, all finite.
        tensors: Further arrays of the task's own: transforms, class labels, baselines.
        settings: Further plain values of the task's own, as JSON can hold them.
    """

    task: str
    blueprint: Blueprint
    weights: dict[str, np.ndarray]
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def save(path: str | os.PathLike[str], bundle: Bundle) -> None:
    """Write a bundle atomically: `path` is the old file or the whole new one.

    Raises:
        BundleError: The bundle is inconsistent (a weight that is missing or not finite, a user's
            cell without a NumPy step, a network of one's own, settings that JSON cannot hold), or
            the disk refused; an older file is unchanged.
    """
    where = str(path)
    _check_answerable(where, bundle.blueprint)
    weights = {name: np.asarray(array) for name, array in bundle.weights.items()}
    _check_weights(where, bundle.blueprint, weights)
    if not isinstance(bundle.task, str) or not _TASK.fullmatch(bundle.task):
        raise BundleError(where, f"the task is {bundle.task!r}", "use lower case letters and '_'")
    description = {
        "task": bundle.task,
        "blueprint": to_data(bundle.blueprint),
        "settings": bundle.settings,
    }
    arrays = {f"weights.{name}": array for name, array in weights.items()}
    arrays |= {f"tensors.{name}": array for name, array in bundle.tensors.items()}
    write(path, _FORM, description, arrays)


def load(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle that `save` wrote.

    Raises:
        BundleError: The file is missing, cut, changed, foreign, a pickle, of a later version, or
            holds a network that this Elman cannot check; the message says what was found.
    """
    where = str(path)
    blueprints: list[Blueprint] = []

    def check(description: dict[str, Any], listed: dict[str, Listed]) -> None:
        if not _TASK.fullmatch(description["task"]):
            found = f"its configuration has the task {description['task'][:60]!r}"
            raise BundleError(where, found, _FORM.again)
        blueprints.append(_read_blueprint(where, description))
        _check_listed(where, blueprints[0], below(listed, "weights."))

    description, arrays = read(path, _FORM, check)
    weights = below(arrays, "weights.")
    _check_weights(where, blueprints[0], weights)
    tensors = below(arrays, "tensors.")
    return Bundle(description["task"], blueprints[0], weights, tensors, description["settings"])


def pack_strings(strings: Iterable[str]) -> dict[str, np.ndarray]:
    """Strings as two arrays: their UTF-8 bytes end to end, and where each one ends.

    >>> {name: array.tolist() for name, array in pack_strings(["ab", "", "c"]).items()}
    {'bytes': [97, 98, 99], 'offsets': [0, 2, 2, 3]}

    Returns:
        `bytes` uint8, and `offsets` int64 `[N + 1]`: string k is bytes[offsets[k]:offsets[k+1]].
    """
    encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return {"bytes": np.frombuffer(b"".join(encoded), np.uint8), "offsets": offsets}


def unpack_strings(packed: dict[str, np.ndarray], where: str = "strings") -> list[str]:
    """The strings that `pack_strings` packed.

    Args:
        packed: `bytes`, uint8 `[sum of lengths]`, and `offsets`, int64 `[N + 1]`.
        where: What messages call them.

    Raises:
        BundleError: The arrays do not hold strings.
    """
    content, offsets = packed.get("bytes"), packed.get("offsets")
    if (
        content is None
        or offsets is None
        or content.dtype != np.uint8
        or offsets.dtype != np.int64
        or content.ndim != 1
        or offsets.ndim != 1
        or len(offsets) == 0
        or offsets[0] != 0
        or offsets[-1] != len(content)
        or (np.diff(offsets) < 0).any()
    ):
        raise BundleError(where, "bytes and offsets do not fit each other", "save the model again")
    whole = content.tobytes()
    try:
        return [
            whole[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(offsets)
        ]
    except UnicodeDecodeError as error:
        raise BundleError(where, f"is no UTF-8 ({error})", "save the model again") from error


def check_widths(strings: Sequence[str], where: str) -> None:
    """Make sure that strings may become one array, in which all are as wide as the longest.

    Raises:
        BundleError: It would be far larger than they are.
    """
    longest = max(map(len, strings), default=0)
    if longest * len(strings) > MAX_CHARACTERS:
        raise BundleError(
            where, f"found {len(strings)}, the longest of {longest} characters", "shorter ones"
        )


def _read_blueprint(where: str, configuration: dict[str, Any]) -> Blueprint:
    try:
        return from_data(configuration["blueprint"])
    except BlueprintError as error:
        found = f"its blueprint: {error.where}: {error.found}"
        raise BundleError(where, found, error.expected) from error


def _check_listed(where: str, blueprint: Blueprint, weights: dict[str, Listed]) -> None:
    """The weights' dtypes and shapes, as the header lists them."""
    for name, tensor in weights.items():
        if tensor.dtype != np.float32:
            found = f"weights.{name} is {tensor.dtype}"
            raise BundleError(where, found, "weights are float32: save again")
    _check_shapes(where, blueprint, weights)


def _check_shapes(where: str, blueprint: Blueprint, weights: dict[str, Any]) -> None:
    try:
        blueprint.check_weights(weights)
    except ShapeError as error:
        raise BundleError(where, f"weight {error.where}: {error.found}", error.expected) from error


def _check_weights(where: str, blueprint: Blueprint, weights: dict[str, np.ndarray]) -> None:
    """Weights are float32, of the blueprint's shapes, and finite."""
    _check_shapes(where, blueprint, weights)
    for name, array in weights.items():
        if array.dtype != np.float32:
            raise BundleError(where, f"weight {name} is {array.dtype}", "convert it to float32")
        wrong = np.count_nonzero(~np.isfinite(array))
        if wrong:
            raise BundleError(
                where,
                f"weight {name} holds {wrong} values that are NaN or infinite",
                "its training went wrong: take an earlier checkpoint, or train it again",
            )


def _check_answerable(where: str, blueprint: Blueprint) -> None:
    """The network is described, every cell has a NumPy step: so that the file can be answered."""
    if not blueprint.described:
        raise BundleError(
            where,
            "the network is one of your own, and a model file holds no code",
            "pickle the estimator (joblib.dump) or keep module_.state_dict(); nothing was written",
        )
    for chain in blueprint.chains.values():
        for cell in (cell for block in chain for cell in getattr(block, "cells", ())):
            if cell.tape is not None:
                continue
            kind = cell_kinds()[cell.kind]
            if not kind.built_in and kind.numpy_cell is None:
                raise BundleError(
                    where,
                    f"the cell {cell.kind!r} has no NumPy step to answer with",
                    "register it with a numpy_cell; nothing was written",
                )
