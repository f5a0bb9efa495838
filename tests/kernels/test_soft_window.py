"""Windows on a text: what they see, their twin's numbers and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.blueprint import (
    Blueprint,
    CellConfig,
    Mixture,
    Recurrent,
    SoftWindow,
    from_json,
    to_json,
)
from elman.errors import BlueprintError
from elman.kernels.soft_window import look
from elman.models import build
from elman.models import soft_window as torch_window
from elman.runtime import Network

TEXT = np.array([[0, 2, 1, -1], [1, -1, -1, -1]])


def drawn(dtype=np.float64):
    draws = np.random.default_rng(0)
    return draws.normal(size=(2, 6)).astype(dtype), np.abs(draws.normal(size=(2, 2))).astype(dtype)


def test_each_window_is_a_bell_that_moves_on():
    raw, place = drawn()
    seen, after, weights = look(raw, place, TEXT, 3)
    for row in range(2):
        wanted = np.zeros(3)
        for u, token in enumerate(TEXT[row]):
            if token < 0:
                assert weights[row, u] == 0
                continue
            for k in range(2):
                height, narrow, move = np.exp(raw[row, [k, 2 + k, 4 + k]])
                assert after[row, k] == pytest.approx(place[row, k] + move)
                wanted[token] += height * np.exp(-narrow * (after[row, k] - u) ** 2)
        np.testing.assert_allclose(seen[row], wanted)


def test_the_twin_says_the_same_with_gradients_of_central_differences():
    raw, place = drawn()
    given = [torch.tensor(one, requires_grad=True) for one in (raw, place)]
    seen, after, _ = torch_window.look(*given, torch.from_numpy(TEXT), 3)
    wanted, there, _ = look(raw, place, TEXT, 3)
    np.testing.assert_allclose(seen.detach(), wanted, 1e-12)
    np.testing.assert_allclose(after.detach(), there, 1e-12)
    (seen**2).sum().backward()
    step = 1e-6
    for n, one in enumerate((raw, place)):
        for index in np.ndindex(one.shape):
            slopes = []
            for sign in (1, -1):
                moved = [raw.copy(), place.copy()]
                moved[n][index] += sign * step
                slopes.append((look(*moved, TEXT, 3)[0] ** 2).sum())
            slope = (slopes[0] - slopes[1]) / (2 * step)
            assert float(given[n].grad[index]) == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("value", [1e30, -1e30])
def test_extreme_numbers_stay_finite(value):
    raw = torch.full((2, 6), value, requires_grad=True)
    seen, after, _ = torch_window.look(raw, torch.zeros(2, 2), torch.from_numpy(TEXT), 3)
    (seen.sum() + after.sum()).backward()
    assert torch.isfinite(seen).all()
    assert torch.isfinite(raw.grad).all()
    found = look(np.full((2, 6), value, np.float32), np.zeros((2, 2), np.float32), TEXT, 3)
    assert all(np.isfinite(one).all() for one in found)


@pytest.mark.parametrize("cell", [CellConfig("lstm", 7), CellConfig("gru", 7, zoneout=0.1)])
def test_a_network_with_one_has_both_twins(cell):
    window = SoftWindow(cell, 3, windows=2, longest=4)
    body = (window, Recurrent((CellConfig("gru", 5),)), Mixture((("gaussian", 2),), 2))
    blueprint = Blueprint("sequence_to_sequence", 2, {"body": body})
    assert from_json(to_json(blueprint)) == blueprint
    model = build(blueprint, seed=2).eval()
    runtime = Network(blueprint, {k: v.numpy() for k, v in model.state_dict().items()})
    inputs = np.random.default_rng(1).normal(size=(2, 6, 2)).astype(np.float32)
    first, *others = model.body
    states = (
        first.initial_state(2)._replace(text=torch.from_numpy(TEXT)),
        others[0].initial_state(2),
    )
    with torch.no_grad():
        wanted, _ = model.unroll(torch.from_numpy(inputs), [6, 3], states)
        blank, _ = model.unroll(torch.from_numpy(inputs), [6, 3])
    state = runtime.initial_state(2)
    state = (state[0]._replace(text=TEXT), *state[1:])
    found, _ = runtime.unroll(inputs, state)
    np.testing.assert_allclose(found[0], wanted[0].numpy(), 1e-5, 1e-5)
    np.testing.assert_allclose(found[1, :3], wanted[1, :3].numpy(), 1e-5, 1e-5)
    assert (wanted[0] - blank[0]).abs().max() > 1e-3
    for t in range(6):
        said, state = runtime.step_inputs(inputs[:, t], state)
        assert (said == found[:, t]).all()


def test_it_stands_first_and_reads_step_by_step():
    window = SoftWindow(CellConfig("gru", 4), 3)
    head, cells = Mixture((("gaussian", 1),)), Recurrent((CellConfig("gru", 4),))
    with pytest.raises(BlueprintError, match="behind 1 blocks"):
        Blueprint("sequence_to_sequence", 2, {"body": (cells, window, head)})
    with pytest.raises(BlueprintError, match=r"cell\.dilation"):
        SoftWindow(CellConfig("gru", 4, dilation=2), 3)
    with pytest.raises(BlueprintError, match="cell: found 'gru'"):
        SoftWindow("gru", 3)
