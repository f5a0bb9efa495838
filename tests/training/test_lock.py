from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from elman.errors import CheckpointError
from elman.training.run.lock import folder_lock

HOLDER = """
import sys, time
from pathlib import Path
from elman.training.run.lock import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_at_a_time(tmp_path):
    with folder_lock(tmp_path / "run"):
        with (
            pytest.raises(CheckpointError, match=r"another training is at work here.*run="),
            folder_lock(tmp_path / "run"),
        ):
            pytest.fail("two hold the lock")
        with folder_lock(tmp_path / "other"):
            pass
    with folder_lock(tmp_path / "run"):
        pass


def test_the_lock_dies_with_its_process(tmp_path):
    line = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CheckpointError, match="at work"), folder_lock(tmp_path):
            pytest.fail("two processes hold the lock")
        holder.send_signal(signal.SIGKILL)
    with folder_lock(tmp_path):
        pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be written"), folder_lock(tmp_path / "file"):
        pytest.fail("there is no folder to lock")


def test_what_fails_before_it_has_written_leaves_no_folder(tmp_path):
    def begun(folder, file):
        with folder_lock(folder):
            if file is not None:
                (folder / file).write_text("")
            raise RuntimeError

    def failing(folder, file=None):
        with pytest.raises(RuntimeError):
            begun(folder, file)

    failing(tmp_path / "runs" / "a")
    assert list(tmp_path.iterdir()) == []
    failing(tmp_path / "runs" / "b", "config.toml")
    assert (tmp_path / "runs" / "b" / "config.toml").exists()
    failing(tmp_path / "runs" / "c")
    assert [one.name for one in (tmp_path / "runs").iterdir()] == ["b"]
    (tmp_path / "mine").mkdir()
    failing(tmp_path / "mine")
    assert (tmp_path / "mine").exists()  # it was there before
