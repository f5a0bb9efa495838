"""The block by which a network writes a text: a cell that reads along it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from elman.blueprint.cells import MAX_UNITS, CellConfig
from elman.blueprint.checks import check_fields, integer, shown
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = ["MAX_TEXT", "MAX_WINDOWS", "SoftWindow"]

MAX_TEXT = 4096
MAX_WINDOWS = 64


@dataclass(frozen=True)
class SoftWindow:
    """A cell that looks at a text through windows, which only move forward (Graves 2013).

    The text is S token ids, part of the state. At each step the cell reads its inputs x and, behind
    them, what it saw at the step before, w. Its outputs h give K windows (a, b, k) = W h + bias:

        place = place before + exp(k)
        seen(u) = sum over windows of exp(a) exp(-exp(b) (place - u)^2)
        w = sum over u of seen(u) one_hot(text[u])        (u = 0 … S-1)

    and h and w are the step's features (arXiv 1308.0850v5, equations 46 to 51). It reads forward.

    Attributes:
        cell: Its cell.
        vocabulary: A, how many token ids there are.
        windows: K, 1…64.
        longest: S at most, 1…4096; shorter texts have -1 past their ends.
    """

    kind: ClassVar[str] = "soft_window"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    cell: CellConfig
    vocabulary: int = field(metadata=integer(1, MAX_UNITS))
    windows: int = field(default=5, metadata=integer(1, MAX_WINDOWS))
    longest: int = field(default=64, metadata=integer(1, MAX_TEXT))

    def __post_init__(self) -> None:
        check_fields(self)
        if not isinstance(self.cell, CellConfig):
            raise BlueprintError("cell", f"found {shown(self.cell)}", "give a CellConfig")
        if self.cell.dilation > 1:
            found = f"found {self.cell.dilation}"
            raise BlueprintError("cell.dilation", found, "1: it reads step by step")

    @property
    def cells(self) -> tuple[CellConfig, ...]:
        """Its one cell."""
        return (self.cell,)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.cell.output_size + self.vocabulary

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        inner = self.cell.shapes(features + self.vocabulary)
        found: Shapes = {f"cell.{name}": shape for name, shape in inner.items()}
        units = 3 * self.windows
        return found | {"weight": (units, self.cell.output_size), "bias": (units,)}

    def describe(self) -> str:
        """One line."""
        said = f"soft_window: {self.cell.describe()}, {self.windows} windows on a text"
        return f"{said} of {self.vocabulary} tokens, at most {self.longest}"
