"""How a forecaster goes from series to a network's input and back, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any

from elman.data.panel import Columns
from elman.data.windows import Normalisation
from elman.errors import BundleError
from elman.transforms.series_scaler import Scaling

__all__ = ["STRATEGIES", "TRANSFORMS", "ForecastPlan"]

TRANSFORMS = ("none", "log")
STRATEGIES = ("recursive", "direct", "segments", "smoothing")
_WHOLE = ("input_steps", "horizon", "season", "segment")


@dataclass(frozen=True)
class ForecastPlan:
    """What a forecaster was told or found out when it was fitted.

    Attributes:
        strategy: `recursive` predicts the next step and reads its own answer; `direct` gives
            all steps of the horizon at once; `segments` reads and writes some steps at a time;
            `smoothing` reads what exponential smoothing leaves of the series.
        input_steps: L, how far it looks back.
        horizon: H, how far it looks ahead.
        season: Steps after which a year, week or day begins anew; 1: there is no season.
        seasons: Those that `smoothing` follows, the shortest first, each of at least 2 steps.
        segment: Steps of a segment (`segments` only, else 1).
        output: The head: what the network says of a value; see `elman.metrics.distributions`.
        levels: Of the quantiles that are given, increasing, in (0, 1).
        transform: What is done to each target value first: none, or log.
        scaling: How each series is scaled, once; see `SeriesScaler`.
        normalise: How each window is, too: none, last, mean or standard.
        traits: Whether it is told what each window is like; see `WindowReader`.
        flags: Whether the network is told which values are missing.
        calendar: Features of a step's time; see `elman.transforms.calendar`.
        identify: Whether it is told which series it reads.
        gaps: `drop` leaves out windows that cross a gap, `mask` reads missing steps as missing.
        short: What becomes of series shorter than a window: `error`, `drop` or `pad`.
        joint: Whether several targets are one series of several values.
        frequency: The series' own, as `Frequency.to_text` writes it.
        columns: The names of the columns.
    """

    strategy: str
    input_steps: int
    horizon: int
    season: int
    seasons: tuple[int, ...]
    segment: int
    output: str
    levels: tuple[float, ...]
    transform: str
    scaling: Scaling
    normalise: Normalisation
    traits: bool
    flags: bool
    calendar: tuple[str, ...]
    identify: bool
    gaps: str
    short: str
    joint: bool
    frequency: str
    columns: Columns

    @property
    def known(self) -> bool:
        """Whether anything is known of the steps ahead."""
        return bool(self.calendar or self.columns.future or self.columns.static or self.identify)

    @property
    def ahead(self) -> bool:
        """Whether the network reads the steps of the horizon, too: what is known of them."""
        return self.strategy in ("direct", "segments") and self.known

    @property
    def shift_known(self) -> bool:
        """Whether a step is read with what is known of the next one."""
        return self.strategy == "recursive"

    @property
    def targets(self) -> int:
        """K, values of a step."""
        return len(self.columns.target) if self.joint else 1

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ForecastPlan:
        """What `to_dict` gave.

        Raises:
            BundleError: A field is missing, unknown or of another type.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(data, Mapping) or set(data) != names:
            raise BundleError("forecast plan", f"fields {sorted(data)}", f"exactly {sorted(names)}")
        given = dict(data)
        for name in _WHOLE:
            if not isinstance(given[name], Integral) or given[name] < 1:
                raise BundleError(name, f"found {given[name]!r}", "a whole number of at least 1")
        levels = given["levels"]
        if not all(isinstance(p, Real) and math.isfinite(p) and 0 < p < 1 for p in levels):
            raise BundleError("levels", f"found {levels!r}", "numbers between 0 and 1")
        if given["strategy"] not in STRATEGIES:
            raise BundleError("strategy", f"found {given['strategy']!r}", f"one of {STRATEGIES}")
        seasons = given["seasons"]
        if not all(isinstance(steps, int) and steps > 1 for steps in seasons):
            raise BundleError("seasons", f"found {seasons!r}", "whole numbers of at least 2")
        given["seasons"] = tuple(map(int, seasons))
        given["levels"] = tuple(map(float, levels))
        given["calendar"] = tuple(given["calendar"])
        try:
            columns: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in data["columns"].items()
            }
            given["columns"] = Columns(**columns)
        except (AttributeError, TypeError) as error:
            raise BundleError("columns", str(error), "save the model again") from error
        return cls(**given)
