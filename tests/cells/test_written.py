"""Written cells as torch modules: everything that built-in cells can do."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import pytest
import torch

from elman.blueprint import CellConfig
from elman.cells import (
    LearnedInitialState,
    Residual,
    Stacked,
    Written,
    Zoneout,
    more,
    written,
)
from elman.cells.written import written_class
from elman.errors import ArgumentError, BlueprintError, ShapeError
from elman.layers import bidirectional_unroll, dynamic_unroll
from elman.operators.notice import strict
from elman.operators.tapes import TapeJob, loop_tape
from elman.state import leaves, map_leaves, written_parts
from elman.unrolling.loop import loop
from elman.written import WrittenCell, log, sigmoid, sqrt, tanh, total
from tests.unchecked import unchecked

CELLS = [getattr(more, name) for name in more.__all__]


@written(weights={"w": ("2H", "I"), "u": ("H", "H"), "b": ("2H",)}, starts={"b": 0.5})
def light(x, state, w):
    """One gate, and a candidate of the input alone."""
    a, half = w.w @ x + w.b, len(state.hidden)
    z = sigmoid(a[:half] + w.u @ state.hidden)
    return z * state.hidden + (1 - z) * tanh(a[half:])


@written(weights={"w": ("H", "I"), "u": ("H", "H")}, name="noisy_step")
def noisy(x, state, w, noise, t):
    """Half of the units are new at each step, and a little of the step's number."""
    size = len(state.hidden)
    keep = noise(0.5, size)
    new = tanh(w.w @ x + w.u @ state.hidden) + 0.01 * t
    return keep * new + (1 - keep) * state.hidden


def some(cell_type, inputs=3, units=4, dtype=torch.float64):
    torch.manual_seed(0)
    return cell_type(inputs, units, dtype=dtype)


def close(one, other, tolerance=1e-9):
    assert torch.allclose(one, other, rtol=tolerance, atol=tolerance), (one - other).abs().max()


