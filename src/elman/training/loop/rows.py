"""Tables of vectors of which a step uses few rows: only those are updated.

A gradient that holds only rows (`torch.nn.functional.embedding(..., sparse=True)`) reaches an
optimiser as a small dense one: before its step the rows, and what it remembers of them, are taken
out of the table, after it they are put back. So every optimiser of torch serves, and a step costs
what its rows cost. What is remembered of a row stays as it is while the row is not used: it neither
decays nor moves it (as torch's `SparseAdam` has it), and weight decay waits likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["RowsOptimizer", "tables_of"]


def tables_of(module: nn.Module) -> dict[str, nn.Parameter]:
    """The tables in a module whose gradients hold only the rows that were used, by name."""
    prefix = {
        name: part for name, part in module.named_modules() if getattr(part, "by_rows", False)
    }
    found = {f"{name}.weight" if name else "weight": part.weight for name, part in prefix.items()}
    return {name: weight for name, weight in found.items() if weight.requires_grad}  # pyright: ignore


class RowsOptimizer:
    """An optimiser of torch that takes steps of some tables' rows.

    Args:
        optimizer: It holds a stand-in for each table.
        tables: Each stand-in's table `[V, E]`.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, tables: Mapping[nn.Parameter, nn.Parameter]
    ) -> None:
        self._optimizer, self._tables = optimizer, dict(tables)
        self._remembered: dict[nn.Parameter, dict[str, Tensor]] = {one: {} for one in tables}

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The optimiser's."""
        return self._optimizer.param_groups

    def zero_grad(self) -> None:
        """Forget all gradients, the tables' too."""
        self._optimizer.zero_grad()
        for table in self._tables.values():
            table.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One update of what has a gradient."""
        used = {}
        for stand, table in self._tables.items():
            if table.grad is None:
                continue
            used[stand], gradient = _rows_of(table.grad)
            stand.data, stand.grad = table.data.index_select(0, used[stand]), gradient
            state = self._optimizer.state.get(stand, {})
            for name in self._by_row(state):
                full = self._whole(stand, name, state[name])
                state[name] = full.index_select(0, used[stand])
        self._optimizer.step()
        for stand, rows in used.items():
            self._tables[stand].data.index_copy_(0, rows, stand.data)
            state = self._optimizer.state[stand]
            for name in self._by_row(state):
                self._whole(stand, name, state[name]).index_copy_(0, rows, state[name])
            stand.grad = None

    def state_dict(self) -> dict[str, Any]:
        """As the optimiser's, with what is remembered of whole tables."""
        return self._exchanged(self._optimizer.state_dict())

    def load_state_dict(self, found: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._optimizer.load_state_dict(found)
        for stand, remembered in self._remembered.items():
            remembered.clear()
            state = self._optimizer.state.get(stand, {})
            for name in self._by_row(state):
                remembered[name] = state[name]

    def _exchanged(self, found: dict[str, Any]) -> dict[str, Any]:
        ordered = [one for group in self.param_groups for one in group["params"]]
        places = {index: stand for index, stand in enumerate(ordered) if stand in self._tables}
        state = {
            index: {**kept, **self._remembered[places[index]]} if index in places else kept
            for index, kept in found["state"].items()
        }
        return {**found, "state": state}

    @staticmethod
    def _by_row(state: Mapping[str, Any]) -> list[str]:
        """Of what is remembered that which belongs to rows, by name: the rest are counts."""
        return [name for name, one in state.items() if isinstance(one, Tensor) and one.dim() == 2]

    def _whole(self, stand: nn.Parameter, name: str, like: Tensor) -> Tensor:
        """What is remembered of all rows: nothing yet, at first."""
        kept = self._remembered[stand]
        if name not in kept:
            kept[name] = like.new_zeros(self._tables[stand].shape)
        return kept[name]


def _rows_of(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Which rows have a gradient `[M]`, and these `[M, E]`: all of one that is dense."""
    if not gradient.is_sparse:
        return torch.arange(len(gradient), device=gradient.device), gradient
    gradient = gradient.coalesce()
    return gradient.indices()[0], gradient.values()
