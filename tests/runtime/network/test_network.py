from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import state as states
from elman.blueprint import (
    Blueprint,
    CellConfig,
    Dense,
    Dropout,
    Embedding,
    Parallel,
    Pool,
    Recurrent,
    encoder_decoder,
    sequence_to_sequence,
    sequence_to_vector,
    vector_to_sequence,
)
from elman.errors import ArgumentError, ShapeError
from elman.runtime import Network
from elman.runtime.network.dense import linear
from elman.state import RNNState

CELLS = (
    CellConfig("rnn", 5, zoneout=0.2, learned_state=True),
    CellConfig("lstm", 4, peepholes=True, output_projection=6),
    CellConfig("gru", 6, layer_norm=True),
)


def network(blueprint: Blueprint) -> Network:
    random = np.random.default_rng(0)
    shapes = blueprint.shapes().items()
    return Network(blueprint, {name: random.normal(size=shape) / 2 for name, shape in shapes})


def to_vector(pool="last", cells=CELLS, **options) -> Network:
    return network(sequence_to_vector(input_size=3, cells=cells, outputs=2, pool=pool, **options))


SYNCED = network(sequence_to_sequence(input_size=3, cells=CELLS, outputs=2))
TOKENS = network(sequence_to_sequence(vocabulary=7, embedding=3, cells=CELLS, outputs=2))
DILATED = (
    CellConfig("lstm", 5, dilation=4, learned_state=True, output_projection=4),
    CellConfig("gru", 6, dilation=2, zoneout=0.2),
)
STREAMING = {"synced": SYNCED, "tokens": TOKENS, "dilated": to_vector(cells=DILATED)} | {
    pool: to_vector(pool) for pool in ("last", "mean", "max", "attention")
}
WRITER = network(
    vector_to_sequence(input_size=3, vocabulary=7, embedding=3, cells=CELLS[1:], go=0, eos=1)
)
TRANSLATOR = network(
    encoder_decoder(
        source_vocabulary=5, target_vocabulary=7, embedding=3, cells=CELLS[2], go=0, eos=1
    )
)

WINDOWED = network(
    Blueprint("sequence_to_sequence", 3, {"body": (Parallel(CELLS[0], 2), Dense(2))})
)


def inputs(which: Network, batch=4, steps=6, seed=1) -> np.ndarray:
    random = np.random.default_rng(seed)
    if which.blueprint.input_size is None:
        return random.integers(0, 7, (batch, steps))
    return random.normal(size=(batch, steps, 3)).astype(np.float32)


def assert_same(found, expected) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("which", STREAMING.values(), ids=STREAMING)
def test_a_sequence_equals_its_steps(which):
    values = inputs(which)
    whole = which.run(values)
    traced = which.trace(values)
    state = which.initial_state(4)
    for t in range(6):
        answer, state = which.step_inputs(values[:, t], state)
        assert_same(traced[:, t], answer)
    assert_same(whole, traced if whole.ndim == 3 else traced[:, -1])
    assert np.ptp(traced) > 0.1


TRACED = STREAMING | {
    "both": to_vector(bidirectional=True, cells=(*CELLS[:2], CellConfig("gru", 3))),
    "mean of both": to_vector("mean", bidirectional=True, cells=CELLS[:2]),
    "synced, both": network(
        sequence_to_sequence(input_size=3, cells=CELLS[:2], outputs=2, bidirectional=True)
    ),
}


@pytest.mark.parametrize("which", TRACED.values(), ids=TRACED)
def test_a_trace_is_the_answer_to_each_beginning(which):
    values, lengths = inputs(which), np.array([6, 0, 2, 5])
    traced = which.trace(values, lengths)
    assert traced.shape == (4, 6, 2)
    for row, length in enumerate(lengths):
        assert not traced[row, length:].any()
        for t in range(length):
            answer = which.run(values[row : row + 1, : t + 1])[0]
            assert_same(traced[row, t], answer[-1] if answer.ndim == 2 else answer)


@pytest.mark.parametrize("which", TRACED.values(), ids=TRACED)
@settings(max_examples=6)
@given(data=st.data())
def test_padding_and_company_change_nothing(which, data):
    lengths = np.array(data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=3)))
    values = inputs(which, len(lengths), seed=data.draw(st.integers(0, 9)))
    padded = values.copy()
    past = np.arange(6) >= lengths[:, None]
    padded[past] = -99 if which.blueprint.input_size is None else np.nan
    answers = which.run(padded, lengths)
    for row, length in enumerate(lengths):
        alone = which.run(values[row : row + 1, :length])[0]
        assert_same(answers[row, :length] if answers.ndim == 3 else answers[row], alone)
        if answers.ndim == 3:
            assert not answers[row, length:].any()


