"""What truncated backpropagation through time can learn, and what it cannot.

    python -m benchmarks.truncation

Ten recordings of 10,000 random signs; what is wanted at each step is the sign DELAY steps before. A
gradient that reaches back fewer steps never meets the input that explains its cost. Each pair of
window and stride is one training, scored by R² on a fresh recording.
Results: benchmarks/results/truncation.json, the table in docs/bptt.md.
"""

from __future__ import annotations

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep
from elman import Regressor

RECORDINGS, STEPS, DELAY, EPOCHS = 10, 10_000, 10, 5
WINDOWS = ((10, 10), (11, 11), (15, 15), (20, 20), (20, 10))


def echo(recordings: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Signs `[N, T, 1]`, and each of them again `DELAY` steps later `[N, T]` (0 before that)."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(recordings, STEPS))
    late = np.concatenate([np.zeros((recordings, DELAY)), signs[:, :-DELAY]], axis=1)
    return signs[..., None], late


def train(window: int, stride: int) -> float:
    """One training, and its R² on a recording that it has not seen."""
    model = Regressor(
        cell="gru",
        units=32,
        per_step=True,
        truncation=window,
        stride=stride,
        batch_size=RECORDINGS,
        epochs=EPOCHS,
        learning_rate=3e-3,
        validation=None,
        baselines=False,
        threads=1,
    )
    model.fit(*echo(RECORDINGS, seed=0))
    return model.score(*echo(1, seed=1))


def main() -> None:
    results = []
    for window, stride in WINDOWS:
        results.append({"window": window, "stride": stride, "r2": train(window, stride)})
        print(results[-1], flush=True)
    task = {"recordings": RECORDINGS, "steps": STEPS, "delay": DELAY, "epochs": EPOCHS}
    keep(RESULTS, "truncation", {"environment": environment(), "task": task, "results": results})


if __name__ == "__main__":
    main()
