"""The plan and what travels with it, as files give them: whole, damaged, or crafted."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.bundle import Bundle, pack_strings
from elman.data.series.panel import Columns
from elman.errors import BundleError
from elman.metrics.forecasts.linear_forecast import fit_linear_forecast
from elman.runtime.forecaster import ForecasterModel
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecasting import Forecasting, linear_inputs
from elman.runtime.forecasting.plan import LARGEST, ForecastPlan
from elman.runtime.forecasting.strategies.smoothing import Followed
from tests.runtime.forecasters import (
    bundle_for,
    calibration_for,
    companions_for,
    network_for,
    plan_for,
    shops,
    windows_of,
)

PANEL = shops()
PLAN = plan_for(
    PANEL, calendar=("weekday",), identify=True, flags=True, traits=True, timezone="Europe/Paris"
)
NAMES = [field.name for field in fields(ForecastPlan)]

HUGE = 10**12
WRONG = {
    "strategy": ["magic", "", "Direct"],
    "input_steps": [0, -1, HUGE, LARGEST + 1, 10**400, 6.0, True],
    "horizon": [0, HUGE, 3.0],
    "season": [0, HUGE],
    "segment": [0, HUGE, 3],
    "seasons": [[7], [1], [24, 24], [168, 24], [HUGE], "24", [True], [[]], [2, 3, 4]],
    "output": ["cauchy", "__class__"],
    "levels": [
        [k / 2000 for k in range(1, 1500)],
        [0.0],
        [1.0],
        [0.9, 0.1],
        [0.5, 0.5],
        ["0.1"],
        [float("nan")],
        [True],
        "0.1",
        [[]],
    ],
    "transform": ["sqrt"],
    "scaling": ["max"],
    "window_scaling": ["median"],
    "gaps": ["fill"],
    "short": ["cut"],
    "calendar": [["hour", "hour"], ["moon"], "weekday", [["hour"]], [3]],
    "joint": [True],  # there is one target
    "frequency": ["fortnight", "", "9" * 5000 + "h", f"{HUGE}h", "step:" + "9" * 30, "rows:" * 9],
    "timezone": ["", "../../etc/passwd", "a b", "x" * 10_000],
    "columns": [
        {},
        {"target": ["units"]},
        *(
            {**vars(PANEL.columns), name: value}
            for name, value in (
                ("target", []),
                ("target", "units"),
                ("target", [3]),
                ("past", None),
                ("series", 3),
                ("wide", [["a"]]),
                ("colour", "red"),
            )
        ),
    ],
}


def from_json(plan: ForecastPlan) -> dict:
    return json.loads(json.dumps(plan.to_dict()))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"strategy": "recursive", "traits": False, "output": "quantiles"},
        {"strategy": "segments", "segment": 3, "timezone": None, "window_scaling": "season"},
        {"strategy": "smoothing", "seasons": (7, 28), "season": 7, "traits": False},
        {"columns": Columns(None, None, ("a", "b")), "joint": True, "frequency": "rows:B"},
        {"levels": (), "calendar": ()},
    ],
    ids=str,
)
def test_a_plan_there_and_back(changes):
    plan = replace(PLAN, **changes)
    assert ForecastPlan.from_dict(plan.to_dict()) == plan
    assert ForecastPlan.from_dict(from_json(plan)) == plan


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in WRONG for value in WRONG[name]],
    ids=lambda value: repr(value)[:30],
)
def test_values_that_are_wrong(name, value):
    with pytest.raises(BundleError, match="forecast plan") as caught:
        ForecastPlan.from_dict(PLAN.to_dict() | {name: value})
    assert len(str(caught.value)) < 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("name", NAMES)
@given(value=JSON)
@settings(max_examples=30)
def test_a_field_may_be_anything(name, value):
    """Whatever a file says, there is a plan of that value, or a `BundleError`."""
    try:
        plan = ForecastPlan.from_dict(from_json(PLAN) | {name: value})
    except BundleError:
        return
    found = plan.to_dict()[name]
    assert found == (tuple(value) if isinstance(value, list) else value)
    assert type(found) is type(from_json(PLAN)[name]) or isinstance(found, tuple) or found is None


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_needed_and_has_a_type(name):
    data = from_json(PLAN)
    kept = data.pop(name)
    if name not in ("zone", "floor"):  # which older files lack
        with pytest.raises(BundleError, match="forecast plan"):
            ForecastPlan.from_dict(data)
    others = [None, 0, 1.5, "?", [None], {"a": 1}, True, HUGE]
    others = [other for other in others if type(other) is not type(kept)]
    for other in others:
        if name in ("timezone", "zone") and other is None:
            continue
        with pytest.raises(BundleError, match="forecast plan"):
            ForecastPlan.from_dict(data | {name: other})


@pytest.mark.parametrize("data", [None, [], "plan", {}, {"colour": 1}, {1: 2, "a": 3}], ids=repr)
def test_no_plan_at_all(data):
    with pytest.raises(BundleError, match="forecast plan"):
        ForecastPlan.from_dict(data)
    with pytest.raises(BundleError, match="forecast plan"):
        ForecastPlan.from_dict({**PLAN.to_dict(), "colour": "red"})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seasons": (7,)}, "seasons"),
        ({"segment": 3}, "segment"),
        ({"strategy": "segments", "segment": 2}, "horizon"),
        ({"strategy": "segments", "segment": 3, "input_steps": 7}, "input_steps"),
        ({"columns": Columns(None, None, ("a", "b"))}, "joint"),
        ({"strategy": "smoothing", "columns": Columns(None, None, ("a", "b")), "joint": True}, ""),
        ({"output": "quantiles", "levels": ()}, "levels"),
    ],
    ids=str,
)
def test_fields_that_contradict_each_other(changes, named):
    with pytest.raises(BundleError, match=f"forecast plan, {named}"):
        ForecastPlan.from_dict(replace(PLAN, **changes).to_dict())


@pytest.fixture(scope="module")
def whole() -> Bundle:
    """Of a forecaster that has every part."""
    companions = companions_for(PANEL, PLAN, calibration=calibration_for(PLAN))
    network = network_for(companions, PANEL)
    work = Forecasting(companions, PANEL, network)
    reader = work.reader(windows_of(PANEL, PLAN), plain=True)
    batch = reader.batch(np.arange(len(reader)))
    linear = fit_linear_forecast(
        [(linear_inputs(batch, batch.inputs.shape[1]), batch.targets[..., 0])]
    )
    return bundle_for(replace(companions, linear=linear), network)


def test_companions_there_and_back(whole):
    found = Companions.from_bundle(whole)
    assert found.plan == PLAN
    assert found.names == PANEL.names
    tensors = found.tensors()
    assert set(tensors) | {"until.trained"} == set(whole.tensors)
    for name, array in tensors.items():
        np.testing.assert_array_equal(array, whole.tensors[name])
    assert found.features + 3 == whole.blueprint.input_size  # three traits
    assert ForecasterModel(whole).predict(PANEL.cut(30, keep_ahead=True)).mean.shape == (2, 3, 1)


GROUPS = ("names", "scaler", "covariates", "calibration", "linear")
OPTIONAL = {"calibration": 3, "linear": 3}  # parts that may be missing whole, and their arrays


def parts_of(bundle):
    return [name for name in sorted(bundle.tensors) if name.split(".")[0] in GROUPS]


def misshaped(array):
    """Other shapes and dtypes of the same name, and values that are none."""
    yield array[:0]
    yield array[None]
    yield np.concatenate([array, array])
    yield array.reshape(-1)[0] if array.size else np.zeros(())
    yield np.zeros((7, 7, 7, 7))
    if array.dtype.kind == "f":
        yield np.full_like(array, np.nan)
        yield np.full_like(array, np.inf)


def damaged(bundle, tensors):
    return replace(bundle, tensors=tensors)


def test_tensors_that_are_missing_or_misshaped(whole):
    for name in parts_of(whole):
        rest = {other: array for other, array in whole.tensors.items() if other != name}
        with pytest.raises(BundleError):
            Companions.from_bundle(damaged(whole, rest))
        for array in misshaped(whole.tensors[name]):
            if name == "calibration.paths" and array.shape[1:] == (3, 1) and len(array) != 8:
                continue  # as many paths as there were windows
            with pytest.raises(BundleError):
                Companions.from_bundle(damaged(whole, rest | {name: np.asarray(array)}))


@pytest.mark.parametrize("group", GROUPS)
def test_whole_parts_that_are_missing(whole, group):
    rest = {k: v for k, v in whole.tensors.items() if not k.startswith(f"{group}.")}
    if group in OPTIONAL:
        assert getattr(Companions.from_bundle(damaged(whole, rest)), group) is None
        return
    with pytest.raises(BundleError):
        Companions.from_bundle(damaged(whole, rest))


def test_names_and_scales_that_do_not_fit(whole):
    def with_names(names):
        packed = {f"names.{name}": array for name, array in pack_strings(names).items()}
        return damaged(whole, whole.tensors | packed)

    for names in ((), ("s0",), ("s0", "s1", "s2")):
        with pytest.raises(BundleError):
            Companions.from_bundle(with_names(names))
    other = {f"scaler.{name}": array for name, array in pack_strings(["robust"]).items()}
    with pytest.raises(BundleError, match="scaler"):
        Companions.from_bundle(damaged(whole, whole.tensors | other))


@pytest.fixture(scope="module")
def smoothed() -> Bundle:
    plan = plan_for(PANEL, strategy="smoothing", seasons=(7,), season=7)
    companions = companions_for(PANEL, plan)
    own = Followed.begun(companions, PANEL, PANEL.history)
    companions = replace(companions, own=own)
    return bundle_for(companions, network_for(companions, PANEL))


def test_a_smoothing_there_and_back_or_damaged(smoothed):
    found = Companions.from_bundle(smoothed)
    assert found.own is not None
    assert found.own.smoothing.names == PANEL.names
    assert ForecasterModel(smoothed).predict(PANEL.cut(30, keep_ahead=True)).mean.shape == (2, 3, 1)
    for name in (name for name in smoothed.tensors if name.startswith("smoothing.")):
        rest = {other: array for other, array in smoothed.tensors.items() if other != name}
        with pytest.raises(BundleError):
            Companions.from_bundle(damaged(smoothed, rest))
        for array in misshaped(smoothed.tensors[name]):
            with pytest.raises(BundleError):
                Companions.from_bundle(damaged(smoothed, rest | {name: np.asarray(array)}))


def test_a_network_that_begins_with_a_linear_map_needs_it(whole):
    plan = replace(PLAN, base="linear").to_dict()
    bundle = replace(whole, settings={**whole.settings, "plan": plan})
    assert Companions.from_bundle(bundle).linear is not None
    rest = {k: v for k, v in whole.tensors.items() if not k.startswith("linear.")}
    with pytest.raises(BundleError, match="linear map: it is missing"):
        Companions.from_bundle(damaged(bundle, rest))


@pytest.mark.parametrize("found", [None, 3, [], {"shop": "Berlin"}, {"shop": [3]}, {"shop": None}])
def test_categories_that_are_none(whole, found):
    with pytest.raises(BundleError, match="categories"):
        Companions.from_bundle(replace(whole, settings={**whole.settings, "categories": found}))


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "recursive"},
        {"strategy": "smoothing", "seasons": (7,)},
        {"output": "gaussian"},
        {"flags": False},
        {"traits": False},
        {"calendar": ()},
        {"horizon": 4},
        {"input_steps": 1000},
        {"levels": (0.1, 0.9)},
        {"scaling": "robust"},
        {"base": "linear", "strategy": "recursive"},
    ],
    ids=str,
)
def test_a_plan_of_another_network(whole, changes):
    plan = replace(PLAN, **changes).to_dict()
    with pytest.raises(BundleError):
        ForecasterModel(replace(whole, settings={**whole.settings, "plan": plan}))


@pytest.mark.parametrize("steps", [np.zeros(3, np.int64), np.zeros(2), np.int64(3)])
def test_ends_of_training_that_do_not_fit(whole, steps):
    with pytest.raises(BundleError, match="until"):
        ForecasterModel(damaged(whole, whole.tensors | {"until.trained": np.asarray(steps)}))


def test_a_bundle_of_another_task(whole):
    with pytest.raises(BundleError, match="regressor"):
        ForecasterModel(replace(whole, task="regressor"))
    with pytest.raises(BundleError, match="forecast plan"):
        ForecasterModel(replace(whole, settings={}))
