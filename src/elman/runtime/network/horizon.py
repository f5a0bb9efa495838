"""Blocks that read whole windows, on NumPy arrays; twins of `elman.models.horizon`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from elman import blueprint as plan
from elman.errors import ShapeError
from elman.kernels.recall import RECALL_SHARPNESS, recallable
from elman.runtime.network.cells import Arrays, build_cell, under, unroll
from elman.runtime.network.dense import linear
from elman.runtime.network.flow import Flow
from elman.state import map_leaves

__all__ = ["Recall", "WindowBlock", "flatten", "parallel", "segments", "tail"]

Values = Float[np.ndarray, "B T F"]


class WindowBlock:
    """A block that answers for a window once it is there, so there is no `step`.

    Args:
        answer: Steps `[B, T, F]` and the lengths `[B]` to the block's values.
        length: Steps of the segments that it makes; None: it makes none.
    """

    def __init__(
        self,
        answer: Callable[[np.ndarray, np.ndarray], np.ndarray],
        length: int | None = None,
    ) -> None:
        self.answer = answer
        self.length = length

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """Whole windows; `ShapeError` if their steps do not fit."""
        assert flow.lengths is not None  # only steps are read
        values = self.answer(flow.values, flow.lengths)
        if values.ndim == 2:
            return Flow(values), state
        made = flow.segments
        if self.length is not None:
            batch, steps, features = flow.values.shape
            made = flow.values.reshape(batch, steps // self.length, self.length, features)
        lengths = np.full(len(values), values.shape[1], np.int64)
        return Flow(values, lengths, segments=made), state


class Recall:
    """A dense layer and a mixture of the segments read."""

    def __init__(self, block: plan.Recall, features: int, weights: Arrays) -> None:
        self.block, self.weights = block, weights

    def initial_state(self, batch: int) -> tuple[()]:
        """None is needed."""
        return ()

    def run(self, flow: Flow, state: tuple[()], reverse: bool) -> tuple[Flow, tuple[()]]:
        """Whole windows; `ShapeError` if positions or segments do not fit."""
        assert flow.lengths is not None  # only steps are read
        block, weights, values = self.block, self.weights, flow.values
        _check_windows(values, flow.lengths, "Recall")
        parts = recallable(block, values, flow.segments)
        parts = parts.reshape(*parts.shape[:2], block.length * block.targets)
        nothing = np.zeros(block.segments, np.float32)
        scores = linear(values, weights["mix_weight"], nothing) + weights["mix_bias"]
        scores *= np.float32(RECALL_SHARPNESS)
        share = np.exp(scores - scores.max(axis=-1, keepdims=True))
        share /= share.sum(axis=-1, keepdims=True)
        mixed = np.zeros((*values.shape[:2], parts.shape[2]), np.float32)
        for n in range(block.segments):  # in order, so a row's sums do not depend on the batch
            mixed += share[:, :, n, None] * parts[:, None, n]
        numbers = linear(values, weights["weight"], weights["bias"])
        each = numbers.reshape(*mixed.shape, block.parameters)
        each[..., : block.shifted] += mixed[..., None]
        return flow._replace(values=numbers, segments=None), state


def segments(block: plan.Segments, features: int, weights: Arrays) -> WindowBlock:
    """Every so many steps become one."""
    length, changing = block.length, features - block.static

    def answer(values: Values, lengths: np.ndarray) -> np.ndarray:
        batch, steps = _check_windows(values, lengths, "Segments")
        if steps % length:
            raise ShapeError("steps", f"found {steps}", f"give a multiple of {length}")
        parts = values.reshape(batch, steps // length, length, features)
        joined = parts[..., :changing].reshape(batch, steps // length, length * changing)
        return np.concatenate([joined, parts[:, :, -1, changing:]], axis=2)

    return WindowBlock(answer, length)


def tail(block: plan.Tail, features: int, weights: Arrays) -> WindowBlock:
    """The last steps of each row."""

    def answer(values: Values, lengths: np.ndarray) -> np.ndarray:
        shortest = lengths.min(initial=values.shape[1])
        if shortest < block.steps:
            raise ShapeError("steps", f"found a row of {shortest}", f"give {block.steps} or more")
        last = lengths[:, None] - block.steps + np.arange(block.steps)
        return values[np.arange(len(values))[:, None], last]

    return WindowBlock(answer)


def flatten(block: plan.Flatten, features: int, weights: Arrays) -> WindowBlock:
    """All features of a window as one vector."""

    def answer(values: Values, lengths: np.ndarray) -> np.ndarray:
        batch, steps = _check_windows(values, lengths, "Flatten")
        if steps != block.steps:
            raise ShapeError("steps", f"found {steps}", f"give {block.steps}")
        return values.reshape(batch, steps * features)

    return WindowBlock(answer)


def parallel(block: plan.Parallel, features: int, weights: Arrays) -> WindowBlock:
    """Cells read a window, then take one step for each of m later positions at once."""
    cells = [
        build_cell(config, under(weights, f"cells.{index}."))
        for index, config in enumerate(block.cells)
    ]
    position, count = weights["position"], block.steps

    def answer(values: Values, lengths: np.ndarray) -> np.ndarray:
        batch, steps = _check_windows(values, lengths, "Parallel")
        read = steps - count if block.ahead else steps
        if read < 0:
            raise ShapeError("steps", f"found {steps}", f"give {count} or more, known ahead")
        outputs, lengths = np.ascontiguousarray(values[:, :read]), np.full(batch, read)
        fed = position + values[:, read:] if block.ahead else np.tile(position, (batch, 1))
        fed = fed.reshape(batch * count, features)
        for cell in cells:
            outputs, state = unroll(cell, outputs, cell.initial_state(batch), lengths)
            fed, _ = cell(fed, map_leaves(lambda leaf: np.repeat(leaf, count, axis=0), state))
        return fed.reshape(batch, count, fed.shape[1])

    return WindowBlock(answer)


def _check_windows(values: np.ndarray, lengths: np.ndarray, block: str) -> tuple[int, int]:
    """Rows and steps, if all steps are real."""
    batch, steps = values.shape[:2]
    if np.any(lengths < steps):
        row = int(np.argmax(lengths < steps))
        raise ShapeError(
            f"lengths[{row}]",
            f"found {lengths[row]} of {steps} steps before {block}",
            "give windows of one length",
        )
    return batch, steps
