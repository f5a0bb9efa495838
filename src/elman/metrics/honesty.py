"""The honesty report: what a forecast is worth, as plain data.

Skill against every baseline with the evidence for it, whether the forecast is only
persistence, whether something leaked, what the intervals cover, and where the errors are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.errors import ArgumentError, ShapeError
from elman.metrics.forecasts import (
    BETTER,
    MIXED,
    UNDECIDED,
    Alarm,
    Skill,
    compare,
    coverage,
    crps_quantiles,
    mase,
    persistence,
    quantile_loss,
    rmsse,
    smape,
)
from elman.metrics.scores import mae, rmse
from elman.printable import many

__all__ = ["report", "sentences"]

WORST_NAMED = 3
SHORT = 0.5  # of what came, that forecasts add up to: below it is a warning
FEW = 10  # forecasts, with fewer of which what an interval covers may be chance
FAR_OFF = 0.1  # of what an interval promises: from here on it is a warning
TIMES = ("", "", "twice", "three times", "four times", "five times")


def report(
    actual: Float[np.ndarray, "W H K"],
    forecast: Float[np.ndarray, "W H K"],
    *,
    baselines: Mapping[str, Float[np.ndarray, "W H K"]],
    last: Float[np.ndarray, "W K"],
    series: Int[np.ndarray, " W"],
    origins: Int[np.ndarray, " W"],
    names: Sequence[str],
    targets: Sequence[str],
    season: int,
    scale: Float[np.ndarray, "N K"],
    root_scale: Float[np.ndarray, "N K"],
    quantiles: Float[np.ndarray, "W H K Q"] | None = None,
    levels: Sequence[float] = (),
    leakage: Mapping[str, Sequence[Alarm]] | None = None,
    past: Float[np.ndarray, "J N"] | None = None,
) -> dict[str, Any]:
    """The report on W forecasts, ready for JSON: a number that cannot be told is None.

    Args:
        actual: What happened, in the target's unit, NaN where missing: left out everywhere.
        forecast: What was forecast; no NaN.
        baselines: Their forecasts, in the order to be shown. Where one has no answer (NaN) the
            value is left out of that comparison.
        last: The last observed value before each window's targets; NaN where there is none.
        series: Which of the N series a window is of.
        origins: The step at which the forecast was made, on a grid that all series share.
        names: The N series.
        targets: The K targets.
        season: Steps in a season, as used for the scales.
        scale: `forecasts.seasonal_scale` of each series' history; where it is 0 or NaN, the
            series has no mase and is left out of it.
        root_scale: The same with `squared=True`, for rmsse.
        quantiles: The forecast's quantiles, if it has any.
        levels: Their Q levels, increasing.
        leakage: For each check that was made its alarms (`metrics.leakage`).
        past: Errors of some forecast of each series at earlier times, which tell whether the
            series move together (`forecasts.skill.paired_test`).

    Returns:
        * "windows", "horizon", "season", "values" (compared), "missing" (not observed),
          "series", "targets" (names);
        * "metrics": mae, rmse, mase, bias (the mean of forecast less actual), smape, rmsse, and
          from quantiles quantile_loss, crps;
        * "unscaled": windows times targets left out of mase and rmsse;
        * "measure": "mase" where several series or targets are pooled, so that large numbers
          do not drown small ones, else "mae": the error that skill and order are told by;
        * "coverage": for each pair of levels q and 1 - q, widest first: promised, found, low,
          high, width;
        * "skill": for each baseline mae, rmse, mase, bias, skill (share of its error that is
          saved), outcome, beaten (whether that is "better"), p, units, over, why
          (`metrics.forecasts.skill`), values;
        * "verdict": a sentence for each baseline, and one for each interval that covers far from
          what it promises;
        * "persistence": `metrics.persistence`;
        * "leakage": all alarms; "checked": the names of the checks;
        * "by_step": mae and mase for each step, and for each baseline;
        * "by_series": series, windows, mae, mase, worst first.

    Raises:
        ShapeError: Shapes do not fit each other.
        ArgumentError: The forecast holds NaN or infinity, or nothing was observed.
    """
    errors = _Errors.of(actual, forecast, series, origins, scale, root_scale, len(targets), past)
    skill = {name: _against(errors, values) for name, values in baselines.items()}
    against_last = errors.skill(np.broadcast_to(last[:, None, :], errors.actual.shape))
    unit = errors.unit[:, None, :]
    lagging = persistence(
        errors.actual / unit,
        errors.forecast / unit,
        last / errors.unit,
        series=series,
        against_last=against_last,
    )
    alarms = leakage or {}
    told: dict[str, Any] = {
        "windows": len(errors.actual),
        "horizon": errors.actual.shape[1],
        "season": season,
        "values": int(errors.known.sum()),
        "missing": int((~errors.known).sum()),
        "series": [names[index] for index in np.unique(series)],
        "targets": list(targets),
        "metrics": {
            **errors.metrics(errors.forecast),
            "smape": smape(errors.actual, errors.forecast),
            "rmsse": rmsse(_rows(errors.actual), _rows(errors.forecast), errors.root_scale.ravel()),
        },
        "unscaled": int((~(errors.scale > 0)).sum()),
        "measure": errors.measure,
        "coverage": [],
        "skill": skill,
        "verdict": [_verdict(name, found, errors.nothing) for name, found in skill.items()],
        "persistence": lagging,
        "leakage": [alarm for found in alarms.values() for alarm in found],
        "checked": list(alarms),
        "by_step": {
            **errors.by_step(errors.forecast),
            "baselines": {name: errors.by_step(values) for name, values in baselines.items()},
        },
        "by_series": errors.by_series(names),
    }
    if quantiles is not None:
        told["metrics"]["quantile_loss"] = quantile_loss(errors.actual, quantiles, levels)
        told["metrics"]["crps"] = crps_quantiles(errors.actual, quantiles, levels)
        told["coverage"] = _coverage(errors.actual, quantiles, levels)
        far_off = filter(_is_far_off, told["coverage"])
        told["verdict"] += [_far_off(one, told["windows"]) for one in far_off]
    told["verdict"] += _about_sums(errors)
    return _plain(told)


@dataclass(frozen=True, eq=False)
class _Errors:
    """What happened, what was forecast, and by what to divide: all that scores are made of.

    Attributes:
        actual: `[W, H, K]`, NaN where missing.
        forecast: `[W, H, K]`.
        known: Where `actual` was observed.
        series: `[W]`.
        origins: `[W]`.
        scale: mase's scale for each window, `[W, K]`.
        root_scale: rmsse's.
        unit: What errors are divided by where they are pooled, `[W, K]`: `scale`, or 1.
        measure: "mase" or "mae", by `unit`.
        past: As of `report`.
    """

    actual: np.ndarray
    forecast: np.ndarray
    known: np.ndarray
    series: np.ndarray
    origins: np.ndarray
    scale: np.ndarray
    root_scale: np.ndarray
    unit: np.ndarray
    measure: str
    past: np.ndarray | None

    @classmethod
    def of(
        cls,
        actual: np.ndarray,
        forecast: np.ndarray,
        series: np.ndarray,
        origins: np.ndarray,
        scale: np.ndarray,
        root_scale: np.ndarray,
        targets: int,
        past: np.ndarray | None,
    ) -> _Errors:
        actual, forecast = np.asarray(actual, np.float64), np.asarray(forecast, np.float64)
        if actual.ndim != 3 or forecast.shape != actual.shape or actual.shape[2] != targets:
            raise ShapeError(
                "forecast",
                f"shape {forecast.shape} beside actual {actual.shape} and {targets} targets",
                "pass two arrays [W, H, K]",
            )
        known = ~np.isnan(actual)
        if not known.any():
            raise ArgumentError("actual", "no value was observed", "pass at least one")
        if not np.isfinite(forecast).all():
            raise ArgumentError("forecast", "found NaN or infinity", "a number for every step")
        scale, root_scale = (np.asarray(s, np.float64)[series] for s in (scale, root_scale))
        usable = scale > 0
        pooled = (len(np.unique(series)) > 1 or targets > 1) and usable.any()
        unit = np.where(usable, scale, np.nan) if pooled else np.ones_like(scale)
        measure = "mase" if pooled else "mae"
        return cls(actual, forecast, known, series, origins, scale, root_scale, unit, measure, past)

    def metrics(self, forecast: np.ndarray) -> dict[str, float]:
        """mae, rmse, mase and bias where both it and the actual value are numbers."""
        known = self.known & ~np.isnan(forecast)
        if not known.any():
            return dict.fromkeys(("mae", "rmse", "mase", "bias"), math.nan)
        actual, found = self.actual[known], forecast[known]
        rows = _rows(self.actual), _rows(forecast)
        return {
            "mae": mae(actual, found),
            "rmse": rmse(actual, found),
            "mase": mase(*rows, self.scale.ravel()),
            "bias": float((found - actual).mean()),
        }

    def skill(self, baseline: np.ndarray) -> Skill:
        """Against another forecast, where that has an answer.

        This one is better only if its squared error is smaller, too: a forecast that saves a
        little of most errors and pays for it where they are large is no better.
        """
        if np.shape(baseline) != self.actual.shape:
            raise ShapeError("baselines", f"shape {np.shape(baseline)}", f"{self.actual.shape}")
        unit = self.unit[:, None, :]
        theirs = np.abs(self.actual - baseline) / unit
        ours = np.abs(self.actual - self.forecast) / unit
        answered = ~np.isnan(theirs)
        squared = np.nansum(np.where(answered, ours, 0) ** 2) - np.nansum(theirs**2)
        empty = ~answered.any(axis=(1, 2))
        ours, theirs = (np.where(answered, loss, 0).sum(axis=(1, 2)) for loss in (ours, theirs))
        found = compare(
            np.where(empty, np.nan, ours),
            np.where(empty, np.nan, theirs),
            series=self.series,
            origins=self.origins,
            horizon=self.actual.shape[1],
            past=self.past,
        )
        if found.outcome == BETTER and (squared > 0 or self.nothing):
            return found._replace(outcome=MIXED)
        return found

    @property
    def sums(self) -> tuple[float, float]:
        """What was forecast in all, and what came, of values that are never negative; else 0, 0."""
        actual, forecast = self.actual[self.known], self.forecast[self.known]
        if actual.min() < 0:
            return 0.0, 0.0
        return float(forecast.sum()), float(actual.sum())

    @property
    def nothing(self) -> bool:
        """Whether hardly anything is forecast of what is mostly 0: then errors say little."""
        forecast, actual = self.sums
        mostly = bool(np.median(self.actual[self.known]) == 0)
        return actual > 0 and mostly and forecast < SHORT * actual

    def by_step(self, forecast: np.ndarray) -> dict[str, list[float]]:
        """The error at each of the H steps."""
        error = np.abs(self.actual - forecast)
        scale = np.where(self.scale > 0, self.scale, np.nan)[:, None, :]
        return {
            "mae": _mean(error, (0, 2)).tolist(),
            "mase": _mean(error / scale, (0, 2)).tolist(),
        }

    def by_series(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The error of each series that occurs, worst first."""
        error = np.abs(self.actual - self.forecast)
        scaled = error / np.where(self.scale > 0, self.scale, np.nan)[:, None, :]
        order = np.argsort(self.series, kind="stable")
        found, starts = np.unique(self.series[order], return_index=True)
        rows = [
            {
                "series": names[index],
                "windows": len(windows),
                "mae": float(_mean(error[windows], (0, 1, 2))),
                "mase": float(_mean(scaled[windows], (0, 1, 2))),
            }
            for index, windows in zip(found, np.split(order, starts[1:]), strict=True)
        ]
        return sorted(rows, key=lambda row: np.nan_to_num(row[self.measure], nan=-1), reverse=True)


