"""Distribution functions and their inverses for arrays of parameters, without SciPy.

Both the Student-t and the negative binomial distribution function are the regularised
incomplete beta function; `beta_ratio` computes it by its continued fraction.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.kernels.special import log_gamma

__all__ = [
    "beta_ratio",
    "negative_binomial_cdf",
    "negative_binomial_quantile",
    "normal_cdf",
    "student_cdf",
    "student_quantile",
]

TINY = 1e-300
MOST_TERMS = 20_000  # of the continued fraction: it needs about the root of the larger argument
NEWTON_STEPS = 2  # Hill's start is good to 5e-4 at worst, and each step squares the error

normal_erf = np.vectorize(math.erf, otypes=[np.float64])


def normal_cdf(z: Any) -> Float[np.ndarray, "*shape"]:
    """Probability that a standard normal number is at most `z [...]`.

    >>> normal_cdf(0.0).item()
    0.5
    """
    return 0.5 * (1 + normal_erf(np.asarray(z, np.float64) / math.sqrt(2)))


def beta_ratio(x: Any, a: Any, b: Any) -> Float[np.ndarray, "*shape"]:
    """The regularised incomplete beta function I_x(a, b), in [0, 1].

    The continued fraction DLMF 8.17.22, on the side where it converges fast, evaluated by
    Lentz's method. Relative error about 1e-12 while a and b are below 1,000, about 1e-9 at 1e6.

    Args:
        x: `[...]` in [0, 1].
        a: Positive, broadcast against `x`.
        b: Positive, broadcast against `x`.

    >>> round(beta_ratio(0.5, 2.0, 3.0).item(), 12)
    0.6875
    """
    x, a, b = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (x, a, b)))
    shape = x.shape
    x, a, b = x.ravel(), a.ravel(), b.ravel()
    swapped = x > (a + 1) / (a + b + 2)
    x, a, b = np.where(swapped, 1 - x, x), np.where(swapped, b, a), np.where(swapped, a, b)
    with np.errstate(divide="ignore"):  # x = 0: the logarithm's -inf gives the right 0
        log_front = a * np.log(x) + b * np.log1p(-x)
    log_front += log_gamma(a + b) - log_gamma(a) - log_gamma(b) - np.log(a)
    ratio = np.exp(log_front) * _continued_fraction(x, a, b)
    return np.where(swapped, 1 - ratio, ratio).clip(0, 1).reshape(shape)


def _continued_fraction(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 / (1 + d1 / (1 + d2 / (1 + …))) with the d of DLMF 8.17.23; all `[N]`."""
    result = np.ones_like(x)
    active = np.arange(len(x))
    upper = np.ones_like(x)
    lower = _away_from_zero(1 - (a + b) * x / (a + 1))
    lower = 1 / lower
    value = lower.copy()
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        lower = 1 / _away_from_zero(1 + even * lower)
        upper = _away_from_zero(1 + even / upper)
        value = value * lower * upper
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        lower = 1 / _away_from_zero(1 + odd * lower)
        upper = _away_from_zero(1 + odd / upper)
        value = value * lower * upper
        going = np.abs(lower * upper - 1) > 1e-14
        result[active[~going]] = value[~going]
        if not going.any():
            return result
        if not going.all():
            active = active[going]
            x, a, b, lower, upper, value = (v[going] for v in (x, a, b, lower, upper, value))
    result[active] = value
    return result


def _away_from_zero(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < TINY, TINY, values)


def student_cdf(t: Any, freedom: Any) -> Float[np.ndarray, "*shape"]:
    """Probability that Student's t with `freedom [...]` > 0 degrees of freedom is at most `t`."""
    t, freedom = (np.asarray(v, np.float64) for v in (t, freedom))
    tail = 0.5 * beta_ratio(freedom / (freedom + t * t), freedom / 2, 0.5)
    return np.where(t > 0, 1 - tail, tail)


