"""From an estimator's parameters to the network it trains."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.blueprint import CellConfig, Convolution, cell_kinds
from elman.blueprint.cells import MAX_LAYERS
from elman.errors import ArgumentError
from elman.parameters import whole_number
from elman.printable import closest
from elman.transforms.scaler import Scaler
from elman.written.lookup import is_place, kind_at

__all__ = ["CodedWords", "ModuleRun", "ScaledInputs", "cell_configs", "convolved", "torch_device"]


def cell_configs(
    cell: str,
    units: int | Sequence[int],
    layers: int,
    activation: str,
    layer_norm: bool,
    dropout: float,
    recurrent_dropout: float = 0.0,
    zoneout: float = 0.0,
    dilations: Sequence[int] | None = None,
    weight_drop: float = 0.0,
    variational: bool = False,
) -> tuple[CellConfig, ...]:
    """A stack of cells, from the input up.

    Args:
        cell: A name from `elman.blueprint.cell_kinds()`, or the place of a written cell, as
            `elman.written.lookup.kind_at` takes it.
        units: Of every layer, or of each.
        layers: How many; 1 where `units` says it already.
        activation: Of the simple cell.
        layer_norm: Whether the cells are layer-normalised.
        dropout: Rate between one layer and the next, in [0, 1).
        recurrent_dropout: Rate of what a step passes to the next, in [0, 1).
        zoneout: Rate of units that keep their old state, in [0, 1).
        dilations: Of each layer, the steps back to the state that a step goes on from; None: 1.
        weight_drop: Rate of recurrent weights that training leaves out, in [0, 1).
        variational: One mask of dropout for all steps of a sequence.

    Raises:
        ArgumentError: The name is not known, there is no cell at a place, or units, layers and
            dilations disagree.
        BlueprintError: A value is outside its range.
    """
    cell = kind_at(cell) if is_place(cell) else cell.replace("-", "_")
    if cell not in cell_kinds():
        raise ArgumentError("cell", f"found {cell!r}", closest(cell, cell_kinds()))
    if whole_number("layers", layers, 1) > MAX_LAYERS:
        raise ArgumentError("layers", f"found {layers!r}", f"at most {MAX_LAYERS}")
    each = isinstance(units, list | tuple | np.ndarray)
    sizes: list[Any] = list(units) if each else [units] * int(layers)  # pyright: ignore
    if layers not in (1, len(sizes)):
        raise ArgumentError("layers", f"{layers} for units={sizes}", "as many layers as units")
    if dilations is not None and len(dilations) != len(sizes):
        raise ArgumentError(
            "dilations", f"found {dilations!r}", f"one for each of {len(sizes)} layers"
        )
    top = len(sizes) - 1
    return tuple(
        CellConfig(
            cell,
            int(size) if isinstance(size, Integral) else size,
            activation=activation,
            layer_norm=layer_norm,
            recurrent_dropout=recurrent_dropout,
            zoneout=zoneout,
            weight_drop=weight_drop,
            variational=variational,
            output_dropout=dropout if k < top else 0.0,
            dilation=1 if dilations is None else dilations[k],
        )
        for k, size in enumerate(sizes)
    )


def convolved(
    convolutions: Sequence[int] | None,
    width: int | Sequence[int],
    pool: int | Sequence[int],
    norm: bool,
) -> tuple[Convolution, ...]:
    """The convolutions in front of the cells, the first one first.

    Args:
        convolutions: Units of each; None: there are none.
        width: Steps that one reads at once, or one number for each.
        pool: Of how many steps one passes on the largest values, likewise.
        norm: Whether they are normalised over batches.

    Raises:
        ArgumentError: There are not as many of each.
        BlueprintError: A value is outside its range.
    """
    each = () if convolutions is None else tuple(convolutions)
    widths = _for_each("convolution_width", width, len(each))
    pools = _for_each("convolution_pool", pool, len(each))
    found = zip(each, widths, pools, strict=True)
    return tuple(Convolution(*sizes, norm=norm) for sizes in found)


def _for_each(name: str, given: int | Sequence[int], count: int) -> tuple[int, ...]:
    several = tuple(given) if isinstance(given, list | tuple | np.ndarray) else (given,) * count
    if len(several) != count:
        raise ArgumentError(name, f"found {given!r}", f"one for each of {count} convolutions")
    return several  # pyright: ignore  (whole numbers, or a block says so)


class ScaledInputs(nn.Module):
    """A network behind its input scaler, with the numbers that the runtime's scaler gives.

    It stands between augmentation, which moves raw pixels from feature to feature, and the
    network, so the data cannot be scaled once and for all.
    """

    mean: Tensor | None
    deviation: Tensor | None

    def __init__(self, network: nn.Module, scaler: Scaler | None) -> None:
        super().__init__()
        self.network = network
        mean, deviation = (None, None) if scaler is None else (scaler.mean, scaler.deviation)
        for name, array in (("mean", mean), ("deviation", deviation)):
            tensor = None if array is None else torch.from_numpy(array.copy())
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, inputs: Tensor, lengths: Tensor | None) -> Tensor:
        """The network's outputs for raw inputs `[B, T, I]`."""
        return self.network(self._scaled(inputs), lengths)

    def unroll(self, inputs: Tensor, **time: Any) -> tuple[Tensor, Any]:
        """The network's `unroll` on raw inputs; `time` is what else that takes."""
        network: Any = self.network
        return network.unroll(self._scaled(inputs), **time)

    def _scaled(self, inputs: Tensor) -> Tensor:
        if self.mean is None or self.deviation is None:
            return inputs
        return inputs.double().sub_(self.mean).div_(self.deviation).float()


