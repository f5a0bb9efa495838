"""Samples to frames to steps, as they come: each stage keeps what it needs of what went before.

A stage has `push(values) -> values` and `finish() -> values`. What it gives does not depend on how
its values were cut, for every frame is made of the same values by the same operations.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from jaxtyping import Float

from elman.kernels.philox import uniform

__all__ = ["Deltas", "Framer", "RunningMean", "Stacker", "Stage"]

_DITHER = 17  # of Philox's streams, the one for what is added to samples
_REACH = 2  # frames on either side that a difference is made of


class Stage(Protocol):
    """What makes values of values as they come."""

    def push(self, values: np.ndarray) -> np.ndarray:
        """What is known once these have come."""
        ...

    def finish(self) -> np.ndarray:
        """The rest, after the last."""
        ...


class Framer:
    """Samples to windows of samples `[n, window]`.

    Args:
        window: Samples of a window.
        hop: From one to the next, at most `window`.
        reflect: Whether windows are centred on their hops, the signal being reflected at both
            ends; else only those count that lie in the signal.
        dither: Deviation of what is added to each sample, normally distributed and a function of
            the sample's index alone.
    """

    def __init__(self, window: int, hop: int, reflect: bool, dither: float) -> None:
        self._window, self._hop, self._dither = window, hop, dither
        self._before = window // 2 - hop // 2 if reflect else 0
        self._reflect, self._begun = reflect, not self._before
        self._pending = np.zeros(0)
        self._recent = np.zeros(0)  # for the reflection at the end
        self._samples = self._frames = 0

    def push(self, values: Float[np.ndarray, " S"]) -> Float[np.ndarray, "n W"]:
        """The windows that are whole with these samples."""
        values = values.astype(np.float64)
        if self._dither:
            values = values + self._dither * _normal(self._samples, len(values))
        self._samples += len(values)
        self._pending = np.concatenate([self._pending, values])
        if self._reflect:
            self._recent = np.concatenate([self._recent, values])[-self._window :]
        if not self._begun:
            if self._samples < self._before:
                return self._cut()[:0]
            self._begin()
        return self._take()

    def finish(self) -> Float[np.ndarray, "n W"]:
        """The windows that reach beyond the end: none unless they are `reflect`ed."""
        frames = (self._samples + self._hop // 2) // self._hop
        if not self._reflect or not frames:
            return self._cut()[:0]
        if not self._begun:
            self._begin()
        past = (frames - 1) * self._hop - self._before + self._window - self._samples
        if past > 0:
            more = np.pad(self._recent, (0, past), "symmetric")[len(self._recent) :]
            self._pending = np.concatenate([self._pending, more])
        left = frames - self._frames
        return self._take()[:left]

    def _begin(self) -> None:
        self._begun = True
        self._pending = np.pad(self._pending, (self._before, 0), "symmetric")

    def _cut(self) -> np.ndarray:
        """Views of all whole windows."""
        if len(self._pending) < self._window:
            return np.zeros((0, self._window))
        views = np.lib.stride_tricks.sliding_window_view(self._pending, self._window)
        return views[:: self._hop]

    def _take(self) -> np.ndarray:
        found = self._cut()
        self._frames += len(found)
        self._pending = self._pending[len(found) * self._hop :]
        return found


class RunningMean:
    """Frames less the mean of those so far, of which old ones fade.

    The mean is that of all frames while they are fewer than `frames`, then an exponential one:
    m ← m + (x - m) / min(count, frames). A frame counts in its own mean.
    """

    def __init__(self, size: int, frames: int) -> None:
        self._mean, self._count, self._most = np.zeros(size), 0, frames

    def push(self, values: Float[np.ndarray, "n C"]) -> Float[np.ndarray, "n C"]:
        """The same frames, each less its mean."""
        found = np.empty_like(values)
        for n, frame in enumerate(values):
            self._count = min(self._count + 1, self._most)
            self._mean = self._mean + (frame - self._mean) / self._count
            found[n] = frame - self._mean
        return found

    def finish(self) -> Float[np.ndarray, "n C"]:
        """No frames."""
        return np.zeros((0, len(self._mean)))


class Deltas:
    """Frames with their differences over time beside them, first ones and perhaps second ones.

    A first difference is Σ n (x[t+n] - x[t-n]) / (2 Σ n²) over n = 1, 2, a second one the same of
    first ones; beyond the ends the outermost frame stands (Kaldi's convention, which applies the
    two as one filter). So each order waits for two more frames.
    """

    def __init__(self, size: int, orders: int) -> None:
        self._reach = _REACH * orders
        self._filters = np.stack(_difference_filters(orders), axis=1)
        self._pending: np.ndarray | None = None
        self._size = size

    def push(self, values: Float[np.ndarray, "n C"]) -> Float[np.ndarray, "m D"]:
        """The frames whose right neighbours are known."""
        if not len(values):
            return self._none()
        before = self._pending
        if before is None:
            before = np.repeat(values[:1], self._reach, axis=0)
        return self._take(np.concatenate([before, values]))

    def finish(self) -> Float[np.ndarray, "m D"]:
        """The last frames."""
        if self._pending is None:
            return self._none()
        return self._take(
            np.concatenate([self._pending, np.repeat(self._pending[-1:], self._reach, axis=0)])
        )

    def _none(self) -> np.ndarray:
        return np.zeros((0, self._size * (1 + self._filters.shape[1])))

    def _take(self, pending: np.ndarray) -> np.ndarray:
        wide = 2 * self._reach + 1
        self._pending = pending[-(wide - 1) :]
        if len(pending) < wide:
            self._pending = pending
            return self._none()
        views = np.lib.stride_tricks.sliding_window_view(pending, wide, axis=0)
        found = np.einsum("ncw,wo->noc", views, self._filters)
        frames = pending[self._reach : len(pending) - self._reach]
        return np.concatenate([frames, found.reshape(len(frames), -1)], axis=1)


class Stacker:
    """Several frames beside each other as a step.

    Step k has the frames from k · stride on. Where frames are left that stand in no step, a last
    step has them, filled with copies of the last frame.
    """

    def __init__(self, size: int, stack: int, stride: int) -> None:
        self._size, self._stack, self._stride = size, stack, stride
        self._pending = np.zeros((0, size))
        self._skip = 0  # of the frames that come: they are between steps
        self._covered = True  # whether the last frame stands in a step

    def push(self, values: Float[np.ndarray, "n C"]) -> Float[np.ndarray, "m D"]:
        """The steps that are whole with these frames."""
        passed = min(self._skip, len(values))
        self._skip -= passed
        kept = values[passed:]
        if len(kept):
            self._covered = False
        self._pending = np.concatenate([self._pending, kept])
        if len(self._pending) < self._stack:
            return np.zeros((0, self._size * self._stack))
        views = np.lib.stride_tricks.sliding_window_view(self._pending, self._stack, axis=0)
        found = views[:: self._stride].transpose(0, 2, 1)
        found = found.reshape(len(found), self._size * self._stack)
        used = len(found) * self._stride
        self._covered = used - self._stride + self._stack >= len(self._pending)
        self._skip = max(used - len(self._pending), 0)
        self._pending = self._pending[used:]
        return found

    def finish(self) -> Float[np.ndarray, "m D"]:
        """A step of what is left, if something is."""
        if self._covered or not len(self._pending):
            return np.zeros((0, self._size * self._stack))
        filling = np.repeat(self._pending[-1:], self._stack - len(self._pending), axis=0)
        return np.concatenate([self._pending, filling]).reshape(1, -1)


def _difference_filters(orders: int) -> list[np.ndarray]:
    """The filter of each order, all as long as the longest."""
    first = np.arange(-_REACH, _REACH + 1) / (2.0 * sum(n * n for n in range(1, _REACH + 1)))
    filters, found = [], np.ones(1)
    for order in range(1, orders + 1):
        found = np.convolve(found, first)
        filters.append(np.pad(found, _REACH * (orders - order)))
    return filters


def _normal(start: int, count: int) -> np.ndarray:
    """Standard normal numbers `[count]`, functions of their index (Box and Muller's)."""
    steps = np.arange(start, start + count, dtype=np.int64)[None]
    drawn = np.asarray(uniform(np.zeros(1, np.int64), steps, 2, _DITHER), np.float64)[0]
    return np.sqrt(-2.0 * np.log1p(-drawn[:, 0])) * np.cos(2 * np.pi * drawn[:, 1])
