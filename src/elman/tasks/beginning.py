"""Beginning with the layers of another model: its vectors of tokens, its recurrent layers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from elman.blueprint import Blueprint, CellConfig, Embedding, Recurrent, Words
from elman.errors import ArgumentError
from elman.parameters import told
from elman.printable import many
from elman.runtime.loading import load
from elman.runtime.seen import Seen
from elman.tasks.fitting import weights_of
from elman.tasks.own import GIVEN
from elman.transforms.scaler import Scaler

__all__ = [
    "Beginning",
    "begin",
    "begin_with_layers",
    "begin_with_rows",
    "estimator_from",
    "layers_like",
    "model_of",
]

_NOTHING_LEFT_OUT: dict[str, Any] = {
    **{one.name: 0.0 for one in fields(CellConfig) if one.default == 0.0 and one.type == "float"},
    "variational": False,
}
"""Rates of dropout of all kinds: what a cell does in training alone is no reason to leave another
one's weights."""

Weights = dict[str, np.ndarray]


class Beginning(NamedTuple):
    """What a network begins with.

    Attributes:
        weights: All of the network's, by the blueprint's names.
        note: What was taken and what is new, in a sentence or two.
        input_scaler: What the layers' features were scaled by, or None.
        seen: Which sequences the layers were learnt from, or None.
    """

    weights: Weights
    note: str
    input_scaler: Scaler | None
    seen: Seen | None


def model_of(start: Any) -> tuple[Any, str]:
    """The model whose layers are taken, and what messages call it; see `begin_with_layers`."""
    where = "the model"
    if isinstance(start, str | os.PathLike):
        where = os.fspath(start)
        start = load(Path(where) / "model.elman" if os.path.isdir(where) else where)
    blueprint = getattr(start, "blueprint", None)
    if blueprint is None or not hasattr(start, "bundle"):
        raise ArgumentError("start", f"found {start!r:.60}", "a model file's path, or a model_")
    if not blueprint.described:
        found = f"the network of {where} is one of a user's own"
        raise ArgumentError("start", found, "a model whose layers are known")
    return start, where


def layers_like(model: Any) -> dict[str, Any]:
    """Parameters of an estimator whose layers fit a model's.

    Args:
        model: What has the layers.
    """
    first = _First.of(model.blueprint)
    found: dict[str, Any] = {}
    if getattr(model, "codec", None) is not None:
        found["codec"] = model.codec
    if first.table is not None:
        found |= {"embedding": first.table.size, "characters": 0}
    if isinstance(first.table, Words) and first.table.letters:
        found |= {"characters": first.table.character_size}
        found |= {"character_units": first.table.cells[0].units}
    if first.recurrent is None:
        return found
    cells = first.recurrent.cells
    kinds = {(one.kind, one.activation, one.layer_norm) for one in cells}
    if len(kinds) == 1:
        (alike,) = kinds
        units = [one.units for one in cells]
        named = dict(zip(("cell", "activation", "layer_norm"), alike, strict=True))
        found |= {name: value for name, value in named.items() if value not in ("tanh", False)}
        found["units"] = units[0] if len(units) == 1 else units
    return found | ({"bidirectional": True} if first.recurrent.bidirectional else {})


def begin_with_rows(weight: np.ndarray, rows: Mapping[int, np.ndarray]) -> None:
    """Put vectors into a table, in place; what is random there comes to vary as they do.

    Args:
        weight: `[V, E]`, drawn with the variance 1 / E.
        rows: Vectors `[E]` by their row.
    """
    if not rows:
        return
    vectors = np.stack([*rows.values()])
    weight *= vectors.std() * np.float32(weight.shape[1] ** 0.5)
    weight[[*rows]] = vectors


def begin(estimator: Any, blueprint: Any, network: Any, reads: Any) -> Beginning | None:
    """Let a network begin with the layers of an estimator's `start`; None where there is none.

    Args:
        estimator: Its parameters.
        blueprint: The network as data.
        network: As `build` makes it: its weights are changed in place.
        reads: As of `begin_with_layers`, as all errors are.
    """
    if estimator.start is None:
        return None
    for name in ("network", "vectors"):
        if getattr(estimator, name, None) is not None:
            raise ArgumentError(name, "given beside start", "one of the two")
    begun = begin_with_layers(blueprint, weights_of(network), reads, estimator.start)
    network.load_state_dict({name: torch.from_numpy(a) for name, a in begun.weights.items()})
    return begun


