"""Scores of predictions against what is true, in plain NumPy.

The definitions are scikit-learn's (several outputs: the plain average over them). All take
`sample_weight [N]`, non-negative, one weight a row; None weighs every row alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.errors import ArgumentError, ShapeError

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "confusion_matrix",
    "f1",
    "found_of_each",
    "log_loss",
    "mae",
    "r2",
    "rmse",
    "roc_areas",
    "roc_auc",
    "varying",
]


def accuracy(true: Any, predicted: Any, sample_weight: Any = None) -> float:
    """Share of rows that were predicted correctly, in [0, 1].

    Args:
        true: Labels `[N]`; or `[N, L]` 0 or 1 per label, where a row counts as correct only
            if all its L labels are.
        predicted: As `true`.
        sample_weight: `[N]`, or None.

    Raises:
        ShapeError: The shapes differ, or labels of one are text and of the other numbers.

    >>> accuracy(["a", "b", "b"], ["a", "b", "a"])
    0.6666666666666666
    """
    true, predicted = _labels(true, predicted)
    weight = _weights(sample_weight, len(true))
    correct = true == predicted
    if correct.ndim == 2:
        correct = correct.all(axis=1)
    return float(weight @ correct / weight.sum())


def balanced_accuracy(true: Any, predicted: Any, sample_weight: Any = None) -> float:
    """Mean over the classes in `true [N]` of the share of each that was found, in [0, 1].

    A guess that ignores the input scores 1 / number of classes, however uneven the classes.
    """
    true, predicted = _labels(true, predicted, ranks=(1,))
    weight = _weights(sample_weight, len(true))
    _, index = np.unique(true, return_inverse=True)
    total = np.bincount(index, weight)
    found = np.bincount(index, weight * (true == predicted))
    return float(np.mean(found[total > 0] / total[total > 0]))


def log_loss(true: Any, probabilities: Any, sample_weight: Any = None) -> float:
    """Mean of -log(probability given to the true class), in nats.

    Args:
        true: Class indices `[N]` in 0…K-1.
        probabilities: `[N, K]`, each row summing to 1. A zero counts as the smallest step of
            its float type, so that one confident mistake costs much and not everything.
        sample_weight: `[N]`, or None.

    Raises:
        ShapeError: Rank or number of rows does not fit.
        ArgumentError: An index is outside 0…K-1, or a value outside [0, 1].
    """
    true, probabilities = np.asarray(true), np.asarray(probabilities)
    if probabilities.ndim != 2 or true.shape != probabilities.shape[:1]:
        raise ShapeError(
            "probabilities",
            f"shape {probabilities.shape} beside true {true.shape}",
            "pass true [N] and probabilities [N, K]",
        )
    weight = _weights(sample_weight, len(true))
    classes = probabilities.shape[1]
    if true.dtype.kind not in "iu" or true.min() < 0 or true.max() >= classes:
        raise ArgumentError("true", f"found {true!r}", f"class indices in 0…{classes - 1}")
    if not (probabilities.min() >= 0 and probabilities.max() <= 1 + 1e-6):
        raise ArgumentError("probabilities", "a value outside [0, 1] or NaN", "pass softmax values")
    tiny = np.finfo(np.result_type(probabilities, np.float32)).eps
    chosen = probabilities[np.arange(len(true)), true].astype(np.float64)
    return float(weight @ -np.log(np.clip(chosen, tiny, 1.0)) / weight.sum())


def confusion_matrix(
    true: Any, predicted: Any, labels: Any = None, sample_weight: Any = None
) -> np.ndarray:
    """Rows (or their weight) by true class, down, and predicted class, across.

    Args:
        true: Labels `[N]`.
        predicted: Labels `[N]`.
        labels: The K classes in the order wanted; None: all that occur, sorted.
        sample_weight: `[N]`, or None.

    Returns:
        `[K, K]`; int64 counts, or float64 sums of `sample_weight`.

    Raises:
        ArgumentError: A label occurs that is not among `labels`.

    >>> confusion_matrix([0, 1, 1], [0, 1, 0]).tolist()
    [[1, 0], [1, 1]]
    """
    true, predicted = _labels(true, predicted, ranks=(1,))
    weight = _weights(sample_weight, len(true))
    known = np.unique(np.concatenate([true, predicted])) if labels is None else np.asarray(labels)
    order = np.argsort(known, kind="stable")
    row = _positions(true, known, order, "true")
    column = _positions(predicted, known, order, "predicted")
    size = len(known)
    flat = np.bincount(row * size + column, weight, minlength=size * size)
    matrix = flat.reshape(size, size)
    return matrix.astype(np.int64) if sample_weight is None else matrix


def found_of_each(
    true: Any, predicted: Any, labels: Any = None, sample_weight: Any = None
) -> dict[str, np.ndarray]:
    """How well each class, or each of several labels a row, was found.

    Args:
        true: Labels `[N]`; or `[N, L]` 0 or 1 per label.
        predicted: As `true`.
        labels: Of `[N]`: the K classes in the order wanted; None: all that occur, sorted. What is
            none of them counts as another class.
        sample_weight: `[N]`, or None.

    Returns:
        `count` (rows, or their weight, that have the class), `precision`, `recall` and `f1`, each
        `[K]` or `[L]` float64. A share of nothing is 0.
    """
    true, predicted = _labels(true, predicted)
    weight = _weights(sample_weight, len(true))
    if true.ndim == 2:
        has, said = true == 1, predicted == 1
        count, told, hits = weight @ has, weight @ said, weight @ (has & said)
    else:
        known = np.unique(np.concatenate([true, predicted])) if labels is None else labels
        pairs = [(true == label, predicted == label) for label in known]
        count = np.array([weight @ has for has, _ in pairs])
        told = np.array([weight @ said for _, said in pairs])
        hits = np.array([weight @ (has & said) for has, said in pairs])
    return {
        "count": count,
        "precision": _share(hits, told),
        "recall": _share(hits, count),
        "f1": _share(2 * hits, told + count),
    }


def f1(true: Any, predicted: Any, average: str = "macro", sample_weight: Any = None) -> float:
    """Harmonic mean of precision and recall, in [0, 1].

    Args:
        true: Labels `[N]`; or `[N, L]` 0 or 1 per label.
        predicted: As `true`.
        average: `macro`: the mean over the classes that occur in either, or over all L labels;
            `micro`: over all decisions alike, which for labels `[N]` is the accuracy.
        sample_weight: `[N]`, or None.

    Raises:
        ArgumentError: `average` is neither.
    """
    if average not in ("macro", "micro"):
        raise ArgumentError("average", f"found {average!r}", "macro or micro")
    true, predicted = _labels(true, predicted)
    weight = _weights(sample_weight, len(true))
    if average == "macro":
        counted = weight > 0  # a class that only rows without weight have does not occur
        each = found_of_each(true[counted], predicted[counted], None, weight[counted])
        return float(each["f1"].mean())
    if true.ndim == 1:
        return accuracy(true, predicted, weight)
    hits = weight @ ((true == 1) & (predicted == 1)).sum(axis=1)
    told = weight @ ((true == 1).sum(axis=1) + (predicted == 1).sum(axis=1))
    return float(_share(2 * hits, told))


def roc_auc(true: Any, scores: Any, sample_weight: Any = None) -> float:
    """Area under the ROC curve: how often a row that has a class is scored above one that has not.

    >>> roc_auc([0, 1, 1], [0.1, 0.4, 0.1])
    0.75

    Args:
        true: 0 and 1 `[N]`; or `[N, L]` per label; or class indices `[N]` in 0…K-1.
        scores: `[N]`; or `[N, L]`; or `[N, K]`: of two classes the second's is taken, of more the
            plain mean over those that occur, each against the rest. Equal scores count half.
        sample_weight: `[N]`, or None.

    Raises:
        ShapeError: The shapes do not fit.
        ArgumentError: Nothing is to be told apart: there is one class only. Or a score is NaN.
    """
    found = [area for area in roc_areas(true, scores, sample_weight) if area is not None]
    if not found:
        raise ArgumentError("true", "one class only", "rows of two classes: else there is no curve")
    return float(np.mean(found))


def roc_areas(true: Any, scores: Any, sample_weight: Any = None) -> list[float | None]:
    """The area for each class or label; None where all rows, or none, have it. See `roc_auc`."""
    true, scores = np.asarray(true), np.asarray(scores, dtype=np.float64)
    indices = true.ndim == 1 and scores.ndim == 2
    fits = true.shape == scores.shape and true.ndim in (1, 2)
    if indices:
        fits = len(true) == len(scores) and scores.shape[1] >= 2
    if not fits:
        raise ShapeError(
            "scores",
            f"shape {scores.shape} beside true {true.shape}",
            "scores [N] or [N, L] as true has, or [N, K] beside class indices [N]",
        )
    if np.isnan(scores).any():
        raise ArgumentError("scores", "found NaN", "numbers")
    weight = _weights(sample_weight, len(true))
    if indices and scores.shape[1] == 2:
        return [_area(true == 1, scores[:, 1], weight)]
    if indices:
        return [_area(true == k, scores[:, k], weight) for k in range(scores.shape[1])]
    columns = zip(
        (true == 1).reshape(len(true), -1).T, scores.reshape(len(true), -1).T, strict=True
    )
    return [_area(has, column, weight) for has, column in columns]


def _area(has: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> float | None:
    """The share of pairs, one that has it and one that has not, that are in order."""
    levels, place = np.unique(scores, return_inverse=True)
    with_it = np.bincount(place, weight * has, len(levels))
    without = np.bincount(place, weight * ~has, len(levels))
    pairs = with_it.sum() * without.sum()
    if pairs == 0:
        return None
    below = np.cumsum(without) - without
    return float(with_it @ (below + without / 2) / pairs)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Of nothing it is 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0.0)


def r2(true: Any, predicted: Any, sample_weight: Any = None) -> float:
    """Share of the variance explained; 1 is perfect, 0 is as good as the mean, below is worse.

    Args:
        true: Numbers `[N]` or `[N, K]`; for a number per step, the real steps only.
        predicted: As `true`.
        sample_weight: `[N]`, or None.

    A constant output counts 1 where it was met exactly and 0 elsewhere.
    """
    true, predicted = _numbers(true, predicted)
    weight = _weights(sample_weight, len(true))
    mean = weight @ true / weight.sum()
    missed = weight @ (true - predicted) ** 2
    spread = weight @ (true - mean) ** 2
    share = np.where(missed == 0, 1.0, 0.0)  # of outputs that do not vary
    varies = varying(true, weight)  # spread is not exactly 0 for a constant
    share[varies] = 1 - missed[varies] / spread[varies]
    return float(share.mean())


def varying(true: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Which outputs `[N, K]` have several values among the rows that count: bool `[K]`."""
    counted = true if weight is None else true[weight > 0]
    return (counted != counted[0]).any(axis=0)


