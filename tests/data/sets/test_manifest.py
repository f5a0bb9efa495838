"""Every manifest is complete, its addresses are pinned, and its checksums are those of the data."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from elman.data.sets import manifest

SHA256 = re.compile(r"[0-9a-f]{64}")
PINNED = (
    # A commit (or an immutable release tag) stands in every GitHub address, never a branch.
    re.compile(
        r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/([0-9a-f]{40}|[0-9a-f]{12}|r2\.16)/.+"
    ),
    re.compile(r"https://github\.com/[^/]+/[^/]+/archive/[0-9a-f]{40}\.zip"),
    re.compile(r"https://ossci-datasets\.s3\.amazonaws\.com/mnist/[^/]+"),
    re.compile(r"https://storage\.googleapis\.com/cvdf-datasets/mnist/[^/]+"),
)
WITH_FILES = [name for name in manifest.names() if manifest.read(name).files]


def test_the_catalogue_holds_every_set():
    assert len(WITH_FILES) == 17
    assert set(manifest.names()) - set(WITH_FILES) == {"digits"}


@pytest.mark.parametrize("name", manifest.names())
def test_a_manifest_says_everything(name):
    known = manifest.read(name)
    assert known.name == name
    for text in (known.title, known.task, known.records, known.licence, known.confidence):
        assert text
    assert known.citation
    assert bool(known.files) == bool(known.origin) == (known.dependency is None)


@pytest.mark.parametrize("name", WITH_FILES)
def test_each_file_has_one_way_to_be_had(name):
    for file in manifest.read(name).files:
        ways = (file.urls, file.member_urls, file.source_archive, file.derived)
        assert sum(bool(way) for way in ways) == 1, file.path
        if file.member_urls or file.source_archive:
            assert file.members
        if file.member_urls:
            assert set(file.member_urls) == {member.path for member in file.members}
        for entry in (file, *file.members):
            assert SHA256.fullmatch(entry.sha256)
            assert entry.bytes >= 0
            inside = Path(entry.path)
            assert not inside.is_absolute()
            assert ".." not in inside.parts


@pytest.mark.parametrize("name", WITH_FILES)
def test_addresses_are_https_and_pinned(name):
    for file in manifest.read(name).files:
        urls = [*file.urls, *(url for urls in (file.member_urls or {}).values() for url in urls)]
        urls += file.source_archive.urls if file.source_archive else ()
        for url in urls:
            assert any(pattern.fullmatch(url) for pattern in PINNED), url


def _members(path: Path) -> dict[str, bytes]:
    """What an archive holds, read without the code under test; the litter of systems left out."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {
                name: archive.read(name)
                for name in archive.namelist()
                if not name.endswith(("/", ".DS_Store")) and "__MACOSX" not in name
            }
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # pyright: ignore
    if path.suffix in (".gz", ".bz2"):
        opened = gzip.open if path.suffix == ".gz" else bz2.open
        with opened(path) as file:
            return {path.stem: file.read()}
    return {}


@pytest.mark.parametrize("name", WITH_FILES)
def test_checksums_are_those_of_the_data(name, real_data):
    folder = real_data / name
    known = manifest.read(name)
    assert {file.path for file in known.files} == {
        entry.name for entry in folder.iterdir() if entry.name != "README.md"
    }
    for file in known.files:
        content = (folder / file.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
        found = {
            path: (len(member), hashlib.sha256(member).hexdigest())
            for path, member in _members(folder / file.path).items()
        }
        assert found == {member.path: (member.bytes, member.sha256) for member in file.members}
