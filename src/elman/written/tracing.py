"""Running a step once on values that only write down what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any, NoReturn

import numpy as np

from elman.errors import ArgumentError, BlueprintError, ElmanError
from elman.tapes import INPUTS, Builder, Op, Tape
from elman.tapes.building import after_args, live
from elman.tapes.tape import ELEMENTWISE, REDUCTIONS, size_name

__all__ = ["Matrix", "Names", "Trace", "Traced", "apply", "first_traced", "place_of", "trace"]

_UFUNCS = {
    "negative": "neg",
    "absolute": "abs",
    "fabs": "abs",
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "maximum": "max",
    "minimum": "min",
    "fmax": "max",
    "fmin": "min",
    "greater": "greater",
    **{name: name for name in ("tanh", "exp", "log", "sqrt", "floor")},
}


def first_traced(values: Sequence[Any]) -> Traced | None:
    """The first of some values that is traced, if any is."""
    return next((value for value in values if isinstance(value, Traced)), None)


def apply(name: str, *values: Any) -> Traced:
    """Writes an operation of values, some of them traced, the others numbers."""
    found = first_traced(values)
    assert found is not None  # whoever asks has seen one
    return found.trace.apply(name, values)


class Names:
    """Values by name, as attributes: the parts of a state, or weights."""

    def __init__(self, what: str, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)
        self.__dict__["_what"] = what

    def __getattr__(self, name: str) -> Any:
        known = ", ".join(each for each in self.__dict__ if each != "_what")
        raise _StepError(f"found {self.__dict__['_what']}.{name}", f"there are {known}")


class _StepError(Exception):
    """Something a step cannot do; `trace` says where it stands."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found)
        self.found, self.expected = found, expected


class Matrix:
    """A weight of two axes: it is multiplied, or its rows are taken."""

    __array_ufunc__ = None

    def __init__(self, trace: Trace, number: int, first: int, rows: int) -> None:
        self.trace, self.number, self.first, self.rows = trace, number, first, rows

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.trace.weights[self.number][1][1]

    def __matmul__(self, value: Any) -> Traced:
        if isinstance(value, np.ndarray):
            value = Traced(self.trace, self.trace.number(value))
        if not isinstance(value, Traced):
            raise _StepError(f"found a product with {type(value).__name__}", "give a value")
        name, shape = self.trace.weights[self.number]
        if value.units != shape[1]:
            found = f"found {name} [{size_name(shape[0])}, {size_name(shape[1])}] times "
            raise _StepError(f"{found}{size_name(value.units)} units", "give as many as columns")
        return self.trace.add("product", (value.value,), (self.number, self.first), self.rows)

    def __getitem__(self, index: Any) -> Any:
        columns = self.shape[1]
        if isinstance(index, slice):
            start, stop, step = index.indices(self.rows)
            if step != 1 or stop <= start:
                raise _StepError(f"found the rows {index}", "give some that follow each other")
            return Matrix(self.trace, self.number, self.first + start, stop - start)
        if not isinstance(index, int) or not -self.rows <= index < self.rows:
            raise _StepError(f"found row {index!r}", f"there are {self.rows}")
        row = self.first + index % self.rows
        return self.trace.add("vector", (), (self.number, row * columns), columns)

    def __iter__(self) -> Any:
        return (self[k] for k in range(self.rows))

    def __getattr__(self, name: str) -> Any:
        raise _StepError(f"found .{name} of a weight", "multiply it (`w @ value`) or take a row")

    def __mul__(self, other: Any) -> Any:
        raise _StepError("found a matrix outside a product", "multiply it: `w @ value`")

    __add__ = __radd__ = __rmul__ = __sub__ = __rsub__ = __rmatmul__ = __mul__


