"""Text from anywhere, as a terminal may show it.

A label, a file's name or a note may hold what a terminal obeys rather than shows: escape
sequences that move the cursor or rename the window, and marks that turn the order of letters.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

__all__ = ["closest", "escape_of", "many", "printable", "printable_json", "quoted"]

# The control characters but for tabulator and line feed, what changes the direction of text,
# what breaks a line without being a line feed, and halves of surrogate pairs.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""The text with each character that a terminal would obey written out as Python does.

    >>> print(printable("caf\u00e9\x1b[2J\u202e"))
    café\x1b[2J\u202e
    """
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def printable_json(text: str) -> str:
    r"""The same JSON with such characters as JSON's own escapes: it still says the same.

    >>> print(printable_json('["\x9b"]'))
    ["\u009b"]
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escape_of(code: int) -> str:
    r"""The character of this code as an escape of Python's, even where it could be shown.

    >>> print(escape_of(0x20), escape_of(0x202E))
    \x20 \u202e
    """
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quoted(names: Collection[str], most: int = 12) -> str:
    """Names as a message lists them; of many the first.

    >>> quoted(["a", "b"]), quoted(["a", "b", "c"], most=2)
    ("'a', 'b'", "'a', 'b', ... (3 in all)")
    """
    listed = ", ".join(repr(name) for name, _ in zip(names, range(most), strict=False))
    return listed if len(names) <= most else f"{listed}, ... ({len(names)} in all)"


def many(count: int, noun: str) -> str:
    """A count with its noun.

    >>> many(1, "row"), many(2, "row")
    ('1 row', '2 rows')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def closest(name: object, known: Collection[str]) -> str:
    """What to do about an unknown name: the one that it may have been meant for, or all.

    >>> closest("trainig", ("task", "training"))
    "did you mean 'training'?"
    """
    lower = {str(one).lower(): str(one) for one in known}
    found = difflib.get_close_matches(str(name)[:100].lower(), lower, n=1)
    return f"did you mean {lower[found[0]]!r}?" if found else f"one of {', '.join(known)}"
