"""Modules of torch.nn that become twins where they stand, and torch's own again."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from abc import ABC, abstractmethod

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman
import elman.nn
from elman.errors import AcceleratedError, AccelerationError, ArgumentError, SlowPathError
from elman.nn import acceleration
from elman.state import leaves
from tests.unchecked import unchecked

KINDS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu", "bias": False}),
    ("LSTM", {"num_layers": 2, "bidirectional": True}),
    ("LSTM", {"proj_size": 2, "batch_first": True}),
    ("GRU", {"num_layers": 2, "dropout": 0.5}),
    ("RNNCell", {}),
    ("LSTMCell", {}),
    ("GRUCell", {"bias": False}),
]
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")  # torch's own, about oneDNN
every_kind = pytest.mark.parametrize(("kind", "options"), KINDS)


def made(kind, options, **more):
    torch.manual_seed(0)
    return getattr(nn, kind)(3, 4, **options, **more)


def inputs_of(layer, dtype=torch.float32):
    shape = (2, 3) if isinstance(layer, nn.RNNCellBase) else (5, 2, 3)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)


def answers(layer):
    """Outputs, states and gradients, from the same random state each time."""
    torch.manual_seed(2)
    layer.zero_grad()
    found = layer(inputs_of(layer, next(layer.parameters()).dtype))
    return backward(layer, found)


def backward(layer, found):
    flat = list(leaves((found,)))
    sum((part * torch.arange(1, 1 + part.shape[-1])).sum() for part in flat).backward()
    return [part.detach() for part in flat] + [p.grad.clone() for p in layer.parameters()]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 3)
        self.rnn = nn.RNN(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, ids):
        return self.head(self.rnn(self.embed(ids))[0])


@every_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("training", [True, False])
def test_the_same_object_answers_the_same(kind, options, dtype, training):
    layer = made(kind, options, dtype=dtype).train(training)
    before, parameters = answers(layer), dict(layer.named_parameters())
    report = elman.accelerate(layer)
    assert [entry.kind for entry in report.replaced] == [kind]
    assert isinstance(layer, getattr(elman.nn, kind))
    assert isinstance(layer, getattr(nn, kind))
    assert layer.training is training
    assert all(parameter is parameters[name] for name, parameter in layer.named_parameters())
    tolerance = {"rtol": 1e-4, "atol": 1e-6} if dtype == torch.float32 else {}
    for ours, theirs in zip(answers(layer), before, strict=True):
        torch.testing.assert_close(ours, theirs, **tolerance)


@every_kind
def test_restore_is_the_inverse(kind, options):
    layer = made(kind, options)
    before = answers(layer)
    elman.accelerate(layer)
    report = elman.restore(layer)
    assert [(entry.name, entry.replaced) for entry in report.entries] == [("", True)]
    assert type(layer) is getattr(nn, kind)
    for again, theirs in zip(answers(layer), before, strict=True):
        torch.testing.assert_close(again, theirs)
    assert elman.restore(layer).entries == ()


def test_the_report_names_every_recurrent_module():
    model = nn.ModuleDict({"net": Net(), "ours": elman.nn.GRU(3, 4), "low": nn.GRU(3, 4).half()})
    report = elman.accelerate(model)
    assert [entry.name for entry in report.replaced] == ["net.rnn"]
    assert report.left[0].why == "it is Elman's already"
    assert "float16" in report.left[1].why
    lines = str(report).splitlines()
    assert len(lines) == 4
    assert lines[1].split()[:2] == ["net.rnn", "RNN"]
    again = elman.accelerate(model)
    assert [entry.why for entry in again.left][:2] == ["it is Elman's already"] * 2
    assert str(elman.accelerate(nn.Linear(2, 2))) == "no recurrent modules"


def test_whoever_holds_a_module_goes_on_holding_it():
    model = Net()
    held = [model.rnn]
    model.again = model.rnn
    report = elman.accelerate(model)
    assert len(report.entries) == 1
    assert model.rnn is held[0] is model.again
    assert repr(model) == repr(elman.restore(model) and model)


def test_tied_and_frozen_parameters_stay_so():
    model = nn.ModuleList([nn.RNN(3, 4), nn.RNN(3, 4)])
    model[1].weight_hh_l0 = model[0].weight_hh_l0
    model[0].weight_ih_l0.requires_grad_(False)
    elman.accelerate(model)
    outputs = [layer(torch.ones(5, 2, 3))[0] for layer in model]
    torch.stack(outputs).sum().backward()
    assert model[1].weight_hh_l0 is model[0].weight_hh_l0
    assert model[0].weight_ih_l0.grad is None
    assert not model[0].weight_ih_l0.requires_grad
    assert (model[1].weight_ih_l0.grad != 0).any()


def test_an_optimiser_made_before_trains_the_same_weights():
    results = []
    for change in (lambda model: None, elman.accelerate):
        torch.manual_seed(0)
        model = Net()
        optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
        model(torch.arange(6).view(2, 3)).square().sum().backward()
        optimiser.step()
        change(model)
        for _ in range(3):
            optimiser.zero_grad()
            model(torch.arange(6).view(2, 3)).square().sum().backward()
            optimiser.step()
        results.append(model.state_dict())
    for name, value in results[0].items():
        torch.testing.assert_close(results[1][name], value, rtol=1e-4, atol=1e-6)


def test_hooks_of_every_kind_are_kept():
    layer, events = nn.RNN(3, 4), []

    def note(name):
        return lambda *args, **kwargs: events.append(name)

    layer.register_forward_pre_hook(note("forward pre"))
    layer.register_forward_pre_hook(note("forward pre with arguments"), with_kwargs=True)
    layer.register_forward_hook(note("forward"))
    layer.register_full_backward_pre_hook(note("backward pre"))
    layer.register_full_backward_hook(note("backward"))
    layer.register_state_dict_pre_hook(note("state_dict pre"))
    layer.register_state_dict_post_hook(note("state_dict post"))
    layer.register_load_state_dict_pre_hook(note("load pre"))
    layer.register_load_state_dict_post_hook(note("load post"))
    layer.weight_ih_l0.register_hook(note("weight"))

    def run():
        events.clear()
        layer(torch.ones(5, 2, 3, requires_grad=True))[0].sum().backward()
        layer.load_state_dict(layer.state_dict())
        return sorted(events)

    before = run()
    assert len(before) >= 10
    elman.accelerate(layer)
    assert run() == before


def test_buffers_and_attributes_are_kept():
    layer = nn.GRUCell(3, 4)
    layer.register_buffer("seen", torch.tensor(3))
    layer.note = "mine"
    elman.accelerate(layer)
    assert (int(layer.seen), layer.note) == (3, "mine")
    assert "seen" in layer.state_dict()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy])
@every_kind
def test_copies_are_accelerated_too(kind, options, duplicate):
    model = nn.Sequential(made(kind, options).eval())
    elman.accelerate(model)
    copied = duplicate(model[0])
    assert type(copied) is type(model[0])
    shared = [p is q for p, q in zip(copied.parameters(), model.parameters(), strict=True)]
    assert all(shared) if duplicate is copy.copy else not any(shared)
    for ours, theirs in zip(answers(copied), answers(model[0]), strict=True):
        assert torch.equal(ours, theirs)


def test_a_deep_copy_keeps_what_is_shared():
    model = nn.ModuleList([nn.RNN(3, 4), nn.RNN(3, 4)])
    model[1].weight_hh_l0 = model[0].weight_hh_l0
    model.append(model[0])
    elman.accelerate(model)
    copied = copy.deepcopy(model)
    assert copied[2] is copied[0]
    assert copied[1].weight_hh_l0 is copied[0].weight_hh_l0
    assert copied[0]._flat_weight_refs[0]() is copied[0].weight_ih_l0


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_holds_torchs_classes(protocol):
    model = nn.Sequential(nn.LSTM(3, 4), nn.GRUCell(4, 4))
    elman.accelerate(model)
    data = pickle.dumps(model, protocol)
    assert b"elman" not in data
    assert [type(layer) for layer in pickle.loads(data)] == [nn.LSTM, nn.GRUCell]


def test_a_saved_model_loads_where_there_is_no_elman(tmp_path):
    model = Net()
    elman.accelerate(model)
    layers = nn.ModuleList(made(kind, options).eval() for kind, options in KINDS)
    elman.accelerate(layers)
    torch.save(layers, tmp_path / "layers.pt")
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    expected = [next(leaves((layer(inputs_of(layer)),))) for layer in layers]
    torch.save([inputs_of(layer) for layer in layers], tmp_path / "inputs.pt")
    torch.save(expected, tmp_path / "expected.pt")
    code = """
