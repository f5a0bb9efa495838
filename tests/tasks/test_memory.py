"""A memory budget, and a cost over chosen steps, through the estimators."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import elman
from elman.errors import ArgumentError
from elman.models import build, limit_memory
from elman.targets import Target
from elman.tasks import Classifier, Regressor
from tests.tasks.sequences import TINY, sums
from tests.unchecked import unchecked

FIVE = TINY | {"epochs": 2, "baselines": False, "dropout": 0.2, "layers": 2}


@pytest.mark.parametrize("pool", ["last", "mean"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("ragged", [False, True])
def test_a_budget_changes_no_result(pool, bidirectional, ragged):
    X, y, _ = sums(40, ragged)
    options = FIVE | {"pool": pool, "bidirectional": bidirectional}
    whole, budget = (Regressor(**options, memory=memory).fit(X, y) for memory in (None, 2))
    np.testing.assert_allclose(budget.predict(X), whole.predict(X), rtol=1e-4, atol=1e-5)


def test_the_gradients_are_the_same():
    X = torch.randn(5, 40, 2, dtype=torch.float64)
    blueprint = elman.blueprint.sequence_to_vector(
        cells=elman.tasks.network.cell_configs("lstm", 6, 3, "tanh", False, 0.0),
        outputs=3,
        input_size=2,
    )
    found = []
    for memory in (None, 4, "150KB"):
        network = build(blueprint, seed=0).double()
        limit_memory(network, memory)
        network(X, torch.tensor([40, 1, 17, 0, 33])).square().sum().backward()
        found.append(torch.cat([p.grad.flatten() for p in network.parameters()]))
    for grads in found[1:]:
        torch.testing.assert_close(grads, found[0], rtol=1e-12, atol=1e-12)


def test_the_plan_is_said(capsys):
    X, y, _ = sums(40)
    Classifier(**FIVE | {"verbose": True, "memory": 3}).fit(X, (y > np.median(y)).astype(int))
    said = capsys.readouterr().err
    assert said.count("within the memory budget: T=") == 1
    assert "2 checkpoints, 1 extra forward" in said


@pytest.mark.parametrize("memory", ["lots", 0, -3, 1.5, "12"])
def test_a_budget_that_is_none(memory):
    X, y, _ = sums(20)
    with unchecked(), pytest.raises(ArgumentError, match="memory"):
        Regressor(**TINY, memory=memory).fit(X, y)


def followers(rows: int = 40, steps: int = 12):
    """Targets that only the later steps can be told: the early ones are noise."""
    draws = np.random.default_rng(0)
    X = draws.normal(size=(rows, steps, 1))
    y = np.cumsum(X[..., 0], axis=1)
    y[:, :5] = 100 * draws.normal(size=(rows, 5))
    return X, y


def test_only_chosen_steps_are_learnt_and_scored():
    X, y = followers()
    options = TINY | {"per_step": True, "epochs": 60, "learning_rate": 0.02, "validation": None}
    model = Regressor(**options, cost_steps="5:").fit(X, y)
    changed = y.copy()
    changed[:, :5] = 0
    scores = model.evaluate(X, y)
    assert scores == model.evaluate(X, changed)
    assert scores["score"] > 0.8
    assert set(scores["baselines"]) == {"mean", "linear regression on each step's own features"}


def test_the_choice_travels_with_the_model(tmp_path):
    X, y = followers()
    model = Regressor(**TINY, per_step=True, cost_steps="last").fit(X, y)
    model.save(tmp_path / "m")
    found = elman.load(tmp_path / "m")
    assert found.evaluate(X, y) == model.evaluate(X, y)
    y[:, :-1] += 5
    assert found.evaluate(X, y) == model.evaluate(X, y)
    y[:, -1] += 5
    assert (
        found.evaluate(X, y)["score"] != Regressor.load(tmp_path / "m").evaluate(X, y - 5)["score"]
    )


def test_gradients_flow_through_exactly_the_chosen_outputs():
    outputs = torch.zeros(2, 6, 1, requires_grad=True)
    batch = elman.training.Examples(
        torch.zeros(2, 6, 1),
        torch.ones(2, 6, 1),
        torch.tensor([6, 4]),
        kind=Target.NUMBERS_PER_STEP,
    )
    elman.training.MeanSquaredError("2:5")(outputs, batch).total.backward()
    assert outputs.grad[..., 0].ne(0).tolist() == [
        [False, False, True, True, True, False],
        [False, False, True, True, False, False],
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost_steps": "7:3"}, "cost_steps"),
        ({"cost_steps": "first"}, "cost_steps"),
        ({"cost_steps": "-3:"}, "cost_steps"),
        ({"cost_steps": "900:"}, "at most 12"),
        ({"cost_steps": "900:", "baselines": False}, "at most 12"),
        ({"cost_steps": "5:", "validation": (np.zeros((2, 4, 1)), np.zeros((2, 4)))}, "at most 4"),
        ({"cost_steps": "1:", "per_step": False}, "per_step"),
        ({"cost_steps": "1:", "truncation": 3}, "truncation"),
    ],
)
def test_steps_that_are_none(options, message):
    X, y = followers()
    with pytest.raises(ArgumentError, match=message):
        Regressor(**TINY | {"per_step": True} | options).fit(
            X, y if options.get("per_step", True) else y[:, -1]
        )
