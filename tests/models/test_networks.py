from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from elman.blueprint import (
    Blueprint,
    CellConfig,
    CellKind,
    Dense,
    Dropout,
    Embedding,
    Pool,
    Recurrent,
    encoder_decoder,
    register_cell,
    sequence_to_sequence,
    sequence_to_vector,
    vector_to_sequence,
)
from elman.blueprint import cells as registry
from elman.errors import ArgumentError, BlueprintError, ShapeError
from elman.models import EncoderDecoder, Sequence, VectorToSequence, build, limit_memory
from elman.models.flow import Flow
from elman.runtime import Network
from elman.state import RNNState

GRU = CellConfig("gru", 8)
TO_VECTOR = sequence_to_vector(input_size=3, cells=GRU, outputs=2)
TO_SEQUENCE = sequence_to_sequence(vocabulary=6, embedding=3, cells=GRU, outputs=2)
FROM_VECTOR = vector_to_sequence(
    input_size=3, vocabulary=6, embedding=4, cells=CellConfig("lstm", 8), go=0, eos=1
)
TRANSLATOR = encoder_decoder(
    source_vocabulary=5, target_vocabulary=6, embedding=4, cells=GRU, go=0, eos=1
)
VALUES = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
TOKENS = torch.tensor([[1, 2, 3, 4, 0], [4, 3, 2, 1, 0]])


def test_each_configuration_has_its_module_and_its_shape():
    assert isinstance(build(TO_VECTOR), Sequence)
    assert build(TO_VECTOR)(VALUES).shape == (4, 2)
    assert build(TO_SEQUENCE)(TOKENS).shape == (2, 5, 2)
    assert isinstance(build(FROM_VECTOR), VectorToSequence)
    assert build(FROM_VECTOR)(VALUES[:2, 0], TOKENS[:, :3]).shape == (2, 3, 6)
    assert isinstance(build(TRANSLATOR), EncoderDecoder)
    assert build(TRANSLATOR)(TOKENS, TOKENS[:, :3], [5, 2], [3, 0]).shape == (2, 3, 6)


def test_a_seed_gives_the_same_weights_and_leaves_the_default_generator_alone():
    before = torch.get_rng_state()
    first, same, other = (build(TO_VECTOR, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name])
    assert not torch.equal(first.body[0].cells[0].weight_ih, other.body[0].cells[0].weight_ih)


def test_dense_layers_start_he_for_relu_and_glorot_otherwise():
    blocks = (Recurrent(GRU), Pool(), Dense(2000, "relu"), Dense(2000, "tanh"))
    model = build(Blueprint("sequence_to_vector", 3, {"body": blocks}), seed=0)
    assert model.body[2].weight.std().item() == pytest.approx(math.sqrt(2 / 8), rel=0.05)
    assert model.body[3].weight.std().item() == pytest.approx(math.sqrt(2 / 4000), rel=0.05)
    assert not model.body[2].bias.any()


def test_locked_dropout_is_alike_at_all_steps_and_another_at_each_call():
    blocks = (Dropout(0.5, locked=True), Recurrent((GRU,)), Dense(2))
    model = build(Blueprint("sequence_to_sequence", 3, {"body": blocks}), seed=0)
    dropout, steps = model.body[0], Flow(torch.ones(200, 6, 3))
    torch.manual_seed(0)
    found = dropout(steps).values
    assert (found == found[:, :1]).all()
    assert set(found.unique().tolist()) == {0.0, 2.0}
    assert abs((found == 0).float().mean().item() - 0.5) < 0.1
    assert not torch.equal(dropout(steps).values, found)
    torch.manual_seed(0)
    assert torch.equal(dropout(steps).values, found)
    assert (dropout(Flow(torch.ones(2, 3))).values != 1).all()
    dropout.eval()
    assert (dropout(steps).values == 1).all()


