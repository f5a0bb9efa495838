"""What every recurrence tells of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

__all__ = ["LSTMState", "RNNState", "Recurrence", "Shapes", "Sizes"]

Shapes = dict[str, tuple[int, ...]]
"""The shape of each weight by its name."""


class Sizes(NamedTuple):
    """I, H and R: features of an input, neurons, and entries of the hidden state that recurs."""

    inputs: int
    hidden: int
    recurrent: int


class RNNState(NamedTuple):
    """State of a simple cell or a GRU: `hidden [B, H]`."""

    hidden: Any


class LSTMState(NamedTuple):
    """State of an LSTM: `hidden [B, R]` (the output, short-term) and `cell [B, H]`."""

    hidden: Any
    cell: Any


@dataclass(frozen=True)
class Recurrence(ABC):
    """One step's equations by name; the fields of a class below are its options.

    Attributes:
        kind: Its name in blueprints and on the command line.
        title: Its name in a sentence or a table.
        blocks: What the rows of `weight_ih` are stacked of, H rows each, in this order.
        gate_names: Those blocks that have a name of their own: gates and candidate.
        candidate: The block that is no gate; its values lie in -1…1, a gate's in 0…1.
        shut: Gates through which nothing comes while they stay at one end: whether that is the
            upper one.
        weights_type: A NamedTuple; the fields without a default are always given.
        state_type: The NamedTuple of the state; `hidden` is the output, too.
        optional: For each option of a cell that brings weights along, which ones.
        gates: G, the number of blocks.
        has_cell: Whether the state holds a `cell` beside what is put out.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    blocks: ClassVar[tuple[str, ...]]
    gate_names: ClassVar[tuple[str, ...]]
    candidate: ClassVar[str]
    shut: ClassVar[Mapping[str, bool]] = {}
    weights_type: ClassVar[Any]
    state_type: ClassVar[type[RNNState | LSTMState]] = RNNState
    optional: ClassVar[Mapping[str, tuple[str, ...]]] = {"layer_norm": ("norm_ih", "norm_hh")}

    gates: ClassVar[int]
    has_cell: ClassVar[bool]

    def __init_subclass__(cls) -> None:
        cls.gates = len(cls.blocks)
        cls.has_cell = "cell" in cls.state_type._fields

    @property
    def variant(self) -> str:
        """The name of these equations among all variants of all recurrences."""
        return self.kind

    @abstractmethod
    def weight_shapes(self, sizes: Sizes) -> Shapes:
        """The shape of every weight that it may have, in the order of `weights_type`."""

    def chosen_shapes(self, sizes: Sizes, options: Mapping[str, Any]) -> Shapes:
        """The shapes of the weights that a cell with these options has.

        Args:
            sizes: I, H and R.
            options: A cell's; those of `optional` that are missing or false bring nothing.
        """
        absent = {
            name
            for option, names in self.optional.items()
            if not options.get(option)
            for name in names
        }
        shapes = self.weight_shapes(sizes).items()
        return {name: shape for name, shape in shapes if name not in absent}

    def sizes(self, weights: Any) -> Sizes:
        """What these weights imply; nothing is checked but their first two axes."""
        rows, inputs = weights.weight_ih.shape
        hidden = rows // self.gates
        return Sizes(inputs, hidden, hidden)

    def state_sizes(self, sizes: Sizes) -> dict[str, int]:
        """The features of each part of the state, in the order of `state_type`."""
        return {"hidden": sizes.recurrent}

    def zero_state(self, sizes: Sizes, zeros: Callable[[int], Any]) -> RNNState | LSTMState:
        """The state that None stands for; `zeros` makes `[B, size]` of any array library."""
        return self.state_type(*map(zeros, self.state_sizes(sizes).values()))
