"""What is said over frames whose labels have no times: the most probable label sequence.

Each frame has scores of K classes: 0, the blank, and labels. `Collapse` takes the most probable
class of each frame. `PrefixSearch` keeps the most probable beginnings of label sequences and, for
each, the probability of all paths that stand for it, those that end in a blank apart from those
that end in its last label (Graves 2006; Hannun, Maas, Jurafsky and Ng 2014, arXiv 1408.2873v2). A
language model and hotwords may have a say. Both are values that take frames as they come.

Times and confidences are those of the most probable single path to a label sequence, so times run
forwards: a label begins where the one before has ended, or later.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from elman.decoding.hotwords import Hotwords
from elman.decoding.options import MOST_BEGINNINGS
from elman.errors import ArgumentError, ShapeError
from elman.parameters import check_values, documented, number, parameter, share, whole
from elman.state import copy, join, select

__all__ = ["Collapse", "LabelModel", "Labels", "PrefixOptions", "PrefixSearch"]

_NEVER = -math.inf


@documented
@dataclass(frozen=True, kw_only=True)
class PrefixOptions:
    """How label sequences are looked for.

    Attributes:
        {parameters}

    Raises:
        ArgumentError: A value is outside its range, or two contradict each other.
    """

    _group: ClassVar = "Search"
    _table: ClassVar = None

    beam_size: int = parameter(
        8, whole(1, MOST_BEGINNINGS), "Beginnings that are kept side by side."
    )
    n_best: int = parameter(1, whole(1, MOST_BEGINNINGS), "How many answers there are.")
    least: float = parameter(
        1e-4,
        share(),
        "A label goes on a beginning where its probability at a frame is this or more; 0: always.",
    )
    model_weight: float = parameter(
        0.5,
        number(),
        "Times the language model's log-probability of a label.",
        "Where there is one.",
    )
    length_bonus: float = parameter(
        0.0, number(), "Nats for each label, against a language model's liking for short texts."
    )

    def __post_init__(self) -> None:
        check_values(type(self), vars(self))
        if self.n_best > self.beam_size:
            found = f"found {self.n_best} with beam_size = {self.beam_size}"
            raise ArgumentError("n_best", found, "at most beam_size")


class LabelModel(NamedTuple):
    """A language model of labels.

    Attributes:
        step: As `elman.decoding.Step`.
        state: Before the first token, of one row.
        go: The token that is read first.
        tokens: `[K]` int64 the model's token for each class; the blank's is not read.
        eos: Its token for the end, or None.
    """

    step: Callable[[np.ndarray, Any], tuple[Any, Any]]
    state: Any
    go: int
    tokens: np.ndarray
    eos: int | None = None


@dataclass(frozen=True, eq=False)
class Labels:
    """A label sequence that was found.

    Attributes:
        labels: int64 `[U]`.
        frames: int64 `[U, 2]`: where each label begins, and the frame after its last, on the most
            probable path.
        confidences: float64 `[U]`: the greatest probability of the label at these frames.
        log_probability: In nats: of all paths that were followed; of `Collapse` that of its path.
        value: What it was ranked by: with what language model and hotwords say.
    """

    labels: np.ndarray
    frames: np.ndarray
    confidences: np.ndarray
    log_probability: float
    value: float


class _Spoken(NamedTuple):
    """The last label of a path, and through `before` all earlier ones."""

    before: _Spoken | None
    label: int
    start: int
    end: int
    peak: float

    def listed(self) -> list[_Spoken]:
        """All labels, the first one first."""
        found, one = list[_Spoken](), self
        while one is not None:
            found.append(one)
            one = one.before
        return found[::-1]


class Collapse:
    """The most probable class of each frame, repeated ones made one, blanks left out.

    >>> said = Collapse()
    >>> said.advance(np.log([[0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.3, 0.7]]))
    >>> said.answers()[0].labels.tolist()
    [1, 1]

    Attributes:
        frames: How many it was given.
        quiet: Frames since the last label.
    """

    def __init__(self) -> None:
        self.frames = self.quiet = 0
        self._path: _Spoken | None = None
        self._last, self._total = 0, 0.0

    def advance(self, scores: Float[np.ndarray, "T K"]) -> None:
        """Take the log-probabilities of further frames; `ShapeError` unless they are `[T, K]`."""
        scores = _checked(scores)
        best = scores.argmax(axis=1)
        said = scores[np.arange(len(best)), best]
        for label, score in zip(best.tolist(), said.tolist(), strict=True):
            self._total += score
            if label:
                repeats = label == self._last
                self._path = _spoken(self._path, label, self.frames, math.exp(score), repeats)
            self.quiet = 0 if label else self.quiet + 1
            self._last = label
            self.frames += 1

    @property
    def labels(self) -> tuple[int, ...]:
        """What was said so far: this never changes, it only grows."""
        return () if self._path is None else tuple(one.label for one in self._path.listed())

    def answers(self) -> list[Labels]:
        """What was said, as the only answer."""
        return [_answer(self._path, self._total, self._total)]


class _Prefix:
    """A beginning of a label sequence.

    Attributes:
        labels: Of it.
        blank: Log-probability of its paths that end in a blank.
        spoken: Likewise of those that end in its last label.
        paths: The best single path of either kind: its log-probability and its labels' times.
        extra: What model, bonus and hotwords add.
        place: What the hotwords know of it.
        scores: What the language model says of the next token; None: it was not asked.
        state: Of the model before it reads the last label, of one row.
    """

    __slots__ = ("blank", "extra", "labels", "paths", "place", "scores", "spoken", "state")

    def __init__(self, labels: tuple[int, ...], extra: float, place: int, state: Any) -> None:
        self.labels, self.extra, self.place, self.state = labels, extra, place, state
        self.blank = self.spoken = _NEVER
        self.paths: list[tuple[float, _Spoken | None]] = [(_NEVER, None), (_NEVER, None)]
        self.scores: np.ndarray | None = None

    @property
    def total(self) -> float:
        """Log-probability of all its paths."""
        return _log_add(self.blank, self.spoken)

    def best(self) -> tuple[float, _Spoken | None]:
        """The best single path: of equals that which ends in a blank."""
        return max(self.paths, key=lambda one: one[0])

    def kept(self) -> _Prefix:
        """The same labels without a path, for the next frame."""
        new = _Prefix(self.labels, self.extra, self.place, self.state)
        new.scores = self.scores
        return new


class PrefixSearch:
    """The most probable label sequences over frames; see the module.

    With all labels followed (`least` 0) and as many beginnings as there are, probabilities are
    those of `elman.kernels.ctc.log_likelihoods`.

    >>> said = PrefixSearch()
    >>> said.advance(np.log([[0.6, 0.4], [0.6, 0.4]]))  # the best path is blank, and less probable
    >>> said.answers()[0].labels.tolist()
    [1]

    Args:
        options: How it looks; None: the defaults.
        model: A language model of the labels, or None.
        hotwords: What is made more likely, or None.

    Attributes:
        options: As given.
        frames: How many it was given.
        quiet: Frames since the last label of the best beginning.
    """

    def __init__(
        self,
        options: PrefixOptions | None = None,
        model: LabelModel | None = None,
        hotwords: Hotwords | None = None,
    ) -> None:
        self.options, self._model, self._hot = options or PrefixOptions(), model, hotwords
        self.frames = 0
        state = None if model is None else model.state
        first = _Prefix((), 0.0, 0 if hotwords is None else hotwords.begin, state)
        first.blank, first.paths[0] = 0.0, (0.0, None)
        self._open = [first]

    def advance(self, scores: Float[np.ndarray, "T K"]) -> None:
        """Take the log-probabilities of further frames; `ShapeError` unless they are `[T, K]`."""
        scores = _checked(scores)
        least = math.log(self.options.least) if self.options.least else _NEVER
        for frame in scores:
            follow = (np.flatnonzero(frame[1:] >= least) + 1).tolist()
            self._frame(frame.tolist(), follow)
            self.frames += 1

    @property
    def labels(self) -> tuple[int, ...]:
        """The best beginning so far: later frames may change it."""
        return self._open[0].labels

    @property
    def quiet(self) -> int:
        """Frames since the last label of the best beginning."""
        _, path = self._open[0].best()
        return self.frames - (0 if path is None else path.end)

    def answers(self) -> list[Labels]:
        """The `n_best` label sequences, as if no frame followed; the best one first."""
        self._ask_model(self._open)
        found = []
        for one in self._open:
            if one.total > _NEVER:
                value = one.total + one.extra + self._ended(one)
                found.append(_answer(one.best()[1], one.total, value))
        return sorted(found, key=lambda one: -one.value)[: self.options.n_best]

    # ---- a frame --------------------------------------------------------------------------------

    def _frame(self, said: list[float], follow: list[int]) -> None:
        self._ask_model(self._open if follow else ())
        found = {one.labels: one.kept() for one in self._open}
        for one in self._open:
            total, best = one.total, one.best()
            same, last = found[one.labels], one.labels[-1] if one.labels else 0
            same.blank = _log_add(same.blank, total + said[0])
            _follow(same, 0, best[0] + said[0], best[1])
            if last:
                same.spoken = _log_add(same.spoken, one.spoken + said[last])
                score, path = one.paths[1]
                if score > _NEVER:
                    longer = _spoken(path, last, self.frames, math.exp(said[last]), True)
                    _follow(same, 1, score + said[last], longer)
            for label in follow:
                before = one.blank if label == last else total
                if before == _NEVER:
                    continue
                new = self._continued(found, one, label)
                new.spoken = _log_add(new.spoken, before + said[label])
                score, path = one.paths[0] if label == last else best
                longer = _spoken(path, label, self.frames, math.exp(said[label]), False)
                _follow(new, 1, score + said[label], longer)
        ranked = sorted(found.values(), key=lambda one: -(one.total + one.extra))
        self._open = ranked[: self.options.beam_size]

    def _continued(self, found: dict[Any, _Prefix], one: _Prefix, label: int) -> _Prefix:
        """What comes of a beginning by a label: another one's, where that is there already."""
        labels = (*one.labels, label)
        new = found.get(labels)
        if new is None:
            extra, place = one.extra + self.options.length_bonus, one.place
            if self._model is not None and one.scores is not None:
                said = float(one.scores[self._model.tokens[label]])
                extra += self.options.model_weight * said
            if self._hot is not None:
                place, worth = self._hot.follow(place, label)
                extra += worth
            new = found[labels] = _Prefix(labels, extra, place, one.state)
        return new

    def _ended(self, one: _Prefix) -> float:
        """What is added where a text ends."""
        worth = 0.0 if self._hot is None else self._hot.broken(one.place)
        if self._model is not None and self._model.eos is not None and one.scores is not None:
            worth += self.options.model_weight * float(one.scores[self._model.eos])
        return worth

    def _ask_model(self, opened: Any) -> None:
        """Have the language model read the last labels of those of which it has not."""
        model = self._model
        asked = [] if model is None else [one for one in opened if one.scores is None]
        if model is None or not asked:
            return
        last = [model.tokens[one.labels[-1]] if one.labels else model.go for one in asked]
        state = join([one.state for one in asked]) if len(asked) > 1 else copy(asked[0].state)
        logits, state = model.step(np.array(last, np.int64), state)
        shifted = logits - logits.max(axis=1, keepdims=True)
        scores = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        for row, one in enumerate(asked):
            one.scores, one.state = scores[row], select(state, [row])


def _follow(prefix: _Prefix, kind: int, score: float, path: _Spoken | None) -> None:
    """Keep a single path where it is better than the one that is kept."""
    if score > prefix.paths[kind][0]:
        prefix.paths[kind] = (score, path)


def _spoken(path: _Spoken | None, label: int, frame: int, chance: float, repeats: bool) -> _Spoken:
    """A path with a label at a frame: the last one again, or a new one."""
    if repeats and path is not None:
        return path._replace(end=frame + 1, peak=max(path.peak, chance))
    return _Spoken(path, label, frame, frame + 1, chance)


def _answer(path: _Spoken | None, total: float, value: float) -> Labels:
    listed = [] if path is None else path.listed()
    frames = np.array([(one.start, one.end) for one in listed], np.int64).reshape(-1, 2)
    labels = np.array([one.label for one in listed], np.int64)
    return Labels(labels, frames, np.array([one.peak for one in listed]), total, value)


def _log_add(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    return a if b == _NEVER else a + math.log1p(math.exp(b - a))


def _checked(scores: Any) -> np.ndarray:
    scores = np.asarray(scores)
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ShapeError(
            "scores", f"found {list(scores.shape)}", "give [T, K] of 2 or more classes"
        )
    return scores.astype(np.float64)
