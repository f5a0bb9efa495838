"""Label sequences over frames, against what enumerating every path says."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.decoding.hotwords import Hotwords
from elman.decoding.prefixes import Collapse, LabelModel, PrefixOptions, PrefixSearch
from elman.errors import ArgumentError, ShapeError
from elman.kernels.ctc import collapsed, log_likelihoods

WIDE = PrefixOptions(beam_size=400, n_best=400, least=0.0)


def said(seed: int, steps: int, kinds: int, sharpness: float = 1.5) -> np.ndarray:
    """Log-probabilities `[T, K]`."""
    scores = np.random.default_rng(seed).normal(size=(steps, kinds)) * sharpness
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def enumerated(scores: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of each label sequence, by all paths."""
    found: dict[tuple[int, ...], float] = {}
    for path in product(range(scores.shape[1]), repeat=len(scores)):
        labels = tuple(collapsed(np.array(path, np.int64))[0].tolist())
        chance = math.exp(sum(scores[t, k] for t, k in enumerate(path)))
        found[labels] = found.get(labels, 0.0) + chance
    return found


def searched(scores: np.ndarray, options: PrefixOptions = WIDE, **given) -> PrefixSearch:
    search = PrefixSearch(options, **given)
    search.advance(scores)
    return search


def letters(seed: int, kinds: int) -> tuple[LabelModel, np.ndarray]:
    """A model whose tokens are the labels, by pairs; its `go` is K, its `<eos>` is 0."""
    table = said(seed, kinds + 1, kinds)

    def step(tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return table[tokens], state + 1

    return LabelModel(step, np.zeros((1, 1)), kinds, np.arange(kinds), eos=0), table


@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(2, 4))
def test_a_wide_beam_is_enumeration(seed, steps, kinds):
    scores = said(seed, steps, kinds)
    every = enumerated(scores)
    found = searched(scores).answers()
    assert {tuple(one.labels.tolist()) for one in found} == set(every)
    for one in found:
        assert math.isclose(math.exp(one.log_probability), every[tuple(one.labels.tolist())])
    order = [one.log_probability for one in found]
    assert order == sorted(order, reverse=True)


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 3))
def test_a_language_model_and_a_bonus_are_added_to_what_is_heard(seed, steps, kinds):
    scores, (model, table) = said(seed, steps, kinds), letters(seed + 1, kinds)
    options = PrefixOptions(
        beam_size=400, n_best=400, least=0.0, model_weight=0.7, length_bonus=0.3
    )
    for one in searched(scores, options, model=model).answers():
        labels = one.labels.tolist()
        read = [kinds, *labels]
        told = sum(table[a, b] for a, b in zip(read, [*labels, 0], strict=True))
        wanted = one.log_probability + 0.7 * told + 0.3 * len(labels)
        assert math.isclose(one.value, wanted, rel_tol=1e-9, abs_tol=1e-9)


def test_a_language_model_decides_what_is_heard_equally():
    scores = np.log(np.array([[0.1, 0.45, 0.45], [0.9, 0.05, 0.05], [0.1, 0.45, 0.45]]))
    table = np.log(np.array([[0.2, 0.4, 0.4], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]]))
    model = LabelModel(
        lambda tokens, state: (table[tokens], state), np.zeros((1, 1)), 3, np.arange(3)
    )
    found = searched(scores, PrefixOptions(model_weight=1.0), model=model).answers()[0]
    assert found.labels.tolist() == [1, 2]


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_a_beam_of_one_says_what_is_most_probable_where_that_is_plain(seed, steps):
    scores = said(seed, steps, 5, sharpness=60.0)
    plain = Collapse()
    plain.advance(scores)
    found = searched(scores, PrefixOptions(beam_size=1)).answers()[0]
    (wanted,) = plain.answers()
    if np.exp(scores.max(axis=1)).min() > 0.99:
        assert found.labels.tolist() == wanted.labels.tolist()
        assert found.frames.tolist() == wanted.frames.tolist()
    assert wanted.labels.tolist() == collapsed(scores.argmax(axis=1))[0].tolist()
    assert wanted.frames.tolist() == collapsed(scores.argmax(axis=1))[1].tolist()


