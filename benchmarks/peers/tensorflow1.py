"""The lesson's reader of digits as a TensorFlow 1 program: a graph, a session, a feed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.digits import NEURONS, RATE, draw_batches, draw_weights
from benchmarks.work import Run

__all__ = ["epoch"]

tf1 = tf.compat.v1
tf1.disable_v2_behavior()
tf1.logging.set_verbosity(tf1.logging.ERROR)

CHECKED = 3  # losses of so many batches are compared


def epoch(cell: str, way: str) -> Run:
    """A call trains on one batch, Adam's step included; `way` names the unrolling."""
    graph = tf.Graph()
    with graph.as_default():
        images = tf1.placeholder(tf.float32, [None, 28, 28])
        digits = tf1.placeholder(tf.int64, [None])
        loss = _loss(cell, way, images, digits)
        train = tf1.train.AdamOptimizer(RATE).minimize(loss)
        variables = tf1.trainable_variables()
        start = tf1.global_variables_initializer()
    pixels, labels = draw_batches()
    feeds = [{images: p, digits: d} for p, d in zip(pixels, labels, strict=True)]

    def begin() -> Any:
        session = tf1.Session(graph=graph)
        session.run(start)
        for variable, array in zip(variables, _weights(cell), strict=True):
            variable.load(array, session)
        return session

    session, going_round = begin(), itertools.cycle(feeds)

    def results() -> dict[str, np.ndarray]:
        with begin() as fresh:
            return {"losses": np.array([fresh.run([train, loss], f)[1] for f in feeds[:CHECKED]])}

    return Run(lambda: session.run([train, loss], next(going_round)), results)


def _loss(cell_name: str, way: str, images: Any, digits: Any) -> Any:
    rnn_cell = tf1.nn.rnn_cell
    cell = {
        "RNN": lambda: rnn_cell.BasicRNNCell(NEURONS),
        "LSTM": lambda: rnn_cell.BasicLSTMCell(NEURONS, forget_bias=0.0),
        "GRU": lambda: rnn_cell.GRUCell(NEURONS),
    }[cell_name]()
    if way == "static_rnn":
        last = tf1.nn.static_rnn(cell, tf.unstack(images, axis=1), dtype=tf.float32)[0][-1]
    else:
        last = tf1.nn.dynamic_rnn(cell, images, dtype=tf.float32)[0][:, -1]
    logits = tf1.layers.dense(last, 10)
    losses = tf1.nn.sparse_softmax_cross_entropy_with_logits(labels=digits, logits=logits)
    return tf.reduce_mean(losses)


def _weights(cell: str) -> list[np.ndarray]:
    """In the order of the variables: kernels `[I + H, G·H]` and biases, then the reading out."""
    weights = draw_weights(cell)
    kernel = np.hstack([weights["weight_ih_l0"], weights["weight_hh_l0"]])
    bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    blocks = [np.split(array, {"RNN": 1, "LSTM": 4, "GRU": 3}[cell]) for array in (kernel, bias)]
    if cell == "LSTM":  # its order is i, g, f, o
        blocks = [[i, g, f, o] for i, f, g, o in blocks]
    if cell == "GRU":  # r and z in one kernel, the candidate in another
        blocks = [[r, z] for r, z, _ in blocks] + [[n] for _, _, n in blocks]
    arrays = [np.concatenate(block).T for block in blocks]
    return [*arrays, weights["weight"].T, weights["bias"]]
