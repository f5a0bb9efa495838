"""One step of a language model for a search: by the compiled stepper where it knows the network."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.decoding import Drafted
from elman.errors import ArgumentError
from elman.runtime.network import Network, NetworkStepper
from elman.state import map_leaves

__all__ = ["Steps"]


class Steps:
    """A search's step function, and the states that it takes.

    Args:
        network: It streams.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._steppers: dict[int, NetworkStepper] = {}
        self._after: Any = None  # the state that the stepper used last stands at, as it was given
        try:
            self._steppers[1] = network.stepper(1)
            self._compiled = True
        except ArgumentError:  # a block or a cell steps in Python only
            self._compiled = False

    def state(self, chain_state: Any) -> Any:
        """The state of `Network.unroll` as this function takes it."""
        return self._network.recurrent_states(chain_state) if self._compiled else chain_state

    def __call__(self, tokens: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """See `elman.decoding.Step`."""
        if not self._compiled:
            return self._network.step_inputs(tokens, state)
        stepper = self._stepper_at(len(tokens), state)
        scores = stepper.step(tokens).copy()
        return scores, self._stand(stepper)

    def draft(
        self,
        tokens: np.ndarray,
        state: Any,
        uniforms: np.ndarray,
        temperature: float,
        never: np.ndarray,
        eos: int | None,
    ) -> Drafted | None:
        """See `elman.decoding.Drafting`."""
        if not self._compiled:
            return None
        stepper = self._stepper_at(len(tokens), state)
        written, said = np.empty(uniforms.shape, np.int64), np.empty(uniforms.shape)
        sizes = (uniforms.shape[1], stepper.outputs.shape[1])
        told = (temperature, never, -1 if eos is None else eos)
        steps = stepper.write(sizes, tokens, uniforms, *told, written, said)
        if steps < 0:
            self._after = None  # the stepper stands where the token was missing
            return None
        return Drafted(written[:, :steps], said[:, :steps], self._stand(stepper))

    def _stepper_at(self, rows: int, state: Any) -> NetworkStepper:
        """The stepper of so many rows, at a state that was given."""
        stepper = self._steppers.get(rows)
        if stepper is None:
            stepper = self._steppers[rows] = self._network.stepper(rows)
        if state is not self._after:
            stepper.reset(state)
        return stepper

    def _stand(self, stepper: NetworkStepper) -> Any:
        """A copy of the state that a stepper stands at."""
        self._after = map_leaves(np.copy, stepper.state)
        return self._after
