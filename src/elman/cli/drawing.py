"""How the command line draws: in the theme that was asked for, and with one line of warning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from elman import plots
from elman.cli.completion import among
from elman.cli.console import note
from elman.plots.lettering import lettering
from elman.plots.style import capital

__all__ = ["ThemeOption", "drawing"]

ThemeOption = Annotated[
    str | None,
    typer.Option(
        "--theme",
        autocompletion=among(plots.THEMES),
        help="Of the pictures: light (the default) or dark.",
    ),
]


@contextmanager
def drawing(theme: str | None) -> Iterator[None]:
    """Within this block pictures are drawn in a theme; words that no font has are told once."""
    told = lettering().told(lambda sentence: note(f"Note: {capital(sentence)}"))
    with plots.themed(theme), told:
        yield
