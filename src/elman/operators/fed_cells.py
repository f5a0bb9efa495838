"""Steps of cells without a graph, and their way back: what `elman.operators.feeding` is made of.

`elman.kernels.equations` explains them. What is kept of all steps is packed: the rows that go on at
the first step, those that go on at the second one, and so on, `[N, ·]`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from elman.kernels.contract import GRU, LSTM, Recurrence, Simple

__all__ = ["CELLS", "FedCell"]


class FedCell:
    """One layer over a whole target, step by step.

    Args:
        recurrence: What a step computes.
        weights: The contract's NamedTuple of tensors.
        state: The tensors of the state before the first step.
        count: N, rows of all steps together.
        before: Features of the inputs that are known of all steps beforehand (`begin`); the others
            come with each step.
    """

    def __init__(
        self,
        recurrence: Recurrence,
        weights: Any,
        state: Any,
        count: int,
        before: int,
    ) -> None:
        self.recurrence, self.weights, self.before = recurrence, weights, before
        self.units = weights.weight_hh.shape[1]
        self.by_inputs = weights.weight_ih[:, before:]
        new, rows = weights.weight_hh.new_empty, weights.weight_hh.shape[0]
        self.inputs = new(count, self.by_inputs.shape[1])
        self.entering = new(count, self.units)
        self.gates = new(count, rows)
        self.state = state
        self.hidden = state[0]
        self.known: Tensor | None = None

    def begin(self, inputs: Tensor) -> None:
        """What the features that are known beforehand `[N, before]` add to all gates."""
        self.read = inputs
        by_known = self.weights.weight_ih[:, : self.before]
        self.known = torch.nn.functional.linear(inputs, by_known, self.bias())

    def bias(self) -> Tensor:
        """Of the gates."""
        return self.weights.bias

    def forward(self, at: slice, values: Tensor, entering: Tensor | None) -> Tensor:
        """A step of the first n rows: the hidden state after it.

        Args:
            at: Where its n rows are kept.
            values: `[n, ·]`, the inputs that were not known beforehand.
            entering: What multiplies the hidden state before it enters; None: nothing.
        """
        self.inputs[at] = values
        before, hidden = self.entering[at], self.hidden[: len(values)]
        if entering is None:
            before.copy_(hidden)
        else:
            torch.mul(hidden, entering, out=before)
        bias = self.bias() if self.known is None else self.known[at]
        gates = torch.addmm(bias, values, self.by_inputs.t(), out=self.gates[at])
        self.hidden = self.advance(at, gates, before)
        return self.hidden

    def turn(self) -> None:
        """Begin the way back."""
        self.d_gates = torch.empty_like(self.gates)
        self.d_hidden = torch.zeros_like(self.state[0])

    def backward(self, at: slice, d_values: Tensor, entering: Tensor | None) -> Tensor:
        """The way back of `forward`, from the gradient by its result; gives that by `values`."""
        n = len(d_values)
        d_before = self.retreat(at, d_values + self.d_hidden[:n], self.entering[at])
        if entering is None:
            self.d_hidden[:n] = d_before
        else:
            torch.mul(d_before, entering, out=self.d_hidden[:n])
        return self.d_gates[at] @ self.by_inputs

    def gradients(self) -> tuple[Tensor | None, list[Tensor | None], dict[str, Tensor]]:
        """By what was known beforehand (None: nothing was), the state, and the weights."""
        d_gates = self.d_gates
        found = {
            "weight_ih": gathered(d_gates, self.inputs),
            "weight_hh": gathered(self.by_state(), self.entering),
            "bias": d_gates.sum(dim=0),
        }
        d_known = None
        if self.known is not None:
            found["weight_ih"] = torch.cat(
                [gathered(d_gates, self.read), found["weight_ih"]], dim=1
            )
            d_known = d_gates @ self.weights.weight_ih[:, : self.before]
        return d_known, [self.d_hidden], found

    def advance(self, at: slice, gates: Tensor, before: Tensor) -> Tensor:
        """From what the inputs make of the gates: the new hidden state."""
        raise NotImplementedError

    def retreat(self, at: slice, d_hidden: Tensor, before: Tensor) -> Tensor:
        """Fills in `d_gates`; gives the gradient by the state that entered."""
        raise NotImplementedError

    def by_state(self) -> Tensor:
        """The gradient by what the state that entered adds to the gates, of all steps."""
        return self.d_gates


class FedSimple(FedCell):
    """A simple layer."""

    def advance(self, at: slice, gates: Tensor, before: Tensor) -> Tensor:
        """The activation, in place."""
        gates.addmm_(before, self.weights.weight_hh.t())
        return gates.tanh_() if self.recurrence.activation == "tanh" else gates.relu_()  # pyright: ignore

    def retreat(self, at: slice, d_hidden: Tensor, before: Tensor) -> Tensor:
        """By the activation's value."""
        value, d_gates = self.gates[at], self.d_gates[at]
        tanh = self.recurrence.activation == "tanh"  # pyright: ignore
        torch.mul(d_hidden, 1 - value * value if tanh else value > 0, out=d_gates)
        return d_gates @ self.weights.weight_hh


