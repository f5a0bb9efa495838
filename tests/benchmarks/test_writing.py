"""How language models are measured."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from benchmarks import writing
from benchmarks.report import writing as chapter
from elman.data.texts import LabelledTexts

LINE = "to be or not to be, that is the question. "
TINY = {"units": 8, "embedding": 4, "epochs": 1, "batch_size": 4}
PLACE = {"processor": "P", "cores": 2, "python": "3.11.7"}


@pytest.fixture
def small(monkeypatch):
    """Parts that take seconds."""
    texts = LabelledTexts((LINE * 40,), None, ("a",), "a")
    monkeypatch.setattr(writing, "load_documents", lambda name: texts)
    monkeypatch.setattr(writing, "SHAKESPEARE", TINY)
    monkeypatch.setattr(writing, "PREFIX", "to")
    monkeypatch.setattr(writing, "DYNAMIC", [(40, 1e-3, 1e-3), (80, 1e-3, 1e-2)])


def test_the_last_tenth_is_the_test(small):
    first, last = writing.parted("0123456789" * 3)
    assert (first + last, len(last)) == ("0123456789" * 3, 3)


def test_a_part_and_its_chapter(small, monkeypatch):
    found = writing.shakespeare()
    assert found["characters"] == len(LINE * 40) // 10
    assert found["dynamic"]["chosen"] in found["dynamic"]["tried"]
    assert len(found["sample"]) == 400
    report = {"parts": {"shakespeare": {**json.loads(json.dumps(found)), "environment": PLACE}}}
    kept = {"writing": report}
    monkeypatch.setattr(chapter, "load", lambda folder, name: kept.get(name))
    text = "\n".join(chapter.writing_chapter())
    assert "| unigram |" in text
    assert "| learning while it reads |" in text
    assert f"{found['nats_per_token']:.4g}" in text


def test_the_peer_has_the_same_network(small):
    model = writing.trained(LINE * 20, TINY, 1)
    peer = writing._Peer(model)
    ids = model.model_.framed([LINE])[0]
    wanted, _ = model.model_.network.unroll(ids[None])
    with torch.no_grad():
        hidden, _ = peer.lstm(peer.embedding(torch.from_numpy(ids)[None]))
        found = peer.dense(hidden)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert len(peer.write(5, 0)) == 5
