"""Convolution on NumPy arrays; the twin of `elman.models.convolution`."""

from __future__ import annotations

import numpy as np

from elman import blueprint as plan
from elman.kernels.contract import NORM_EPSILON
from elman.runtime.network.cells import Arrays, real_steps
from elman.runtime.network.dense import ACTIVATIONS, Linear
from elman.runtime.network.flow import Flow

__all__ = ["Convolution"]


class Convolution:
    """A dense layer on windows of steps, which reach ahead: so there is no `step`."""

    def __init__(self, block: plan.Convolution, features: int, weights: Arrays) -> None:
        self.block, self.weights = block, weights
        flat = weights["weight"].reshape(block.units, block.width * features)
        self.product = Linear(np.ascontiguousarray(flat), weights["bias"])

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """A whole sequence."""
        assert flow.lengths is not None  # only steps are read
        found = self.product(self._windows(flow.values))
        if self.block.norm:
            found = self._normal(found)
        found = ACTIVATIONS[self.block.activation](found)
        lengths = -(-flow.lengths // self.block.stride)
        real = real_steps(lengths, found.shape[1])[..., None]
        return flow._replace(values=np.where(real, found, np.float32(0)), lengths=lengths), state

    def _windows(self, values: np.ndarray) -> np.ndarray:
        """`[B, ceil(T / stride), width · F]`, each window's steps in the order of time."""
        block, (batch, steps, features) = self.block, values.shape
        if not steps:
            return np.zeros((batch, 0, block.width * features), np.float32)
        around = (block.before, block.width - 1 - block.before)
        padded = np.pad(values, ((0, 0), around, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, block.width, axis=1)
        chosen = windows[:, :: block.stride].swapaxes(2, 3)
        return np.ascontiguousarray(chosen).reshape(batch, -1, block.width * features)

    def _normal(self, values: np.ndarray) -> np.ndarray:
        deviation = values - values.mean(axis=-1, keepdims=True)
        variance = np.square(deviation).mean(axis=-1, keepdims=True)
        scale = 1 / np.sqrt(variance + np.float32(NORM_EPSILON))
        return deviation * scale * self.weights["gain"] + self.weights["shift"]
