"""A row has the same bits however it is run: what lets a stream repeat what a batch gave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.kernels import native
from elman.kernels.contract import Tokens
from elman.state import join, map_leaves, select
from tests.kernels.agreement import MODES, Mode, Problem, Sizes, random_problem
from tests.kernels.variants import VARIANTS
from tests.unchecked import unchecked

# Below 2 inputs for each row a batch's inputs are multiplied with the state, above ahead of it: so
# a batch of these sizes goes the one way and its rows alone the other.
SIZES = Sizes(12, 6, 20, 17)

every_variant = pytest.mark.parametrize("name", VARIANTS)


def problem_of(name: str, mode: Mode = MODES["plain"], sizes: Sizes = SIZES) -> Problem:
    rng = np.random.default_rng(len(name))
    return random_problem(VARIANTS[name], sizes, mode, rng, np.float32)


def run(problem: Problem, **changes: Any) -> Any:
    reading = problem.reading | changes
    inputs, state = reading.pop("inputs", problem.inputs), reading.pop("state", problem.state)
    reading.setdefault("keep", False)
    with unchecked():
        return native.forward(problem.recurrence, problem.weights, inputs, state, **reading)


def rows_of(problem: Problem, rows: list[int]) -> Problem:
    """The problem of some rows alone."""
    noise = problem.noise
    if noise is not None and noise.keys is not None and noise.steps is not None:
        noise = noise._replace(keys=noise.keys[rows], steps=noise.steps[rows])
    return problem._replace(
        inputs=problem.inputs[rows],
        state=select(problem.state, rows),
        lengths=None if problem.lengths is None else problem.lengths[rows],
        resets=None if problem.resets is None else problem.resets[rows],
        noise=noise,
    )


def same(found: Any, wanted: Any) -> None:
    np.testing.assert_array_equal(found.outputs, wanted.outputs)
    for ours, theirs in zip(found.final_state, wanted.final_state, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("mode", ["plain", "everything"])
@every_variant
def test_alone_or_in_any_batch(name, mode):
    problem = problem_of(name, MODES[mode])
    whole = run(problem)
    for rows in ([3], [11, 0], [7, 2, 5, 1, 9]):
        part = run(rows_of(problem, rows))
        np.testing.assert_array_equal(part.outputs, whole.outputs[rows])
        for ours, theirs in zip(part.final_state, whole.final_state, strict=True):
            np.testing.assert_array_equal(ours, theirs[rows])


@every_variant
def test_padded_or_not(name):
    problem = problem_of(name)
    for length in (0, 1, 4):
        padded = run(problem, lengths=np.full(12, length))
        short = run(problem, inputs=problem.inputs[:, :length])
        np.testing.assert_array_equal(padded.outputs[:, :length], short.outputs)
        assert not padded.outputs[:, length:].any()
        np.testing.assert_array_equal(padded.final_state.hidden, short.final_state.hidden)


@every_variant
def test_in_pieces_or_step_by_step(name):
    problem = problem_of(name)
    whole = run(problem)
    for cuts in ([2], [1, 4], list(range(1, 6))):
        state, outputs = problem.state, []
        for piece in np.split(problem.inputs, cuts, axis=1):
            ran = run(problem, inputs=piece, state=state)
            state = ran.final_state
            outputs.append(ran.outputs)
        np.testing.assert_array_equal(np.concatenate(outputs, axis=1), whole.outputs)
        for ours, theirs in zip(state, whole.final_state, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    state = problem.state
    for t in range(SIZES.time):
        output, state = native.step(
            problem.recurrence, problem.weights, problem.inputs[:, t], state
        )
        np.testing.assert_array_equal(output, whole.outputs[:, t])


@pytest.mark.parametrize("name", ["tanh", "lstm-norm-peep-proj-clip", "gru-before"])
def test_a_long_row_in_pieces(name):
    """Longer than what is multiplied ahead at once."""
    problem = problem_of(name, sizes=Sizes(1, 110, 20, 7))
    whole = run(problem)
    first = run(problem, inputs=problem.inputs[:, :37])
    rest = run(problem, inputs=problem.inputs[:, 37:], state=first.final_state)
    pieces = np.concatenate([first.outputs, rest.outputs], axis=1)
    np.testing.assert_array_equal(pieces, whole.outputs)


@every_variant
def test_with_or_without_a_tape_and_with_packed_weights(name):
    problem = problem_of(name, MODES["everything"])
    whole = run(problem)
    same(run(problem, keep=True), whole)
    same(run(problem, prepared=native.prepare(problem.recurrence, problem.weights)), whole)


def test_packed_weights_are_a_copy():
    problem = problem_of("lstm-norm-peep-proj-clip")
    whole = run(problem)
    packed = native.prepare(problem.recurrence, problem.weights)
    for weight in problem.weights:
        weight[...] = np.nan
    same(run(problem, prepared=packed), whole)


@pytest.mark.parametrize("mode", ["plain", "everything"])
@every_variant
def test_on_any_number_of_threads(name, mode, monkeypatch):
    problem = problem_of(name, MODES[mode], Sizes(13, 12, 20, 33))
    whole = run(problem)
    for threads in (2, 3):
        monkeypatch.setattr(native, "thread_count", lambda threads=threads: threads)
        same(run(problem), whole)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("name", ["tanh", "lstm-peep", "lstm-clip", "gru-after-bias"])
def test_large_weights_are_shared_out_by_units(name, batch, monkeypatch):
    """Few rows of a wide layer: the threads meet after every step."""
    hidden = 600 if name == "tanh" else 350
    problem = problem_of(name, Mode(True, False, True, "training"), Sizes(batch, 40, 20, hidden))
    whole = run(problem)
    for threads in (2, 3, 4):
        monkeypatch.setattr(native, "thread_count", lambda threads=threads: threads)
        same(run(problem), whole)


@every_variant
def test_by_number_or_as_an_embedding(name):
    problem = problem_of(name, MODES["everything"])
    rng = np.random.default_rng(0)
    tokens = Tokens(rng.integers(0, 9, (12, 6)), rng.normal(size=(9, 20)).astype(np.float32))
    whole = run(problem, inputs=tokens.embedding[tokens.ids])
    same(run(problem, inputs=tokens), whole)
    same(run(problem, inputs=tokens, keep=True), whole)
    tabulated = native.prepare(problem.recurrence, problem.weights, tokens.embedding)
    same(run(problem, inputs=tokens, prepared=tabulated), whole)
    alone = rows_of(problem, [4])
    same(
        run(alone, inputs=tokens._replace(ids=tokens.ids[4:5])),
        run(alone, inputs=tokens.embedding[tokens.ids[4:5]]),
    )


@given(
    st.sampled_from(sorted(VARIANTS)),
    st.builds(Sizes, st.integers(1, 20), st.just(5), st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 2**32),
)
def test_rows_make_up_their_batch_in_any_sizes(name, sizes, dtype, seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(VARIANTS[name], sizes, Mode(True, True, True), rng, dtype)
    whole = run(problem)
    rows = [run(rows_of(problem, [row])) for row in range(sizes.batch)]
    np.testing.assert_array_equal(np.concatenate([row.outputs for row in rows]), whole.outputs)
    final = join([row.final_state for row in rows])
    for ours, theirs in zip(final, whole.final_state, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_time_first_memory_is_the_same_sequence():
    problem = problem_of("gru-after-bias")
    turned = problem.inputs.swapaxes(0, 1).copy().swapaxes(0, 1)
    same(run(problem, inputs=turned), run(problem))
    turned = map_leaves(np.asfortranarray, problem.state)
    same(run(problem, state=turned), run(problem))
