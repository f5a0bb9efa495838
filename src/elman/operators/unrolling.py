"""Whole sequences and single steps of a recurrence, differentiable."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from elman.kernels.contract import Noise, Recurrence, Tokens, Weights
from elman.operators import aten, loop, native
from elman.operators.biases import merged, zero_state
from elman.operators.check import (
    check_arrays,
    check_noise,
    check_range,
    check_time,
    check_tokens,
)
from elman.operators.choice import choose
from elman.operators.equations import advance, project
from elman.operators.memory import untraced
from elman.operators.notice import notice
from elman.operators.watching import watcher

__all__ = ["Direction", "step", "unroll", "unroll_both"]


class Direction(NamedTuple):
    """What one direction has for itself.

    Attributes:
        weights: The contract's NamedTuple of tensors.
        initial_state: `RNNState` or `LSTMState`; None means zeros.
        second_bias: `[G·H]`, added to the bias: torch.nn's bias_hh. Of a GRU that resets after,
            its candidate's part stands in place of the recurrent bias, which is None then.
        prepared: What `elman.kernels.compiled.described` and `pack` made of the same weights; it
            is used where the compiled kernels run and nothing is differentiated.
    """

    weights: Weights
    initial_state: Any = None
    second_bias: Tensor | None = None
    prepared: Any = None


def unroll(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[Tensor, "... I"] | Tokens,
    initial_state: Any = None,
    *,
    lengths: Int[Tensor, "B"] | None = None,
    resets: Bool[Tensor, "B T"] | None = None,
    reverse: bool = False,
    noise: Noise | None = None,
    time_first: bool = False,
    second_bias: Float[Tensor, " G"] | None = None,
    prepared: Any = None,
) -> tuple[Float[Tensor, "... R"], Any]:
    """Run whole sequences by the implementation that `choose` names.

    `elman.kernels.contract` says what lengths, resets, direction, tokens and noise mean.

    Args:
        recurrence: `Simple`, `LSTM` or `GRU`.
        weights: As `Direction` has them, like `initial_state`, `second_bias` and `prepared`.
        inputs: `[B, T, I]`, of one dtype and device with weights and state; or tokens, whose
            embedding is.
        initial_state: See there.
        lengths: Steps to read of each row, in 0…T; None means all T.
        resets: Where a row's state becomes zero just before the step is read; None: nowhere.
        reverse: Read each row from its last step to its first.
        noise: Zoneout and recurrent dropout; None: none.
        time_first: Inputs and outputs are `[T, B, ·]`; not tokens.
        second_bias: See there.
        prepared: See there.

    Returns:
        Outputs `[B, T, R]`, zero past each length, and the state after each row's last step.

    Raises:
        ShapeError: An array has another rank, size, dtype or device.
        ArgumentError: The weights' type does not fit the recurrence, a length is outside 0…T, an
            id that is read outside 0…V-1, or a rate outside [0, 1).

    >>> import torch
    >>> from elman.kernels.contract import RNNWeights, Simple
    >>> weights = RNNWeights(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1))
    >>> sums, state = unroll(Simple("relu"), weights, torch.tensor([[[1.0], [2.0], [3.0]]]))
    >>> sums.flatten().tolist(), state.hidden.item()
    ([1.0, 3.0, 6.0], 6.0)
    """
    if isinstance(inputs, Tokens):
        inputs = F.embedding(check_tokens(inputs, lengths), inputs.embedding)
    direction = Direction(weights, initial_state, second_bias, prepared)
    job = native.Job(recurrence, lengths, resets, (reverse,), noise, time_first)
    outputs, (final,) = _run(job, (direction,), inputs)
    return outputs, final


def unroll_both(
    recurrence: Recurrence,
    forwards: Direction,
    backwards: Direction,
    inputs: Float[Tensor, "... I"],
    *,
    lengths: Int[Tensor, "B"] | None = None,
    time_first: bool = False,
) -> tuple[Tensor, tuple[Any, Any]]:
    """Both directions over the same inputs: the results of `unroll`, to the bit.

    The compiled kernels run them at once where there are threads for both. Arguments and errors
    as there.

    Returns:
        The outputs of both side by side, `[B, T, R + R]`, and both final states.

    >>> import torch
    >>> from elman.kernels.contract import RNNWeights, Simple
    >>> weights = RNNWeights(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1))
    >>> one, inputs = Direction(weights), torch.tensor([[[1.0], [2.0], [3.0]]])
    >>> unroll_both(Simple("relu"), one, one, inputs)[0].tolist()
    [[[1.0, 6.0], [3.0, 5.0], [6.0, 3.0]]]
    """
    job = native.Job(recurrence, lengths, None, (False, True), None, time_first)
    outputs, (there, back) = _run(job, (forwards, backwards), inputs)
    return outputs, (there, back)


def _run(
    job: native.Job, directions: tuple[Direction, ...], inputs: Any
) -> tuple[Tensor, list[Any]]:
    """Check everything, choose, run; the compiled kernels check the lengths' values themselves."""
    job = _checked(job, directions, inputs)
    if watcher() is not None:
        return _run_torch("loop", job, directions, inputs)
    choice = choose(job.recurrence, directions[0].weights, inputs, job.resets, job.noise)
    for direction in directions:
        notice(choice, direction.weights)
    if choice.kernel != "native":
        return _run_torch(choice.kernel, job, directions, inputs)
    if job.lengths is None or torch.compiler.is_compiling():
        return native.unroll(job, directions, inputs)
    try:
        return native.unroll(job, directions, inputs)
    except (ValueError, RuntimeError):
        check_range(job.lengths, inputs.shape[0 if job.time_first else 1])  # says which
        raise


