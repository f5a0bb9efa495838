"""A cell that looks at a text, on NumPy arrays; twin of `elman.models.soft_window`."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import blueprint as plan
from elman.kernels.soft_window import WindowState, look
from elman.runtime.network.cells import Arrays, build_cell, hidden, real_steps, under
from elman.runtime.network.dense import Linear
from elman.runtime.network.flow import Flow
from elman.state import where

__all__ = ["SoftWindow"]


class SoftWindow:
    """Steps to steps; the state has the text, windows and what was seen beside the cell's own."""

    def __init__(self, block: plan.SoftWindow, features: int, weights: Arrays) -> None:
        self.block = block
        self.cell = build_cell(block.cell, under(weights, "cell."))
        self.windows = Linear(weights["weight"], weights["bias"])

    def initial_state(self, batch: int) -> WindowState:
        """Windows at the beginning of no text."""
        block = self.block
        place = np.zeros((batch, block.windows), np.float32)
        seen = np.zeros((batch, block.vocabulary), np.float32)
        text = np.full((batch, block.longest), -1, np.int64)
        return WindowState(self.cell.initial_state(batch), place, seen, text)

    def run(self, flow: Flow, state: WindowState, reverse: bool) -> tuple[Flow, WindowState]:
        """A whole sequence, step by step."""
        assert flow.lengths is not None  # only steps are read
        batch, steps = flow.values.shape[:2]
        real, after = real_steps(flow.lengths, steps), state
        values = np.zeros((batch, steps, self.block.output_features(0)), np.float32)
        for t in range(int(flow.lengths.max(initial=0))):
            said, new = self._step(flow.values[:, t], after)
            after = where(real[:, t], new, after)
            values[:, t] = np.where(real[:, t, None], said, np.float32(0))
        return flow._replace(values=values, hidden=hidden(after)), after

    def step(self, flow: Flow, state: WindowState) -> tuple[Flow, WindowState]:
        """One step."""
        values, after = self._step(flow.values, state)
        return flow._replace(values=values, hidden=hidden(after)), after

    def _step(self, inputs: np.ndarray, state: WindowState) -> tuple[np.ndarray, WindowState]:
        before: Any = state
        inner, after = self.cell(np.concatenate([inputs, before.seen], axis=1), before.cell)
        raw = self.windows(inner)
        seen, place, _ = look(raw, before.place, before.text, self.block.vocabulary)
        outputs = np.concatenate([inner, seen], axis=1)
        return outputs, WindowState(after, place, seen, before.text)
