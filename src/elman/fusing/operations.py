"""What a tape can hold, by the names of torch's operations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from elman.fusing import compositions as made
from elman.fusing.capture import Capture
from elman.written import functions as ours
from elman.written.tracing import Trace, Traced

__all__ = ["OPERATIONS", "RefusedError", "Translator"]


class RefusedError(Exception):
    """What a tape cannot hold."""


class Translator(Protocol):
    """Who asks: a step's tape while it is written."""

    captured: Capture
    trace: Trace

    def row(self, value: Any) -> Any:
        """What is added or multiplied unit by unit: a value, or a number."""
        ...

    def product(self, rows: Any, matrix: Any) -> Traced:
        """Rows times a weight [columns, out]."""
        ...


def _plain(name: str) -> Callable[..., Any]:
    return lambda t, *values: t.trace.apply(name, [t.row(value) for value in values])


def _scaled(t: Translator, other: Any, alpha: float) -> Any:
    other = t.row(other)
    return other if alpha == 1 else t.trace.apply("mul", (other, alpha))


def _add(t: Translator, a: Any, b: Any, alpha: float = 1) -> Traced:
    return t.trace.apply("add", (t.row(a), _scaled(t, b, alpha)))


def _sub(t: Translator, a: Any, b: Any, alpha: float = 1) -> Traced:
    return t.trace.apply("sub", (t.row(a), _scaled(t, b, alpha)))


def _addmm(t: Translator, bias: Any, rows: Any, matrix: Any, beta: int = 1, alpha: int = 1) -> Any:
    if beta != 1 or alpha != 1:
        raise RefusedError("other factors than 1")
    return t.product(rows, matrix) + t.row(bias)


def _units(axes: Any) -> None:
    axes = axes if isinstance(axes, list) else [axes]
    if axes not in ([-1], [1]):
        raise RefusedError("over rows: a value would depend on another row")


def _reduce(of: Callable[..., Any], pair: bool = False) -> Callable[..., Any]:
    """A function of a row's units; of a `pair` the first part is known."""

    def function(
        t: Translator, x: Any, axes: Any = None, keepdim: bool = False, **options: Any
    ) -> Any:
        _units(axes)
        if not keepdim:
            raise RefusedError("without keepdim=True: a row has one axis")
        options.pop("dtype", None)
        found = of(x, **options)
        return [found, None] if pair else found

    return function


