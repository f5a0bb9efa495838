"""Exponential smoothing with a trend and a season: what short series are held against.

Holt and Winters' method in its error-correction form (Hyndman, Koehler, Snyder and Grose 2002,
International Journal of Forecasting 18(3)), additive on values or on their logarithms. With the
forecast f = l + φ b + s of a step, and e = y - f:

    l ← l + φ b + α e,   b ← φ b + α β e,   s ← s + γ (1 - α) e  (of this step of the season)

Nothing looks ahead: level, trend and season begin with the first two seasons alone (and before
these are over level and season with the first one), and gains that fall like those of a mean, or
of a line where there is a trend, down to α, β and γ, do away with the chance in that. So one pass
over a series gives the forecast from each of its steps, as it would have been made there.

What serves a short series is told by the others, too: a candidate's error counts as if the mean
over all series had been seen at some steps of each.

Letters: N series, T steps of the longest, m steps of a season, G candidates, C columns of rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import BundleError

__all__ = ["Exponential", "Followed", "fit_exponential", "followed", "season_places"]

_LEVELS = (0.03, 0.1, 0.25, 0.5, 0.9)
_TRENDS = ((0.0, 0.0), (0.1, 0.9), (0.03, 0.98), (0.2, 0.98), (0.001, 1.0), (0.1, 1.0))  # of β, φ
_SEASONALS = (0.0, 0.1, 0.4)
_NUDGES = (0.5, 2.0)  # of a rate's odds, around the best of the grid
_BEGIN = 8  # steps that a series without a season begins with
_SURE = 4  # seasons: forecasts within the second one are judged in shorter series alone
_LINE = (4.0, 1.5)  # by n: gains of the level, and of the slope by it, of a line through n values
_DISTANCES = 3  # at which forecasts are judged, from 1 to the horizon
_JUDGED = 20  # seasons, or …
_JUDGED_STEPS = 600  # … so many steps at the end of a series are judged, whichever is more
_ENTRIES = 2**21  # float64 values of the largest array: 16 MiB
_MANY = 300  # series, from which on a sample chooses the candidates
_SHORTLIST = 24
_SHARED = 100.0  # steps of each series that the mean over all of them counts as
_WORST = 3.0  # times the best: where a candidate's error ends, in that mean
_LEAST = 1e-9  # of a series' largest value: errors below are all alike
_ALPHA, _BETA, _PHI, _GAMMA = range(4)


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


def fit_exponential(
    values: Float[np.ndarray, "N T"],
    season: int,
    horizon: int,
    squared: bool = False,
    seed: int = 0,
) -> Exponential:
    """For each series the rates whose forecasts of its own later steps were best.

    They are the best of a grid by the mean absolute error at some distances up to the horizon,
    made larger for what is estimated (n steps, k numbers: by the root of (n + k) / (n - k)), of
    the series and, the shorter it is the more, of all; and then moved a little. Of many series a
    sample chooses the candidates.

    Args:
        values: From each series' first step on, NaN where missing and after its end.
        season: m ≥ 1.
        horizon: H ≥ 1.
        squared: Whether errors count by their squares: for means rather than medians.
        seed: Of the sample.
    """
    count = len(values)
    sample = np.arange(count)
    if count > _MANY:
        sample = np.sort(np.random.default_rng(seed).choice(count, _MANY, replace=False))
    grid = _grid(season)
    scores = [
        _relative(_scores(values[sample[part]], grid, season, horizon, squared))
        for part in _parts(len(sample), len(grid))
    ]
    usual = _usual(np.concatenate(scores, axis=1) if scores else np.ones((len(grid), 1)))
    if count > _MANY:
        best = np.argsort(usual, kind="stable")[:_SHORTLIST]
        grid, usual = grid[best], usual[best]
    chosen = [
        _fitted(values[part], grid, usual, season, horizon, squared)
        for part in _parts(count, len(grid))
    ]
    rates = np.concatenate(chosen) if chosen else np.zeros((0, 6))
    return Exponential(season, rates[:, :4], rates[:, 4] > 0, rates[:, 5] > 0)


def followed(values: Float[np.ndarray, "N T"], fit: Exponential) -> Followed:
    """One pass over all series; what a forecast is made of, at each step.

    Before a series' first season is over, its forecast is the last value.
    """
    taken = _logged(values, fit.logs)
    season = fit.season
    run = _Run(taken, season, fit.rates[None], fit.seasonal[None])
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


def _grid(season: int) -> Float[np.ndarray, "G 6"]:
    """Candidates: four rates, whether there is the season, whether logarithms are taken."""
    rows = [
        (alpha, beta, phi, gamma, float(seasonal), logs)
        for alpha, (beta, phi) in product(_LEVELS, _TRENDS)
        for seasonal in ((False, True) if season > 1 else (False,))
        for gamma in (_SEASONALS if seasonal else (0.0,))
        for logs in (0.0, 1.0)
    ]
    return np.array(rows)


def _parts(count: int, candidates: int) -> list[slice]:
    size = max(1, _ENTRIES // (max(candidates, 1) * 64))
    return [slice(start, start + size) for start in range(0, count, size)]


def _relative(scores: Float[np.ndarray, "G N"]) -> Float[np.ndarray, "G N"]:
    """Errors by the best of each series; NaN where not known, infinite where not allowed."""
    known = np.where(np.isfinite(scores), scores, np.inf)
    best = known.min(axis=0)
    return np.where(np.isfinite(scores), scores / np.where(np.isfinite(best), best, 1.0), scores)


def _usual(relative: Float[np.ndarray, "G N"]) -> Float[np.ndarray, " G"]:
    """The mean of each candidate's errors over the series in which it has any."""
    known = np.isfinite(relative)
    total = np.where(known, np.minimum(relative, _WORST), 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.divide(total, count, out=np.full(len(total), _WORST), where=count > 0)


def _fitted(
    values: np.ndarray,
    grid: np.ndarray,
    usual: Float[np.ndarray, " G"],
    season: int,
    horizon: int,
    squared: bool,
) -> Float[np.ndarray, "N 6"]:
    """The best candidate of each series, moved a little."""
    own = _relative(_scores(values, grid, season, horizon, squared))
    steps = (~np.isnan(values)).sum(axis=1)
    shared = _SHARED / (_SHARED + np.maximum(steps, 1))
    own = np.where(np.isnan(own), usual[:, None], own)
    both = (1 - shared) * own + shared * usual[:, None]
    simple = (grid[:, 4] == 0) & (grid[:, 5] == 0)
    nothing = np.where(simple, usual, np.inf)  # where none is allowed
    both = np.where(np.isfinite(both).any(axis=0), both, nothing[:, None])
    best = grid[np.argmin(both, axis=0)]
    moves = [(1.0, 1.0, 1.0)]
    moves += [tuple(m if k == n else 1.0 for k in range(3)) for n in range(3) for m in _NUDGES]
    for _ in range(2):
        near = np.repeat(best[None], len(moves), axis=0)
        for g, move in enumerate(moves):
            for k, factor in zip((_ALPHA, _BETA, _GAMMA), move, strict=True):
                rate = near[g, :, k]
                near[g, :, k] = rate * factor / (1 + rate * (factor - 1))
        scores = _scores(values, near, season, horizon, squared)
        scores = np.where(np.isnan(scores), np.inf, scores)
        best = near[np.argmin(scores, axis=0), np.arange(len(values))]
    return best


def _scores(
    values: Float[np.ndarray, "N T"],
    candidates: np.ndarray,
    season: int,
    horizon: int,
    squared: bool,
) -> Float[np.ndarray, "G N"]:
    """The penalised error of each candidate `[G, 6]` or `[G, N, 6]` on each series.

    NaN where nothing was judged, infinite where a candidate is not allowed.
    """
    lengths = values.shape[1] - np.argmax(~np.isnan(values[:, ::-1]), axis=1)
    judged = max(_JUDGED * season, _JUDGED_STEPS)
    if values.shape[1] > judged:  # the end of each
        rows = np.maximum(lengths - judged, 0)[:, None] + np.arange(judged)
        values = np.take_along_axis(values, np.minimum(rows, values.shape[1] - 1), axis=1)
        values[rows >= lengths[:, None]] = np.nan
    if candidates.ndim == 2:
        candidates = np.repeat(candidates[:, None], len(values), axis=1)
    found = np.full(candidates.shape[:2], np.inf)
    positive = np.asarray(~(values <= 0).any(axis=1) & ~np.isnan(values).all(axis=1))
    logged = candidates[..., 5] > 0
    for logs in (False, True):
        used = (logged == logs).any(axis=1)
        if used.any():
            taken = logs, positive, squared
            score = _errors(values, candidates[used], season, horizon, *taken)
            found[used] = np.where(logged[used] == logs, score, found[used])
    return found


def _errors(
    values: np.ndarray,
    candidates: Float[np.ndarray, "G N 6"],
    season: int,
    horizon: int,
    logs: bool,
    positive: np.ndarray,
    squared: bool,
) -> Float[np.ndarray, "G N"]:
    taken = _logged(values, positive if logs else np.zeros(len(values), bool))
    seasonal = candidates[..., 4] > 0
    run = _Run(taken, season, candidates[..., :4], seasonal)
    distances = np.unique(np.linspace(1, horizon, _DISTANCES).astype(int))
    total, count = np.zeros(candidates.shape[:2]), np.zeros(len(values))
    steps = (~np.isnan(values)).sum(axis=1)
    judged = np.where(steps < _SURE * season, run.first, run.begins)
    for t in range(values.shape[1] - 1):
        run.step(t)
        for ahead in distances[t + distances < values.shape[1]]:
            actual = values[:, t + ahead]
            known = ~np.isnan(actual) & (t >= judged)
            if known.any():
                said = run.forecast(t, int(ahead))
                said = np.exp(np.minimum(said, 700)) if logs else said
                missed = np.abs(actual - said)
                total += np.where(known, missed**2 if squared else missed, 0)
                count += known
    numbers = 1 + 2 * (candidates[..., _BETA] > 0) + 2 * seasonal
    room = steps - numbers
    penalty = np.sqrt((steps + numbers) / np.maximum(room, 1))
    least = _LEAST * np.nanmax(np.abs(np.nan_to_num(values)), axis=1)
    score = np.where(count > 0, (total / np.maximum(count, 1) + least) * penalty, np.nan)
    allowed = (room > 2) & (~seasonal | (steps > season + 2)) & (positive if logs else True)
    return np.where(allowed, score, np.inf)


class _Run:
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


def _logged(values: np.ndarray, logs: Bool[np.ndarray, "N"]) -> np.ndarray:
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
