"""Each row of the table in docs/tensorflow1.md: its right-hand side runs and means the same."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
import torch

from elman.cells import Dropout, GRUCell, LSTMCell, Projected, Residual, RNNCell, Stacked
from elman.layers import bidirectional_unroll, dynamic_unroll, static_unroll
from elman.state import LSTMState, RNNState, leaves
from tests.conformance.cases import COMMITTED, assert_reproduced, load_cases
from tests.conformance.runs import build_cell, run_torch, unroll_as_case

DOCUMENT = Path(__file__).parents[2] / "docs" / "tensorflow1.md"
CASES = load_cases(COMMITTED)
NAMES = {
    "torch": torch,
    "Dropout": Dropout,
    "GRUCell": GRUCell,
    "LSTMCell": LSTMCell,
    "Projected": Projected,
    "RNNCell": RNNCell,
    "Residual": Residual,
    "Stacked": Stacked,
    "bidirectional_unroll": bidirectional_unroll,
    "dynamic_unroll": dynamic_unroll,
    "static_unroll": static_unroll,
}

THREE = "MultiRNNCell([BasicRNNCell(5), BasicRNNCell(5), BasicRNNCell(5)]"
CELLS = {
    "BasicRNNCell(n_neurons)": "basic_rnn_dynamic",
    "BasicRNNCell(n_neurons, activation=tf.nn.relu)": "basic_rnn_relu",
    "BasicLSTMCell(n_neurons)": "basic_lstm",
    "LSTMCell(n_neurons, use_peepholes=True)": "lstm_peephole",
    "LSTMCell(n_neurons, num_proj=n_outputs)": "lstm_projection",
    "LSTMCell(n_neurons, cell_clip=0.3)": "lstm_cell_clip",
    "GRUCell(n_neurons)": "gru",
    f"{THREE})": "multi_rnn_three_layers",
    f"{THREE}, state_is_tuple=False)": "multi_rnn_state_is_tuple_false",
    "MultiRNNCell([BasicRNNCell(4), BasicLSTMCell(5), GRUCell(3)])": "multi_rnn_mixed_cells",
    "ResidualWrapper(BasicLSTMCell(n_neurons))": "residual_wrapper",
}
LENGTHS = "sequence_length=seq_length"
UNROLLS = {
    "static_rnn(cell, [X0, X1], dtype=tf.float32)": "basic_rnn_two_steps_static",
    "dynamic_rnn(cell, X, dtype=tf.float32)": "multi_rnn_mixed_cells",
    f"dynamic_rnn(cell, X, {LENGTHS}, dtype=tf.float32)": "basic_lstm",
    f"dynamic_rnn(cell, X, {LENGTHS}, initial_state=init_state)": "basic_lstm_initial_state",
    f"bidirectional_dynamic_rnn(cell_fw, cell_bw, X, {LENGTHS}, dtype=tf.float32)": (
        "bidirectional_lstm"
    ),
}


def table():
    """TensorFlow's calls and ours, out of the document's tables."""
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a call stands in the table twice"
    return dict(rows)


TABLE = table()


@pytest.fixture(autouse=True)
def _float64():
    """The table's cells are made without a dtype, and compared to 1e-10."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def evaluate(call, **names):
    return eval(TABLE[call], NAMES | names)


@pytest.mark.parametrize("call", CELLS)
def test_cells_give_tensorflows_numbers(call):
    case = CASES[CELLS[call]]
    config = case.config[0]
    sizes = {
        "n_inputs": case.index["inputs"],
        "n_neurons": config["units"],
        "n_outputs": config.get("projection"),
    }
    result = run_torch(case, partial(evaluate, call, **sizes), partial(unroll_as_case, case))
    assert_reproduced(case, result)


@pytest.mark.parametrize("call", UNROLLS)
def test_unrolling_gives_tensorflows_numbers(call):
    case = CASES[UNROLLS[call]]

    def unroll(stacks, x, states):
        names = {"cell": stacks[0], "cell_fw": stacks[0], "cell_bw": stacks[-1]}
        names |= {"X": x, "X0": x[:, 0], "X1": x[:, 1]}
        return evaluate(call, **names, seq_length=case.lengths, init_state=states[0])

    assert_reproduced(case, run_torch(case, partial(build_cell, case), unroll))


# Rows for which TensorFlow left no numbers: what they mean.

