"""By which rules ABC is read: what is left out or supposed, counted and told."""

from __future__ import annotations

from collections import Counter

from elman.music.keys import Key
from elman.music.tune import Event, Metre, Note
from elman.printable import many

__all__ = ["RULES", "Placed", "first_of", "notes_of_rules", "settled_ties", "unchanged_left_out"]

RULES = {
    "annotation": "annotation left out",
    "chord": "chord of several notes read as its highest",
    "decoration": "decoration left out",
    "field": "line of words or the like left out",
    "grace": "group of grace notes left out",
    "key signs": "key read by its signs, which its name does not have",
    "no key": "tune without a key read as in C",
    "no metre": "tune without a metre read as free",
    "order": "line of the order of parts left out",
    "overlay": "second voice within a bar left out",
    "symbol": "chord symbol left out",
    "tempo": "tempo that is not understood left out",
    "tie": "tie to nothing left out",
    "tuplet": "group of notes (triplet or the like) across a bar line",
    "tuplet cut": "group of notes with too few",
    "voice": "line of a further voice left out",
}
"""What reading leaves out or supposes, each counted by these names."""


def notes_of_rules(counts: Counter[str], where: str) -> tuple[str, ...]:
    """What was left out or supposed, in a sentence."""
    told = [f"{many(counts[name], said)}" for name, said in RULES.items() if counts[name]]
    return (f"{where}: {'; '.join(_agreed(one) for one in told)}",) if told else ()


def _agreed(said: str) -> str:
    """`many` puts an s at the end; here it belongs to the noun, which stands first."""
    count, rest = said.split(" ", 1)
    if count == "1":
        return said
    noun, _, more = rest.removesuffix("s").partition(" ")
    for first in ("chord symbol", "key", "group", "line", "second voice", "tune", "tempo"):
        if rest.startswith(first):
            noun, more = first, rest.removesuffix("s")[len(first) + 1 :]
    return f"{count} {noun}s {more}"


Placed = list[tuple[Event, tuple[int, int]]]
"""Events, each with its first place in a text and the one after its last."""


def first_of(pairs: Placed, kind: type) -> tuple[Event, tuple[int, int]] | None:
    """The first event of a kind; None: there is none."""
    return next((pair for pair in pairs if isinstance(pair[0], kind)), None)


def unchanged_left_out(pairs: Placed) -> Placed:
    """Without metres and keys that say again what holds already."""
    now: dict[type, Event] = {}
    kept: Placed = []
    for one, span in pairs:
        if isinstance(one, Metre | Key):
            if now.get(type(one)) == one:
                continue
            now[type(one)] = one
        kept.append((one, span))
    return kept


def settled_ties(pairs: Placed, counts: Counter[str]) -> Placed:
    """A tie leads to a note of the same pitch; others are left out."""
    kept, following = list(pairs), None
    for k in range(len(pairs) - 1, -1, -1):
        one, span = pairs[k]
        if isinstance(one, Note):
            if one.tied and following != one.pitch:
                counts["tie"] += 1
                kept[k] = (Note(one.pitch, one.duration), span)
            following = one.pitch
    return kept
