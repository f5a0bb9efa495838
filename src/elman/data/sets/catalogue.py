"""The public data sets that Elman knows: where they lie, and how to get them.

A set is a folder of files. It is looked for in the folder that the environment variable
`ELMAN_DATA` names, then in the cache (`ELMAN_CACHE`, or the user's cache folder), and its
checksums are verified before anything is read. `docs/data.md` shows the layout.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from elman.data.sets import manifest as manifests
from elman.data.sets.archives import read_members
from elman.data.sets.manifest import File, Manifest, Member
from elman.errors import (
    ArgumentError,
    BundleError,
    ChecksumError,
    DataError,
    ElmanError,
    MissingExtraError,
)
from elman.files import replace_file, sha256_of

__all__ = ["cache_folder", "contents", "find", "get", "locate", "manifest", "names", "unknown"]

FileProgress = Callable[[str, int, "int | None"], None]
"""Called with a file's name, the bytes that are there, and the bytes in all (None: unknown)."""


def names() -> tuple[str, ...]:
    """The names of all sets."""
    return manifests.names()


def manifest(name: str) -> Manifest:
    """What is known of the set `name`.

    >>> manifest("mnist").licence
    'CC BY-SA 3.0'

    Raises:
        ArgumentError: There is no such set; the message names the closest ones.
    """
    if name not in names():
        raise unknown(name, names())
    return manifests.read(name)


def unknown(name: str, known: Iterable[str]) -> ArgumentError:
    """The error for a name that is not among the `known` ones; it tells the closest."""
    listed = sorted(known)
    lower = {other.lower(): other for other in listed}
    close = [lower[other] for other in difflib.get_close_matches(name.lower(), lower, cutoff=0.5)]
    hint = f"did you mean {' or '.join(close)}?" if close else f"use one of {', '.join(listed)}"
    return ArgumentError("name", f"there is no data set {name!r}", hint)


def cache_folder() -> Path:
    """Where downloads go: `ELMAN_CACHE`, or `elman` in the user's cache folder."""
    if given := os.environ.get("ELMAN_CACHE"):
        return Path(given)
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "elman"
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "elman"
    return Path.home() / ".cache" / "elman"


def find(name: str) -> Path | None:
    """The folder of the set `name` if it is here, without verifying it.

    Raises:
        ArgumentError: There is no such set.
    """
    known = manifest(name)
    if known.dependency is not None:
        return _package_folder()
    for folder in _candidates(name):
        if all(_present(folder, file) is not None for file in _needed(known)):
            return folder
    return None


def locate(name: str) -> Path:
    """The folder of the set `name`, its files verified.

    A file is verified once; its size and time of change are remembered in the cache.

    Raises:
        ArgumentError: There is no such set.
        ChecksumError: A file there is not the one that the manifest describes.
        DataError: The set is not here.
        MissingExtraError: It comes with a package that is not installed.
    """
    folder = find(name)
    known = manifest(name)
    if known.dependency is not None and folder is None:
        raise MissingExtraError.of(known.dependency, "train", f"the data set {name!r}")
    if folder is None:
        given = os.environ.get("ELMAN_DATA")
        looked = " nor ".join(str(folder) for folder in _candidates(name))
        raise DataError(
            f"data set {name!r}",
            f"is not whole in {looked}" + ("" if given else " (ELMAN_DATA is not set)"),
            f"run: elman data get {name}",
        )
    _verify(folder, known)
    return folder


def get(name: str, progress: FileProgress | None = None) -> Path:
    """The folder of the set `name`; what is missing of it is downloaded into the cache.

    A download that was cut is resumed by the next call. Files that no public address holds
    (their manifest says how they were derived) are left out.

    Raises:
        ArgumentError: There is no such set.
        ChecksumError: An address delivered other bytes; or a file here is damaged.
        DownloadError: No address delivered.
        DataError: The disk is full.
        MissingExtraError: The set comes with a package that is not installed.
    """
    known = manifest(name)
    if known.dependency is None and find(name) is None:
        folder = cache_folder() / name
        for file in _needed(known):
            if _present(folder, file) is None:
                _get_file(folder, file, progress)
    return locate(name)