def sentences(told: Mapping[str, Any]) -> list[str]:
    """What the report says, a sentence each: the verdict first, then what to be wary of."""
    lines = [*told["verdict"], told["persistence"]["sentence"]]
    near = (one for one in told["coverage"] if not _is_far_off(one))
    lines += [_covers(one, told["windows"]) for one in near]
    lines += [f"Leak? {alarm['sentence']}" for alarm in told["leakage"]]
    if told["checked"] and not told["leakage"]:
        checks = ", ".join(told["checked"])
        lines.append(f"No leak was found by what was tested, which is not everything: {checks}.")
    if told["missing"]:
        lines.append(f"{told['missing']:,} values were not observed and are left out.")
    if told["unscaled"]:
        windows = f"{many(told['unscaled'], 'window')} {'is' if told['unscaled'] == 1 else 'are'}"
        lines.append(f"{windows} left out of mase and rmsse: the history does not vary.")
    ranked = [row for row in told["by_series"] if row[told["measure"]] is not None]
    if len(ranked) > 1:
        measure = told["measure"]
        worst = [f"{row['series']} ({row[measure]:.3g})" for row in ranked[:WORST_NAMED]]
        lines.append(f"Worst of {len(ranked):,} series by {measure}: {', '.join(worst)}.")
    return lines


