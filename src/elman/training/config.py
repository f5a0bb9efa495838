"""How a network is trained, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, get_args

from elman.errors import ArgumentError
from elman.parameters import (
    check_fields,
    documented,
    number,
    one_of,
    parameter,
    plain,
    whole,
)
from elman.training.augment import Augmentation

__all__ = ["OptimizerName", "ScheduleName", "Training", "TrainingConfig"]

OptimizerName = Literal["adam", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "adagrad"]
ScheduleName = Literal["constant", "cosine", "linear"]


@dataclass(kw_only=True, eq=False, repr=False)
class Training:
    """The parameters of every training."""

    _group: ClassVar = "Training"
    _table: ClassVar = "training"

    optimizer: OptimizerName = parameter(
        "adam",
        one_of(*get_args(OptimizerName)),
        "The optimiser.",
        "`momentum` and `nesterov` are gradient descent with momentum 0.9. Adam: Kingma and Ba "
        "2015 (arXiv 1412.6980v9); AdamW: Loshchilov and Hutter 2019 (arXiv 1711.05101v3).",
    )
    learning_rate: float = parameter(1e-3, number(above=0), "Step size.")
    schedule: ScheduleName = parameter(
        "constant",
        one_of(*get_args(ScheduleName)),
        "How the step size decays to zero.",
        "From the end of the warm-up to the last step: not at all, as half a cosine, or in a "
        "straight line.",
    )
    warmup_steps: int = parameter(
        0, whole(0), "Steps in which the step size rises linearly from near zero."
    )
    clip_value: float | None = parameter(
        None,
        number(above=0, none=True),
        "Bring each gradient's entries into [-clip_value, clip_value], before `clip_norm`.",
        "None: never.",
    )
    clip_norm: float | None = parameter(
        1.0,
        number(above=0, none=True),
        "Scale gradients down whose joint norm is larger.",
        "None: never.",
    )
    weight_decay: float = parameter(
        0.0,
        number(),
        "Decay of weight matrices, not of biases or gains.",
        "Adam, RMSProp and gradient descent add it to the gradient; AdamW decays apart from it.",
    )
    batch_size: int = parameter(32, whole(1), "Sequences a batch.")
    accumulate: int = parameter(
        1,
        whole(1),
        "Batches a step.",
        "The gradient is that of one batch of all their sequences, at the memory of one of them.",
    )
    average: float | None = parameter(
        None,
        number(above=0, below=1, wanted="a decay between 0 and 1", none=True),
        "Keep an exponential moving average of the weights, of this decay a step.",
        "It is then what is validated and kept; None: the weights themselves are.",
    )
    epochs: int = parameter(20, whole(1), "Passes over the training part.")
    early_stopping: int | None = parameter(
        None,
        whole(1, none=True),
        "Stop after so many epochs without a better validation result.",
        "None trains all epochs.",
    )
    checkpoint_every: int | None = parameter(
        None,
        whole(1, none=True),
        "Save after so many steps, too.",
        "Beside the end of each epoch and an interruption; None: those only.",
    )
    max_skipped: int = parameter(
        10,
        whole(0),
        "Steps in a row that may be skipped because loss or gradients are not finite.",
        "One more ends the training.",
    )
    seed: int = parameter(
        0, whole(0), "Of weights, split, order of the data, augmentation and dropout."
    )


def _bounds(name: str, given: str) -> dict[str, float] | None:
    """`shift=2,rotate=0.1` as a mapping."""
    if given == "none":
        return None
    try:
        pairs = [part.split("=") for part in given.split(",")]
        return {key.strip(): float(bound) for key, bound in pairs}
    except ValueError as error:
        raise ArgumentError(f"--{name}", f"found {given!r}", "as shift=2,rotate=0.1") from error


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceTraining(Training):
    """The parameters of a training on sequences that are held in memory."""

    batch_tokens: int | None = parameter(
        None,
        whole(1, none=True),
        "In place of `batch_size`: steps a batch, padding included.",
        "A batch's sequences times the steps of its longest are at most this many, and sequences "
        "of similar lengths are put together. At least the longest sequence's steps.",
    )
    epoch_steps: int | None = parameter(
        None,
        whole(1, none=True),
        "Least steps of an epoch: few sequences are passed over several times.",
        "Each time in another order, and distorted anew. None: an epoch is one pass.",
    )
    augment: Any = parameter(
        None,
        plain(str, _bounds, "As crop=0.1,warp=0.1,mix=0.1,noise=0.05; none: not."),
        "Distort sequences at random while training; of images shift, rotate, scale, shear.",
        "An `elman.training.Augmentation`, a mapping of its fields, or None.",
    )


@documented
@dataclass(kw_only=True)
class TrainingConfig(SequenceTraining):
    """How a network is trained.

    >>> TrainingConfig(epochs=5).to_dict()["epochs"]
    5
    >>> TrainingConfig(schedule="sine")
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: schedule: found 'sine'; did you mean 'cosine'?

    Attributes:
        {parameters}

    Raises:
        ArgumentError: A value is outside its range.
    """

    def __post_init__(self) -> None:
        check_fields(self)
        if isinstance(self.augment, Mapping):
            self.augment = Augmentation.from_dict(self.augment)
        elif not isinstance(self.augment, Augmentation | None):
            raise ArgumentError(
                "augment", f"found {self.augment!r}", "an Augmentation, a mapping, or None"
            )

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
