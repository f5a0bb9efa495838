"""`python -m tests.drills.many_steps ROWS FOLDER`: training on one long series, and what it takes.

A process of its own, so that its peak memory is that of the training.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.series.frequency import Frequency
from elman.data.series.panel import Columns, Panel
from elman.data.series.windows import WindowReader, cut
from elman.runtime.forecasting.preparing import fit_covariates, prepare
from elman.training import MeanSquaredError, RunFolder, StepEnd, Trainer, TrainingConfig
from elman.training.loop.windows import WindowExamples
from elman.transforms.series_scaler import SeriesScaler

STEPS = 20
INPUT_STEPS, HORIZON = 168, 24


class Taken:
    """A listener that counts steps, and presses Ctrl-C after as many as are wanted."""

    def __init__(self) -> None:
        self.steps = 0

    def __call__(self, event) -> None:
        self.steps += isinstance(event, StepEnd)
        if self.steps == STEPS:
            signal.raise_signal(signal.SIGINT)


class Reader(nn.Module):
    """A small LSTM that tells the horizon of one target."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(10, 16, batch_first=True)
        self.head = nn.Linear(16, HORIZON)

    def forward(self, inputs: Tensor, lengths: None) -> Tensor:
        return self.head(self.recurrent(inputs)[0][:, -1])[..., None]


def long_series(rows: int) -> Panel:
    """One target and nine past covariates, in float32."""
    block = np.random.default_rng(0).standard_normal((rows, 10), dtype=np.float32)
    nothing = np.empty((rows, 0), dtype=np.float32)
    return Panel(
        names=("only",),
        offsets=np.array([0, rows]),
        times=np.arange(rows),
        steps=np.arange(rows),
        frequency=Frequency("step"),
        target=block[:, :1],
        past=block[:, 1:],
        future=nothing,
        static=nothing[:1],
        columns=Columns(None, None, ("y",), tuple(f"x{k}" for k in range(9))),
        history=np.array([rows]),
    )


def peak_memory() -> int:
    """The most bytes that this process ever had in memory."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main(rows: str, folder: str) -> None:
    """Train a few steps on all windows, with everything that a forecaster holds in memory."""
    torch.set_num_threads(1)
    panel = long_series(int(rows))
    scaler = SeriesScaler.fit(panel.target, panel.offsets, "standard")
    prepared = prepare(panel, scaler, fit_covariates(panel), flags=False, calendar=())
    windows = cut(
        panel.offsets, panel.history, panel.gap_before, input_steps=INPUT_STEPS, horizon=HORIZON
    )
    reader = WindowReader(prepared, windows, ahead=False, shift_known=False, window_scaling="last")
    taken = Taken()
    trainer = Trainer(
        Reader(),
        MeanSquaredError(),
        WindowExamples(reader),
        None,
        TrainingConfig(batch_size=64, epochs=1),
        folder=RunFolder(folder),
        listeners=[taken],
        workers=2,
    )
    try:
        trainer.run()
    except KeyboardInterrupt:
        print(json.dumps({"steps": taken.steps, "windows": len(reader), "peak": peak_memory()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
