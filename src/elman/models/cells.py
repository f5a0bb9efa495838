"""A blueprint's cells as trainable modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from elman.blueprint import CellConfig, cell_kinds
from elman.cells import (
    Cell,
    Dilated,
    Dropout,
    GRUCell,
    LearnedInitialState,
    LSTMCell,
    Projected,
    Residual,
    RNNCell,
    Zoneout,
)
from elman.errors import BlueprintError

__all__ = ["CELLS", "WRAPPERS", "build_cell"]


def _rnn(config: CellConfig, input_size: int) -> RNNCell:
    return RNNCell(
        input_size,
        config.units,
        activation=config.activation,  # pyright: ignore[reportArgumentType]
        layer_norm=config.layer_norm,
    )


def _lstm(config: CellConfig, input_size: int) -> LSTMCell:
    return LSTMCell(
        input_size,
        config.units,
        forget_bias=config.forget_bias,
        peepholes=config.peepholes,
        projection=config.projection,
        cell_clip=config.cell_clip,
        layer_norm=config.layer_norm,
    )


def _gru(config: CellConfig, input_size: int) -> GRUCell:
    return GRUCell(
        input_size, config.units, reset_after=config.reset_after, layer_norm=config.layer_norm
    )


def _dropout(cell: Any, config: CellConfig) -> Dropout:
    return Dropout(
        cell,
        input=config.input_dropout,
        output=config.output_dropout,
        recurrent=config.recurrent_dropout,
        variational=config.variational,
    )


CELLS: dict[str, Callable[[CellConfig, int], nn.Module]] = {
    "rnn": _rnn,
    "lstm": _lstm,
    "gru": _gru,
}
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
    make = CELLS.get(config.kind) or cell_kinds()[config.kind].torch_cell
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