class Traced:
    """A vector of one row, of which only the size is known."""

    def __init__(self, trace: Trace, value: int) -> None:
        self.trace, self.value = trace, value

    @property
    def units(self) -> int:
        """How many, or `INPUTS`."""
        return self.trace.builder.ops[self.value].size

    @property
    def size(self) -> int:
        """As an array's."""
        return len(self)

    @property
    def shape(self) -> tuple[int]:
        """As an array's."""
        return (len(self),)

    def __len__(self) -> int:
        if self.units == INPUTS:
            raise _StepError("found the number of inputs asked for", "say `inputs` of the cell")
        return self.units

    def __iter__(self) -> NoReturn:
        raise _StepError("found a loop over units", "take all of them at once, or slices")

    def __array_ufunc__(self, ufunc: Any, method: str, *values: Any, **options: Any) -> Any:
        name = ufunc.__name__
        if method != "__call__" or options:
            raise _StepError(f"found np.{name}.{method} with {sorted(options)}", "call it plainly")
        if name in _UFUNCS:
            return self.trace.apply(_UFUNCS[name], values)
        others = {
            "square": lambda x: x * x,
            "reciprocal": lambda x: 1.0 / x,
            "less": lambda a, b: self.trace.apply("greater", (b, a)),
            "greater_equal": lambda a, b: 1.0 - self.trace.apply("greater", (b, a)),
            "less_equal": lambda a, b: 1.0 - self.trace.apply("greater", (a, b)),
            "equal": self.trace.equal,
            "not_equal": lambda a, b: 1.0 - self.trace.equal(a, b),
            **dict.fromkeys(("bitwise_and", "logical_and"), self.trace.both),
            **dict.fromkeys(("bitwise_or", "logical_or"), self.trace.either),
            **dict.fromkeys(("bitwise_xor", "logical_xor"), self.trace.one_of),
            **dict.fromkeys(("invert", "logical_not"), self.trace.otherwise),
            "remainder": lambda a, b: a - b * self.trace.apply("floor", (a / b,)),
            "power": lambda a, b: a**b,
        }
        if name in others:
            return others[name](*values)
        raise _StepError(f"found np.{name}", f"there are {', '.join(sorted(_UFUNCS))}")

    def __array_function__(self, function: Any, types: Any, values: Any, options: Any) -> Any:
        from elman.written import functions as ours

        known = {
            "where": ours.where,
            "clip": ours.clip,
            "mean": ours.mean,
            "var": ours.variance,
            "sum": ours.total,
            "amax": lambda x: self.trace.apply("amax", (x,)),
            "max": lambda x: self.trace.apply("amax", (x,)),
            "concatenate": lambda parts: ours.join(*parts),
            "split": ours.split,
        }
        name = function.__name__
        if name not in known or options:
            raise _StepError(
                f"found np.{name}{' with ' + str(sorted(options)) if options else ''}",
                f"there are {', '.join(sorted(known))}, without options",
            )
        return known[name](*values)

    def __neg__(self) -> Traced:
        return self.trace.apply("neg", (self,))

    def __abs__(self) -> Traced:
        return self.trace.apply("abs", (self,))

    def __add__(self, other: Any) -> Traced:
        return self.trace.apply("add", (self, other))

    def __radd__(self, other: Any) -> Traced:
        return self.trace.apply("add", (other, self))

    def __sub__(self, other: Any) -> Traced:
        return self.trace.apply("sub", (self, other))

    def __rsub__(self, other: Any) -> Traced:
        return self.trace.apply("sub", (other, self))

    def __mul__(self, other: Any) -> Traced:
        return self.trace.apply("mul", (self, other))

    def __rmul__(self, other: Any) -> Traced:
        return self.trace.apply("mul", (other, self))

    def __truediv__(self, other: Any) -> Traced:
        return self.trace.apply("div", (self, other))

    def __rtruediv__(self, other: Any) -> Traced:
        return self.trace.apply("div", (other, self))

    def __mod__(self, other: Any) -> Traced:
        return self - other * self.trace.apply("floor", (self / other,))

    def __pow__(self, power: Any) -> Traced:
        if power == 2:
            return self * self
        if power == 0.5:
            return self.trace.apply("sqrt", (self,))
        if power == -1:
            return 1.0 / self
        raise _StepError(f"found a power of {power!r}", "take 2, 0.5 or -1, or exp and log")

    def __gt__(self, other: Any) -> Traced:
        return self.trace.apply("greater", (self, other))

    def __lt__(self, other: Any) -> Traced:
        return self.trace.apply("greater", (other, self))

    def __ge__(self, other: Any) -> Traced:
        return 1.0 - self.trace.apply("greater", (other, self))

    def __le__(self, other: Any) -> Traced:
        return 1.0 - self.trace.apply("greater", (self, other))

    def __eq__(self, other: object) -> Traced:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.trace.equal(self, other)

    def __ne__(self, other: object) -> Traced:  # pyright: ignore[reportIncompatibleMethodOverride]
        return 1.0 - self.trace.equal(self, other)

    def __and__(self, other: Any) -> Traced:
        return self.trace.both(self, other)

    def __or__(self, other: Any) -> Traced:
        return self.trace.either(self, other)

    def __xor__(self, other: Any) -> Traced:
        return self.trace.one_of(self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Traced:
        return self.trace.otherwise(self)

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __bool__(self) -> bool:
        raise _StepError("found a branch that depends on a value", "choose by `where`")

    def __matmul__(self, other: Any) -> Traced:
        raise _StepError("found a product of values", "multiply a weight: `w @ value`")

    __rmatmul__ = __matmul__

    def __getitem__(self, index: Any) -> Traced:
        if not isinstance(index, slice):
            index = self._one(index) if isinstance(index, int) else index
        if not isinstance(index, slice):
            raise _StepError(f"found the units {index!r}", "give a slice")
        start, stop, step = index.indices(len(self))
        if step != 1 or stop <= start:
            raise _StepError(f"found the units {index}", "give some that follow each other")
        return Traced(self.trace, self.trace.sliced(self.value, start, stop - start))

    def _one(self, index: int) -> slice:
        """The slice of one unit."""
        if not -len(self) <= index < len(self):
            raise _StepError(f"found the unit {index}", f"there are {len(self)}")
        first = index % len(self)
        return slice(first, first + 1)

    def sum(self) -> Traced:
        """Over the units."""
        return self.trace.apply("sum", (self,))

    def mean(self) -> Traced:
        """Over the units."""
        return self.trace.apply("mean", (self,))

    def max(self) -> Traced:
        """Over the units."""
        return self.trace.apply("amax", (self,))

    def __getattr__(self, name: str) -> Any:
        raise _StepError(f"found .{name} of a value", "use elman.written's functions")


class Trace:
    """A tape while it is written."""

    def __init__(self, weights: Sequence[tuple[str, tuple[int, ...]]]) -> None:
        self.builder = Builder()
        self.weights = weights
        self.named: dict[str, int] = {}
        self.streams = 0
        self._truths: dict[int, bool] = {}

    def add(
        self, name: str, args: Sequence[int] = (), given: Sequence[float] = (), size: int = 0
    ) -> Traced:
        """Writes an operation that was checked."""
        return Traced(self, self.builder.add(name, args, given, size))

    def weight(self, number: int) -> Traced | Matrix:
        """What stands for a weight."""
        _, shape = self.weights[number]
        if len(shape) == 2:
            return Matrix(self, number, 0, shape[0])
        return self.add("vector", (), (number, 0), shape[0])

    def mask(self, rate: float, size: int) -> Traced:
        """A new mask; each has a stream of its own."""
        if not 0 <= rate < 1:
            raise _StepError(f"found the rate {rate!r}", "give one in [0, 1)")
        self.streams += 1
        return self.add("mask", (), (self.streams - 1, float(rate)), size)

    def name(self, name: str, value: Traced) -> None:
        """Lets a value be known by name."""
        if self.named.get(name, value.value) != value.value:
            raise _StepError(f"found {name!r} named again", "give each value a name of its own")
        self.named[name] = value.value

    def apply(self, name: str, values: Sequence[Any]) -> Traced:
        """Writes an operation of values and numbers."""
        numbers = [self.number(value) for value in values]
        sizes = {self.builder.ops[number].size for number in numbers} - {1}
        if name == "join":
            if INPUTS in sizes:
                raise _StepError("found the inputs joined", "multiply each by a weight of its own")
            size = sum(self.builder.ops[number].size for number in numbers)
            return self.add(name, numbers, (), size)
        if name in REDUCTIONS:
            return self.add(name, numbers, (), 1)
        if len(sizes) > 1:
            found = " and ".join(map(size_name, sorted(sizes)))
            raise _StepError(f"found {name} of {found} units", "give the same, or one")
        if name == "div" and self.builder.ops[numbers[1]].size == 1 and sizes:
            # One division instead of one for each unit.
            name, numbers[1] = "mul", self._inverse(numbers[1])
        return self.add(name, numbers)

    def equal(self, a: Any, b: Any) -> Traced:
        """1 where neither of two is the greater one, else 0."""
        above, below = (self.apply("greater", pair) for pair in ((a, b), (b, a)))
        return (1.0 - above) * (1.0 - below)

    def both(self, a: Any, b: Any) -> Traced:
        """1 where two comparisons are true."""
        return self._truth(a) * self._truth(b)

    def either(self, a: Any, b: Any) -> Traced:
        """1 where one of two comparisons is true, or both."""
        return self.apply("max", (self._truth(a), self._truth(b)))

    def one_of(self, a: Any, b: Any) -> Traced:
        """1 where just one of two comparisons is true."""
        a, b = self._truth(a), self._truth(b)
        return self.apply("where", (a, 1.0 - b, b))

    def otherwise(self, a: Any) -> Traced:
        """1 where a comparison is not true."""
        return 1.0 - self._truth(a)

    def _truth(self, value: Any) -> Traced:
        """A value of zeros and ones."""
        number = self.number(value)
        if not self._is_truth(number):
            found = "found & | ^ or ~ of what is not true or false"
            raise _StepError(found, "compare first: (a > 0) & (b > 0), with the brackets")
        return Traced(self, number)

    def _is_truth(self, number: int) -> bool:
        if number not in self._truths:
            op = self.builder.ops[number]
            parts: Sequence[int] | None = None  # what must be true or false for it to be so, too
            if op.name in ("mul", "max", "min", "spread", "slice", "join", "still"):
                parts = op.args
            elif op.name == "where" or (
                op.name == "sub" and self.builder.is_constant(op.args[0], 1.0)
            ):
                parts = op.args[1:]
            elif op.name == "greater" or (op.name == "constant" and set(op.given) <= {0.0, 1.0}):
                parts = ()
            self._truths[number] = parts is not None and all(map(self._is_truth, parts))
        return self._truths[number]

    def _inverse(self, number: int) -> int:
        op = self.builder.ops[number]
        if self.builder.is_constant(number) and op.given[0] != 0:
            return self.builder.constant(1 / op.given[0])
        return self.builder.add("div", (self.builder.constant(1), number), (), 1)

    def normalised(self, value: Traced, epsilon: float) -> Traced:
        """Deviations from the mean, brought to variance 1."""
        scale = self.add("norm_scale", (value.value,), (float(epsilon),), 1)
        return self.add("norm", (value.value, scale.value), (), value.units)

    def number(self, value: Any) -> int:
        """The number of a value, of a constant, or of one for each unit."""
        if isinstance(value, Traced):
            if value.trace is not self:
                raise _StepError("found a value of another step", "keep it in the state")
            return value.value
        try:
            numbers = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            raise _StepError(
                f"found {type(value).__name__}", "use values, and numbers that are known before"
            ) from None
        if numbers.ndim > 1 or numbers.size == 0:
            found = f"found an array {list(numbers.shape)}"
            raise _StepError(found, "give a number, or one axis: one for each unit")
        if not np.isfinite(numbers).all():
            odd = numbers[~np.isfinite(numbers)].flat[0]
            raise _StepError(f"found the number {odd}", "give a finite one")
        return self.builder.constants(numbers.reshape(-1).tolist())

    def sliced(self, value: int, first: int, size: int) -> int:
        """Some units of a value: of a product or sum of products by its rows."""
        found = self._rows(value, first, size)
        if found is not None:
            return found
        return self.builder.add("slice", (value,), (first,), size)

    def _rows(self, value: int, first: int, size: int) -> int | None:
        rows: dict[int, int | None] = {}
        for number in after_args(value, self._unit_by_unit, rows):
            rows[number] = self._some(number, first, size, rows)
        return rows[value]

    def _unit_by_unit(self, value: int) -> tuple[int, ...]:
        """What the units of a value follow from, each from the same one."""
        op: Op = self.builder.ops[value]
        each = op.size != 1 and op.name in ELEMENTWISE and op.name != "spread"
        return op.args if each else ()

    def _some(
        self, value: int, first: int, size: int, rows: Mapping[int, int | None]
    ) -> int | None:
        op: Op = self.builder.ops[value]
        if op.size == 1:
            return value
        if op.name in ("product", "vector"):
            weight, start = op.given
            return self.builder.add(op.name, op.args, (weight, start + first), size)
        if op.name == "constant":
            return self.builder.constants(op.given[first : first + size])
        args = [rows[arg] for arg in self._unit_by_unit(value)]
        if not args or any(arg is None for arg in args):
            return None
        return self.builder.add(op.name, [arg for arg in args if arg is not None], op.given, size)


def trace(
    step: Callable[..., Any],
    given: Callable[[Trace, dict[str, int]], tuple[tuple, dict[str, Any]]],
    weights: Sequence[tuple[str, tuple[int, ...]]],
    states: Sequence[tuple[str, int]],
    inputs: int,
    units: int,
) -> Tape:
    """The tape of a step.

    Args:
        step: The function.
        given: What it is called with.
        weights: Name and shape of each, sizes being numbers or `INPUTS`.
        states: Name and size of each.
        inputs: I, or `INPUTS`.
        units: H.

    Raises:
        ArgumentError: The step does what a tape cannot hold; the message says its line.
        BlueprintError: It is outside a tape's bounds.
    """
    tracer = Trace(weights)
    sizes = dict(states)
    try:
        args, options = given(tracer, sizes)
        output, after = _results(step(*args, **options), sizes)
        roots = []
        for name, size in states:
            value = _result(tracer, name, after[name])
            if tracer.builder.ops[value].size != size:
                found = tracer.builder.ops[value].size
                if found != 1:
                    raise _StepError(f"found {name} of {size_name(found)} units", f"give {size}")
                value = tracer.builder.add("spread", (value,), (), size)
            roots.append(value)
        roots.insert(0, roots[0] if output is None else _result(tracer, "the output", output))
    except (_StepError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, ElmanError):
            raise
        raise _located(step, error) from error
    named = tuple(tracer.named.items())
    ops, places = live(tracer.builder.ops, [*roots, *(value for _, value in named)])
    output, *after = (places[root] for root in roots)
    try:
        return Tape(
            units,
            inputs,
            tuple(states),
            tuple((name, tuple(shape)) for name, shape in weights),
            tuple(ops),
            output,
            tuple(after),
            tuple((name, places[value]) for name, value in named),
        )
    except BlueprintError as error:
        found = f"{error.where}: {error.found}"
        raise ArgumentError(place_of(step), found, error.expected) from error


def _result(tracer: Trace, name: str, value: Any) -> int:
    if isinstance(value, int | float | np.ndarray):
        return tracer.number(value)
    if not isinstance(value, Traced):
        raise _StepError(f"found {name} as {type(value).__name__}", "return a value")
    return value.value


def _results(returned: Any, sizes: Mapping[str, int]) -> tuple[Any, dict[str, Any]]:
    """The output, None where it is the state's first part, and the state.

    They come as `output, {…}`, as a dict (its first part is the output), or both as one value where
    the state has one part.
    """
    output, after = None, returned
    if isinstance(returned, tuple) and len(returned) == 2:
        output, after = returned
    if isinstance(after, Traced) and len(sizes) == 1:
        after = {next(iter(sizes)): after}
    if not isinstance(after, dict) or set(after) != set(sizes):
        found = sorted(after) if isinstance(after, dict) else type(after).__name__
        names = ", ".join(sizes)
        raise _StepError(f"found it to return {found}", f"return the output and a dict of {names}")
    return output, after


def _located(step: Callable[..., Any], error: Exception) -> ArgumentError:
    found, expected = str(error), "write it by elman.written's functions"
    if isinstance(error, _StepError):
        found, expected = error.found, error.expected
    line = None
    code: CodeType | None = getattr(step, "__code__", None)
    tracer = error.__traceback__
    while tracer is not None:
        if code is not None and tracer.tb_frame.f_code.co_filename == code.co_filename:
            line = tracer.tb_lineno
        tracer = tracer.tb_next
    return ArgumentError(place_of(step, line), found, expected)


def place_of(step: Callable[..., Any], line: int | None = None) -> str:
    """File, line and name of a step; the line is its first if None."""
    code: CodeType | None = getattr(step, "__code__", None)
    if code is None:
        return "step"
    where = f"{code.co_filename}, line {code.co_firstlineno if line is None else line}"
    return f"{where}, in {code.co_name}"
