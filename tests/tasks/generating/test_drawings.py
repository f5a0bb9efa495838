"""A generator of drawings: what it learns, what it draws, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

import elman
from elman import Generator
from elman.bundle import Bundle
from elman.data import Drawings
from elman.errors import ArgumentError, BundleError, DataError, NotFittedError
from elman.kernels.mixture import log_probability
from elman.runtime.drawer import DrawingModel

SMALL = {"units": 24, "components": 4, "epochs": 40, "batch_size": 8, "learning_rate": 0.02}
SMALL |= {"dropout": 0.0, "threads": 1}


def shapes(count: int = 60, seed: int = 0) -> Drawings:
    """Corners and crosses, a little different each."""
    draws = np.random.default_rng(seed)
    drawn, labels = [], []
    for n in range(count):
        a, b = 1 + 0.1 * draws.normal(size=2)
        corner = [np.array([[0, 0], [0, a], [b, a]])]
        cross = [np.array([[0, 0], [a, a]]), np.array([[a, 0], [0, b]])]
        drawn.append(cross if n % 2 else corner)
        labels.append("cross" if n % 2 else "corner")
    return Drawings.of(drawn, labels=labels, groups=[n // 6 for n in range(count)])


@pytest.fixture(scope="module")
def model() -> Generator:
    return Generator.of("drawings", **SMALL).fit(shapes())


def test_it_says_drawings_better_than_its_baselines(model):
    found = model.evaluate(shapes(30, seed=9))
    assert found["points"] == 15 * 3 + 15 * 4
    assert found["nats_per_point"] < min(found["baselines"].values()) - 0.5
    gain = found["baselines"]["linear, two steps back"] - found["score"]
    assert f"{gain:.3f} nats a point" in found["verdict"]  # as the figures beside it
    assert [*found["baselines"]] == ["one Gaussian", "linear, two steps back"]
    assert model.score(shapes(30, seed=9)) == -found["score"]
    assert model.result_["validation"].startswith("6 of 60 drawings, 1 of 10 groups")


def test_what_is_drawn_is_what_was_asked_for(model):
    corners = model.generate("corner", n=12, temperature=0.2)
    crosses = model.generate("cross", n=12, temperature=0.2)
    assert np.mean([len(corners.strokes(k)) == 1 for k in range(len(corners))]) > 0.8
    assert np.mean([len(crosses.strokes(k)) == 2 for k in range(len(crosses))]) > 0.8
    both = model.generate(["corner", "cross"], n=2)
    assert both.labels.tolist() == ["corner", "corner", "cross", "cross"]
    assert set(model.generate(n=40).labels) == {"corner", "cross"}


def test_a_drawing_is_a_function_of_seed_and_number(model):
    many, one = model.generate("cross", n=5, seed=3), model.generate("cross", n=1, seed=3)
    assert (many.points[0] == one.points[0]).all()
    assert (model.generate("cross", n=1, seed=4).points[0][0] != one.points[0][0]).any()
    cold = model.generate("cross", n=3, temperature=0)
    assert (cold.points[0] == cold.points[1]).all()


def test_the_file_answers_as_the_estimator_does(model, tmp_path):
    model.save(tmp_path / "pen.elman")
    loaded = elman.load(tmp_path / "pen.elman")
    assert isinstance(loaded, DrawingModel)
    assert loaded.evaluate(shapes(8, 5)) == model.evaluate(shapes(8, 5))
    assert (loaded.generate("cross").points[0] == model.generate("cross").points[0]).all()
    assert json.dumps(loaded.facts())
    again = Generator.load(tmp_path / "pen.elman").set_params(epochs=1, learning_rate=1e-3)
    assert again.fit(shapes(seed=2)).score(shapes(9, 3)) > -1


def test_the_density_is_of_moves_in_the_drawings_size(model):
    """A thousandfold drawing is the same drawing; and the sum over a grid of first moves is one."""
    data = shapes(6, 4)
    large = Drawings.of([[1000 * one for one in data.strokes(k)] for k in range(6)],
                        labels=data.labels)  # fmt: skip
    first, second = (model.model_.log_probabilities(one) for one in (data, large))
    np.testing.assert_allclose(np.concatenate(first), np.concatenate(second), 1e-6, 1e-6)
    runtime, grid = model.model_, np.arange(-3, 3, 0.02)
    (raw,) = runtime.pens.taught([np.zeros((1, 4))], runtime.framing.told(["cross"]))
    moves = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2) / runtime.framing.scale
    total = 0.0
    for up in (0, 1):
        steps = np.column_stack([np.zeros(len(moves)), moves, np.full(len(moves), up)])
        said = log_probability(runtime.block, np.repeat(raw, len(steps), axis=0), steps)
        total += float(np.exp(runtime._in_size(said, steps)).sum()) * 0.02**2
    end = float(np.exp(log_probability(runtime.block, raw, np.array([[1.0, 0, 0, 0]])))[0])
    assert total + end == pytest.approx(1, abs=0.02)


def test_a_validation_part_of_ones_own_is_not_in_the_file(tmp_path):
    told = {**SMALL, "epochs": 1, "validation": shapes(8, seed=7)}
    found = Generator.of("drawings", **told).fit(shapes(12))
    assert found.result_["validation"] == "8 drawings that were given"
    found.save(tmp_path / "pen.elman")
    assert Generator.load(tmp_path / "pen.elman").validation != told["validation"]


def test_without_labels_nothing_is_told():
    data = shapes(24)
    plain = Drawings(data.points, data.up)
    found = Generator.of("drawings", **{**SMALL, "epochs": 1}).fit(plain)
    assert found.model_.framing.condition == "none"
    assert found.generate(n=2).labels is None
    with pytest.raises(ArgumentError, match="told nothing"):
        found.generate("cross")
    none = Generator.of("drawings", **{**SMALL, "epochs": 1}, condition="none").fit(data)
    assert none.model_.framing.beside == 0


def test_a_text_is_written_through_a_window():
    draws = np.random.default_rng(0)
    letters = {"v": [[0, 0], [0.5, 1], [1, 0]], "l": [[0, 0], [0, 1]]}
    drawn, texts = [], []
    for _ in range(120):
        text = "".join(draws.choice([*letters], size=draws.integers(1, 4)))
        placed = [np.array(letters[one]) + np.array([1.2 * k, 0.0]) for k, one in enumerate(text)]
        drawn.append([one + 0.01 * draws.normal(size=one.shape) for one in placed])
        texts.append(text)
    data = Drawings.of(drawn, texts=texts)
    told = {**SMALL, "units": [48], "epochs": 50, "batch_size": 16}
    told |= {"learning_rate": 0.01, "validation": None}
    model = Generator.of("drawings", **told).fit(data)
    assert model.model_.framing.condition == "text"
    right = 0
    for text in ("vl", "lv", "vvl", "lvl", "ll"):
        some = model.generate(text, n=4, temperature=0.2)
        for k in range(len(some)):
            found = "".join("v" if len(one) > 2 else "l" for one in some.strokes(k))
            right += found[:2] == text[:2]
    assert right >= 16  # of 20; where nothing were told: 5
    with pytest.raises(DataError, match="'x', which the model has never seen"):
        model.generate("x")
    with pytest.raises(DataError, match="100 characters"):
        model.generate("v" * 100)
    with pytest.raises(ArgumentError, match="text: not given"):
        model.generate()


@pytest.mark.parametrize(
    ("given", "data", "error", "told"),
    [
        ({"condition": "text"}, shapes(12), ArgumentError, "condition: 'text'"),
        ({"embedding": 5}, shapes(12), ArgumentError, "embedding: 5 of drawings"),
        ({"validation": 2}, shapes(12), ArgumentError, "validation: found 2"),
        ({}, shapes(1), DataError, "leaves one part empty"),
        ({"components": 0}, shapes(12), ArgumentError, "components"),
        ({"tolerance": -1.0}, shapes(12), ArgumentError, "tolerance"),
    ],
)
def test_what_does_not_fit_is_named(given, data, error, told):
    with pytest.raises(error, match=told):
        Generator.of("drawings", **{**SMALL, **given}).fit(data)


def test_texts_have_no_parameters_of_drawings():
    with pytest.raises(ArgumentError, match="components: 7 of texts"):
        Generator(components=7).fit("to be or not to be")
    with pytest.raises(NotFittedError):
        Generator.of("drawings").generate()


def test_a_label_that_was_not_learnt_is_named(model):
    with pytest.raises(DataError, match="'circle', which the model has never seen"):
        model.generate("circle")
    other = Drawings.of([[np.array([[0.0, 0], [1, 1]])]], labels=["circle"])
    with pytest.raises(DataError, match="circle"):
        model.evaluate(other)
    with pytest.raises(DataError, match="holds no labels"):
        model.evaluate(Drawings(other.points, other.up))


def test_a_damaged_file_is_refused(model):
    made = model.model_.bundle
    parts = (made.task, made.blueprint, made.weights, made.tensors)
    for change in ({"scale": 0.0}, {"size": "wide"}, {"condition": "text"}, {"longest": "9"}):
        drawing = {**made.settings["drawing"], **change}
        with pytest.raises(BundleError):
            DrawingModel(Bundle(*parts, {**made.settings, "drawing": drawing}))
    spoiled = {**made.tensors, "baselines.pens_spread": np.zeros((2, 2))}
    with pytest.raises(BundleError, match="no spread"):
        DrawingModel(Bundle(*parts[:3], spoiled, made.settings))
