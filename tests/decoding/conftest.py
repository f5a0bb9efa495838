"""A small language model for the tests: a recurrent network with fixed random weights."""

import numpy as np
import pytest

from elman.state import RNNState


class SmallModel:
    """`step` of a simple cell over `vocabulary` tokens; token 0 is <eos>, 1 is <go>."""

    def __init__(self, vocabulary, hidden=6, seed=0):
        draw = np.random.default_rng(seed)
        self.embedding = draw.normal(size=(vocabulary, hidden))
        self.recurrent = draw.normal(size=(hidden, hidden)) / np.sqrt(hidden)
        self.head = draw.normal(size=(hidden, vocabulary)) * 1.5

    def __call__(self, tokens, state):
        # einsum sums each row by itself, so a row's numbers do not depend on the batch
        carried = np.einsum("bh,hk->bk", state.hidden, self.recurrent)
        hidden = np.tanh(self.embedding[tokens] + carried)
        return np.einsum("bh,hv->bv", hidden, self.head), RNNState(hidden)

    @staticmethod
    def start(rows, hidden=6, seed=1):
        return RNNState(np.random.default_rng(seed).normal(size=(rows, hidden)))


@pytest.fixture(scope="session")
def small_model():
    return SmallModel
