"""Forecasters on small series whose future is known."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import elman
from elman.data import as_panel
from elman.errors import ArgumentError, DataError, NotFittedError, ShapeError
from elman.tasks import Forecaster

SMALL = {"window": 24, "units": 12, "epochs": 3, "learning_rate": 0.01, "season": 12}
SMALL |= {"base": "none"}


def sine(length=240, noise=0.1, seed=0):
    steps = np.arange(length)
    return (
        10
        + np.sin(2 * np.pi * steps / 12)
        + noise * np.random.default_rng(seed).normal(size=length)
    )


def sales(lengths=(120, 100, 90), seed=0):
    """Shops' daily sales, with all kinds of covariates."""
    draws, rows = np.random.default_rng(seed), []
    for n, length in enumerate(lengths):
        for k in range(length):
            promo = float(draws.random() < 0.2)
            weekly = 3 * np.sin(2 * np.pi * k / 7)
            units = 10 * (n + 1) + weekly + 2 * promo + draws.normal() / 4
            day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=k)
            rows.append((f"s{n}", day, units, promo, draws.normal(), ["north", "south"][n % 2]))
    names = ["shop", "day", "units", "promo", "temperature", "region"]
    return pd.DataFrame(rows, columns=names)


ROLES = {"target": "units", "time": "day", "series": "shop"}
ROLES |= {"past": "temperature", "future": "promo", "static": "region"}

STRATEGIES = [
    {"strategy": "direct"},
    {"strategy": "recursive", "cell": "rnn", "loss": "mse"},
    {"strategy": "segments", "segment": 6, "cell": "gru"},
    {"strategy": "smoothing", "layers": 2},
]
OUTPUTS = ["point", "quantiles", "gaussian", "student"]


@pytest.mark.parametrize("options", STRATEGIES, ids=lambda o: o["strategy"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_every_strategy_says_every_output(options, output):
    series = sine()
    model = Forecaster(**SMALL, **options, output=output).fit(series, horizon=12)
    found = model.predict(series)
    assert found.mean.shape == (1, 12, 1)
    assert found.quantiles.shape == (1, 12, 1, 3)
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()
    assert np.abs(found.mean - 10).max() < 3
    low, high = found.interval(0.8)
    assert (low <= high).all()
    paths = model.sample(series, paths=40, seed=3)
    assert paths.shape == (1, 40, 12, 1)
    assert np.abs(paths.mean(axis=1) - found.mean).max() < 1.5


def test_it_learns_the_sine():
    series = sine(400, noise=0.0)
    model = Forecaster(window=24, units=24, epochs=15, learning_rate=0.01).fit(
        series[:-12], horizon=12
    )
    assert np.abs(model.predict(series[:-12]).mean[0, :, 0] - series[-12:]).max() < 0.3


def test_counts():
    draws = np.random.default_rng(0)
    counts = draws.poisson(5 + 3 * np.sin(np.arange(300) / 3)).astype(float)
    model = Forecaster(**SMALL, output="negative_binomial").fit(counts, horizon=6)
    found = model.predict(counts)
    assert (found.mean > 0).all()
    assert model.model_.plan.scaling == "none"
    with pytest.raises(ArgumentError, match="counts"):
        Forecaster(output="negative_binomial", scaling="standard").fit(counts, horizon=6)


def test_a_file_answers_the_same_without_torch(tmp_path):
    frame = sales()
    model = Forecaster(window=14, units=8, epochs=2, calendar=True).fit(frame, horizon=7, **ROLES)
    ahead = frame.groupby("shop").tail(7).assign(day=lambda f: f.day + pd.Timedelta(days=7))
    expected = model.predict(frame, ahead)
    model.save(tmp_path / "model.elman")
    frame.to_csv(tmp_path / "sales.csv", index=False)
    ahead.to_csv(tmp_path / "ahead.csv", index=False)
    again = Forecaster.load(tmp_path / "model.elman").predict(frame, ahead)
    assert (again.mean == expected.mean).all()
    program = (
        "import sys, elman, numpy as np\n"
        f"model = elman.load({str(tmp_path / 'model.elman')!r})\n"
        f"found = model.predict({str(tmp_path / 'sales.csv')!r}, {str(tmp_path / 'ahead.csv')!r})\n"
        "assert 'torch' not in sys.modules\n"
        f"np.save({str(tmp_path / 'mean.npy')!r}, found.mean)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "mean.npy"), expected.mean, rtol=1e-9)


@pytest.mark.parametrize("options", STRATEGIES, ids=lambda o: o["strategy"])
def test_covariates_of_all_kinds(options):
    frame = sales()
    options = dict(options, segment=7) if "segment" in options else options
    model = Forecaster(window=14, units=8, epochs=2, calendar=True, identify=True, **options)
    model.fit(frame, horizon=7, **ROLES)
    found = model.backtest(frame, origins=4)
    assert len(found) == 12
    assert np.isfinite(found.mean).all()
    assert found.report["checked"] != []
    with pytest.raises(DataError, match="known until"):
        model.predict(frame)


@pytest.mark.parametrize("options", STRATEGIES, ids=lambda o: o["strategy"])
def test_no_forecast_reads_what_comes_after_it(options):
    """Change all that is not known at an origin: nothing before it may change."""
    frame = sales()
    options = dict(options, segment=7) if "segment" in options else options
    model = Forecaster(window=14, units=8, epochs=1, **options).fit(frame, horizon=7, **ROLES)
    panel = model.model_.panel(frame)
    before = model.backtest(frame, origins=1)
    spoilt = frame.copy()
    late = frame.groupby("shop").cumcount(ascending=False) < 7
    spoilt.loc[late, ["units", "temperature"]] = 1e6
    after = model.backtest(spoilt, origins=1)
    assert (before.mean == after.mean).all()
    assert (before.steps == panel.steps[panel.offsets[1:] - 8]).all()


def test_training_reads_nothing_of_the_steps_held_out():
    series = sine()
    spoilt = series.copy()
    spoilt[-24:] = 1e3
    last = {"validation": 24, "baselines": False, "epochs": 1, "window_scaling": "last"}
    one, other = (
        Forecaster(**SMALL | last).fit(given, horizon=12).model_ for given in (series, spoilt)
    )
    for name, weights in one.bundle.weights.items():
        assert (weights == other.bundle.weights[name]).all()
    assert (one.companions.scaler.centre == other.companions.scaler.centre).all()
    assert (one.companions.calibration.offsets != other.companions.calibration.offsets).any()


def test_a_backtest_is_the_forecasts_one_by_one():
    series = sine(200)
    for options in STRATEGIES:
        model = Forecaster(**SMALL, **options).fit(series, horizon=12)
        whole = model.backtest(series, origins=5)
        for k in range(5):
            until = 200 - 12 - 4 + k
            alone = model.predict(series[:until])
            np.testing.assert_allclose(whole.mean[k], alone.mean[0], rtol=1e-5)
            np.testing.assert_allclose(whole.actual[k, :, 0], series[until : until + 12])


def test_new_series_are_scaled_by_their_own_history():
    frame = sales()
    model = Forecaster(window=14, units=8, epochs=1)
    model.fit(frame, horizon=7, target="units", time="day", series="shop")
    new = frame[frame.shop == "s0"].assign(shop="new", units=lambda f: 100 * f.units)
    found = model.predict(new[["shop", "day", "units"]])
    assert "new" in found.notes[-1]
    assert "own history" in found.notes[-1]
    assert 500 < found.mean.mean() < 2000


def test_windows_as_one_array_are_the_backtest():
    series = sine(200)
    model = Forecaster(**SMALL).fit(series, horizon=12)
    found = model.backtest(series, origins=30)
    first = 200 - 12 - 29
    windows = np.stack([series[k - 24 : k, None] for k in range(first, first + 30)])
    np.testing.assert_allclose(model.predict(windows).mean, found.mean, rtol=1e-6)
    with pytest.raises(ShapeError, match="windows"):
        model.predict(np.zeros((4, 24, 2)))


def test_an_unseen_series_is_scaled_by_what_came_before_its_first_origin():
    frame = sales()
    roles = {"target": "units", "time": "day", "series": "shop"}
    model = Forecaster(window=14, units=8, epochs=1).fit(frame, horizon=7, **roles)
    new = frame[frame.shop == "s0"].assign(shop="new")[["shop", "day", "units"]]
    spoilt = new.assign(units=np.where(np.arange(len(new)) >= 113, 1e4, new.units))
    one, other = (model.backtest(each, origins=20).mean for each in (new, spoilt))
    assert (one[:14] == other[:14]).all()


def test_the_validation_part_is_no_test_part():
    model = Forecaster(**SMALL).fit(sine(), horizon=12)
    (alarm,) = model.evaluate(sine())["leakage"]
    assert "calibrated the intervals" in alarm["sentence"]


def test_a_warm_refit_does_not_begin_with_what_has_seen_the_future():
    series = sine(160)
    options = {"origins": 2, "stride": 6, "refit": True, "warm_start": True}
    found = [
        Forecaster(**SMALL | {"epochs": epochs}).fit(series, horizon=12).set_params(epochs=1)
        for epochs in (1, 4)
    ]
    one, other = (model.backtest(series, **options).mean for model in found)
    assert (one == other).all()


@pytest.mark.parametrize(("change", "said"), [({"horizon": 6}, "horizon"), ({}, "series")])
def test_training_goes_on_with_the_same_series_and_horizon_only(change, said):
    model = Forecaster(**SMALL, warm_start=True).fit({"a": sine()}, horizon=12, target="a")
    name = "b" if said == "series" else "a"
    with pytest.raises(ArgumentError, match=said):
        model.fit({name: sine()}, **{"horizon": 12, "target": name} | change)


def test_what_cannot_be_learnt_is_refused_before_training():
    with pytest.raises(DataError, match="no value at all"):
        Forecaster(**SMALL).fit(np.full(240, np.nan), horizon=12)
    with pytest.raises(DataError, match="whole numbers"):
        Forecaster(**SMALL, output="negative_binomial").fit(sine(), horizon=12)


def test_missing_values_and_gaps():
    frame = sales((120,))
    frame.loc[frame.index % 11 == 3, "units"] = np.nan
    holes = frame.drop(index=[50, 51])
    roles = {"target": "units", "time": "day", "series": "shop"}
    options = {"window": 14, "units": 8, "epochs": 1}
    dropped = Forecaster(**options, gaps="drop").fit(holes, horizon=7, **roles)
    assert dropped.model_.plan.flags
    assert dropped.result_["crossing_windows"] == 20  # those that hold both sides of the gap
    masked = Forecaster(**options, gaps="mask").fit(holes, horizon=7, **roles)
    assert masked.result_["crossing_windows"] == 0
    assert any("2 missing steps" in note for note in masked.result_["notes"])
    assert np.isfinite(masked.predict(holes).mean).all()


def test_windows_that_all_miss_a_target_cost_the_linear_map_only():
    series = sine(200)
    series[::5] = np.nan
    model = Forecaster(**SMALL).fit(series, horizon=12)
    assert any("No linear map" in note for note in model.result_["notes"])
    report = pickle.loads(pickle.dumps(model.backtest(series, origins=3))).report
    assert "linear map" not in report["skill"]
    with pytest.raises(DataError, match="linear map"):
        Forecaster(**SMALL | {"base": "linear"}).fit(series, horizon=12)


def test_short_series():
    frame = sales((120, 20))
    roles = {"target": "units", "time": "day", "series": "shop"}
    options = {"window": 14, "units": 8, "epochs": 1}
    with pytest.raises(DataError, match=r"s1.*20 steps"):
        Forecaster(**options, short="error").fit(frame, horizon=7, **roles)
    left = Forecaster(**options, short="drop").fit(frame, horizon=7, **roles)
    assert left.result_["series"] == 1
    assert any("left out" in note for note in left.result_["notes"])
    padded = Forecaster(**options, short="pad").fit(frame, horizon=7, **roles)
    assert padded.result_["series"] == 2
    assert len(padded.predict(frame)) == 2


def test_joint_targets_and_wide_ones():
    table = {"a": sine(150), "b": 5 * sine(150, seed=1)}
    wide = Forecaster(**SMALL).fit(table, horizon=6, target=["a", "b"])
    assert wide.predict(table).mean.shape == (2, 6, 1)
    joint = Forecaster(**SMALL, joint=True).fit(table, horizon=6, target=["a", "b"])
    assert joint.predict(table).mean.shape == (1, 6, 2)
    assert set(joint.predict(table).to_columns()) >= {"a", "b", "a q0.1", "b q0.9"}


def test_refit_learns_from_all_steps():
    series = sine()
    plain = SMALL | {"window_scaling": "last"}
    model = Forecaster(**plain, refit=True, validation=24).fit(series, horizon=12)
    assert "all steps" in model.result_["refit"]
    whole = Forecaster(**plain | {"epochs": model.history_.best_epoch}, validation=None)
    whole.fit(series, horizon=12)
    for name, weights in model.model_.bundle.weights.items():
        assert (weights == whole.model_.bundle.weights[name]).all()
    assert model.model_.companions.calibration is not None


def test_a_refitting_backtest_trains_on_the_past_alone():
    series = sine(160)
    model = Forecaster(**SMALL, validation=12).fit(series, horizon=12)
    found = model.backtest(series, origins=2, stride=6, refit=True)
    assert len(pickle.loads(pickle.dumps(found)).report["skill"]) == 6
    assert len(found) == 2
    first = clone(model).fit(series[: 160 - 18], horizon=12).predict(series[: 160 - 18])
    np.testing.assert_allclose(found.mean[0], first.mean[0], rtol=1e-6)
    assert (found.mean[0] != model.backtest(series, origins=7).mean[0]).any()
    warm = model.backtest(series, origins=2, stride=6, refit=True, warm_start=True)
    assert (warm.mean != found.mean).any()


def test_it_tells_when_it_is_tested_on_what_it_learnt():
    series = sine(200)
    model = Forecaster(**SMALL).fit(series[:150], horizon=12)
    assert model.backtest(series, start=150).report["leakage"] == []
    kinds = {alarm["kind"] for alarm in model.backtest(series).report["leakage"]}
    assert "overlap" in kinds


def test_a_random_walk_is_not_beaten_and_called_so():
    walk = np.cumsum(np.random.default_rng(4).normal(size=600)) + 100
    model = Forecaster(window=20, units=12, epochs=6).fit(walk[:450], horizon=5)
    report = model.backtest(walk, start=450).report
    assert not report["skill"]["last value"]["beaten"]
    assert report["persistence"]["persistence"]
    assert not report["verdict"][0].startswith("Better than last value")


def test_a_leaking_covariate_sets_off_the_alarm():
    draws = np.random.default_rng(5)
    y = np.cumsum(draws.normal(size=400)) + 50
    table = {
        "y": y[:-3],
        "leak": y[3:] + 0.01 * draws.normal(size=397),
        "honest": draws.normal(size=397),
    }
    model = Forecaster(window=20, units=8, epochs=1)
    model.fit(table, horizon=5, target="y", past=["leak", "honest"])
    alarms = model.evaluate(table)["leakage"]
    accused = {alarm["numbers"].get("covariate") for alarm in alarms}
    assert "leak" in accused
    assert "honest" not in accused


def test_interruption_leaves_a_run_that_goes_on(tmp_path):
    series = sine()
    whole = Forecaster(**SMALL).fit(series, horizon=12)
    kept = Forecaster(**SMALL, run=tmp_path / "run").fit(series, horizon=12)
    again = Forecaster(**SMALL, run=tmp_path / "run", resume=True).fit(series, horizon=12)
    for model in (kept, again):
        assert (model.predict(series).mean == whole.predict(series).mean).all()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"strategy": "magic"}, "strategy"),
        ({"window_scaling": "median"}, "window_scaling"),
        ({"scaling": "max"}, "scaling"),
        ({"levels": (0.9, 0.1)}, "levels"),
        ({"output": "cauchy"}, "head"),
        ({"validation": 3}, "validation"),
        ({"validation": 1.5}, "validation"),
        ({"segment": 5}, "segment"),
        ({"strategy": "segments", "segment": 5}, "window|horizon"),
        ({"dilations": (1, 2)}, "dilations"),
        ({"gaps": "fill"}, "gaps"),
        ({"calendar": ("moon",)}, "calendar"),
        ({"window": 0}, "window"),
        ({"loss": "mape"}, "loss"),
    ],
)
def test_wrong_parameters(options, named):
    with pytest.raises(ArgumentError, match=named):
        Forecaster(**SMALL | options).fit(sine(), horizon=12)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        Forecaster().predict(sine())


