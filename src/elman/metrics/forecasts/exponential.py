"""Exponential smoothing with a trend and a season: what short series are held against.

Holt and Winters' method in its error-correction form (Hyndman, Koehler, Snyder and Grose 2002,
International Journal of Forecasting 18(3)), additive on values or on their logarithms. With the
forecast f = l + φ b + s of a step, and e = y - f:

    l ← l + φ b + α e,   b ← φ b + α β e,   s ← s + γ (1 - α) e  (of this step of the season)

Nothing looks ahead: level, trend and season begin with the first two seasons alone (and before
these are over level and season with the first one), and gains that fall like those of a mean, or
of a line where there is a trend, down to α, β and γ, do away with the chance in that. So one pass
over a series gives the forecast from each of its steps, as it would have been made there.

Letters: N series, T steps of the longest, m steps of a season, G ways to smooth them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import BundleError

__all__ = ["Exponential", "Followed", "Run", "followed", "logged", "season_places"]

_BEGIN = 8  # steps that a series without a season begins with
_LINE = (4.0, 1.5)  # by n: gains of the level, and of the slope by it, of a line through n values
_PHI = 2  # of the rates


@dataclass(frozen=True, eq=False)
class Exponential:
    """How each of N series is smoothed.

    Attributes:
        season: m; 1: no season.
        rates: float64 `[N, 4]`: α, β, φ and γ, each in [0, 1].
        seasonal: Whether a series has the season.
        logs: Whether its logarithms are smoothed.
    """

    season: int
    rates: Float[np.ndarray, "N 4"]
    seasonal: Bool[np.ndarray, "N"]
    logs: Bool[np.ndarray, "N"]

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays for a model file."""
        marks = {"seasonal": self.seasonal, "logs": self.logs}
        return {"rates": self.rates, "season": np.array([self.season], np.int64), **marks}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], series: int) -> Exponential:
        """What `tensors` gave, of so many series; `BundleError` if it is damaged."""
        nothing = np.zeros(())
        season, rates, *marks = (
            tensors.get(name, nothing) for name in ("season", "rates", "seasonal", "logs")
        )
        sound = season.shape == (1,) and season.dtype == np.int64 and 1 <= season[0] <= 2**16
        sound = sound and rates.shape == (series, 4) and rates.dtype == np.float64
        sound = sound and all(one.shape == (series,) and one.dtype == np.bool_ for one in marks)
        if not (sound and bool(((rates >= 0) & (rates <= 1)).all())):
            raise BundleError("exponential smoothing", "its arrays are damaged", "save it again")
        return cls(int(season[0]), rates, *marks)

    def select(self, rows: Int[np.ndarray, "M"]) -> Exponential:
        """Those of some series; a row of -1 is the middle of all, for a series that is unknown."""
        middle = np.median(self.rates, axis=0)
        known = rows >= 0
        usual = self.seasonal.mean() > 0.5, self.logs.all()
        return Exponential(
            self.season,
            np.where(known[:, None], self.rates[rows], middle),
            np.where(known, self.seasonal[rows], usual[0]),
            np.where(known, self.logs[rows], usual[1]),
        )


class Followed(NamedTuple):
    """Where smoothing stands after each step of N series.

    Attributes:
        level: float64 `[N, T]`.
        trend: `[N, T]`.
        season: `[N, T + m]`: of this step of the season. What is known before a series begins
            with two seasons stands at its step, what is known then m places on.
        damping: `[N]`, φ.
        steps: m.
        logs: `[N]`.
        first: `[N]`: the step from which on there is a season.
        begins: `[N]`: the step at which it begins with two.
    """

    level: Float[np.ndarray, "N T"]
    trend: Float[np.ndarray, "N T"]
    season: Float[np.ndarray, "N T+m"]
    damping: Float[np.ndarray, "N"]
    steps: int
    logs: Bool[np.ndarray, "N"]
    first: Int[np.ndarray, "N"]
    begins: Int[np.ndarray, "N"]

    def forecast(
        self, series: Int[np.ndarray, "W"], last: Int[np.ndarray, "W"], horizon: int
    ) -> Float[np.ndarray, "W H"]:
        """What comes after some steps.

        Args:
            series: Of each forecast.
            last: The last step that is known, counted from the series' first.
            horizon: H.
        """
        ahead = np.arange(1, horizon + 1)
        damping = self.damping[series][:, None]
        summed = np.cumsum(damping**ahead, axis=1)
        first, begins = self.first[series], self.begins[series]
        place, known = season_places(last, first, begins, self.steps, horizon)
        season = self.season[series[:, None], place]
        found = self.level[series, last][:, None] + summed * self.trend[series, last][:, None]
        found += np.where(known, season, 0.0)
        return np.where(self.logs[series][:, None], np.exp(np.minimum(found, 700)), found)


