"""`python -m tests.runtime.forecasting.keep`: models of each strategy, and what they answer.

Those beside it in `kept/` were written before strategies were objects of their own, and what was
answered then is what has to be answered still. So this is run for a new strategy, not anew.

Numbers are whole, so that no processor reads others; and the portable level of instructions
answers with the same bits on all.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

KEPT = Path(__file__).parent / "kept"
HORIZON = 4
ROLES = {"target": "y", "time": "day", "series": "name"}
SMALL = {"units": 4, "epochs": 2, "window": 8, "season": 7, "batch_size": 16, "threads": 1}
STRATEGIES: dict[str, dict[str, Any]] = {
    "direct": {"output": "quantiles", "identify": True, "window_scaling": "season"},
    "recursive": {"output": "gaussian", "cell": "gru"},
    "segments": {"segment": 2},
    "smoothing": {"layers": 2, "season": (7, 14)},
}


def table(ahead: bool = False) -> dict[str, np.ndarray]:
    """Two series of days, one of which begins later; or what is known of the days after them."""
    lengths = {"a": (0, 60), "b": (6, 60)}
    if ahead:
        lengths = dict.fromkeys(lengths, (60, 60 + HORIZON))
    steps = np.concatenate([np.arange(*bounds) for bounds in lengths.values()])
    names = np.repeat(list(lengths), [stop - start for start, stop in lengths.values()])
    promo = (steps % 3 == 0).astype(float)
    found = {"name": names, "day": np.datetime64("2024-01-01") + steps, "promo": promo}
    if ahead:
        return found
    return found | {"y": steps % 7 + (7 * steps) % 11 + 8.0 * (names == "b") - 6 + 3 * promo}


def answers(model: Any) -> dict[str, np.ndarray]:
    """What a model says of the table."""
    found = model.predict(table(), table(ahead=True))
    tested = model.backtest(table(), origins=3)
    return {
        "mean": found.mean,
        "quantiles": found.quantiles,
        "paths": model.sample(table(), table(ahead=True), paths=3, seed=1),
        "tested": tested.mean,
        "tested quantiles": tested.quantiles,
    }


def keep(strategies: list[str]) -> None:
    """Train, save, and ask."""
    from elman import Forecaster

    for name in strategies:
        options = SMALL | STRATEGIES[name]
        model = Forecaster(name, **options).fit(table(), horizon=HORIZON, **ROLES, future="promo")
        model.save(KEPT / f"{name}.model")
        np.savez_compressed(KEPT / f"{name}.npz", **answers(model))


def ask(folder: Path) -> None:
    """The answers of all that were kept, in files of the same names."""
    import elman

    for path in sorted(KEPT.glob("*.model")):
        np.savez(folder / f"{path.stem}.npz", **answers(elman.load(path)))


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    keep(sys.argv[1:] or list(STRATEGIES))
