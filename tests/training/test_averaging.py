from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from elman.training import CrossEntropy, StepEnd, Trainer
from elman.training.loop.averaging import average_of
from elman.training.loop.losses import accuracy
from tests.training.networks import CONFIG, examples, reader, same_bits
from tests.training.networks import weights as weights_of

decays = st.floats(0.01, 0.9999)


def set_weights(module: nn.Module, values: np.ndarray) -> None:
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.fill_(float(value))


def history(steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(steps, 2))


def averaged_over(weights: np.ndarray, decay: float) -> np.ndarray:
    module = nn.Linear(3, 2).double()
    averaged = average_of(module, decay)
    for values in weights:
        set_weights(module, values)
        averaged.update_parameters(module)
    return np.array([p[0].flatten()[0].item() for p in averaged.module.parameters()])


@given(st.integers(1, 12), decays)
def test_it_is_the_weighted_mean_of_the_weights_after_each_step(steps, decay):
    weights = history(steps)
    share = decay ** np.arange(steps)[::-1]
    expected = share @ weights / share.sum()
    np.testing.assert_allclose(averaged_over(weights, decay), expected, rtol=1e-9, atol=1e-12)


def test_a_decay_near_one_is_the_plain_mean():
    weights = history(20)
    np.testing.assert_allclose(averaged_over(weights, 1 - 1e-9), weights.mean(axis=0), rtol=1e-6)


def test_the_network_itself_is_left_alone():
    module = nn.Linear(3, 2)
    averaged = average_of(module, 0.9)
    set_weights(module, np.array([1.0, 2.0]))
    averaged.update_parameters(module)
    set_weights(module, np.array([3.0, 4.0]))
    averaged.update_parameters(module)
    assert {p.unique().item() for p in module.parameters()} == {3.0, 4.0}


def test_buffers_are_the_newest():
    module = nn.BatchNorm1d(2)
    averaged = average_of(module, 0.9)
    for mean in (1.0, 5.0):
        module.running_mean.fill_(mean)  # pyright: ignore
        averaged.update_parameters(module)
    assert averaged.module.running_mean.tolist() == [5.0, 5.0]


@pytest.mark.parametrize("stopped", [0, 1, 7])
def test_it_goes_on_from_its_state(stopped):
    weights = history(10)
    module = nn.Linear(3, 2).double()
    whole, begun = average_of(module, 0.8), average_of(module, 0.8)
    for values in weights[:stopped]:
        set_weights(module, values)
        begun.update_parameters(module)
    resumed = average_of(module, 0.8)
    resumed.load_state_dict(begun.state_dict())
    for k, values in enumerate(weights):
        set_weights(module, values)
        whole.update_parameters(module)
        if k >= stopped:
            resumed.update_parameters(module)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


AVERAGED = replace(CONFIG, average=0.8)


def train(config):
    """The trained module, its history and the weights after each step."""
    module, steps = reader(), []

    def look(event):
        if isinstance(event, StepEnd):
            steps.append(weights_of(module))

    data = (examples(), examples(9, seed=1))
    trainer = Trainer(module, CrossEntropy(), *data, config, score=accuracy, listeners=[look])
    return module, trainer.run(), steps


def test_the_average_is_what_is_validated_and_kept():
    module, history, steps = train(AVERAGED)
    taken = steps[: 5 * history.best_epoch]
    share = 0.8 ** np.arange(len(taken))[::-1]
    for name, found in weights_of(module).items():
        stacked = np.stack([weights[name] for weights in taken])
        expected = np.tensordot(share, stacked, axes=1) / share.sum()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    held_out = examples(9, seed=1)
    with torch.no_grad():
        again = accuracy(module(held_out.inputs, held_out.lengths), held_out)
    assert again.mean().item() == pytest.approx(history.best.validation_score)


def test_averaging_leaves_the_training_as_it_is():
    assert all(map(same_bits, train(AVERAGED)[2], train(CONFIG)[2]))