import sys
sys.modules["elman"] = None
import torch
layers = torch.load("layers.pt", weights_only=False)
for layer, inputs, expected in zip(layers, torch.load("inputs.pt"), torch.load("expected.pt")):
    assert type(layer).__module__ == "torch.nn.modules.rnn"
    found = layer(inputs)
    torch.testing.assert_close(found[0] if isinstance(found, tuple) else found, expected)
print(*sorted(torch.load("weights.pt")))
"""
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == sorted(Net().state_dict())


def spectral(layer):
    return nn.utils.spectral_norm(layer, "weight_hh")


def pruned(layer):
    return prune.l1_unstructured(layer, "weight_hh", amount=0.5)


def replaced_forward(layer):
    layer.forward = lambda inputs: inputs
    return layer


class MyGRUCell(nn.GRUCell):
    pass


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (lambda: MyGRUCell(3, 4), "class is not torch.nn's own"),
        (lambda: parametrizations.weight_norm(nn.GRUCell(3, 4), "weight_hh"), "parametrised"),
        (lambda: spectral(nn.GRUCell(3, 4)), "made by a hook"),
        (lambda: pruned(nn.GRUCell(3, 4)), "made by a hook"),
        (lambda: replaced_forward(nn.RNN(3, 4)), "forward was replaced"),
        (lambda: nn.RNN(3, 4).bfloat16(), "float32 and float64, not torch.bfloat16"),
        (lambda: nn.RNN(3, 4, device="meta"), "on a CPU, not on meta"),
        (lambda: torch.jit.script(nn.RNN(3, 4)), "scripted"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_left_alone(layer, why):
    model = nn.Sequential(layer())
    kind = type(model[0])
    report = elman.accelerate(model)
    assert report.replaced == ()
    assert why in report.left[0].why
    assert type(model[0]) is kind
    with pytest.raises(SlowPathError, match="0: it would be left to torch"):
        elman.accelerate(model, strict=True)


@pytest.mark.filterwarnings("ignore")  # torch announces the end of torch.ao
def test_quantised_modules_are_left():
    model = nn.Sequential(nn.LSTM(3, 4))
    model = torch.ao.quantization.quantize_dynamic(model, {nn.LSTM}, dtype=torch.qint8)
    assert [entry.why for entry in elman.accelerate(model).left] == ["it is quantised"]


def test_strict_replaces_all_or_nothing():
    model = nn.ModuleList([nn.RNN(3, 4), nn.RNN(3, 4).half()])
    with pytest.raises(SlowPathError, match="1: it would"):
        elman.accelerate(model, strict=True)
    assert type(model[0]) is nn.RNN
    elman.accelerate(model[:1], strict=True)
    elman.accelerate(model[:1], strict=True)  # ours already: nothing slow is left
    assert isinstance(model[0], elman.nn.RNN)


def test_what_is_no_module_is_refused():
    for function in (elman.accelerate, elman.restore):
        with unchecked(), pytest.raises(ArgumentError, match="model: found list"):
            function([nn.RNN(3, 4)])


def test_parametrised_afterwards():
    model = nn.Sequential(nn.RNN(3, 4))
    elman.accelerate(model)
    parametrize.register_parametrization(model[0], "weight_hh_l0", nn.Identity())
    copied = copy.deepcopy(model)
    inputs = torch.ones(5, 2, 3)
    assert torch.equal(copied(inputs)[0], model(inputs)[0])
    assert "parametrised since" in elman.restore(model).left[0].why
    parametrize.remove_parametrizations(model[0], "weight_hh_l0")
    assert len(elman.restore(model).replaced) == 1


def test_flatten_parameters_changes_nothing():
    layer = made("LSTM", {"num_layers": 2})
    elman.accelerate(layer)
    before = answers(layer)
    layer.flatten_parameters()
    for after, expected in zip(answers(layer), before, strict=True):
        assert torch.equal(after, expected)


@every_kind
def test_autocast_computes_in_float32(kind, options):
    layer = made(kind, options).eval()
    expected = answers(layer)
    elman.accelerate(layer)
    layer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(inputs_of(layer))
        low = layer(inputs_of(layer).bfloat16())
    assert {part.dtype for part in leaves((found, low))} == {torch.float32}
    for ours, theirs in zip(backward(layer, found), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_replicas_and_functional_calls_see_their_own_weights():
    layer = nn.GRU(3, 4)
    elman.accelerate(layer)
    inputs = torch.ones(5, 2, 3)
    zeros = {name: torch.zeros_like(value) for name, value in layer.named_parameters()}
    assert (torch.func.functional_call(layer, zeros, inputs)[0] == 0).all()
    replica = layer._replicate_for_data_parallel()
    replica._parameters = {}
    for name, value in zeros.items():
        setattr(replica, name, value)
    assert (replica(inputs)[0] == 0).all()
    assert (layer(inputs)[0] != 0).any()


class Encoder(nn.LSTM):
    """Like pytorch-forecasting's: `lengths` beside, and torch's forward by `super()`."""

    def forward(self, inputs, hx=None, lengths=None):
        if lengths is None:
            return super().forward(inputs, hx)
        packed = pack_padded_sequence(inputs, lengths, self.batch_first, enforce_sorted=False)
        outputs, state = super().forward(packed, hx)
        return pad_packed_sequence(outputs, self.batch_first)[0], self.shown(state)

    def shown(self, state):
        return state


class Bare(nn.GRU):
    """Nothing of its own."""


class Doubled(nn.GRU):
    def forward(self, inputs):
        outputs, state = super().forward(inputs)
        return (outputs * 2, state) if elman.nn.GRU not in type(self).__mro__ else (outputs, state)


class ByItself(nn.RNN):
    def forward(self, inputs):
        return torch.tanh(inputs @ self.weight_ih_l0.t()), None


class Abstract(ABC, nn.RNNBase):
    """A base class with a metaclass of its own, before torch's class in the order."""

    def forward(self, inputs):
        self.called = True
        return super().forward(inputs)

    @abstractmethod
    def name(self): ...


