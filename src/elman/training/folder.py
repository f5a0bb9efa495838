"""The folder that a training run leaves behind, and who may write into it."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elman.errors import BundleError, CheckpointError
from elman.files import replace_file
from elman.training.events import EpochEnd, Event, RunStart
from elman.training.history import EpochRecord
from elman.training.toml import toml_text

__all__ = ["MetricsFile", "RunFolder"]


class RunFolder:
    """A folder with one training run in it.

    ::

        config.toml                    everything that the run was told
        metrics.jsonl                  a line for each epoch
        checkpoints/last.safetensors   where it stands: resumed from here
        checkpoints/best.safetensors   the weights of the best epoch so far
        model.elman                    the model, once training is complete
        result.json                    its scores
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
        self.last = self.path / "checkpoints" / "last.safetensors"
        self.best = self.path / "checkpoints" / "best.safetensors"
        self.model = self.path / "model.elman"
        self.result = self.path / "result.json"
        self.pictures = self.path / "pictures"

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    def start(self, config: Mapping[str, Any], resume: bool = False) -> None:
        """Begin a run here, or make sure that the one that stands here may go on.

        Args:
            config: Nested plain data: what the run is told. None values are left out.
            resume: Whether to go on with the run that is here.

        Raises:
            CheckpointError: There is a run already; with `resume`, there is none, or it was
                told something else. Or the folder cannot be written.
        """
        text = toml_text({**config, "about": self.about} if self.about else config)
        if resume:
            _check_same(self.read_config(), tomllib.loads(text), str(self.config))
            return
        if self.config.exists() or self.last.exists():
            raise CheckpointError(
                str(self.path),
                "holds a training run already",
                "pass --resume (resume=True) to go on with it, or another folder with --out",
            )
        self._write(self.config, text)

    def read_config(self) -> dict[str, Any]:
        """What the run was told, from `config.toml`; `CheckpointError` if it cannot be read."""
        try:
            return tomllib.loads(self.config.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise CheckpointError(
                str(self.path), "holds no training run", "begin without --resume"
            ) from error
        except (OSError, ValueError) as error:
            raise CheckpointError(
                str(self.config), f"cannot be read: {error}", "begin anew in another folder"
            ) from error

    def read_metrics(self) -> list[EpochRecord]:
        """The epochs in `metrics.jsonl`; `CheckpointError` if it is missing or damaged."""
        try:
            lines = self.metrics.read_text(encoding="utf-8").splitlines()
            return [EpochRecord(**json.loads(line)) for line in lines]
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(
                str(self.metrics), f"cannot be read: {error}", "train again, or --resume"
            ) from error

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write `result.json`, whole or not at all; `CheckpointError` if that fails."""
        self._write(self.result, json.dumps(result, indent=2, ensure_ascii=False) + "\n")

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


class MetricsFile:
    """A listener that keeps `metrics.jsonl`: one line of JSON for each complete epoch."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        """Write what is new; `CheckpointError` if the disk refuses."""
        if isinstance(event, RunStart):  # a resumed run: the checkpoint knows what is complete
            self._write("w", event.done)
        elif isinstance(event, EpochEnd):
            self._write("a", (event.record,))

    def _write(self, mode: str, records: tuple[EpochRecord, ...]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, mode, encoding="utf-8") as file:
                file.writelines(json.dumps(record.to_dict()) + "\n" for record in records)
        except OSError as error:
            raise CheckpointError(
                str(self._path), f"could not be written ({error.strerror})", "free the disk"
            ) from error