def _against(errors: _Errors, baseline: np.ndarray) -> dict[str, Any]:
    skill = errors.skill(baseline)
    return {
        **errors.metrics(baseline),
        "skill": skill.skill,
        "outcome": skill.outcome,
        "beaten": skill.outcome == BETTER,
        "p": skill.evidence.p,
        "units": skill.evidence.units,
        "over": skill.evidence.over,
        "why": skill.evidence.why,
        "values": int((errors.known & ~np.isnan(baseline)).sum()),
    }


def _verdict(name: str, found: Mapping[str, Any], nothing: bool) -> str:
    if not found["values"]:
        return f"No answer of {name} to compare with."
    error = compared(found["skill"])
    if found["p"] is None:
        return f"Undecided against {name}: {error}, but {found['why']}: that is no evidence."
    p = f"p {found['p']:.2g}" if found["p"] >= 0.001 else "p < 0.001"
    evidence = f"({p} over {found['units']} {found['over']})"
    if found["beaten"]:
        return f"Better than {name}: {error} {evidence}."
    if found["outcome"] == MIXED:
        but = "hardly anything is forecast" if nothing else "more squared error"
        return f"Mixed against {name}: {error}, but {but} {evidence}."
    if found["outcome"] == UNDECIDED:
        return f"Undecided against {name}: {error}, which may be chance {evidence}."
    return f"Worse than {name}: {error} {evidence}."


