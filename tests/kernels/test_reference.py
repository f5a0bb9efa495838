"""Laws of the recurrences over time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from elman.kernels import reference
from elman.kernels.contract import Noise, Recurrence, Tokens
from elman.kernels.philox import keep_mask
from elman.state import leaves, map_leaves, select
from tests.kernels.variants import SPECIFIED, random_noise, random_state, random_weights


class Case(NamedTuple):
    """Arguments of one call, and gradients to send back through it."""

    recurrence: Recurrence
    weights: Any
    inputs: np.ndarray
    state: Any
    lengths: np.ndarray
    resets: np.ndarray
    reverse: bool
    grad_outputs: np.ndarray
    grad_state: Any
    noise: Noise | None


@st.composite
def cases(draw, dtype=np.float64):
    variant = SPECIFIED[draw(st.sampled_from(sorted(SPECIFIED)))]
    batch, time = draw(st.integers(1, 4)), draw(st.integers(0, 6))
    inputs, hidden = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    lengths = draw(st.lists(st.integers(0, time), min_size=batch, max_size=batch))
    resets = rng.random((batch, time)) < draw(st.sampled_from([0.0, 0.4]))
    weights = random_weights(variant, inputs, hidden, rng, dtype)
    state = random_state(variant.recurrence, weights, batch, rng)
    x = rng.normal(size=(batch, time, inputs)).astype(dtype)
    grad_outputs = rng.normal(size=(batch, time, state.hidden.shape[1])).astype(dtype)
    grad_state = map_leaves(lambda leaf: rng.normal(size=leaf.shape).astype(dtype), state)
    training = draw(st.sampled_from([None, False, True]))
    noise = None if training is None else random_noise(variant, batch, rng, training)
    return Case(
        variant.recurrence,
        weights,
        x,
        state,
        np.array(lengths),
        resets,
        draw(st.booleans()),
        grad_outputs,
        grad_state,
        noise,
    )


def run(case, **changes):
    """Results of the call, flat: outputs, final state, then all gradients."""
    case = case._replace(**changes)
    ran = reference.forward(
        case.recurrence,
        case.weights,
        case.inputs,
        case.state,
        lengths=case.lengths,
        resets=case.resets,
        reverse=case.reverse,
        noise=case.noise,
    )
    back = reference.backward(ran.tape, case.grad_outputs, case.grad_state)
    return Result(ran.outputs, ran.final_state, back.inputs, back.initial_state, back.weights)


class Result(NamedTuple):
    outputs: np.ndarray
    final_state: Any
    grad_inputs: np.ndarray
    grad_initial_state: Any
    grad_weights: Any


def assert_close(found, expected):
    pairs = zip(leaves(found), leaves(expected), strict=True)
    for left, right in pairs:
        if left is None:
            assert right is None
        else:
            np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9)


def add(*trees):
    return map_leaves(lambda *parts: None if parts[0] is None else sum(parts), *trees)


def later(noise, steps):
    """The noise after that many more steps of each row."""
    if noise is None or noise.keys is None:
        return noise
    return noise._replace(steps=noise.steps + steps)


def row(case, b):
    """The call of row b alone, without its padding."""
    length = case.lengths[b]
    noise = case.noise
    if noise is not None and noise.keys is not None:
        noise = noise._replace(keys=noise.keys[b : b + 1], steps=noise.steps[b : b + 1])
    return case._replace(
        inputs=case.inputs[b : b + 1, :length],
        state=select(case.state, [b]),
        lengths=None,
        resets=case.resets[b : b + 1, :length],
        grad_outputs=case.grad_outputs[b : b + 1, :length],
        grad_state=select(case.grad_state, [b]),
        noise=noise,
    )


def step_by_hand(case, x, before, noise):
    """A step of one row as the contract's words have it."""
    entering = before
    noise = noise or Noise(None, None)

    def mask(rate, stream, values, step):
        return keep_mask(noise.keys, step, values.shape[1], rate, stream)

    if noise.keys is not None:
        step = noise.steps * 0 if noise.variational else noise.steps
        kept = mask(noise.recurrent_dropout, 2, before.hidden, step)
        dropped = kept * before.hidden / (1 - noise.recurrent_dropout)
        entering = before._replace(hidden=dropped)
    _, new = reference.step(case.recurrence, case.weights, x, entering)
    after = []
    rates = (noise.zoneout_hidden, noise.zoneout_cell)
    for stream, (rate, old, made) in enumerate(zip(rates, before, new, strict=False)):
        if noise.keys is None:
            after.append(rate * old + (1 - rate) * made)
        else:
            after.append(np.where(mask(rate, stream, made, noise.steps) == 1, made, old))
    return after[0], type(new)(*after)


