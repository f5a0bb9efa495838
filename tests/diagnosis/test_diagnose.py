"""What can be diagnosed, what is left as it was, and what comes out."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman
from elman.blueprint import CellConfig, encoder_decoder, sequence_to_sequence, sequence_to_vector
from elman.cells import GRUCell, LSTMCell, Projected, RNNCell, Stacked, Zoneout
from elman.diagnosis import diagnose
from elman.diagnosis.subject import Subject
from elman.errors import ArgumentError, NotFittedError, ShapeError
from elman.models import build
from elman.plots.inside import layer_name
from elman.runtime import Network
from elman.state import RNNState
from tests.cell_zoo import CELLS, make, random_inputs
from tests.tasks.tones import learnt, tones

FEATURES = 3


class Decaying(nn.Module):
    """A cell of a user's own that counts its steps: h(t) = rate·h(t-1) + sum of x."""

    input_size, output_size = FEATURES, 1

    def __init__(self, rate):
        super().__init__()
        self.rate = nn.Parameter(torch.tensor(rate))

    def initial_state(self, batch):
        return RNNState(torch.zeros(batch, 1)), torch.zeros(batch, dtype=torch.int64)

    def forward(self, inputs, state):
        hidden = self.rate * state[0].hidden + inputs.sum(1, keepdim=True)
        return hidden, (RNNState(hidden), state[1] + 1)


class Plain:
    """The same without torch's Module, and with another output."""

    def initial_state(self, batch):
        return RNNState(torch.zeros(batch, 1))

    def __call__(self, inputs, state):
        hidden = 0.5 * state.hidden + inputs.sum(1, keepdim=True)
        return 2 * hidden, RNNState(hidden)


def inputs(batch=2, steps=10):
    return torch.randn(batch, steps, FEATURES, generator=torch.Generator().manual_seed(1))


def names(diagnosis):
    return [layer.name for layer in diagnosis.layers]


def test_the_model_stays_as_it_was():
    model = nn.Sequential(nn.LSTM(FEATURES, 4, num_layers=2, dropout=0.5))
    model[0].weight_ih_l0.requires_grad_(False)
    model[0].bias_ih_l0.grad = torch.ones(16)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    random, kind = torch.get_rng_state(), type(model[0])
    diagnose(model, inputs())
    assert model.training
    assert model[0].training
    assert type(model[0]) is kind
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.get_default_dtype() == torch.float32
    assert [p.grad is None for p in model.parameters()].count(False) == 1
    assert torch.equal(model[0].bias_ih_l0.grad, torch.ones(16))
    assert not model[0].weight_ih_l0.requires_grad
    assert model[0].weight_hh_l0.requires_grad
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not model[0]._forward_hooks


def test_the_same_twice_and_another_projection_with_another_seed():
    cell = LSTMCell(FEATURES, 4)
    one, two, other = (diagnose(cell, inputs(), seed=seed) for seed in (0, 0, 1))
    assert one.to_dict() == two.to_dict()
    assert (one.layers[0].hidden_by_step != other.layers[0].hidden_by_step).all()
    assert "seed 1" in other.cost


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_and_wrapper(name):
    cell = make(name)
    found = diagnose(cell, (random_inputs(3, 5), None, [5, 3, 0]))
    assert found.layers
    for layer in found.layers:
        assert np.isfinite(layer.state_by_lag).all()
        assert layer.hidden_by_lag[0] == pytest.approx(1.0)
        assert len(layer.state_by_lag) == 5
    assert not found.unseen


def test_stacks_name_their_cells():
    stack = Stacked([LSTMCell(FEATURES, 5), Projected(GRUCell(5, 4), 2)])
    found = diagnose(stack, inputs())
    assert names(found) == ["cells.0", "cells.1.cell"]
    assert [layer.what for layer in found.layers] == ["LSTM 3 -> 5", "GRU 5 -> 4"]


