"""The torch twin of the chord block against the NumPy specification, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.blueprint import Blueprint, CellConfig, Chord, Recurrent
from elman.kernels.chord import log_probability
from elman.models import build
from elman.models.chord import Chord as TorchChord
from elman.runtime import Network
from elman.targets import Target
from elman.training import CrossEntropy, Examples

K = 6
BLOCKS = [Chord(K), Chord(K, units=4)]
NAMES = ["independent", "joint"]


def drawn(block, rows=9, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    module = TorchChord(block, 3).to(dtype)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))
    chords = np.random.default_rng(seed).random((rows, K)) < 0.4
    chords[0] = False
    return module, torch.randn(rows, block.output_features(3), dtype=dtype), chords


def weights(module):
    return {name: tensor.detach().numpy() for name, tensor in module.named_parameters()}


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_losses_are_the_specifications(block, dtype, bound):
    module, raw, chords = drawn(block, dtype=dtype)
    found = module.losses(raw, torch.from_numpy(chords).to(dtype)).detach().numpy()
    expected = -log_probability(block, raw.numpy(), weights(module), chords)
    np.testing.assert_allclose(found, expected, rtol=bound, atol=bound)


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_gradients_are_those_of_central_differences(block):
    module, raw, chords = drawn(block, rows=3)
    wanted = torch.from_numpy(chords[:3]).double()
    raw = raw[:3].clone().requires_grad_(True)
    module.losses(raw, wanted).sum().backward()
    told = {name: array.copy() for name, array in weights(module).items()}

    def cost(values, given):
        return -log_probability(block, values, given, chords[:3]).sum()

    names = ["above", "last", "output"] if block.joint else []
    given = {"raw": raw.detach().numpy().copy(), **{name: told[name] for name in names}}
    gradients = {"raw": raw.grad, **{name: getattr(module, name).grad for name in names}}
    for name, array in given.items():
        expected = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            kept = array[place]
            both = []
            for step in (1e-5, -1e-5):
                array[place] = kept + step
                both.append(cost(given["raw"], given))
            array[place] = kept
            expected[place] = (both[0] - both[1]) / 2e-5
        np.testing.assert_allclose(gradients[name].numpy(), expected, rtol=1e-6, atol=1e-8)
        assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_a_network_with_the_block_runs_alike_without_torch(block):
    body = (Recurrent((CellConfig("gru", 5),)), block)
    blueprint = Blueprint("sequence_to_sequence", K, {"body": body})
    module = build(blueprint, seed=1).eval()
    network = Network(blueprint, {n: t.numpy() for n, t in module.state_dict().items()})
    inputs = np.random.default_rng(0).normal(size=(3, 4, K)).astype(np.float32)
    lengths = [4, 2, 0]
    with torch.no_grad():
        expected = module(torch.from_numpy(inputs), lengths)
    np.testing.assert_allclose(network.run(inputs, lengths), expected.values, rtol=1e-5, atol=1e-5)
    state, steps = network.initial_state(3), []
    for t in range(4):
        raw, state = network.step_inputs(inputs[:, t], state)
        steps.append(raw)
    np.testing.assert_allclose(np.stack(steps, 1)[0], network.run(inputs)[0], rtol=1e-5, atol=1e-6)


def test_a_loss_counts_the_real_steps_only():
    block = BLOCKS[1]
    blueprint = Blueprint("sequence_to_sequence", K, {"body": (Recurrent((CellConfig("rnn", 3),)),
                                                               block)})  # fmt: skip
    module = build(blueprint, seed=0)
    inputs, targets = torch.randn(2, 3, K), (torch.rand(2, 3, K) < 0.3).float()
    lengths = torch.tensor([3, 1])
    batch = Examples(inputs, targets, lengths, kind=Target.NUMBERS_PER_STEP)
    total, count = CrossEntropy()(module(inputs, lengths), batch)
    targets[1, 1:] = 1
    other = Examples(inputs, targets, lengths, kind=Target.NUMBERS_PER_STEP)
    assert CrossEntropy()(module(inputs, lengths), other).total == total
    assert count == 4
    assert total > 0


def test_dropout_acts_in_training_only():
    module, raw, chords = drawn(Chord(K, units=4, dropout=0.5))
    wanted = torch.from_numpy(chords).double()
    first, second = (module.losses(raw, wanted) for _ in range(2))
    assert not torch.equal(first, second)
    module.eval()
    assert torch.equal(module.losses(raw, wanted), module.losses(raw, wanted))
