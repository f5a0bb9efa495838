"""Pages of the repository's root, as ARCHITECTURE.md, within the site; and links to them.

A line `<!-- page: NAME.md -->` stands for the whole text of that page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PLACES = {
    "ARCHITECTURE.md": "/why/design.md",
    "BENCHMARKS.md": "/why/benchmarks.md",
    "CHANGELOG.md": "/why/changes.md",
    "CONTRIBUTING.md": "/why/contributing.md",
    "README.md": "/index.md",
}
_HERE = re.compile(r"^<!-- page: (\w+\.md) -->$", re.MULTILINE)


def _read(app: Any, name: str, source: list[str]) -> None:
    source[0] = _HERE.sub(lambda found: _page(app, found[1]), source[0])
    for page, place in PLACES.items():
        source[0] = re.sub(rf"\]\((?:\.\./)+{page}", f"]({place}", source[0])


def _page(app: Any, page: str) -> str:
    app.env.note_dependency(str(ROOT / page))
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(r"\]\(docs/(?!pictures)", "](/", text)
    text = text.replace("](docs/pictures/", "](/pictures/")
    for other, place in PLACES.items():
        text = text.replace(f"]({other}", f"]({place}")
    return text


def setup(app: Any) -> dict:
    """For Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