def student_quantile(level: Any, freedom: Any) -> Float[np.ndarray, "*shape"]:
    """The value that Student's t stays at or below with probability `level`.

    Starts from G. W. Hill's Algorithm 396 (Communications of the ACM 13(10), 1970) and goes on
    by Newton steps, to an error of about 1e-10.

    Args:
        level: `[...]` in (0, 1).
        freedom: Degrees of freedom, real, at least 2, broadcast against `level`.

    >>> round(student_quantile(0.975, 10.0).item(), 6)
    2.228139
    """
    level, freedom = np.broadcast_arrays(np.asarray(level, float), np.asarray(freedom, float))
    tail = np.minimum(level, 1 - level)  # one tail is computed: the distribution is symmetric
    t = _hill(2 * tail, freedom)
    log_front = log_gamma((freedom + 1) / 2) - log_gamma(freedom / 2)
    log_front -= 0.5 * np.log(freedom * np.pi)
    for _ in range(NEWTON_STEPS):
        density = np.exp(log_front - (freedom + 1) / 2 * np.log1p(t * t / freedom))
        excess = 0.5 * beta_ratio(freedom / (freedom + t * t), freedom / 2, 0.5) - tail
        t = t + excess / density
    return np.where(level < 0.5, -t, t)


def _hill(both_tails: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The positive t that both tails together exceed with probability `both_tails` in (0, 1]."""
    a = 1 / (n - 0.5)
    b = 48 / (a * a)
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * np.sqrt(a * np.pi / 2) * n
    y = (d * both_tails) ** (2 / n)
    near_normal = y > 0.05 + a
    z = _upper_normal(both_tails / 2)
    z2 = z * z
    c = c + np.where(n < 5, 0.3 * (n - 4.5) * (z + 0.6), 0)
    c = (((0.05 * d * z - 5) * z - 7) * z - 2) * z + b + c
    middle = (((((0.4 * z2 + 6.3) * z2 + 36) * z2 + 94.5) / c - z2 - 3) / b + 1) * z
    middle = np.expm1(np.minimum(a * middle * middle, 700))
    far = (1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1
    far = far * (n + 1) / (n + 2) + 1 / y
    return np.sqrt(n * np.where(near_normal, middle, far))


def _upper_normal(tail: np.ndarray) -> np.ndarray:
    """The z that a standard normal number exceeds with probability `tail`: each level once."""
    levels, where = np.unique(tail, return_inverse=True)
    z = np.array([-NormalDist().inv_cdf(level) for level in levels])
    return z[where].reshape(tail.shape)


def negative_binomial_cdf(count: Any, mean: Any, dispersion: Any) -> Float[np.ndarray, "*shape"]:
    """Probability of at most `count [...]`, variance being mean + dispersion · mean²."""
    mean, dispersion = np.asarray(mean, np.float64), np.asarray(dispersion, np.float64)
    return beta_ratio(1 / (1 + dispersion * mean), 1 / dispersion, np.floor(count) + 1)


def negative_binomial_quantile(
    level: Any, mean: Any, dispersion: Any
) -> Float[np.ndarray, "*shape"]:
    """The smallest count whose probability to be not exceeded is at least `level`.

    Halves an interval of whole numbers, so that a mean of a million costs little more than one
    of ten, which a sum of the probabilities from 0 on would not.

    Args:
        level: `[...]` in (0, 1).
        mean: At least 0, broadcast against `level`.
        dispersion: Positive: variance = mean + dispersion · mean².

    >>> negative_binomial_quantile(0.9, 3.0, 0.5).item()
    7.0
    """
    arrays = np.broadcast_arrays(*(np.asarray(v, float) for v in (level, mean, dispersion)))
    level, mean, dispersion = (array.ravel() for array in arrays)
    low = np.full(level.shape, -1.0)  # always too small
    # Cantelli's inequality: at most 1 - level lies above
    high = mean + np.sqrt((mean + dispersion * mean**2) * level / (1 - level))
    high = np.ceil(high)
    active = np.flatnonzero(high - low > 1)
    while len(active):
        middle = np.floor((low[active] + high[active]) / 2)
        enough = negative_binomial_cdf(middle, mean[active], dispersion[active]) >= level[active]
        high[active[enough]] = middle[enough]
        low[active[~enough]] = middle[~enough]
        active = active[high[active] - low[active] > 1]
    return high.reshape(arrays[0].shape)
