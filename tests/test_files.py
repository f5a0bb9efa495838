from __future__ import annotations

import errno
import os
import socket

import pytest

from elman import files
from elman.errors import BundleError
from elman.files import check_regular, open_regular, read_text, remove_leftovers, replace_file


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


def test_what_is_no_file_is_not_opened(tmp_path):
    """A pipe without a writer would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path, words in (
            (tmp_path / "pipe", "a named pipe"),
            (tmp_path / "socket", "a socket"),
            ("/dev/zero", "a device"),
            (tmp_path, "Is a directory"),
            (tmp_path / "nothing", "No such file"),
            ("a\0b", "is no path"),
        ):
            with pytest.raises(OSError, match=words):
                check_regular(path)
            with pytest.raises(OSError, match=words):
                open_regular(path)


def test_a_text_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("é\r\n".encode())
    assert read_text(path, 4) == "é\r\n"
    with pytest.raises(OSError, match="longer than 3 bytes"):
        read_text(path, 3)
    path.write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        read_text(path, 4)
