"""A cell that somebody wrote: trained, saved, answered without torch and without its function."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import elman
from elman.blueprint import CellConfig, from_json, sequence_to_vector, to_json
from elman.cells import written
from elman.errors import BlueprintError
from elman.models import build
from elman.runtime import Network
from elman.written import named, sigmoid, tanh


@written(weights={"w": ("2H", "I"), "u": ("H", "H"), "b": ("2H",)}, name="own_light")
def light(x, state, w):
    """One gate, and a candidate of the input alone."""
    a, half = w.w @ x + w.b, len(state.hidden)
    z = named("z", sigmoid(a[:half] + w.u @ state.hidden))
    return z * state.hidden + (1 - z) * tanh(a[half:])


def examples(count=60):
    draws = np.random.default_rng(0)
    X = [draws.normal(size=(steps, 3)).astype("f") for steps in draws.integers(4, 9, count)]
    return X, ["up" if row[:, 0].sum() > 0 else "down" for row in X]


ANSWER = """
import sys, numpy as np, elman
draws = np.random.default_rng(0)
X = [draws.normal(size=(steps, 3)).astype("f") for steps in draws.integers(4, 9, 60)]
model = elman.load(sys.argv[1])
np.save(sys.argv[2], model.predict_proba(X[:5]))
assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("kind", ["own_light", "min-gru", "phased-lstm", "slstm"])
def test_is_trained_saved_and_answers_without_torch(kind, tmp_path):
    X, y = examples()
    model = elman.Classifier(cell=kind, units=8, epochs=2, seed=0).fit(X, y)
    path, found = tmp_path / "model.elman", tmp_path / "found.npy"
    model.save(path)
    done = subprocess.run(
        [sys.executable, "-c", ANSWER, path, found], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(found), model.predict_proba(X[:5]), atol=1e-5)
    answers = elman.load(path)
    stream = answers.stepper()
    for row in X[0]:
        now = stream.step(row[None])
    np.testing.assert_allclose(now, answers.predict_proba(X[:1]), atol=1e-6)
    stream.reset()
    assert all((part.hidden == 0).all() for part in stream.state)
    gates = answers.record(X[0]).layers[0].gates
    assert gates
    assert all(gate.shape == (len(X[0]), 8) for gate in gates.values())
    assert "layer 1" in str(elman.diagnose(model, X[:4]))


@pytest.mark.parametrize(
    "options",
    [{}, {"zoneout": 0.2}, {"zoneout": 0.2, "learned_state": True}, {"dilation": 2}],
)
def test_both_executors_agree(options):
    inputs = 8
    blueprint = sequence_to_vector(
        input_size=inputs, cells=CellConfig("own_light", 8, **options), outputs=2
    )
    again = from_json(to_json(blueprint))
    assert again == blueprint
    module = build(again, seed=0).eval()
    weights = {name: array.numpy() for name, array in module.state_dict().items()}
    values = np.random.default_rng(0).normal(size=(4, 6, inputs)).astype("f")
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        expected = module(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(Network(again, weights).run(values), expected, atol=1e-5)


def test_streams_with_zoneout():
    blueprint = sequence_to_vector(
        input_size=3, cells=CellConfig("own_light", 8, zoneout=0.2), outputs=2
    )
    module = build(blueprint, seed=0).eval()
    weights = {name: array.numpy() for name, array in module.state_dict().items()}
    values = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("f")
    network = Network(blueprint, weights)
    stepper, state = network.stepper(4), network.initial_state(4)
    for t in range(6):
        found = stepper.step(np.ascontiguousarray(values[:, t]))
        wanted, state = network.step_inputs(values[:, t], state)
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_allclose(found, network.run(values), atol=1e-6)


def test_a_description_needs_no_function():
    config = CellConfig("own_light", 8)
    data = config.tape.to_data()
    stranger = CellConfig("never_heard_of", 8, tape=data)
    assert stranger.shapes(3) == config.shapes(3)
    with pytest.raises(BlueprintError, match="units"):
        CellConfig("never_heard_of", 9, tape=data)
    with pytest.raises(BlueprintError, match="leave it out"):
        CellConfig("lstm", 8, tape=data)
    with pytest.raises(BlueprintError, match="tape"):
        CellConfig("never_heard_of", 8, tape={"version": 1})
    with pytest.raises(BlueprintError, match="use one of"):
        CellConfig("never_heard_of", 8)
