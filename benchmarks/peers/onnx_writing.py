"""ONNX Runtime: a language model that writes, a step at a time on its CPU provider."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

__all__ = ["OnnxWriter"]

_ORDER = (0, 3, 1, 2)  # its gates, as positions in ours


class OnnxWriter:
    """A generator's network of one LSTM: the token before and the state in, probabilities out.

    Args:
        weights: Of the model file: `body.0` the vectors, `body.1` the LSTM, `body.2` the scores.
    """

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        units = weights["body.1.cells.0.weight_hh"].shape[1]
        bias = weights["body.1.cells.0.bias"].copy()
        bias[units : 2 * units] += 1.0  # of the forget gate, which ours adds as it runs
        constants = {
            "vectors": weights["body.0.weight"],
            "W": _reordered(weights["body.1.cells.0.weight_ih"])[None],
            "R": _reordered(weights["body.1.cells.0.weight_hh"])[None],
            "B": np.concatenate([_reordered(bias), np.zeros_like(bias)])[None],
            "V": np.ascontiguousarray(weights["body.2.weight"].T),
            "b": weights["body.2.bias"],
            "steps": np.array([1, 1, -1], np.int64),
            "rows": np.array([1, units], np.int64),
        }
        lstm = ["X", "W", "R", "B", "", "hidden", "cell"]
        nodes = [
            helper.make_node("Gather", ["vectors", "token"], ["vector"]),
            helper.make_node("Reshape", ["vector", "steps"], ["X"]),
            helper.make_node("LSTM", lstm, ["", "hidden_after", "cell_after"], hidden_size=units),
            helper.make_node("Reshape", ["hidden_after", "rows"], ["last"]),
            helper.make_node("Gemm", ["last", "V", "b"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["chances"], axis=-1),
        ]
        self._state = [1, 1, units]
        self._session = _session(nodes, constants, self._state, weights["body.2.bias"].shape[0])

    def said(self, ids: np.ndarray) -> np.ndarray:
        """The log-probability of each id but the first, given those before it."""
        hidden = cell = np.zeros(self._state, np.float32)
        found = []
        for token, after in pairwise(ids.tolist()):
            given = {"token": np.array([token]), "hidden": hidden, "cell": cell}
            chances, hidden, cell = self._session.run(None, given)
            found.append(np.log(chances[0, after]))
        return np.array(found)

    def write(self, count: int, seed: int) -> list[int]:
        """So many drawn tokens; the state goes out and in as arrays."""
        draws = np.random.default_rng(seed).random(count).tolist()
        hidden = cell = np.zeros(self._state, np.float32)
        token, found = np.array([1], np.int64), []
        for draw in draws:
            given = {"token": token, "hidden": hidden, "cell": cell}
            chances, hidden, cell = self._session.run(None, given)
            token[0] = _drawn(chances[0], draw)
            found.append(int(token[0]))
        return found

    def write_bound(self, count: int, seed: int) -> list[int]:
        """The same; the state stays in its own values, which are exchanged."""
        draws = np.random.default_rng(seed).random(count).tolist()
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        states = [[value(np.zeros(self._state, np.float32)) for _ in range(2)] for _ in range(2)]
        token, found = np.array([1], np.int64), []
        bound = self._session.io_binding()
        for draw in draws:
            before, after = states
            bound.bind_cpu_input("token", token)
            for name, one, other in zip(("hidden", "cell"), before, after, strict=True):
                bound.bind_ortvalue_input(name, one)
                bound.bind_ortvalue_output(f"{name}_after", other)
            bound.bind_output("chances", "cpu")
            self._session.run_with_iobinding(bound)
            chances = bound.get_outputs()[-1].numpy()
            token[0] = _drawn(chances[0], draw)
            found.append(int(token[0]))
            states.reverse()
        return found


def _drawn(chances: np.ndarray, draw: float) -> int:
    heights = chances.cumsum(dtype=np.float64)
    return int(heights.searchsorted(draw * heights[-1], side="right"))


def _reordered(array: np.ndarray) -> np.ndarray:
    blocks = np.split(array, len(_ORDER))
    return np.concatenate([blocks[k] for k in _ORDER])


def _session(
    nodes: list[Any], constants: Mapping[str, np.ndarray], state: list[int], vocabulary: int
) -> onnxruntime.InferenceSession:
    """A session of these nodes on one thread."""

    def told(name: str, kind: int, shape: list[int]) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        nodes,
        "writer",
        [
            told("token", TensorProto.INT64, [1]),
            told("hidden", TensorProto.FLOAT, state),
            told("cell", TensorProto.FLOAT, state),
        ],
        [
            told("chances", TensorProto.FLOAT, [1, vocabulary]),
            told("hidden_after", TensorProto.FLOAT, state),
            told("cell_after", TensorProto.FLOAT, state),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
