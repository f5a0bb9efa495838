"""Is a forecast better than a baseline by more than chance allows?

Windows that overlap, and series that move together, are no independent evidence, so the plain
paired test over all windows finds differences that are not there. The difference in loss is
averaged over a few large groups instead, and the groups' means are put to a t-test: Ibragimov
and Müller, "t-Statistic Based Correlation and Heterogeneity Robust Inference", Journal of
Business & Economic Statistics 28(4), 2010. Within a group the dependence may be anything.

The groups are blocks of time, all series together. Series are groups of their own only where
their past shows that they do not move together; else it cannot be told, and that is said.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.metrics.forecasts.special import student_cdf

__all__ = ["BETTER", "MIXED", "UNDECIDED", "WORSE", "Evidence", "Skill", "compare"]
__all__ += ["paired_test", "together"]

BETTER, UNDECIDED, WORSE = "better", "undecided", "worse"
MIXED = "mixed"  # better in absolute errors, worse in squared ones
SIGNIFICANT = 0.05  # two-sided
BLOCKS = 10  # of time, at most; more would be shorter, and depend on each other
FEWEST_BLOCKS = 3  # two groups say next to nothing
SURE_BLOCKS = 6  # with fewer, series that do not move together say more
HORIZONS_A_BLOCK = 3
FEWEST_SERIES = 5
FEWEST_PAST = 8  # times at which the series' past errors are compared

OF_TIME, OF_SERIES = "blocks of time", "series"


class Evidence(NamedTuple):
    """A paired test.

    Attributes:
        mean: The mean difference over the groups.
        p: Two-sided; None where it cannot be told.
        units: How many groups there are.
        over: What they are.
        why: Why it cannot be told; "" where it can.
    """

    mean: float
    p: float | None
    units: int
    over: str
    why: str = ""


class Skill(NamedTuple):
    """The share of a baseline's error that the forecast saves, and whether it is chance."""

    skill: float
    outcome: str
    evidence: Evidence


def compare(
    loss: Float[np.ndarray, " W"],
    baseline: Float[np.ndarray, " W"],
    *,
    series: Int[np.ndarray, " W"],
    origins: Int[np.ndarray, " W"],
    horizon: int,
    past: Float[np.ndarray, "J N"] | None = None,
) -> Skill:
    """The skill 1 - loss / baseline's loss, and whether the baseline is beaten.

    Args:
        loss: The forecast's loss in each window, summed; NaN where there is none.
        baseline: The baseline's, NaN at the same places.
        series: Which series a window is of.
        origins: The step at which its forecast was made; the same grid for all series.
        horizon: Steps ahead.
        past: As of `paired_test`.

    Returns:
        The outcome is "better" or "worse" if the paired test says that the difference is more
        than chance (two-sided, 5 %), else "undecided". The skill is -inf against a
        baseline without error, and NaN where there is nothing to compare.
    """
    evidence = paired_test(
        baseline - loss, series=series, origins=origins, horizon=horizon, past=past
    )
    ours, theirs = float(np.nansum(loss)), float(np.nansum(baseline))
    if theirs > 0:
        skill = 1 - ours / theirs
    elif evidence.units:
        skill = -math.inf if ours > 0 else 0.0
    else:
        skill = math.nan
    outcome = UNDECIDED
    if evidence.p is not None and evidence.p < SIGNIFICANT and evidence.mean * skill > 0:
        outcome = BETTER if skill > 0 else WORSE
    return Skill(skill, outcome, evidence)


def paired_test(
    difference: Float[np.ndarray, " W"],
    *,
    series: Int[np.ndarray, " W"],
    origins: Int[np.ndarray, " W"],
    horizon: int,
    past: Float[np.ndarray, "J N"] | None = None,
) -> Evidence:
    """Whether the mean of `difference` is 0, by the t-test over groups of windows.

    The groups are three to ten blocks of time, each at least three horizons long, all series
    together; of a block before another the windows that reach into that are left out. Where the
    windows span too little time for six blocks, the groups are the series instead, if `past` shows
    how far these move together: by how much the variance over time of their mean error is larger
    than that of as many independent ones. The test takes the variance of its mean to be larger by
    as much, with as many degrees of freedom as there are past times. Where that makes them worth
    less than five independent ones, it cannot be told.

    Args:
        difference: A number a window; NaN where there is none.
        series: `[W]`, as in `compare`.
        origins: `[W]`, as in `compare`.
        horizon: Steps ahead.
        past: Errors of some forecast at J earlier times that do not overlap, one column for each
            series; NaN where there is none. None: nothing is known of it.

    Returns:
        The mean over the groups, and its p; None where it cannot be told, and why.
    """
    known = ~np.isnan(difference)
    difference, series, origins = difference[known], series[known], origins[known]
    if not len(difference):
        return Evidence(0.0, None, 0, OF_TIME, "there is nothing to compare")
    by_time = _over_time(difference, origins, horizon)
    if by_time.units >= SURE_BLOCKS:
        return by_time
    means = _means(difference, series)
    if len(means) < FEWEST_SERIES:
        return by_time
    by_series = _over_series(means, None if past is None else past[:, np.unique(series)])
    return by_time if by_series.p is None and by_time.p is not None else by_series


