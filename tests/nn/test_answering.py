"""The shortest way gives what the long way gives, and leaves the rest to it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import elman.nn
from elman.errors import ElmanError, FrozenError
from elman.nn import answering, sequences
from elman.operators import stepping
from elman.operators.notice import listen
from elman.state import leaves
from tests.unchecked import unchecked

every_kind = pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])


def layers(kind: str, **options: Any) -> tuple[Any, Any]:
    """A frozen layer, and one that is not."""
    torch.manual_seed(0)
    layer, other = (getattr(elman.nn, kind)(3, 20, **options) for _ in range(2))
    other.load_state_dict(layer.state_dict())
    return layer.freeze(), other.eval()


def state_of(layer: Any, batch: int, dtype: Any = torch.float32) -> Any:
    hidden = torch.randn(1, batch, layer.proj_size or 20, dtype=dtype)
    if layer.mode != "LSTM":
        return hidden
    return hidden, torch.randn(1, batch, 20, dtype=dtype)


def same(frozen: Any, other: Any, *given: Any, quick: bool = True) -> None:
    """The two answer alike, to the bit and in memory, the frozen one by the shortest way or not."""
    assert (answering.answer(frozen, *given) is not None) == quick
    with torch.no_grad():
        found, wanted = (list(leaves(layer(*given))) for layer in (frozen, other))
    for ours, theirs in zip(found, wanted, strict=True):
        assert torch.equal(ours, theirs)
        assert not ours.numel() or ours.stride() == theirs.stride()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch_first", [False, True])
@every_kind
def test_the_same_bits(kind, batch_first, dtype):
    frozen, other = layers(kind, batch_first=batch_first, dtype=dtype)
    for batch, time in ((1, 1), (1, 5), (4, 1), (3, 7), (0, 2)):
        shape = (batch, time) if batch_first else (time, batch)
        x = torch.randn(*shape, 3, dtype=dtype)
        for hx in (None, state_of(frozen, batch, dtype)):
            same(frozen, other, x, hx)
            same(frozen, other, x.transpose(0, 1).contiguous().transpose(0, 1), hx)
        with torch.inference_mode():
            torch.testing.assert_close(frozen(x)[0], other(x)[0], rtol=0, atol=0)


def test_a_projection():
    frozen, other = layers("LSTM", proj_size=5)
    for hx in (None, state_of(frozen, 2)):
        same(frozen, other, torch.randn(4, 2, 3), hx)


@every_kind
def test_what_goes_the_long_way(kind):
    x = torch.randn(4, 2, 3)
    for options in ({"num_layers": 2}, {"bidirectional": True}):
        same(*layers(kind, **options), x, None, quick=False)
    frozen, other = layers(kind)
    same(frozen, other, x[:, 0], None, quick=False)
    same(frozen, other, torch.randn(3, 2, 4).transpose(0, 2), None, quick=False)
    same(frozen, other, torch.randn(3000, 2, 3), None, quick=False)
    state = state_of(frozen, 2)
    turned = tuple(leaf.repeat(1, 1, 2)[..., ::2] for leaf in leaves(state))
    same(frozen, other, x, turned if kind == "LSTM" else turned[0], quick=False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        same(frozen, other, x, None, quick=False)


def test_who_listens_hears():
    frozen, _ = layers("GRU")
    heard = []
    with listen(lambda choice, subject: heard.append(choice.kernel)):
        frozen(torch.randn(1, 1, 3))
    assert heard == ["native"]


@every_kind
def test_errors_are_those_of_the_long_way(kind):
    frozen, other = layers(kind)
    x, state = torch.randn(4, 2, 3), state_of(frozen, 2)
    wrong = [
        (x[..., :2], None),
        (x.double(), None),
        (x, tuple(leaf[:, :1] for leaf in state) if kind == "LSTM" else state[:, :1]),
        (x, state[0] if kind == "LSTM" else (state, state)),
        (x[None], None),
    ]
    for given in wrong:
        with pytest.raises((ElmanError, RuntimeError, AttributeError, TypeError)) as found:
            frozen(*given)
        with pytest.raises(type(found.value)) as wanted:
            other(*given)
        assert str(found.value) == str(wanted.value)


@every_kind
def test_what_changed_is_refused(kind):
    x = torch.randn(1, 1, 3)
    frozen, _ = layers(kind)
    with torch.no_grad():
        frozen.weight_hh_l0.add_(1)
    with pytest.raises(FrozenError, match="weights that changed"):
        frozen(x)
    frozen, _ = layers(kind)
    frozen.bias_ih_l0 = torch.nn.Parameter(frozen.bias_ih_l0.detach())
    with pytest.raises(FrozenError, match="weights that changed"):
        frozen(x)
    frozen, _ = layers(kind)
    with pytest.raises(FrozenError, match="inputs that want gradients"):
        frozen(x.requires_grad_())


def by_the_long_way(monkeypatch: Any, call: Any) -> Any:
    with monkeypatch.context() as patched:
        patched.setattr(sequences, "answer", lambda *_: None)
        return call()


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@every_kind
def test_a_layer_in_training(kind, bias, batch_first, monkeypatch):
    torch.manual_seed(0)
    layer = getattr(elman.nn, kind)(3, 20, bias=bias, batch_first=batch_first)
    x = torch.randn(5, 4, 3, requires_grad=True)
    for hx in (None, state_of(layer, 5 if batch_first else 4)):
        states = [] if hx is None else [leaf.requires_grad_() for leaf in leaves(hx)]

        def run(hx=hx, states=states):
            results = list(leaves(layer(x, hx)))
            loss = sum((leaf.square() * (k + 1)).sum() for k, leaf in enumerate(results))
            return results, torch.autograd.grad(loss, [x, *states, *layer.parameters()])

        assert answering.answer(layer, x, hx) is not None
        found, wanted = run(), by_the_long_way(monkeypatch, run)
        for ours, theirs in zip((*found[0], *found[1]), (*wanted[0], *wanted[1]), strict=True):
            assert torch.equal(ours, theirs)
            assert ours.stride() == theirs.stride()


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_one_step_that_is_learnt_from_is_as_torchs(kind, bias, batch_first, monkeypatch):
    torch.manual_seed(0)
    layer = getattr(elman.nn, kind)(3, 20, bias=bias, batch_first=batch_first)
    torchs = getattr(torch.nn, kind)(3, 20, bias=bias, batch_first=batch_first)
    torchs.load_state_dict(layer.state_dict())
    x = torch.randn(*((4, 1) if batch_first else (1, 4)), 3, requires_grad=True)
    calls = []
    monkeypatch.setattr(answering.native, "run", lambda *given: calls.append(given))
    hidden = torch.randn(1, 4, 20, requires_grad=True)
    given = (hidden, torch.randn(1, 4, 20, requires_grad=True)) if kind == "LSTM" else hidden
    for hx in (None, given):
        found, wanted = [], []
        for module, kept in ((layer, found), (torchs, wanted)):
            outputs, last = module(x, hx)
            ends = list(leaves(last))
            loss = outputs.square().sum() + 3 * sum(leaf.square().sum() for leaf in ends)
            states = [] if hx is None else list(leaves(hx))
            grads = torch.autograd.grad(loss, [x, *states, *module.parameters()])
            kept += [outputs, *ends, *grads]
        for k, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
            assert k > len(ends) or ours.stride() == theirs.stride()
    assert not calls


def test_an_lstms_steps_in_a_loop_are_of_one_loop_and_may_be_changed_in_place():
    torch.manual_seed(0)
    layer, torchs = elman.nn.LSTM(3, 20), torch.nn.LSTM(3, 20)
    torchs.load_state_dict(layer.state_dict())
    x, results, loops = torch.randn(5, 1, 4, 3), [], []
    weights = [layer.get_parameter(name) for name in layer._all_weights[0]]
    for module in (layer, torchs):
        state, total = None, 0.0
        for step in x:
            outputs, state = module(step, state)
            if module is layer:
                outputs += 1
                loops.append(stepping._loop_of(state, weights))
            else:
                outputs = outputs + 1
            total = total + outputs.square().sum()
        results.append([total, *torch.autograd.grad(total, list(module.parameters()))])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    assert loops[0] is not None
    assert len(set(map(id, loops))) == 1


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0", "bias_hh_l0", "weight_hr_l0"])
def test_parameters_that_do_not_fit_are_told_by_the_long_way(name):
    layer = elman.nn.LSTM(3, 20, proj_size=5)
    for wrong in (torch.zeros(7, 3), layer.get_parameter(name).data.double()):
        held = layer.get_parameter(name).data
        layer.get_parameter(name).data = wrong
        assert answering.answer(layer, torch.ones(2, 1, 3), None) is None
        with unchecked(), pytest.raises((ElmanError, RuntimeError)):
            layer(torch.ones(2, 1, 3))
        layer.get_parameter(name).data = held
    assert answering.answer(layer, torch.ones(2, 1, 3), None) is not None