def begin_with_layers(blueprint: Blueprint, fresh: Weights, reads: Any, start: Any) -> Beginning:
    """A network's weights with all that fits of another model's first layers.

    These are the vectors of tokens (and what reads the letters of words), and the first block of
    recurrent layers, from the input up as far as they are alike. Of a network that reads in one
    direction the cells that read forward are taken. Heads are not.

    Args:
        blueprint: The network.
        fresh: Its weights, drawn anew.
        reads: What makes ids of its inputs: a codec, or `WordCodes`; None where it reads features.
        start: A model file's path, or that of a run's folder; or a model (an estimator's `model_`).

    Raises:
        ArgumentError: Nothing fits; or it is no model, or its network is one of a user's own.
        BundleError: The file holds no model.
    """
    model, where = model_of(start)
    mine, theirs = _First.of(blueprint), _First.of(model.blueprint)
    taking = _Taking(dict(fresh), model.bundle.weights)
    if mine.table is None and theirs.table is None:
        fits = blueprint.input_size == model.blueprint.input_size
        if not fits:
            taking.misfits.append(f"it reads {model.blueprint.input_size} features")
    else:
        fits = _take_tokens(taking, mine, theirs, reads, model)
    if fits and mine.recurrent is not None:
        _take_layers(taking, mine, theirs)
    elif mine.recurrent is not None:
        taking.new += _layers_from(0, mine.recurrent)
    if not taking.taken:
        like = ", ".join(f"{k}={v!r}" for k, v in layers_like(model).items() if k != "codec")
        found = f"nothing of {where} fits: {'; '.join(taking.misfits) or 'it has no such layer'}"
        expected = f"{like or 'another model'}; or leave start= out for a fresh network"
        raise ArgumentError("start", found, expected)
    new = [*taking.new, *(block.kind for block in mine.rest)]
    note = f"From {where}: {', '.join(taking.taken)}. New, at random: {', '.join(new)}."
    scaler = None if mine.table is not None else getattr(model, "input_scaler", None)
    return Beginning(taking.weights, note, scaler, getattr(model, "seen", None))


def estimator_from(kind: Any, path: str | os.PathLike[str], given: Mapping[str, Any]) -> Any:
    """An estimator that trains a model on, or begins with its layers.

    Args:
        kind: The estimator's class.
        path: Of the model file, or of its run's folder.
        given: Parameters; the model says the others, as far as its layers need them.
    """
    model, where = model_of(path)
    like = {name: value for name, value in layers_like(model).items() if name in told(kind)}
    given = dict(given)
    if given.get("codec") == GIVEN:  # of the configuration of a run that began with this model
        given.pop("codec")
    elif {"codec", "vocabulary", "min_count"} & given.keys():
        like.pop("codec", None)
    if model.task != kind._task:
        return kind(**{**like, **given}, start=path)
    own = {"codec": like["codec"]} if "codec" in like else {}
    file = Path(where) / "model.elman" if os.path.isdir(where) else where
    return kind.load(file).set_params(**{**own, **given}, start=path)


# ---- which layers -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _First:
    """The first layers of a network's first chain.

    Attributes:
        table: Of tokens; None where features are read.
        recurrent: The first block of recurrent layers, or None.
        features: What that is fed with.
        rest: The other blocks that have weights.
        names: What the names of the weights of table and layers begin with.
    """

    table: Embedding | Words | None
    recurrent: Recurrent | None
    features: int
    rest: tuple[Any, ...]
    names: tuple[str, str]

    @classmethod
    def of(cls, blueprint: Blueprint) -> _First:
        chain = next(iter(blueprint.chains))
        table = recurrent = None
        features, rest, names = 0, [], ["", ""]
        for k, (block, fed) in enumerate(blueprint.fed_blocks(chain)):
            if k == 0 and isinstance(block, Embedding | Words):
                table, names[0] = block, f"{chain}.{k}."
            elif recurrent is None and isinstance(block, Recurrent):
                recurrent, features, names[1] = block, fed, f"{chain}.{k}."
            elif block.shapes(fed):
                rest.append(block)
        return cls(table, recurrent, features, tuple(rest), (names[0], names[1]))


@dataclass
class _Taking:
    """What has been taken so far.

    Attributes:
        weights: Of the network, changed in place.
        source: Of the model.
        taken: What was, in words.
        new: What is not, but could have been.
        misfits: Why.
    """

    weights: Weights
    source: Mapping[str, np.ndarray]
    taken: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)

    def rows(self, name: str, other: str, mine: Sequence[str], theirs: Sequence[str]) -> int:
        """Take the rows of a table of those that both know; how many those are.

        Args:
            name: The weight's.
            other: What the model calls its own.
            mine: What each row stands for.
            theirs: Likewise of the model's.
        """
        known = {one: k for k, one in reversed([*enumerate(theirs)])}
        places = {k: known.get(one, known.get(one.lower())) for k, one in enumerate(mine)}
        found = {k: self.source[other][at] for k, at in places.items() if at is not None}
        self.weights[name] = self.weights[name].copy()
        begin_with_rows(self.weights[name], found)
        return len(found)


# ---- tokens -------------------------------------------------------------------------------------


