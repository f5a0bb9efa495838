"""The lag-1 test: fires for what hands on the last value, and for nothing else."""

from importlib import import_module

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from elman.metrics.forecasts.linear_forecast import fit_linear_forecast
from elman.metrics.forecasts.naive import seasonal_naive
from elman.metrics.forecasts.persistence import persistence
from elman.metrics.forecasts.skill import BETTER, UNDECIDED, Evidence, Skill, compare

module = import_module("elman.metrics.forecasts.persistence")  # whose function has its name

LENGTH = 24
SERIES = ("walk", "sine", "season")


def windows(kind, horizon, seed=0, steps=1200):
    """Inputs and targets of the training and the test part of one series."""
    draw = np.random.default_rng(seed)
    time, noise = np.arange(steps), draw.normal(size=steps)
    series = {
        "walk": noise.cumsum() + 100,
        "sine": 5 * np.sin(2 * np.pi * time / 24) + 0.2 * noise,
        "season": 10 + 3 * np.sin(2 * np.pi * time / 12) + noise,
    }[kind]
    cut = 800
    parts = []
    for part in (series[:cut], series[cut - LENGTH :]):
        part = (part - series[:cut].mean()) / series[:cut].std()
        view = np.lib.stride_tricks.sliding_window_view(part, LENGTH + horizon)
        parts.append((view[:, :LENGTH], view[:, LENGTH:]))
    return parts


def judge(forecast, inputs, targets):
    last, count = inputs[:, -1:], len(targets)
    series, origins = np.zeros(count, int), np.arange(count)
    against_last = compare(
        np.abs(targets - forecast).sum(axis=1),
        np.abs(targets - last).sum(axis=1),
        series=series,
        origins=origins,
        horizon=targets.shape[1],
    )
    arrays = (targets[..., None], forecast[..., None], last)
    return persistence(*arrays, series=series, against_last=against_last)


def network(train, inputs, seed):
    """A small network of one hidden layer."""
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=200, random_state=seed)
    return model.fit(train[0], train[1].squeeze()).predict(inputs).reshape(len(inputs), -1)


unfinished = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
horizons = pytest.mark.parametrize("horizon", [1, 10])


@horizons
@pytest.mark.parametrize("kind", SERIES)
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_last_value_and_a_little_noise_is_persistence(kind, horizon, noise):
    _, (inputs, targets) = windows(kind, horizon)
    step = noise * np.diff(inputs[:, -1]).std()
    forecast = inputs[:, -1:] + step * np.random.default_rng(1).normal(size=targets.shape)
    found = judge(forecast, inputs, targets)
    assert found["persistence"]
    assert found["moved"] <= 0.25
    assert found["sentence"].startswith("This is persistence")


@unfinished
@horizons
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_network_trained_on_a_random_walk_is_persistence(horizon, seed):
    train, (inputs, targets) = windows("walk", horizon, seed)
    found = judge(network(train, inputs, seed), inputs, targets)
    assert found["persistence"], found
    assert judge(fit_linear_forecast([train])(inputs), inputs, targets)["persistence"]


@unfinished
@horizons
@pytest.mark.parametrize("kind", ["sine", "season"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_good_forecast_is_not(kind, horizon, seed):
    train, (inputs, targets) = windows(kind, horizon, seed)
    season = 24 if kind == "sine" else 12
    forecasts = [network(train, inputs, seed), seasonal_naive(inputs, horizon, season)]
    for forecast in forecasts:
        found = judge(forecast, inputs, targets)
        assert not found["persistence"], found
        assert found["foresight"] > 0.5
        assert found["sentence"].startswith(
            "This is not persistence: it is better than the last value"
        )


def test_a_bad_forecast_that_does_not_follow_the_last_value_is_not():
    _, (inputs, targets) = windows("walk", 10)
    found = judge(np.zeros(targets.shape), inputs, targets)
    assert not found["persistence"]
    assert "though it is not shown to be better than the last value" in found["sentence"]


def test_one_good_window_is_not_called_persistence():
    _, (inputs, targets) = windows("sine", 10)
    found = judge(targets[:1] + 0.01, inputs[:1], targets[:1])
    assert not found["persistence"]
    assert np.isnan(found["lagged"])


def test_what_did_not_move_cannot_be_told():
    inputs, targets = np.full((5, 4), 0.1), np.full((5, 2), 0.1)
    found = judge(targets, inputs, targets)
    assert not found["persistence"]
    assert all(np.isnan(found[name]) for name in ("moved", "foresight", "lagged", "aligned"))
    assert "cannot be told" in found["sentence"]


def test_missing_values_and_unknown_last_values_are_left_out():
    _, (inputs, targets) = windows("season", 10)
    inputs, targets = inputs.copy(), targets.copy()
    forecast = seasonal_naive(inputs, 10, 12)
    whole = judge(forecast[20:], inputs[20:], targets[20:])
    targets[:10] = np.nan
    inputs[10:20, -1] = np.nan
    assert judge(forecast, inputs, targets)["lagged"] == pytest.approx(whole["lagged"])
    assert judge(forecast, inputs, targets)["moved"] == pytest.approx(whole["moved"])


def test_levels_of_series_are_no_correlation():
    """Two series far apart whose forecasts are noise do not follow anything."""
    draw = np.random.default_rng(0)
    level = np.repeat([0.0, 1000.0], 50)
    last, actual, forecast = draw.normal(size=(3, 100, 1)) + level[:, None]
    series = np.repeat([0, 1], 50)
    losses = np.abs(actual - forecast)[:, 0], np.abs(actual - last)[:, 0]
    skill = compare(*losses, series=series, origins=np.arange(100), horizon=1)
    arrays = (actual[..., None], forecast[..., None], last)
    found = persistence(*arrays, series=series, against_last=skill)
    assert abs(found["lagged"]) < 0.3
    assert not found["persistence"]


# Directions of four windows: about their mean, and at right angles to each other.
U, V, W = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], dtype=float)
NAMES = ("moved", "foresight", "lagged", "aligned")


