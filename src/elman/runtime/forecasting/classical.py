"""The smoothing of series by itself: its coefficients by the classical fit, without a network.

Training begins with it, and a series unseen in training is smoothed as it says. Letters as in
`elman.runtime.forecasting.smoothing`; n seasonals, C candidates, K distances.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
from jaxtyping import Float, Int

from elman.errors import DataError
from elman.kernels.smoothing import Coefficients, Form, Levels, forward
from elman.runtime.forecasting.smoothing import Smoothing, Values, check_values

__all__ = ["adapted", "classical", "started", "suitable_form"]

_ENTRIES = 2**22  # float64 values of the largest array of one pass: 32 MiB
_LEVEL_GRID = (0.02, 0.1, 0.3, 0.7)
_SEASONAL_GRID = (0.05, 0.2, 0.5)
_TINY = 1e-6  # a spread below it is rounding
_REFINEMENTS = (0.8, 0.4)  # steps on the logit's scale


def suitable_form(values: np.ndarray) -> Form:
    """Multiplicative if every observed value is positive, else additive."""
    return "additive" if (values <= 0).any() else "multiplicative"


def started(
    names: tuple[str, ...],
    values: Values,
    seasons: tuple[int, ...],
    form: Form,
    level: float = 0.05,
    seasonal: float = 0.3,
) -> Smoothing:
    """A smoothing whose rates are the same for all series: where training begins.

    First seasonals are averages over the series' first two longest seasons (of the values'
    ratios to, or differences from, the mean of their season).

    Args:
        names: Of the series.
        values: `[N, T]`, from the steps on at which the series shall begin; not a number where
            missing, and past the end of a shorter series.
        seasons: In steps, the shortest first.
        form: As `suitable_form` says, or additive.
        level: The rate of each level, in (0, 1). Low ones look back far: good far ahead.
        seasonal: That of each seasonal.

    Raises:
        DataError: A series has no value, or one that the form does not take.
    """
    empty = np.isnan(values).all(axis=1)
    if empty.any():
        name = names[int(np.argmax(empty))]
        raise DataError(f"series {name!r}", "found no value", "at least one")
    check_values(names, values, form)
    scale = _scale(values, form)
    scaled = values / scale[:, None]
    rates = np.full(len(names), level), np.full((len(names), len(seasons)), seasonal)
    coefficients = Coefficients(*rates, *_beginning(scaled, seasons, form))
    return Smoothing(names, form, seasons, scale, _spread(scaled, seasons, form), coefficients)


def classical(
    names: tuple[str, ...], values: Values, seasons: tuple[int, ...], form: Form, horizon: int = 1
) -> Smoothing:
    """Coefficients by the classical fit of each series alone, as if there were no network.

    What the series begin with is as in `started`; the rates make the absolute error of the
    smoothing's own forecasts small: the best of a grid, refined twice around it.

    Args:
        names: As for `started`.
        values: Likewise.
        seasons: Likewise.
        form: Likewise.
        horizon: H: errors are averaged over up to five distances from 1 to H steps ahead. The
            usual fit, one step ahead, finds levels that follow each value: bad far ahead.

    Raises:
        DataError: As `started`.
    """
    start = started(names, values, seasons, form)
    scaled = values / start.scale[:, None]
    beginning = start.coefficients.first_level, start.coefficients.first_seasonals
    grids = [_LEVEL_GRID, *[_SEASONAL_GRID] * len(seasons)]
    grid = _logit(np.array(list(product(*grids))))
    moves = np.array(list(product((-1.0, 0.0, 1.0), repeat=len(grids))))
    fit = partial(_best, scaled=scaled, seasons=seasons, form=form, beginning=beginning)
    distances = np.unique(np.linspace(1, horizon, 5).astype(int))
    best = fit(np.repeat(grid[:, None], len(names), axis=1), distances=distances)
    for step in _REFINEMENTS:
        best = fit(best + step * moves[:, None], distances=distances)
    rates = 1 / (1 + np.exp(-best))
    return replace(start, coefficients=Coefficients(rates[:, 0], rates[:, 1:], *beginning))


def adapted(
    trained: Smoothing,
    names: tuple[str, ...],
    values: Values,
    later: Int[np.ndarray, "N"],
    horizon: int = 1,
) -> tuple[Smoothing, tuple[str, ...]]:
    """The smoothing of any series by what was trained: theirs, or else the classical fit.

    Where the history of a trained series begins at another step than in training, its first
    seasonals are those of that step, and its first level is the mean of its first (shortest)
    season without them.

    Args:
        trained: Of the series seen in training.
        names: Of the N series here.
        values: As for `classical`. What is fitted to them knows them: to look back at forecasts
            of an unseen series, give the values up to the first forecast only.
        later: How many steps after the beginning in training each series begins here; not read
            for a series that is unseen.
        horizon: As for `classical`.

    Returns:
        The smoothing, in the order of `names`; and the names of the series unseen in training.

    Raises:
        DataError: As `classical`.
    """
    rows = {name: row for row, name in enumerate(trained.names)}
    seen = np.array([name in rows for name in names], dtype=bool)
    known = trained.select(np.array([rows[name] for name in names if name in rows], np.int64))
    check_values(known.names, values[seen], trained.form)
    known = _moved(known, values[seen], later[seen])
    unseen = tuple(name for name in names if name not in rows)
    if not unseen:
        return known, unseen
    fitted = classical(unseen, values[~seen], trained.seasons, trained.form, horizon)
    order = np.argsort(np.concatenate([np.flatnonzero(seen), np.flatnonzero(~seen)]))
    return known.joined(fitted).select(order), unseen


def _moved(smoothing: Smoothing, values: Values, later: Int[np.ndarray, "N"]) -> Smoothing:
    """The same, where the values begin some steps later."""
    first_level, first_seasonals = (array.copy() for array in smoothing.coefficients[2:])
    bare = values[:, : min(smoothing.seasons, default=1)] / smoothing.scale[:, None]
    start = 0
    for season in smoothing.seasons:
        part = slice(start, start + season)
        place = (np.arange(season) + later[:, None]) % season
        first_seasonals[:, part] = np.take_along_axis(first_seasonals[:, part], place, axis=1)
        own = first_seasonals[:, start : start + bare.shape[1]]
        bare = bare / own if smoothing.form == "multiplicative" else bare - own
        start += season
    found = _mean(bare, axis=1)
    level = np.where((later == 0) | np.isnan(found), first_level, found)
    rates = smoothing.coefficients[:2]
    return replace(smoothing, coefficients=Coefficients(*rates, level, first_seasonals))


def _scale(values: Values, form: Form) -> Float[np.ndarray, "N"]:
    """Means of positive series; else deviations, 1 where there is none."""
    if form == "multiplicative":
        return np.nanmean(values, axis=1)
    varies = np.nanmax(values, axis=1) > np.nanmin(values, axis=1)  # a deviation has rounding
    return np.where(varies, np.nanstd(values, axis=1), 1.0)


def _spread(scaled: Values, seasons: tuple[int, ...], form: Form) -> Float[np.ndarray, "N"]:
    """Mean distances from the values a shortest season before; 1 where there is none."""
    compared = np.log(scaled) if form == "multiplicative" else scaled
    season = min(seasons, default=1)
    distance = _mean(np.abs(compared[:, season:] - compared[:, :-season]), axis=1)
    return np.where(distance > _TINY, distance, 1.0)


def _beginning(
    scaled: Values, seasons: tuple[int, ...], form: Form
) -> tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N S"]]:
    """First level and first seasonals, from the first two of the longest season."""
    logs = form == "multiplicative"
    neutral = 1.0 if logs else 0.0
    rest = scaled[:, : 2 * max(seasons)] if seasons else scaled
    parts = [np.empty((len(scaled), 0))]
    for season in seasons:
        blocks = _blocks(rest, season)
        middle = _mean(blocks, axis=2)[:, :, None]
        part = _mean(blocks / middle if logs else blocks - middle, axis=1)
        part = np.where(np.isnan(part), neutral, part)
        whole = part.mean(axis=1, keepdims=True)
        parts.append(part / whole if logs else part - whole)
        repeated = np.resize(np.arange(season), rest.shape[1])
        rest = rest / parts[-1][:, repeated] if logs else rest - parts[-1][:, repeated]
    level = _mean(rest[:, : min(seasons, default=1)], axis=1)
    first = scaled[np.arange(len(scaled)), np.argmin(np.isnan(scaled), axis=1)]
    return np.where(np.isnan(level), first, level), np.concatenate(parts, axis=1)


def _blocks(values: Values, season: int) -> Float[np.ndarray, "N C m"]:
    """Whole seasons; of a series shorter than one, what there is of it."""
    count = max(1, values.shape[1] // season)
    table = np.full((len(values), count * season), np.nan)
    kept = values[:, : count * season]
    table[:, : kept.shape[1]] = kept
    return table.reshape(len(values), count, season)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Of the observed ones; not a number where there is none."""
    observed = ~np.isnan(values)
    count = observed.sum(axis=axis)
    total = np.where(observed, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _best(
    logits: Float[np.ndarray, "C N n+1"],
    scaled: Values,
    seasons: tuple[int, ...],
    form: Form,
    beginning: tuple[np.ndarray, np.ndarray],
    distances: Int[np.ndarray, "K"],
) -> Float[np.ndarray, "N n+1"]:
    """Of C candidates for each series, the one with the least absolute error."""
    count, series = logits.shape[:2]
    size = max(1, _ENTRIES // max(1, scaled.size))
    errors = []
    for start in range(0, count, size):
        part = logits[start : start + size].reshape(-1, logits.shape[2])
        copies = len(part) // series
        rates = 1 / (1 + np.exp(-part))
        first = (np.concatenate([array] * copies) for array in beginning)
        values = np.concatenate([scaled] * copies)
        coefficients = Coefficients(rates[:, 0], rates[:, 1:], *first)
        levels = forward(form, seasons, coefficients, values)
        found = _errors(form, seasons, coefficients.first_level, levels, values, distances)
        errors.append(found.reshape(copies, series))
    return logits[np.concatenate(errors).argmin(axis=0), np.arange(series)]


def _errors(
    form: Form,
    seasons: tuple[int, ...],
    first_level: np.ndarray,
    levels: Levels,
    values: Values,
    distances: Int[np.ndarray, "K"],
) -> Float[np.ndarray, "N"]:
    """The mean absolute error of the smoothing's forecasts, of all distances that fit."""
    origins = np.concatenate([first_level[:, None], levels.levels], axis=1)
    steps = values.shape[1]
    errors = []
    for distance in distances[distances <= steps]:
        targets = np.arange(distance - 1, steps)
        expected = origins[:, targets - distance + 1]
        for season, s in zip(seasons, levels.seasonals, strict=True):
            known = s[:, targets - (distance - 1) // season * season]
            expected = expected * known if form == "multiplicative" else expected + known
        errors.append(np.abs(values[:, targets] - expected))
    return np.nan_to_num(_mean(np.concatenate(errors, axis=1), axis=1))


def _logit(rates: np.ndarray) -> np.ndarray:
    return np.log(rates / (1 - rates))
