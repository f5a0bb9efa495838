"""Smoothing trained along with a network: the runtime's numbers, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from elman.blueprint import CellConfig, sequence_to_sequence
from elman.errors import ArgumentError, ShapeError
from elman.models import build
from elman.runtime.forecasting.classical import classical
from elman.runtime.forecasting.smoothing import answers, padded
from elman.runtime.network.network import Network
from elman.targets import Target
from elman.training import Examples, Trainer, TrainingConfig
from elman.training.loop.likelihoods import ForecastLoss
from elman.training.loop.smoothing import (
    Smoothed,
    SmoothedLoss,
    SmoothedNetwork,
    series_examples,
)

NAN = np.nan
WINDOW, HORIZON, SEASONS = 4, 5, (3, 6)
LENGTHS = (26, 19, 22)
OFFSETS = np.cumsum([0, *LENGTHS])


def series(form="multiplicative", seed=0):
    rng = np.random.default_rng(seed)
    steps = np.arange(OFFSETS[-1])
    values = np.exp(0.4 * np.sin(steps * 2 * np.pi / 3) + 0.1 * rng.normal(size=len(steps)))
    values[rng.random(len(values)) < 0.1] = NAN
    return values if form == "multiplicative" else 3 * values - 4


def trained(values, form, features=0, cells=None, outputs=HORIZON, **options):
    start = classical(("a", "b", "c"), padded(values, OFFSETS), SEASONS, form, HORIZON)
    blueprint = sequence_to_sequence(
        input_size=WINDOW + features, cells=cells or CellConfig("gru", 5), outputs=outputs
    )
    network = build(blueprint, seed=3)
    return SmoothedNetwork(network, start, WINDOW, HORIZON, **options)


def moved(module, seed=4):
    """Parameters of the smoothing away from where they began."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in ("level", "seasonal", "first_level", "first_seasonals"):
            parameter = getattr(module, name)
            parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))
    return module


def whole(values, features=None, first=WINDOW - 1, last=99):
    return series_examples(values, OFFSETS, HORIZON, np.full(3, first), np.full(3, last), features)


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
@pytest.mark.parametrize("cells", [CellConfig("gru", 5), [CellConfig("lstm", 4, dilation=2)] * 2])
def test_the_runtime_answers_with_the_same_numbers(form, cells):
    values = series(form)
    features = np.random.default_rng(1).normal(size=(len(values), 2)).astype(np.float32)
    module = moved(trained(values, form, 2, cells, outputs=2 * HORIZON)).eval()
    batch = whole(values, features).select(torch.tensor([2, 0, 1]))
    with torch.no_grad():
        found = module(batch.inputs, batch.lengths)
    weights = {name: tensor.numpy() for name, tensor in module.network.state_dict().items()}
    network = Network(module.network.blueprint, weights)
    ends = np.arange(len(values))
    owners = np.repeat(np.arange(3), LENGTHS)
    raw, back = answers(
        network, module.smoothing(), values[:, None], OFFSETS, ends, owners, HORIZON, features
    )
    for row, n in enumerate([2, 0, 1]):
        rows, steps = slice(OFFSETS[n], OFFSETS[n + 1]), slice(LENGTHS[n])
        expected = raw[rows].reshape(LENGTHS[n], -1)
        # Values reach torch as float32: 6e-8 of them, more in units of the spread.
        np.testing.assert_allclose(found.raw[row, steps], expected, atol=2e-5)
        centre = found.centre[row, steps].numpy()
        home = (centre.clip(None) if form == "additive" else np.exp(centre)) * found.scale[
            row
        ].item()
        np.testing.assert_allclose(back(np.zeros_like(raw))[rows, :, 0, 0], home, rtol=2e-5)


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
def test_gradients_of_the_whole_loss_are_the_differences(form):
    values = series(form)
    loss = SmoothedLoss(ForecastLoss("gaussian"), form, level_penalty=3.0)
    module = moved(trained(values, form, outputs=2 * HORIZON, pace=2.0)).double()
    module.network = InDouble(module.network)
    batch = whole(values)

    def total():
        return loss(module(batch.inputs, batch.lengths), batch).total

    total().backward()
    for name in ("level", "seasonal", "first_level", "first_seasonals"):
        parameter = getattr(module, name)
        direction = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
        slope = (parameter.grad * direction).sum().item()
        with torch.no_grad():
            kept, step = parameter.clone(), 1e-3 * direction.double()
            parameter.copy_(kept + step)
            above = total().item()
            parameter.copy_(kept - step)
            expected = (above - total().item()) / 2e-3
            parameter.copy_(kept)
        assert abs(slope) > 1e-2
        np.testing.assert_allclose(slope, expected, rtol=2e-3)


