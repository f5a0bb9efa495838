"""A block that reads a few neighbouring steps at once, in front of the cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from elman.blueprint.cells import MAX_UNITS
from elman.blueprint.checks import boolean, check_fields, choice, integer
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = ["MAX_WIDTH", "Convolution"]

MAX_WIDTH = 1024


@dataclass(frozen=True)
class Convolution:
    """A dense layer on windows of `width` steps, one every `stride` steps.

    Window n is centred on step n · stride: of an even width there is one step more behind the
    centre than before it. What stands before the first step or past a row's length reads as zero. A
    row of T steps becomes one of ceil(T / stride). With `norm` each step's units are brought to
    mean 0 and variance 1, then to a gain and a shift of their own (layer normalisation, Ba et al.
    2016, arXiv 1607.06450v1), before the activation.

    Its windows reach ahead, so such a network does not stream.
    """

    kind: ClassVar[str] = "convolution"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    units: int = field(metadata=integer(1, MAX_UNITS))
    width: int = field(metadata=integer(1, MAX_WIDTH))
    stride: int = field(default=1, metadata=integer(1, MAX_WIDTH))
    activation: str | None = field(default="relu", metadata=choice(None, "relu", "tanh"))
    norm: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        check_fields(self)
        if self.stride > self.width:
            found = f"found {self.stride}, more than the width"
            raise BlueprintError("stride", found, f"1 to {self.width}: else steps are not read")

    @property
    def before(self) -> int:
        """Steps of a window that stand before its centre."""
        return (self.width - 1) // 2

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.units

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        found: Shapes = {"weight": (self.units, self.width, features), "bias": (self.units,)}
        return found | ({"gain": (self.units,), "shift": (self.units,)} if self.norm else {})

    def describe(self) -> str:
        """One line."""
        said = f"convolution: {self.units} of {self.width} steps"
        said += f", one every {self.stride}" if self.stride > 1 else ""
        said += ", normalised" if self.norm else ""
        return said + (f", {self.activation}" if self.activation else "")
