"""What a packed file unpacks to, which a small file must not decide: some hold nearly nothing."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from elman.errors import DataError, FormatError
from elman.files import open_regular

__all__ = [
    "PACKED",
    "Unpacking",
    "also_packed",
    "check_unpacked",
    "open_unpacked",
    "packed_as",
    "packing_of",
    "reading",
]

FREE = 2**28
"""Bytes that any file may unpack to."""
MOST = 200
"""Beyond those: how many bytes one byte may stand for. Measurements reach some twenty."""


def check_unpacked(where: str, packed: int, unpacked: int) -> None:
    """Make sure that what a file holds may be read as a whole.

    Args:
        where: What messages call the file.
        packed: Bytes of the file.
        unpacked: Bytes of what it holds, or as many as are known of.

    Raises:
        FormatError: They are too many for such a file, or more than the machine's memory.
    """
    if unpacked > max(FREE, MOST * packed):
        raise FormatError(
            where,
            f"{packed} bytes unpack to {unpacked} or more, as a few values repeated would",
            "give the file unpacked, if that is meant",
        )
    if unpacked > FREE and unpacked > _memory():
        raise FormatError(where, f"holds {unpacked} bytes", f"at most {_memory()}, the memory here")


def _memory() -> int:
    """Bytes of the machine's memory, where the system tells."""
    if not hasattr(os, "sysconf"):
        return sys.maxsize
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Within this block, what the system says of a file, or who unpacks it, is an error of ours.

    Args:
        where: What messages call the file.

    Raises:
        FormatError: Its packed stream is damaged.
        DataError: It cannot be opened or read.
    """
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise _damaged(where, error) from error
    except OSError as error:
        if error.errno is None:  # of bz2
            raise _damaged(where, error) from error
        raise DataError(
            where, f"cannot be read ({error.strerror})", "a file that can be opened"
        ) from error


def _damaged(where: str, error: Exception) -> FormatError:
    found = f"its packed stream is damaged ({error})"
    return FormatError(where, found, "a whole file: get it again")


PACKED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}
"""How packed files are called, and by what they are packed."""
_STARTS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_OPENED: dict[str, Any] = {
    "gzip": lambda raw: gzip.GzipFile(fileobj=raw),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}


def also_packed(endings: tuple[str, ...]) -> tuple[str, ...]:
    """These endings of names, and those of the same files packed.

    >>> also_packed((".csv",))
    ('.csv', '.csv.gz', '.csv.bz2', '.csv.xz')
    """
    return (*endings, *(ending + packed for ending in endings for packed in PACKED))


def packing_of(start: bytes) -> str | None:
    """By what a file that begins so is packed; None: it is not."""
    return next((name for mark, name in _STARTS.items() if start.startswith(mark)), None)


def packed_as(name: str, content: bytes) -> bytes:
    """A file's bytes, packed as its name says."""
    if name.lower().endswith(".gz"):
        return gzip.compress(content, mtime=0)
    if name.lower().endswith(".bz2"):
        return bz2.compress(content)
    return lzma.compress(content) if name.lower().endswith(".xz") else content


def open_unpacked(source: Path | bytes, where: str) -> IO[bytes]:
    """A file or its bytes, unpacked by and by if it is packed; to be closed.

    Raises:
        OSError: It cannot be opened; see `elman.files.check_regular`.
        FormatError: While it is read: see `check_unpacked`.
    """
    raw: Any = io.BytesIO(source) if isinstance(source, bytes) else open_regular(source)
    start, size = raw.read(max(map(len, _STARTS))), raw.seek(0, io.SEEK_END)
    raw.seek(0)
    packing = packing_of(start)
    if packing is None:
        return raw
    return io.BufferedReader(Unpacking(_OPENED[packing](raw), raw, size, where), 1 << 17)


class Unpacking(io.RawIOBase):
    """A stream that counts what comes out of it.

    Args:
        stream: Has `read` and `close`.
        source: What it unpacks; closed with it.
        packed: Bytes of that.
        where: What messages call it.
    """

    def __init__(self, stream: Any, source: Any, packed: int, where: str) -> None:
        self._stream, self._source = stream, source
        self._packed, self._where = packed, where
        self._unpacked = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; `FormatError` once they are too many."""
        content = self._stream.read(len(buffer))
        self._unpacked += len(content)
        check_unpacked(self._where, self._packed, self._unpacked)
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close what is behind it, too."""
        if not self.closed:
            self._stream.close()
            self._source.close()
        super().close()
