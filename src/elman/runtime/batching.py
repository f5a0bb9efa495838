"""Sequences as a network reads them: many in batches that bound the memory, or one alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.blueprint import Blueprint
from elman.data import Sequences, as_sequences
from elman.transforms.scaler import Scaler

__all__ = ["Run", "run_batches", "scaled_sequence"]

Run = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""inputs `[B, T, I]` and lengths `[B]` to outputs `[B, K]` or `[B, T, K]`."""

_LARGEST = 2**24
"""Most float32 values of the widest intermediate result: 64 MiB."""
_ROWS = 1024


def run_batches(
    run: Run, sequences: Sequences, blueprint: Blueprint, scaler: Scaler | None
) -> np.ndarray:
    """Outputs `[N, K]`, or `[N, T, K]` with zeros past each length.

    Args:
        run: The network.
        sequences: Unscaled.
        blueprint: Tells how wide the intermediate results are.
        scaler: Of the inputs, or None.
    """
    steps = max(1, sequences.values.shape[1])
    rows = max(1, min(_ROWS, _LARGEST // (steps * _widest(blueprint.shapes(), sequences))))
    parts = []
    for start in range(0, len(sequences), rows):
        part = sequences.select(slice(start, start + rows))
        longest = max(1, int(part.lengths.max()))
        inputs = part.values[:, :longest]
        if scaler is not None:
            inputs = scaler.transform(inputs, part.lengths)
        outputs = run(inputs, part.lengths)
        if outputs.ndim == 3 and longest < steps:
            outputs = np.pad(outputs, ((0, 0), (0, steps - longest), (0, 0)))
        parts.append(outputs)
    return np.concatenate(parts)


def scaled_sequence(
    sequence: Any, features: int | None, scaler: Scaler | None
) -> tuple[Float[np.ndarray, "T I"], Float[np.ndarray, "T I"]]:
    """One sequence as it was given, and as the network reads it; float32 both.

    Args:
        sequence: `[T, I]`, or `[T]` of one feature; unscaled.
        features: I; None takes what is found.
        scaler: Of the inputs, or None.

    Raises:
        ShapeError, DataError: The sequence does not fit; see `elman.data.as_sequences`.
    """
    values = as_sequences([sequence], features=features, where="sequence").values
    return values[0], (values if scaler is None else scaler.transform(values))[0]


def _widest(shapes: Mapping[str, tuple[int, ...]], sequences: Sequences) -> int:
    return max(sequences.features, *(shape[0] for shape in shapes.values()))
