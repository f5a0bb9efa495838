"""Folders of sound on the command line: trained on, answered, and what is broken is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.data.readers.test_sound import _wav as wav
from tests.tasks.test_sounds import RATE


@pytest.fixture
def folder(tmp_path):
    draws = np.random.default_rng(0)
    for n in range(20):
        label, pitch = ("high", 2000) if n % 2 else ("low", 500)
        time = np.arange(draws.integers(800, 1600)) / RATE
        (tmp_path / "sounds" / label).mkdir(parents=True, exist_ok=True)
        signal = 0.3 * np.sin(2 * np.pi * pitch * time) + 0.01 * draws.normal(size=len(time))
        (tmp_path / "sounds" / label / f"{n}.wav").write_bytes(wav(signal))
    return tmp_path / "sounds"


def answered(command, words):
    """The exit code of a command, and all that it says."""
    done = command(*words.split())
    return done.exit_code, done.output


def test_a_folder_is_trained_on_and_answered_with_a_broken_file_told(folder, tmp_path, command):
    told = "--units 4 --cell gru --epochs 4 --learning-rate 0.05 --sound log-mel,bands=15"
    out = tmp_path / "run"
    code, said = answered(command, f"train classifier --data {folder} {told} --out {out}")
    assert code == 0, said
    result = json.loads((out / "result.json").read_text())
    assert result["data"]["milliseconds"][0] >= 100
    assert result["test"]["sequences"] == 4
    (folder / "low" / "broken.wav").write_bytes(wav(np.zeros(100))[:-7])
    code, said = answered(command, f"predict {out} --data {folder}")
    assert code == 1
    assert said.count("high/") == 10
    assert said.count("low/") >= 10
    assert "1 file could not be read" in said
    code, said = answered(command, f"evaluate {out} --data {folder} --part all")
    assert code == 0, said
    code, said = answered(command, f"data doctor {folder}")
    assert code == 0, said
    assert "damage, left out" in " ".join(said.split())
