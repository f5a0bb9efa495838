"""Large memory of one call goes on to the next."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from elman.kernels import native
from elman.kernels.compiled import described, kernels_of
from elman.kernels.contract import LSTM
from tests.kernels.variants import Variant, random_weights


def lstm_that_keeps(steps: int):
    weights = random_weights(Variant(LSTM()), 3, 64, np.random.default_rng(0), np.float32)
    what = described(LSTM(), weights, None, lambda array: array)
    return kernels_of("float32").keep(what, 16, steps)


def give_back_and_take():
    first = lstm_that_keeps(1000)  # 20 MB
    address = first.address
    del first
    second = lstm_that_keeps(990)
    assert second.address == address
    assert lstm_that_keeps(990).address != address  # it is taken


def test_what_one_call_gives_back_the_next_one_takes():
    """In a process of its own: other tests leave blocks that fit as well."""
    code = "from tests.kernels.test_memory import give_back_and_take as check; check()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_small_call_does_not_take_much_memory():
    large = lstm_that_keeps(1000)
    address = large.address
    del large
    assert lstm_that_keeps(100).address != address


def test_gradients_survive_other_calls_that_take_memory():
    rng = np.random.default_rng(0)
    weights = random_weights(Variant(LSTM()), 3, 64, rng, np.float32)
    x = rng.normal(size=(16, 200, 3)).astype(np.float32)
    grad = rng.normal(size=(16, 200, 64)).astype(np.float32)
    done = native.forward(LSTM(), weights, x)
    wanted = native.backward(done.tape, grad)
    for _ in range(3):
        other = native.forward(LSTM(), weights, x + 1)
        native.backward(other.tape, grad)
    found = native.backward(done.tape, grad)
    np.testing.assert_array_equal(found.weights.weight_hh, wanted.weights.weight_hh)
    np.testing.assert_array_equal(found.inputs, wanted.inputs)
