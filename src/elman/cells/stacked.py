"""Cells on top of each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor, nn

from elman.errors import ArgumentError, ShapeError
from elman.state import describe, leaves, map_leaves
from elman.unrolling.checks import check_cell
from elman.unrolling.loop import unroll

__all__ = ["Stacked"]


class Stacked(nn.Module):
    """Cells of any kind and width as one: each reads the outputs of the one below it.

    TensorFlow 1's `MultiRNNCell`. A sequence goes layer by layer, each in its cell's own way.

    >>> from elman.cells import GRUCell, LSTMCell
    >>> stack = Stacked([LSTMCell(3, 5), GRUCell(5, 4)])
    >>> outputs, (below, above) = stack(torch.ones(2, 3), stack.initial_state(2))
    >>> outputs.shape, below.cell.shape, above.hidden.shape
    (torch.Size([2, 4]), torch.Size([2, 5]), torch.Size([2, 4]))

    Args:
        cells: From bottom to top.
        state_is_tuple: True: the state is the tuple of the cells' states. False: their arrays side
            by side in one tensor `[B, sum of their widths]`, in the order of `elman.state.leaves`
            (an LSTM's hidden, then its cell).

    Attributes:
        cells: The cells; parameters are named `cells.0.weight_ih` and so on.

    Raises:
        ArgumentError: No cells, something that is not a cell, or `state_is_tuple=False` with a cell
            whose state holds other things than floating-point matrices.
        ShapeError: A cell's input size is not the output size of the one below it.
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ArgumentError("cells", "found none", "give at least one cell")
        self.cells = _Cells([check_cell(cell, f"cells[{k}]") for k, cell in enumerate(cells)])
        self.state_is_tuple = state_is_tuple
        self.input_size = getattr(cells[0], "input_size", None)
        self.output_size = getattr(cells[-1], "output_size", None)
        _check_sizes(cells)
        self._widths = None if state_is_tuple else _widths(cells)

    def initial_state(self, batch: int) -> Any:
        """The cells' initial states, as a tuple or as one tensor."""
        return self._join(tuple(cell.initial_state(batch) for cell in self.cells))

    def forward(self, inputs: Shaped[Tensor, "B *I"], state: Any) -> tuple[Tensor, Any]:
        """One step of every cell.

        Raises:
            ShapeError: The state is not one of this stack.
        """
        outputs, states = inputs, []
        for cell, part in zip(self.cells, self._split(state), strict=True):
            outputs, part = cell(outputs, part)
            states.append(part)
        return outputs, self._join(tuple(states))

    def unroll(
        self,
        inputs: Shaped[Tensor, "B T *I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Shaped[Tensor, "B T *O"], Any]:
        """A whole sequence, one cell after the other; errors as a step's."""
        outputs, states = inputs, []
        for cell, part in zip(self.cells, self._split(state), strict=True):
            outputs, part = unroll(cell, outputs, part, lengths, resets, reverse)
            states.append(part)
        return outputs, self._join(tuple(states))

    def _join(self, states: tuple) -> Any:
        return states if self._widths is None else torch.cat(list(leaves(states)), dim=1)

    def _split(self, state: Any) -> tuple:
        if self._widths is None:
            if not isinstance(state, tuple) or len(state) != len(self.cells):
                raise ShapeError(
                    "Stacked state", f"found {describe(state)}", f"{len(self.cells)} cells' states"
                )
            return state
        widths = list(leaves(self._widths))
        if not isinstance(state, Tensor) or state.dim() != 2 or state.shape[1] != sum(widths):
            raise ShapeError(
                "Stacked state", f"found {describe(state)}", f"one tensor [B, {sum(widths)}]"
            )
        parts = iter(state.split(widths, dim=1))
        return map_leaves(lambda width: next(parts), self._widths)


class _Cells(nn.Module):
    """As torch's ModuleList, but a cell may also be a plain object."""

    def __init__(self, cells: Sequence[Any]) -> None:
        super().__init__()
        self._count = len(cells)
        for k, cell in enumerate(cells):
            setattr(self, str(k), cell)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(self._count))

    def __getitem__(self, index: int) -> Any:
        return getattr(self, str(range(self._count)[index]))


def _check_sizes(cells: Sequence[Any]) -> None:
    for k in range(1, len(cells)):
        below = getattr(cells[k - 1], "output_size", None)
        above = getattr(cells[k], "input_size", None)
        if below is not None and above is not None and below != above:
            raise ShapeError(
                f"cells[{k}]",
                f"it reads {above} features, but cells[{k - 1}] puts out {below}",
                f"give it input_size={below}",
            )


def _widths(cells: Sequence[Any]) -> tuple:
    """The width of each array of the state, in the state's own structure."""

    def width(leaf: Tensor) -> int:
        if leaf.dim() != 2 or not leaf.is_floating_point():
            raise ArgumentError(
                "state_is_tuple",
                f"found False with a state that holds {leaf.dtype} {list(leaf.shape)}",
                "use True: only floating-point matrices can stand side by side",
            )
        return leaf.shape[1]

    return map_leaves(width, tuple(cell.initial_state(1) for cell in cells))
