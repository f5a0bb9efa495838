"""Pairs of sequences are learnt by the same trainer, with a score that decodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from elman.blueprint import CellConfig, encoder_decoder
from elman.errors import ArgumentError, ShapeError
from elman.models import build
from elman.tasks.captioning import CaptionScore
from elman.tasks.translating import WrittenScore
from elman.training import (
    CrossEntropy,
    PairExamples,
    RunFolder,
    Trainer,
    TrainingConfig,
    WholeScore,
)
from elman.training.loop.losses import WeightedSum, accuracy

GO, END, WORDS = 0, 1, 8


def pairs(rows: int, seed: int = 0) -> PairExamples:
    """Write the source's first token, then its last."""
    draws = np.random.default_rng(seed)
    lengths = draws.integers(1, 5, rows)
    source = np.zeros((rows, 4), np.int64)
    for row, length in zip(source, lengths, strict=True):
        row[:length] = draws.integers(2, WORDS, length)
    last = source[np.arange(rows), lengths - 1]
    targets = np.stack([source[:, 0], last, np.full(rows, END)], axis=1)
    sizes = torch.from_numpy(lengths), torch.full((rows,), 3)
    return PairExamples(torch.from_numpy(source), torch.from_numpy(targets), *sizes, go=GO)


class Exact:
    """Share of rows that are written right when each token is fed back."""

    def __call__(self, outputs, batch) -> WeightedSum:
        raise AssertionError("a score that decodes is not asked of teacher forcing")

    def decoded(self, module, batch: PairExamples) -> WeightedSum:
        written = torch.full_like(batch.targets[:, :1], GO)
        for _ in range(batch.targets.shape[1]):
            steps = torch.full((len(batch),), written.shape[1])
            scores = module(batch.source, written, batch.source_lengths, steps)
            written = torch.cat([written, scores[:, -1:].argmax(dim=2)], dim=1)
        right = (written[:, 1:] == batch.targets).all(dim=1).double()
        return WeightedSum(right.sum(), torch.tensor(float(len(batch))))


BLUEPRINT = encoder_decoder(
    cells=CellConfig("gru", 32),
    source_vocabulary=WORDS,
    target_vocabulary=WORDS,
    embedding=8,
    go=GO,
    eos=END,
)
CONFIG = TrainingConfig(learning_rate=0.01, batch_size=32, epochs=12, seed=1)


def trained(config=CONFIG, resume=False, **more):
    module = build(BLUEPRINT, seed=0)
    trainer = Trainer(
        module, CrossEntropy(), pairs(600), pairs(100, seed=1), config, score=Exact(), **more
    )
    return module, trainer.run(resume)


def test_an_encoder_decoder_learns_to_write():
    module, history = trained()
    assert history.best.validation_score > 0.9
    batch = pairs(50, seed=2)
    with torch.no_grad():
        assert Exact().decoded(module, batch).mean() > 0.9
        assert accuracy(module(*batch.arguments), batch).mean() > 0.95


def test_a_run_on_pairs_is_resumed_to_the_same_bits(tmp_path):
    whole, _ = trained(replace(CONFIG, epochs=4), folder=RunFolder(tmp_path / "whole"))
    folder = RunFolder(tmp_path / "parts")
    stop = []

    def interrupt(event):
        stop.append(event)
        if len(stop) == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(replace(CONFIG, epochs=4, checkpoint_every=3), folder=folder, listeners=[interrupt])
    config = replace(CONFIG, epochs=4, checkpoint_every=3)
    resumed, _ = trained(config, folder=folder, resume=True)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name])


def test_padding_counts_nothing():
    one, other = pairs(20), pairs(20)
    other.source[torch.arange(4) >= other.source_lengths[:, None]] = 7
    module = build(BLUEPRINT, seed=0)
    losses = [CrossEntropy()(module(*each.arguments), each) for each in (one, other)]
    assert torch.equal(losses[0].total, losses[1].total)
    batch = one.select(np.array([3, 5]))
    assert batch.source.shape[1] == int(one.source_lengths[[3, 5]].max())


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"targets": torch.zeros(20, 3)}, ShapeError, "targets: found torch.float32|targets: .*"),
        ({"weights": torch.ones(3)}, ShapeError, "weights: 3 rows; 20, as source has"),
        ({"go": -1}, ArgumentError, "go: found -1; a whole number of at least 0"),
    ],
)
def test_what_does_not_fit(change, error, said):
    with pytest.raises(error, match=said):
        replace(pairs(20), **change)


class Counted:
    """Of a whole part: how often it was asked."""

    def __init__(self):
        self.asked = 0

    def whole(self, module) -> float:
        self.asked += 1
        assert isinstance(module, torch.nn.Module)
        return float(self.asked)


def test_a_score_of_the_whole_part_is_asked_once_an_epoch():
    score = Counted()
    config = replace(CONFIG, epochs=3, batch_size=4)
    held = pairs(40, 1)  # in several batches
    module = build(BLUEPRINT, 0)
    history = Trainer(module, CrossEntropy(), pairs(40), held, config, score=score).run()
    assert [one.validation_score for one in history.records] == [1.0, 2.0, 3.0]
    assert isinstance(score, WholeScore)


@pytest.mark.parametrize("score", [WrittenScore, CaptionScore])
def test_what_is_no_sum_over_rows_cannot_be_called(score):
    assert issubclass(score, WholeScore)
    assert not issubclass(score, Callable)
