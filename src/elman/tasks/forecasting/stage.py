"""One training of a forecaster: scales, windows and network, up to a place in each series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int
from torch import nn

from elman.blueprint import Blueprint
from elman.data.series.panel import Panel
from elman.data.series.windows import WindowReader, Windows, cut
from elman.errors import DataError
from elman.metrics.forecasts import Exponential, LinearForecast, fit_linear_forecast
from elman.models import build, limit_memory
from elman.parameters import whole_number
from elman.runtime.forecasting import (
    Calibration,
    Companions,
    Forecasting,
    ForecastPlan,
    fit_covariates,
    learning_of,
    linear_inputs,
)
from elman.runtime.forecasting.bases import fit_to
from elman.runtime.forecasting.past import are_smaller, evidence
from elman.runtime.network import Network
from elman.tasks.fitting import Options, take_weights, train_module, weights_of
from elman.tasks.forecasting.settings import is_intermittent
from elman.tasks.head import check_same_network
from elman.training import ExampleSet, History, Measure
from elman.training.loop.likelihoods import ForecastLoss
from elman.transforms.series_scaler import SeriesScaler

__all__ = ["Learner", "Learning", "Stage", "Trained", "beginning", "some"]

_MOST = 50_000  # windows that linear map and calibration learn from, evenly chosen
_BATCH = 512
_JUDGED = 5_000  # windows by which the network's share is chosen
_SHARES = (1.0, 0.5, 0.0)
_FEW = 12  # independent forecasts: with fewer held out, earlier errors calibrate, too
_EARLIER = 0.3  # of what may be learnt from


class Learning(NamedTuple):
    """What a strategy's network learns, and by what.

    Attributes:
        module: What is trained: the network, and what is trained along.
        loss: What is made small.
        train: What is learnt.
        validation: What chooses the epoch; or None.
        learnt: From what travelled with the network to what does once the module is trained.
    """

    module: nn.Module
    loss: Measure
    train: ExampleSet
    validation: ExampleSet | None
    learnt: Callable[[Companions], Companions]


Learner = Callable[["Stage", nn.Module, ForecastLoss, int | None, bool, bool], Learning]
"""What a strategy learns by: of a stage, its network, its loss, the most windows an epoch
(None: all), whether what is held out chooses the epoch, and whether the network is a fresh one."""


class Trained(NamedTuple):
    """What came of a training.

    Attributes:
        network: The torch module of the blueprint.
        history: Of the epochs.
        companions: What travels with the network.
    """

    network: Any
    history: History
    companions: Companions


@dataclass(frozen=True, eq=False)
class Stage:
    """What a training needs, made from the first `trained` rows of each series alone.

    Attributes:
        panel: The series.
        plan: How windows are read.
        trained: `[N]`, rows of each series that may be learnt from.
        stride: Steps from one window that is learnt from to the next.
        companions: The scalers.
        blueprint: The network.
        work: The panel, scaled.
    """

    panel: Panel
    plan: ForecastPlan
    trained: Int[np.ndarray, "N"]
    stride: int
    companions: Companions
    blueprint: Blueprint
    work: Forecasting

    @classmethod
    def of(
        cls,
        panel: Panel,
        plan: ForecastPlan,
        trained: Int[np.ndarray, "N"],
        stride: int,
        network_of: Callable[..., Blueprint],
        warm: Any,
    ) -> Stage:
        """Scales and network for a panel; those of the model to go on from, if one is given.

        Raises:
            ArgumentError: `stride` is no number of steps.
        """
        stride = whole_number("stride", stride, 1)
        companions = beginning(panel, plan, trained) if warm is None else warm.companions
        companions = replace(companions, share=1.0)  # what is learnt now is judged anew
        work = Forecasting(companions, panel)
        prepared = work.prepared
        features = work.features
        blueprint = network_of(
            plan,
            features=features,
            static=features - prepared.unknown - prepared.known,
            parameters=companions.head.parameters,
        )
        if warm is not None:
            check_same_network(blueprint, warm.blueprint)
        return cls(panel, plan, trained, stride, companions, blueprint, work)

    @property
    def windows(self) -> Windows:
        """Those whose targets may be learnt."""
        return self.cut(stride=self.stride, last=self.trained)

    def train(
        self,
        loss: ForecastLoss,
        options: Options,
        per_epoch: int | None,
        warm: Any = None,
        choose: bool = True,
    ) -> Trained:
        """The network, trained; what is held out chooses its epoch, unless the last is to stay.

        Raises:
            DataError: No window fits into a series.
            TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
        """
        network = build(self.blueprint, seed=options.config.seed).to(options.device)
        limit_memory(network, options.memory)
        if warm is not None:
            start = warm.bundle.weights
            take_weights(network, start)
        choose = choose and bool((self.trained < self.panel.history).any())
        learner: Learner = learning_of(self.plan.strategy)
        module, measure, train, validation, learnt = learner(
            self, network, loss, per_epoch, choose, warm is None
        )
        fitted = train_module(module.to(options.device), measure, train, validation, options)
        return Trained(network, fitted.history, learnt(self.companions))

    def begun(self) -> Stage:
        """The same stage with smoothing and linear map, as baselines and to begin with.

        There is no linear map where no window has all its targets.

        Raises:
            DataError: There is none, but the network is to begin with it.
        """
        plan, squared = self.plan, is_intermittent(self.panel)
        fit = fit_to(self.panel, self.trained, plan.season, plan.horizon, squared)
        try:
            return self.on(self.linear(), fit)
        except DataError as error:
            if self.plan.linear:
                raise
            note = f"No linear map to compare with: {error.found}."
            panel = replace(self.panel, notes=(*self.panel.notes, note))
            return replace(self.on(None, fit), panel=panel)

    def again(self, companions: Companions) -> Companions:
        """What a network that adds nothing leaves, fitted once more: to all steps, held out or not.

        The strength of the linear map stays as the held-out steps chose it.
        """
        whole, linear = replace(self, trained=self.panel.history), companions.linear
        if linear is not None:
            batches = whole._batches(whole.windows)
            linear = fit_linear_forecast(batches, strength=linear.strength)
        if companions.exponential is None:
            return replace(companions, linear=linear)
        plan, squared = self.plan, is_intermittent(self.panel)
        begin = companions.exponential
        fit = fit_to(self.panel, whole.trained, plan.season, plan.horizon, squared, begin)
        return replace(companions, linear=linear, exponential=fit)

    def on(self, linear: LinearForecast | None, exponential: Exponential | None) -> Stage:
        """The same stage with these, which the network may begin with."""
        companions = replace(self.companions, linear=linear, exponential=exponential)
        return replace(self, companions=companions, work=self.work.carrying(companions))

    def shared(self, trained: Trained, squared: bool) -> Trained:
        """What was trained, and how much of what the network says the held-out steps ask for.

        All of it, half or nothing: less only where the answers begin with something. Nothing
        unless it makes the error smaller by more than a hundredth, and by more than the standard
        error of that, of as many windows as the held-out ones are worth.

        Args:
            trained: The network.
            squared: Whether errors count by their squares.
        """
        windows = some(self.cut(first=self.trained), _JUDGED)
        if self.plan.base == "none" or not len(windows):
            return trained
        network = Network(self.blueprint, weights_of(trained.network))
        work = self.work.by(network, trained.companions)
        said = self.plan.how.reach.said(work, windows, targets=True)
        base = work.base_of(windows)
        assert said.targets is not None  # they were asked for
        own, spread = said.mean - base, work.spread_of(windows)[:, None]
        errors = {}
        for share in _SHARES:
            error = np.abs(said.targets - base - share * own) * spread
            errors[share] = error**2 if squared else error
        best = min(errors, key=lambda share: float(np.nanmean(errors[share])))
        worth = evidence(self.panel, windows, self.plan.season)
        if not are_smaller(errors[best], errors[0.0], worth):
            best = 0.0
        return trained._replace(companions=replace(trained.companions, share=best))

    def about(self, held: Int[np.ndarray, "N"]) -> dict[str, Any]:
        """Facts for the result."""
        windows = self.windows
        steps = "none: the last epoch is kept"
        if held.any():
            least, most = int(held.min()), int(held.max())
            each = f"{least}" if least == most else f"{least} to {most}"
            steps = f"the last {each} steps of each series"
        about: dict[str, Any] = {
            "series": len(self.panel),
            "frequency": self.panel.frequency.describe(),
            "train_windows": len(windows),
            "crossing_windows": windows.crossing,
            "validation": steps,
            "notes": list(self.panel.notes),
        }
        return about | (self.companions.own.about() if self.companions.own else {})

    def calibrated(self, trained: Trained, middle: bool | None) -> Calibration:
        """What the held-out windows show of the network's errors; see `Forecasting.calibrated`.

        Where they are worth few, errors before them count, too: those of what the answers begin
        with, fitted to what came before these. Whether errors grow with what windows have read is
        seen in all forecasts of the smoothing, as few held-out ones do not show it.
        """
        network = Network(self.blueprint, weights_of(trained.network))
        work = self.work.by(network, trained.companions)
        windows = some(self.cut(first=self.trained))
        grow = not self.plan.how.whole_series and work.grow(some(self.cut(), _JUDGED))
        quantiles = self.plan.output != "point" and trained.companions.share > 0
        few = evidence(self.panel, windows, self.plan.season) < _FEW
        if self.plan.base == "none" or quantiles or not few:
            return work.calibrated(windows, middle, relative=grow)
        return work.calibrated(windows, middle, self._earlier(network), grow)

    def _earlier(self, network: Network) -> tuple[Forecasting, Windows] | None:
        """Where errors are those of what answers begin with, before what is held out."""
        first = self.trained - np.maximum(np.rint(_EARLIER * self.trained), 1).astype(int)
        windows = some(self.cut(first=first, last=self.trained))
        if not len(windows):
            return None
        try:
            early = replace(self, trained=first).begun()
        except DataError:  # too short for a linear map
            return None
        return early.work.by(network, replace(early.companions, share=0.0)), windows

    def linear(self) -> LinearForecast:
        """The linear map from the same windows; its strength is chosen on those held out."""
        held = (self.trained < self.panel.history).any()
        validation = self._batches(self.cut(first=self.trained)) if held else ()
        return fit_linear_forecast(self._batches(self.windows), validation)

    def cut(self, horizon: int | None = None, **bounds: Any) -> Windows:
        """Windows with so many steps after them (None: H); bounds as of the function `cut`."""
        panel, plan = self.panel, self.plan
        found = cut(
            panel.offsets,
            panel.history,
            panel.gap_before,
            input_steps=plan.input_steps,
            horizon=plan.horizon if horizon is None else horizon,
            **bounds,
        )
        if plan.how.whole_series:
            return found
        return found.where_observed(np.asarray(~np.isnan(panel.target).all(axis=1)))

    def _batches(self, windows: Windows) -> Any:
        """Windows as the linear map is fitted to."""
        reader: WindowReader = self.work.reader(some(windows), plain=True)
        for start in range(0, len(reader), _BATCH):
            batch = reader.batch(np.arange(start, min(start + _BATCH, len(reader))))
            yield (
                linear_inputs(batch, self.plan.input_steps),
                batch.targets.reshape(len(batch.targets), -1),
            )


def beginning(panel: Panel, plan: ForecastPlan, trained: Int[np.ndarray, "N"]) -> Companions:
    """What travels with a network before there is one: scales of the rows to learn from."""
    past = panel if (trained == panel.lengths).all() else panel.cut(trained)
    blank = SeriesScaler("standard", np.zeros((1, 0)), np.ones((1, 0)))
    found = Companions(plan, panel.names, panel.categories, blank, blank)
    scaler = SeriesScaler.fit(found.transformed(past).target, past.offsets, plan.scaling)
    covariates = fit_covariates(found.identified(past))
    own = plan.how.own
    begun = own.begun(found, panel, trained) if own else None
    return replace(found, scaler=scaler, covariates=covariates, own=begun)


def some(windows: Windows, most: int = _MOST) -> Windows:
    """At most so many of the windows, evenly chosen."""
    if len(windows) <= most:
        return windows
    chosen = np.linspace(0, len(windows) - 1, most).astype(np.int64)
    return Windows(
        windows.input_steps,
        windows.horizon,
        windows.starts[chosen],
        windows.series[chosen],
        windows.crossing,
    )
