"""Time series cut into windows that are never copied: where each begins, and how a batch is read.

Letters: N series, R rows (all series' steps, one series after the other), W windows, B of them in
a batch, L input steps, H steps of the horizon, K targets, D features of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from elman.errors import ArgumentError, DataError
from elman.printable import closest

__all__ = ["TRAITS", "Normalisation", "Prepared", "WindowBatch", "WindowReader", "Windows", "cut"]

Normalisation = Literal["none", "last", "season", "mean", "standard"]

TRAITS = 3  # features that tell what a window of one target is like

_LEAST_CHANGE = np.float32(0.01)  # of normalised values, from season to season
_TINY = 1e-5  # of the level, or of 1 where that is larger: below it a deviation is rounding


@dataclass(frozen=True, eq=False)
class Windows:
    """Where each window begins. A window is L + H rows of one series, without a gap.

    Attributes:
        input_steps: L: inputs are the rows start … start + L - 1.
        horizon: H: targets are the rows start + L … start + L + H - 1.
        starts: `[W]` int64, the row of each window's first input step.
        series: `[W]` int32, which series each window is of.
        crossing: How many windows were left out because a gap lies in them.
        empty: How many because none of their inputs was observed.
    """

    input_steps: int
    horizon: int
    starts: Int[np.ndarray, "W"]
    series: Int[np.ndarray, "W"]
    crossing: int
    empty: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    def where_observed(self, observed: Bool[np.ndarray, "R"]) -> Windows:
        """Those in whose L input steps a row was observed."""
        seen = np.concatenate(([0], np.cumsum(observed)))
        kept = seen[self.starts + self.input_steps] > seen[self.starts]
        if kept.all():
            return self
        empty = self.empty + int((~kept).sum())
        return replace(self, starts=self.starts[kept], series=self.series[kept], empty=empty)

    def ahead(self) -> Int[np.ndarray, "W H"]:
        """The rows of each window's horizon."""
        return self.starts[:, None] + self.input_steps + np.arange(self.horizon)


