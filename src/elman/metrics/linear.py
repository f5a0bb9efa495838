"""The two linear models that a recurrent network should beat."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from elman.errors import MissingExtraError

__all__ = ["ITERATIONS", "NOT_CONVERGED", "LinearMap", "fit_logistic", "fit_ridge"]

ITERATIONS = 100
NOT_CONVERGED = f"the logistic regression had not fully converged after {ITERATIONS} iterations"
PENALTIES = (1e-6, 1e-4, 1e-2, 1e-1, 1.0, 10.0)


class LinearMap(NamedTuple):
    """y = weight·x + bias, with weight `[K, F]` and bias `[K]`."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """`[N, F]` to `[N, K]`."""
        return features @ self.weight.T + self.bias


def _standardise(
    features: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The features with mean 0 and deviation 1, and that mean and deviation."""
    mean = weight @ features / weight.sum()
    centred = features - mean.astype(features.dtype)
    deviation = np.sqrt(weight @ centred**2 / weight.sum())
    deviation[deviation < 1e-6 * (np.abs(mean) + 1e-30)] = 1.0  # constant but for rounding
    centred /= deviation.astype(features.dtype)
    return centred, mean, deviation


def _on_raw_features(coefficients: np.ndarray, intercept: np.ndarray, mean, deviation) -> LinearMap:
    """A map fitted on standardised features, as one on the features themselves."""
    weight = coefficients / deviation
    return LinearMap(weight, intercept - weight @ mean)


def fit_logistic(
    features: np.ndarray, labels: np.ndarray, classes: int, weight: np.ndarray
) -> tuple[LinearMap, bool]:
    """Multinomial logistic regression (L2 penalty with C = 1 on standardised features).

    Args:
        features: `[N, F]`.
        labels: Class indices `[N]` in 0…classes-1.
        classes: Number of classes; each occurs.
        weight: `[N]`, the rows' weights.

    Returns:
        The map to one score per class, and whether the search converged within
        `ITERATIONS` steps.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    if classes == 1:
        return LinearMap(np.zeros((1, features.shape[1])), np.zeros(1)), True
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError.of("scikit-learn", "train", "the baselines") from error
    scaled, mean, deviation = _standardise(features, weight)
    model = LogisticRegression(C=1.0, max_iter=ITERATIONS)
    with warnings.catch_warnings():  # said by the returned flag instead
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaled, labels, sample_weight=weight)
    coefficients, intercept = (
        np.asarray(fitted, dtype=np.float64) for fitted in (model.coef_, model.intercept_)
    )
    if classes == 2:  # one score, positive for class 1: class 0 always scores 0
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercept = np.append(0.0, intercept)
    converged = bool(np.max(model.n_iter_) < ITERATIONS)
    return _on_raw_features(coefficients, intercept, mean, deviation), converged


def fit_ridge(
    features: np.ndarray, targets: np.ndarray, weight: np.ndarray, seed: int
) -> LinearMap:
    """Linear regression; its L2 penalty is the one of `PENALTIES` that serves unseen rows best.

    The penalty is relative to the number of rows; a fifth of the rows, drawn by `seed`,
    chooses it, and all rows are used for the answer. Features `[N, F]`, targets `[N, K]`.
    """
    scaled, mean, deviation = _standardise(features.astype(np.float64), weight)
    centre = weight @ targets / weight.sum()
    residual = targets - centre
    held_out = np.random.default_rng(seed).permutation(len(targets)) < len(targets) // 5
    penalty = PENALTIES[2]
    if held_out.any() and weight[~held_out].sum() > 0:
        part = _normal_equations(scaled[~held_out], residual[~held_out], weight[~held_out])
        errors = [
            weight[held_out] @ (residual[held_out] - scaled[held_out] @ _solve(*part, p)) ** 2
            for p in PENALTIES
        ]
        penalty = PENALTIES[int(np.argmin([error.sum() for error in errors]))]
    solution = _solve(*_normal_equations(scaled, residual, weight), penalty)
    return _on_raw_features(solution.T, centre, mean, deviation)


def _normal_equations(
    features: np.ndarray, targets: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    weighted = features.T * (weight / weight.sum())
    return weighted @ features, weighted @ targets


def _solve(gram: np.ndarray, moments: np.ndarray, penalty: float) -> np.ndarray:
    return np.linalg.solve(gram + penalty * np.eye(len(gram)), moments)
