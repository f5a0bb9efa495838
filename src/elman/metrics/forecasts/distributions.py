"""What a forecasting network's outputs mean: heads that read them as distributions.

This is the one place that states the parameters; the losses of training follow it. A head
reads P raw outputs a number, `[..., P]`, and answers in the normalised space that the network
works in: multiply by the window's spread and add its level for the target's unit.

| name | P | raw outputs a, b, c |
|---|---|---|
| point | 1 | the value a |
| quantiles | Q | one for each level, in any order: sorted when answered, so they never cross |
| gaussian | 2 | mean a, deviation softplus(b) + 1e-6 |
| student | 3 | location a, scale softplus(b) + 1e-6, degrees of freedom 2 + softplus(c) |
| negative_binomial | 2 | mean softplus(a), dispersion α = softplus(b) + 1e-6 |

A negative binomial counts in the target's own unit, so it needs `scale`: how many counts one
normalised unit is, per number, broadcast against `[...]`. With m = mean · scale, the count has
mean m and variance m + α m². The others have no unit, and a `scale` makes no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError, ShapeError
from elman.metrics.forecasts.special import negative_binomial_quantile, student_quantile
from elman.printable import closest

__all__ = ["DEVIATION_FLOOR", "FREEDOM_FLOOR", "HEADS", "Head", "make_head"]

DEVIATION_FLOOR = 1e-6  # least deviation, scale and dispersion
FREEDOM_FLOOR = 2.0  # least degrees of freedom: the deviation exists above it

Params = Float[np.ndarray, "*shape P"]
Numbers = Float[np.ndarray, "*shape"]
Quantiles = Float[np.ndarray, "*shape Q"]
Samples = Float[np.ndarray, "*shape S"]


class Head(Protocol):
    """How one kind of output is read.

    Attributes:
        parameters: P, raw outputs for each number forecast.
    """

    @property
    def parameters(self) -> int:
        """P."""
        ...

    def point(self, params: Params, scale: Any = 1.0) -> Numbers:
        """The forecast as one number: the distribution's mean; of quantiles the median."""
        ...

    def quantile(self, params: Params, levels: Sequence[float], scale: Any = 1.0) -> Quantiles:
        """The values not exceeded with the probabilities `levels`, each in (0, 1)."""
        ...

    def sample(
        self, params: Params, generator: np.random.Generator, count: int, scale: Any = 1.0
    ) -> Samples:
        """`count` independent draws of each number."""
        ...


@dataclass(frozen=True)
class PointHead:
    """A number without a distribution: every quantile and every draw is that number."""

    parameters: int = 1

    def point(self, params: Params, scale: Any = 1.0) -> Numbers:
        """The number."""
        return _split(params, 1)[0]

    def quantile(self, params: Params, levels: Sequence[float], scale: Any = 1.0) -> Quantiles:
        """The number, once for each level."""
        return np.repeat(self.point(params)[..., None], len(_checked(levels)), axis=-1)

    def sample(
        self, params: Params, generator: np.random.Generator, count: int, scale: Any = 1.0
    ) -> Samples:
        """The number, `count` times."""
        return np.repeat(self.point(params)[..., None], count, axis=-1)