def test_dropout_acts_in_training_only():
    blueprint = sequence_to_vector(input_size=3, cells=GRU, outputs=2, dropout=0.5)
    model = build(blueprint, seed=0)
    torch.manual_seed(0)
    assert not torch.equal(model(VALUES), model(VALUES))
    model.eval()
    torch.testing.assert_close(model(VALUES), model(VALUES))


@pytest.mark.parametrize("pool", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_neither_the_answer_nor_a_gradient(pool, bidirectional):
    blueprint = sequence_to_vector(
        input_size=3, cells=(GRU, GRU), outputs=2, pool=pool, bidirectional=bidirectional
    )
    model = build(blueprint, seed=0)
    values = VALUES.clone()
    values[1, 2:] = torch.nan
    values[2] = torch.nan
    values.requires_grad_()
    answers = model(values, lengths=[5, 2, 0, 5])
    answers.square().sum().backward()
    padded = [parameter.grad.clone() for parameter in model.parameters()]
    assert torch.isfinite(values.grad).all()
    assert not values.grad[1, 2:].any()
    assert values.grad[1, :2].any()

    model.zero_grad()
    alone = [model(VALUES[row : row + 1, :length]) for row, length in enumerate([5, 2, 0, 5])]
    torch.testing.assert_close(torch.cat(alone), answers)
    torch.cat(alone).square().sum().backward()
    for parameter, grad in zip(model.parameters(), padded, strict=True):
        assert grad.abs().max() > 0
        torch.testing.assert_close(parameter.grad, grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("blueprint", [FROM_VECTOR, TRANSLATOR], ids=["vector", "translator"])
def test_every_weight_of_a_generator_learns(blueprint):
    model = build(blueprint, seed=0)
    source = VALUES[:2, 0] if blueprint is FROM_VECTOR else TOKENS % 5
    model(source, TOKENS, target_lengths=[5, 3]).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


def test_targets_past_their_length_are_not_read():
    model = build(TRANSLATOR, seed=0)
    other = TOKENS.clone()
    other[0, 3:] = -5
    expected = model(TOKENS % 5, TOKENS, target_lengths=[3, 5])
    found = model(TOKENS % 5, other, target_lengths=[3, 5])
    torch.testing.assert_close(found, expected)
    assert not found[0, 3:].any()


@pytest.mark.parametrize(
    ("blueprint", "arguments", "error"),
    [
        (TO_VECTOR, (np.zeros((4, 5, 3)),), ShapeError),
        (TO_VECTOR, (torch.zeros(4),), ShapeError),
        (TO_VECTOR, (torch.zeros(4, 5),), ShapeError),
        (TO_VECTOR, (torch.zeros(4, 5, 2),), ShapeError),
        (TO_VECTOR, (torch.zeros(4, 5, 3, dtype=torch.float64),), ShapeError),
        (TO_VECTOR, (VALUES, [5, 6, 0, 0]), ShapeError),
        (TO_VECTOR, (VALUES, [5]), ShapeError),
        (TO_SEQUENCE, (TOKENS.float(),), ShapeError),
        (TO_SEQUENCE, (TOKENS + 2,), ArgumentError),
        (TO_SEQUENCE, (TOKENS - 1,), ArgumentError),
        (TO_SEQUENCE, (TOKENS[..., None],), ShapeError),
        (FROM_VECTOR, (VALUES, TOKENS), ShapeError),
        (FROM_VECTOR, (VALUES[:2, 0, :2], TOKENS), ShapeError),
        (FROM_VECTOR, (VALUES[:2, 0], TOKENS, [1, 1]), ShapeError),
        (FROM_VECTOR, (VALUES[:3, 0], TOKENS), ShapeError),
        (TRANSLATOR, (TOKENS + 1, TOKENS), ArgumentError),
        (TRANSLATOR, (TOKENS % 5, TOKENS[:1]), ShapeError),
        (TRANSLATOR, (TOKENS % 5, TOKENS, None, [6, 0]), ShapeError),
    ],
)
def test_inputs_that_do_not_fit_are_typed_errors(blueprint, arguments, error):
    with pytest.raises(error):
        build(blueprint, seed=0)(*arguments)


def test_a_token_outside_the_vocabulary_is_located():
    ids = torch.tensor([[0, 1, 2], [3, 4, 9]])
    model = build(TO_SEQUENCE, seed=0)
    with pytest.raises(ArgumentError, match=r"token ids\[1, 2\]: found 9; give 0 to 5"):
        model(ids)
    model(ids, lengths=[3, 2])  # what stands past a length is not read


class Leaky(nn.Module):
    """h(t) = h(t-1) / 2 + W x(t), and a counter of steps in the state."""

    def __init__(self, config: CellConfig, input_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(config.units, input_size))
        self.output_size = config.units

    def initial_state(self, batch: int):
        return (
            RNNState(self.weight.new_zeros(batch, self.output_size)),
            torch.zeros(batch, 1).long(),
        )

    def forward(self, inputs, state):
        hidden = state[0].hidden / (2 + state[1]) + inputs @ self.weight.T
        return hidden, (RNNState(hidden), state[1] + 1)


class NumpyLeaky:
    def __init__(self, config, weights) -> None:
        self.weight = weights["weight"]

    def initial_state(self, batch: int):
        hidden = np.zeros((batch, len(self.weight)), np.float32)
        return (RNNState(hidden), np.zeros((batch, 1), np.int64))

    def __call__(self, inputs, state):
        hidden = state[0].hidden / (2 + state[1]).astype(np.float32) + inputs @ self.weight.T
        return hidden, (RNNState(hidden), state[1] + 1)


def leaky(torch_cell=Leaky, numpy_cell=NumpyLeaky) -> CellKind:
    return CellKind(
        "leaky",
        weights=lambda config, inputs: {"weight": (config.units, inputs)},
        state=lambda config: {"hidden": config.units},
        torch_cell=torch_cell,
        numpy_cell=numpy_cell,
    )


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "_KINDS", dict(registry._KINDS))
    return register_cell


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"zoneout": 0.3},
        {"residual": True},
        {"output_projection": 5},
        {"learned_state": True, "zoneout": 0.2, "input_dropout": 0.5},
    ],
    ids=str,
)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_users_own_cell_has_both_twins(registered, options, bidirectional):
    registered(leaky())
    blueprint = sequence_to_sequence(
        input_size=3,
        cells=CellConfig("leaky", 3, **options),
        outputs=2,
        bidirectional=bidirectional,
    )
    model = build(blueprint, seed=0).eval()
    state = model.state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == blueprint.shapes()
    network = Network(blueprint, {name: value.numpy() for name, value in state.items()})
    with torch.no_grad():
        expected = model(VALUES, [5, 3, 0, 1]).numpy()
    np.testing.assert_allclose(network.run(VALUES.numpy(), [5, 3, 0, 1]), expected, atol=1e-5)


