from __future__ import annotations

import json
from dataclasses import replace

import pytest

from elman.errors import CheckpointError
from elman.training import (
    EpochEnd,
    EpochRecord,
    EpochStart,
    RunFolder,
    RunStart,
    StepEnd,
    StepSkipped,
)
from elman.training.run.journal import MetricsFile, StepsFile


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


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def places(path):
    return [(line["epoch"], line["step"]) for line in lines(path)]


STEP = StepEnd(1, 1, 8, 0.75, 1e-3, 2.5, 0.0125)


def written(path, steps, start):
    """The file after a run of so many steps that starts at a place."""
    listener = StepsFile(path)
    listener(RunStart(3, 4, ()))
    listener(EpochStart(*start))
    for epoch, step in steps:
        listener(replace(STEP, epoch=epoch, step=step))


def test_steps_lines(tmp_path):
    path = tmp_path / "steps.jsonl"
    written(path, [(1, 1)], start=(1, 0))
    StepsFile(path)(StepSkipped(1, 2, "the loss is nan", (7, 3)))
    assert lines(path) == [
        {
            "epoch": 1,
            "step": 1,
            "loss": 0.75,
            "learning_rate": 1e-3,
            "gradient_norm": 2.5,
            "seconds": 0.0125,
        },
        {"epoch": 1, "step": 2, "skipped": "the loss is nan", "rows": [7, 3]},
    ]


@pytest.mark.parametrize("torn", ["", '{"epoch": 2, "st', "\n"])
def test_steps_that_a_checkpoint_does_not_know_are_dropped(tmp_path, torn):
    path = tmp_path / "steps.jsonl"
    written(path, [(1, 1), (1, 2), (2, 1), (2, 2)], start=(1, 0))
    path.write_text(path.read_text() + torn)
    written(path, [(2, 2)], start=(2, 1))
    assert places(path) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    written(path, [], start=(2, 0))
    assert places(path) == [(1, 1), (1, 2)]


def test_a_line_whose_end_is_missing_is_dropped(tmp_path):
    path = tmp_path / "steps.jsonl"
    written(path, [(1, 1), (1, 2)], start=(1, 0))
    path.write_text(path.read_text()[:-1])
    written(path, [(1, 3)], start=(1, 2))
    assert places(path) == [(1, 1), (1, 3)]


def test_later_epochs_of_a_run_drop_nothing(tmp_path):
    path = tmp_path / "steps.jsonl"
    listener = StepsFile(path)
    listener(RunStart(3, 1, ()))
    for epoch in (1, 2):
        listener(EpochStart(epoch, 0))
        listener(replace(STEP, epoch=epoch))
    assert len(lines(path)) == 2


def test_a_refusing_disk_is_a_checkpoint_error(tmp_path):
    with pytest.raises(CheckpointError, match="could not be written"):
        StepsFile(tmp_path / "none" / "steps.jsonl")(STEP)