@given(cases())
def test_a_sequence_equals_its_steps(case):
    result = run(case)
    for b, length in enumerate(case.lengths):
        state, noise = select(case.state, [b]), row(case, b).noise
        for t in reversed(range(length)) if case.reverse else range(length):
            if case.resets[b, t]:
                state = map_leaves(np.zeros_like, state)
            outputs, state = step_by_hand(case, case.inputs[b : b + 1, t], state, noise)
            noise = later(noise, 1)
            assert_close(result.outputs[b : b + 1, t], outputs)
        assert_close(select(result.final_state, [b]), state)
        assert not np.any(result.outputs[b, length:])


@given(cases())
def test_gradients_of_a_sequence_are_those_of_its_steps(case):
    case = row(case._replace(noise=None), 0)
    result = run(case)
    steps = list(range(case.inputs.shape[1]))
    steps = steps[::-1] if case.reverse else steps
    states = [case.state]
    for t in steps:
        before = map_leaves(np.zeros_like, states[-1]) if case.resets[0, t] else states[-1]
        after = reference.step(case.recurrence, case.weights, case.inputs[:, t], before)[1]
        states[-1:] = [before, after]
    grad_state, grad_weights = case.grad_state, map_leaves(_zeros, case.weights)
    for t, before in reversed(list(zip(steps, states, strict=False))):
        found = reference.step_backward(
            case.recurrence,
            case.weights,
            case.inputs[:, t],
            before,
            case.grad_outputs[:, t],
            grad_state,
        )
        assert_close(result.grad_inputs[:, t], found.inputs)
        zeroed = case.resets[0, t]
        grad_state = map_leaves(_zeros, grad_state) if zeroed else found.initial_state
        grad_weights = add(grad_weights, found.weights)
    assert_close(result.grad_initial_state, grad_state)
    assert_close(result.grad_weights, grad_weights)


def _zeros(leaf):
    return None if leaf is None else np.zeros_like(leaf)


@given(cases(), st.data())
def test_chunks_equal_the_whole(case, data):
    whole = run(case)
    cut = data.draw(st.integers(0, case.inputs.shape[1]))
    spans = [slice(None, cut), slice(cut, None)]
    lengths = [np.minimum(case.lengths, cut), np.maximum(case.lengths - cut, 0)]
    order = [1, 0] if case.reverse else [0, 1]

    def part(k, state, grad_state):
        made = lengths[order[0]] if k == order[1] else 0
        return run(
            case,
            inputs=case.inputs[:, spans[k]],
            state=state,
            lengths=lengths[k],
            resets=case.resets[:, spans[k]],
            grad_outputs=case.grad_outputs[:, spans[k]],
            grad_state=grad_state,
            noise=later(case.noise, made),
        )

    between = part(order[0], case.state, case.grad_state).final_state
    last = part(order[1], between, case.grad_state)
    first = part(order[0], case.state, last.grad_initial_state)
    parts = [first, last] if not case.reverse else [last, first]
    assert_close(last.final_state, whole.final_state)
    assert_close(np.concatenate([p.outputs for p in parts], axis=1), whole.outputs)
    assert_close(np.concatenate([p.grad_inputs for p in parts], axis=1), whole.grad_inputs)
    assert_close(first.grad_initial_state, whole.grad_initial_state)
    assert_close(add(first.grad_weights, last.grad_weights), whole.grad_weights)


