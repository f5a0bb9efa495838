"""Remedies side by side: gradients by lag, learning curves, and which of them solved it."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError

NAMES = ("tanh", "ReLU, identity", "orthogonal", "clipping", "batch norm", "LSTM", "GRU")


def measured(names=NAMES, solving=("LSTM", "GRU"), stopped=None):
    """Numbers as they could be: those who solve it remember."""
    updates = [100 * (k + 1) for k in range(20)]

    def entry(name):
        fall = 0.99 if name in solving else 0.7
        error = np.geomspace(0.2, 0.001 if name in solving else 0.15, 20)
        return {
            "name": name,
            "learning_rate": 0.003,
            "gradient_before": (2.0 * fall ** np.arange(60)).tolist(),
            "gradient_after": (0.5 * fall ** np.arange(60)).tolist(),
            "updates": updates,
            "error": error.tolist(),
            "stopped": stopped if name == names[0] else None,
        }

    return {
        "remedies": [entry(name) for name in names],
        "steps": 60,
        "updates": 2000,
        "units": 64,
        "batch": 100,
        "optimizer": "Adam",
        "seed": 3,
        "baseline": 1 / 6,
        "solved": 0.01,
    }


def test_each_remedy_has_its_gradient_and_its_curve(drawn):
    numbers = measured()
    figure = plots.remedies(numbers)
    texts = drawn(figure)
    assert [name for name in texts if name in NAMES] == list(NAMES)
    assert "2 of 7 networks learn to remember over 60 steps" in texts
    assert len([text for text in texts if text.startswith("solved after")]) == 2
    assert any("seed 3" in text for text in texts)
    lstm = next(ax for ax in figure.axes if ax.get_title(loc="left") == "LSTM")
    plain, before, after = [line.get_ydata() for line in lstm.get_lines()[:3]]
    np.testing.assert_allclose(plain, np.maximum(0.7 ** np.arange(60), 1e-6))
    np.testing.assert_allclose(before, 0.99 ** np.arange(60))
    np.testing.assert_allclose(after, 0.99 ** np.arange(60))


@pytest.mark.parametrize("count", [1, 5])
def test_any_number_of_remedies(drawn, count):
    names = [f"remedy {k}" for k in range(count)]
    texts = drawn(plots.remedies(measured(names, solving=names)))
    learn = "learns" if count == 1 else "learn"
    assert f"{count} of {count} networks {learn} to remember over 60 steps" in texts


def test_a_network_that_diverged_says_so(drawn):
    numbers = measured(stopped="the loss is nan")
    numbers["remedies"][0] |= {"updates": [], "error": [], "gradient_after": []}
    assert "diverged" in drawn(plots.remedies(numbers))


def test_none_is_an_error():
    with pytest.raises(ArgumentError, match="no remedies"):
        plots.remedies(measured(()))
