"""Estimators of sequences as estimators of rows: each row is a sequence of one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import elman


def sequences(X: Any) -> Any:
    """Rows `[N, F]` as sequences `[N, 1, F]`; of a frame each row as a frame, for its names.

    What is no table of rows is passed on as it is, so that the error is Elman's.
    """
    if hasattr(X, "columns"):
        return [X.iloc[[row]] for row in range(len(X))]
    if hasattr(X, "nnz"):  # sparse
        return X
    try:
        rows = np.asarray(X)
    except ValueError:
        return X
    return rows[:, None] if rows.ndim == 2 else X


class Flat:
    """What reads rows as sequences, before an estimator."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        return super().fit(sequences(X), y, sample_weight)

    def predict(self, X: Any) -> Any:
        return super().predict(sequences(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        return super().score(sequences(X), y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = True, False
        return tags


@dataclass(kw_only=True, eq=False, repr=False)
class FlatClassifier(Flat, elman.Classifier):
    """A classifier of rows."""

    def predict_proba(self, X: Any) -> Any:
        return super().predict_proba(sequences(X))

    def predict_log_proba(self, X: Any) -> Any:
        return super().predict_log_proba(sequences(X))

    def decision_function(self, X: Any) -> Any:
        return super().decision_function(sequences(X))

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        return super().partial_fit(sequences(X), y, classes, sample_weight)


@dataclass(kw_only=True, eq=False, repr=False)
class FlatRegressor(Flat, elman.Regressor):
    """A regressor of rows."""

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        return super().partial_fit(sequences(X), y, sample_weight)
