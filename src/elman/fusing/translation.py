"""Torch's operations on rows as those of a tape."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from torch import Tensor, fx

from elman.errors import ArgumentError
from elman.fusing.capture import Capture, place_of
from elman.tapes import Tape
from elman.tapes.building import live
from elman.written import functions as ours
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


class _RefusedError(Exception):
    """What a tape cannot hold."""


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
        function = _OPERATIONS.get(name.removesuffix("_") if changes else name)
        if function is None:
            self._refuse(node, str(node.target))
        args = [self._value(arg) for arg in node.args]
        options = {key: self._value(value) for key, value in node.kwargs.items()}
        try:
            self.values[node] = function(self, *args, **options)
        except _RefusedError as error:
            self._refuse(node, f"{node.target}: {error}")
        except ArgumentError:
            raise
        except Exception as error:
            self._refuse(node, f"{node.target}: {getattr(error, 'found', error)}")
        if changes:
            changed: Any = node.args[0]
            self.values[changed] = self.values[node]

    def _refuse(self, node: fx.Node, found: str) -> NoReturn:
        raise ArgumentError(
            place_of(node), f"found {found}", "use what a tape holds, each row alone"
        )

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
            raise _RefusedError(f"a weight {list(shape)} beside rows")
        size = shape[-1] if shape else 1
        return self.trace.add("vector", (), (self.weight(value, (size,)), 0), size)

    def product(self, rows: Any, matrix: Any) -> Traced:
        """Rows times a weight [columns, out]."""
        if not isinstance(rows, Traced) or not isinstance(matrix, fx.Node):
            raise _RefusedError("a product of values")
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


# ---- operations --------------------------------------------------------------------------------


def _plain(name: str) -> Callable[..., Any]:
    return lambda t, *values: t.trace.apply(name, [t.row(value) for value in values])


def _scaled(t: _Translator, other: Any, alpha: float) -> Any:
    other = t.row(other)
    return other if alpha == 1 else t.trace.apply("mul", (other, alpha))


def _add(t: _Translator, a: Any, b: Any, alpha: float = 1) -> Traced:
    return t.trace.apply("add", (t.row(a), _scaled(t, b, alpha)))


def _sub(t: _Translator, a: Any, b: Any, alpha: float = 1) -> Traced:
    return t.trace.apply("sub", (t.row(a), _scaled(t, b, alpha)))


def _addmm(t: _Translator, bias: Any, rows: Any, matrix: Any, beta: int = 1, alpha: int = 1) -> Any:
    if beta != 1 or alpha != 1:
        raise _RefusedError("other factors than 1")
    return t.product(rows, matrix) + t.row(bias)


def _units(axes: Any) -> None:
    axes = axes if isinstance(axes, list) else [axes]
    if axes not in ([-1], [1]):
        raise _RefusedError("over rows: a value would depend on another row")


def _reduce(name: str) -> Callable[..., Any]:
    def function(t: _Translator, x: Any, axes: Any = None, keepdim: bool = False, **_: Any) -> Any:
        _units(axes)
        if not keepdim:
            raise _RefusedError("without keepdim=True: a row has one axis")
        return t.trace.apply(name, (x,))

    return function


def _variance(
    t: _Translator, x: Any, axes: Any = None, correction: int = 1, keepdim: bool = False
) -> Any:
    _units(axes)
    if not keepdim:
        raise _RefusedError("without keepdim=True: a row has one axis")
    return ours.variance(x) * (len(x) / (len(x) - correction))


def _clamp(t: _Translator, x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else t.trace.apply("max", (x, t.row(low)))
    return x if high is None else t.trace.apply("min", (x, t.row(high)))


def _layer_norm(t: _Translator, x: Any, shape: Any, gain: Any, bias: Any, epsilon: float) -> Any:
    if list(shape) != [len(x)]:
        raise _RefusedError("over other axes than the units")
    y = ours.normalise(x, epsilon)
    y = y if gain is None else t.trace.apply("mul", (y, t.row(gain)))
    return [y if bias is None else t.trace.apply("add", (y, t.row(bias))), None, None]


def _softmax(t: _Translator, x: Any, axis: int, half: bool = False) -> Any:
    _units(axis)
    return ours.softmax(x)


def _softplus(t: _Translator, x: Any, beta: float = 1, threshold: float = 20) -> Any:
    if beta == 1:
        return ours.softplus(x)
    return ours.softplus(x * beta) * (1 / beta)


def _split(t: _Translator, x: Any, sizes: Any, axis: int = 0) -> list[Any]:
    _units(axis)
    if isinstance(sizes, int):
        sizes = [min(sizes, len(x) - first) for first in range(0, len(x), sizes)]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [x[first : first + size] for first, size in zip(starts, sizes, strict=True)]


def _slice(
    t: _Translator, x: Any, axis: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    if axis == 0 and start in (None, 0) and (end is None or end >= t.captured.batch):
        return x
    _units(axis)
    return x[slice(start, end, step)]


def _cat(t: _Translator, parts: Any, axis: int = 0) -> Any:
    _units(axis)
    return ours.join(*(t.row(part) for part in parts))


def _power(t: _Translator, x: Any, power: Any) -> Any:
    if power == 3:
        return x * x * x
    return x**power


def _compare(turned: bool, inverted: bool) -> Callable[..., Any]:
    def function(t: _Translator, a: Any, b: Any) -> Any:
        pair = (t.row(b), t.row(a)) if turned else (t.row(a), t.row(b))
        found = t.trace.apply("greater", pair)
        return 1.0 - found if inverted else found

    return function


def _same(t: _Translator, x: Any, *_: Any, **__: Any) -> Any:
    return x


def _expand(t: _Translator, x: Any, sizes: Any, **_: Any) -> Any:
    return t.trace.apply("add", (x, 0.0)) if sizes[-1] in (-1, len(x)) else x


def _elu(t: _Translator, x: Any, alpha: float = 1.0) -> Any:
    return ours.where(x > 0, x, (ours.exp(_clamp(t, x, None, 0.0)) - 1.0) * alpha)


def _lerp(t: _Translator, a: Any, b: Any, share: Any) -> Any:
    a = t.row(a)
    return a + (t.row(b) - a) * t.row(share)


def _gated(x: Any, gate: Any) -> Any:
    return x * ours.sigmoid(gate)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "mm": lambda t, rows, matrix: t.product(rows, matrix),
    "addmm": _addmm,
    "add": _add,
    "sub": _sub,
    "rsub": lambda t, a, b, alpha=1: _sub(t, b, a, alpha),
    "mul": _plain("mul"),
    "div": _plain("div"),
    "neg": _plain("neg"),
    "sigmoid": _plain("sigmoid"),
    "tanh": _plain("tanh"),
    "relu": _plain("relu"),
    "exp": _plain("exp"),
    "log": _plain("log"),
    "sqrt": _plain("sqrt"),
    "abs": _plain("abs"),
    "floor": _plain("floor"),
    "maximum": _plain("max"),
    "minimum": _plain("min"),
    "rsqrt": lambda t, x: 1.0 / t.trace.apply("sqrt", (x,)),
    "reciprocal": lambda t, x: 1.0 / x,
    "square": lambda t, x: x * x,
    "log1p": lambda t, x: t.trace.apply("log", (1.0 + x,)),
    "log_sigmoid_forward": lambda t, x: [-ours.softplus(-x), None],
    "silu": lambda t, x: x * ours.sigmoid(x),
    "softplus": _softplus,
    "leaky_relu": lambda t, x, slope=0.01: ours.where(x > 0, x, x * slope),
    "hardtanh": _clamp,
    "hardsigmoid": lambda t, x: _clamp(t, x * (1 / 6) + 0.5, 0.0, 1.0),
    "elu": _elu,
    "clamp": _clamp,
    "clamp_min": lambda t, x, low: _clamp(t, x, low),
    "clamp_max": lambda t, x, high: _clamp(t, x, None, high),
    "where": _plain("where"),
    "masked_fill": lambda t, x, mask, number: ours.where(mask, t.row(number), x),
    "eq": lambda t, a, b: t.row(a) == t.row(b),
    "ne": lambda t, a, b: t.row(a) != t.row(b),
    **dict.fromkeys(("logical_and", "bitwise_and"), _plain("mul")),  # of comparisons
    **dict.fromkeys(("logical_or", "bitwise_or"), _plain("max")),
    "bitwise_not": lambda t, x: 1.0 - x,
    "gt": _compare(turned=False, inverted=False),
    "lt": _compare(turned=True, inverted=False),
    "ge": _compare(turned=True, inverted=True),
    "le": _compare(turned=False, inverted=True),
    "logical_not": lambda t, x: 1.0 - x,
    "pow": _power,
    "sum": _reduce("sum"),
    "mean": _reduce("mean"),
    "amax": _reduce("amax"),
    "var": _variance,
    "native_layer_norm": _layer_norm,
    "_softmax": _softmax,
    "split": _split,
    "split_with_sizes": _split,
    "unsafe_split": _split,
    "slice": _slice,
    "cat": _cat,
    "lerp": _lerp,
    "addcmul": lambda t, a, b, c, value=1: t.row(a) + t.row(b) * t.row(c) * value,
    "glu": lambda t, x, axis=-1: _gated(*_split(t, x, len(x) // 2, axis)),
    "detach": lambda t, x: ours.still(x),
    "expand": _expand,
    "zeros_like": lambda t, x, **_: t.trace.apply("mul", (ours.still(x), 0.0)),
    "ones_like": lambda t, x, **_: t.trace.apply("mul", (ours.still(x), 0.0)) + 1.0,
    "clone": _same,
    "alias": _same,
    "_to_copy": _same,
    "contiguous": _same,
}
"""What a tape can hold, by the name of torch's operation; each is given the translator first."""
