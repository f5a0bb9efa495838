"""TensorFlow 1's variables as ours, and back; tests/conformance holds the numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.cells import Dropout, GRUCell, LSTMCell, Residual, RNNCell, Stacked
from elman.convert import from_tensorflow1, load_tensorflow1, to_tensorflow1
from elman.convert.tensorflow1 import split_cells
from elman.errors import ArgumentError, ShapeError
from elman.kernels.contract import GRU, LSTM, Simple
from tests.kernels.variants import VARIANTS, random_weights

INPUTS, HIDDEN = 2, 3
CONVERTIBLE = [
    name
    for name, variant in VARIANTS.items()
    if not variant.layer_norm and not getattr(variant.recurrence, "reset_after", False)
]


def variables_of(name, rng=0):
    weights = random_weights(VARIANTS[name], INPUTS, HIDDEN, np.random.default_rng(rng))
    return to_tensorflow1(VARIANTS[name].recurrence, weights)


def with_prefix(prefix, variables):
    return {f"{prefix}/{name}": array for name, array in variables.items()}


@pytest.mark.parametrize("name", CONVERTIBLE)
def test_there_and_back(name):
    recurrence = VARIANTS[name].recurrence
    weights = random_weights(VARIANTS[name], INPUTS, HIDDEN, np.random.default_rng(0))
    back = from_tensorflow1(recurrence, to_tensorflow1(recurrence, weights))
    for found, expected in zip(back, weights, strict=True):
        assert (found is None) == (expected is None)
        if expected is not None:
            np.testing.assert_array_equal(found, expected)
            assert found.flags.c_contiguous


@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - set(CONVERTIBLE)))
def test_what_tensorflow1_has_not(name):
    recurrence = VARIANTS[name].recurrence
    weights = random_weights(VARIANTS[name], INPUTS, HIDDEN, np.random.default_rng(0))
    with pytest.raises(ArgumentError, match="TensorFlow 1's"):
        to_tensorflow1(recurrence, weights)


@pytest.mark.parametrize(
    ("recurrence", "change", "message"),
    [
        (Simple(), {"bias": None}, "variables: found kernel; Simple"),
        (Simple(), {"w_i_diag": np.ones(3)}, "found bias, kernel, w_i_diag"),
        (LSTM(), {"w_i_diag": np.ones(3)}, "has bias, kernel, w_f_diag, w_i_diag, w_o_diag"),
        (GRU(reset_after=False), {}, "candidate/bias, candidate/kernel"),
        (GRU(), {}, "reset_after=False"),
    ],
)
def test_missing_and_unknown_variables(recurrence, change, message):
    variables = {"kernel": np.ones((5, 3)), "bias": np.ones(3)} | change
    variables = {name: array for name, array in variables.items() if array is not None}
    with pytest.raises(ArgumentError, match=message):
        from_tensorflow1(recurrence, variables)


@pytest.mark.parametrize(
    ("recurrence", "kernel", "bias"),
    [
        (Simple(), (5, 3), (4,)),
        (Simple(), (2, 3), (3,)),
        (Simple(), (5,), (3,)),
        (LSTM(), (5, 6), (6,)),
    ],
)
def test_shapes_that_do_not_fit(recurrence, kernel, bias):
    with pytest.raises(ShapeError):
        from_tensorflow1(recurrence, {"kernel": np.ones(kernel), "bias": np.ones(bias)})


def test_cells_are_split_by_name_and_ordered_by_number():
    names = [f"rnn/multi_rnn_cell/cell_{k}/basic_rnn_cell" for k in (10, 2, 0)]
    variables = {}
    for name in names:
        variables |= with_prefix(name, {"kernel:0": np.zeros(1), "bias:0": np.zeros(1)})
    assert list(split_cells(variables)) == names[::-1]
    assert list(split_cells(variables)[names[0]]) == ["kernel", "bias"]
    gru = with_prefix("rnn/gru_cell", variables_of("gru-before"))
    assert list(split_cells(variables | gru, "rnn/gru_cell")) == ["rnn/gru_cell"]
    assert split_cells(variables_of("tanh")).keys() == {""}


@pytest.mark.parametrize("name", ["rnn/kernel/Adam", "global_step", "rnn/w_x_diag"])
def test_variables_of_others_are_not_dropped_silently(name):
    with pytest.raises(ArgumentError, match=f"'{name}'"):
        split_cells({name: np.zeros(1)})


def test_no_variables():
    with pytest.raises(ArgumentError, match="found none below 'rnn'"):
        split_cells({"other/kernel": np.zeros(1)}, "rnn")


def network():
    cells = [RNNCell(2, 3), Residual(Dropout(LSTMCell(3, 3))), GRUCell(3, 4, reset_after=False)]
    rng = np.random.default_rng(0)
    variables = {}
    for k, (cell, kind) in enumerate(
        [(cells[0], "basic_rnn_cell"), (cells[1].cell.cell, "lstm_cell"), (cells[2], "gru_cell")]
    ):
        weights = [None if w is None else rng.normal(size=w.shape) for w in cell.weights()]
        weights = type(cell.weights())(*weights)
        prefix = f"rnn/multi_rnn_cell/cell_{k}/{kind}"
        variables |= with_prefix(prefix, to_tensorflow1(cell.recurrence, weights))
    return Stacked(cells), variables


def test_a_network_is_loaded_into_wrapped_cells():
    stack, variables = network()
    load_tensorflow1(stack, variables)
    lstm = stack.cells[1].cell.cell
    kernel = variables["rnn/multi_rnn_cell/cell_1/lstm_cell/kernel"]
    candidate = torch.tensor(kernel[:3, 3:6].T, dtype=torch.float32)  # TensorFlow's second block
    torch.testing.assert_close(lstm.weight_ih[6:9].detach(), candidate)
    assert lstm.weight_ih.requires_grad


def test_a_network_that_does_not_fit_changes_nothing():
    stack, variables = network()
    before = {name: parameter.clone() for name, parameter in stack.named_parameters()}
    top = "rnn/multi_rnn_cell/cell_2/gru_cell"
    wider = with_prefix(top, variables_of("gru-before"))
    with pytest.raises(ShapeError, match=f"{top}: weight_ih"):
        load_tensorflow1(stack, variables | wider)
    fewer = {name: array for name, array in variables.items() if not name.startswith(top)}
    with pytest.raises(ArgumentError, match="found 2 cells"):
        load_tensorflow1(stack, fewer)
    for name, parameter in stack.named_parameters():
        assert torch.equal(parameter, before[name])


def test_a_cell_with_more_weights_than_the_network():
    variables = with_prefix("rnn/lstm_cell", variables_of("lstm"))
    with pytest.raises(ShapeError, match="peephole: found None"):
        load_tensorflow1(LSTMCell(INPUTS, HIDDEN, peepholes=True), variables)
    with pytest.raises(ShapeError, match="norm_ih: found None"):
        load_tensorflow1(LSTMCell(INPUTS, HIDDEN, layer_norm=True), variables)
