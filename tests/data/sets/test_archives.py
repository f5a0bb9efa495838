"""Archives of each kind give the same members, and say what is wrong with them."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile

import pytest

from elman.data.sets.archives import read_members
from elman.errors import FormatError

MEMBERS = {"a.txt": b"first" * 100, "folder/b.txt": b"second" * 100}


@pytest.fixture(params=["x.zip", "x.tar.gz"])
def archive(request, tmp_path):
    path = tmp_path / request.param
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in MEMBERS.items():
                file.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz") as file:
            for name, content in MEMBERS.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
    return path


def test_members_of_archives(archive):
    assert read_members(archive, MEMBERS) == MEMBERS
    assert read_members(archive, ["folder/b.txt"]) == {"folder/b.txt": MEMBERS["folder/b.txt"]}


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_compressed_file_is_its_only_member(tmp_path, suffix, pack):
    path = tmp_path / f"text.txt{suffix}"
    path.write_bytes(pack(b"content"))
    assert read_members(path, ["text.txt"]) == {"text.txt": b"content"}
    with pytest.raises(FormatError, match=r"lacks the member 'other.txt'"):
        read_members(path, ["other.txt"])


def test_a_missing_member(archive):
    with pytest.raises(FormatError, match="lacks the member"):
        read_members(archive, ["a.txt", "c.txt"])


def test_a_cut_archive(archive):
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match="is damaged"):
        read_members(archive, MEMBERS)
