"""Smoothing with a network, answered without torch: one pass for all origins, and back."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.blueprint import CellConfig, sequence_to_sequence
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.kernels.smoothing import Coefficients
from elman.runtime.forecasting import smoothing as runtime_smoothing
from elman.runtime.forecasting.smoothing import Smoothing, answers, future_steps
from elman.runtime.network.network import Network

NAN = np.nan
WINDOW, HORIZON = 4, 5


def network(features=0, seed=0, parameters=2):
    blueprint = sequence_to_sequence(
        input_size=WINDOW + features, cells=CellConfig("lstm", 6), outputs=HORIZON * parameters
    )
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(scale=0.4, size=shape).astype(np.float32)
        for name, shape in blueprint.shapes().items()
    }
    return Network(blueprint, weights)


def smoothing(form="multiplicative", seasons=(2, 3), count=3, seed=1):
    rng = np.random.default_rng(seed)
    coefficients = Coefficients(
        rng.uniform(0.1, 0.9, count),
        rng.uniform(0.1, 0.9, (count, len(seasons))),
        rng.uniform(0.5, 2, count),
        rng.uniform(0.5, 2, (count, sum(seasons))),
    )
    names = tuple(f"H{n}" for n in range(count))
    scale, spread = rng.uniform(1, 9, count), rng.uniform(0.2, 2, count)
    return Smoothing(names, form, seasons, scale, spread, coefficients)


def series(lengths=(12, 7, 9), seed=2):
    rng = np.random.default_rng(seed)
    values = rng.uniform(1, 20, (sum(lengths), 1))
    values[rng.random(values.shape) < 0.1] = NAN
    return values, np.cumsum([0, *lengths])


def origins(offsets):
    """Every row as the end of a history."""
    ends = np.arange(offsets[-1])
    return ends, np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def test_the_seasonals_of_a_long_horizon_repeat_what_is_known():
    found = future_steps(np.array([0, 4]), season=3, horizon=7)
    np.testing.assert_array_equal(found, [[1, 2, 3, 1, 2, 3, 1], [5, 6, 7, 5, 6, 7, 5]])
    assert (found <= np.array([[0], [4]]) + 3).all()  # s(t + m) is known at t


def one_by_one(smooth, values, offsets, horizon=HORIZON):
    """Inputs, centre in the values' unit: one series and origin at a time, from the equations."""
    windows, centres = [], []
    a, g, first, starts = (array for array in smooth.coefficients)
    for n in range(len(smooth)):
        y = values[offsets[n] : offsets[n + 1], 0] / smooth.scale[n]
        seasonals = [list(part) for part in np.split(starts[n], np.cumsum(smooth.seasons)[:-1])]
        level, levels, bare = first[n], [], []
        for t, value in enumerate(y):
            product = np.prod([s[t] for s in seasonals])
            others = [product / s[t] for s in seasonals]
            if np.isnan(value):
                bare.append(NAN)
            else:
                level = a[n] * value / product + (1 - a[n]) * level
                bare.append(value / product)
            for k, s in enumerate(seasonals):
                new = g[n, k] * value / (level * others[k]) + (1 - g[n, k]) * s[t]
                s.append(s[t] if np.isnan(value) else new)
            levels.append(level)
            last = [NAN] * WINDOW + bare
            seen = np.log(np.array(last[-WINDOW:]) / level) / smooth.spread[n]
            windows.append(np.nan_to_num(seen))
            expected = [
                np.prod([s[t + 1 + h % m] for s, m in zip(seasonals, smooth.seasons, strict=True)])
                for h in range(horizon)
            ]
            centres.append(smooth.scale[n] * level * np.array(expected))
    return np.array(windows), np.array(centres)


def test_answers_are_the_equations_one_origin_at_a_time():
    smooth, net = smoothing(), network()
    values, offsets = series()
    ends, owners = origins(offsets)
    raw, back = answers(net, smooth, values, offsets, ends, owners, HORIZON)
    windows, centres = one_by_one(smooth, values, offsets)
    found = [net.run(windows[a:b][None])[0] for a, b in pairwise(offsets)]
    expected = np.concatenate(found).reshape(len(ends), HORIZON, 1, 2)
    np.testing.assert_allclose(raw, expected, atol=1e-6)
    np.testing.assert_allclose(back(np.zeros((len(ends), HORIZON, 1)))[..., 0], centres)
    # A normalised number is the logarithm of a ratio, in units of the spread.
    third = np.full((len(ends), HORIZON, 1, 4), np.log(3.0))
    up = back(third / smooth.spread[owners][:, None, None, None])
    np.testing.assert_allclose(up[..., 0, 2], 3 * centres)


@settings(max_examples=10)
@given(form=st.sampled_from(["multiplicative", "additive"]), seed=st.integers(0, 99))
def test_an_answer_depends_on_its_past_alone(form, seed):
    rng = np.random.default_rng(seed)
    smooth, net, (values, offsets) = smoothing(form), network(), series(seed=seed)
    ends, owners = origins(offsets)
    some = rng.permutation(len(ends))[:6]
    raw, back = answers(net, smooth, values, offsets, ends[some], owners[some], HORIZON)
    for k, window in enumerate(some):
        later = values.copy()
        later[ends[window] + 1 :] = np.inf  # what is read there is an error
        one = slice(window, window + 1)
        alone, home = answers(net, smooth, later, offsets, ends[one], owners[one], HORIZON)
        np.testing.assert_allclose(alone[0], raw[k], atol=1e-6)
        np.testing.assert_allclose(home(alone)[0], back(raw)[k], rtol=1e-5)