def contents(name: str, paths: Iterable[str]) -> dict[str, bytes]:
    """The bytes of files or members of the set `name`, whether packed or loose.

    Raises:
        ArgumentError: There is no such set, or no such file in it.
        ChecksumError, DataError: See `locate`.
    """
    folder = locate(name)
    found: dict[str, bytes] = {}
    packed: dict[str, list[str]] = {}
    for path in paths:
        file = _holder(manifest(name), path)
        if (folder / path).is_file():
            found[path] = (folder / path).read_bytes()
        elif (folder / file.path).is_file():
            packed.setdefault(file.path, []).append(path)
        else:
            raise DataError(
                f"{name}/{path}",
                f"is not in {folder}",
                f"put the folder {name} into ELMAN_DATA; it is {file.derived}",
            )
    for archive, members in packed.items():
        found |= read_members(folder / archive, members)
    return found


def _holder(known: Manifest, path: str) -> File:
    """The file that is `path` or has it as a member."""
    for file in known.files:
        if file.path == path or any(member.path == path for member in file.members):
            return file
    raise ArgumentError("path", f"{known.name} has no {path!r}", "a path from its manifest")


def _candidates(name: str) -> list[Path]:
    given = os.environ.get("ELMAN_DATA")
    return [*([Path(given) / name] if given else []), cache_folder() / name]


def _package_folder() -> Path | None:
    """Where scikit-learn keeps its data sets; found without importing it."""
    spec = importlib.util.find_spec("sklearn")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "datasets"


def _needed(known: Manifest) -> list[File]:
    """The files without which a set is not whole; a derived one is an extra."""
    return [file for file in known.files if file.derived is None]


def _present(folder: Path, file: File) -> list[File | Member] | None:
    """What stands for `file` in the folder: the file or its loose members; None if neither."""
    if (folder / file.path).is_file():
        return [file]
    if file.members and all((folder / member.path).is_file() for member in file.members):
        return list(file.members)
    return None


def _verify(folder: Path, known: Manifest) -> None:
    """Compare what is in the folder with the manifest, skipping what was verified before."""
    memory = cache_folder() / "verified" / f"{known.name}.json"
    remembered = {}
    with contextlib.suppress(OSError, ValueError):
        remembered = json.loads(memory.read_text(encoding="utf-8"))
    stamps = dict(remembered)
    for file in known.files:
        for entry in _present(folder, file) or ():
            path = folder / entry.path
            status = path.stat()
            stamp = [status.st_size, status.st_mtime_ns, entry.sha256]
            if remembered.get(str(path)) != stamp:
                _check(path, entry, known.name)
                stamps[str(path)] = stamp
    if stamps != remembered:
        with contextlib.suppress(ElmanError):  # a cache that cannot be written: verify next time
            replace_file(memory, json.dumps(stamps).encode())


def _check(path: Path, entry: File | Member, name: str) -> None:
    found = sha256_of(path)
    if found != entry.sha256:
        raise ChecksumError(
            str(path),
            f"has {path.stat().st_size} bytes with sha256 {found}",
            f"{entry.bytes} bytes with sha256 {entry.sha256} expected; remove the file and run: "
            f"elman data get {name}",
        )


def _get_file(folder: Path, file: File, progress: FileProgress | None) -> None:
    """Download a file, or its members where only those are public."""
    from elman.data.sets.download import (
        fetch,
    )  # the machinery, which sets that are here do not need

    def report(done: int, total: int | None, path: str = file.path) -> None:
        if progress is not None:
            progress(path, done, total)

    if file.urls:
        target = folder / file.path
        fetch(file.urls, target, sha256=file.sha256, size=file.bytes, progress=report)
    elif file.source_archive is not None:
        with tempfile.TemporaryDirectory(prefix="elman-") as temporary:
            source = Path(temporary) / "source.zip"
            fetch(file.source_archive.urls, source, sha256=None, size=None, progress=report)
            _unpack(source, file.source_archive.prefix, file.members, folder)
    members = {member.path: member for member in file.members}
    for path, urls in (file.member_urls or {}).items():
        member = members[path]
        fetch(
            urls,
            folder / path,
            sha256=member.sha256,
            size=member.bytes,
            progress=functools.partial(report, path=path),
        )


def _unpack(source: Path, prefix: str, members: tuple[Member, ...], folder: Path) -> None:
    """Write the members of a downloaded archive to the folder, each verified."""
    found = read_members(source, [prefix + member.path for member in members])
    for member in members:
        content = found[prefix + member.path]
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != member.sha256:
            raise ChecksumError(
                f"{source.name}, {member.path}",
                f"has {len(content)} bytes with sha256 {sha256}",
                f"{member.bytes} bytes with sha256 {member.sha256} expected",
            )
        try:
            replace_file(folder / member.path, content)
        except BundleError as error:
            raise DataError(error.where, error.found, error.expected) from error
