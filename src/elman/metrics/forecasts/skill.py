"""Is a forecast better than a baseline by more than chance allows?

Windows that overlap, and series that move together, are no independent evidence, so the plain
paired test over all windows finds differences that are not there. The difference in loss is
averaged over a few large groups instead, and the groups' means are put to a t-test: Ibragimov
and Müller, "t-Statistic Based Correlation and Heterogeneity Robust Inference", Journal of
Business & Economic Statistics 28(4), 2010. Within a group the dependence may be anything.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.metrics.forecasts.special import student_cdf

__all__ = ["BEATEN", "MIXED", "UNDECIDED", "WORSE", "Evidence", "Skill", "compare", "paired_test"]

BEATEN, UNDECIDED, WORSE = "beaten", "not distinguishable", "worse"
MIXED = "mixed"  # better in absolute errors, worse in squared ones
SIGNIFICANT = 0.05  # two-sided
BLOCKS = 10  # of time, at most; more would be shorter, and depend on each other
FEWEST_BLOCKS = 6  # with fewer, series are the better groups if they are more
HORIZONS_A_BLOCK = 2  # windows of two neighbouring blocks share targets only at the border


class Evidence(NamedTuple):
    """A paired test: the mean difference, its two-sided p, the groups and what they are."""

    mean: float
    p: float | None
    units: int
    over: str


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
) -> Skill:
    """The skill 1 - loss / baseline's loss, and whether the baseline is beaten.

    Args:
        loss: The forecast's loss in each window, summed; NaN where there is none.
        baseline: The baseline's, NaN at the same places.
        series: Which series a window is of.
        origins: The step at which its forecast was made; the same grid for all series.
        horizon: Steps ahead.

    Returns:
        The outcome is "beaten" or "worse" if the paired test says that the difference is more
        than chance (two-sided, 5 %), else "not distinguishable". The skill is -inf against a
        baseline without error, and NaN where there is nothing to compare.
    """
    evidence = paired_test(baseline - loss, series=series, origins=origins, horizon=horizon)
    ours, theirs = float(np.nansum(loss)), float(np.nansum(baseline))
    if theirs > 0:
        skill = 1 - ours / theirs
    elif evidence.units:
        skill = -math.inf if ours > 0 else 0.0
    else:
        skill = math.nan
    outcome = UNDECIDED
    if evidence.p is not None and evidence.p < SIGNIFICANT and evidence.mean * skill > 0:
        outcome = BEATEN if skill > 0 else WORSE
    return Skill(skill, outcome, evidence)


def paired_test(
    difference: Float[np.ndarray, " W"],
    *,
    series: Int[np.ndarray, " W"],
    origins: Int[np.ndarray, " W"],
    horizon: int,
) -> Evidence:
    """Whether the mean of `difference` is 0, by the t-test over groups of windows.

    The groups are up to ten blocks of time, each at least two horizons long, all series
    together. If the windows span too little time for six blocks and there are more series
    than blocks, the groups are the series, which are then taken to be independent.

    Args:
        difference: A number a window; NaN where there is none.
        series: `[W]`, as in `compare`.
        origins: `[W]`, as in `compare`.
        horizon: Steps ahead.

    Returns:
        The mean over the groups, and a p of None where there are less than two of them.
    """
    known = ~np.isnan(difference)
    difference, series, origins = difference[known], series[known], origins[known]
    if not len(difference):
        return Evidence(0.0, None, 0, "blocks of time")
    start = int(origins.min())
    span = int(origins.max()) - start + 1
    blocks = max(1, min(BLOCKS, span // (HORIZONS_A_BLOCK * horizon)))
    block = (origins - start) * blocks // span
    by_series = blocks < FEWEST_BLOCKS and len(np.unique(series)) > blocks
    _, group = np.unique(series if by_series else block, return_inverse=True)
    means = np.bincount(group, difference) / np.bincount(group)
    over = "series" if by_series else "blocks of time"
    return Evidence(float(means.mean()), _t_test(means), len(means), over)


def _t_test(values: np.ndarray) -> float | None:
    """The two-sided p of a mean of 0."""
    if len(values) < 2:
        return None
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    mean = float(values.mean())
    if error <= 1e-12 * abs(mean):  # all alike: no doubt, unless all are 0
        return 0.0 if mean else 1.0
    return float(2 * student_cdf(-abs(mean) / error, len(values) - 1))
