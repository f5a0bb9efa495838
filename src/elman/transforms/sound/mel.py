"""Triangles over frequencies, windows over samples and cosines over bands, as small matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

__all__ = ["SCALES", "WINDOWS", "cosines", "lifter", "mel_filters"]

_HALF_LINEAR = 1000.0  # Hz up to which Slaney's scale is a straight line
_STEP = 200.0 / 3.0  # Hz of each mel below that
_LOG_STEP = np.log(6.4) / 27.0  # of each mel above


def _htk(hertz: np.ndarray) -> np.ndarray:
    return 1127.0 * np.log1p(hertz / 700.0)


def _htk_inverse(mels: np.ndarray) -> np.ndarray:
    return 700.0 * np.expm1(mels / 1127.0)


def _slaney(hertz: np.ndarray) -> np.ndarray:
    above = np.log(np.maximum(hertz, _HALF_LINEAR) / _HALF_LINEAR) / _LOG_STEP
    return np.where(hertz < _HALF_LINEAR, hertz / _STEP, _HALF_LINEAR / _STEP + above)


def _slaney_inverse(mels: np.ndarray) -> np.ndarray:
    bend = _HALF_LINEAR / _STEP
    above = _HALF_LINEAR * np.exp(_LOG_STEP * (np.maximum(mels, bend) - bend))
    return np.where(mels < bend, mels * _STEP, above)


SCALES: dict[str, tuple[Callable, Callable]] = {
    "htk": (_htk, _htk_inverse),
    "slaney": (_slaney, _slaney_inverse),
}
"""Hz to mels and back, by name."""


def mel_filters(
    scale: str, bands: int, rate: int, points: int, low: float, high: float
) -> Float[np.ndarray, "N M"]:
    """What each frequency of a spectrum adds to each band.

    Both scales have `bands` overlapping triangles whose corners are evenly spaced in mels.

    - "htk": 1127 ln(1 + f / 700) mels. Sides are straight in mels and each triangle has height 1:
      HTK's and Kaldi's convention.
    - "slaney": straight to 1000 Hz, logarithmic above. Sides are straight in Hz and each triangle
      has area 1: Slaney's Auditory Toolbox, and what librosa has where nothing else is asked for.

    Args:
        scale: One of `SCALES`.
        bands: Number M of triangles.
        rate: Samples a second.
        points: Of the transform; a power of two.
        low: Where the first triangle begins, in Hz.
        high: Where the last one ends, in Hz, at most half of `rate`.

    Returns:
        float64 `[points / 2 + 1, M]`, none negative.
    """
    to_mels, to_hertz = SCALES[scale]
    first, last = to_mels(np.array([low, high]))
    corners = np.linspace(first, last, bands + 2)
    found = np.arange(points // 2 + 1) * (rate / points)
    found = to_mels(found) if scale == "htk" else found
    corners = corners if scale == "htk" else to_hertz(corners)
    left, middle, right = corners[:-2], corners[1:-1], corners[2:]
    rising = (found[:, None] - left) / (middle - left)
    falling = (right - found[:, None]) / (right - middle)
    filters = np.maximum(np.minimum(rising, falling), 0.0)
    return filters if scale == "htk" else filters * (2.0 / (right - left))


def _hann(samples: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(samples) / max(samples - 1, 1))


WINDOWS: dict[str, Callable[[int], np.ndarray]] = {
    "povey": lambda samples: _hann(samples) ** 0.85,
    "hann": _hann,
    "hamming": lambda samples: 0.08 + 0.92 * _hann(samples),
    "rectangular": np.ones,
}
"""Weights of the samples of a window, symmetric, by name; "povey" is Kaldi's own."""


def cosines(bands: int, coefficients: int) -> Float[np.ndarray, "M C"]:
    """The first cosines of the orthonormal transform (DCT-II) of `bands` values."""
    angles = np.outer(np.arange(bands) + 0.5, np.arange(coefficients)) * (np.pi / bands)
    scaled = np.cos(angles) * np.sqrt(2.0 / bands)
    scaled[:, 0] = np.sqrt(1.0 / bands)
    return scaled


def lifter(coefficients: int, width: float) -> Float[np.ndarray, " C"]:
    """Factors 1 + width / 2 · sin(π k / width), which make cepstral coefficients of a like size."""
    return 1.0 + 0.5 * width * np.sin(np.pi * np.arange(coefficients) / width)
