"""Alarms: what knows the future is found, honest covariates are left in peace."""

import numpy as np
import pytest

from elman.errors import ShapeError
from elman.metrics.forecasts.leakage import covariate_alarms, leaking, overlap_alarms, scaler_alarms

STEPS, HORIZON = 600, 12
time = np.arange(STEPS)
KINDS = ("walk", "noise", "season", "load", "trend", "counts", "prices")


def shifted(values, ahead):
    """What `values` will be `ahead` steps later; 0 where that is not known."""
    result = np.zeros(len(values))
    if ahead >= 0:
        result[: len(values) - ahead] = values[ahead:]
    else:
        result[-ahead:] = values[:ahead]
    return result


def weather(draw):
    noise = draw.normal(size=STEPS)
    for step in range(1, STEPS):
        noise[step] += 0.9 * noise[step - 1]
    return 10 * np.sin(2 * np.pi * time / 24) + 3 * noise


def target_of(kind, draw, temperature):
    noise = draw.normal(size=STEPS)
    return {
        "walk": noise.cumsum(),
        "noise": noise,
        "season": 10 * np.sin(2 * np.pi * time / 24) + noise,
        "load": 50 - 2 * temperature + 5 * np.sin(2 * np.pi * time / 168) + 2 * noise,
        "trend": 0.1 * time + noise,
        "counts": draw.poisson(np.exp(1 + 0.5 * np.sin(2 * np.pi * time / 7))).astype(float),
        "prices": np.exp(noise.cumsum() / 20),
    }[kind]


def alarms(target, covariates, known_ahead):
    values = np.stack(list(covariates.values()), axis=1)
    found = leaking(target, values, list(covariates), HORIZON, known_ahead)
    return {alarm["numbers"]["covariate"]: alarm for alarm in found}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_past_covariates_that_know_a_later_value_are_found(kind, seed):
    draw = np.random.default_rng(seed)
    target = target_of(kind, draw, weather(draw))
    noise = 0.05 * np.diff(target).std() * draw.normal(size=STEPS)
    covariates = {
        "next": shifted(target, 1) + noise,
        "fifth": 3 * shifted(target, 5) - 2,
        "last of the horizon": -shifted(target, HORIZON),
        "beyond it": shifted(target, HORIZON + 3),
    }
    found = alarms(target, covariates, known_ahead=False)
    assert {name: alarm["numbers"]["lag"] for name, alarm in found.items()} == {
        "next": 1,
        "fifth": 5,
        "last of the horizon": HORIZON,
        "beyond it": HORIZON + 3,
    }
    assert {alarm["kind"] for alarm in found.values()} == {"future covariate"}
    assert "'fifth' knows the target 5 steps later" in found["fifth"]["sentence"]


