"""A loss and a network of one's own: trained by the same trainer, scored by the same evaluate."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from torch import nn
from torch.nn import functional as F

import elman
from elman.errors import ArgumentError, BundleError, ShapeError, TrainingError
from elman.training import RunFolder
from tests.cli.conftest import command as command
from tests.tasks.sequences import TINY, classes, sums

OPTIONS = TINY | {"baselines": False}
ALONE = {k: v for k, v in OPTIONS.items() if k not in ("cell", "units")}


def bits(model):
    return {k: v.tobytes() for k, v in model.model_.bundle.weights.items()}


def pinball(outputs, targets):
    error = targets - outputs
    return torch.maximum(0.9 * error, -0.1 * error)


class Net(nn.Module):
    """A GRU read at each row's last step, or at every step."""

    def __init__(self, features, outputs, each=False):
        super().__init__()
        self.recurrent = nn.GRU(features, 6, batch_first=True)
        self.head = nn.Linear(6, outputs)
        self.each = each

    def forward(self, inputs, lengths):
        states, _ = self.recurrent(inputs)
        if self.each:
            return self.head(states)
        last = inputs.shape[1] - 1 if lengths is None else (lengths - 1).clamp_min(0)
        return self.head(states[torch.arange(len(states)), last])


# ---- losses


@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_the_tasks_own_losses_as_ones_own(reduction):
    """To the bit where each example's is given; else to rounding."""
    X, y = classes()
    whole = elman.Classifier(**OPTIONS).fit(X, y)
    own = elman.Classifier(**OPTIONS, loss=nn.CrossEntropyLoss(reduction=reduction)).fit(X, y)
    np.testing.assert_allclose(own.predict_proba(X), whole.predict_proba(X), rtol=1e-3)
    if reduction == "none":
        assert bits(own) == bits(whole)
    X, y, running = sums(40, ragged=True)
    for per_step, targets in ((False, y), (True, running)):
        options = OPTIONS | {"per_step": per_step}
        whole = elman.Regressor(**options).fit(X, targets, np.arange(1.0, 41))
        own = elman.Regressor(**options, loss=nn.MSELoss(reduction="none"))
        assert bits(own.fit(X, targets, np.arange(1.0, 41))) == bits(whole)


def test_another_loss_learns_another_thing():
    X, y, _ = sums(60)
    options = OPTIONS | {"epochs": 20}
    high = elman.Regressor(**options, loss=pinball).fit(X, y).predict(X)
    middle = elman.Regressor(**options).fit(X, y).predict(X)
    assert (high > y).mean() > (middle > y).mean()


def test_labels_and_chosen_steps_have_it_too():
    X, y = classes()
    binary = nn.BCEWithLogitsLoss(reduction="none")
    several = np.eye(3, dtype=int)[y]
    whole = elman.Classifier(**OPTIONS).fit(X, several)
    assert bits(elman.Classifier(**OPTIONS, loss=binary).fit(X, several)) == bits(whole)
    X, _, running = sums(40)
    options = OPTIONS | {"per_step": True, "cost_steps": "last"}
    whole = elman.Regressor(**options).fit(X, running)
    own = elman.Regressor(**options, loss=nn.MSELoss(reduction="none")).fit(X, running)
    assert bits(own) == bits(whole)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (3, "loss: found 3; a function"),
        ("mse", "loss: found 'mse'"),
        ("given", "which no file holds"),
        (lambda outputs, targets: 1.0, "loss: it gives 1.0; a tensor of a loss"),
        (lambda outputs, targets: outputs.detach().sum(), "without a gradient"),
        (lambda outputs, targets: outputs[:3].sum(dim=1), r"shape \[3\] for 16 examples"),
        (lambda outputs, targets: outputs.argmax(), "it gives tensor"),
        (nn.L1Loss, r"loss: found the class L1Loss; L1Loss\(...\)"),
        (lambda outputs: outputs.sum(), "loss: it does not take two arguments"),
        (
            nn.BCEWithLogitsLoss(),
            r"it fails on outputs \[16, 3\] float32 and targets \[16\] int64: ",
        ),
    ],
)
def test_what_is_no_loss(loss, said):
    with pytest.raises(ArgumentError, match=said):
        elman.Classifier(**OPTIONS, loss=loss).fit(*classes())


