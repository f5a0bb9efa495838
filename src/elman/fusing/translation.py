"""Torch's operations on rows as those of a tape."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from torch import Tensor, fx

from elman.errors import ArgumentError
from elman.fusing.capture import Capture, place_of
from elman.fusing.operations import OPERATIONS, RefusedError
from elman.tapes import Tape
from elman.tapes.building import live
from elman.written.tracing import Trace, Traced

__all__ = ["Translation", "translate"]


class Translation:
    """A step's tape, and the tensors that it is run with.

    Attributes:
        tape: Its weights are named w0, w1, …
        weights: The nodes that compute them from the module's tensors; a product's is transposed.
        transposed: Which of them are.
    """

    def __init__(self, tape: Tape, weights: list[fx.Node], transposed: list[bool]) -> None:
        self.tape, self.weights, self.transposed = tape, weights, transposed


def translate(captured: Capture) -> Translation:
    """The tape of a step.

    Raises:
        ArgumentError: Line and operation that it cannot hold.
    """
    return _Translator(captured).run()


class _Translator:
    def __init__(self, captured: Capture) -> None:
        self.captured = captured
        self.shapes: list[tuple[str, tuple[int, ...]]] = []
        self.trace = Trace(self.shapes)
        self.values: dict[fx.Node, Any] = {}
        self.weights: list[fx.Node] = []
        self.transposed: list[bool] = []
        self.known: dict[tuple[fx.Node, bool], int] = {}

    def run(self) -> Translation:
        captured = self.captured
        nodes = list(captured.graph.nodes)
        first = len(captured.names)
        rows = nodes[first : first + 1 + captured.states]
        states = []
        for k, node in enumerate(rows):
            shape = node.meta["val"].shape
            if len(shape) != 2:
                what = "the inputs" if k == 0 else f"part {k - 1} of the state"
                raise ArgumentError(what, f"found {list(shape)}", "give [B, features]")
            name, given = ("input", ()) if k == 0 else ("state", (k - 1,))
            self.values[node] = self.trace.add(name, (), given, shape[1])
            if k > 0:
                states.append(("hidden" if k == 1 else f"state{k - 1}", shape[1]))
        for node in nodes[first + len(rows) :]:
            if node.op != "output":
                self._node(node)
        return self._finished(states, rows[0].meta["val"].shape[1])

    def _finished(self, states: list[tuple[str, int]], inputs: int) -> Translation:
        first = self.captured.outputs[0]
        if not isinstance(first, fx.Node) or first.meta["val"].dim() != 2:
            raise ArgumentError("module", "found an output of other axes", "give [B, features]")
        sizes = [first.meta["val"].shape[1], *(size for _, size in states)]
        roots = []
        for node, size in zip(self.captured.outputs, sizes, strict=True):
            shape = list(node.meta["val"].shape)
            if shape not in ([self.captured.batch, size], [1, size]):
                found = f"found a state after the step of {shape[1:]}"
                raise ArgumentError(place_of(node), found, f"give [B, {size}], as before it")
            value = self.row(self._value(node))
            if not isinstance(value, Traced):
                value = Traced(self.trace, self.trace.builder.constant(value))
            roots.append(self.trace.builder.add("spread", (value.value,), (), size))
        ops, places = live(self.trace.builder.ops, roots)
        output, *after = (places[root] for root in roots)
        tape = Tape(
            states[0][1],
            inputs,
            tuple(states),
            tuple(self.shapes),
            tuple(ops),
            output,
            tuple(after),
        )
        return Translation(tape, self.weights, self.transposed)

    # ---- nodes ---------------------------------------------------------------------------------

    def _value(self, given: Any) -> Any:
        if isinstance(given, fx.Node):
            return self.values.get(given, given)  # a node without rows stands for itself
        if isinstance(given, list | tuple):
            return [self._value(each) for each in given]
        return given

    def _node(self, node: fx.Node) -> None:
        if node.target is operator.getitem:
            source = self._value(node.args[0])
            if isinstance(source, list):
                index: Any = node.args[1]
                self.values[node] = source[index]
            return
        inputs = node.all_input_nodes
        with_rows = any(not isinstance(self.values.get(each, each), fx.Node) for each in inputs)
        name = str(node.target).split(".")[1] if "aten." in str(node.target) else str(node.target)
        if not with_rows:
            constant = _CONSTANTS.get(name)
            if constant is not None and _is_rows(node, self.captured.batch):
                self.values[node] = constant(node)
            elif _is_rows(node, self.captured.batch):
                self._refuse(node, f"{node.target}, which has rows of its own")
            return
        changes = name.endswith("_") and not name.startswith("_")  # in place, as x.add_(y)
        function = OPERATIONS.get(name.removesuffix("_") if changes else name)
        if function is None:
            self._refuse(node, str(node.target))
        args = [self._value(arg) for arg in node.args]
        options = {key: self._value(value) for key, value in node.kwargs.items()}
        try:
            self.values[node] = function(self, *args, **options)
        except RefusedError as error:
            self._refuse(node, f"{node.target}: {error}")
        except ArgumentError:
            raise
        except Exception as error:
            self._refuse(node, f"{node.target}: {getattr(error, 'found', error)}")
        if changes:
            changed: Any = node.args[0]
            self.values[changed] = self.values[node]

    def _refuse(self, node: fx.Node, found: str) -> NoReturn:
        expected = "use what a tape holds, each row alone"
        if any(str(user.target).startswith("aten.bernoulli") for user in (node, *node.users)):
            expected = "put dropout into eval(), or around the cell"
        raise ArgumentError(place_of(node), f"found {found}", expected)

    # ---- weights -------------------------------------------------------------------------------

    def weight(self, node: fx.Node, shape: tuple[int, ...], transposed: bool = False) -> int:
        """The number of a weight that a node without rows computes."""
        key = (node, transposed)
        if key not in self.known:
            self.known[key] = len(self.weights)
            self.shapes.append((f"w{len(self.weights)}", shape))
            self.weights.append(node)
            self.transposed.append(transposed)
        return self.known[key]

    def row(self, value: Any) -> Any:
        """What is added or multiplied unit by unit: a value, or a number."""
        if not isinstance(value, fx.Node):
            return value
        tensor = value.meta["val"]
        shape = tuple(tensor.shape)
        if len(shape) > 1 and shape[:-1] != (1,) * (len(shape) - 1):
            raise RefusedError(f"a weight {list(shape)} beside rows")
        size = shape[-1] if shape else 1
        return self.trace.add("vector", (), (self.weight(value, (size,)), 0), size)

    def product(self, rows: Any, matrix: Any) -> Traced:
        """Rows times a weight [columns, out]."""
        if not isinstance(rows, Traced) or not isinstance(matrix, fx.Node):
            raise RefusedError("a product of values")
        columns, size = matrix.meta["val"].shape
        number = self.weight(matrix, (size, columns), transposed=True)
        return self.trace.add("product", (rows.value,), (number, 0), size)


def _is_rows(node: fx.Node, batch: int) -> bool:
    value = node.meta.get("val")
    return isinstance(value, Tensor) and value.dim() > 1 and value.shape[0] == batch


def _number(node: fx.Node, place: int) -> float:
    given: Any = node.args[place]
    return float(given)


_CONSTANTS: dict[str, Callable[[fx.Node], float]] = {
    "zeros": lambda node: 0.0,
    "zeros_like": lambda node: 0.0,
    "new_zeros": lambda node: 0.0,
    "ones": lambda node: 1.0,
    "ones_like": lambda node: 1.0,
    "new_ones": lambda node: 1.0,
    "full": lambda node: _number(node, 1),
    "full_like": lambda node: _number(node, 1),
    "new_full": lambda node: _number(node, 2),
}
