"""Writing a list of operations: the same one is written once, and what nobody reads is left out."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from elman.tapes.tape import Op

__all__ = ["Builder", "after_args", "live"]


class Builder:
    """A list of operations that grows.

    Attributes:
        ops: What was written so far.
    """

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._known: dict[Op, int] = {}

    def add(
        self, name: str, args: Sequence[int] = (), given: Sequence[float] = (), size: int = 0
    ) -> int:
        """The number of the value; `size` 0: that of the largest value that is read."""
        if size == 0:
            sizes = [self.ops[arg].size for arg in args]
            size = next((each for each in sizes if each != 1), 1)
        op = Op(name, tuple(args), tuple(given), size)
        found = self._simpler(op)
        if found is not None:
            return found
        if op not in self._known:
            self._known[op] = len(self.ops)
            self.ops.append(op)
        return self._known[op]

    def constant(self, number: float) -> int:
        """A number."""
        return self.constants((number,))

    def constants(self, numbers: Sequence[float]) -> int:
        """A number for each unit."""
        return self.add("constant", (), tuple(map(float, numbers)), len(numbers))

    def is_constant(self, value: int, number: float | None = None) -> bool:
        """Whether a value is one constant number, and this one."""
        op = self.ops[value]
        alone = op.name == "constant" and op.size == 1
        return alone and (number is None or op.given[0] == number)

    def _simpler(self, op: Op) -> int | None:
        """The value that the operation would only repeat."""
        if op.name == "spread" and self.ops[op.args[0]].size == op.size:
            return op.args[0]
        if op.name == "neg" and self.ops[op.args[0]].name == "neg":
            return self.ops[op.args[0]].args[0]
        if op.name not in ("add", "mul", "sub", "div"):
            return None
        left, right = op.args
        nothing = 0.0 if op.name in ("add", "sub") else 1.0
        if self.is_constant(right, nothing) and self.ops[left].size == op.size:
            return left
        if op.name in ("add", "mul") and self.is_constant(left, nothing):
            return right if self.ops[right].size == op.size else None
        return None


def live(ops: Sequence[Op], roots: Iterable[int]) -> tuple[list[Op], dict[int, int]]:
    """The operations that the roots need, and the new number of each of them."""
    wanted = set(roots)
    for number in reversed(range(len(ops))):
        if number in wanted:
            wanted.update(ops[number].args)
    numbers: dict[int, int] = {}
    kept = []
    for number, op in enumerate(ops):
        if number in wanted:
            numbers[number] = len(kept)
            kept.append(op._replace(args=tuple(numbers[arg] for arg in op.args)))
    return kept, numbers


def after_args(
    root: int, args_of: Callable[[int], Sequence[int]], known: Container[int]
) -> Iterator[int]:
    """A value and all that it follows from, each once and after what it reads.

    Args:
        root: The value.
        args_of: What a value reads.
        known: What needs no more; who takes a value from here puts it in before the next.
    """
    left = [root]
    while left:
        last = left[-1]
        missing = [] if last in known else [arg for arg in args_of(last) if arg not in known]
        if missing:
            left += reversed(missing)
            continue
        left.pop()
        if last not in known:
            yield last
