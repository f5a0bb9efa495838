"""Recurrent batch normalisation: the paper's equations, whose rows count, and the averages."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import elman
from elman import state as states
from elman.cells import (
    BatchNormLSTMCell,
    BatchNormRNNCell,
    Dropout,
    LSTMCell,
    Stacked,
    Zoneout,
    initialise,
)
from elman.cells.batch_norm import BatchNormState
from elman.errors import ArgumentError, ShapeError
from elman.layers import dynamic_unroll
from elman.state import LSTMState
from tests.cell_zoo import FEATURES, assert_states_close, random_inputs, random_state
from tests.unchecked import unchecked

HIDDEN = 4
KINDS = {"rnn": BatchNormRNNCell, "lstm": BatchNormLSTMCell}
both = pytest.mark.parametrize("kind", KINDS)


def make(kind, max_steps=10, **options):
    """A cell in training with weights, bias, gains and shifts without a pattern."""
    draw = torch.Generator().manual_seed(3)
    cell = KINDS[kind](FEATURES, HIDDEN, max_steps=max_steps, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(0, 0.7, generator=draw)
    return cell


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def normalise(values, norm):
    """The batch's own statistics: its variance is the biased one, as in Ioffe and Szegedy 2015."""
    normal = (values - values.mean(0)) / np.sqrt(values.var(0) + 1e-5)
    shift = 0 if norm.shift is None else norm.shift.detach().numpy()
    return norm.gain.detach().numpy() * normal + shift


def by_equations(cell, inputs, lengths):
    """Section 3 of the paper over time, in NumPy; rows that have ended are not there."""
    parameters = (cell.weight_ih, cell.weight_hh, cell.bias)
    from_inputs, recurrent, bias = (p.detach().numpy() for p in parameters)
    hidden = np.zeros((len(inputs), HIDDEN))
    memory = hidden.copy()
    outputs = np.zeros((*inputs.shape[:2], HIDDEN))
    for t in range(inputs.shape[1]):
        rows = np.flatnonzero(np.array(lengths) > t)
        gates = normalise(inputs[rows, t] @ from_inputs.T, cell.norm_ih)
        gates = gates + normalise(hidden[rows] @ recurrent.T, cell.norm_hh) + bias
        if isinstance(cell, BatchNormRNNCell):
            hidden[rows] = np.tanh(gates)
        else:
            i, f, g, o = np.split(gates, 4, axis=1)
            memory[rows] = sigmoid(f + 1) * memory[rows] + sigmoid(i) * np.tanh(g)
            hidden[rows] = sigmoid(o) * np.tanh(normalise(memory[rows], cell.norm_cell))
        outputs[rows, t] = hidden[rows]
    return outputs, hidden, memory


@both
@settings(max_examples=10)
@given(lengths=st.lists(st.integers(0, 4), max_size=3), seed=st.integers(0, 2**16))
def test_training_is_the_papers_equations_over_the_rows_that_are_read(kind, lengths, seed):
    lengths = [4, 4, *lengths]  # two rows at least at every step
    cell = make(kind)
    inputs = random_inputs(len(lengths), 4, seed)
    expected, hidden, memory = by_equations(cell, inputs.numpy(), lengths)
    inputs[torch.arange(4) >= torch.tensor(lengths)[:, None]] = float("nan")
    outputs, final = dynamic_unroll(cell, inputs, lengths=lengths)
    np.testing.assert_allclose(outputs.detach(), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(final.inner.hidden.detach(), hidden, rtol=0, atol=1e-12)
    if kind == "lstm":
        np.testing.assert_allclose(final.inner.cell.detach(), memory, rtol=0, atol=1e-12)
    assert final.step.tolist() == lengths


@both
@pytest.mark.parametrize(
    "wrap",
    [
        lambda cell: Zoneout(cell, 0.0),
        lambda cell: Dropout(cell, recurrent=1e-300),
        lambda cell: Dropout(Stacked([cell]), recurrent=1e-300),
    ],
    ids=["zoneout", "dropout", "stacked"],
)
def test_ended_rows_do_not_count_inside_wrappers_either(kind, wrap):
    cell = make(kind)
    inputs, lengths = random_inputs(4, 5), [5, 0, 5, 2]
    expected, _ = dynamic_unroll(cell, inputs, lengths=lengths)
    outputs, _ = dynamic_unroll(wrap(cell), inputs, lengths=lengths)
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-12)


