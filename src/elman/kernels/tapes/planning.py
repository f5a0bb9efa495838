"""Frames, sections, stages and instructions: what both ways of a program share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.tapes import Op, Tape

__all__ = ["PLACES", "Node", "Planner"]

PLACES = (
    *("local", "rows", "ahead", "before", "after", "kept", "delta", "carry", "fresh"),
    *("by_output", "input", "vector", "constant"),
)
OPERATIONS = (
    *("copy", "neg", "sigmoid", "tanh", "relu", "exp", "log", "softplus", "sqrt", "abs", "floor"),
    *("add", "sub", "mul", "div", "max", "min", "greater", "sigmoid_back", "tanh_back"),
    *("where", "muladd", "sum", "mean", "amax", "norm_scale", "norm", "norm_back"),
    *("slice", "pad", "time", "mask"),
)
_WHOLE = ("slice", "pad", "join", "sum", "mean", "amax", "norm_scale", "norm", "norm_back")
"""Operations that read other units than the one they write: never into what they read."""
_COPIES = {"spread": "copy", "still": "copy"}


@dataclass
class Node:
    """A value as it is made."""

    kind: str  # leaf, ahead, product, back, op
    op: Op
    args: tuple[int, ...] = ()  # nodes
    phase: int = 0
    starts: list[Op] = field(default_factory=list)  # vectors and constants
    start: int = -1  # a node
    items: list[tuple[int, int, int]] = field(default_factory=list)  # delta node, weight, row
    section: int = -1


class Planner:
    """Frames, sections and instructions; what both ways share."""

    def __init__(self, tape: Tape, ops: Sequence[Op], roots: Iterable[int]) -> None:
        self.tape, self.ops = tape, ops
        self.frames: list[tuple[int, ...]] = []
        self.sections: list[tuple[int, int]] = []
        self.constants: list[float] = []
        self.parts: list[tuple[int, int, int]] = []
        self.matrices: list[tuple[int, ...]] = []
        self.starts: list[tuple[int, ...]] = []
        self.start_numbers: list[float] = []
        self.products: list[tuple[int, ...]] = []
        self.stages: list[tuple[int, int, int]] = []
        self.instructions: list[tuple[int, ...]] = []
        self.rates: list[float] = []
        self.ahead = -1
        self.nodes: list[Node] = []
        self.node_of: dict[int, int] = {}
        self.roots = set(roots)
        self.uses: dict[int, int] = defaultdict(int)
        for op in ops:
            for arg in op.args:
                self.uses[arg] += 1
        for root in self.roots:
            self.uses[root] += 2
        self.local_free: dict[int, list[int]] = defaultdict(list)

    # ---- frames --------------------------------------------------------------------------------

    def frame(self, place: str, sizes: Sequence[int], index: int = 0, entry: int = 0) -> int:
        """A new frame; its first section."""
        first = len(self.sections)
        self.frames.append((PLACES.index(place), index, first, len(sizes), entry))
        self.sections += [(size, len(self.frames) - 1) for size in sizes]
        return first

    def place(self, section: int) -> str:
        """Where a section lies."""
        return PLACES[self.frames[self.sections[section][1]][0]]

    def leaf(self, op: Op) -> int:
        """The section of a value that is there before anything runs."""
        if op.name == "vector":
            return self.frame("vector", [op.size], int(op.given[0]), int(op.given[1]))
        if op.name == "constant":
            self.constants += map(float, op.given)
            return self.frame("constant", [op.size], len(self.constants) - op.size)
        places = {"state": "before", "by_after": "carry", "input": "input"}
        index = int(op.given[0]) if op.given else 0
        return self.frame(places.get(op.name, op.name), [op.size], index)

    # ---- from operations to nodes --------------------------------------------------------------

    def add_node(self, node: Node) -> int:
        """A new node's number."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _inner_sums(self) -> set[int]:
        """Sums that only another sum of the same size reads."""
        inner = set()
        for op in self.ops:
            if op.name != "add":
                continue
            for arg in op.args:
                of = self.ops[arg]
                if of.name == "add" and of.size == op.size and self.uses[arg] == 1:
                    inner.add(arg)
        return inner

    def _terms(self, number: int, inner: set[int]) -> list[int]:
        found = []
        left = list(reversed(self.ops[number].args))
        while left:
            arg = left.pop()
            if arg in inner:
                left += reversed(self.ops[arg].args)
            else:
                found.append(arg)
        return found

    def own(self, value: int, size: int) -> bool:
        """Whether nobody else reads a value, of this size."""
        return self.uses[value] == 1 and self.ops[value].size == size

    def node(self, value: int) -> int:
        """The node of a value; a product that was left to a sum is made now."""
        if value not in self.node_of:
            self.node_of[value] = self.single(value, self.ops[value])
        return self.node_of[value]

    def added(self, op: Op, nodes: Sequence[int]) -> int:
        """Nodes added up, one by one."""
        total = nodes[0]
        for other in nodes[1:]:
            total = self.add_node(Node("op", op._replace(given=()), (total, other)))
        return total

    def sum_of(self, op: Op, terms: list[int]) -> int:
        """The node of a sum of several terms."""
        raise NotImplementedError

    def single(self, number: int, op: Op) -> int:
        """The node of an operation that no sum takes."""
        raise NotImplementedError

    def _phases(self) -> None:
        """Nodes stand after what they read."""
        for node in self.nodes:
            behind = [self.nodes[arg].phase for arg in node.args]
            behind += [self.nodes[delta].phase for delta, _, _ in node.items]
            if node.start >= 0:
                behind.append(self.nodes[node.start].phase)
            product = node.kind in ("product", "back")
            node.phase = max(behind, default=0) + (1 if product else 0)

    def fuse(self, held: Iterable[int]) -> None:
        """A product of values that only a sum reads is made by that sum."""
        uses: dict[int, int] = defaultdict(int)
        for k in held:
            uses[k] += 2
        for node in self.nodes:
            for arg in (*node.args, node.start, *(delta for delta, _, _ in node.items)):
                uses[arg] += 1
        for node in self.nodes:
            if node.kind != "op" or node.op.name != "add":
                continue
            for this, other in (node.args[::-1], node.args):
                of = self.nodes[this]
                fits = of.kind == "op" and of.op.name == "mul" and of.op.size == node.op.size
                if fits and uses[this] == 1 and of.phase == node.phase:
                    node.op, node.args = node.op._replace(name="muladd"), (*of.args, other)
                    of.kind, of.args = "gone", ()
                    break

    # ---- placing and running -------------------------------------------------------------------

    def crossing(self, ends: Iterable[int]) -> set[int]:
        """Nodes that are read after their own phase, by a product, or at the end."""
        found = set(ends)
        for node in self.nodes:
            for arg in node.args:
                if node.kind in ("product", "back") or self.nodes[arg].phase < node.phase:
                    found.add(arg)
            if node.start >= 0:
                found.add(node.start)
        return found

    def emit(
        self, name: str, to: int, args: Sequence[int], shift: int = 0, rate: float = 0
    ) -> None:
        """One instruction on sections."""
        padded = (*args, -1, -1, -1)[:3]
        operation = OPERATIONS.index(_COPIES.get(name, name))
        self.instructions.append((operation, to, *padded, shift))
        self.rates.append(rate)

    def run_phases(self, copies: dict[int, list[tuple[int, int]]]) -> None:
        """All stages; `copies` of a phase are (from node, to section)."""
        last = max([node.phase for node in self.nodes] + list(copies))
        for phase in range(last + 1):
            for product in self.products_of(phase):
                self.stages.append((product, 0, 0))
            first = len(self.instructions)
            self._run_ops(phase)
            for node, section in copies.get(phase, []):
                self.emit("copy", section, [self.nodes[node].section])
            if len(self.instructions) > first:
                self.stages.append((-1, first, len(self.instructions)))

    def products_of(self, phase: int) -> list[int]:
        """The products of a phase, by number."""
        raise NotImplementedError

    def _run_ops(self, phase: int) -> None:
        numbers = [
            k for k, node in enumerate(self.nodes) if node.kind == "op" and node.phase == phase
        ]
        left: dict[int, int] = defaultdict(int)
        for k in numbers:
            for arg in self.nodes[k].args:
                left[arg] += 1
        for k in numbers:
            node = self.nodes[k]
            dying = []
            for arg in node.args:
                left[arg] -= 1
                section = self.nodes[arg].section
                if left[arg] == 0 and self.place(section) == "local" and arg not in self.copied:
                    dying.append(section)
            moves = node.op.name in _WHOLE
            if not moves:
                self._free(dying)
            if node.section < 0:
                node.section = self._local(node.op.size)
            self._instruction(node)
            if moves:
                self._free(dying)
            if left[k] == 0 and self.place(node.section) == "local" and k not in self.copied:
                self._free([node.section])

    def _free(self, sections: Iterable[int]) -> None:
        for section in dict.fromkeys(sections):
            self.local_free[self.sections[section][0]].append(section)

    def _local(self, size: int) -> int:
        free = self.local_free[size]
        return free.pop() if free else self.frame("local", [size])

    def _instruction(self, node: Node) -> None:
        op, args = node.op, [self.nodes[arg].section for arg in node.args]
        if op.name == "join":
            first = 0
            for k, arg in enumerate(args):
                self.emit("pad", node.section, [arg], first, 1.0 if k == 0 else 0.0)
                first += self.sections[arg][0]
        elif op.name == "pad":
            self.emit("pad", node.section, args, int(op.given[0]), 1.0)
        elif op.name == "slice":
            self.emit("slice", node.section, args, int(op.given[0]))
        elif op.name == "norm_scale":
            self.emit("norm_scale", node.section, args, 0, float(op.given[0]))
        elif op.name == "mask":
            self.emit("mask", node.section, [], int(op.given[0]), float(op.given[1]))
        else:
            self.emit(op.name, node.section, args)

    copied: set[int]

    def matrix(self, parts: Sequence[tuple[int, int, int]], back: bool, columns: int) -> int:
        """A packed matrix of (weight, row, section)."""
        self.matrices.append((len(self.parts), len(parts), int(back), columns))
        self.parts += parts
        return len(self.matrices) - 1

    def start_from(self, section: int, starts: Sequence[Op]) -> None:
        """Vectors and constants that a product's section starts from."""
        for op in starts:
            if op.name == "constant":
                self.starts.append((section, -1, 0, 0))
                self.start_numbers.append(float(op.given[0]))
            else:
                weight, entry = map(int, op.given)
                self.starts.append((section, weight, entry, int(op.size == 1)))
                self.start_numbers.append(0.0)

    def fields(self, result: int, kept: Sequence[int], *rest: Any) -> tuple:
        """All of them, in the compiled module's order."""
        weights = [
            (shape[0], shape[1]) if len(shape) == 2 else (1, shape[0])
            for _, shape in self.tape.weights
        ]
        return (
            *(self.tape.inputs, self.tape.output_size, self.ahead, result),
            *(self.frames, self.sections, self.constants, self.parts, self.matrices),
            *(self.starts, self.start_numbers, self.products, self.stages),
            *(self.instructions, self.rates),
            [(size,) for _, size in self.tape.states],
            [(size,) for size in kept],
            *(weights, *rest),
        )
