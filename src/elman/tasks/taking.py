"""What fits of another model's first layers: which these are, and taking their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from elman.blueprint import Blueprint, CellConfig, Embedding, Recurrent, Words
from elman.printable import many

__all__ = [
    "First",
    "Taking",
    "begin_with_rows",
    "codec_of",
    "kind_of",
    "layers_from",
    "take_layers",
    "take_tokens",
]

_NOTHING_LEFT_OUT: dict[str, Any] = {
    **{one.name: 0.0 for one in fields(CellConfig) if one.default == 0.0 and one.type == "float"},
    "variational": False,
}
"""Rates of dropout of all kinds: what a cell does in training alone is no reason to leave another
one's weights."""


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


# ---- which layers -------------------------------------------------------------------------------


@dataclass(frozen=True)
class First:
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
    def of(cls, blueprint: Blueprint) -> First:
        """Those of a network."""
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
class Taking:
    """What has been taken so far.

    Attributes:
        weights: Of the network, changed in place.
        source: Of the model.
        taken: What was, in words.
        new: What is not, but could have been.
        misfits: Why.
    """

    weights: dict[str, np.ndarray]
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


def take_tokens(taking: Taking, mine: First, theirs: First, reads: Any, model: Any) -> bool:
    """Take the vectors of tokens that both know; whether layers above read the same numbers."""
    tokens, kind = getattr(model, "tokens", None), kind_of(codec_of(model))
    if mine.table is None or theirs.table is None or tokens is None:
        taking.misfits.append("it reads features" if tokens is None else "it reads tokens")
        return False
    if kind == "characters" and getattr(mine.table, "reader", None) is not None:
        _take_letters_of_texts(taking, mine, theirs, reads, model)
        return False
    if kind != kind_of(reads):
        taking.misfits.append(f"it reads {kind}, and this network {kind_of(reads)}")
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


def codec_of(model: Any) -> Any:
    """What cuts a model's texts; None where it reads none."""
    return getattr(model, "codec", None)


def kind_of(reads: Any) -> str:
    """What tokens are."""
    return getattr(reads, "kind", "words")


def _take_letters(taking: Taking, mine: First, theirs: First, reads: Any, model: Any) -> bool:
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


def _take_letters_of_texts(
    taking: Taking, mine: First, theirs: First, reads: Any, model: Any
) -> None:
    """Let what reads the letters of words begin as what reads the characters of texts."""
    table: Any = mine.table
    assert theirs.recurrent is not None  # a model of texts has cells
    sizes = (table.character_size, theirs.table.size)  # pyright: ignore
    taking.new.append("vectors of words")
    if sizes[0] != sizes[1]:
        taking.misfits.append(f"its characters have {sizes[1]} numbers each")
        taking.new.append("what reads letters")
        return
    here, there = ["", "\0unknown", *reads.characters], [*model.tokens]
    names = (f"{mine.names[0]}character_weight", f"{theirs.names[0]}weight")
    count = taking.rows(*names, here, there)
    taking.taken.append(f"{count:,} of {many(len(here), 'character')}")
    blocks, prefixes = (
        (table.reader, theirs.recurrent),
        (f"{mine.names[0]}reader.", theirs.names[1]),
    )
    backward = getattr(model, "reads_backward", False)
    _take_stack(taking, blocks, prefixes, sizes, "layer {} of letters", backward)


# ---- layers -------------------------------------------------------------------------------------


def take_layers(taking: Taking, mine: First, theirs: First, model: Any) -> None:
    """Take the recurrent layers that fit, from the input up."""
    assert mine.recurrent is not None
    if theirs.recurrent is None:
        taking.misfits.append("it has no recurrent layer")
        return
    blocks, prefixes = (mine.recurrent, theirs.recurrent), (mine.names[1], theirs.names[1])
    features, backward = (mine.features, theirs.features), getattr(model, "reads_backward", False)
    if backward and not mine.recurrent.bidirectional:
        taking.misfits.append("it reads from the end (bidirectional=True takes that direction)")
        taking.new += layers_from(0, mine.recurrent)
        return
    _take_stack(taking, blocks, prefixes, features, "layer {}", backward)


def _take_stack(
    taking: Taking,
    blocks: tuple[Recurrent, Recurrent],
    prefixes: Sequence[str],
    features: tuple[int, int],
    title: str,
    backward: bool = False,
) -> None:
    """Take the layers of a stack, from the input up, until one is not alike.

    Args:
        taking: What has been taken so far.
        blocks: Mine and theirs.
        prefixes: What the names of their weights begin with.
        features: What their first layers are fed with.
        title: What a layer is called.
        backward: Whether theirs reads one way only, from the last step to the first.
    """
    mine, theirs = blocks
    fits = True
    for k, cell in enumerate(mine.cells):
        name = title.format(k + 1)
        other = theirs.cells[k] if k < len(theirs.cells) else None
        fits = fits and other is not None and _alike(cell, other) and features[0] == features[1]
        if not fits:
            taking.misfits.append(f"{name} there is {_shown(other, features[1])}")
            taking.new += layers_from(k, mine, title)
            return
        assert other is not None
        both = mine.bidirectional and theirs.bidirectional
        ways = (
            {"cells": "cells", "backward_cells": "backward_cells"} if both else {"cells": "cells"}
        )
        for way, source_way in ({"backward_cells": "cells"} if backward else ways).items():
            names = [list(one.shapes(features[0])) for one in (cell, other)]
            for here, there in zip(*names, strict=True):
                source = taking.source[f"{prefixes[1]}{source_way}.{k}.{there}"]
                taking.weights[f"{prefixes[0]}{way}.{k}.{here}"] = source.copy()
        one_way = mine.bidirectional != theirs.bidirectional
        taken, left = ("backward", "forward") if backward else ("forward", "backward")
        taking.taken.append(f"{name} ({cell.describe()})" + f" {taken}" * one_way)
        taking.new += [f"{name} {left}"] if mine.bidirectional and one_way else []
        features = (cell.output_size * mine.directions, other.output_size * theirs.directions)


def layers_from(first: int, block: Recurrent, title: str = "layer {}") -> list[str]:
    """What a stack's layers are called, from one of them on."""
    return [title.format(k + 1) for k in range(first, len(block.cells))]


def _alike(one: CellConfig, other: CellConfig) -> bool:
    """Whether two cells compute the same of the same weights."""
    return replace(one, **_NOTHING_LEFT_OUT) == replace(other, **_NOTHING_LEFT_OUT)


def _shown(cell: CellConfig | None, features: int) -> str:
    return "none" if cell is None else f"{cell.describe()} on {features} features"
