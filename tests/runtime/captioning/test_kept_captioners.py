"""Captioners that were saved before write as they did then."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.runtime.captioning.keep import CASES, KEPT, answers


@pytest.mark.parametrize("case", CASES)
def test_a_captioner_that_was_kept_answers_as_it_did(case):
    before, now = json.loads((KEPT / f"{case}.json").read_text("utf-8")), answers(case)
    assert now["texts"] == before["texts"]
    assert now["baselines"] == before["baselines"]
    assert (now["attention"] is None) == (case == "vectors") == (before["attention"] is None)
    if now["attention"] is not None:
        np.testing.assert_allclose(now["attention"], before["attention"], atol=1e-4)
    for row, kept in zip(now["log_probabilities"], before["log_probabilities"], strict=True):
        np.testing.assert_allclose(row, kept, atol=1e-3)
