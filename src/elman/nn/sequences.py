"""Twins of torch.nn.RNN, LSTM and GRU.

They are torch's classes with another `forward`, so whatever looks for a `torch.nn.LSTM` finds
one. Layers and directions run one after the other by `elman.operators.unroll`.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman import operators
from elman.cells.checks import Lengths, check_lengths
from elman.errors import ArgumentError, ShapeError
from elman.nn.weights import recurrence_and_weights
from elman.state import from_torch, map_leaves, to_torch

__all__ = ["GRU", "LSTM", "RNN"]


class RNN(torch.nn.RNN):
    """`torch.nn.RNN`, with `lengths=`.

    >>> layer = RNN(3, 5, batch_first=True)
    >>> outputs, hidden = layer(torch.ones(2, 4, 3), lengths=[4, 0])
    >>> outputs.shape, bool((outputs[1] == 0).all())
    (torch.Size([2, 4, 5]), True)
    """

    def forward(
        self,
        input: Float[Tensor, "..."] | PackedSequence,
        hx: Float[Tensor, "..."] | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Any, Tensor]:
        """As torch's.

        Args:
            input: As torch's: padded, unbatched or packed.
            hx: As torch's; zeros if None.
            lengths: Real steps of each padded row, 0…T, in any order. What stands past them
                changes nothing; outputs there are zero; the final state is that of the last real
                step. Not with unbatched or packed input.

        Returns:
            The outputs (packed if the input was) and h_n.

        Raises:
            RuntimeError: Where torch raises it: a size of `input` or `hx` does not fit.
            ShapeError: Input of another rank, or lengths that are not one integer in 0…T a row.
            ArgumentError: Lengths came with unbatched or packed input.
        """
        return _forward(self, input, hx, lengths)


class LSTM(torch.nn.LSTM):
    """`torch.nn.LSTM`, with `lengths=`.

    >>> layer = LSTM(3, 5, num_layers=2, bidirectional=True)
    >>> outputs, (hidden, cell) = layer(torch.ones(4, 2, 3), lengths=[4, 1])
    >>> outputs.shape, hidden.shape
    (torch.Size([4, 2, 10]), torch.Size([4, 2, 5]))
    """

    def forward(
        self,
        input: Float[Tensor, "..."] | PackedSequence,
        hx: tuple[Float[Tensor, "..."], Float[Tensor, "..."]] | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """As torch's; `lengths` and errors as `RNN.forward` has them.

        Returns:
            The outputs (packed if the input was) and (h_n, c_n).
        """
        return _forward(self, input, hx, lengths)


class GRU(torch.nn.GRU):
    """`torch.nn.GRU`, with `lengths=`.

    >>> layer = GRU(3, 5)
    >>> outputs, hidden = layer(torch.ones(4, 3))
    >>> outputs.shape, torch.equal(outputs[-1:], hidden)
    (torch.Size([4, 5]), True)
    """

    def forward(
        self,
        input: Float[Tensor, "..."] | PackedSequence,
        hx: Float[Tensor, "..."] | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Any, Tensor]:
        """As torch's; `lengths` and errors as `RNN.forward` has them.

        Returns:
            The outputs (packed if the input was) and h_n.
        """
        return _forward(self, input, hx, lengths)


def _forward(module: Any, input: Any, hx: Any, lengths: Any) -> tuple[Any, Any]:
    module._update_flat_weights()  # what torch's own checks below look at
    if isinstance(input, PackedSequence):
        if lengths is not None:
            raise ArgumentError(
                "lengths", "found some beside a PackedSequence", "it has its own: leave them out"
            )
        return _packed(module, input, hx)
    if input.dim() == 3:
        return _padded(module, input, hx, lengths)
    if input.dim() != 2:
        raise ShapeError(
            f"{type(module).__name__} input",
            f"found shape {list(input.shape)}",
            "pass [T, B, I] ([B, T, I] with batch_first), or [T, I] unbatched",
        )
    if lengths is not None:
        raise ArgumentError("lengths", "found some beside unbatched input", "leave them out")
    rows = 0 if module.batch_first else 1
    batch_hx = None if hx is None else _each(lambda leaf: leaf.unsqueeze(1), hx)
    output, states = _padded(module, input.unsqueeze(rows), batch_hx, None)
    return output.squeeze(rows), _each(lambda leaf: leaf.squeeze(1), states)


def _padded(module: Any, input: Tensor, hx: Any, lengths: Any) -> tuple[Tensor, Any]:
    inputs = input if module.batch_first else input.transpose(0, 1)
    batch, steps = inputs.shape[:2]
    hx = _zeros(module, inputs) if hx is None else hx
    module.check_forward_args(input, hx, None)
    valid_lengths = check_lengths(lengths, batch, steps, inputs.device)
    outputs, states = _layers(module, inputs, hx, valid_lengths)
    # As torch's, outputs with time first can be viewed in another shape.
    return outputs if module.batch_first else outputs.transpose(0, 1).contiguous(), states


def _packed(module: Any, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
    inputs, lengths = pad_packed_sequence(input, batch_first=True)
    hx = _zeros(module, inputs) if hx is None else hx
    module.check_forward_args(input.data, hx, input.batch_sizes)
    outputs, states = _layers(module, inputs, hx, lengths.to(inputs.device))
    if input.sorted_indices is not None:  # keep the packing's own order of equal lengths
        outputs = outputs[input.sorted_indices]
        lengths = lengths[input.sorted_indices.cpu()]
    data = pack_padded_sequence(outputs, lengths, batch_first=True).data
    packed = PackedSequence(data, input.batch_sizes, input.sorted_indices, input.unsorted_indices)
    return packed, states


def _layers(module: Any, inputs: Tensor, hx: Any, lengths: Tensor | None) -> tuple[Tensor, Any]:
    """All layers and directions over inputs `[B, T, I]`; `hx` and the result as torch's."""
    directions = 2 if module.bidirectional else 1
    finals = []
    for layer in range(module.num_layers):
        if layer > 0 and module.training and module.dropout > 0:
            inputs = _drop(inputs, module.dropout)
        outputs = []
        for direction in range(directions):
            suffix = f"_l{layer}{'_reverse' if direction else ''}"
            output, final = operators.unroll(
                *recurrence_and_weights(module.mode, module, suffix),
                inputs,
                from_torch(hx, layer * directions + direction),
                lengths=lengths,
                reverse=direction == 1,
            )
            outputs.append(output)
            finals.append(final)
        inputs = torch.cat(outputs, dim=-1) if directions == 2 else outputs[0]
    return inputs, to_torch(finals)


def _drop(inputs: Tensor, rate: float) -> Tensor:
    """Dropout time first, so that the same seed zeroes what it zeroes in torch.nn."""
    return dropout(inputs.transpose(0, 1).contiguous(), rate).transpose(0, 1)


def _zeros(module: Any, inputs: Tensor) -> Any:
    """torch.nn's initial state for None."""
    count, batch = module.num_layers * (2 if module.bidirectional else 1), inputs.shape[0]
    hidden = inputs.new_zeros(count, batch, module.proj_size or module.hidden_size)
    if module.mode != "LSTM":
        return hidden
    return hidden, inputs.new_zeros(count, batch, module.hidden_size)


def _each(function: Any, hx: Any) -> Any:
    return map_leaves(function, tuple(hx) if isinstance(hx, list) else hx)
