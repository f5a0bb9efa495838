"""Blocks that read a whole window and give no answer before its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from elman.blueprint.cells import MAX_UNITS, CellConfig
from elman.blueprint.checks import boolean, check_fields, integer
from elman.blueprint.layers import Recurrent, stack
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = ["MAX_POSITIONS", "MAX_STEPS", "Flatten", "Parallel", "Recall", "Segments", "Tail"]

MAX_STEPS = 65_536
MAX_POSITIONS = 4096


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
        object.__setattr__(self, "cells", stack(self.cells))
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
