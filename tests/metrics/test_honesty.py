"""The report: its numbers against their definitions, its verdicts on cases with a known answer."""

import json
import re

import numpy as np
import pytest

from elman.errors import ArgumentError, ShapeError
from elman.metrics import forecasts, mae, rmse
from elman.metrics.forecasts.leakage import leaking
from elman.metrics.forecasts.naive import NAIVE
from elman.metrics.honesty import report, sentences

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
PAST, HORIZON, SEASON = 48, 6, 12


def case(kind="season", seed=0, windows=300, **changes):
    """What a report on one series takes: the truth, blurred, is the forecast."""
    draw = np.random.default_rng(seed)
    steps = windows + PAST + HORIZON - 1
    noise = draw.normal(size=steps)
    series = noise.cumsum() if kind == "walk" else 9 + 3 * np.sin(np.arange(steps) / 2) + noise / 4
    view = np.lib.stride_tricks.sliding_window_view(series, PAST + HORIZON)
    inputs, actual = view[:, :PAST], view[:, PAST:, None].copy()
    forecast = actual + 0.3 * draw.normal(size=actual.shape)
    if kind == "walk":
        forecast = inputs[:, -1:, None] + 0.2 * draw.normal(size=actual.shape)
    spread = 0.3 * np.array([-1.645, -1.282, 0, 1.282, 1.645])
    given = {
        "actual": actual,
        "forecast": forecast,
        "baselines": {n: f(inputs, HORIZON, SEASON)[..., None] for n, f in NAIVE.items()},
        "last": inputs[:, -1:].copy(),
        "series": np.zeros(windows, int),
        "origins": np.arange(windows) + 1000,
        "names": ["only"],
        "targets": ["y"],
        "season": SEASON,
        "scale": np.array([[forecasts.seasonal_scale(series, SEASON)]]),
        "root_scale": np.array([[forecasts.seasonal_scale(series, SEASON, True)]]),
        "quantiles": forecast[..., None] + spread,
        "levels": LEVELS,
    }
    return given | changes


def told(**given):
    return report(given.pop("actual"), given.pop("forecast"), **given)


def several(windows=40, horizon=4):
    """Three series and two targets of very different size."""
    draw = np.random.default_rng(0)
    series = np.repeat([2, 0, 1], windows)
    size = np.array([[1.0, 10.0], [1000.0, 1.0], [0.0, 5.0]])
    actual = draw.normal(size=(3 * windows, horizon, 2)) * size[series][:, None]
    forecast = actual * 0.5
    forecast[series == 1] = actual[series == 1] * 2
    return {
        "actual": actual,
        "forecast": forecast,
        "baselines": {"last value": np.zeros(actual.shape)},
        "last": np.zeros((3 * windows, 2)),
        "series": series,
        "origins": np.tile(np.arange(windows), 3),
        "names": ["a", "b", "c"],
        "targets": ["u", "v"],
        "season": 1,
        "scale": size,
        "root_scale": size,
    }


def test_metrics_are_those_of_their_functions():
    given = case()
    given["actual"][5, 2] = given["actual"][9] = np.nan
    found = told(**given)
    actual, forecast = given["actual"][..., 0], given["forecast"][..., 0]
    known = ~np.isnan(actual)
    scale, root = (np.full(300, given[name][0, 0]) for name in ("scale", "root_scale"))
    assert found["metrics"] == pytest.approx(
        {
            "mae": mae(actual[known], forecast[known]),
            "rmse": rmse(actual[known], forecast[known]),
            "smape": forecasts.smape(actual, forecast),
            "mase": forecasts.mase(actual, forecast, scale),
            "bias": np.nanmean(forecast - actual),
            "rmsse": forecasts.rmsse(actual, forecast, root),
            "quantile_loss": forecasts.quantile_loss(given["actual"], given["quantiles"], LEVELS),
            "crps": forecasts.crps_quantiles(given["actual"], given["quantiles"], LEVELS),
        }
    )
    assert (found["values"], found["missing"]) == (300 * HORIZON - 7, 7)
    assert found["measure"] == "mae"


def test_skill_is_one_less_the_share_of_the_baselines_error():
    given = case()
    given["actual"][5, 2] = np.nan
    found = told(**given)
    own = found["metrics"]["mae"]
    for row in found["skill"].values():
        assert row["skill"] == pytest.approx(1 - own / row["mae"])
        assert row["beaten"]
        assert row["p"] < 0.05
    assert list(found["skill"]) == list(NAIVE)
    assert found["verdict"][0].startswith("Better than last value: ")


def test_a_random_walk_is_not_beaten_and_called_persistence():
    found = told(**case("walk"))
    last = found["skill"]["last value"]
    assert not last["beaten"]
    assert last["skill"] < 0.02
    assert found["persistence"]["persistence"]
    assert re.match("Undecided against|Worse than", found["verdict"][0])
    assert found["skill"]["mean"]["beaten"]
    assert any("This is persistence" in line for line in sentences(found))


