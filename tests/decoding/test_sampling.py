"""Sampling: what a draw depends on, what it follows, and what it leaves out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.decoding import SearchOptions, greedy, sample
from elman.decoding.sampling import Draws, largest, token_at
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


# ---- what is ruled out, against definitions ------------------------------------------------------


def kept(log_p, **options):
    """The tokens that may be drawn, and their probabilities, as draws tell."""
    grid = (np.arange(4000) + 0.5) / 4000
    chosen = SearchOptions(**options)
    drawn = [token_at(uniform, log_p - log_p.max(), chosen) for uniform in grid]
    return np.bincount(drawn, minlength=len(log_p)) / len(grid)


def defined(log_p, temperature=1.0, top_k=None, typical_p=None, top_p=None, min_p=0.0):
    """The same by the definitions, sorting everything."""
    p = np.exp((log_p - log_p.max()) / temperature)

    def fewest(keys, mass):
        order = np.argsort(-keys, kind="stable")
        heights = p[order].cumsum()
        p[order[heights - p[order] >= mass]] = 0.0

    if top_k is not None:
        p[np.argsort(-p, kind="stable")[top_k:]] = 0.0
    if typical_p is not None:
        q = p / p.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            surprise = -np.log(q)
            entropy = np.nansum(q * surprise)
        fewest(-np.abs(surprise - entropy), typical_p * p.sum())
    if top_p is not None:
        fewest(p, top_p * p.sum())
    p[p < min_p * p.max()] = 0.0
    return p / p.sum()


@given(
    seed=st.integers(0, 10_000),
    vocabulary=st.integers(1, 40),
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    options=st.fixed_dictionaries(
        {},
        optional={
            "top_k": st.integers(1, 50),
            "typical_p": st.floats(0.01, 1),
            "top_p": st.floats(0.01, 1),
            "min_p": st.floats(0, 0.9),
        },
    ),
)
def test_draws_follow_the_definitions(seed, vocabulary, temperature, options):
    log_p = np.random.default_rng(seed).normal(size=vocabulary) * 3
    found = kept(log_p, temperature=temperature, **options)
    wanted = defined(log_p, temperature, **options)
    np.testing.assert_allclose(found, wanted, atol=2 / 4000)


@pytest.mark.parametrize("options", [{"top_k": 2}, {"top_p": 0.5}, {"typical_p": 0.5}], ids=str)
def test_no_token_too_many_is_kept_among_equals(options):
    assert kept(np.zeros(4), **options).tolist() == [0.5, 0.5, 0, 0]


@pytest.mark.parametrize("options", [{"top_k": 700}, {"top_p": 0.9}, {"typical_p": 0.6}])
def test_of_a_large_vocabulary_the_same_tokens_are_kept(options):
    log_p = np.round(np.random.default_rng(1).normal(size=50_000) * 3, 2)  # with equals
    log_p -= log_p.max()
    found = set()
    for uniform in np.random.default_rng(2).random(300):
        found.add(token_at(uniform, log_p, SearchOptions(**options)))
    assert found <= set(np.flatnonzero(defined(log_p, **options)).tolist())


@given(st.integers(0, 10_000), st.integers(1, 30), st.sampled_from([5, 300, 3000]))
def test_the_largest_come_first_and_of_equals_the_first(seed, count, size):
    values = -np.abs(np.round(np.random.default_rng(seed).normal(size=size) * 9, 1))
    values[:: max(2, size // 4)] = -np.inf
    wanted = [k for k in np.argsort(-values, kind="stable").tolist() if values[k] > -np.inf]
    assert largest(values, count) == wanted[:count]


def test_a_number_is_a_function_of_seed_row_and_position():
    draws, other = Draws(5), Draws(5)
    whole = {(row, place): draws(row, place) for row in (0, 7, 2**62) for place in range(200)}
    for row, place in reversed(list(whole)):
        assert other(row, place) == whole[row, place]
        key = np.array([5, row], np.uint64)
        word = np.random.Philox(key=key, counter=place).random_raw()
        assert whole[row, place] == (word >> 11) * 2.0**-53
    assert len(set(whole.values())) == 600


@pytest.mark.parametrize("temperature", [1e-320, 1e-10, 1.0, 1e10, 1e300])
def test_any_temperature_draws_what_is_possible(temperature):
    log_p = np.array([-np.inf, -3e38, -5.0, 0.0])
    for options in ({}, {"top_p": 0.5}, {"typical_p": 0.5}, {"top_k": 2}, {"min_p": 0.5}):
        chosen = SearchOptions(temperature=temperature, **options)
        assert token_at(0.0, log_p, chosen) in (1, 2, 3)
        assert token_at(1 - 2.0**-53, log_p, chosen) in (1, 2, 3)