def _over_time(difference: np.ndarray, origins: np.ndarray, horizon: int) -> Evidence:
    """The test over blocks of time, where there are enough."""
    start = int(origins.min())
    span = int(origins.max()) - start + 1
    blocks = max(1, min(BLOCKS, span // (HORIZONS_A_BLOCK * horizon)))
    block = (origins - start) * blocks // span
    if blocks > 1:  # what begins in a block, and does not reach into the next one
        next_begins = start - (-(block + 1) * span // blocks)
        inside = (block == blocks - 1) | (origins + horizon <= next_begins)
        difference, block = difference[inside], block[inside]
    means = _means(difference, block)
    if len(means) >= FEWEST_BLOCKS:
        return Evidence(float(means.mean()), _t_test(means), len(means), OF_TIME)
    why = f"the forecasts are of less time than {FEWEST_BLOCKS * HORIZONS_A_BLOCK} horizons"
    return Evidence(float(means.mean()), None, len(means), OF_TIME, why)


def _means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    _, group = np.unique(groups, return_inverse=True)
    return np.bincount(group, values) / np.bincount(group)


def _over_series(means: np.ndarray, past: np.ndarray | None) -> Evidence:
    """The test over series, as far as their past says that they are evidence each."""
    mean, few = float(means.mean()), "the forecasts are of little time, and "
    times, ratio = 0, 1.0
    if past is not None:  # which way series err may be shared, or only how far
        (times, ratio), (_, size) = together(past), together(np.abs(past))
        ratio = max(ratio, size)
    if times < FEWEST_PAST:
        why = few + "too little is known of whether the series move together"
        return Evidence(mean, None, len(means), OF_SERIES, why)
    count = len(means)
    if count < FEWEST_SERIES * ratio:
        return Evidence(mean, None, len(means), OF_SERIES, few + "the series move together")
    ratio /= 1 - max(ratio - 1, 0) / (count - 1)  # what all share does not show between series
    p = _t_test(means, ratio, min(times, count) - 1)
    return Evidence(mean, p, len(means), OF_SERIES)


def together(past: Float[np.ndarray, "J N"]) -> tuple[int, float]:
    """At how many times the series' errors are known, and how much they move together.

    The latter is the variance over time of their mean, by what it would be if they were
    independent: 1 of independent series, N of N alike.

    Args:
        past: Errors at J times of N series, NaN where not known.
    """
    counts = (~np.isnan(past)).sum(axis=1)
    past = past[counts >= max(FEWEST_SERIES, past.shape[1] // 3)]
    if len(past) < 2:
        return 0, 1.0
    past = past[:, 2 * (~np.isnan(past)).sum(axis=0) >= len(past)]
    if past.shape[1] < FEWEST_SERIES:
        return 0, 1.0
    known = ~np.isnan(past)
    count = known.sum(axis=0)
    rest = np.where(known, past - np.where(known, past, 0).sum(axis=0) / np.maximum(count, 1), 0)
    size = np.sqrt((rest**2).sum(axis=0) / np.maximum(count - 1, 1))
    varies = size > 0
    if varies.sum() < FEWEST_SERIES:
        return 0, 1.0
    rest, known = rest[:, varies] / size[varies], known[:, varies]
    share = rest.sum(axis=1) / np.sqrt(known.sum(axis=1))  # of variance 1 if independent
    return len(past), float(share.var(ddof=1))


def _t_test(values: np.ndarray, inflated: float = 1.0, freedom: int | None = None) -> float:
    """The two-sided p of a mean of 0, its variance being so many times that of the values."""
    error = float(values.std(ddof=1)) * math.sqrt(inflated / len(values))
    mean = float(values.mean())
    if error <= 1e-12 * abs(mean):  # all alike: no doubt, unless all are 0
        return 0.0 if mean else 1.0
    return float(2 * student_cdf(-abs(mean) / error, freedom or len(values) - 1))
