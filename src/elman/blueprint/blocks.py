"""The blocks that a network is made of, as plain data.

A block turns one of three values into another: token `ids [B, T]`, `steps [B, T, F]` of
features, one `vector [B, F]` a row. What it accepts and gives decides which blocks may follow
each other; `shapes` and `output_features` decide the sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

from elman.blueprint.cells import MAX_LAYERS, MAX_UNITS, CellConfig
from elman.blueprint.checks import (
    boolean,
    check_fields,
    choice,
    integer,
    rate,
    shown,
    within,
)
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = [
    "BLOCKS",
    "MAX_POSITIONS",
    "MAX_STEPS",
    "MAX_VOCABULARY",
    "Block",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Parallel",
    "Pool",
    "Recall",
    "Recurrent",
    "Segments",
    "Tail",
    "WindowBlock",
]

MAX_VOCABULARY = 10_000_000
MAX_STEPS = 65_536
MAX_POSITIONS = 4096


@dataclass(frozen=True)
class Embedding:
    """A vector of `size` numbers for each of `vocabulary` token ids."""

    kind: ClassVar[str] = "embedding"
    turns: ClassVar[dict[str, str]] = {"ids": "steps"}

    vocabulary: int = field(metadata=integer(1, MAX_VOCABULARY))
    size: int = field(metadata=integer(1, MAX_UNITS))

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.size

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {"weight": (self.vocabulary, self.size)}

    def describe(self) -> str:
        """One line."""
        return f"embedding: {self.vocabulary} tokens as {self.size} numbers each"


@dataclass(frozen=True)
class Recurrent:
    """Layers of cells read along time, each fed with the outputs of the one below.

    With `bidirectional` every layer has a second cell that reads each row from its last step
    to its first; the outputs of both are concatenated and feed the next layer.
    """

    kind: ClassVar[str] = "recurrent"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    cells: tuple[CellConfig, ...]
    bidirectional: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", _stack(self.cells))
        check_fields(self)

    @property
    def directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def state_sizes(self) -> list[dict[str, int]]:
        """The parts of each cell's state; a layer's backward cell follows its forward cell."""
        return [cell.state_sizes for cell in self.cells for _ in range(self.directions)]

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.cells[-1].output_size * self.directions

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name; `BlueprintError` if a residual does not fit."""
        found: dict[str, Shapes] = {"cells": {}, "backward_cells": {}}
        for index, cell in enumerate(self.cells):
            with within(f"cells[{index}]"):
                shapes = cell.shapes(features)
            for direction in list(found)[: self.directions]:
                named = {f"{direction}.{index}.{name}": shape for name, shape in shapes.items()}
                found[direction] |= named
            features = cell.output_size * self.directions
        return found["cells"] | found["backward_cells"]

    def describe(self) -> str:
        """One line."""
        both = "bidirectional, " if self.bidirectional else ""
        return f"recurrent: {both}{', '.join(cell.describe() for cell in self.cells)}"


@dataclass(frozen=True)
class Pool:
    """One vector from a sequence.

    - `last`: the hidden part of the top layer's final state, both directions concatenated; for
      a row of length 0 that is the initial state.
    - `mean`, `max`: over the row's real steps; zero for a row of length 0.
    """

    kind: ClassVar[str] = "pool"
    turns: ClassVar[dict[str, str]] = {"steps": "vector"}

    how: str = field(default="last", metadata=choice("last", "mean", "max"))

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return features

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {}

    def describe(self) -> str:
        """One line."""
        return {
            "last": "pool: last hidden state",
            "mean": "pool: mean over time",
            "max": "pool: maximum over time",
        }[self.how]


@dataclass(frozen=True)
class Dense:
    """activation(W x + b), at every step alike where the values are steps."""

    kind: ClassVar[str] = "dense"
    turns: ClassVar[dict[str, str]] = {"steps": "steps", "vector": "vector"}

    units: int = field(metadata=integer(1, MAX_VOCABULARY))
    activation: str | None = field(default=None, metadata=choice(None, "relu", "tanh"))

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.units

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {"weight": (self.units, features), "bias": (self.units,)}

    def describe(self) -> str:
        """One line."""
        return f"dense: {self.units}" + (f", {self.activation}" if self.activation else "")


@dataclass(frozen=True)
class Dropout:
    """In training each value is zero with probability `rate`, the others grow by 1/(1 - rate)."""

    kind: ClassVar[str] = "dropout"
    turns: ClassVar[dict[str, str]] = {"steps": "steps", "vector": "vector"}

    rate: float = field(metadata=rate())

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return features

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {}

    def describe(self) -> str:
        """One line."""
        return f"dropout: {self.rate:g} in training"


