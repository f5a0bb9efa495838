"""At most one training in a folder, held by the operating system."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from elman.errors import CheckpointError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["folder_lock"]


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Within this block nobody else, in this process or another, holds the folder's lock.

    The lock belongs to an open file, `.lock`: it ends with its process, however that ends, and
    a file that was left behind locks nothing. A block that fails before it has written anything
    leaves no folder: those that were made for it are removed.

    Raises:
        CheckpointError: Another training holds it, or the folder cannot be written.
    """
    path, made = folder / ".lock", _missing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise CheckpointError(
            str(folder), f"cannot be written ({error.strerror})", "give another folder as run="
        ) from error
    try:
        _lock(descriptor, folder)
        yield
    except BaseException:
        os.close(descriptor)
        _remove_empty(made, path)
        raise
    os.close(descriptor)


def _missing(folder: Path) -> list[Path]:
    """What is to be made for a folder to be there, the innermost one first."""
    found = []
    while not folder.exists() and folder != folder.parent:
        found.append(folder)
        folder = folder.parent
    return found


def _remove_empty(made: list[Path], lock: Path) -> None:
    """Take away folders that were made here and hold nothing; the innermost one has the lock."""
    if not made or [*made[0].iterdir()] != [lock]:
        return
    with suppress(OSError):  # somebody else has written there since, or may
        lock.unlink()
        for folder in made:
            folder.rmdir()


def _lock(descriptor: int, folder: Path) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:  # the second is Windows's word for it
        raise CheckpointError(
            str(folder),
            "another training is at work here",
            "wait until it ends, or give another folder as run=",
        ) from error
    except OSError as error:
        raise CheckpointError(
            str(folder),
            f"its file system cannot lock files ({error.strerror})",
            "give a folder on a local disk as run=",
        ) from error
