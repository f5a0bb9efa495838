"""From windows to answers: by hand, one by one, in logs, and by draws."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from elman.data.series.panel import Columns
from elman.errors import ArgumentError, DataError
from elman.kernels import native
from elman.metrics.forecasts.linear_forecast import fit_linear_forecast
from elman.runtime.forecasting import forecasting
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecasting import Forecasting, linear_inputs
from elman.runtime.network.network import Network
from tests.runtime.forecasters import (
    calibration_for,
    companions_for,
    network_for,
    plan_for,
    shops,
    windows_of,
)

STRATEGIES = {
    "direct": {"strategy": "direct"},
    "traits": {"strategy": "direct", "traits": True, "window_scaling": "standard"},
    "segments": {"strategy": "segments", "segment": 3, "window_scaling": "last"},
    "recursive": {"strategy": "recursive"},
}
FURTHER = {"calendar": ("weekday",), "identify": True, "flags": True}


class AtWork(NamedTuple):
    companions: Companions
    network: Network
    work: Forecasting


def at_work(panel, linear=False, **changes) -> AtWork:
    plan = plan_for(panel, **changes)
    companions = companions_for(panel, plan)
    network = network_for(companions, panel)
    work = Forecasting(companions, panel, network)
    if linear:
        reader = work.reader(windows_of(panel, plan), plain=True)
        batch = reader.batch(np.arange(len(reader)))
        fitted = fit_linear_forecast(
            [(linear_inputs(batch, batch.inputs.shape[1]), batch.targets[..., 0])]
        )
        companions = replace(companions, linear=fitted)
        work = work.by(network, companions)
    return AtWork(companions, network, work)


def some_of(windows, rows):
    return replace(windows, starts=windows.starts[rows], series=windows.series[rows])


@pytest.mark.parametrize("flags", [False, True])
def test_a_recursive_network_reads_its_own_answers(flags):
    """As by hand: what is known ahead is of the step that is to be told."""
    panel = shops()
    plan = plan_for(panel, strategy="recursive", calendar=("weekday",), flags=flags)
    companions = companions_for(panel, plan)
    network = network_for(companions, panel)
    work = Forecasting(companions, panel, network)
    windows = windows_of(panel, plan)
    found = work.answers(windows).mean
    values = work.prepared.values
    # Targets, their flag, past covariates, their flag; then promo, sine, cosine; then size.
    unknown = 4 if flags else 2
    assert values.shape[1] == unknown + 4
    ahead = slice(unknown, unknown + 3)
    scaler = companions.scaler
    for w in (0, 11, len(windows) - 1):
        start, n = int(windows.starts[w]), int(windows.series[w])
        state = network.initial_state(1)
        for row in range(start, start + 6):
            step = values[row].copy()
            step[ahead] = values[row + 1, ahead]
            said, state = network.step_inputs(step[None], state)
        expected = [said]
        for h in (1, 2):
            step[0] = said[0, 0]
            if flags:
                step[1] = 1
            step[ahead] = values[start + 6 + h, ahead]
            said, state = network.step_inputs(step[None], state)
            expected.append(said)
        units = np.ravel(expected) * scaler.spread[n, 0] + scaler.centre[n, 0]
        np.testing.assert_allclose(found[w, :, 0], units, rtol=1e-6)


def test_past_covariates_stay_as_they_were_last():
    panel = shops()
    it = at_work(panel, strategy="recursive")
    windows = some_of(windows_of(panel, plan_for(panel)), [5])
    before = it.work.answers(windows).mean
    later = panel.past.copy()
    later[windows.starts[0] + 6 :] += 100
    spoilt = Forecasting(it.companions, replace(panel, past=later), it.network)
    np.testing.assert_array_equal(spoilt.answers(windows).mean, before)
    known = panel.future.copy()
    known[windows.starts[0] + 8] += 1
    told = Forecasting(it.companions, replace(panel, future=known), it.network)
    after = told.answers(windows).mean
    assert (after[0, :2] == before[0, :2]).all()
    assert after[0, 2] != before[0, 2]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("output", ["point", "quantiles", "student"])
def test_a_batch_of_windows_is_its_windows_one_by_one(strategy, output):
    panel = shops()
    it = at_work(panel, **STRATEGIES[strategy], **FURTHER, output=output)
    windows = windows_of(panel, plan_for(panel))
    whole = it.work.answers(windows)
    exact = native.isa() is not None and strategy != "recursive"
    for w in range(0, len(windows), 9):
        alone = it.work.answers(some_of(windows, [w]))
        for one, all_ in zip(alone, whole, strict=True):
            if exact:
                np.testing.assert_array_equal(one[0], all_[w])
            else:
                np.testing.assert_allclose(one[0], all_[w], rtol=1e-5)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_how_many_windows_are_read_at_once_makes_no_difference(strategy, monkeypatch):
    panel = shops()
    it = at_work(panel, linear=True, **STRATEGIES[strategy], **FURTHER)
    windows = windows_of(panel, plan_for(panel))
    whole, linear = it.work.answers(windows).mean, it.work.linear(windows)
    monkeypatch.setattr(forecasting, "_ROWS", 7)
    np.testing.assert_allclose(it.work.answers(windows).mean, whole, rtol=1e-6)
    np.testing.assert_allclose(it.work.linear(windows), linear, rtol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_in_logarithms_there_and_back(strategy):
    """Forecasts are the exponentials of those of the logarithms."""
    panel = shops()
    options = STRATEGIES[strategy] | FURTHER | {"output": "gaussian"}
    if strategy == "recursive":
        options["output"] = "quantiles"
    it = at_work(panel, **options, transform="log")
    logs = at_work(replace(panel, target=np.log(panel.target)), **options)
    windows = windows_of(panel, plan_for(panel))
    for found, expected in zip(it.work.answers(windows), logs.work.answers(windows), strict=True):
        np.testing.assert_allclose(found, np.exp(expected), rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, -3.5])
def test_what_has_no_logarithm_is_named(value):
    panel = shops()
    target = panel.target.copy()
    target[45, 0] = value
    plan = plan_for(panel, transform="log")
    companions = companions_for(panel, plan)
    with pytest.raises(DataError, match=rf"series 's1' at 2024-01-06.*found {value:g}.*positive"):
        Forecasting(companions, replace(panel, target=target))


def test_an_unseen_series_is_scaled_by_its_own_history():
    """The same series a thousand times as large is forecast a thousand times as large."""
    panel = shops(covariates=False)
    it = at_work(panel, flags=True)
    large = replace(panel.select([0, 1]), names=("new", "s1"), target=panel.target * [[1000.0]])
    found = Forecasting(it.companions, large, it.network)
    assert (it.work.new, found.new) == ((), ("new",))
    windows = windows_of(panel, plan_for(panel))
    first = windows.series == 0
    scaled, usual = found.answers(windows).mean, it.work.answers(windows).mean
    np.testing.assert_allclose(scaled[first], 1000 * usual[first], rtol=1e-5)
    assert not np.allclose(scaled[~first], 1000 * usual[~first], rtol=1e-2)


def test_rows_ahead_do_not_scale_an_unseen_series():
    panel = shops(covariates=False)
    it = at_work(panel)
    new = replace(panel.select([0]), names=("new",))
    short = new.cut(30, keep_ahead=True)
    spoilt = replace(new, target=new.target + 1e5 * (np.arange(40) >= 30)[:, None])
    spoilt = replace(spoilt, history=np.array([30]))
    windows = some_of(windows_of(panel, plan_for(panel)), [21])
    found = [
        Forecasting(it.companions, each, it.network).answers(windows).mean
        for each in (short, spoilt)
    ]
    np.testing.assert_array_equal(*found)


def test_the_linear_map_reads_targets_alone():
    panel = shops()
    it = at_work(panel, linear=True, **FURTHER)
    windows = windows_of(panel, plan_for(panel))
    fitted, scaler = it.companions.linear, it.companions.scaler
    scaled = scaler.transform(panel.target, np.repeat([0, 1], panel.lengths))
    rows = windows.starts[:, None] + np.arange(6)
    said = fitted(scaled[rows, 0])
    units = said * scaler.spread[windows.series] + scaler.centre[windows.series]
    np.testing.assert_allclose(it.work.linear(windows)[..., 0], units, rtol=1e-6)
    assert at_work(panel).work.linear(windows) is None


def test_calibration_shifts_quantiles_in_normalised_space():
    panel = shops()
    it = at_work(panel, output="quantiles", window_scaling="standard")
    windows = windows_of(panel, plan_for(panel))
    companions = it.companions
    calibration = calibration_for(companions.plan)
    batch = it.work.reader(windows).batch(np.arange(len(windows)))
    shifted = it.work.by(it.network, replace(companions, calibration=calibration))
    before, after = it.work.answers(windows), shifted.answers(windows)
    unit = (
        batch.spread[:, None, :, None] * companions.scaler.spread[windows.series][:, None, :, None]
    )
    np.testing.assert_allclose(
        after.quantiles,
        np.sort(before.quantiles + unit * calibration.offsets, axis=-1),
        rtol=1e-5,
    )
    np.testing.assert_array_equal(after.mean, before.mean)


def test_held_out_errors_are_what_was_observed_less_what_was_said():
    panel = shops()
    for strategy in ("direct", "recursive"):
        it = at_work(panel, **STRATEGIES[strategy])
        windows = windows_of(panel, plan_for(panel))
        found = it.work.calibrated(windows)
        said = it.work.answers(windows).mean
        unit = it.companions.scaler.spread[windows.series][:, None]
        errors = (panel.target[windows.ahead()] - said) / unit
        np.testing.assert_allclose(found.paths, errors, rtol=1e-3, atol=1e-5)
        assert found.windows == len(windows)


def test_quantiles_from_draws_depend_on_their_window_alone():
    panel = shops()
    it = at_work(panel, strategy="recursive", output="gaussian")
    windows = windows_of(panel, plan_for(panel))
    whole = it.work.answers(windows).quantiles
    np.testing.assert_array_equal(it.work.answers(windows).quantiles, whole)
    backwards = some_of(windows, np.arange(len(windows))[::-1][:20])
    np.testing.assert_array_equal(it.work.answers(backwards).quantiles[::-1], whole[-20:])
    assert (np.diff(whole, axis=-1) > 0).all()
    # The first step's distribution is known without drawing: 200 draws come near.
    inputs = it.work.reader(windows).batch(np.arange(len(windows))).inputs
    raw = it.network.run(inputs)[:, -1]
    scaler, levels = it.companions.scaler, it.companions.plan.levels
    exact = (
        it.companions.head.quantile(raw, levels) * scaler.spread[windows.series]
        + scaler.centre[windows.series]
    )
    np.testing.assert_allclose(whole[:, 0, 0], exact, atol=0.6)
    assert np.abs((whole[:, 0, 0] - exact).mean(axis=0)).max() < 0.1


def test_sample_paths():
    panel = shops()
    plan = plan_for(panel, strategy="recursive", output="gaussian")
    it = at_work(panel, strategy="recursive", output="gaussian")
    windows = some_of(windows_of(panel, plan), [0, 30, 40])
    found = it.work.paths(windows, 9, seed=5)
    assert found.shape == (3, 9, 3, 1)
    np.testing.assert_array_equal(it.work.paths(some_of(windows, [1]), 9, seed=5)[0], found[1])
    assert (it.work.paths(windows, 9, seed=6) != found).all()
    with pytest.raises(ArgumentError, match="uncertainty"):
        at_work(panel).work.paths(windows, 9, seed=5)


@pytest.mark.parametrize("linear", [False, True], ids=["by itself", "after the linear map"])
def test_sample_paths_of_a_point_are_it_and_errors(linear):
    panel = shops()
    plan = plan_for(panel, window_scaling="standard", base="linear" if linear else "none")
    fitted = at_work(panel, linear=True, window_scaling="standard").companions.linear
    calibration = calibration_for(plan)
    companions = companions_for(panel, plan, calibration=calibration, linear=fitted)
    work = Forecasting(companions, panel, network_for(companions, panel))
    windows = some_of(windows_of(panel, plan), [3])
    paths = work.paths(windows, 8, seed=0)[0, :, :, 0]
    spread = work.reader(windows).batch(np.array([0])).spread[0, 0] * companions.scaler.spread[0, 0]
    errors = (paths - work.answers(windows).mean[0, :, 0]) / spread
    np.testing.assert_allclose(
        np.sort(errors, axis=0), np.sort(calibration.paths[..., 0], axis=0), atol=1e-5
    )


def test_several_targets_are_forecast_side_by_side():
    panel = shops(covariates=False)
    both = np.hstack([panel.target, 7 * panel.target[::-1]])
    panel = replace(panel, target=both, columns=Columns("day", "shop", ("units", "more")))
    it = at_work(panel, output="quantiles")
    windows = windows_of(panel, plan_for(panel))
    found = it.work.answers(windows)
    assert found.mean.shape == (len(windows), 3, 2)
    scaler = it.companions.scaler
    raw = it.network.run(it.work.reader(windows).batch(np.arange(len(windows))).inputs)
    median = np.sort(raw.reshape(len(windows), 3, 2, 3), axis=-1)[..., 1]
    units = median * scaler.spread[windows.series][:, None] + scaler.centre[windows.series][:, None]
    np.testing.assert_allclose(found.mean, units, rtol=1e-5)
