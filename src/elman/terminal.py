"""The terminal that tables and progress are written to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from elman.printable import printable

__all__ = ["Terminal"]


class Terminal(Console):
    """A rich console on which only its own styles act: what stands in a text is shown.

    >>> Terminal(width=40).print("label \\x1b[31mred")
    label \\x1b[31mred
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """A plain text, before it is measured for its place in a table."""
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of what is printed: every other text goes through here."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)
