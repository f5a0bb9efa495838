"""What was replaced, what was left, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Entry", "Report", "table"]


@dataclass(frozen=True)
class Entry:
    """A recurrent module of the model.

    Attributes:
        name: As `named_modules` has it; "" is the model itself.
        kind: The class's name: "LSTM".
        sizes: Its arguments, as `print(module)` shows them.
        replaced: Whether the call changed it.
        why: What runs now, or why it was left.
        speed_up: Its time by torch's class over its time by ours, for one forward and backward pass
            on what the example fed it; None if it was not measured.
    """

    name: str
    kind: str
    sizes: str
    replaced: bool
    why: str
    speed_up: float | None = None


@dataclass(frozen=True)
class Report:
    """All recurrent modules of a model, in its order; `print` it for a table.

    >>> entry = Entry("encoder", "LSTM", "3, 5", True, "the compiled kernels run it", 3.14)
    >>> print(Report((entry,)))
    module   class  sizes  outcome   why                          speed-up
    encoder  LSTM   3, 5   replaced  the compiled kernels run it  3.1x
    """

    entries: tuple[Entry, ...]

    @property
    def replaced(self) -> tuple[Entry, ...]:
        """The modules that the call changed."""
        return tuple(entry for entry in self.entries if entry.replaced)

    @property
    def left(self) -> tuple[Entry, ...]:
        """The modules that it left as they were."""
        return tuple(entry for entry in self.entries if not entry.replaced)

    def __str__(self) -> str:
        if not self.entries:
            return "no recurrent modules"
        header = ("module", "class", "sizes", "outcome", "why", "speed-up")
        return table([header, *(_row(entry) for entry in self.entries)])


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _row(entry: Entry) -> tuple[str, ...]:
    outcome = "replaced" if entry.replaced else "left"
    speed_up = "" if entry.speed_up is None else f"{entry.speed_up:.1f}x"
    return entry.name or "(itself)", entry.kind, entry.sizes, outcome, entry.why, speed_up
