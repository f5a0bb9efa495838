"""A tape: what one step computes, for one row, as a list of operations.

A value is a vector of some size; one of size 1 counts for every unit of another. An operation reads
values that stand before it. Sizes are numbers, or `INPUTS`, the features of an input, which a tape
need not know. A tape holds data only: numbers and names, each within bounds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from elman.errors import BlueprintError

__all__ = ["ELEMENTWISE", "INPUTS", "LEAVES", "REDUCTIONS", "VERSION", "Op", "Tape", "size_name"]

VERSION = 1
INPUTS = -1
"""The size I, where it is not known yet."""

MAX_OPS = 4096
MAX_SIZE = 1 << 20
MAX_NUMBERS = 1 << 24  # of all values of one row's step: a file may not ask for hours
MAX_STATES = 8
MAX_WEIGHTS = 64
MAX_NAMED = 32
MAX_JOINED = 16
MAX_CONSTANTS = 1 << 14  # numbers in all
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

ELEMENTWISE = {
    **dict.fromkeys(("neg", "sigmoid", "tanh", "relu", "exp", "log", "softplus", "sqrt"), 1),
    **dict.fromkeys(("abs", "floor", "spread", "still"), 1),
    **dict.fromkeys(("add", "sub", "mul", "div", "max", "min", "greater"), 2),
    **dict.fromkeys(("sigmoid_back", "tanh_back"), 2),
    "where": 3,
}
"""Operations of each unit alone, with the number of values that they read.

`greater` is 1 where the first is greater, else 0; `where` takes the second value where the first is
not 0, else the third. `sigmoid_back(g, y)` is g·y·(1 - y), `tanh_back(g, y)` is g·(1 - y²).
"""

REDUCTIONS = ("sum", "mean", "amax")
"""Operations that make one number of a value."""

LEAVES = {"input": 0, "state": 1, "vector": 2, "constant": None, "time": 0, "mask": 2}
"""What reads no other value, with how many numbers it takes.

`state` (which), `vector` (weight, first entry), `constant` (a number for each unit), `time` (the
steps that the row made before), `mask` (stream, rate: 0 with that probability, else 1).
"""

_OTHERS = {
    **{"product": (1, 2), "slice": (1, 1), "pad": (1, 1), "join": (None, 0)},
    **{"norm_scale": (1, 1), "norm": (2, 0), "norm_back": (3, 0)},
}
"""`product` (weight, its first row), `slice` (first unit), `pad` (units of zeros before).