def test_networks_of_a_blueprint_name_their_layers_as_the_pictures_do():
    cells = [CellConfig("gru", 5), CellConfig("lstm", 4, zoneout=0.1)]
    plan = sequence_to_vector(input_size=FEATURES, cells=cells, outputs=2, bidirectional=True)
    found = diagnose(build(plan), inputs())
    assert sorted(names(found)) == [
        "layer 1", "layer 1 backwards", "layer 2", "layer 2 backwards",
    ]  # fmt: skip
    weights = {name: np.zeros(shape) for name, shape in plan.shapes().items()}
    recorded = Network(plan, weights).record(np.zeros((3, FEATURES))).layers
    drawn = [layer_name(layer).partition(":")[0].lower() for layer in recorded]
    assert sorted(drawn) == sorted(names(found))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_blueprints(bidirectional):
    cells = (CellConfig("gru", 4), CellConfig("lstm", 5))
    for make_one in (sequence_to_vector, sequence_to_sequence):
        blueprint = make_one(
            input_size=FEATURES, cells=cells, outputs=2, bidirectional=bidirectional
        )
        found = diagnose(build(blueprint, seed=0), (inputs(), None, [10, 4]))
        assert len(found.layers) == (4 if bidirectional else 2)
        assert all(np.isfinite(layer.hidden_by_step).all() for layer in found.layers)


def test_an_encoder_and_a_decoder():
    blueprint = encoder_decoder(
        source_vocabulary=7,
        target_vocabulary=8,
        embedding=3,
        cells=CellConfig("gru", 4),
        go=1,
        eos=2,
    )
    tokens = torch.ones(2, 6, dtype=torch.int64)
    found = diagnose(build(blueprint, seed=0), ((tokens, tokens[:, :3]), None))
    assert [len(layer.state_by_lag) for layer in found.layers] == [6, 3]
    assert (found.layers[0].hidden_by_step > 0).all()  # through the decoder's initial state


@pytest.mark.parametrize("make_one", [lambda: Decaying(0.5), Plain])
def test_a_cell_of_ones_own(make_one):
    cell = make_one()
    (layer,) = diagnose(cell, inputs()).layers
    assert layer.name == layer.what == type(cell).__name__
    np.testing.assert_allclose(layer.state_by_lag, 0.5 ** np.arange(10))
    assert (layer.matrices, layer.gates, layer.units) == ({}, {}, 1)


def test_a_cell_of_ones_own_respects_lengths():
    found = diagnose(Decaying(0.5), (inputs(), None, [10, 3])).layers[0]
    np.testing.assert_allclose(found.state_by_lag, 0.5 ** np.arange(10))


def test_zoneout_around_a_cell_of_ones_own_is_part_of_it():
    cell = Zoneout(Decaying(0.5), 0.5)
    found = diagnose(cell, inputs()).layers[0]
    np.testing.assert_allclose(found.state_by_lag, 0.75 ** np.arange(10), rtol=1e-6)


def test_zoneout_around_a_built_in_cell_is_in_the_gradient():
    cell = RNNCell(FEATURES, 4)
    with torch.no_grad():
        cell.weight_hh.zero_()
    found = diagnose(Zoneout(cell, 0.25), inputs()).layers[0]
    np.testing.assert_allclose(found.state_by_lag, 0.25 ** np.arange(10), rtol=1e-6)


class Packing(nn.Module):
    """As people write it: packs, runs, unpacks, and makes a state of its own."""

    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(FEATURES, 4, num_layers=2)
        self.out = nn.Linear(4, 2)

    def forward(self, values, lengths):
        packed = pack_padded_sequence(values, lengths, batch_first=True, enforce_sorted=False)
        zeros = torch.zeros(2, len(values), 4)
        outputs, _ = pad_packed_sequence(self.layer(packed, (zeros, zeros))[0], batch_first=True)
        return self.out(outputs)


def test_packed_sequences():
    found = diagnose(Packing(), (inputs(), None, [4, 10]))
    assert names(found) == ["layer l0", "layer l1"]
    assert all(len(layer.state_by_lag) == 10 for layer in found.layers)
    assert (found.layers[1].hidden_by_step > 0).all()


def test_a_layer_that_runs_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(FEATURES, FEATURES, batch_first=True)

        def forward(self, values):
            return self.rnn(self.rnn(values)[0])[0]

    assert names(diagnose(Twice(), inputs())) == ["rnn l0", "rnn l0 (run 2)"]


class Budgeted(nn.Module):
    """Keeps few states, unless somebody wants to see them all."""

    def __init__(self, memory):
        super().__init__()
        draw = torch.Generator().manual_seed(0)
        self.cell, self.memory = GRUCell(FEATURES, 4, generator=draw), memory

    def forward(self, values):
        return elman.dynamic_unroll(self.cell, values, memory=self.memory)[0]


