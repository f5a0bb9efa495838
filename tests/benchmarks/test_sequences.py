"""The table of classified sequences: its baseline, and what it tells."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sequences import SETS, chosen_by, recipe, shown, summary
from benchmarks.warping import distances, nearest
from elman import Classifier


def slowly(a: np.ndarray, b: np.ndarray) -> float:
    """The distance cell by cell."""
    table = np.full((len(a) + 1, len(b) + 1), np.inf)
    table[0, 0] = 0
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            before = min(table[i, j], table[i + 1, j], table[i, j + 1])
            table[i + 1, j + 1] = ((one - other) ** 2).sum() + before
    return float(table[-1, -1])


@pytest.mark.parametrize("features", [1, 3])
def test_distances_are_those_of_the_table_of_all_pairs(features):
    draws = np.random.default_rng(0)
    others = [draws.normal(size=(n, features)) for n in (1, 4, 9, 2, 9)]
    for steps in (1, 3, 12):
        row = draws.normal(size=(steps, features))
        expected = [slowly(row, other) for other in others]
        np.testing.assert_allclose(distances(row, others), expected, rtol=1e-5)


def test_a_sequence_in_slow_motion_is_near():
    line = np.sin(np.arange(12.0))[:, None]
    train, told = [line, np.cos(np.arange(9.0))[:, None]], []
    found = nearest(train, np.array(["sine", "cosine"]), [line.repeat(2, axis=0)], told.append)
    assert found.tolist() == ["sine"]
    assert told == [1]


def test_both_recipes_describe_classifiers():
    for name in SETS:
        told = recipe(name)
        assert told["validation"] is None
        assert Classifier(**told).get_params()["cell"] == "gru"
    assert recipe("ecg200") == recipe("arem")


def test_means_are_over_the_sets_with_a_published_figure():
    one = {"sequences": [2, 3], "median": 0.9, "dtw": 0.7, "seeds": [{"accuracy": 0.9}]}
    sets = {name: {**one, "lstm_fcn": published} for name, published in SETS.items()}
    found = summary(sets)
    assert found["elman"] == pytest.approx(0.9)
    assert found["lstm_fcn"] == pytest.approx((0.782 + 0.87 + 0.992 + 1 + 1 + 0.923) / 6)
    assert summary({"ecg200": sets["ecg200"]}) == {}
    assert shown({"sets": sets, "mean": found}).row_count == len(SETS) + 1


def test_choosing_reads_the_training_part_alone(monkeypatch, real_data):
    from benchmarks import sequences

    read = []
    whole = sequences.load_set

    def told(name, part=None):
        read.append(part)
        return whole(name, part)

    monkeypatch.setattr(sequences, "load_set", told)
    small = {"cell": "gru", "units": 4, "epochs": 1, "validation": None}
    monkeypatch.setattr(sequences, "recipe", lambda name: small)
    assert 0 <= chosen_by("ecgfivedays", 0) <= 1
    assert read == [None]


def test_the_chapter_tells_every_set(monkeypatch):
    from benchmarks.report import classifying

    seed = {"accuracy": 0.75, "baselines": {"logistic regression on the flattened input": 0.5}}
    one = {"sequences": [1000, 3], "median": 0.75, "dtw": 0.7, "lstm_fcn": None, "seeds": [seed]}
    mean = {"elman": 0.75, "dtw": 0.7, "lstm_fcn": 0.9}
    report = {"sets": {"ecg200": one}, "mean": mean, "environment": {}, "history": "Read twice."}
    monkeypatch.setattr(classifying, "load", lambda folder, name: report)
    monkeypatch.setattr(classifying, "describe_environment", lambda found: "here")
    table, history, _ = classifying.classifying_chapter()
    assert "| ecg200 | 1,000 / 3 | 75.0 % | 75.0 % | 70.0 % | 50.0 % |  |" in table
    assert "| 75.0 % | 70.0 % | | 90.0 % |" in table
    assert history == "Read twice.\n"