@given(st.integers(0, 10**6), st.integers(0, 30), st.integers(1, 6), st.booleans())
def test_times_run_forwards_and_confidences_are_probabilities(seed, steps, beam, model):
    scores = said(seed, steps, 4)
    given = {"model": letters(seed, 4)[0]} if model else {}
    options = PrefixOptions(beam_size=beam, n_best=beam)
    for one in (*searched(scores, options, **given).answers(), *_collapsed(scores)):
        starts, ends = one.frames[:, 0], one.frames[:, 1]
        assert (starts < ends).all()
        assert (starts[1:] >= ends[:-1]).all()
        assert (ends <= steps).all()
        assert ((one.confidences > 0) & (one.confidences <= 1)).all()
        assert len(one.confidences) == len(one.labels)


def _collapsed(scores: np.ndarray):
    plain = Collapse()
    plain.advance(scores)
    return plain.answers()


@given(st.integers(0, 10**6), st.integers(0, 20), st.lists(st.integers(0, 7)))
def test_parts_are_the_whole(seed, steps, cuts):
    scores = said(seed, steps, 4)
    for made in (lambda: PrefixSearch(PrefixOptions(n_best=3)), Collapse):
        whole, parts = made(), made()
        whole.advance(scores)
        places = sorted({0, steps, *(min(steps, cut) for cut in cuts)})
        for start, end in zip(places, [*places[1:], steps], strict=True):
            parts.advance(scores[start:end])
        assert parts.labels == whole.labels
        assert parts.quiet == whole.quiet
        for one, other in zip(parts.answers(), whole.answers(), strict=True):
            assert one.labels.tolist() == other.labels.tolist()
            assert one.log_probability == other.log_probability
            assert one.frames.tolist() == other.frames.tolist()


@given(st.integers(0, 10**6))
def test_of_a_narrow_beam_no_probability_exceeds_the_true_one(seed):
    scores = said(seed, 12, 5)
    for one in searched(scores, PrefixOptions(beam_size=4, n_best=4)).answers():
        labels, counts = one.labels[None], np.array([len(one.labels)])
        true = log_likelihoods(scores[None], np.array([12]), labels, counts)[0]
        assert one.log_probability <= true + 1e-9


def test_a_hotword_is_heard_where_it_is_nearly_as_probable():
    scores = np.log(np.array([[0.1, 0.5, 0.4], [0.9, 0.05, 0.05], [0.1, 0.6, 0.3]]))
    assert searched(scores).answers()[0].labels.tolist() == [1, 1]
    found = searched(scores, hotwords=Hotwords([[2, 1]], boost=1.0)).answers()[0]
    assert found.labels.tolist() == [2, 1]
    assert math.isclose(found.value, found.log_probability + 2.0)


@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), max_size=4),
       st.lists(st.integers(1, 3), max_size=8))  # fmt: skip
def test_hotwords_are_worth_what_is_whole_of_them(words, labels):
    known = Hotwords(words, boost=2.0)
    place, worth = known.begin, 0.0
    for label in labels:
        place, gained = known.follow(place, label)
        worth += gained
    worth += known.broken(place)
    assert worth >= 0
    text, several = ",".join(map(str, labels)), [",".join(map(str, one)) for one in words]
    whole = any(f",{one}," in f",{text}," for one in several)
    assert (worth > 0) == whole
    assert worth <= 2.0 * len(labels)


@pytest.mark.parametrize(
    ("given", "said_of_it"),
    [({"beam_size": 0}, "beam_size"), ({"beam_size": 10**9}, "at most 10,000"),
     ({"n_best": 9}, "n_best: found 9 with beam_size = 8"),
     ({"least": 1.0}, "least"), ({"model_weight": -1.0}, "model_weight")],
)  # fmt: skip
def test_options_outside_their_range_are_refused(given, said_of_it):
    with pytest.raises(ArgumentError, match=said_of_it):
        PrefixOptions(**given)


def test_scores_of_another_shape_and_empty_hotwords_are_refused():
    with pytest.raises(ShapeError, match=r"scores: found \[3\]"):
        PrefixSearch().advance(np.zeros(3))
    with pytest.raises(ShapeError, match=r"scores: found \[3, 1\]"):
        Collapse().advance(np.zeros((3, 1)))
    with pytest.raises(ArgumentError, match=r"hotwords\[1\]: found no label"):
        Hotwords([[1], []], boost=1.0)
    with pytest.raises(ArgumentError, match="boost: found 0"):
        Hotwords([[1]], boost=0.0)
