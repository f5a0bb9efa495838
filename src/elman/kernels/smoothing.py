"""Exponential smoothing of series side by side: levels and seasonals, forward and backward.

The recursions of Holt and Winters without a trend, with any number of seasonals, as Smyl 2020
(doi 10.1016/j.ijforecast.2019.03.017) puts them before a recurrent network. At step t, with the
seasonals s and the value y,

    multiplicative                            additive
    r = y / product of all s(t)               r = y - sum of all s(t)
    l(t) = a r + (1 - a) l(t-1)               l(t) = a r + (1 - a) l(t-1)
    s(t+m) = g (r / l(t)) s(t) + (1 - g) s(t)     s(t+m) = g (r - l(t) + s(t)) + (1 - g) s(t)

the last line for each seasonal with its own g and m; (r / l) s is y over the level and over the
other seasonals, r - l + s is y less all of them. A missing value changes nothing: the level
stays, and so does what the seasonals will be a season later.

>>> coefficients = Coefficients(*map(np.array, ([0.5], [[]], [4.0], [[]])))
>>> forward("multiplicative", (), coefficients, np.array([[8.0, np.nan, 2.0]])).levels
array([[6., 6., 4.]])
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError, DataError, ShapeError

__all__ = ["Coefficients", "Form", "Levels", "Tape", "backward", "forward"]

Form = Literal["multiplicative", "additive"]


class Coefficients(NamedTuple):
    """What the recursion of each series depends on; or a gradient by it.

    Attributes:
        level: a, in (0, 1).
        seasonal: g of each of n seasonals, in (0, 1).
        first_level: l(-1); positive where multiplicative.
        first_seasonals: s(0) … s(m-1) of each seasonal, one seasonal after the other; positive
            where multiplicative.
    """

    level: Float[np.ndarray, "B"]
    seasonal: Float[np.ndarray, "B n"]
    first_level: Float[np.ndarray, "B"]
    first_seasonals: Float[np.ndarray, "B S"]


class Tape(NamedTuple):
    """What `backward` needs, time first; r and l as in the equations.

    Attributes:
        form: Of the recursion.
        level: a at each step: 0 where the value is missing.
        seasonal: g of each seasonal at each step, likewise.
        bare: r.
        levels: From l(-1) on.
        surprise: How far r is from the new level: r / l - 1, or r - l.
        seasonals: s(0) … s(T+m-1) of each.
    """

    form: Form
    level: Float[np.ndarray, "T B"]
    seasonal: list[np.ndarray]
    bare: Float[np.ndarray, "T B"]
    levels: Float[np.ndarray, "T+1 B"]
    surprise: Float[np.ndarray, "T B"]
    seasonals: list[np.ndarray]


class Levels(NamedTuple):
    """Levels and seasonals of each series.

    Attributes:
        levels: l(t), after the value of step t was seen.
        seasonals: Of each seasonal s(0) … s(T+m-1), `[B, T + m]`; s(t) is known from step t - m on.
        tape: What `backward` needs.
    """

    levels: Float[np.ndarray, "B T"]
    seasonals: tuple[np.ndarray, ...]
    tape: Tape


def forward(
    form: Form,
    seasons: tuple[int, ...],
    coefficients: Coefficients,
    values: Float[np.ndarray, "B T"],
) -> Levels:
    """Smooth whole series.

    Args:
        form: "multiplicative" or "additive".
        seasons: m of each seasonal, in steps, ≥ 2; empty: only a level.
        coefficients: Of each series.
        values: y; not a number where missing, and past the end of a series shorter than T.

    Raises:
        ArgumentError: The form is unknown.
        ShapeError: The coefficients fit neither values nor seasons.
        DataError: A value is infinite, or not positive in multiplicative form.
    """
    _check(form, seasons, coefficients, values)
    tape = _start(form, seasons, coefficients, values)
    _, level, seasonal, bare, levels, surprise, seasonals = tape
    multiplicative = form == "multiplicative"
    for t, y in enumerate(np.where(np.isnan(values), 1, values).T):
        bare[t] = y
        for s in seasonals:
            bare[t] = bare[t] / s[t] if multiplicative else bare[t] - s[t]
        now = levels[t + 1] = level[t] * bare[t] + (1 - level[t]) * levels[t]
        surprise[t] = bare[t] / now - 1 if multiplicative else bare[t] - now
        for s, g, m in zip(seasonals, seasonal, seasons, strict=True):
            moved = g[t] * surprise[t]
            s[t + m] = s[t] * (1 + moved) if multiplicative else s[t] + moved
    return Levels(levels[1:].T, tuple(s.T for s in seasonals), tape)


def backward(
    tape: Tape, grad_levels: Float[np.ndarray, "B T"], grad_seasonals: tuple[np.ndarray, ...]
) -> Coefficients:
    """Gradients of a loss by the coefficients, from those by all levels and seasonals.

    Args:
        tape: Of `forward`; it can be used several times.
        grad_levels: By the levels.
        grad_seasonals: By each seasonal, `[B, T + m]`.
    """
    _, level, _, bare, levels, surprise, seasonals = tape
    by_bare, by_now, by_old, by_moved, by_seasonal = _derivatives(tape)
    steps = len(bare)
    seasons = [len(s) - steps for s in seasonals]
    d_seasonals = [gradient.T.copy() for gradient in grad_seasonals]
    d_levels = np.empty_like(levels)  # d_levels[t + 1] by l(t), whichever way it is used
    d_levels[steps] = 0
    for t in reversed(range(steps)):
        d_surprise = 0.0
        for d_s, moved, m in zip(d_seasonals, by_moved, seasons, strict=True):
            d_surprise = d_surprise + d_s[t + m] * moved[t]
        d_now = d_levels[t + 1] + grad_levels[:, t] + d_surprise * by_now[t]
        d_bare = d_surprise * by_bare[t] + d_now * level[t]
        d_levels[t + 1], d_levels[t] = d_now, d_now * (1 - level[t])
        for k, (d_s, m) in enumerate(zip(d_seasonals, seasons, strict=True)):
            d_s[t] += d_s[t + m] * by_old[k][t] + d_bare * by_seasonal[k][t]

    observed = level > 0
    d_level = np.sum(observed * d_levels[1:] * (bare - levels[:-1]), axis=0)
    d_seasonal = np.zeros((level.shape[1], len(seasons)), level.dtype)
    for k, (s, d_s, m) in enumerate(zip(seasonals, d_seasonals, seasons, strict=True)):
        factor = s[:steps] if tape.form == "multiplicative" else 1
        d_seasonal[:, k] = np.sum(observed * d_s[m:] * factor * surprise, axis=0)
    starts = [d_s[:m].T for d_s, m in zip(d_seasonals, seasons, strict=True)]
    none = np.zeros((level.shape[1], 0), level.dtype)
    return Coefficients(d_level, d_seasonal, d_levels[0], np.concatenate([none, *starts], axis=1))


def _start(
    form: Form, seasons: tuple[int, ...], coefficients: Coefficients, values: np.ndarray
) -> Tape:
    """A tape with room for all steps, and what is known before the first."""
    observed = ~np.isnan(values).T
    level, seasonal, first_level, first_seasonals = coefficients
    levels = np.concatenate([first_level[None], np.empty(observed.shape, values.dtype)])
    starts = np.split(first_seasonals.T, np.cumsum(seasons))[:-1] if seasons else []
    return Tape(
        form,
        np.where(observed, level, 0),
        [np.where(observed, g, 0) for g in seasonal.T],
        np.empty(observed.shape, values.dtype),
        levels,
        np.empty(observed.shape, values.dtype),
        [np.concatenate([s, np.empty(observed.shape, values.dtype)]) for s in starts],
    )


def _derivatives(tape: Tape) -> tuple[Any, ...]:
    """Of one step's equations, at all steps.

    Of the surprise by r and by l(t); of s(t+m) by s(t) and by the surprise; of r by s(t).
    """
    now, steps = tape.levels[1:], len(tape.bare)
    olds = [s[:steps] for s in tape.seasonals]
    if tape.form == "additive":
        one = np.ones_like(now)
        return one, -one, [one] * len(olds), tape.seasonal, [-one] * len(olds)
    return (
        1 / now,
        -tape.bare / now**2,
        [1 + g * tape.surprise for g in tape.seasonal],
        [g * s for g, s in zip(tape.seasonal, olds, strict=True)],
        [-tape.bare / s for s in olds],
    )


def _check(
    form: Form, seasons: tuple[int, ...], coefficients: Coefficients, values: np.ndarray
) -> None:
    if form not in get_args(Form):
        raise ArgumentError("form", f"found {form!r}", f"one of {', '.join(get_args(Form))}")
    batch = len(values)
    expected = (batch,), (batch, len(seasons)), (batch,), (batch, sum(seasons))
    for name, array, shape in zip(Coefficients._fields, coefficients, expected, strict=True):
        if array.shape != shape:
            raise ShapeError(name, f"found {list(array.shape)}", f"give {list(shape)}")
    wrong = np.isinf(values) | (values <= 0 if form == "multiplicative" else False)
    if wrong.any():
        row, step = np.argwhere(wrong)[0]
        wanted = "positive numbers, or the additive form" if form == "multiplicative" else "numbers"
        raise DataError(f"series {row}, step {step}", f"found {values[row, step]}", wanted)
