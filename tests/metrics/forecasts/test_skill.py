"""The paired test: how often it errs, what it finds, and what it cannot tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from elman.metrics.forecasts import skill as module
from elman.metrics.forecasts.skill import BETTER, UNDECIDED, WORSE, Evidence, compare, paired_test

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)
HORIZON = 20


def one_series(count):
    return {"series": np.zeros(count, int), "origins": np.arange(count), "horizon": HORIZON}


def overlapping_loss(draw, count=1000):
    """Mean absolute error of the last value in overlapping windows of a random walk."""
    walk = draw.normal(size=count + HORIZON).cumsum()
    windows = np.lib.stride_tricks.sliding_window_view(walk, HORIZON + 1)[:count]
    return np.abs(windows[:, 1:] - windows[:, :1]).mean(axis=1)


def test_two_equal_forecasts_are_told_apart_about_as_rarely_as_promised():
    """5 % of 300 pairs; the plain test over windows is wrong in most of them."""
    draw = np.random.default_rng(0)
    ours, plain = 0, 0
    for _ in range(300):
        loss, other = overlapping_loss(draw), overlapping_loss(draw)
        ours += compare(loss, other, **one_series(len(loss))).outcome != UNDECIDED
        plain += stats.ttest_rel(loss, other).pvalue < 0.05
    assert ours / 300 < 0.08
    assert plain / 300 > 0.5


def test_what_is_clearly_better_or_worse_is_said():
    draw = np.random.default_rng(1)
    loss = overlapping_loss(draw)
    better = compare(loss, loss * 1.2 + 0.1 * draw.normal(size=len(loss)), **one_series(len(loss)))
    worse = compare(loss * 1.25, loss, **one_series(len(loss)))
    assert better.outcome == BETTER
    assert better.skill == pytest.approx(1 / 6, abs=0.01)
    assert worse.outcome == WORSE
    assert worse.skill == pytest.approx(-0.25)
    assert worse.evidence.over == "blocks of time"
    assert worse.evidence.units == 10


def independent(draw, series, times=12):
    return draw.normal(size=(times, series))


def test_many_series_over_little_time_are_tested_series_by_series_if_their_past_allows_it():
    draw = np.random.default_rng(0)
    series, origins = np.repeat(np.arange(40), 2), np.tile([100, 148], 40)
    difference = draw.normal(size=80) + 2
    groups = {"series": series, "origins": origins, "horizon": 48}
    found = paired_test(difference, **groups, past=independent(draw, 40))
    assert (found.units, found.over, found.why) == (40, "series", "")
    assert found.mean == pytest.approx(difference.mean())
    assert found.p < 0.001
    together = draw.normal(size=(12, 1)) + 0.3 * draw.normal(size=(12, 40))
    for past, why in (
        (None, "too little is known"),
        (independent(draw, 40, 7), "too little is known"),
        (together, "the series move together"),
        (np.abs(together) * np.sign(independent(draw, 40)), "the series move together"),
    ):
        found = paired_test(difference, **groups, past=past)
        assert found.p is None
        assert why in found.why


def test_by_as_much_as_series_move_together_the_test_asks_for_more():
    draw = np.random.default_rng(0)
    difference = draw.normal(size=100) + 0.5
    groups = {"series": np.arange(100), "origins": np.zeros(100, int), "horizon": 6}
    alone, shared = independent(draw, 100, 30), draw.normal(size=(30, 1))
    p = [paired_test(difference, **groups, past=alone + k * shared).p for k in (0, 0.2, 0.3)]
    assert p[0] < p[1] < p[2]


@given(draw=draws)
def test_blocks_are_those_of_the_definition_whatever_the_order(draw):
    count, blocks = 6 * 3 * HORIZON, 6
    difference = draw.normal(size=count)
    parts = difference.reshape(blocks, -1)
    inner = parts[:-1, : -HORIZON + 1].mean(axis=1)  # the others reach into the next block
    means = np.append(inner, parts[-1].mean())
    order = draw.permutation(count)
    found = paired_test(
        difference[order],
        series=draw.integers(0, 9, count),
        origins=np.arange(count)[order] + 77,
        horizon=HORIZON,
    )
    assert found.p == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
    assert (found.units, found.over) == (6, "blocks of time")


@given(draw=draws, factor=st.sampled_from([1e-9, 1e6]))
def test_swapping_mirrors_and_the_unit_does_not_matter(draw, factor):
    loss, other = draw.random((2, 400))
    groups = one_series(400)
    there, back = compare(loss, other, **groups), compare(other, loss, **groups)
    mirrored = {BETTER: WORSE, WORSE: BETTER, UNDECIDED: UNDECIDED}
    assert back.outcome == mirrored[there.outcome]
    scaled = compare(loss * factor, other * factor, **groups)
    assert scaled.outcome == there.outcome
    assert scaled.skill == pytest.approx(there.skill)


def test_one_window_is_no_evidence():
    found = compare(np.array([0.0]), np.array([9.0]), **one_series(1))
    assert found.outcome == UNDECIDED
    assert found.skill == 1
    assert found.evidence.p is None


def test_windows_without_a_loss_do_not_count():
    loss, other = np.random.default_rng(0).random((2, 400))
    gaps = loss.copy(), other.copy()
    gaps[0][:200] = gaps[1][:200] = np.nan
    half = {**one_series(200), "origins": np.arange(200, 400)}
    assert compare(*gaps, **one_series(400)) == compare(loss[200:], other[200:], **half)
    nothing = np.full(3, np.nan)
    empty = compare(nothing, nothing, **one_series(3))
    assert (np.isnan(empty.skill), empty.outcome, empty.evidence.units) == (True, UNDECIDED, 0)


def test_a_baseline_without_error_cannot_be_beaten():
    groups = one_series(400)
    assert compare(np.zeros(400), np.zeros(400), **groups)[:2] == (0.0, UNDECIDED)
    perfect = compare(np.ones(400), np.zeros(400), **groups)
    assert perfect[:2] == (-np.inf, WORSE)


def test_a_skill_of_nothing_is_no_outcome_however_sure_the_groups_are():
    """Twenty short series gain what one long series loses: the sums are equal, the means not."""
    draw = np.random.default_rng(0)
    gain = np.round(64 + 8 * draw.normal(size=20)) / 64  # of which sums are exact
    series = np.concatenate([np.arange(20), np.full(20, 20)])
    baseline = np.full(40, 64.0)
    loss = baseline + np.concatenate([-gain, gain])
    for ours in (loss, 2 * baseline - loss):
        past = independent(draw, 21)
        groups = {"series": series, "origins": np.zeros(40, int), "horizon": 1}
        found = compare(ours, baseline, **groups, past=past)
        assert found.evidence.over == "series"
        assert found.evidence.p < 1e-3
        assert (found.skill, found.outcome) == (0, UNDECIDED)


@pytest.mark.parametrize(("span", "blocks"), [(180, 3), (359, 5), (360, 6), (600, 10), (999, 10)])
def test_time_is_divided_into_blocks_of_three_horizons_at_least(span, blocks):
    """Of fewer than six, series are the groups, if these are known not to move together."""
    draw = np.random.default_rng(0)
    difference, origins = draw.normal(size=span), np.arange(span)
    groups = {"series": origins % 8, "origins": origins, "horizon": HORIZON}
    found = paired_test(difference, **groups)
    assert (found.units, found.over) == (blocks, "blocks of time")
    found = paired_test(difference, **groups, past=independent(draw, 8))
    assert found.over == ("series" if blocks < 6 else "blocks of time")


def test_two_blocks_are_no_evidence_and_differences_all_alike_leave_no_doubt():
    assert paired_test(np.arange(179.0), **one_series(179)).p is None
    assert "less time than 9 horizons" in paired_test(np.ones(9), **one_series(9)).why
    assert paired_test(np.ones(180), **one_series(180)).p == 0
    assert paired_test(np.zeros(180), **one_series(180)).p == 1


@pytest.mark.parametrize(
    ("p", "mean", "outcome"),
    [(0.049, 1, BETTER), (0.05, 1, UNDECIDED), (0.051, 1, UNDECIDED), (0.049, -1, UNDECIDED)],
)
def test_five_percent_are_chance_and_a_mean_against_the_skill_too(monkeypatch, p, mean, outcome):
    evidence = Evidence(mean, p, 6, "blocks of time")
    monkeypatch.setattr(module, "paired_test", lambda *_, **__: evidence)
    found = compare(np.ones(2), np.full(2, 2.0), **one_series(2))
    assert found == (0.5, outcome, evidence)


def test_windows_within_few_horizons_are_one_group():
    found = paired_test(np.array([1.0, 2.0, 4.0]), **one_series(3))
    assert found[:4] == (pytest.approx(7 / 3), None, 1, "blocks of time")


def test_any_loss_at_all_is_infinitely_worse_than_none():
    assert compare(np.full(4, 0.1), np.zeros(4), **one_series(4)).skill == -np.inf