def test_a_memory_budget_hides_nothing():
    batch = inputs(steps=60)
    kept, full = (diagnose(Budgeted(memory), batch).to_dict() for memory in (4, None))
    assert kept == full


def test_what_cannot_be_seen_is_said():
    class Other(nn.LSTM):
        pass

    model = nn.Sequential(Other(FEATURES, 4))
    with pytest.raises(ArgumentError, match="its class is not torch"):
        diagnose(model, inputs())

    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.seen, self.other = RNNCell(FEATURES, 4), Other(4, 2)

        def forward(self, values):
            return self.other(elman.dynamic_unroll(self.seen, values)[0])[0]

    found = diagnose(Both(), inputs())
    assert names(found) == ["seen"]
    assert found.unseen == (
        "other: its class is not torch.nn's own: it may compute something else",
    )
    assert "Not looked into: other" in str(found)


def estimators():
    draw = np.random.default_rng(0)
    X = [draw.normal(size=(n, 2)) for n in (9, 5, 7, 8)]
    y = ["a", "b", "a", "b"]
    options = {"cell": "gru", "units": 4, "epochs": 1, "validation": None, "baselines": False}
    yield elman.Classifier(**options).fit(X, y), X, y
    yield elman.Classifier(**options).fit(X, np.eye(4, dtype=int)[:, :3]), X, np.eye(4, 3)
    yield elman.Regressor(**options).fit(X, [1.0, 2.0, 3.0, 4.0]), X, [1.0, 2.0, 3.0, 4.0]
    steps = [x[:, 0] for x in X]
    yield elman.Regressor(per_step=True, **options).fit(X, steps), X, steps


def test_estimators_bring_scaler_and_loss():
    for estimator, X, y in estimators():
        without, with_loss = diagnose(estimator, X), diagnose(estimator, (X, y))
        assert "random projection" in without.cost
        assert with_loss.cost == "the loss"
        assert len(with_loss.layers[0].state_by_lag) == 9
        assert (with_loss.layers[0].hidden_by_step > 0).all()
        scaled = [estimator.model_.input_scaler.transform(x[None])[0] for x in X]
        padded = np.zeros((4, 9, 2), dtype=np.float32)
        for row, values in zip(padded, scaled, strict=True):
            row[: len(values)] = values
        same = diagnose(estimator.module_, (padded, None, [9, 5, 7, 8]))
        np.testing.assert_allclose(
            same.layers[0].hidden_by_step, without.layers[0].hidden_by_step, rtol=1e-5
        )


def cross_entropies(outputs, classes, smoothing=0.0):
    log_p = outputs.log_softmax(dim=-1)
    true = log_p[torch.arange(len(classes)), torch.as_tensor(classes)]
    return -(1 - smoothing) * true - smoothing * log_p.mean(dim=-1)


@pytest.mark.parametrize("option", ["label_smoothing", "class_weight", "cost_steps", "labels"])
def test_the_cost_is_the_loss_of_the_training(option):
    draw = np.random.default_rng(0)
    X = [draw.normal(size=(n, 2)) for n in (9, 5, 7, 8)]
    plain = {"cell": "gru", "units": 4, "epochs": 1, "validation": None, "baselines": False}
    y = ["a", "b", "a", "a"]
    if option == "label_smoothing":
        fitted = elman.Classifier(**plain, label_smoothing=0.3).fit(X, y)
    elif option == "class_weight":
        fitted = elman.Classifier(**plain, class_weight={"a": 1.0, "b": 5.0}).fit(X, y)
    elif option == "labels":
        y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
        fitted = elman.Classifier(**plain, label_smoothing=0.4).fit(X, y)
    else:
        y = [x[:, 0] for x in X]
        fitted = elman.Regressor(**plain, per_step=True, cost_steps="last").fit(X, y)
    subject = Subject.of(fitted, (X, y), None)
    outputs = subject.run()
    found, words = subject.cost(outputs, seed=0)
    assert words == "the loss"
    if option == "label_smoothing":
        expected = cross_entropies(outputs, [0, 1, 0, 0], 0.3).mean()
    elif option == "class_weight":
        each = cross_entropies(outputs, [0, 1, 0, 0])
        expected = (each * torch.tensor([1.0, 5.0, 1.0, 1.0])).sum() / 8
    elif option == "labels":
        soft = torch.tensor(y, dtype=torch.float64) * 0.6 + 0.2
        logs = outputs.sigmoid().log(), (-outputs).sigmoid().log()
        expected = -(soft * logs[0] + (1 - soft) * logs[1]).mean()
    else:
        scaler = fitted.model_.target_scaler
        last = torch.tensor([scaler.transform(row[-1:, None])[0, 0] for row in y])
        ends = torch.tensor([8, 4, 6, 7])
        expected = (outputs[torch.arange(4), ends, 0] - last).square().mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_plain_data_and_the_tables():
    found = diagnose(nn.LSTM(FEATURES, 4, num_layers=2, batch_first=True), inputs())
    assert json.loads(json.dumps(found.to_dict()))["layers"][1]["name"] == "l1"
    text = str(found)
    for part in ("layer", "window", "eigenvalue", "l0", "l1", "LSTM 3 -> 4", found.cost):
        assert part in text
    assert all(f"- {advice.layer}: {advice.text}" in text for advice in found.advice)


