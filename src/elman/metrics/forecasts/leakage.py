"""Does a forecast know what it should not? Checks of rows seen, windows and covariates.

Each check gives alarms, plain data: {"kind", "sentence", "numbers"}. None is an empty list.
An alarm says what was found; whether it is a leak is for the reader to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.errors import ShapeError

__all__ = [
    "Alarm",
    "chosen_alarms",
    "covariate_alarms",
    "leaking",
    "overlap_alarms",
    "scaler_alarms",
]

Alarm = dict[str, Any]

OWN_PAST = 26  # the target's own changes that a covariate must add to
FEWEST_ROWS = 50
LAGS_TRIED = 4  # the likeliest ones, of those with
LEAST_CORRELATION = 0.1  # to what the target's past leaves open
ROWS_CHECKED = 4_000  # of a series, the newest
SERIES_CHECKED = 20  # the longest ones

# A covariate alarms if it explains this share of what the target's own past leaves open. One
# known ahead may honestly explain nearly all of its own time; none should half of a later one,
# which a copy does that is noisy, rounded, or only tells the direction.
LATER = 0.5
SAME_TIME = 0.99
SAME_DIRECTION = 0.99  # of the changes, for a copy by a curve rather than a line
FORESEEN_DIRECTION = 0.9  # a target whose past says as much leaves nothing to leak
NOTHING_LEFT = 1e-6  # variance left open, relative: the target is a function of its past


def scaler_alarms(
    scaler_end: Int[np.ndarray, " N"], train_end: Int[np.ndarray, " N"], names: Sequence[str]
) -> list[Alarm]:
    """An alarm if the scaler saw rows after the training part.

    Args:
        scaler_end: For each of N series, one past the last row that the scaler was fitted on.
        train_end: One past the last row of the training part.
        names: The N series.
    """
    return _seen(
        np.asarray(scaler_end) - np.asarray(train_end),
        names,
        "scaler",
        "The scaler was fitted on rows after the training part",
    )


def overlap_alarms(
    train_end: Int[np.ndarray, " N"], test_start: Int[np.ndarray, " N"], names: Sequence[str]
) -> list[Alarm]:
    """An alarm if values that are forecast here were targets in training.

    Args:
        train_end: For each of N series, one past the last row that was a target in training.
        test_start: The first row that is a target here; a large number where there is none.
        names: The N series.
    """
    return _seen(
        np.asarray(train_end) - np.asarray(test_start),
        names,
        "overlap",
        "Targets of the training windows are forecast here",
    )


def chosen_alarms(
    chosen_end: Int[np.ndarray, " N"], test_start: Int[np.ndarray, " N"], names: Sequence[str]
) -> list[Alarm]:
    """An alarm if values that are forecast here chose the epoch or calibrated the intervals.

    Args:
        chosen_end: For each of N series, one past the last row of the validation part.
        test_start: The first row that is a target here; a large number where there is none.
        names: The N series.
    """
    return _seen(
        np.asarray(chosen_end) - np.asarray(test_start),
        names,
        "overlap",
        "Steps that chose the epoch and calibrated the intervals are forecast here",
    )


def _seen(excess: np.ndarray, names: Sequence[str], kind: str, sentence: str) -> list[Alarm]:
    found = np.flatnonzero(excess > 0)
    if not len(found):
        return []
    worst = int(np.argmax(excess))
    rows = int(excess[found].sum())
    return [
        {
            "kind": kind,
            "sentence": f"{sentence}: {rows:,} rows of {len(found):,} series, most in"
            f" {names[worst]!r} ({int(excess[worst]):,}).",
            "numbers": {"rows": rows, "series": len(found), "worst": names[worst]},
        }
    ]


def covariate_alarms(
    target: Float[np.ndarray, "R K"],
    covariates: Float[np.ndarray, "R C"],
    offsets: Int[np.ndarray, " N+1"],
    *,
    targets: Sequence[str],
    names: Sequence[str],
    horizon: int,
    known_ahead: bool,
) -> list[Alarm]:
    """`leaking` for many series one after the other: an alarm for each covariate and target.

    Looks at the 20 longest series and keeps the strongest alarm, with the number of series
    that gave one.

    Args:
        target: `[R, K]`, NaN where missing.
        covariates: `[R, C]`, NaN where missing.
        offsets: `[N+1]`: the rows of series n are offsets[n]…offsets[n+1]-1.
        targets: The K names.
        names: The C names.
        horizon: Steps ahead.
        known_ahead: Whether the covariates are known for the steps ahead.
    """
    longest = np.argsort(-np.diff(offsets), kind="stable")[:SERIES_CHECKED]
    found: dict[tuple[str, str], list[Alarm]] = {}
    for row in longest:
        rows = slice(offsets[row], offsets[row + 1])
        for column, name in enumerate(targets):
            alarms = leaking(target[rows, column], covariates[rows], names, horizon, known_ahead)
            for alarm in alarms:
                found.setdefault((name, alarm["numbers"]["covariate"]), []).append(alarm)
    strongest = []
    for (name, _), alarms in found.items():
        alarm = max(alarms, key=lambda alarm: alarm["numbers"]["share"])
        counts = {"target": name, "series": len(alarms), "series_checked": len(longest)}
        strongest.append({**alarm, "numbers": {**alarm["numbers"], **counts}})
    return strongest


def leaking(
    target: Float[np.ndarray, " T"],
    covariates: Float[np.ndarray, "T C"],
    names: Sequence[str],
    horizon: int,
    known_ahead: bool,
) -> list[Alarm]:
    """Covariates of one series that know a later target, or are a copy of it.

    All is asked of changes from step to step, because two series that merely rise alike say
    nothing of each other. The target's change is first forecast, by least squares, from its own
    26 changes before (fewer in a short series). What that leaves open nobody could know who
    knows the target's past. Then, for each shift k, the covariate's change k steps before is
    asked how much of the rest it explains: the squared partial correlation. Alarms are given at
    0.5 for values known before the target's (k = 1…horizon + 26: what knows the target from
    beyond the horizon is read, too, some steps before the end of a window), and at 0.99 for
    covariates known ahead at their own time or later (k ≤ 0, down to 1 - horizon). For the former
    the covariate itself is asked as well as its change, and the same of the squares of what the
    target differs from its mean: so noisy and rounded copies are found, and such of its squares,
    its size and the direction in which it goes.
    Where a line does not fit, the signs are asked: a copy by any rising or falling curve
    changes in the same or in the opposite direction in at least 99 % of the steps.

    A target that its own past determines, such as a plain sine, leaves nothing open, and gives
    no alarm; neither do series with less than 50 usable steps. Of a longer series than 4,000
    steps the newest are looked at.

    Args:
        target: `[T]`, NaN where missing.
        covariates: `[T, C]`, NaN where missing.
        names: The C names.
        horizon: Steps ahead, at least 1.
        known_ahead: Whether the covariates are known for the steps ahead.

    Returns:
        Alarms of the kinds "future covariate" and "copy of the target"; numbers: "covariate",
        "lag" (steps that the covariate is ahead of the target), "share" (explained, or of
        signs), "rows".

    >>> load = np.random.default_rng(0).normal(size=300).cumsum()
    >>> leak = np.append(load[2:], [0, 0])[:, None]
    >>> [alarm["numbers"]["lag"] for alarm in leaking(load, leak, ["leak"], 5, False)]
    [2]
    """
    if covariates.ndim != 2 or covariates.shape != (len(target), len(names)):
        raise ShapeError(
            "covariates", f"shape {covariates.shape}", f"({len(target)}, {len(names)})"
        )
    values = np.asarray(target[-ROWS_CHECKED:], dtype=np.float64)
    lags = np.arange(1 - horizon if known_ahead else 1, horizon + OWN_PAST + 1)
    alarms = _of_target(values, covariates, names, lags, known_ahead)
    told = {alarm["numbers"]["covariate"] for alarm in alarms}
    if np.isnan(values).all():
        return alarms
    squares = (values - np.nanmean(values)) ** 2
    rest = [column for column, name in enumerate(names) if name not in told]
    if rest:
        others = [names[column] for column in rest]
        alarms += _of_target(squares, covariates[:, rest], others, lags[lags > 0], known_ahead)
    return alarms


def _of_target(
    values: np.ndarray,
    covariates: np.ndarray,
    names: Sequence[str],
    lags: np.ndarray,
    known_ahead: bool,
) -> list[Alarm]:
    """Alarms for a target, or for its squares."""
    change = np.diff(values)
    past = _own_past(change)
    usable = ~np.isnan(past).any(axis=1) & ~np.isnan(change)
    if usable.sum() < FEWEST_ROWS:
        return []
    weight = np.linalg.lstsq(past[usable], change[usable], rcond=None)[0]
    foreseen = past @ weight
    rest = np.where(usable, change - foreseen, np.nan)
    if np.nanvar(rest) <= NOTHING_LEFT * np.var(change[usable]):
        return []
    told = float(np.mean(np.sign(foreseen[usable]) == np.sign(change[usable])))
    alarms = []
    for column, name in enumerate(names):
        own = np.asarray(covariates[-ROWS_CHECKED:, column], np.float64)
        signs = told < FORESEEN_DIRECTION
        found = _strongest(change, past, rest, np.diff(own), lags, signs)
        found = found or _strongest(change, past, rest, own[1:], lags[lags > 0], False)
        if found:
            alarms.append(_alarm(name, *found, known_ahead))
    return alarms


def _own_past(change: np.ndarray) -> np.ndarray:
    """A constant and the changes before each one, `[T, 1 + lags]`; NaN where not known."""
    count = max(1, min(OWN_PAST, len(change) // 8))
    columns = [np.ones(len(change))]
    columns += [_shifted(change, lag) for lag in range(1, count + 1)]
    return np.stack(columns, axis=1)


def _shifted(values: np.ndarray, lag: int) -> np.ndarray:
    """At each step the value `lag` steps before it, NaN where that is outside."""
    result = np.full(len(values), np.nan)
    if abs(lag) < len(values):
        if lag >= 0:
            result[lag:] = values[: len(values) - lag]
        else:
            result[:lag] = values[-lag:]
    return result


def _strongest(
    change: np.ndarray,
    past: np.ndarray,
    rest: np.ndarray,
    of_covariate: np.ndarray,
    lags: np.ndarray,
    signs: bool,
) -> tuple[int, float, int] | None:
    """Lag, share and rows of the shift that explains most, if it explains too much."""
    plain = np.array([_correlated(rest, _shifted(of_covariate, lag)) for lag in lags])
    likeliest = np.argsort(-plain, kind="stable")[:LAGS_TRIED]
    best: tuple[int, float, int] | None = None
    for lag in lags[likeliest[plain[likeliest] > LEAST_CORRELATION]]:
        shifted = _shifted(of_covariate, int(lag))
        known = ~np.isnan(rest) & ~np.isnan(shifted)
        if known.sum() < FEWEST_ROWS:
            continue
        limit = LATER if lag > 0 else SAME_TIME
        share = _explained(rest[known], shifted[known], past[known])
        if share < limit and signs:
            agree = np.sign(shifted[known]) * np.sign(change[known])
            agree = agree[change[known] != 0]
            share = abs(float(agree.mean())) if len(agree) >= FEWEST_ROWS else 0.0
            limit = 2 * SAME_DIRECTION - 1  # as many in the same minus in the other direction
        if share >= limit and (best is None or share > best[1]):
            best = int(lag), share, int(known.sum())
    return best


def _correlated(a: np.ndarray, b: np.ndarray) -> float:
    known = ~np.isnan(a) & ~np.isnan(b)
    if known.sum() < FEWEST_ROWS:
        return 0.0
    a, b = a[known] - a[known].mean(), b[known] - b[known].mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(abs(a @ b) / size) if size > 0 else 0.0


def _explained(rest: np.ndarray, covariate: np.ndarray, past: np.ndarray) -> float:
    """The squared partial correlation with a covariate, given the target's own past."""
    fitted = past @ np.linalg.lstsq(past, covariate, rcond=None)[0]
    own = covariate - fitted
    rest = rest - past @ np.linalg.lstsq(past, rest, rcond=None)[0]
    if np.var(own) <= NOTHING_LEFT * np.var(covariate):  # it is a function of the target's past
        return 0.0
    return _correlated(rest, own) ** 2


def _alarm(name: str, lag: int, share: float, rows: int, known_ahead: bool) -> Alarm:
    numbers = {"covariate": name, "lag": lag, "share": share, "rows": rows}
    if lag > 0:
        steps = "1 step" if lag == 1 else f"{lag} steps"
        sentence = f"The covariate {name!r} knows the target {steps} later"
        kind = "future covariate"
    else:
        when = "of the same time" if lag == 0 else f"of {-lag} steps before, still ahead"
        sentence = f"The covariate {name!r}, known ahead, is a copy of the target {when}"
        kind = "copy of the target"
    sentence += f" (agreement {share:.3f} over {rows:,} steps): how is it known in time?"
    return {"kind": kind, "sentence": sentence, "numbers": numbers}