ROWS, UNITS, KEEP = 8, 32, 0.75
X0 = 1 + torch.rand(ROWS, UNITS, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
HIDDEN = X0.flip(0)


def adding_cell():
    """h(t) = x(t) + h(t-1) for positive numbers, so that masks can be read off the outputs."""
    cell = RNNCell(UNITS, UNITS, activation="relu")
    with torch.no_grad():
        cell.weight_ih.copy_(torch.eye(UNITS))
        cell.weight_hh.copy_(torch.eye(UNITS))
    return cell


def drops(call):
    """A wrapped adding cell, after a check that in evaluation it is the plain one."""
    cell = evaluate(call, cell=adding_cell(), keep_prob=KEEP)
    cell.eval()
    outputs, _ = cell(X0, cell.initial_state(ROWS)._replace(inner=RNNState(HIDDEN)))
    torch.testing.assert_close(outputs, X0 + HIDDEN)
    return cell.train()


def one_step(cell):
    return cell(X0, cell.initial_state(ROWS)._replace(inner=RNNState(HIDDEN)))[0]


def assert_dropped(found, whole):
    """Some entries are zero, about as many as were asked for; the others are whole / keep."""
    kept = found.abs() > 1e-12
    assert KEEP - 0.12 < kept.double().mean() < KEEP + 0.12
    torch.testing.assert_close(found, torch.where(kept, whole / KEEP, 0.0))


def input_dropout(call):
    assert_dropped(one_step(drops(call)) - HIDDEN, X0)


def output_dropout(call):
    assert_dropped(one_step(drops(call)), X0 + HIDDEN)


def state_dropout(call):
    assert_dropped(one_step(drops(call)) - X0, HIDDEN)


def variational_dropout(call):
    outputs, _ = dynamic_unroll(drops(call), torch.stack([X0, X0, X0], dim=1))
    assert_dropped(outputs[:, 0], X0)
    torch.testing.assert_close(outputs[:, 2], 3 * outputs[:, 0])


def output_projection(call):
    cell = adding_cell()
    projected = evaluate(call, cell=cell, n_outputs=2)
    X = torch.stack([X0, HIDDEN], dim=1)
    outputs, state = dynamic_unroll(projected, X)
    plain, plain_state = dynamic_unroll(cell, X)
    torch.testing.assert_close(outputs, plain @ projected.weight.T + projected.bias)
    torch.testing.assert_close(state.hidden, plain_state.hidden)


def zero_state(call):
    for cell in (RNNCell(3, 5), LSTMCell(3, 5), Stacked([LSTMCell(3, 5), GRUCell(5, 4)])):
        arrays = list(leaves(evaluate(call, cell=cell, batch_size=6)))
        assert {array.shape[0] for array in arrays} == {6}
        assert not any(array.any() for array in arrays)


def one_cell_step(call):
    case = CASES["basic_rnn_two_steps_static"]

    def unroll(stacks, x, _):
        state, outputs = stacks[0].initial_state(len(x)), []
        for step in x.unbind(1):
            y, state = evaluate(call, cell=stacks[0], X0=step, state=state)
            outputs.append(y)
        return outputs, state

    assert_reproduced(case, run_torch(case, partial(build_cell, case), unroll))


def lstm_states(call):
    state = LSTMState(hidden=HIDDEN, cell=X0)
    c, h = evaluate(call, lstm_state=state)
    assert c is X0
    assert h is HIDDEN


def joined_states(call):
    joined = evaluate(call, states=(RNNState(X0), RNNState(HIDDEN)))
    assert joined.shape == (ROWS, 2 * UNITS)
    torch.testing.assert_close(joined.split(UNITS, dim=1), (X0, HIDDEN))


def unstacked(call):
    X = torch.stack([X0, HIDDEN], dim=1)
    torch.testing.assert_close(list(evaluate(call, X=X)), [X0, HIDDEN])


def stacked(call):
    outputs = evaluate(call, steps=[X0, HIDDEN])
    torch.testing.assert_close(outputs[:, 0], X0)
    torch.testing.assert_close(outputs[:, 1], HIDDEN)


def embedding(call):
    word_ids = torch.tensor([[3, 0], [7, 3]])
    vectors = evaluate(call, embeddings=X0, word_ids=word_ids)
    torch.testing.assert_close(vectors, torch.stack([X0[[3, 0]], X0[[7, 3]]]))


def dense(call):
    outputs = torch.stack([X0, X0], dim=1)
    logits = evaluate(call, outputs=outputs, n_neurons=UNITS, n_outputs=3)
    assert logits.shape == (ROWS, 2, 3)
    torch.testing.assert_close(logits[:, 0], logits[:, 1])


MEANINGS = {
    "DropoutWrapper(cell, input_keep_prob=keep_prob)": input_dropout,
    "DropoutWrapper(cell, output_keep_prob=keep_prob)": output_dropout,
    "DropoutWrapper(cell, state_keep_prob=keep_prob)": state_dropout,
    "DropoutWrapper(cell, input_keep_prob=keep_prob, variational_recurrent=True, ...)": (
        variational_dropout
    ),
    "OutputProjectionWrapper(cell, output_size=n_outputs)": output_projection,
    "cell.zero_state(batch_size, tf.float32)": zero_state,
    "cell(X0, state)": one_cell_step,
    "(lstm_state.c, lstm_state.h)": lstm_states,
    "tf.concat(axis=1, values=states)": joined_states,
    "tf.unstack(tf.transpose(X, perm=[1, 0, 2]))": unstacked,
    "tf.transpose(tf.stack(steps), perm=[1, 0, 2])": stacked,
    "tf.nn.embedding_lookup(embeddings, word_ids)": embedding,
    "tf.layers.dense(outputs, n_outputs)": dense,
}


@pytest.mark.parametrize("call", MEANINGS)
def test_other_rows_mean_the_same(call):
    torch.manual_seed(0)
    MEANINGS[call](call)


def test_every_row_is_checked():
    assert TABLE.keys() == CELLS.keys() | UNROLLS.keys() | MEANINGS.keys()
