from __future__ import annotations

import errno
import os

import pytest

from elman import files
from elman.errors import BundleError
from elman.files import remove_leftovers, replace_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_the_one_before_kept(tmp_path):
    path, previous = tmp_path / "last", tmp_path / "previous"
    for content in (b"1", b"2", b"3"):
        replace_file(path, content, previous)
    assert (path.read_bytes(), previous.read_bytes()) == (b"3", b"2")
    replace_file(path, b"4")
    assert (path.read_bytes(), previous.read_bytes()) == (b"4", b"2")
    assert names(tmp_path) == ["last", "previous"]


def test_file_and_folder_are_synced_before_it_returns(tmp_path, monkeypatch):
    done = []
    for name in ("fsync", "replace"):
        call = getattr(os, name)

        def noted(*args, name=name, call=call):
            done.append(name)
            return call(*args)

        monkeypatch.setattr(files.os, name, noted)
    replace_file(tmp_path / "last", b"1")
    assert done == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_refusing_disk_leaves_both_files(tmp_path, monkeypatch, call):
    path, previous = tmp_path / "last", tmp_path / "previous"
    for content in (b"1", b"2"):
        replace_file(path, content, previous)

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, call, refuse)
        with pytest.raises(BundleError, match="No space left on device"):
            replace_file(path, b"3", previous)
    assert (path.read_bytes(), previous.read_bytes()) == (b"2", b"1")
    assert names(tmp_path) == ["last", "previous"]


def test_leftovers_of_a_killed_writer_are_removed(tmp_path):
    for name in ("last", ".last.abc", ".last.def", ".other.abc"):
        (tmp_path / name).write_bytes(b"")
    remove_leftovers(tmp_path / "last")
    assert names(tmp_path) == [".other.abc", "last"]
