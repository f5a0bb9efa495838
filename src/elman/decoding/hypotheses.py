"""Beginnings of texts, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elman.decoding.options import SearchOptions
from elman.decoding.rules import Progress, Rules, Stopped

__all__ = ["ENDINGS", "Answer", "Hypothesis", "best_of"]

ENDINGS = ("open", "eos", "stop", "match", "bound", "nothing allowed")
"""Why a text ended. In a file their places stand for them: new ones come last."""
_FINISHED = ("eos", "stop", "match")


@dataclass(frozen=True, eq=False)
class Answer:
    """A text that was written.

    Attributes:
        tokens: int64, without `<eos>`.
        log_probabilities: float64, the model's own of each token in nats, whatever the temperature
            and the constraints; that of `<eos>` comes last, where the text ended with it.
        log_probability: Their sum.
        value: What it was ranked by (`SearchOptions.value`).
        ended: "eos"; "stop": with a stop string; "match": the text matches the expression and
            nothing may follow, where there is no `<eos>`; "bound": at the maximum length;
            "nothing allowed": the constraints, or a probability of 0, left no token; "open": not
            yet.
        text: Up to the end of the stop string; bytes that are no UTF-8 as U+FFFD. None where the
            tokens' texts are not known.
        stop: The stop string, or None.
        cut: What stood past it in the last token, and is not in `text`.
        unmet: What was asked for and is not so, in sentences.
    """

    tokens: np.ndarray
    log_probabilities: np.ndarray
    log_probability: float
    value: float
    ended: str
    text: str | None = None
    stop: str | None = None
    cut: str = ""
    unmet: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether it came to an end of its own."""
        return self.ended in _FINISHED


class Hypothesis:
    """A beginning of a text.

    Attributes:
        row: Whose it is.
        slot: Its place in the row's beam.
        tokens: Without `<eos>`.
        log_probabilities: The model's, of each token, `<eos>` included.
        total: Their sum.
        score: The same after `repetition_penalty`: what it is ranked by.
        progress: What the rules know of it.
        ended: One of `ENDINGS`.
        stopped: The stop string that it ended with.
    """

    __slots__ = (
        "ended",
        "log_probabilities",
        "progress",
        "row",
        "score",
        "slot",
        "stopped",
        "tokens",
        "total",
    )

    def __init__(self, row: int, progress: Progress | None) -> None:
        self.row, self.slot, self.progress = row, 0, progress
        self.tokens: list[int] = []
        self.log_probabilities: list[float] = []
        self.total = self.score = 0.0
        self.ended = "open"
        self.stopped: Stopped | None = None

    def copy(self) -> Hypothesis:
        """Another one that shares nothing that changes."""
        new = Hypothesis(self.row, None if self.progress is None else self.progress.copy())
        new.slot, new.total, new.score = self.slot, self.total, self.score
        new.tokens, new.log_probabilities = self.tokens.copy(), self.log_probabilities.copy()
        new.ended, new.stopped = self.ended, self.stopped
        return new

    def grow(self, token: int, log_p: float, score: float, rules: Rules) -> None:
        """Add a token.

        Args:
            token: Its id.
            log_p: Its log-probability.
            score: What `score` becomes.
            rules: What ends it, beside `<eos>`.
        """
        self.log_probabilities.append(log_p)
        self.total += log_p
        self.score = score
        if token == rules.eos:
            self.ended = "eos"
            return
        self.tokens.append(token)
        if self.progress is not None:
            self.stopped = rules.follow(self.progress, self.tokens)
        if self.stopped is not None:
            self.ended = "stop"
        elif len(self.tokens) >= rules.options.max_length:
            self.ended = "bound"

    @property
    def finished(self) -> bool:
        """See `Answer`."""
        return self.ended in _FINISHED

    def value(self, options: SearchOptions) -> float:
        """See `Answer`."""
        return options.value(self.score, len(self.log_probabilities))

    def answer(self, rules: Rules) -> Answer:
        """As it stands."""
        stopped = self.stopped
        past = None if stopped is None else stopped.past
        text = rules.text(self.tokens, past)
        return Answer(
            np.array(self.tokens, dtype=np.int64),
            np.array(self.log_probabilities, dtype=np.float64),
            self.total,
            self.value(rules.options),
            self.ended,
            None if text is None else _decoded(text),
            None if stopped is None else stopped.string,
            _decoded(past or ""),
            () if self.ended == "open" else rules.unmet(self.progress, stopped is not None),
        )


def _decoded(content: str | bytes) -> str:
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else content


def best_of(hypotheses: Sequence[Hypothesis], options: SearchOptions) -> list[Hypothesis]:
    """The `n_best`: those that are finished before others, then by value; the first of equals."""
    ranked = sorted(hypotheses, key=lambda one: (not one.finished, -one.value(options)))
    return ranked[: options.n_best]
