"""Beam search against exhaustive search, greedy decoding, and itself row by row."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.decoding import beam, greedy
from elman.errors import ArgumentError
from elman.state import RNNState, select

EOS, GO = 0, 1


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def log_probability(model, state, tokens):
    score, last = 0.0, GO
    for token in tokens:
        logits, state = model(np.array([last]), state)
        score += logits[0, token] - np.log(np.exp(logits[0]).sum())
        last = token
    return score


def exhaustive(model, state, vocabulary, max_length, alpha):
    """The best of all token sequences that end in <eos> within `max_length` tokens."""
    words = range(1, vocabulary)
    answers = [
        (*beginning, EOS)
        for length in range(max_length)
        for beginning in itertools.product(words, repeat=length)
    ]
    scores = [log_probability(model, state, tokens) for tokens in answers]
    values = [s / penalty(len(t), alpha) for s, t in zip(scores, answers, strict=True)]
    best = int(np.argmax(values))
    return answers[best], scores[best]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    vocabulary=st.integers(2, 4),
    max_length=st.integers(1, 4),
    alpha=st.sampled_from([0.0, 0.6, 1.0, 3.0]),
)
def test_a_wide_beam_is_exhaustive_search(small_model, seed, vocabulary, max_length, alpha):
    model, state = small_model(vocabulary, seed=seed), small_model.start(2, seed=seed)
    decoded = beam(
        model,
        state,
        GO,
        EOS,
        max_length,
        beam_size=vocabulary**max_length,
        length_penalty=alpha,
    )
    for k in range(2):
        tokens, score = exhaustive(model, select(state, [k]), vocabulary, max_length, alpha)
        assert (*decoded.tokens[k].tolist(), EOS) == tokens
        np.testing.assert_allclose(decoded.scores[k], score, rtol=1e-10)
        assert decoded.finished[k]


@pytest.mark.parametrize("seed", range(8))
def test_a_beam_of_one_is_greedy(small_model, seed):
    model, state = small_model(9, seed=seed), small_model.start(6, seed=seed)
    one, wanted = (
        beam(model, state, GO, EOS, 7, beam_size=1, length_penalty=0.7),
        greedy(model, state, GO, EOS, 7),
    )
    assert [row.tolist() for row in one.tokens] == [row.tolist() for row in wanted.tokens]
    np.testing.assert_array_equal(one.scores, wanted.scores)
    np.testing.assert_array_equal(one.finished, wanted.finished)


def test_ties_are_broken_as_greedy_breaks_them():
    def step(tokens, state):
        return np.zeros((len(tokens), 4)), state

    state = RNNState(np.zeros((1, 1)))
    assert beam(step, state, 1, 3, 3, beam_size=1).tokens[0].tolist() == [0, 0, 0]


def test_a_batch_equals_its_rows(small_model):
    model, state = small_model(11, seed=4), small_model.start(7)
    together = beam(model, state, GO, EOS, 8, beam_size=3, length_penalty=0.6)
    for k in range(7):
        alone = beam(model, select(state, [k]), GO, EOS, 8, beam_size=3, length_penalty=0.6)
        assert alone.tokens[0].tolist() == together.tokens[k].tolist()
        assert alone.scores[0] == together.scores[k]
        assert alone.finished[0] == together.finished[k]


def test_looking_ahead_finds_what_greedy_misses():
    """Token 2 looks best at first, and leads to a coin toss; token 3 leads to certainty."""
    table = np.log(
        np.array(
            [
                [1.0, 1, 1, 1],
                [1e-9, 1e-9, 0.55, 0.45],
                [0.5, 0.5, 1e-9, 1e-9],
                [1, 0, 0, 0],
            ]
        )
        + 1e-12
    )
    step = lambda tokens, state: (table[tokens], state)  # noqa: E731
    state = RNNState(np.zeros((1, 1)))
    assert greedy(step, state, GO, EOS, 5).tokens[0].tolist()[0] == 2
    assert beam(step, state, GO, EOS, 5, beam_size=2).tokens[0].tolist() == [3]


def test_the_length_penalty_prefers_longer_answers():
    """Ending at once has probability 0.4; twice token 2 and then ending 0.6·0.9·0.7 = 0.378."""
    rows = {1: [0.4, 0, 0.6], 2: [0.1, 0, 0.9], 3: [0.7, 0, 0.3]}

    def step(tokens, state):
        place = state.hidden[:, 0] + 1
        with np.errstate(divide="ignore"):
            logits = np.log(np.array([rows[min(3, int(k))] for k in place]))
        return logits, RNNState(state.hidden + 1)

    state = RNNState(np.zeros((1, 1)))
    assert beam(step, state, GO, EOS, 6, beam_size=3).tokens[0].tolist() == []
    longer = beam(step, state, GO, EOS, 6, beam_size=3, length_penalty=1.0)
    assert longer.tokens[0].tolist() == [2, 2]
    np.testing.assert_allclose(longer.scores, [np.log(0.6 * 0.9 * 0.7)])


def test_nothing_that_ends_gives_the_best_beginning():
    logits = np.array([-np.inf, 0.0, 2.0, 1.0])
    step = lambda tokens, state: (np.tile(logits, (len(tokens), 1)), state)  # noqa: E731
    decoded = beam(step, RNNState(np.zeros((2, 1))), GO, EOS, 3, beam_size=4)
    assert [row.tolist() for row in decoded.tokens] == [[2, 2, 2], [2, 2, 2]]
    assert decoded.finished.tolist() == [False, False]


def test_a_row_stops_when_nothing_better_can_come():
    """<eos> has probability 0.9 at once: no other beginning can beat it, so one step is all."""
    calls = []

    def step(tokens, state):
        calls.append(len(tokens))
        return np.tile(np.log([0.9, 0.05, 0.05]), (len(tokens), 1)), state

    decoded = beam(step, RNNState(np.zeros((3, 1))), GO, EOS, 50, beam_size=3)
    assert calls == [3]
    assert [row.tolist() for row in decoded.tokens] == [[], [], []]


def test_a_beam_wider_than_the_vocabulary_and_an_empty_batch(small_model):
    model = small_model(3)
    assert len(beam(model, small_model.start(2), GO, EOS, 4, beam_size=500).tokens) == 2
    assert beam(model, small_model.start(0), GO, EOS, 4, beam_size=2).tokens == []


@pytest.mark.parametrize(
    "options",
    [
        {"beam_size": 0},
        {"beam_size": 2.5},
        {"beam_size": 2, "length_penalty": -1.0},
        {"beam_size": 2, "length_penalty": np.nan},
    ],
)
def test_options_are_checked(small_model, options):
    with pytest.raises(ArgumentError, match=list(options)[-1]):
        beam(small_model(3), small_model.start(1), GO, EOS, 4, **options)
