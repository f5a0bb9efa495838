"""What a training is told: a recipe or a run's configuration, overridden by options."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import elman
from elman.errors import ArgumentError, FormatError

__all__ = ["PARAMETERS", "Settings", "gather", "recipes"]

PARAMETERS: dict[str, tuple[Any, str]] = {
    "cell": (str, "lstm, gru or rnn."),
    "units": (str, "Hidden size of every layer; or one for each, as 128,64."),
    "layers": (int, "How many layers."),
    "bidirectional": (bool, "Read in both directions."),
    "dropout": (float, "Dropout rate between layers and before the last, in [0, 1)."),
    "recurrent_dropout": (float, "Rate of what a step passes to the next, in [0, 1)."),
    "zoneout": (float, "Rate of units that keep their old state, in [0, 1)."),
    "activation": (str, "Of the cell rnn: tanh or relu."),
    "layer_norm": (bool, "Layer normalisation inside the cells."),
    "pool": (str, "Answer on the last state, or on the mean or max over time."),
    "per_step": (bool, "Regressor: a number for each step."),
    "window": (int, "With --per-step: steps that a gradient reaches back; 0 for whole sequences."),
    "stride": (int, "Of windows: steps between updates; 0 for the window's length."),
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
    "validation": (float, "Share set aside to choose the epoch on; 0 for none."),
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
_COLUMNS = ("series", "step", "label")
_KINDS = {"classifier": "Classifier", "regressor": "Regressor"}
_RECIPES = resources.files("elman") / "recipes"
_ZERO_IS_NONE = (
    "window",
    "stride",
    "clip_value",
    "clip_norm",
    "batch_tokens",
    "average",
    "validation",
    "early_stopping",
    "checkpoint_every",
)


@dataclass(frozen=True)
class Settings:
    """What a training is told.

    Attributes:
        kind: `classifier` or `regressor`.
        about: Its `data`; perhaps `test`, the columns of a table, and the model `from` which it
            starts.
        parameters: The estimator's that differ from its defaults.
    """

    kind: str
    about: dict[str, str]
    parameters: dict[str, Any]

    def estimator_class(self) -> Any:
        """`Classifier` or `Regressor`; `MissingExtraError` without torch."""
        return getattr(elman, _KINDS[self.kind])

    def estimator(self) -> Any:
        """An estimator with these parameters: a fresh one, or the model's that it starts from."""
        if "from" in self.about:
            return self.estimator_class().load(self.about["from"]).set_params(**self.parameters)
        return self.estimator_class()(**self.parameters)

    def reading(self) -> dict[str, Any]:
        """How `cli.options.read_labelled` reads the data."""
        columns = {name: self.about.get(name) for name in _COLUMNS}
        return {**columns, "per_step": bool(self.parameters.get("per_step"))}


def recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(p.name.removesuffix(".toml") for p in _RECIPES.iterdir() if p.name[0] != "_")


def gather(
    task: str | None,
    config: str | None,
    about: dict[str, str | None],
    options: dict[str, Any],
) -> Settings:
    """Options over the configuration's values; what neither gives is the estimator's default.

    Other data leave nothing of what the configuration says of its own: test data and columns.

    Args:
        task: `classifier`, `regressor`, or None.
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
    described = told.get("about", {})
    if about["data"] is not None:
        described = {name: value for name, value in described.items() if name == "from"}
    described |= {name: value for name, value in about.items() if value is not None}
    if "data" not in described:
        raise ArgumentError("--data", "not given", "a set's name (elman data list) or a path")
    parameters = {k: v for table in _TABLES for k, v in told.get(table, {}).items()}
    parameters |= {k: _value(k, v) for k, v in options.items() if v is not None}
    settings = Settings(kind, described, parameters)
    known = inspect.signature(settings.estimator_class()).parameters
    for name in parameters:
        if name not in known:
            raise ArgumentError(
                f"--{name.replace('_', '-')}", f"a {kind} has no such option", "leave it out"
            )
    return settings


def _read(config: str) -> dict[str, Any]:
    path = Path(config)
    source = path if path.suffix == ".toml" else _RECIPES / f"{config}.toml"
    if not source.is_file():
        known = ", ".join(recipes())
        raise ArgumentError(
            "--config", f"there is no {config!r}", f"a .toml file, or one of {known}"
        )
    try:
        return elman.training.read_toml(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(str(source), f"not readable TOML: {error}", "mend it") from error


def _value(name: str, given: Any) -> Any:
    """An option's value as the estimator takes it."""
    if name in _ZERO_IS_NONE and given == 0:
        return None
    if name in ("memory", "cost_steps") and given == "none":
        return None
    if name == "memory" and given.isdecimal():
        return int(given)
    if name == "units":
        return _units(given)
    if name == "augment":
        return _bounds(given)
    if name == "class_weight" and given == "none":
        return None
    return given


def _units(given: str) -> int | list[int]:
    try:
        sizes = [int(part) for part in given.split(",")]
    except ValueError as error:
        raise ArgumentError("--units", f"found {given!r}", "a number, or some as 128,64") from error
    return sizes if len(sizes) > 1 else sizes[0]


def _bounds(given: str) -> dict[str, float] | None:
    """`shift=2,rotate=0.1` as a mapping; `none` as None."""
    if given == "none":
        return None
    try:
        pairs = [part.split("=") for part in given.split(",")]
        return {name.strip(): float(bound) for name, bound in pairs}
    except ValueError as error:
        raise ArgumentError("--augment", f"found {given!r}", "as shift=2,rotate=0.1") from error
