"""Loops of cells that are learnt from, beside torch's own cells."""

from __future__ import annotations

import copy
import gc
import weakref

import pytest
import torch
from torch.utils.checkpoint import checkpoint

import elman
import elman.nn
from elman.errors import ShapeError, TwinShapeError
from elman.kernels.compiled import available_isas, isa, module
from elman.operators import stepping

KINDS = ["LSTMCell", "GRUCell"]
pytestmark = pytest.mark.skipif(not available_isas(), reason="without a compiled module")


def _pair(kind, inputs=3, hidden=5, dtype=torch.float64, **options):
    torch.manual_seed(1)
    theirs = getattr(torch.nn, kind)(inputs, hidden, dtype=dtype, **options)
    ours = getattr(elman.nn, kind)(inputs, hidden, dtype=dtype, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def _loop(cell, inputs, state=None, between=lambda t, state: state):
    outputs = []
    for t, step in enumerate(inputs):
        state = between(t, cell(step, state))
        outputs.append(state[0] if isinstance(state, tuple) else state)
    return torch.stack(outputs), state


def _start(kind, batch=4, hidden=5, dtype=torch.float64):
    first = torch.randn(batch, hidden, dtype=dtype, requires_grad=True)
    if kind == "GRUCell":
        return first
    return first, torch.randn(batch, hidden, dtype=dtype, requires_grad=True)


def _leaves(state):
    return list(state) if isinstance(state, tuple) else [state]


def _both(cells, found):
    """`found(cell)` of both, which must be alike."""
    for mine, other in zip(*map(found, cells), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)


@pytest.fixture
def taken(monkeypatch):
    """How many steps went by our own way."""
    counts = []
    forward = stepping._forward
    monkeypatch.setattr(
        stepping, "_forward", lambda *given: counts.append(given[0]) or forward(*given)
    )
    return counts


@pytest.mark.parametrize("level", available_isas())
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("hidden", [1, 5, 16, 35])
@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_has_torchs_outputs_and_gradients(kind, hidden, bias, level, taken):
    cells = _pair(kind, hidden=hidden, bias=bias)
    inputs = torch.randn(7, 4, 3, dtype=torch.float64, requires_grad=True)
    state = _start(kind, hidden=hidden)

    def found(cell):
        outputs, final = _loop(cell, inputs, state)
        weight = torch.arange(1.0, 1 + outputs.numel()).view_as(outputs) / outputs.numel()
        loss = (outputs * weight).sum() + sum(leaf.square().sum() for leaf in _leaves(final))
        wanted = [inputs, *_leaves(state), *cell.parameters()]
        return [outputs, *torch.autograd.grad(loss, wanted)]

    before = isa()
    module().use_isa(level)
    try:
        _both(cells, found)
    finally:
        module().use_isa(before)
    assert len(taken) == 7


@pytest.mark.parametrize("kind", KINDS)
def test_in_single_precision(kind, taken):
    cells = _pair(kind, 20, 40, torch.float32)
    inputs = torch.randn(30, 6, 20)

    def found(cell):
        return torch.autograd.grad(_loop(cell, inputs)[0].sum(), list(cell.parameters()))

    for mine, other in zip(*map(found, cells), strict=True):
        torch.testing.assert_close(mine, other, rtol=2e-5, atol=2e-4)
    assert len(taken) == 30


@pytest.mark.parametrize("kind", KINDS)
def test_central_differences_of_first_and_second_derivatives(kind):
    cell, _ = _pair(kind, 2, 3)
    inputs = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    state = _start(kind, 2, 3)

    def run(inputs, *rest):
        state = rest[0] if kind == "GRUCell" else rest[:2]
        names = [name for name, _ in cell.named_parameters()]
        weights = dict(zip(names, rest[-4:], strict=True))

        def step(x, s):
            return torch.func.functional_call(cell, weights, (x, s))

        return _loop(step, inputs, state)[0]

    given = (inputs, *_leaves(state), *cell.parameters())
    assert torch.autograd.gradcheck(run, given)
    assert torch.autograd.gradgradcheck(run, given)


@pytest.mark.parametrize("kind", KINDS)
def test_many_steps_are_summed_up_in_parts(kind, monkeypatch):
    monkeypatch.setattr(stepping, "_TOGETHER", 100)  # some steps together
    cells = _pair(kind)
    sizes = [2, 1, 3, 9, 2]  # rows of each step: later ones are larger than what was made room for
    steps = [torch.randn(size, 3, dtype=torch.float64) for size in sizes]

    def found(cell):
        state, total = None, 0.0
        for step in reversed(steps):
            if state is not None:
                state = (
                    tuple(_resized(leaf, len(step)) for leaf in state)
                    if isinstance(state, tuple)
                    else _resized(state, len(step))
                )
            state = cell(step, state)
            total = total + _leaves(state)[0].square().sum()
        return torch.autograd.grad(total, list(cell.parameters()))

    _both(cells, found)


def _resized(leaf, rows):
    return leaf[:rows] if rows <= len(leaf) else torch.cat([leaf, leaf, leaf, leaf, leaf])[:rows]


@pytest.mark.parametrize("kind", KINDS)
def test_steps_of_one_loop_are_found_behind_masks_and_dropout(kind):
    cell, theirs = _pair(kind)
    inputs = torch.randn(6, 4, 3, dtype=torch.float64)
    mask = torch.tensor([1.0, 0.0, 1.0, 0.5]).double()[:, None]

    def masked(t, state):
        changed = [leaf * mask * 1.5 for leaf in _leaves(state)]
        return tuple(changed) if isinstance(state, tuple) else changed[0]

    def found(cell):
        outputs, _ = _loop(cell, inputs, between=masked)
        return [outputs, *torch.autograd.grad(outputs.sum(), list(cell.parameters()))]

    _both((cell, theirs), found)
    state = _leaves(_loop(cell, inputs[:1], between=masked)[1])[0]
    loop = stepping._loop_of((None, state), _weights(cell))
    assert loop is not None
    later = _leaves(_loop(cell, inputs, (state, state) if kind == "LSTMCell" else state, masked)[1])
    assert stepping._loop_of((None, later[0]), _weights(cell)) is loop
    assert stepping._loop_of((None, later[0]), _weights(theirs)) is None


def _weights(cell):
    return [cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh]


@pytest.mark.parametrize("kind", KINDS)
def test_several_ways_back_do_not_see_each_other(kind):
    cells = _pair(kind)
    inputs = torch.randn(5, 4, 3, dtype=torch.float64, requires_grad=True)

    def found(cell):
        outputs, _ = _loop(cell, inputs)
        first = torch.autograd.grad(outputs[2].sum(), [inputs], retain_graph=True)
        again = torch.autograd.grad(outputs[4].sum(), list(cell.parameters()), retain_graph=True)
        last = torch.autograd.grad(outputs.sum(), [inputs, *cell.parameters()])
        return [*first, *again, *last]

    _both(cells, found)


def test_ways_back_that_do_not_end_at_the_weights_leave_nothing():
    cell, _ = _pair("LSTMCell")
    inputs = torch.randn(5, 4, 3, dtype=torch.float64, requires_grad=True)
    outputs, state = _loop(cell, inputs)
    loop = stepping._loop_of(state, _weights(cell))
    for output in outputs:
        torch.autograd.grad(output.sum(), [inputs], retain_graph=True)
    assert loop.notes._sheets == {}
    outputs.sum().backward(inputs=[cell.weight_hh])
    assert cell.weight_hh.grad.abs().sum() > 0
    assert cell.weight_ih.grad is None
    assert loop.notes._sheets == {}


def test_a_way_back_that_breaks_off_leaves_nothing():
    cells = _pair("LSTMCell")
    inputs = torch.randn(5, 4, 3, dtype=torch.float64)

    def found(cell):
        outputs, _ = _loop(cell, inputs)
        breaks = [True]

        def hook(grad):
            if breaks:
                raise KeyboardInterrupt

        outputs.grad_fn.next_functions[1][0].register_prehook(lambda grads: hook(grads))
        with pytest.raises(KeyboardInterrupt):
            outputs.sum().backward(retain_graph=True)
        breaks.clear()
        cell.zero_grad()
        outputs.sum().backward()
        return [p.grad for p in cell.parameters()]

    _both(cells, found)


@pytest.mark.parametrize("kind", KINDS)
def test_some_weights_frozen_or_all(kind):
    inputs = torch.randn(5, 4, 3, dtype=torch.float64, requires_grad=True)
    for frozen in (["weight_hh"], ["weight_ih", "bias_hh"], None):
        cells = _pair(kind)
        for cell in cells:
            for name, parameter in cell.named_parameters():
                parameter.requires_grad_(frozen is not None and name not in frozen)

        def found(cell):
            cell.zero_grad()
            inputs.grad = None
            _loop(cell, inputs)[0].square().sum().backward()
            return [inputs.grad, *(p.grad for p in cell.parameters() if p.requires_grad)]

        _both(cells, found)


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_hooks_and_autocast(kind):
    cells = _pair(kind, dtype=torch.float32)
    inputs = torch.randn(5, 4, 3, requires_grad=True)

    def plain(cell):
        return torch.autograd.grad(_loop(cell, inputs)[0].sum(), [inputs, *cell.parameters()])

    def checkpointed(cell):
        outputs = checkpoint(lambda x: _loop(cell, x)[0], inputs, use_reentrant=False)
        return torch.autograd.grad(outputs.sum(), [inputs, *cell.parameters()])

    def moved(cell):
        with torch.autograd.graph.save_on_cpu():
            outputs = _loop(cell, inputs)[0]
        return torch.autograd.grad(outputs.sum(), [inputs, *cell.parameters()])

    def under_autocast(cell):
        outputs = _loop(cell, inputs)[0]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return torch.autograd.grad(outputs.sum(), [inputs, *cell.parameters()])

    wanted = plain(cells[1])
    for way in (plain, checkpointed, moved, under_autocast):
        for mine, other in zip(way(cells[0]), wanted, strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5, msg=way.__name__)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_changed_before_the_way_back_are_refused_as_by_torch(kind):
    for cell in _pair(kind):
        outputs, _ = _loop(cell, torch.randn(3, 4, 3, dtype=torch.float64))
        with torch.no_grad():
            cell.weight_hh.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            outputs.sum().backward()


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_may_be_changed_in_place(kind):
    cells = _pair(kind)
    inputs = torch.randn(3, 4, 3, dtype=torch.float64)

    def found(cell):
        state = cell(inputs[0])
        leaf = _leaves(state)[0]
        leaf *= 2
        outputs, _ = _loop(cell, inputs[1:], state)
        return torch.autograd.grad(outputs.sum(), list(cell.parameters()))

    _both(cells, found)


def test_a_hook_that_gives_back_something_else_is_refused():
    cell, _ = _pair("LSTMCell")
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x[:1]):
        outputs, _ = _loop(cell, torch.randn(1, 4, 3, dtype=torch.float64))
    with pytest.raises(ShapeError, match="a hook gave back"):
        outputs.sum().backward()


