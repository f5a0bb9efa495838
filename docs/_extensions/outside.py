"""Does a page load anything from outside? `python outside.py FOLDER` names all that would.

Links that a reader may click are no matter; scripts, styles, fonts and pictures are.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")


class _Assets(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what this tag would load."""
        told = dict(attrs)
        place = told.get(LOADED.get(tag, ""))
        if tag == "link" and (told.get("rel") or "") not in ("canonical", "next", "prev"):
            place = told.get("href")
        if place and re.match("(https?:)?//", place):
            self.found.append(place)


def loaded_from_outside(folder: Path) -> list[str]:
    """`page: address`, of every page and style in a folder."""
    found = []
    for page in sorted(folder.rglob("*.html")):
        assets = _Assets()
        assets.feed(page.read_text(encoding="utf-8"))
        found += [f"{page.relative_to(folder)}: {address}" for address in assets.found]
    for style in sorted(folder.rglob("*.css")):
        places = _STYLES.findall(style.read_text(encoding="utf-8"))
        found += [f"{style.relative_to(folder)}: {address}" for address in places]
    return found


if __name__ == "__main__":
    outside = loaded_from_outside(Path(sys.argv[1]))
    print(*outside, sep="\n", end="\n" if outside else "")
    sys.exit(bool(outside))
