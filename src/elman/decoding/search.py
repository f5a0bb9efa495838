"""One search for everything that writes: a value that takes a step at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from elman.decoding.choosing import continuations, likeliest
from elman.decoding.constraints import Allowed, Constraints, Pieces, token_ids
from elman.decoding.drafts import draft
from elman.decoding.hypotheses import Answer, Hypothesis, best_of
from elman.decoding.options import SearchOptions
from elman.decoding.rows import checked_context, checked_ids, first_tokens
from elman.decoding.rules import Rules
from elman.decoding.sampling import Draws
from elman.decoding.saved import Kept, digest_of_pieces, read_search, write_search
from elman.decoding.scores import Ranked, Scores, ranked_of, scores_of
from elman.decoding.slots import Child, children_of, is_decided
from elman.decoding.streaming import Texts, Written
from elman.errors import ArgumentError, BundleError, ShapeError
from elman.parameters import whole_number
from elman.state import batch_size, copy, join, select

__all__ = ["Search", "Step"]

Step = Callable[[np.ndarray, Any], tuple[Any, Any]]
"""`step(tokens [B] int64, state) -> (logits [B, V], state)`: reads each row's last token.

What it returns is not written to later.
"""


class Search:
    """Texts that are being written, a row of the batch each.

    A row's answers depend on its own state, `go`, prefix and id, and on nothing else: not on the
    other rows, nor on how the steps were divided. An error leaves the search as it was.

    >>> def step(tokens, state):  # of the tokens <eos>, 1 and 2, the one after the last
    ...     return np.eye(3)[(tokens + 1) % 3] * 9, state
    >>> search = Search(np.zeros((1, 1)), go=0, eos=0, options=SearchOptions(temperature=0))
    >>> [answer.tokens.tolist() for answer in search.run(step)[0]]
    [[1, 2]]

    Args:
        state: The state before the first step; its rows are the batch.
        go: Token that every row reads first, or `[B]`: each row's.
        eos: Token that ends a row, or None.
        options: How tokens are chosen; None: the defaults.
        constraints: What must, may and must not be written; None: nothing of the kind.
        pieces: `[V]` the text of each token, or its UTF-8, where constraints are about text.
        row_ids: `[B]` whole numbers, of which the draws are a function; None: 0…B-1.
        context: Per row the token ids that stand before its first one: `repetition_penalty` and
            `no_repeat_ngram` count them among what was written. Empty: none in any row.
        model: What says which model this is of, as a hash: kept in the file, and compared.

    Attributes:
        options: As given.
        constraints: As given.
        eos: As given.
        model: As given.

    Raises:
        ArgumentError, ShapeError: Something is out of its range, or contradicts the rest.
    """

    def __init__(
        self,
        state: Any,
        *,
        go: Any,
        eos: int | None = None,
        options: SearchOptions | None = None,
        constraints: Constraints | None = None,
        pieces: Pieces | None = None,
        row_ids: Any = None,
        context: Sequence[Any] = (),
        model: str = "",
    ) -> None:
        rows = batch_size(state)
        self.options = options or SearchOptions()
        self.constraints = constraints or Constraints()
        self.eos = None if eos is None else whole_number("eos", eos, 0)
        if not isinstance(model, str):
            raise ArgumentError("model", f"found {model!r}", "a text that tells models apart")
        self.model = model
        self._go = first_tokens(go, rows)
        self._row_ids = checked_ids(row_ids, rows)
        self._context = checked_context(context, rows)
        self._rules = Rules(
            self.constraints, self.options, self.eos, rows, pieces, context=self._context
        )
        self._draws = Draws(self.options.seed)
        self._start, self._state = copy(state), copy(state)
        self._stepped = False  # whether the step function's scores have been seen and fit
        self._open = [Hypothesis(row, self._rules.begin(row)) for row in range(rows)]
        self._ended: list[list[Hypothesis]] = [[] for _ in range(rows)]

    @property
    def done(self) -> bool:
        """Whether every row has ended."""
        return not self._open

    def advance(self, step: Step) -> bool:
        """Write one more token in all rows that are open; gives whether some still are.

        Raises:
            ShapeError: The logits are not `[B, V]`.
            ArgumentError: They are NaN or infinite, or a constraint is of another vocabulary.
        """
        self._next(step)
        return not self.done

    def run(self, step: Step) -> list[list[Answer]]:
        """Write until every row has ended; errors as of `advance`, result as of `answers`."""
        while not self.done:
            if not self._draft(step):
                self._next(step)
        return self.answers()

    def stream(self, step: Step) -> Iterator[Written]:
        """Write until every row has ended, and give each token and its text as it is written.

        Raises:
            ArgumentError: There is a beam, whose text is known at its end; and as of `advance`.
        """
        if self.options.beam_size > 1:
            found = "a beam's text is known at its end"
            raise ArgumentError("stream", found, "run(step), or beam_size = 1")
        texts = Texts(self._rules)
        while not self.done:
            for one in self._next(step):
                yield texts.written(one)

    def answers(self) -> list[list[Answer]]:
        """Per row its `n_best` texts, best first: those that ended, and what is still open.

        Answers that came to an end of their own come before those that did not; then the greatest
        value wins.
        """
        rows = [list(ended) for ended in self._ended]
        for one in self._open:
            rows[one.row].append(one)
        return [[one.answer(self._rules) for one in best_of(row, self.options)] for row in rows]

    def branch(self, **changes: Any) -> Search:
        """An independent search that stands where this one stands.

        Args:
            changes: Options that are different from here on: another `seed` goes another way. Not
                `beam_size`, which its hypotheses are kept by.

        Raises:
            ArgumentError: An option is unknown or out of its range, or contradicts the rest.
        """
        options = self.options
        if changes:
            options = SearchOptions.from_dict(options.to_dict() | changes)
        longest = max((len(one.tokens) for one in self._open), default=0)
        if options.beam_size != self.options.beam_size or options.max_length <= longest:
            name = "max_length" if options.max_length <= longest else "beam_size"
            found = f"{getattr(options, name)!r} does not fit what is written"
            raise ArgumentError(name, found, "begin a new search")
        return self._with(options, self.constraints, self._open, self._ended, copy(self._state))

    def edited(self, row: int, tokens: Any) -> Search:
        """A branch in which a row begins anew, with other tokens; the others stay where they are.

        Args:
            row: Of the batch.
            tokens: The token ids that it begins with, in place of its prefix.

        Raises:
            ArgumentError, ShapeError: There is no such row, or the constraints forbid the tokens.
        """
        rows = len(self._ended)
        if whole_number("row", row, 0) >= rows:
            raise ArgumentError("row", f"found {row}", f"one of the {rows} rows, from 0 on")
        told = self.constraints
        prefix = [list(ids) for ids in told.prefix] or [[] for _ in range(rows)]
        prefix[row] = token_ids("tokens", tokens)
        constraints = Constraints(**{**vars(told), "prefix": prefix})
        before = [place for place, one in enumerate(self._open) if one.row < row]
        after = [place for place, one in enumerate(self._open) if one.row > row]
        opened = [*(self._open[k] for k in before), Hypothesis(row, None)]
        opened += [self._open[k] for k in after]
        parts = (select(self._state, before), select(self._start, [row]))
        state = join([*parts, select(self._state, after)])
        ended = [[] if k == row else each for k, each in enumerate(self._ended)]
        return self._with(self.options, constraints, opened, ended, state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the search to one file, atomically: at any step, to go on later or elsewhere.

        Raises:
            BundleError: The disk refused, or the state has arrays that a file does not hold; an
                older file is unchanged.
        """
        hypotheses = [*(one for row in self._ended for one in row), *self._open]
        kept = Kept(
            self.model,
            self.options,
            self.constraints,
            self.eos,
            self._go,
            self._row_ids,
            self._context,
            digest_of_pieces(self._rules.pieces),
            self._start,
            self._state,
            hypotheses,
        )
        write_search(path, kept)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        model: str = "",
        pieces: Pieces | None = None,
        allowed: Allowed | None = None,
        like: Any = None,
    ) -> Search:
        """The search that `save` wrote; it goes on as if it had never been away.

        Args:
            path: Of the file.
            model: As it was given.
            pieces: Likewise, where it was.
            allowed: The function that was among the constraints, where one was.
            like: A state of the same make, as in `elman.state.load`.

        Raises:
            BundleError: The file is missing, cut, changed, of another kind, of another model or
                vocabulary.
            ArgumentError: The search had pieces or a function, and these are not given.
        """
        kept = read_search(path, model=model, pieces=pieces, allowed=allowed, like=like)
        given = {"options": kept.options, "constraints": kept.constraints, "pieces": pieces}
        try:
            search = cls(
                kept.start,
                go=np.array(kept.go, np.int64),
                eos=kept.eos,
                row_ids=np.array(kept.row_ids, np.int64),
                context=kept.context,
                model=kept.model,
                **given,
            )
        except (ArgumentError, ShapeError) as error:  # it was accepted when it was saved
            raise BundleError(str(path), f"it is damaged: {error}", "save it again") from error
        search._open = [one for one in kept.hypotheses if one.ended == "open"]
        for one in kept.hypotheses:
            search._follow_again(one)
            if one.ended != "open":
                search._ended[one.row].append(one)
        search._state = kept.state
        return search

    def _with(
        self,
        options: SearchOptions,
        constraints: Constraints,
        opened: list[Hypothesis],
        ended: list[list[Hypothesis]],
        state: Any,
    ) -> Search:
        """A search of its own with these."""
        new = object.__new__(Search)
        vars(new).update(vars(self))
        told = (constraints, options, self.eos, len(ended), self._rules.pieces)
        new.options, new.constraints = options, constraints
        new._rules = Rules(*told, guide=self._rules.guide, context=self._context)
        new._draws = Draws(options.seed)
        new._open = [one.copy() for one in opened]
        new._ended = [[one.copy() for one in row] for row in ended]
        new._state = state
        for one in (*new._open, *(one for row in new._ended for one in row)):
            new._follow_again(one)
        return new

    def _follow_again(self, one: Hypothesis) -> None:
        """What the rules know of a hypothesis is a function of its tokens."""
        one.progress = self._rules.begin(one.row)
        if one.progress is not None:
            begun: list[int] = []
            for token in one.tokens:
                begun.append(token)
                one.stopped = self._rules.follow(one.progress, begun)

    # ---- a step ---------------------------------------------------------------------------------

    def _draft(self, step: Step) -> bool:
        """Take what the step function can write by itself; gives whether there was anything."""
        told = (self._go, self._state, self._rules, self._draws, self._row_ids)
        drafted = draft(step, self._open, *told) if self._stepped else None
        if drafted is None:
            return False
        rows = zip(
            self._open, drafted.tokens.tolist(), drafted.log_probabilities.tolist(), strict=True
        )
        for one, tokens, said in rows:
            for token, log_p in zip(tokens, said, strict=True):
                one.grow(token, log_p, one.score + log_p, self._rules)
        self._put_aside(self._open, drafted.state)
        return True

    def _next(self, step: Step) -> list[Hypothesis]:
        """One step; gives the hypotheses that grew or that nothing may follow."""
        opened, go = self._open, self._go
        if not opened:
            return []
        last = [one.tokens[-1] if one.tokens else go[one.row] for one in opened]
        logits, state = step(np.array(last, dtype=np.int64), self._state)
        rules, ids, size = self._rules, self._row_ids, self.options.beam_size
        told = (logits, len(opened), self.eos)
        if rules.idle and size > 1:
            scores = ranked_of(*told, size, rules.never)
            rules.check_size(scores.size)
            found = likeliest(opened, scores)
        else:
            scores = scores_of(*told)
            rules.check_size(scores.size)
            found = [
                continuations(one, k, scores, rules, self._draws, ids[one.row])
                for k, one in enumerate(opened)
            ]
        self._stepped = True
        if isinstance(scores, Scores) and size == 1:
            return self._write(found, scores, state)
        children = children_of(opened, found, self.options.beam_size)
        stuck = [] if all(found) else [one for one, to in zip(opened, found, strict=True) if not to]
        for one in stuck:
            one.ended = "match" if rules.complete(one.progress) else "nothing allowed"
            self._ended[one.row].append(one)
        grown = self._grown(children, scores)
        self._settle(children, grown, state)
        return stuck + grown

    def _write(
        self, found: list[list[tuple[float, int]]], scores: Scores, state: Any
    ) -> list[Hypothesis]:
        """The step of a search without a beam: each open text goes on with its one token, if any.

        Args:
            found: Of each, the score then and the token; empty: nothing may follow.
            scores: Of the batch.
            state: After what was read.
        """
        opened, rules = self._open, self._rules
        stuck, grown = [], []
        for k, one in enumerate(opened):
            if found[k]:
                ((score, token),) = found[k]
                one.grow(token, scores.log_probability(k, token), score, rules)
                grown.append(one)
            else:
                one.ended = "match" if rules.complete(one.progress) else "nothing allowed"
                stuck.append(one)
        self._put_aside(opened, state)
        return stuck + grown if stuck else grown

    def _put_aside(self, opened: list[Hypothesis], state: Any) -> None:
        """Of texts that are each in its own row those that have ended; the rest is open."""
        kept = [k for k, one in enumerate(opened) if one.ended == "open"]
        if len(kept) < len(opened):
            for one in opened:
                if one.ended != "open":
                    self._ended[one.row].append(one)
            state = select(state, np.array(kept, dtype=np.int64))
            self._open = [opened[k] for k in kept]
        self._state = state

    def _grown(self, children: list[Child], scores: Scores | Ranked) -> list[Hypothesis]:
        """The hypotheses that come of them: a parent's last child is the parent itself."""
        last = {child.source: place for place, child in enumerate(children)}
        grown = []
        for place, (source, slot, token, score) in enumerate(children):
            parent = self._open[source]
            new = parent if last[source] == place else parent.copy()
            new.slot = slot
            log_p = scores.log_probability(source, token)
            new.grow(token, log_p, score, self._rules)
            grown.append(new)
        return grown

    def _settle(self, children: list[Child], grown: list[Hypothesis], state: Any) -> None:
        """Put aside what has ended, and rows that are decided; the rest is open."""
        kept = []
        for place, one in enumerate(grown):
            if one.ended == "open":
                kept.append(place)
            else:
                self._ended[one.row].append(one)
        if self.options.beam_size > 1:
            decided = self._decided([grown[k] for k in kept])
            kept = [k for k in kept if grown[k].row not in decided]
        sources = [children[k].source for k in kept]
        if sources != list(range(len(self._open))):
            state = select(state, np.array(sources, dtype=np.int64))
        self._open, self._state = [grown[k] for k in kept], state

    def _decided(self, opened: list[Hypothesis]) -> set[int]:
        """Rows in which nothing better can come; of each only what may be answered is kept."""
        decided = set()
        for row, mine in groupby(opened, key=lambda one: one.row):
            ended = self._ended[row]
            if ended:
                ended[:] = best_of(ended, self.options)
                if is_decided(list(mine), ended, self.options):
                    decided.add(row)
        return decided
