"""Windows of paths as they are learnt from: batches, mirrors, the loss and its gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.blueprint import Mixture
from elman.data.sets.walkers import walkers
from elman.kernels.mixture import log_probability, parameters_of
from elman.training.loop.futures import FutureExamples, FutureLoss, FutureScore
from elman.transforms.path_frames import PathFrames

BLOCK = Mixture((("gaussian", 24),), components=3)


@pytest.fixture(scope="module")
def examples():
    windows = walkers(1, 0, steps=40).windows(8, 12)
    values = windows.values()
    frames = PathFrames.fit(values, 12, "nearest")
    framed = frames.framed(values[:, :8], windows.others(frames.told_of), values[:, 8:, :2])
    return FutureExamples(framed, frames)


def test_an_epoch_is_all_windows_once_each_seen_in_some_way(examples):
    draws = [np.random.default_rng(3).spawn(1)[0] for _ in range(2)]
    first, second = (examples.drawn(one) for one in draws)
    np.testing.assert_array_equal(np.sort(first % len(examples)), np.arange(len(examples)))
    assert {*(first // len(examples))} == set(range(8))
    assert first.shape == second.shape


def test_a_window_in_a_mirror_has_the_target_in_a_mirror(examples):
    count = len(examples)
    plain, mirrored = examples.select([3, 4]), examples.select([3 + count, 4 + count])
    np.testing.assert_array_equal(plain.future[..., 0], mirrored.future[..., 0])
    np.testing.assert_array_equal(plain.future[..., 1], -mirrored.future[..., 1])
    np.testing.assert_allclose(plain.targets[:, :12], mirrored.targets[:, :12], atol=1e-6)
    np.testing.assert_allclose(plain.targets[:, 12:], -mirrored.targets[:, 12:], atol=1e-6)
    assert not np.allclose(plain.inputs, mirrored.inputs)


def test_the_loss_is_the_density_and_the_distance(examples):
    batch = examples.select(np.arange(5))
    raw = torch.randn(5, BLOCK.output_features(0), generator=torch.manual_seed(0))
    found = FutureLoss(BLOCK, examples.frames.basis, point=0.5)(raw, batch)
    likely = log_probability(BLOCK, raw.numpy(), batch.targets.numpy()) / 24
    told = parameters_of(BLOCK, raw.numpy())
    mean = (told["weights"][..., None] * told["parts"][0]["location"]).sum(axis=1)
    far = examples.frames.decoded(mean) - batch.future.numpy()
    distance = np.sqrt(np.square(far).sum(axis=2))
    wanted = (-likely + 0.5 * distance.mean(axis=1)).sum()
    assert found.count == 5
    assert float(found.total) == pytest.approx(wanted, rel=1e-4)
    score = FutureScore(BLOCK, examples.frames.basis)(raw, batch)
    wanted = -0.5 * (distance.mean(axis=1) + distance[:, -1]).sum()
    assert float(score.total) == pytest.approx(wanted, rel=1e-4)


def test_the_gradient_is_that_of_differences(examples):
    batch = examples.select(np.arange(2))
    double = type(batch)(*(getattr(batch, n).double() for n in ("inputs", "targets", "future")))
    loss = FutureLoss(BLOCK, examples.frames.basis)
    raw = torch.randn(2, BLOCK.output_features(0), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda one: loss(one, double).mean(), raw)


def test_weights_count(examples):
    batch = examples.select(np.arange(4))
    weights = torch.tensor([1.0, 0.0, 0.0, 3.0])
    weighted = type(batch)(batch.inputs, batch.targets, batch.future, weights=weights)
    raw = torch.randn(4, BLOCK.output_features(0))
    loss = FutureLoss(BLOCK, examples.frames.basis)
    one = [loss(raw[k : k + 1], examples.select([k])).total for k in (0, 3)]
    found = loss(raw, weighted)
    assert float(found.count) == 4.0
    assert float(found.total) == pytest.approx(float(one[0] + 3 * one[1]), rel=1e-5)


def test_the_fingerprint_tells_other_data(examples):
    other = FutureExamples(examples.framed.select(slice(5)), examples.frames)
    assert examples.fingerprint() != other.fingerprint()
