"""Several tokens at once, where a step function can write without being asked at each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from jaxtyping import Float, Int

from elman.decoding.hypotheses import Hypothesis
from elman.decoding.rules import Rules
from elman.decoding.sampling import Draws

__all__ = ["Drafted", "Drafting", "draft"]

_TOKENS = 64  # of a row at once


class Drafted(NamedTuple):
    """What was written.

    Attributes:
        tokens: `[B, n]`, n ≥ 1; of some row the last one may be `<eos>`.
        log_probabilities: `[B, n]`, of each, in nats.
        state: After all but the last tokens were read.
    """

    tokens: Int[np.ndarray, "B n"]
    log_probabilities: Float[np.ndarray, "B n"]
    state: Any


class Drafting(Protocol):
    """A step function that can write several tokens by itself."""

    def draft(
        self,
        tokens: Int[np.ndarray, "B"],
        state: Any,
        uniforms: Float[np.ndarray, "B n"],
        temperature: float,
        never: Int[np.ndarray, "M"],
        eos: int | None,
    ) -> Drafted | None:
        """Read each row's last token, draw one by its number, and so on, until a row has ended.

        What is drawn, and the bits of its log-probability, are those of a step and `token_at`.

        Args:
            tokens: The last of each row.
            state: Before they are read; not written to.
            uniforms: What to draw by: n tokens at most.
            temperature: 0: the most probable tokens; `uniforms` have no say.
            never: Tokens that are not written.
            eos: What ends a row, or None.

        Returns:
            None where it cannot: then the steps are taken one by one.
        """
        ...


def draft(
    step: Any,
    opened: Sequence[Hypothesis],
    go: Sequence[int],
    state: Any,
    rules: Rules,
    draws: Draws,
    row_ids: Sequence[int],
) -> Drafted | None:
    """What a step function writes by itself behind some texts; None where it has to be asked.

    Args:
        step: Of the search.
        opened: The texts, all open.
        go: What stands before a row's first token.
        state: Of the texts.
        rules: What may follow.
        draws: The numbers to draw by.
        row_ids: The rows', for them.
    """
    options = rules.options
    alone = rules.idle and options.beam_size == 1 and (options.greedy or options.plain)
    if not alone or not hasattr(step, "draft"):
        return None
    size = min(_TOKENS, *(options.max_length - len(one.tokens) for one in opened))
    if options.greedy:
        numbers = [[0.0] * size for _ in opened]
    else:
        numbers = [draws.next(row_ids[one.row], len(one.tokens), size) for one in opened]
        size = min(map(len, numbers))
        numbers = [row[:size] for row in numbers]
    last = [one.tokens[-1] if one.tokens else go[one.row] for one in opened]
    temperature = 1.0 if options.temperature is None else float(options.temperature)
    never = rules.never.astype(np.int64)
    told = (np.array(numbers), temperature, never, rules.eos)
    return step.draft(np.array(last, dtype=np.int64), state, *told)
