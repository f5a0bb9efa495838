"""Whoever looks on sees an operation: tracers, modes, counters, tensors that stand for others."""

from __future__ import annotations

import io
import warnings
from typing import Any

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

import elman.nn
from elman.cells import GRUCell, LSTMCell
from elman.layers import dynamic_unroll
from elman.operators.memory import may_touch, traced, untraced
from elman.state import leaves
from tests.unchecked import unchecked

KINDS = ("RNN", "LSTM", "GRU")
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "bidirectional": {"bidirectional": True},
    "two-layers": {"num_layers": 2, "batch_first": True, "bias": False},
}

every_kind = pytest.mark.parametrize("kind", KINDS)
every_shape = pytest.mark.parametrize("options", SHAPES.values(), ids=SHAPES)
with_and_without_gradients = pytest.mark.parametrize("grad", [False, True])


def pair(kind: str, options: Any) -> tuple[Any, Any]:
    """Our twin and torch's own layer with the same parameters."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(3, 5, **options)
    ours = getattr(elman.nn, kind)(3, 5, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def flat(results: Any) -> list[torch.Tensor]:
    return list(leaves(results))


def sequences(*sizes: int) -> torch.Tensor:
    return torch.randn(*sizes, 3, generator=torch.Generator().manual_seed(sum(sizes)))


def trace(module: Any, *inputs: Any) -> Any:
    with warnings.catch_warnings(), unchecked():  # sizes are tensors here
        warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning, module=r"torch\.")
        return torch.jit.trace(module, inputs)


def saved_and_loaded(program: Any) -> Any:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(program, file)
        file.seek(0)
        return torch.jit.load(file)


@with_and_without_gradients
@every_shape
@every_kind
def test_a_traced_layer_answers_for_other_inputs(kind, options, grad):
    ours, theirs = pair(kind, options)
    with torch.set_grad_enabled(grad):
        program = saved_and_loaded(trace(ours, sequences(4, 2)))
    assert "elman::" not in str(program.inlined_graph)  # it runs where there is no Elman
    for x in (sequences(4, 2) + 1, sequences(7, 3)):
        torch.testing.assert_close(flat(program(x)), flat(theirs(x)))


class WithLengths(torch.nn.Module):
    """A layer whose rows have lengths."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x, lengths):
        return self.layer(x, lengths=lengths)[0]


@with_and_without_gradients
def test_a_traced_call_with_lengths_reads_them_anew(grad):
    for kind in KINDS:
        ours, _ = pair(kind, {"bidirectional": True})
        with torch.set_grad_enabled(grad):
            program = trace(WithLengths(ours), sequences(4, 3), torch.tensor([4, 1, 3]))
        for time, lengths in ((4, [4, 4, 4]), (6, [2, 6, 1, 5])):
            x, given = sequences(time, len(lengths)), torch.tensor(lengths)
            torch.testing.assert_close(program(x, given), ours(x, lengths=given)[0])


class Unrolled(torch.nn.Module):
    """A cell over time."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x, lengths):
        outputs, state = dynamic_unroll(self.cell, x, lengths=lengths)
        return outputs, *state


@pytest.mark.parametrize(
    "cell", [GRUCell(3, 5, reset_after=False), LSTMCell(3, 5, peepholes=True, layer_norm=True)]
)
def test_what_torch_has_no_operator_for_is_traced_as_ours(cell):
    module = Unrolled(cell)
    program = saved_and_loaded(trace(module, sequences(2, 4), torch.tensor([4, 2])))
    assert "elman::unroll" in str(program.inlined_graph)
    x, lengths = sequences(3, 6), torch.tensor([6, 0, 2])
    torch.testing.assert_close(flat(program(x, lengths)), flat(module(x, lengths)))
    (found,) = torch.autograd.grad(program(x, lengths)[0].square().sum(), program.cell.weight_hh)
    (wanted,) = torch.autograd.grad(module(x, lengths)[0].square().sum(), cell.weight_hh)
    torch.testing.assert_close(found, wanted)


@with_and_without_gradients
@pytest.mark.parametrize("pre_dispatch", [False, True])
@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
@every_kind
def test_make_fx_records_the_operator(kind, mode, pre_dispatch, grad):
    ours, theirs = pair(kind, {"bidirectional": True})
    options: Any = {"tracing_mode": mode, "pre_dispatch": pre_dispatch}
    with torch.set_grad_enabled(grad), unchecked():
        graph = make_fx(lambda x: flat(ours(x)), _allow_non_fake_inputs=True, **options)(
            sequences(4, 2)
        )
    assert any("elman.unroll" in str(node.target) for node in graph.graph.nodes)
    x = sequences(7, 3) if mode == "symbolic" else sequences(4, 2) + 1
    torch.testing.assert_close(graph(x), flat(theirs(x)))


@every_shape
@every_kind
def test_make_fx_records_the_way_back(kind, options):
    ours, theirs = pair(kind, options)

    def gradients(layer):
        def of(x):
            outputs = layer(x)[0]
            outputs.add_(1)
            return torch.autograd.grad(outputs.square().sum(), [x, *layer.parameters()])

        return of

    with unchecked():
        graph = make_fx(gradients(ours))(sequences(4, 2).requires_grad_())
    x = (sequences(4, 2) + 1).requires_grad_()
    theirs.double(), x.double()
    wanted = torch.autograd.grad(
        (theirs(x.double())[0] + 1).square().sum(), [x, *theirs.parameters()]
    )
    for found, expected in zip(graph(x), wanted, strict=True):
        torch.testing.assert_close(found, expected, check_dtype=False, rtol=1e-4, atol=1e-4)


class Dispatched(TorchDispatchMode):
    """Remembers what torch ran."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


