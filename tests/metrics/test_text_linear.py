"""The linear map beside a network: scikit-learn's own, in plain NumPy, in model files."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from elman.errors import BundleError
from elman.metrics.calibration import softmax
from elman.metrics.text_linear import TextLinear, fit_text_linear

STEMS = {0: ("ov", "ev", "in"), 1: ("ini", "elli", "etti"), 2: ("son", "ley", "ton")}


def surnames(count: int, seed: int = 0, classes: int = 3) -> tuple[list[str], np.ndarray]:
    draws = np.random.default_rng(seed)
    labels = draws.integers(classes, size=count)
    texts = []
    for label in labels:
        told = label if draws.random() < 0.9 else (label + 1) % classes
        texts.append("".join(draws.choice(list("abdegiklmnor"), 4)) + draws.choice(STEMS[told]))
    return texts, labels


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_scikit_learns_own_up_to_a_temperature(classes):
    texts, labels = surnames(240, classes=classes)
    fitted = fit_text_linear(texts, labels, classes)
    assert fitted.describe() == "a linear map of runs of 1 to 4 letters"
    read = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    marked = [f"^{text}$" for text in texts]
    matrix, (new, _) = read.fit_transform(marked), surnames(100, seed=1, classes=classes)
    found = fitted(new)
    assert found.shape == (100, classes)
    ratios = []
    for strength in (0.3, 1.0, 3.0):
        machine = LinearSVC(C=strength, random_state=0).fit(matrix, labels)
        margins = machine.decision_function(read.transform([f"^{text}$" for text in new]))
        wanted = np.stack([-margins / 2, margins / 2], axis=1) if classes == 2 else margins
        scale = float((found * wanted).sum() / (wanted**2).sum())
        ratios.append(float(np.abs(found - scale * wanted).max()))
    assert min(ratios) < 1e-3


def test_probabilities_are_what_they_say():
    fitted = fit_text_linear(*surnames(2000), classes=3)
    new, true = surnames(600, seed=1)
    chances = softmax(fitted(new))
    sure = chances.max(axis=1)
    right = chances.argmax(axis=1) == true
    assert right.mean() > 0.8
    assert abs(sure.mean() - right.mean()) < 0.05


def test_what_has_no_weight_counts_for_nothing_and_a_class_without_texts_is_unlikely():
    texts, labels = surnames(120)
    weight = np.where(labels == 2, 0.0, 1.0)
    fitted, kept = fit_text_linear(texts, labels, 4, weight), labels != 2
    same = fit_text_linear([texts[k] for k in np.flatnonzero(kept)], labels[kept], 4)
    np.testing.assert_array_equal(fitted(texts), same(texts))
    assert set(fitted(texts).argmax(axis=1)) <= {0, 1}
    assert (fitted.map.weight[2:] == 0).all()


def test_three_texts_and_none_are_enough():
    fitted = fit_text_linear(["a", "b", "c"], np.array([0, 1, 1]), 2)
    assert fitted(["a", "b"]).argmax(axis=1).tolist() == [0, 1]
    assert fitted([]).shape == (0, 2)
    np.testing.assert_array_equal(fitted([""]).shape, (1, 2))


def test_arrays_come_back_and_damaged_ones_are_refused():
    texts, labels = surnames(60)
    fitted = fit_text_linear(texts, labels, 3)
    tensors = fitted.tensors()
    again = TextLinear.from_tensors(tensors, 3)
    np.testing.assert_array_equal(again(texts), fitted(texts))
    damaged = {
        "runs": tensors["runs"][::-1],
        "facts": np.array([1, 17]),
        "weight": tensors["weight"][:2],
        "bias": tensors["bias"].astype(np.float64),
        "rarity": np.full_like(tensors["rarity"], np.nan),
    }
    for name, array in damaged.items():
        with pytest.raises(BundleError, match="linear map"):
            TextLinear.from_tensors({**tensors, name: array}, 3)
    with pytest.raises(BundleError):
        TextLinear.from_tensors({k: v for k, v in tensors.items() if k != "runs"}, 3)