@both
def test_gradients_in_training(kind):
    cell = make(kind)
    inputs = random_inputs(4, 3).requires_grad_()
    start = random_state(cell, 4)
    varied = [inputs, *cell.parameters()]
    varied += [leaf.requires_grad_() for leaf in start.inner]

    def run(*_):  # gradcheck varies the tensors in place
        outputs, final = dynamic_unroll(cell, inputs, lengths=[3, 2, 0, 3], initial_state=start)
        return outputs, *final.inner

    with unchecked():  # checking shapes takes longer than the steps
        assert torch.autograd.gradcheck(run, varied, fast_mode=True, check_undefined_grad=False)


@both
@given(cut=st.integers(0, 5))
def test_in_training_too_windows_that_carry_the_state_equal_the_whole(kind, cut):
    cell, inputs = make(kind), random_inputs(3, 5)
    whole, expected = dynamic_unroll(cell, inputs)
    first, middle = dynamic_unroll(cell, inputs[:, :cut])
    second, final = dynamic_unroll(cell, inputs[:, cut:], initial_state=states.copy(middle))
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-12)
    assert_states_close(final, expected)


@both
def test_each_step_has_averages_of_its_own(kind):
    cell = make(kind)
    products = []
    for seed in (1, 2, 3):
        inputs = random_inputs(5, 4, seed)
        products.append((inputs @ cell.weight_ih.T).detach().numpy())
        dynamic_unroll(cell, inputs)
    mean = np.mean([product.mean(0) for product in products], axis=0)
    variance = np.mean([product.var(0, ddof=1) for product in products], axis=0)
    np.testing.assert_allclose(cell.norm_ih.mean[:4], mean, atol=1e-12)
    np.testing.assert_allclose(cell.norm_ih.variance[:4], variance, atol=1e-12)
    assert cell.norm_ih.batches.tolist() == [3] * 4 + [0] * 6


def test_after_ten_batches_the_newest_counts_a_tenth():
    cell = make("rnn")
    for seed in range(30):
        before = cell.norm_ih.mean[0].clone()
        inputs = random_inputs(5, 1, seed)
        dynamic_unroll(cell, inputs)
    mean = (inputs[:, 0] @ cell.weight_ih.T).mean(0)
    torch.testing.assert_close(cell.norm_ih.mean[0], 0.9 * before + 0.1 * mean)


@both
def test_evaluation_goes_by_the_averages_of_each_rows_own_step(kind):
    cell = make(kind, max_steps=3)
    dynamic_unroll(cell, random_inputs(6, 3))
    cell.eval()
    inputs = random_inputs(2, 1, seed=9)[:, 0]
    values = inputs @ cell.weight_ih.T
    step = torch.tensor([1, 7])  # the second row is beyond the last step: that one's averages
    scaled = (values - cell.norm_ih.mean[[1, 2]]) / (cell.norm_ih.variance[[1, 2]] + 1e-5).sqrt()
    torch.testing.assert_close(cell.norm_ih(values, step), scaled * cell.norm_ih.gain)


@both
def test_steps_that_training_never_reached_have_the_last_ones_averages(kind):
    short, long = make(kind, max_steps=3), make(kind, max_steps=10)
    inputs = random_inputs(4, 8)
    for cell in (short, long):
        dynamic_unroll(cell, inputs[:, :3])
        cell.eval()
    torch.testing.assert_close(
        dynamic_unroll(short, inputs)[0], dynamic_unroll(long, inputs)[0], rtol=0, atol=0
    )


@both
def test_evaluation_moves_no_averages_and_no_row_sees_another(kind):
    cell = make(kind)
    dynamic_unroll(cell, random_inputs(4, 3))
    cell.eval()
    kept = {name: buffer.clone() for name, buffer in cell.named_buffers()}
    inputs = random_inputs(5, 3, seed=8)
    together, _ = dynamic_unroll(cell, inputs)
    alone = torch.cat([dynamic_unroll(cell, row[None])[0] for row in inputs])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)
    for name, buffer in cell.named_buffers():
        assert torch.equal(buffer, kept[name])


@both
def test_where_one_row_is_left_the_averages_stand_in(kind):
    cell = make(kind)
    dynamic_unroll(cell, random_inputs(4, 5))
    known = cell.norm_ih.batches.tolist()
    inputs = random_inputs(1, 5, seed=8)
    in_training, _ = dynamic_unroll(cell, inputs)
    assert cell.norm_ih.batches.tolist() == known
    answering, _ = dynamic_unroll(cell.eval(), inputs)
    torch.testing.assert_close(in_training, answering, rtol=0, atol=1e-13)
    assert not torch.equal(in_training[0, 1], in_training[0, 2])


