"""Recurrent batch normalisation: an LSTM and a simple cell; Cooijmans et al. 2016.

arXiv 1603.09025v5. The gated recurrent unit has none here: the paper gives it no equations, and
normalising only its inputs (Amodei et al. 2015, arXiv 1512.02595v1) is not recurrent.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from elman.cells.checks import check_size
from elman.cells.initialisers import initialise
from elman.errors import ShapeError
from elman.kernels.contract import NORM_EPSILON
from elman.operators.check import check_arrays
from elman.recurrences import LSTM, Simple, Sizes
from elman.state import LSTMState, RNNState, describe

__all__ = ["BatchNormLSTMCell", "BatchNormRNNCell", "BatchNormState"]

_GAIN = 0.1  # with larger ones the activations saturate, and gradients vanish: section 4
_NEWEST = 0.1  # what the newest batch weighs in the averages, once there were ten of them


class BatchNormState(NamedTuple):
    """`inner`, an `RNNState` or `LSTMState`, and each row's step `[B]`, int64."""

    inner: Any
    step: Any


class BatchNorm(nn.Module):
    """Brings each feature to mean 0 and variance 1 over the rows of a batch, then to its gain.

    In training by the batch's own statistics; in `eval()`, and for fewer than two rows, by
    averages over the training batches, which every step has for itself.

    Args:
        features: F.
        max_steps: S, steps with averages of their own; later ones share the last's.
        shift: Whether a learned number is added.
        device: Where everything lives.
        dtype: Of gain, shift and averages.

    Attributes:
        gain: `[F]`.
        shift: `[F]`, or None.
        mean: `[S, F]`, averages of the batches' means.
        variance: `[S, F]`, averages of the batches' variances, which are unbiased.
        batches: `[S]` int64, how many batches each average has seen.
    """

    mean: Tensor
    variance: Tensor
    batches: Tensor

    def __init__(
        self,
        features: int,
        max_steps: int,
        *,
        shift: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((features,), _GAIN, device=device, dtype=dtype))
        self.shift = nn.Parameter(torch.zeros_like(self.gain)) if shift else None
        zeros = torch.zeros(max_steps, features, device=device, dtype=dtype)
        self.register_buffer("mean", zeros)
        self.register_buffer("variance", torch.ones_like(zeros))
        self.register_buffer("batches", torch.zeros(max_steps, device=device, dtype=torch.int64))

    def forward(self, values: Float[Tensor, "B F"], step: Int[Tensor, "B"]) -> Tensor:
        """The rows normalised; `step` counts from 0 how many steps each had made before."""
        if self.training and len(values) > 1:
            self._remember(values.detach(), step)
            return F.batch_norm(
                values, None, None, self.gain, self.shift, training=True, eps=NORM_EPSILON
            )
        slot = self._known(step)
        normal = (values - self.mean[slot]) * torch.rsqrt(self.variance[slot] + NORM_EPSILON)
        scaled = normal * self.gain
        return scaled if self.shift is None else scaled + self.shift

    def _remember(self, values: Tensor, step: Tensor) -> None:
        """Take the batch into the averages of its steps.

        Not where no gradient is taken, so a forward pass that is computed again counts once; nor
        where a number is not finite, since a trainer leaves such a batch out.
        """
        if not torch.is_grad_enabled():
            return
        variance, mean = torch.var_mean(values, dim=0)
        if not bool(torch.isfinite(mean + variance).all()):
            return
        slots = step.clamp(max=len(self.batches) - 1).unique()
        self.batches[slots] += 1
        weight = self.batches[slots].to(mean).reciprocal().clamp(min=_NEWEST)[:, None]
        self.mean[slots] = torch.lerp(self.mean[slots], mean, weight)
        self.variance[slots] = torch.lerp(self.variance[slots], variance, weight)

    def _known(self, step: Tensor) -> Tensor:
        """For each row the step whose averages serve it: its own, or the last one known."""
        slots = torch.arange(len(self.batches), device=step.device)
        known = torch.where(self.batches > 0, slots, 0).cummax(0).values
        return known[step.clamp(max=len(slots) - 1)]