def test_a_simple_network_gives_a_row_the_same_bits_in_any_company():
    blueprint = Blueprint(
        "sequence_to_vector",
        3,
        {
            "body": (
                Dense(9, "tanh"),
                Dropout(0.5),
                Recurrent((CellConfig("rnn", 33), CellConfig("rnn", 17, residual=False))),
                Pool("mean"),
                Dense(5),
            )
        },
    )
    which = network(blueprint)
    values, lengths = inputs(which, 9, 21), np.array([21, 3, 0, 20, 8, 1, 21, 5, 13])
    batch = which.run(values, lengths)
    state = which.initial_state(9)
    streamed = np.zeros_like(batch)
    for t in range(21):
        answer, state = which.step_inputs(values[:, t], state)
        streamed[lengths == t + 1] = answer[lengths == t + 1]
    for row, length in enumerate(lengths):
        alone = which.run(values[row : row + 1, :length])[0]
        np.testing.assert_array_equal(batch[row], alone)
        if length:
            np.testing.assert_array_equal(streamed[row], alone)


def test_a_dilated_network_gives_the_same_bits_step_by_step():
    blueprint = sequence_to_sequence(input_size=3, cells=DILATED, outputs=2)
    which = network(blueprint)
    values, state = inputs(which, 3, 11), which.initial_state(3)
    whole = which.run(values)
    for t in range(11):
        answer, state = which.step_inputs(values[:, t], state)
        np.testing.assert_array_equal(answer, whole[:, t])
    np.testing.assert_array_equal(which.run(values[:1, :4]), whole[:1, :4])


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("size", "outputs"), [(1, 1), (3, 7), (150, 10), (64, 1), (200, 333)])
def test_a_dense_product_gives_a_row_the_same_bits_in_any_company(
    monkeypatch, compiled, size, outputs
):
    if not compiled:
        monkeypatch.setattr("elman.kernels.native.isa", lambda: None)
    random = np.random.default_rng(0)
    rows = random.normal(size=(2, 17, size)).astype(np.float32)
    weight = random.normal(size=(outputs, size)).astype(np.float32)
    bias = random.normal(size=outputs).astype(np.float32)
    together = linear(rows, weight, bias)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, rows @ weight.T + bias, rtol=1e-4, atol=1e-4)
    for row in np.ndindex(2, 17):
        np.testing.assert_array_equal(linear(rows[row][None], weight, bias)[0], together[row])


def test_pools_of_a_row_without_steps():
    def blueprint(how: str) -> Blueprint:
        cells = Recurrent(CellConfig("rnn", 4, learned_state=True))
        return Blueprint("sequence_to_vector", 3, {"body": (cells, Pool(how))})

    for how in ("mean", "max", "attention"):
        assert not network(blueprint(how)).run(np.ones((2, 5, 3)), [0, 0]).any()
    which = network(blueprint("last"))
    start = which.initial_state(1)[0][0].hidden
    assert start.any()
    np.testing.assert_array_equal(which.run(np.ones((2, 5, 3)), [0, 0]), np.tile(start, (2, 1)))


@pytest.mark.parametrize("which", STREAMING.values(), ids=STREAMING)
def test_a_state_can_be_selected_joined_and_saved_by_row(which, tmp_path):
    values = inputs(which)
    _, state = which.step_inputs(values[:, 0], which.initial_state(4))
    expected, _ = which.step_inputs(values[:, 1], state)
    parts = states.join([states.select(state, [2, 3]), states.select(state, [0, 1])])
    turned, _ = which.step_inputs(values[[2, 3, 0, 1], 1], parts)
    assert_same(turned[[2, 3, 0, 1]], expected)
    states.save(tmp_path / "state", state)
    again, _ = which.step_inputs(values[:, 1], states.load(tmp_path / "state"))
    np.testing.assert_array_equal(again, expected)