def test_a_good_forecast_is_not_called_persistence():
    found = told(**case())
    assert not found["persistence"]["persistence"]


def test_a_leak_is_told_and_so_is_what_was_looked_at():
    target = np.random.default_rng(0).normal(size=400).cumsum()
    leak = np.append(target[1:], 0)[:, None]
    alarms = leaking(target, leak, ["tomorrow"], HORIZON, False)
    found = told(**case(leakage={"scaler": [], "covariates": alarms}))
    assert [alarm["kind"] for alarm in found["leakage"]] == ["future covariate"]
    assert found["checked"] == ["scaler", "covariates"]
    assert any(line.startswith("Leak?") and "'tomorrow'" in line for line in sentences(found))
    clean = sentences(told(**case(leakage={"scaler": []})))
    assert "No leak was found by what was tested, which is not everything: scaler." in clean
    assert not any("leak" in line.lower() for line in sentences(told(**case())))


def test_coverage_of_each_interval_widest_first():
    given = case(windows=2000)
    found = told(**given)["coverage"]
    assert [row["promised"] for row in found] == [0.9, 0.8]
    assert [row["found"] for row in found] == pytest.approx([0.9, 0.8], abs=0.02)
    assert [row["width"] for row in found] == pytest.approx([0.987, 0.7692])
    assert (found[0]["low"], found[0]["high"]) == (0.05, 0.95)


def test_without_quantiles_there_is_nothing_about_them():
    found = told(**case(quantiles=None, levels=()))
    assert found["coverage"] == []
    assert found["metrics"].keys() == {"mae", "rmse", "smape", "mase", "rmsse", "bias"}


def test_errors_by_step_are_means_over_all_else():
    given = case()
    given["actual"][:, 3] = np.nan
    found = told(**given)["by_step"]
    error = np.abs(given["actual"] - given["forecast"])[..., 0]
    naive = np.abs(given["actual"] - given["baselines"]["drift"])[..., 0]
    for step in (0, 1, 5):
        assert found["mae"][step] == pytest.approx(error[:, step].mean())
        assert found["baselines"]["drift"]["mae"][step] == pytest.approx(naive[:, step].mean())
        assert found["mase"][step] == pytest.approx(error[:, step].mean() / given["scale"][0, 0])
    assert found["mae"][3] is None


def test_series_are_pooled_by_their_scale_and_listed_worst_first():
    given = several()
    found = told(**given)
    assert found["measure"] == "mase"
    assert [row["series"] for row in found["by_series"]] == ["b", "c", "a"]
    assert [row["windows"] for row in found["by_series"]] == [40, 40, 40]
    scale = np.where(given["scale"] > 0, given["scale"], np.nan)[given["series"]][:, None]
    ours = np.nansum(np.abs(given["actual"] - given["forecast"]) / scale)
    theirs = np.nansum(np.abs(given["actual"]) / scale)
    assert found["skill"]["last value"]["skill"] == pytest.approx(1 - ours / theirs)
    assert found["unscaled"] == 40
    lines = sentences(found)
    assert any(line.startswith("Worst of 3 series by mase: b (") for line in lines)
    assert any(line.startswith("40 windows are left out of mase") for line in lines)


def test_the_order_of_windows_does_not_matter():
    given = several()
    order = np.random.default_rng(1).permutation(len(given["series"]))
    rows = {
        name: given[name][order] for name in ("actual", "forecast", "last", "series", "origins")
    }
    mixed = {**given, **rows, "baselines": {"last value": np.zeros(given["actual"].shape)}}
    first, second = told(**given), told(**mixed)
    assert second["skill"]["last value"] == pytest.approx(first["skill"]["last value"])
    assert second["metrics"] == pytest.approx(first["metrics"])
    for one, other in zip(first["by_series"], second["by_series"], strict=True):
        assert one == pytest.approx(other)


def test_a_baseline_without_an_answer_is_left_out_there():
    given = case()
    given["baselines"] = {name: values.copy() for name, values in given["baselines"].items()}
    given["baselines"]["drift"][:100] = np.nan
    given["baselines"]["mean"][:] = np.nan
    found = told(**given)
    half = {name: given[name][100:] for name in ("actual", "forecast", "last", "series", "origins")}
    rest = {name: values[100:] for name, values in given["baselines"].items()}
    alone = told(**{**given, **half, "baselines": rest, "quantiles": None})
    assert found["skill"]["drift"] == alone["skill"]["drift"]
    assert found["skill"]["drift"]["values"] == 200 * HORIZON
    assert (found["skill"]["mean"]["skill"], found["skill"]["mean"]["values"]) == (None, 0)
    assert "No answer of mean to compare with." in found["verdict"]


def test_one_window_says_that_it_is_no_evidence():
    found = told(**case(windows=1))
    assert found["skill"]["last value"]["p"] is None
    assert "that is no evidence" in found["verdict"][0]