@both
def test_a_forward_pass_without_gradients_moves_no_averages(kind):
    cell = make(kind)
    with torch.no_grad():
        outputs, _ = dynamic_unroll(cell, random_inputs(4, 3))
    assert cell.norm_hh.batches.sum() == 0
    torch.testing.assert_close(outputs, dynamic_unroll(cell, random_inputs(4, 3))[0])
    assert cell.norm_hh.batches.tolist() == [1] * 3 + [0] * 7


@both
def test_within_a_memory_budget_the_averages_move_once(kind):
    runs = []
    for memory in (None, 4):
        cell = make(kind, max_steps=20)
        outputs, _ = dynamic_unroll(
            cell, random_inputs(4, 12), lengths=[12, 3, 0, 12], memory=memory
        )
        gradients = torch.autograd.grad(outputs.square().sum(), list(cell.parameters()))
        runs.append((outputs, gradients, list(cell.buffers())))
    torch.testing.assert_close(*runs, rtol=0, atol=1e-12)


@both
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_batch_that_is_not_finite_moves_no_averages(kind, wrong):
    cell = make(kind)
    inputs = random_inputs(4, 2)
    inputs[1, 0, 0] = wrong
    dynamic_unroll(cell, inputs)
    for norm in (cell.norm_ih, cell.norm_hh):
        assert torch.isfinite(norm.mean).all()
        assert torch.isfinite(norm.variance).all()
    assert cell.norm_ih.batches.tolist()[:2] == [0, 1]


@both
def test_rows_that_start_afresh_move_the_averages_of_both_steps(kind):
    cell = make(kind)
    start = cell.initial_state(3)._replace(step=torch.tensor([5, 5, 2]))
    start = states.reset(start, [False, True, False])
    assert start.step.tolist() == [5, 0, 2]
    _, after = cell(random_inputs(3, 1)[:, 0], start)
    assert after.step.tolist() == [6, 1, 3]
    assert cell.norm_ih.batches.nonzero()[:, 0].tolist() == [0, 2, 5]


def test_it_starts_as_the_paper_says():
    cell = BatchNormLSTMCell(FEATURES, HIDDEN, generator=torch.Generator().manual_seed(0))
    norms = (cell.norm_ih, cell.norm_hh, cell.norm_cell)
    assert all((norm.gain == torch.tensor(0.1)).all() for norm in norms)
    assert [norm.shift is None for norm in norms] == [True, True, False]
    assert not cell.norm_cell.shift.any()
    plain = LSTMCell(FEATURES, HIDDEN, generator=torch.Generator().manual_seed(0))
    assert torch.equal(cell.weight_hh, plain.weight_hh)
    initialise(cell, recurrent="identity")
    assert torch.equal(cell.weight_hh[:HIDDEN], torch.eye(HIDDEN))
    assert (cell.norm_hh.gain == torch.tensor(0.1)).all()


@both
def test_what_it_learnt_in_training_holds_in_evaluation(kind):
    """The mean of a noisy row, whatever the batch: to the loss that it had while it trained."""
    torch.manual_seed(0)
    cell = KINDS[kind](1, 16, max_steps=4)
    head = torch.nn.Linear(16, 1)
    optimiser = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=0.03)

    def error(rows):
        inputs = torch.randn(rows, 1, 1) + 0.5 * torch.randn(rows, 4, 1)
        outputs, _ = dynamic_unroll(cell, inputs)
        return (head(outputs[:, -1]) - inputs.mean(1)).square().mean()

    with unchecked():  # checking shapes takes longer than the steps
        for _ in range(80):
            loss = error(64)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        cell.eval()
        assert loss < 0.1
        assert error(1000) < 0.15  # always 0 would err by 1.06


def test_explain_says_that_it_goes_step_by_step():
    (line,) = elman.explain(BatchNormLSTMCell(3, 4)).lines
    assert line.choice.kernel == "loop"
    assert "has no unroll method" in line.choice.reason


@both
def test_there_is_a_step_at_least(kind):
    with pytest.raises(ArgumentError, match="max_steps"):
        KINDS[kind](3, 4, max_steps=0)


@both
def test_what_does_not_fit_is_refused(kind):
    cell = make(kind)
    start = cell.initial_state(2)
    with pytest.raises(ShapeError, match="inputs"):
        cell(torch.zeros(2, FEATURES + 1, dtype=torch.float64), start)
    with pytest.raises(ShapeError, match="give a BatchNormState"):
        cell(torch.zeros(2, FEATURES, dtype=torch.float64), start.inner)
    wrong = BatchNormState(LSTMState(torch.zeros(2, 1), torch.zeros(2, 1)), start.step)
    with pytest.raises(ShapeError):
        cell(torch.zeros(2, FEATURES, dtype=torch.float64), wrong)
