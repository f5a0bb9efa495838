"""Spans that are written as tags, and how well they were found, by conlleval's rules.

A tag is `O`, outside of all spans, or a letter and perhaps a type behind a hyphen: `B-PER`. The
letters say where in a span a step is: B begins one, I is inside, E ends it, S is one by itself. A
span begins at a tag that is not O

- where the tag before is O, or there is none,
- where the letter is B or S,
- after the letters E and S,
- where the type is another than that before,

and goes on up to the next O or the next beginning. This reads BIO, IOB1 (where B stands only
between two spans of one type) and BIOES alike, and makes sense of sequences that are none of them.
A span was found where one of the same steps and type was said. The scripts that are in use read a B
behind an E of the same type as going on, so that two spans of which one was said are right; here an
E always ends.

>>> spans(["B-PER", "I-PER", "O", "I-LOC"])
[Span(start=0, end=2, type='PER'), Span(start=3, end=4, type='LOC')]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from elman.errors import ShapeError

__all__ = ["OUTSIDE", "Span", "are_spans", "parted", "span_scores", "spans"]

OUTSIDE = "O"
"""The tag of steps that are in no span."""
_LETTERS = frozenset("BIES")


class Span(NamedTuple):
    """Steps from `start` to before `end`, and what they are."""

    start: int
    end: int
    type: str


def parted(tag: str) -> tuple[str, str]:
    """A tag's letter and type.

    >>> parted("B-PER"), parted("O"), parted("I")
    (('B', 'PER'), ('O', ''), ('I', ''))
    """
    letter, _, kind = tag.partition("-")
    return letter, kind


def are_spans(tags: Iterable[Any]) -> bool:
    """Whether these tags write spans: all are O or a letter of theirs, with a type behind each.

    Without types they do where B and I are both among them.

    >>> are_spans(["B-NP", "I-NP", "O"]), are_spans(["NOUN", "VERB"]), are_spans(["O", "B", "I"])
    (True, False, True)
    """
    found = set(tags)
    if not found or not all(isinstance(tag, str) for tag in found):
        return False
    inside = [parted(tag) for tag in found if tag != OUTSIDE]
    letters = {letter for letter, _ in inside}
    if not letters <= _LETTERS or letters <= {"E"}:
        return False
    return all(kind for _, kind in inside) or {"B", "I"} <= found


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of one sequence, in order; see the module for the rules."""
    found: list[Span] = []
    start, before, kind = 0, OUTSIDE, ""
    for step, tag in enumerate([*tags, OUTSIDE]):
        letter, own = parted(tag)
        outside = before == OUTSIDE
        begins = letter != OUTSIDE and (
            outside or letter in "BS" or before in ("E", "S") or own != kind
        )
        if not outside and (begins or letter == OUTSIDE):
            found.append(Span(start, step, kind))
        if begins:
            start = step
        before, kind = letter, own
    return found


def span_scores(
    true: Sequence[Sequence[str]], found: Sequence[Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of spans over all sequences: of all, and of each type.

    >>> span_scores([["B-A", "O"]], [["B-A", "B-B"]])[""]
    {'true': 1, 'found': 2, 'right': 1, 'precision': 0.5, 'recall': 1.0, 'f1': 0.6666666666666666}

    Args:
        true: The tags of N sequences.
        found: What was said of the same steps.

    Returns:
        By type, sorted, all together first, as "": `true`, `found`, `right` (how many spans), and
        `precision`, `recall`, `f1` in [0, 1]; each is 0 where there is nothing to divide by, as
        conlleval has it.

    Raises:
        ShapeError: They are not as many tags.
    """
    if [*map(len, true)] != [*map(len, found)]:
        raise ShapeError("found", "tags of other steps", "as many as are true, in each sequence")
    counts: dict[str, Counter[str]] = {"true": Counter(), "found": Counter(), "right": Counter()}
    for wanted, said in zip(map(spans, true), map(spans, found), strict=True):
        both = set(wanted) & set(said)
        for name, some in (("true", wanted), ("found", said), ("right", both)):
            counts[name].update(span.type for span in some)
    kinds = sorted(counts["true"] | counts["found"])
    told = {"": _scored(*(each.total() for each in counts.values()))}
    return told | {
        kind: _scored(*(each[kind] for each in counts.values())) for kind in kinds if kind
    }


def _scored(true: int, found: int, right: int) -> dict[str, Any]:
    precision = right / found if found else 0.0
    recall = right / true if true else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {
        "true": true,
        "found": found,
        "right": right,
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }
