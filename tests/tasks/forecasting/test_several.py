"""Several trainings by joblib, on a cluster, and forecasts over Arrow batches."""

from __future__ import annotations

import pickle
import warnings

import joblib
import numpy as np
import pyarrow as pa
import pytest

from elman.runtime.arrow_batches import ForecastBatches
from elman.tasks import Forecaster
from elman.tasks.forecasting.several import fit_each, fit_seeds, like

QUICK = {"units": 4, "epochs": 1, "window": 14, "base": "none", "window_scaling": "last"}


def wave(seed, length=120):
    draws = np.random.default_rng(seed)
    return 10 + np.sin(np.arange(length) * 2 * np.pi / 7) + 0.1 * draws.normal(size=length)


def table(names="abc", length=60):
    days = np.datetime64("2024-01-01") + np.arange(length)
    return {
        "shop": np.repeat([*names], length),
        "day": np.tile(days, len(names)),
        "sold": np.concatenate([wave(k, length) for k in range(len(names))]),
    }


ROLES = {"target": "sold", "time": "day", "series": "shop", "horizon": 7}


def test_a_model_for_each_group_and_for_each_seed():
    frames = {"north": wave(0), "south": 5 * wave(1)}
    models = fit_each(Forecaster(**QUICK), frames, horizon=7)
    alone = Forecaster(**QUICK).fit(frames["south"], horizon=7)
    expected = alone.predict(frames["south"]).mean
    np.testing.assert_array_equal(models["south"].predict(frames["south"]).mean, expected)
    seeds = fit_seeds(Forecaster(**QUICK, seed=3), wave(0), 2, horizon=7)
    said = [model.predict(wave(0)).mean for model in seeds]
    assert (said[0] != said[1]).any()
    own = Forecaster(**QUICK, seed=4).fit(wave(0), horizon=7)
    np.testing.assert_array_equal(said[1], own.predict(wave(0)).mean)


def test_jobs_that_run_at_once_have_a_thread_each():
    assert like(Forecaster(**QUICK)).threads == Forecaster().threads
    with joblib.parallel_config("threading", n_jobs=2):
        assert like(Forecaster(**QUICK)).threads == 1


def test_refits_are_the_same_wherever_they_run():
    model = Forecaster(**QUICK, threads=1).fit(wave(0), horizon=7)
    options = {"origins": 3, "stride": 7, "refit": True}
    one = model.backtest(wave(0), **options)
    with joblib.parallel_config("loky", n_jobs=2):
        several = model.backtest(wave(0), **options)
    np.testing.assert_array_equal(one.mean, several.mean)


@pytest.fixture
def saved(tmp_path):
    model = Forecaster(**QUICK).fit(table(), **ROLES)
    model.save(tmp_path / "shops.model")
    return tmp_path / "shops.model", model


def test_a_batch_of_series_becomes_one_of_forecasts(saved):
    path, model = saved
    batches = pickle.loads(pickle.dumps(ForecastBatches(path)))
    found = batches(pa.table(table()))
    assert found.column_names[:3] == ["shop", "day", "forecast"]
    expected = model.predict(table()).to_columns()
    np.testing.assert_array_equal(found["forecast"].to_numpy(), expected["forecast"])
    whole = pa.table(table())
    parts = [whole.slice(k * 45, 45).to_batches()[0] for k in range(4)]  # within series
    assert list(batches.parts([])) == []
    said = pa.Table.from_batches(batches.parts(parts))
    np.testing.assert_allclose(said["forecast"].to_numpy(), expected["forecast"], rtol=1e-6)
    far = ForecastBatches(path, horizon=10)(whole)
    assert len(far) == 30


@pytest.mark.timeout(600)
def test_on_a_cluster(saved):
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    path, _ = saved

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(num_cpus=2, include_dashboard=False, logging_level="error")
        try:
            register_ray()
            with joblib.parallel_config("ray", n_jobs=2):
                models = fit_each(Forecaster(**QUICK), {"a": wave(0), "b": wave(1)}, horizon=7)
            data = ray.data.from_arrow([pa.table(table(name)) for name in "abc"])
            said = data.map_batches(ForecastBatches(path), batch_format="pyarrow", batch_size=None)
            rows = said.to_pandas()
        finally:
            ray.shutdown()
    alone = Forecaster(**QUICK, threads=1).fit(wave(1), horizon=7)
    np.testing.assert_allclose(
        models["b"].predict(wave(1)).mean, alone.predict(wave(1)).mean, rtol=1e-5
    )
    assert sorted(rows["shop"].unique()) == ["a", "b", "c"]
    assert len(rows) == 21
