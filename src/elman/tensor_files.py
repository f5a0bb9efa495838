"""Files of arrays beside a description: one safetensors file, read with every size checked first.

The header's metadata has one entry, JSON with the format's version, what the file says of itself,
and a checksum of everything. The header is bounded, and the tensors that it lists are checked, by
the file's size and by whoever reads it, before any of them is read. Never a pickle.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from elman.blueprint.schema import MAX_JSON_BYTES, parse_json
from elman.errors import BlueprintError, BundleError
from elman.files import open_regular, replace_file

__all__ = ["MAX_BYTES", "Form", "Listed", "below", "digest_of", "read", "write"]

MAX_HEADER_BYTES = 4 * MAX_JSON_BYTES
"""The description with JSON's escapes, and the list of tensors."""
MAX_RANK = 8
MAX_BYTES = 2**33
"""Of all tensors: the largest network twice."""

_DTYPES = {
    "F32": np.float32,
    "F64": np.float64,
    "I64": np.int64,
    "I32": np.int32,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
_KINDS = {
    "elman_bundle": "a model file",
    "elman_search": "a saved search",
    "elman_session": "a saved session",
    "elman_learning_session": "a saved session that learns",
}


class Form(NamedTuple):
    """A kind of file.

    Attributes:
        entry: The metadata's entry that holds its description, one of those known here.
        version: The format's version; it grows when an older reader would misunderstand a file.
        noun: What messages call what it holds.
        wanted: What to give in place of a file of another kind.
        folder: What to give in place of a folder.
        types: The description's keys, beside `version` and `sha256`, and the types of its values.
        prefixes: How the tensors' names begin.
    """

    entry: str
    version: int
    noun: str
    wanted: str
    folder: str
    types: Mapping[str, type]
    prefixes: tuple[str, ...]

    @property
    def again(self) -> str:
        """What to do about a damaged one."""
        return f"copy or save the {self.noun} again"


class Listed(NamedTuple):
    """A tensor as the header lists it; its bytes are `start` … `end - 1` after the header."""

    dtype: np.dtype
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def write(
    path: str | os.PathLike[str],
    form: Form,
    description: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write a file atomically: `path` is the old file or the whole new one.

    Args:
        path: Where to.
        form: Its kind.
        description: What it says of itself, as JSON can hold it: the keys of `form.types`.
        arrays: By their names in the file.

    Raises:
        BundleError: JSON cannot hold the description, an array is of another kind, or the disk
            refused; an older file is unchanged.
    """
    where = str(path)
    kept = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in kept.items():
        if array.dtype not in _DTYPES.values() or array.ndim > MAX_RANK:
            raise BundleError(
                where,
                f"tensor {name.partition('.')[2]!r} is {array.dtype} of rank {array.ndim}",
                f"use one of {', '.join(np.dtype(dtype).name for dtype in _DTYPES.values())} "
                f"of rank up to {MAX_RANK}",
            )
    text = _described(where, {"version": form.version, **description}, kept)
    replace_file(Path(path), bytes_of(kept, metadata={form.entry: text}))


def _described(where: str, description: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """The metadata's JSON."""
    try:
        # What JSON would change on its way (tuples, integer keys) must not change the checksum.
        description = parse_json(json.dumps(description, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise BundleError(
            where, f"the settings cannot be written as JSON ({error})", "use plain finite values"
        ) from error
    text = json.dumps(description | {"sha256": digest_of(description, arrays)}, sort_keys=True)
    if len(text) > MAX_JSON_BYTES:
        raise BundleError(
            where, f"its configuration has {len(text)} bytes", "at most 1 MiB; use tensors instead"
        )
    return text


def digest_of(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """sha256 of the description and of every tensor's name, dtype, shape and bytes."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def read(
    path: str | os.PathLike[str],
    form: Form,
    check: Callable[[dict[str, Any], dict[str, Listed]], None],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file that `write` wrote.

    Args:
        path: Of the file.
        form: Its kind.
        check: Called with the description and the list of tensors before any of these is read.

    Returns:
        The description, and the arrays by their names in the file.

    Raises:
        BundleError: The file is missing, cut, changed, foreign, a pickle, or of a later version.
    """
    where = str(path)
    data_size = 0
    try:
        with open_regular(path) as file:
            header, data_size = _read_header(where, form, file)
            description = _read_description(where, form, header)
            check(description, _listed_tensors(where, form, header, data_size))
            file.seek(0)
            arrays = tensors_of(file.read())
    except FileNotFoundError as error:
        raise BundleError(where, "there is no such file", "check the path") from error
    except IsADirectoryError as error:
        raise BundleError(where, "it is a folder", form.folder) from error
    except OSError as error:
        raise BundleError(where, f"cannot be read ({error.strerror})", "check the file") from error
    except SafetensorError as error:
        raise BundleError(where, f"its tensors are damaged ({error})", "save it again") from error
    except MemoryError as error:
        raise BundleError(
            where, f"its tensors have {data_size} bytes", "a machine with more memory"
        ) from error
    if description.pop("sha256") != digest_of(description, arrays):
        raise BundleError(where, "its content was changed", "take an undamaged copy, or save again")
    return description, arrays


def _read_header(where: str, form: Form, file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The safetensors header, and how many bytes follow it."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(9)
    length = int.from_bytes(start[:8], "little")
    if len(start) < 9 or start[8:] != b"{":
        raise BundleError(where, *_foreign(form, start, size))
    if length > MAX_HEADER_BYTES:
        expected = f"at most {MAX_HEADER_BYTES}: not a {form.noun}"
        raise BundleError(where, f"its header claims {length} bytes", expected)
    text = start[8:] + file.read(length - 1)
    if len(text) < length:
        raise BundleError(where, f"it is cut: {size} bytes, within the header", form.again)
    try:
        header = parse_json(text.decode("utf-8"), MAX_HEADER_BYTES)
    except BlueprintError as error:
        raise BundleError(where, f"its header: {error.found}", form.again) from error
    except UnicodeDecodeError as error:
        raise BundleError(where, "its header is no UTF-8", form.again) from error
    if not isinstance(header, dict):
        raise BundleError(where, "its header is no JSON object", form.again)
    return header, size - 8 - length


def _foreign(form: Form, start: bytes, size: int) -> tuple[str, str]:
    """What a file that is no safetensors is, and what to do."""
    if size == 0:
        return "the file is empty", form.again
    if start[:4] == b"PK\x03\x04":
        return (
            "it is a zip archive, as torch.save and numpy.savez write them, with pickles inside",
            "Elman never unpickles: give a file that Elman saved",
        )
    if start[:1] == b"\x80" and start[1:2] <= b"\x05":
        return "it is a pickle", "Elman never unpickles: give a file that Elman saved"
    if size < 9:
        return f"it is cut: {size} bytes", form.again
    return f"it is not a {form.noun} file", form.wanted


def _read_description(where: str, form: Form, header: dict[str, Any]) -> dict[str, Any]:
    """The description's JSON: version, keys and types."""
    metadata = header.get("__metadata__")
    metadata = metadata if isinstance(metadata, dict) else {}
    text = metadata.get(form.entry)
    if not isinstance(text, str):
        known = [f"it is {what}" for entry, what in _KINDS.items() if entry in metadata]
        found = known[0] if known else "a safetensors file of another program"
        raise BundleError(where, found, form.wanted)
    try:
        description = parse_json(text)
    except BlueprintError as error:
        raise BundleError(where, f"its configuration: {error.found}", error.expected) from error
    version = description.get("version") if isinstance(description, dict) else None
    if type(version) is not int or version < 1:
        raise BundleError(where, "its configuration has no version", form.again)
    if version > form.version:
        expected = f"this Elman reads up to {form.version}: update Elman"
        raise BundleError(where, f"format version {version}", expected)
    types = {"version": int, **form.types, "sha256": str}
    if {name: type(value) for name, value in description.items()} != types:
        raise BundleError(where, f"its configuration has {sorted(description)[:9]}", form.again)
    return description


def _listed_tensors(
    where: str, form: Form, header: dict[str, Any], data_size: int
) -> dict[str, Listed]:
    """The tensors as the header lists them: they fit the file and each other."""
    listed = {
        name: _listed(where, form, name, entry)
        for name, entry in header.items()
        if name != "__metadata__"
    }
    total = sum(tensor.size for tensor in listed.values())
    if total > MAX_BYTES:
        raise BundleError(where, f"its tensors have {total} bytes", f"at most {MAX_BYTES}")
    if total != data_size:
        raise BundleError(
            where,
            f"its tensors should have {total} bytes, but {data_size} follow the header",
            f"it is cut or has a tail: {form.again}",
        )
    end = 0
    for name, tensor in sorted(listed.items(), key=lambda item: (item[1].start, item[1].end)):
        if (tensor.start, tensor.end) != (end, end + tensor.size):
            raise BundleError(
                where,
                f"the tensor {name[:60]!r} is said to lie at {tensor.start} to {tensor.end}",
                f"{end} to {end + tensor.size}, by the others and its shape: {form.again}",
            )
        end = tensor.end
    return listed


def _listed(where: str, form: Form, name: str, entry: Any) -> Listed:
    """An entry of the header, every number in it bounded; even sizes that a zero multiplies."""
    if isinstance(entry, dict) and name.startswith(form.prefixes):
        found: Any = entry
        dtype, shape, place = map(found.get, ("dtype", "shape", "data_offsets"))
        if (
            isinstance(dtype, str)
            and dtype in _DTYPES
            and _are_counts(shape, range(MAX_RANK + 1))
            and math.prod(size or 1 for size in shape) <= MAX_BYTES
            and _are_counts(place, (2,))
        ):
            return Listed(np.dtype(_DTYPES[dtype]), tuple(shape), *place)
    raise BundleError(where, f"the tensor {name[:60]!r} is of an unknown kind", form.again)


def _are_counts(found: Any, lengths: Collection[int]) -> bool:
    """Whether it is a list, as long as allowed, of numbers of entries or bytes."""
    sized = isinstance(found, list) and len(found) in lengths
    return sized and all(type(n) is int and 0 <= n <= MAX_BYTES for n in found)


def below(named: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What is named below a prefix, by the rest of its name."""
    return {
        name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)
    }
