"""A block that reads a few neighbouring steps at once, in front of the cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from elman.blueprint.cells import MAX_UNITS
from elman.blueprint.checks import boolean, check_fields, choice, integer
from elman.recurrences import Shapes

__all__ = ["MAX_WIDTH", "Convolution"]

MAX_WIDTH = 1024
_NORM = ("gain", "mean", "variance")  # what a normalised one has beside weight and bias


@dataclass(frozen=True)
class Convolution:
    """A dense layer on the windows of `width` steps around each step; the largest of each few.

    A window is centred on its step: of an even width there is one step more behind the centre than
    before it. What stands before the first step or past a row's length reads as zero. Of each
    `pool` steps in a row (the last of a row may be fewer) each unit's largest value is passed on,
    so a row of T steps becomes one of ceil(T / pool).

    With `norm` each unit is brought to mean 0 and variance 1 before it is activated, then to a
    learned gain and the bias (Ioffe and Szegedy 2015, arXiv 1502.03167v3): in training over the
    real steps of the batch, in an answer by the averages of these, which are weights of the model.

    Its windows reach ahead, so such a network does not stream.
    """

    kind: ClassVar[str] = "convolution"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    units: int = field(metadata=integer(1, MAX_UNITS))
    width: int = field(metadata=integer(1, MAX_WIDTH))
    pool: int = field(default=1, metadata=integer(1, MAX_WIDTH))
    activation: str | None = field(default="relu", metadata=choice(None, "relu", "tanh"))
    norm: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def before(self) -> int:
        """Steps of a window that stand before its centre."""
        return (self.width - 1) // 2

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.units

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        shapes = {"weight": (self.units, self.width, features), "bias": (self.units,)}
        return shapes | {name: (self.units,) for name in _NORM if self.norm}

    def describe(self) -> str:
        """One line."""
        said = f"convolution: {self.units} of {self.width} steps"
        said += ", normalised" if self.norm else ""
        said += f", {self.activation}" if self.activation else ""
        return said + (f", the largest of each {self.pool}" if self.pool > 1 else "")
