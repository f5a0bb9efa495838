"""How time series go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from jaxtyping import Int

from elman.blueprint import Blueprint
from elman.data import as_panel
from elman.data.series.panel import Panel
from elman.data.tables.dialect import Dialect
from elman.errors import ArgumentError, DataError
from elman.parameters import documented
from elman.runtime.forecasting import Backtest, ForecastPlan, until_tensors, usable
from elman.runtime.forecasting.strategies import Parts
from elman.tasks.estimator import Estimator
from elman.tasks.fitting import Options, summary
from elman.tasks.forecasting.choosing import chosen
from elman.tasks.forecasting.parameters import ForecastParameters, PathParameters
from elman.tasks.forecasting.refits import refitted
from elman.tasks.forecasting.settings import going_on, held_out_steps, is_intermittent, plan_of
from elman.tasks.forecasting.stage import Stage, Trained
from elman.training import RunFolder
from elman.training.loop.likelihoods import ForecastLoss

__all__ = ["Forecaster"]

_STEPS = 1_500  # of a training that is not told how long it is
_ROUNDS = 10  # epochs at least of many windows, each of which are drawn anew
_EPOCHS = (5, 100)
_PATIENCE = 5, 5  # epochs without a better one that end it: a fifth of all, at least so many
_AGAIN = "The network adds nothing; what answers begin with was fitted once more, to all steps."
_ORIGINS = 10  # at which a backtest trains anew, unless it is told


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Forecaster(Estimator, ForecastParameters, PathParameters):
    """A recurrent network that says how series go on, or how agents move on.

    >>> import numpy as np
    >>> t = np.arange(400)
    >>> series = 10 + np.sin(2 * np.pi * t / 12)
    >>> model = Forecaster(window=24, units=16, epochs=8, batch_size=16, learning_rate=0.01)
    >>> model = model.fit(series[:-12], horizon=12)
    >>> bool(np.abs(model.predict(series[:-12]).mean[0, :, 0] - series[-12:]).max() < 0.5)
    True

    The lesson's model is
    `Forecaster("recursive", cell="rnn", units=100, window=20, loss="mse")`.

    Fitted to `elman.data.paths.Paths` it reads 8 steps of each agent and forecasts 12, as
    corrections to constant velocity; `Forecaster.of("paths")` has the parameters that suit them.

    Args:
        {parameters}
    """

    _task = "forecaster"

    def fit(
        self,
        frame: Any,
        *,
        horizon: int | None = None,
        target: Any = None,
        time: str | None = None,
        series: str | None = None,
        past: Any = (),
        future: Any = (),
        static: Any = (),
        frequency: str | None = None,
        timezone: str | None = None,
        repair: Any = (),
        separator: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        dates: str | None = None,
        date_format: str | None = None,
    ) -> Self:
        """Train on one or many series.

        Args:
            frame: A pandas, polars or Arrow frame, a mapping of columns, an array, a file, or a
                set's name; see `elman.data.as_panel`, as for all that follows. Or
                `elman.data.paths.Paths`, which nothing but `horizon` is told beside.
            horizon: H ≥ 1, how many steps ahead are forecast. None: of paths 12.
            target: Column or columns to forecast.
            time: Column of the times.
            series: Column that tells series apart.
            past: Covariates that are known up to now.
            future: Covariates that are known ahead.
            static: Covariates of a series.
            frequency: Of the steps; None finds it out.
            timezone: Of times that have none, those of later frames, too.
            repair: What may be repaired.
            separator: Of text files, and of later ones; None, here and below: found out.
            decimal: Likewise: the decimal sign.
            encoding: Likewise.
            dates: Likewise: "day-first" or "month-first", of dates such as 01/02/2024.
            date_format: Likewise: how dates are written, as "%d.%m.%Y".

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            DataError, ShapeError: The frame cannot be used; nothing is repaired unasked.
            TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
        """
        learn = self._learns_of(frame)
        if learn is not None:
            learn(self, frame, horizon=horizon)
            return self
        if horizon is None:
            raise ArgumentError("horizon", "not given", "how many steps ahead are forecast")
        given = self.get_params()
        options = self._options()
        written = Dialect(
            separator=separator,
            decimal=decimal,
            encoding=encoding,
            dates=dates,
            date_format=date_format,
        )
        columns = {"target": target, "time": time, "series": series}
        covariates = {"past": past, "future": future, "static": static}
        panel = as_panel(
            frame,
            **columns,
            **covariates,
            frequency=frequency,
            timezone=timezone,
            repair=repair,
            joint=self.joint,
            **written.told(),
        )
        if not isinstance(frame, Panel):  # else who read it has said how
            self.reading = {**panel.written, **written.told()}
        warm, plan = self._warm(), plan_of(given, panel, horizon)
        if warm is not None:
            plan = going_on(warm, plan, panel, given)
        else:
            choice = chosen(given, panel, horizon)
            plan = plan_of(choice.given, panel, horizon)
            panel = replace(panel, notes=(*panel.notes, *choice.notes))
        panel, held = _with_room(panel, plan, self.validation)
        if np.isnan(panel.target).all():
            raise DataError("target", "no value at all", "at least some that are not missing")
        stage = Stage.of(panel, plan, panel.history - held, self.stride, self._network_of, warm)
        if (warm is None or not warm.companions.share) and (self.baselines or plan.base != "none"):
            stage = stage.begun()
        loss, (options, per_epoch) = self._loss(panel), self._budget(stage, options)
        trained = stage.train(loss, options, per_epoch, warm, choose=self.keep == "best")
        if held.any():
            trained = self._judged(stage, trained, loss)
        self.history_ = history = trained.history
        about = stage.about(held)
        if trained.companions.share == 0:
            trained = trained._replace(companions=stage.again(trained.companions))
            about["notes"].append(_AGAIN)
            stage = replace(stage, trained=panel.history)
        if self.refit:
            epochs = max(1, history.best_epoch)
            stage, trained = self._once_more(stage, trained, loss, (options, per_epoch), epochs)
            about["refit"] = f"{epochs} epochs on all steps, {len(stage.windows)} windows"
        result = summary(self._task, stage.blueprint, about, history, options.config)
        until = until_tensors(panel, stage.trained, held)
        companions = trained.companions
        tensors = companions.tensors() | {f"until.{name}": steps for name, steps in until.items()}
        settings = companions.settings() | {"metadata": result}
        self._finish(stage.blueprint, trained.network, options, tensors, settings)
        return self

    def predict(self, frame: Any, ahead: Any = None, **given: Any) -> Any:
        """How each series goes on; see `elman.runtime.forecaster.ForecasterModel`.

        Of paths, how each agent does: see `elman.runtime.paths.PathModel`, as for all that follows.
        """
        told = given if ahead is None else {"ahead": ahead, **given}
        return self._fitted("predict").predict(frame, **told)

    def sample(self, frame: Any, ahead: Any = None, **given: Any) -> np.ndarray:
        """Ways in which each series may go on `[N, S, H, K]`; see the runtime's model."""
        told = given if ahead is None else {"ahead": ahead, **given}
        return self._fitted("sample").sample(frame, **told)

    def evaluate(self, frame: Any, actual: Any = None, **given: Any) -> dict[str, Any]:
        """The honesty report on one forecast of each series; see the runtime's model."""
        told = given if actual is None else {"actual": actual, **given}
        return self._fitted("evaluate").evaluate(frame, **told)

    def encounters(self, paths: Any, distance: float, **given: Any) -> list[Any]:
        """Of a forecaster of paths: who may come nearer to whom; see the runtime's model.

        Raises:
            NotFittedError: Before `fit`.
            ArgumentError: It is a forecaster of series; or as of the runtime's model.
        """
        model = self._fitted("encounters")
        if self._input != "paths":
            raise ArgumentError("encounters", "this forecaster is of series", "one of paths")
        return model.encounters(paths, distance, **given)

    def backtest(
        self,
        frame: Any,
        *,
        origins: int | None = None,
        stride: int = 1,
        start: Any = None,
        refit: bool | int = False,
        warm_start: bool = False,
    ) -> Backtest:
        """Forecasts from many origins in the past, beside what came.

        Args:
            frame: The series with what came.
            origins: How many of each series, the latest ones; None: all (10 with `refit`).
            stride: Steps from one origin of a series to the next.
            start: The first forecast time; not with `refit`.
            refit: Whether the network is trained anew at each origin, on what came before; a
                number: at each so-manieth one. False: one pass of the fitted network over all.
            warm_start: With `refit`: whether each training goes on from the one before.

        Raises:
            NotFittedError: Before `fit`.
            ArgumentError, DataError: As the runtime's model; or `start` was given with `refit`.
        """
        model = self._fitted("backtest")
        if self._input:
            raise ArgumentError("backtest", f"this forecaster is of {self._input}", "evaluate")
        if not refit:
            return model.backtest(frame, origins=origins, stride=stride, start=start)
        if start is not None:
            raise ArgumentError("start", f"{start!r} with refit", "origins= says how many")
        several = _ORIGINS if origins is None else origins
        return refitted(self, model.panel(frame), several, stride, int(refit), warm_start)

    def adopt(self, other: Self) -> None:
        """Take another forecaster's model as this one's, for `warm_start` to go on from."""
        self._hold(other.model_.bundle, other.module_)

    def _loss(self, panel: Panel) -> ForecastLoss:
        """Of a point the squared error where most values are 0, unless it is told."""
        levels = tuple(self.levels) if self.output == "quantiles" else ()
        usual = "mse" if is_intermittent(panel) else "mae"
        return ForecastLoss(self.output, levels, usual if self.loss is None else self.loss)

    def _judged(self, stage: Stage, trained: Trained, loss: ForecastLoss) -> Trained:
        """How much the network may say, and how far off that is, as the held-out steps tell."""
        trained = stage.shared(trained, loss.squared)
        calibration = stage.calibrated(trained, None if loss.squared else not self.refit)
        return trained._replace(companions=replace(trained.companions, calibration=calibration))

    def _once_more(
        self,
        stage: Stage,
        trained: Trained,
        loss: ForecastLoss,
        budget: tuple[Options, int | None],
        epochs: int,
    ) -> tuple[Stage, Trained]:
        """Another network, trained on all steps; the first one's errors and share stay."""
        panel, known, (options, per_epoch) = stage.panel, trained.companions, budget
        whole = Stage.of(panel, stage.plan, panel.history, self.stride, self._network_of, None)
        whole = whole.on(known.linear, known.exponential)
        again = whole.train(loss, _without_stopping(options, epochs), per_epoch)
        kept = {"calibration": known.calibration, "share": known.share}
        return whole, again._replace(companions=replace(again.companions, **kept))

    def _budget(self, stage: Stage, options: Options) -> tuple[Options, int | None]:
        """The options with as many epochs as the budget has room for; and windows an epoch.

        Where the validation part chooses the epoch, a fifth of them without a better one is the
        end, unless that is told, too.
        """
        per_epoch = self.windows_per_epoch
        if self.epochs is not None:
            return options, per_epoch
        whole = stage.plan.how.whole_series
        count = len(stage.panel) if whole else len(stage.windows)
        most = _STEPS * options.config.batch_size // _ROUNDS
        if per_epoch is None and count > most and not whole:
            per_epoch = most
        steps = -(-min(count, per_epoch or count) // options.config.batch_size)
        epochs = int(np.clip(round(_STEPS / max(steps, 1)), *_EPOCHS))
        patience = options.config.early_stopping
        if patience is None and self.keep == "best" and (stage.trained < stage.panel.history).any():
            patience = max(epochs // _PATIENCE[0], _PATIENCE[1])
        config = replace(options.config, epochs=epochs, early_stopping=patience)
        return replace(options, config=config), per_epoch

    def _network_of(self, plan: ForecastPlan, **sizes: Any) -> Blueprint:
        parts = Parts(tuple(self._cells()), dropout=self.dropout, recall=self.recall, **sizes)
        dilated = self.dilations is not None
        return plan.how.blueprint(plan, replace(parts, dilated=dilated))


def _with_room(
    panel: Panel, plan: ForecastPlan, validation: Any
) -> tuple[Panel, Int[np.ndarray, "N"]]:
    """The series that have room for a window, its horizon and validation, and the latter."""
    held = held_out_steps(validation, panel, plan.horizon)
    needed = plan.input_steps + plan.horizon + int(held.max())
    short = panel.history < needed
    if (short.all() and plan.short != "pad") or (plan.short == "error" and short.any()):
        n = int(short.argmax())
        raise DataError(
            f"series {panel.names[n]!r}",
            f"{panel.history[n]} steps; {int(short.sum())} series have fewer than {needed}",
            f"{plan.input_steps} to read, {plan.horizon} to forecast and {int(held.max())} held "
            "out: a shorter window or horizon, or short='drop' or 'pad'",
        )
    panel = usable(panel, plan, needed)
    return panel, held_out_steps(validation, panel, plan.horizon)


def _without_stopping(options: Options, epochs: int) -> Options:
    """The options of a second training, without early stopping, in a folder of its own."""
    config = replace(options.config, epochs=epochs, early_stopping=None)
    if options.folder is None:
        return replace(options, config=config)
    folder = RunFolder(options.folder.path / "refit")
    resume = options.resume and folder.last.exists()
    return replace(options, config=config, folder=folder, resume=resume)
