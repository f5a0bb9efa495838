"""Random numbers as a pure function: Philox 4x32-10.

Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3". Ten rounds of
multiplications turn a counter of four 32-bit words and a key of two into four random words.
Nothing is stored, so a mask can be drawn again instead of kept, in any order and any chunks.

One text serves NumPy arrays and torch tensors of int64: words are numbers in 0…2^32-1, and only
`&`, `*`, `>>` and `^` touch them, which give the same bits in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.errors import ArgumentError

__all__ = ["keep_mask", "philox", "uniform"]

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_BITS = 24  # of a word that are used: what float32 holds exactly

Array = Any  # numpy.ndarray or torch.Tensor, int64


def philox(
    counter: tuple[Array, Array, Array, Array], key: tuple[Array, Array]
) -> tuple[Array, Array, Array, Array]:
    """Four random words for each counter and key; all are words, of shapes that broadcast.

    >>> zero = np.zeros(1, np.int64)
    >>> [hex(int(word[0])) for word in philox((zero, zero, zero, zero), (zero, zero))]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    a, b, c, d = counter
    low_key, high_key = key
    for _ in range(_ROUNDS):
        # The product wraps around in int64; its 64 bits are the unsigned product's all the same.
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (
            ((second >> 32) & _WORD) ^ b ^ low_key,
            second & _WORD,
            ((first >> 32) & _WORD) ^ d ^ high_key,
            first & _WORD,
        )
        low_key, high_key = (low_key + _KEY_STEPS[0]) & _WORD, (high_key + _KEY_STEPS[1]) & _WORD
    return a, b, c, d


def keep_mask(keys: Array, steps: Array, units: int, rate: float, stream: int) -> Array:
    """Zeros, each with probability `rate`, and ones: not scaled.

    >>> keys = np.array([7, 8])
    >>> keep_mask(keys, np.array([0, 0]), 6, 0.5, stream=0).tolist()
    [[1.0, 1.0, 0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]

    Args:
        keys: `[B]` int64, one a row.
        steps: `[B]` or `[B, T]` int64: the step of each row, any int64.
        units: Number U of entries at a step.
        rate: Probability in [0, 1) of a zero.
        stream: Which of several masks of the same row and step, in 0…2^32-1.

    Returns:
        `[B, U]` or `[B, T, U]`, in the library's default floating-point dtype. An entry depends on
        its row's key, its step, its unit and the stream only.

    Raises:
        ArgumentError: `rate` or `stream` is out of range.
    """
    if not 0 <= rate < 1:
        raise ArgumentError("rate", f"found {rate!r}", "give a probability in [0, 1)")
    return (_random_bits(keys, steps, units, stream) >= round(rate * 2**_BITS)) * 1.0


def uniform(keys: Array, steps: Array, units: int, stream: int) -> Array:
    """Uniform numbers in [0, 1), multiples of 2^-24; arguments and shapes as `keep_mask`'s."""
    return _random_bits(keys, steps, units, stream) * 2.0**-_BITS


def _random_bits(keys: Array, steps: Array, units: int, stream: int) -> Array:
    """`[B, U]` or `[B, T, U]` integers in 0…2^24-1; four units share one counter."""
    if not 0 <= stream <= _WORD:
        raise ArgumentError("stream", f"found {stream!r}", "give an integer from 0 to 2^32 - 1")
    keys = keys.reshape((-1,) + (1,) * steps.ndim)
    steps = steps[..., None]
    blocks = _count(-(-units // 4), like=keys)
    words = philox(
        (blocks, steps & _WORD, (steps >> 32) & _WORD, blocks * 0 + stream),
        (keys & _WORD, (keys >> 32) & _WORD),
    )
    return _interleave(words)[..., :units] >> (32 - _BITS)


def _count(size: int, like: Array) -> Array:
    """0, 1, … size - 1 in the library and on the device of `like`."""
    return np.arange(size) if isinstance(like, np.ndarray) else like.new_tensor(range(size))


def _interleave(words: tuple[Array, ...]) -> Array:
    """The first of each word, then the second of each, and so on along the last axis."""
    shape = (*words[0].shape, len(words))
    empty = np.empty if isinstance(words[0], np.ndarray) else words[0].new_empty
    joined = empty(shape, dtype=words[0].dtype)
    for k, word in enumerate(words):
        joined[..., k] = word
    return joined.reshape((*shape[:-2], shape[-2] * shape[-1]))