@pytest.mark.parametrize("which", STREAMING.values(), ids=STREAMING)
def test_a_step_leaves_the_state_it_was_given_as_it_was(which):
    state = which.initial_state(4)
    before = states.copy(state)
    first, _ = which.step_inputs(inputs(which)[:, 0], state)
    again, _ = which.step_inputs(inputs(which)[:, 0], state)
    np.testing.assert_array_equal(first, again)
    for old, new in zip(states.leaves(before), states.leaves(state), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_generator_depends_on_its_source_and_on_each_token():
    for which, source in ((WRITER, np.eye(3)), (TRANSLATOR, np.array([[1, 2], [3, 4], [0, 0]]))):
        decoder = which.decoder(source)
        logits, state = decoder([0, 0, 0], decoder.state)
        assert logits.shape == (3, 7)
        assert np.abs(logits[0] - logits[1]).max() > 1e-3
        after, _ = decoder([2, 2, 2], state)
        other, _ = decoder([3, 3, 3], state)
        assert np.abs(after - other).max() > 1e-3


def test_a_vector_fills_every_part_of_the_decoders_state():
    _, state = WRITER.decoder(np.random.default_rng(0).normal(size=(2, 3))).state
    leaves = list(states.leaves(state))
    assert [leaf.shape for leaf in leaves] == [(2, 4), (2, 4), (2, 6)]
    assert len(np.unique(np.concatenate(leaves, axis=1))) == 28
    assert all(np.abs(leaf).max() <= 1 for leaf in leaves)


def step(which: Network, tokens):
    decoder = which.decoder(VALUES[0, :1])
    return decoder(tokens, decoder.state)


IDS = np.zeros((2, 3), np.int64)
VALUES = np.zeros((2, 3, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SYNCED.run(VALUES[0]), ShapeError, r"give numbers \[B, T, 3\]"),
        (lambda: SYNCED.run(VALUES[..., :2]), ShapeError, r"found float64 of shape \(2, 3, 2\)"),
        (lambda: SYNCED.run(VALUES.astype(str)), ShapeError, "numbers"),
        (lambda: SYNCED.run(VALUES.astype(complex)), ShapeError, "numbers"),
        (lambda: SYNCED.run(VALUES, [3]), ShapeError, "lengths"),
        (lambda: SYNCED.run(VALUES, [3.0, 1.0]), ShapeError, "lengths"),
        (lambda: SYNCED.run(VALUES, [3, 4]), ShapeError, r"lengths\[1\]: found 4"),
        (lambda: SYNCED.run(VALUES, [-1, 4]), ShapeError, r"lengths\[0\]: found -1"),
        (lambda: TOKENS.run(VALUES), ShapeError, "token ids"),
        (lambda: TOKENS.run(IDS.astype(float)), ShapeError, "token ids"),
        (lambda: TOKENS.run(IDS + 7), ArgumentError, r"inputs\[0, 0\]: found token id 7"),
        (lambda: TOKENS.run(IDS - 1), ArgumentError, "give ids from 0 to 6"),
        (lambda: SYNCED.step_inputs(VALUES, SYNCED.initial_state(2)), ShapeError, "numbers"),
        (lambda: SYNCED.step_inputs(1.0, SYNCED.initial_state(2)), ShapeError, "numbers"),
        (lambda: SYNCED.step_inputs(VALUES[0], SYNCED.initial_state(2)), ShapeError, "2 rows"),
        (lambda: SYNCED.step_inputs(VALUES[0], None), ShapeError, "state: found NoneType"),
        (lambda: SYNCED.step_inputs(VALUES[0], TRANSLATOR.decoder(IDS).state), ShapeError, "state"),
        (
            lambda: SYNCED.step_inputs(VALUES[0], ((RNNState(np.zeros((3, 9))),), ())),
            ShapeError,
            "state",
        ),
        (lambda: TRANSLATOR.run(IDS), ArgumentError, "use decoder and teach"),
        (lambda: TRANSLATOR.trace(IDS), ArgumentError, "use decoder and teach"),
        (lambda: TRANSLATOR.initial_state(2), ArgumentError, "decoder and teach"),
        (lambda: SYNCED.decoder(VALUES), ArgumentError, "use run"),
        (lambda: SYNCED.teach(VALUES, IDS), ArgumentError, "use run"),
        (lambda: TRACED["both"].initial_state(1), ArgumentError, "bidirectional"),
        (lambda: TRACED["both"].step_inputs(VALUES[0], ()), ArgumentError, "bidirectional"),
        (lambda: WINDOWED.trace(VALUES), ArgumentError, "reads whole windows; use run"),
        (lambda: WINDOWED.record(VALUES[0]), ArgumentError, "reads whole windows; use run"),
        (lambda: WINDOWED.initial_state(2), ArgumentError, "reads whole windows; use run"),
        (lambda: WINDOWED.step_inputs(VALUES[0], ()), ArgumentError, "reads whole windows"),
        (lambda: WRITER.decoder(VALUES), ShapeError, r"numbers \[B, 3\]"),
        (lambda: WRITER.decoder(VALUES[0], [1, 1, 1]), ArgumentError, "lengths"),
        (lambda: step(WRITER, [7]), ArgumentError, "found token id 7"),
        (lambda: step(WRITER, [1.0]), ShapeError, "token ids"),
        (lambda: step(WRITER, 1), ShapeError, "token ids"),
        (lambda: TRANSLATOR.decoder(IDS + 5), ArgumentError, "give ids from 0 to 4"),
    ],
)
def test_what_does_not_fit_is_a_typed_error(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_weights_that_do_not_fit_are_named():
    blueprint = Blueprint(
        "sequence_to_sequence", None, {"body": (Embedding(3, 2), Recurrent(CellConfig("rnn", 2)))}
    )
    weights = {name: np.zeros(shape) for name, shape in blueprint.shapes().items()}
    with pytest.raises(ShapeError, match=r"body\.0\.weight: found shape \[2\]"):
        Network(blueprint, weights | {"body.0.weight": np.zeros(2)})


def test_the_runtime_loads_no_torch():
    code = "import sys, elman.runtime, elman.bundle; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
