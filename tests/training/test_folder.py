from __future__ import annotations

import json

import pytest

from elman.errors import CheckpointError
from elman.training import EpochEnd, EpochRecord, MetricsFile, RunFolder, RunStart


def test_configuration_is_kept(tmp_path):
    folder = RunFolder(tmp_path / "run", about={"data": "digits"})
    folder.start({"task": {"units": 5, "seed": None}, "training": {"epochs": 2}})
    assert folder.read_config() == {
        "task": {"units": 5},
        "training": {"epochs": 2},
        "about": {"data": "digits"},
    }


def test_another_run_is_not_overwritten(tmp_path):
    RunFolder(tmp_path).start({"epochs": 2})
    with pytest.raises(CheckpointError, match=r"holds a training run already.*--resume.*--out"):
        RunFolder(tmp_path).start({"epochs": 3})
    assert RunFolder(tmp_path).read_config() == {"epochs": 2}


def test_resume_needs_the_same_configuration(tmp_path):
    RunFolder(tmp_path).start({"training": {"epochs": 2, "seed": 0}})
    RunFolder(tmp_path).start({"training": {"epochs": 2, "seed": 0}}, resume=True)
    with pytest.raises(CheckpointError, match=r"started with training\.epochs = 2, now it is 3"):
        RunFolder(tmp_path).start({"training": {"epochs": 3, "seed": 0}}, resume=True)
    with pytest.raises(CheckpointError, match=r"training\.seed = 0, now it is None"):
        RunFolder(tmp_path).start({"training": {"epochs": 2}}, resume=True)


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(CheckpointError, match="holds no training run"):
        RunFolder(tmp_path).start({}, resume=True)


def test_damaged_configuration(tmp_path):
    (tmp_path / "config.toml").write_text("epochs = = 3")
    with pytest.raises(CheckpointError, match="cannot be read"):
        RunFolder(tmp_path).read_config()


def test_metrics_lines(tmp_path):
    folder = RunFolder(tmp_path)
    records = tuple(EpochRecord(k, 1 / k, 0.1, 2.0, 0.5 / k) for k in (1, 2))
    metrics = MetricsFile(folder.metrics)
    metrics(RunStart(3, 4, ()))
    for record in records:
        metrics(EpochEnd(record, best=True))
    assert folder.read_metrics() == list(records)
    line = json.loads(folder.metrics.read_text().splitlines()[1])
    assert line["epoch"] == 2
    assert "validation_score" not in line
    # A resumed run begins from what its checkpoint knows to be complete.
    MetricsFile(folder.metrics)(RunStart(3, 4, records[:1]))
    assert folder.read_metrics() == [records[0]]


def test_damaged_metrics(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.write_text('{"epoch": 1')
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl"):
        folder.read_metrics()


def test_result(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_result({"accuracy": 0.5, "name": "é"})
    assert json.loads(folder.result.read_text(encoding="utf-8")) == {"accuracy": 0.5, "name": "é"}