@pytest.mark.parametrize("cell_type", [*CELLS, light])
def test_a_sequence_equals_its_steps(cell_type):
    cell = some(cell_type)
    inputs = torch.randn(3, 6, 3, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([6, 0, 3])
    for reverse in (False, True):
        with strict():
            outputs, state = dynamic_unroll(cell, inputs, lengths=lengths, reverse=reverse)
        wanted, after = loop(cell, inputs, cell.initial_state(3), lengths, None, reverse)
        close(outputs, wanted)
        for one, other in zip(leaves(state), leaves(after), strict=True):
            close(one.double(), other.double())
        sources = [inputs, *cell.parameters()]
        costs = [
            (out.sin().sum() + hidden.hidden.sum())
            for out, hidden in ((outputs, state), (wanted, after))
        ]
        found = [
            torch.autograd.grad(cost, sources, materialize_grads=True, allow_unused=True)
            for cost in costs
        ]
        for one, other in zip(*found, strict=True):
            close(one, other)


@pytest.mark.parametrize("cell_type", [light, more.LeakyEcho, more.PhasedLSTM, more.MGU])
def test_resets_and_chunks(cell_type):
    cell = some(cell_type)
    inputs = torch.randn(3, 8, 3, dtype=torch.float64)
    resets = torch.zeros(3, 8, dtype=torch.bool)
    resets[0, 3] = resets[2, 5] = True
    outputs, _ = dynamic_unroll(cell, inputs, resets=resets)
    again, _ = dynamic_unroll(cell, inputs[:1, 3:])
    close(outputs[:1, 3:], again)
    wanted, _ = loop(cell, inputs, cell.initial_state(3), None, resets)
    close(outputs, wanted)
    state, parts = None, []
    for first in (0, 3):
        part, state = dynamic_unroll(
            cell, inputs[:, first : 3 if first == 0 else 8], initial_state=state
        )
        parts.append(part)
    close(torch.cat(parts, 1), dynamic_unroll(cell, inputs)[0], 0)


@pytest.mark.parametrize("cell_type", [light, more.SLSTM])
def test_differentiated_twice(cell_type):
    cell = some(cell_type, 2, 3)
    before = written_parts(cell.initial_state(2))
    job = TapeJob(cell.tape)

    def run(inputs, *weights):
        cell_weights = dict(zip((name for name, _ in cell.tape.weights), weights, strict=True))
        return torch.func.functional_call(_Unroll(cell), _named(cell_weights), (inputs,))

    inputs = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    weights = [weight.detach().requires_grad_() for weight in cell.weights()]
    assert torch.autograd.gradcheck(run, (inputs, *weights))
    assert torch.autograd.gradgradcheck(run, (inputs, *weights))
    outputs, _ = loop_tape(job, inputs, before, weights)
    close(outputs, run(inputs, *weights))


class _Unroll(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, inputs):
        return dynamic_unroll(self.cell, inputs)[0]


def _named(weights):
    return {f"cell.{name}": weight for name, weight in weights.items()}


def test_wrappers_stacks_and_both_directions():
    cell, upper = some(light, 4, 4), some(more.MinGRU, 4, 4)
    inputs = torch.randn(2, 5, 4, dtype=torch.float64)
    stack = Stacked([Residual(cell), LearnedInitialState(upper)])
    outputs, _ = dynamic_unroll(stack, inputs, lengths=[5, 2])
    first, _ = dynamic_unroll(cell, inputs, lengths=[5, 2])
    wanted, _ = dynamic_unroll(upper, inputs * (first != 0).any(-1, True) + first, lengths=[5, 2])
    close(outputs, wanted)
    (there, back), _ = bidirectional_unroll(cell, upper, inputs, lengths=[5, 2])
    assert (there[1, 2:] == 0).all()
    close(back[:, :1], dynamic_unroll(upper, inputs, lengths=[5, 2], reverse=True)[0][:, :1])
    zoned, _ = dynamic_unroll(Zoneout(cell, 0.5).eval(), inputs)
    assert zoned.shape == outputs.shape


def test_noise_is_a_function_of_keys_and_steps():
    cell = some(noisy)
    inputs = torch.randn(4, 6, 3, dtype=torch.float64)
    state = cell.initial_state(4)
    outputs, after = dynamic_unroll(cell, inputs, initial_state=state)
    close(outputs, dynamic_unroll(cell, inputs, initial_state=state)[0], 0)
    close(outputs, loop(cell, inputs, state)[0])
    assert after.counted[1].tolist() == [6] * 4
    halves, left = dynamic_unroll(cell, inputs[:, :2], initial_state=state)
    close(
        torch.cat([halves, dynamic_unroll(cell, inputs[:, 2:], initial_state=left)[0]], 1), outputs
    )
    other = cell.initial_state(4)
    assert not torch.equal(dynamic_unroll(cell, inputs, initial_state=other)[0], outputs)
    cell.eval()
    quiet, _ = dynamic_unroll(cell, inputs)
    close(quiet, dynamic_unroll(cell, inputs)[0], 0)


def test_within_a_memory_budget():
    cell = some(light)
    inputs = torch.randn(2, 40, 3, dtype=torch.float64)
    sources = list(cell.parameters())
    whole, _ = dynamic_unroll(cell, inputs)
    parts, _ = dynamic_unroll(cell, inputs, memory=4)
    close(whole, parts, 0)
    for one, other in zip(
        torch.autograd.grad(whole.sin().sum(), sources),
        torch.autograd.grad(parts.sin().sum(), sources),
        strict=True,
    ):
        close(one, other)


def compile_and_compare() -> None:
    """One graph, with the eager results and gradients."""
    cell = some(light, dtype=torch.float32)
    inputs = torch.randn(2, 5, 3, requires_grad=True)
    compiled = torch.compile(
        lambda x: dynamic_unroll(cell, x)[0], backend="aot_eager", fullgraph=True
    )
    outputs = compiled(inputs)
    wanted, _ = dynamic_unroll(cell, inputs)
    close(outputs, wanted, 0)
    for one, other in zip(
        torch.autograd.grad(outputs.sin().sum(), [inputs, *cell.parameters()]),
        torch.autograd.grad(wanted.sin().sum(), [inputs, *cell.parameters()]),
        strict=True,
    ):
        close(one, other, 1e-6)


def test_is_compiled():
    # In a process of its own: torch.compile cannot trace the tests' checks of annotations.
    code = "from tests.cells import test_written as t; t.compile_and_compare()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
def test_graphs_see_an_operator():
    cell = some(light, dtype=torch.float32)
    inputs = torch.randn(2, 5, 3, requires_grad=True)
    wanted, _ = dynamic_unroll(cell, inputs)
    with unchecked():
        traced = torch.jit.trace(_Unroll(cell), inputs)
    close(traced(inputs), wanted, 1e-6)
    torch.library.opcheck(
        torch.ops.elman.unroll_tape.default,
        (
            inputs,
            [cell.initial_state(2).hidden],
            list(cell.weights()),
            *(None, None, None, None, False),
            json.dumps(cell.tape.to_data()),
        ),
    )


def test_transforms_of_torch_func():
    cell = some(more.IndRNN)
    inputs = torch.randn(3, 2, 4, 3, dtype=torch.float64)
    found = torch.func.vmap(lambda x: dynamic_unroll(cell, x)[0])(inputs)
    wanted = torch.stack([dynamic_unroll(cell, each)[0] for each in inputs])
    close(found, wanted)


def test_is_pickled_and_copied():
    cell = some(light)
    for again in (pickle.loads(pickle.dumps(cell)), copy.deepcopy(cell)):
        assert isinstance(again, Written)
        inputs = torch.ones(1, 2, 3, dtype=torch.float64)
        close(dynamic_unroll(again, inputs)[0], dynamic_unroll(cell, inputs)[0], 0)


def test_weights_start_as_they_are_told():
    cell = some(light)
    assert cell.b.tolist() == [0.5] * 8
    close(cell.u @ cell.u.T, torch.eye(4, dtype=torch.float64))
    phased = some(more.PhasedLSTM)
    assert ((phased.tau >= 0) & (phased.tau <= 6)).all()


def test_what_does_not_fit_is_refused():
    cell = some(light)
    inputs = torch.zeros(2, 3, 3, dtype=torch.float64)
    with pytest.raises(ShapeError, match="pass \\[B, T, 3\\]"):
        dynamic_unroll(cell, inputs[..., :2])
    with pytest.raises(ShapeError, match="initial_state"):
        dynamic_unroll(
            cell,
            inputs,
            initial_state=cell.initial_state(2)._replace(
                hidden=torch.zeros(2, 5, dtype=torch.float64)
            ),
        )
    with pytest.raises(ShapeError, match="as the weights are"):
        dynamic_unroll(cell, inputs.float())
    with pytest.raises(ArgumentError):
        light(0, 3)
    with pytest.raises(ArgumentError, match="there are \\['leak'\\]"):
        more.LeakyEcho(3, 4, lack=0.1)
    assert more.LeakyEcho(3, 4, leak=0.1).output_size == 4


def test_names_and_starts_that_no_module_can_have():
    shapes = {"w": ("H", "I"), "b": ("H",)}

    def made(weights=None, starts=None):
        cell = WrittenCell(
            lambda x, state, w: state.hidden + x[:1],
            "wrong",
            weights=shapes if weights is None else weights,
            starts=starts,
            inputs=3,
        )
        return written_class(cell, "Wrong", __name__)(3, 4)

    with pytest.raises(ArgumentError, match="found the name 'training'; choose another"):
        made({"training": ("H", "I")})
    with pytest.raises(ArgumentError, match="found \\(2, 1\\)"):
        made(starts={"w": (2, 1)})
    with pytest.raises(ArgumentError, match="'orthogonal' of a weight of one axis"):
        made(starts={"b": "orthogonal"})


def test_without_a_weight_of_the_inputs_a_model_must_know_how_many_there_are():
    def summed(x, state, w):
        return tanh(w.decay * state.hidden + total(x))

    given = {"weights": {"decay": ("H",)}}
    with pytest.raises(BlueprintError, match="say of the cell how many `inputs`"):
        CellConfig("summed", 4, tape=WrittenCell(summed, "summed", **given).tape(4))
    known = WrittenCell(summed, "summed", inputs=3, **given).tape(4)
    assert CellConfig("summed", 4, tape=known).shapes(3) == {"decay": (4,)}


def test_a_cell_called_as_one_of_the_family_replaces_it():
    script = """
from elman.blueprint import CellConfig, cell_kinds
from elman.cells import written

@written(weights={"mine": ("H", "I")})
def sru(x, state, w):
    return w.mine @ x

cell_kinds()
assert CellConfig("sru", 4).shapes(3) == {"mine": (4, 3)}, CellConfig("sru", 4).shapes(3)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.float16])
def test_a_state_of_another_dtype_is_refused(dtype):
    cell = some(light, dtype=torch.float32)
    state = map_leaves(lambda part: part.to(dtype), cell.initial_state(2))
    with pytest.raises(ShapeError, match=f"found {dtype}"):
        dynamic_unroll(cell, torch.randn(2, 3, 3), initial_state=state)


def test_steps_past_a_length_leave_second_derivatives_finite():
    @written(weights={"w": ("H", "I")}, name="singular_at_zero")
    def singular(x, state, w):
        return log(abs(w.w @ x)) + 0.5 * state.hidden / sqrt(total(x * x))

    cell = some(singular)
    inputs = torch.randn(3, 4, 3, dtype=torch.float64)
    inputs[1, 2:] = inputs[2] = torch.nan
    inputs.requires_grad_()
    sources = [inputs, *cell.parameters()]
    for reverse in (False, True):
        outputs, _ = dynamic_unroll(cell, inputs, lengths=[4, 2, 0], reverse=reverse)
        cost = outputs.square().sum()
        wanted = torch.autograd.grad(cost, sources, retain_graph=True)
        found = torch.autograd.grad(cost, sources, create_graph=True)
        for one, other in zip(wanted, found, strict=True):
            close(one, other)
        (twice,) = torch.autograd.grad(found[1].sum(), cell.parameters())
        assert twice.isfinite().all()
