"""Reading files that are files, and writing so that what was saved before is never lost."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from elman.errors import BundleError

__all__ = [
    "check_regular",
    "open_regular",
    "read_text",
    "remove_leftovers",
    "replace_file",
    "sha256_of",
]

_OTHERS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_regular(path: str | os.PathLike[str]) -> None:
    """Make sure that `path` is a file, before it is opened: a pipe would wait for its writer.

    Raises:
        OSError: There is no such file, or it is a folder, a pipe, a device or a socket: its
            `strerror` says which.
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:  # a name with a NUL
        raise FileNotFoundError(errno.ENOENT, f"is no path: {error}", str(path)) from error
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = _OTHERS.get(stat.S_IFMT(mode), "special")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """The bytes of a file; errors as of `check_regular`, or the system's own."""
    check_regular(path)
    return open(path, "rb")


def read_text(path: str | os.PathLike[str], most: int) -> str:
    """A UTF-8 text of at most so many bytes.

    Raises:
        OSError: As of `open_regular`, or the file is longer.
        UnicodeDecodeError: It is no UTF-8.
    """
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most} bytes", str(path))
    return content.decode("utf-8")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_file(path: Path, content: bytes, previous: Path | None = None) -> None:
    """Write `content` to `path` as a whole or not at all.

    The bytes go to a temporary file in the same folder, are synced to the disk, and the file
    is then renamed over `path`: at every moment `path` is the old file or the new one.

    Args:
        path: Where to.
        content: The whole file.
        previous: Where the old file goes, in the same folder; None drops it. For a moment
            between two renames `previous` stands there and `path` does not.

    Raises:
        BundleError: The folder or the disk refused; an existing file is unchanged.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)  # mkstemp gives 0600; a saved file follows the user's umask
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        if previous is not None and path.exists():
            os.replace(path, previous)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        kept = "the file that stood there is unchanged" if path.exists() else "nothing was written"
        raise BundleError(
            str(path),
            f"could not be written ({error.strerror or error})",
            f"free the disk or give another folder; {kept}",
        ) from error


def remove_leftovers(path: Path) -> None:
    """Delete the temporary files of writers of `path` that were killed; none may be at work."""
    for temporary in path.parent.glob(f".{path.name}.*"):
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system lets folders be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