@pytest.mark.filterwarnings("ignore:skipped epoch")
def test_a_loss_that_is_not_finite_is_looked_at_first():
    with pytest.raises(TrainingError, match=r"see first that your loss is finite .*; lower learn"):
        elman.Classifier(**OPTIONS, loss=lambda o, t: o.sum(1) * np.nan).fit(*classes())


def test_a_mean_cannot_be_weighed():
    X, y = classes()
    with pytest.raises(ArgumentError, match="one number, and the examples have weights"):
        elman.Classifier(**OPTIONS, loss=nn.CrossEntropyLoss()).fit(X, y, np.arange(1.0, 61))
    with pytest.raises(ArgumentError, match=r"label_smoothing: 0.1 with a loss of your own"):
        elman.Classifier(**OPTIONS, loss=F.cross_entropy, label_smoothing=0.1).fit(X, y)


def test_a_file_holds_no_loss(tmp_path):
    X, y, _ = sums(40)
    model = elman.Regressor(**OPTIONS, loss=pinball).fit(X, y)
    model.save(tmp_path / "model.elman")
    np.testing.assert_array_equal(elman.load(tmp_path / "model.elman").predict(X), model.predict(X))
    loaded = elman.Regressor.load(tmp_path / "model.elman")
    with pytest.raises(ArgumentError, match=r"loss: .* no file holds; set_params\(loss=...\)"):
        loaded.fit(X, y)
    loaded.set_params(loss=pinball).fit(X, y)
    assert clone(loaded).loss is pinball
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict(X), model.predict(X))


def test_a_configuration_holds_no_loss(tmp_path, command):
    X, y, _ = sums(40)
    elman.Regressor(**OPTIONS, loss=pinball, run=tmp_path).fit(X, y)
    assert RunFolder(tmp_path).read_config()["task"]["loss"] == "given"
    refused = command("train", "--config", tmp_path / "config.toml", "--data", "adding")
    assert "code of one's own, which no text repeats" in refused.stderr


# ---- networks


def test_a_network_is_trained_and_scored():
    X, y = classes(ragged=True)
    options = ALONE | {"epochs": 15, "baselines": True}
    model = elman.Classifier(**options, network=Net).fit(X, y)
    new, true = classes(ragged=True, seed=1)
    result = model.evaluate(new, true)
    assert result["score"] > 0.8
    assert result["baselines"]
    assert isinstance(model.module_, Net)
    assert model.predict_proba(new).shape == (60, 3)
    assert "Net" in model.result_["network"]
    again = elman.Classifier(**options, network=Net).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(new), model.predict_proba(new))
    assert cross_val_score(elman.Classifier(**ALONE, network=Net), *classes(), cv=2).min() >= 0


def test_networks_of_steps_and_of_numbers():
    X, total, running = sums(40, ragged=True)
    steps = elman.Regressor(**ALONE, per_step=True, network=lambda i, k: Net(i, k, each=True))
    steps.fit(X, running)
    assert [len(row) for row in steps.predict(X)] == [len(x) for x in X]
    steps.evaluate(X, running)
    assert elman.Regressor(**ALONE, network=Net).fit(X, total).predict(X).shape == (40,)


def test_a_module_is_copied_and_goes_on_from_its_weights():
    X, y = classes()
    net = Net(2, 3)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    still = ALONE | {"learning_rate": 1e-30}
    model = elman.Classifier(**still, network=net).fit(X, y)
    for name, weight in before.items():
        assert torch.equal(net.state_dict()[name], weight)
        assert torch.equal(model.module_.state_dict()[name], weight)
    assert model.module_ is not net
    assert type(clone(model).network) is Net


