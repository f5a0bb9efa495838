"""Windows as what is trained on: batches, their order, and runs that repeat to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from elman.data.series.windows import WindowReader
from elman.errors import ArgumentError
from elman.training import MeanSquaredError, RunFolder, StepEnd, Trainer
from elman.training.loop.batches import batch_rows, padded_share
from elman.training.loop.loading import EpochBatches, shared
from elman.training.loop.windows import WindowExamples
from elman.training.randomness import generator
from tests.training.networks import CONFIG, same_bits, weights
from tests.training.runs import InterruptAt
from tests.training.series import forecaster, window_examples
from tests.training.test_distributed import ranks_of


def test_a_batch_is_the_readers_arrays(monkeypatch):
    data, made = window_examples(), []
    read = WindowReader.batch
    monkeypatch.setattr(
        WindowReader, "batch", lambda self, rows: made.append(read(self, rows)) or made[-1]
    )
    batch = data.select(np.array([3, 0, 9]))
    for name in ("inputs", "targets", "level", "spread"):
        assert getattr(batch, name).data_ptr() == getattr(made[0], name).ctypes.data
    assert len(batch) == 3
    assert (batch.inputs.shape, batch.targets.shape) == ((3, 6, 2), (3, 2, 1))
    assert batch.kind.per_step
    assert batch.steps().tolist() == [2, 2, 2]
    assert batch.lengths is None is batch.weights


def test_all_windows_have_as_many_steps():
    data = window_examples()
    assert len(data) == len(data.reader) == 23
    assert data.steps().tolist() == [6] * 23
    assert data.lengths is None
    assert padded_share(data, batch_rows(data, 4)) == 0
    assert [len(rows) for rows in batch_rows(data, 1, batch_tokens=60)] == [10, 10, 3]


def test_an_epoch_is_every_window_or_a_choice_of_them():
    for per_epoch, count in ((None, 23), (23, 23), (99, 23), (8, 8)):
        data = window_examples(per_epoch=per_epoch)
        orders = [data.drawn(generator(0, "order", epoch)).tolist() for epoch in (1, 2, 1)]
        assert orders[0] == orders[2] != orders[1]
        assert [len(set(order)) for order in orders] == [count] * 3
        assert all(set(order) <= set(range(23)) for order in orders)
    with pytest.raises(ArgumentError, match="per_epoch: found 0"):
        window_examples(per_epoch=0)


def test_the_steps_of_an_epoch_are_known():
    epochs = EpochBatches(window_examples(per_epoch=12), CONFIG)
    assert len(epochs) == 3
    chosen = [
        sorted(np.concatenate([step.rows for step in epochs.epoch(epoch)])) for epoch in (1, 2)
    ]
    assert chosen[0] != chosen[1]
    assert len(batch_rows(window_examples(per_epoch=12), 5)) == 5  # in order: all of them


def test_ranks_share_a_batch():
    data, rows = window_examples(), np.array([4, 2, 7])
    whole = data.select(rows)
    parts = [shared(data, rows, ranks_of(rank, 2)) for rank in (0, 1)]
    assert torch.equal(parts[0].inputs, whole.inputs[0::2])
    assert torch.equal(parts[1].spread, whole.spread[1::2])
    spare = shared(data, rows[:1], ranks_of(1, 2))
    assert spare.weights.tolist() == [0]
    assert MeanSquaredError()(torch.ones(1, 2, 1), spare).count == 0


def test_the_fingerprint_tells_data_windows_and_reading_apart():
    data = window_examples()
    reader, windows = data.reader, data.reader.windows
    options = {"ahead": False, "shift_known": False, "window_scaling": "last"}
    moved = replace(windows, starts=windows.starts[::-1].copy())
    values = reader.prepared.values.copy()
    values[4, 1] += 1
    others = [
        WindowReader(reader.prepared, moved, **options),
        WindowReader(replace(reader.prepared, values=values), windows, **options),
        WindowReader(reader.prepared, windows, **options | {"window_scaling": "mean"}),
        WindowReader(reader.prepared, windows, **options | {"ahead": True}),
    ]
    found = {WindowExamples(other).fingerprint() for other in others}
    found |= {data.fingerprint(), window_examples(per_epoch=3).fingerprint()}
    assert len(found) == 6
    assert window_examples().fingerprint() == data.fingerprint()


def trained(config=CONFIG, resume=False, per_epoch=None, **options):
    module = forecaster()
    held_out = window_examples(16, seed=1)
    data = window_examples(per_epoch=per_epoch)
    trainer = Trainer(module, MeanSquaredError(), data, held_out, config, **options)
    return module, trainer.run(resume=resume)


def test_it_learns():
    config = replace(CONFIG, epochs=40)
    _, history = trained(config)
    losses = [record.validation_loss for record in history.records]
    assert min(losses) < 0.2 * losses[0]


@pytest.mark.parametrize("changes", [{}, {"batch_tokens": 40}, {"accumulate": 2}])
@pytest.mark.parametrize("per_epoch", [None, 11])
def test_the_bits_depend_neither_on_workers_nor_on_interruptions(tmp_path, changes, per_epoch):
    config, steps = replace(CONFIG, **changes), []
    whole, history = trained(config, per_epoch=per_epoch, listeners=[steps.append])
    again, _ = trained(config, per_epoch=per_epoch, workers=2)
    assert same_bits(weights(whole), weights(again))
    folder = RunFolder(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trained(config, per_epoch=per_epoch, folder=folder, listeners=[InterruptAt(4)])
    resumed, _ = trained(config, resume=True, per_epoch=per_epoch, folder=folder, workers=1)
    assert same_bits(weights(whole), weights(resumed))
    counted = sum(step.sequences for step in steps if isinstance(step, StepEnd))
    assert counted == len(history.records) * (per_epoch or 23)


def test_a_batch_goes_to_the_device_that_is_asked_for():
    moved = window_examples().to(torch.device("meta"))
    assert moved.select(np.array([0])).inputs.device.type == "meta"
    assert moved.reader.batch(np.array([0])).inputs.shape == (1, 6, 2)
