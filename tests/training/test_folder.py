from __future__ import annotations

import json
import tomllib

import pytest

from elman.errors import CheckpointError
from elman.training import RunFolder


def test_configuration_is_kept(tmp_path):
    folder = RunFolder(tmp_path / "run", about={"data": "digits"})
    folder.start({"task": {"units": 5, "seed": None}, "training": {"epochs": 2}})
    assert folder.read_config() == {
        "task": {"units": 5, "seed": None},
        "training": {"epochs": 2},
        "about": {"data": "digits"},
    }
    with open(folder.config, "rb") as file:
        assert tomllib.load(file)["task"]["seed"] == "None"


def test_another_run_is_not_overwritten(tmp_path):
    RunFolder(tmp_path).start({"epochs": 2})
    with pytest.raises(CheckpointError, match=r"holds a training run already.*resume=True.*run="):
        RunFolder(tmp_path).start({"epochs": 3})
    assert RunFolder(tmp_path).read_config() == {"epochs": 2}


def test_resume_needs_the_same_configuration(tmp_path):
    RunFolder(tmp_path).start({"training": {"epochs": 2, "seed": 0}})
    RunFolder(tmp_path).start({"training": {"epochs": 2, "seed": 0}}, resume=True)
    with pytest.raises(CheckpointError, match=r"started with training\.epochs = 2, now it is 3"):
        RunFolder(tmp_path).start({"training": {"epochs": 3, "seed": 0}}, resume=True)
    with pytest.raises(CheckpointError, match=r"training\.seed = 0, now it is None"):
        RunFolder(tmp_path).start({"training": {"epochs": 2}}, resume=True)


def test_what_killed_writers_left_behind_is_removed(tmp_path):
    folder = RunFolder(tmp_path)
    folder.start({"epochs": 2})
    folder.last.parent.mkdir()
    left = [folder.last.with_name(".last.safetensors.x1"), tmp_path / ".metrics.jsonl.x2"]
    for path in left:
        path.write_bytes(b"")
    folder.start({"epochs": 2}, resume=True)
    assert not any(path.exists() for path in left)


def test_a_run_may_go_on_on_another_machine(tmp_path):
    RunFolder(tmp_path).start({"epochs": 2, "machine": {"threads": 1}})
    RunFolder(tmp_path).start({"epochs": 2, "machine": {"threads": None}}, resume=True)
    assert RunFolder(tmp_path).read_config()["machine"] == {"threads": 1}


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(CheckpointError, match="holds no training run"):
        RunFolder(tmp_path).start({}, resume=True)


def test_damaged_configuration(tmp_path):
    (tmp_path / "config.toml").write_text("epochs = = 3")
    with pytest.raises(CheckpointError, match="cannot be read"):
        RunFolder(tmp_path).read_config()


def test_damaged_metrics(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text('{"epoch": 1')
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl"):
        folder.read_metrics()


def test_result(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_result({"accuracy": 0.5, "name": "é"})
    assert json.loads(folder.result.read_text(encoding="utf-8")) == {"accuracy": 0.5, "name": "é"}
