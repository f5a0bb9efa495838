"""Words as points and their neighbours as a list."""

import numpy as np
import pytest

from elman import plots
from elman.errors import DataError
from elman.runtime import Embeddings
from tests.plots.shapes import overlapping

WORDS = tuple(f"word{a}{b}" for a in "abcdefgh" for b in "abcdefgh")
FOUND = Embeddings(
    ("<unk>", *WORDS), np.random.default_rng(0).normal(size=(65, 10)).astype(np.float32)
)


def test_chosen_words_stand_beside_their_neighbours(drawn):
    figure = plots.embeddings(FOUND, ["wordaa", "wordhh"])
    texts = drawn(figure)
    map_, listed = figure.axes
    named = [one.get_text() for one in map_.texts]
    assert {"wordaa", "wordhh"} <= set(named)
    assert overlapping(figure, map_.texts) == []
    near = FOUND.nearest("wordaa", 3)
    line = ", ".join(f"{word} {cosine:.2f}" for word, cosine in near)
    assert any(line in text for text in texts)
    assert len(listed.texts) == 4


def test_the_map_shows_where_they_differ_most():
    vectors = np.zeros((4, 3), np.float32)
    vectors[:, 0], vectors[:, 2] = [0, 4, 8, 12], [1, 0, 1, 0]
    figure = plots.embeddings(Embeddings(("aaaa", "bbbb", "cccc", "dddd"), vectors + 1))
    places = np.concatenate([one.get_offsets() for one in figure.axes[0].collections])
    wide, tall = np.ptp(places, axis=0)
    assert wide == pytest.approx(12, rel=0.05)
    assert 0.5 < tall < 1.3


def test_unknown_words_and_none_to_choose():
    with pytest.raises(DataError, match="no vector"):
        plots.embeddings(FOUND, ["absent"])
    with pytest.raises(DataError, match="none to choose"):
        plots.embeddings(Embeddings(("a", "b"), np.ones((2, 3), np.float32)))


def test_analogies_are_answered(drawn):
    figure = plots.embeddings(FOUND, analogies=[("wordaa", "wordab", "wordac")])
    texts = drawn(figure)
    (answer, cosine), *_ = FOUND.analogy("wordaa", "wordab", "wordac", 1)
    assert "wordab is to wordaa as to wordac" in texts
    assert any(f"“{answer}” (cosine {cosine:.2f})" in text for text in texts)
    assert {"wordaa", "wordab", "wordac", answer} <= {t.get_text() for t in figure.axes[0].texts}
    with pytest.raises(DataError, match="no vector"):
        plots.embeddings(FOUND, analogies=[("wordaa", "wordab", "absent")])


def test_signs_that_are_no_words_are_no_neighbours():
    words = ("<unk>", "<go>", "<eos>", "aaaa", "bbbb", "<eos>x")
    found = Embeddings(words, np.ones((6, 2), np.float32))
    assert [word for word, _ in found.nearest("aaaa")] == ["bbbb", "<eos>x"]


def test_a_label_hides_no_point_where_there_is_another_place():
    vectors = np.zeros((4, 2), np.float32)
    vectors[:, 0], vectors[:, 1] = [0, 10, 0.2, 10], [0, 0, 0.35, 10]
    figure = plots.embeddings(Embeddings(("aaaa", "bbbb", "c1", "dddd"), vectors + 1), ["aaaa"])
    figure.canvas.draw()
    map_ = figure.axes[0]
    (label,) = [one for one in map_.texts if one.get_text() == "aaaa"]
    places = np.concatenate([one.get_offsets() for one in map_.collections])
    box = label.get_window_extent()
    assert not any(box.contains(*map_.transData.transform(place)) for place in places)
