from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError
from elman.training.loop.loading import EpochBatches, prepared
from tests.training.networks import CONFIG, examples


@given(st.integers(0, 20), st.integers(0, 5))
def test_steps_come_in_order_whoever_prepares_them(steps, workers):
    def prepare(step):
        time.sleep(0.001 * (step % 3 == 0))  # later ones are ready before
        return 2 * step

    assert list(prepared(prepare, range(steps), workers)) == [2 * k for k in range(steps)]


def test_workers_stay_a_few_steps_ahead():
    begun = []
    steps = prepared(begun.append, range(100), workers=2)
    next(steps)
    next(steps)
    assert len(begun) <= 6
    steps.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("elman")]


def test_what_a_worker_raises_is_raised():
    def fail(step):
        raise ValueError(f"step {step}")

    with pytest.raises(ValueError, match="step 0"):
        list(prepared(fail, range(9), workers=2))


def tensors(steps):
    return [(s.rows.tolist(), [b.inputs for b in s.batches]) for s in steps]


@pytest.mark.parametrize("changes", [{}, {"augment": {"shift": 1.0}}, {"batch_tokens": 15}])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_an_epoch_is_the_same_from_any_step_and_with_any_workers(changes, accumulate):
    config = replace(CONFIG, accumulate=accumulate, **changes)
    data = examples(ragged="augment" not in changes)
    plain, ahead = EpochBatches(data, config), EpochBatches(data, config, workers=2)
    whole = tensors(plain.epoch(3))
    assert len(whole) == len(plain)
    assert sorted(row for rows, _ in whole for row in rows) == list(range(22))
    for first in range(len(plain) + 1):
        for rest in (plain.epoch(3, first), ahead.epoch(3, first)):
            for (rows, a), (expected, b) in zip(tensors(rest), whole[first:], strict=True):
                assert rows == expected
                assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_epochs_differ():
    batches = EpochBatches(examples(), CONFIG)
    first, second = ([rows for rows, _ in tensors(batches.epoch(epoch))] for epoch in (1, 2))
    assert first != second


def test_workers_are_a_whole_number():
    with pytest.raises(ArgumentError, match="workers: found -1"):
        EpochBatches(examples(), CONFIG, workers=-1)


def test_few_sequences_are_passed_over_several_times():
    data = examples()
    passes = EpochBatches(data, CONFIG)
    config = replace(CONFIG, epoch_steps=2 * len(passes) + 1)
    batches = EpochBatches(data, config)
    assert len(batches) == 3 * len(passes)
    rows = [row for step in tensors(batches.epoch(4)) for row in step[0]]
    once = [rows[k : k + 22] for k in range(0, 66, 22)]
    assert all(sorted(one) == list(range(22)) for one in once)
    assert once[0] != once[1] != once[2]
    assert once[0] == [row for step in tensors(passes.epoch(4)) for row in step[0]]
    rest = tensors(EpochBatches(data, config, workers=2).epoch(4, len(passes)))
    assert [row for step in rest for row in step[0]] == rows[22:]


def test_each_pass_is_distorted_anew():
    data = replace(examples(), inputs=torch.ones(22, 7, 2).cumsum(dim=1))
    config = replace(CONFIG, batch_size=22, epoch_steps=2, augment={"noise": 0.1, "crop": 0.3})
    first, second = (step.batches[0] for step in EpochBatches(data, config).epoch(1))
    assert len(first) == len(second) == 22
    assert not torch.equal(first.inputs.sum(), second.inputs.sum())
    assert torch.equal(first.lengths.sum(), data.lengths.sum())


def test_what_cannot_be_distorted_is_refused():
    with pytest.raises(ArgumentError, match=r"augment: sequences of different lengths"):
        EpochBatches(examples(), replace(CONFIG, augment={"shift": 1.0}))
    ids = replace(examples(), inputs=torch.zeros(22, 7, dtype=torch.int64))
    with pytest.raises(ArgumentError, match="no sequences of numbers"):
        EpochBatches(ids, replace(CONFIG, augment={"noise": 1.0}))
