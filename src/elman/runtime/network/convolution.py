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
        self.block = block
        flat = weights["weight"].reshape(block.units, block.width * features)
        bias = weights["bias"]
        if block.norm:  # by averages that stay, so all of it is one product
            scale = weights["gain"] / np.sqrt(weights["variance"] + np.float32(NORM_EPSILON))
            flat, bias = flat * scale[:, None], bias - weights["mean"] * scale
        self.product = Linear(np.ascontiguousarray(flat), bias)

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """A whole sequence."""
        assert flow.lengths is not None  # only steps are read
        found = ACTIVATIONS[self.block.activation](self.product(self._windows(flow.values)))
        lengths = -(-flow.lengths // self.block.pool)
        if self.block.pool > 1:
            found = self._largest(found, flow.lengths)
        real = real_steps(lengths, found.shape[1])[..., None]
        return flow._replace(values=np.where(real, found, np.float32(0)), lengths=lengths), state

    def _windows(self, values: np.ndarray) -> np.ndarray:
        """`[B, T, width · F]`, each window's steps in the order of time."""
        block, (batch, steps, features) = self.block, values.shape
        if not steps:
            return np.zeros((batch, 0, block.width * features), np.float32)
        around = (block.before, block.width - 1 - block.before)
        padded = np.pad(values, ((0, 0), around, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, block.width, axis=1)
        flat = np.ascontiguousarray(windows.swapaxes(2, 3))
        return flat.reshape(batch, steps, block.width * features)

    def _largest(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Of each few steps `[B, ceil(T / pool), units]`; past a length there is nothing."""
        batch, steps, units = values.shape
        count = -(-steps // self.block.pool)
        whole = np.full((batch, count * self.block.pool, units), -np.inf, np.float32)
        real = real_steps(lengths, steps)[..., None]
        whole[:, :steps] = np.where(real, values, np.float32(-np.inf))
        return whole.reshape(batch, count, self.block.pool, units).max(axis=2)
