"""Sampling: what a draw depends on, what it follows, and what it leaves out."""

import numpy as np
import pytest

from elman.decoding import greedy, sample
from elman.errors import ArgumentError, ShapeError
from elman.state import RNNState, select

SETTINGS = {"go": 1, "eos": 0, "max_length": 12}


def lists(decoded):
    return [row.tolist() for row in decoded.tokens]


def one_step(probabilities, rows, **options):
    """First tokens of `rows` rows that all have these probabilities."""
    with np.errstate(divide="ignore"):
        logits = np.log(np.array(probabilities))
    state = RNNState(np.zeros((rows, 1)))
    decoded = sample(
        lambda t, s: (np.tile(logits, (len(t), 1)), s),
        state,
        1,
        len(logits) - 1,
        1,
        **options,
    )
    return np.array([row[0] if len(row) else len(logits) - 1 for row in decoded.tokens])


def test_a_row_gives_the_same_tokens_alone_and_anywhere_in_a_batch(small_model):
    model, state = small_model(7), small_model.start(9)
    ids = np.array([40, 3, 17, 8, 99, 0, 5, 61, 2])
    together = sample(model, state, **SETTINGS, seed=5, row_ids=ids)
    shuffled = np.array([4, 1, 8, 0, 2, 7, 3, 6, 5])
    mixed = sample(model, select(state, shuffled), **SETTINGS, seed=5, row_ids=ids[shuffled])
    assert lists(mixed) == [lists(together)[k] for k in shuffled]
    np.testing.assert_array_equal(mixed.scores, together.scores[shuffled])
    for k in range(9):
        alone = sample(model, select(state, [k]), **SETTINGS, seed=5, row_ids=ids[[k]])
        assert lists(alone)[0] == lists(together)[k]


def test_seed_row_and_step_each_change_the_draw():
    flat = [1 / 64] * 64
    first = one_step(flat, 200, seed=0)
    assert (first != one_step(flat, 200, seed=1)).mean() > 0.9
    assert len(np.unique(first)) > 50  # rows differ
    logits = np.zeros((1, 64))
    long = sample(lambda t, s: (logits, s), RNNState(np.zeros((1, 1))), 1, 63, 40, seed=3)
    assert len(np.unique(long.tokens[0])) > 15  # steps differ
    np.testing.assert_array_equal(first, one_step(flat, 200, seed=0))


def test_tokens_come_as_often_as_their_probability_says():
    probabilities = np.array([0.5, 0.3, 0.15, 0.05])
    drawn = one_step(probabilities, 4000)
    share = np.bincount(drawn, minlength=4) / 4000
    np.testing.assert_allclose(share, probabilities, atol=0.03)
    cooled = np.bincount(one_step(probabilities, 4000, temperature=0.5), minlength=4) / 4000
    np.testing.assert_allclose(cooled, probabilities**2 / (probabilities**2).sum(), atol=0.03)


def test_temperature_zero_is_greedy_and_its_neighbourhood_too(small_model):
    model, state = small_model(7), small_model.start(5)
    wanted = greedy(model, state, **SETTINGS)
    for temperature in (0, 1e-6, 1e-320):
        got = sample(model, state, **SETTINGS, temperature=temperature)
        assert lists(got) == lists(wanted)
        np.testing.assert_array_equal(got.scores, wanted.scores)


def test_top_k_and_top_p_rule_tokens_out():
    probabilities = [0.05, 0.4, 0.25, 0.3]
    assert set(one_step(probabilities, 500, top_k=2)) == {1, 3}
    assert set(one_step(probabilities, 500, top_p=0.65)) == {1, 3}
    assert set(one_step(probabilities, 500, top_p=0.75)) == {1, 2, 3}
    assert set(one_step(probabilities, 500, top_p=1.0)) == {0, 1, 2, 3}
    assert set(one_step(probabilities, 500, top_p=1e-9)) == {1}
    assert set(one_step(probabilities, 500, top_k=3, top_p=0.7)) == {1, 3}
    assert set(one_step(probabilities, 500, top_k=99)) == {0, 1, 2, 3}
    kept = one_step(probabilities, 4000, top_k=2)
    np.testing.assert_allclose((kept == 1).mean(), 0.4 / 0.7, atol=0.03)


def test_an_impossible_token_is_never_drawn():
    drawn = one_step([0.0, 0.5, 0.0, 0.5, 0.0], 2000)
    assert set(drawn) == {1, 3}


def test_scores_are_the_models_own_whatever_the_temperature(small_model):
    model, state = small_model(7), small_model.start(4)
    decoded = sample(model, state, **SETTINGS, temperature=3.0, top_k=4, seed=2)
    for k, tokens in enumerate(decoded.tokens):
        read, score, one = [1, *tokens], 0.0, select(state, [k])
        written = [*tokens, 0] if decoded.finished[k] else tokens
        for token, following in zip(read, written, strict=False):
            logits, one = model(np.array([token]), one)
            score += logits[0, following] - np.log(np.exp(logits[0]).sum())
        np.testing.assert_allclose(decoded.scores[k], score, rtol=1e-10)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -0.1},
        {"temperature": np.nan},
        {"temperature": np.inf},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"seed": -1},
        {"seed": 2**64},
    ],
)
def test_options_are_checked(small_model, options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        sample(small_model(7), small_model.start(2), **SETTINGS, **options)


@pytest.mark.parametrize("row_ids", [[1], [1, 2, 3], [0.5, 1.0], [-1, 2]])
def test_row_ids_are_one_integer_a_row(small_model, row_ids):
    with pytest.raises(ShapeError, match="row_ids"):
        sample(small_model(7), small_model.start(2), **SETTINGS, row_ids=row_ids)
