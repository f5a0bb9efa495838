from __future__ import annotations

import io
import itertools

import pytest
from rich.console import Console

from elman.training import ProgressDisplay
from elman.training.events import (
    CheckpointDamaged,
    EpochEnd,
    EpochStart,
    RunEnd,
    RunStart,
    StepEnd,
    StepSkipped,
)
from elman.training.events.history import EpochRecord


def shown(terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120)
    with ProgressDisplay(console) as display:
        display(RunStart(2, 3, ()))
        for epoch in (1, 2):
            display(EpochStart(epoch, 0))
            for step in (1, 2, 3):
                display(StepEnd(epoch, step, 8, 0.25 / step, 1e-3))
            display(EpochEnd(EpochRecord(epoch, 0.5, 1e-3, 1.5, 0.75, 0.875), best=epoch == 1))
        display(RunEnd(1, stopped_early=True))
    return out.getvalue()


def test_plain_lines():
    lines = shown(terminal=False).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("epoch 1/2  loss 0.5000  validation loss 0.7500  score 0.8750")
    assert "sequences/s" in lines[0]
    assert "steps/s" in lines[0]
    assert lines[0].endswith(" *")
    assert not lines[1].endswith(" *")
    assert lines[2] == "kept the weights of epoch 1, stopped early"


def test_padding_is_said_where_there_is_any():
    out = io.StringIO()
    with ProgressDisplay(Console(file=out)) as display:
        display(RunStart(2, 400, (), padding=0.0314))
    assert out.getvalue() == "400 steps an epoch; 3.1 % of what they read is padding\n"


def test_a_bar_on_a_terminal():
    text = shown(terminal=True)
    assert "epoch 2/2" in text
    assert "━" in text
    assert "loss 0.0833" in text


@pytest.mark.parametrize(
    ("epoch", "step", "line"),
    [(2, 0, "resumed after epoch 1"), (3, 2, "resumed after epoch 3/5, step 2/3"), (1, 0, "")],
)
def test_resumed_run_says_so(epoch, step, line):
    out = io.StringIO()
    with ProgressDisplay(Console(file=out)) as display:
        display(RunStart(5, 3, ()))
        display(EpochStart(epoch, step))
    assert out.getvalue().strip() == line


def test_what_went_wrong_is_said():
    out = io.StringIO()
    with ProgressDisplay(Console(file=out, width=200)) as display:
        display(CheckpointDamaged("run/last", "its checksum differs"))
        display(RunStart(5, 3, ()))
        display(EpochStart(2, 0))
        display(StepSkipped(2, 1, "the loss is nan", (4, 7)))
    lines = out.getvalue().splitlines()
    assert lines[0] == "passed over a damaged checkpoint: run/last: its checksum differs"
    assert lines[2] == "skipped epoch 2/5, step 1/3: the loss is nan"


def test_a_long_epoch_says_where_it_is(monkeypatch):
    clock = itertools.count(0.0, 10.0)  # ten seconds from one look to the next
    monkeypatch.setattr("elman.training.events.progress.time.perf_counter", lambda: next(clock))
    out = io.StringIO()
    with ProgressDisplay(Console(file=out, width=200)) as display:
        display(RunStart(2, 100, ()))
        display(EpochStart(1, 0))
        for step in range(1, 11):
            display(StepEnd(1, step, 8, 0.25, 1e-3))
    lines = out.getvalue().splitlines()
    assert 2 <= len(lines) <= 9
    assert lines[0].startswith("epoch 1/2, step ")
    assert "/100  loss 0.2500 · " in lines[0]
    assert lines[0].endswith(" left")


def test_the_pace_counts_what_this_process_did(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("elman.training.events.progress.time.perf_counter", lambda: now[0])
    out = io.StringIO()
    with ProgressDisplay(Console(file=out)) as display:
        display(RunStart(1, 4, ()))
        display(EpochStart(1, 2))
        for step in (3, 4):
            now[0] += 0.5
            display(StepEnd(1, step, 8, 0.25, 1e-3))
        now[0] += 9.0  # validation is not part of it
        display(EpochEnd(EpochRecord(1, 0.5, 1e-3, 1.5), best=False))
    assert "16 sequences/s · 2.0 steps/s" in out.getvalue()


@pytest.mark.parametrize(
    ("losses", "epoch"),
    [
        ((0.5, 0.4, 0.5, 0.6, 0.7), 2),
        ((0.5, 0.4, 0.5, 0.7), None),  # too early to say
        ((0.5, 0.4, 0.5, 0.4, 0.5), None),
        ((None, None, None, None, None), None),
        ((0.4, 0.3, 0.2, 0.1, 0.0), None),
        ((0.4, -1.0, -0.5, -0.4, -0.3), None),  # of densities: no times can be told
    ],
)
def test_a_validation_loss_that_grew_again_is_told_at_the_end(losses, epoch):
    out = io.StringIO()
    with ProgressDisplay(Console(file=out, width=300)) as display:
        display(RunStart(len(losses), 1, ()))
        for k, loss in enumerate(losses, start=1):
            display(EpochStart(k, 0))
            display(EpochEnd(EpochRecord(k, 0.5 / k, 1e-3, 1.5, loss, None), best=False))
        display(RunEnd(1, stopped_early=False))
    told = f"was lowest after epoch {epoch} and has grown since"
    assert (told in out.getvalue()) == (epoch is not None)
    assert "grown" not in out.getvalue() or epoch is not None
