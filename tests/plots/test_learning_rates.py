"""The picture of learning rates: the curve, the suggested rate, and none."""

from __future__ import annotations

import numpy as np

from elman import plots
from tests.plots.gallery import NONE, RATES


def test_the_suggested_rate_is_marked(drawn):
    figure = plots.learning_rates(RATES, loss_name="loss (nats)")
    texts = drawn(figure)
    assert "The loss falls fastest at a learning rate of 0.012" in texts
    assert "loss (nats)" in texts
    (ax,) = figure.axes
    assert ax.get_xscale() == "log"
    np.testing.assert_allclose(ax.get_lines()[1].get_ydata(), RATES["smoothed"])
    assert ax.get_lines()[2].get_xdata()[0] == 0.012


def test_the_last_rate_may_be_the_lowest(drawn):
    texts = drawn(plots.learning_rates(RATES | {"lowest": RATES["rates"][-1]}))
    assert "lowest at 10; the last that was tried." in " ".join(texts)


def test_without_a_suggestion(drawn):
    texts = drawn(plots.learning_rates(RATES | NONE))
    assert "The loss falls at none of these learning rates" in texts


def test_few_steps_are_said_to_be_few(drawn):
    texts = drawn(plots.learning_rates(RATES | NONE | {"enough": False}))
    assert "Too few steps to tell where the loss falls" in texts
