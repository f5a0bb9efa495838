"""darts' RNNModel as in its own example: an LSTM of 20 units, windows of 20 months."""

from __future__ import annotations

import numpy as np
from darts import TimeSeries
from darts.models import RNNModel

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

MONTHS, HORIZON, WINDOW, TRAINED, UNITS, BATCH, EPOCHS = 144, 36, 14, 20, 20, 16, 2


def program() -> Program:
    month = np.arange(MONTHS, dtype=np.float32)
    series = TimeSeries.from_values(month / MONTHS + np.sin(month * np.pi / 6).astype(np.float32))
    model = RNNModel(
        model="LSTM",
        hidden_dim=UNITS,
        batch_size=BATCH,
        n_epochs=EPOCHS,
        input_chunk_length=WINDOW,
        training_length=TRAINED,
        random_state=0,
        pl_trainer_kwargs={
            "accelerator": "cpu",
            "logger": False,
            "enable_progress_bar": False,
            "enable_checkpointing": False,
            "enable_model_summary": False,
        },
    )
    model.fit(series, epochs=1)  # it builds its network where it is fitted first

    def train() -> None:
        model.fit(series, epochs=EPOCHS)

    def infer() -> np.ndarray:
        return model.predict(HORIZON, series=series).values()

    return Program(model.model, train, infer)


training, inference = runs(program)