@pytest.mark.parametrize(
    "given",
    [
        case(),
        case(windows=1),
        several(),
        case(scale=np.zeros((1, 1)), root_scale=np.full((1, 1), np.nan)),
        case(last=np.full((300, 1), np.nan)),
        case(forecast=np.zeros((300, HORIZON, 1)), actual=np.zeros((300, HORIZON, 1))),
    ],
    ids=["plain", "one window", "several", "no scale", "no last value", "constant"],
)
def test_the_report_is_json_and_has_its_sentences(given):
    found = told(**given)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    lines = sentences(found)
    assert all(line and "nan" not in line.split() for line in lines)
    assert lines[: len(found["verdict"])] == found["verdict"]


def test_what_does_not_fit_is_refused():
    given = case()
    with pytest.raises(ShapeError, match=r"\[W, H, K\]"):
        told(**{**given, "forecast": given["forecast"][:, :2]})
    with pytest.raises(ArgumentError, match="NaN or infinity"):
        told(**{**given, "forecast": np.full(given["forecast"].shape, np.nan)})
    with pytest.raises(ArgumentError, match="no value was observed"):
        told(**{**given, "actual": np.full(given["actual"].shape, np.nan)})
    with pytest.raises(ShapeError, match="baselines"):
        told(**{**given, "baselines": {"flat": np.zeros((300, HORIZON))}})


def test_small_savings_paid_for_by_large_errors_are_no_victory():
    draws = np.random.default_rng(3)
    actual = draws.normal(size=(200, 1, 1))
    last = np.zeros((200, 1))
    forecast = 0.9 * actual  # better nearly everywhere …
    forecast[::50] += 8 * np.sign(actual[::50])  # … and far off now and then
    found = report(
        actual,
        forecast,
        baselines={"last value": np.zeros_like(actual)},
        last=last,
        series=np.zeros(200, int),
        origins=np.arange(200),
        names=["a"],
        targets=["y"],
        season=1,
        scale=np.ones((1, 1)),
        root_scale=np.ones((1, 1)),
    )
    assert found["skill"]["last value"]["skill"] > 0.3
    assert found["skill"]["last value"]["outcome"] == "mixed"
    assert not found["skill"]["last value"]["beaten"]
    assert "but more squared error" in found["verdict"][0]


@pytest.mark.parametrize(
    ("wide", "said"),
    [(0.3, "Warning: The 80 % interval covers only"), (3.0, "wider than it needs"), (1.0, None)],
)
def test_an_interval_far_from_its_promise_is_a_warning_in_the_verdict(wide, said):
    given = case(windows=2000)
    middle = given["forecast"][..., None]
    given["quantiles"] = middle + wide * (given["quantiles"] - middle)
    found = told(**given)
    warnings = [line for line in found["verdict"] if line.startswith("Warning: ")]
    assert bool(warnings) == (said is not None)
    assert said is None or said in warnings[-1]
    assert len([line for line in sentences(found) if "80 % interval" in line]) == 1


@pytest.mark.parametrize(("inside", "warned"), [(6, True), (7, True), (8, False), (9, True)])
def test_an_interval_that_is_off_by_ten_percent_is_a_warning_of_so_many_forecasts(inside, warned):
    given = case(windows=10)
    shifted = np.where(np.arange(10) < inside, 0.0, 5.0)[:, None, None, None]
    given["levels"], given["actual"] = (0.1, 0.5, 0.9), given["forecast"].copy()
    given["quantiles"] = given["forecast"][..., None] + shifted + np.array([-1.0, 0.0, 1.0])
    verdict = told(**given)["verdict"]
    assert any("% of what happened in 10 forecasts." in line for line in verdict) == warned


def test_many_times_the_error_is_said_in_words():
    given = case()
    given["forecast"] = given["actual"] + 3 * np.abs(given["actual"] - given["baselines"]["drift"])
    verdict = told(**given)["verdict"]
    assert any(line.startswith("Worse than drift: three times the error (p") for line in verdict)
    assert not any("-" in line for line in verdict)


def test_a_forecast_of_nothing_is_not_called_good_where_most_values_are_nothing():
    draws = np.random.default_rng(0)
    actual = ((draws.random((300, 1, 1)) < 0.2) * draws.poisson(4, (300, 1, 1))).astype(float)
    options = {
        "baselines": {"mean": np.full_like(actual, actual.mean())},
        "last": np.zeros((300, 1)),
        "series": np.zeros(300, int),
        "origins": np.arange(300),
        "names": ["a"],
        "targets": ["y"],
        "season": 1,
        "scale": np.ones((1, 1)),
        "root_scale": np.ones((1, 1)),
    }
    found = report(actual, np.zeros_like(actual), **options)
    assert found["skill"]["mean"]["outcome"] == "mixed"
    assert "but hardly anything is forecast" in found["verdict"][0]
    assert found["verdict"][-1].startswith("Warning: The forecasts add up to 0 % of what came.")
    assert found["metrics"]["bias"] == pytest.approx(-actual.mean())
    some = report(actual, np.full_like(actual, actual.mean()), **options)
    assert not any(line.startswith("Warning") for line in some["verdict"])
