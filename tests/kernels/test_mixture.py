"""Mixtures against SciPy's densities, against integration, and against their own draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from elman.blueprint import Mixture
from elman.errors import ArgumentError
from elman.kernels import mixture
from elman.kernels.mixture import (
    draw_values,
    log_probability,
    outcomes,
    parameters_of,
    token_logits,
    tokens_of,
)

ONE = ("gaussian", "student_t", "logistic", "von_mises")
PEN = Mixture((("gaussian_full", 2), ("bernoulli", 1)), 3, ends=True)
MUCH = Mixture(
    (("categorical", 3), ("student_t", 2), ("bernoulli", 2), ("von_mises", 1)), 2, ends=True
)


def drawn(block: Mixture, rows: int = 1, scale: float = 1.5, seed: int = 0) -> np.ndarray:
    size = (rows, block.output_features(0))
    return np.random.default_rng(seed).normal(size=size) * scale


@pytest.mark.parametrize("family", ONE)
def test_each_density_integrates_to_one(family):
    block = Mixture(((family, 1),), 3)
    raw = drawn(block, seed=3)
    bounds = (-np.pi, np.pi) if family == "von_mises" else (-np.inf, np.inf)
    total, _ = integrate.quad(
        lambda x: float(np.exp(log_probability(block, raw, np.array([[x]]))[0])), *bounds, limit=500
    )
    assert total == pytest.approx(1, abs=1e-6)


def test_two_numbers_with_correlation_integrate_to_one():
    block = Mixture((("gaussian_full", 2),), 2)
    raw = drawn(block, scale=0.7, seed=1)
    x = np.linspace(-25, 25, 1201)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1)
    density = np.exp(log_probability(block, np.broadcast_to(raw[0], (1201, 1201, 12)), grid))
    assert density.sum() * (x[1] - x[0]) ** 2 == pytest.approx(1, abs=1e-6)


def test_densities_are_scipys():
    for family in ONE:
        block = Mixture(((family, 2),), 2)
        raw, values = drawn(block, 20), drawn(Mixture((("gaussian", 1),)), 20, seed=5)[:, :2]
        told = parameters_of(block, raw)
        (of,) = told["parts"]
        x = values[:, None]
        if family == "von_mises":
            each = stats.vonmises.logpdf(x, of["concentration"], of["location"])
        else:
            place = (of["location"], of["scale"])
            each = {
                "gaussian": lambda x=x, p=place: stats.norm.logpdf(x, *p),
                "logistic": lambda x=x, p=place: stats.logistic.logpdf(x, *p),
                "student_t": lambda x=x, p=place, f=of: stats.t.logpdf(x, f["freedom"], *p),
            }[family]()
        wanted = special.logsumexp(np.log(told["weights"]) + each.sum(axis=-1), axis=-1)
        np.testing.assert_allclose(log_probability(block, raw, values), wanted, 1e-10, 1e-10)


def test_a_full_covariance_and_all_that_is_discrete_are_scipys():
    rows, values = 12, np.random.default_rng(7).normal(size=(12, 2))
    pen = (np.arange(rows) % 2).astype(float)
    raw = drawn(PEN, rows)
    told = parameters_of(PEN, raw)
    of, up = told["parts"]
    found = log_probability(PEN, raw, np.column_stack([np.zeros(rows), values, pen]))
    for n in range(rows):
        density = 0.0
        for k in range(3):
            s, r = of["scale"][n, k], of["correlation"][n, k]
            covariance = [[s[0] ** 2, r * s[0] * s[1]], [r * s[0] * s[1], s[1] ** 2]]
            one = stats.multivariate_normal(of["location"][n, k], covariance)
            density += told["weights"][n, k] * one.pdf(values[n])
        chance = up["probability"][n, 0] if pen[n] else 1 - up["probability"][n, 0]
        assert found[n] == pytest.approx(np.log(density * chance * (1 - told["end"][n])))
    ended = log_probability(PEN, raw, np.column_stack([np.ones(rows), values, pen]))
    np.testing.assert_allclose(ended, np.log(told["end"]))


def test_tokens_sum_to_one_and_come_back():
    for block in (PEN, MUCH, Mixture((("bernoulli", 3),)), Mixture((("gaussian", 1),), 4)):
        logits = token_logits(block, drawn(block, 5))
        np.testing.assert_allclose(np.exp(logits).sum(axis=-1), 1)
        components, discrete = outcomes(block)
        assert logits.shape == (5, len(components))
        targets = np.zeros((len(components), block.values))
        column = 0
        for part in block.layout():
            if part.family in ("bernoulli", "categorical"):
                width = part.columns.stop - part.columns.start
                targets[:, part.columns] = discrete[:, column : column + width]
                column += width
        targets[:, 0] = np.where(components < 0, 1, targets[:, 0])
        found = tokens_of(block, np.maximum(components, 0), targets)
        assert found.tolist() == list(range(len(components)))


def test_too_many_outcomes_are_refused():
    with pytest.raises(ArgumentError, match="parts: 131,072 outcomes"):
        outcomes(Mixture((("bernoulli", 17),)))


@pytest.mark.parametrize("family", [*ONE, "gaussian_full"])
def test_draws_have_the_moments_of_their_distribution(family):
    size = 2 if family == "gaussian_full" else 1
    block, count = Mixture(((family, size),), 1), 40_000
    raw = np.repeat(drawn(block, scale=0.8, seed=11), count, axis=0)
    steps = np.zeros(count, np.int64)
    values = draw_values(block, raw, steps, 3, np.arange(count), steps)
    (of,) = parameters_of(block, raw[:1])["parts"]
    if family == "von_mises":
        one = stats.vonmises(of["concentration"][0, 0, 0])
        assert (np.abs(values) <= np.pi).all()
        values = (values - of["location"][0, 0, 0] + np.pi) % (2 * np.pi) - np.pi
    elif family == "student_t":
        one = stats.t(of["freedom"][0, 0, 0], of["location"][0, 0, 0], of["scale"][0, 0, 0])
    else:
        kind = stats.logistic if family == "logistic" else stats.norm
        one = kind(of["location"][0, 0, 0], of["scale"][0, 0, 0])
    assert stats.kstest(values[:, 0], one.cdf).pvalue > 1e-3
    if size == 2:
        found = np.corrcoef(values.T)[0, 1]
        assert found == pytest.approx(of["correlation"][0, 0], abs=0.02)
        assert values[:, 1].std() == pytest.approx(of["scale"][0, 0, 1], rel=0.02)


def test_a_draw_is_a_function_of_seed_row_step_and_token():
    raw = np.repeat(drawn(MUCH), 6, axis=0)
    tokens = np.array([5, 5, 5, 5, 6, 0])
    rows, steps = np.array([1, 1, 2, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0])
    values = draw_values(MUCH, raw, tokens, 9, rows, steps)
    numbers = values[:, 2:4]
    assert (numbers[0] == numbers[1]).all()
    assert all((numbers[0] != numbers[k]).all() for k in (2, 3, 4))
    assert values[5].tolist() == [1] + [0] * (MUCH.values - 1)
    alone = draw_values(MUCH, raw[2:3], tokens[2:3], 9, rows[2:3], steps[2:3])
    assert (alone == values[2]).all()
    assert (draw_values(MUCH, raw, tokens, 10, rows, steps)[0, 2:4] != numbers[0]).all()


def test_temperature_narrows_what_is_drawn():
    block, count = Mixture((("gaussian", 1), ("von_mises", 1)), 1), 20_000
    raw = np.repeat(drawn(block, seed=2), count, axis=0)
    steps = np.zeros(count, np.int64)
    told = (block, raw, steps, 0, np.arange(count), steps)
    wide, narrow, none = (draw_values(*told, temperature=t) for t in (1.0, 0.25, 0.0))
    assert narrow[:, 0].std() == pytest.approx(wide[:, 0].std() / 2, rel=0.02)
    assert np.ptp(none, axis=0).max() == 0
    of = parameters_of(block, raw[:1])["parts"]
    assert none[0, 0] == of[0]["location"][0, 0, 0]
    assert np.cos(none[0, 1] - of[1]["location"][0, 0, 0]) == pytest.approx(1)


@pytest.mark.parametrize("block", [PEN, MUCH], ids=["pen", "much"])
def test_extreme_parameters_stay_finite(block):
    # Pytorch-Sketch-RNN#6: NaN after some epochs
    size = block.output_features(0)
    rows = [np.full(size, value) for value in (1e30, -1e30, 1e-30, 0.0)]
    rows += [np.where(np.arange(size) % 2, 1e30, -1e30)]
    targets = np.zeros((len(rows), block.values))
    assert np.isfinite(log_probability(block, np.array(rows), targets)).all()
    assert np.isfinite(token_logits(block, np.array(rows))).all()
    tokens, steps = np.ones(len(rows), np.int64), np.arange(len(rows))
    assert np.isfinite(draw_values(block, np.array(rows), tokens, 0, steps, steps)).all()


def test_scales_are_bounded():
    (of,) = parameters_of(Mixture((("gaussian", 1),)), np.array([[0, 0, 1e9], [0, 0, -1e9]]))[
        "parts"
    ]
    assert of["scale"].ravel() == pytest.approx(np.exp([mixture.SCALE, -mixture.SCALE]))
