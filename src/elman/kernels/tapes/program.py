"""Programs of the compiled engine, made from tapes: which value lies where, what runs when.

The rules of fusion, which are part of what a tape means to the compiled engine (the bits depend on
them): in a sum of several terms a product with the input starts from the vectors and constants of
that sum, and a product with anything else from that product; what is left is added one by one.
Products of one value are taken together. On the way back the products that make one gradient are
one sum over all of their deltas, which starts from the rest of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from elman.tapes import Back, Op, Tape, reverse

__all__ = ["Programs", "programs"]

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


class Programs(NamedTuple):
    """Of one tape: the way there and back, as `elman._native.TapeProgram` takes them."""

    there: tuple
    back: tuple | None
    kept: tuple[int, ...]


@lru_cache(maxsize=256)
def programs(tape: Tape, keep: bool, resets: bool) -> Programs:
    """The programs of a tape whose sizes are all known.

    Args:
        tape: The tape.
        keep: Whether the way back follows; else there is only the way there.
        resets: Whether rows may begin anew.
    """
    # A reset clears the state where it stands: what it was before is then not there to be read.
    back = reverse(tape, after=not resets)
    there = _There(tape, back.kept, keep, resets)
    made = there.finished()
    if not keep:
        return Programs(made, None, ())
    return Programs(made, _Back(tape, back, there.kept_at).finished(), there.kept_sizes)


@dataclass
class _Node:
    """A value as it is made."""

    kind: str  # leaf, ahead, product, back, op
    op: Op
    args: tuple[int, ...] = ()  # nodes
    phase: int = 0
    starts: list[Op] = field(default_factory=list)  # vectors and constants
    start: int = -1  # a node
    items: list[tuple[int, int, int]] = field(default_factory=list)  # delta node, weight, row
    section: int = -1


class _Planner:
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
        self.nodes: list[_Node] = []
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
        return PLACES[self.frames[self.sections[section][1]][0]]

    def leaf(self, op: Op) -> int:
        """The section of a value that is there before anything runs."""
        if op.name == "vector":
            return self.frame("vector", [op.size], int(op.given[0]), int(op.given[1]))
        if op.name == "constant":
            self.constants.append(float(op.given[0]))
            return self.frame("constant", [1], len(self.constants) - 1)
        places = {"state": "before", "by_after": "carry", "input": "input"}
        index = int(op.given[0]) if op.given else 0
        return self.frame(places.get(op.name, op.name), [op.size], index)

    # ---- from operations to nodes --------------------------------------------------------------

    def add_node(self, node: _Node) -> int:
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
        for arg in self.ops[number].args:
            found += self._terms(arg, inner) if arg in inner else [arg]
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
            total = self.add_node(_Node("op", op._replace(given=()), (total, other)))
        return total

    def sum_of(self, op: Op, terms: list[int]) -> int:
        raise NotImplementedError

    def single(self, number: int, op: Op) -> int:
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

    def _instruction(self, node: _Node) -> None:
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


class _There(_Planner):
    """The way there."""

    def __init__(self, tape: Tape, kept: Sequence[int], keep: bool, resets: bool) -> None:
        # The same sums are made whether or not something is kept: the bits are the same.
        held = {*reverse(tape).kept, *reverse(tape, after=True).kept}
        super().__init__(tape, tape.ops, (tape.output, *tape.after, *held))
        self.kept, self.keep, self.resets = kept, keep, resets
        self.kept_at: list[tuple[str, int]] = []  # (place, index) of each kept value
        self.kept_sizes: tuple[int, ...] = ()
        self.copied = set()
        self.groups: dict[tuple[int, int, bool], list[int]] = {}
        self.product_stages: dict[int, list[int]] = defaultdict(list)

    def hoisted(self, value: int) -> bool:
        op = self.ops[value]
        return op.name == "product" and self.ops[op.args[0]].name == "input"

    def single(self, number: int, op: Op) -> int:
        if op.name == "product":
            if self.hoisted(number):
                return self.add_node(_Node("ahead", op))
            return self.add_node(_Node("product", op, (self.node(op.args[0]),)))
        if op.name in ("input", "state", "vector", "constant"):
            return self.add_node(_Node("leaf", op))
        return self.add_node(_Node("op", op, tuple(self.node(arg) for arg in op.args)))

    def _taken(self) -> set[int]:
        return {
            arg
            for op in self.ops
            if op.name == "add"
            for arg in op.args
            if self.ops[arg].name == "product" and self.own(arg, op.size)
        }

    def sum_of(self, op: Op, terms: list[int]) -> int:
        ahead = [t for t in terms if self.hoisted(t) and self.own(t, op.size)]
        products = [
            t
            for t in terms
            if self.ops[t].name == "product" and t not in ahead and self.own(t, op.size)
        ]
        if not ahead and not products:
            return -1
        starts = [t for t in terms if self.ops[t].name in ("vector", "constant")]
        begun = [self.ops[t] for t in starts]
        done = set(starts)
        node = -1
        if ahead:
            node = self.add_node(_Node("ahead", self.ops[ahead[0]], starts=begun))
            done.add(ahead[0])
        if products:
            of = self.ops[products[0]]
            left = self.node(of.args[0])
            more: Any = {"start": node} if ahead else {"starts": begun}
            node = self.add_node(_Node("product", of, (left,), **more))
            done.add(products[0])
        rest = [self.node(t) for t in terms if t not in done]
        return self.added(op, [node, *rest])

    def finished(self) -> tuple:
        tape = self.tape
        self.build_all()
        ends = {self.node_of[tape.output]}
        self.fuse(self.node_of[v] for v in self.roots)
        copies: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._place_results(copies)
        crossing = self.crossing(ends)
        self._place_ahead()
        self._place_products()
        for k, node in enumerate(self.nodes):
            if node.kind == "leaf" and self._leaf_is_read(k):
                node.section = self.leaf(node.op)
            elif node.kind == "op" and node.section < 0 and k in crossing:
                node.section = self.frame("rows", [node.op.size])
        output = self.nodes[self.node_of[tape.output]]
        result = output.section
        if output.kind == "leaf":
            result = self.frame("rows", [output.op.size])
            copies[output.phase].append((self.node_of[tape.output], result))
        self.copied = {node for each in copies.values() for node, _ in each}
        self.run_phases(copies)
        return self.fields(result, self.kept_sizes, [], [], [])

    def build_all(self) -> None:
        inner = self._inner_sums()
        taken = self._taken()
        for number, op in enumerate(self.ops):
            if number in inner or number in taken:
                continue
            if op.name == "add":
                found = self.sum_of(op, self._terms(number, inner))
                if found < 0:
                    found = self._plain_sum(number, inner)
                self.node_of[number] = found
            elif number not in self.node_of:
                self.node_of[number] = self.single(number, op)
        self._phases()

    def _plain_sum(self, number: int, inner: set[int]) -> int:
        """A sum without products, as it was written."""
        op = self.ops[number]
        args = [self._plain_sum(arg, inner) if arg in inner else self.node(arg) for arg in op.args]
        return self.add_node(_Node("op", op, tuple(args)))

    def _leaf_is_read(self, k: int) -> bool:
        used = any(k in node.args for node in self.nodes)
        return used or k in (self.node_of[v] for v in (self.tape.output, *self.tape.after))

    def _place_results(self, copies: dict[int, list[tuple[int, int]]]) -> None:
        """What the state becomes and what is kept, each where it belongs."""
        for k, value in enumerate(self.tape.after):
            number = self.node_of[value]
            node = self.nodes[number]
            section = self.frame("after", [self.tape.states[k][1]], k)
            kept_apart = self.keep and self.resets and value in self.kept
            if node.kind == "op" and node.section < 0 and not kept_apart:
                node.section = section
            else:
                copies[node.phase].append((number, section))
        sizes: list[int] = []
        for value in self.kept if self.keep else ():
            number = self.node_of[value]
            node = self.nodes[number]
            section = self.frame("kept", [node.op.size], len(sizes))
            self.kept_at.append(("kept", len(sizes)))
            sizes.append(node.op.size)
            if node.kind == "op" and node.section < 0:
                node.section = section
            else:
                copies[node.phase].append((number, section))
        self.kept_sizes = tuple(sizes)

    def _place_ahead(self) -> None:
        """Products of the input side by side, those that others start from in their order."""
        for k, node in enumerate(self.nodes):
            if node.kind == "product":
                key = (node.phase, node.args[0], node.start >= 0)
                self.groups.setdefault(key, []).append(k)
        order = [self.nodes[k].start for key, group in self.groups.items() if key[2] for k in group]
        order += [k for k, node in enumerate(self.nodes) if node.kind == "ahead" and k not in order]
        if not order:
            return
        first = self.frame("ahead", [self.nodes[k].op.size for k in order])
        parts = []
        for section, k in enumerate(order, first):
            node = self.nodes[k]
            node.section = section
            parts.append((int(node.op.given[0]), int(node.op.given[1]), section))
            self.start_from(section, node.starts)
        self.products.append((self.matrix(parts, False, self.tape.inputs), -1, first, -1))
        self.ahead = 0

    def _place_products(self) -> None:
        for (phase, left, started), group in self.groups.items():
            first = self.frame("rows", [self.nodes[k].op.size for k in group])
            parts = []
            for section, k in enumerate(group, first):
                node = self.nodes[k]
                node.section = section
                parts.append((int(node.op.given[0]), int(node.op.given[1]), section))
                self.start_from(section, node.starts)
            matrix = self.matrix(parts, False, self.nodes[left].op.size)
            start = self.nodes[self.nodes[group[0]].start].section if started else -1
            self.products.append((matrix, left, first, start))
            self.product_stages[phase].append(len(self.products) - 1)

    def products_of(self, phase: int) -> list[int]:
        found = self.product_stages[phase]
        for number in found:
            matrix, left, to, start = self.products[number]
            self.products[number] = (matrix, self.nodes[left].section, to, start)
        return found


class _Back(_Planner):
    """The way back."""

    def __init__(self, tape: Tape, back: Back, kept_at: Sequence[tuple[str, int]]) -> None:
        self.back = back
        roots = [value for value in (back.by_input, *back.by_states) if value is not None]
        roots += [value for each in back.outers for value in (each.delta, each.value)]
        roots += [each.delta for each in (*back.sums, *back.through)]
        super().__init__(tape, back.ops, roots)
        self.kept_at = kept_at
        self.copied = set()
        self.product_stages: dict[int, list[int]] = defaultdict(list)

    def _item(self, op: Op) -> tuple[int, int, int]:
        """The delta of a product back, its weight and row."""
        weight, row = map(int, op.given)
        return self.node(op.args[0]), weight, row

    def leaf(self, op: Op) -> int:
        if op.name != "kept":
            return super().leaf(op)
        place, index = self.kept_at[int(op.given[0])]
        return self.frame(place, [op.size], index)

    def single(self, number: int, op: Op) -> int:
        if op.name == "back":
            items = [self._item(op)]
            return self.add_node(_Node("back", op, items=items))
        leaves = ("input", "state", "vector", "constant", "kept", "after", "by_output", "by_after")
        if op.name in leaves:
            return self.add_node(_Node("leaf", op))
        return self.add_node(_Node("op", op, tuple(self.node(arg) for arg in op.args)))

    def build_all(self) -> None:
        inner = self._inner_sums()
        taken = {
            arg
            for op in self.ops
            if op.name == "add"
            for arg in op.args
            if self.ops[arg].name == "back" and self.own(arg, op.size)
        }
        for number, op in enumerate(self.ops):
            if number in inner or number in taken:
                continue
            if op.name == "add":
                terms = self._terms(number, inner)
                self.node_of[number] = self.sum_of(op, terms)
            elif number not in self.node_of:
                self.node_of[number] = self.single(number, op)
        self._phases()

    def sum_of(self, op: Op, terms: list[int]) -> int:
        products = [t for t in terms if self.ops[t].name == "back" and self.own(t, op.size)]
        rest = [self.node(t) for t in terms if t not in products]
        if not products:
            return self.added(op, rest)
        start = self.added(op, rest) if rest else -1
        if start >= 0 and self.nodes[start].op.size != op.size:
            spread = Op("spread", (), (), op.size)
            start = self.add_node(_Node("op", spread, (start,)))
        items = [self._item(self.ops[t]) for t in products]
        return self.add_node(_Node("back", op._replace(given=()), start=start, items=items))

    def finished(self) -> tuple:
        back = self.back
        self.build_all()
        copies: dict[int, list[tuple[int, int]]] = defaultdict(list)
        ends = {self.node_of[each.value] for each in back.outers}
        if back.by_input is not None:
            ends.add(self.node_of[back.by_input])
        self.fuse(self.node_of[value] for value in self.roots)
        order = self._place_deltas(copies)
        self._place_states(copies)
        self._place_rest(self.crossing(ends))
        self._place_products(order)
        result = -1
        if back.by_input is not None:
            node = self.nodes[self.node_of[back.by_input]]
            result = node.section
            if node.kind != "op" or self.place(result) != "rows":
                result = self.frame("rows", [node.op.size])
                copies[node.phase].append((self.node_of[back.by_input], result))
        outers = self._outers(order)
        sums = [(s.weight, s.first, order[self.node_of[s.delta]]) for s in back.sums]
        through = self._through(order)
        self.copied = {node for each in copies.values() for node, _ in each} | ends
        self.run_phases(copies)
        return self.fields(result, self._kept_sizes(), outers, sums, through)

    def _kept_sizes(self) -> list[int]:
        return [
            self.tape.ops[value].size
            for value, (place, _) in zip(self.back.kept, self.kept_at, strict=True)
            if place == "kept"
        ]

    def _place_deltas(self, copies: dict[int, list[tuple[int, int]]]) -> dict[int, int]:
        """The section of each node that is a delta.

        In such an order that those that meet the input, and those that one gradient is made of,
        are mostly in one piece.
        """
        back = self.back
        through = {self.node_of[each.delta] for each in back.through}
        trees: dict[int, int] = {}
        for k, node in enumerate(self.nodes):
            for delta, _, _ in node.items:
                trees.setdefault(delta, k)
        wanted = [self.node_of[each.delta] for each in (*back.outers, *back.sums, *back.through)]
        wanted = list(dict.fromkeys([*wanted, *trees]))

        def key(number: int) -> tuple[int, int, int]:
            kind = (0 if number not in trees else 1) if number in through else 2
            kind = 3 if number not in through and number not in trees else kind
            return kind, trees.get(number, 0), number

        wanted.sort(key=key)
        if not wanted:
            return {}
        first = self.frame("delta", [self.nodes[k].op.size for k in wanted])
        order = {k: section for section, k in enumerate(wanted, first)}
        for k, section in order.items():
            node = self.nodes[k]
            if node.kind == "op":
                node.section = section
            else:
                copies[node.phase].append((k, section))
        return order

    def _place_states(self, copies: dict[int, list[tuple[int, int]]]) -> None:
        for k, value in enumerate(self.back.by_states):
            size = self.tape.states[k][1]
            self.frame("carry", [size], k)
            section = self.frame("fresh", [size], k)
            if value is None:
                zero = self.add_node(_Node("leaf", Op("constant", (), (0.0,), 1)))
                copies[0].append((zero, section))
                continue
            number = self.node_of[value]
            node = self.nodes[number]
            if node.section < 0 and node.kind in ("op", "back"):
                node.section = section
            else:
                copies[node.phase].append((number, section))

    def _place_rest(self, crossing: set[int]) -> None:
        values = {self.node_of[each.value] for each in self.back.outers}
        for k, node in enumerate(self.nodes):
            if node.section >= 0:
                continue
            if node.kind == "leaf":
                only_outer = k in values and node.op.name == "input"
                if not only_outer or any(k in other.args for other in self.nodes):
                    node.section = self.leaf(node.op)
            elif node.kind == "back" or k in crossing:
                node.section = self.frame("rows", [node.op.size])

    def _runs(
        self, items: Sequence[tuple[int, int, int]], order: dict[int, int]
    ) -> list[list[tuple[int, int, int]]]:
        """(weight, row, section) of deltas, in pieces whose sections follow each other."""
        left = sorted(((weight, row, order[delta]) for delta, weight, row in items), key=_by_place)
        runs: list[list[tuple[int, int, int]]] = []
        for part in left:
            for run in runs:
                if run[-1][2] + 1 == part[2]:
                    run.append(part)
                    break
            else:
                runs.append([part])
        return runs

    def _place_products(self, order: dict[int, int]) -> None:
        for node in self.nodes:
            if node.kind != "back":
                continue
            start = self.nodes[node.start].section if node.start >= 0 else -1
            for run in self._runs(node.items, order):
                matrix = self.matrix(run, True, node.op.size)
                self.products.append((matrix, run[0][2], node.section, start))
                self.product_stages[node.phase].append(len(self.products) - 1)
                start = node.section

    def products_of(self, phase: int) -> list[int]:
        return self.product_stages[phase]

    def _through(self, order: dict[int, int]) -> list[tuple[int, ...]]:
        items = [(self.node_of[t.delta], t.weight, t.row) for t in self.back.through]
        return [
            (self.matrix(run, True, self.tape.inputs), run[0][2], 0, -1)
            for run in self._runs(items, order)
        ]

    def _outers(self, order: dict[int, int]) -> list[tuple[int, ...]]:
        found = []
        for outer in self.back.outers:
            node = self.nodes[self.node_of[outer.value]]
            is_input = node.op.name == "input" and node.kind == "leaf"
            value = -1 if is_input else node.section
            found.append((outer.weight, outer.row, order[self.node_of[outer.delta]], value))
        return sorted(found, key=lambda each: each[3])


def _by_place(part: tuple[int, int, int]) -> int:
    return part[2]
