"""Tokens and their texts as they are written."""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Any, NamedTuple

from elman.decoding.hypotheses import Hypothesis
from elman.decoding.rules import Rules

__all__ = ["Texts", "Written"]


class Written(NamedTuple):
    """A token that was just written.

    Attributes:
        row: Of the batch.
        token: Its id, that of `<eos>` included; None: nothing was allowed.
        text: What the row's text grows by: no part of a character, and nothing past a stop string.
            None where the tokens' texts are not known.
        log_probability: The model's own, in nats.
        ended: As in `Answer`: "open" while the row goes on.
    """

    row: int
    token: int | None
    text: str | None
    log_probability: float
    ended: str


class Texts:
    """What each row's text grows by; together it is the text of its answer.

    Bytes wait until a character is whole, or until nothing can make one of them.

    Args:
        rules: Of the search, which know the tokens' texts.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._decoders: dict[int, Any] = {}

    def written(self, one: Hypothesis) -> Written:
        """A hypothesis that has just grown, or that nothing may follow."""
        grew = one.ended not in ("match", "nothing allowed")
        token, log_p = None, 0.0
        if grew:
            token = self._rules.eos if one.ended == "eos" else one.tokens[-1]
            log_p = one.log_probabilities[-1]
        new = 1 if grew and one.ended != "eos" else 0
        return Written(one.row, token, self._added(one, new), log_p, one.ended)

    def _added(self, one: Hypothesis, new: int) -> str | None:
        """The text of its last `new` tokens."""
        rules, before = self._rules, len(one.tokens) - new
        added = rules.text(one.tokens[before:], one.stopped and one.stopped.past)
        if not rules.of_bytes or added is None:
            return added
        if one.row not in self._decoders:
            self._decoders[one.row] = getincrementaldecoder("utf-8")("replace")
            self._decoders[one.row].decode(rules.text(one.tokens[:before]))
        return self._decoders[one.row].decode(added, one.ended != "open")
