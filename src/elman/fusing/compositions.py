"""Functions of torch that a tape has no operation for, made of those that it has.

Each takes values of a tape, unit by unit or over a row's units, with torch's arguments. Where a
gradient has a choice it is torch's: a root of a sum of squares has none at zero.
"""

from __future__ import annotations

import math
from typing import Any

from elman.written import functions as ours

__all__ = [
    "celu",
    "deviation",
    "elu",
    "erf",
    "gelu",
    "hardshrink",
    "hardswish",
    "log_add_exp",
    "log_softmax",
    "log_sum_exp",
    "power",
    "rolled",
    "root",
    "round_half_to_even",
    "sign",
    "softplus",
    "softshrink",
    "truncated",
    "variance",
    "vector_norm",
]

Value = Any


def elu(x: Value, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Value:
    """Linear above zero, alpha·(e^x - 1) below, both scaled; SELU is one, too."""
    below = (ours.exp(ours.minimum(x, 0.0) * input_scale) - 1.0) * (alpha * scale)
    return ours.where(x > 0, x if scale == 1 else x * scale, below)


def celu(x: Value, alpha: float = 1.0) -> Value:
    """An ELU whose slope has no jump."""
    return elu(x, alpha, 1.0, 1 / alpha)


def softplus(x: Value, beta: float = 1.0, threshold: float = 20.0) -> Value:
    """log(1 + e^βx) / β; no threshold is needed."""
    return ours.softplus(x) if beta == 1 else ours.softplus(x * beta) * (1 / beta)


def hardswish(x: Value) -> Value:
    """x·(x + 3) / 6 between -3 and 3."""
    return x * ours.clip(x + 3.0, 0.0, 6.0) * (1 / 6)


def hardshrink(x: Value, bound: float = 0.5) -> Value:
    """Zero between the bounds."""
    return ours.where(abs(x) > bound, x, 0.0)


def softshrink(x: Value, bound: float = 0.5) -> Value:
    """Nearer to zero by the bound, and zero between."""
    return ours.where(x > bound, x - bound, ours.where(x < -bound, x + bound, 0.0))


def gelu(x: Value, approximate: str = "none") -> Value:
    """x·Φ(x), Φ being the normal distribution's."""
    if approximate == "tanh":
        return 0.5 * x * (1.0 + ours.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1.0 + erf(x * math.sqrt(0.5)))


# log(erfc(z)) + z² - log(t) as a polynomial of 2t - 1, t being 1 / (1 + z / 2): the least squares
# at Chebyshev's nodes for z of 0…26. What follows of it is right to 4e-13 in float64.
_ERFC = (
    *(-0.6717940840571097, 0.6726432239787938, 0.047343306930756876, -0.04689561032157341),
    *(-0.00987269248369, 0.008824940871226466, 0.0017589758176137695, -0.0023458409069593055),
    *(-0.00014653552055648834, 0.0006738724506053593, -9.261844373683223e-05),
    *(-0.00017508791269333848, 6.883594154920655e-05, 3.3692548066482086e-05),
    *(-2.6703910431329395e-05, -2.813286876126749e-06, 5.973835487428415e-06),
    *(-3.1849639948914783e-07, -5.170344500987289e-07),
)


def erf(x: Value) -> Value:
    """The error function."""
    z = ours.where(x < 0, -x, x)
    t = 1.0 / (1.0 + 0.5 * z)
    at, total = 2.0 * t - 1.0, _ERFC[-1]
    for coefficient in _ERFC[-2::-1]:
        total = total * at + coefficient
    rest = t * ours.exp(total - z * z)
    return ours.where(x < 0, rest - 1.0, 1.0 - rest)


def sign(x: Value) -> Value:
    """-1, 0 or 1; its gradient is zero."""
    return (x > 0) - (x < 0)


def truncated(x: Value) -> Value:
    """Without what stands behind the point."""
    return ours.where(x < 0, -ours.floor(-x), ours.floor(x))


def round_half_to_even(x: Value) -> Value:
    """The nearest integer."""
    below = ours.floor(x)
    rest, odd = x - below, below - 2.0 * ours.floor(0.5 * below)
    return below + ours.where(rest > 0.5, 1.0, ours.where(rest < 0.5, 0.0, odd))


def power(x: Value, exponent: float) -> Value | None:
    """A power that products and a root make; None: they do not make it."""
    size = abs(exponent)
    if size != 0.5 and (size != int(size) or not 1 <= size <= 16):
        return None
    found = ours.sqrt(x) if size == 0.5 else _product(x, int(size))
    return 1.0 / found if exponent < 0 else found


def _product(x: Value, count: int) -> Value:
    if count == 1:
        return x
    half = _product(x, count // 2)
    return half * half * x if count % 2 else half * half


def log_add_exp(a: Value, b: Value) -> Value:
    """log(e^a + e^b)."""
    return ours.maximum(a, b) + ours.softplus(-abs(a - b))


# ---- over a row's units ------------------------------------------------------------------------


def log_sum_exp(x: Value) -> Value:
    """The logarithm of Σ e^x."""
    most = ours.still(x.max())
    return most + ours.log(ours.total(ours.exp(x - most)))


def log_softmax(x: Value) -> Value:
    """The logarithm of `softmax`."""
    return x - log_sum_exp(x)


def root(x: Value) -> Value:
    """The square root, without a gradient at zero."""
    some = x > 0
    return ours.where(some, ours.sqrt(ours.where(some, x, 1.0)), 0.0)


def variance(x: Value, correction: float = 1) -> Value:
    """The sum of squared deviations, divided by as many as there are less `correction`."""
    return ours.variance(x) * (len(x) / (len(x) - correction))


def deviation(x: Value, correction: float = 1) -> Value:
    """The root of `variance`."""
    return root(variance(x, correction))


def vector_norm(x: Value, order: float = 2) -> Value | None:
    """Of order 2, 1 or infinity; None: it is another one."""
    if order == 2:
        return root(ours.total(x * x))
    if order == 1:
        return ours.total(abs(x))
    return abs(x).max() if order == math.inf else None


def rolled(x: Value, shift: int) -> Value:
    """Units moved on, the last ones first."""
    shift %= len(x)
    return x if shift == 0 else ours.join(x[-shift:], x[:-shift])