def test_a_users_own_cell_starts_a_decoder(registered):
    registered(leaky())
    blueprint = vector_to_sequence(
        input_size=3, vocabulary=6, embedding=4, cells=CellConfig("leaky", 3), go=0, eos=1
    )
    model = build(blueprint, seed=0).eval()
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    network = Network(blueprint, weights)
    with torch.no_grad():
        expected = model(VALUES[:2, 0], TOKENS[:, :1]).numpy()
    decoder = network.decoder(VALUES[:2, 0].numpy())
    logits, _ = decoder(TOKENS[:, 0].numpy(), decoder.state)
    np.testing.assert_allclose(logits, expected[:, 0], atol=1e-5)


@pytest.mark.parametrize("torch_cell", [None, lambda config, size: object(), lambda *_: nn.ReLU()])
def test_a_users_cell_must_be_a_torch_module_with_the_protocol(registered, torch_cell):
    registered(leaky(torch_cell=torch_cell))
    blueprint = sequence_to_vector(input_size=3, cells=CellConfig("leaky", 4), outputs=2)
    with pytest.raises(BlueprintError, match="kind"):
        build(blueprint)


def test_a_network_needs_a_users_numpy_step(registered):
    registered(leaky(numpy_cell=None))
    blueprint = sequence_to_vector(input_size=3, cells=CellConfig("leaky", 4), outputs=2)
    weights = {name: np.zeros(shape) for name, shape in blueprint.shapes().items()}
    with pytest.raises(BlueprintError, match="has no NumPy step"):
        Network(blueprint, weights)


