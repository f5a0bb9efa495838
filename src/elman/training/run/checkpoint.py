"""Where a training stands, as one file: tensors and, in the header, everything else as JSON.

Nothing of the random generators needs saving: their numbers are functions of seed, epoch and
step (`elman.training.randomness`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from elman.errors import BundleError, CheckpointError
from elman.files import check_regular, replace_file

__all__ = [
    "Checkpoint",
    "load_checkpoint",
    "newest_checkpoint",
    "restore_optimizer",
    "save_checkpoint",
]

_FORMAT = "elman-checkpoint-2"
_DAMAGE = (
    *(OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError),
    *(OverflowError, RecursionError, MemoryError, RuntimeError),
)
"""What a header that says anything at all can lead to."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights, an optimiser's memory, and where the training stands.

    Attributes:
        weights: The module's `state_dict`.
        optimizer: The optimiser's `state_dict()["state"]`, or empty.
        place: Plain data for JSON: epoch, step, sums, records.
        best: The `state_dict` of the best epoch so far; empty before the first is complete.
        more: Further tensors by name.
    """

    weights: Mapping[str, Tensor]
    optimizer: Mapping[int, Mapping[str, Any]]
    place: Mapping[str, Any]
    best: Mapping[str, Tensor] = field(default_factory=dict)
    more: Mapping[str, Tensor] = field(default_factory=dict)


def save_checkpoint(path: Path, checkpoint: Checkpoint, previous: Path | None = None) -> None:
    """Write a checkpoint as a whole or not at all.

    Args:
        path: Where to.
        checkpoint: What is written.
        previous: Where the checkpoint that stands at `path` goes; None drops it.

    Raises:
        CheckpointError: The disk or the folder refused; an older checkpoint is still whole.
    """
    groups = {"weights": checkpoint.weights, "best": checkpoint.best, "more": checkpoint.more}
    tensors = {f"{group}.{name}": t for group, named in groups.items() for name, t in named.items()}
    plain: dict[str, Any] = {}  # the entries of the optimiser that are no tensors
    for index, memory in checkpoint.optimizer.items():
        for name, value in memory.items():
            kept = tensors if isinstance(value, Tensor) else plain
            kept[f"optimizer.{index}.{name}"] = value
    content = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {
        "format": _FORMAT,
        "place": json.dumps(checkpoint.place),
        "optimizer": json.dumps(plain),
    }
    header["checksum"] = _checksum(content, header)
    try:
        replace_file(path, safetensors_bytes(content, metadata=header), previous)
    except BundleError as error:
        raise CheckpointError(error.where, error.found, error.expected) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote, onto the CPU.

    Raises:
        CheckpointError: The file is missing, damaged (a single bit is enough) or foreign.
    """
    try:
        check_regular(path)
        with safe_open(str(path), framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header.get("format") != _FORMAT:
            raise ValueError(f"its header does not say {_FORMAT}")
        if header["checksum"] != _checksum(tensors, header):
            raise ValueError("its checksum is another")
        return _unpacked(tensors, header)
    except FileNotFoundError as error:
        raise CheckpointError(str(path), "does not exist", "begin without resume=") from error
    except _DAMAGE as error:
        raise CheckpointError(
            str(path), f"damaged or not a checkpoint: {error}", "begin anew in another folder"
        ) from error


def _unpacked(tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> Checkpoint:
    groups: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "more": {}}
    optimizer: dict[int, dict[str, Any]] = {}
    for name, value in {**tensors, **json.loads(header["optimizer"])}.items():
        kind, rest = name.split(".", 1)
        if kind == "optimizer":
            index, key = rest.split(".", 1)
            optimizer.setdefault(int(index), {})[key] = value
        else:
            groups[kind][rest] = value
    return Checkpoint(optimizer=optimizer, place=json.loads(header["place"]), **groups)


def _checksum(tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> str:
    """CRC-32 of names, types, shapes and bytes, and of the plain data: safetensors has none."""
    code = zlib.crc32(f"{header['place']}\n{header['optimizer']}".encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        code = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), code)
        code = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, code)
    return f"{code:08x}"


def newest_checkpoint(paths: Sequence[Path]) -> tuple[Checkpoint, list[CheckpointError]]:
    """The first of these that is whole, and what is wrong with those before it.

    Args:
        paths: The newest first.

    Raises:
        CheckpointError: None is whole; it names all.
    """
    faults: list[CheckpointError] = []
    for path in paths:
        try:
            return load_checkpoint(path), faults
        except CheckpointError as error:
            faults.append(error)
    raise CheckpointError(
        " and ".join(fault.where for fault in faults),
        "; ".join(fault.found for fault in faults),
        "begin anew in another folder",
    )


def restore_optimizer(
    optimizer: torch.optim.Optimizer, memory: Mapping[int, Mapping[str, Any]]
) -> None:
    """Give an optimiser the memory that another one had: its `state_dict()["state"]`."""
    current = optimizer.state_dict()
    optimizer.load_state_dict({**current, "state": dict(memory)})
