"""How the cost of a large vocabulary is measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import softmax

TASK = softmax.Task(
    vocabulary=200, tokens=4000, held_out=500, size=16, rows=4, steps=10, epochs=2,
    learning_rate=1e-2,
)  # fmt: skip


def test_words_go_by_zipfs_law_and_half_of_them_by_the_word_before():
    ids, later = softmax.words_of(TASK)
    assert (len(ids), len(later)) == (4000, 500)
    counts = np.bincount(ids, minlength=200)
    assert counts[0] > counts[3] > counts[50]
    after = [ids[1:][ids[:-1] == word] for word in range(3)]
    assert all(np.bincount(words).max() > 0.45 * len(words) for words in after)


def test_rows_are_parts_of_the_stream_with_the_next_word_as_target():
    inputs, targets = softmax.rows_of(np.arange(41), 4)
    assert inputs.shape == targets.shape == (4, 10)
    assert (inputs[1, 0], targets[1, 0], targets[3, -1]) == (10, 11, 40)


def test_each_head_learns_and_is_held_against_the_first():
    found = softmax.measured(TASK)
    assert list(found) == ["PyTorch, full", *(f"Elman, {name}" for name in softmax.ELMAN)]
    first = found["PyTorch, full"]
    for figures in found.values():
        assert figures["times_faster"] == pytest.approx(first["step_ms"] / figures["step_ms"])
        assert figures["perplexity_ratio"] == figures["perplexity"] / first["perplexity"]
        assert figures["perplexity"] < 120  # of 200
    assert found["Elman, full"]["perplexity_ratio"] == pytest.approx(1, abs=0.25)
