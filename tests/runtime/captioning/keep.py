"""Keeps captioners that answer the same later: `python -m tests.runtime.captioning.keep`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import elman
from elman import Captioner

KEPT = Path(__file__).parent / "kept"
CASES = ("vectors", "images")
SMALL = {"units": 8, "embedding": 6, "epochs": 12, "learning_rate": 0.02, "threads": 1}


def items(case: str) -> np.ndarray:
    """Whole numbers, which no processor reads otherwise."""
    which = np.arange(24) % 3
    if case == "vectors":
        return (np.eye(3)[which] * 4 + np.arange(24)[:, None] % 2).astype(np.float64)
    images = (np.arange(24 * 5 * 5).reshape(24, 5, 5) * 7 % 60).astype(np.uint8)
    images[np.arange(24), 2 * which] = 255
    return images


def answers(case: str) -> dict[str, Any]:
    """What the model that was kept writes, and what it is held against."""
    model: Any = elman.load(KEPT / f"{case}.model")
    written = model.caption(items(case)[:6], n_best=2, attention=True)
    attention = written[0][0].attention
    return {
        "texts": [[one.text for one in each] for each in written],
        "log_probabilities": [[one.log_probability for one in each] for each in written],
        "attention": None if attention is None else attention.tolist(),
        "baselines": model.evaluate(items(case)[:6], ["a row"] * 6)["baselines"],
    }


def keep() -> None:
    """Train them, and write their files and what they say."""
    KEPT.mkdir(exist_ok=True)
    said = [["a row", "one row"], ["a line", "one line"], ["nothing"]] * 8
    for case, more in (("vectors", {}), ("images", {"scan": "both", "strip": 2})):
        model = Captioner(**SMALL, **more, choose_by="exact", validation=None)
        model.fit(items(case), said).save(KEPT / f"{case}.model")
        text = json.dumps(answers(case), indent=1)
        (KEPT / f"{case}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    keep()
