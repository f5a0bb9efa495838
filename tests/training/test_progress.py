from __future__ import annotations

import io

from rich.console import Console

from elman.training import ProgressDisplay
from elman.training.events import EpochEnd, EpochStart, RunEnd, RunStart, StepEnd
from elman.training.history import EpochRecord


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


def test_a_bar_on_a_terminal():
    text = shown(terminal=True)
    assert "epoch 2/2" in text
    assert "━" in text
    assert "loss 0.0833" in text


def test_resumed_run_says_so():
    out = io.StringIO()
    with ProgressDisplay(Console(file=out)) as display:
        display(RunStart(5, 3, (EpochRecord(1, 0.5, 1e-3, 1.5),)))
    assert "resumed after epoch 1" in out.getvalue()