def test_it_is_one_of_the_package_and_can_be_cloned():
    assert elman.Forecaster is Forecaster
    model = clone(Forecaster(units=7, levels=(0.2, 0.8)))
    assert model.get_params()["units"] == 7


def test_columns_that_are_missing_are_named():
    frame = sales()
    model = Forecaster(window=14, units=8, epochs=1).fit(frame, horizon=7, **ROLES)
    with pytest.raises(DataError, match="temperature"):
        model.backtest(frame.drop(columns="temperature"))
    assert as_panel(frame, **ROLES).columns.future == ("promo",)


def test_a_training_that_is_not_told_how_long_it_is_ends_where_nothing_gets_better():
    values = np.random.default_rng(0).normal(size=150)
    told = {"window": 12, "units": 4, "season": 1, "batch_size": 16, "base": "none"}
    model = Forecaster(**told, learning_rate=0.05).fit(values, horizon=3)
    epochs, best = len(model.history_.records), model.history_.best_epoch
    assert epochs == best + 20 < 100
    whole = Forecaster(**told, learning_rate=0.05, epochs=best + 22).fit(values, horizon=3)
    assert len(whole.history_.records) == best + 22
    last = Forecaster(**told, learning_rate=0.05, keep="last").fit(values, horizon=3)
    assert len(last.history_.records) == 100
