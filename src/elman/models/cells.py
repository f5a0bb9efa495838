"""A blueprint's cells as trainable modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from elman.blueprint import CellConfig, cell_kinds
from elman.cells import (
    BUILT_IN,
    Cell,
    Dilated,
    Dropout,
    LearnedInitialState,
    Projected,
    Residual,
    TapeCell,
    Zoneout,
    drop_weights,
)
from elman.errors import BlueprintError
from elman.written import written_cells

__all__ = ["CELLS", "WRAPPERS", "build_cell"]


def _dropout(cell: Any, config: CellConfig) -> Dropout:
    return Dropout(
        cell,
        input=config.input_dropout,
        output=config.output_dropout,
        recurrent=config.recurrent_dropout,
        variational=config.variational,
    )


def _built_in(cell: Callable[..., nn.Module]) -> Callable[[CellConfig, int], nn.Module]:
    def make(config: CellConfig, input_size: int) -> nn.Module:
        options = {name: getattr(config, name) for name in cell_kinds()[config.kind].options}
        return drop_weights(cell(input_size, config.units, **options), config.weight_drop)

    return make


def _written(config: CellConfig, input_size: int) -> nn.Module:
    assert config.tape is not None  # else it is no written cell
    known = written_cells().get(config.kind)
    return TapeCell(config.tape, input_size, starts=None if known is None else known.starts)


CELLS = {cell.recurrence_type.kind: _built_in(cell) for cell in BUILT_IN}
"""The built-in kinds; a user's own brings its `torch_cell` with its `CellKind`."""

WRAPPERS: dict[str, Callable[[Any, CellConfig], nn.Module]] = {
    "zoneout": lambda cell, config: Zoneout(cell, config.zoneout),
    "dropout": _dropout,
    "residual": lambda cell, config: Residual(cell),
    "projected": lambda cell, config: Projected(cell, config.output_size),
    "learned_state": lambda cell, config: LearnedInitialState(cell),
    "dilated": lambda cell, config: Dilated(cell, config.dilation),
}
"""The wrappers by their name in `CellConfig.wrappers`."""


def build_cell(config: CellConfig, input_size: int) -> nn.Module:
    """The cell that `config` describes, wrappers included.

    Raises:
        BlueprintError: A user's kind of cell has no `torch_cell`, or it makes no torch module
            with the cell protocol.
    """
    make: Any = CELLS.get(config.kind)
    if config.tape is not None:
        make = _written
    elif make is None:
        make = cell_kinds()[config.kind].torch_cell
    if make is None:
        raise BlueprintError(
            "kind", f"{config.kind!r} has no torch cell", "register it with a torch_cell"
        )
    cell = make(config, input_size)
    if not isinstance(cell, nn.Module) or not isinstance(cell, Cell):
        raise BlueprintError(
            "kind",
            f"the torch_cell of {config.kind!r} made a {type(cell).__name__}",
            "make a torch.nn.Module with initial_state(batch) and forward(inputs, state)",
        )
    for wrapper in reversed(config.wrappers):
        cell = WRAPPERS[wrapper](cell, config)
    return cell
