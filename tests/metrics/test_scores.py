"""Scores against scikit-learn's, on random and on extreme inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from elman import metrics
from elman.errors import ArgumentError, ShapeError
from elman.metrics.scores import found_of_each, roc_areas

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@given(draw=draws, classes=st.integers(1, 6), rows=st.integers(1, 40), weighted=st.booleans())
def test_class_scores_are_scikit_learns(draw, classes, rows, weighted):
    # predictions stay among the true classes: scikit-learn warns about others
    true = draw.integers(classes, size=rows)
    predicted = draw.choice(np.unique(true), size=rows)
    weight = draw.random(rows) + 0.1 if weighted else None
    for names in (np.arange(classes), np.array(["b", "ä", "c", "a", "z", "é"])):
        t, p = names[true], names[predicted]
        close(metrics.accuracy(t, p, weight), sk.accuracy_score(t, p, sample_weight=weight))
        close(
            metrics.balanced_accuracy(t, p, weight),
            sk.recall_score(t, p, average="macro", sample_weight=weight),
        )
        labels = names[:classes]
        if classes > 1:  # scikit-learn warns about a single class
            theirs = sk.confusion_matrix(t, p, labels=labels, sample_weight=weight)
            close(metrics.confusion_matrix(t, p, labels, weight), theirs)


@given(draw=draws, classes=st.integers(2, 6), rows=st.integers(1, 40), weighted=st.booleans())
def test_log_loss_is_scikit_learns(draw, classes, rows, weighted):
    true = draw.integers(classes, size=rows)
    probabilities = draw.dirichlet(np.full(classes, 0.3), size=rows)
    weight = draw.random(rows) + 0.1 if weighted else None
    theirs = sk.log_loss(true, probabilities, labels=np.arange(classes), sample_weight=weight)
    close(metrics.log_loss(true, probabilities, weight), theirs)


@given(draw=draws, outputs=st.integers(0, 3), rows=st.integers(2, 40), weighted=st.booleans())
def test_number_scores_are_scikit_learns(draw, outputs, rows, weighted):
    shape = (rows, outputs) if outputs else (rows,)
    true, predicted = draw.normal(size=shape), draw.normal(size=shape)
    weight = draw.random(rows) + 0.1 if weighted else None
    close(metrics.r2(true, predicted, weight), sk.r2_score(true, predicted, sample_weight=weight))
    close(
        metrics.rmse(true, predicted, weight),
        sk.root_mean_squared_error(true, predicted, sample_weight=weight),
    )
    close(
        metrics.mae(true, predicted, weight),
        sk.mean_absolute_error(true, predicted, sample_weight=weight),
    )


@pytest.mark.parametrize("weight", [None, np.linspace(0, 1, 31)])
def test_r2_of_a_constant_output_is_one_if_met_and_else_zero(weight):
    """Also where a weighted mean is not exactly the constant."""
    constant = np.full(31, 0.1)
    assert metrics.r2(constant, constant, weight) == 1.0
    assert metrics.r2(constant, constant + 1e-9, weight) == 0.0
    both = np.stack([constant, np.arange(31.0)], axis=1)
    assert metrics.r2(both, both + np.array([1, 0]), weight) == 0.5


def test_several_labels_a_row_count_only_together():
    true = [[1, 0], [1, 1], [0, 0], [0, 1]]
    predicted = [[1, 0], [1, 0], [0, 0], [1, 0]]
    assert metrics.accuracy(true, predicted) == 0.5
    assert metrics.accuracy(true, predicted, [3, 1, 0, 0]) == 0.75


def test_one_confident_mistake_costs_a_finite_log_loss():
    assert metrics.log_loss([1], np.array([[1.0, 0.0]])) == pytest.approx(52 * np.log(2))
    single = np.array([[1.0, 0.0]], dtype=np.float32)
    assert metrics.log_loss([1], single) == pytest.approx(23 * np.log(2))
    assert metrics.log_loss([0], single) == 0.0


def test_confusion_matrix_keeps_the_order_of_its_labels():
    matrix = metrics.confusion_matrix(["b", "a", "b"], ["b", "b", "a"], labels=["b", "c", "a"])
    assert matrix.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert matrix.dtype == np.int64
    weighted = metrics.confusion_matrix([0, 1], [1, 1], sample_weight=[0.5, 2])
    assert weighted.tolist() == [[0.0, 0.5], [0.0, 2.0]]


def test_a_weight_of_zero_is_as_if_the_row_were_not_there():
    true, predicted, weight = [0, 1, 1, 2], [0, 1, 0, 0], [1, 1, 1, 0]
    kept = metrics.balanced_accuracy(true[:3], predicted[:3])
    assert metrics.balanced_accuracy(true, predicted, weight) == kept
    assert metrics.r2([1.0, 2, 3, 9], [1.0, 2, 4, 0], weight) == metrics.r2([1, 2, 3], [1, 2, 4])


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: metrics.accuracy([1, 2], [1]), "predicted"),
        (lambda: metrics.accuracy([], []), "no rows"),
        (lambda: metrics.accuracy([1, 2], ["1", "2"]), "one kind"),
        (lambda: metrics.accuracy([1, 2], [1, 2], [1, 2, 3]), "sample_weight"),
        (lambda: metrics.balanced_accuracy([[1]], [[1]]), "predicted"),
        (lambda: metrics.log_loss([0, 1], np.ones((3, 2)) / 2), "probabilities"),
        (lambda: metrics.r2([[[1.0]]], [[[1.0]]]), "predicted"),
        (lambda: metrics.rmse(["x"], [1.0]), "numbers"),
    ],
)
def test_shapes_are_checked(call, word):
    with pytest.raises(ShapeError, match=word):
        call()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: metrics.accuracy([1, 2], [1, 2], [1, -1]), "sample_weight"),
        (lambda: metrics.accuracy([1, 2], [1, 2], [0, 0]), "sample_weight"),
        (lambda: metrics.accuracy([1, 2], [1, 2], [np.nan, 1]), "sample_weight"),
        (lambda: metrics.log_loss([2], np.ones((1, 2)) / 2), "class indices"),
        (lambda: metrics.log_loss([0.0], np.ones((1, 2)) / 2), "class indices"),
        (lambda: metrics.log_loss([0], np.array([[np.nan, 0.5]])), "probabilities"),
        (lambda: metrics.log_loss([0], np.array([[2.0, -1.0]])), "probabilities"),
        (lambda: metrics.confusion_matrix([0, 7], [0, 0], labels=[0, 1]), "label"),
    ],
)
def test_values_are_checked(call, word):
    with pytest.raises(ArgumentError, match=word):
        call()


@given(draw=draws, classes=st.integers(2, 6), rows=st.integers(2, 40), weighted=st.booleans())
def test_f1_is_scikit_learns(draw, classes, rows, weighted):
    true, predicted = draw.integers(classes, size=(2, rows))
    weight = draw.random(rows) + 0.1 if weighted else None
    for average in ("macro", "micro"):
        theirs = sk.f1_score(true, predicted, average=average, sample_weight=weight)
        close(metrics.f1(true, predicted, average, weight), theirs)
        several, said = draw.integers(2, size=(2, rows, 3))
        theirs = sk.f1_score(several, said, average=average, sample_weight=weight, zero_division=0)
        close(metrics.f1(several, said, average, weight), theirs)


@given(draw=draws, classes=st.integers(2, 5), rows=st.integers(2, 40), weighted=st.booleans())
def test_each_class_is_found_as_scikit_learn_says(draw, classes, rows, weighted):
    true, predicted = draw.integers(classes, size=(2, rows))
    weight = draw.random(rows) + 0.1 if weighted else None
    names = range(classes + 1)  # the last one never occurs
    found = found_of_each(true, predicted, names, weight)
    theirs = sk.precision_recall_fscore_support(
        true, predicted, labels=list(names), sample_weight=weight, zero_division=0
    )
    for name, values in zip(("precision", "recall", "f1", "count"), theirs, strict=True):
        close(found[name], values)


@given(draw=draws, rows=st.integers(2, 40), levels=st.integers(2, 6), weighted=st.booleans())
def test_the_area_of_two_classes_is_scikit_learns_with_ties(draw, rows, levels, weighted):
    true = np.concatenate([[0, 1], draw.integers(2, size=rows)])
    scores = draw.integers(levels, size=len(true)) / levels
    weight = draw.random(len(true)) + 0.1 if weighted else None
    theirs = sk.roc_auc_score(true, scores, sample_weight=weight)
    close(metrics.roc_auc(true, scores, weight), theirs)
    close(metrics.roc_auc(true, np.stack([1 - scores, scores], axis=1), weight), theirs)


@given(draw=draws, classes=st.integers(3, 5), rows=st.integers(1, 30), weighted=st.booleans())
def test_the_area_of_several_classes_is_scikit_learns(draw, classes, rows, weighted):
    true = np.concatenate([np.arange(classes), draw.integers(classes, size=rows)])
    chances = draw.dirichlet(np.full(classes, 0.5), size=len(true))
    weight = draw.random(len(true)) + 0.1 if weighted else None
    theirs = sk.roc_auc_score(true, chances, multi_class="ovr", sample_weight=weight)
    close(metrics.roc_auc(true, chances, weight), theirs)
    labels = np.stack([true == 0, true == 1], axis=1).astype(int)
    theirs = sk.roc_auc_score(labels, chances[:, :2], sample_weight=weight)
    close(metrics.roc_auc(labels, chances[:, :2], weight), theirs)


def test_a_class_that_does_not_occur_is_left_out_of_the_mean():
    chances = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    first = metrics.roc_auc([1, 0, 0], chances[:, 0])
    second = metrics.roc_auc([0, 1, 1], chances[:, 1])
    close(metrics.roc_auc([0, 1, 1], chances), (first + second) / 2)
    assert roc_areas([0, 1, 1], chances)[2] is None


@pytest.mark.parametrize(
    ("true", "scores", "error", "said"),
    [
        ([1, 1], [0.2, 0.3], ArgumentError, "one class only"),
        ([0, 0], [[0.5, 0.3, 0.2]] * 2, ArgumentError, "one class only"),
        ([0, 1], [0.2, np.nan], ArgumentError, "NaN"),
        ([0, 1], [0.2], ShapeError, r"shape \(1,\) beside true \(2,\)"),
        ([0, 1], [[0.2], [0.3]], ShapeError, r"scores \[N\]"),
        ([[0, 1]], [0.2], ShapeError, r"scores \[N\]"),
    ],
)
def test_an_area_that_is_none_is_refused(true, scores, error, said):
    with pytest.raises(error, match=said):
        metrics.roc_auc(true, scores)


def test_rows_without_weight_count_nothing():
    true, predicted, weight = [0, 1, 2, 1], [0, 1, 1, 0], [1, 1, 0, 1]
    close(metrics.f1(true, predicted, "macro", weight), metrics.f1([0, 1, 1], [0, 1, 0]))
    with pytest.raises(ArgumentError, match="macro or micro"):
        metrics.f1(true, predicted, "weighted")