def of_vectors(actual, forecast, last, outcome=UNDECIDED):
    """Four windows of one series, one target and one step."""
    skill = Skill(0.0, outcome, Evidence(0.0, None, 1, ""))
    arrays = (actual[:, None, None], forecast[:, None, None], last[:, None])
    return persistence(*arrays, series=np.zeros(4, int), against_last=skill)


def plainly(actual, forecast, last, series):
    """The four numbers from their definitions, value by value."""
    moves, ours, lagging, aligned = [], [], [], []
    behind = np.broadcast_to(last[:, None], actual.shape)
    for n in np.unique(series):
        for step, target in np.ndindex(actual.shape[1:]):
            there = (actual[series == n, step, target], behind[series == n, step, target])
            known = ~np.isnan(there[0]) & ~np.isnan(there[1])
            parts = [each[known] for each in (forecast[series == n, step, target], *there[::-1])]
            moves += [(f - b, a - b) for f, b, a in zip(*parts, strict=True)]
            if known.any():
                for found, values in zip((ours, lagging, aligned), parts, strict=True):
                    found += [*(values - values.mean())]

    def about_zero(a, b):
        return np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b))

    foretold, happened = np.transpose(moves)
    moved = np.abs(foretold).mean() / np.abs(happened).mean()
    return (
        moved,
        about_zero(foretold, happened),
        about_zero(ours, lagging),
        about_zero(ours, aligned),
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_numbers_are_those_of_the_definitions(seed):
    draw = np.random.default_rng(seed)
    actual, forecast = draw.normal(size=(2, 30, 3, 2)) + 5
    last = draw.normal(size=(30, 2)) - 2
    series = draw.integers(0, 4, 30)
    actual[draw.random(actual.shape) < 0.2] = np.nan
    last[draw.random(last.shape) < 0.2] = np.nan
    actual[series == 1, 1] = np.nan  # a step of which nothing is known
    forecast += draw.uniform(0, 1) * np.nan_to_num(last)[:, None]
    skill = Skill(0.0, UNDECIDED, Evidence(0.0, None, 1, ""))
    found = persistence(actual, forecast, last, series=series, against_last=skill)
    expected = plainly(actual, forecast, last, series)
    assert [found[name] for name in NAMES] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("moved", "lagged", "foresight", "verdict"),
    [
        (0.49, 0.9, 1.0, True),  # it stays with the last value
        (0.51, 0.9, 1.0, False),
        (2.0, 0.71, 0.29, True),  # it follows it blindly
        (2.0, 0.69, 0.29, False),
        (2.0, 0.71, 0.31, False),
        (0.49, 0.1, 1.0, True),
    ],
)
def test_the_verdict_follows_from_the_numbers(monkeypatch, moved, lagged, foresight, verdict):
    numbers = iter([foresight, lagged, 0.6])
    monkeypatch.setattr(module, "_correlation", lambda a, b: next(numbers))
    last = 10 * U
    found = of_vectors(last + V, last + moved * W, last)
    assert [found[name] for name in NAMES] == pytest.approx([moved, foresight, lagged, 0.6])
    assert found["persistence"] is verdict


def test_the_numbers_bounds_themselves_are_no_persistence(monkeypatch):
    last, actual, forecast = U, 2 * U, 1.05 * U + 0.6 * W
    found = of_vectors(actual, forecast, last)
    assert found["moved"] > 0.5
    assert found["foresight"] < 0.3
    assert found["lagged"] == found["aligned"] > 0.7
    assert not found["persistence"]  # it follows what happens as much as the last value
    bent = of_vectors(2 * U + 0.1 * V, forecast, last)
    assert bent["lagged"] > bent["aligned"]
    assert bent["persistence"]
    for bound, name in (("LAGGED", "lagged"), ("BLIND", "foresight")):
        with monkeypatch.context() as patch:
            patch.setattr(module, bound, bent[name])
            assert not of_vectors(2 * U + 0.1 * V, forecast, last)["persistence"]
    half = of_vectors(U + V, U + 0.5 * V, U)
    assert (half["moved"], half["persistence"]) == (0.5, False)


def test_who_beats_the_last_value_is_not_persistence():
    last = 10 * U
    assert of_vectors(last + V, last + 0.25 * W, last)["persistence"]
    assert not of_vectors(last + V, last + 0.25 * W, last, BETTER)["persistence"]
    found = of_vectors(last + V, last + 2 * W, last, BETTER)
    assert not found["persistence"]
    assert found["sentence"] == (
        "This is not persistence: it is better than the last value (it moves 200 % as far from "
        "the last value as what happens does, and its moves correlate 0.00 with the actual ones)."
    )


def test_a_forecast_that_never_leaves_the_last_value_has_no_foresight():
    last = 10 * U
    found = of_vectors(last + V, last, last)
    assert found["persistence"]
    assert (found["moved"], found["lagged"]) == (0, pytest.approx(1))
    assert np.isnan(found["foresight"])
    assert found["sentence"] == (
        "This is persistence: it follows the last value and is no better "
        "(it moves 0 % as far from the last value as what happens does)."
    )
