from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, ShapeError
from elman.targets import Target
from elman.training import Examples, Streams


def recordings(lengths):
    """Steps that say where they come from: (recording, step); the target is both in one number."""
    inputs = [
        torch.tensor([[n, t] for t in range(steps)], dtype=torch.float32).reshape(steps, 2)
        for n, steps in enumerate(lengths)
    ]
    return inputs, [100 * steps[:, :1] + steps[:, 1:] for steps in inputs]


def streams(lengths, rows, truncation, stride=None):
    return Streams(*recordings(lengths), rows, truncation, stride)


@st.composite
def cuts(draw):
    lengths = draw(st.lists(st.integers(0, 9), min_size=1, max_size=7).filter(any))
    window = draw(st.integers(1, 8))
    stride = draw(st.integers(1, window))
    return lengths, streams(lengths, draw(st.integers(1, 4)), window, stride)


def real(inputs, lengths, row):
    """A row's steps as pairs, without what is missing at its end."""
    steps = inputs[row] if lengths is None else inputs[row, : int(lengths[row])]
    return [tuple(map(int, pair)) for pair in steps.tolist()]


@given(cuts(), st.integers(0, 3), st.integers(1, 3))
def test_every_step_is_new_once_and_in_order(cut, seed, epoch):
    lengths, cut = cut
    read = [[] for _ in range(cut.rows)]
    for window in cut.windows(seed, epoch):
        met = set()
        for row, steps in enumerate(read):
            new = real(window.batch.inputs, window.batch.lengths, row)
            wanted = window.batch.targets[row, : len(new), 0].tolist()
            assert wanted == [100 * n + t for n, t in new]
            steps += new
            met |= {n for n, _ in new}
        assert set(window.recordings.tolist()) == met
    expected = {(n, t) for n, steps in enumerate(lengths) for t in range(steps)}
    assert sorted(step for steps in read for step in steps) == sorted(expected)
    for steps in read:
        for (n, t), (after, later) in pairwise(steps):
            assert (after, later) == (n, t + 1) or (t + 1, later) == (lengths[n], 0)


@given(cuts())
def test_windows_reach_back_and_follow_each_other(cut):
    _, cut = cut
    read = [[] for _ in range(cut.rows)]
    begins = 0
    for window in cut.windows(seed=0, epoch=1):
        context, steps = window.context, window.inputs.shape[1]
        assert context == min(begins + context, cut.truncation - cut.stride)
        assert steps <= cut.truncation
        assert torch.equal(window.inputs[:, context:], window.batch.inputs)
        for row, earlier in enumerate(read):
            whole = real(window.inputs, window.lengths, row)
            new = real(window.batch.inputs, window.batch.lengths, row)
            earlier += new
            assert whole == earlier[begins : begins + steps]
            firsts = [t == 0 for _, t in whole]
            assert window.resets[row].tolist() == firsts + [False] * (steps - len(whole))
            assert not window.inputs[row, len(whole) :].any()
        begins += window.advance


@given(cuts())
def test_an_epoch_can_begin_at_any_window(cut):
    _, cut = cut
    whole = list(cut.windows(seed=0, epoch=2))
    assert len(whole) == len(cut)
    for first in range(len(cut)):
        for window, expected in zip(
            cut.windows(seed=0, epoch=2, first=first, workers=2), whole[first:], strict=True
        ):
            assert torch.equal(window.inputs, expected.inputs)
            assert torch.equal(window.resets, expected.resets)


def test_the_order_is_a_function_of_seed_and_epoch():
    def order(seed, epoch):
        windows = streams([3] * 8, rows=2, truncation=3).windows(seed, epoch)
        return [window.inputs[:, 0, 0].tolist() for window in windows]

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_rows_are_of_similar_lengths():
    lengths = np.random.default_rng(0).integers(1, 1000, 40).tolist()
    cut = streams(lengths, rows=4, truncation=10)
    assert len(cut) * 10 <= sum(lengths) / 4 * 1.02
    assert 0 < cut.padding < 0.02
    assert streams([5, 3, 2], rows=2, truncation=4).padding == 0


def test_one_recording_is_not_copied():
    inputs, targets = recordings([10])
    for k, window in enumerate(Streams(inputs, targets, 32, 4).windows(seed=0, epoch=1)):
        assert window.inputs.data_ptr() == inputs[0][4 * k].data_ptr()
        assert window.batch.targets.data_ptr() == targets[0][4 * k].data_ptr()
        assert window.lengths is None


def test_the_sequences_of_a_data_set():
    inputs, targets = torch.randn(3, 5, 2), torch.randn(3, 5, 1)
    cut = Streams.of(
        Examples(inputs, targets, torch.tensor([5, 0, 2]), kind=Target.NUMBERS_PER_STEP),
        rows=3,
        truncation=10,
    )
    window = next(cut.windows(seed=0, epoch=1))
    assert window.inputs.shape == (2, 5, 2)
    assert torch.equal(window.inputs[0], inputs[0])
    assert torch.equal(window.batch.targets[1, :2], targets[2, :2])
    assert window.lengths is not None
    assert window.lengths.tolist() == [5, 2]
    whole = Streams.of(
        Examples(inputs, targets, kind=Target.NUMBERS_PER_STEP), rows=2, truncation=10
    )
    assert sum(len(row) for row in next(whole.windows(seed=0, epoch=1)).inputs) == 20


def test_a_data_set_needs_targets_for_steps_and_no_weights():
    inputs = torch.zeros(2, 5, 1)
    with pytest.raises(ArgumentError, match="truncation: a target for each sequence"):
        Streams.of(Examples(inputs, torch.zeros(2, 1), kind=Target.NUMBERS), rows=1, truncation=2)
    with pytest.raises(ArgumentError, match="truncation: weights of sequences"):
        Streams.of(
            Examples(inputs, inputs, weights=torch.ones(2), kind=Target.NUMBERS_PER_STEP),
            rows=1,
            truncation=2,
        )


def test_the_fingerprint_tells_data_and_cut():
    base = streams([4, 3], rows=2, truncation=3)
    assert base.fingerprint() == streams([4, 3], rows=2, truncation=3).fingerprint()
    assert base.fingerprint() == base.to(torch.device("cpu")).fingerprint()
    others = [
        streams([4, 2], rows=2, truncation=3),
        streams([4, 3], rows=1, truncation=3),
        streams([4, 3], rows=2, truncation=4),
        streams([4, 3], rows=2, truncation=3, stride=2),
    ]
    assert base.fingerprint() not in {other.fingerprint() for other in others}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"truncation": 0}, "truncation: found 0"),
        ({"stride": 0}, "stride: found 0"),
        ({"stride": 4}, "stride: found 4 for a truncation of 3; 1 to 3, or None"),
        ({"rows": 0}, "rows: found 0"),
    ],
)
def test_numbers_outside_their_range(change, message):
    with pytest.raises(ArgumentError, match=message):
        streams([4, 3], **{"rows": 2, "truncation": 3, **change})


def test_recordings_that_do_not_fit():
    inputs, targets = recordings([4, 3])
    with pytest.raises(ShapeError, match="targets: 1 recordings; 2, as inputs has"):
        Streams(inputs, targets[:1], 1, 2)
    with pytest.raises(ShapeError, match=r"targets\[1\]: 4 steps; 3, as its inputs"):
        Streams(inputs, [targets[0], targets[0]], 1, 2)
    with pytest.raises(ShapeError, match="inputs: 2 recordings without a step"):
        streams([0, 0], 1, 2)