def test_additive_answers_take_values_of_any_sign_and_go_back():
    values, offsets = series()
    smooth = smoothing("additive")
    ends, owners = origins(offsets)
    args = offsets, ends, owners, HORIZON
    raw, back = answers(network(), smooth, values, *args)
    # Everything one unit lower: the level follows, what the network reads stays.
    coefficients = smooth.coefficients
    lower = coefficients._replace(first_level=coefficients.first_level - 30 / smooth.scale)
    shifted = replace(smooth, coefficients=lower)
    again, home = answers(network(), shifted, values - 30, *args)
    np.testing.assert_allclose(again, raw, atol=1e-6)
    np.testing.assert_allclose(home(raw), back(raw) - 30, rtol=1e-5)


def test_features_reach_the_network_at_their_own_rows():
    values, offsets = series()
    features = np.arange(len(values), dtype=float)[:, None] / 10
    ends, owners = origins(offsets)
    net, smooth = network(features=1), smoothing()
    raw, _ = answers(net, smooth, values, offsets, ends, owners, HORIZON, features)
    windows, _ = one_by_one(smooth, values, offsets)
    inputs = np.concatenate([windows, features], axis=1)
    found = [net.run(inputs[a:b][None])[0] for a, b in pairwise(offsets)]
    np.testing.assert_allclose(raw.reshape(len(ends), -1), np.concatenate(found), atol=1e-6)


def test_what_answers_in_place_of_the_network_is_asked_the_same():
    values, offsets = series()
    net, args = network(), (smoothing(), values, offsets, *origins(offsets), HORIZON)
    raw, _ = answers(net, *args)
    doubled, _ = answers(net, *args, run=lambda inputs, lengths: 2 * net.run(inputs, lengths))
    np.testing.assert_array_equal(doubled, 2 * raw)


def test_series_are_read_in_groups_that_bound_the_memory(monkeypatch):
    values, offsets = series()
    args = network(), smoothing(), values, offsets, *origins(offsets), HORIZON
    raw, back = answers(*args)
    monkeypatch.setattr(runtime_smoothing, "_ENTRIES", 2 * 12 * 10)  # two series at a time
    again, home = answers(*args)
    np.testing.assert_allclose(again, raw, atol=1e-6)
    np.testing.assert_array_equal(home(raw), back(raw))


def test_a_network_that_looks_ahead_is_refused():
    blueprint = sequence_to_sequence(
        input_size=WINDOW, cells=CellConfig("rnn", 2), outputs=HORIZON, bidirectional=True
    )
    weights = {name: np.zeros(shape, np.float32) for name, shape in blueprint.shapes().items()}
    values, offsets = series()
    with pytest.raises(ArgumentError, match="a sequence_to_sequence that streams"):
        answers(
            Network(blueprint, weights), smoothing(), values, offsets, *origins(offsets), HORIZON
        )


def test_no_origins_no_answers():
    values, offsets = series()
    none = np.zeros(0, np.int64)
    raw, back = answers(network(), smoothing(), values, offsets, none, none, HORIZON)
    assert back(raw).shape == (0, HORIZON, 1, 2)


def test_a_value_that_has_no_logarithm_is_named():
    values, offsets = series()
    values[14] = -1.0
    ends, owners = origins(offsets)
    with pytest.raises(DataError, match=r"series 'H1', step 2: found -1.0; positive numbers"):
        answers(network(), smoothing(), values, offsets, ends, owners, HORIZON)


def test_sizes_fit():
    values, offsets = series()
    ends, owners = origins(offsets)
    with pytest.raises(ShapeError, match="4 inputs, 10 outputs, 2 series smoothed"):
        answers(network(), smoothing(count=2), values, offsets, ends, owners, HORIZON)


def test_tensors_there_and_back():
    for made in (smoothing(), smoothing("additive", ()), smoothing(count=1)):
        again = Smoothing.from_tensors(made.tensors())
        assert (again.names, again.form, again.seasons) == (made.names, made.form, made.seasons)
        np.testing.assert_array_equal(again.scale, made.scale)
        np.testing.assert_array_equal(again.spread, made.spread)
        for array, kept in zip(made.coefficients, again.coefficients, strict=True):
            np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("level", lambda array: array[:-1]),
        ("level", lambda array: array + 1),
        ("seasonal", lambda array: array * np.nan),
        ("first_level", lambda array: -array),
        ("first_seasonals", lambda array: array.astype(np.float32)),
        ("seasons", lambda array: array - 1),
        ("seasons", lambda array: array[0]),
        ("multiplicative", lambda array: array.astype(np.int64)),
        ("scale", lambda array: 0 * array),
        ("spread", lambda array: -array),
    ],
)
def test_damaged_tensors(name, damage):
    tensors = smoothing().tensors()
    with pytest.raises(BundleError, match="smoothing"):
        Smoothing.from_tensors(tensors | {name: np.asarray(damage(tensors[name]))})
    with pytest.raises(BundleError):
        Smoothing.from_tensors({key: array for key, array in tensors.items() if key != name})


def test_selected_and_joined():
    made = smoothing()
    parts = made.select(np.array([2])).joined(made.select(np.array([0, 1])))
    assert parts.names == ("H2", "H0", "H1")
    np.testing.assert_array_equal(parts.scale, made.scale[[2, 0, 1]])
    np.testing.assert_array_equal(parts.spread, made.spread[[2, 0, 1]])
    for array, kept in zip(made.coefficients, parts.coefficients, strict=True):
        np.testing.assert_array_equal(kept, array[[2, 0, 1]])
