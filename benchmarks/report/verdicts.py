"""What should be true, held against what was found: one target, and the table of many."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.report.points import Point, label

__all__ = ["Column", "Found", "Target", "mean", "table", "worst"]


@dataclass(frozen=True)
class Found:
    """A measured figure, and at which point (empty for a mean)."""

    value: float
    where: str = ""


@dataclass(frozen=True)
class Target:
    """What should be true, and what was found.

    Attributes:
        number: Which target it belongs to.
        text: What is measured.
        bound: Where it should be.
        at_least: Whether the bound is a lower one.
        form: How a figure is written.
        found: By number of threads.
    """

    number: int
    text: str
    bound: float
    at_least: bool
    form: str
    found: dict[int, Found]

    def verdict(self, threads: int) -> str:
        """Met, or by how much it was missed, in one cell of a table.

        >>> found = {1: Found(3.0), 2: Found(5.0)}
        >>> target = Target(1, "geometric mean", 4.0, True, "{:.2f}×", found)
        >>> target.verdict(1), target.verdict(2)
        ('**3.00×: missed by 25 %**', '5.00×: met')
        """
        if threads not in self.found:
            return ""
        value, where = self.found[threads].value, self.found[threads].where
        at = f" at {where}" if where else ""
        if (value >= self.bound) if self.at_least else (value <= self.bound):
            return f"{self.form.format(value)}: met{at}"
        percent = f"{100 * abs(value / self.bound - 1):.0f} %"
        return f"**{self.form.format(value)}: missed by {percent}**{at}"


@dataclass(frozen=True)
class Column:
    """A column of the table of targets: so many threads, by one clock."""

    title: str
    threads: int
    targets: list[Target]


def table(columns: Iterable[Column]) -> list[str]:
    """The lines of a Markdown table; a worst point is named. Columns without a figure are left."""
    columns = [c for c in columns if any(c.threads in target.found for target in c.targets)]
    lines = [
        f"| | measured | target | {' | '.join(column.title for column in columns)} |",
        f"|---:|---|---:|{'---|' * len(columns)}",
    ]
    rows: dict[str, Target] = {t.text: t for column in columns for t in column.targets}
    for target in sorted(rows.values(), key=lambda target: target.number):
        sign = "≥" if target.at_least else "≤"
        same = [{t.text: t for t in column.targets}.get(target.text) for column in columns]
        verdicts = [
            there.verdict(column.threads) if there else ""
            for column, there in zip(columns, same, strict=True)
        ]
        bound = f"{sign} {target.form.format(target.bound)}"
        lines.append(f"| {target.number} | {target.text} | {bound} | {' | '.join(verdicts)} |")
    return lines


def mean(
    number: int, text: str, bound: float, points: list[Point], value: Callable[[Point], float]
) -> Target:
    """The geometric mean of a ratio over the points."""
    found = {
        threads: Found(statistics.geometric_mean(map(value, kept)))
        for threads, kept in _by_threads(points).items()
    }
    return Target(number, text, bound, True, "{:.2f}×", found)


def worst(
    number: int,
    text: str,
    bound: float,
    points: list[Point],
    value: Callable[[Point], float],
    *,
    at_least: bool = True,
    form: str = "{:.2f}×",
) -> Target:
    """A figure at the point where it is worst."""
    pick = min if at_least else max
    found = {}
    for threads, kept in _by_threads(points).items():
        at = pick(kept, key=value)
        found[threads] = Found(value(at), label(at) if len(kept) > 1 else "")
    return Target(number, text, bound, at_least, form, found)


def _by_threads(points: list[Point]) -> dict[int, list[Point]]:
    kept: dict[int, list[Point]] = {}
    for point in points:
        kept.setdefault(point["threads"], []).append(point)
    return kept
