"""What a training is told: a recipe or a run's configuration, overridden by options."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import elman
from elman.errors import ArgumentError, FormatError
from elman.run_files import load_toml

__all__ = ["PARAMETERS", "Settings", "closest", "gather", "read_config", "recipes"]

PARAMETERS: dict[str, tuple[Any, str]] = {
    "strategy": (str, "Forecaster: direct, recursive, segments or smoothing."),
    "cell": (str, "lstm, gru or rnn."),
    "units": (str, "Hidden size of every layer; or one for each, as 128,64."),
    "layers": (int, "How many layers."),
    "dilations": (str, "Forecaster: how many steps back each layer's state is, as 1,4,24."),
    "bidirectional": (bool, "Read in both directions."),
    "dropout": (float, "Dropout rate between layers and before the last, in [0, 1)."),
    "recurrent_dropout": (float, "Rate of what a step passes to the next, in [0, 1)."),
    "zoneout": (float, "Rate of units that keep their old state, in [0, 1)."),
    "activation": (str, "Of the cell rnn: tanh or relu."),
    "layer_norm": (bool, "Layer normalisation inside the cells."),
    "pool": (str, "Answer on the last state, or on the mean or max over time."),
    "per_step": (bool, "Regressor: a number for each step."),
    "window": (
        int,
        "Forecaster: steps that are read; 0: as suits the horizon. With --per-step: steps that a "
        "gradient reaches back; 0 for whole sequences.",
    ),
    "stride": (
        int,
        "Of windows: steps from one to the next; with --per-step 0 for the window's length.",
    ),
    "windows_per_epoch": (int, "Forecaster: at most so many, drawn anew each time; 0 for all."),
    "segment": (int, "With --strategy segments: steps of one; 0: a season, if it fits."),
    "linear": (bool, "With direct, segments: begin with the linear map, learn what it leaves."),
    "recall": (bool, "With --strategy segments: the answer begins with a mixture of those read."),
    "output": (str, "Forecaster: point, quantiles, gaussian, student or negative_binomial."),
    "loss": (str, "Forecaster, of point: mae, mse or huber."),
    "levels": (str, "Forecaster: of the quantiles, as 0.1,0.5,0.9."),
    "transform": (str, "Forecaster: log forecasts the logarithm of positive series."),
    "scaling": (str, "Forecaster, of each series: standard, robust, mean or none."),
    "normalise": (str, "Forecaster, of each window: last, season, mean, standard or none."),
    "traits": (bool, "Forecaster: tell the network what normalising took from a window."),
    "calendar": (str, "Forecaster: features of the time, as hour,weekday; or auto, none."),
    "identify": (bool, "Forecaster: tell the network which series it reads."),
    "season": (
        str,
        "Forecaster: steps of a season, or with --strategy smoothing of some, as 24,168; 0: as "
        "usual at the frequency.",
    ),
    "gaps": (str, "Forecaster: drop windows that cross a gap in time, or mask missing steps."),
    "short": (str, "Forecaster, series that are too short: error, drop or pad."),
    "joint": (bool, "Forecaster: several targets are one series, not a series each."),
    "refit": (bool, "Forecaster: train once more, on the validation part, too."),
    "cost_steps": (str, "With --per-step: the steps whose errors count, 100:200 or last."),
    "optimizer": (str, "adam, adamw, sgd, momentum, nesterov, rmsprop or adagrad."),
    "learning_rate": (float, "Step size."),
    "schedule": (str, "constant, cosine or linear decay to zero."),
    "warmup_steps": (int, "Steps in which the rate rises from near zero."),
    "clip_value": (float, "Bring each gradient's entries within this bound; 0 for never."),
    "clip_norm": (float, "Scale gradients down to this norm; 0 for never."),
    "weight_decay": (float, "Of weight matrices, not of biases."),
    "batch_size": (int, "Sequences a batch."),
    "batch_tokens": (int, "Instead: steps a batch, padding included, similar lengths together."),
    "accumulate": (int, "Batches a step."),
    "average": (float, "Keep a moving average of the weights, of this decay; 0 for none."),
    "epochs": (int, "Passes over the training part."),
    "validation": (
        float,
        "Share set aside to choose the epoch on, of a forecaster also steps, as 48; 0 for none.",
    ),
    "keep": (str, "Forecaster: weights of the best epoch on the validation part, or of the last."),
    "early_stopping": (int, "Stop after so many epochs without a better one; 0 for never."),
    "checkpoint_every": (int, "Save after so many steps, too; 0: after epochs only."),
    "max_skipped": (int, "Steps in a row that may be skipped for not being finite."),
    "memory": (str, "What gradients may need, as 512MB, or how many states to save; none: all."),
    "augment": (str, "Distort images: shift=2,rotate=0.1,scale=0.1,shear=0.1."),
    "label_smoothing": (float, "Classifier: share of a target spread over all classes."),
    "class_weight": (str, "Classifier: none or balanced."),
    "standardise": (bool, "Bring each feature to mean 0 and deviation 1."),
    "baselines": (bool, "Fit the honest baselines too."),
    "seed": (int, "Of weights, order, dropout and split."),
    "device": (str, "cpu or cuda."),
    "tensorboard": (bool, "Write for TensorBoard, into the run's folder."),
    "threads": (int, "Of torch; default as torch has it."),
    "workers": (int, "Threads that prepare batches ahead."),
}
"""The estimators' parameters as options: type and help."""

