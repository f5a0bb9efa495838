"""The shared loop, through `greedy`: what is asked of the step function, and what is refused."""

import numpy as np
import pytest

from elman.decoding import greedy
from elman.errors import ArgumentError, ShapeError
from elman.state import RNNState

EOS = 0


class Countdown:
    """Row b writes state, state - 1, …, 1 and then <eos> (0); it notes what it was asked."""

    def __init__(self):
        self.calls = []

    def __call__(self, tokens, state):
        self.calls.append((tokens.tolist(), state.hidden[:, 0].tolist()))
        logits = np.full((len(tokens), 6), -5.0)
        logits[np.arange(len(tokens)), state.hidden[:, 0].astype(int)] = 5.0
        return logits, RNNState(state.hidden - 1)


def counts(*values):
    return RNNState(np.array(values, dtype=float)[:, None])


def test_rows_end_by_themselves_and_leave_the_batch():
    step = Countdown()
    decoded = greedy(step, counts(2, 0, 3), go=4, eos=EOS, max_length=10)
    assert [row.tolist() for row in decoded.tokens] == [[2, 1], [], [3, 2, 1]]
    assert decoded.finished.tolist() == [True, True, True]
    assert step.calls == [
        ([4, 4, 4], [2, 0, 3]),
        ([2, 3], [1, 2]),
        ([1, 2], [0, 1]),
        ([1], [0]),
    ]


def test_max_length_counts_eos_and_leaves_a_row_unfinished():
    decoded = greedy(Countdown(), counts(2, 3), go=4, eos=EOS, max_length=3)
    assert [row.tolist() for row in decoded.tokens] == [[2, 1], [3, 2, 1]]
    assert decoded.finished.tolist() == [True, False]


def test_scores_are_the_log_probability_of_the_tokens_and_eos():
    decoded = greedy(Countdown(), counts(1, 3), go=4, eos=EOS, max_length=3)
    each = 5.0 - np.log(np.exp(5.0) + 5 * np.exp(-5.0))
    np.testing.assert_allclose(decoded.scores, [2 * each, 3 * each], rtol=1e-12)


def test_an_empty_batch_asks_nothing():
    step = Countdown()
    decoded = greedy(step, counts(), go=4, eos=EOS, max_length=3)
    assert decoded.tokens == []
    assert decoded.scores.shape == decoded.finished.shape == (0,)
    assert step.calls == []


def test_of_equal_logits_the_lowest_id_is_taken():
    decoded = greedy(lambda t, s: (np.ones((len(t), 4)), s), counts(0), go=1, eos=3, max_length=2)
    assert decoded.tokens[0].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"max_length": 0}, "max_length"),
        ({"max_length": 2.0}, "max_length"),
        ({"go": -1}, "go"),
        ({"eos": True}, "eos"),
    ],
)
def test_arguments_are_checked(changed, word):
    arguments = {"go": 4, "eos": EOS, "max_length": 3} | changed
    with pytest.raises(ArgumentError, match=word):
        greedy(Countdown(), counts(1), **arguments)


@pytest.mark.parametrize("shape", [(6,), (1, 6), (2, 6, 1), (2, 5)])
def test_logits_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match="step"):
        greedy(lambda t, s: (np.zeros(shape), s), counts(1, 1), go=4, eos=5, max_length=3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_refused(bad):
    def step(tokens, state):
        logits = np.zeros((len(tokens), 6))
        logits[-1, 2] = bad
        return logits, state

    with pytest.raises(ArgumentError, match="NaN or infinite"):
        greedy(step, counts(1, 1), go=4, eos=EOS, max_length=3)


def test_a_token_can_be_ruled_out_with_minus_infinity():
    logits = np.array([[-np.inf, 1.0, 2.0]])
    decoded = greedy(lambda t, s: (logits, s), counts(1), go=1, eos=EOS, max_length=2)
    assert decoded.tokens[0].tolist() == [2, 2]
    assert np.isfinite(decoded.scores).all()


def test_a_tuple_of_states_of_a_stack_is_passed_through():
    def step(tokens, state):
        first, second = state
        logits, second = Countdown()(tokens, second)
        return logits, (first, second)

    decoded = greedy(step, (counts(9, 9), counts(1, 2)), go=4, eos=EOS, max_length=5)
    assert [row.tolist() for row in decoded.tokens] == [[1], [2, 1]]
