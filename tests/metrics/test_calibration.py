"""Whether probabilities are what they say."""

import numpy as np
import pytest

from elman.metrics.calibration import calibration_error, fit_temperature


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_what_was_drawn_is_found(temperature):
    draws = np.random.default_rng(0)
    logits = draws.normal(scale=3, size=(20_000, 4))
    true = np.array([draws.choice(4, p=row) for row in softmax(logits / temperature)])
    found = fit_temperature(logits, true)
    assert found == pytest.approx(temperature, rel=0.05)
    assert calibration_error(true, softmax(logits / found)) < 0.015
    if temperature != 1:
        assert calibration_error(true, softmax(logits)) > 0.05


def test_weights_count_as_repeated_rows():
    draws = np.random.default_rng(1)
    logits, true, weight = draws.normal(size=(50, 3)), draws.integers(0, 3, 50), np.arange(50) % 3
    rows = np.repeat(np.arange(50), weight)
    assert fit_temperature(logits, true, weight) == pytest.approx(
        fit_temperature(logits[rows], true[rows])
    )
    assert calibration_error(true, softmax(logits), weight) == pytest.approx(
        calibration_error(true[rows], softmax(logits[rows]))
    )


def test_where_all_is_right_or_wrong_it_is_bounded():
    logits = np.array([[2.0, 0.0], [3.0, 0.0]])
    assert 1 < fit_temperature(logits, np.array([0, 0])) < 4  # two right ones make nobody sure
    assert fit_temperature(logits, np.array([1, 1])) == pytest.approx(50)
    assert calibration_error(np.zeros(0, int), np.zeros((0, 2))) is None


def test_few_answers_that_are_all_right_do_not_make_it_certain():
    for rows in (4, 40):
        logits, true = np.tile([[1.5, 0.0]], (rows, 1)), np.zeros(rows, np.int64)
        fitted = fit_temperature(logits, true)
        assert softmax(logits / fitted)[:, 0] == pytest.approx((rows + 1) / (rows + 2))
        counted = np.r_[np.ones(rows), 0.0]  # what does not count makes no mistake
        more = fit_temperature(np.r_[logits, [[0.0, 3.0]]], np.r_[true, 0], counted)
        assert more == pytest.approx(fitted)
