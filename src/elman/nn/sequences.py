"""Twins of torch.nn.RNN, LSTM and GRU.

They share torch's base class, and with it parameters, state_dict and checks. They are no subclasses
of torch.nn.LSTM and its kin, because torch.compile refuses to look into those. Layers and
directions run one after the other by `elman.operators.unroll`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import RNNBase
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence

from elman import operators
from elman.errors import ArgumentError, TwinShapeError
from elman.kernels.contract import Recurrence, Weights
from elman.kernels.memory_plan import share
from elman.nn.answering import answer
from elman.nn.budget import unroll_within
from elman.nn.checks import check_types
from elman.nn.packing import Packing
from elman.nn.weights import layer_weights
from elman.operators.freezing import Freezable
from elman.operators.memory import traced, untraced
from elman.state import from_torch, leaves, map_leaves, to_torch
from elman.unrolling.checks import Lengths, check_lengths

__all__ = ["GRU", "LSTM", "RNN"]


class _Sequence(Freezable, RNNBase):
    """What the twins share beside torch's base class."""

    def _recurrences(self) -> Iterable[tuple[Recurrence, Weights, Tensor | None]]:
        return (layer_weights(self, index) for index in range(len(self._all_weights)))


class RNN(_Sequence):
    """`torch.nn.RNN`, with `lengths=`.

    >>> layer = RNN(3, 5, batch_first=True)
    >>> outputs, hidden = layer(torch.ones(2, 4, 3), lengths=[4, 0])
    >>> outputs.shape, bool((outputs[1] == 0).all())
    (torch.Size([2, 4, 5]), True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        proj_size: None = None,
    ) -> None:
        _refuse_projection(proj_size)
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError("nonlinearity", f"found {nonlinearity!r}", "give 'tanh' or 'relu'")
        self.nonlinearity = nonlinearity
        options = (num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype)
        super().__init__(f"RNN_{nonlinearity.upper()}", input_size, hidden_size, *options)

    def forward(
        self,
        input: Float[Tensor, "..."] | PackedSequence,
        hx: Float[Tensor, "..."] | None = None,
        lengths: Lengths | None = None,
        memory: str | int | None = None,
    ) -> tuple[Any, Tensor]:
        """As torch's.

        Args:
            input: As torch's: padded, unbatched or packed.
            hx: As torch's; zeros if None.
            lengths: Real steps of each padded row, 0…T, in any order. What stands past them
                changes nothing; outputs there are zero; the final state is that of the last real
                step. Not with unbatched or packed input.
            memory: As `elman.layers.dynamic_unroll` has it: what the gradients may need beside the
                outputs of every layer. Bytes are shared out evenly among layers and directions.

        Returns:
            The outputs (packed if the input was) and h_n.

        Raises:
            TwinShapeError: A rank, size or dtype of `input` or `hx` does not fit.
            ShapeError: Lengths that are not one integer in 0…T a row.
            ArgumentError: Lengths came with unbatched or packed input, or `memory` is neither bytes
                nor a number of states, or too little.
        """
        return _forward(self, input, hx, lengths, memory)


class LSTM(_Sequence):
    """`torch.nn.LSTM`, with `lengths=`.

    >>> layer = LSTM(3, 5, num_layers=2, bidirectional=True)
    >>> outputs, (hidden, cell) = layer(torch.ones(4, 2, 3), lengths=[4, 1])
    >>> outputs.shape, hidden.shape
    (torch.Size([4, 2, 10]), torch.Size([4, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        options = (num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype)
        super().__init__("LSTM", input_size, hidden_size, *options)

    get_expected_cell_size = torch.nn.LSTM.get_expected_cell_size
    permute_hidden = torch.nn.LSTM.permute_hidden  # pyright: ignore[reportAssignmentType]
    check_forward_args = torch.nn.LSTM.check_forward_args  # pyright: ignore[reportAssignmentType]

    def forward(
        self,
        input: Float[Tensor, "..."] | PackedSequence,
        hx: tuple[Float[Tensor, "..."], Float[Tensor, "..."]] | None = None,
        lengths: Lengths | None = None,
        memory: str | int | None = None,
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """As torch's; `lengths`, `memory` and errors as `RNN.forward` has them.

        Returns:
            The outputs (packed if the input was) and (h_n, c_n).
        """
        return _forward(self, input, hx, lengths, memory)


class GRU(_Sequence):
    """`torch.nn.GRU`, with `lengths=`.

    >>> layer = GRU(3, 5)
    >>> outputs, hidden = layer(torch.ones(4, 3))
    >>> outputs.shape, torch.equal(outputs[-1:], hidden)
    (torch.Size([4, 5]), True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        proj_size: None = None,
    ) -> None:
        _refuse_projection(proj_size)
        options = (num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype)
        super().__init__("GRU", input_size, hidden_size, *options)

    def forward(
        self,
        input: Float[Tensor, "..."] | PackedSequence,
        hx: Float[Tensor, "..."] | None = None,
        lengths: Lengths | None = None,
        memory: str | int | None = None,
    ) -> tuple[Any, Tensor]:
        """As torch's; `lengths`, `memory` and errors as `RNN.forward` has them.

        Returns:
            The outputs (packed if the input was) and h_n.
        """
        return _forward(self, input, hx, lengths, memory)


def _refuse_projection(proj_size: Any) -> None:
    if proj_size is not None:
        raise ArgumentError("proj_size", f"found {proj_size!r}", "leave it out: only LSTM has it")


def _forward(
    module: Any, input: Any, hx: Any, lengths: Any, memory: str | int | None
) -> tuple[Any, Any]:
    if lengths is None and memory is None:
        found = answer(module, input, hx)
        if found is not None:
            return found
        if traced():
            return _by_torch(module, input, hx)
    memory = share(memory, module.num_layers * (2 if module.bidirectional else 1))
    if isinstance(hx, list):
        hx = tuple(hx)
    check_types(module, input, hx, lstm=module.mode == "LSTM")
    if isinstance(input, PackedSequence):
        if lengths is not None:
            raise ArgumentError(
                "lengths", "found some beside a PackedSequence", "it has its own: leave them out"
            )
        return _packed(module, input, hx, memory)
    if input.dim() == 3:
        return _padded(module, input, hx, lengths, memory)
    if input.dim() != 2:
        raise TwinShapeError(
            f"{type(module).__name__} input",
            f"found shape {list(input.shape)}",
            "pass [T, B, I] ([B, T, I] with batch_first), or [T, I] unbatched",
        )
    if lengths is not None:
        raise ArgumentError("lengths", "found some beside unbatched input", "leave them out")
    rows = 0 if module.batch_first else 1
    batch_hx = None if hx is None else map_leaves(lambda leaf: leaf.unsqueeze(1), hx)
    output, states = _padded(module, input.unsqueeze(rows), batch_hx, None, memory)
    return output.squeeze(rows), map_leaves(lambda leaf: leaf.squeeze(1), states)


def _by_torch(module: Any, input: Any, hx: Any) -> tuple[Any, Any]:
    """By torch's own operators: what is traced shall run wherever torch does, at any size."""
    module._update_flat_weights()
    original: Any = getattr(torch.nn, module.mode.partition("_")[0])
    return original.forward(module, input, hx)


def _padded(
    module: Any, input: Tensor, hx: Any, lengths: Any, memory: str | int | None
) -> tuple[Tensor, Any]:
    """Time first in memory whatever the axes' order, as torch: it shows in what is drawn after."""
    steps, batch = input.shape[1::-1] if module.batch_first else input.shape[:2]
    with untraced():
        _check(module, input, hx, batch)
    valid_lengths = check_lengths(lengths, batch, steps, input.device)
    inputs = input.transpose(0, 1) if module.batch_first else input
    outputs, states = _layers(module, inputs, hx, valid_lengths, dropout, memory)
    outputs = outputs.contiguous()  # torch operations step by step leave the batch first
    return outputs.transpose(0, 1) if module.batch_first else outputs, states


def _packed(
    module: Any, input: PackedSequence, hx: Any, memory: str | int | None
) -> tuple[PackedSequence, Any]:
    """Rows are taken in the packing's own order, the longest first."""
    data, batch_sizes, there, back = input
    _check(module, data, hx, int(batch_sizes[0]), batch_sizes)
    packing = Packing.of(batch_sizes, data.device)
    if hx is not None and there is not None:
        hx = map_leaves(lambda leaf: leaf.index_select(1, there), hx)

    def drop(inputs: Tensor, rate: float) -> Tensor:
        return packing.pad(dropout(packing.pack(inputs), rate))

    padded = packing.pad(data)
    outputs, states = _layers(module, padded, hx, packing.lengths, drop, memory)
    if back is not None:
        states = map_leaves(lambda leaf: leaf.index_select(1, back), states)
    return PackedSequence(packing.pack(outputs), batch_sizes, there, back), states


def _layers(
    module: Any,
    inputs: Tensor,
    hx: Any,
    lengths: Tensor | None,
    drop: Callable[[Tensor, float], Tensor],
    memory: str | int | None,
) -> tuple[Tensor, Any]:
    """All layers and directions, the time first; `hx` and the states as torch's."""
    options: dict[str, Any] = {"lengths": lengths, "time_first": True}
    finals = []
    for layer in range(module.num_layers):
        if layer > 0 and module.training and module.dropout > 0:
            inputs = drop(inputs.contiguous(), module.dropout)
        if memory is not None:
            inputs, ended = _within(memory, module, layer, inputs, hx, lengths)
            finals += ended
            continue
        if not module.bidirectional:
            recurrence, there = _direction(module, layer, inputs, hx)
            weights, state, second_bias, prepared = there
            inputs, final = operators.unroll(
                recurrence,
                weights,
                inputs,
                state,
                second_bias=second_bias,
                prepared=prepared,
                **options,
            )
            finals.append(final)
            continue
        recurrence, there = _direction(module, 2 * layer, inputs, hx)
        _, back = _direction(module, 2 * layer + 1, inputs, hx)
        inputs, ended = operators.unroll_both(recurrence, there, back, inputs, **options)
        finals += ended
    return inputs, to_torch(finals)


def _within(
    memory: str | int,
    module: Any,
    layer: int,
    inputs: Tensor,
    hx: Any,
    lengths: Tensor | None,
) -> tuple[Tensor, list[Any]]:
    """One layer, by a memory budget for each direction: its outputs, and their final states."""
    directions = 2 if module.bidirectional else 1
    read = inputs.transpose(0, 1)
    found = [
        unroll_within(
            memory, *_direction(module, directions * layer + k, inputs, hx), read, lengths, k == 1
        )
        for k in range(directions)
    ]
    outputs = found[0][0] if directions == 1 else torch.cat([each for each, _ in found], dim=-1)
    return outputs.transpose(0, 1), [final for _, final in found]


def _direction(
    module: Any, index: int, inputs: Tensor, hx: Any
) -> tuple[Recurrence, operators.Direction]:
    """One layer and direction; `index` as `layer_weights` counts."""
    state = None if hx is None else from_torch(hx, index)
    if module._frozen is None:
        recurrence, weights, second_bias = layer_weights(module, index)
        return recurrence, operators.Direction(weights, state, second_bias)
    recurrence, weights, second_bias, prepared = module._frozen_part(index, inputs, *(state or ()))
    return recurrence, operators.Direction(weights, state, second_bias, prepared)


def _check(
    module: Any, input: Tensor, hx: Any, batch: int, batch_sizes: Tensor | None = None
) -> None:
    """Torch's own checks, made only where something is amiss: they take their time."""
    tracing = torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
    if tracing or _fits(module, input, hx, batch):  # a trace has to hold for other sizes, too
        return
    module._update_flat_weights()  # what the checks look at
    try:
        if hx is None:
            module.check_input(input, batch_sizes)
        else:
            module.check_forward_args(input, hx, batch_sizes)
        _check_kind(module, input, hx)
    except (RuntimeError, ValueError) as error:
        raise TwinShapeError(
            f"{type(module).__name__}.forward", str(error), f"pass {_expected(module, batch)}"
        ) from error


def _check_kind(module: Any, input: Tensor, hx: Any) -> None:
    """What torch leaves to its operators: one device, and one dtype but under autocast."""
    weight = module.weight_ih_l0
    states = () if hx is None else leaves(hx)
    for name, leaf in (("input", input), *(("hx", leaf) for leaf in states)):
        if leaf.device != weight.device:
            raise ValueError(f"{name} is on {leaf.device}, the weights are on {weight.device}")
        if leaf.dtype != weight.dtype and not torch.is_autocast_enabled("cpu"):
            raise ValueError(f"{name} is {leaf.dtype}, the weights are {weight.dtype}")


def _expected(module: Any, batch: int) -> str:
    weight = module.weight_ih_l0
    shapes = [str(list(shape)) for shape in _state_shapes(module, batch)]
    return f"[..., {module.input_size}] and states {', '.join(shapes)}, {weight.dtype}"


def _fits(module: Any, input: Tensor, hx: Any, batch: int) -> bool:
    weight = module.weight_ih_l0
    kind = weight.dtype, weight.device
    if input.shape[-1] != module.input_size or (input.dtype, input.device) != kind:
        return False
    if hx is None:
        return True
    states = list(leaves(hx))
    return [leaf.shape for leaf in states] == _state_shapes(module, batch) and all(
        (leaf.dtype, leaf.device) == kind for leaf in states
    )


def _state_shapes(module: Any, batch: int) -> list[tuple[int, int, int]]:
    count = module.num_layers * (2 if module.bidirectional else 1)
    shapes = [(count, batch, module.proj_size or module.hidden_size)]
    if module.mode == "LSTM":
        shapes.append((count, batch, module.hidden_size))
    return shapes
