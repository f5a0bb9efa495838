"""The model file: blueprint, weights, and what travels with them. Data only, never a pickle.

A bundle is one safetensors file. Its header's metadata has one entry, JSON with the format's
version, the task, the blueprint, the settings and a checksum of everything; tensors are named
`weights.…` (those of the blueprint, float32) and `tensors.…` (transforms, labels, baselines).
The header is checked against the blueprint's schema, and the weights' shapes against the
blueprint, before any tensor is read.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from elman.blueprint import Blueprint, Parallel, Recurrent, cell_kinds, from_data, to_data
from elman.blueprint.schema import MAX_JSON_BYTES, parse_json
from elman.errors import BlueprintError, BundleError, ShapeError
from elman.files import open_regular, replace_file

__all__ = [
    "VERSION",
    "Bundle",
    "check_widths",
    "load",
    "pack_strings",
    "save",
    "unpack_strings",
]

VERSION = 1
"""The format's version; it grows when an older reader would misunderstand a file."""
MAX_HEADER_BYTES = 4 * MAX_JSON_BYTES
"""The configuration with JSON's escapes, and the list of tensors."""
MAX_RANK = 8
MAX_BYTES = 2**33
"""Of all tensors: the largest network twice."""
MAX_CHARACTERS = 2**26
"""Of strings in one array: 256 MiB."""

