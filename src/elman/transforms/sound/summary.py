"""A recording in a few numbers: what a baseline without memory sees of it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from elman.transforms.sound.features import SoundFeatures

__all__ = ["STRETCHES", "summary"]

STRETCHES = 20
"""In how many stretches of time a recording is averaged."""


def summary(signal: np.ndarray, rate: int) -> Float[np.ndarray, "S C"]:
    """13 cepstral coefficients, averaged over each of 20 stretches of a recording: float32.

    A recording of fewer frames has some of them several times; one without a frame has zeros.

    Args:
        signal: Samples `[S]`.
        rate: In Hz.
    """
    frames = SoundFeatures(rate=rate, kind="mfcc", padding="reflect").of(signal)
    if not len(frames):
        return np.zeros((STRETCHES, frames.shape[1]), np.float32)
    bounds = np.linspace(0, len(frames), STRETCHES + 1)
    first = np.minimum(np.floor(bounds[:-1]).astype(int), len(frames) - 1)
    last = np.maximum(np.ceil(bounds[1:]).astype(int), first + 1)
    return np.stack([frames[a:b].mean(axis=0) for a, b in zip(first, last, strict=True)])
