"""How fast a forecaster trains and backtests, beside plain PyTorch and beside itself.

    python -m benchmarks.forecast_speed

Training: steps over the windows of M4 hourly (LSTM of 64 units, windows of 168, batches of 64, 48
steps ahead), by the forecaster's trainer and by a plain PyTorch loop with torch.nn.LSTM on the
same windows; in turns, for each number of threads. Backtest: 1,000 origins in one pass, against
predicting the same 1,000 windows given as one array.

Results: benchmarks/results/forecast_speed-LEVEL.json, LEVEL being the instruction set.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.environment import environment
from benchmarks.results import RESULTS, classed, keep
from elman.data.series.panel import Panel
from elman.data.series.windows import WindowReader
from elman.data.sets.series import load_series
from elman.kernels import native
from elman.models import build
from elman.tasks import Forecaster
from elman.tasks.fitting import train_module
from elman.tasks.forecasting.settings import plan_of
from elman.tasks.forecasting.stage import Stage
from elman.training.loop.likelihoods import ForecastLoss
from elman.training.loop.windows import WindowExamples

STEPS, BATCH, WINDOW, UNITS, HORIZON = 60, 64, 168, 64, 48
ROUNDS, ORIGINS = 5, 1000


class Plain(nn.Module):
    """What one writes with PyTorch alone."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, UNITS, batch_first=True)
        self.dense = nn.Linear(UNITS, HORIZON)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.lstm(inputs)
        return self.dense(outputs[:, -1])


def plain_steps(reader: WindowReader) -> None:
    """The steps by a plain loop: scaled series in memory, windows gathered by index."""
    values = torch.from_numpy(reader.prepared.values)
    starts = torch.from_numpy(reader.windows.starts)
    module = Plain()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)
    order = torch.randperm(len(starts))[: STEPS * BATCH]
    for rows in order.split(BATCH):
        window = values[starts[rows, None] + torch.arange(WINDOW + HORIZON)]
        last = window[:, WINDOW - 1 : WINDOW]
        inputs, targets = window[:, :WINDOW] - last, (window[:, WINDOW:] - last)[..., 0]
        optimizer.zero_grad()
        (module(inputs) - targets).abs().mean().backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()


def elman_steps(estimator: Forecaster, stage: Stage, examples: WindowExamples) -> None:
    """The same steps by the forecaster's trainer: order, clipping and events included."""
    module = build(stage.blueprint, seed=0)
    train_module(module, ForecastLoss(), examples, None, estimator._options())


def in_turns(jobs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median seconds of each job; the first round warms up."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


def stage_of(estimator: Forecaster, panel: Panel) -> Stage:
    """What `fit` prepares before it trains."""
    plan = plan_of(estimator.get_params(), panel, HORIZON)
    return Stage.of(panel, plan, panel.history, 1, estimator._network_of, None)


def training(threads: int) -> dict[str, Any]:
    torch.set_num_threads(threads)
    panel = load_series("m4-hourly", "train")
    estimator = Forecaster(
        window=WINDOW, units=UNITS, batch_size=BATCH, epochs=1, validation=None, baselines=False
    )
    stage = stage_of(estimator, panel)
    reader = stage.work.reader(stage.windows)
    examples = WindowExamples(reader, STEPS * BATCH)
    seconds = in_turns(
        {
            "elman": lambda: elman_steps(estimator, stage, examples),
            "torch": lambda: plain_steps(reader),
        }
    )
    return {
        "threads": threads,
        "steps": STEPS,
        "windows": len(reader),
        "seconds": seconds,
        "epoch_seconds": {n: s / STEPS * len(reader) / BATCH for n, s in seconds.items()},
        "ratio": seconds["torch"] / seconds["elman"],
    }


def backtest() -> dict[str, Any]:
    torch.set_num_threads(1)
    series = load_series("sunspots")
    values = series.target[:, 0]
    model = Forecaster(window=WINDOW, units=UNITS, epochs=1).fit(values, horizon=HORIZON)
    first = len(values) - HORIZON - ORIGINS + 1
    windows = np.stack([values[k - WINDOW : k] for k in range(first, first + ORIGINS)])
    seconds = in_turns(
        {
            "backtest": lambda: model.backtest(values, origins=ORIGINS),
            "predict": lambda: model.predict(windows[:, :, None]),
        }
    )
    return {"origins": ORIGINS, "seconds": seconds,
            "ratio": seconds["backtest"] / seconds["predict"]}  # fmt: skip


def main() -> None:
    found = [training(threads) for threads in (1, 2)]
    report = {
        "command": "python -m benchmarks.forecast_speed",
        "environment": environment(),
        "training": found,
        "backtest": backtest(),
    }
    keep(RESULTS, classed("forecast_speed", str(native.isa())), report)
    for each in found:
        print(f"{each['threads']} threads: {each['ratio']:.2f} times as fast as plain PyTorch")
    print(f"backtest: {report['backtest']['ratio']:.2f} times the time of predicting")


if __name__ == "__main__":
    main()
