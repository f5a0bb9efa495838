"""The block whose features are the parameters of a distribution over what a step has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from elman.blueprint.checks import boolean, check_fields, integer, shown
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = ["CONTINUOUS", "DISCRETE", "MAX_COMPONENTS", "MAX_PARTS", "MAX_VALUES", "Mixture", "Part"]

MAX_COMPONENTS = 1024
MAX_PARTS = 16
MAX_VALUES = 4096

CONTINUOUS: dict[str, int] = {
    "gaussian": 2,
    "gaussian_full": 2,
    "student_t": 3,
    "logistic": 2,
    "von_mises": 2,
}
"""Families of numbers, and how many parameters each number has in a component."""

DISCRETE = ("bernoulli", "categorical")
"""Families beside the mixture: n answers of yes and no, one of n classes."""


class Part(NamedTuple):
    """Where a part of a step stands.

    Attributes:
        family: A name from `CONTINUOUS` or `DISCRETE`.
        size: n numbers, answers, or classes.
        columns: Of the targets.
        raw: Of the block's features.
    """

    family: str
    size: int
    columns: slice
    raw: slice


@dataclass(frozen=True)
class Mixture:
    """Raw parameters of a mixture of distributions over the values of a step, by a dense layer.

    The numbers of all continuous parts are drawn by one of `components` densities, each a product
    over the parts; yes or no (`bernoulli`) and classes (`categorical`) are drawn beside, apart from
    it (Bishop 1994, "Mixture density networks"; Graves 2013, arXiv 1308.0850v5, section 4). What
    the features mean, and how scales are bounded, says `elman.kernels.mixture`.

    >>> pen = Mixture((("gaussian_full", 2), ("bernoulli", 1)), components=20)
    >>> pen.values, pen.output_features(256)
    (3, 121)

    Attributes:
        parts: What a step has, in the order of the targets' columns: pairs of family and n.
            `gaussian` (a deviation for each number), `gaussian_full` (n = 2, with correlation),
            `student_t`, `logistic`, `von_mises` (angles in radians); `bernoulli` (n answers),
            `categorical` (one column: a class of n).
        components: Of the mixture, 1…1024.
        ends: Whether a sequence may end in place of a step: then the targets' first column is 1 at
            a last step that has no other values, else 0.
    """

    kind: ClassVar[str] = "mixture"
    turns: ClassVar[dict[str, str]] = {"steps": "steps", "vector": "vector"}

    parts: tuple[tuple[str, int], ...]
    components: int = field(default=1, metadata=integer(1, MAX_COMPONENTS))
    ends: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        check_fields(self)
        if not isinstance(self.parts, list | tuple) or not 1 <= len(self.parts) <= MAX_PARTS:
            expected = f"1 to {MAX_PARTS} pairs of family and size"
            raise BlueprintError("parts", f"found {shown(self.parts)}", expected)
        checked = tuple(_checked(k, part) for k, part in enumerate(self.parts))
        object.__setattr__(self, "parts", checked)

    def output_features(self, features: int) -> int:
        """Features of the result: the raw parameters of a step."""
        return max((one.raw.stop for one in self.layout()), default=0)

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        units = self.output_features(features)
        return {"weight": (units, features), "bias": (units,)}

    @property
    def values(self) -> int:
        """Columns of a step's targets."""
        return max(one.columns.stop for one in self.layout())

    @property
    def numbers(self) -> int:
        """How many continuous values a step has."""
        return sum(n for family, n in self.parts if family in CONTINUOUS)

    @property
    def weights(self) -> slice:
        """Where the components' logits stand among the features; empty without a number."""
        return slice(self.ends, self.ends + (self.components if self.numbers else 0))

    def layout(self) -> Iterator[Part]:
        """The parts with their places, in order."""
        column, place = int(self.ends), self.weights.stop
        for family, n in self.parts:
            width = 1 if family == "categorical" else n
            raw = n
            if family in CONTINUOUS:
                raw = n * CONTINUOUS[family] + (family == "gaussian_full")
                raw *= self.components
            yield Part(family, n, slice(column, column + width), slice(place, place + raw))
            column, place = column + width, place + raw

    def describe(self) -> str:
        """One line."""
        said = ", ".join(f"{family} {n}" for family, n in self.parts)
        most = f", {self.components} components" if self.numbers else ""
        return f"mixture: {said}{most}" + (", or the end" if self.ends else "")


def _checked(index: int, part: Any) -> tuple[str, int]:
    where = f"parts[{index}]"
    pair = isinstance(part, list | tuple) and len(part) == 2
    known = (*CONTINUOUS, *DISCRETE)
    if not pair or not isinstance(part[0], str) or part[0] not in known:
        raise BlueprintError(where, f"found {shown(part)}", f"one of {', '.join(known)}, and n")
    family, n = part
    least, most = (2 if family in ("categorical", "gaussian_full") else 1), MAX_VALUES
    most = 2 if family == "gaussian_full" else most
    if type(n) is not int or not least <= n <= most:
        raise BlueprintError(where, f"found {shown(n)} of {family}", f"{least} to {most}")
    return family, n