_ENTRY = "elman_bundle"
_DTYPES = {
    "F32": np.float32,
    "F64": np.float64,
    "I64": np.int64,
    "I32": np.int32,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
_TASK = re.compile(r"[a-z][a-z_]{0,63}")


@dataclass(frozen=True, eq=False)
class Bundle:
    """A model as data.

    Attributes:
        task: What the model is for, as `classifier`: lower case letters and `_`.
        blueprint: The network.
        weights: float32 arrays, one for each of `blueprint.shapes()`, all finite.
        tensors: Further arrays of the task's own: transforms, class labels, baselines.
        settings: Further plain values of the task's own, as JSON can hold them.
    """

    task: str
    blueprint: Blueprint
    weights: dict[str, np.ndarray]
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def save(path: str | os.PathLike[str], bundle: Bundle) -> None:
    """Write a bundle atomically: `path` is the old file or the whole new one.

    Raises:
        BundleError: The bundle is inconsistent (a weight that is missing or not finite, a user's
            cell without a NumPy step, a network of one's own, settings that JSON cannot hold), or
            the disk refused; an older file is unchanged.
    """
    where = str(path)
    _check_answerable(where, bundle.blueprint)
    arrays = _arrays(where, bundle)
    metadata = {_ENTRY: _configuration(where, bundle, arrays)}
    replace_file(Path(path), bytes_of(arrays, metadata=metadata))


def load(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle that `save` wrote.

    Raises:
        BundleError: The file is missing, cut, changed, foreign, a pickle, of a later version, or
            holds a network that this Elman cannot check; the message says what was found.
    """
    where = str(path)
    try:
        with open_regular(path) as file:
            header, data_size = _read_header(where, file)
            configuration = _read_configuration(where, header)
            blueprint = _read_blueprint(where, configuration)
            _check_tensor_list(where, blueprint, header, data_size)
            file.seek(0)
            arrays = tensors_of(file.read())
    except FileNotFoundError as error:
        raise BundleError(where, "there is no such file", "check the path") from error
    except IsADirectoryError as error:
        raise BundleError(
            where, "it is a folder", "give the model file in it, as FOLDER/model.elman"
        ) from error
    except OSError as error:
        raise BundleError(where, f"cannot be read ({error.strerror})", "check the file") from error
    except SafetensorError as error:
        raise BundleError(where, f"its tensors are damaged ({error})", "save it again") from error
    except MemoryError as error:
        raise BundleError(
            where, f"its tensors have {data_size} bytes", "a machine with more memory"
        ) from error
    if configuration.pop("sha256") != _digest(configuration, arrays):
        raise BundleError(where, "its content was changed", "take an undamaged copy, or save again")
    weights = _below(arrays, "weights.")
    _check_weights(where, blueprint, weights)
    tensors = _below(arrays, "tensors.")
    return Bundle(configuration["task"], blueprint, weights, tensors, configuration["settings"])


def pack_strings(strings: Iterable[str]) -> dict[str, np.ndarray]:
    """Strings as two arrays: their UTF-8 bytes end to end, and where each one ends.

    >>> {name: array.tolist() for name, array in pack_strings(["ab", "", "c"]).items()}
    {'bytes': [97, 98, 99], 'offsets': [0, 2, 2, 3]}

    Returns:
        `bytes` uint8, and `offsets` int64 `[N + 1]`: string k is bytes[offsets[k]:offsets[k+1]].
    """
    encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return {"bytes": np.frombuffer(b"".join(encoded), np.uint8), "offsets": offsets}


def unpack_strings(packed: dict[str, np.ndarray], where: str = "strings") -> list[str]:
    """The strings that `pack_strings` packed.

    Args:
        packed: `bytes` and `offsets`.
        where: What messages call them.

    Raises:
        BundleError: The arrays do not hold strings.
    """
    content, offsets = packed.get("bytes"), packed.get("offsets")
    if (
        content is None
        or offsets is None
        or content.dtype != np.uint8
        or offsets.dtype != np.int64
        or content.ndim != 1
        or offsets.ndim != 1
        or len(offsets) == 0
        or offsets[0] != 0
        or offsets[-1] != len(content)
        or (np.diff(offsets) < 0).any()
    ):
        raise BundleError(where, "bytes and offsets do not fit each other", "save the model again")
    whole = content.tobytes()
    try:
        return [
            whole[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(offsets)
        ]
    except UnicodeDecodeError as error:
        raise BundleError(where, f"is no UTF-8 ({error})", "save the model again") from error


def check_widths(strings: Sequence[str], where: str) -> None:
    """Make sure that strings may become one array, in which all are as wide as the longest.

    Raises:
        BundleError: It would be far larger than they are.
    """
    longest = max(map(len, strings), default=0)
    if longest * len(strings) > MAX_CHARACTERS:
        raise BundleError(
            where, f"found {len(strings)}, the longest of {longest} characters", "shorter ones"
        )


def _arrays(where: str, bundle: Bundle) -> dict[str, np.ndarray]:
    """All arrays of a bundle, checked, by their names in the file."""
    weights = {name: np.asarray(array, order="C") for name, array in bundle.weights.items()}
    tensors = {name: np.asarray(array, order="C") for name, array in bundle.tensors.items()}
    _check_weights(where, bundle.blueprint, weights)
    for name, array in tensors.items():
        if array.dtype not in _DTYPES.values() or array.ndim > MAX_RANK:
            raise BundleError(
                where,
                f"tensor {name!r} is {array.dtype} of rank {array.ndim}",
                f"use one of {', '.join(np.dtype(dtype).name for dtype in _DTYPES.values())} "
                f"of rank up to {MAX_RANK}",
            )
    named = {f"weights.{name}": array for name, array in weights.items()}
    return named | {f"tensors.{name}": array for name, array in tensors.items()}


def _configuration(where: str, bundle: Bundle, arrays: dict[str, np.ndarray]) -> str:
    """The metadata's JSON."""
    if not isinstance(bundle.task, str) or not _TASK.fullmatch(bundle.task):
        raise BundleError(where, f"the task is {bundle.task!r}", "use lower case letters and '_'")
    configuration: dict[str, Any] = {
        "version": VERSION,
        "task": bundle.task,
        "blueprint": to_data(bundle.blueprint),
        "settings": bundle.settings,
    }
    try:
        # What JSON would change on its way (tuples, integer keys) must not change the checksum.
        configuration = parse_json(json.dumps(configuration, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise BundleError(
            where, f"the settings cannot be written as JSON ({error})", "use plain finite values"
        ) from error
    text = json.dumps(configuration | {"sha256": _digest(configuration, arrays)}, sort_keys=True)
    if len(text) > MAX_JSON_BYTES:
        raise BundleError(
            where, f"its configuration has {len(text)} bytes", "at most 1 MiB; use tensors instead"
        )
    return text


def _digest(configuration: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """sha256 of the configuration and of every tensor's name, dtype, shape and bytes."""
    digest = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _read_header(where: str, file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The safetensors header, and how many bytes follow it."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(9)
    length = int.from_bytes(start[:8], "little")
    if len(start) < 9 or start[8:] != b"{":
        raise BundleError(where, *_foreign(start, size))
    if length > MAX_HEADER_BYTES:
        raise BundleError(
            where, f"its header claims {length} bytes", f"at most {MAX_HEADER_BYTES}: not a model"
        )
    text = start[8:] + file.read(length - 1)
    if len(text) < length:
        raise BundleError(where, f"it is cut: {size} bytes, within the header", _COPY_AGAIN)
    try:
        header = parse_json(text.decode("utf-8"), MAX_HEADER_BYTES)
    except BlueprintError as error:
        raise BundleError(where, f"its header: {error.found}", _COPY_AGAIN) from error
    except UnicodeDecodeError as error:
        raise BundleError(where, "its header is no UTF-8", _COPY_AGAIN) from error
    if not isinstance(header, dict):
        raise BundleError(where, "its header is no JSON object", _COPY_AGAIN)
    return header, size - 8 - length


_COPY_AGAIN = "copy or save the model again"


def _foreign(start: bytes, size: int) -> tuple[str, str]:
    """What a file that is no safetensors is, and what to do."""
    if size == 0:
        return "the file is empty", _COPY_AGAIN
    if start[:4] == b"PK\x03\x04":
        return (
            "it is a zip archive, as torch.save and numpy.savez write them, with pickles inside",
            "Elman never unpickles: give a file that Elman saved",
        )
    if start[:1] == b"\x80" and start[1:2] <= b"\x05":
        return "it is a pickle", "Elman never unpickles: give a file that Elman saved"
    if size < 9:
        return f"it is cut: {size} bytes", _COPY_AGAIN
    return "it is not a model file", "give a file that Elman saved (model.elman)"


def _read_configuration(where: str, header: dict[str, Any]) -> dict[str, Any]:
    """The configuration's JSON: version, keys and types."""
    metadata = header.get("__metadata__")
    text = metadata.get(_ENTRY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise BundleError(
            where, "a safetensors file of another program", "give a file that Elman saved"
        )
    try:
        configuration = parse_json(text)
    except BlueprintError as error:
        raise BundleError(where, f"its configuration: {error.found}", error.expected) from error
    version = configuration.get("version") if isinstance(configuration, dict) else None
    if type(version) is not int or version < 1:
        raise BundleError(where, "its configuration has no version", _COPY_AGAIN)
    if version > VERSION:
        raise BundleError(
            where, f"format version {version}", f"this Elman reads up to {VERSION}: update Elman"
        )
    types = {"version": int, "task": str, "blueprint": dict, "settings": dict, "sha256": str}
    found = {name: type(value) for name, value in configuration.items()}
    if found != types or not _TASK.fullmatch(configuration["task"]):
        raise BundleError(where, f"its configuration has {sorted(found)[:9]}", _COPY_AGAIN)
    return configuration


def _read_blueprint(where: str, configuration: dict[str, Any]) -> Blueprint:
    try:
        return from_data(configuration["blueprint"])
    except BlueprintError as error:
        found = f"its blueprint: {error.where}: {error.found}"
        raise BundleError(where, found, error.expected) from error


def _check_tensor_list(
    where: str, blueprint: Blueprint, header: dict[str, Any], data_size: int
) -> None:
    """Names, dtypes, shapes and sizes, as the header lists them, before a tensor is read."""
    listed = {
        name: _listed(where, name, entry)
        for name, entry in header.items()
        if name != "__metadata__"
    }
    for name, tensor in listed.items():
        if name.startswith("weights.") and tensor.dtype != np.float32:
            raise BundleError(where, f"{name} is {tensor.dtype}", "weights are float32: save again")
    total = sum(tensor.size for tensor in listed.values())
    if total > MAX_BYTES:
        raise BundleError(where, f"its tensors have {total} bytes", f"at most {MAX_BYTES}")
    if total != data_size:
        raise BundleError(
            where,
            f"its tensors should have {total} bytes, but {data_size} follow the header",
            f"it is cut or has a tail: {_COPY_AGAIN}",
        )
    _check_offsets(where, listed)
    _check_shapes(where, blueprint, _below(listed, "weights."))


class _Listed(NamedTuple):
    """A tensor as the header lists it; its bytes are `start` … `end - 1` after the header."""

    dtype: np.dtype
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def _listed(where: str, name: str, entry: Any) -> _Listed:
    """An entry of the header, every number in it bounded; even sizes that a zero multiplies."""
    if isinstance(entry, dict) and name.startswith(("weights.", "tensors.")):
        found: Any = entry
        dtype, shape, place = map(found.get, ("dtype", "shape", "data_offsets"))
        if (
            isinstance(dtype, str)
            and dtype in _DTYPES
            and _are_counts(shape, range(MAX_RANK + 1))
            and math.prod(size or 1 for size in shape) <= MAX_BYTES
            and _are_counts(place, (2,))
        ):
            return _Listed(np.dtype(_DTYPES[dtype]), tuple(shape), *place)
    raise BundleError(where, f"the tensor {name[:60]!r} is of an unknown kind", _COPY_AGAIN)


def _are_counts(found: Any, lengths: Collection[int]) -> bool:
    """Whether it is a list, as long as allowed, of numbers of entries or bytes."""
    sized = isinstance(found, list) and len(found) in lengths
    return sized and all(type(n) is int and 0 <= n <= MAX_BYTES for n in found)


def _check_offsets(where: str, listed: dict[str, _Listed]) -> None:
    """The tensors lie one after the other, each as long as its shape says."""
    end = 0
    for name, tensor in sorted(listed.items(), key=lambda item: (item[1].start, item[1].end)):
        if (tensor.start, tensor.end) != (end, end + tensor.size):
            raise BundleError(
                where,
                f"the tensor {name[:60]!r} is said to lie at {tensor.start} to {tensor.end}",
                f"{end} to {end + tensor.size}, by the others and its shape: {_COPY_AGAIN}",
            )
        end = tensor.end


def _check_shapes(where: str, blueprint: Blueprint, weights: dict[str, Any]) -> None:
    try:
        blueprint.check_weights(weights)
    except ShapeError as error:
        raise BundleError(where, f"weight {error.where}: {error.found}", error.expected) from error


def _check_weights(where: str, blueprint: Blueprint, weights: dict[str, np.ndarray]) -> None:
    """Weights are float32, of the blueprint's shapes, and finite."""
    _check_shapes(where, blueprint, weights)
    for name, array in weights.items():
        if array.dtype != np.float32:
            raise BundleError(where, f"weight {name} is {array.dtype}", "convert it to float32")
        wrong = np.count_nonzero(~np.isfinite(array))
        if wrong:
            raise BundleError(
                where,
                f"weight {name} holds {wrong} values that are NaN or infinite",
                "its training went wrong: take an earlier checkpoint, or train it again",
            )


def _check_answerable(where: str, blueprint: Blueprint) -> None:
    """The network is described, every cell has a NumPy step: so that the file can be answered."""
    if not blueprint.described:
        raise BundleError(
            where,
            "the network is one of your own, and a model file holds no code",
            "pickle the estimator (joblib.dump) or keep module_.state_dict(); nothing was written",
        )
    for chain in blueprint.chains.values():
        blocks = (block for block in chain if isinstance(block, Recurrent | Parallel))
        for cell in (cell for block in blocks for cell in block.cells):
            kind = cell_kinds()[cell.kind]
            if not kind.built_in and kind.numpy_cell is None:
                raise BundleError(
                    where,
                    f"the cell {cell.kind!r} has no NumPy step to answer with",
                    "register it with a numpy_cell; nothing was written",
                )


def _below(named: dict[str, Any], prefix: str) -> dict[str, Any]:
    """What is named below a prefix, by the rest of its name."""
    return {
        name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)
    }