_TABLES = ("task", "training", "machine")
_KINDS = {"classifier": "Classifier", "forecaster": "Forecaster", "regressor": "Regressor"}
_LABELLED = ("data", "test", "from", "series", "step", "label")
_SERIES = ("data", "test", "from", "test_steps", "horizon", "target", "time", "series", "past")
_SERIES += ("future", "static", "frequency", "timezone", "repair")
_ABOUT = {"classifier": _LABELLED, "forecaster": _SERIES, "regressor": _LABELLED}
_COUNTS = ("horizon", "test_steps")  # all else that is said of the data is text
_TYPES = {str: "a text", int: "a whole number", dict: "a table"}
_OF_NO_DATA = ("from", "horizon")  # what stays when other data are given
_RECIPES = resources.files("elman") / "recipes"
_ZERO_IS_NONE = (
    "window",
    "stride",
    "windows_per_epoch",
    "segment",
    "clip_value",
    "clip_norm",
    "batch_tokens",
    "average",
    "validation",
    "early_stopping",
    "checkpoint_every",
)
_NONE_IS_NONE = ("memory", "cost_steps", "class_weight", "augment", "dilations")


@dataclass(frozen=True)
class Settings:
    """What a training is told.

    Attributes:
        kind: `classifier`, `forecaster` or `regressor`.
        about: Its `data`; perhaps `test`, the columns of a table, a forecaster's `horizon` and
            how its series are read, and the model `from` which it starts.
        parameters: The estimator's that differ from its defaults.
    """

    kind: str
    about: dict[str, Any]
    parameters: dict[str, Any]

    def estimator_class(self) -> Any:
        """`Classifier` or its like; `MissingExtraError` without torch."""
        return getattr(elman, _KINDS[self.kind])

    def estimator(self) -> Any:
        """An estimator with these parameters: a fresh one, or the model's that it starts from."""
        if "from" in self.about:
            return self.estimator_class().load(self.about["from"]).set_params(**self.parameters)
        return self.estimator_class()(**self.parameters)


def recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(p.name.removesuffix(".toml") for p in _RECIPES.iterdir() if p.name[0] != "_")


