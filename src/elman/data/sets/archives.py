"""Reading what compressed files and archives hold: .zip, .tar.gz, .gz, .bz2."""

from __future__ import annotations

import bz2
import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from elman.errors import FormatError

__all__ = ["DAMAGE", "read_members"]

DAMAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError)
"""What the standard library raises for a damaged archive."""


def read_members(archive: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """The content of the members `paths` of `archive`, opened once.

    A `.gz` or `.bz2` file has one member, named like the file without that suffix.

    Raises:
        FormatError: The archive is damaged or lacks a member.
    """
    wanted = list(paths)
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as file:
                return {path: file.read(path) for path in wanted}
        if archive.name.endswith(".tar.gz"):
            return _read_tar(archive, set(wanted))
        content = (bz2 if archive.suffix == ".bz2" else gzip).open(archive).read()
        return {path: {archive.stem: content}[path] for path in wanted}
    except KeyError as error:
        raise FormatError(
            str(archive), f"lacks the member {error}", "an archive that holds it"
        ) from None
    except DAMAGE as error:
        raise FormatError(
            str(archive), f"is damaged ({error})", "a whole archive: get the file again"
        ) from error


def _read_tar(archive: Path, wanted: set[str]) -> dict[str, bytes]:
    contents = {}
    with tarfile.open(archive) as file:
        for member in file:  # a gzipped tar is read in order: seeking would inflate it again
            if member.name in wanted and (stream := file.extractfile(member)) is not None:
                contents[member.name] = stream.read()
    if missing := sorted(wanted - contents.keys()):
        raise KeyError(missing[0])
    return contents
