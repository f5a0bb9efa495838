"""The honesty report on a tiny panel, against what NumPy says of it directly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elman.runtime.forecasting import evaluation
from elman.runtime.forecasting.evaluation import Origins, honest_report, until_tensors
from elman.runtime.forecasting.evaluation import tested as held_against
from elman.runtime.forecasting.forecasting import Answers
from tests.runtime.forecasters import companions_for, plan_for, shops, windows_of

LEVELS = (0.1, 0.5, 0.9)


def origins(panel, windows=None, names=None, linear=None, until=None, **changes) -> Origins:
    """Forecasts that were drawn."""
    plan = plan_for(panel, output="quantiles", **changes)
    windows = windows_of(panel, plan) if windows is None else windows
    draws = np.random.default_rng(4)
    mean = panel.target[windows.ahead()] + draws.normal(size=(len(windows), 3, 1))
    quantiles = mean[..., None] + np.array([-1.0, 0.0, 1.0])
    companions = companions_for(panel, plan)
    if names is not None:
        companions = replace(companions, names=names)
    answers = Answers(mean, quantiles)
    learnt = {} if linear is None else {"linear map": linear}
    return Origins(panel, windows, answers, companions, lambda: learnt, until or {})


def some_of(windows, rows):
    return replace(windows, starts=windows.starts[rows], series=windows.series[rows])


def past_of(panel, windows, w):
    """What came before a window's horizon, from its series' first row on."""
    first = panel.offsets[windows.series[w]]
    return panel.target[first : windows.starts[w] + windows.input_steps, 0]


def test_scores():
    panel = shops((40, 20))
    found = origins(panel)
    windows, mean = found.windows, found.answers.mean[..., 0]
    told = honest_report(found)
    actual = panel.target[windows.ahead(), 0]
    errors = np.abs(actual - mean)
    assert told["windows"] == len(windows) == (40 - 8) + (20 - 8)
    assert (told["horizon"], told["season"], told["series"]) == (3, 2, ["s0", "s1"])
    assert told["metrics"]["mae"] == pytest.approx(errors.mean())
    assert told["metrics"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    both = 200 * errors / (np.abs(actual) + np.abs(mean))
    assert told["metrics"]["smape"] == pytest.approx(both.mean())
    # What came before all forecasts: the first six steps of each series.
    two_steps = [
        panel.target[first + 2 : first + 6, 0] - panel.target[first : first + 4, 0]
        for first in (0, 40)
    ]
    scale = np.array([np.abs(part).mean() for part in two_steps])
    scaled = (errors / scale[windows.series][:, None]).mean()
    assert told["metrics"]["mase"] == pytest.approx(scaled)
    roots = np.array([np.sqrt((part**2).mean()) for part in two_steps])
    rmsse = np.sqrt((errors**2).mean(axis=1)) / roots[windows.series]
    assert told["metrics"]["rmsse"] == pytest.approx(rmsse.mean())
    assert told["by_step"]["mae"] == pytest.approx(errors.mean(axis=0).tolist())
    by_series = {row["series"]: row for row in told["by_series"]}
    for n, name in enumerate(panel.names):
        mine = windows.series == n
        assert by_series[name]["windows"] == mine.sum()
        assert by_series[name]["mae"] == pytest.approx(errors[mine].mean())


def test_quantiles_and_intervals():
    panel = shops((40, 20))
    found = origins(panel)
    actual = panel.target[found.windows.ahead()]
    quantiles = found.answers.quantiles
    told = honest_report(found)
    apart = actual[..., None] - quantiles
    loss = np.maximum(np.array(LEVELS) * apart, (np.array(LEVELS) - 1) * apart)
    assert told["metrics"]["quantile_loss"] == pytest.approx(loss.mean())
    inside = (quantiles[..., 0] <= actual) & (actual <= quantiles[..., 2])
    assert told["coverage"][0]["promised"] == pytest.approx(0.8)
    assert told["coverage"][0]["found"] == pytest.approx(inside.mean())
    assert told["coverage"][0]["width"] == pytest.approx(2.0)
    plain = found._replace(companions=replace(found.companions, plan=plan_for(panel)))
    assert honest_report(plain)["coverage"] == []


@pytest.mark.parametrize(("cells", "season"), [(2**22, 2), (50, 2), (2**22, 9)])
def test_naive_forecasts_see_a_window_or_two_seasons_and_nothing_later(cells, season, monkeypatch):
    monkeypatch.setattr(evaluation, "_CELLS", cells)
    panel = shops((40, 20))
    found = origins(panel, season=season)
    windows = found.windows
    told = honest_report(found)["skill"]
    expected = {name: [] for name in ("last value", "seasonal naive", "drift", "mean")}
    for w in range(len(windows)):
        past = past_of(panel, windows, w)[-max(6, 2 * season) :]
        slope = (past[-1] - past[0]) / (len(past) - 1)
        if len(past) < season:
            newest = np.concatenate([np.full(season - len(past), past[-1]), past])
        else:
            newest = past[-season:]
        expected["last value"].append(np.full(3, past[-1]))
        expected["seasonal naive"].append(np.tile(newest, 3)[:3])
        expected["drift"].append(past[-1] + slope * np.arange(1, 4))
        expected["mean"].append(np.full(3, past.mean()))
    actual = panel.target[windows.ahead(), 0]
    for name, forecasts in expected.items():
        assert told[name]["mae"] == pytest.approx(np.abs(actual - np.array(forecasts)).mean()), name


def test_missing_values_are_no_one_s_forecast():
    panel = shops((40, 20))
    target = panel.target.copy()
    target[[10, 11, 45]] = np.nan
    found = origins(panel)
    holes = found._replace(panel=replace(panel, target=target))
    told = honest_report(holes)
    actual = target[found.windows.ahead(), 0]
    assert told["missing"] == np.isnan(actual).sum()
    errors = np.abs(actual - found.answers.mean[..., 0])
    assert told["metrics"]["mae"] == pytest.approx(np.nanmean(errors))
    # The window that ends in row 11: its last value is that of row 9.
    w = int(np.flatnonzero(found.windows.starts == 6)[0])
    one = holes._replace(
        windows=some_of(found.windows, [w]),
        answers=Answers(*(part[[w]] for part in found.answers)),
    )
    last = honest_report(one)["skill"]["last value"]["mae"]
    assert last == pytest.approx(np.abs(target[12:15, 0] - target[9, 0]).mean())


def test_the_linear_map_is_one_more_baseline():
    panel = shops((40, 20))
    linear = np.full((44, 3, 1), 12.0)
    told = honest_report(origins(panel, linear=linear))
    assert list(told["skill"]) == ["last value", "seasonal naive", "drift", "mean", "linear map"]
    actual = panel.target[origins(panel).windows.ahead()]
    assert told["skill"]["linear map"]["mae"] == pytest.approx(np.abs(actual - 12).mean())
    assert "linear map" not in honest_report(origins(panel))["skill"]


def test_how_far_fitting_went():
    panel = shops((40, 20))
    found = until_tensors(panel, np.array([25, 0]), np.array([5, 0]))
    assert found["scaled"].tolist() == [panel.steps[24] + 1, panel.steps[40] + 1]
    assert found["trained"].tolist() == found["scaled"].tolist()
    assert found["chosen"].tolist() == [panel.steps[39] + 1, panel.steps[40] + 1]


def leaks(found):
    return {alarm["kind"]: alarm["numbers"] for alarm in honest_report(found)["leakage"]}


@pytest.mark.parametrize("part", ["scaled", "trained"])
def test_what_was_seen_before_sets_off_an_alarm(part):
    panel = shops((40, 20), covariates=False)
    kind = {"scaled": "scaler", "trained": "overlap"}[part]
    first = panel.steps[[20, 50]]
    windows = origins(panel).windows
    late = np.isin(windows.starts + 6, [*range(20, 38), *range(50, 58)])
    windows = some_of(windows, late)
    whole = {"scaled": first, "trained": first}
    assert leaks(origins(panel, windows, until=whole)) == {}
    seen = whole | {part: first + np.array([0, 4])}
    assert leaks(origins(panel, windows, until=seen)) == {
        kind: {"rows": 4, "series": 1, "worst": "s1"}
    }


def test_series_of_another_name_were_not_seen():
    panel = shops((40, 20), covariates=False)
    until = {name: panel.steps[[39, 59]] + 1 for name in ("scaled", "trained")}
    assert set(leaks(origins(panel, until=until))) == {"scaler", "overlap"}
    assert leaks(origins(panel, names=("x", "y"), until=until)) == {}
    turned = origins(panel, names=("s1", "s0"), until={k: v[::-1] for k, v in until.items()})
    assert leaks(turned)["overlap"] == leaks(origins(panel, until=until))["overlap"]


def test_a_series_without_a_window_has_no_alarm():
    """Whether it was trained on or not."""
    panel = shops((40, 20), covariates=False)
    windows = some_of(origins(panel).windows, np.arange(20, 30))
    ends = np.array([panel.steps[0], panel.steps[59] + 1])
    until = {"scaled": ends, "trained": ends}
    for names in (("s0", "s1"), ("s0", "x"), ("x", "y")):
        assert leaks(origins(panel, windows, names=names, until=until)) == {}


def test_covariates_that_know_the_future_set_off_an_alarm():
    panel = shops((90, 70))
    later = np.roll(panel.target, -2, axis=0) + 1e-3 * np.random.default_rng(0).normal(
        size=panel.target.shape
    )
    found = honest_report(origins(replace(panel, past=later)))
    assert {alarm["numbers"]["covariate"] for alarm in found["leakage"]} == {"warm"}
    assert honest_report(origins(panel))["leakage"] == []
    assert found["checked"] == [
        "scaler",
        "overlap of windows",
        "validation part",
        "past covariates",
        "future covariates",
    ]


def test_a_backtest_beside_what_came():
    panel = shops((40, 20))
    found = origins(panel)
    windows = replace(found.windows, crossing=3)
    back = held_against(found._replace(windows=windows), ["One.", "Two."])
    assert back.names == panel.names
    w = 35
    end = windows.starts[w] + 5
    assert (back.origins[w], back.steps[w]) == (panel.times[end], panel.steps[end])
    np.testing.assert_array_equal(back.times[w], panel.times[end + 1 : end + 4])
    np.testing.assert_array_equal(back.actual[w], panel.target[end + 1 : end + 4])
    assert back.levels == LEVELS
    assert back.notes[-3:-1] == ("One.", "Two.")
    assert back.notes[-1] == "3 windows that cross a gap were left out."
    columns = back.to_columns()
    assert {len(column) for column in columns.values()} == {3 * len(windows)}
    np.testing.assert_array_equal(columns["actual"], back.actual.ravel())
    assert list(columns["shop"][[0, -1]]) == ["s0", "s1"]


def test_series_too_short_for_a_window_are_counted():
    panel = shops((40, 8, 7), covariates=False)
    notes = held_against(origins(panel), []).notes
    assert notes[-1] == "2 series have no window of 6 and 3 steps."
    assert held_against(origins(shops((40, 20))), []).notes == shops((40, 20)).notes
