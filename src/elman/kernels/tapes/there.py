"""The way there of a program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from elman.kernels.tapes.planning import Node, Planner
from elman.tapes import Op, Tape, reverse
from elman.tapes.building import after_args

__all__ = ["There"]


class There(Planner):
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
        """Whether a value is a product with the input."""
        op = self.ops[value]
        return op.name == "product" and self.ops[op.args[0]].name == "input"

    def single(self, number: int, op: Op) -> int:
        """The node of an operation that no sum takes."""
        if op.name == "product":
            if self.hoisted(number):
                return self.add_node(Node("ahead", op))
            return self.add_node(Node("product", op, (self.node(op.args[0]),)))
        if op.name in ("input", "state", "vector", "constant"):
            return self.add_node(Node("leaf", op))
        return self.add_node(Node("op", op, tuple(self.node(arg) for arg in op.args)))

    def _taken(self) -> set[int]:
        return {
            arg
            for op in self.ops
            if op.name == "add"
            for arg in op.args
            if self.ops[arg].name == "product" and self.own(arg, op.size)
        }

    def sum_of(self, op: Op, terms: list[int]) -> int:
        """The node of a sum of several terms."""
        ahead = [t for t in terms if self.hoisted(t) and self.own(t, op.size)]
        products = [
            t
            for t in terms
            if self.ops[t].name == "product" and t not in ahead and self.own(t, op.size)
        ]
        if not ahead and not products:
            return -1
        starts = [t for t in terms if self._begins(self.ops[t])]
        begun = [self.ops[t] for t in starts]
        done = set(starts)
        node = -1
        if ahead:
            node = self.add_node(Node("ahead", self.ops[ahead[0]], starts=begun))
            done.add(ahead[0])
        if products:
            of = self.ops[products[0]]
            left = self.node(of.args[0])
            more: Any = {"start": node} if ahead else {"starts": begun}
            node = self.add_node(Node("product", of, (left,), **more))
            done.add(products[0])
        rest = [self.node(t) for t in terms if t not in done]
        return self.added(op, [node, *rest])

    def _begins(self, op: Op) -> bool:
        """Whether a product's sums start from a value: from a vector, or one number."""
        return op.name == "vector" or (op.name == "constant" and op.size == 1)

    def finished(self) -> tuple:
        """The program, as the compiled module takes it."""
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
        """A node for each value."""
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
        made: dict[int, int] = {}

        def within(value: int) -> list[int]:
            return [arg for arg in self.ops[value].args if arg in inner]

        for value in after_args(number, within, made):
            op = self.ops[value]
            args = [made[arg] if arg in inner else self.node(arg) for arg in op.args]
            made[value] = self.add_node(Node("op", op, tuple(args)))
        return made[number]

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
        """The products of a phase, by number."""
        found = self.product_stages[phase]
        for number in found:
            matrix, left, to, start = self.products[number]
            self.products[number] = (matrix, self.nodes[left].section, to, start)
        return found
