"""A translator that was saved before writes and scores as it did then."""

from __future__ import annotations

import json

import numpy as np

import elman
from tests.runtime.translating.keep import KEPT, answers


def test_a_translator_that_was_kept_answers_as_it_did():
    before = json.loads((KEPT / "answers.json").read_text("utf-8"))
    now = answers(elman.load(KEPT / "numbers.model"))
    assert now["texts"] == before["texts"]
    assert now["longest"] == before["longest"]
    np.testing.assert_allclose(now["attention"], before["attention"], atol=1e-4)
    for name in ("log_probabilities", "scored"):
        for row, kept in zip(now[name], before[name], strict=True):
            np.testing.assert_allclose(row, kept, atol=1e-3)
