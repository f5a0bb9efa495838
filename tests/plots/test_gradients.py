"""The picture of a diagnosis: what it says for networks that forget, explode and remember."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError
from tests.plots.shapes import overlapping


def layer(factor=0.5, steps=30, name="rnn", gates=("h",), **more):
    curve = factor ** np.arange(steps)
    below = np.flatnonzero(curve < 0.01)
    circle = 0.9 * np.exp(1j * np.linspace(0, 6, 20))
    return {
        "name": name,
        "what": "simple cell 3 -> 20",
        "hidden_by_lag": (curve * 0.7).tolist() if len(gates) > 1 else curve.tolist(),
        "state_by_lag": curve.tolist(),
        "memory": int(below[0]) if len(below) else None,
        "explodes": bool(curve.max() > 10),
        "pace": "halves every step" if factor < 1 else "doubles every 7.3 steps",
        "matrices": {
            gate: {"radius": 0.9, "norm": 1.0, "eigenvalues": [[v.real, v.imag] for v in circle]}
            for gate in gates
        },
        "gates": {
            gate: {"low": 0.25, "high": 0.125, "mean": 0.5, "ends": "under 0.05"} for gate in gates
        },
        "units": 20,
        "dead": [1, 2],
        **more,
    }


def report(*layers, text="the gradient halves every step. " * 5):
    advice = [{"layer": each["name"], "text": text} for each in layers]
    return {"cost": "a loss", "layers": list(layers), "advice": advice, "unseen": []}


def all_texts(figure):
    texts = []
    for ax in figure.axes:
        texts += [*ax.texts, ax._left_title, ax.xaxis.label]
        legend = ax.get_legend()
        texts += [] if legend is None else [legend.get_title(), *legend.get_texts()]
    return texts


def test_a_vanishing_gradient(drawn):
    figure = plots.gradients(report(layer()))
    texts = drawn(figure)
    assert "The gradient halves every step: after 7 steps less than 1 % is left" in texts
    assert {"1 %", "memory: 7 steps", "2 of 20 units dead", "h: 0.90", "38 %"} <= set(texts)
    assert any(text.startswith("• The gradient halves") for text in texts)
    assert overlapping(figure, all_texts(figure)) == []
    lags = figure.axes[0].get_lines()[0]
    np.testing.assert_allclose(lags.get_ydata()[:10], 0.5 ** np.arange(10))
    assert figure.axes[0].get_yscale() == "log"


def test_an_exploding_gradient(drawn):
    figure = plots.gradients(report(layer(1.1, 60)))
    assert "The gradient explodes: it doubles every 7.3 steps" in drawn(figure)
    assert figure.axes[0].get_ylim()[1] > 1.1**59


def test_a_gradient_that_lasts(drawn):
    texts = drawn(plots.gradients(report(layer(0.99))))
    assert "The gradient reaches back over all 30 steps" in texts
    assert not any(text.startswith("memory:") for text in texts)


@pytest.mark.parametrize("count", [2, 4, 6])
def test_several_layers_name_the_worst(drawn, count):
    layers = [layer(0.9, name=f"cells.{k}", gates=("i", "f", "g", "o")) for k in range(count - 1)]
    layers.insert(1, layer(0.1, name="worst", gates=("r", "z", "n")))
    figure = plots.gradients(report(*layers))
    texts = drawn(figure)
    assert any("in worst" in text for text in texts)
    assert len(figure.axes) == 3 * min(count, 4) + 1
    assert ("2 more layers" in " ".join(" ".join(texts).split())) == (count == 6)
    assert any("• worst: the gradient" in text for text in texts)
    assert overlapping(figure, all_texts(figure)) == []


def test_a_cell_of_ones_own_has_a_curve_only(drawn):
    texts = drawn(plots.gradients(report(layer(matrices={}, gates={}, dead=[]))))
    assert texts.count("not known for\na cell of your own") == 2
    assert "saturation" in texts


@pytest.mark.parametrize("steps", [1, 2])
def test_short_sequences(drawn, steps):
    drawn(plots.gradients(report(layer(steps=steps))))


def test_numbers_beyond_all_bounds(drawn):
    odd = layer(1.1, 60)
    odd["state_by_lag"][40:] = odd["hidden_by_lag"][40:] = [float("inf")] * 20
    drawn(plots.gradients(report(odd)))
    drawn(plots.gradients(report(layer(state_by_lag=[1.0] + [0.0] * 29, memory=1))))


def test_the_report_stays_as_it_is():
    given = report(layer())
    before = copy.deepcopy(given)
    plots.gradients(given)
    assert given == before


def test_no_layers():
    with pytest.raises(ArgumentError, match="found no layers"):
        plots.gradients(report())


def test_layers_that_forget_alike_are_not_blamed_one_by_one():
    headline = plots.gradients(report(layer(), layer(name="b"))).texts[0].get_text()
    assert headline == "In every layer less than 1 % of the gradient is left after 7 steps"
    three = report(layer(), layer(name="b"), layer(0.99, name="c"))
    assert plots.gradients(three).texts[0].get_text().startswith("In 2 layers")
    lasting = report(layer(0.99), layer(0.99, name="b"))
    assert plots.gradients(lasting).texts[0].get_text() == (
        "The gradient reaches back over all 30 steps, in every layer"
    )
    worse = plots.gradients(report(layer(1.1, 60), layer(1.2, 60, name="b")))
    assert worse.texts[0].get_text().startswith("The gradient explodes in b")
    once = plots.gradients(report(layer(steps=1))).texts[0].get_text()
    assert once == "One step only: no gradient goes back in time"


def test_the_ends_of_the_gates_are_explained():
    parts = layer(gates=("i", "g"))
    parts["gates"]["g"]["ends"] = "beyond ±0.95"
    more = plots.gradients(report(parts)).texts[1].get_text().replace("\n", " ")
    assert more.endswith("Saturation: of i the values under 0.05; of g the values beyond ±0.95.")
