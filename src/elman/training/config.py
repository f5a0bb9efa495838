"""How a network is trained, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, Literal, get_args

from elman.errors import ArgumentError
from elman.training.augment import Augmentation

__all__ = ["OptimizerName", "ScheduleName", "TrainingConfig", "whole_number"]

OptimizerName = Literal["adam", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "adagrad"]
ScheduleName = Literal["constant", "cosine", "linear"]

_LEAST = {
    "warmup_steps": 0,
    "batch_size": 1,
    "accumulate": 1,
    "epochs": 1,
    "max_skipped": 0,
    "seed": 0,
}
"""The whole numbers that are always given, and where they begin."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    >>> TrainingConfig(epochs=5).to_dict()["epochs"]
    5
    >>> TrainingConfig(schedule="sine")
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: schedule: found 'sine'; one of constant, cosine, linear

    Attributes:
        optimizer: `"momentum"` and `"nesterov"` are gradient descent with momentum 0.9. Adam:
            Kingma and Ba 2015 (arXiv 1412.6980v9); AdamW: Loshchilov and Hutter 2019
            (arXiv 1711.05101v3).
        learning_rate: Step size, > 0.
        schedule: How it decays from the end of the warm-up to the last step: not at all, as
            half a cosine to zero, or in a straight line to zero.
        warmup_steps: Steps in which the rate rises linearly from near zero, ≥ 0.
        clip_value: Each entry of the gradients is brought into [-clip_value, clip_value], before
            `clip_norm`; None never.
        clip_norm: Gradients whose joint norm is larger are scaled down to it; None never.
        weight_decay: ≥ 0, on weight matrices only, never on biases or gains. Adam, RMSProp and
            gradient descent add it to the gradient; AdamW decays apart from the gradient.
        batch_size: Sequences a batch, ≥ 1.
        batch_tokens: In place of `batch_size`: a batch's sequences times the steps of its longest
            are at most this many, and sequences of similar lengths are put together. At least
            the longest sequence's steps. None: by `batch_size`.
        accumulate: Batches a step, ≥ 1. The gradient is that of one batch of all their sequences,
            at the memory of one of them.
        average: Decay in (0, 1) of an exponential moving average of the weights, one step at a
            time, which is then what is validated and kept; None: the weights themselves are.
        epochs: Passes over the training part, ≥ 1.
        early_stopping: Epochs without a better validation result after which training ends;
            None trains all epochs.
        checkpoint_every: Steps from one checkpoint to the next, ≥ 1, beside those at the end of
            each epoch and when training is interrupted; None: those only.
        max_skipped: Steps in a row, ≥ 0, that may be skipped because loss or gradients are not
            finite; one more ends the training.
        seed: ≥ 0. Order of the data, augmentation and dropout are functions of it.
        augment: Random distortion of sequences that are images; an `Augmentation`, a mapping
            of its fields, or None.

    Raises:
        ArgumentError: A value is outside its range.
    """

    optimizer: OptimizerName = "adam"
    learning_rate: float = 1e-3
    schedule: ScheduleName = "constant"
    warmup_steps: int = 0
    clip_value: float | None = None
    clip_norm: float | None = None
    weight_decay: float = 0.0
    batch_size: int = 32
    batch_tokens: int | None = None
    accumulate: int = 1
    average: float | None = None
    epochs: int = 20
    early_stopping: int | None = None
    checkpoint_every: int | None = None
    max_skipped: int = 10
    seed: int = 0
    augment: Augmentation | None = None

    def __post_init__(self) -> None:
        _check_name("optimizer", self.optimizer, get_args(OptimizerName))
        _check_name("schedule", self.schedule, get_args(ScheduleName))
        for name, least in _LEAST.items():
            self._set(name, whole_number(name, getattr(self, name), least))
        for name in ("early_stopping", "batch_tokens", "checkpoint_every"):
            if getattr(self, name) is not None:
                self._set(name, whole_number(name, getattr(self, name), 1))
        self._set("learning_rate", _positive("learning_rate", self.learning_rate))
        for name in ("clip_value", "clip_norm", "average"):
            if getattr(self, name) is not None:
                self._set(name, _positive(name, getattr(self, name)))
        if self.average is not None and self.average >= 1:
            raise ArgumentError("average", f"found {self.average!r}", "a decay between 0 and 1")
        self._set("weight_decay", _positive("weight_decay", self.weight_decay, or_zero=True))
        if isinstance(self.augment, Mapping):
            self._set("augment", Augmentation.from_dict(self.augment))
        elif not isinstance(self.augment, Augmentation | None):
            raise ArgumentError(
                "augment", f"found {self.augment!r}", "an Augmentation, a mapping, or None"
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # NumPy's numbers become Python's; still frozen

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, for TOML or JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> TrainingConfig:
        """The configuration that `to_dict` described; a field left out has its default.

        Raises:
            ArgumentError: A field is unknown or outside its range.
        """
        known = {field.name for field in fields(cls)}
        for name in settings:
            if name not in known:
                raise ArgumentError(
                    "training configuration", f"unknown field {name!r}", f"{sorted(known)}"
                )
        return cls(**settings)


def _check_name(where: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ArgumentError(where, f"found {value!r}", f"one of {', '.join(known)}")


def whole_number(where: str, value: Any, least: int) -> int:
    """The value as an int; `ArgumentError` unless it is one of at least `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ArgumentError(where, f"found {value!r}", f"a whole number of at least {least}")
    return int(value)


def _positive(where: str, value: Any, or_zero: bool = False) -> float:
    number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < 0 or (value == 0 and not or_zero):
        wanted = "a finite number of at least 0" if or_zero else "a finite number above 0"
        raise ArgumentError(where, f"found {value!r}", wanted)
    return float(value)
