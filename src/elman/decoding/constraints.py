"""What must, may and must not be written, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.decoding.options import SearchOptions
from elman.errors import ArgumentError, ShapeError

__all__ = ["Allowed", "Constraints", "Pieces", "check_agreement", "check_pieces", "token_ids"]

Allowed = Callable[[list[int]], Any]
"""Takes the tokens written so far; gives what may follow: a mask `[V]`, ids, or None for all."""

Pieces = Sequence["str | None"] | Sequence["bytes | None"]
"""The text of each token of the vocabulary, or its bytes of UTF-8; None: it has none."""


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What must, may and must not be written.

    Attributes:
        prefix: Per row the token ids that it begins with; empty: none in any row. What it repeats
            is not held against it.
        banned: Ids that are never written. `<eos>` may be one: then a row ends otherwise.
        required: Ids that are all written before a row ends. They are written at last where the
            bound comes close; what stands in the way (another constraint) is reported.
        expression: A regular expression that the whole text matches
            (`elman.decoding.expressions.syntax.parse`). `<eos>` comes only where it does, and no
            token from which no match could come before the bound.
        stop: Strings. A row ends with the first of them in its text, wherever tokens begin; what
            the last token has past it is cut. Before `required` and `min_length` are met they
            stop nothing.
        allowed: See `Allowed`. A file holds no function: who loads a search gives it again.

    Raises:
        ArgumentError, ShapeError: Something is no token id, no text or no function.
    """

    prefix: Sequence[Sequence[int]] = ()
    banned: Sequence[int] = ()
    required: Sequence[int] = ()
    expression: str | None = None
    stop: Sequence[str] = ()
    allowed: Allowed | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.prefix, list | tuple | np.ndarray):
            raise ShapeError("prefix", f"found {self.prefix!r}", "a list of token ids for each row")
        rows = [token_ids(f"prefix[{row}]", ids) for row, ids in enumerate(self.prefix)]
        kept = {
            "prefix": tuple(rows),
            "banned": tuple(dict.fromkeys(token_ids("banned", self.banned))),
            "required": tuple(dict.fromkeys(token_ids("required", self.required))),
            "stop": _strings(self.stop),
        }
        for name, value in kept.items():
            object.__setattr__(self, name, value)
        if self.allowed is not None and not callable(self.allowed):
            raise ArgumentError("allowed", f"found {self.allowed!r}", "a function of the tokens")

    @property
    def of_text(self) -> bool:
        """Whether the tokens' texts are needed."""
        return self.expression is not None or bool(self.stop)


def token_ids(where: str, given: Any) -> list[int]:
    """Token ids as a list; `ShapeError` unless they are whole numbers ≥ 0, in one row."""
    ids: np.ndarray
    try:
        ids = np.asarray(given)
    except ValueError:  # rows of several lengths
        ids = np.zeros((0, 0))
    if ids.ndim == 1 and ids.size == 0:
        return []
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or (ids < 0).any():
        found = f"found {ids.dtype} of shape {list(ids.shape)}" if ids.size else "found no list"
        raise ShapeError(where, found, "a list of token ids, whole numbers of at least 0")
    return ids.tolist()


def _strings(given: Any) -> tuple[str, ...]:
    listed = isinstance(given, list | tuple)
    if not listed or not all(isinstance(one, str) and one for one in given):
        raise ArgumentError("stop", f"found {given!r}", "a list of texts that are not empty")
    return tuple(given)


def check_pieces(pieces: Pieces) -> bool:
    """Whether they are bytes; `ArgumentError` unless they are all text, or all bytes."""
    kinds = {type(piece) for piece in pieces if piece is not None}
    if not kinds <= {str} and not kinds <= {bytes}:
        names = sorted(kind.__name__ for kind in kinds)
        raise ArgumentError("pieces", f"found {', '.join(names)}", "all str or all bytes, or None")
    return kinds == {bytes}


def check_agreement(
    constraints: Constraints, options: SearchOptions, eos: int | None, rows: int
) -> None:
    """`ArgumentError` if constraints contradict each other, the options, or the batch."""
    banned, required = set(constraints.banned), set(constraints.required)
    if banned & required:
        found = f"token {min(banned & required)} is banned, too"
        raise ArgumentError("required", found, "in one of the two")
    if eos in required:
        raise ArgumentError("required", "found <eos>, which ends a row", "leave it out")
    if constraints.prefix and len(constraints.prefix) != rows:
        found = f"found {len(constraints.prefix)} for {rows} rows"
        raise ArgumentError("prefix", found, "a list of token ids for each row, perhaps empty")
    for row, prefix in enumerate(constraints.prefix):
        where = f"prefix[{row}]"
        if len(prefix) > options.max_length:
            found = f"it has {len(prefix)} tokens, max_length is {options.max_length}"
            raise ArgumentError(where, found, "a shorter prefix or a greater max_length")
        for place, token in enumerate(prefix):
            if token == eos or token in banned:
                what = "<eos>, which would end it" if token == eos else f"{token}, which is banned"
                raise ArgumentError(where, f"token {place} is {what}", "leave it out")
    for row in range(rows if required else 0):
        prefix = constraints.prefix[row] if constraints.prefix else ()
        missing = len(required.difference(prefix))
        if len(prefix) + missing > options.max_length:
            found = f"{missing} are left for {options.max_length - len(prefix)} places in row {row}"
            raise ArgumentError("required", found, "fewer of them or a greater max_length")