class Concrete(Abstract, nn.RNN):
    def name(self):
        return "mine"


INPUTS = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))


def test_subclasses_are_replaced_when_an_example_proves_them_equal(monkeypatch):
    monkeypatch.setattr(acceleration, "speed_up", lambda *_: 2.0)
    made = [Encoder(3, 4), Bare(3, 4), Concrete(3, 4), MyGRUCell(3, 4)]
    for layer in made:
        example = INPUTS[0] if isinstance(layer, nn.GRUCell) else INPUTS
        original, before = type(layer), layer(example)
        assert elman.accelerate(layer).left[0].why.startswith("its class is not torch.nn's own")
        assert elman.accelerate(layer, example).replaced == ()
        report = elman.accelerate(layer, example, subclasses=True)
        assert [entry.kind for entry in report.replaced] == [original.__name__]
        assert isinstance(layer, original)
        assert type(layer) is not original
        torch.testing.assert_close(layer(example), before, rtol=1e-4, atol=1e-6)
        copied = copy.deepcopy(layer)
        assert type(copied) is type(layer)
        assert type(pickle.loads(pickle.dumps(layer))) is original
        assert len(elman.restore(layer).replaced) == 1
        assert type(layer) is original
    assert made[2].called
    assert made[2].name() == "mine"