@given(cases())
def test_a_padded_batch_equals_its_rows_whatever_the_padding(case):
    padding = np.arange(case.inputs.shape[1]) >= case.lengths[:, None]
    result = run(
        case,
        inputs=np.where(padding[..., None], np.nan, case.inputs),
        grad_outputs=np.where(padding[..., None], np.nan, case.grad_outputs),
    )
    total = map_leaves(_zeros, case.weights)
    for b, length in enumerate(case.lengths):
        alone = run(row(case, b))
        assert_close(result.outputs[b : b + 1, :length], alone.outputs)
        assert_close(result.grad_inputs[b : b + 1, :length], alone.grad_inputs)
        assert not np.any(result.outputs[b, length:])
        assert not np.any(result.grad_inputs[b, length:])
        assert_close(select(result.final_state, [b]), alone.final_state)
        assert_close(select(result.grad_initial_state, [b]), alone.grad_initial_state)
        total = add(total, alone.grad_weights)
    assert_close(result.grad_weights, total)


@given(cases())
def test_length_zero_keeps_the_state_and_its_gradient(case):
    result = run(case, lengths=np.zeros_like(case.lengths))
    assert_close(result.final_state, case.state)
    assert_close(result.grad_initial_state, case.grad_state)
    assert not any(np.any(leaf) for leaf in leaves(result.grad_weights) if leaf is not None)


@given(cases())
def test_none_stands_for_zeros_all_and_never(case):
    batch, time = case.inputs.shape[:2]
    zeros = map_leaves(np.zeros_like, case.state)
    spelt = run(
        case, state=zeros, lengths=np.full(batch, time), resets=np.zeros((batch, time), bool)
    )
    assert_close(run(case, state=None, lengths=None, resets=None), spelt)
    no_gradient = run(case, grad_state=map_leaves(np.zeros_like, case.grad_state))
    assert_close(run(case, grad_state=None), no_gradient)


@given(cases())
def test_reverse_reads_the_flipped_sequence(case):
    case = row(case, 0)
    backwards = run(case, reverse=True)
    flipped = run(
        case,
        inputs=case.inputs[:, ::-1],
        resets=case.resets[:, ::-1],
        grad_outputs=case.grad_outputs[:, ::-1],
        reverse=False,
    )
    assert_close(backwards.outputs, flipped.outputs[:, ::-1])
    assert_close(backwards.grad_inputs, flipped.grad_inputs[:, ::-1])
    assert_close(backwards.final_state, flipped.final_state)
    assert_close(backwards.grad_initial_state, flipped.grad_initial_state)
    assert_close(backwards.grad_weights, flipped.grad_weights)


@given(cases(), st.data())
def test_a_reset_starts_a_separate_sequence(case, data):
    case = row(case, 0)._replace(reverse=False)
    time = case.inputs.shape[1]
    if not time:
        return
    at = data.draw(st.integers(0, time - 1))
    resets = np.zeros((1, time), bool)
    resets[0, at] = True
    joined = run(case, resets=resets)
    first = run(
        case,
        inputs=case.inputs[:, :at],
        resets=None,
        grad_outputs=case.grad_outputs[:, :at],
        grad_state=None,
    )
    second = run(
        case,
        inputs=case.inputs[:, at:],
        state=None,
        resets=None,
        grad_outputs=case.grad_outputs[:, at:],
        noise=later(case.noise, at),
    )
    assert_close(joined.outputs, np.concatenate([first.outputs, second.outputs], axis=1))
    assert_close(joined.final_state, second.final_state)
    assert_close(joined.grad_initial_state, first.grad_initial_state)
    assert_close(joined.grad_weights, add(first.grad_weights, second.grad_weights))


