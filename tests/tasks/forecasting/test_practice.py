"""Series as people have them: local times, closed days, holes, one bad series among others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from elman.data import as_panel
from elman.errors import DataError
from elman.tasks import Forecaster

QUICK = {"units": 8, "epochs": 2, "learning_rate": 0.01, "threads": 1}
DAY = np.timedelta64(1, "D")


def days(count, begin="2023-01-02"):
    return np.datetime64(begin) + np.arange(count)


def weekly(times, level=10.0, seed=0):
    draws = np.random.default_rng(seed)
    weekday = (times.astype("datetime64[D]").astype(int) + 3) % 7
    return level + 3 * np.sin(2 * np.pi * weekday / 7) + 0.3 * draws.normal(size=len(times))


def long_form(**series):
    """A table of days, series after series."""
    times = [days(len(values), "2023-01-02") for values in series.values()]
    return {
        "item": np.repeat([*series], [len(values) for values in series.values()]),
        "day": np.concatenate(times),
        "sold": np.concatenate([*series.values()]),
    }


ROLES = {"target": "sold", "time": "day", "series": "item", "horizon": 7}


def shops(**more):
    return long_form(a=weekly(days(200)), b=weekly(days(180), 20, 1), **more)


def test_one_short_series_does_not_shorten_the_windows_of_the_others():
    frame = long_form(a=weekly(days(300)), new=weekly(days(5)))
    for short in ("drop", "pad"):
        model = Forecaster(**QUICK, short=short).fit(frame, **ROLES)
        assert model.model_.plan.input_steps >= 14
    many = {f"s{k}": weekly(days(120), seed=k) for k in range(10)}
    nearly = long_form(**many, short=weekly(days(30)))
    assert Forecaster(**QUICK, short="pad").fit(nearly, **ROLES).model_.plan.input_steps >= 14
    with pytest.raises(DataError, match="'new': 5 steps"):
        Forecaster(**QUICK, short="error").fit(frame, **ROLES)


def test_series_that_are_padded_are_scored_too():
    frame = shops(new=weekly(days(12)), tiny=weekly(days(5)))
    model = Forecaster(**QUICK, short="pad", validation=None).fit(frame, **ROLES)
    assert model.predict(frame).names == ("a", "b", "new", "tiny")
    tested = model.backtest(frame, origins=1)
    assert set(tested.report["series"]) == {"a", "b", "new"}
    scored = {row["series"]: row["mase"] for row in tested.report["by_series"]}
    assert scored["new"] is not None
    assert any("without any value to read" in note for note in tested.notes)


@pytest.mark.parametrize("output", ["point", "quantiles", "gaussian"])
def test_the_forecast_is_its_quantile_of_one_half(output):
    values = weekly(days(300)) + np.where(np.arange(300) > 240, 4, 0)
    model = Forecaster(**QUICK, output=output, validation=40).fit(values, horizon=7)
    found = model.predict(values)
    np.testing.assert_array_equal(found.mean, found.quantiles[..., 1])
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()


# Local time.


def load(zone="Europe/Berlin", begin="2024-02-01", hours=1500):
    """What is used at each local hour, over a clock change; naive local and UTC times."""
    utc = pd.date_range(begin, periods=hours, freq="h", tz="UTC")
    local = utc.tz_convert(zone)
    draws = np.random.default_rng(0)
    values = 50 + 20 * np.sin(2 * np.pi * local.hour / 24) + draws.normal(size=hours)
    return local, np.asarray(values)


FORMS = {
    "named zone": lambda local: local,
    "texts": lambda local: [time.isoformat() for time in local],
    "told": lambda local: local.tz_localize(None),
}


@pytest.mark.parametrize("form", FORMS)
def test_local_time_in_is_local_time_out(form):
    local, values = load()
    options = {} if form == "named zone" else {"timezone": "Europe/Berlin"}
    frame = {"time": pd.Series(FORMS[form](local)), "load": values}
    told = pd.DataFrame(frame)
    model = Forecaster(**QUICK, calendar=True).fit(told, horizon=24, time="time", **options)
    columns = model.predict(told).to_columns()
    expected = pd.date_range(local[-1], periods=25, freq="h")[1:]
    times = columns["time"].tolist()
    if form == "told":  # as it came: without offsets
        assert times == expected.tz_localize(None).to_pydatetime().tolist()
    else:
        assert times == [f"{time:%Y-%m-%dT%H:%M}{str(time)[-6:]}" for time in expected]
    again = model.model_.plan
    assert again.zone == "Europe/Berlin"
    tested = model.backtest(told, origins=2).to_columns()
    assert str(tested["time"][-1])[:13].replace(" ", "T") == f"{local[-1]:%Y-%m-%dT%H}"


def test_offsets_without_a_zone_stay_offsets():
    frame = {"time": [f"2024-01-{d:02}T{h:02}:00+05:30" for d in range(1, 9) for h in range(24)]}
    frame["load"] = np.sin(np.arange(192.0))
    panel = as_panel(frame)
    assert panel.zone == "UTC+05:30"
    model = Forecaster(**QUICK).fit(frame, horizon=3)
    assert model.predict(frame).to_columns()["time"][0] == "2024-01-09T00:00+05:30"


def test_the_calendar_is_that_of_the_clock_on_the_wall():
    local, values = load()
    frame = pd.DataFrame({"time": local.tz_localize(None), "load": values})
    model = Forecaster(**QUICK, calendar=("hour",), validation=None).fit(
        frame, horizon=24, timezone="Europe/Berlin"
    )
    work = model.model_.forecasting(model.model_.panel(frame))
    sine = work.prepared.values[:, work.prepared.unknown]
    np.testing.assert_allclose(sine, np.sin(2 * np.pi * local.hour / 24), atol=1e-6)


def test_every_time_is_written_alike():
    from elman.cli.works.series_answers import table_rows

    hours = np.datetime64("2023-12-31T23:00") + np.arange(3) * np.timedelta64(1, "h")
    for times in (hours, hours.astype("datetime64[us]")):
        rows = [row["time"] for row in table_rows({"time": times})]
        assert rows == ["2023-12-31T23:00", "2024-01-01T00:00", "2024-01-01T01:00"]
    written = [row["time"] for row in table_rows({"time": hours}, "%d.%m.%Y %H Uhr")]
    assert written[1] == "01.01.2024 00 Uhr"


# Frequencies.


def test_stamps_at_odd_microseconds_are_trained_by_row():
    draws = np.random.default_rng(0)
    for spread, apart in ((2e6, 3e8), (1e5, 1.2345e6), (1e3, 7.7e10)):
        apart = np.round(apart + spread * draws.normal(size=300)).astype("timedelta64[us]")
        stamps = np.datetime64("2025-03-01T00:00:09.680074", "us") + apart.cumsum()
        frame = {"stamp": stamps, "temp": 20 + np.sin(np.arange(300.0))}
        with pytest.raises(DataError, match="frequency='rows' takes each row"):
            as_panel(frame)
        model = Forecaster(**QUICK).fit(frame, horizon=5, frequency="rows")
        assert model.predict(frame).times.shape == (1, 5)


def business_days(closed=()):
    found = pd.bdate_range("2023-01-02", "2024-06-28")
    return found[~found.strftime("%m-%d").isin(closed)]


HOLIDAYS = ("01-01", "04-07", "05-01", "12-25", "12-26")


def test_business_days_with_holidays_need_no_option():
    times = business_days(HOLIDAYS)
    frame = {"date": times, "calls": weekly(times.to_numpy(), 100)}
    model = Forecaster(**QUICK).fit(frame, horizon=10)
    assert model.result_["crossing_windows"] == 0
    found = model.predict(frame)
    assert found.times[0, 0] == np.datetime64("2024-07-01")
    assert (pd.DatetimeIndex(found.times[0]).day_of_week < 5).all()


@pytest.mark.parametrize(
    ("week", "text", "said"),
    [
        ("1111110", "B:1111110", "every day but Sunday"),
        ("1111001", "B:1111001", "every day but Friday and Saturday"),
    ],
)
def test_a_shop_that_is_closed_on_some_weekdays(week, text, said):
    every = pd.date_range("2023-01-02", periods=400)
    times = every[[week[day] == "1" for day in every.day_of_week]]
    panel = as_panel({"date": times, "sold": weekly(times.to_numpy())})
    assert panel.frequency.to_text() == text
    assert panel.frequency.describe() == said
    assert panel.frequency.season == week.count("1")
    assert not panel.gap_before.any()
    after = panel.frequency.shift(panel.times[-1:], np.arange(1, 15))
    assert {week[day] for day in pd.DatetimeIndex(after).day_of_week} == {"1"}
    by_row = as_panel({"date": times.delete([30, 77]), "sold": np.arange(len(times) - 2.0)})
    assert by_row.frequency.to_text() == f"rows:{text}"


def test_a_long_hole_in_business_days_is_a_gap():
    times = business_days().delete(np.arange(100, 160))
    panel = as_panel({"date": times, "calls": np.arange(float(len(times)))})
    assert panel.frequency.to_text() == "B"
    assert panel.gap_before.sum() == 1


def test_month_ends_may_be_the_last_business_day():
    times = pd.date_range("2018-01-31", periods=60, freq="BME")
    frame = {"month": times, "sales": np.sin(np.arange(60.0))}
    panel = as_panel(frame)
    assert panel.frequency.to_text() == "BME"
    assert not panel.gap_before.any()
    model = Forecaster(**QUICK).fit(frame, horizon=4)
    expected = pd.date_range(times[-1], periods=5, freq="BME")[1:]
    assert model.predict(frame).times[0].tolist() == [time.to_pydatetime() for time in expected]


def test_many_gaps_are_read_across_and_few_left_out():
    months = pd.date_range("2005-01-31", periods=200, freq="ME")
    values = np.sin(np.arange(200.0))
    holes = months.delete([50, 51, 90, 91, 120, 150, 175])
    kept = values[np.isin(months, holes)]
    model = Forecaster(**QUICK).fit({"month": holes, "sales": kept}, horizon=12)
    assert model.model_.plan.gaps == "mask"
    assert model.result_["crossing_windows"] == 0
    one = Forecaster(**QUICK).fit(
        {"day": np.delete(days(600), 300), "y": np.arange(599.0)}, horizon=7
    )
    assert one.model_.plan.gaps == "drop"


# One bad series.


def test_one_bad_series_does_not_stop_the_others():
    good = Forecaster(**QUICK).fit(shops(), **ROLES)
    hole = weekly(days(60), seed=4)
    hole[-20:] = np.nan  # at the end
    frame = shops(new=weekly(days(3)), hole=hole, never=np.full(40, np.nan))
    gap = np.flatnonzero(frame["item"] == "b")[-5]
    frame = {name: np.delete(values, gap) for name, values in frame.items()}
    found = good.predict(frame)
    assert found.names == ("a", "b", "new", "hole")
    assert found.skipped == ("never",)
    assert np.isfinite(found.mean).all()
    last = found.times[found.names.index("hole"), 0] - DAY
    assert last == days(60)[39]
    for said in (
        "1 series ('never') skipped: no value",
        "1 series ('b') with a gap in the steps that are read",
        "1 series ('new') shorter than the",
    ):
        assert any(said in note for note in found.notes)
    with pytest.raises(DataError):
        good.predict(frame, strict=True)


def test_a_series_that_cannot_be_read_in_logarithms_is_skipped():
    model = Forecaster(**QUICK, transform="log").fit(shops(), **ROLES)
    found = model.predict(shops(zero=np.zeros(50)))
    assert found.skipped == ("zero",)
    with pytest.raises(DataError, match="positive"):
        model.predict(shops(zero=np.zeros(50)), strict=True)


# Tables.


def test_columns_of_a_forecast_are_called_as_in_the_table():
    model = Forecaster(**QUICK).fit(shops(), **ROLES)
    assert [*model.predict(shops()).to_columns()][:3] == ["item", "day", "forecast"]
    assert [*model.backtest(shops(), origins=1).to_columns()][:3] == ["item", "origin", "day"]
    odd = {("forecast" if name == "item" else name): v for name, v in shops().items()}
    renamed = Forecaster(**QUICK).fit(odd, **ROLES | {"series": "forecast"})
    assert [*renamed.predict(odd).to_columns()][:3] == ["series", "time", "forecast"]


def test_dates_are_read_as_told_and_written_so(tmp_path):
    times = pd.date_range("2023-01-02", periods=200)
    path = tmp_path / "odd.csv"
    texts = times.strftime("%Y%m%d")
    path.write_text("day,sold\n" + "".join(f"{t},{k % 7}\n" for k, t in enumerate(texts)))
    model = Forecaster(**QUICK).fit(path, horizon=7, time="day", date_format="%Y%m%d")
    assert model.model_.reading["date_format"] == "%Y%m%d"
    assert model.predict(path).times[0, 0] == np.datetime64("2023-07-21")
    with pytest.raises(DataError, match=r"no date as '%d\.%m\.%Y'"):
        as_panel(path, time="day", date_format="%d.%m.%Y")
    path.write_text("day,sold\n20230101,1\n2023-01-02,2\n")
    with pytest.raises(DataError, match="line 3, column 'day': found '2023-01-02'"):
        as_panel(path, time="day", date_format="%Y%m%d")


def test_a_category_that_was_never_seen_is_unknown():
    frame = shops()
    frame["region"] = np.where(frame["item"] == "a", "north", "south")
    model = Forecaster(**QUICK).fit(frame, **ROLES, static="region")
    frame["region"] = np.where(frame["item"] == "a", "north", "west")
    found = model.predict(frame)
    assert np.isfinite(found.mean).all()
    assert any("taken as unknown: 'west'" in note for note in found.notes)


@pytest.mark.parametrize("strategy", ["direct", "recursive", "smoothing"])
def test_beyond_its_horizon_a_model_goes_on_from_its_own_forecasts(strategy):
    frame = shops()
    model = Forecaster(strategy, **QUICK, output="quantiles").fit(frame, **ROLES)
    short, far = model.predict(frame), model.predict(frame, horizon=17)
    assert far.mean.shape == (2, 17, 1)
    np.testing.assert_array_equal(far.mean[:, :7], short.mean)
    np.testing.assert_array_equal(np.diff(far.times.astype("M8[D]"), axis=1), DAY)
    assert any("trained for 7 steps ahead" in note for note in far.notes)
    width = far.quantiles[..., -1] - far.quantiles[..., 0]
    assert (width[:, 7:14] >= width[:, 6:7]).all()
    fewer = model.predict(frame, horizon=3)
    np.testing.assert_array_equal(fewer.mean, short.mean[:, :3])
    joined = {name: np.concatenate([v, short_rows(short)[name]]) for name, v in frame.items()}
    order = np.lexsort((joined["day"], joined["item"]))
    second = model.predict({name: values[order] for name, values in joined.items()})
    np.testing.assert_allclose(far.mean[:, 7:14], second.mean, atol=0.2, rtol=0.02)


def short_rows(found):
    columns = found.to_columns()
    return {
        "item": columns["item"].astype(str),
        "day": columns["day"].astype("M8[D]"),
        "sold": columns["forecast"],
    }


def test_periods_are_times():
    months = pd.period_range("2015-01", periods=60, freq="M")
    panel = as_panel(pd.DataFrame({"month": months, "sales": np.arange(60.0)}))
    assert panel.frequency.to_text() == "MS"
    assert panel.times[0] == np.datetime64("2015-01-01")


def test_times_within_a_microsecond_are_told_so():
    stamps = np.datetime64("2024-01-01", "ns") + np.arange(100) * np.timedelta64(250, "ns")
    for frame in ({"t": stamps, "y": np.arange(100.0)}, pd.DataFrame({"t": stamps, "y": 1.0})):
        with pytest.raises(DataError, match=r"row 1, .*parts of a microsecond; .*rows are steps"):
            as_panel(frame)


def test_series_one_after_the_other_need_to_be_told_apart():
    frame = shops()
    with pytest.raises(DataError, match="once for each of 2 values of 'item'; series='item'"):
        as_panel(frame, target="sold")
    mixed = np.argsort(frame["day"], kind="stable")
    with pytest.raises(DataError, match="series='item'"):
        as_panel({name: values[mixed] for name, values in frame.items()}, target="sold")
    with pytest.raises(DataError, match="repair 'sort'"):
        as_panel({"day": days(9)[::-1], "sold": np.arange(9.0)})


def test_windows_that_all_cross_a_gap_name_the_way_out():
    frame = {"day": np.delete(days(60), np.arange(8, 56, 8)), "y": np.arange(54.0)}
    with pytest.raises(DataError, match=r"cross a gap.*gaps='mask'"):
        Forecaster(**QUICK, gaps="drop", window=7).fit(frame, horizon=7, frequency="D")
    assert Forecaster(**QUICK, window=7).fit(frame, horizon=7).model_.plan.gaps == "mask"


def sales(months, seed):
    """Monthly sales of one shop that grow: so does what cannot be foretold of them."""
    draws = np.random.default_rng(seed)
    t = np.arange(months)
    level = (100 + 0.8 * t) * (1 + 0.2 * np.sin(2 * np.pi * t / 12))
    return level * np.exp(0.03 * draws.normal(size=months))


def test_intervals_grow_with_the_level():
    """Of the last year of each of forty shops four months in five lie within."""
    months = np.datetime64("1980-01") + np.arange(360)
    shops = np.stack([sales(360, seed) for seed in range(40)])
    frame = {"item": np.repeat(np.arange(40), 348).astype(str), "month": np.tile(months[:348], 40)}
    frame["sold"] = shops[:, :348].ravel()
    model = Forecaster(units=4, epochs=1, threads=1)
    model.fit(frame, target="sold", time="month", series="item", horizon=12)
    assert model.model_.companions.calibration.relative
    found = model.predict(frame)
    order = [int(name) for name in found.names]
    low, high = found.interval(0.8)
    actual = shops[order, 348:, None]
    assert 0.76 < ((low <= actual) & (actual <= high)).mean() < 0.86


@pytest.mark.parametrize("output", ["point", "quantiles", "gaussian"])
def test_relative_errors_are_told_in_intervals_and_in_paths(output, tmp_path):
    values = sales(560, 0)
    told = {"output": output, "window_scaling": "season", "season": 12}
    model = Forecaster(units=4, epochs=1, threads=1, **told).fit(values, horizon=12)
    assert model.model_.companions.calibration.relative
    model.save(tmp_path / "model.elman")
    read = Forecaster.load(tmp_path / "model.elman")
    low, high = read.predict(values).interval(0.8)
    paths = read.sample(values, paths=200)
    width = np.subtract(*np.quantile(paths, (0.9, 0.1), axis=1)).mean()
    assert width == pytest.approx((high - low).mean(), rel=0.3)


def test_stamps_of_nanoseconds_in_texts_are_refused_and_not_cut():
    stamps = np.datetime64("2025-03-01", "ns") + np.arange(40) * np.timedelta64(250, "ns")
    with pytest.raises(DataError, match="parts of a microsecond"):
        as_panel({"t": [str(one) for one in stamps], "v": np.arange(40.0)})


def test_periods_that_are_not_read_as_times_are_told_of():
    quarters = [f"{year}Q{q}" for year in range(2000, 2010) for q in range(1, 5)]
    panel = as_panel({"Quarter": quarters, "v": np.arange(40.0)})
    assert any("'2000Q1', which are not read as times" in note for note in panel.notes)


def test_what_is_asked_for_is_all_that_must_be_known_ahead():
    values = weekly(days(200))
    frame = {"day": days(200), "sold": values, "promo": np.arange(200) % 5 == 0}
    frame["promo"] = frame["promo"].astype(float)
    model = Forecaster(**QUICK).fit(frame, horizon=7, target="sold", time="day", future="promo")

    def ahead(steps):
        return {"day": days(steps, "2023-07-21"), "promo": np.zeros(steps)}

    for steps in (3, 10):
        found = model.predict(frame, ahead(steps), horizon=steps)
        assert found.mean.shape == (1, steps, 1)
        assert any("is read as missing" in note for note in found.notes)
        with pytest.raises(DataError, match=r"promo known until .*1 more step"):
            model.predict(frame, ahead(steps), horizon=steps + 1)