def _checked(job: native.Job, directions: tuple[Direction, ...], inputs: Any) -> native.Job:
    """The job with lengths and noise as the implementations take them."""
    axes = ("T", "B") if job.time_first else ("B", "T")
    with untraced():
        for weights, state, second_bias, prepared in directions:
            check_arrays(
                job.recurrence, weights, inputs, state, axes, second_bias, prepared is not None
            )
        check_time(inputs, job.lengths, job.resets, job.time_first)
        noise = check_noise(job.recurrence, inputs, job.noise, job.time_first)
    lengths = None if job.lengths is None else job.lengths.to(inputs.device, torch.int64)
    return job._replace(lengths=lengths, noise=noise)


def _run_torch(
    kernel: str, job: native.Job, directions: tuple[Direction, ...], inputs: Tensor
) -> tuple[Tensor, list[Any]]:
    """One direction after the other, by operations of torch, which read the batch first."""
    recurrence, lengths, resets, _, noise, time_first = job
    inputs = inputs.transpose(0, 1) if time_first else inputs
    with untraced():
        check_range(lengths, inputs.shape[1])
    outputs, finals = [], []
    for (weights, state, second_bias, _), reverse in zip(directions, job.reverse, strict=True):
        if state is None:
            state = zero_state(recurrence, weights, inputs.shape[0], inputs)
        if kernel == "aten":
            found, final = aten.unroll(
                recurrence, weights, inputs, state, lengths, reverse, second_bias
            )
        else:
            weights = merged(recurrence, weights, second_bias)
            by_steps = watcher() or loop.unroll
            found, final = by_steps(
                recurrence, weights, inputs, state, lengths, resets, reverse, noise
            )
        outputs.append(found.transpose(0, 1) if time_first else found)
        finals.append(final)
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1), finals


def step(
    recurrence: Recurrence, weights: Weights, inputs: Float[Tensor, "B I"], state: Any
) -> tuple[Float[Tensor, "B R"], Any]:
    """One step: the outputs and the new state; in the bits of the loop.

    Raises:
        ShapeError: An array has another rank, size, dtype or device.
        ArgumentError: The weights' type does not fit the recurrence.

    >>> import torch
    >>> from elman.kernels.contract import RNNWeights, Simple
    >>> from elman.state import RNNState
    >>> weights = RNNWeights(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1))
    >>> step(Simple("relu"), weights, torch.ones(1, 1), RNNState(torch.ones(1, 1)))[0].item()
    2.0
    """
    check_arrays(recurrence, weights, inputs, state, ("B",))
    return advance(recurrence, weights, project(recurrence, weights, inputs), state)