@pytest.mark.parametrize(
    ("model", "batch", "options", "message"),
    [
        (7, inputs(), {}, "model: found 7"),
        (RNNCell, inputs(), {}, "model: found"),
        (nn.Linear(FEATURES, 2), inputs(), {}, "ran nothing recurrent"),
        (RNNCell(FEATURES, 2), (inputs(), None, [0, 0]), {}, "on a real step"),
        (RNNCell(FEATURES, 2), (inputs(), 1), {}, "loss: found targets alone"),
        (RNNCell(FEATURES, 2), inputs(), {"loss": torch.dist}, "targets: found a loss alone"),
        (RNNCell(FEATURES, 2), (inputs(), 1), {"loss": lambda o, t: o}, "loss: it gives"),
        (RNNCell(FEATURES, 2), (1, 2, 3, 4), {}, "batch: found 4 parts"),
    ],
)
def test_what_cannot_be_diagnosed(model, batch, options, message):
    with pytest.raises(ArgumentError, match=message):
        diagnose(model, batch, **options)


def test_more_that_cannot_be_diagnosed():
    broken = RNNCell(FEATURES, 2)
    with torch.no_grad():
        broken.bias[0] = math.nan
    with pytest.raises(ArgumentError, match="model bias: found NaN"):
        diagnose(broken, inputs())
    with pytest.raises(NotFittedError, match="not fitted"):
        diagnose(elman.Classifier(), inputs())
    with pytest.raises(ShapeError, match="lengths"):
        diagnose(RNNCell(FEATURES, 2), (inputs(), None, [3, 11]))


def test_a_transcriber_brings_features_scaler_and_the_loss_over_alignments():
    fitted, data = learnt(), tones(3, seed=4)
    texts = [*(data.texts or ())[:2], "a" * 500]  # which fits into no recording, so is not learnt
    found = diagnose(fitted, (data, texts))
    assert found.cost == "the loss"
    model = fitted.model_
    steps = model.sequences(data.select([0, 1]))
    labels = [model.codec.encode(text) + 1 for text in texts[:2]]
    wanted = torch.zeros(2, max(map(len, labels)), dtype=torch.int64)
    for row, ids in enumerate(labels):
        wanted[row, : len(ids)] = torch.from_numpy(ids)
    counts = torch.tensor([len(ids) for ids in labels])

    def loss(outputs, targets):
        logs = outputs.log_softmax(2).transpose(0, 1)
        sizes = torch.from_numpy(steps.lengths)
        each = nn.functional.ctc_loss(logs, targets, sizes, counts, reduction="none")
        return each.sum() / counts.sum()

    scaled = torch.from_numpy(model.input_scaler.transform(steps.values, steps.lengths))
    same = diagnose(fitted.module_, (scaled, wanted, steps.lengths), loss=loss)
    np.testing.assert_allclose(
        found.layers[0].hidden_by_step, same.layers[0].hidden_by_step, rtol=1e-6
    )
    assert (found.layers[0].hidden_by_step > 0).any()
    assert diagnose(fitted, data).cost.startswith("a random projection")


@pytest.mark.parametrize("task", [elman.Captioner, elman.Translator, elman.Generator])
def test_an_estimator_that_tells_no_loss_is_refused_with_those_that_do(task):
    with pytest.raises(ArgumentError, match=r"a fitted classifier or regressor.*torch\.nn\.Module"):
        diagnose(task(), inputs())
