"""The way back through one step, made from its tape: a list of operations, too.

What the way back asks of the way there is partly kept and partly computed again: kept are the
results of transcendental functions, divisions, reductions, products and masks; what follows from
them and from the states by cheap operations is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from elman.tapes.building import Builder, after_args, live
from elman.tapes.tape import ELEMENTWISE, Op, Tape

__all__ = ["Back", "Outer", "Sum", "Through", "reverse"]


class Outer(NamedTuple):
    """The gradient by rows of a weight: what `delta` and `value` make, added up over rows."""

    weight: int
    row: int
    delta: int
    value: int


class Sum(NamedTuple):
    """The gradient by entries of a weight that is added or multiplied unit by unit."""

    weight: int
    first: int
    delta: int


class Through(NamedTuple):
    """What reaches the input through a product with it."""

    weight: int
    row: int
    delta: int


@dataclass(frozen=True)
class Back:
    """The way back through one step.

    Beside the leaves of a tape its operations read `kept` (which), `by_output` and `by_after`
    (which state): the gradients by what the step gave; `back` is a product with a weight's rows
    transposed.

    Attributes:
        ops: What is computed, in order.
        kept: The values of the tape that are kept.
        by_input: The gradient by the input, less what comes through products with it; None: none.
        through: The products with the input that it comes through.
        by_states: The gradient by each part of the state before the step; None: zeros.
        outers: Gradients by weights that are multiplied.
        sums: Gradients by weights that are read unit by unit.
    """

    ops: tuple[Op, ...]
    kept: tuple[int, ...]
    by_input: int | None
    through: tuple[Through, ...]
    by_states: tuple[int | None, ...]
    outers: tuple[Outer, ...]
    sums: tuple[Sum, ...]


@lru_cache(maxsize=256)
def reverse(tape: Tape, after: bool = False) -> Back:
    """The way back through a step whose sizes are all known (`Tape.sized`).

    Args:
        tape: The step.
        after: Whether the state after the step is there to be read (`after`, which), so that none
            of it is kept or computed again.
    """
    return _Reverse(tape, after).run()


_CHEAP = (set(ELEMENTWISE) - {"sigmoid", "tanh", "exp", "log", "softplus", "sqrt", "div"}) | {
    "slice",
    "join",
    "pad",
}
_AGAIN = {"tanh", "sigmoid", "relu"}
_FREE = {"input", "state", "vector", "constant", "time"}


class _Reverse:
    def __init__(self, tape: Tape, after: bool) -> None:
        self.tape = tape
        self.after = {value: k for k, value in enumerate(tape.after)} if after else {}
        self.to = Builder()
        self.grads: dict[int, int] = {}
        self.outers: list[Outer] = []
        self.sums: list[Sum] = []
        self.through: list[Through] = []
        self.cheap = {k for k, op in enumerate(tape.ops) if op.name in _CHEAP}

    def run(self) -> Back:
        tape = self.tape
        self._into(tape.output, self.to.add("by_output", (), (), tape.output_size))
        for k, value in enumerate(tape.after):
            self._into(value, self.to.add("by_after", (), (k,), tape.states[k][1]))
        by_input: int | None = None
        by_states: list[int | None] = [None] * len(tape.states)
        for number in reversed(range(len(tape.ops))):
            grad = self.grads.get(number)
            if grad is None:
                continue
            op = tape.ops[number]
            if op.name == "input":
                by_input = self._widened(grad, op.size)
            elif op.name == "state":
                by_states[int(op.given[0])] = self._widened(grad, op.size)
            else:
                self._one(number, op, grad)
        return self._finished(by_input, by_states)

    # ---- writing -------------------------------------------------------------------------------

    def _value(self, number: int) -> int:
        """A value of the way there."""
        return self.to.add("forward", (), (number,), self.tape.ops[number].size)

    def _size(self, value: int) -> int:
        return self.to.ops[value].size

    def _widened(self, value: int, size: int) -> int:
        return self.to.add("spread", (value,), (), size)

    def _into(self, number: int, grad: int) -> None:
        """Adds to the gradient by a value; what one number had of many units is their sum."""
        if self.tape.ops[number].name in ("constant", "time", "mask"):
            return
        if self.tape.ops[number].size == 1 and self._size(grad) != 1:
            grad = self.to.add("sum", (grad,), (), 1)
        before = self.grads.get(number)
        self.grads[number] = grad if before is None else self.to.add("add", (before, grad))

    # ---- each operation ------------------------------------------------------------------------

    def _one(self, number: int, op: Op, grad: int) -> None:
        if op.name in ("constant", "time", "mask", "floor", "greater", "still", "norm_scale"):
            return
        if op.size != 1 and self._size(grad) == 1 and op.name in ("slice", "join", "pad"):
            grad = self._widened(grad, op.size)
        getattr(self, f"_{op.name}")(number, op, grad)

    def _vector(self, number: int, op: Op, grad: int) -> None:
        weight, first = map(int, op.given)
        self.sums.append(Sum(weight, first, self._widened(grad, op.size)))

    def _product(self, number: int, op: Op, grad: int) -> None:
        weight, row = map(int, op.given)
        delta, (value,) = self._widened(grad, op.size), op.args
        source = self.tape.ops[value]
        self.outers.append(Outer(weight, row, delta, self._value(value)))
        if source.name == "input":
            self.through.append(Through(weight, row, delta))
        elif source.name not in ("constant", "time", "mask"):
            self._into(value, self.to.add("back", (delta,), op.given, source.size))

    def _spread(self, number: int, op: Op, grad: int) -> None:
        self._into(op.args[0], grad)

    def _neg(self, number: int, op: Op, grad: int) -> None:
        self._into(op.args[0], self.to.add("neg", (grad,)))

    def _add(self, number: int, op: Op, grad: int) -> None:
        for arg in op.args:
            self._into(arg, self._whole(grad, op, arg))

    def _whole(self, grad: int, op: Op, arg: int) -> int:
        """A gradient of one number stands for all units: their sum counts each of them."""
        if self.tape.ops[arg].size == 1 and op.size != 1:
            return self._widened(grad, op.size)
        return grad

    def _sub(self, number: int, op: Op, grad: int) -> None:
        left, right = op.args
        self._into(left, self._whole(grad, op, left))
        self._into(right, self._whole(self.to.add("neg", (grad,)), op, right))

    def _mul(self, number: int, op: Op, grad: int) -> None:
        left, right = op.args
        for to, other in ((left, right), (right, left)):
            if self.tape.ops[to].name in ("constant", "time", "mask"):
                continue
            by = self.to.add("mul", (grad, self._value(other)))
            self._into(to, self._whole(by, op, to))

    def _div(self, number: int, op: Op, grad: int) -> None:
        left, right = op.args
        by = self.to.add("div", (grad, self._value(right)))
        self._into(left, self._whole(by, op, left))
        if self.tape.ops[right].name != "constant":
            less = self.to.add("neg", (self.to.add("mul", (by, self._value(number))),))
            self._into(right, self._whole(less, op, right))

    def _max(self, number: int, op: Op, grad: int) -> None:
        self._choose(op, grad, op.args)

    def _min(self, number: int, op: Op, grad: int) -> None:
        self._choose(op, grad, op.args[::-1])

    def _choose(self, op: Op, grad: int, order: tuple[int, ...]) -> None:
        """To the greater one (of `order`); of equal ones half to each, all of it beside a constant.

        For the smaller one the comparison is the other way round.
        """
        zero = self.to.constant(0)
        for to in op.args:
            other = op.args[1] if to == op.args[0] else op.args[0]
            if self.tape.ops[to].name == "constant":
                continue
            high, low = (to, other) if order == op.args else (other, to)
            behind = self.to.add("greater", (self._value(low), self._value(high)))
            part = grad
            if self.tape.ops[other].name != "constant":
                ahead = self.to.add("greater", (self._value(high), self._value(low)))
                both = self.to.add("mul", (self.to.constant(0.5), grad))
                part = self.to.add("where", (ahead, grad, both))
            by = self.to.add("where", (behind, zero, part))
            self._into(to, self._whole(by, op, to))

    def _where(self, number: int, op: Op, grad: int) -> None:
        mask, zero = self._value(op.args[0]), self.to.constant(0)
        for arg, parts in ((op.args[1], (grad, zero)), (op.args[2], (zero, grad))):
            by = self.to.add("where", (mask, *parts))
            self._into(arg, self._whole(by, op, arg))

    def _sigmoid(self, number: int, op: Op, grad: int) -> None:
        self._into(op.args[0], self.to.add("sigmoid_back", (grad, self._value(number))))

    def _tanh(self, number: int, op: Op, grad: int) -> None:
        self._into(op.args[0], self.to.add("tanh_back", (grad, self._value(number))))

    def _relu(self, number: int, op: Op, grad: int) -> None:
        zero = self.to.constant(0)
        positive = self.to.add("greater", (self._value(number), zero))
        self._into(op.args[0], self.to.add("where", (positive, grad, zero)))

    def _exp(self, number: int, op: Op, grad: int) -> None:
        self._into(op.args[0], self.to.add("mul", (grad, self._value(number))))

    def _log(self, number: int, op: Op, grad: int) -> None:
        self._into(op.args[0], self.to.add("div", (grad, self._value(op.args[0]))))

    def _softplus(self, number: int, op: Op, grad: int) -> None:
        slope = self.to.add("sigmoid", (self._value(op.args[0]),))
        self._into(op.args[0], self.to.add("mul", (grad, slope)))

    def _sqrt(self, number: int, op: Op, grad: int) -> None:
        slope = self.to.add("div", (self.to.constant(0.5), self._value(number)))
        self._into(op.args[0], self.to.add("mul", (grad, slope)))

    def _abs(self, number: int, op: Op, grad: int) -> None:
        zero, value = self.to.constant(0), self._value(op.args[0])
        above, below = (self.to.add("greater", pair) for pair in ((value, zero), (zero, value)))
        sign = self.to.add("sub", (above, below))
        self._into(op.args[0], self.to.add("mul", (grad, sign)))

    def _sum(self, number: int, op: Op, grad: int) -> None:
        self._into(op.args[0], grad)

    def _mean(self, number: int, op: Op, grad: int) -> None:
        share = self.to.constant(1 / self.tape.ops[op.args[0]].size)
        self._into(op.args[0], self.to.add("mul", (grad, share)))

    def _amax(self, number: int, op: Op, grad: int) -> None:
        value, most = self._value(op.args[0]), self._value(number)
        less = self.to.add("greater", (most, value))
        first = self.to.add("sub", (self.to.constant(1), less))
        count = self.to.add("sum", (first,), (), 1)
        by = self.to.add("mul", (first, self.to.add("div", (grad, count))))
        self._into(op.args[0], by)

    def _norm(self, number: int, op: Op, grad: int) -> None:
        grad = self._widened(grad, op.size)
        parts = (grad, self._value(number), self._value(op.args[1]))
        self._into(op.args[0], self.to.add("norm_back", parts, (), op.size))

    def _slice(self, number: int, op: Op, grad: int) -> None:
        size = self.tape.ops[op.args[0]].size
        self._into(op.args[0], self.to.add("pad", (grad,), op.given, size))

    def _pad(self, number: int, op: Op, grad: int) -> None:
        size = self.tape.ops[op.args[0]].size
        self._into(op.args[0], self.to.add("slice", (grad,), op.given, size))

    def _join(self, number: int, op: Op, grad: int) -> None:
        first = 0
        for arg in op.args:
            size = self.tape.ops[arg].size
            self._into(arg, self.to.add("slice", (grad,), (first,), size))
            first += size

    def _sigmoid_back(self, number: int, op: Op, grad: int) -> None:
        raise AssertionError("a step has none of these")

    _tanh_back = _sigmoid_back

    # ---- what is kept --------------------------------------------------------------------------

    def _finished(self, by_input: int | None, by_states: list[int | None]) -> Back:
        results = [value for value in (by_input, *by_states) if value is not None]
        results += [value for each in self.outers for value in (each.delta, each.value)]
        results += [each.delta for each in (*self.sums, *self.through)]
        ops, _ = live(self.to.ops, results)
        needed = [int(op.given[0]) for op in ops if op.name == "forward"]
        kept = self._kept(needed)
        again = _Again(self.tape, kept, self.cheap, self.after)
        numbers = [again.take(op, number) for number, op in enumerate(self.to.ops)]
        moved = {old: new for old, new in enumerate(numbers) if new is not None}
        ops, places = live(again.to.ops, [moved[value] for value in results])

        def at(value: int) -> int:
            return places[moved[value]]

        return Back(
            tuple(ops),
            kept,
            None if by_input is None else at(by_input),
            tuple(Through(each.weight, each.row, at(each.delta)) for each in self.through),
            tuple(None if value is None else at(value) for value in by_states),
            tuple(
                Outer(each.weight, each.row, at(each.delta), at(each.value)) for each in self.outers
            ),
            tuple(Sum(each.weight, each.first, at(each.delta)) for each in self.sums),
        )

    def _kept(self, needed: list[int]) -> tuple[int, ...]:
        ops = self.tape.ops
        kept = {number for number in needed if number not in self.cheap and not self._free(number)}
        for number in sorted(kept):
            # What a transcendental function makes of the state and what is kept is made again.
            if ops[number].name in _AGAIN and self._sources(number, kept) <= kept - {number}:
                kept.discard(number)
                self.cheap.add(number)
        for number in sorted(set(needed)):
            if number not in self.cheap or self._free(number):
                continue
            missing = self._sources(number, kept) - kept
            if not missing:
                continue
            if sum(ops[each].size for each in missing) < ops[number].size:
                kept |= missing
            else:
                kept.add(number)
        return tuple(sorted(kept))

    def _free(self, number: int) -> bool:
        """Whether a value is there anyway."""
        return self.tape.ops[number].name in _FREE or number in self.after

    def _sources(self, number: int, kept: set[int]) -> set[int]:
        """What a cheap value follows from."""
        found: set[int] = set()
        seen: set[int] = set()
        left = list(self.tape.ops[number].args)
        while left:
            arg = left.pop()
            if arg in seen or self._free(arg):
                continue
            seen.add(arg)
            if arg in kept or arg not in self.cheap:
                found.add(arg)
            else:
                left += self.tape.ops[arg].args
        return found


class _Again:
    """The way back once more, with what it asks of the way there in its place."""

    def __init__(
        self, tape: Tape, kept: tuple[int, ...], cheap: set[int], after: dict[int, int]
    ) -> None:
        self.tape, self.cheap, self.after = tape, cheap, after
        self.places = {number: k for k, number in enumerate(kept)}
        self.to = Builder()
        self.numbers: dict[int, int] = {}
        self.there: dict[int, int | None] = {}

    def take(self, op: Op, number: int) -> int | None:
        if op.name == "forward":
            found = self._forward(int(op.given[0]))
        elif any(self.numbers[arg] < 0 for arg in op.args):
            found = None
        else:
            args = [self.numbers[arg] for arg in op.args]
            found = self.to.add(op.name, args, op.given, op.size)
        self.numbers[number] = -1 if found is None else found
        return found

    def _forward(self, number: int) -> int | None:
        for value in after_args(number, self._follows, self.there):
            self.there[value] = self._made(value)
        return self.there[number]

    def _follows(self, number: int) -> tuple[int, ...]:
        """What a value is made again of; nothing where it is kept, or nobody reads it."""
        op = self.tape.ops[number]
        at_hand = number in self.places or (number in self.after and op.name not in _FREE)
        return () if at_hand or number not in self.cheap else op.args

    def _made(self, number: int) -> int | None:
        op = self.tape.ops[number]
        if number in self.places:
            return self.to.add("kept", (), (self.places[number],), op.size)
        if number in self.after and op.name not in _FREE:
            return self.to.add("after", (), (self.after[number],), op.size)
        if number not in self.cheap and op.name not in _FREE:
            return None  # nobody reads it
        args = [self.there[arg] for arg in op.args]
        if any(arg is None for arg in args):
            return None
        return self.to.add(op.name, args, op.given, op.size)  # pyright: ignore