`norm_scale` (epsilon) is 1 / √(variance + epsilon) of a value, and of no gradient by itself;
`norm(x, scale)` the deviations from the mean times that; `norm_back(g, y, scale)` the gradient by
x through both.
"""


class Op(NamedTuple):
    """One operation.

    Attributes:
        name: What it does.
        args: The values that it reads, by number.
        given: Numbers beside them.
        size: Units of its result.
    """

    name: str
    args: tuple[int, ...]
    given: tuple[float, ...]
    size: int


@dataclass(frozen=True)
class Tape:
    """One step of a recurrence.

    Attributes:
        units: H, what the cell is asked for.
        inputs: I, or `INPUTS`: any.
        states: Name and size of each part of the state.
        weights: Name and shape of each weight, of one or two axes.
        ops: What is computed, in order.
        output: The value that is put out.
        after: The value that each part of the state becomes.
        named: Values by name, for whoever looks on.

    Raises:
        BlueprintError: Something is no such thing, or outside its bounds.
    """

    units: int
    inputs: int
    states: tuple[tuple[str, int], ...]
    weights: tuple[tuple[str, tuple[int, ...]], ...]
    ops: tuple[Op, ...]
    output: int
    after: tuple[int, ...]
    named: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        _Check(self).run()

    def __hash__(self) -> int:  # asked in every call: once is enough
        known = self.__dict__.get("_hash")
        if known is None:
            parts = (self.units, self.inputs, self.states, self.weights, self.ops, self.output)
            known = hash((*parts, self.after, self.named))
            object.__setattr__(self, "_hash", known)
        return known

    @property
    def output_size(self) -> int:
        """Units that are put out."""
        return self.ops[self.output].size

    @property
    def noisy(self) -> bool:
        """Whether there are masks in it."""
        return any(op.name == "mask" for op in self.ops)

    @property
    def counts(self) -> bool:
        """Whether it asks for the number of the step."""
        return self.noisy or any(op.name == "time" for op in self.ops)

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """The shape of each weight with I inputs.

        Raises:
            BlueprintError: The tape is of another I.
        """
        return dict(self.sized(inputs).weights)

    def sized(self, inputs: int) -> Tape:
        """The same with a number in the place of every `INPUTS`.

        Raises:
            BlueprintError: The tape is of another I.
        """
        if self.inputs == inputs:
            return self
        if self.inputs != INPUTS:
            raise BlueprintError(
                "inputs", f"found {inputs}", f"give {self.inputs}; this cell takes no other"
            )

        def known(size: int) -> int:
            return inputs if size == INPUTS else size

        return replace(
            self,
            inputs=inputs,
            states=tuple((name, known(size)) for name, size in self.states),
            weights=tuple((name, tuple(map(known, shape))) for name, shape in self.weights),
            ops=tuple(op._replace(size=known(op.size)) for op in self.ops),
        )

    def to_data(self) -> dict[str, Any]:
        """As what JSON can hold; `from_data` reads it again."""
        return {
            "version": VERSION,
            "units": self.units,
            "inputs": self.inputs,
            "states": [[name, size] for name, size in self.states],
            "weights": [[name, *shape] for name, shape in self.weights],
            "ops": [[op.name, list(op.args), list(op.given), op.size] for op in self.ops],
            "output": self.output,
            "after": list(self.after),
            "named": [[name, value] for name, value in self.named],
        }

    @classmethod
    def from_data(cls, data: Any) -> Tape:
        """From what `to_data` gave, or a stranger did.

        Raises:
            BlueprintError: It is no tape of this version, or outside the bounds.
        """
        if not isinstance(data, Mapping):
            raise BlueprintError("tape", f"found {type(data).__name__}", "give a mapping")
        wanted = {"version", "units", "inputs", "states", "weights", "ops", "output", "after"}
        wanted.add("named")
        if set(data) != wanted:
            raise BlueprintError("tape", f"found the keys {sorted(map(str, data))}", "a tape's")
        if data["version"] != VERSION:
            found = f"found {data['version']!r}"
            raise BlueprintError("tape.version", found, f"{VERSION}; a newer Elman may read it")
        lists = {
            "states": MAX_STATES,
            "weights": MAX_WEIGHTS,
            "ops": MAX_OPS,
            "after": MAX_STATES,
            "named": MAX_NAMED,
        }
        for name, most in lists.items():
            if not isinstance(data[name], list) or len(data[name]) > most:
                raise BlueprintError(f"tape.{name}", "found something else", f"a list up to {most}")
        return cls(
            _whole(data["units"], "units"),
            _whole(data["inputs"], "inputs"),
            tuple((_text(n), _whole(s, "states")) for n, s in _pairs(data["states"], "states")),
            tuple(map(_weight, data["weights"])),
            tuple(map(_op, data["ops"])),
            _whole(data["output"], "output"),
            tuple(_whole(value, "after") for value in data["after"]),
            tuple((_text(n), _whole(v, "named")) for n, v in _pairs(data["named"], "named")),
        )


def first_number(op: Op) -> float:
    """The first of what is given beside the values."""
    return op.given[0]


def size_name(size: int) -> str:
    """A size as a message says it."""
    return "I" if size == INPUTS else str(size)


def _fail(where: str, found: str, expected: str) -> BlueprintError:
    return BlueprintError(f"tape.{where}", found, expected)


def _whole(value: Any, where: str) -> int:
    if type(value) is not int:
        raise _fail(where, f"found {str(value)[:40]}", "give an integer")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _fail("names", f"found {str(value)[:40]}", "give a text")
    return value


def _pairs(items: list, where: str) -> list:
    for item in items:
        if not isinstance(item, list) or len(item) != 2:
            raise _fail(where, f"found {str(item)[:40]}", "give pairs")
    return items


def _weight(item: Any) -> tuple[str, tuple[int, ...]]:
    if not isinstance(item, list) or len(item) not in (2, 3):
        raise _fail("weights", f"found {str(item)[:40]}", "give a name and one or two sizes")
    return _text(item[0]), tuple(_whole(size, "weights") for size in item[1:])


def _op(item: Any) -> Op:
    if not isinstance(item, list) or len(item) != 4:
        raise _fail("ops", f"found {str(item)[:40]}", "give name, values, numbers, size")
    name, args, given, size = item
    if not isinstance(args, list) or not isinstance(given, list):
        raise _fail("ops", f"found {str(item)[:40]}", "give lists of values and of numbers")
    for number in given:
        if type(number) not in (int, float):
            raise _fail("ops", f"found {str(number)[:40]}", "give numbers")
    args = tuple(_whole(arg, "ops") for arg in args)
    return Op(_text(name), args, tuple(given), _whole(size, "ops"))


class _Check:
    """Whether a tape is what it says it is; every operation, every size."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def run(self) -> None:
        tape = self.tape
        self._size("units", tape.units)
        self._size("inputs", tape.inputs)
        self._bounded("states", tape.states, 1, MAX_STATES)
        self._bounded("weights", tape.weights, 0, MAX_WEIGHTS)
        self._bounded("ops", tape.ops, 1, MAX_OPS)
        self._bounded("named", tape.named, 0, MAX_NAMED)
        for group in (tape.states, tape.weights, tape.named):
            self._names([name for name, _ in group])
        for name, size in tape.states:
            self._size(f"states.{name}", size)
        for name, shape in tape.weights:
            if len(shape) not in (1, 2):
                raise _fail(f"weights.{name}", f"found {len(shape)} axes", "give one or two")
            for size in shape:
                self._size(f"weights.{name}", size)
        for number, op in enumerate(tape.ops):
            self._op(number, op)
        numbers = sum(op.size for op in tape.ops if op.name == "constant")
        if numbers > MAX_CONSTANTS:
            raise _fail("ops", f"found {numbers} constants", f"give up to {MAX_CONSTANTS}")
        values = sum(op.size for op in tape.ops if op.size != INPUTS)
        if values > MAX_NUMBERS:
            raise _fail("ops", f"found values of {values} numbers", f"give up to {MAX_NUMBERS}")
        self._results()

    def _bounded(self, where: str, items: Sequence, least: int, most: int) -> None:
        if not least <= len(items) <= most:
            raise _fail(where, f"found {len(items)}", f"give {least} to {most}")

    def _names(self, names: list[str]) -> None:
        for name in names:
            if not NAME.fullmatch(name) or names.count(name) > 1:
                raise _fail("names", f"found {name[:60]!r}", "each once: lower case, digits, '_'")

    def _size(self, where: str, size: int) -> None:
        if size != INPUTS and not 1 <= size <= MAX_SIZE:
            raise _fail(where, f"found the size {size}", f"give 1 to {MAX_SIZE}")

    def _results(self) -> None:
        tape = self.tape
        if len(tape.after) != len(tape.states):
            raise _fail("after", f"found {len(tape.after)}", f"give {len(tape.states)}")
        for where, value in (("output", tape.output), *(("after", each) for each in tape.after)):
            if not 0 <= value < len(tape.ops):
                raise _fail(where, f"found {value}", "name a value")
        for (name, size), value in zip(tape.states, tape.after, strict=True):
            if tape.ops[value].size != size:
                found = f"found {size_name(tape.ops[value].size)} units"
                raise _fail(f"after.{name}", found, f"give {size_name(size)}")
        for name, value in tape.named:
            if not 0 <= value < len(tape.ops):
                raise _fail(f"named.{name}", f"found {value}", "name a value")

    def _op(self, number: int, op: Op) -> None:
        where = f"ops[{number}]"
        args, count = self._counts(where, op)
        wrong = [arg for arg in op.args if not 0 <= arg < number]
        pairs = ((op.args, args), (op.given, count))
        counted = all(wanted is None or len(of) == wanted for of, wanted in pairs)
        if wrong or not counted:
            raise _fail(where, f"found {op.name} of {op.args}, {op.given}", "values before it")
        if not all(math.isfinite(each) for each in op.given):
            raise _fail(where, f"found {op.given}", "give finite numbers")
        whole = op.name not in ("constant", "mask", "norm_scale")
        if whole and any(each != int(each) or each < 0 for each in op.given):
            raise _fail(where, f"found {op.given}", "give integers from 0")
        self._size(where, op.size)
        if not self._fits(op):
            found = f"found {op.name} of size {size_name(op.size)}"
            raise _fail(where, found, "give the size that it makes")

    def _counts(self, where: str, op: Op) -> tuple[int | None, int | None]:
        if op.name in ELEMENTWISE:
            return ELEMENTWISE[op.name], 0
        if op.name in REDUCTIONS:
            return 1, 0
        if op.name in LEAVES:
            return 0, LEAVES[op.name]
        if op.name in _OTHERS:
            return _OTHERS[op.name]
        raise _fail(where, f"found {op.name[:40]!r}", "there is no such operation")

    def _fits(self, op: Op) -> bool:
        tape, sizes = self.tape, [self.tape.ops[arg].size for arg in op.args]
        first = int(op.given[0]) if op.given else 0
        if op.name == "spread":
            return sizes[0] in (1, op.size)
        if op.name in ELEMENTWISE:
            return all(size in (1, op.size) for size in sizes) and op.size in (*sizes, 1)
        if op.name in REDUCTIONS or op.name in ("constant", "time"):
            return op.size == (len(op.given) if op.name == "constant" else 1)
        if op.name == "norm_scale":
            return op.size == 1 and 0 < first_number(op) <= 1
        if op.name in ("norm", "norm_back"):
            return set(sizes[:-1]) == {op.size} and sizes[-1] == 1
        if op.name == "input":
            return op.size == tape.inputs
        if op.name == "state":
            return first < len(tape.states) and op.size == tape.states[first][1]
        if op.name == "mask":
            known = op.size != INPUTS or tape.inputs == INPUTS
            return known and first == op.given[0] and 0 <= first < 2**31 and 0 <= op.given[1] < 1
        if op.name == "join":
            known = INPUTS not in sizes
            return 1 <= len(sizes) <= MAX_JOINED and known and op.size == sum(sizes)
        if op.name == "slice":
            return INPUTS not in (*sizes, op.size) and first + op.size <= sizes[0]
        if op.name == "pad":
            return INPUTS not in (*sizes, op.size) and first + sizes[0] <= op.size
        return self._fits_weight(op, first, sizes)

    def _fits_weight(self, op: Op, first: int, sizes: list[int]) -> bool:
        if first >= len(self.tape.weights):
            return False
        _, shape = self.tape.weights[first]
        start = int(op.given[1])
        if op.name == "vector":
            if INPUTS in shape or op.size == INPUTS:
                return start == 0 and shape == (op.size,)
            return start + op.size <= math.prod(shape)
        rows, columns = shape if len(shape) == 2 else (0, 0)
        if rows == INPUTS or op.size == INPUTS:
            return columns == sizes[0] and rows == op.size and start == 0
        return columns == sizes[0] and start + op.size <= rows
