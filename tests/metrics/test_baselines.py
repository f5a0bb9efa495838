"""The baselines: against scikit-learn's own models, by law, and at the extremes."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from elman.errors import ArgumentError, BundleError, MissingExtraError, ShapeError
from elman.metrics import (
    ClassificationBaselines,
    RegressionBaselines,
    baselines,
    fit_classification,
    fit_regression,
)

FLAT = "logistic regression on the flattened input"
MEAN = "logistic regression on the averaged input"


def sequences(values, lengths=None):
    values = np.array(values, dtype=np.float32)
    lengths = np.full(len(values), values.shape[1]) if lengths is None else np.array(lengths)
    values[np.arange(values.shape[1]) >= lengths[:, None]] = 0
    return SimpleNamespace(values=values, lengths=lengths)


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    return (sequences(images[:1200]), labels[:1200]), (sequences(images[1200:]), labels[1200:])


@pytest.fixture
def ragged():
    """Class = whether the mean of feature 0 over the real steps is positive."""
    draw = np.random.default_rng(3)
    lengths = draw.integers(1, 9, size=300)
    labels = draw.integers(2, size=300)
    values = draw.normal(size=(300, 8, 2))
    values[:, :, 0] += 2.0 * (2 * labels - 1)[:, None]
    return sequences(values, lengths), labels


def test_digits_score_as_scikit_learns_pipeline_does(digits):
    train, test = digits
    fitted = fit_classification(*train)
    scores = fitted.scores(*test)
    assert list(scores) == ["majority class", FLAT] == list(fitted.names)
    majority = np.bincount(train[1]).argmax()
    assert scores["majority class"] == pytest.approx((test[1] == majority).mean())
    theirs = make_pipeline(StandardScaler(), LogisticRegression(max_iter=100))
    theirs.fit(train[0].values.reshape(1200, -1), train[1])
    expected = theirs.predict(test[0].values.reshape(len(test[1]), -1))
    assert (fitted.predict(test[0])[FLAT] == expected).mean() > 0.995
    assert scores[FLAT] > 0.88
    assert fitted.notes == ()


def test_sequences_of_different_lengths_are_averaged_over_real_steps(ragged):
    fitted = fit_classification(*ragged)
    scores = fitted.scores(*ragged)
    assert scores[MEAN] > 0.95
    assert scores["majority class"] < 0.6


def test_long_equal_sequences_are_averaged_too():
    draw = np.random.default_rng(0)
    long = sequences(draw.normal(size=(20, 4097, 1)))
    assert fit_classification(long, np.arange(20) % 2).names[1] == MEAN
    short = sequences(draw.normal(size=(20, 512, 8)))
    assert fit_classification(short, np.arange(20) % 2).names[1] == FLAT


def test_padding_changes_nothing_and_other_lengths_have_no_flattened_answer(digits):
    (train, labels), (test, _) = digits
    fitted = fit_classification(train, labels)
    padded = SimpleNamespace(
        values=np.pad(test.values, ((0, 0), (0, 3), (0, 0))), lengths=test.lengths
    )
    np.testing.assert_array_equal(fitted.predict(padded)[FLAT], fitted.predict(test)[FLAT])
    shorter = sequences(test.values[:, :7])
    assert list(fitted.predict(shorter)) == ["majority class"]


def test_labels_may_be_any_integers_and_classes_missing_in_training(ragged):
    data, labels = ragged
    fitted = fit_classification(data, np.where(labels == 1, 7, 3))
    assert set(fitted.predict(data)[MEAN]) == {3, 7}
    assert set(fitted.predict(data)["majority class"]) <= {3, 7}
    assert 0.9 < fitted.scores(data, np.where(labels == 1, 7, 5))[MEAN] + (labels == 0).mean() <= 1


def test_one_class_only(ragged):
    data, labels = ragged
    fitted = fit_classification(data, np.full(len(labels), 4))
    assert set(fitted.predict(data)[MEAN]) == {4}


def test_weights_count_and_rows_of_weight_zero_do_not(ragged):
    data, labels = ragged
    few = np.flatnonzero(labels == 0)[:3]
    weight = np.zeros(len(labels))
    weight[few] = 1.0
    fitted = fit_classification(data, labels, weight)
    assert set(fitted.predict(data)["majority class"]) == {0}
    assert set(fitted.predict(data)[MEAN]) == {0}


def test_several_labels_a_row(ragged):
    data, labels = ragged
    several = np.stack([labels, 1 - labels, np.ones_like(labels), np.zeros_like(labels)], axis=1)
    several[:200, 1] = 1
    fitted = fit_classification(data, several)
    assert fitted.names == ("majority of each label", MEAN)
    answers = fitted.predict(data)
    wanted = (several.mean(axis=0) > 0.5).astype(int)
    assert (answers["majority of each label"] == wanted).all()
    assert (answers[MEAN][:, 0] == labels).mean() > 0.95
    assert (answers[MEAN][:, 2:] == [1, 0]).all()
    again = ClassificationBaselines.from_tensors(fitted.tensors())
    assert again.scores(data, several) == fitted.scores(data, several)


def test_too_many_rows_are_sampled_by_the_seed_and_said_so(ragged, monkeypatch):
    monkeypatch.setattr(baselines, "LARGEST_FIT", 2000)
    data, labels = ragged
    one, same, other = (fit_classification(data, labels, seed=s) for s in (1, 1, 2))
    assert one.notes == ("the linear baseline was fitted on 100 of 300 rows",)
    np.testing.assert_array_equal(one.tensors()["weight"], same.tensors()["weight"])
    assert (one.tensors()["weight"] != other.tensors()["weight"]).any()


def test_no_convergence_is_said(digits, monkeypatch):
    monkeypatch.setattr("elman.metrics.linear.ITERATIONS", 3)
    fitted = fit_classification(*digits[0])
    assert "not fully converged" in fitted.notes[0]
    assert ClassificationBaselines.from_tensors(fitted.tensors()).notes == fitted.notes


def test_linear_targets_are_found_exactly_and_the_mean_scores_zero():
    draw = np.random.default_rng(1)
    data = sequences(draw.normal(size=(200, 5, 3)))
    flat = data.values.reshape(200, -1).astype(float)
    targets = flat @ draw.normal(size=(15, 2)) + [3.0, -40.0]
    fitted = fit_regression(data, targets)
    name = "linear regression on the flattened input"
    assert fitted.names == ("mean", name)
    np.testing.assert_allclose(fitted.predict(data)[name], targets, atol=1e-3)
    np.testing.assert_allclose(fitted.predict(data)["mean"][0], targets.mean(axis=0))
    scores = fitted.scores(data, targets)
    assert scores["mean"] == pytest.approx(0, abs=1e-9)
    assert scores[name] > 0.99999


def test_more_features_than_rows_does_not_fit_noise():
    draw = np.random.default_rng(2)
    data, targets = sequences(draw.normal(size=(60, 20, 10))), draw.normal(size=60)
    fresh, unseen = sequences(draw.normal(size=(400, 20, 10))), draw.normal(size=400)
    scores = fit_regression(data, targets).scores(fresh, unseen)
    assert scores["linear regression on the flattened input"] > -0.3


def test_features_of_very_different_size_and_constant_ones_are_safe():
    draw = np.random.default_rng(4)
    values = draw.normal(size=(100, 4, 3)) * [1e-4, 1e5, 0] + [0, 1e6, 12.3]
    data = sequences(values)
    targets = data.values[:, -1, 0].astype(float) * 1e4
    scores = fit_regression(data, targets).scores(data, targets)
    assert scores["linear regression on the flattened input"] > 0.999
    fitted = fit_classification(data, (targets > 0).astype(int))
    assert fitted.scores(data, targets > 0)[FLAT] > 0.95


def test_a_target_per_step_is_a_map_of_the_steps_own_features():
    draw = np.random.default_rng(5)
    lengths = draw.integers(0, 7, size=80)
    data = sequences(draw.normal(size=(80, 6, 2)), lengths)
    targets = data.values @ [2.0, -1.0] + 0.5
    garbage = np.where(np.arange(6) < lengths[:, None], targets, np.nan)  # never read
    fitted = fit_regression(data, garbage, per_step=True)
    name = "linear regression on each step's own features"
    assert fitted.names == ("mean", name)
    scores = fitted.scores(data, garbage)
    assert scores[name] > 0.9999
    assert scores["mean"] == pytest.approx(0, abs=1e-9)
    assert fitted.predict(data)[name].shape == (lengths.sum(), 1)
    twice = fit_regression(data, np.stack([targets, -targets], axis=2), per_step=True)
    assert twice.predict(data)["mean"].shape == (lengths.sum(), 2)


def test_regression_weights_count():
    data = sequences(np.arange(6.0).reshape(6, 1, 1))
    targets = np.array([0.0, 1, 2, 0, 0, 0])
    fitted = fit_regression(data, targets, [1, 1, 1, 0, 0, 0])
    assert fitted.mean.tolist() == [1.0]
    linear = fitted.predict(data)["linear regression on the flattened input"][:, 0]
    np.testing.assert_allclose(linear, np.arange(6.0), atol=0.05)


def test_one_row_gives_its_own_target():
    fitted = fit_regression(sequences([[[1.0, 2.0]]]), [7.0])
    for answer in fitted.predict(sequences([[[5.0, 5.0]]])).values():
        np.testing.assert_allclose(answer, [[7.0]])


def test_tensors_carry_everything(digits, ragged):
    train, test = digits
    fitted = fit_classification(*train)
    again = ClassificationBaselines.from_tensors(fitted.tensors())
    assert again.scores(*test) == fitted.scores(*test)
    data, labels = ragged
    numbers = fit_regression(data, labels * 1.0)
    other = RegressionBaselines.from_tensors(numbers.tensors())
    assert other.scores(data, labels) == numbers.scores(data, labels)


@pytest.mark.parametrize("missing", ["majority", "classes", "weight", "bias", "facts"])
def test_missing_or_misfitting_tensors_are_a_damaged_bundle(ragged, missing):
    tensors = fit_classification(*ragged).tensors()
    with pytest.raises(BundleError, match=missing):
        ClassificationBaselines.from_tensors({k: v for k, v in tensors.items() if k != missing})
    with pytest.raises(BundleError, match="fit together"):
        ClassificationBaselines.from_tensors(tensors | {missing: np.zeros((3, 3, 3))})


def test_a_saved_regression_without_its_mean_is_a_damaged_bundle(ragged):
    data, labels = ragged
    tensors = fit_regression(data, labels).tensors()
    with pytest.raises(BundleError, match="fit together"):
        RegressionBaselines.from_tensors(tensors | {"mean": np.zeros(5)})


def test_wrong_arguments_are_typed_errors(ragged):
    data, labels = ragged
    with pytest.raises(ShapeError, match="300 sequences"):
        fit_classification(data, labels[:-1])
    with pytest.raises(ArgumentError, match="class indices"):
        fit_classification(data, labels.astype(str))
    with pytest.raises(ArgumentError, match="sample_weight"):
        fit_classification(data, labels, np.zeros(300))
    with pytest.raises(ArgumentError, match="sample_weight"):
        fit_regression(data, labels, -np.ones(300))
    with pytest.raises(ShapeError, match="steps"):
        fit_regression(data, np.zeros((300, 5)), per_step=True)
    fitted = fit_classification(data, labels)
    with pytest.raises(ShapeError, match="features"):
        fitted.predict(sequences(np.zeros((2, 8, 5)), [8, 7]))


def test_without_scikit_learn_the_error_names_the_extra(ragged, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.exceptions", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[train\]"):
        fit_classification(*ragged)
    fit_regression(*ragged)  # it needs NumPy only
