from __future__ import annotations

import io

from rich.progress import Progress, TextColumn
from rich.table import Table

from elman.terminal import Terminal

EVIL = "\x1b]0;title\x07\x1b[31mred\u202e"


def test_only_its_own_styles_act():
    out = io.StringIO()
    terminal = Terminal(file=out, force_terminal=True, color_system="standard", width=120)
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_row(EVIL, style="green")
    terminal.print(table)
    terminal.print(EVIL, markup=False, highlight=False)
    with Progress(TextColumn("{task.description}"), console=terminal) as progress:
        progress.add_task(EVIL)
    text = out.getvalue()
    assert "\x1b[32m" in text  # the row's own style
    assert "\x1b]" not in text
    assert "\x1b[31m" not in text
    assert "\u202e" not in text
    assert text.count("\\x1b[31mred\\u202e") >= 4
