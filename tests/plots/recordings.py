"""Recordings of networks with random weights, for the pictures of their inside."""

import numpy as np

from elman.blueprint import CellConfig, sequence_to_vector
from elman.runtime import Network, Recording


def recorded(
    *cells: CellConfig,
    steps: int = 6,
    features: int = 2,
    outputs: int = 3,
    seed: int = 0,
    **options,
) -> Recording:
    """One sequence; the answers are probabilities of `outputs` classes."""
    draws = np.random.default_rng(seed)
    blueprint = sequence_to_vector(input_size=features, cells=cells, outputs=outputs, **options)
    weights = {name: draws.normal(size=shape) for name, shape in blueprint.shapes().items()}
    recording = Network(blueprint, weights).record(draws.normal(size=(steps, features)))
    powers = np.exp(recording.answers)
    return Recording(recording.inputs, recording.layers, powers / powers.sum(axis=1, keepdims=True))