class FedLSTM(FedCell):
    """An LSTM without peepholes, projection and clipping."""

    def __init__(self, recurrence: Any, weights: Any, state: Any, *sizes: int) -> None:
        super().__init__(recurrence, weights, state, *sizes)
        self.cell = state[1]
        self.cells = torch.empty_like(self.entering)
        self.cells_before = torch.empty_like(self.entering)
        self.seen = torch.empty_like(self.entering)
        self.shifted = weights.bias.clone()
        self.shifted[self.units : 2 * self.units] += recurrence.forget_bias

    def bias(self) -> Tensor:
        """With the forget gate's own."""
        return self.shifted

    def advance(self, at: slice, gates: Tensor, before: Tensor) -> Tensor:
        """Gates i, f, g, o, in place."""
        gates.addmm_(before, self.weights.weight_hh.t())
        size = self.units
        gates[:, : 2 * size].sigmoid_()
        gates[:, 2 * size : 3 * size].tanh_()
        gates[:, 3 * size :].sigmoid_()
        i, f, g, o = gates.split(size, dim=1)
        cell = self.cells_before[at].copy_(self.cell[: len(gates)])
        self.cell = torch.mul(f, cell, out=self.cells[at]).addcmul_(i, g)
        return o * torch.tanh(self.cell, out=self.seen[at])

    def turn(self) -> None:
        """Begin the way back."""
        super().turn()
        self.d_cell = torch.zeros_like(self.state[1])

    def retreat(self, at: slice, d_hidden: Tensor, before: Tensor) -> Tensor:
        """By the gates' values."""
        i, f, g, o = self.gates[at].split(self.units, dim=1)
        d_gates, seen = self.d_gates[at], self.seen[at]
        d_i, d_f, d_g, d_o = d_gates.split(self.units, dim=1)
        torch.mul(d_hidden * seen, o - o * o, out=d_o)
        later = self.d_cell[: len(d_hidden)]
        d_cell = torch.addcmul(later, d_hidden * o, 1 - seen * seen)
        torch.mul(d_cell * g, i - i * i, out=d_i)
        torch.mul(d_cell * self.cells_before[at], f - f * f, out=d_f)
        torch.mul(d_cell * i, 1 - g * g, out=d_g)
        torch.mul(d_cell, f, out=later)
        return d_gates @ self.weights.weight_hh

    def gradients(self) -> tuple[Tensor | None, list[Tensor | None], dict[str, Tensor]]:
        """With the cell's."""
        d_known, states, weights = super().gradients()
        return d_known, [*states, self.d_cell], weights


class FedGRU(FedCell):
    """A GRU that resets after the product."""

    def __init__(self, recurrence: Any, weights: Any, state: Any, *sizes: int) -> None:
        super().__init__(recurrence, weights, state, *sizes)
        self.recurrent = torch.empty_like(self.entering)

    def advance(self, at: slice, gates: Tensor, before: Tensor) -> Tensor:
        """Gates r, z, n, in place."""
        size, bias = self.units, self.weights.recurrent_bias
        made = before @ self.weights.weight_hh.t()
        recurrent = self.recurrent[at]
        recurrent.copy_(made[:, 2 * size :])
        if bias is not None:
            recurrent += bias
        r, z, new = gates.split(size, dim=1)
        gates[:, : 2 * size].add_(made[:, : 2 * size]).sigmoid_()
        new.addcmul_(r, recurrent).tanh_()
        return torch.lerp(new, before, z)

    def turn(self) -> None:
        """Begin the way back."""
        super().turn()
        self.d_made = torch.empty_like(self.gates)

    def retreat(self, at: slice, d_hidden: Tensor, before: Tensor) -> Tensor:
        """By the gates' values."""
        size = self.units
        r, z, new = self.gates[at].split(size, dim=1)
        d_gates, d_made = self.d_gates[at], self.d_made[at]
        d_r, d_z, d_new = d_gates.split(size, dim=1)
        torch.mul(d_hidden - d_hidden * z, 1 - new * new, out=d_new)
        torch.mul(d_hidden * (before - new), z - z * z, out=d_z)
        torch.mul(d_new * self.recurrent[at], r - r * r, out=d_r)
        d_made[:, : 2 * size] = d_gates[:, : 2 * size]
        torch.mul(d_new, r, out=d_made[:, 2 * size :])
        return torch.addmm(d_hidden * z, d_made, self.weights.weight_hh)

    def gradients(self) -> tuple[Tensor | None, list[Tensor | None], dict[str, Tensor]]:
        """With the recurrent bias's."""
        d_known, states, weights = super().gradients()
        weights["recurrent_bias"] = self.d_made[..., 2 * self.units :].sum(dim=0)
        return d_known, states, weights

    def by_state(self) -> Tensor:
        """Of all steps."""
        return self.d_made


def gathered(d_results: Tensor, inputs: Tensor) -> Tensor:
    """The gradient by a weight that made results of inputs at all steps: one product."""
    return d_results.t() @ inputs


CELLS: dict[type[Recurrence], type[FedCell]] = {Simple: FedSimple, LSTM: FedLSTM, GRU: FedGRU}
"""The recurrences that can be fed."""
