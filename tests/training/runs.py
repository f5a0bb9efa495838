"""Small trainings, whole or interrupted, that several tests share."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from elman.training import CrossEntropy, RunFolder, StepEnd, Trainer
from elman.training.loop.losses import accuracy
from tests.training.networks import CONFIG, examples, reader


def trained(config=CONFIG, resume=False, validation=True, data=None, **options):
    module = reader()
    held_out = examples(9, seed=1) if validation else None
    trainer = Trainer(
        module, CrossEntropy(), data or examples(), held_out, config, score=accuracy, **options
    )
    history = trainer.run(resume=resume)
    return module, history


class InterruptAt:
    """A listener that presses Ctrl-C after the given number of steps."""

    def __init__(self, steps: int, number: int = signal.SIGINT) -> None:
        self._left, self._number = steps, number

    def __call__(self, event) -> None:
        if isinstance(event, StepEnd):
            self._left -= 1
            if self._left == 0:
                signal.raise_signal(self._number)


def interrupted_and_resumed(path, steps, config=CONFIG, **options):
    """Interrupted after each of the given numbers of steps, then trained to the end."""
    folder = RunFolder(path)
    for k, count in enumerate(steps):
        with pytest.raises(KeyboardInterrupt):
            trained(config, resume=k > 0, folder=folder, listeners=[InterruptAt(count)], **options)
    return trained(config, resume=True, folder=folder, **options)


def without_seconds(history):
    return [replace(record, seconds=0.0) for record in history.records]