@dataclass(frozen=True)
class QuantileHead:
    """The values at some levels; linear between two levels.

    Attributes:
        levels: Those that were trained, in (0, 1), increasing.
    """

    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.levels) or list(_checked(self.levels)) != sorted(set(self.levels)):
            raise ArgumentError("levels", f"found {self.levels}", "increasing numbers in (0, 1)")

    @property
    def parameters(self) -> int:
        """One for each level."""
        return len(self.levels)

    def point(self, params: Params, scale: Any = 1.0) -> Numbers:
        """The median; where 0.5 is outside the levels, the value at the level next to it."""
        nearest = float(np.clip(0.5, self.levels[0], self.levels[-1]))
        return self.quantile(params, [nearest])[..., 0]

    def quantile(self, params: Params, levels: Sequence[float], scale: Any = 1.0) -> Quantiles:
        """As `Head.quantile`; `ArgumentError` for a level outside those that were trained."""
        wanted = _checked(levels)
        lowest, highest = self.levels[0], self.levels[-1]
        if wanted.size and (wanted.min() < lowest or wanted.max() > highest):
            raise ArgumentError(
                "levels",
                f"found {wanted.tolist()}, while {lowest}…{highest} were trained",
                "ask for levels between, or train with more",
            )
        return self._between(_ordered(params, self.parameters), wanted)

    def sample(
        self, params: Params, generator: np.random.Generator, count: int, scale: Any = 1.0
    ) -> Samples:
        """Draws by inversion; none lies beyond the outermost levels, where nothing is known."""
        ordered = _ordered(params, self.parameters)
        uniform = generator.random((*ordered.shape[:-1], count))
        return self._between(ordered, uniform.clip(self.levels[0], self.levels[-1]))

    def _between(self, ordered: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Values at `wanted [Q]` or `[..., S]`, in the range of the levels."""
        known = np.array(self.levels)
        right = np.searchsorted(known, wanted).clip(min=min(1, len(known) - 1))
        left = np.maximum(right - 1, 0)
        gap = known[right] - known[left]
        share = np.where(gap > 0, (wanted - known[left]) / np.where(gap > 0, gap, 1), 0)
        if wanted.ndim == 1:
            low, high = ordered[..., left], ordered[..., right]
        else:
            low = np.take_along_axis(ordered, left, axis=-1)
            high = np.take_along_axis(ordered, right, axis=-1)
        return low * (1 - share) + high * share


@dataclass(frozen=True)
class GaussianHead:
    """The normal distribution."""

    parameters: int = 2

    def point(self, params: Params, scale: Any = 1.0) -> Numbers:
        """The mean."""
        return _split(params, 2)[0]

    def quantile(self, params: Params, levels: Sequence[float], scale: Any = 1.0) -> Quantiles:
        """As `Head.quantile`."""
        mean, raw = _split(params, 2)
        z = np.array([NormalDist().inv_cdf(level) for level in _checked(levels)])
        return mean[..., None] + _positive(raw)[..., None] * z

    def sample(
        self, params: Params, generator: np.random.Generator, count: int, scale: Any = 1.0
    ) -> Samples:
        """As `Head.sample`."""
        mean, raw = _split(params, 2)
        noise = generator.standard_normal((*mean.shape, count))
        return mean[..., None] + _positive(raw)[..., None] * noise


@dataclass(frozen=True)
class StudentHead:
    """Student's t distribution, shifted and scaled: for errors with heavy tails."""

    parameters: int = 3

    def point(self, params: Params, scale: Any = 1.0) -> Numbers:
        """The location, mean and median at once."""
        return _split(params, 3)[0]

    def quantile(self, params: Params, levels: Sequence[float], scale: Any = 1.0) -> Quantiles:
        """As `Head.quantile`."""
        location, raw, freedom = _split(params, 3)
        t = student_quantile(_checked(levels), _freedom(freedom)[..., None])
        return location[..., None] + _positive(raw)[..., None] * t

    def sample(
        self, params: Params, generator: np.random.Generator, count: int, scale: Any = 1.0
    ) -> Samples:
        """As `Head.sample`."""
        location, raw, freedom = _split(params, 3)
        t = generator.standard_t(_freedom(freedom)[..., None], (*location.shape, count))
        return location[..., None] + _positive(raw)[..., None] * t


@dataclass(frozen=True)
class NegativeBinomialHead:
    """Counts whose variance exceeds their mean."""

    parameters: int = 2

    def point(self, params: Params, scale: Any = 1.0) -> Numbers:
        """The mean, in normalised units: no whole count."""
        return np.logaddexp(0, _split(params, 2)[0])

    def quantile(self, params: Params, levels: Sequence[float], scale: Any = 1.0) -> Quantiles:
        """Whole counts, divided by `scale`."""
        mean, dispersion, scale = _counts(params, scale)
        return negative_binomial_quantile(_checked(levels), mean, dispersion) / scale

    def sample(
        self, params: Params, generator: np.random.Generator, count: int, scale: Any = 1.0
    ) -> Samples:
        """Whole counts, divided by `scale`."""
        mean, dispersion, scale = _counts(params, scale)
        chance = 1 / (1 + dispersion * mean)
        shape = (*mean.shape[:-1], count)
        return generator.negative_binomial(1 / dispersion, chance, shape) / scale


HEADS: dict[str, type] = {
    "point": PointHead,
    "quantiles": QuantileHead,
    "gaussian": GaussianHead,
    "student": StudentHead,
    "negative_binomial": NegativeBinomialHead,
}


def make_head(name: str, levels: Sequence[float] = ()) -> Head:
    """The head called `name`; `levels` are those of "quantiles", and no other head's.

    Raises:
        ArgumentError: No head has this name, or levels are missing, out of place or no levels.

    >>> head = make_head("gaussian")
    >>> raw = np.array([[2.0, np.log(np.expm1(3.0))]])  # softplus of the second is 3
    >>> head.quantile(raw, [0.5, 0.975]).round(2).tolist()
    [[2.0, 7.88]]
    """
    if name not in HEADS:
        raise ArgumentError("head", f"found {name!r}", closest(name, HEADS))
    if name == "quantiles":
        return QuantileHead(tuple(float(level) for level in levels))
    if len(levels):
        raise ArgumentError("levels", f"given for the head {name!r}", "only quantiles train levels")
    return HEADS[name]()


def _split(params: np.ndarray, count: int) -> tuple[np.ndarray, ...]:
    """The raw outputs one by one, in float64: float32 would lose the tails."""
    params = np.asarray(params, dtype=np.float64)
    if params.ndim < 1 or params.shape[-1] != count:
        raise ShapeError("params", f"shape {params.shape}", f"[..., {count}]")
    return tuple(np.moveaxis(params, -1, 0))


def _ordered(params: np.ndarray, count: int) -> np.ndarray:
    return np.sort(np.stack(_split(params, count), axis=-1), axis=-1)


def _positive(raw: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, raw) + DEVIATION_FLOOR


def _freedom(raw: np.ndarray) -> np.ndarray:
    return FREEDOM_FLOOR + np.logaddexp(0, raw)


def _counts(params: np.ndarray, scale: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean in counts, dispersion and scale, each with a last axis for levels or draws."""
    raw_mean, raw_dispersion = _split(params, 2)
    scale = np.asarray(scale, dtype=np.float64)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise ArgumentError("scale", "a value that is not positive", "counts a normalised unit")
    mean = np.logaddexp(0, raw_mean) * scale
    return mean[..., None], _positive(raw_dispersion)[..., None], scale[..., None]


def _checked(levels: Sequence[float]) -> np.ndarray:
    wanted = np.asarray(levels, dtype=np.float64)
    if wanted.ndim != 1 or not ((wanted > 0) & (wanted < 1)).all():
        raise ArgumentError("levels", f"found {levels}", "numbers between 0 and 1, both excluded")
    return wanted
