"""Sequences as a network reads them: many in batches that bound the memory, or one alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Num

from elman.blueprint import Blueprint, Embedding, Words
from elman.data.sequences import Sequences, as_sequences, check_ids
from elman.errors import ArgumentError
from elman.transforms.scaler import Scaler

__all__ = ["Run", "run_batches", "scaled_sequence", "sequences_for"]

Run = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""inputs `[B, T, I]` (or token ids `[B, T]`), lengths `[B]` to outputs `[B, K]` or `[B, T, K]`."""

_LARGEST = 2**24
"""Most float32 values of the widest intermediate result: 64 MiB."""
_ROWS = 1024


def sequences_for(blueprint: Blueprint, X: Any, where: str = "X") -> Sequences:
    """X as a network reads it: features, or token ids of its vocabulary.

    Raises:
        ShapeError, DataError: X does not fit; see `elman.data.as_sequences`.
    """
    if blueprint.vocabulary is not None:
        return as_sequences(X, ids=True, vocabulary=blueprint.vocabulary, where=where)
    return as_sequences(X, features=blueprint.input_size, where=where)


def run_batches(
    run: Callable[..., np.ndarray],
    sequences: Sequences,
    blueprint: Blueprint,
    scaler: Scaler | None,
    given: Callable[[Sequences], np.ndarray] | None = None,
) -> np.ndarray:
    """Outputs `[N, K]`, or `[N, T, K]` with zeros past each length.

    Args:
        run: The network.
        sequences: Unscaled.
        blueprint: Tells how wide the intermediate results are.
        scaler: Of the inputs, or None; token ids have none.
        given: What is given of each step beside the inputs, `[B, T, G]` of some of the sequences;
            None: nothing is.

    Raises:
        DataError: A token id is outside the vocabulary: the message names sequence and step.
        ArgumentError: Token ids have a scaler.
    """
    if sequences.features is None:
        check_ids(sequences, blueprint.vocabulary)
        if scaler is not None:
            raise ArgumentError("scaler", "given for token ids", "None: they are no quantities")
    steps = max(1, sequences.values.shape[1])
    rows = max(1, min(_ROWS, _LARGEST // (steps * _widest(blueprint))))
    parts = []
    for start in range(0, len(sequences), rows):
        part = sequences.select(slice(start, start + rows))
        longest = max(1, int(part.lengths.max()))
        inputs = part.values[:, :longest]
        if scaler is not None:
            inputs = scaler.transform(inputs, part.lengths)
        beside = () if given is None else (given(part)[:, :longest],)
        outputs = run(inputs, part.lengths, *beside)
        if outputs.ndim == 3 and longest < steps:
            outputs = np.pad(outputs, ((0, 0), (0, steps - longest), (0, 0)))
        parts.append(outputs)
    return np.concatenate(parts)


def scaled_sequence(
    sequence: Any, blueprint: Blueprint, scaler: Scaler | None
) -> tuple[Num[np.ndarray, "T *I"], Num[np.ndarray, "T *I"]]:
    """One sequence as it was given, and as the network reads it; float32 both, or token ids.

    Args:
        sequence: `[T, I]`, or `[T]` of one feature or of token ids; unscaled.
        blueprint: Of the network.
        scaler: Of the inputs, or None.

    Raises:
        ShapeError, DataError: The sequence does not fit; see `elman.data.as_sequences`.
    """
    values = sequences_for(blueprint, [sequence], "sequence").values
    return values[0], (values if scaler is None else scaler.transform(values))[0]


def _widest(blueprint: Blueprint) -> int:
    """Numbers of a step of the widest intermediate result."""
    widths = [blueprint.input_size or 1]
    for chain in blueprint.chains:
        for block, features in blueprint.fed_blocks(chain):
            widths.append(block.output_features(features))
            if not isinstance(block, Embedding | Words):  # of these a weight's rows are tokens
                widths += [shape[0] for shape in block.shapes(features).values()]
    return max(widths)
