"""The compiled attention and packed dense layers against their specifications, at every level."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import ElmanError
from elman.kernels import attention, compiled, native
from elman.kernels.attention import Memory
from tests.unchecked import unchecked

BOUND = {np.float32: 2e-5, np.float64: 1e-12}
SIZES = [(1, 1, 1), (5, 7, 9), (16, 17, 33), (64, 130, 4), (3, 64, 70)]  # K, M, S


@pytest.fixture(params=native.available_isas())
def level(request):
    before = native.isa()
    compiled._native.use_isa(request.param)
    yield request.param
    compiled._native.use_isa(before)


def drawn(size, dtype, seed=0):
    """Seven queries over four sources: whole ones, a short one and an empty one, then NaN."""
    depth, features, steps = size
    draws = np.random.default_rng(seed)
    lengths = np.array([steps, (steps + 1) // 2, 0, 1])
    keys, values = (draws.normal(size=(4, steps, n)).astype(dtype) for n in (depth, features))
    past = np.arange(steps) >= lengths[:, None]
    keys[past] = values[past] = np.nan
    queries, energy = (draws.normal(size=n).astype(dtype) for n in ((7, depth), depth))
    return queries, Memory(keys, values, lengths), np.array([0, 3, 1, 1, 2, 0, 1]), energy


def test_the_specification_is_what_its_equations_say():
    queries, memory, sources, energy = drawn((5, 7, 9), np.float64)
    for weighed in (None, energy):
        contexts, weights = attention.look(queries, memory, sources, weighed)
        for row, source in enumerate(sources):
            length = memory.lengths[source]
            found = []
            for step in range(length):
                key = memory.keys[source, step]
                if weighed is None:
                    found.append(sum(queries[row] * key))
                else:
                    found.append(sum(weighed * np.tanh(queries[row] + key)))
            shares = np.exp(found) / np.exp(found).sum() if length else np.zeros(0)
            np.testing.assert_allclose(weights[row, :length], shares, rtol=1e-12)
            assert not weights[row, length:].any()
            mean = sum((s * v for s, v in zip(shares, memory.values[source], strict=False)), 0.0)
            np.testing.assert_allclose(contexts[row], mean + np.zeros(7), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_level_agrees_with_the_specification(level, size, dtype):
    queries, memory, sources, energy = drawn(size, dtype)
    for weighed in (None, energy):
        expected = attention.look(queries, memory, sources, weighed)
        found = native.look(queries, memory, sources, weighed)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == dtype
            np.testing.assert_allclose(one, other, rtol=0, atol=BOUND[dtype])
        assert not found[1][4].any()  # an empty source
        assert (found[1][np.arange(size[2]) >= memory.lengths[sources][:, None]] == 0).all()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_query_has_the_same_bits_alone_and_however_its_source_is_padded(
    level, monkeypatch, size, threads
):
    monkeypatch.setattr(native, "thread_count", lambda: threads)
    queries, memory, sources, energy = drawn(size, np.float32)
    many = np.tile(queries, (300, 1)), memory, np.tile(sources, 300)
    for weighed in (None, energy):
        contexts, weights = native.look(*many, weighed)
        for row, source in enumerate(sources):
            length = memory.lengths[source]
            own = Memory(
                memory.keys[[source], :length], memory.values[[source], :length], np.array([length])
            )
            alone = native.look(queries[[row]], own, np.array([0]), weighed)
            np.testing.assert_array_equal(alone[0][0], contexts[row])
            np.testing.assert_array_equal(alone[1][0], weights[row, :length])
        np.testing.assert_array_equal(contexts[:7], contexts[-7:])


def test_large_scores_are_no_trouble(level):
    memory = Memory(np.eye(3)[None] * 1e4, np.eye(3)[None], np.array([3]))
    contexts, weights = native.look(np.array([[1.0, 2.0, 2.0]]), memory, np.array([0]))
    np.testing.assert_allclose(weights, [[0, 0.5, 0.5]], atol=1e-300)
    np.testing.assert_allclose(contexts, [[0, 0.5, 0.5]], atol=1e-300)


def test_a_packed_layer_has_the_bits_of_a_dense_call(level):
    draws = np.random.default_rng(0)
    for rows, depth, columns in ((0, 3, 4), (1, 1, 1), (7, 33, 65), (400, 17, 3)):
        for dtype in (np.float32, np.float64):
            inputs = draws.normal(size=(rows, depth)).astype(dtype)
            weight = draws.normal(size=(columns, depth)).astype(dtype)
            bias = draws.normal(size=columns).astype(dtype)
            for given in (bias, None):
                layer = native.Layer(weight, given)
                expected = native.dense(inputs, weight, given)
                kept = weight.copy()
                weight[:] = 0  # it was copied
                np.testing.assert_array_equal(layer(inputs), expected)
                weight[:] = kept


def test_what_does_not_fit_is_refused(monkeypatch):
    queries, memory, sources, _ = drawn((5, 7, 9), np.float32)
    wrong = [
        (queries, memory, sources + 3, None),
        (queries, memory, sources - 1, None),
        (queries, memory._replace(lengths=memory.lengths + 1), sources, None),
        (queries[:, :4], memory, sources, None),
        (queries, memory, sources[:3], None),
        (queries, memory, sources, np.ones(4, np.float32)),
    ]
    for call in wrong:
        with unchecked(), pytest.raises(ValueError, match=r"must lie in|does not fit"):
            native.look(*call)
    with unchecked(), pytest.raises(TypeError, match="dtype"):
        native.look(queries, memory._replace(keys=memory.keys.astype(float)), sources)
    with pytest.raises(ValueError, match="inputs does not fit"):
        native.Layer(np.ones((2, 3)))(np.ones((4, 2)))
    monkeypatch.setattr(compiled, "_native", None)
    with pytest.raises(ElmanError, match="is missing"):
        native.look(queries, memory, sources)
    with pytest.raises(ElmanError, match="is missing"):
        native.Layer(np.ones((2, 3)))