class CodedWords(nn.Module):
    """A network behind what is looked up of each step: codes of words, what else is given of it.

    Args:
        network: It reads codes `[B, T, 1 + letters]`, or the numbers themselves.
        codes: Of each word that the data hold, by its number, `[W, 1 + letters]`; None: numbers
            are token ids, and read as they are.
        table: What is given beside, by row, `[M, G]`; None: nothing is.
    """

    codes: Tensor | None
    table: Tensor | None

    def __init__(
        self, network: nn.Module, codes: np.ndarray | None, table: np.ndarray | None = None
    ) -> None:
        super().__init__()
        self.network = network
        for name, array in (("codes", codes), ("table", table)):
            found = None if array is None else torch.from_numpy(array)
            self.register_buffer(name, found, persistent=False)

    def forward(self, numbers: Tensor, lengths: Tensor | None) -> Any:
        """The network's outputs for words by their numbers `[B, T]`.

        With a table `[B, T, 2]`: the number, and the row of the table.
        """
        return self.network(*self._looked_up(numbers, lengths))

    def _looked_up(self, numbers: Tensor, lengths: Tensor | None) -> tuple[Any, ...]:
        """What the network is called with."""
        if self.table is None:
            return self._coded(numbers), lengths
        return self._coded(numbers[..., 0]), lengths, self.table[numbers[..., 1]]

    def _coded(self, numbers: Tensor) -> Tensor:
        return numbers if self.codes is None else self.codes[numbers]


def torch_device(device: Any) -> torch.device:
    """The device that a name stands for; of several processes, each has its own `cuda`.

    Raises:
        ArgumentError: There is no such device here.
    """
    try:
        found = torch.device(device)
        if found.type == "cuda" and found.index is None and "LOCAL_RANK" in os.environ:
            found = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.empty(0, device=found)
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ArgumentError(
            "device", f"found {device!r} ({reason})", "'cpu' always works"
        ) from error
    return found


class ModuleRun:
    """What answers for a network on another device than a CPU, where the runtime does."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self._network = network.eval()
        self._device = device

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        """Outputs of the module for scaled inputs `[B, T, I]`, lengths, and perhaps more."""
        tensors = (torch.from_numpy(array).to(self._device) for array in inputs)
        with torch.no_grad():
            found = self._network(*tensors)
            return getattr(found, "scores", found).cpu().numpy()  # of each step, each token