class InDouble(nn.Module):
    """Takes float32 and gives it, but computes in float64 between."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, inputs, lengths):
        return self.network(inputs.double(), lengths)


def said(raw, level, centre=None):
    rows, steps, horizon = raw.shape
    return Smoothed(
        raw,
        torch.zeros(rows, steps, horizon).double() if centre is None else centre,
        level.double(),
        torch.full((rows,), 2.0).double(),
        torch.full((rows,), 0.5).double(),
    )


def test_the_loss_by_hand():
    loss = SmoothedLoss(ForecastLoss("point", loss="mae"), "additive", level_penalty=10.0)
    targets = torch.tensor([[[2.0, NAN], [NAN, NAN], [6.0, 4.0]]])
    batch = Examples(torch.zeros(1, 3, 2), targets, torch.tensor([3]), kind=Target.NUMBERS_PER_STEP)
    outputs = said(
        torch.tensor([[[1.0, 9.0], [9.0, 9.0], [2.0, 3.0]]]), torch.tensor([[1.0, 2, 5]])
    )
    total, count = loss(outputs, batch)
    # Scaled and in units of the spread: 2 and 6, 4; errors 1, 4, 1. The level bends by 2.
    assert count.item() == 3
    assert total.item() == pytest.approx(6 + 10 * 3 * 4)


def test_the_level_is_not_priced_past_a_length():
    loss = SmoothedLoss(ForecastLoss("point"), "multiplicative", level_penalty=1.0)
    targets = torch.full((2, 5, 1), 2.0)
    targets[1, 2:] = NAN
    level = torch.tensor([[0.0, 0, 0, 0, 0], [0, 0, 7, 0, 7]])
    batch = Examples(
        torch.zeros(2, 5, 2), targets, torch.tensor([5, 2]), kind=Target.NUMBERS_PER_STEP
    )
    assert loss(said(torch.zeros(2, 5, 1), level), batch).total.item() == 0


def test_weights_count_series():
    loss = SmoothedLoss(ForecastLoss("point"), "additive", level_penalty=0.0)
    targets = torch.tensor([[[2.0]], [[8.0]]])
    outputs = said(torch.zeros(2, 1, 1), torch.zeros(2, 1))
    weighted = Examples(
        torch.zeros(2, 1, 2),
        targets,
        weights=torch.tensor([3.0, 1.0]),
        kind=Target.NUMBERS_PER_STEP,
    )
    assert loss(outputs, weighted).mean().item() == pytest.approx((3 * 2 + 8) / 4)


def test_a_series_is_read_as_if_it_were_alone():
    values = series()
    module = moved(trained(values, "multiplicative")).eval()
    batch = whole(values)
    with torch.no_grad():
        together = module(batch.inputs, batch.lengths)
        for n in range(3):
            row = batch.select(torch.tensor([n]))
            alone = module(row.inputs, row.lengths)
            torch.testing.assert_close(alone.raw[0], together.raw[n, : LENGTHS[n]])
            torch.testing.assert_close(alone.centre[0], together.centre[n, : LENGTHS[n]])


def test_what_stands_past_a_length_is_not_read():
    module = moved(trained(series(), "multiplicative")).eval()
    batch = whole(series())
    dirty = batch.inputs.clone()
    dirty[1, LENGTHS[1] :, 0] = -7.0  # has no logarithm
    with torch.no_grad():
        clean, found = module(batch.inputs, batch.lengths), module(dirty, batch.lengths)
    for one, other in zip(clean, found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_training_learns_and_moves_the_series_own_coefficients():
    values = series()
    module = trained(values, "multiplicative")
    before = module.smoothing()
    loss = SmoothedLoss(ForecastLoss("point"), "multiplicative")
    config = TrainingConfig(learning_rate=1e-2, batch_size=2, epochs=15, seed=1)
    history = Trainer(module, loss, whole(values), None, config).run()
    losses = [record.train_loss for record in history.records]
    assert losses[-1] < 0.8 * losses[0]
    after = module.smoothing()
    for name in ("level", "seasonal", "first_seasonals"):
        change = getattr(after.coefficients, name) - getattr(before.coefficients, name)
        assert (np.abs(change).reshape(3, -1).max(axis=1) > 1e-3).all()
    assert after.names == before.names


def test_the_pace_is_that_of_the_rates():
    values = series()
    batch = whole(values)
    gradients = []
    for pace in (1.0, 7.0):
        module = trained(values, "multiplicative", pace=pace)
        module(batch.inputs, batch.lengths).centre.sum().backward()
        gradients.append([module.level.grad, module.seasonal.grad, module.first_seasonals.grad])
    for one, other, factor in zip(*gradients, (7, 7, 1), strict=True):
        torch.testing.assert_close(other, factor * one)


def test_examples_of_whole_series():
    values = np.arange(1.0, 9.0)
    features = 10 * values[:, None]
    made = series_examples(
        values, np.array([0, 5, 8]), 2, np.array([1, 0]), np.array([3, 9]), features
    )
    assert made.lengths.tolist() == [5, 3]
    np.testing.assert_array_equal(made.inputs[0, :, 0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(made.inputs[1, :3], [[6, 60, 1], [7, 70, 1], [8, 80, 1]])
    np.testing.assert_array_equal(
        made.targets[0], [[NAN, NAN], [3, 4], [4, 5], [NAN, NAN], [NAN, NAN]]
    )
    np.testing.assert_array_equal(made.targets[1, :3], [[7, 8], [8, NAN], [NAN, NAN]])
    assert torch.isnan(made.targets[1, 3:]).all()


def test_what_is_refused():
    with pytest.raises(ArgumentError, match="output: found 'negative_binomial'"):
        SmoothedLoss(ForecastLoss("negative_binomial"), "multiplicative")
    with pytest.raises(ArgumentError, match="level_penalty: found -1"):
        SmoothedLoss(ForecastLoss(), "additive", level_penalty=-1)
    with pytest.raises(ArgumentError, match="pace: found 0"):
        trained(series(), "multiplicative", pace=0)
    with pytest.raises(ShapeError, match="3 of each, 67"):
        series_examples(series(), OFFSETS, 2, np.zeros(2, int), np.zeros(3, int))
