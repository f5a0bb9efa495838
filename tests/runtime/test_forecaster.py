"""A forecaster from its file: which steps it reads, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import as_panel
from elman.errors import ArgumentError, DataError, ElmanError
from elman.runtime.forecaster import ForecasterModel
from tests.runtime.forecasters import bundle_for, companions_for, network_for, plan_for, shops

HOUR = np.timedelta64(1, "h")
START = np.datetime64("2024-01-01")


def model_for(panel, **changes) -> ForecasterModel:
    """Of weights that were drawn: reads 6 steps, forecasts 3."""
    companions = companions_for(panel, plan_for(panel, **changes))
    return ForecasterModel(bundle_for(companions, network_for(companions, panel)))


def table(lengths=(20, 20), first=0):
    """Series that count on, the first day of each as given."""
    step = np.concatenate([np.arange(n) + first for n in lengths])
    names = np.repeat([f"s{n}" for n in range(len(lengths))], lengths)
    return {"shop": names, "day": START + step, "units": 10 + np.sin(step)}


def part(frame, rows):
    return {name: column[rows] for name, column in frame.items()}


FRAME = table()
PANEL = as_panel(FRAME, target="units", time="day", series="shop")


def mae(report):
    return report["metrics"]["mae"]


@pytest.mark.parametrize("later", [3, 9])
def test_evaluating_is_predicting_and_comparing(later):
    """What comes after the horizon makes no difference."""
    model, actual = model_for(PANEL), table((later, later), first=20)
    report = model.evaluate(FRAME, actual)
    came = 10 + np.sin(np.arange(20, 23))
    errors = np.abs(model.predict(FRAME).mean[..., 0] - came)
    assert report["windows"] == 2
    assert mae(report) == pytest.approx(errors.mean())


def test_series_in_another_order_and_of_other_lengths():
    model = model_for(PANEL)
    frame, actual = table((20, 12)), table((3, 3), first=20)
    actual["day"][3:] -= np.timedelta64(8, "D")
    expected = mae(model.evaluate(frame, actual))
    turned = part(actual, [3, 4, 5, 0, 1, 2])
    assert mae(model.evaluate(frame, turned)) == pytest.approx(expected)


def test_rows_without_times_go_on_where_the_frame_ends():
    values = 10 + np.sin(np.arange(30.0))
    model = model_for(as_panel(values))
    report = model.evaluate(values[:20], values[20:])
    errors = np.abs(model.predict(values[:20]).mean[0, :, 0] - values[20:23])
    assert mae(report) == pytest.approx(errors.mean())


def test_by_row_the_next_rows_are_the_next_steps():
    """Trading days: steps are counted anew in each frame."""
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-03-01"))
    days = days[np.is_busday(days)]
    days = np.delete(days, [5, 17])
    frame = {"day": days, "price": 10 + np.sin(np.arange(len(days)))}
    model = model_for(as_panel(frame, frequency="rows"))
    report = model.evaluate(part(frame, slice(25)), part(frame, slice(25, 30)))
    errors = np.abs(model.predict(part(frame, slice(25))).mean[0, :, 0] - frame["price"][25:28])
    assert mae(report) == pytest.approx(errors.mean())
    with pytest.raises(DataError, match=r"begins at 2024-01-01.*after"):
        model.evaluate(part(frame, slice(25)), part(frame, slice(5)))


def test_short_series_are_padded_before_they_are_evaluated():
    model = model_for(PANEL, short="pad", flags=True)
    frame = part(table((20, 4)), slice(24))
    actual = table((3, 3), first=20)
    actual["day"][3:] -= np.timedelta64(16, "D")
    expected = np.abs(model.predict(frame).mean[..., 0] - actual["units"].reshape(2, 3))
    assert mae(model.evaluate(frame, actual)) == pytest.approx(expected.mean())
    with pytest.raises(DataError, match=r"'s1': 4 steps.*short='pad'"):
        model_for(PANEL).evaluate(frame, actual)
    dropped = model_for(PANEL, short="drop").evaluate(frame, actual)
    assert dropped["series"] == ["s0"]


@pytest.mark.parametrize(
    ("actual", "named"),
    [
        (table((2, 3), first=20), "actual, series 's0': 2 steps; at least 3"),
        (table((3,), first=20), "'s1' is not in both frames"),
        (table((3, 3), first=19), "begins at 2024-01-20.*where the frame ends"),
    ],
)
def test_what_came_must_go_on_where_the_frame_ends(actual, named):
    with pytest.raises(DataError, match=named):
        model_for(PANEL).evaluate(FRAME, actual)


@pytest.mark.parametrize("rows", [slice(20), slice(14, 20)])
def test_a_series_without_a_value_in_what_is_read_is_skipped_and_named(rows):
    frame = table()
    frame["units"][rows] = np.nan
    model = model_for(PANEL, flags=True)
    report = model.evaluate(frame, table((3, 3), first=20))
    assert report["series"] == ["s1"]
    if rows == slice(20):
        found = model.predict(frame)
        assert (found.names, found.skipped) == (("s1",), ("s0",))
        assert any("1 series ('s0') skipped: no value in the 6 steps" in n for n in found.notes)
        with pytest.raises(DataError, match=r"'s0': no value in the 6 steps that are read; obs"):
            model.predict(frame, strict=True)
        with pytest.raises(DataError, match="'s0': no value in the 6 steps that are read"):
            model.predict({name: values[:20] for name, values in frame.items()})


def test_one_value_is_enough():
    frame = table()
    frame["units"][:20] = np.where(np.arange(20) == 16, 9.5, np.nan)
    found = model_for(PANEL, flags=True, window_scaling="last").predict(frame)
    assert np.isfinite(found.mean).all()


@pytest.mark.parametrize("value", [np.nan, 5.0])
def test_a_single_row(value):
    frame = {"shop": ["s0"], "day": [START], "units": [value]}
    if not np.isnan(value):
        with pytest.raises(DataError, match=r"'s0': 1 steps; at least 6"):
            model_for(PANEL).predict(frame, strict=True)
        found = model_for(PANEL).predict(frame)
        assert any("shorter than the 6 steps that are read" in note for note in found.notes)
    padding = model_for(PANEL, short="pad", flags=True)
    if np.isnan(value):
        with pytest.raises(DataError, match="no value in the 6 steps"):
            padding.predict(frame)
    else:
        assert padding.predict(frame).mean.shape == (1, 3, 1)


def test_no_rows():
    for method in ("predict", "backtest", "evaluate"):
        with pytest.raises(ElmanError, match="no rows"):
            getattr(model_for(PANEL), method)({"shop": [], "day": [], "units": []})


def local_hours(count=400):
    """Paris, over the last Sunday of October: naive local times, and UTC."""
    utc = np.datetime64("2024-10-20T00:00") + np.arange(count) * HOUR
    ahead = np.where(utc < np.datetime64("2024-10-27T01:00"), 2, 1) * HOUR
    return utc + ahead, utc


def test_times_without_a_zone_are_read_in_the_zone_of_training():
    local, utc = local_hours()
    values = 10 + np.sin(np.arange(400) / 4)
    panel = as_panel({"time": local, "y": values}, timezone="Europe/Paris")
    model = model_for(panel, calendar=("hour",))
    assert model.plan.timezone == "Europe/Paris"
    for rows in (slice(0, 50), slice(150, 200), slice(300, 400)):
        found = model.predict({"time": local[rows], "y": values[rows]})
        np.testing.assert_array_equal(found.times[0], utc[rows][-1] + np.arange(1, 4) * HOUR)
        aware = [f"{time}Z" for time in utc[rows]]
        zoned = model.predict({"time": aware, "y": values[rows]})
        np.testing.assert_array_equal(zoned.mean, found.mean)
        np.testing.assert_array_equal(zoned.times, found.times)


def test_covariates_ahead_are_read_in_that_zone_too():
    local, utc = local_hours(60)
    frame = {"time": local, "y": np.sin(np.arange(60)), "warm": np.arange(60) % 5.0}
    roles = {"time": "time", "target": "y", "future": "warm", "timezone": "Europe/Paris"}
    model = model_for(as_panel(frame, **roles))
    ahead = {"time": local[50:], "warm": frame["warm"][50:]}
    found = model.predict(part(frame, slice(50)), ahead)
    np.testing.assert_array_equal(found.times[0], utc[50:53])


def test_a_panel_keeps_its_zone_in_other_roles():
    local, _ = local_hours(60)
    frame = {"time": local, "y": np.sin(np.arange(60)), "warm": np.arange(60) % 5.0}
    panel = as_panel(frame, time="time", target="y", timezone="Europe/Paris")
    assert as_panel(panel).timezone == "Europe/Paris"
    assert panel.cut(30).filled().select([0]).timezone == "Europe/Paris"


@pytest.mark.parametrize("start", ["soon", 3.5, 15, "2024-13-01", ["2024-01-15"] * 2, np.nan, [[]]])
def test_a_start_that_is_no_time(start):
    with pytest.raises(ArgumentError, match="start"):
        model_for(PANEL).backtest(FRAME, start=start)


@pytest.mark.parametrize("start", ["x", "3.5", 3.5, np.datetime64("2024-01-15")])
def test_a_start_among_numbered_rows(start):
    values = 10 + np.sin(np.arange(30.0))
    model = model_for(as_panel(values))
    for row in (15, "15"):
        assert model.backtest(values, start=row).times[0, 0] == 15
    with pytest.raises(ArgumentError, match="start"):
        model.backtest(values, start=start)


def test_a_start_is_local_time_where_times_are():
    local, utc = local_hours(60)
    values = np.sin(np.arange(60))
    panel = as_panel({"time": local, "y": values}, timezone="Europe/Paris")
    model = model_for(panel)
    for start in (local[30], str(local[30]), f"{utc[30]}Z"):
        found = model.backtest({"time": local, "y": values}, start=start)
        assert found.times[0, 0] == utc[30]


@pytest.mark.parametrize("origins", [0, -3])
def test_a_number_of_origins(origins):
    with pytest.raises(ArgumentError, match="origins"):
        model_for(PANEL).backtest(FRAME, origins=origins)


def test_origins_from_a_time_on_are_each_series_own():
    frame = table((20, 20))
    frame["day"][20:] += np.timedelta64(5, "D")
    found = model_for(PANEL).backtest(frame, start="2024-01-15")
    first = found.times[:, 0]
    for n, count in ((0, 20 - 14 - 2), (1, 25 - 14 - 2)):
        mine = first[found.series == n]
        assert mine.min() == np.datetime64("2024-01-15")
        assert len(mine) == count


def test_covariates_travel_with_the_file():
    panel = shops()
    model = model_for(panel, calendar=("weekday",), identify=True)
    whole = model.backtest(panel)
    assert len(whole) == sum(length - 8 for length in (40, 33))
    alone = model.predict(panel.cut(panel.history - 3, keep_ahead=True))
    last = np.flatnonzero(np.diff(whole.series, append=9))
    np.testing.assert_allclose(alone.mean, whole.mean[last], rtol=1e-6)