def _take_tokens(taking: _Taking, mine: _First, theirs: _First, reads: Any, model: Any) -> bool:
    """Take the vectors of tokens that both know; whether layers above read the same numbers."""
    tokens, kind = getattr(model, "tokens", None), _kind(getattr(model, "codec", None))
    if mine.table is None or theirs.table is None or tokens is None:
        taking.misfits.append("it reads features" if tokens is None else "it reads tokens")
        return False
    if kind != _kind(reads):
        taking.misfits.append(f"it reads {kind}, and this network {_kind(reads)}")
        return False
    if mine.table.size != theirs.table.size:
        taking.misfits.append(f"its tokens have {theirs.table.size} numbers each")
        return False
    name, other = (f"{one.names[0]}weight" for one in (mine, theirs))
    count = taking.rows(name, other, reads.tokens, tokens)
    if not count:
        taking.misfits.append("none of its tokens stands here")
        return False
    missing = len(reads.tokens) - count
    taking.taken.append(f"the vectors of {count:,} of {len(reads.tokens):,} tokens")
    taking.new += [f"{missing:,} vectors" if missing > 1 else "1 vector"] if missing else []
    return _take_letters(taking, mine, theirs, reads, model)


def _kind(reads: Any) -> str:
    """What tokens are."""
    return getattr(reads, "kind", "words")


def _take_letters(taking: _Taking, mine: _First, theirs: _First, reads: Any, model: Any) -> bool:
    """Take what reads letters; whether both networks or neither of them reads some, and alike."""
    one, other = (getattr(each.table, "reader", None) for each in (mine, theirs))
    if one is None or other is None:
        if one is not None:
            taking.new.append("what reads letters")
        return one is other
    sizes = [each.table.character_size for each in (mine, theirs)]  # pyright: ignore
    if sizes[0] != sizes[1]:
        taking.misfits.append(f"its characters have {sizes[1]} numbers each")
        taking.new.append("what reads letters")
        return False
    here, there = (["", "\0unknown", *codes.characters] for codes in (reads, model.codes))
    name, other_name = (f"{each.names[0]}character_weight" for each in (mine, theirs))
    count = taking.rows(name, other_name, here, there)
    taking.taken.append(f"{count:,} of {many(len(here), 'character')}")
    prefixes = [f"{each.names[0]}reader." for each in (mine, theirs)]
    before = len(taking.new)
    _take_stack(taking, (one, other), prefixes, (sizes[0], sizes[1]), "layer {} of letters")
    return len(taking.new) == before


# ---- layers -------------------------------------------------------------------------------------


def _take_layers(taking: _Taking, mine: _First, theirs: _First) -> None:
    assert mine.recurrent is not None
    if theirs.recurrent is None:
        taking.misfits.append("it has no recurrent layer")
        return
    blocks, prefixes = (mine.recurrent, theirs.recurrent), (mine.names[1], theirs.names[1])
    _take_stack(taking, blocks, prefixes, (mine.features, theirs.features), "layer {}")


def _take_stack(
    taking: _Taking,
    blocks: tuple[Recurrent, Recurrent],
    prefixes: Sequence[str],
    features: tuple[int, int],
    title: str,
) -> None:
    """Take the layers of a stack, from the input up, until one is not alike."""
    mine, theirs = blocks
    fits = True
    for k, cell in enumerate(mine.cells):
        name = title.format(k + 1)
        other = theirs.cells[k] if k < len(theirs.cells) else None
        fits = fits and other is not None and _alike(cell, other) and features[0] == features[1]
        if not fits:
            taking.misfits.append(f"{name} there is {_shown(other, features[1])}")
            taking.new += _layers_from(k, mine, title)
            return
        assert other is not None
        both = mine.bidirectional and theirs.bidirectional
        for way in ("cells", "backward_cells")[: 2 if both else 1]:
            names = [list(one.shapes(features[0])) for one in (cell, other)]
            for here, there in zip(*names, strict=True):
                source = taking.source[f"{prefixes[1]}{way}.{k}.{there}"]
                taking.weights[f"{prefixes[0]}{way}.{k}.{here}"] = source.copy()
        one_way = mine.bidirectional != theirs.bidirectional
        taking.taken.append(f"{name} ({cell.describe()})" + " forward" * one_way)
        taking.new += [f"{name} backward"] if mine.bidirectional and one_way else []
        features = (cell.output_size * mine.directions, other.output_size * theirs.directions)


def _layers_from(first: int, block: Recurrent, title: str = "layer {}") -> list[str]:
    return [title.format(k + 1) for k in range(first, len(block.cells))]


def _alike(one: CellConfig, other: CellConfig) -> bool:
    """Whether two cells compute the same of the same weights."""
    return replace(one, **_NOTHING_LEFT_OUT) == replace(other, **_NOTHING_LEFT_OUT)


def _shown(cell: CellConfig | None, features: int) -> str:
    return "none" if cell is None else f"{cell.describe()} on {features} features"
