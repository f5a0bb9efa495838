"""What a forecaster answers: forecasts from the end of each series, or from many origins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from elman.data.series.panel import Panel
from elman.data.tables.timestamps import as_texts, local_times
from elman.errors import ArgumentError

__all__ = ["Backtest", "Forecast", "Written", "level_name"]


@dataclass(frozen=True)
class Written:
    """How a table of forecasts is written: as the series were.

    Attributes:
        series: The column of the series' names.
        time: That of the times.
        zone: In which times are told; None: as they stand.
        labelled: Whether each time has its offset, as those that were read had one.
    """

    series: str = "series"
    time: str = "time"
    zone: str | None = None
    labelled: bool = False

    @classmethod
    def like(cls, panel: Panel) -> Written:
        """As the table that a panel was read from."""
        columns = panel.columns
        names = columns.series or "series", columns.time or "time"
        return cls(*names, panel.zone, panel.labelled)

    def times(self, times: Shaped[np.ndarray, "N"]) -> Shaped[np.ndarray, "N"]:
        """Local times; with their offsets as texts."""
        if self.zone is None or times.dtype.kind != "M":
            return times
        return as_texts(times, self.zone) if self.labelled else local_times(times, self.zone)

    def names(self, taken: Sequence[str]) -> tuple[str, str]:
        """The columns of series and times; the usual ones where others would stand twice."""
        if self.series in taken or self.time in taken or self.series == self.time:
            return "series", "time"
        return self.series, self.time


@dataclass(frozen=True, eq=False)
class Forecast:
    """The next H steps of each of N series.

    Attributes:
        names: Of the series.
        times: `[N, H]`, when each step is: `datetime64[us]` (UTC where zones were given), or
            int64.
        targets: Names of the K values of a step.
        mean: `[N, H, K]` float64, the forecast itself, in the target's unit.
        levels: Of the quantiles, increasing.
        quantiles: `[N, H, K, Q]` float64.
        notes: What is to be known of it, each a sentence.
        written: How its table is written.
        skipped: Names of series that could not be forecast.
    """

    names: tuple[str, ...]
    times: Shaped[np.ndarray, "N H"]
    targets: tuple[str, ...]
    mean: Float[np.ndarray, "N H K"]
    levels: tuple[float, ...]
    quantiles: Float[np.ndarray, "N H K Q"]
    notes: tuple[str, ...] = ()
    written: Written = Written()
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def interval(self, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound `[N, H, K]` of the interval that holds this share, as 0.8.

        Raises:
            ArgumentError: The model has no such interval.
        """
        low, high = (_index(self.levels, (1 + side * share) / 2) for side in (-1, 1))
        if low is None or high is None:
            given = ", ".join(f"{level:g}" for level in self.levels) or "none"
            raise ArgumentError(
                "share", f"found {share:g}, and quantiles of {given}", "train with levels for it"
            )
        return self.quantiles[..., low], self.quantiles[..., high]

    def to_columns(self) -> dict[str, np.ndarray]:
        """A table in long form: one row a series and step.

        Columns: series and time, called as in the table that was read (else `series`, `time`);
        then the forecast (`forecast`, or each target's name where there are several) and its
        quantiles (`q0.1`, …; after a target's name and a blank). Times are local, as those read.
        """
        rows, steps = self.times.shape
        values = self._values()
        series, time = self.written.names([*values, "origin", "actual"])
        columns: dict[str, np.ndarray] = {
            series: np.repeat(np.array(self.names, dtype=object), steps),
            time: self.written.times(self.times.reshape(rows * steps)),
        }
        return columns | values

    def _values(self) -> dict[str, np.ndarray]:
        """The columns of numbers."""
        columns: dict[str, np.ndarray] = {}
        several = len(self.targets) > 1
        for k, target in enumerate(self.targets):
            columns[target if several else "forecast"] = self.mean[..., k].reshape(-1)
            for q, level in enumerate(self.levels):
                name = level_name(level)
                values = self.quantiles[..., k, q].reshape(-1)
                columns[f"{target} {name}" if several else name] = values
        return columns


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts from W origins in the past, beside what came.

    Attributes:
        names: Of the N series.
        series: `[W]`, the index of each origin's series.
        origins: `[W]`, time of the last step that was read.
        steps: `[W]` int64, that step's place on the series' grid.
        times: `[W, H]`, when each forecast step is.
        targets: Names of the K values of a step.
        mean: `[W, H, K]` float64.
        levels: Of the quantiles.
        quantiles: `[W, H, K, Q]` float64.
        actual: `[W, H, K]` float64, NaN where nothing was observed.
        compare: What makes the report.
        notes: What is to be known of it, each a sentence.
        written: How its table is written.
    """

    names: tuple[str, ...]
    series: Int[np.ndarray, "W"]
    origins: Shaped[np.ndarray, "W"]
    steps: Int[np.ndarray, "W"]
    times: Shaped[np.ndarray, "W H"]
    targets: tuple[str, ...]
    mean: Float[np.ndarray, "W H K"]
    levels: tuple[float, ...]
    quantiles: Float[np.ndarray, "W H K Q"]
    actual: Float[np.ndarray, "W H K"]
    compare: Callable[[], dict[str, Any]]
    notes: tuple[str, ...] = ()
    written: Written = Written()

    def __len__(self) -> int:
        return len(self.series)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the report itself, not the network that makes it."""
        return self.__dict__ | {"report": self.report, "compare": dict}

    @cached_property
    def report(self) -> dict[str, Any]:
        """Scores beside honest baselines, as `elman.metrics.honesty.report` gives them.

        Made when it is first asked for: comparing takes longer than forecasting.
        """
        return self.compare()

    def to_columns(self) -> dict[str, np.ndarray]:
        """A table in long form: one row an origin and step, as of `Forecast`.

        Two more columns: `origin`, and `actual` (or each target's name and " actual").
        """
        names = tuple(self.names[n] for n in self.series)
        said = self.mean, self.levels, self.quantiles
        forecast = Forecast(names, self.times, self.targets, *said, written=self.written)
        columns = forecast.to_columns()
        series = next(iter(columns))
        origins = self.written.times(np.repeat(self.origins, self.horizon))
        found = {series: columns.pop(series), "origin": origins}
        several = len(self.targets) > 1
        for k, target in enumerate(self.targets):
            columns[f"{target} actual" if several else "actual"] = self.actual[..., k].reshape(-1)
        return found | columns

    @property
    def horizon(self) -> int:
        """H."""
        return self.mean.shape[1]


def level_name(level: float) -> str:
    """What the column of a quantile is called: `q0.1`."""
    return f"q{level:g}"


def _index(levels: Sequence[float], level: float) -> int | None:
    near = [k for k, each in enumerate(levels) if abs(each - level) < 1e-9]
    return near[0] if near else None