@pytest.mark.parametrize("kind", KINDS)
def test_covariates_known_ahead_that_copy_the_target_are_found(kind):
    draw = np.random.default_rng(2)
    target = target_of(kind, draw, weather(draw))
    covariates = {
        "same": target,
        "line": 1 - 2 * target,
        "curve": np.tanh((target - target.mean()) / 4 / target.std()),
        "nearly": target + 0.01 * np.diff(target).std() * draw.normal(size=STEPS),
        "three steps late": shifted(target, -3),
        "two steps early": shifted(target, 2),
    }
    found = alarms(target, covariates, known_ahead=True)
    assert found.keys() == covariates.keys()
    assert found["three steps late"]["numbers"]["lag"] == -3
    assert found["two steps early"]["kind"] == "future covariate"
    assert found["same"]["kind"] == "copy of the target"
    assert found["same"]["numbers"]["share"] == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("known_ahead", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_honest_covariates_are_left_in_peace(kind, known_ahead, seed):
    draw = np.random.default_rng(seed)
    temperature = weather(draw)
    target = target_of(kind, draw, temperature)
    covariates = {
        "weather": temperature,
        "unrelated walk": draw.normal(size=STEPS).cumsum(),
        "hour": np.sin(2 * np.pi * time / 24),
        "hour, later": np.sin(2 * np.pi * (time + 3) / 24),
        "weekday": (time % 7).astype(float),
        "time": time.astype(float),
        "promotion": (draw.random(STEPS) < 0.1).astype(float),
        "constant": np.ones(STEPS),
        "a horizon ago": shifted(target, -HORIZON),
    }
    if not known_ahead:
        past = np.convolve(target, np.ones(5) / 5)[:STEPS]
        covariates |= {"now": target, "before": shifted(target, -1), "smooth": past}
    assert alarms(target, covariates, known_ahead) == {}


COPIES = {
    "noisy": lambda later, draw: later + 0.5 * draw.normal(size=len(later)),
    "rounded": lambda later, draw: np.round(later),
    "squared": lambda later, draw: later**2,
    "its size": lambda later, draw: np.abs(later),
    "its sign": lambda later, draw: np.sign(later),
    "its direction": lambda later, draw: np.sign(np.diff(later, prepend=later[:1])),
}


@pytest.mark.parametrize("walk", [True, False])
@pytest.mark.parametrize("copy", COPIES)
def test_copies_that_are_no_copies_to_the_eye_are_found_too(copy, walk):
    draw = np.random.default_rng(3)
    target = draw.normal(size=600)
    if walk and copy not in ("its sign", "its size"):  # of which a walk changes hardly any
        target = target.cumsum()
    later = COPIES[copy](target[3:], draw)
    found = leaking(target[:-3], later[:, None], ["copy"], 5, False)
    assert len(found) == 1
    assert found[0]["numbers"]["lag"] in (2, 3)


def test_a_covariate_known_ahead_may_drive_the_target():
    draw = np.random.default_rng(0)
    promotion = (draw.random(STEPS) < 0.2).astype(float)
    sales = 5 + 3 * promotion + 0.3 * draw.normal(size=STEPS)
    assert leaking(sales, promotion[:, None], ["promotion"], HORIZON, True) == []


def test_a_target_that_its_past_determines_has_nothing_to_leak():
    sine = np.sin(2 * np.pi * time / 24)
    assert leaking(sine, shifted(sine, 1)[:, None], ["next"], HORIZON, True) == []


def test_missing_values_hide_no_leak():
    draw = np.random.default_rng(0)
    target = draw.normal(size=STEPS).cumsum()
    covariate = shifted(target, 2)
    target[draw.random(STEPS) < 0.005] = np.nan
    covariate[draw.random(STEPS) < 0.1] = np.nan
    found = leaking(target, covariate[:, None], ["leak"], HORIZON, False)
    assert [alarm["numbers"]["lag"] for alarm in found] == [2]


@pytest.mark.parametrize("steps", [1, 2, 30])
def test_too_short_a_series_gives_no_alarm(steps):
    target = np.random.default_rng(0).normal(size=steps)
    assert leaking(target, shifted(target, 1)[:, None], ["next"], 3, True) == []


def test_covariates_must_fit_the_target():
    with pytest.raises(ShapeError, match=r"\(9, 1\)"):
        leaking(np.zeros(9), np.zeros((9, 2)), ["a"], 3, True)


def test_many_series_give_one_alarm_for_each_covariate_and_target():
    draw = np.random.default_rng(0)
    lengths = [200, 300, 20]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    targets = draw.normal(size=(520, 2)).cumsum(axis=0)
    leak = np.concatenate([shifted(part[:, 1], 1) for part in np.split(targets, offsets[1:-1])])
    covariates = np.stack([draw.normal(size=520), leak], axis=1)
    found = covariate_alarms(
        targets,
        covariates,
        offsets,
        targets=["a", "b"],
        names=["honest", "leak"],
        horizon=3,
        known_ahead=False,
    )
    assert len(found) == 1
    numbers = found[0]["numbers"]
    assert (numbers["covariate"], numbers["target"], numbers["lag"]) == ("leak", "b", 1)
    assert (numbers["series"], numbers["series_checked"]) == (2, 3)


def test_a_scaler_that_saw_more_than_the_training_part_is_found():
    names = ["a", "b", "c"]
    train = np.array([100, 80, 50])
    assert scaler_alarms(train, train, names) == []
    assert scaler_alarms(train - 10, train, names) == []
    (alarm,) = scaler_alarms(np.array([100, 85, 60]), train, names)
    assert alarm["kind"] == "scaler"
    assert alarm["numbers"] == {"rows": 15, "series": 2, "worst": "c"}
    assert "15 rows of 2 series, most in 'c' (10)" in alarm["sentence"]


def test_targets_that_were_trained_are_found():
    train = np.array([100, 80])
    assert overlap_alarms(train, np.array([100, 2**60]), ["a", "b"]) == []
    (alarm,) = overlap_alarms(train, np.array([100, 75]), ["a", "b"])
    assert (alarm["kind"], alarm["numbers"]["rows"]) == ("overlap", 5)
