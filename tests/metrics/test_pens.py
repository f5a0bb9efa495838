"""The baselines of drawings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from elman.errors import BundleError, ShapeError
from elman.metrics.pens import PenBaselines, fit_pens


def drawings(count: int = 80, seed: int = 0) -> list[np.ndarray]:
    """Each move is half of the one before and some chance; every fourth lifts the pen."""
    draws = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        moves = [draws.normal(size=2)]
        for _ in range(7):
            moves.append(0.5 * moves[-1] + 0.2 * draws.normal(size=2))
        up = (np.arange(8) % 4 == 3).astype(float)
        steps = np.column_stack([np.zeros(8), moves, up])
        found.append(np.concatenate([steps, [[1, 0, 0, 0]]]))
    return found


def test_one_gaussian_is_scipys_with_counted_chances():
    some = drawings()
    fitted = fit_pens(some)
    one = stats.multivariate_normal(fitted.mean, fitted.spread)
    said = fitted.log_probabilities(some[0])["one Gaussian"]
    ended, up = fitted.rates
    assert ended == pytest.approx(81 / (80 * 9 + 2))
    wanted = np.log(1 - ended) + np.log(np.where(some[0][:-1, 3] == 1, up, 1 - up))
    np.testing.assert_allclose(said[:-1], wanted + one.logpdf(some[0][:-1, 1:3]))
    assert said[-1] == pytest.approx(np.log(ended))


def test_the_linear_map_finds_what_is_linear():
    fitted = fit_pens(drawings())
    np.testing.assert_allclose(fitted.weights[0, 1:3], 0.5 * np.eye(2), atol=0.1)
    np.testing.assert_allclose(fitted.spreads[0], 0.04 * np.eye(2), atol=0.01)
    new = drawings(20, seed=5)
    scores = {
        name: np.mean([fitted.log_probabilities(one)[name].mean() for one in new])
        for name in fitted.names
    }
    assert scores["linear, two steps back"] > scores["one Gaussian"] + 0.5


def test_they_come_back_from_a_file():
    fitted, one = fit_pens(drawings()), drawings(1)[0]
    again = PenBaselines.from_tensors(fitted.tensors())
    for name, said in fitted.log_probabilities(one).items():
        assert (again.log_probabilities(one)[name] == said).all()
    with pytest.raises(BundleError, match="no rates"):
        PenBaselines.from_tensors({**fitted.tensors(), "pens_rates": np.zeros(3)})
    with pytest.raises(ShapeError, match="no step"):
        fit_pens([])


def test_a_single_dot_has_a_chance():
    dot = np.array([[0, 0, 0, 1], [1, 0, 0, 0]], float)
    fitted = fit_pens([dot])
    assert all(np.isfinite(one).all() for one in fitted.log_probabilities(dot).values())
