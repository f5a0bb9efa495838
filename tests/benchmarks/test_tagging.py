"""How tags are measured and reported."""

from __future__ import annotations

import doctest

import pytest

from benchmarks import tagging
from benchmarks.report import tagging as chapter
from elman.metrics.spans import span_scores

PLACE = {"processor": "P", "cores": 2, "python": "3.11.7"}


def seed(number: int, accuracy: float) -> dict:
    return {
        "seed": number,
        "test": {"accuracy": accuracy, "right": 0.5},
        "baselines": {"most frequent tag": {"accuracy": 0.86}},
        "train_seconds": 61.4,
    }


def test_runs_of_a_tag_are_spans():
    assert doctest.testmod(tagging).failed == 0
    tags = ["DET", "NOUN", "NOUN", "DET", "DET"]
    found = tagging.as_spans(tags)
    assert [one.partition("-")[2] for one in found] == tags
    assert span_scores([found], [found])[""]["true"] == 3


def test_medians_and_the_chapter(monkeypatch):
    seeds = [seed(0, 0.95), seed(1, 0.96), seed(2, 0.94)]
    task = tagging.measured("universal tags", seeds)
    assert task["median"] == {"accuracy": 0.95, "right": 0.5}
    assert task["recipe"]["output"] == "crf"
    report = {"tasks": {"universal tags": task}, "environment": PLACE}
    monkeypatch.setattr(chapter, "load", lambda folder, name: report)
    table, place = chapter.tagging_chapter()
    assert "| universal tags: most frequent tag | 86.00 |  |  |  |" in table
    assert "| universal tags: seed 1 | 96.00 | 50.00 |  | 61 |" in table
    assert "| **universal tags: median** | 95.00 | 50.00 |  |  |" in table
    assert place.startswith("P, 2 cores.")
    monkeypatch.setattr(chapter, "load", lambda folder, name: None)
    assert chapter.tagging_chapter() == []


@pytest.mark.parametrize(("name", "sentences"), [("dev", 2001), ("test", 2077)])
def test_parts_of_the_treebank(real_data, name, sentences):
    words, tags = tagging.part(name, chunks=True)
    assert len(words) == len(tags) == sentences
    assert all(len(row) == len(said) for row, said in zip(words, tags, strict=True))
