"""The adding problem and the copy task: what they ask for, and what one without memory gets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.synthetic import ADDING_BASELINE, adding, copying
from elman.errors import ArgumentError

seeds = st.integers(0, 2**63)


@given(rows=st.integers(1, 20), steps=st.integers(2, 30), seed=seeds)
def test_adding_marks_one_value_in_each_half_and_asks_for_their_sum(rows, steps, seed):
    inputs, targets = adding(rows, steps, seed)
    assert inputs.shape == (rows, steps, 2)
    assert targets.shape == (rows, 1)
    assert inputs.dtype == targets.dtype == np.float32
    values, marks = inputs[..., 0], inputs[..., 1]
    assert ((values >= 0) & (values < 1)).all()
    assert set(np.unique(marks)) <= {0, 1}
    assert (marks[:, : steps // 2].sum(1) == 1).all()
    assert (marks[:, steps // 2 :].sum(1) == 1).all()
    np.testing.assert_allclose(targets[:, 0], (values * marks).sum(1), rtol=1e-6)


@given(seed=seeds)
def test_both_are_functions_of_the_seed(seed):
    for make in (
        lambda seed: adding(3, 9, seed),
        lambda seed: copying(3, 9, seed=seed),
    ):
        first, again, other = make(seed), make(seed), make(seed + 1)
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert not np.array_equal(first[0], other[0])


def test_adding_is_the_same_on_every_machine():
    inputs, targets = adding(1, 6, 0)
    assert inputs[0, :, 1].tolist() == [0, 1, 0, 1, 0, 0]
    assert targets[0, 0] == np.float32(0.27183419466018677)


def test_adding_draws_every_place_and_its_baseline_is_the_variance():
    inputs, targets = adding(20_000, 7, 0)
    share = inputs[..., 1].mean(0)
    np.testing.assert_allclose(share, [1 / 3] * 3 + [1 / 4] * 4, atol=0.02)
    assert np.square(targets - 1).mean() == pytest.approx(ADDING_BASELINE, rel=0.02)


@given(
    lag=st.integers(1, 20), symbols=st.integers(1, 6), classes=st.integers(2, 9), seed=st.just(1)
)
def test_copying_reads_the_symbols_a_sign_later_and_asks_for_them(lag, symbols, classes, seed):
    task = copying(4, lag, symbols, classes, seed=seed)
    steps = lag + 2 * symbols
    assert task.inputs.shape == (4, steps, classes + 2)
    assert task.inputs.dtype == np.float32
    assert (task.inputs.sum(2) == 1).all()
    read = task.inputs.argmax(2)
    assert (read[:, :symbols] < classes).all()
    assert (read == classes + 1).sum(1).tolist() == [1] * 4
    sign = symbols + lag - 1
    assert (read[:, sign] == classes + 1).all()
    assert (read[:, symbols:sign] == classes).all()
    assert (read[:, sign + 1 :] == classes).all()
    assert np.flatnonzero(task.scored).tolist() == list(range(sign + 1, steps))
    np.testing.assert_array_equal(task.targets[:, task.scored], read[:, :symbols])
    assert (task.targets[:, ~task.scored] == classes).all()


def test_the_memoryless_baseline_of_the_paper():
    task = copying(5000, 100, seed=0)
    assert task.baseline_accuracy == 1 / 8
    guess = np.mean(task.targets[:, task.scored] == 3)
    assert guess == pytest.approx(task.baseline_accuracy, abs=0.01)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: adding(0, 10, 0), "rows"),
        (lambda: adding(1, 1, 0), "steps"),
        (lambda: adding(1, 10, -1), "seed"),
        (lambda: adding(1, 2.5, 0), "steps"),  # pyright: ignore[reportArgumentType]
        (lambda: copying(1, 0, seed=0), "lag"),
        (lambda: copying(1, 5, 0, seed=0), "symbols"),
        (lambda: copying(1, 5, classes=1, seed=0), "classes"),
    ],
)
def test_sizes_that_make_no_problem_are_refused(make, name):
    with pytest.raises(ArgumentError, match=f"^{name}: found"):
        make()
