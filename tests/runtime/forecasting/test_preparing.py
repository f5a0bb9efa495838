"""A panel as features: each in its place, scaled, and zero where missing."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.series.frequency import Frequency
from elman.data.series.panel import Columns, Panel
from elman.errors import ArgumentError, ShapeError
from elman.runtime.forecasting import preparing
from elman.runtime.forecasting.preparing import fit_covariates, prepare
from elman.transforms.calendar import calendar_features
from elman.transforms.series_scaler import SeriesScaler


@pytest.fixture
def panel() -> Panel:
    """Two series, 9 and 7 rows, of which the last two hold known-ahead covariates only."""
    draws = np.random.default_rng(0)
    offsets, history = np.array([0, 9, 16]), np.array([7, 5])
    step = np.concatenate([np.arange(9), np.arange(7)])
    target = draws.normal([5, 100], [1, 30], size=(16, 2))
    past = draws.normal(-4, 3, size=(16, 1))
    target[3, 0] = past[4, 0] = np.nan
    for end, rows in zip(offsets[1:], history - np.diff(offsets), strict=True):
        target[end + rows : end] = past[end + rows : end] = np.nan
    return Panel(
        names=("a", "b"),
        offsets=offsets,
        times=np.datetime64("2024-05-01T20", "us") + step * np.timedelta64(1, "h"),
        steps=step,
        frequency=Frequency("hour"),
        target=target,
        past=past,
        future=np.stack([draws.normal(70, 9, 16), step % 2], axis=1),
        static=np.array([[300.0], [500.0]]),
        columns=Columns("time", "name", ("x", "y"), ("p",), ("q", "holiday"), ("size",)),
        history=history,
    )


def prepared(panel: Panel, **options):
    scaler = SeriesScaler.fit(panel.target, panel.offsets, "standard")
    return prepare(
        panel, scaler, fit_covariates(panel), **{"flags": True, "calendar": ("hour",)} | options
    )


def test_every_feature_has_its_place(panel):
    found = prepared(panel)
    assert (found.unknown, found.known) == (6, 4)
    assert found.values.dtype == found.targets.dtype == np.float32
    scaler = SeriesScaler.fit(panel.target, panel.offsets, "standard")
    covariates = fit_covariates(panel)
    index = np.repeat([0, 1], [9, 7])
    np.testing.assert_array_equal(found.series, index)
    np.testing.assert_array_equal(found.targets, scaler.transform(panel.target, index))
    expected = [
        np.nan_to_num(found.targets),
        ~np.isnan(panel.target),
        np.nan_to_num((panel.past - covariates.centre[0, 0]) / covariates.spread[0, 0]),
        ~np.isnan(panel.past),
        (panel.future[:, :1] - covariates.centre[0, 1]) / covariates.spread[0, 1],
        panel.future[:, 1:],
        calendar_features(panel.times, ["hour"]),
        np.repeat([-1, 1], [9, 7])[:, None],
    ]
    np.testing.assert_allclose(found.values, np.hstack(expected), rtol=1e-5, atol=1e-6)


def test_flags_and_calendar_are_left_out_where_they_are_not_asked_for(panel):
    whole, plain = prepared(panel), prepared(panel, flags=False, calendar=())
    assert (plain.unknown, plain.known) == (3, 2)
    np.testing.assert_array_equal(plain.values, whole.values[:, [0, 1, 4, 6, 7, 10]])


def test_it_does_not_matter_how_many_rows_are_worked_on_at_a_time(panel, monkeypatch):
    whole = prepared(panel)
    monkeypatch.setattr(preparing, "_ROWS", 5)
    np.testing.assert_array_equal(prepared(panel).values, whole.values)
    np.testing.assert_array_equal(prepared(panel).targets, whole.targets)


def test_the_scale_of_covariates_is_learnt_from_history(panel):
    before = fit_covariates(panel)
    panel.future[7:9] = panel.future[14:] = 1e6
    after = fit_covariates(panel)
    np.testing.assert_array_equal(before.centre, after.centre)
    np.testing.assert_array_equal(before.spread, after.spread)
    known = np.concatenate([panel.future[:7, 0], panel.future[9:14, 0]])
    assert before.centre[0, 1] == pytest.approx(known.mean())
    assert (before.centre[0, 2], before.spread[0, 2]) == (0, 1)


def test_a_panel_without_covariates(panel):
    bare = {name: getattr(panel, name)[:, :0] for name in ("past", "future", "static")}
    bare = Panel(**{**vars(panel), **bare})
    found = prepared(bare, flags=False, calendar=())
    np.testing.assert_array_equal(found.values, np.nan_to_num(found.targets))


def test_what_does_not_fit(panel):
    numbered = Panel(**{**vars(panel), "times": panel.steps})
    prepared(numbered, calendar=())
    with pytest.raises(ArgumentError, match="calendar: times are int64"):
        prepared(numbered)
    scaler = SeriesScaler.fit(panel.target[:, :1], panel.offsets, "standard")
    with pytest.raises(ShapeError):
        prepare(panel, scaler, fit_covariates(panel), flags=False, calendar=())