def season_places(
    last: Int[np.ndarray, "W"],
    first: Int[np.ndarray, "W"],
    begins: Int[np.ndarray, "W"],
    steps: int,
    horizon: int,
) -> tuple[Int[np.ndarray, "W H"], Bool[np.ndarray, "W 1"]]:
    """Where in `Followed.season` that of each step ahead stands, and whether it is known yet.

    Args:
        last: The last step that is known.
        first: As of `Followed`, of each forecast's series.
        begins: Likewise.
        steps: m.
        horizon: H.
    """
    ahead = np.arange(1, horizon + 1)
    back = last[:, None] + ahead - steps * -(-ahead // steps)
    shift = np.where(last >= begins, steps, 0)
    return np.maximum(back, 0) + shift[:, None], (last >= first)[:, None]


def followed(values: Float[np.ndarray, "N T"], fit: Exponential) -> Followed:
    """One pass over all series; what a forecast is made of, at each step.

    Before a series' first season is over, its forecast is the last value.
    """
    taken = logged(values, fit.logs)
    season = fit.season
    run = Run(taken, season, fit.rates[None], fit.seasonal[None])
    count, steps = values.shape
    level, trend, seasonal = (np.zeros((count, steps + more)) for more in (0, 0, season))
    filled = _last_known(taken)
    for t in range(steps):
        run.step(t)
        early = t < run.first
        level[:, t] = np.where(early, filled[:, t], run.level[0])
        trend[:, t] = np.where(early, 0.0, run.trend[0])
        for begins, ends, shift in ((run.first, run.begins, 0), (run.begins, steps, season)):
            within, now = (t > begins) & (t < ends), t == begins
            seasonal[within, t + shift] = run.season_at(t)[0, within]
            for back in range(season) if now.any() else ():
                seasonal[now, t - back + shift] = run.season_at(t - back)[0, now]
    rates = fit.rates[:, _PHI]
    return Followed(level, trend, seasonal, rates, season, fit.logs, run.first, run.begins)


class Run:
    """Series on the way: what is known of each of G ways to smooth them after a step.

    A series begins where it has seen a season, with what that says, and again after two.
    """

    def __init__(
        self,
        values: Float[np.ndarray, "N T"],
        season: int,
        rates: Float[np.ndarray, "G N 4"],
        seasonal: Bool[np.ndarray, "G N"],
    ) -> None:
        self.values, self.season, self.seasonal = values, season, seasonal
        self.alpha, self.beta, self.phi, self.gamma = np.moveaxis(rates, -1, 0)
        first = np.argmax(~np.isnan(values), axis=1)
        half = season * -(-_BEGIN // 2 // season)
        self.first, self.begins = first + half - 1, first + 2 * half - 1
        shape = seasonal.shape
        self.level, self.trend = np.zeros(shape), np.zeros(shape)
        self.phases = np.zeros((season, *shape))
        self._summed: dict[int, np.ndarray] = {}  # of the damping, by how far ahead
        self._half = half
        self._starts = [_grouped(begins, values.shape[1]) for begins in (self.first, self.begins)]

    def step(self, t: int) -> None:
        """Take the values of a step."""
        for halves, starts in enumerate(self._starts, start=1):
            if t in starts:
                self._begin(t, starts[t], halves)
        active = (t > self.first) & (t != self.begins)
        if not active.any():
            return
        phase = self.phases[t % self.season]
        error = self.values[:, t] - (self.level + self.phi * self.trend + phase)
        error = np.where(np.isnan(error) | ~active, 0.0, error)
        again = t > self.begins
        passed = t - np.where(again, self.begins, self.first)
        passed = np.maximum(passed, 1)
        count = passed + self._half * np.where(again, 2, 1)
        trending = self.beta > 0
        alpha = np.maximum(self.alpha, np.where(trending, _LINE[0], 1.0) / count)
        beta = np.maximum(self.beta, _LINE[1] / count)
        cycles = passed // self.season + np.where(again, 3, 2)  # with those that it began with
        gamma = np.where(self.seasonal, np.maximum(self.gamma, 1 / cycles), 0.0)
        forward = np.where(active, self.level + self.phi * self.trend, self.level)
        self.level = forward + alpha * error
        damped = np.where(active, self.phi * self.trend, self.trend)
        self.trend = damped + np.where(trending, alpha * beta * error, 0.0)
        phase += gamma * (1 - alpha) * error

    def season_at(self, t: int) -> np.ndarray:
        """Of a step of the season."""
        return self.phases[t % self.season]

    def forecast(self, t: int, ahead: int) -> np.ndarray:
        """So many steps after the one that was taken last."""
        if ahead not in self._summed:
            total = np.zeros_like(self.phi)
            for k in range(1, ahead + 1):
                total = total + self.phi**k
            self._summed[ahead] = total
        slope = self._summed[ahead] * self.trend
        return self.level + slope + self.phases[(t + ahead) % self.season]

    def _begin(self, t: int, rows: np.ndarray, halves: int) -> None:
        """The first season of some series is over, or the first two."""
        half = self._half
        block = self.values[rows, t - halves * half + 1 : t + 1].reshape(len(rows), halves, half)
        known = ~np.isnan(block)
        count = known.sum(axis=2)
        means = np.where(known, block, 0).sum(axis=2) / np.maximum(count, 1)
        means = np.where(count > 0, means, means[:, ::-1])
        slope = np.where((count > 0).all(axis=1), (means[:, -1] - means[:, 0]) / half, 0.0)
        trending = self.beta[:, rows] > 0
        slope = np.where(trending, slope, 0.0)
        inside = np.arange(half) - (half - 1) / 2
        self.level[:, rows] = means[:, -1] + slope * (half - 1) / 2
        self.trend[:, rows] = slope
        if self.season > 1:
            rest = block - means[:, :, None]
            rest = rest[None] - slope[..., None, None] * inside
            there = ~np.isnan(rest)
            total = np.where(there, rest, 0).sum(axis=2) / np.maximum(there.sum(axis=2), 1)
            total -= total.mean(axis=-1, keepdims=True)
            total = total.reshape(*total.shape[:-1], -1, self.season).mean(axis=-2)
            for place in range(self.season):
                self.phases[(t + 1 + place) % self.season][:, rows] = np.where(
                    self.seasonal[:, rows], total[..., place], 0.0
                )


def _grouped(steps: np.ndarray, length: int) -> dict[int, np.ndarray]:
    """The series that begin at each step within the length."""
    order = np.argsort(steps, kind="stable")
    found, starts = np.unique(steps[order], return_index=True)
    groups = np.split(order, starts[1:])
    return {int(t): rows for t, rows in zip(found, groups, strict=True) if t < length}


def logged(values: np.ndarray, logs: Bool[np.ndarray, "N"]) -> np.ndarray:
    """The logarithms of some series; a value that has none is missing."""
    if not logs.any():
        return values
    safe = np.where(values > 0, values, np.nan)
    return np.where(logs[:, None], np.log(safe), values)


def _last_known(values: np.ndarray) -> np.ndarray:
    """At each step the last value; 0 before the first."""
    place = np.where(np.isnan(values), -1, np.arange(values.shape[1]))
    place = np.maximum.accumulate(place, axis=1)
    found = np.take_along_axis(values, np.maximum(place, 0), axis=1)
    return np.where(place >= 0, found, 0.0)