def gather(
    task: str | None,
    config: str | None,
    about: dict[str, Any],
    options: dict[str, Any],
) -> Settings:
    """Options over the configuration's values; what neither gives is the estimator's default.

    Other data leave nothing of what the configuration says of its own: test data and columns.

    Args:
        task: `classifier`, `forecaster`, `regressor`, or None.
        config: A recipe's name, the path of a TOML file, or None.
        about: See `Settings`; None where the command line does not say.
        options: The estimator's parameters as options; None likewise.

    Raises:
        ArgumentError: Task or data are given nowhere, or an option belongs to another task.
        FormatError: The configuration cannot be read.
    """
    told = {} if config is None else _read(config)
    kind = task or told.get("kind")
    if kind not in _KINDS:
        found = "not given" if kind is None else f"found {kind!r}"
        raise ArgumentError("TASK", found, f"one of {', '.join(_KINDS)}")
    described = _described(about, told.get("about", {}))
    if "data" not in described:
        raise ArgumentError("--data", "not given", "a set's name (elman data list) or a path")
    parameters = {k: v for table in _TABLES for k, v in told.get(table, {}).items()}
    parameters |= {k: _value(k, v, kind) for k, v in options.items() if v is not None}
    settings = Settings(kind, described, parameters)
    known = (*_ABOUT[kind], *inspect.signature(settings.estimator_class()).parameters)
    for name, value in {**parameters, **described}.items():
        if name in known:
            continue
        if options.get(name) is not None or about.get(name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise ArgumentError(option, f"a {kind} has no such option", "leave it out")
        if value is not None:
            raise ArgumentError(f"{config}, {name}", f"a {kind} has none", closest(name, known))
        del parameters[name]  # the configuration says that it was not used
    return settings


def _described(about: dict[str, Any], configured: dict[str, Any]) -> dict[str, Any]:
    """What the command line says of the data, over what the configuration does."""
    given = {name: value for name, value in about.items() if value is not None}
    kept = set(configured)
    if "data" in given:
        kept &= set(_OF_NO_DATA)
    if {"test", "test_steps"} & set(given):  # one of the two is the test part
        kept -= {"test", "test_steps"}
    return {name: configured[name] for name in configured if name in kept} | given


def _read(config: str) -> dict[str, Any]:
    if Path(config).suffix == ".toml" and os.path.exists(config):
        return read_config(Path(config))
    if config not in recipes():
        known = ", ".join(recipes())
        raise ArgumentError(
            "--config", f"there is no {config!r}", f"a .toml file, or one of {known}"
        )
    with resources.as_file(_RECIPES / f"{config}.toml") as path:
        return read_config(path)


def read_config(path: Path) -> dict[str, Any]:
    """What a configuration says: `kind`, and tables `about`, `task`, `training` and `machine`.

    Raises:
        FormatError: It cannot be read, is no TOML, or holds another table or another type.
    """
    try:
        told = load_toml(path)
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise FormatError(str(path), found, "a file that can be opened") from error
    except ValueError as error:
        raise FormatError(str(path), f"not readable TOML: {error}", "mend it") from error
    for name, value in told.items():
        wanted = str if name == "kind" else dict
        if name not in ("kind", "about", *_TABLES):
            expected = closest(name, ("kind", "about", *_TABLES))
            raise FormatError(f"{path}, {name}", "is unknown", expected)
        _check_type(f"{path}, {name}", value, wanted)
    for name, value in told.get("about", {}).items():
        _check_type(f"{path}, about.{name}", value, int if name in _COUNTS else str)
    return told


def _check_type(where: str, value: Any, wanted: type) -> None:
    if type(value) is not wanted:
        raise FormatError(where, f"found {repr(value)[:80]}", _TYPES[wanted])


def closest(name: str, known: Collection[str]) -> str:
    """What to do about an unknown name: the one that it may have been meant for, or all.

    >>> closest("trainig", ("task", "training"))
    "did you mean 'training'?"
    """
    found = difflib.get_close_matches(name[:100], known, n=1)
    return f"did you mean {found[0]!r}?" if found else f"one of {', '.join(known)}"


def _value(name: str, given: Any, kind: str) -> Any:
    """An option's value as the estimator takes it."""
    if name in _ZERO_IS_NONE and given == 0:
        return None
    if name in _NONE_IS_NONE and given == "none":
        return None
    if name == "memory" and given.isdecimal():
        return int(given)
    if name == "season" and given == "0":
        return None
    if name in ("units", "season"):
        sizes = _numbers(name, given, int, "a number, or some as 128,64")
        return sizes if len(sizes) > 1 else sizes[0]
    if name == "dilations":
        return _numbers(name, given, int, "some numbers, as 1,4,24")
    if name == "levels":
        return _numbers(name, given, float, "some numbers, as 0.1,0.5,0.9")
    if name == "calendar":
        return True if given == "auto" else [] if given == "none" else given.split(",")
    if name == "validation" and kind == "forecaster" and given >= 1 and given.is_integer():
        return int(given)
    if name == "augment":
        return _bounds(given)
    return given


def _numbers(name: str, given: str, number: Callable[[str], Any], expected: str) -> list[Any]:
    try:
        return [number(part) for part in given.split(",")]
    except ValueError as error:
        raise ArgumentError(f"--{name}", f"found {given!r}", expected) from error


def _bounds(given: str) -> dict[str, float]:
    """`shift=2,rotate=0.1` as a mapping."""
    try:
        pairs = [part.split("=") for part in given.split(",")]
        return {name.strip(): float(bound) for name, bound in pairs}
    except ValueError as error:
        raise ArgumentError("--augment", f"found {given!r}", "as shift=2,rotate=0.1") from error
