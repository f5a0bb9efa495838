"""What a forecaster finds out where it is told nothing, and what it does not let pass."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import as_panel
from elman.errors import ArgumentError, DataError
from elman.runtime.forecasting.plan import LARGEST, ForecastPlan
from elman.tasks import Forecaster
from elman.tasks.forecasting.settings import held_out_steps, plan_of


def panel(length=400, frequency="h", holes=False, columns=1):
    values = 5 + np.random.default_rng(0).random((length, columns))
    if holes:
        values[length // 2] = np.nan
    units = {"h": "h", "D": "D", "15min": "m", "ME": "M"}
    step = {"15min": 15}.get(frequency, 1)
    times = np.datetime64("2020-01") + np.arange(length) * np.timedelta64(step, units[frequency])
    if frequency == "ME":
        times = (times + 1).astype("datetime64[D]") - 1
    names = [f"y{k}" for k in range(columns)]
    table = {"time": times} | {name: values[:, k] for k, name in enumerate(names)}
    return as_panel(table, target=names, time="time", joint=columns > 1)


def several(*lengths):
    names = np.repeat([f"s{n}" for n in range(len(lengths))], lengths)
    steps = np.concatenate([np.arange(length) for length in lengths])
    return as_panel({"name": names, "t": steps, "y": steps + 1.0}, series="name", time="t")


def plan(series=None, horizon=24, **options) -> ForecastPlan:
    series = panel() if series is None else series
    return plan_of(Forecaster(**options).get_params(), series, horizon)


@pytest.mark.parametrize(("frequency", "season"), [("h", 24), ("D", 7), ("15min", 96), ("ME", 12)])
def test_the_season_is_the_usual_one(frequency, season):
    series = panel(frequency=frequency)
    found = plan(series)
    assert (found.season, found.frequency) == (season, frequency)
    assert plan(series, season=5).season == 5


def test_the_season_of_numbered_rows_is_none():
    assert plan(as_panel(np.arange(400.0))).season == 1
    assert plan(as_panel(np.arange(400.0), frequency="step:12")).season == 12


@pytest.mark.parametrize(
    ("horizon", "season", "length", "window"),
    [
        (24, 24, 400, 48),  # two of either
        (24, 30, 400, 60),  # two seasons
        (60, 24, 400, 120),  # two horizons
        (60, 24, 240, 60),  # half of what validation and horizon leave: 120
        (60, 24, 122, 1),  # all but nothing is left
    ],
)
def test_the_window_is_two_horizons_or_seasons_or_what_there_is_room_for(
    horizon, season, length, window
):
    found = plan(panel(length), horizon, season=season, validation=horizon)
    assert found.input_steps == window


def test_the_window_as_told_and_of_a_recursive_network():
    assert plan(window=33).input_steps == 33
    assert plan(strategy="recursive").input_steps == 20
    assert plan(strategy="recursive", window=7).input_steps == 7


def test_the_shortest_series_says_how_much_room_there_is():
    assert plan(several(400, 100), 10, season=20, validation=10).input_steps == 40
    assert plan(several(400, 60), 10, season=20, validation=10).input_steps == 20


def test_the_longest_segment_within_a_season_that_the_horizon_is_made_of():
    for horizon, season, segment in ((48, 24, 24), (36, 24, 18), (30, 7, 6), (13, 7, 1), (7, 7, 7)):
        found = plan(horizon=horizon, season=season, strategy="segments")
        assert found.segment == segment
        assert found.input_steps % segment == 0
    assert plan(horizon=30, season=1, strategy="segments").segment == 5  # at most √30
    assert plan(horizon=30, strategy="segments", segment=10).segment == 10
    assert plan().segment == 1


def test_a_window_of_less_than_a_segment():
    with pytest.raises(DataError, match=r"60 steps.*window=.*short="):
        plan(panel(60), 24, season=24, strategy="segments", validation=24)


def test_scales_as_suit_strategy_and_output():
    assert (plan().scaling, plan().window_scaling) == ("standard", "last")
    assert plan(strategy="recursive").window_scaling == "none"
    counts = plan(output="negative_binomial")
    assert (counts.scaling, counts.window_scaling) == ("none", "mean")
    told = plan(scaling="robust", window_scaling="season")
    assert (told.scaling, told.window_scaling) == ("robust", "season")


def test_flags_where_something_may_be_missing():
    assert not plan().flags
    assert plan(panel(holes=True)).flags
    assert plan(gaps="mask").flags
    assert plan(short="pad").flags
    ahead = {"t": [400, 401], "promo": [1.0, 0.0]}
    table = {"t": np.arange(400), "y": np.arange(400.0), "promo": np.ones(400)}
    series = as_panel(table, target="y", time="t", future="promo", ahead=ahead)
    assert not plan(series).flags  # what comes after the history is not missing


def test_calendar():
    assert plan().calendar == ("hour", "weekday")  # two years would tell of the year
    assert plan(calendar=False).calendar == plan(calendar=()).calendar == ()
    assert plan(calendar=True).calendar == ("hour", "weekday", "dayofyear")
    assert plan(panel(frequency="ME"), calendar=True).calendar == ("month",)
    assert plan(calendar=["week"]).calendar == ("week",)
    with pytest.raises(ArgumentError, match="not dates"):
        plan(as_panel(np.arange(400.0)), calendar=["hour"])


def test_joint_targets_and_zones_are_as_of_the_panel():
    assert plan(panel(columns=2)).joint
    assert plan(panel(columns=2)).targets == 2
    assert not plan().joint
    times = np.datetime64("2024-01-01T00:00") + np.arange(400) * np.timedelta64(1, "h")
    table = {"time": times, "y": np.arange(400.0)}
    assert plan(as_panel(table, timezone="Asia/Tokyo")).timezone == "Asia/Tokyo"
    assert plan(as_panel(table)).timezone is None


def test_smoothing_follows_a_day_and_a_week_where_there_is_room():
    assert plan(panel(800), strategy="smoothing").seasons == (24, 168)
    assert plan(panel(300), strategy="smoothing").seasons == (24,)
    assert plan(panel(frequency="D"), strategy="smoothing").seasons == (7,)
    assert plan(panel(800), strategy="smoothing", season=1).seasons == ()
    assert plan(panel(800), strategy="smoothing", season=(12, 30)).seasons == (12, 30)
    with pytest.raises(ArgumentError, match="shorter first"):
        plan(panel(800), strategy="smoothing", season=(30, 12))


def test_what_is_saved_can_be_loaded():
    """Whatever is found out stands the checks that a file's plan is put to."""
    for options in (
        {},
        {"strategy": "recursive", "output": "student", "levels": (0.5,)},
        {"strategy": "segments", "calendar": True, "traits": True, "levels": np.array([0.1, 0.9])},
        {"strategy": "smoothing", "season": (24, 168)},
        {"output": "negative_binomial", "gaps": "mask", "season": np.int64(12)},
    ):
        found = plan(panel(800), **options)
        assert ForecastPlan.from_dict(found.to_dict()) == found


