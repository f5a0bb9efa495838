"""Models of sequences that were saved before parameters had their names of today, and one registry
served the tasks: what they answered then they answer still.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman

KEPT = Path(__file__).parent / "kept"
CASES = ("classes", "labels", "numbers", "recordings")
ASK = (
    "from pathlib import Path; from tests.runtime.test_kept import ask;"
    "import sys; ask(Path(sys.argv[1]))"
)


def sequences() -> list[np.ndarray]:
    """Whole numbers, which no processor reads otherwise."""
    steps = [np.arange(n)[:, None] for n in (5, 9, 1, 7, 3, 8)]
    return [((3 * k + step * [2, 5]) % 7 - 3).astype(float) for k, step in enumerate(steps)]


def answers(model: Any) -> np.ndarray:
    """What a model says of them, as one array."""
    said = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return np.concatenate([np.atleast_1d(row) for row in said(sequences())])


def ask(folder: Path) -> None:
    """The answers of all that were kept."""
    found = {name: answers(elman.load(KEPT / f"{name}.model")) for name in CASES}
    np.savez(folder / "answers.npz", **found)


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> dict[str, np.ndarray]:
    """At the level of instructions that answers alike on every processor."""
    folder = tmp_path_factory.mktemp("answers")
    portable = os.environ | {"ELMAN_ISA": "portable"}
    subprocess.run([sys.executable, "-c", ASK, str(folder)], env=portable, check=True)
    with np.load(folder / "answers.npz") as found:
        return dict(found)


@pytest.mark.parametrize("case", CASES)
def test_a_model_that_was_kept_answers_as_it_did(answered, case):
    with np.load(KEPT / "answers.npz") as before:
        if case in ("numbers", "recordings"):  # without an exponential in the answer
            np.testing.assert_array_equal(answered[case], before[case])
        else:
            np.testing.assert_allclose(answered[case], before[case], rtol=1e-6)


def test_its_parameters_have_the_names_of_today():
    recordings = elman.Regressor.load(KEPT / "recordings.model").get_params()
    assert (recordings["truncation"], recordings["stride"]) == (4, 2)
    assert recordings["scaling"] == "none"
    classes = elman.Classifier.load(KEPT / "classes.model")
    assert (classes.scaling, classes.class_weight) == ("standard", {"high": 2.0, "low": 1.0})
    again = classes.set_params(epochs=1, validation=None)
    assert again.fit(sequences(), ["high", "low"] * 3).history_ is not None


def test_they_are_small():
    assert max(path.stat().st_size for path in KEPT.iterdir()) < 40_000
