"""Tables of vectors: only the rows that a step uses are updated, by every optimiser."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from torch import nn

from elman.blueprint import Blueprint, CellConfig, Dense, Embedding, Pool, Recurrent
from elman.models import build
from elman.training import TrainingConfig
from elman.training.config import OptimizerName
from elman.training.loop.optimizers import build_optimizer, clip_gradients
from elman.training.loop.rows import RowsOptimizer

OPTIMIZERS = get_args(OptimizerName)


def network(by_rows: bool) -> nn.Module:
    blocks = (Embedding(9, 3), Recurrent(CellConfig("gru", 4)), Pool("mean"), Dense(2))
    model = build(Blueprint("sequence_to_vector", None, {"body": blocks}), seed=0)
    model.body[0].by_rows = by_rows
    return model


def steps(model, optimizer, batches, config=None):
    parameters = [*model.parameters()]
    for ids in batches:
        optimizer.zero_grad()
        model(ids).square().sum().backward()
        if config is not None:
            clip_gradients(parameters, config)
        optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_of_every_step_move_as_they_would_alone(name):
    config = TrainingConfig(optimizer=name, learning_rate=0.05, weight_decay=0.01)
    every = [torch.tensor([[1, 2, 3], [3, 4, 4]])] * 4  # the same rows in each step
    rows, dense = network(True), network(False)
    start = rows.body[0].weight.detach().clone()
    steps(rows, build_optimizer(rows, config), every)
    steps(dense, build_optimizer(dense, config), every)
    for one, other in zip(rows.parameters(), dense.parameters(), strict=True):
        used = slice(1, 5) if one.shape[0] == 9 else slice(None)
        torch.testing.assert_close(one[used], other[used], rtol=1e-5, atol=1e-6)
    unused = [0, *range(5, 9)]
    torch.testing.assert_close(rows.body[0].weight[unused], start[unused], rtol=0, atol=0)


def remembered(optimizer) -> dict[str, torch.Tensor]:
    """What is remembered of the table, by name."""
    (found,) = (
        state
        for state in optimizer.state_dict()["state"].values()
        if any(kept.shape == (9, 3) for kept in state.values())
    )
    return {name: kept.clone() for name, kept in found.items() if kept.shape == (9, 3)}


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "sgd"])
def test_what_is_remembered_of_a_row_waits_for_it(name):
    config = TrainingConfig(optimizer=name, learning_rate=0.05)
    model = network(True)
    optimizer = build_optimizer(model, config)
    assert isinstance(optimizer, RowsOptimizer)
    steps(model, optimizer, [torch.tensor([[1, 2]])])
    before = remembered(optimizer)
    steps(model, optimizer, [torch.tensor([[3, 4]])])
    after = remembered(optimizer)
    assert set(after) == set(before)
    for key, kept in after.items():
        torch.testing.assert_close(kept[1:3], before[key][1:3], rtol=0, atol=0)
        assert kept[3:5].abs().sum() > 0
        assert not kept[5:].any()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_training_goes_on_from_what_was_kept(name):
    config = TrainingConfig(optimizer=name, learning_rate=0.05)
    batches = [torch.tensor([[1, 2, 5]]), torch.tensor([[2, 3, 3]]), torch.tensor([[1, 7, 2]])]
    whole = network(True)
    steps(whole, build_optimizer(whole, config), batches)
    first = network(True)
    optimizer = build_optimizer(first, config)
    steps(first, optimizer, batches[:2])
    second = copy.deepcopy(first)
    again = build_optimizer(second, config)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    steps(second, again, batches[2:])
    for one, other in zip(second.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_dense_gradient_moves_all_rows(name):
    """Of a table of which something else than its rows was read, too."""
    config = TrainingConfig(optimizer=name, learning_rate=0.05)
    ids = [torch.tensor([[1, 2]]), torch.tensor([[3, 4]])]
    made = [network(by_rows) for by_rows in (True, False)]
    for model in made:
        optimizer = build_optimizer(model, config)
        for batch in ids:
            optimizer.zero_grad()
            (model(batch).square().sum() + model.body[0].weight.sum()).backward()
            optimizer.step()
    for one, other in zip(*(model.parameters() for model in made), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("limits", [{"clip_norm": 0.1}, {"clip_value": 0.01}])
def test_rows_are_clipped_with_the_rest(limits):
    config = TrainingConfig(**{"clip_norm": None, **limits})
    rows, dense = network(True), network(False)
    ids = torch.tensor([[1, 2, 3], [3, 4, 4]])
    norms = []
    for model in (rows, dense):
        model(ids).square().sum().backward()
        norms.append(clip_gradients([*model.parameters()], config))
    assert norms[0] == pytest.approx(norms[1])
    for one, other in zip(rows.parameters(), dense.parameters(), strict=True):
        assert one.grad is not None
        torch.testing.assert_close(one.grad.to_dense(), other.grad)


def test_a_frozen_table_stays():
    model = network(True)
    model.body[0].frozen = True
    before = model.body[0].weight.detach().clone()
    steps(model, build_optimizer(model, TrainingConfig()), [torch.tensor([[1, 2]])] * 2)
    torch.testing.assert_close(model.body[0].weight.detach(), before, rtol=0, atol=0)
    model.body[0].frozen = False
    steps(model, build_optimizer(model, TrainingConfig()), [torch.tensor([[1, 2]])])
    assert (model.body[0].weight.detach() != before).any(dim=1).tolist() == [
        k in (1, 2) for k in range(9)
    ]
