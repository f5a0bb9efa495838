"""No value of any parameter, however absurd, gives an error that is not Elman's own."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

import elman
from elman.errors import ArgumentError, BlueprintError, ElmanError
from elman.parameters import told
from elman.tasks import fitting
from elman.training import PairExamples
from tests.tasks.sequences import classes, sums

SMALL = {"units": 3, "epochs": 1, "threads": 1, "baselines": False}
ABSURD = [
    *(-1, 0, 2, 10**30, 10**400, 1.5, float("nan"), float("inf"), Fraction(1, 3), True),
    *("x", "", b"x", None, [], ["a"], [[1]], (1, "a"), {}, {"a": "b"}, {1}, 1 + 2j, object()),
    *(np.zeros(2), np.array(["a", "b"]), np.array(0.1), np.array(None), np.datetime64("2024")),
]


class Reached(Exception):  # noqa: N818  it is no error
    """The parameters were accepted as far as the training."""


@pytest.fixture
def untrained(monkeypatch):
    """A training is not run: what is asked is which values reach it."""

    class Checked(fitting.Trainer):
        def run(self, resume=False):
            raise Reached

    monkeypatch.setattr(fitting, "Trainer", Checked)


def fitted(make, **parameters):
    if make is elman.Forecaster:
        return make(window=6, **SMALL | parameters).fit(np.sin(np.arange(60.0)), horizon=2)
    if make is elman.Captioner:
        X = np.arange(12 * 4 * 4, dtype=np.uint8).reshape(12, 4, 4)
        return make(**SMALL | parameters).fit(X, ["a b", "c"] * 6)
    X, y = classes(20) if make is elman.Classifier else sums(20)[:2]
    return make(**SMALL | parameters).fit(X, y)


CASES = [
    (make, name)
    for make in (elman.Captioner, elman.Classifier, elman.Regressor, elman.Forecaster)
    for name in told(make)
    if name not in ("window", "units", "epochs", "threads", "baselines", "run")
]
CASES += [(elman.Forecaster, "horizon")]


@pytest.mark.parametrize(
    ("make", "name"), CASES, ids=[f"{make.__name__}-{name}" for make, name in CASES]
)
def test_absurd_values(make, name, untrained):
    for value in ABSURD:
        try:
            if name == "horizon":
                make(window=6, **SMALL).fit(np.sin(np.arange(60.0)), horizon=value)
            fitted(make, **{name: value})
        except (ElmanError, Reached):
            continue
        except Exception as error:
            pytest.fail(f"{name}={value!r}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("name", ["window", "units", "epochs", "threads", "baselines", "run"])
@pytest.mark.parametrize("value", ABSURD, ids=lambda value: repr(value)[:20])
def test_absurd_values_of_what_is_always_given(name, value, untrained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"window": 6, **SMALL, name: value}
    with pytest.raises((ElmanError, Reached)):
        elman.Forecaster(**given).fit(np.sin(np.arange(60.0)), horizon=2)


@pytest.mark.parametrize(
    ("make", "parameters", "said"),
    [
        (elman.Classifier, {"seed": 10**30}, "seed: found 10{30}; a whole number below"),
        (elman.Classifier, {"seed": -1}, "seed: found -1; a whole number of at least 0"),
        (elman.Classifier, {"cell": ["gru"]}, r"cell: found \['gru'\]; a text"),
        (elman.Classifier, {"class_weight": {0: "a"}}, r"class_weight\[0\]: found 'a'"),
        (elman.Classifier, {"class_weight": 3}, "class_weight: found 3"),
        (elman.Classifier, {"learning_rate": 10**400}, "learning_rate: found 10{400}; a finite"),
        (elman.Classifier, {"dropout": "a"}, "dropout: found 'a'; a finite number"),
        (elman.Classifier, {"run": 3}, "run: found 3; a folder's path"),
        (elman.Forecaster, {"dilations": 2}, "dilations: found 2; some numbers"),
        (elman.Forecaster, {"calendar": 1}, "calendar: found 1; a list of names"),
        (elman.Forecaster, {"output": ["point"]}, "output: found"),
        (elman.Forecaster, {"loss": {}}, "loss: found {}"),
        (elman.Forecaster, {"levels": 0.5}, "levels: found 0.5"),
    ],
)
def test_what_is_said(make, parameters, said):
    with pytest.raises(ArgumentError, match=said):
        fitted(make, **parameters)


def test_numpys_scalars_are_numbers(untrained):
    one, rate, size = np.int64(1), np.float64(0.1), np.float32(0.5)
    every = {
        **{"units": np.int32(3), "layers": one, "epochs": one, "batch_size": np.int16(4)},
        **{"dropout": rate, "recurrent_dropout": size, "zoneout": np.float16(0.1)},
        **{"learning_rate": size, "clip_norm": rate, "clip_value": rate, "weight_decay": rate},
        **{"average": rate, "warmup_steps": one, "accumulate": one, "early_stopping": one},
        **{"max_skipped": one, "seed": np.uint64(2**63 - 1), "threads": one, "workers": one},
        **{"validation": np.float32(0.25), "bidirectional": np.bool_(True)},
        **{"layer_norm": np.bool_(False), "warm_start": np.bool_(False)},
    }
    for make, more in (
        (elman.Classifier, {"label_smoothing": size, "batch_tokens": np.int64(90)}),
        (elman.Regressor, {}),
    ):
        with pytest.raises(Reached):
            fitted(make, **every | more)
    every = {**every, "segment": None, "stride": one, "season": np.int64(4),
             "levels": np.array([0.1, 0.9]), "windows_per_epoch": one}  # fmt: skip
    del every["bidirectional"]
    with pytest.raises(Reached):
        fitted(elman.Forecaster, **every | {"dilations": np.array([1])})


def test_a_blueprint_takes_numpys_scalars_and_keeps_plain_ones():
    cell = elman.blueprint.CellConfig(
        "lstm", np.int64(3), peepholes=np.bool_(True), zoneout=np.float32(0.5)
    )
    assert (type(cell.units), type(cell.peepholes), type(cell.zoneout)) == (int, bool, float)
    with pytest.raises(BlueprintError, match="units: found True"):
        elman.blueprint.CellConfig("lstm", True)
    with pytest.raises(BlueprintError, match="zoneout: found nan"):
        elman.blueprint.CellConfig("lstm", 3, zoneout=float("nan"))


@pytest.mark.parametrize("go", ["x", -1, 1.5, True, None, 10**30])
def test_a_first_token_that_is_none(go):
    source = torch.tensor([[1, 2]])
    with pytest.raises(ArgumentError, match="go: found"):
        PairExamples(source, source, None, None, go=go)