def test_inputs_of_another_dtype_in_a_loop_are_told():
    cell, _ = _pair("GRUCell")
    state = cell(torch.randn(4, 3, dtype=torch.float64))
    with pytest.raises(TwinShapeError, match=r"GRUCell input: found torch\.float32"):
        cell(torch.randn(4, 3), state.float())


def test_the_graph_is_let_go_and_a_cell_may_be_copied():
    cell, _ = _pair("LSTMCell")
    outputs, state = _loop(cell, torch.randn(3, 4, 3, dtype=torch.float64))
    loop = weakref.ref(stepping._loop_of(state, _weights(cell)))
    assert loop() is not None
    copy.deepcopy(cell)
    gc.disable()
    try:
        del outputs, state
        assert loop() is None  # without the garbage collector: there is no cycle
    finally:
        gc.enable()


def test_training_with_changed_data_goes_on_as_with_torch():
    """As some lessons do it: the weights are changed behind autograd's back."""
    cells = _pair("GRUCell")
    inputs = torch.randn(5, 4, 3, dtype=torch.float64)

    def found(cell):
        for _ in range(3):
            cell.zero_grad()
            _loop(cell, inputs)[0].square().sum().backward()
            for parameter in cell.parameters():
                parameter.data.add_(parameter.grad.data, alpha=-0.1)
        return list(cell.parameters())

    _both(cells, found)


@pytest.mark.parametrize("kind", KINDS)
def test_where_others_look_on_it_is_torchs_own(kind, taken):
    cell, theirs = _pair(kind)
    inputs, state = torch.randn(4, 3, dtype=torch.float64), _start(kind)
    with torch.no_grad():
        cell(inputs, state)
    weights = dict(cell.named_parameters())

    def loss(weights):
        found = torch.func.functional_call(cell, weights, (inputs, state))
        return _leaves(found)[0].sum()

    grads = torch.func.grad(loss)(weights)
    assert not taken
    wanted = torch.autograd.grad(_leaves(theirs(inputs, state))[0].sum(), list(theirs.parameters()))
    for mine, other in zip(grads.values(), wanted, strict=True):
        torch.testing.assert_close(mine, other)