@dataclass(frozen=True)
class Segments:
    """Every `length` steps become one step, which holds their features in the order of time.

    The last `static` features, alike at all steps of a window, stand in a segment once, at its
    end. The steps must be a multiple of `length`, and no row shorter than the others.
    """

    kind: ClassVar[str] = "segments"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    length: int = field(metadata=integer(1, MAX_STEPS))
    static: int = field(default=0, metadata=integer(0, MAX_UNITS))

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.length * (features - self.static) + self.static

    def shapes(self, features: int) -> Shapes:
        """No weights; `BlueprintError` if all features were static."""
        if self.static >= features:
            raise BlueprintError(
                "static", f"found {self.static} of {features} features", "leave some that change"
            )
        return {}

    def describe(self) -> str:
        """One line."""
        once = f", the last {self.static} features once" if self.static else ""
        return f"segments: {self.length} steps each{once}"


@dataclass(frozen=True)
class Tail:
    """The last `steps` steps of each row, which must have as many."""

    kind: ClassVar[str] = "tail"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    steps: int = field(metadata=integer(1, MAX_STEPS))

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return features

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {}

    def describe(self) -> str:
        """One line."""
        return f"tail: last {self.steps} steps"


@dataclass(frozen=True)
class Flatten:
    """One vector of all features of exactly `steps` steps, in the order of time."""

    kind: ClassVar[str] = "flatten"
    turns: ClassVar[dict[str, str]] = {"steps": "vector"}

    steps: int = field(metadata=integer(1, MAX_STEPS))

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.steps * features

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {}

    def describe(self) -> str:
        """One line."""
        return f"flatten: {self.steps} steps"


@dataclass(frozen=True)
class Parallel:
    """Layers of cells read a window, then answer for `steps` later positions at once.

    SegRNN's parallel decoding (Lin et al. 2023, arXiv 2308.11200v1): each position takes one
    step of the same cells from their final states, fed with a trained embedding of the position.

    With `ahead` the last `steps` steps are not read but known of the positions: each is added
    to its position's embedding. No row may be shorter than the others.
    """

    kind: ClassVar[str] = "parallel"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    cells: tuple[CellConfig, ...]
    steps: int = field(metadata=integer(1, MAX_POSITIONS))
    ahead: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", _stack(self.cells))
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.cells[-1].output_size

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name; `BlueprintError` if a residual does not fit."""
        return Recurrent(self.cells).shapes(features) | {"position": (self.steps, features)}

    def describe(self) -> str:
        """One line."""
        ahead = "known ahead, " if self.ahead else ""
        cells = ", ".join(cell.describe() for cell in self.cells)
        return f"parallel: {self.steps} positions, {ahead}{cells}"


@dataclass(frozen=True)
class Recall:
    """Numbers for each later position: a dense layer, plus a mixture of the segments read.

    At each position a softmax over the first `segments` segments says how much of each is
    recalled. What is mixed is the first `targets` features of a segment's steps; it is added to
    the first `shifted` of the `parameters` numbers that are given for each of them, so the
    dense layer says only in what the future differs from such a past.
    """

    kind: ClassVar[str] = "recall"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    length: int = field(metadata=integer(1, MAX_STEPS))
    segments: int = field(metadata=integer(1, MAX_POSITIONS))
    positions: int = field(metadata=integer(1, MAX_POSITIONS))
    targets: int = field(default=1, metadata=integer(1, MAX_UNITS))
    parameters: int = field(default=1, metadata=integer(1, MAX_UNITS))
    shifted: int = field(default=1, metadata=integer(1, MAX_UNITS))

    def __post_init__(self) -> None:
        check_fields(self)
        if self.shifted > self.parameters:
            raise BlueprintError(
                "shifted", f"found {self.shifted}", f"at most {self.parameters}, the parameters"
            )

    def output_features(self, features: int) -> int:
        """Features of the result: of each step the targets, of each target its parameters."""
        return self.length * self.targets * self.parameters

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        units = self.output_features(features)
        return {
            "weight": (units, features),
            "bias": (units,),
            "mix_weight": (self.segments, features),
            "mix_bias": (self.positions, self.segments),
        }

    def describe(self) -> str:
        """One line."""
        return f"recall: {self.segments} segments of {self.length} steps mixed, and a dense layer"


WindowBlock = Segments | Tail | Flatten | Parallel | Recall
"""Blocks that read a whole window and give no answer before its end."""

Block = Embedding | Recurrent | Pool | Dense | Dropout | WindowBlock

BLOCKS: dict[str, type[Block]] = {block.kind: block for block in get_args(Block)}
"""Every kind of block by its name; models and runtime each have a twin of every one."""


def _stack(cells: Any) -> tuple[CellConfig, ...]:
    """One cell, or several from the input up, as a tuple."""
    found = (cells,) if isinstance(cells, CellConfig) else cells
    if not isinstance(found, list | tuple) or not 1 <= len(found) <= MAX_LAYERS:
        raise BlueprintError("cells", f"found {shown(cells)}", f"give 1 to {MAX_LAYERS} cells")
    for index, cell in enumerate(found):
        if not isinstance(cell, CellConfig):
            raise BlueprintError(f"cells[{index}]", f"found {shown(cell)}", "give a CellConfig")
    return tuple(found)
