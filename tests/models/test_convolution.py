"""What a convolution computes, how it learns, and where it may stand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.blueprint import (
    Blueprint,
    CellConfig,
    Convolution,
    Dense,
    Pool,
    Recurrent,
    encoder_decoder,
    sequence_to_sequence,
    sequence_to_vector,
)
from elman.errors import ArgumentError, BlueprintError
from elman.models import build
from elman.models import convolution as blocks
from elman.models.flow import Flow
from elman.runtime import Network

CELL = CellConfig("gru", 4)


def made(block: Convolution, features: int = 2) -> blocks.Convolution:
    torch.manual_seed(0)
    module = blocks.Convolution(block, features).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module


def by_hand(module: blocks.Convolution, row: np.ndarray) -> np.ndarray:
    """One row `[T, F]`, window by window as the blueprint says it."""
    block = module.block
    weights = {name: one.detach().numpy() for name, one in module.named_parameters()}
    found = []
    for centre in range(len(row)):
        total = weights["bias"].copy()
        for k in range(block.width):
            step = centre - (block.width - 1) // 2 + k
            if 0 <= step < len(row):
                total += weights["weight"][:, k] @ row[step]
        each = {None: total, "relu": np.maximum(total, 0), "tanh": np.tanh(total)}
        found.append(each[block.activation])
    return np.array(
        [np.max(found[k : k + block.pool], axis=0) for k in range(0, len(row), block.pool)]
    )


BLOCKS = [
    Convolution(3, 1),
    Convolution(3, 4, 3, "tanh"),
    Convolution(4, 5, 2, None),
    Convolution(4, 8, 8),
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.describe())
def test_each_window_is_a_dense_layer_on_its_steps_and_the_largest_is_kept(block):
    module, lengths = made(block), torch.tensor([9, 5, 1, 0])
    inputs = torch.randn(4, 9, 2, dtype=torch.float64)
    inputs[torch.arange(9) >= lengths[:, None]] = 0  # as a chain passes them on
    flow = module(Flow(inputs, lengths))
    assert flow.lengths.tolist() == [-(-n // block.pool) for n in lengths.tolist()]
    for row, given, real, n in zip(flow.values, inputs, flow.lengths, lengths, strict=True):
        if n:
            expected = by_hand(module, given[:n].numpy())
            np.testing.assert_allclose(row[:real].detach().numpy(), expected, atol=1e-12)
        assert not row[real:].any()
    whole = module(Flow(inputs)).values[0].detach().numpy()
    np.testing.assert_allclose(whole, by_hand(module, inputs[0].numpy()), atol=1e-12)


@pytest.mark.parametrize("block", BLOCKS[1:], ids=lambda block: block.describe())
def test_its_gradients_are_those_of_central_differences(block):
    module = made(block)
    inputs = torch.randn(2, 7, 2, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([7, 4])
    names = [name for name, _ in module.named_parameters()]

    def values(given, *weights):
        flow = Flow(given, lengths)
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (flow,))[
            0
        ]

    weights = [one.detach().clone().requires_grad_() for one in module.parameters()]
    assert torch.autograd.gradcheck(values, (inputs, *weights), eps=1e-6, atol=1e-6)


def test_it_begins_with_the_deviation_of_what_it_is_fed():
    torch.manual_seed(0)
    module = blocks.Convolution(Convolution(200, 8, activation=None), 6)
    values = module(Flow(torch.randn(8, 40, 6))).values[:, 4:-4].detach()
    assert 0.4 < float(values.std()) < 1.1


@pytest.mark.parametrize("lengths", [[9, 5, 1, 0], [9, 9, 9, 9]], ids=["ragged", "whole"])
def test_training_normalises_over_the_real_steps_of_the_batch(lengths):
    block = Convolution(3, 4, activation=None, norm=True)
    module, lengths = made(block), torch.tensor(lengths)
    inputs = torch.randn(4, 9, 2, dtype=torch.float64)
    real = torch.arange(9) < lengths[:, None]
    inputs[~real] = 0
    rows = zip(inputs.numpy(), lengths.tolist(), strict=True)
    module.eval()  # as it begins, by a mean of zero and a variance of one
    gain, bias = module.gain.detach().numpy(), module.bias.detach().numpy()
    found = np.concatenate([(by_hand(module, row[:n]) - bias) for row, n in rows if n])
    mean, variance = found.mean(0), found.var(0)
    module.train()
    flow = module(Flow(inputs, lengths))
    expected = (found - mean) / np.sqrt(variance + 1e-5) * gain + bias
    np.testing.assert_allclose(flow.values[real].detach(), expected, atol=1e-10)
    assert not flow.values[~real].any()
    unbiased = found.var(0, ddof=1)
    np.testing.assert_allclose(module.mean, 0.1 * mean, atol=1e-10)
    np.testing.assert_allclose(module.variance, 0.9 + 0.1 * unbiased, atol=1e-10)
    module.eval()
    folded = module.gain / torch.sqrt(module.variance + 1e-5)
    expected = (torch.from_numpy(found) - module.mean) * folded + module.bias
    torch.testing.assert_close(module(Flow(inputs, lengths)).values[real], expected)


def test_averages_stay_without_gradients_and_for_less_than_two_steps():
    module = made(Convolution(3, 4, norm=True))
    inputs = torch.randn(2, 9, 2, dtype=torch.float64)
    with torch.no_grad():
        module(Flow(inputs))
    for lengths in ([1, 0], [0, 0]):
        values = module(Flow(inputs, torch.tensor(lengths))).values
        assert torch.isfinite(values).all()
    assert not module.mean.any()


def test_a_network_that_convolves_does_not_stream():
    blueprint = sequence_to_sequence(
        cells=CELL, outputs=2, input_size=3, convolutions=[Convolution(4, 3)]
    )
    assert blueprint.convolves
    assert not blueprint.streams
    model = build(blueprint, seed=0)
    network = Network(blueprint, {k: v.numpy() for k, v in model.state_dict().items()})
    with pytest.raises(ArgumentError, match="reads windows that reach ahead"):
        network.initial_state(1)
    with pytest.raises(ArgumentError, match="it convolves"):
        model.unroll(torch.zeros(1, 4, 3))
    inputs = np.random.default_rng(0).normal(size=(1, 5, 3)).astype(np.float32)
    traced = network.trace(inputs)
    for t in range(5):  # each beginning read by itself
        np.testing.assert_array_equal(traced[:, t], network.run(inputs[:, : t + 1])[:, -1])


def test_a_recording_has_the_steps_that_its_cells_read():
    blueprint = sequence_to_vector(
        cells=CELL, outputs=2, input_size=3, pool="mean", convolutions=[Convolution(6, 3, 2)]
    )
    model = build(blueprint, seed=0)
    network = Network(blueprint, {k: v.numpy() for k, v in model.state_dict().items()})
    inputs = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    recording = network.record(inputs)
    (layer,) = recording.layers
    assert layer.inputs.shape == (4, 6)
    np.testing.assert_array_equal(recording.answers[-1], network.run(inputs[None])[0])


def test_a_pool_needs_one_answer_for_a_whole_sequence():
    with pytest.raises(BlueprintError, match=r"chains\.body\[0\]: found a pool"):
        sequence_to_sequence(
            cells=CELL, outputs=2, input_size=3, convolutions=[Convolution(4, 3, 2)]
        )
    body = (Convolution(4, 3, 2), Recurrent(CELL), Pool("max"), Dense(2))
    assert Blueprint("sequence_to_vector", 3, {"body": body}).output_size == 2


def test_what_was_read_stands_beside_outputs_only():
    body = (Recurrent(CELL, beside=True), Pool("last"), Dense(2))
    with pytest.raises(BlueprintError, match=r"body\[0\]: found beside where a final state"):
        Blueprint("sequence_to_vector", 3, {"body": body})
    plain = encoder_decoder(input_size=3, target_vocabulary=5, embedding=4, cells=CELL, go=0, eos=1)
    decoder = (plain.chains["decoder"][0], Recurrent(CELL, beside=True), Dense(5))
    chains = {**plain.chains, "decoder": decoder}
    with pytest.raises(BlueprintError, match=r"decoder\[1\]: found beside in decoder"):
        Blueprint("encoder_decoder", 3, chains, 0, 1)


def test_only_a_body_convolves():
    plain = encoder_decoder(input_size=3, target_vocabulary=5, embedding=4, cells=CELL, go=0, eos=1)
    chains = dict(plain.chains)
    chains["encoder"] = (Convolution(4, 3), *chains["encoder"])
    with pytest.raises(BlueprintError, match=r"chains\.encoder\[0\]: found convolution"):
        Blueprint("encoder_decoder", 3, chains, 0, 1)
