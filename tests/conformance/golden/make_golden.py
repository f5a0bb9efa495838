"""Golden vectors from TensorFlow, for the recurrent calls of the classic introduction to
recurrent networks (TensorFlow 1).

    python make_golden.py FOLDER SEED

needs tensorflow and tf_keras. README.md describes what it writes.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402  TensorFlow reads the settings above when it is imported
import tensorflow as tf  # noqa: E402

tf1 = tf.compat.v1
tf1.disable_v2_behavior()
tf1.logging.set_verbosity(tf1.logging.ERROR)
rnn_cell = tf1.nn.rnn_cell
F64 = tf.float64


def basic_rnn(units, **options):
    return rnn_cell.BasicRNNCell(units, dtype=F64, **options)


def basic_lstm(units):
    return rnn_cell.BasicLSTMCell(units, forget_bias=1.0, dtype=F64)


def lstm(units, **options):
    return rnn_cell.LSTMCell(units, dtype=F64, **options)


def gru(units):
    return rnn_cell.GRUCell(units, dtype=F64)


def multi(*cells, **options):
    return rnn_cell.MultiRNNCell(list(cells), **options)


RNN = {"cell": "rnn", "activation": "tanh"}
LSTM = {"cell": "lstm", "forget_bias": 1.0}
GRU = {"cell": "gru", "reset_after": False}
FLAT = RNN | {"units": 5, "state_is_tuple": False}

# (name, cell, config, (batch, time, inputs), options of `compute`, note)
CASES = [
    (
        "basic_rnn_two_steps_static",
        lambda: basic_rnn(5),
        [RNN | {"units": 5}],
        (4, 2, 3),
        {"static": True},
        "2 time steps, 5 neurons, 3 inputs, mini-batch of 4",
    ),
    (
        "basic_rnn_dynamic",
        lambda: basic_rnn(5),
        [RNN | {"units": 5}],
        (4, 7, 3),
        {"lengths": [7, 3, 0, 5]},
        "outputs are zero past each length; length 0 gives the initial state",
    ),
    (
        "basic_rnn_relu",
        lambda: basic_rnn(6, activation=tf.nn.relu),
        [RNN | {"units": 6, "activation": "relu"}],
        (3, 5, 4),
        {},
        "",
    ),
    (
        "basic_rnn_initial_state",
        lambda: basic_rnn(6),
        [RNN | {"units": 6}],
        (3, 5, 4),
        {"lengths": [5, 1, 0], "initial": True},
        "",
    ),
    (
        "basic_lstm",
        lambda: basic_lstm(7),
        [LSTM | {"units": 7}],
        (5, 9, 4),
        {"lengths": [9, 1, 4, 0, 6]},
        "gate order i, j, f, o; the state is (c, h)",
    ),
    (
        "basic_lstm_static",
        lambda: basic_lstm(7),
        [LSTM | {"units": 7}],
        (5, 6, 4),
        {"static": True},
        "",
    ),
    (
        "basic_lstm_initial_state",
        lambda: basic_lstm(5),
        [LSTM | {"units": 5}],
        (3, 6, 2),
        {"lengths": [6, 2, 5], "initial": True},
        "",
    ),
    (
        "lstm_peephole",
        lambda: lstm(6, use_peepholes=True),
        [LSTM | {"units": 6, "peepholes": True}],
        (3, 8, 4),
        {"lengths": [8, 2, 5]},
        "",
    ),
    (
        "lstm_projection",
        lambda: lstm(6, num_proj=3),
        [LSTM | {"units": 6, "projection": 3}],
        (3, 8, 4),
        {"lengths": [8, 2, 5]},
        "",
    ),
    (
        "lstm_cell_clip",
        lambda: lstm(6, cell_clip=0.3),
        [LSTM | {"units": 6, "cell_clip": 0.3}],
        (3, 8, 4),
        {},
        "",
    ),
    (
        "gru",
        lambda: gru(6),
        [GRU | {"units": 6}],
        (4, 8, 5),
        {"lengths": [8, 0, 3, 8]},
        "the reset gate multiplies h before the matrix product; h = u·h + (1 - u)·c",
    ),
    (
        "multi_rnn_three_layers",
        lambda: multi(*(basic_rnn(5) for _ in range(3))),
        [RNN | {"units": 5}] * 3,
        (4, 6, 3),
        {"lengths": [6, 2, 4, 1]},
        "state_is_tuple=True: one state tensor a layer",
    ),
    (
        "multi_rnn_mixed_cells",
        lambda: multi(basic_rnn(4), basic_lstm(5), gru(3)),
        [RNN | {"units": 4}, LSTM | {"units": 5}, GRU | {"units": 3}],
        (3, 6, 3),
        {},
        "cells of different kinds stacked",
    ),
    (
        "multi_rnn_state_is_tuple_false",
        lambda: multi(*(basic_rnn(5) for _ in range(3)), state_is_tuple=False),
        [FLAT] * 3,
        (4, 6, 3),
        {},
        "one state tensor [batch, layers · units]",
    ),
    (
        "residual_wrapper",
        lambda: rnn_cell.ResidualWrapper(basic_lstm(4)),
        [LSTM | {"units": 4, "wrapper": "residual"}],
        (3, 6, 4),
        {},
        "",
    ),
    (
        "bidirectional_lstm",
        lambda: basic_lstm(4),
        [LSTM | {"units": 4}],
        (4, 7, 3),
        {"lengths": [7, 3, 1, 5], "bidirectional": True},
        "outputs are concat(forward, backward); backward starts at each row's own last step",
    ),
]


def unroll(make, x, lengths, static, bidirectional, initial):
    """Outputs, flat final states, and placeholders of the flat initial states."""
    if bidirectional:
        (forward, backward), states = tf1.nn.bidirectional_dynamic_rnn(
            make(), make(), x, sequence_length=lengths, dtype=F64
        )
        return tf.concat([forward, backward], -1), tf.nest.flatten(states), []
    cell = make()
    start, placeholders = {"dtype": F64}, []
    if initial:
        zero = cell.zero_state(x.shape[0], F64)
        placeholders = [tf1.placeholder(F64, leaf.shape) for leaf in tf.nest.flatten(zero)]
        start = {"initial_state": tf.nest.pack_sequence_as(zero, placeholders)}
    if static:
        steps = tf.unstack(x, axis=1)
        outputs, state = tf1.nn.static_rnn(cell, steps, sequence_length=lengths, **start)
        outputs = tf.stack(outputs, 1)
    else:
        outputs, state = tf1.nn.dynamic_rnn(cell, x, sequence_length=lengths, **start)
    return outputs, tf.nest.flatten(state), placeholders


def compute(make, rng, sizes, lengths=None, static=False, bidirectional=False, initial=False):
    """The arrays of one case, and the names of its variables."""
    tf1.reset_default_graph()
    with tf1.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(F64, sizes)
        feed = {x: rng.standard_normal(sizes)}
        counts = None if lengths is None else np.asarray(lengths, np.int32)
        outputs, states, placeholders = unroll(make, x, counts, static, bidirectional, initial)
        for placeholder in placeholders:
            feed[placeholder] = rng.standard_normal(placeholder.shape.as_list()) * 0.5
        variables = tf1.global_variables()
        session.run(tf1.global_variables_initializer())
        for variable in variables:
            variable.load(rng.standard_normal(variable.shape.as_list()) * 0.4, session)
        of_outputs = rng.standard_normal(outputs.shape.as_list())
        of_states = [rng.standard_normal(state.shape.as_list()) for state in states]
        loss = tf.reduce_sum(outputs * of_outputs) + tf.add_n(
            [tf.reduce_sum(state * r) for state, r in zip(states, of_states, strict=True)]
        )
        gradients = tf1.gradients(loss, [x, *variables, *placeholders])
        y, finals, value, gradients, weights = session.run(
            [outputs, states, loss, gradients, variables], feed
        )
    arrays = {"x": feed[x], "y": y, "loss": value, "R": of_outputs, "grad_x": gradients[0]}
    if counts is not None:
        arrays["lengths"] = counts
    for i, weight in enumerate(weights):
        arrays[f"w{i}"], arrays[f"grad_w{i}"] = weight, gradients[1 + i]
    for i, placeholder in enumerate(placeholders):
        arrays[f"s0_{i}"] = feed[placeholder]
        arrays[f"grad_s0_{i}"] = gradients[1 + len(weights) + i]
    for i, final in enumerate(finals):
        arrays[f"s{i}"], arrays[f"Rs{i}"] = final, of_states[i]
    return arrays, [variable.name.split(":")[0] for variable in variables]


def main(folder: Path, seed: int) -> None:
    """Write every case and the index."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    cases = []
    for name, make, config, (batch, time, inputs), options, note in CASES:
        arrays, weights = compute(make, rng, (batch, time, inputs), **options)
        np.savez_compressed(folder / f"{name}.npz", **arrays)
        cases.append(
            {
                "case": name,
                "config": config,
                "static": options.get("static", False),
                "bidirectional": options.get("bidirectional", False),
                "lengths": options.get("lengths"),
                "initial_state": options.get("initial", False),
                "batch": batch,
                "time": time,
                "inputs": inputs,
                "weights": weights,
                "states": sum(key.startswith("Rs") for key in arrays),
                "note": note,
            }
        )
    index = {"tensorflow": tf.__version__, "dtype": "float64", "seed": seed, "cases": cases}
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
