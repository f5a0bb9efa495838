"""scikit-learn's own checks of estimators, on rows that are sequences of one step."""

from __future__ import annotations

import warnings

import pytest
from sklearn.utils.estimator_checks import check_estimator

from tests.tasks.flat import FlatClassifier, FlatRegressor

WORDS = "an ElmanError says it, in its own words"
OF_BOTH = {
    "check_n_features_in_after_fitting": WORDS,
    "check_complex_data": WORDS,
    "check_estimators_empty_data_messages": WORDS,
    "check_estimators_nan_inf": WORDS,
    "check_requires_y_none": WORDS,
    "check_fit2d_predict1d": WORDS,
    "check_dtype_object": "a dictionary among numbers is a ShapeError, a ValueError, no TypeError",
    "check_sample_weight_equivalence_on_dense_data": (
        "a row that is there twice comes up in two batches, one of weight two in one: so the steps "
        "of gradient descent differ"
    ),
}
"""Checks that do not apply, and why."""
OF_CLASSIFIERS = OF_BOTH | {"check_classifiers_regression_target": WORDS}

OPTIONS = {
    **{"cell": "gru", "units": 8, "epochs": 6, "learning_rate": 0.1, "batch_size": 16},
    **{"validation": None, "baselines": False, "threads": 1, "axes": "NTI"},
}


@pytest.mark.parametrize(
    ("make", "excepted"), [(FlatClassifier, OF_CLASSIFIERS), (FlatRegressor, OF_BOTH)]
)
def test_all_checks_but_those_that_do_not_apply(make, excepted):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(make(**OPTIONS), on_fail=None, on_skip=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    unlisted = {name: error for name, error in failed.items() if name not in excepted}
    assert not unlisted
    assert set(excepted) == set(failed), "what passes now is no exception any more"
    assert sum(one["status"] == "passed" for one in results) > 45