class Called(TorchFunctionMode):
    """Remembers what was called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


@with_and_without_gradients
@pytest.mark.parametrize("mode", [Dispatched, Called])
@every_kind
def test_modes_see_the_operator(kind, mode, grad):
    ours, theirs = pair(kind, {})
    x = sequences(4, 2)
    with torch.set_grad_enabled(grad), mode() as looking:
        outputs = ours(x)
    assert any("elman" in name for name in looking.seen)
    torch.testing.assert_close(flat(outputs), flat(theirs(x)))


@every_shape
@every_kind
def test_a_mode_around_the_way_back_alone_sees_it(kind, options):
    ours, theirs = pair(kind, options)
    x = sequences(4, 2)
    outputs = ours(x)[0]
    with torch.no_grad():
        outputs.mul_(2)  # changed in place: the operator computes them again
    loss = outputs.square().sum()
    with Dispatched() as looking:
        loss.backward()
    assert any("elman.unroll_backward" in name for name in looking.seen)
    wanted = theirs(x)[0]
    (wanted * wanted.detach() * 4).sum().backward()
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found.grad, expected.grad)


def test_second_derivatives_under_a_mode():
    ours, _ = pair("GRU", {"bidirectional": True})
    x = sequences(4, 2).requires_grad_()

    def twice():
        (first,) = torch.autograd.grad(ours(x)[0].square().sum(), x, create_graph=True)
        return torch.autograd.grad(first.square().sum(), [x, *ours.parameters()])

    wanted = twice()
    with Dispatched():
        torch.testing.assert_close(twice(), wanted)


@every_kind
def test_floating_point_operations_are_counted(kind):
    """Two for each entry of a weight, row and step; on the way back four."""
    ours, _ = pair(kind, {"bidirectional": True})
    x = sequences(4, 2)
    weights = sum(p.numel() for name, p in ours.named_parameters() if "weight" in name)
    by_states = sum(p.numel() for name, p in ours.named_parameters() if "weight_hh" in name)
    with FlopCounterMode(display=False) as counter:
        outputs = ours(x)[0]
        assert counter.get_total_flops() == 2 * 4 * 2 * weights
        outputs.sum().backward()
    back = 2 * 4 * 2 * (weights + by_states)  # nobody asked for gradients by the inputs
    assert counter.get_total_flops() == 2 * 4 * 2 * weights + back


def test_a_default_device_is_no_reason_to_go_round():
    ours, _ = pair("GRU", {})
    torch.set_default_device("cpu")
    try:
        assert "_Unroll" in type(ours(sequences(4, 2))[0].grad_fn).__name__
        with Called():
            assert not may_touch([])
    finally:
        torch.set_default_device(None)


@every_kind
def test_a_pending_sign_is_not_overlooked(kind):
    """An imaginary part of a conjugate has its sign in a bit beside its memory."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(1, 5)
    ours = getattr(elman.nn, kind)(1, 5)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(4, 2, 1, dtype=torch.complex64).conj().imag
    assert x.is_neg()
    torch.testing.assert_close(flat(ours(x)), flat(theirs(x)))
    outputs = ours(x.clone())[0]
    grad = torch.randn(4, 2, 5, dtype=torch.complex64).conj().imag
    found = torch.autograd.grad(outputs, ours.weight_hh_l0, grad)
    wanted = torch.autograd.grad(theirs(x)[0], theirs.weight_hh_l0, grad)
    torch.testing.assert_close(found, wanted)


def test_checks_leave_no_trace():
    def run(x):
        recorded = traced()
        with untraced():
            assert not traced()
            assert not (x * 2).sum() > x.shape[0] * 5
        assert traced() == recorded
        return x + 1

    assert str(trace(run, torch.ones(2)).graph).count("aten::") == 1
