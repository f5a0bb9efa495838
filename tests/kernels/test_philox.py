"""Philox against its published vectors, and the masks as a pure function of their arguments."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError
from elman.kernels.philox import keep_mask, philox, uniform

# Known answers of Random123 1.14 (kat_vectors, philox4x32 with 10 rounds).
KNOWN = {
    "zeros": ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    "ones": (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    "digits of pi": (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
}
INT64 = st.integers(-(2**63), 2**63 - 1)


def words(text):
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize("array", [np.array, torch.tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("name", KNOWN)
def test_published_vectors(array, name):
    counter, key, answer = KNOWN[name]
    found = philox(
        tuple(array([word]) for word in words(counter)), tuple(array([word]) for word in words(key))
    )
    assert [int(word[0]) for word in found] == words(answer)


@given(st.lists(INT64, min_size=1, max_size=3), INT64, st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_numpy_and_torch_draw_the_same(keys, step, units, stream):
    keys = np.array(keys)
    steps = np.full((len(keys), 2), step)
    steps[:, 1] ^= 1
    tensors = torch.from_numpy(keys), torch.from_numpy(steps)
    numbers = uniform(*tensors, units, stream)
    assert numbers.dtype == torch.get_default_dtype()
    np.testing.assert_array_equal(numbers.double().numpy(), uniform(keys, steps, units, stream))
    mask = keep_mask(*tensors, units, 0.3, stream)
    np.testing.assert_array_equal(mask.numpy(), keep_mask(keys, steps, units, 0.3, stream))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 9), st.randoms(use_true_random=False))
def test_an_entry_depends_on_its_key_step_unit_and_stream_only(batch, time, units, random):
    keys = np.array([random.getrandbits(63) for _ in range(batch)])
    steps = np.array([[random.getrandbits(40) for _ in range(time)] for _ in range(batch)])
    whole = uniform(keys, steps, units, stream=1)
    assert whole.shape == (batch, time, units)
    for b in range(batch):
        np.testing.assert_array_equal(
            uniform(keys[b : b + 1], steps[b : b + 1], units, 1)[0], whole[b]
        )
    for t in range(time):
        np.testing.assert_array_equal(uniform(keys, steps[:, t], units, 1), whole[:, t])
    np.testing.assert_array_equal(uniform(keys, steps, units + 3, 1)[..., :units], whole)


def test_key_step_unit_and_stream_all_matter():
    keys = np.array([1, 2, 2**32 + 1, -1])
    steps = np.tile([0, 1, 2**32, -1], (4, 1))
    numbers = np.stack([uniform(keys, steps, 9, stream) for stream in (0, 1, 2**32 - 1)])
    # 432 numbers out of 2^24: two equal ones are expected once in 180 draws, here never.
    assert len(np.unique(numbers)) == numbers.size


def test_numbers_are_uniform():
    numbers = uniform(np.arange(100), np.zeros(100, np.int64), 1000, stream=0)
    counts, _ = np.histogram(numbers, bins=64, range=(0, 1))
    expected = numbers.size / 64
    chi_squared = np.sum((counts - expected) ** 2) / expected
    assert 30 < chi_squared < 110  # 63 degrees of freedom: outside once in 10,000
    assert abs(np.corrcoef(numbers[:, :-1].ravel(), numbers[:, 1:].ravel())[0, 1]) < 0.015


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_the_rate_is_the_share_of_zeros(rate):
    mask = keep_mask(np.arange(200), np.arange(200), 500, rate, stream=3)
    assert set(np.unique(mask)) <= {0.0, 1.0}
    assert 1 - mask.mean() == pytest.approx(rate, abs=0.006)
    if rate == 0:
        assert mask.all()


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_rate_that_is_no_probability(rate):
    with pytest.raises(ArgumentError, match="rate: found"):
        keep_mask(np.array([1]), np.array([0]), 4, rate, stream=0)


@pytest.mark.parametrize("stream", [-1, 2**32])
def test_a_stream_that_is_no_word(stream):
    with pytest.raises(ArgumentError, match="stream: found"):
        uniform(np.array([1]), np.array([0]), 4, stream)