def test_held_out_steps():
    series = several(100, 33)
    assert held_out_steps(None, series, 5).tolist() == [0, 0]
    assert held_out_steps(0.1, series, 5).tolist() == [10, 5]
    assert held_out_steps(np.float32(0.5), series, 5).tolist() == [50, 16]
    assert held_out_steps(7, series, 5).tolist() == [7, 7]
    for wrong in (0, 4, -1, 0.0, 1.0, 1.5, True, "0.1", [3], float("nan")):
        with pytest.raises(ArgumentError, match="validation"):
            held_out_steps(wrong, series, 5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategy": "magic"}, r"strategy: found 'magic'.*recursive, direct, segments, smoothing"),
        ({"keep": "worst"}, "keep: found 'worst'.*best, last"),
        ({"gaps": "fill"}, "gaps: found 'fill'.*drop, mask"),
        ({"short": "cut"}, "short: found 'cut'.*error, drop, pad"),
        ({"transform": "root"}, "transform: found 'root'.*none, log"),
        ({"season": 0}, "season: found 0"),
        ({"season": 1.5}, "season: found 1.5"),
        ({"season": LARGEST + 1}, f"season.*at most {LARGEST}"),
        ({"window": LARGEST + 1}, f"input_steps.*at most {LARGEST}"),
        ({"window": True}, "window: found True"),
        ({"segment": 3}, "segment: 3 with strategy='direct'"),
        ({"strategy": "segments", "segment": 0}, "segment: found 0"),
        ({"levels": 0.5}, "levels: found 0.5"),
        ({"levels": (0.5, "x")}, "levels: found"),
        ({"levels": (0.5, 0.5)}, "levels.*increasing"),
        ({"levels": (), "output": "quantiles"}, "levels"),
        ({"traits": True, "strategy": "recursive"}, "traits.*'recursive'.*direct"),
        ({"output": "negative_binomial", "transform": "log"}, "transform: 'log' with output"),
        (
            {"output": "negative_binomial", "window_scaling": "last"},
            "window_scaling.*counts stay counts",
        ),
        ({"strategy": "smoothing", "scaling": "mean"}, "scaling: 'mean' with strategy='smoothing'"),
        ({"strategy": "smoothing", "stride": 2}, "stride: 2 with strategy='smoothing'"),
        ({"strategy": "smoothing", "output": "negative_binomial"}, "output"),
    ],
    ids=str,
)
def test_what_is_said_of_wrong_parameters(options, said):
    with pytest.raises(ArgumentError, match=said):
        plan(**options)


@pytest.mark.parametrize("horizon", [0, -1, 1.5, None, True])
def test_the_horizon_is_a_number_of_steps(horizon):
    with pytest.raises(ArgumentError, match="horizon"):
        plan(horizon=horizon)
