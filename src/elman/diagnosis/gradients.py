"""How much a cost depends on each state of a recurrence, by time and by lag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from elman.diagnosis.recording import LayerRun
from elman.state import leaves, map_leaves

__all__ = ["FADED", "Decay", "by_lag", "by_step", "decay"]

FADED = 0.01
"""A gradient has faded where it is under this share of the one at lag 0."""
_EXPLODED = 10.0  # how many times the gradient at lag 0 is an explosion
_LOST = 1e-12  # shares under this one say more about rounding than about the network


class Norms(NamedTuple):
    """Of the gradient by the hidden state `[T, B]`, and by the whole state (an LSTM's c, too)."""

    hidden: np.ndarray
    state: np.ndarray


def by_step(cost: Tensor, runs: Sequence[LayerRun]) -> list[tuple[Float[np.ndarray, "T"], Tensor]]:
    """The gradient of a cost by the hidden states of each recurrence.

    Args:
        cost: A scalar.
        runs: What ran on the way to it.

    Returns:
        For each run the norm over rows and units at each step `[T]`, and the gradient by
        each row's hidden state at the step that was read last `[B, H]`.
    """
    points = [list(_points(run)) for run in runs]
    flat = [leaf for leaves_of_one in points for leaf in leaves_of_one]
    gradients = iter(_gradients([cost], [torch.ones_like(cost)], flat))
    found = []
    for run in runs:
        states = _like_states(run, gradients)
        norms = _norms(states).hidden * run.real()
        hidden = torch.stack([_hidden(state) for state in states])
        last = torch.from_numpy(_last(run)).clamp(min=0)
        found.append((np.sqrt((norms**2).sum(axis=1)), hidden[last, torch.arange(len(last))]))
    return found


def by_lag(
    run: LayerRun, direction: Float[Tensor, "B H"]
) -> tuple[Float[np.ndarray, "T"], Float[np.ndarray, "T"]]:
    """The gradient of what a recurrence holds at the end, by its states so many steps before.

    Args:
        run: Of the recurrence.
        direction: The cost is the product of each row's last hidden state with its row here.

    Returns:
        Root mean square over the rows of the gradient's norm, by the hidden state and by the
        whole state; lag 0 is the last step that was read. Rows that are not long enough for a lag
        do not count from there on, and change nothing by ending.
    """
    last, real = _last(run), run.real()
    outputs, weights = [], []
    for t in sorted(set(last[last >= 0].tolist())):
        outputs.append(_hidden(run.in_time[t].after))
        ends = torch.from_numpy(last == t)[:, None]
        weights.append(torch.where(ends, direction, 0).reshape(outputs[-1].shape))
    gradients = iter(_gradients(outputs, weights, list(_points(run))))
    hidden, state = _norms(_like_states(run, gradients))
    return _by_lag(hidden, last, real), _by_lag(state, last, real)


@dataclass(frozen=True)
class Decay:
    """What becomes of a gradient on its way back.

    Attributes:
        factor: What it is multiplied by at each step, fitted where it has not faded.
        memory: The lag from which on it is under 1 % of that at lag 0; None if it never is.
        largest: The largest gradient at any lag, over that at lag 0.
        explodes: Whether `largest` is above 10, or not finite.
    """

    factor: float
    memory: int | None
    largest: float
    explodes: bool


def decay(curve: Float[np.ndarray, "T"]) -> Decay:
    """Read off a curve by lag, whose first value is positive.

    >>> decay(0.5 ** np.arange(20)).memory, round(decay(0.5 ** np.arange(20)).factor, 6)
    (7, 0.5)
    >>> decay(1.1 ** np.arange(40)).explodes
    True
    """
    share = np.asarray(curve) / curve[0]
    kept = np.flatnonzero(~(share < FADED))  # NaN is no fading
    memory = int(kept[-1]) + 1 if kept[-1] + 1 < len(share) else None
    largest = float(np.max(share)) if np.isfinite(share).all() else float("inf")
    return Decay(_factor(share, memory), memory, largest, largest > _EXPLODED)


def _factor(share: np.ndarray, memory: int | None) -> float:
    """A straight line through the logarithms; the first step back is often unlike the others."""
    end = len(share) if memory is None else memory + 1
    start = 1 if end > 3 else 0
    lags = np.arange(start, end)
    usable = np.isfinite(share[lags]) & (share[lags] > _LOST)
    if usable.sum() < 2:
        return 0.0 if len(share) > 1 else 1.0
    lags = lags[usable]
    return float(np.exp(np.polyfit(lags, np.log(share[lags]), 1)[0]))


def _last(run: LayerRun) -> np.ndarray:
    """The step that each row read last `[B]`; -1 where it read none."""
    real = run.real()
    if run.reverse:
        return np.where(real[0], 0, -1)
    return real.sum(axis=0) - 1


def _by_lag(norms: np.ndarray, last: np.ndarray, real: Bool[np.ndarray, "T B"]) -> np.ndarray:
    """The mean square's root over the rows, from lag to lag over those that have both.

    So nothing falls or rises because a short row ends.
    """
    lengths = real.sum(axis=0)
    rows = np.flatnonzero(lengths)
    squares = np.zeros((int(lengths.max()), len(rows)))
    for k, row in enumerate(rows):
        steps = np.flatnonzero(real[:, row])
        squares[np.abs(last[row] - steps), k] = norms[steps, row] ** 2
    found = np.empty(len(squares))
    found[0] = squares[0].mean()
    for lag in range(1, len(found)):
        there = lengths[rows] > lag
        before, here = squares[lag - 1, there].mean(), squares[lag, there].mean()
        found[lag] = found[lag - 1] * (here / before) if before else here
    return np.sqrt(found)


def _points(run: LayerRun) -> Iterator[Tensor]:
    """Every state's arrays, in the order of time."""
    for step in run.in_time:
        yield from (leaf for leaf in leaves(step.after) if leaf.is_floating_point())


def _gradients(
    outputs: list[Tensor], weights: list[Tensor], points: list[Tensor]
) -> Iterable[Tensor]:
    """Zeros by what the outputs do not depend on."""
    if not any(output.requires_grad for output in outputs):
        return [torch.zeros_like(point) for point in points]
    found = torch.autograd.grad(outputs, points, weights, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(point) if gradient is None else gradient
        for point, gradient in zip(points, found, strict=True)
    ]


def _like_states(run: LayerRun, gradients: Iterator[Tensor]) -> list[Any]:
    """A list in the order of `_points`, as states; their integers are as they were."""

    def next_gradient(leaf: Tensor) -> Tensor:
        return next(gradients) if leaf.is_floating_point() else leaf

    return [map_leaves(next_gradient, step.after) for step in run.in_time]


def _norms(states: list[Any]) -> Norms:
    squares = []
    for state in states:
        parts = [leaf for leaf in leaves(state) if leaf.is_floating_point()]
        rows = [torch.atleast_2d(part).flatten(1).square().sum(dim=1) for part in parts]
        squares.append(torch.stack([rows[0], torch.stack(rows).sum(dim=0)]))
    hidden, state = torch.stack(squares, dim=1).sqrt().numpy()
    return Norms(hidden, state)


def _hidden(state: Any) -> Tensor:
    """The first floating-point array of a state `[B, H]`."""
    first = next(leaf for leaf in leaves(state) if leaf.is_floating_point())
    return torch.atleast_2d(first).flatten(1)