def _with_mean(of: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the deviations beside the mean."""

    def function(t: Translator, x: Any, axes: Any = None, **options: Any) -> Any:
        return [_reduce(of)(t, x, axes, **options), ours.mean(x)]

    return function


def _norm(t: Translator, x: Any, order: Any = 2, axes: Any = None, *given: Any, **more: Any) -> Any:
    found = _reduce(lambda value: made.vector_norm(value, order))(t, x, axes, *given, **more)
    if found is None:
        raise RefusedError(f"a norm of order {order}")
    return found


def _clamp(t: Translator, x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else t.trace.apply("max", (x, t.row(low)))
    return x if high is None else t.trace.apply("min", (x, t.row(high)))


def _layer_norm(t: Translator, x: Any, shape: Any, gain: Any, bias: Any, epsilon: float) -> Any:
    if list(shape) != [len(x)]:
        raise RefusedError("over other axes than the units")
    y = ours.normalise(x, epsilon)
    y = y if gain is None else t.trace.apply("mul", (y, t.row(gain)))
    return [y if bias is None else t.trace.apply("add", (y, t.row(bias))), None, None]


def _softmax(t: Translator, x: Any, axis: int, half: bool = False) -> Any:
    _units(axis)
    return ours.softmax(x)


def _log_softmax(t: Translator, x: Any, axis: int, half: bool = False) -> Any:
    _units(axis)
    return made.log_softmax(x)


def _least(x: Any) -> Any:
    return -(-x).max()


def _roll(t: Translator, x: Any, shifts: Any, axes: Any = ()) -> Any:
    _units(axes)
    return made.rolled(x, *shifts)


def _div(t: Translator, a: Any, b: Any, rounding_mode: str | None = None) -> Any:
    found = t.trace.apply("div", (t.row(a), t.row(b)))
    if rounding_mode is None:
        return found
    return ours.floor(found) if rounding_mode == "floor" else made.truncated(found)


def _remainder(t: Translator, a: Any, b: Any, towards_zero: bool) -> Any:
    a, b = t.row(a), t.row(b)
    whole = _div(t, a, b, "trunc" if towards_zero else "floor")
    return t.trace.apply("sub", (a, t.trace.apply("mul", (whole, b))))


def _split(t: Translator, x: Any, sizes: Any, axis: int = 0) -> list[Any]:
    _units(axis)
    if isinstance(sizes, int):
        sizes = [min(sizes, len(x) - first) for first in range(0, len(x), sizes)]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [x[first : first + size] for first, size in zip(starts, sizes, strict=True)]


def _slice(
    t: Translator, x: Any, axis: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    if axis == 0 and start in (None, 0) and (end is None or end >= t.captured.batch):
        return x
    _units(axis)
    return x[slice(start, end, step)]


def _cat(t: Translator, parts: Any, axis: int = 0) -> Any:
    _units(axis)
    return ours.join(*(t.row(part) for part in parts))


def _power(t: Translator, x: Any, power: Any) -> Any:
    found = made.power(x, power) if isinstance(power, int | float) else None
    if found is None:
        raise RefusedError(f"a power of {power}: take whole ones, or 0.5")
    return found


def _compare(turned: bool, inverted: bool) -> Callable[..., Any]:
    def function(t: Translator, a: Any, b: Any) -> Any:
        pair = (t.row(b), t.row(a)) if turned else (t.row(a), t.row(b))
        found = t.trace.apply("greater", pair)
        return 1.0 - found if inverted else found

    return function


def _same(t: Translator, x: Any, *_: Any, **__: Any) -> Any:
    return x


def _expand(t: Translator, x: Any, sizes: Any, **_: Any) -> Any:
    return t.trace.apply("add", (x, 0.0)) if sizes[-1] in (-1, len(x)) else x


def _of_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of values alone, with torch's further arguments."""
    return lambda t, x, *given, **more: function(x, *given, **more)


def _lerp(t: Translator, a: Any, b: Any, share: Any) -> Any:
    a = t.row(a)
    return a + (t.row(b) - a) * t.row(share)


def _gated(x: Any, gate: Any) -> Any:
    return x * ours.sigmoid(gate)


_MADE = ("elu", "celu", "softplus", "hardswish", "hardshrink", "softshrink", "gelu", "erf", "sign")

OPERATIONS: dict[str, Callable[..., Any]] = {
    "mm": lambda t, rows, matrix: t.product(rows, matrix),
    "addmm": _addmm,
    "add": _add,
    "sub": _sub,
    "rsub": lambda t, a, b, alpha=1: _sub(t, b, a, alpha),
    "mul": _plain("mul"),
    "div": _div,
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
    "leaky_relu": lambda t, x, slope=0.01: ours.where(x > 0, x, x * slope),
    "hardtanh": _clamp,
    "hardsigmoid": lambda t, x: _clamp(t, x * (1 / 6) + 0.5, 0.0, 1.0),
    "threshold": lambda t, x, bound, other: ours.where(x > bound, x, other),
    "mish": lambda t, x: x * ours.tanh(ours.softplus(x)),
    "expm1": lambda t, x: ours.exp(x) - 1.0,
    "exp2": lambda t, x: ours.exp(x * math.log(2)),
    "log2": lambda t, x: ours.log(x) * (1 / math.log(2)),
    "log10": lambda t, x: ours.log(x) * (1 / math.log(10)),
    "sinh": lambda t, x: 0.5 * (ours.exp(x) - ours.exp(-x)),
    "cosh": lambda t, x: 0.5 * (ours.exp(x) + ours.exp(-x)),
    "ceil": lambda t, x: -ours.floor(-x),
    "frac": lambda t, x: x - made.truncated(x),
    **{name: _of_values(getattr(made, name)) for name in _MADE},
    "round": _of_values(made.round_half_to_even),
    "trunc": _of_values(made.truncated),
    "logaddexp": lambda t, a, b: made.log_add_exp(t.row(a), t.row(b)),
    "fmod": lambda t, a, b: _remainder(t, a, b, towards_zero=True),
    "remainder": lambda t, a, b: _remainder(t, a, b, towards_zero=False),
    "clamp": _clamp,
    "clamp_min": lambda t, x, low: _clamp(t, x, low),
    "clamp_max": lambda t, x, high: _clamp(t, x, None, high),
    "where": _plain("where"),
    "masked_fill": lambda t, x, mask, number: ours.where(mask, t.row(number), x),
    "eq": lambda t, a, b: t.row(a) == t.row(b),
    "ne": lambda t, a, b: t.row(a) != t.row(b),
    **dict.fromkeys(("logical_and", "bitwise_and"), _plain("mul")),  # of comparisons
    **dict.fromkeys(("logical_or", "bitwise_or"), _plain("max")),
    **dict.fromkeys(
        ("logical_xor", "bitwise_xor"), lambda t, a, b: ours.where(a, 1.0 - t.row(b), t.row(b))
    ),
    "bitwise_not": lambda t, x: 1.0 - x,
    "gt": _compare(turned=False, inverted=False),
    "lt": _compare(turned=True, inverted=False),
    "ge": _compare(turned=True, inverted=True),
    "le": _compare(turned=False, inverted=True),
    "logical_not": lambda t, x: 1.0 - x,
    "pow": _power,
    "sum": _reduce(ours.total),
    "mean": _reduce(ours.mean),
    "amax": _reduce(Traced.max),
    "amin": _reduce(_least),
    "max": _reduce(Traced.max, pair=True),
    "min": _reduce(_least, pair=True),
    "var": _reduce(made.variance),
    "std": _reduce(made.deviation),
    "var_mean": _with_mean(made.variance),
    "std_mean": _with_mean(made.deviation),
    "logsumexp": _reduce(made.log_sum_exp),
    "linalg_vector_norm": _norm,
    "native_layer_norm": _layer_norm,
    "_softmax": _softmax,
    "_log_softmax": _log_softmax,
    "roll": _roll,
    "split": _split,
    "split_with_sizes": _split,
    "unsafe_split": _split,
    "slice": _slice,
    "cat": _cat,
    "lerp": _lerp,
    "addcmul": lambda t, a, b, c, value=1: t.row(a) + t.row(b) * t.row(c) * value,
    "addcdiv": lambda t, a, b, c, value=1: t.row(a) + t.row(b) / t.row(c) * value,
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
