"""What the blocks for windows compute, and how they learn."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.blueprint import (
    Blueprint,
    CellConfig,
    Dense,
    Flatten,
    Parallel,
    Recall,
    Recurrent,
    Segments,
    Tail,
)
from elman.errors import ArgumentError
from elman.models import build, limit_memory
from elman.models import horizon as blocks
from elman.models.flow import Flow
from elman.unrolling.budget import plans
from tests.unchecked import unchecked

CELLS = (CellConfig("lstm", 4, projection=3), CellConfig("gru", 5, learned_state=True))
SEGRNN = Blueprint(
    "sequence_to_sequence",
    3,
    {"body": (Segments(2, static=1), Dense(4, "relu"), Parallel(CELLS, 3), Dense(2))},
)
RECALL = Blueprint(
    "sequence_to_vector",
    3,
    {
        "body": (
            Segments(2, static=1),
            Dense(4, "relu"),
            Parallel(CELLS, 2),
            Recall(2, 3, 2, targets=2, parameters=2),
            Flatten(2),
        )
    },
)
AHEAD = Blueprint(
    "sequence_to_vector", 3, {"body": (Parallel(CELLS, 2, ahead=True), Flatten(2), Dense(4))}
)


def windows(steps=6, batch=4, seed=0, dtype=torch.float32):
    return torch.randn(batch, steps, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_segments_hold_the_steps_in_order_and_static_features_once():
    values = torch.arange(12.0).reshape(1, 4, 3)
    values[..., 2] = -1
    found = blocks.Segments(Segments(2, static=1), 3)(Flow(values)).values
    assert found.tolist() == [[[0, 1, 3, 4, -1], [6, 7, 9, 10, -1]]]
    assert torch.equal(blocks.Segments(Segments(1), 3)(Flow(values)).values, values)


@given(
    count=st.integers(0, 4),
    length=st.integers(1, 5),
    features=st.integers(1, 4),
    data=st.data(),
)
def test_segments_flattened_are_the_window_flattened(count, length, features, data):
    values = torch.randn(2, count * length, features)
    static = data.draw(st.integers(0, features - 1))
    values[..., features - static :] = values[:, :1, features - static :]
    found = blocks.Segments(Segments(length, static), features)(Flow(values)).values
    changing = features - static
    assert found.shape == (2, count, Segments(length, static).output_features(features))
    assert torch.equal(
        found[..., : length * changing].reshape(2, -1), values[..., :changing].reshape(2, -1)
    )
    assert torch.equal(found[..., length * changing :], values[:, ::length, changing:])


def test_the_tail_of_rows_of_any_length():
    values = torch.arange(12.0).reshape(2, 6, 1)
    tail = blocks.Tail(Tail(2), 1)
    assert tail(Flow(values)).values.flatten().tolist() == [4, 5, 10, 11]
    found = tail(Flow(values, torch.tensor([2, 5])))
    assert found.values.flatten().tolist() == [0, 1, 9, 10]
    assert found.lengths is None


@pytest.mark.parametrize("ahead", [False, True])
def test_each_position_takes_one_step_from_the_final_states(ahead):
    block = blocks.Parallel(Parallel(CELLS, 3, ahead), 3)
    torch.nn.init.normal_(block.cells[1].initial[0])
    values = windows(7)
    read = values[:, :4] if ahead else values
    found = block(Flow(values)).values
    states = []
    for cell in block.cells:
        state, outputs = cell.initial_state(4), []
        for step in read.unbind(1):
            output, state = cell(step, state)
            outputs.append(output)
        read = torch.stack(outputs, 1)
        states.append(state)
    for k in range(3):
        fed = block.position[k].expand(4, 3) + (values[:, 4 + k] if ahead else 0)
        for cell, state in zip(block.cells, states, strict=True):
            fed, _ = cell(fed, state)
        torch.testing.assert_close(found[:, k], fed)


def test_what_is_recalled_is_a_mixture_of_the_segments_read():
    block = blocks.Recall(Recall(2, 3, 2, targets=1, parameters=2), 4)
    for name, tensor in block.named_parameters():
        torch.nn.init.zeros_(tensor) if name != "mix_weight" else torch.nn.init.ones_(tensor)
    parts = torch.randn(5, 4, 2, 3)  # the last of four segments is known ahead, not read
    flow = Flow(torch.zeros(5, 2, 4), segments=parts)
    alike = block(flow).values.unflatten(2, (2, 2))
    torch.testing.assert_close(alike[:, 0, :, 0], parts[:, :3, :, 0].mean(dim=1))
    assert (alike[..., 1] == 0).all()  # the second parameter is not shifted
    with torch.no_grad():
        block.mix_bias[1, 2] = 100.0
    chosen = block(flow).values.unflatten(2, (2, 2))
    torch.testing.assert_close(chosen[:, 1, :, 0], parts[:, 2, :, 0])
    torch.testing.assert_close(chosen[:, 0], alike[:, 0])


@pytest.mark.parametrize("blueprint", [SEGRNN, AHEAD, RECALL], ids=["segments", "ahead", "recall"])
def test_gradients(blueprint):
    model = build(blueprint, seed=0).double()
    inputs = windows(batch=2, dtype=torch.float64).requires_grad_()
    names = [name for name, _ in model.named_parameters()]
    assert "body.2.position" in names or "body.0.position" in names

    def function(*_):
        return model(inputs)

    with unchecked():
        assert torch.autograd.gradcheck(
            function, [inputs, *model.parameters()], fast_mode=True, check_undefined_grad=False
        )


def test_what_is_known_ahead_reaches_its_position_only():
    model = build(Blueprint("sequence_to_sequence", 3, {"body": (Parallel(CELLS, 2, True),)}), 0)
    inputs = windows(5).requires_grad_()
    model(inputs)[:, 0].sum().backward()
    assert inputs.grad[:, :4].abs().amax(dim=(0, 2)).min() > 0
    assert not inputs.grad[:, 4].any()


@settings(max_examples=5)
@given(steps=st.integers(20, 40), memory=st.integers(1, 5))
def test_gradients_within_a_memory_budget_are_the_same(steps, memory):
    blueprint = Blueprint("sequence_to_sequence", 3, {"body": (Parallel(CELLS, 2, True),)})
    found = []
    for bound in (None, memory):
        model = build(blueprint, seed=0)
        limit_memory(model, bound)
        inputs = windows(steps).requires_grad_()
        with plans() as made:
            outputs = model(inputs)
        assert bool(made) == (bound is not None)
        outputs.square().sum().backward()
        found.append([outputs, inputs.grad, *(p.grad for p in model.parameters())])
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole)


def test_a_memory_budget_counts_blocks_with_parallel_positions():
    blocks_of_cells = (Recurrent(CELLS[1]), Parallel(CELLS[0], 2))
    model = build(Blueprint("sequence_to_sequence", 3, {"body": blocks_of_cells}))
    limit_memory(model, "1MB")
    assert [block.memory for block in model.body] == ["500000B", "500000B"]


@pytest.mark.parametrize(
    "options",
    [
        {"input_dropout": 0.4},
        {"output_dropout": 0.4, "variational": True},
        {"recurrent_dropout": 0.4},
        {"zoneout": 0.4},
    ],
    ids=str,
)
def test_noise_acts_in_training_only_and_reaches_every_weight(options):
    cell = CellConfig("gru", 8, **options)
    model = build(Blueprint("sequence_to_sequence", 3, {"body": (Parallel(cell, 3),)}), seed=0)
    torch.manual_seed(0)
    first, second = model(windows()), model(windows())
    assert not torch.equal(first, second)
    first.square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name
    model.eval()
    torch.testing.assert_close(model(windows()), model(windows()))


def test_a_network_of_windows_does_not_run_in_parts():
    with pytest.raises(ArgumentError, match="network: it reads windows; seq"):
        build(SEGRNN).unroll(windows())
