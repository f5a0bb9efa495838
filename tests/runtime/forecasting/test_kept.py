"""Models that were saved before answer as they did."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.runtime.forecasting.keep import KEPT, STRATEGIES

EXACT = ("mean", "tested")  # without an exponential, which processors round differently


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """What they answer now, at the level of instructions that answers alike everywhere."""
    folder = tmp_path_factory.mktemp("answers")
    program = (
        "from pathlib import Path; from tests.runtime.forecasting.keep import ask;"
        f"ask(Path({str(folder)!r}))"
    )
    subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"ELMAN_ISA": "portable"}, check=True
    )
    return folder


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_model_that_was_kept_answers_the_same_bits(answered, strategy):
    with np.load(KEPT / f"{strategy}.npz") as before, np.load(answered / f"{strategy}.npz") as now:
        assert set(now) == set(before)
        for name in before:
            if name in EXACT:
                np.testing.assert_array_equal(now[name], before[name])
            else:
                np.testing.assert_allclose(now[name], before[name], rtol=1e-6, atol=1e-6)


def test_they_are_small():
    assert max(path.stat().st_size for path in KEPT.iterdir()) < 40_000
