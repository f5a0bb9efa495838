"""The picture of learning rates: the curve, the suggested rate, and none."""

from __future__ import annotations

import numpy as np

from elman import plots

RATES = np.geomspace(1e-6, 10, 50).tolist()
FOUND = {
    "rates": RATES,
    "losses": (2.0 - 1.5 * np.exp(-((np.arange(50) - 38) ** 2) / 60)).tolist(),
    "smoothed": (2.0 - 1.5 * np.exp(-((np.arange(50) - 40) ** 2) / 60)).tolist(),
    "begins": 2e-3,
    "suggested": 0.012,
    "lowest": 0.5,
    "optimizer": "adam",
}


def test_the_suggested_rate_is_marked(drawn):
    figure = plots.learning_rates(FOUND, loss_name="loss (nats)")
    texts = drawn(figure)
    assert "The loss falls fastest at a learning rate of 0.012" in texts
    assert "0.012" in texts
    assert "loss (nats)" in texts
    (ax,) = figure.axes
    assert ax.get_xscale() == "log"
    np.testing.assert_allclose(ax.get_lines()[1].get_ydata(), FOUND["smoothed"])
    assert ax.get_lines()[2].get_xdata()[0] == 0.012


def test_the_last_rate_may_be_the_lowest(drawn):
    texts = drawn(plots.learning_rates(FOUND | {"lowest": RATES[-1]}))
    assert "lowest at 10; the last that was tried." in " ".join(texts)


def test_without_a_suggestion(drawn):
    none = {"begins": None, "suggested": None, "lowest": None}
    texts = drawn(plots.learning_rates(FOUND | none))
    assert "The loss falls at none of these learning rates" in texts