@given(cases())
def test_a_state_that_is_reset_at_once_changes_nothing(case):
    """Even NaN: the state is replaced, not multiplied by zero."""
    resets = case.resets.copy()
    for b, length in enumerate(case.lengths):
        if length:
            resets[b, length - 1 if case.reverse else 0] = True
    read = case.lengths > 0
    lost = map_leaves(lambda leaf: np.where(read[:, None], np.nan, leaf), case.state)
    with_nan, with_numbers = run(case, resets=resets, state=lost), run(case, resets=resets)
    assert_close(with_nan, with_numbers)
    assert not any(np.any(leaf[read]) for leaf in leaves(with_nan.grad_initial_state))


@given(cases(dtype=np.float32))
def test_float32_stays_float32(case):
    found = [leaf for leaf in leaves(run(case)) if leaf is not None]
    assert {leaf.dtype for leaf in found} == {np.dtype(np.float32)}
    outputs, state = reference.step(
        case.recurrence, case.weights, np.ones_like(case.inputs, shape=(4, case.inputs.shape[2])),
        map_leaves(lambda leaf: np.ones((4, leaf.shape[1]), np.float32), case.state),
    )  # fmt: skip
    assert {leaf.dtype for leaf in (outputs, *state)} == {np.dtype(np.float32)}


@given(cases())
def test_arguments_are_left_as_they_were_and_a_tape_can_be_used_twice(case):
    arrays = [leaf for leaf in leaves(tuple(case[1:6])) if leaf is not None]
    arrays += [case.grad_outputs, *case.grad_state]
    copies = [array.copy() for array in arrays]
    ran = reference.forward(case.recurrence, case.weights, case.inputs, case.state)
    once = reference.backward(ran.tape, case.grad_outputs, case.grad_state)
    twice = reference.backward(ran.tape, case.grad_outputs, case.grad_state)
    for array, kept in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, kept)
    for left, right in zip(leaves(tuple(once)), leaves(tuple(twice)), strict=True):
        np.testing.assert_array_equal(left, right)


@given(cases(), st.integers(0, 2**32))
def test_tokens_are_rows_of_the_embedding(case, seed):
    rng = np.random.default_rng(seed)
    batch, time, features = case.inputs.shape
    embedding = rng.normal(size=(3, features))
    ids = rng.integers(0, 3, (batch, time))
    expected = run(case, inputs=embedding[ids])
    past = np.arange(time) >= case.lengths[:, None]
    found = run(case, inputs=Tokens(np.where(past, 99, ids), embedding))
    assert_close(found._replace(grad_inputs=None), expected._replace(grad_inputs=None))
    for token in range(3):
        wanted = expected.grad_inputs[(ids == token) & ~past].sum(0)
        assert_close(found.grad_inputs[token], wanted)


@given(cases(), st.integers(0, 2**32))
def test_a_step_reads_tokens_too(case, seed):
    rng = np.random.default_rng(seed)
    batch, _, features = case.inputs.shape
    embedding, ids = rng.normal(size=(2, features)), rng.integers(0, 2, batch)
    common, grads = (case.recurrence, case.weights), (case.state.hidden, case.grad_state)
    tokens = Tokens(ids, embedding)
    found = reference.step(*common, tokens, case.state)
    assert_close(found, reference.step(*common, embedding[ids], case.state))
    back = reference.step_backward(*common, tokens, case.state, *grads)
    expected = reference.step_backward(*common, embedding[ids], case.state, *grads)
    assert_close(tuple(back[1:]), tuple(expected[1:]))
    assert_close(back.inputs, np.stack([expected.inputs[ids == k].sum(0) for k in range(2)]))


def test_the_specification_supports_everything():
    rng = np.random.default_rng(0)
    for variant in SPECIFIED.values():
        weights = random_weights(variant, 2, 3, rng)
        assert reference.supports(variant.recurrence, weights) is None