def test_a_subclasses_own_methods_run_on_our_kernels(monkeypatch):
    monkeypatch.setattr(acceleration, "speed_up", lambda *_: 2.0)
    layer, lengths = Encoder(3, 4, batch_first=True), torch.tensor([2, 5, 3])
    inputs = torch.randn(3, 5, 3)
    expected = layer(inputs, lengths=lengths)
    elman.accelerate(layer, {"inputs": inputs, "lengths": lengths}, subclasses=True)
    with elman.strict():
        found = layer(inputs, lengths=lengths)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    heard = elman.explain(layer, inputs)
    assert [line.choice.kernel for line in heard.lines] == ["native"]


def test_subclasses_that_are_refused(monkeypatch):
    monkeypatch.setattr(acceleration, "speed_up", lambda *_: 2.0)
    with pytest.raises(ArgumentError, match="subclasses: found no example"):
        elman.accelerate(Bare(3, 4), subclasses=True)
    with pytest.raises(AccelerationError, match="differs"):
        elman.accelerate(model := Doubled(3, 4), INPUTS, subclasses=True)
    assert type(model) is Doubled
    with pytest.raises(SlowPathError, match="computes by itself"):
        elman.accelerate(ByItself(3, 4), INPUTS, strict=True, subclasses=True)
    report = elman.accelerate(Used(), INPUTS, subclasses=True)
    assert [entry.name for entry in report.replaced] == ["used"]
    assert "the example did not call it" in report.left[0].why