STACK = (CellConfig("lstm", 4), CellConfig("gru", 3))
SYNCED = sequence_to_sequence(input_size=3, cells=STACK, outputs=2)


def test_a_network_runs_in_parts():
    network = build(SYNCED, seed=0)
    whole = network(VALUES)
    first, state = network.unroll(VALUES[:, :2])
    rest, _ = network.unroll(VALUES[:, 2:], lengths=[3, 3, 1, 0], initial_state=state)
    torch.testing.assert_close(first, whole[:, :2])
    torch.testing.assert_close(rest[:2], whole[:2, 2:])
    torch.testing.assert_close(rest[2, 0], whole[2, 2])
    assert not rest[2, 1:].any()


def test_a_reset_begins_a_row_afresh_in_all_layers():
    network = build(SYNCED, seed=0)
    resets = torch.zeros(4, 5, dtype=torch.bool)
    resets[1, 2] = True
    outputs, _ = network.unroll(VALUES, resets=resets)
    torch.testing.assert_close(outputs[1, 2:], network(VALUES[1:2, 2:])[0])
    torch.testing.assert_close(outputs[[0, 2, 3]], network(VALUES)[[0, 2, 3]])


@pytest.mark.parametrize(
    "blueprint",
    [TO_VECTOR, sequence_to_sequence(input_size=3, cells=GRU, outputs=2, bidirectional=True)],
)
def test_only_what_answers_at_each_step_runs_in_parts(blueprint):
    with pytest.raises(ArgumentError, match=r"network: .* in one direction, to run in parts"):
        build(blueprint).unroll(VALUES)


def test_a_memory_budget_is_divided_among_the_recurrent_blocks():
    model = build(TRANSLATOR)
    blocks = [*model.encoder.recurrent(), *model.decoder.recurrent()]
    for memory, part in (("1MB", "500000B"), (7, 7), (None, None)):
        limit_memory(model, memory)
        assert [block.memory for block in blocks] == [part, part]


def test_a_network_without_recurrent_blocks_takes_a_memory_budget_too():
    blocks = (Embedding(6, 3), Pool("mean"), Dense(2))
    model = build(Blueprint("sequence_to_vector", None, {"body": blocks}))
    limit_memory(model, "1MB")
    assert model(TOKENS).shape == (2, 2)
    with pytest.raises(ArgumentError, match="memory: found '12'"):
        limit_memory(model, "12")


def test_tokens_are_unknown_at_random_by_a_mask_of_the_seed():
    blueprint = Blueprint(
        "sequence_to_vector",
        None,
        {"body": (Embedding(50, 3, dropout=0.4, unknown=2), Pool("mean"), Dense(2))},
    )
    model = build(blueprint, seed=0)
    seen = []
    model.body[1].register_forward_pre_hook(lambda _, flows: seen.append(flows[0].values))
    ids = torch.randint(3, 50, (40, 30), generator=torch.Generator().manual_seed(0))
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        model(ids)
    model.eval()(ids)
    weight = model.body[0].weight
    dropped = (seen[0] == weight[2]).all(dim=2)
    assert 0.35 < dropped.float().mean() < 0.45
    torch.testing.assert_close(seen[0][~dropped], weight[ids[~dropped]])
    torch.testing.assert_close(seen[0], seen[1], rtol=0, atol=0)
    assert not torch.equal(seen[0], seen[2])
    assert len({row.tolist().index(True) for row in dropped if row.any()}) > 1  # a mask a row
    torch.testing.assert_close(seen[3], weight[ids], rtol=0, atol=0)
