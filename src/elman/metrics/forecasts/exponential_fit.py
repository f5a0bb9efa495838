"""Which exponential smoothing suits each series: by its forecasts of the series' own later steps.

What serves a short series is told by the others, too: a candidate's error counts as if the mean
over all series had been seen at some steps of each.

Letters: N series, T steps of the longest, m steps of a season, G candidates.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Float

from elman.metrics.forecasts.exponential import Exponential, Run, logged

__all__ = ["fit_exponential"]

_LEVELS = (0.03, 0.1, 0.25, 0.5, 0.9)
_TRENDS = ((0.0, 0.0), (0.1, 0.9), (0.03, 0.98), (0.2, 0.98), (0.001, 1.0), (0.1, 1.0))  # of β, φ
_SEASONALS = (0.0, 0.1, 0.4)
_NUDGES = (0.5, 2.0)  # of a rate's odds, around the best of the grid
_MOVES = 7  # candidates of one round of these
_SURE = 4  # seasons: forecasts within the second one are judged in shorter series alone
_DISTANCES = 3  # at which forecasts are judged, from 1 to the horizon
_JUDGED = 20  # seasons, or …
_JUDGED_STEPS = 600  # … so many steps at the end of a series are judged, whichever is more
_ENTRIES = 2**21  # float64 values of the largest array: 16 MiB
_MANY = 300  # series, from which on a sample chooses the candidates
_SHORTLIST = 24
_SHARED = 100.0  # steps of each series that the mean over all of them counts as
_WORST = 3.0  # times the best: where a candidate's error ends, in that mean
_LEAST = 1e-9  # of a series' largest value: errors below are all alike
_ALPHA, _BETA, _, _GAMMA = range(4)


def fit_exponential(
    values: Float[np.ndarray, "N T"],
    season: int,
    horizon: int,
    squared: bool = False,
    seed: int = 0,
    begin: Exponential | None = None,
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
        begin: What suited fewer steps of the same series; of many it is moved a little, and no
            other candidate is looked at. None: there is nothing.
    """
    count = len(values)
    if begin is not None and count > _MANY:
        marks = np.stack([begin.seasonal, begin.logs], axis=1)
        known = np.concatenate([begin.rates, marks], axis=1)
        moved = [
            _moved(values[part], known[part], season, horizon, squared)
            for part in _parts(count, _MOVES)
        ]
        return _found(season, moved)
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
    return _found(season, chosen)


def _found(season: int, chosen: list[Float[np.ndarray, "_ 6"]]) -> Exponential:
    """Candidates of some series after others."""
    rates = np.concatenate(chosen) if chosen else np.zeros((0, 6))
    return Exponential(season, rates[:, :4], rates[:, 4] > 0, rates[:, 5] > 0)


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
    return _moved(values, grid[np.argmin(both, axis=0)], season, horizon, squared)


def _moved(
    values: np.ndarray,
    best: Float[np.ndarray, "N 6"],
    season: int,
    horizon: int,
    squared: bool,
) -> Float[np.ndarray, "N 6"]:
    """Each series' candidate, or a better one near it."""
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
    in_logs = candidates[..., 5] > 0
    for logs in (False, True):
        used = (in_logs == logs).any(axis=1)
        if used.any():
            taken = logs, positive, squared
            score = _errors(values, candidates[used], season, horizon, *taken)
            found[used] = np.where(in_logs[used] == logs, score, found[used])
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
    taken = logged(values, positive if logs else np.zeros(len(values), bool))
    seasonal = candidates[..., 4] > 0
    run = Run(taken, season, candidates[..., :4], seasonal)
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
