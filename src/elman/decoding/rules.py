"""Constraints at work: which tokens may follow what is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from elman.decoding.constraints import Constraints, Pieces, check_agreement, check_pieces, token_ids
from elman.decoding.context import Context
from elman.decoding.expressions import NEVER, Guide
from elman.decoding.options import SearchOptions
from elman.errors import ArgumentError, ShapeError

__all__ = ["Progress", "Rules", "Stopped"]


class Stopped(NamedTuple):
    """A stop string that was found, and what stood past it: text, or bytes where pieces are."""

    string: str
    past: Any


class Progress:
    """What rules know of a text: a function of its tokens.

    Attributes:
        place: In the expression.
        tail: Of the text, as long as a stop string may reach back.
        missing: Required tokens that are not written yet.
        written: Tokens that are, and those of the context; empty where nobody asks.
        following: By the n - 1 tokens before, those that followed them; likewise.
        context: What was read before the first of them.
    """

    __slots__ = ("context", "following", "missing", "place", "tail", "written")

    def __init__(
        self,
        place: int,
        tail: Any,
        missing: frozenset[int],
        written: set[int],
        following: dict[tuple[int, ...], set[int]],
        context: Context,
    ) -> None:
        self.place, self.tail, self.missing = place, tail, missing
        self.written, self.following, self.context = written, following, context

    def copy(self) -> Progress:
        """Another one that shares nothing that changes."""
        following = {key: set(tokens) for key, tokens in self.following.items()}
        told = (self.place, self.tail, self.missing)
        return Progress(*told, set(self.written), following, self.context)


class Rules:
    """Which tokens may follow what is written.

    Args:
        constraints: What is wanted.
        options: Likewise.
        eos: Token that ends a row, or None.
        rows: Of the batch.
        pieces: The text of each token; None: not known.
        guide: The guide of the same expression, pieces and banned tokens, if there is one.
        context: Per row the ids that were read before it; empty: none in any row.

    Attributes:
        idle: Whether nothing is ever ruled out or looked for, but for what is banned.
        never: The ids that are banned.
        of_bytes: Whether the pieces are bytes.

    Raises:
        ArgumentError, ShapeError: What is wanted is contradictory or cannot be had.
    """

    def __init__(
        self,
        constraints: Constraints,
        options: SearchOptions,
        eos: int | None,
        rows: int,
        pieces: Pieces | None,
        guide: Guide | None = None,
        context: Sequence[Sequence[int]] = (),
    ) -> None:
        check_agreement(constraints, options, eos, rows)
        if constraints.of_text and pieces is None:
            name = "stop" if constraints.expression is None else "expression"
            raise ArgumentError("pieces", f"not given, and {name} is about text", "each token's")
        self.constraints, self.options = constraints, options
        width, self._penalised = options.no_repeat_ngram, options.repetition_penalty != 1
        asked = self._penalised or width is not None
        self._contexts = [Context(ids if asked else (), width) for ids in context or [()] * rows]
        self.pieces, self.guide = pieces, guide
        self.of_bytes = pieces is not None and check_pieces(pieces)
        self.eos = None if eos in constraints.banned else eos
        self._size = 0
        if pieces is not None:
            self.check_size(len(pieces))
        if constraints.expression is not None and pieces is not None and guide is None:
            left_out = {*constraints.banned, *(() if eos is None else (eos,))}
            self.guide = Guide(constraints.expression, pieces, left_out)
        self._stops = [
            (string, string.encode() if self.of_bytes else string) for string in constraints.stop
        ]
        self._reach = max((len(content) for _, content in self._stops), default=1) - 1
        early = options.min_length and self.eos is not None
        told = (any(constraints.prefix), constraints.required, constraints.stop)
        others = (self.guide, constraints.allowed, width)
        self.never = np.array(constraints.banned, dtype=np.intp)
        self.idle = not (
            any(told) or early or self._penalised or any(each is not None for each in others)
        )
        if self.guide is not None:
            self._check_guide(self.guide)

    def check_size(self, size: int) -> None:
        """`ShapeError` or `ArgumentError` unless all fits a vocabulary of V = `size` tokens."""
        if size == self._size:
            return
        if self.pieces is not None and len(self.pieces) != size:
            found = f"found {len(self.pieces)}, and logits of {size} tokens"
            raise ShapeError("pieces", found, "one for each token")
        told = self.constraints
        rows = {f"prefix[{row}]": ids for row, ids in enumerate(told.prefix)}
        rows |= {f"context[{row}]": one.written for row, one in enumerate(self._contexts)}
        for name, ids in {"banned": told.banned, "required": told.required, **rows}.items():
            if max(ids, default=0) >= size:
                raise ArgumentError(name, f"found token {max(ids)} of {size}", f"0…{size - 1}")
        self._size = size
        self._possible = np.ones(size, bool)
        self._possible[list(told.banned)] = False
        if told.allowed is not None:
            self._check_prefixes()

    def begin(self, row: int) -> Progress | None:
        """Of a row's empty text; None where `idle`."""
        if self.idle:
            return None
        place = 0 if self.guide is None else self.guide.start
        missing = frozenset(self.constraints.required)
        context = self._contexts[row]
        return Progress(
            place, b"" if self.of_bytes else "", missing, set(context.written), {}, context
        )

    def forced(self, row: int, position: int) -> int | None:
        """The token of the row's prefix at a position, if it is as long."""
        if not self.constraints.prefix or position >= len(self.constraints.prefix[row]):
            return None
        return self.constraints.prefix[row][position]

    def allowed(self, progress: Progress, tokens: list[int]) -> np.ndarray | None:
        """`[V]` bool: what may follow; None: everything."""
        options, told = self.options, self.constraints
        early = self.eos is not None and (
            len(tokens) < options.min_length or bool(progress.missing)
        )
        width = options.no_repeat_ngram
        plain = not told.banned and width is None and told.allowed is None
        if plain and self.guide is None and not early and not progress.missing:
            return None
        allowed = self._possible.copy()
        left = options.max_length - len(tokens)
        if self.guide is not None:
            allowed &= self._leading(self.guide, progress, left)
            if self.eos is not None:
                allowed[self.eos] = self.guide.accepts(progress.place)
        if early:
            allowed[self.eos] = False
        if width is not None:
            context, run = progress.context, progress.context.latest(tokens, width - 1)
            for following in (progress.following, context.following):
                allowed[list(following.get(run, ()))] = False
        if told.allowed is not None:
            allowed &= self._asked(tokens)
        due = len(progress.missing) + (self.eos is not None)
        if progress.missing and left <= due and self.guide is None:
            wanted = np.zeros_like(allowed)
            wanted[list(progress.missing)] = True
            if (allowed & wanted).any():
                return allowed & wanted
        return allowed

    def penalised(self, progress: Progress | None) -> list[int]:
        """The tokens whose log-probability `repetition_penalty` multiplies."""
        return list(progress.written) if progress is not None and self._penalised else []

    def complete(self, progress: Progress | None) -> bool:
        """Whether the text matches the expression as it stands."""
        return (
            progress is not None and self.guide is not None and self.guide.accepts(progress.place)
        )

    def follow(self, progress: Progress, tokens: list[int]) -> Stopped | None:
        """Let `progress` know of the last token; gives the stop string that the text ends with."""
        token = tokens[-1]
        if self.guide is not None:
            progress.place = self.guide.after(progress.place, token)
        if token in progress.missing:
            progress.missing -= {token}
        if self._penalised:
            progress.written.add(token)
        width = self.options.no_repeat_ngram
        if width is not None:
            run = progress.context.latest(tokens, width)
            progress.following.setdefault(run[:-1], set()).add(token)
        if not self._stops:
            return None
        stopped = self._stopped(progress, token)
        return None if progress.missing or len(tokens) < self.options.min_length else stopped

    def unmet(self, progress: Progress | None, stopped: bool) -> tuple[str, ...]:
        """What a text that has ended lacks, in sentences."""
        if progress is None:
            return ()
        found = [
            f"required token {self._shown(token)} is not written"
            for token in sorted(progress.missing)
        ]
        if self.guide is not None and not self.guide.accepts(progress.place):
            what = "the text up to the stop" if stopped else "the text"
            found.append(f"{what} does not match the expression")
        return tuple(found)

    def text(self, tokens: list[int], past: Any = None) -> Any:
        """What tokens say, but for what stood past a stop string; text, or bytes where pieces are.

        None where `pieces` are not known.
        """
        if self.pieces is None:
            return None
        pieces: Any = [self.pieces[token] for token in tokens]
        nothing: Any = b"" if self.of_bytes else ""
        return nothing.join(piece or nothing for piece in pieces).removesuffix(past or nothing)

    def _shown(self, token: int) -> str:
        return str(token) if self.pieces is None else f"{token} ({self.pieces[token]!r})"

    def _leading(self, guide: Guide, progress: Progress, left: int) -> np.ndarray:
        """What leads to a match with what is required within the bound.

        Where something else forbade that: what leads to one at all, or to one without.
        """
        for bound, missing in ((left, progress.missing), (NEVER, progress.missing), (NEVER, None)):
            found = guide.allowed(progress.place, bound, missing or frozenset())
            if found.any():
                break
        return found

    def _asked(self, tokens: list[int]) -> np.ndarray:
        """The answer of the function, as a mask."""
        function: Any = self.constraints.allowed
        answer = function(list(tokens))
        if answer is None:
            return self._possible
        mask = np.asarray(answer)
        if mask.dtype == bool and mask.shape == (self._size,):
            return mask
        expected = f"return None, a mask [{self._size}], or ids below {self._size}"
        try:
            ids = token_ids("allowed", answer if mask.ndim else ())
        except ShapeError as error:
            raise ArgumentError("allowed", f"it {error.found}", expected) from error
        if mask.ndim != 1 or max(ids, default=0) >= self._size:
            raise ArgumentError("allowed", f"it returned {answer!r}", expected)
        mask = np.zeros(self._size, bool)
        mask[ids] = True
        return mask

    def _stopped(self, progress: Progress, token: int) -> Stopped | None:
        """The stop string that ends first within the last token."""
        pieces: Any = self.pieces
        tail = progress.tail
        window = tail + (pieces[token] or tail[:0])
        progress.tail = window[len(window) - self._reach :] if len(window) > self._reach else window
        best: tuple[int, str] | None = None
        for string, content in self._stops:
            place = window.find(content, max(0, len(tail) - len(content) + 1))
            if place >= 0 and (best is None or place + len(content) < best[0]):
                best = place + len(content), string
        if best is None:
            return None
        return Stopped(best[1], window[best[0] :])

    def _check_prefixes(self) -> None:
        """`ArgumentError` if the function forbids one."""
        for row, prefix in enumerate(self.constraints.prefix):
            for place, token in enumerate(prefix):
                if not self._asked(list(prefix[:place]))[token]:
                    found = f"token {place}, {self._shown(token)}, is not allowed"
                    raise ArgumentError(f"prefix[{row}]", found, "another prefix or function")

    def _check_guide(self, guide: Guide) -> None:
        """`ArgumentError` if the expression contradicts the rest, or cannot match in the bound."""
        for row, prefix in enumerate(self.constraints.prefix or ((),)):
            place = guide.start
            for token in prefix:
                place = guide.after(place, token)
                if not place:
                    found = (
                        f"no text with {self._shown(token)} at this place matches the expression"
                    )
                    raise ArgumentError(f"prefix[{row}]", found, "another prefix or expression")
            self._check_match(guide, row, place)

    def _check_match(self, guide: Guide, row: int, place: int) -> None:
        """`ArgumentError` if none comes after a row's prefix, with what is required and in time."""
        told, most = self.constraints, self.options.max_length
        prefix = told.prefix[row] if told.prefix else ()
        missing = frozenset(told.required).difference(prefix)
        for token in sorted(missing):
            if guide.distance(place, frozenset({token})) == NEVER:
                found = f"no match of the expression has token {self._shown(token)}"
                raise ArgumentError("required", found, "leave it out, or another expression")
        needed = guide.distance(place, missing)
        if needed == NEVER:
            found = "no match of the expression has all of them"
            raise ArgumentError("required", found, "fewer of them, or another expression")
        if len(prefix) + needed > most:
            found = f"a match has at least {len(prefix) + needed} tokens, max_length is {most}"
            where = f"expression, row {row}" if told.prefix else "expression"
            raise ArgumentError(where, found, "a greater max_length or another expression")
