from __future__ import annotations

import numpy as np

from elman import bundle
from tests.cli.conftest import SMALL


def test_one_recording_is_trained_in_windows_and_repeated(command, tmp_path):
    numbers = np.random.default_rng(0).normal(size=(1, 300, 1))
    np.savez(tmp_path / "recording.npz", X=numbers, y=np.roll(numbers, 1, axis=1))
    told = ("--data", tmp_path / "recording.npz", "--per-step", "--truncation", 20, "--stride", 10)
    rest = (*SMALL, "--validation", 0, "--no-pictures")
    first, again = tmp_path / "first", tmp_path / "again"
    done = command("train", "regressor", *told, *rest, "--out", first)
    assert done.exit_code == 0, done.output
    assert len((first / "steps.jsonl").read_text().splitlines()) == 3 * 300 / 10
    done = command("train", "--config", first / "config.toml", "--no-pictures", "--out", again)
    assert done.exit_code == 0, done.output
    weights, repeated = (bundle.load(out / "model.elman").weights for out in (first, again))
    assert all((weights[name] == repeated[name]).all() for name in weights)
    whole = tmp_path / "whole"
    done = command(
        "train",
        "--config",
        first / "config.toml",
        "--truncation",
        0,
        "--stride",
        0,
        "--no-pictures",
        "--out",
        whole,
    )
    assert done.exit_code == 0, done.output
    assert len((whole / "steps.jsonl").read_text().splitlines()) == 3


def test_a_window_needs_answers_at_each_step(command, tmp_path):
    np.savez(tmp_path / "numbers.npz", X=np.ones((4, 5, 1)), y=np.arange(4.0))
    done = command("train", "regressor", "--data", tmp_path / "numbers.npz", "--truncation", 3)
    assert done.exit_code == 2
    assert "--truncation: 3 with --no-per-step; --per-step" in done.output
