"""The blocks that most networks are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from elman.blueprint.cells import MAX_LAYERS, MAX_UNITS, CellConfig
from elman.blueprint.checks import boolean, check_fields, choice, integer, rate, shown, within
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = [
    "MAX_VOCABULARY",
    "Dense",
    "Dropout",
    "Embedding",
    "Given",
    "Pool",
    "Recurrent",
    "stack",
]

MAX_VOCABULARY = 10_000_000


@dataclass(frozen=True)
class Embedding:
    """A vector of `size` numbers for each of `vocabulary` token ids.

    In training each id is `unknown` with probability `dropout`, so that the vector of what is
    unknown is learnt, and no single token is relied on. A decoder's that is `shared` has no vectors
    of its own: they are those of the encoder's embedding.
    """

    kind: ClassVar[str] = "embedding"
    turns: ClassVar[dict[str, str]] = {"ids": "steps"}

    vocabulary: int = field(metadata=integer(1, MAX_VOCABULARY))
    size: int = field(metadata=integer(1, MAX_UNITS))
    dropout: float = field(default=0.0, metadata=rate())
    unknown: int = field(default=0, metadata=integer(0, MAX_VOCABULARY - 1))
    shared: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        check_fields(self)
        if self.unknown >= self.vocabulary:
            found = f"found {self.unknown}"
            raise BlueprintError("unknown", found, f"an id from 0 to {self.vocabulary - 1}")

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.size

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {} if self.shared else {"weight": (self.vocabulary, self.size)}

    def describe(self) -> str:
        """One line."""
        said = f"embedding: {self.vocabulary} tokens as {self.size} numbers each"
        said += ", the encoder's own" if self.shared else ""
        return said + (f", {self.dropout:g} unknown in training" if self.dropout else "")


@dataclass(frozen=True)
class Given:
    """Puts `size` further numbers behind each step's features: they are given beside the inputs.

    What they tell is known of a whole sequence only, so such a network does not stream.
    """

    kind: ClassVar[str] = "given"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    size: int = field(metadata=integer(1, MAX_UNITS))

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return features + self.size

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        return {}

    def describe(self) -> str:
        """One line."""
        return f"given: {self.size} further numbers of each step"


@dataclass(frozen=True)
class Recurrent:
    """Layers of cells read along time, each fed with the outputs of the one below.

    With `bidirectional` every layer has a second cell that reads each row from its last step
    to its first; the outputs of both are concatenated and feed the next layer. With `beside` what
    the block was fed stands behind what it gives at each step, for the blocks after it.
    """

    kind: ClassVar[str] = "recurrent"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    cells: tuple[CellConfig, ...]
    bidirectional: bool = field(default=False, metadata=boolean())
    beside: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", stack(self.cells))
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
        beside = features if self.beside else 0
        return self.cells[-1].output_size * self.directions + beside

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
        beside = "; its inputs beside" if self.beside else ""
        return f"recurrent: {both}{', '.join(cell.describe() for cell in self.cells)}{beside}"


@dataclass(frozen=True)
class Pool:
    """One vector from a sequence.

    - `last`: the hidden part of the top layer's final state, both directions concatenated; for
      a row of length 0 that is the initial state.
    - `mean`, `max`: over the row's real steps; zero for a row of length 0.
    - `mean_max`: both, the mean first.
    - `attention`: their mean, in which a step h has the weight softmax(q · tanh(W h + b)) (Yang et
      al. 2016, "Hierarchical Attention Networks for Document Classification"); zero likewise.
    """

    kind: ClassVar[str] = "pool"
    turns: ClassVar[dict[str, str]] = {"steps": "vector"}

    how: str = field(
        default="last", metadata=choice("last", "mean", "max", "mean_max", "attention")
    )

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return 2 * features if self.how == "mean_max" else features

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        if self.how != "attention":
            return {}
        return {"weight": (features, features), "bias": (features,), "query": (1, features)}

    def describe(self) -> str:
        """One line."""
        return {
            "attention": "pool: mean over time, weighted by attention",
            "last": "pool: last hidden state",
            "mean": "pool: mean over time",
            "max": "pool: maximum over time",
            "mean_max": "pool: mean and maximum over time",
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
    """In training each value is zero with probability `rate`, the others grow by 1/(1 - rate).

    `locked`: one mask for all steps of a row, drawn anew each time that the network is called, so
    for each window of a long text (Merity et al. 2017, arXiv 1708.02182v1, section 4.2).
    """

    kind: ClassVar[str] = "dropout"
    turns: ClassVar[dict[str, str]] = {"steps": "steps", "vector": "vector"}

    rate: float = field(metadata=rate())
    locked: bool = field(default=False, metadata=boolean())

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
        return f"dropout: {self.rate:g} in training" + (", alike at all steps" * self.locked)


def stack(cells: Any) -> tuple[CellConfig, ...]:
    """One cell, or several from the input up, as a tuple."""
    found = (cells,) if isinstance(cells, CellConfig) else cells
    if not isinstance(found, list | tuple) or not 1 <= len(found) <= MAX_LAYERS:
        raise BlueprintError("cells", f"found {shown(cells)}", f"give 1 to {MAX_LAYERS} cells")
    for index, cell in enumerate(found):
        if not isinstance(cell, CellConfig):
            raise BlueprintError(f"cells[{index}]", f"found {shown(cell)}", "give a CellConfig")
    return tuple(found)
