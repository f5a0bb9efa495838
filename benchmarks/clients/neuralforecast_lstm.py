"""NeuralForecast's LSTM at its defaults, on monthly series: a short fit, and its forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from neuralforecast import NeuralForecast
from neuralforecast.models import LSTM

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

SERIES, MONTHS, HORIZON, WINDOW, STEPS = 8, 144, 12, 24, 10


def program() -> Program:
    model = LSTM(
        h=HORIZON,
        input_size=WINDOW,
        max_steps=STEPS,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    forecaster = NeuralForecast(models=[model], freq="MS")
    table, fitted = _draw_table(), False

    def train() -> list[float]:
        nonlocal fitted
        forecaster.fit(table, val_size=0)
        fitted = True
        return [loss for _, loss in forecaster.models[0].train_trajectories[-STEPS:]]

    def infer() -> np.ndarray:
        if not fitted:
            train()
        return forecaster.predict()["LSTM"].to_numpy()

    return Program(forecaster.models[0], train, infer)  # a copy of what was given


def _draw_table() -> pd.DataFrame:
    """Monthly series with a trend and a season, in the long form."""
    random = np.random.default_rng(0)
    month = np.arange(MONTHS)
    values = [
        100 + k + month + 10 * np.sin(month * np.pi / 6) + random.standard_normal(MONTHS)
        for k in range(SERIES)
    ]
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"series {k}" for k in range(SERIES)], MONTHS),
            "ds": np.tile(pd.date_range("2000-01-01", periods=MONTHS, freq="MS"), SERIES),
            "y": np.concatenate(values).astype(np.float32),
        }
    )


training, inference = runs(program)
