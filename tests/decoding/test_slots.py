"""The beam's slots: wider is never worse, and the n best are the n best there are."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.decoding import Constraints, Search, SearchOptions
from elman.state import RNNState, select

EOS, GO = 0, 1


def answers(network, state, beam_size, max_length, alpha, n_best=1, **told):
    options = SearchOptions(
        beam_size=beam_size,
        max_length=max_length,
        length_penalty=alpha,
        n_best=n_best,
        temperature=0,
    )
    given_ = {"go": GO, "eos": EOS, "options": options, "constraints": Constraints(**told)}
    return Search(state, **given_).run(network)


def all_ends(network, state, vocabulary, max_length, alpha):
    """Every text that ends within the bound, and what it is ranked by."""
    options = SearchOptions(length_penalty=alpha)
    found = {}

    def go_on(tokens, score, state):
        logits, state = network(np.array([tokens[-1] if tokens else GO]), state)
        log_p = logits[0] - np.log(np.exp(logits[0] - logits[0].max()).sum()) - logits[0].max()
        found[tokens] = options.value(score + log_p[EOS], len(tokens) + 1)
        if len(tokens) + 1 < max_length:
            for token in range(1, vocabulary):
                go_on((*tokens, token), score + log_p[token], state)

    go_on((), 0.0, state)
    return found


@given(
    seed=st.integers(0, 10_000),
    vocabulary=st.integers(2, 12),
    max_length=st.integers(1, 12),
    alpha=st.sampled_from([0.0, 0.6, 1.0, 2.0]),
)
def test_a_wider_beam_never_ends_worse(small_model, seed, vocabulary, max_length, alpha):
    network, state = small_model(vocabulary, seed=seed), small_model.start(4, seed=seed)
    before = [(False, -np.inf)] * 4
    for beam_size in range(1, 11):
        found = [row[0] for row in answers(network, state, beam_size, max_length, alpha)]
        ranks = [(one.finished, one.value) for one in found]
        assert all(new >= old for new, old in zip(ranks, before, strict=True))
        before = ranks


@given(seed=st.integers(0, 10_000), alpha=st.sampled_from([0.0, 1.0]), n_best=st.integers(1, 6))
def test_a_wide_beam_finds_the_n_best(small_model, seed, alpha, n_best):
    network, state = small_model(4, seed=seed), small_model.start(2, seed=seed)
    found = answers(network, state, 4**4, 4, alpha, n_best)
    for row in range(2):
        every = all_ends(network, select(state, [row]), 4, 4, alpha)
        wanted = sorted(every, key=lambda tokens: -every[tokens])[:n_best]
        assert [tuple(one.tokens.tolist()) for one in found[row]] == wanted
        values = [one.value for one in found[row]]
        np.testing.assert_allclose(values, [every[tokens] for tokens in wanted], rtol=1e-10)


@given(seed=st.integers(0, 10_000), required=st.integers(1, 3), banned=st.integers(1, 3))
def test_a_wide_beam_finds_the_best_of_what_is_allowed(small_model, seed, required, banned):
    network, state = small_model(4, seed=seed), small_model.start(1, seed=seed)
    told = {"required": [required], "banned": [] if banned == required else [banned]}
    (found,) = answers(network, state, 4**4, 4, 0.6, **told)[0]
    every = {
        tokens: value
        for tokens, value in all_ends(network, state, 4, 4, 0.6).items()
        if required in tokens and not set(told["banned"]) & set(tokens)
    }
    assert tuple(found.tokens.tolist()) == max(every, key=every.get)


@given(seed=st.integers(0, 10_000))
def test_a_beam_is_greedy_where_a_token_is_certain(small_model, seed):
    """A prefix leaves no choice: what follows is what follows it in any beam."""
    network, state = small_model(6, seed=seed), small_model.start(1, seed=seed)
    (one,) = answers(network, state, 1, 8, 0.0, prefix=[[2, 3]])[0]
    (four,) = answers(network, state, 4, 8, 0.0, prefix=[[2, 3]])[0]
    assert one.tokens[:2].tolist() == four.tokens[:2].tolist() == [2, 3]
    assert one.log_probabilities[:2].tolist() == four.log_probabilities[:2].tolist()
    assert (four.finished, four.value) >= (one.finished, one.value)


def test_a_narrow_beam_is_what_a_wider_one_begins_with(small_model):
    """The first slots of a beam hold what a beam of so many slots holds."""
    network, state = small_model(9, seed=5), small_model.start(3)

    def opened(beam_size, steps):
        options = SearchOptions(beam_size=beam_size, max_length=9, n_best=beam_size, temperature=0)
        search = Search(state, go=GO, options=options)
        for _ in range(steps):
            search.advance(network)
        return {(one.row, one.slot): one.tokens for one in search._open}

    for steps in range(1, 8):
        wide = opened(6, steps)
        for beam_size in range(1, 6):
            narrow = opened(beam_size, steps)
            assert narrow == {place: wide[place] for place in narrow}


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_not_the_shortest_where_longer_is_preferred(alpha):
    """To end has probability 0.3 at first and 0.9 after five tokens of 0.7."""

    def step(tokens, state):
        place = state.hidden[:, 0]
        end = np.where(place < 5, 0.3, 0.9)
        return np.log(np.stack([end, 1 - end], 1)), RNNState(state.hidden + 1)

    (found,) = answers(step, RNNState(np.zeros((1, 1))), 4, 20, alpha)[0]
    values = {
        n: SearchOptions(length_penalty=alpha).value(
            n * np.log(0.7) + np.log(0.3 if n < 5 else 0.9), n + 1
        )
        for n in range(6)
    }
    assert len(found.tokens) == max(values, key=values.get) == (0 if alpha == 0 else 5)


def test_equals_go_to_the_earlier_beginning_and_the_lower_id():
    step = lambda tokens, state: (np.zeros((len(tokens), 3)), state)  # noqa: E731
    options = SearchOptions(beam_size=4, n_best=4, max_length=2)
    found = Search(np.zeros((1, 1)), go=0, options=options).run(step)[0]
    assert [one.tokens.tolist() for one in found] == [[0, 0], [0, 1], [0, 2], [1, 0]]


def test_texts_that_end_take_turns_with_those_that_do_not(small_model):
    """All that ended come first, then the best of what did not."""
    network, state = small_model(7, seed=1), small_model.start(5)
    for row in answers(network, state, 6, 3, 0.0, n_best=6):
        finished = [one.finished for one in row]
        assert finished == sorted(finished, reverse=True)
        for kind in (True, False):
            values = [one.value for one in row if one.finished == kind]
            assert values == sorted(values, reverse=True)
        assert len({(*one.tokens.tolist(), one.finished) for one in row}) == len(row)


def test_all_sequences_are_among_the_n_best_of_a_wide_enough_beam():
    step = lambda tokens, state: (np.tile(np.arange(3.0), (len(tokens), 1)), state)  # noqa: E731
    options = SearchOptions(beam_size=27, n_best=27, max_length=3)
    found = Search(np.zeros((1, 1)), go=0, options=options).run(step)[0]
    wanted = sorted(itertools.product(range(3), repeat=3))
    assert sorted(tuple(one.tokens.tolist()) for one in found) == wanted