def rmse(true: Any, predicted: Any, sample_weight: Any = None) -> float:
    """Root of the mean squared error, in the target's unit. Arguments as `r2`."""
    true, predicted = _numbers(true, predicted)
    weight = _weights(sample_weight, len(true))
    return float(np.sqrt(weight @ (true - predicted) ** 2 / weight.sum()).mean())


def mae(true: Any, predicted: Any, sample_weight: Any = None) -> float:
    """Mean absolute error, in the target's unit. Arguments as `r2`."""
    true, predicted = _numbers(true, predicted)
    weight = _weights(sample_weight, len(true))
    return float((weight @ np.abs(true - predicted) / weight.sum()).mean())


def _labels(true: Any, predicted: Any, ranks: tuple[int, ...] = (1, 2)) -> tuple:
    true, predicted = np.asarray(true), np.asarray(predicted)
    if true.shape != predicted.shape or true.ndim not in ranks:
        wanted = " or ".join({1: "[N]", 2: "[N, L]"}[rank] for rank in ranks)
        raise ShapeError(
            "predicted",
            f"shape {predicted.shape} beside true {true.shape}",
            f"pass two arrays of the same shape {wanted}",
        )
    if (true.dtype.kind in "US") != (predicted.dtype.kind in "US"):
        raise ShapeError(
            "predicted",
            f"{predicted.dtype} beside true {true.dtype}",
            "pass labels of one kind",
        )
    return true, predicted


