"""Keeps a translator that answers the same later: `python -m tests.runtime.translating.keep`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import elman
from elman import Translator
from tests.tasks.toy_pairs import SMALL, toy_pairs

KEPT = Path(__file__).parent / "kept"
SOURCES = ["one two three", "", "Paris six", "eight"]


def answers(model: Any) -> dict[str, Any]:
    """What a model writes, and how it scores what is given."""
    written = model.translate(SOURCES, beam_size=3, n_best=2, attention=True)
    scored = model.score_pairs(["one two", "six"], ["deux un", "huit"])
    return {
        "texts": [[one.text for one in each] for each in written],
        "log_probabilities": [[one.log_probability for one in each] for each in written],
        "attention": written[0][0].attention.tolist(),
        "scored": [one.log_probabilities.tolist() for one in scored],
        "longest": list(model.longest),
    }


def keep() -> None:
    """Train one, and write its file and what it says."""
    told = {**SMALL, "units": 12, "embedding": 8, "baselines": False, "feeding": True}
    more = {"bidirectional": True, "cell": "gru", "attention": "additive", "choose_by": "exact"}
    model = Translator(**told, **more).fit(*toy_pairs(200))
    KEPT.mkdir(exist_ok=True)
    model.save(KEPT / "numbers.model")
    said = answers(elman.load(KEPT / "numbers.model"))
    (KEPT / "answers.json").write_text(json.dumps(said, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    keep()
