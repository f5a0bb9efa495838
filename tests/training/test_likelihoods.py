from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from elman.errors import ArgumentError
from elman.metrics.forecasts.distributions import DEVIATION_FLOOR, FREEDOM_FLOOR
from elman.training.loop.likelihoods import POINT_LOSSES, ForecastLoss

RAW = torch.tensor([0.3, -0.4, 0.9, 0.1, 1.2, -0.7], dtype=torch.float64)


def batch_of(targets, scale=None, weights=None):
    return SimpleNamespace(targets=targets, spread=scale, weights=weights)


def of_one(loss, raw, target, scale=None):
    """The loss of one value."""
    targets = torch.tensor([[[target]]], dtype=torch.float64)
    scale = None if scale is None else torch.tensor([[scale]], dtype=torch.float64)
    found = loss(raw[None], batch_of(targets, scale))
    assert found.count == 1
    return found.total.item()


def softplus(value):
    return np.logaddexp(0, value)


@pytest.mark.parametrize("target", [-2.0, 0.1, 3.5])
def test_gaussian_and_student_are_scipys(target):
    raw = RAW.numpy()
    deviation = softplus(raw[1]) + DEVIATION_FLOOR
    gaussian = of_one(ForecastLoss("gaussian"), RAW[:2], target)
    assert gaussian == pytest.approx(-stats.norm.logpdf(target, raw[0], deviation), abs=1e-10)
    freedom = FREEDOM_FLOOR + softplus(raw[2])
    student = of_one(ForecastLoss("student"), RAW[:3], target)
    assert student == pytest.approx(-stats.t.logpdf(target, freedom, raw[0], deviation), abs=1e-10)


@pytest.mark.parametrize("count", [0, 1, 7, 300])
@pytest.mark.parametrize("scale", [1.0, 12.5])
def test_counts_are_scipys(count, scale):
    mean, dispersion = softplus(0.3) * scale, softplus(-0.4) + DEVIATION_FLOOR
    shape = 1 / dispersion
    expected = -stats.nbinom.logpmf(count, shape, shape / (shape + mean))
    found = of_one(ForecastLoss("negative_binomial"), RAW[:2], count / scale, scale)
    assert found == pytest.approx(expected, rel=1e-9)


def test_quantiles_are_pinball():
    levels = (0.1, 0.5, 0.9)
    raw = RAW[:3]
    found = of_one(ForecastLoss("quantiles", levels), raw, 0.5)
    each = [
        max(p * (0.5 - q), (p - 1) * (0.5 - q)) for p, q in zip(levels, raw.tolist(), strict=True)
    ]
    assert found == pytest.approx(np.mean(each))


def test_point_losses():
    assert of_one(ForecastLoss(loss="mse"), RAW[:1], 2.3) == pytest.approx(4.0)
    assert of_one(ForecastLoss(loss="mae"), RAW[:1], 2.3) == pytest.approx(2.0)
    assert of_one(ForecastLoss(loss="huber"), RAW[:1], 2.3) == pytest.approx(1.5)


HEADS = [("point", ()), ("quantiles", (0.2, 0.8)), ("gaussian", ()), ("student", ())]
HEADS += [("negative_binomial", ())]
WIDTHS = {"point": 1, "quantiles": 2, "gaussian": 2, "student": 3, "negative_binomial": 2}


@pytest.mark.parametrize(("output", "levels"), HEADS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_missing_targets_change_nothing_and_get_no_gradient(output, levels, seed):
    draws = torch.Generator().manual_seed(seed)
    loss = ForecastLoss(output, levels)
    raw = torch.randn(2, 3, 2 * WIDTHS[output], dtype=torch.float64, generator=draws)
    targets = torch.randint(0, 5, (2, 3, 2), generator=draws).double()
    scale, weights = torch.ones(2, 2).double(), torch.tensor([1.0, 2.0]).double()
    holes = torch.rand(2, 3, 2, generator=draws) < 0.4
    holes[0, 0, 0], holes[1, 1, 1] = True, False
    raw.requires_grad_()
    found = loss(raw, batch_of(targets.masked_fill(holes, torch.nan), scale, weights))
    assert found.count == ((~holes) * weights[:, None, None]).sum()
    (gradient,) = torch.autograd.grad(found.total, raw)
    gradient = gradient.reshape(2, 3, 2, -1)
    assert (gradient[holes] == 0).all()
    assert (gradient[~holes] != 0).any()
    filled = loss(raw, batch_of(targets.masked_fill(holes, 1e3), scale, weights))
    assert filled.total != found.total


@pytest.mark.parametrize(("output", "levels"), HEADS)
def test_gradients(output, levels):
    draws = torch.Generator().manual_seed(5)
    loss = ForecastLoss(output, levels, "mse")
    targets = torch.tensor([[[1.0], [4.0]], [[2.0], [0.0]]], dtype=torch.float64)
    batch = batch_of(targets, torch.tensor([[1.0], [3.0]], dtype=torch.float64))
    raw = torch.randn(2, 2 * WIDTHS[output], dtype=torch.float64, generator=draws)
    assert torch.autograd.gradcheck(lambda raw: loss(raw, batch).total, raw.requires_grad_())


def test_the_order_is_step_target_parameter():
    targets = torch.tensor([[[10.0, 20.0], [30.0, 40.0]]])
    flat = torch.tensor([[10.0, 20.0, 30.0, 40.0]])
    assert ForecastLoss(loss="mse")(flat, batch_of(targets)).total == 0


@pytest.mark.parametrize(
    "wrong", [{"output": "cauchy"}, {"loss": "mape"}, {"output": "quantiles"}, {"levels": (0.5,)}]
)
def test_wrong_names(wrong):
    with pytest.raises(ArgumentError):
        ForecastLoss(**wrong)


def test_every_point_loss_is_zero_at_the_target():
    for name in POINT_LOSSES:
        assert of_one(ForecastLoss(loss=name), RAW[:1], RAW[0].item()) == 0