def cut(
    offsets: Int[np.ndarray, "N+1"],
    history: Int[np.ndarray, "N"],
    gap_before: Bool[np.ndarray, "R"],
    *,
    input_steps: int,
    horizon: int,
    stride: int = 1,
    first: Int[np.ndarray, "N"] | None = None,
    last: Int[np.ndarray, "N"] | None = None,
) -> Windows:
    """Every possible window once, series after series, each in the order of time.

    >>> no_gap = np.zeros(7, dtype=bool)
    >>> cut(np.array([0, 7]), np.array([7]), no_gap, input_steps=3, horizon=2, stride=2).starts
    array([0, 2])

    Args:
        offsets: The rows of series n are `offsets[n]` … `offsets[n + 1] - 1`.
        history: So many of each series' rows, from its first, may be in windows.
        gap_before: Whether steps are missing between a row and the row before it.
        input_steps: L, ≥ 1.
        horizon: H, ≥ 1.
        stride: Steps from one window of a series to the next, ≥ 1, counted back from the last
            place that a window has in the series, which so is never left out for the stride.
        first: For each series the first row, counted within the series, that may be a target;
            None: any.
        last: Likewise the row after the last one.

    Raises:
        ArgumentError: A number is not whole, or below 1.
    """
    for name, number in (("input_steps", input_steps), ("horizon", horizon), ("stride", stride)):
        if not isinstance(number, Integral) or number < 1:
            raise ArgumentError(name, f"found {number}", "a whole number of at least 1")
    # Of the windows' first targets, counted within each series: the earliest and the latest.
    earliest = np.maximum(input_steps, 0 if first is None else first)
    latest = (history if last is None else np.minimum(history, last)) - horizon
    counts = np.maximum(0, (latest - earliest) // stride + 1)
    begin = offsets[:-1] + latest - (counts - 1) * stride - input_steps
    before = np.cumsum(counts) - counts
    # In place: there may be ten millions of windows.
    starts = np.arange(counts.sum(), dtype=np.int64)
    starts *= stride
    starts += np.repeat(begin - before * stride, counts)
    series = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    total = len(starts)
    if gap_before.any():
        gaps = np.cumsum(gap_before)  # up to each row
        whole = gaps[starts + (input_steps + horizon - 1)] == gaps[starts]
        starts, series = starts[whole], series[whole]
    return Windows(input_steps, horizon, starts, series, total - len(starts))


@dataclass(frozen=True, eq=False)
class Prepared:
    """Series as a network reads them, scaled; made once, and read by every window.

    Attributes:
        values: float32 `[R, D]`. A step's features, zero where a value is missing: K targets; if
            asked for, K flags that are 1 where those were observed; past covariates, and their
            flags; covariates known ahead; static ones.
        targets: float32 `[R, K]`, not a number where missing.
        series: int32 `[R]`, which series each row is of.
        unknown: So many features from the first on are not known ahead: targets, past
            covariates, and their flags.
        known: So many features after those are known ahead, but change from step to step.
    """

    values: Float[np.ndarray, "R D"]
    targets: Float[np.ndarray, "R K"]
    series: Int[np.ndarray, "R"]
    unknown: int
    known: int


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """Some windows, as arrays of their own.

    Attributes:
        inputs: float32 `[B, T, D]`; T is L, or L + H where the horizon's steps are read, too.
        targets: float32 `[B, H, K]`, normalised, not a number where missing; or `[B, L, K]`, for
            each step the next one's.
        level: float32 `[B, K]`.
        spread: float32 `[B, K]`, positive. Scaled value = normalised value * spread + level.
        starts: `[B]`, the row of each window's first input step.
    """

    inputs: Float[np.ndarray, "B T D"]
    targets: Float[np.ndarray, "B S K"]
    level: Float[np.ndarray, "B K"]
    spread: Float[np.ndarray, "B K"]
    starts: Int[np.ndarray, "B"]


class WindowReader:
    """Reads windows, batch by batch. All that a window's inputs say was known at its last one.

    Args:
        prepared: The rows.
        windows: Where they begin.
        ahead: The horizon's H steps follow the L input steps: covariates known ahead and static
            ones as they are, all else zero.
        shift_known: A network learns at each of the L steps what the next value is: targets are
            `[B, L, K]`, and covariates known ahead are those of the step that is to be told.
        window_scaling: How each window's targets are brought to a like size, from the values
            observed in its L input steps alone. "none": not at all. "last": level is the last of
            them. "season": level is the mean of their last season.
            "mean": spread is their mean size. "standard": level and spread are their mean and
            standard deviation. Level 0 and spread 1 where nothing says otherwise; spread 1, too,
            where the deviation is only rounding: at most 1e-5, or 1e-5 of the level.
        season: Its steps, ≥ 1.
        base: What is said of each window by something else, `[B, H, K]` of a `WindowBatch`: what
            is to be told is only what that leaves. None: all.
        traits: Each step has 3 K static features more: what normalising took from the window (its
            level, and the log of its spread) and how much it changes from season to season (the
            log of the normalised values' mean change).

    Attributes:
        prepared, windows, ahead, shift_known, window_scaling, season, traits, base: As they were
            given.
        steps: T of the inputs.

    Raises:
        ArgumentError: `window_scaling` is none of these, or `ahead` and `shift_known` are both
            asked.
        DataError: There is no window.
    """

    def __init__(
        self,
        prepared: Prepared,
        windows: Windows,
        *,
        ahead: bool,
        shift_known: bool,
        window_scaling: Normalisation,
        season: int = 1,
        traits: bool = False,
        base: Callable[[WindowBatch], Float[np.ndarray, "B H K"]] | None = None,
    ) -> None:
        if window_scaling not in get_args(Normalisation):
            expected = closest(window_scaling, get_args(Normalisation))
            raise ArgumentError("window_scaling", f"found {window_scaling!r}", expected)
        if ahead and shift_known:
            raise ArgumentError("shift_known", "found with ahead", "one of them")
        if not len(windows):
            expected = "longer series, or shorter windows"
            if windows.crossing:
                expected += "; or gaps='mask', which reads missing steps as missing"
            raise DataError("windows", _why_none(windows), expected)
        self.prepared, self.windows = prepared, windows
        self.ahead, self.shift_known = ahead, shift_known
        self.window_scaling: Normalisation = window_scaling
        self.season, self.traits, self.base = season, traits, base
        whole = windows.input_steps + windows.horizon
        self.steps = whole if ahead else windows.input_steps
        # One block of memory a window: gathering copies whole blocks, not single steps.
        self._values = _blocks(prepared.values, self.steps)
        self._targets = _blocks(prepared.targets, whole)

    def __len__(self) -> int:
        return len(self.windows)

    def batch(self, rows: Int[np.ndarray, "B"]) -> WindowBatch:
        """The windows of these indices; the arrays belong to the caller."""
        prepared, steps = self.prepared, self.windows.input_steps
        starts = self.windows.starts[rows]
        shape = (len(starts), self.steps, prepared.values.shape[1])
        inputs = self._values[starts].reshape(shape)
        if self.ahead:
            inputs[:, steps:, : prepared.unknown] = 0
        if self.shift_known and prepared.known:
            known = slice(prepared.unknown, prepared.unknown + prepared.known)
            inputs[:, :, known] = self._values[starts + 1].reshape(shape)[:, :, known]
        past, wanted, level, spread = self._targets_of(starts)
        traits = _traits(past, level, spread, self.season) if self.traits else None
        if self.window_scaling != "none":
            past[np.isnan(past)] = 0
            inputs[:, :steps, : past.shape[1]] = past.transpose(0, 2, 1)
        if traits is not None:
            repeated = np.broadcast_to(traits[:, None], (*shape[:2], traits.shape[1]))
            inputs = np.concatenate([inputs, repeated], axis=2)
        batch = WindowBatch(inputs, wanted, level, spread, starts)
        if self.base is None:
            return batch
        return replace(batch, targets=wanted - self.base(batch))

    def _targets_of(
        self, starts: Int[np.ndarray, "B"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Normalised past `[B, K, L]` and what is to be told `[B, S, K]`, level and spread."""
        steps, targets = self.windows.input_steps, self.prepared.targets.shape[1]
        block = self._targets[starts].reshape(len(starts), -1, targets)
        past = _time_last(block[:, :steps])
        wanted = _time_last(block[:, 1 : steps + 1] if self.shift_known else block[:, steps:])
        level, spread = _level_and_spread(past, self.window_scaling, self.season)
        if self.window_scaling != "none":
            for values in (past, wanted):
                values -= level[..., None]
                values /= spread[..., None]
        return past, np.ascontiguousarray(wanted.transpose(0, 2, 1)), level, spread


def _blocks(rows: Float[np.ndarray, "R F"], steps: int) -> Float[np.ndarray, "P steps*F"]:
    """For each row it and those after it, `steps` in all, as one block: a view."""
    features = rows.shape[1]
    return sliding_window_view(rows.reshape(-1), steps * features)[::features]


def _time_last(block: Float[np.ndarray, "B T K"]) -> Float[np.ndarray, "B K T"]:
    """A copy in whose inner loops there are many steps, not few targets."""
    return block.transpose(0, 2, 1).copy(order="C")


def _traits(
    past: Float[np.ndarray, "B K L"],
    level: Float[np.ndarray, "B K"],
    spread: Float[np.ndarray, "B K"],
    season: int,
) -> Float[np.ndarray, "B 3K"]:
    """What a window is like; see `WindowReader`."""
    change = np.abs(past[..., season:] - past[..., :-season])
    observed = ~np.isnan(change)
    count = np.maximum(observed.sum(axis=-1, dtype=past.dtype), 1)
    change = np.where(observed, change, 0).sum(axis=-1) / count
    return np.concatenate([level, np.log(spread), np.log(change + _LEAST_CHANGE)], axis=1)


def _level_and_spread(
    past: Float[np.ndarray, "B K L"], window_scaling: Normalisation, season: int
) -> tuple[Float[np.ndarray, "B K"], Float[np.ndarray, "B K"]]:
    zeros, ones = np.zeros_like(past[..., 0]), np.ones_like(past[..., 0])
    if window_scaling == "none":
        return zeros, ones
    if window_scaling == "season":
        past = past[..., -season:]
    missing = np.isnan(past)
    known = past.copy()
    known[missing] = 0
    if window_scaling == "last":
        latest = past.shape[-1] - 1 - missing[..., ::-1].argmin(axis=-1)
        return np.take_along_axis(known, latest[..., None], axis=-1)[..., 0], ones
    count = np.maximum(past.shape[-1] - missing.sum(axis=-1, dtype=past.dtype), 1)
    if window_scaling == "mean":
        size = np.abs(known).sum(axis=-1) / count
        return zeros, np.where(size > 0, size, ones)
    level = known.sum(axis=-1) / count
    if window_scaling == "season":
        return level, ones
    known -= level[..., None]
    known[missing] = 0
    deviation = np.sqrt(np.square(known).sum(axis=-1) / count)
    varies = deviation > _TINY * np.maximum(np.abs(level), 1)
    return level, np.where(varies, deviation, ones)


def _why_none(windows: Windows) -> str:
    steps = f"{windows.input_steps} + {windows.horizon} steps"
    if windows.crossing:
        return f"all {windows.crossing} of {steps} cross a gap"
    return f"no series holds one of {steps}"
