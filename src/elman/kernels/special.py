"""Special functions of arrays, without SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

__all__ = ["log_bessel", "log_gamma"]

_FAR = 200.0  # from there on six terms of the asymptotic series are exact in float64


def log_gamma(x: Any) -> Float[np.ndarray, "*shape"]:
    """Logarithm of the gamma function of positive `x [...]`, by Stirling's series (DLMF 5.11.1)."""
    x = np.asarray(x, float)
    small = x < 10
    z = np.where(small, x + 10, x)
    inverse = 1 / (z * z)
    series = (inverse / 1188 - 1 / 1680) * inverse + 1 / 1260
    series = (series * inverse - 1 / 360) * inverse + 1 / 12
    value = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi) + series / z
    factors = np.where(small, x, 1)
    for step in range(1, 10):  # Γ(x + 10) = x (x + 1) … (x + 9) Γ(x)
        factors = factors * np.where(small, x + step, 1)
    return np.asarray(value - np.log(factors))


def log_bessel(x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Logarithm of the modified Bessel function I_0 of `x` ≥ 0.

    Far out by its asymptotic series (DLMF 10.40.1), as the function itself leaves the numbers.

    >>> log_bessel(np.array([0.0, 1e4])).round(4).tolist()
    [0.0, 9994.4759]
    """
    near = np.log(np.i0(np.minimum(x, _FAR)))
    far = np.maximum(x, _FAR)
    series, term = np.ones_like(far), np.ones_like(far)
    for k in range(1, 7):
        term = term * (2 * k - 1) ** 2 / (8 * k * far)
        series = series + term
    return np.where(x < _FAR, near, far - 0.5 * np.log(2 * math.pi * far) + np.log(series))
