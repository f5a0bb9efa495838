"""What is kept of the strings of digits says on what it was chosen."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from benchmarks.report.hearing import hearing_chapter
from benchmarks.results import RESULTS, load
from benchmarks.transcribing import CHOSEN_ON
from tests.tasks.tones import RATE, learnt, spoken


def test_the_result_says_on_what_epoch_and_recipe_were_chosen():
    assert load(RESULTS, "transcribing")["chosen_on"] == CHOSEN_ON
    assert "same validation strings" in CHOSEN_ON


def test_a_listener_s_memory_is_its_own(tmp_path):
    learnt().save(tmp_path / "model.elman")
    held = np.ones(2**24)  # 128 MiB of this process, which are none of that one's
    signal = np.concatenate([spoken("abc"), np.zeros(2 * RATE), spoken("ca")] * 5)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.listener", tmp_path / "model.elman", "1", "10"],
        input=(signal.clip(-1, 1) * 32767).astype("<i2").tobytes(),
        capture_output=True,
        check=True,
    )
    assert len(held)
    found = json.loads(done.stdout)
    assert found["segments"] == 6  # five silences, and what follows the last one
    assert abs(found["hours"] * 3600 - len(signal) / RATE) < 1e-9
    sizes = found["peak_mebibytes_by_seconds"]
    assert list(sizes) == ["1", "10"]
    assert 20 < sizes["1"] <= sizes["10"] < 100


def test_the_chapter_tells_of_the_long_stream_and_of_training():
    said = " ".join("\n".join(hearing_chapter()).split())
    kept = load(RESULTS, "transcribing") or {}
    sizes = kept["long_stream"]["peak_mebibytes_by_seconds"]
    assert f"held at most {max(sizes.values()):.1f} MiB" in said
    assert f"{kept['training']['times_as_fast']:.1f} times as fast" in said
