"""A run as lines of JSON: one for each epoch, one for each step."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from elman.errors import BundleError, CheckpointError
from elman.files import replace_file
from elman.training.events import EpochEnd, EpochStart, Event, RunStart, StepEnd, StepSkipped

__all__ = ["MetricsFile", "StepsFile"]


class MetricsFile:
    """A listener that keeps `metrics.jsonl`: one line of JSON for each complete epoch."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        """Write what is new; `CheckpointError` if the disk refuses."""
        if isinstance(event, RunStart):  # a resumed run: the checkpoint knows what is complete
            _replace(self._path, (_line(record.to_dict()) for record in event.done))
        elif isinstance(event, EpochEnd):
            _append(self._path, _line(event.record.to_dict()))


class StepsFile:
    """A listener that keeps `steps.jsonl`: one line of JSON for each step.

    A step that was taken has `epoch`, `step`, `loss`, `learning_rate`, `gradient_norm` and
    `seconds`; one that was skipped `epoch`, `step`, `skipped` (why) and `rows` (of its batch).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begins = False  # the next epoch is the first that this process trains

    def __call__(self, event: Event) -> None:
        """Write what is new; `CheckpointError` if the disk refuses."""
        if isinstance(event, RunStart):
            self._begins = True
        elif isinstance(event, EpochStart) and self._begins:
            self._begins = False
            _replace(self._path, _lines_until(self._path, event.epoch, event.step))
        elif isinstance(event, StepEnd | StepSkipped):
            _append(self._path, _line(_step(event)))


def _step(event: StepEnd | StepSkipped) -> dict[str, Any]:
    place = {"epoch": event.epoch, "step": event.step}
    if isinstance(event, StepSkipped):
        return {**place, "skipped": event.found, "rows": list(event.rows)}
    return {
        **place,
        "loss": event.loss,
        "learning_rate": event.learning_rate,
        "gradient_norm": event.gradient_norm,
        "seconds": round(event.seconds, 6),
    }


def _lines_until(path: Path, epoch: int, step: int) -> list[str]:
    """The lines of the steps that a checkpoint knows of.

    After them stand steps that will be taken again, and perhaps a line that a kill cut off.
    """
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            try:
                facts = json.loads(line)
            except ValueError:
                break
            if not line.endswith("\n") or (facts["epoch"], facts["step"]) > (epoch, step):
                break
            kept.append(line)
    return kept


def _line(facts: dict[str, Any]) -> str:
    return json.dumps(facts) + "\n"


def _append(path: Path, line: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        raise CheckpointError(
            str(path), f"could not be written ({error.strerror})", "free the disk"
        ) from error


def _replace(path: Path, lines: Iterable[str]) -> None:
    try:
        replace_file(path, "".join(lines).encode())
    except BundleError as error:
        raise CheckpointError(error.where, error.found, error.expected) from error
