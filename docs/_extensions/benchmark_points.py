"""The directive `benchmark-points`: BENCHMARKS.md anew from its results, drawn for both grounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from command_line import _parsed
from docutils.parsers.rst import Directive

from benchmarks.report.__main__ import page
from elman.plots.themes import themed


class BenchmarkPoints(Directive):
    """The whole report, without its title."""

    def run(self) -> list:
        """The nodes."""
        site = Path(self.state.document.settings.env.srcdir)
        for theme in ("light", "dark"):
            folder = site / "_pictures" / theme
            folder.mkdir(parents=True, exist_ok=True)
            with themed(theme):
                text = page(folder)
        text = text.partition("\n")[2]
        text = re.sub(r"!\[([^\]]*)\]\(docs/pictures/([^)]+)\)", _twice, text)
        text = re.sub(r"\]\(docs/", "](/", text)
        return _parsed(self, text.splitlines())


def _twice(found: re.Match) -> str:
    alt, name = found.groups()
    images = [
        f"```{{image}} /_pictures/{theme}/{name}\n:alt: {alt}\n:class: only-{theme}\n```"
        for theme in ("light", "dark")
    ]
    return "\n\n".join(images)


def setup(app: Any) -> dict:
    """For Sphinx."""
    app.add_directive("benchmark-points", BenchmarkPoints)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
