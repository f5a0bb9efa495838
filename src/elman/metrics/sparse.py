"""Linear models of counted runs, fitted: two to beat, and one that answers beside a network."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from elman.errors import MissingExtraError
from elman.metrics.calibration import fit_temperature, softmax
from elman.metrics.linear import ITERATIONS, LinearMap
from elman.metrics.ngrams import Counts

__all__ = ["fit_bayes", "fit_sparse_logistic", "fit_sparse_margins"]

_STRENGTHS = (1.0, 10.0, 100.0)  # C of the regression: the one that serves unseen texts best
_MARGIN_STRENGTHS = (0.3, 1.0, 3.0)  # C of the support vector machines, likewise
_HELD_OUT = 5  # one part of so many chooses it


def fit_bayes(counts: Counts, labels: np.ndarray, runs: int, weight: np.ndarray) -> LinearMap:
    """Multinomial naive Bayes; each run is taken to stand once more in each class.

    Args:
        counts: Of N texts.
        labels: Class indices `[N]` in 0…K-1, each of which occurs; or 0 and 1 per label `[N, L]`.
        runs: G.
        weight: `[N]`, the texts' weights, each above 0.

    Returns:
        A score for each class, of two classes one, for the second; or for each label: float32.
    """

    def fit(index: np.ndarray, classes: int) -> LinearMap:
        prior = np.log(np.bincount(index, weight, minlength=classes) / weight.sum())
        each, owner = counts.counts * weight[counts.rows], index[counts.rows]
        seen = np.bincount(owner * runs + counts.columns, each, minlength=classes * runs)
        seen = seen.reshape(classes, runs) + 1
        return LinearMap(np.log(seen / seen.sum(axis=1, keepdims=True)), prior)

    return _for_each(labels, runs, fit)


def fit_sparse_logistic(
    counts: Counts, labels: np.ndarray, runs: int, weight: np.ndarray, seed: int
) -> tuple[LinearMap, bool]:
    """Multinomial logistic regression with an L2 penalty.

    How strong the penalty is, a fifth of the texts choose, drawn by `seed`; then all are learnt
    from. Arguments and map as of `fit_bayes`; and whether every search converged within
    `ITERATIONS` steps.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from scipy.sparse import csr_matrix
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError.of("scikit-learn", "train", "the baselines") from error
    values = counts.counts.astype(np.float32)
    matrix = csr_matrix((values, (counts.rows, counts.columns)), (counts.texts, runs))
    held_out = np.random.default_rng(seed).permutation(counts.texts) % _HELD_OUT == 0
    converged = []

    def learnt(index: np.ndarray, rows: np.ndarray, strength: float) -> Any:
        model = LogisticRegression(C=strength, max_iter=ITERATIONS)
        with warnings.catch_warnings():  # said by the returned flag instead
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(matrix[rows], index[rows], sample_weight=weight[rows])

    def fit(index: np.ndarray, classes: int) -> LinearMap:
        if classes == 1:
            return LinearMap(np.zeros((1, runs)), np.zeros(1))
        strength = _STRENGTHS[0]
        if len(np.unique(index[~held_out])) > 1 and held_out.any():
            models = [learnt(index, ~held_out, one) for one in _STRENGTHS]
            right = [
                weight[held_out] @ (model.predict(matrix[held_out]) == index[held_out])
                for model in models
            ]
            strength = _STRENGTHS[int(np.argmax(right))]
        model = learnt(index, np.ones(counts.texts, dtype=bool), strength)
        converged.append(np.max(model.n_iter_) < ITERATIONS)
        return LinearMap(np.asarray(model.coef_), np.asarray(model.intercept_))

    return _for_each(labels, runs, fit), all(converged)


def fit_sparse_margins(
    counts: Counts, labels: np.ndarray, runs: int, weight: np.ndarray, seed: int
) -> LinearMap:
    """A support vector machine of each class against the rest (squared hinge, L2 penalty).

    How strong the penalty is, a fifth of the texts choose, drawn by `seed`, and by which
    temperature the margins of all classes become logits: by the likelihood of those texts. Then all
    are learnt from. Where no text is left to choose by, C is 1, and margins are logits.

    Args:
        counts: Of N texts.
        labels: Class indices `[N]` in 0…K-1, each of which occurs; K ≥ 2.
        runs: G.
        weight: `[N]`, the texts' weights, each above 0.
        seed: See above; and of the search.

    Returns:
        Logits of the K classes, float32.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from scipy.sparse import csr_matrix
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise MissingExtraError.of("scikit-learn", "train", "the linear map") from error
    matrix = csr_matrix((counts.counts, (counts.rows, counts.columns)), (counts.texts, runs))
    held_out = np.random.default_rng(seed).permutation(counts.texts) % _HELD_OUT == 0
    held_out[np.unique(labels, return_index=True)[1]] = False  # of each class one is learnt

    def learnt(rows: np.ndarray, strength: float) -> LinearMap:
        model = LinearSVC(C=strength, random_state=seed)
        with warnings.catch_warnings():  # a search that stops early has served held-out texts so
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(matrix[rows], labels[rows], sample_weight=weight[rows])
        map_ = LinearMap(np.asarray(model.coef_), np.asarray(model.intercept_))
        if len(map_.bias) > 1:
            return map_
        return LinearMap(*(np.concatenate([-one, one]) / 2 for one in map_))  # of two classes

    strength, temperature = 1.0, 1.0
    if held_out.any():
        some, true, each = matrix[held_out], labels[held_out], weight[held_out]
        tried = []
        for one in _MARGIN_STRENGTHS:
            map_ = learnt(~held_out, one)
            tried.append((*_tempered(some @ map_.weight.T + map_.bias, true, each), one))
        _, temperature, strength = min(tried)
    map_ = learnt(np.ones(counts.texts, dtype=bool), strength)
    return _as_kept(LinearMap(map_.weight / temperature, map_.bias / temperature))


def _tempered(margins: np.ndarray, true: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """The least loss that a temperature makes of margins `[N, K]`, in nats, and that one."""
    temperature = fit_temperature(margins, true, weight)
    chances = softmax(margins / temperature)[np.arange(len(true)), true]
    loss = -weight @ np.log(np.maximum(chances, np.finfo(np.float64).tiny))
    return float(loss), temperature


def _for_each(
    labels: np.ndarray, runs: int, fit: Callable[[np.ndarray, int], LinearMap]
) -> LinearMap:
    """The map of classes; or of several labels a row for each, constant where all have it or none.

    Where `fit` gives a row for each of two classes, the second's score above the first's.
    """
    if labels.ndim == 1:
        return _as_kept(_told_apart(fit(labels, int(labels.max()) + 1)))
    weights, biases = [np.zeros((0, runs))], [np.zeros(0)]
    for label in labels.T:
        constant = label.min() == label.max()
        sign = np.array([1.0 if label[0] else -1.0])
        map_ = LinearMap(np.zeros((1, runs)), sign) if constant else _told_apart(fit(label, 2))
        weights.append(map_.weight)
        biases.append(map_.bias)
    return _as_kept(LinearMap(np.concatenate(weights), np.concatenate(biases)))


def _told_apart(map_: LinearMap) -> LinearMap:
    if len(map_.bias) != 2:
        return map_
    return LinearMap(map_.weight[1:] - map_.weight[:1], map_.bias[1:] - map_.bias[:1])


def _as_kept(map_: LinearMap) -> LinearMap:
    return LinearMap(map_.weight.astype(np.float32), map_.bias.astype(np.float32))
