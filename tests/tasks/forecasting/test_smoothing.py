"""Forecasters that smooth: what only they do; the rest is in test_forecaster."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from elman import bundle
from elman.data import as_panel
from elman.errors import ArgumentError, BundleError, DataError
from elman.runtime.forecaster import ForecasterModel
from elman.runtime.forecasting.smoothing import Smoothing
from elman.tasks import Forecaster
from elman.tasks.network import ModuleRun
from elman.training import Trainer

SMALL = {"strategy": "smoothing", "window": 12, "units": 8, "epochs": 2, "season": 6}
SMALL |= {"calendar": ()}
SMALL |= {"learning_rate": 0.01, "baselines": False, "validation": 6}
ROLES = {"target": "y", "time": "day", "series": "name"}


def wave(length=90, noise=0.1, seed=0, size=1.0):
    steps = np.arange(length)
    noise = noise * np.random.default_rng(seed).normal(size=length)
    return size * (10 + 3 * np.sin(2 * np.pi * steps / 6) + noise)


def waves(names=("a", "b"), length=90, start="2024-01-01"):
    parts = [
        pd.DataFrame({"name": name, "day": pd.date_range(start, periods=length), "y": values})
        for n, name in enumerate(names)
        for values in [wave(length, seed=n, size=n + 1)]
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def fitted():
    return Forecaster(**SMALL).fit(waves(), horizon=6, **ROLES)


def fit(series, **options):
    return Forecaster(**SMALL | options).fit(series, horizon=6)


@pytest.mark.parametrize("offset", [0.0, -12.0], ids=["multiplicative", "additive"])
def test_a_season_is_followed_and_a_slower_wave_is_learnt(offset):
    season = wave(160, noise=0.0) + offset
    found = fit(season[:-6]).predict(season[:-6]).mean[0, :, 0]
    np.testing.assert_allclose(found, season[-6:], atol=0.3)
    series = season + 2 * np.sin(2 * np.pi * np.arange(160) / 20)
    errors = []
    for epochs in (1, 40):
        model = fit(series[:-20], epochs=epochs, window=20, units=16, learning_rate=0.02)
        errors.append(model.backtest(series, start=140).report["metrics"]["mae"])
    assert errors[1] < 0.5 * errors[0]
    form = model.model_.companions.own.smoothing.form
    assert form == ("additive" if offset else "multiplicative")


@pytest.mark.parametrize("offset", [0.0, -12.0], ids=["multiplicative", "additive"])
def test_an_error_on_the_held_out_steps_leads_back_to_them(offset):
    """The only held-out window's own error, put on its forecast, is what came."""
    series = wave() + offset
    path = fit(series).sample(series[:-6], paths=1)
    np.testing.assert_allclose(path[0, 0, :, 0], series[-6:], rtol=1e-4)


def test_coefficients_are_trained_along():
    one, more = (fit(wave(), epochs=epochs) for epochs in (1, 6))
    for name, array in one.model_.companions.own.smoothing.coefficients._asdict().items():
        assert (array != getattr(more.model_.companions.own.smoothing.coefficients, name)).all()


def test_series_unseen_in_training(fitted):
    frame = waves(("b", "new")).assign(y=lambda f: f.y * np.where(f.name == "new", 100, 1))
    found = fitted.predict(frame)
    note = "1 series unseen in training (new): smoothed by the classical fit on their own history."
    assert found.notes[-1] == note
    assert fitted.backtest(frame, origins=1).notes[-1] == note
    assert np.abs(found.mean[1, :, 0] / 200 - 10).max() < 5
    # Series that were trained on do not depend on which others there are.
    alone = fitted.predict(frame[frame.name == "b"])
    np.testing.assert_allclose(alone.mean[0], found.mean[0], rtol=1e-6)
    assert not [note for note in alone.notes if "unseen" in note]


def test_an_unseen_series_is_fitted_to_what_came_before_its_first_origin(fitted):
    frame = waves(("new",))
    before = fitted.backtest(frame, origins=20)
    first = len(frame) - 6 - 19
    alone = fitted.predict(frame[:first])
    np.testing.assert_allclose(before.mean[0], alone.mean[0], rtol=1e-6)
    spoilt = frame.copy()
    spoilt.loc[first:, "y"] = np.random.default_rng(0).uniform(1, 99, len(frame) - first)
    after = fitted.backtest(spoilt, origins=20)
    np.testing.assert_array_equal(before.mean[0], after.mean[0])
    assert (before.mean[1:] != after.mean[1:]).any(axis=(1, 2)).all()


def test_a_history_that_begins_later_is_at_its_own_place_of_the_season(fitted):
    frame = waves()
    for later in (27, 31):
        found = fitted.predict(frame[frame.groupby("name").cumcount() >= later])
        np.testing.assert_allclose(found.mean, fitted.predict(frame).mean, rtol=0.03)


