"""What is known of a public data set: origin, licence, addresses, and the checksum of every member.

One JSON file a set lies in `manifests/`. A file of a set can be had in one of four ways:
from addresses that hold the same bytes (`urls`); member by member (`member_urls`), where the
file is an archive of what is public; out of a larger public archive (`source_archive`); or not
at all (`derived` says how it was made). The second and third way yield loose members, which are
as good as the file: `elman.data.sets.catalogue` reads either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["File", "Manifest", "Member", "Origin", "SourceArchive", "names", "read"]


@dataclass(frozen=True)
class Member:
    """One file inside an archive, or the content of a compressed file.

    Attributes:
        path: Its path in the archive, and in the cache where it lies loose.
        bytes: Its size.
        sha256: Its checksum, 64 hexadecimal digits.
    """

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SourceArchive:
    """A public zip that holds the members among other things; its own bytes are not pinned.

    Attributes:
        urls: Mirrors.
        prefix: What stands before a member's path inside it.
    """

    urls: tuple[str, ...]
    prefix: str


@dataclass(frozen=True)
class File:
    """One file as the set's folder holds it; see the module for the four ways to get it.

    Attributes:
        path: Its path in the set's folder.
        bytes: Its size.
        sha256: Its checksum.
        members: What it holds, if it is an archive or compressed.
        urls: Mirrors that hold it byte for byte.
        member_urls: For each member's path its mirrors.
        source_archive: A larger archive that holds the members.
        derived: How it was made, where no public address holds it.
    """

    path: str
    bytes: int
    sha256: str
    members: tuple[Member, ...] = ()
    urls: tuple[str, ...] = ()
    member_urls: Mapping[str, tuple[str, ...]] | None = None
    source_archive: SourceArchive | None = None
    derived: str | None = None


@dataclass(frozen=True)
class Origin:
    """Where the files were taken from: a GitHub repository, a commit of it, a path in it."""

    repository: str
    commit: str
    path: str


@dataclass(frozen=True)
class Manifest:
    """A data set of the catalogue.

    Attributes:
        name: Its name, and that of its folder.
        title: What it is, in a few words.
        task: What it is used for.
        records: How much it holds, in words.
        origin: Where the files come from.
        licence: Its licence.
        confidence: How sure that licence is.
        citation: Whom to cite.
        files: Its files; none for a set that comes with a package.
        dependency: The package that it comes with, or None.
    """

    name: str
    title: str
    task: str
    records: str
    origin: tuple[Origin, ...]
    licence: str
    confidence: str
    citation: str
    files: tuple[File, ...]
    dependency: str | None = None


def _folder() -> Any:
    return resources.files("elman.data.sets") / "manifests"


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all sets, sorted."""
    files = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in files if name.endswith(".json")))


@lru_cache
def read(name: str) -> Manifest:
    """The manifest of the set `name`, one of `names()`."""
    content = json.loads((_folder() / f"{name}.json").read_text(encoding="utf-8"))
    content["origin"] = tuple(Origin(**origin) for origin in content["origin"])
    content["files"] = tuple(_file(entry) for entry in content["files"])
    return Manifest(**content)


def _file(entry: dict[str, Any]) -> File:
    entry["members"] = tuple(_member(line) for line in entry.get("members", ()))
    entry["urls"] = tuple(entry.get("urls", ()))
    if "member_urls" in entry:
        entry["member_urls"] = {path: tuple(urls) for path, urls in entry["member_urls"].items()}
    if "source_archive" in entry:
        archive = entry["source_archive"]
        entry["source_archive"] = SourceArchive(tuple(archive["urls"]), archive["prefix"])
    return File(**entry)


def _member(line: str) -> Member:
    """A line `sha256 bytes path`; one short line a member keeps thousands of them readable."""
    sha256, size, path = line.split(" ", 2)
    return Member(path, int(size), sha256)
