"""What happened in a training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib.util import find_spec
from typing import Any

from elman.errors import MissingExtraError

__all__ = ["EpochRecord", "History", "best_epoch"]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch in numbers.

    Attributes:
        epoch: From 1.
        train_loss: Mean over the epoch's batches, each before its update.
        learning_rate: Of the epoch's last step.
        seconds: Wall-clock time, validation included.
        validation_loss: Mean over the validation part, or None without one.
        validation_score: The task's score there, larger is better, or None.
    """

    epoch: int
    train_loss: float
    learning_rate: float
    seconds: float
    validation_loss: float | None = None
    validation_score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data; what is None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class History:
    """All epochs of a training, and which one's weights were kept."""

    records: tuple[EpochRecord, ...]
    best_epoch: int

    @property
    def best(self) -> EpochRecord:
        """The record of the epoch whose weights were kept."""
        return self.records[self.best_epoch - 1]

    @property
    def seconds(self) -> float:
        """Wall-clock time of all epochs."""
        return sum(record.seconds for record in self.records)

    def after(self, earlier: Sequence[EpochRecord]) -> History:
        """This training as one that went on from another, whose epochs it counts, too."""
        if not earlier:
            return self
        done = len(earlier)
        records = (replace(record, epoch=done + record.epoch) for record in self.records)
        return History((*earlier, *records), done + self.best_epoch)

    def to_frame(self) -> Any:
        """The epochs as a frame: a row each, a column for each of `EpochRecord`'s fields.

        Returns:
            A pandas frame; where pandas is not installed, a polars frame. What an epoch lacks (a
            validation loss without a validation part) is a missing number.

        Raises:
            MissingExtraError: Neither of the two, or no narwhals, is installed.
        """
        try:
            import narwhals.stable.v1 as nw
        except ImportError as error:
            raise MissingExtraError.of("narwhals", "train", "History.to_frame") from error
        backend: Any = next((name for name in ("pandas", "polars") if find_spec(name)), None)
        if backend is None:
            raise MissingExtraError(
                "History.to_frame", "neither pandas nor polars is installed", "install one of them"
            )
        names = [one.name for one in fields(EpochRecord)]
        columns = {name: [getattr(each, name) for each in self.records] for name in names}
        schema: dict[str, Any] = {name: nw.Int64() if name == "epoch" else nw.Float64()
                                  for name in names}  # fmt: skip
        return nw.from_dict(columns, schema, backend=backend).to_native()


def best_epoch(records: Sequence[EpochRecord]) -> int:
    """The epoch whose weights are kept; 0 if there is none yet.

    The one of the highest validation score, then of the lowest validation loss, then the
    earlier; without a validation part the last.
    """

    def merit(record: EpochRecord) -> tuple[float, float, int]:
        assert record.validation_loss is not None
        return record.validation_score or 0.0, -record.validation_loss, -record.epoch

    if not records or records[-1].validation_loss is None:
        return len(records)
    return max(records, key=merit).epoch
