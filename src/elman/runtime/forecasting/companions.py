"""What travels with a forecasting network in its model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
from jaxtyping import Bool, Int

from elman.bundle import Bundle, check_widths, pack_strings, unpack_strings
from elman.data.series.panel import Panel
from elman.errors import BundleError, DataError
from elman.metrics.forecasts import LARGEST_INPUT, Exponential, Head, LinearForecast, make_head
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.travelling import below
from elman.transforms.series_scaler import SeriesScaler

__all__ = ["Companions", "Own"]


class Own(Protocol):
    """What travels with the networks of one strategy alone."""

    @classmethod
    def begun(cls, companions: Companions, panel: Panel, trained: Int[np.ndarray, "N"]) -> Self:
        """As training begins with it, made from the first `trained` rows of each series."""
        ...

    @classmethod
    def from_tensors(cls, plan: ForecastPlan, tensors: Mapping[str, np.ndarray]) -> Self:
        """What `tensors` gave; `BundleError` if it is damaged."""
        ...

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays for a model file."""
        ...

    def about(self) -> dict[str, Any]:
        """Facts for a training's result."""
        ...


@dataclass(frozen=True, eq=False)
class Companions:
    """What travels with a forecasting network.

    Attributes:
        plan: How windows are read and written.
        names: Of the series that it was trained on.
        categories: Of each text covariate.
        scaler: Of their targets.
        covariates: Of past, known-ahead and static covariates, in that order, the series' own
            static features among them; one scale for all series.
        calibration: Of the quantiles; None without held-out windows.
        linear: The linear map from the same windows; None if it was not asked for.
        exponential: The exponential smoothing of each series and target; likewise.
        share: Of what the network says, that is added to what its answers begin with: in [0, 1].
        own: What the strategy has besides; None with most.
    """

    plan: ForecastPlan
    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    scaler: SeriesScaler
    covariates: SeriesScaler
    calibration: Calibration | None = None
    linear: LinearForecast | None = None
    exponential: Exponential | None = None
    share: float = 1.0
    own: Own | None = None

    @property
    def head(self) -> Head:
        """What the network's outputs mean."""
        return make_head(self.plan.output, self.plan.levels if self.trains_levels else ())

    @property
    def trains_levels(self) -> bool:
        """Whether the levels are the network's own, rather than read off a distribution."""
        return self.plan.output == "quantiles"

    @property
    def levels(self) -> tuple[float, ...]:
        """Of the quantiles that can be given."""
        known = self.plan.output != "point" or self.calibration is not None
        return self.plan.levels if known else ()

    def transformed(self, panel: Panel) -> Panel:
        """The panel with its targets as they are scaled: in logs, if the plan says so.

        Raises:
            DataError: A value has no logarithm; or, where counts are forecast, is none.
        """
        counts = self.plan.output == "negative_binomial"
        if self.plan.transform == "none" and not counts:
            return panel
        wrong = self.unsuitable(panel)
        if wrong.any():
            row = int(np.argwhere(wrong)[0, 0])
            raise DataError(
                f"series {panel.owner(row)!r} at {panel.times[row]}",
                f"found {panel.target[wrong][0]:g}",
                "whole numbers of at least 0, or another output"
                if counts
                else "positive values, or transform='none'",
            )
        return panel if counts else replace(panel, target=np.log(panel.target))

    def unsuitable(self, panel: Panel) -> Bool[np.ndarray, "R K"]:
        """Values without a logarithm, or that are no counts, where such are needed."""
        if self.plan.output == "negative_binomial":
            return (panel.target < 0) | (panel.target % 1 > 0)
        if self.plan.transform == "log":
            return panel.target <= 0
        return np.zeros(panel.target.shape, bool)

    def restored(self, values: np.ndarray) -> np.ndarray:
        """Transformed values in the targets' own units."""
        return np.exp(values) if self.plan.transform == "log" else values

    def scaler_for(
        self, panel: Panel, known: Int[np.ndarray, "N"] | None = None
    ) -> tuple[SeriesScaler, tuple[str, ...]]:
        """The scale of each of a transformed panel's series, and the names of new ones.

        A series that was not trained on is scaled by its own history.

        Args:
            panel: The series.
            known: Of each, how many rows of history may be seen, ≥ 1; None: all.
        """
        place = {name: n for n, name in enumerate(self.names)}
        index = np.array([place.get(name, -1) for name in panel.names])
        new = tuple(name for name, n in zip(panel.names, index, strict=True) if n < 0)
        scaler = self.scaler.select(index)
        if new:
            past = panel.cut(panel.history if known is None else known)
            own = SeriesScaler.fit(past.target, past.offsets, self.scaler.kind)
            unknown = (index < 0)[:, None]
            scaler = SeriesScaler(
                scaler.kind,
                np.where(unknown, own.centre, scaler.centre),
                np.where(unknown, own.spread, scaler.spread),
            )
        return scaler, new

    def smoothing_for(self, panel: Panel) -> Exponential | None:
        """The exponential smoothing of each of a panel's series and targets.

        A series that was not trained on is smoothed as is usual among those that were.
        """
        if self.exponential is None:
            return None
        place = {name: n for n, name in enumerate(self.names)}
        targets = panel.target.shape[1]
        rows = np.array([place.get(name, -1) for name in panel.names])[:, None]
        own = np.where(rows < 0, -1, rows * targets + np.arange(targets))
        found = self.exponential.select(own.ravel())
        positive = np.minimum.reduceat(np.nan_to_num(panel.target, nan=1), panel.offsets[:-1]) > 0
        return replace(found, logs=found.logs & (positive.ravel() | (own.ravel() >= 0)))

    def identified(self, panel: Panel) -> Panel:
        """The panel with a static feature for each trained series, if the network wants them."""
        if not self.plan.identify:
            return panel
        mine = np.array(panel.names)[:, None] == np.array(self.names)
        return replace(panel, static=np.concatenate([panel.static, mine], axis=1))

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays for a model file."""
        groups: dict[str, Mapping[str, np.ndarray]] = {
            "names": pack_strings(self.names),
            "scaler": self.scaler.tensors(),
            "covariates": self.covariates.tensors(),
            "calibration": self.calibration.tensors() if self.calibration else {},
            "linear": self.linear.tensors() if self.linear else {},
            "exponential": self.exponential.tensors() if self.exponential else {},
            "share": {} if self.share == 1 else {"share": np.array([self.share])},
        }
        if self.own is not None:
            groups[self.plan.strategy] = self.own.tensors()
        return {
            f"{group}.{name}": array
            for group, arrays in groups.items()
            for name, array in arrays.items()
        }

    def settings(self) -> dict[str, Any]:
        """Plain data for a model file."""
        return {"plan": self.plan.to_dict(), "categories": dict(self.categories)}

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> Companions:
        """What `tensors` and `settings` gave; `BundleError` if it is damaged."""
        plan = ForecastPlan.from_dict(bundle.settings.get("plan", {}))
        names = tuple(unpack_strings(below(bundle, "names."), "names of the series"))
        check_widths(names, "names of the series")
        scaler = SeriesScaler.from_tensors(below(bundle, "scaler."))
        covariates = SeriesScaler.from_tensors(below(bundle, "covariates."))
        calibration, linear = below(bundle, "calibration."), below(bundle, "linear.")
        exponential = below(bundle, "exponential.")
        kind = plan.how.own
        found = cls(
            plan,
            names,
            _categories(bundle.settings.get("categories", {})),
            scaler,
            covariates,
            Calibration.from_tensors(calibration) if calibration else None,
            LinearForecast.from_tensors(linear) if linear else None,
            Exponential.from_tensors(exponential, len(names) * plan.targets)
            if exponential
            else None,
            _share(below(bundle, "share.")),
            kind.from_tensors(plan, below(bundle, f"{plan.strategy}.")) if kind else None,
        )
        found._check()
        return found

    @property
    def features(self) -> int:
        """D, of a step as the network reads it, before its strategy adds to that."""
        plan, columns = self.plan, self.plan.columns
        unknown = (plan.targets + len(columns.past)) * (1 + plan.flags)
        known = len(columns.future) + 2 * len(plan.calendar)
        return unknown + known + len(columns.static) + plan.identify * len(self.names)

    def _check(self) -> None:
        """`BundleError` where a part does not fit the plan."""
        plan, columns = self.plan, self.plan.columns
        covariates = sum(map(len, (columns.past, columns.future, columns.static)))
        covariates += len(self.names) * plan.identify
        numbers = plan.horizon * plan.targets
        shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
            "scaler": (self.scaler.centre.shape, (len(self.names), plan.targets)),
            "covariates": (self.covariates.centre.shape, (1, covariates)),
        }
        if self.calibration is not None:
            expected = (plan.horizon, plan.targets, len(plan.levels))
            shapes["calibration"] = (self.calibration.offsets.shape, expected)
        if self.linear is not None:
            read = min(plan.input_steps * plan.targets, LARGEST_INPUT)
            shapes["linear map"] = (self.linear.map.weight.shape, (numbers, read))
        for part, (found, expected) in shapes.items():
            if found != expected:
                raise BundleError(part, f"shape {found}", f"{expected}: save the model again")
        relative = self.calibration is not None and self.calibration.relative
        if relative and (not plan.floor or plan.transform != "none" or plan.how.whole_series):
            raise BundleError("calibration", "relative errors", "save the model again")
        if plan.linear and self.linear is None:
            raise BundleError("linear map", "it is missing", "save the model again")
        if plan.exponential and self.exponential is None:
            raise BundleError("exponential smoothing", "it is missing", "save the model again")
        if not self.names:
            raise BundleError("names of the series", "there are none", "save the model again")
        if self.scaler.kind != plan.scaling:
            raise BundleError("scaler", f"found {self.scaler.kind}", f"{plan.scaling}")


def _share(found: Mapping[str, np.ndarray]) -> float:
    """Of what the network says; `BundleError` if it is none."""
    if not found:
        return 1.0
    share = found.get("share", np.zeros(0))
    if share.shape != (1,) or share.dtype != np.float64 or not 0 <= share[0] <= 1:
        raise BundleError("share", "it is no number from 0 to 1", "save the model again")
    return float(share[0])


def _categories(found: Any) -> dict[str, tuple[str, ...]]:
    """Categories from a file's settings; `BundleError` if they are none."""
    if not isinstance(found, Mapping) or not all(
        isinstance(values, list | tuple) and all(isinstance(each, str) for each in values)
        for values in found.values()
    ):
        raise BundleError("categories", f"found {repr(found)[:80]}", "texts of each covariate")
    return {name: tuple(values) for name, values in found.items()}
