"""How spans are written as tags, and which tags may follow each other then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from elman.errors import ArgumentError, DataError
from elman.kernels.crf import Allowed
from elman.metrics.spans import OUTSIDE, are_spans, parted

__all__ = ["SCHEMES", "allowed_by", "scheme_of"]

Pair = tuple[str, str]
_NOWHERE = (OUTSIDE, "")


def _bio(before: Pair, after: Pair) -> bool:
    """I goes on with a span of its type; there is no E and no S."""
    return after[0] != "I" or (before[0] in "BI" and before[1] == after[1])


def _iob1(before: Pair, after: Pair) -> bool:
    """B stands only where a span of its type ends just before."""
    return after[0] != "B" or (before[0] in "BI" and before[1] == after[1])


def _bioes(before: Pair, after: Pair) -> bool:
    """What B begins goes on with I, and ends with E; S is a span by itself."""
    if before[0] in "BI":
        return after[0] in "IE" and before[1] == after[1]
    return after[0] not in "IE"


_RULES: dict[str, tuple[str, Callable[[Pair, Pair], bool]]] = {
    "bio": ("BIO", _bio),
    "iob1": ("BIO", _iob1),
    "bioes": ("BIOES", _bioes),
}
SCHEMES = tuple(_RULES)
"""Their names."""


def allowed_by(scheme: str, tags: Sequence[str]) -> Allowed:
    """What a scheme allows of these tags.

    >>> allowed_by("bio", ["B-A", "I-A", "O"]).start.tolist()
    [True, False, True]

    Args:
        scheme: One of `SCHEMES`.
        tags: K of them.

    Raises:
        ArgumentError: A tag is none of the scheme's, or there are sequences of some length that no
            path of these tags is allowed for.
    """
    letters, rule = _RULES[scheme]
    each = [parted(tag) for tag in tags]
    for tag, (letter, _) in zip(tags, each, strict=True):
        if letter not in letters or (letter == OUTSIDE) != (tag == OUTSIDE):
            expected = f"tags as {', '.join(f'{one}-X' for one in letters if one != 'O')} and O"
            raise ArgumentError("scheme", f"{scheme!r} with the tag {tag!r}", expected)
    found = Allowed(
        np.array([[rule(before, after) for after in each] for before in each]),
        np.array([rule(_NOWHERE, after) for after in each]),
        np.array([rule(before, _NOWHERE) for before in each]),
    )
    reached = found.start
    for steps in range(1, len(each) + 2):
        if not (reached & found.end).any():
            raise ArgumentError(
                "scheme",
                f"{scheme!r}, and these tags write no sequence of {steps} steps",
                "'none', or sequences in which O occurs",
            )
        reached = reached @ found.pairs
    return found


def scheme_of(tags: Sequence[str], paths: Sequence[np.ndarray]) -> tuple[str | None, str | None]:
    """The scheme that all these sequences keep to, and a sentence about it.

    Args:
        tags: K of them.
        paths: Of each sequence the indices of its tags.

    Returns:
        Two None where the tags are no spans. None and a sentence where they are, and the sequences
        keep to no scheme.
    """
    if not are_spans(tags):
        return None, None
    ends = any(parted(tag)[0] in "ES" for tag in tags)
    for scheme in ("bioes",) if ends else ("bio", "iob1"):
        try:
            allowed = allowed_by(scheme, tags)
            check_paths(scheme, allowed, tags, paths)
        except (ArgumentError, DataError):
            continue
        share = int(allowed.pairs.sum())
        return scheme, (
            f"The tags are spans ({scheme.upper()}): {share} of {allowed.pairs.size} pairs of tags "
            "are allowed, in training and in every answer."
        )
    return None, (
        "The tags are spans, but their sequences keep to none of "
        f"{', '.join(one.upper() for one in SCHEMES)}: every pair of tags is allowed."
    )


def check_paths(
    scheme: str, allowed: Allowed, tags: Sequence[str], paths: Sequence[np.ndarray]
) -> None:
    """`DataError` where a sequence does not keep to a scheme: it names sequence and step."""
    for row, path in enumerate(paths):
        step = allowed.lets(path)
        if step is None:
            continue
        if step == len(path):
            where, found = f"y[{row}][{step - 1}]", f"the last tag is {tags[path[-1]]!r}"
        else:
            after = f" after {tags[path[step - 1]]!r}" if step else " at the start"
            where, found = f"y[{row}][{step}]", f"{tags[path[step]]!r}{after}"
        raise DataError(where, found, f"spans as {scheme!r} has them, or scheme='none'")
