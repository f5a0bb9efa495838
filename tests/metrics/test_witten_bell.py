"""Counted runs of tokens: against the formula term by term, by law, pruned, in model files."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import ArgumentError, BundleError, ShapeError
from elman.metrics.witten_bell import NGramModel, Stream, fit_ngram_model

V = 7


def drawn(seed: int, *lengths: int) -> list[np.ndarray]:
    """Documents in which some tokens are frequent; the last id never stands there."""
    draws = np.random.default_rng(seed)
    return [draws.choice(V - 1, n, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.05]) for n in lengths]


def chance(documents, context: tuple, token: int) -> float:
    """The formula as it stands, by looking through all documents."""
    below = 1 / V if not context else chance(documents, context[1:], token)
    length = len(context)
    after = [
        int(row[k + length])
        for row in documents
        for k in range(len(row) - length)
        if tuple(row[k : k + length].tolist()) == context
    ]
    kinds = len(set(after))
    return (after.count(token) + kinds * below) / (len(after) + kinds) if after else below


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_it_is_the_formula(order):
    documents, new = drawn(0, 60, 1, 0, 35), drawn(1, 25)[0]
    model = fit_ngram_model(documents, V, order)
    wanted = [
        chance(documents, tuple(new[max(0, t - order + 1) : t].tolist()), int(token))
        for t, token in enumerate(new)
    ]
    np.testing.assert_allclose(model.log_probabilities(new), np.log(wanted), rtol=1e-12)
    np.testing.assert_allclose(
        model.cut(1).log_probabilities(new), fit_ngram_model(documents, V, 1).log_probabilities(new)
    )


@pytest.mark.parametrize("most", [10**6, 40, 9, 0])
@pytest.mark.parametrize("begin", [None, 6])
def test_chances_sum_to_one_and_are_those_that_score(most, begin):
    model = fit_ngram_model(drawn(0, 90, 40), V, 4, begin=begin).pruned(most)
    new = drawn(2, 12)[0]
    said = model.log_probabilities(new)
    for t in range(len(new)):
        chances = model.probabilities(new[:t])
        assert abs(chances.sum() - 1) < 1e-12
        assert (chances > 0).all()
        assert chances[new[t]] == pytest.approx(np.exp(said[t]), rel=1e-12)


def test_what_is_pruned_is_the_rarest_of_the_longest_and_is_counted():
    whole = fit_ngram_model(drawn(0, 400), V, 4)
    sizes = [len(level.keys) for level in whole.levels]
    fewer = whole.pruned(sum(sizes) - 1)
    assert fewer.left_out == sum(sizes) - sum(len(level.keys) for level in fewer.levels) > 0
    assert fewer.levels[-1].counts.min() == 2
    assert fewer.levels[0].counts.min() == 1
    often = fewer.cut(3).log_probabilities(drawn(3, 50)[0])
    assert (often == whole.cut(3).log_probabilities(drawn(3, 50)[0])).all()
    assert whole.pruned(sum(sizes)) is whole


def test_contexts_begin_anew_with_each_document():
    first, second = drawn(0, 40, 30)
    apart = fit_ngram_model([first, second], V, 3)
    new = drawn(4, 10, 10)
    each = np.concatenate([apart.log_probabilities(row) for row in new])
    ended = [np.append(row, 6) for row in (first, second)]
    whole = fit_ngram_model([np.concatenate(ended)], V, 3, begin=6, end=6)
    both = fit_ngram_model(ended, V, 3, begin=6, end=6)
    joined = np.concatenate([np.append(new[0], 6), new[1]])
    said = whole.log_probabilities(joined)
    assert (said == both.log_probabilities(joined)).all()
    assert len(said) == 21
    assert (said[:11] == both.log_probabilities(joined[:11])).all()
    assert (said[11:] == both.log_probabilities(joined[11:])).all()
    assert not np.allclose(np.delete(said, 10), each)  # here what begins a document is known
    assert (whole.counts == np.bincount(np.concatenate(ended), minlength=V)).all()


def test_a_tensor_holds_what_it_needs():
    model = fit_ngram_model(drawn(0, 300, 20), V, 4, begin=6, end=5).pruned(60)
    again = NGramModel.from_tensors(model.tensors())
    new = drawn(2, 40)[0]
    assert (again.log_probabilities(new) == model.log_probabilities(new)).all()
    assert (again.begin, again.end, again.left_out, again.order) == (6, 5, model.left_out, 4)


def test_large_numbers_of_tokens_and_ids_are_held_exactly():
    ids = np.array([69_999] * 70_000 + [3, 65_536, 69_999])
    model = fit_ngram_model([ids], 70_000, 2)
    again = NGramModel.from_tensors(model.tensors())
    assert (again.counts == model.counts).all()
    assert again.counts[69_999] == 70_001
    for a, b in zip(again.levels, model.levels, strict=True):
        assert (a.keys == b.keys).all()
        assert (a.counts == b.counts).all()
        assert (a.spread == b.spread).all()


@pytest.mark.parametrize("name", sorted(fit_ngram_model(drawn(0, 50), V, 3).tensors()))
def test_damaged_tensors_are_refused(name):
    tensors = fit_ngram_model(drawn(0, 50), V, 3).tensors()
    broken: list = [
        tensors[name][:-1],
        tensors[name].astype(np.float64),
        np.zeros_like(tensors[name]),
    ]
    broken.append(None)
    if name == "ngram_facts":
        broken[2] = np.full_like(tensors[name], V)
    for array in broken:
        given = {k: v for k, v in tensors.items() if k != name}
        with pytest.raises(BundleError):
            NGramModel.from_tensors(given if array is None else {**given, name: array})


def test_what_is_no_document_is_refused():
    with pytest.raises(ArgumentError, match=r"documents\[1\]\[2\]: found 7.*0 to 6"):
        fit_ngram_model([[1], [2, 3, 7]], V, 2)
    with pytest.raises(ShapeError, match="without a token"):
        fit_ngram_model([[], []], V, 2)
    with pytest.raises(ShapeError, match="float64"):
        fit_ngram_model([[0.5]], V, 2)
    with pytest.raises(ArgumentError, match="order"):
        fit_ngram_model([[1]], V, 7)
    with pytest.raises(ArgumentError, match="begin"):
        fit_ngram_model([[1]], V, 2, begin=7)
    model = fit_ngram_model([[1]], V, 2)
    with pytest.raises(ArgumentError, match="found -1"):
        model.log_probabilities(np.array([-1]))
    assert len(model.log_probabilities(np.zeros(0, np.int64))) == 0
    assert len(Stream.of([], V, 1, 1).ids) == 0
