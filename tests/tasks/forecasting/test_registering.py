"""A strategy of one's own: one file, here this one, and one row."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

import elman
from elman.blueprint import Blueprint, Dense, Flatten, Recurrent, Tail
from elman.cli.verbs import app
from elman.errors import ArgumentError, BundleError
from elman.runtime.forecasting import register_strategy, registry
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.strategies import Asked, Parts, Shape, Spans, Strategy
from elman.runtime.forecasting.windows import WindowReach
from elman.tasks import Forecaster

SMALL = {"units": 4, "epochs": 1, "window": 12, "segment": 3, "batch_size": 16, "season": 6}


class Counted(NamedTuple):
    """What travels with it: how many steps of each series it learnt from."""

    steps: np.ndarray

    @classmethod
    def begun(cls, companions: Any, panel: Any, trained: np.ndarray):
        return cls(trained)

    @classmethod
    def from_tensors(cls, plan: ForecastPlan, tensors):
        if set(tensors) != {"steps"}:
            raise BundleError("steps", f"found {sorted(tensors)}", "save the model again")
        return cls(tensors["steps"])

    def tensors(self):
        return {"steps": self.steps}

    def about(self):
        return {"learnt": int(self.steps.sum())}


def spans(asked: Asked) -> Spans:
    season = asked.one_season()
    return Spans(asked.window_of(2 * season), season, segment=asked.segment or 1)


def shape(plan: ForecastPlan, features: int, parameters: int) -> Shape:
    return Shape("sequence_to_vector", features, plan.horizon * plan.targets * parameters)


def blueprint(plan: ForecastPlan, parts: Parts) -> Blueprint:
    """As many steps as the horizon has segments, each told from one of the last steps read."""
    count, outputs = plan.horizon // plan.segment, shape(plan, 1, parts.parameters).outputs
    blocks = (Recurrent(parts.cells), Tail(count), Dense(outputs // count), Flatten(count))
    return Blueprint("sequence_to_vector", parts.features, {"body": blocks})


TAIL = Strategy(
    spans=spans,
    shape=shape,
    blueprint=blueprint,
    reach=WindowReach(),
    refuses={"recall": "leave it on"},
    own=Counted,
)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "_ROWS", dict(registry._ROWS))
    register_strategy("tail", f"{__name__}:TAIL")


def series():
    return 5 + np.sin(np.arange(120.0)) + np.random.default_rng(0).normal(size=120) / 9


def test_it_is_trained_saved_and_loaded_as_any_other(registered, tmp_path):
    model = Forecaster("tail", **SMALL).fit(series(), horizon=6)
    assert model.result_["learnt"] == 108
    found = model.predict(series())
    assert found.mean.shape == (1, 6, 1)
    assert len(model.backtest(series(), origins=3)) == 3
    assert model.sample(series(), paths=4).shape == (1, 4, 6, 1)
    model.save(tmp_path / "model.elman")
    again = elman.load(tmp_path / "model.elman")
    np.testing.assert_array_equal(again.predict(series()).mean, found.mean)
    told = CliRunner().invoke(app, ["info", str(tmp_path / "model.elman")])
    assert told.exit_code == 0
    assert "tail" in told.stdout


def test_it_refuses_what_it_does_not_have(registered):
    with pytest.raises(ArgumentError, match="recall: False with strategy='tail'"):
        Forecaster("tail", **SMALL, recall=False).fit(series(), horizon=6)
    with pytest.raises(ArgumentError, match=r"recursive, direct, segments, smoothing, tail"):
        Forecaster("head", **SMALL).fit(series(), horizon=6)


def test_a_model_of_a_strategy_that_is_not_known_is_refused(registered, tmp_path, monkeypatch):
    model = Forecaster("tail", **SMALL).fit(series(), horizon=6)
    model.save(tmp_path / "model.elman")
    monkeypatch.delitem(registry._ROWS, "tail")
    with pytest.raises(BundleError, match=r"strategy: found 'tail'.*one of recursive, direct"):
        elman.load(tmp_path / "model.elman")


@pytest.mark.parametrize("name", ["linear", "direct"])
def test_names_of_other_strategies_and_of_parts_of_a_model_are_taken(registered, name):
    with pytest.raises(ArgumentError, match=name):
        register_strategy(name, f"{__name__}:TAIL")