def test_a_file_answers_the_same_without_torch(tmp_path, fitted):
    frame = waves(("a", "b", "new"))
    frame.to_csv(tmp_path / "series.csv", index=False)
    fitted.save(tmp_path / "model.elman")
    program = (
        "import sys, elman, numpy as np\n"
        f"model = elman.load({str(tmp_path / 'model.elman')!r})\n"
        f"found = model.predict({str(tmp_path / 'series.csv')!r})\n"
        "assert 'torch' not in sys.modules\n"
        f"np.save({str(tmp_path / 'mean.npy')!r}, found.mean)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "mean.npy"), fitted.predict(frame).mean)
    again = Forecaster.load(tmp_path / "model.elman")
    assert (again.predict(frame).mean == fitted.predict(frame).mean).all()


def test_the_module_answers_in_place_of_the_runtime(fitted):
    """As it does on another device."""
    run = ModuleRun(fitted.module_, torch.device("cpu"))
    model = ForecasterModel(fitted.model_.bundle, run)
    found = model.predict(waves()).mean
    np.testing.assert_allclose(found, fitted.predict(waves()).mean, rtol=1e-5)


def test_a_damaged_file_is_refused(tmp_path, fitted):
    fitted.save(tmp_path / "model.elman")
    whole = bundle.load(tmp_path / "model.elman")
    for name in ("smoothing.begins", "smoothing.level", "smoothing.names.bytes"):
        left = {key: array for key, array in whole.tensors.items() if key != name}
        with pytest.raises(BundleError):
            ForecasterModel(replace(whole, tensors=left))
    plan = whole.settings["plan"] | {"seasons": [7]}
    with pytest.raises(BundleError, match="seasons"):
        ForecasterModel(replace(whole, settings=whole.settings | {"plan": plan}))


def test_training_reads_nothing_of_the_steps_held_out():
    series = wave()
    spoilt = np.concatenate([series[:-6], np.full(6, 99.0)])
    one, other = (fit(given, keep="last").model_ for given in (series, spoilt))
    for name, weights in one.bundle.weights.items():
        assert (weights == other.bundle.weights[name]).all()
    for name, array in one.companions.own.smoothing.tensors().items():
        assert (array == other.companions.own.smoothing.tensors()[name]).all()


def test_refit_trains_network_and_smoothing_on_all_steps():
    series = wave()
    model = fit(series, refit=True, baselines=True)
    whole = fit(series, epochs=model.history_.best_epoch, validation=None).model_.companions
    found = model.model_.companions
    for name, array in found.own.smoothing.tensors().items():
        assert (array == whole.own.smoothing.tensors()[name]).all()
    assert found.calibration is not None
    assert found.linear is not None


def test_a_run_goes_on_with_the_same_coefficients(tmp_path, monkeypatch):
    series = wave()
    whole, run = fit(series, epochs=4), tmp_path / "run"
    epoch, seen = Trainer._train_epoch, []

    def stopped(self, *args):
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt
        epoch(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_train_epoch", stopped)
        with pytest.raises(KeyboardInterrupt):
            fit(series, epochs=4, run=run)
    rest = fit(series, epochs=4, run=run, resume=True)
    assert (rest.predict(series).mean == whole.predict(series).mean).all()


def test_a_refitting_backtest_smooths_the_past_alone():
    series = wave()
    model = fit(series)
    found = model.backtest(series, origins=2, stride=4, refit=True)
    first = clone(model).fit(series[:80], horizon=6).predict(series[:80])
    np.testing.assert_allclose(found.mean[0], first.mean[0], rtol=1e-6)
    warm = model.backtest(series, origins=2, stride=4, refit=True, warm_start=True)
    assert (warm.mean != found.mean).any()


def test_training_goes_on_with_the_same_series_only(fitted):
    again = clone(fitted).set_params(warm_start=True)
    again.adopt(fitted)
    with pytest.raises(ArgumentError, match="other series"):
        again.fit(waves(("b", "d")), horizon=6, **ROLES)
    again.fit(waves(fitted.model_.companions.names), horizon=6, **ROLES)
    assert np.isfinite(again.predict(waves(("c", "a"))).mean).all()


def test_missing_values_and_gaps():
    frame = waves(("a",))
    frame.loc[frame.index % 11 == 3, "y"] = np.nan
    holes = frame.drop(index=[40, 41])
    with pytest.raises(DataError, match=r"'a'.*gaps='mask'"):
        Forecaster(**SMALL, gaps="drop").fit(holes, horizon=6, **ROLES)
    model = Forecaster(**SMALL, gaps="mask").fit(holes, horizon=6, **ROLES)
    whole = Forecaster(**SMALL, gaps="mask").fit(
        frame.assign(y=frame.y.where(~frame.index.isin([40, 41]))), horizon=6, **ROLES
    )
    assert (model.predict(holes).mean == whole.predict(holes).mean).all()
    assert np.isfinite(model.sample(holes, paths=3)).all()


def test_a_series_padded_in_training_is_at_its_own_place_of_the_season():
    frame = pd.concat([waves(), waves(("short",), length=15)])
    model = Forecaster(**SMALL, short="pad").fit(frame, horizon=6, **ROLES)
    found = model.predict(frame).mean[2, :, 0]
    np.testing.assert_allclose(found, wave(21, noise=0.0)[15:], atol=1.5)


def test_series_without_a_change_or_a_value():
    frame = waves()
    for value in (5.0, 0.0):
        model = Forecaster(**SMALL).fit(frame.assign(y=value), horizon=6, **ROLES)
        np.testing.assert_allclose(model.predict(frame.assign(y=value)).mean, value, rtol=1e-3)
    empty = frame.assign(y=frame.y.where(frame.name == "a"))
    with pytest.raises(DataError, match=r"'b'.*found no value"):
        Forecaster(**SMALL).fit(empty, horizon=6, **ROLES)


def test_a_value_that_is_not_positive_comes_up_later(fitted):
    frame = waves()
    frame.loc[50, "y"] = 0.0
    with pytest.raises(DataError, match="'a'"):
        fitted.predict(frame)


def test_covariates_known_ahead_are_read_of_every_step_of_the_horizon():
    """A jump that only the covariate foretells."""
    draws = np.random.default_rng(0)
    frame = waves("abcdef", length=120)
    frame["promo"] = (draws.random(len(frame)) < 0.3).astype(float)
    frame["y"] *= 1 + frame.promo
    options = SMALL | {"epochs": 60, "units": 24, "batch_size": 2, "gaps": "mask"}
    model = Forecaster(**options).fit(frame, horizon=6, **ROLES, future="promo")
    days = pd.date_range(frame.day.max() + pd.Timedelta(days=1), periods=6)
    both = []
    for told in (0.0, 1.0):
        ahead = [
            pd.DataFrame({"name": name, "day": days, "promo": told * (np.arange(6) == 4)})
            for name in "abcdef"
        ]
        both.append(model.predict(frame, pd.concat(ahead)).mean[..., 0].mean(axis=0))
    ratio = both[1] / both[0]
    assert ratio.argmax() == 4
    assert ratio[4] > 1.3


def test_of_hours_it_follows_day_and_week_where_there_is_room():
    for length, seasons in ((400, (24, 168)), (300, (24,))):
        times = pd.date_range("2024-01-01", periods=length, freq="h")
        frame = {"time": times, "y": 5 + np.random.default_rng(0).random(length)}
        options = {"units": 4, "epochs": 1, "validation": 24, "layers": 3, "baselines": False}
        model = Forecaster("smoothing", **options).fit(frame, horizon=24, target="y")
        plan = model.model_.plan
        assert plan.seasons == seasons
        assert plan.season == 24
        assert [cell.dilation for cell in model.model_.blueprint.chains["body"][0].cells] == [
            1,
            24,
            seasons[-1],
        ]


def test_seasons_as_told():
    assert fit(wave(), season=(3, 6)).model_.plan.seasons == (3, 6)
    none = fit(wave(), season=1).model_
    assert none.plan.seasons == ()
    assert none.plan.season == 1
    assert isinstance(none.companions.own.smoothing, Smoothing)


def test_layers_as_large_as_the_one_below_add_to_it():
    model = fit(wave(), units=[8, 8, 5], layers=3, epochs=1, dilations=[1, 2, 1])
    cells = model.model_.blueprint.chains["body"][0].cells
    assert [cell.residual for cell in cells] == [False, True, False]
    assert [cell.dilation for cell in cells] == [1, 2, 1]


@pytest.mark.parametrize(
    "options",
    [
        {"transform": "log"},
        {"scaling": "standard"},
        {"window_scaling": "last"},
        {"traits": True},
        {"windows_per_epoch": 9},
        {"stride": 2},
        {"joint": True},
        {"output": "negative_binomial"},
        {"segment": 3},
        {"season": (6, 3)},
        {"season": (6, 12, 24)},
        {"season": (1, 6)},
        {"season": (3, 6), "strategy": "direct"},
    ],
    ids=str,
)
def test_what_does_not_apply_is_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        fit(wave(), **options)


def test_a_panel_is_as_good_as_its_frame(fitted):
    panel = as_panel(waves(), **ROLES)
    assert (fitted.predict(panel).mean == fitted.predict(waves()).mean).all()