class Used(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.RNN(3, 4), Bare(3, 4)

    def forward(self, inputs):
        return self.used(inputs)


@pytest.mark.filterwarnings("ignore")  # torch announces the end of torch.ao and of scripts
@every_kind
def test_tools_that_go_by_exact_classes_are_refused(kind, options):
    model = nn.Sequential(made(kind, options))
    elman.accelerate(model)
    layers = {nn.LSTM, nn.GRU, nn.Linear}
    for tool in (
        torch.jit.script,
        torch.fx.symbolic_trace,
        lambda model: torch.ao.quantization.quantize_dynamic(model, layers, dtype=torch.qint8),
        lambda model: torch.ao.quantization.quantize_dynamic(model, dtype=torch.qint8),
    ):
        with unchecked(), pytest.raises(AcceleratedError, match=r"elman.restore the model"):
            tool(model)
    assert len(elman.restore(model).replaced) == 1
    torch.jit.script(model)


def test_a_traced_model_is_accelerated_after_restoring():
    model = Net()
    ids = torch.arange(6).view(2, 3)
    expected = model(ids)
    elman.accelerate(model)
    elman.restore(model)
    traced = torch.fx.symbolic_trace(model)
    assert len(elman.accelerate(traced).replaced) == 1
    torch.testing.assert_close(traced(ids), expected, rtol=1e-4, atol=1e-6)


class Leaky(nn.Module):
    """A cell of a user's own, with a part that is called as a cell, too."""

    def __init__(self):
        super().__init__()
        self.inner, self.again = nn.Linear(3, 4), nn.Linear(4, 4)
        self.mix = Mix()

    def forward(self, x, h):
        return self.mix(torch.tanh(self.inner(x) + self.again(h)), h)


class Mix(nn.Module):
    def forward(self, new, h):
        return 0.5 * h + 0.5 * new


class Looped(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.gru, self.last = Leaky(), nn.GRU(4, 4, batch_first=True), Mix()

    def forward(self, x):
        h = x.new_zeros(len(x), 4)
        outputs = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            outputs.append(h)
        return self.last(self.gru(torch.stack(outputs, 1))[0][:, -1], h)


def test_fuse_is_offered_where_a_loop_steps_a_cell():
    model = Looped()
    report = elman.accelerate(model, torch.randn(2, 7, 3))
    (offer,) = [entry for entry in report.entries if entry.name != "gru"]
    assert (offer.name, offer.kind, offer.replaced) == ("cell", "Leaky", False)
    assert "7 times: elman.fuse" in offer.why
    assert type(model.cell) is Leaky
    elman.fuse(model.cell, torch.zeros(1, 3), torch.zeros(1, 4))
    assert {entry.name for entry in elman.accelerate(Looped()).entries} == {"gru"}
    assert len(elman.accelerate(Looped(), torch.randn(2, 2, 3)).entries) == 1
