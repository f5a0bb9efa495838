"""A memory budget changes no number: outputs to the bit, gradients to rounding, for every cell.

Where torch's matrix products make the outputs they are the same to rounding, too.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from elman.cells import Dropout, GRUCell, LSTMCell, RNNCell, Stacked
from elman.errors import ArgumentError, ShapeError
from elman.layers import dynamic_unroll
from elman.state import RNNState, leaves
from elman.unrolling.budget import plans
from elman.unrolling.probe import probe
from tests.cell_zoo import (
    CELLS,
    FEATURES,
    MinimalGated,
    assert_same_bits,
    make,
    random_inputs,
    random_state,
)
from tests.unchecked import unchecked

every_cell = pytest.mark.parametrize("name", CELLS)


def everything(cell, inputs, start, seed=3, **options):
    """Outputs, final state and all gradients of a cost that weighs every entry differently."""
    inputs = inputs.detach().clone()
    given = [inputs, *leaves(start)]
    given = [each.requires_grad_() for each in given if each.is_floating_point()]
    given += list(cell.parameters()) if isinstance(cell, nn.Module) else []
    torch.manual_seed(seed)
    outputs, final = dynamic_unroll(cell, inputs, initial_state=start, **options)
    drawn_after = torch.rand(1)
    ends = [outputs, *leaves(final)]
    ends = [end for end in ends if end.requires_grad]
    weights = torch.Generator().manual_seed(4)
    cost = sum((end * torch.randn(end.shape, generator=weights)).sum() for end in ends)
    found = torch.autograd.grad(cost, given, allow_unused=True) if ends else []
    return [outputs, *leaves(final), drawn_after], found


def assert_same(found, expected, tolerance=1e-12, name="own_module"):
    """`name`: of a cell that rounds alike."""
    for ours, whole in zip(found[0], expected[0], strict=True):
        assert_same_bits(name, ours, whole)
    for ours, whole in zip(found[1], expected[1], strict=True):
        if ours is None or whole is None:  # no gradient, which may also be said by zeros
            assert not any(each is not None and each.any() for each in (ours, whole))
        else:
            largest = max(1.0, float(whole.abs().max())) if whole.numel() else 1.0
            torch.testing.assert_close(ours, whole, rtol=0, atol=tolerance * largest)


def chosen_steps(steps):
    """Some steps of so many, in each way of naming them."""
    pairs = st.tuples(st.integers(0, steps), st.integers(0, steps)).map(lambda pair: slice(*pair))
    listed = st.sets(st.integers(0, steps - 1)).map(sorted)
    masks = st.lists(st.booleans(), min_size=steps, max_size=steps)
    return st.one_of(st.none(), st.just("last"), pairs, listed, masks)


@every_cell
@settings(max_examples=4)
@given(data=st.data())
def test_the_same_numbers_with_few_states(name, data):
    cell = make(name)
    steps = data.draw(st.integers(1, 9))
    lengths = st.lists(st.integers(0, steps), min_size=1, max_size=3)
    options = {
        "lengths": data.draw(st.none() | lengths),
        "reverse": data.draw(st.booleans()),
        "steps": data.draw(chosen_steps(steps)),
    }
    rows = 3 if options["lengths"] is None else len(options["lengths"])
    inputs, start = random_inputs(rows, steps), random_state(cell, rows)
    memory = data.draw(st.integers(1, 9))
    with unchecked():  # checking shapes takes longer than the steps
        expected = everything(cell, inputs, start, **options)
        found = everything(cell, inputs, start, memory=memory, **options)
    assert_same(found, expected, name=name)


@every_cell
@settings(max_examples=2)
@given(data=st.data())
def test_the_same_numbers_through_resets(name, data):
    cell = make(name, training=False)  # in training a reset row draws fresh masks
    flags = st.lists(st.booleans(), min_size=8, max_size=8)
    options = {
        "lengths": data.draw(st.none() | st.just([8, 3])),
        "reverse": data.draw(st.booleans()),
        "resets": torch.tensor([data.draw(flags), data.draw(flags)]),
    }
    inputs, start = random_inputs(2, 8), random_state(cell, 2)
    with unchecked():
        expected = everything(cell, inputs, start, **options)
        found = everything(cell, inputs, start, memory=3, **options)
    assert_same(found, expected, name=name)


@pytest.mark.parametrize("name", ["lstm", "own_module", "dropout_recurrent"])
@settings(max_examples=4)
@given(data=st.data())
def test_the_same_numbers_within_so_many_bytes(name, data):
    """Few bytes: states are computed again and again."""
    cell = make(name)
    steps = data.draw(st.integers(20, 60))
    inputs, start = random_inputs(2, steps), random_state(cell, 2)
    needs = probe(
        cell,
        lambda some, state: dynamic_unroll(cell, some, initial_state=state),
        inputs[:, :4].clone().requires_grad_(),
        start,
    )
    least = needs.fixed_bytes + 2 * needs.state_bytes + needs.step_bytes
    more = data.draw(st.integers(0, 8)) * (needs.state_bytes + needs.step_bytes)
    with unchecked(), plans() as made:
        expected = everything(cell, inputs, start)
        found = everything(cell, inputs, start, memory=f"{least + more}B")
    assert_same(found, expected, name=name)
    assert made[0].bytes <= least + more
    assert made[0].extra_forwards >= 1


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell, GRUCell])
def test_single_precision(kind):
    cell = kind(3, 16, generator=torch.Generator().manual_seed(0))
    inputs = random_inputs(4, 300).float()
    start = cell.initial_state(4)
    expected = everything(cell, inputs, start)
    found = everything(cell, inputs, start, memory=17)
    assert_same(found, expected, tolerance=1e-5, name="rnn")


class Noisy(MinimalGated):
    """A user's cell that draws from torch's generator at every step."""

    def forward(self, inputs, previous):
        outputs, after = super().forward(nn.functional.dropout(inputs, 0.5), previous)
        return outputs + 0.1 * torch.randn_like(outputs), after


@pytest.mark.parametrize("memory", [2, 5, "200KB"])
def test_random_draws_are_repeated(memory):
    cell, inputs = Noisy(), random_inputs(2, 200)
    expected = everything(cell, inputs, random_state(cell, 2), lengths=[200, 90])
    with plans() as made:
        found = everything(cell, inputs, random_state(cell, 2), lengths=[200, 90], memory=memory)
    assert made[0].segments > 1
    assert_same(found, expected)


def test_a_reset_row_draws_the_same_keys_again():
    cell, inputs = Dropout(GRUCell(3, 4, dtype=torch.float64), input=0.5), random_inputs(2, 12)
    options = {"resets": torch.arange(24).reshape(2, 12) % 5 == 0}
    expected = everything(cell, inputs, random_state(cell, 2), **options)
    found = everything(cell, inputs, random_state(cell, 2), memory=3, **options)
    assert_same(found, expected, name="dropout")


def test_the_generator_goes_on_as_if_nothing_had_been_run_again():
    cell, inputs = Noisy(), random_inputs(2, 20)
    torch.manual_seed(0)
    outputs, _ = dynamic_unroll(cell, inputs, memory=4)
    before = torch.get_rng_state()
    outputs.sum().backward()
    assert torch.equal(torch.get_rng_state(), before)


def test_autocast_is_repeated():
    cell, inputs = MinimalGated().float(), random_inputs(2, 20).float()
    start = RNNState(torch.zeros(2, 2))
    with torch.autocast("cpu", torch.bfloat16):
        expected, _ = dynamic_unroll(cell, inputs, initial_state=start)
        found, _ = dynamic_unroll(cell, inputs, initial_state=start, memory=4)
    assert found.dtype == expected.dtype
    torch.testing.assert_close(found, expected)
    by = list(cell.parameters())
    whole = torch.autograd.grad(expected.float().square().sum(), by)
    ours_all = torch.autograd.grad(found.float().square().sum(), by)
    for ours, theirs in zip(ours_all, whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)


class Plain:
    """A cell that is no module: what it learns is found by looking at its first steps."""

    def __init__(self):
        self.weight = torch.full((FEATURES,), 0.5, dtype=torch.float64, requires_grad=True)
        self.late = torch.ones(FEATURES, dtype=torch.float64, requires_grad=True)
        self.late_step = 10**9

    def initial_state(self, batch):
        zeros = torch.zeros(batch, FEATURES, dtype=torch.float64)
        return RNNState(zeros), torch.zeros(batch, dtype=torch.int64)

    def __call__(self, inputs, state):
        (before,), step = state
        total = torch.tanh(self.weight * before + inputs)
        if int(step[0]) >= self.late_step:
            total = total * self.late
        return total, (RNNState(total), step + 1)


def test_what_a_plain_object_learns():
    cell, inputs = Plain(), random_inputs(2, 12)
    whole = dynamic_unroll(cell, inputs)[0].square().sum()
    found = dynamic_unroll(cell, inputs, memory=3)[0].square().sum()
    (expected,) = torch.autograd.grad(whole, cell.weight)
    torch.testing.assert_close(
        torch.autograd.grad(found, cell.weight)[0], expected, rtol=1e-12, atol=0
    )


def test_what_it_learns_only_later_is_refused():
    cell = Plain()
    cell.late_step = 6
    outputs, _ = dynamic_unroll(cell, random_inputs(2, 12), memory=3)
    with pytest.raises(ArgumentError, match=r"reaches a tensor \[3\].*make it a parameter"):
        outputs.sum().backward()


def test_parametrised_weights():
    """What the step computes its weights from is found, too."""
    cell = MinimalGated()
    nn.utils.parametrizations.weight_norm(cell.gate)
    inputs, start = random_inputs(2, 12), random_state(cell, 2)
    expected = everything(cell, inputs, start)
    assert_same(everything(cell, inputs, start, memory=3), expected)


def test_buffers_notice_the_probe_as_little_as_the_generators():
    class Counting(MinimalGated):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, inputs, previous):
            self.calls += 1
            return super().forward(inputs, previous)

    cell = Counting()
    dynamic_unroll(cell, random_inputs(2, 12), memory=3)
    assert cell.calls == 12


def test_one_step_before_the_last_has_no_cost():
    """Where no gradient flows nothing is run again."""
    cell = MinimalGated()
    calls = []
    cell.register_forward_hook(lambda *_: calls.append(1))
    outputs, _ = dynamic_unroll(cell, random_inputs(2, 40), steps=slice(0, 10), memory=3)
    before = len(calls)
    outputs.sum().backward()
    assert len(calls) - before == 10


def test_gradients_are_taken_once_and_not_differentiated():
    cell, inputs = make("lstm"), random_inputs(2, 12)
    cost = dynamic_unroll(cell, inputs, memory=3)[0].square().sum()
    with pytest.raises(ArgumentError, match=r"second derivatives: .*leave out memory="):
        torch.autograd.grad(cost, list(cell.parameters()), create_graph=True)
    cost.backward(retain_graph=True)
    with pytest.raises(ArgumentError, match=r"retain_graph: .*run it forward again"):
        cost.backward()


def test_changed_weights_are_noticed():
    cell = make("gru")
    outputs, _ = dynamic_unroll(cell, random_inputs(2, 12), memory=3)
    with torch.no_grad():
        cell.bias.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()


def test_nothing_to_do():
    cell = make("lstm")
    for rows, steps in ((0, 5), (2, 0), (2, 1)):
        outputs, _ = dynamic_unroll(cell, random_inputs(rows, steps), memory=3)
        assert outputs.shape == (rows, steps, 2)
    outputs, _ = dynamic_unroll(cell, random_inputs(2, 6), lengths=[0, 0], memory=3)
    assert (outputs == 0).all()
    with torch.no_grad():
        assert not dynamic_unroll(cell, random_inputs(2, 6), memory=3)[0].requires_grad


@pytest.mark.parametrize("memory", [0, True, "5", "5 mb", 2.5])
def test_no_such_memory(memory):
    with unchecked(), pytest.raises(ArgumentError, match="memory: found"):
        dynamic_unroll(make("lstm"), random_inputs(2, 6), memory=memory)


def test_too_little_memory():
    with pytest.raises(ArgumentError, match=r"memory: found '1KB'; the smallest plan takes .*KB"):
        dynamic_unroll(make("lstm"), random_inputs(2, 6), memory="1KB")


def test_steps_that_are_not_there():
    for memory in (None, 3):
        with pytest.raises(ArgumentError, match="steps: found 6"):
            dynamic_unroll(make("lstm"), random_inputs(2, 6), steps=[6], memory=memory)
        with pytest.raises(ShapeError, match=r"a mask .6."):
            dynamic_unroll(make("lstm"), random_inputs(2, 6), steps=[True], memory=memory)


def test_one_plan_for_a_whole_stack():
    stack = Stacked([LSTMCell(3, 4), GRUCell(4, 4)])
    with plans() as made:
        dynamic_unroll(stack, torch.ones(2, 50, 3), memory=4)
    assert [str(plan) for plan in made] == ["T=50: 4 checkpoints, 1 extra forward"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
@pytest.mark.parametrize(
    ("warm_up", "most"), [("train(5000)", 7000), ("pass", 11_000)], ids=["later", "first"]
)
@pytest.mark.parametrize("cell", ["LSTMCell(4, 64)", "Stacked([GRUCell(4, 64), RNNCell(64, 64)])"])
def test_it_stays_inside_the_budget(cell, warm_up, most):
    """A process's first call may add 4 MiB: code that is read then, and what threads need."""
    script = f"""
import torch
from elman.cells import GRUCell, LSTMCell, RNNCell, Stacked
from elman.layers import dynamic_unroll

torch.set_num_threads(1)
cell = {cell}

def train(steps):
    _, state = dynamic_unroll(cell, inputs[:, :steps], steps=[], memory="6MB")
    sum(leaf.sum() for leaf in torch.utils._pytree.tree_leaves(state)).backward()

def status(field):
    with open("/proc/self/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith(field)).split()[1])

inputs = torch.randn(4, 30_000, 4)
{warm_up}
with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
    file.write("5")
before = status("VmRSS")
train(30_000)
print(status("VmHWM") - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    # Of 1024 bytes, with a sixth for what the allocator holds; keeping everything takes 180,000.
    assert int(done.stdout) < most
