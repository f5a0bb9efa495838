"""The way back of a program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from elman.kernels.tapes.planning import Node, Planner
from elman.tapes import Back, Op, Tape

__all__ = ["BackProgram"]


class BackProgram(Planner):
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
        """The section of a value that is there before anything runs."""
        if op.name != "kept":
            return super().leaf(op)
        place, index = self.kept_at[int(op.given[0])]
        return self.frame(place, [op.size], index)

    def single(self, number: int, op: Op) -> int:
        """The node of an operation that no sum takes."""
        if op.name == "back":
            items = [self._item(op)]
            return self.add_node(Node("back", op, items=items))
        leaves = ("input", "state", "vector", "constant", "kept", "after", "by_output", "by_after")
        if op.name in leaves:
            return self.add_node(Node("leaf", op))
        return self.add_node(Node("op", op, tuple(self.node(arg) for arg in op.args)))

    def build_all(self) -> None:
        """A node for each value."""
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
        """The node of a sum of several terms."""
        products = [t for t in terms if self.ops[t].name == "back" and self.own(t, op.size)]
        rest = [self.node(t) for t in terms if t not in products]
        if not products:
            return self.added(op, rest)
        start = self.added(op, rest) if rest else -1
        if start >= 0 and self.nodes[start].op.size != op.size:
            spread = Op("spread", (), (), op.size)
            start = self.add_node(Node("op", spread, (start,)))
        items = [self._item(self.ops[t]) for t in products]
        return self.add_node(Node("back", op._replace(given=()), start=start, items=items))

    def finished(self) -> tuple:
        """The program, as the compiled module takes it."""
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
                zero = self.add_node(Node("leaf", Op("constant", (), (0.0,), 1)))
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
        """The products of a phase, by number."""
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