class _BatchNormCell(nn.Module):
    """What both cells share: the weights, and their products normalised."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor

    def __init__(
        self,
        recurrence: Simple | LSTM,
        input_size: int,
        hidden_size: int,
        max_steps: int,
        generator: torch.Generator | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.recurrence: Any = recurrence
        self.input_size = check_size("input_size", input_size)
        self.hidden_size = self.output_size = H = check_size("hidden_size", hidden_size)
        self.max_steps = S = check_size("max_steps", max_steps)
        rows = recurrence.gates * H
        shapes = recurrence.chosen_shapes(Sizes(input_size, H, H), {})
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        self.norm_ih = BatchNorm(rows, S, shift=False, device=device, dtype=dtype)
        self.norm_hh = BatchNorm(rows, S, shift=False, device=device, dtype=dtype)
        initialise(self, generator=generator)

    @property
    def mixes_rows(self) -> bool:
        """Whether a row's numbers depend on the other rows; see `elman.unrolling.protocol`."""
        return self.training

    def weights(self) -> Any:
        """The weights that `initialise` fills: the contract's NamedTuple."""
        return self.recurrence.weights_type(self.weight_ih, self.weight_hh, self.bias)

    def initial_state(self, batch: int) -> BatchNormState:
        """Zeros, hidden `[B, H]` and an LSTM's cell `[B, H]`, at step 0."""
        zeros = self.weight_hh.new_zeros
        sizes = Sizes(self.input_size, self.hidden_size, self.hidden_size)
        inner = self.recurrence.zero_state(sizes, lambda size: zeros(batch, size))
        return BatchNormState(inner, zeros(batch, dtype=torch.int64))

    def extra_repr(self) -> str:
        """Sizes, for `print`."""
        return f"{self.input_size}, {self.hidden_size}, max_steps={self.max_steps}"

    def _preactivations(self, inputs: Tensor, state: Any) -> Tensor:
        """BN(W_ih x) + BN(W_hh h) + b.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        if not isinstance(state, BatchNormState):
            raise ShapeError("state", f"found {describe(state)}", "give a BatchNormState")
        before, step = state
        check_arrays(self.recurrence, self.weights(), inputs, before, ("B",))
        from_inputs = self.norm_ih(F.linear(inputs, self.weight_ih), step)
        return from_inputs + self.norm_hh(F.linear(before.hidden, self.weight_hh), step) + self.bias


class BatchNormLSTMCell(_BatchNormCell):
    """Long short-term memory with recurrent batch normalisation; Cooijmans et al. 2016.

    arXiv 1603.09025v5, section 3. With p = BN(W_ih x(t)) + BN(W_hh h(t-1)) + b, whose four blocks
    belong to the gates i, f, g, o: i = σ(p_i), f = σ(p_f + forget_bias), g = tanh(p_g),
    c(t) = f·c(t-1) + i·g, o = σ(p_o), h(t) = o·tanh(BN(c(t))); the output is h(t). BN(v) =
    gain·(v - mean) / √(variance + 1e-5) has gains of its own in each place, which start at 0.1;
    the last one also has a shift, for the others b is one.

    In training, mean and variance are those of the rows that are read at this step: rows that have
    ended do not count. They come from averages in `eval()`, where a row's numbers depend on no
    other row, and in training where a single row is left. The averages are kept for each step
    apart, up to `max_steps`; later steps share the last one's, and steps that training never
    reached have those of the last that it did. They move with every batch that gradients are
    taken of: the newest counts a tenth, or as much as each before it while they are fewer.

    Deviation: the paper averages over the training set, in a pass of its own after training.

    >>> cell = BatchNormLSTMCell(3, 5, max_steps=20)
    >>> outputs, state = cell(torch.randn(4, 3), cell.initial_state(4))
    >>> outputs.shape, state.inner.cell.shape, state.step.tolist()
    (torch.Size([4, 5]), torch.Size([4, 5]), [1, 1, 1, 1])

    Where all rows are alike (the first pixels of MNIST) the variance is zero, and what little
    they differ by is multiplied by 0.1/√1e-5: start from states with some noise then, as the
    paper does.

    Args:
        input_size: Features I of a step.
        hidden_size: Neurons H.
        max_steps: Steps with statistics of their own, ≥ 1; best the longest training sequence's.
        forget_bias: A constant added to the forget gate's pre-activation, on top of the bias.
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.

    Attributes:
        weight_ih: `[4·H, I]`, blocks i, f, g, o.
        weight_hh: `[4·H, H]`.
        bias: `[4·H]`.
        norm_ih: Gain `[4·H]` and averages of W_ih x.
        norm_hh: Gain `[4·H]` and averages of W_hh h.
        norm_cell: Gain and shift `[H]` and averages of c.

    Raises:
        ArgumentError: A size is not a positive integer.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        max_steps: int = 100,
        forget_bias: float = 1.0,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            LSTM(forget_bias), input_size, hidden_size, max_steps, generator, device, dtype
        )
        self.norm_cell = BatchNorm(hidden_size, max_steps, shift=True, device=device, dtype=dtype)

    def forward(
        self, inputs: Float[Tensor, "B I"], state: Any
    ) -> tuple[Float[Tensor, "B H"], BatchNormState]:
        """One step: the outputs and the next state.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        i, f, g, o = self._preactivations(inputs, state).chunk(4, dim=1)
        before, step = state
        forget = torch.sigmoid(f + self.recurrence.forget_bias)
        cell = forget * before.cell + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(self.norm_cell(cell, step))
        return hidden, BatchNormState(LSTMState(hidden, cell), step + 1)

    def extra_repr(self) -> str:
        """Sizes and options, for `print`."""
        return f"{super().extra_repr()}, forget_bias={self.recurrence.forget_bias}"


class BatchNormRNNCell(_BatchNormCell):
    """h(t) = activation(BN(W_ih x(t)) + BN(W_hh h(t-1)) + b); the output is h(t).

    The simple cell whose gradients section 4 of Cooijmans et al. 2016 (arXiv 1603.09025v5) looks
    at, with each product normalised apart, as in their LSTM. `BatchNormLSTMCell` says what BN is.

    >>> cell = BatchNormRNNCell(3, 5, max_steps=20)
    >>> outputs, state = cell(torch.randn(4, 3), cell.initial_state(4))
    >>> outputs.shape, state.inner.hidden.shape
    (torch.Size([4, 5]), torch.Size([4, 5]))

    Args:
        input_size: Features I of a step.
        hidden_size: Neurons H.
        max_steps: Steps with statistics of their own, ≥ 1; best the longest training sequence's.
        activation: "tanh" or "relu".
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.

    Attributes:
        weight_ih: `[H, I]`.
        weight_hh: `[H, H]`.
        bias: `[H]`.
        norm_ih: Gain `[H]` and averages of W_ih x.
        norm_hh: Gain `[H]` and averages of W_hh h.

    Raises:
        ArgumentError: A size is not a positive integer, or the activation is unknown.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        max_steps: int = 100,
        activation: Literal["tanh", "relu"] = "tanh",
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            Simple(activation), input_size, hidden_size, max_steps, generator, device, dtype
        )

    def forward(
        self, inputs: Float[Tensor, "B I"], state: Any
    ) -> tuple[Float[Tensor, "B H"], BatchNormState]:
        """One step: the outputs and the next state.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        mixed = self._preactivations(inputs, state)
        hidden = torch.tanh(mixed) if self.recurrence.activation == "tanh" else torch.relu(mixed)
        return hidden, BatchNormState(RNNState(hidden), state.step + 1)

    def extra_repr(self) -> str:
        """Sizes and options, for `print`."""
        return f"{super().extra_repr()}, activation={self.recurrence.activation}"
