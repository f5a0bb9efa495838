"""Why a network learns or does not: one batch, run and differentiated step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.cells import TapeCell
from elman.diagnosis.advice import advise
from elman.diagnosis.gates import dead_units, gate_values, saturation
from elman.diagnosis.gradients import by_lag, by_step, decay
from elman.diagnosis.recording import LayerRun, Recorder
from elman.diagnosis.recurrence import recurrent_matrices
from elman.diagnosis.report import Diagnosis, LayerDiagnosis
from elman.diagnosis.subject import Loss, Subject
from elman.diagnosis.written import named_gates, named_matrices, named_values
from elman.errors import ArgumentError
from elman.nn import accelerate
from elman.nn.comparison import same_randomness
from elman.state import leaves, map_leaves
from elman.training.randomness import generator

__all__ = ["diagnose"]


def diagnose(model: Any, batch: Any, *, loss: Loss | None = None, seed: int = 0) -> Diagnosis:
    """Measure where the gradient goes in a recurrent network, and say what to do about it.

    A copy of the model runs in `eval()` and float64, step by step; the model itself, its
    gradients and all random states stay as they are. It takes about thirty numbers of 8 bytes
    for each unit, step and row: a few rows are enough.

    >>> from elman.cells import RNNCell
    >>> cell = RNNCell(3, 8, activation="relu", generator=torch.Generator().manual_seed(0))
    >>> with torch.no_grad():
    ...     _ = cell.weight_hh.copy_(0.5 * torch.eye(8)), cell.bias.fill_(5.0)
    >>> found = diagnose(cell, torch.zeros(2, 20, 3))
    >>> print(found.advice[0].text)
    the gradient halves every step; from 7 steps back less than 1 % of it is left. If what ...

    Args:
        model: A cell, one of torch.nn's or `elman.nn`'s recurrent layers, any module that holds
            such, or a fitted `Classifier`, `Regressor` or `Transcriber`.
        batch: The inputs, or a tuple (inputs, targets, lengths), whose ends may be left out or
            None. Inputs are what `forward` takes (for a cell `[B, T, I]`): an array or a tensor, a
            tuple of all arguments, or a dict of named ones. Lengths `[B]` go on to a `forward` that
            takes them. For an estimator: X, or (X, y), as `fit` takes them.
        loss: A function of outputs (of a tuple, the first) and targets that gives a scalar. None
            without targets: a random projection of the output after each row's last step. An
            estimator has its own.
        seed: Of that projection.

    Returns:
        Tables and advice to print, or to read by `to_dict`.

    Raises:
        ArgumentError: The model is none of these, runs nothing recurrent on a real step, cannot be
            copied or holds NaN; loss and targets do not come together.
        NotFittedError: The estimator is not fitted.
        ShapeError: The batch does not fit.
    """
    subject = Subject.of(model, batch, loss)
    unseen = tuple(
        f"{entry.name or type(model).__name__}: {entry.why}"
        for entry in accelerate(subject.network).left
        if entry.why != "it is Elman's already"
    )
    recorder = Recorder(subject.network, subject.lengths)
    with same_randomness(), _float64(), torch.enable_grad(), recorder.recording():
        cost, words = subject.cost(subject.run(), seed)
    runs = [found for found in recorder.runs() if found.real().any()]
    if not runs:
        raise ArgumentError(
            "model",
            f"{type(model).__name__} ran nothing recurrent on a real step"
            + "".join(f"; {reason}" for reason in unseen),
            "give a recurrent layer and a batch with steps",
        )
    layers = tuple(
        _layer(run, steps, last, seed)
        for run, (steps, last) in zip(runs, by_step(cost, runs), strict=True)
    )
    advice = tuple(advice for layer in layers for advice in advise(layer))
    return Diagnosis(layers, advice, words, unseen)


@contextmanager
def _float64() -> Iterator[None]:
    """States that a model makes for itself are then of its copy's dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _layer(run: LayerRun, steps: np.ndarray, last: Tensor, seed: int) -> LayerDiagnosis:
    hidden, state = by_lag(run, _direction(last, seed))
    found = decay(state)
    layer = {
        "name": run.name,
        "what": run.what,
        "hidden_by_step": steps,
        "hidden_by_lag": hidden,
        "state_by_lag": state,
        "decay": found,
        "window": len(state) if found.memory is None else found.memory,
    }
    if isinstance(run.cell, TapeCell):
        values = named_values(run.cell, *_real_steps(run))
        return LayerDiagnosis(
            **layer,
            matrices=named_matrices(run.cell),
            gates=named_gates(run.cell, values),
            units=last.shape[1],
            dead=(),
            written=True,
        )
    if run.recurrence is None or run.weights is None:
        return LayerDiagnosis(**layer, matrices={}, gates={}, units=last.shape[1], dead=())
    weights = type(run.weights)(*(None if w is None else w.numpy() for w in run.weights))
    values = gate_values(run.recurrence, weights, *_real_steps(run))
    return LayerDiagnosis(
        **layer,
        matrices=recurrent_matrices(run.recurrence, weights),
        gates=saturation(run.recurrence, values),
        units=next(iter(values.values())).shape[1],
        dead=dead_units(run.recurrence, values),
    )


def _direction(gradient: Tensor, seed: int) -> Tensor:
    """Unit vectors along the cost's gradient; at random in rows where it is zero."""
    drawn = torch.from_numpy(generator(seed, "module").normal(size=gradient.shape))
    usable = (gradient.norm(dim=1, keepdim=True) > 0) & gradient.isfinite().all(dim=1, keepdim=True)
    chosen = torch.where(usable, gradient, drawn)
    chosen = chosen / chosen.abs().amax(dim=1, keepdim=True)  # tiny squares would be zero
    return chosen / chosen.norm(dim=1, keepdim=True)


def _real_steps(run: LayerRun) -> tuple[np.ndarray, Any]:
    """What was read at each real step of each row `[N, I]`, and the states before these."""
    real = torch.from_numpy(run.real().reshape(-1))

    def joined(parts: list[Tensor]) -> np.ndarray:
        counts = not parts[0].is_floating_point()  # a number for each row
        return torch.cat([p if counts else torch.atleast_2d(p) for p in parts])[real].numpy()

    steps = run.in_time
    before = [joined(list(leaf)) for leaf in zip(*(leaves(s.before) for s in steps), strict=True)]
    arrays = iter(before)
    return joined([s.inputs for s in steps]), map_leaves(lambda _: next(arrays), steps[0].before)
