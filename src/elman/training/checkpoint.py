"""Where a training stands, as one file: tensors and, in the header, everything else as JSON.

Nothing of the random generators needs saving: their numbers are functions of seed, epoch and
step (`elman.training.randomness`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from elman.errors import BundleError, CheckpointError
from elman.files import replace_file

__all__ = ["Checkpoint", "load_checkpoint", "restore_optimizer", "save_checkpoint"]

_FORMAT = "elman-checkpoint-1"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights, perhaps an optimiser's memory, and where the training stands.

    Attributes:
        weights: The module's `state_dict`.
        optimizer: The optimiser's `state_dict()["state"]`, or empty.
        place: Plain data for JSON: epoch, step, sums, records.
    """

    weights: Mapping[str, Tensor]
    optimizer: Mapping[int, Mapping[str, Any]]
    place: Mapping[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint as a whole or not at all.

    Raises:
        CheckpointError: The disk or the folder refused; an older checkpoint is still whole.
    """
    tensors = {f"weights.{name}": tensor for name, tensor in checkpoint.weights.items()}
    plain: dict[str, Any] = {}  # the entries of the optimiser that are no tensors
    for index, memory in checkpoint.optimizer.items():
        for name, value in memory.items():
            kept = tensors if isinstance(value, Tensor) else plain
            kept[f"optimizer.{index}.{name}"] = value
    header = {
        "format": _FORMAT,
        "place": json.dumps(checkpoint.place),
        "optimizer": json.dumps(plain),
    }
    content = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        replace_file(path, safetensors_bytes(content, metadata=header))
    except BundleError as error:
        raise CheckpointError(error.where, error.found, error.expected) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote, onto the CPU.

    Raises:
        CheckpointError: The file is missing, damaged or foreign.
    """
    weights: dict[str, Tensor] = {}
    optimizer: dict[int, dict[str, Any]] = {}
    try:
        with safe_open(str(path), framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header.get("format") != _FORMAT:
            raise ValueError("no checkpoint format in its header")
        place = json.loads(header["place"])
        for name, value in {**tensors, **json.loads(header["optimizer"])}.items():
            kind, rest = name.split(".", 1)
            if kind == "weights":
                weights[rest] = value
            else:
                index, key = rest.split(".", 1)
                optimizer.setdefault(int(index), {})[key] = value
    except FileNotFoundError as error:
        raise CheckpointError(str(path), "does not exist", "begin without --resume") from error
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(
            str(path), f"damaged or not a checkpoint: {error}", "begin anew in another folder"
        ) from error
    return Checkpoint(weights, optimizer, place)


def restore_optimizer(optimizer: torch.optim.Optimizer, checkpoint: Checkpoint) -> None:
    """Give an optimiser the memory that the checkpoint holds."""
    current = optimizer.state_dict()
    optimizer.load_state_dict({**current, "state": dict(checkpoint.optimizer)})
