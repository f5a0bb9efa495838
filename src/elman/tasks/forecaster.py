"""How time series go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from jaxtyping import Int

from elman.blueprint import Blueprint
from elman.data import as_panel
from elman.data.series.panel import Panel
from elman.errors import ArgumentError, DataError
from elman.runtime.forecaster import ForecasterModel, usable
from elman.runtime.forecasting import Backtest, Forecast, ForecastPlan, until_tensors
from elman.runtime.forecasting.strategies import Parts
from elman.tasks.estimator import Estimator
from elman.tasks.fitting import Options, summary
from elman.tasks.forecasting.refits import refitted
from elman.tasks.forecasting.settings import going_on, held_out_steps, plan_of
from elman.tasks.forecasting.stage import Stage
from elman.training import RunFolder
from elman.training.likelihoods import ForecastLoss

__all__ = ["Forecaster"]

_ORIGINS = 10  # at which a backtest trains anew, unless it is told


class Forecaster(Estimator):
    """A recurrent network that says how series go on.

    >>> import numpy as np
    >>> t = np.arange(400)
    >>> series = 10 + np.sin(2 * np.pi * t / 12)
    >>> model = Forecaster(window=24, units=16, epochs=8, batch_size=16, learning_rate=0.01)
    >>> model = model.fit(series[:-12], horizon=12)
    >>> bool(np.abs(model.predict(series[:-12]).mean[0, :, 0] - series[-12:]).max() < 0.5)
    True

    Args:
        strategy: How the horizon is reached. `direct`: all steps at once. `recursive`: step by
            step, fed with its own answers; the lesson's model is
            `Forecaster("recursive", cell="rnn", units=100, window=20, loss="mse")`. `segments`:
            some steps are read as one, and the horizon's segments written side by side (SegRNN).
            `smoothing`: exponential smoothing follows each series, its coefficients trained
            along; the network reads what that leaves, and says how what comes will differ
            (ES-RNN). A series unseen in training is smoothed by the classical fit to its
            history. A series, read from its first step on, is one example; `transform`, `scaling`,
            `normalise`, `traits`, `stride`, `windows_per_epoch` and `joint` do not apply.
        cell: `lstm`, `gru`, `rnn`, or a registered kind.
        units: Hidden size of every layer, or a list with that of each.
        layers: How many.
        dilations: For each layer, how many steps back the state is that a step goes on from.
            None: 1; with `smoothing` a season in each layer but the first.
        dropout: Rate between layers and before the last, in [0, 1).
        recurrent_dropout: Rate of what a step passes to the next, in [0, 1).
        zoneout: Rate of units that keep their old state, in [0, 1).
        activation: Of the cell `rnn`: tanh or relu.
        layer_norm: Layer normalisation inside the cells.
        window: Steps that are read; None: two horizons or two seasons, whichever is longer (with
            `smoothing` one horizon or its longest season), as far as the series allow. The report
            says how many.
        segment: Steps of a segment; None: a season, or the longest that the horizon is made of.
        recall: With `segments`: whether the answer begins with a mixture of the segments read,
            which the network chooses, so that it has to say only what is new. Not for counts.
        linear: Whether the answer begins with that of the linear map, fitted first, so that the
            network learns only what that leaves. Of `direct` and `segments`; not for counts.
        stride: Steps from one training window to the next, ≥ 1.
        windows_per_epoch: At most so many windows an epoch, another choice each time; None: all.
        output: What is said of a value: `point`, `quantiles`, `gaussian`, `student`, or
            `negative_binomial` for counts; see `elman.metrics.forecasts`.
        loss: Of `point`: mae, mse or huber.
        levels: Of the quantiles given, increasing, in (0, 1). Whatever the output, they are
            shifted to hold what they promise on the validation part (conformal calibration).
        transform: `log` forecasts the logarithm of positive series; `none` does not.
        scaling: Of each series, once, by its training part: standard, robust, mean or none.
        normalise: Of each window besides: its `last` value subtracted, or the mean of its last
            `season`; divided by its `mean` size; `standard`; or `none`. None: as suits strategy
            and output.
        traits: Whether the network is told of each window what normalising took from it, and how
            much it changes from season to season.
        calendar: Features of the time: names as of `elman.transforms.calendar`, or True for
            what is usual at the series' frequency.
        identify: Whether the network is told which series it reads.
        season: Steps after which the pattern begins anew; None: as usual at this frequency. With
            `smoothing` also a pair, the shorter first; None there: (24, 168) for hours, if every
            series has room for two weeks.
        gaps: `drop` leaves out windows that cross a gap in time; `mask` reads missing steps as
            missing. With `smoothing` a gap needs `mask`.
        short: What becomes of series shorter than a window: `error`, `drop`, or `pad` with
            missing steps in front.
        joint: Whether several target columns are one series of several values, rather than a
            series each.
        validation: The last share of each series, in (0, 1), or how many of its last steps, that
            choose the epoch and calibrate the quantiles; None: none.
        keep: Which epoch's weights: the `best` on the validation part, or the `last`, where that
            part only calibrates.
        refit: Whether the network is trained once more, on all steps, as long as the validation
            part found best.
        baselines: Whether the linear map is fitted too.

    All other parameters are as of `Classifier`.
    """

    _task = "forecaster"
    _model = ForecasterModel

    def __init__(  # noqa: PLR0915  (scikit-learn reads the parameters from here)
        self,
        strategy: str = "direct",
        cell: str = "lstm",
        units: Any = 64,
        layers: int = 1,
        dilations: Sequence[int] | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        activation: str = "tanh",
        layer_norm: bool = False,
        window: int | None = None,
        segment: int | None = None,
        recall: bool = True,
        linear: bool = False,
        stride: int = 1,
        windows_per_epoch: int | None = None,
        output: str = "point",
        loss: str = "mae",
        levels: Sequence[float] = (0.1, 0.5, 0.9),
        transform: str = "none",
        scaling: str | None = None,
        normalise: str | None = None,
        traits: bool = False,
        calendar: Any = (),
        identify: bool = False,
        season: int | Sequence[int] | None = None,
        gaps: str = "drop",
        short: str = "error",
        joint: bool = False,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        schedule: str = "cosine",
        warmup_steps: int = 0,
        clip_value: float | None = None,
        clip_norm: float | None = 1.0,
        weight_decay: float = 0.0,
        batch_size: int = 64,
        accumulate: int = 1,
        average: float | None = None,
        epochs: int = 20,
        early_stopping: int | None = None,
        checkpoint_every: int | None = None,
        max_skipped: int = 10,
        seed: int = 0,
        memory: str | int | None = None,
        validation: Any = 0.1,
        keep: str = "best",
        refit: bool = False,
        baselines: bool = True,
        device: str = "cpu",
        threads: int | None = None,
        workers: int = 0,
        warm_start: bool = False,
        verbose: bool = False,
        tensorboard: bool = False,
        run: Any = None,
        resume: bool = False,
    ) -> None:
        self.strategy = strategy
        self.cell = cell
        self.units = units
        self.layers = layers
        self.dilations = dilations
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.zoneout = zoneout
        self.activation = activation
        self.layer_norm = layer_norm
        self.window = window
        self.segment = segment
        self.recall = recall
        self.linear = linear
        self.stride = stride
        self.windows_per_epoch = windows_per_epoch
        self.output = output
        self.loss = loss
        self.levels = levels
        self.transform = transform
        self.scaling = scaling
        self.normalise = normalise
        self.traits = traits
        self.calendar = calendar
        self.identify = identify
        self.season = season
        self.gaps = gaps
        self.short = short
        self.joint = joint
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.clip_value = clip_value
        self.clip_norm = clip_norm
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.accumulate = accumulate
        self.average = average
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.checkpoint_every = checkpoint_every
        self.max_skipped = max_skipped
        self.seed = seed
        self.memory = memory
        self.validation = validation
        self.keep = keep
        self.refit = refit
        self.baselines = baselines
        self.device = device
        self.threads = threads
        self.workers = workers
        self.warm_start = warm_start
        self.verbose = verbose
        self.tensorboard = tensorboard
        self.run = run
        self.resume = resume

    def fit(
        self,
        frame: Any,
        *,
        horizon: int,
        target: Any = None,
        time: str | None = None,
        series: str | None = None,
        past: Any = (),
        future: Any = (),
        static: Any = (),
        frequency: str | None = None,
        timezone: str | None = None,
        repair: Any = (),
    ) -> Self:
        """Train on one or many series.

        Args:
            frame: A pandas, polars or Arrow frame, a mapping of columns, an array, a file, or a
                set's name; see `elman.data.as_panel`, as for all that follows.
            horizon: H ≥ 1, how many steps ahead are forecast.
            target: Column or columns to forecast.
            time: Column of the times.
            series: Column that tells series apart.
            past: Covariates that are known up to now.
            future: Covariates that are known ahead.
            static: Covariates of a series.
            frequency: Of the steps; None finds it out.
            timezone: Of times that have none, those of later frames, too.
            repair: What may be repaired.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            DataError, ShapeError: The frame cannot be used; nothing is repaired unasked.
            TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
        """
        options = self._options()
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
        )
        warm, plan = self._warm(), plan_of(self.get_params(), panel, horizon)
        if warm is not None:
            plan = going_on(warm, plan, panel, self.window)
        panel, held = _with_room(panel, plan, self.validation)
        if np.isnan(panel.target).all():
            raise DataError("target", "no value at all", "at least some that are not missing")
        stage = Stage.of(panel, plan, panel.history - held, self.stride, self._network_of, warm)
        if warm is None and (self.baselines or plan.linear):
            stage = stage.begun()
        trained = stage.train(
            self._loss(), options, self.windows_per_epoch, warm, choose=self.keep == "best"
        )
        self.history_ = history = trained.history
        about = stage.about(held)
        companions = trained.companions
        if held.any():
            companions = replace(companions, calibration=stage.calibrated(trained))
        if self.refit:
            epochs = max(1, history.best_epoch)
            whole = Stage.of(panel, plan, panel.history, self.stride, self._network_of, None)
            if companions.linear is not None:
                whole = whole.on(companions.linear)
            trained = whole.train(self._loss(), _once_more(options, epochs), self.windows_per_epoch)
            companions = replace(trained.companions, calibration=companions.calibration)
            about["refit"] = f"{epochs} epochs on all steps, {len(whole.windows)} windows"
            stage = whole
        result = summary(self._task, stage.blueprint, about, history, options.config)
        until = until_tensors(panel, stage.trained, held)
        tensors = companions.tensors() | {f"until.{name}": steps for name, steps in until.items()}
        settings = companions.settings() | {"metadata": result}
        self._finish(stage.blueprint, trained.network, options, tensors, settings)
        return self

    def predict(self, frame: Any, ahead: Any = None) -> Forecast:
        """How each series goes on; see `elman.runtime.forecaster.ForecasterModel`."""
        return self._fitted("predict").predict(frame, ahead)

    def sample(
        self, frame: Any, ahead: Any = None, *, paths: int = 100, seed: int = 0
    ) -> np.ndarray:
        """Ways in which each series may go on `[N, S, H, K]`; see the runtime's model."""
        return self._fitted("sample").sample(frame, ahead, paths=paths, seed=seed)

    def evaluate(self, frame: Any, actual: Any = None) -> dict[str, Any]:
        """The honesty report on one forecast of each series; see the runtime's model."""
        return self._fitted("evaluate").evaluate(frame, actual)

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
        if not refit:
            return model.backtest(frame, origins=origins, stride=stride, start=start)
        if start is not None:
            raise ArgumentError("start", f"{start!r} with refit", "origins= says how many")
        several = _ORIGINS if origins is None else origins
        return refitted(self, model.panel(frame), several, stride, int(refit), warm_start)

    def adopt(self, other: Self) -> None:
        """Take another forecaster's model as this one's, for `warm_start` to go on from."""
        self._hold(other.model_.bundle, other.module_)

    def _loss(self) -> ForecastLoss:
        levels = tuple(self.levels) if self.output == "quantiles" else ()
        return ForecastLoss(self.output, levels, self.loss)

    def _network_of(self, plan: ForecastPlan, **sizes: Any) -> Blueprint:
        return plan.how.blueprint(
            plan,
            Parts(
                tuple(self._cells()),
                dropout=self.dropout,
                recall=self.recall,
                dilated=self.dilations is not None,
                **sizes,
            ),
        )


def _with_room(
    panel: Panel, plan: ForecastPlan, validation: Any
) -> tuple[Panel, Int[np.ndarray, "N"]]:
    """The series that have room for a window, its horizon and validation, and the latter."""
    held = held_out_steps(validation, panel, plan.horizon)
    needed = plan.input_steps + plan.horizon + int(held.max())
    short = panel.history < needed
    if plan.short == "error" and short.any():
        n = int(short.argmax())
        raise DataError(
            f"series {panel.names[n]!r}",
            f"{panel.history[n]} steps; {int(short.sum())} series have fewer than {needed}",
            f"{plan.input_steps} to read, {plan.horizon} to forecast and {int(held.max())} held "
            "out: a shorter window or horizon, or short='drop' or 'pad'",
        )
    panel = usable(panel, plan, needed)
    return panel, held_out_steps(validation, panel, plan.horizon)


def _once_more(options: Options, epochs: int) -> Options:
    """The options of a second training, without early stopping, in a folder of its own."""
    config = replace(options.config, epochs=epochs, early_stopping=None)
    if options.folder is None:
        return replace(options, config=config)
    folder = RunFolder(options.folder.path / "refit")
    resume = options.resume and folder.last.exists()
    return replace(options, config=config, folder=folder, resume=resume)