def compared(skill: float | None) -> str:
    """A skill in words.

    >>> [compared(skill) for skill in (0.321, -0.2, -2.01, -2.5, -30.0)]
    ['32.1 % less error', '20.0 % more error', 'three times the error', '3.5 times the error', \
'31 times the error']
    """
    if skill is None or not math.isfinite(skill):
        return "errors, where it has none"
    if skill > -0.75:
        return f"{100 * abs(skill):.1f} % {'less' if skill >= 0 else 'more'} error"
    times = 1 - skill
    near = round(times)
    if near < len(TIMES) and abs(times - near) < 0.05 * near:
        return f"{TIMES[near]} the error"
    return f"{times:.{0 if times >= 10 else 1}f} times the error"


def _about_sums(errors: _Errors) -> list[str]:
    """A warning where the forecasts add up to far less, or far more, than what came."""
    forecast, actual = errors.sums
    if not actual or SHORT < forecast / actual < 1 / SHORT:
        return []
    share = f"{100 * forecast / actual:.0f} %"
    line = f"Warning: The forecasts add up to {share} of what came."
    return [line + " Small errors mean little: most values are 0." if errors.nothing else line]


def _is_far_off(interval: Mapping[str, Any]) -> bool:
    found = interval["found"]
    return found is not None and not round(abs(found - interval["promised"]), 9) < FAR_OFF


def _far_off(interval: Mapping[str, Any], windows: int) -> str:
    """A warning of an interval that is not what it promises."""
    few = " So few forecasts tell little of that." if windows < FEW else ""
    if interval["found"] < interval["promised"]:
        line = f"Warning: {_covers(interval, windows, ' only')}"
        return f"{line} What comes will often lie outside.{few}"
    return f"Warning: {_covers(interval, windows)} It is wider than it needs to be.{few}"


def _covers(interval: Mapping[str, Any], windows: int, only: str = "") -> str:
    return (
        f"The {100 * interval['promised']:.0f} % interval covers{only}"
        f" {100 * interval['found']:.1f} % of what happened in {windows:,}"
        f" {'forecast' if windows == 1 else 'forecasts'}."
    )


def _coverage(
    actual: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]
) -> list[dict[str, float]]:
    """For each level below a half whose counterpart is there: the interval between the two."""
    found = []
    for low, level in enumerate(levels):
        high = np.flatnonzero(np.isclose(levels, 1 - level))
        if level >= 0.5 or not len(high):
            continue
        below, above = quantiles[..., low], quantiles[..., high[0]]
        width = np.where(np.isnan(actual), np.nan, above - below)
        found.append(
            {
                "promised": round(1 - 2 * level, 10),
                "found": coverage(actual, below, above),
                "low": float(level),
                "high": float(levels[high[0]]),
                "width": float(_mean(width, (0, 1, 2))),
            }
        )
    return found


def _mean(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Over the numbers along `axes`; NaN where there is none."""
    known = ~np.isnan(values)
    count = known.sum(axis=axes)
    total = np.where(known, values, 0).sum(axis=axes)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)


def _rows(values: np.ndarray) -> np.ndarray:
    """`[W, H, K]` as one row for each window and target, `[W·K, H]`."""
    return np.moveaxis(values, 1, 2).reshape(-1, values.shape[1])


def _plain(value: Any) -> Any:
    """The same for JSON, which has no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
