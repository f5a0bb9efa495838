"""Eigenvalues and norms of recurrent matrices."""

from __future__ import annotations

import numpy as np
import pytest

from elman.diagnosis.recurrence import recurrent_matrices
from elman.kernels.contract import GRU, LSTM, GRUWeights, LSTMWeights, RNNWeights, Simple


def test_a_rotation_lies_on_a_circle():
    angle = 0.3
    turn = 0.8 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrices = recurrent_matrices(Simple(), RNNWeights(np.zeros((2, 1)), turn, np.zeros(2)))
    assert list(matrices) == ["h"]
    found = matrices["h"]
    np.testing.assert_allclose(sorted(np.angle(found.eigenvalues)), [-angle, angle])
    assert found.radius == pytest.approx(0.8)
    assert found.norm == pytest.approx(0.8)


def test_a_norm_can_exceed_the_radius():
    shear = np.array([[0.5, 10.0], [0.0, -0.9]])
    weights = RNNWeights(np.zeros((2, 1)), shear, np.zeros(2))
    found = recurrent_matrices(Simple(), weights)["h"]
    np.testing.assert_allclose(found.eigenvalues, [-0.9, 0.5])
    assert found.radius == pytest.approx(0.9)
    assert found.norm == pytest.approx(np.linalg.svd(shear)[1][0])


@pytest.mark.parametrize(
    ("recurrence", "kind", "gates"), [(LSTM(), LSTMWeights, "ifgo"), (GRU(), GRUWeights, "rzn")]
)
def test_each_gate_has_its_block(recurrence, kind, gates):
    blocks = [k * np.eye(3) for k in range(1, len(gates) + 1)]
    count = 3 * len(gates)
    weights = kind(np.zeros((count, 2)), np.vstack(blocks), np.zeros(count))
    matrices = recurrent_matrices(recurrence, weights)
    assert {name: matrix.norm for name, matrix in matrices.items()} == {
        name: pytest.approx(k + 1) for k, name in enumerate(gates)
    }


def test_a_projection_belongs_to_the_matrix():
    draw = np.random.default_rng(0)
    weight_hh, projection = draw.normal(size=(12, 2)), draw.normal(size=(2, 3))
    weights = LSTMWeights(np.zeros((12, 1)), weight_hh, np.zeros(12), projection=projection)
    found = recurrent_matrices(LSTM(), weights)["f"]
    np.testing.assert_allclose(found.norm, np.linalg.norm(weight_hh[3:6] @ projection, 2))
    assert found.eigenvalues.shape == (3,)
    assert abs(found.eigenvalues[-1]) < 1e-12  # its rank is 2
