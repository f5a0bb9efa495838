"""ONNX Runtime: the standard recurrent operators on its CPU provider; inference only."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.problem import Problem, draw, sample
from benchmarks.work import Run

__all__ = ["grid", "step"]

# The gates of each operator, as positions in torch's order.
ORDER = {"RNN": (0,), "LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}


def grid(problem: Problem, way: str) -> Run:
    numbers = draw(problem)
    node, weights = _recurrent_node(problem.cell, problem.hidden, numbers, ["outputs"])
    shape = [problem.steps, problem.batch, problem.inputs]
    session = _open_session(node, weights, {"inputs": shape})
    feed = {"inputs": np.ascontiguousarray(numbers.inputs.swapaxes(0, 1))}

    def results() -> dict[str, np.ndarray]:
        (outputs,) = session.run(None, feed)
        return {"outputs": sample(outputs[:, 0].swapaxes(0, 1))}

    return Run(lambda: session.run(None, feed), results)


def _recurrent_node(
    cell: str, hidden: int, numbers: Any, outputs: list[str], states: tuple[str, ...] = ()
) -> tuple[Any, dict[str, np.ndarray]]:
    """The operator and its weights; `states` are graph inputs: `hidden`, or `hidden, cell`."""

    def reorder(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, len(ORDER[cell]))
        return np.concatenate([blocks[k] for k in ORDER[cell]])

    weights = {
        "W": reorder(numbers.weight_ih)[None],
        "R": reorder(numbers.weight_hh)[None],
        "B": np.concatenate([reorder(numbers.bias_ih), reorder(numbers.bias_hh)])[None],
    }
    options = {"linear_before_reset": 1} if cell == "GRU" else {}
    inputs = ["inputs", "W", "R", "B"] + (["", *states] if states else [])
    return helper.make_node(cell, inputs, outputs, hidden_size=hidden, **options), weights


def _open_session(
    node: Any, weights: dict[str, np.ndarray], inputs: dict[str, list[int]]
) -> onnxruntime.InferenceSession:
    """A session of one node on as many threads as this process has cores."""
    graph = helper.make_graph(
        [node],
        "recurrent",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in node.output if n],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def step(problem: Problem) -> Run:
    """One step of an LSTM, the state handed on."""
    numbers = draw(problem)
    states = ("hidden", "cell")
    node, weights = _recurrent_node(
        "LSTM", problem.hidden, numbers, ["", "next_hidden", "next_cell"], states
    )
    state_shape = [1, problem.batch, problem.hidden]
    shapes = {"inputs": [1, problem.batch, problem.inputs], **dict.fromkeys(states, state_shape)}
    session = _open_session(node, weights, shapes)
    feed = {"inputs": np.ascontiguousarray(numbers.inputs.swapaxes(0, 1))}
    feed |= {name: np.zeros(state_shape, np.float32) for name in states}

    def call() -> np.ndarray:
        feed["hidden"], feed["cell"] = session.run(None, feed)
        return feed["hidden"]

    return Run(call, lambda: {"outputs": call()[0]})