def _numbers(true: Any, predicted: Any) -> tuple[np.ndarray, np.ndarray]:
    try:
        true, predicted = (np.asarray(a, dtype=np.float64) for a in (true, predicted))
    except (TypeError, ValueError) as error:
        raise ShapeError("true, predicted", str(error), "pass two arrays of numbers") from error
    if true.shape != predicted.shape or true.ndim not in (1, 2):
        raise ShapeError(
            "predicted",
            f"shape {predicted.shape} beside true {true.shape}",
            "pass two arrays of the same shape [N] or [N, K]",
        )
    return true.reshape(len(true), -1), predicted.reshape(len(true), -1)


def _weights(sample_weight: Any, rows: int) -> np.ndarray:
    if rows == 0:
        raise ShapeError("true", "found no rows", "pass at least one")
    if sample_weight is None:
        return np.ones(rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (rows,):
        raise ShapeError("sample_weight", f"shape {weight.shape}", f"pass shape ({rows},)")
    if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.sum() > 0):
        raise ArgumentError(
            "sample_weight",
            "a negative or non-finite value, or zeros only",
            "weights ≥ 0",
        )
    return weight


def _positions(values: np.ndarray, known: np.ndarray, order: np.ndarray, where: str) -> np.ndarray:
    """Where each value stands in `known`, whose sorting order is `order`."""
    slot = np.searchsorted(known, values, sorter=order).clip(max=len(known) - 1)
    position = order[slot]
    strange = known[position] != values
    if strange.any():
        raise ArgumentError(
            where,
            f"label {values[strange][0]!r}",
            f"one of the labels {known.tolist()}",
        )
    return position
