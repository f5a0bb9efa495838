"""The folder that a training run leaves behind, and who may write into it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elman.errors import BundleError, CheckpointError
from elman.files import remove_leftovers, replace_file
from elman.run_files import load_toml, read_epochs, read_toml, toml_text
from elman.training.events.history import EpochRecord

__all__ = ["RunFolder"]

_MACHINE = "machine"  # the table that a run may go on without, on another machine


class RunFolder:
    """A folder with one training run in it.

    ::

        config.toml                    everything that the run was told
        metrics.jsonl                  a line for each epoch
        steps.jsonl                    a line for each step, taken or skipped
        checkpoints/last.safetensors   where it stands, and the weights of the best epoch so far
        checkpoints/previous.safetensors   where it stood before that
        model.elman                    the model, once training is complete
        result.json                    its scores
        report.md                      the same for a person
        tensorboard/                   for `tensorboard --logdir`, if it was asked for
        pictures/

    Args:
        path: The folder; it is made when the run starts.
        about: More facts for `config.toml`, such as the data's name: plain data.
    """

    def __init__(
        self, path: str | os.PathLike[str], about: Mapping[str, Any] | None = None
    ) -> None:
        self.path = Path(path)
        self.about = about
        self.config = self.path / "config.toml"
        self.metrics = self.path / "metrics.jsonl"
        self.steps = self.path / "steps.jsonl"
        self.last = self.path / "checkpoints" / "last.safetensors"
        self.previous = self.path / "checkpoints" / "previous.safetensors"
        self.model = self.path / "model.elman"
        self.result = self.path / "result.json"
        self.report = self.path / "report.md"
        self.tensorboard = self.path / "tensorboard"
        self.pictures = self.path / "pictures"
        self._launch = self.path / ".launch"
        self._threads = self.path / ".threads"
        self.chosen_threads: int | None = None  # for a run that starts here, and goes on so

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    def restarted(self, launch: str | None) -> bool:
        """Whether the run that stands here was begun by this very launch of `torchrun`.

        Args:
            launch: What names it; None where there is none.
        """
        begun = self.config.exists() and self._launch.exists()
        return launch is not None and begun and self._launch.read_text("utf-8") == launch

    def threads(self) -> int | None:
        """How many threads were chosen when the run began; None: as torch has them."""
        told = self._threads.read_text("utf-8") if self._threads.exists() else ""
        return int(told) if told.isdecimal() else None

    def start(
        self, config: Mapping[str, Any], resume: bool = False, launch: str | None = None
    ) -> None:
        """Begin a run here, or make sure that the one that stands here may go on.

        Args:
            config: Nested plain data: what the run is told. Its table `machine` (device, threads,
                workers) may be another when a run goes on.
            resume: Whether to go on with the run that is here; what killed writers left behind is
                removed.
            launch: What names the `torchrun` that starts it, if one does.

        Raises:
            CheckpointError: There is a run already; with `resume`, there is none, or it was
                told something else. Or the folder cannot be written.
        """
        text = toml_text({**config, "about": self.about} if self.about else config)
        if resume:
            stands, told = self.read_config(), read_toml(text)
            for settings in (stands, told):
                settings.pop(_MACHINE, None)
            _check_same(stands, told, str(self.config))
            for path in (self.config, self.metrics, self.steps, self.last, self.model, self.result):
                remove_leftovers(path)
            self._remember(launch)
            return
        if self.config.exists() or self.last.exists():
            raise CheckpointError(
                str(self.path),
                "holds a training run already",
                "pass resume=True to go on with it, or another folder as run=",
            )
        self._remember(launch)
        if self.chosen_threads is not None:
            self._write(self._threads, str(self.chosen_threads))
        self._write(self.config, text)

    def _remember(self, launch: str | None) -> None:
        if launch is not None:
            self._write(self._launch, launch)

    def read_config(self) -> dict[str, Any]:
        """What the run was told, from `config.toml`; `CheckpointError` if it cannot be read."""
        try:
            return load_toml(self.config)
        except FileNotFoundError as error:
            raise CheckpointError(
                str(self.path), "holds no training run", "begin without resume="
            ) from error
        except (OSError, ValueError) as error:
            raise CheckpointError(
                str(self.config), f"cannot be read: {error}", "begin anew in another folder"
            ) from error

    def read_metrics(self) -> list[EpochRecord]:
        """The epochs in `metrics.jsonl`; `CheckpointError` if it is missing or damaged."""
        try:
            return [EpochRecord(**facts) for facts in read_epochs(self.metrics)]
        except (OSError, ValueError) as error:
            raise CheckpointError(
                str(self.metrics), f"cannot be read: {error}", "train again, or resume=True"
            ) from error

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write `result.json`, whole or not at all; `CheckpointError` if that fails."""
        self._write(self.result, json.dumps(result, indent=2, ensure_ascii=False) + "\n")

    def write_report(self, text: str) -> None:
        """Write `report.md`, whole or not at all; `CheckpointError` if that fails."""
        self._write(self.report, text)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        try:
            replace_file(path, text.encode())
        except BundleError as error:
            raise CheckpointError(error.where, error.found, error.expected) from error


def _check_same(stands: Any, told: Any, where: str, name: str = "") -> None:
    """Both say the same; else `CheckpointError` names the first difference."""
    if isinstance(stands, dict) and isinstance(told, dict):
        for key in (*stands, *told):
            inner = f"{name}.{key}" if name else key
            _check_same(stands.get(key), told.get(key), where, inner)
    elif stands != told:
        raise CheckpointError(
            where,
            f"the run was started with {name} = {stands}, now it is {told}",
            "resume with the same settings, or begin anew in another folder",
        )