def test_no_model_file_but_a_pickle(tmp_path):
    X, y = classes()
    model = elman.Classifier(**ALONE, network=Net).fit(X, y)
    with pytest.raises(
        BundleError, match="one of your own, and a model file holds no code; pickle"
    ):
        model.save(tmp_path / "model.elman")
    assert not (tmp_path / "model.elman").exists()
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
    copied.set_params(warm_start=True).fit(X, y)
    copied = pickle.loads(pickle.dumps(model.model_))
    np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))


def test_a_runs_folder_says_that_it_holds_no_model(tmp_path):
    X, y = classes()
    with pytest.warns(UserWarning, match="Net is a network of your own: .* no model file"):
        elman.Classifier(**ALONE, network=Net, run=tmp_path).fit(X, y)
    assert RunFolder(tmp_path).read_config()["task"]["network"] == "given"
    assert RunFolder(tmp_path).last.exists()
    assert not RunFolder(tmp_path).model.exists()


def test_going_on():
    X, y = classes()
    model = elman.Classifier(**ALONE, network=Net).partial_fit(X, y, classes=[0, 1, 2])
    whole = elman.Classifier(**ALONE | {"epochs": 2}, network=Net, validation=None).fit(X, y)
    assert bits(model.partial_fit(X, y)) == bits(whole)
    with pytest.raises(
        ArgumentError, match=r"network: one of your own goes on, and the head .*[^.];"
    ):
        model.set_params(warm_start=True).fit(X, y + 1)


def test_what_only_our_networks_can():
    X, y = classes()
    model = elman.Classifier(**ALONE, network=Net).fit(X, y)
    for ask in (model.trace, model.model_.record, lambda x: model.model_.stepper()):
        with pytest.raises(ArgumentError, match=r"network: .* one of your own; its class answers"):
            ask(X[0])
    assert elman.diagnose(model, (X, y)).cost == "the loss"


def test_lengths_have_any_name_in_a_diagnosis():
    class Other(Net):
        def forward(self, x, l):  # noqa: E741
            return super().forward(x, l)

    X, y = classes(ragged=True)
    found = [elman.diagnose(elman.Classifier(**ALONE, network=net).fit(X, y), (X[:8], y[:8]))
             for net in (Net, Other)]  # fmt: skip
    assert found[0].to_dict() == found[1].to_dict()


class Alone(Net):
    def forward(self, inputs):
        return super().forward(inputs, None)


class Short(Net):
    def forward(self, inputs, lengths):
        return super().forward(inputs, lengths)[:, :2]


class Idle(nn.Module):
    def forward(self, inputs, lengths):
        return inputs[:, 0, :1].expand(-1, 3)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"network": 3}, ArgumentError, "network: found 3; a torch module"),
        ({"network": "given"}, ArgumentError, "which no file holds"),
        ({"network": lambda i, k: None}, ArgumentError, "network: it makes None"),
        ({"network": Short}, ShapeError, r"Short gives shape \[16, 2\]; a tensor \[16, 3\]"),
        ({"network": Idle()}, ArgumentError, "Idle has no weights to train"),
        ({"network": lambda i, k: Net(i, k, each=True)}, ShapeError, r"\[16, 6, 3\]"),
        ({"network": Alone}, ArgumentError, r"Alone.forward\(inputs\); forward\(self, inputs, l"),
        ({"network": Net(3, 3)}, ArgumentError, r"Net fails on inputs \[16, 6, 2\]: .*2.*; a netw"),
        ({"network": lambda i: Net(i, 3)}, ArgumentError, "it does not take two sizes"),
        ({"network": Net, "units": 3}, ArgumentError, "units: 3 with a network of your own"),
        ({"network": Net, "bidirectional": True}, ArgumentError, "bidirectional: True with"),
    ],
)
def test_what_is_no_network(options, error, said):
    with pytest.raises(error, match=said):
        elman.Classifier(**ALONE | options).fit(*classes())


def test_windows_need_a_method():
    X, _, running = sums(40)
    options = ALONE | {"per_step": True, "truncation": 2, "validation": None}
    with pytest.raises(ArgumentError, match="truncation: 2 with a Net without a method unroll"):
        elman.Regressor(**options, network=lambda i, k: Net(i, k, each=True)).fit(X, running)
