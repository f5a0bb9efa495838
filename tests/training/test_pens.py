"""Drawings as examples: what the network reads is what it will read when it draws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from elman.kernels.mixture import log_probability
from elman.runtime.drawing.framing import Framing, pen_block
from elman.training.loop.pens import PenExamples, PenLoss

FRAMING = Framing(0.3, "larger", 0.0, "class", ("a", "b"), (), 9)


def examples(count: int = 40) -> tuple[PenExamples, list[np.ndarray]]:
    draws = np.random.default_rng(0)
    steps = [draws.normal(size=(draws.integers(1, 9), 3)) for _ in range(count)]
    targets = [FRAMING.targets(np.column_stack([one[:, :2], one[:, 2] > 0])) for one in steps]
    told = FRAMING.told(["ab"[k % 2] for k in range(count)])
    return PenExamples.of(targets, told, FRAMING), targets


def test_what_is_read_in_training_is_what_is_read_in_drawing():
    some, targets = examples()
    inputs, lengths, _ = some.arguments
    for row, one in enumerate(targets):
        assert lengths[row] == len(one)
        np.testing.assert_allclose(inputs[row, : len(one), :5], FRAMING.inputs(one), atol=1e-5)
        assert inputs[row, 0, 5:].tolist() == ([1, 0] if row % 2 == 0 else [0, 1])
        place, values = np.zeros((1, 2)), np.zeros((1, 4))
        for t in range(len(one)):  # step by step, as a search reads
            read, place = FRAMING.read(values, place)
            np.testing.assert_allclose(inputs[row, t, :5], read[0], atol=1e-5)
            values = one[None, t]


def test_each_row_is_drawn_once_and_batches_have_like_lengths():
    some, _ = examples(400)
    order = some.drawn(np.random.default_rng(1))
    assert sorted(order.tolist()) == list(range(400))
    steps = some.steps()[order]
    spread = np.mean([np.ptp(steps[k : k + 32]) for k in range(0, 384, 32)])
    assert spread < 2 < np.ptp(steps)


def test_deformed_drawings_keep_pen_and_end():
    some, _ = examples()
    still = some.drawn_anew(np.random.default_rng(0))
    assert still is some
    moved = replace(some, deform=0.1).drawn_anew(np.random.default_rng(0))
    assert (moved.targets[..., [0, 3]] == some.targets[..., [0, 3]]).all()
    away = (moved.targets - some.targets).abs().max()
    assert 0 < away < 5
    real = torch.arange(some.targets.shape[1]) < some.lengths[:, None]
    assert moved.targets[~real].abs().max() == 0


def test_the_loss_is_nats_a_point_in_the_drawings_size():
    some, targets = examples(6)
    block = pen_block(3)
    raw = torch.randn(6, some.targets.shape[1], block.output_features(0))
    found = PenLoss(block, FRAMING.scale)(raw, some)
    points = sum(len(one) - 1 for one in targets)
    nats = -sum(
        log_probability(block, raw[n, : len(one)].numpy(), one).sum()
        for n, one in enumerate(targets)
    )
    assert float(found.count) == points
    assert float(found.total) == pytest.approx(nats + 2 * math.log(0.3) * points, rel=1e-4)
