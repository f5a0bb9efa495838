"""What a network writes: a decoder over what was read once, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.errors import ArgumentError, ShapeError
from elman.kernels.attention import Memory
from elman.runtime.network.blocks import Chain

__all__ = ["Decoder"]


class Decoder:
    """Steps of a decoder over sources that were read; `Network.decoder` makes it.

    It is an `elman.decoding.Step`. Its states are selected, joined and saved by row
    (`elman.state`): a row says by its number which source it looks at. So a state goes on with any
    decoder that was made of the same sources.

    Attributes:
        state: From which it writes, a row for each source: the sources' numbers `[B]` int64, and
            the states of the decoder's blocks.
    """

    def __init__(
        self,
        chain: Chain,
        state: Any,
        memory: Memory | None,
        beside: np.ndarray | None,
        check: Callable[[Any, Any], tuple[np.ndarray, Any]],
    ) -> None:
        self._chain, self._memory, self._check = chain, memory, check
        self._beside = beside
        self._sources = len(state[0])
        self.state = state

    def __call__(
        self, tokens: Int[np.ndarray, "B"], state: Any
    ) -> tuple[Float[np.ndarray, "B V"], Any]:
        """One step: what to write after `tokens`.

        Args:
            tokens: `[B]` the token that was written last, the blueprint's `go` at first.
            state: `state` (or rows of it), or from the step before.

        Returns:
            A score `[B, V]` for each token (before softmax), and the state after the step.

        Raises:
            ShapeError: The tokens or the state do not fit.
            ArgumentError: A token id is outside its range, or a row is of a source that there is
                not.
        """
        ids, (sources, before) = self._check(tokens, state)
        if sources.dtype.kind not in "iu":
            raise ShapeError("state", f"found sources of {sources.dtype}", "give integers")
        if len(sources) and not 0 <= sources.min() <= sources.max() < self._sources:
            row = int(np.argmax((sources < 0) | (sources >= self._sources)))
            found, expected = f"found source {sources[row]}", f"one of {self._sources}, from 0 on"
            raise ArgumentError(f"state[{row}]", found, expected)
        beside = None if self._beside is None else self._beside[sources]
        scores, after = self._chain.step(ids, before, self._memory, sources, beside)
        return scores, (sources, after)
