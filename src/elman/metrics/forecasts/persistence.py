"""Is a forecast only the last observed value, handed on?

Such a forecast looks good in a picture, where it is the curve shifted by a step, and knows
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.metrics.forecasts.skill import BETTER, Skill

__all__ = ["persistence"]

MOVED_LITTLE = 0.5  # of what the actual values move
LAGGED = 0.7  # correlation with the last value: half of what varies is its
ROUNDING = 1e-12  # relative; a constant's difference from its mean
BLIND = 0.3  # foresight below it: less than a tenth of the moves' square is foretold


def persistence(
    actual: Float[np.ndarray, "W H K"],
    forecast: Float[np.ndarray, "W H K"],
    last: Float[np.ndarray, "W K"],
    *,
    series: Int[np.ndarray, " W"],
    against_last: Skill,
) -> dict[str, Any]:
    """The lag-1 test: the verdict, its numbers and a sentence.

    Four numbers tell how the forecast stands to the last value and to what happens:

    * moved: mean |forecast - last| / mean |actual - last|;
    * foresight: the correlation (about 0) of forecast - last with actual - last;
    * lagged: the correlation of the forecast with the last value, about the mean of each
      series, target and step;
    * aligned: the same with the actual value.

    A forecast is persistence if it is not shown to be better than the last value
    (`against_last`) and either stays with it (moved below 0.5), or follows it blindly: lagged
    above 0.7 and above aligned, with a foresight below 0.3. The second finds a network that
    learned to hand on the last value and does it badly, too high, too low or blurred.

    Args:
        actual: `[W, H, K]`, NaN where missing; divided by the series' scale, so that series
            may be pooled.
        forecast: `[W, H, K]`, scaled alike.
        last: The last observed value before each window's targets, `[W, K]`, scaled alike; NaN
            where there is none.
        series: Which series a window is of, `[W]`.
        against_last: `skill.compare` with the last value.

    Returns:
        "persistence" (bool), the four numbers, NaN where they cannot be told, and "sentence".
    """
    behind = np.broadcast_to(last[:, None, :], actual.shape)
    known = ~np.isnan(actual) & ~np.isnan(behind)
    foretold, happened = (forecast - behind)[known], (actual - behind)[known]
    size = np.abs(happened).mean() if happened.size else 0.0
    ours, lagging, aligned = _about_means((forecast, behind, actual), known, series)
    numbers = {
        "moved": float(np.abs(foretold).mean() / size) if size > 0 else float("nan"),
        "foresight": _correlation(foretold, happened),
        "lagged": _correlation(ours, lagging),
        "aligned": _correlation(ours, aligned),
    }
    # where nothing can be told the numbers are NaN, and no comparison with NaN is true
    stays = numbers["moved"] < MOVED_LITTLE
    lags = numbers["lagged"] > max(LAGGED, numbers["aligned"])
    follows = stays or (lags and numbers["foresight"] < BLIND)
    beaten = against_last.outcome == BETTER
    verdict = follows and not beaten
    return {"persistence": verdict, **numbers, "sentence": _sentence(verdict, beaten, numbers)}


def _about_means(
    arrays: Sequence[Float[np.ndarray, "W H K"]],
    known: Bool[np.ndarray, "W H K"],
    series: Int[np.ndarray, " W"],
) -> list[Float[np.ndarray, " M"]]:
    """Each array's M known values, less the mean of their series, step and target."""
    order = np.argsort(series, kind="stable")
    _, starts, group = np.unique(series[order], return_index=True, return_inverse=True)
    known = known[order]
    counts = np.maximum(np.add.reduceat(known, starts, axis=0, dtype=np.int64), 1)
    found = []
    for values in arrays:
        values = np.where(known, values[order], 0)
        means = np.add.reduceat(values, starts, axis=0) / counts
        rest = (values - means[group])[known]
        found.append(np.where(np.abs(rest) > ROUNDING * np.abs(values[known]), rest, 0))
    return found


def _correlation(a: Float[np.ndarray, " M"], b: Float[np.ndarray, " M"]) -> float:
    """About 0; NaN where one of the two does not vary."""
    size = float(np.sqrt(a @ a) * np.sqrt(b @ b))
    return float(a @ b) / size if size > 0 else float("nan")


def _sentence(verdict: bool, beaten: bool, numbers: dict[str, float]) -> str:
    if np.isnan(numbers["moved"]):
        return "Whether this is persistence cannot be told: no change from a known last value."
    moved = (
        f"it moves {100 * numbers['moved']:.0f} % as far from the last value as what happens does"
    )
    if not np.isnan(numbers["foresight"]):
        moved += f", and its moves correlate {numbers['foresight']:.2f} with the actual ones"
    if verdict:
        return f"This is persistence: it follows the last value and is no better ({moved})."
    if beaten:
        return f"This is not persistence: it is better than the last value ({moved})."
    return (
        "This is not persistence, though it is not shown to be better than the last value "
        f"({moved})."
    )
