"""All three implementations against the specification: outputs, states and every gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman import operators
from elman.errors import ElmanError
from elman.kernels import reference
from elman.kernels.contract import LSTM, GRUWeights, Noise, RNNWeights, Simple, Tokens
from elman.operators import Direction, aten, loop, native
from elman.state import LSTMState, RNNState, leaves, map_leaves
from tests.kernels.variants import (
    VARIANTS,
    Variant,
    random_noise,
    random_state,
    random_weights,
)

KERNELS = ("native", "aten", "loop")
TOLERANCE = {np.float64: 1e-10, np.float32: 2e-5}


class Reading(NamedTuple):
    """How a sequence is read."""

    lengths: list[int] | None = None
    resets: bool = False
    reverse: bool = False
    noise: str | None = None  # "training" or "answering"


READINGS = {
    "all": Reading(),
    "backwards": Reading(reverse=True),
    "lengths": Reading([3, 0, 5, 1]),
    "lengths-backwards": Reading([3, 0, 5, 1], reverse=True),
    "full-lengths": Reading([5, 5, 5, 5]),
    "empty-rows": Reading([0, 0, 0, 0]),
    "resets": Reading(resets=True),
    "resets-lengths-backwards": Reading([3, 0, 5, 1], resets=True, reverse=True),
    "noise": Reading(noise="training"),
    "noise-backwards": Reading(reverse=True, noise="training"),
    "noise-resets-lengths-backwards": Reading([3, 0, 5, 1], True, True, "training"),
    "answering-resets-lengths": Reading([3, 0, 5, 1], resets=True, noise="answering"),
}


def unroll_by(kernel, recurrence, weights, inputs, state, *, lengths, resets, reverse, noise=None):
    """Run one implementation; None if it does not know this recurrence."""
    if kernel == "native":
        assert native.lacks(recurrence, weights, inputs) is None
        job = native.Job(recurrence, lengths, resets, (reverse,), noise, False)
        outputs, (final,) = native.unroll(job, (Direction(weights, state),), inputs)
        return outputs, final
    if kernel == "aten":
        if aten.lacks(recurrence, weights, inputs, resets, noise):
            return None
        return aten.unroll(recurrence, weights, inputs, state, lengths, reverse)
    return loop.unroll(recurrence, weights, inputs, state, lengths, resets, reverse, noise)


def given_of(weights: Any) -> list:
    return [weight for weight in weights if weight is not None]


def torch_of(tree: Any) -> Any:
    """Weights or a state as tensors that want gradients."""
    fields = (None if v is None else torch.from_numpy(v).requires_grad_() for v in tree)
    return type(tree)(*fields)


def noise_of(noise: Noise | None) -> Noise | None:
    """The noise with tensors for arrays."""
    if noise is None or noise.keys is None:
        return noise
    return noise._replace(keys=torch.from_numpy(noise.keys), steps=torch.from_numpy(noise.steps))


def check_against_reference(kernel, variant: Variant, reading: Reading, dtype, seed=0):
    rng = np.random.default_rng(seed)
    recurrence = variant.recurrence
    batch, steps = len(reading.lengths or range(4)), 5
    weights = random_weights(variant, 3, 4, rng, dtype)
    state = random_state(recurrence, weights, batch, rng)
    x = rng.normal(size=(batch, steps, 3)).astype(dtype)
    grad_outputs = rng.normal(size=(batch, steps, state.hidden.shape[1])).astype(dtype)
    grad_state = map_leaves(lambda leaf: rng.normal(size=leaf.shape).astype(dtype), state)
    lengths = None if reading.lengths is None else np.array(reading.lengths)
    resets = rng.random((batch, steps)) < 0.3 if reading.resets else None
    noise = None
    if reading.noise is not None:
        noise = random_noise(variant, batch, rng, reading.noise == "training")
    for row, length in enumerate(reading.lengths or ()):
        x[row, length:] = np.nan
        grad_outputs[row, length:] = np.nan

    of_torch = torch_of(weights), torch.from_numpy(x).requires_grad_(), torch_of(state)
    result = unroll_by(
        kernel,
        recurrence,
        *of_torch,
        lengths=None if lengths is None else torch.from_numpy(lengths),
        resets=None if resets is None else torch.from_numpy(resets),
        reverse=reading.reverse,
        noise=noise_of(noise),
    )
    if result is None:
        return
    wanted = reference.forward(
        recurrence,
        weights,
        x,
        state,
        lengths=lengths,
        resets=resets,
        reverse=reading.reverse,
        noise=noise,
    )
    wanted_grads = reference.backward(wanted.tape, grad_outputs, grad_state)
    outputs, final = result
    torch.autograd.backward(
        (outputs, *leaves(final)),
        [torch.from_numpy(g) for g in (grad_outputs, *leaves(grad_state))],
    )
    found = [outputs, *final, of_torch[1].grad]
    found += [leaf.grad for leaf in leaves(of_torch[2])]
    found += [weight.grad for weight in given_of(of_torch[0])]
    expected = [wanted.outputs, *wanted.final_state, wanted_grads.inputs]
    expected += [*leaves(wanted_grads.initial_state), *given_of(wanted_grads.weights)]
    assert type(final) is type(state)
    for a, b in zip(found, expected, strict=True):
        tolerance = TOLERANCE[dtype] * max(1, np.abs(b).max(initial=0))
        if variant.layer_norm and dtype == np.float32:
            tolerance *= 20  # to divide by the deviation of a few close numbers magnifies rounding
        np.testing.assert_allclose(a.detach().numpy(), b, rtol=0, atol=tolerance)


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_implementation_agrees_with_the_specification(variant, reading):
    for kernel in KERNELS:
        for dtype in TOLERANCE:
            check_against_reference(kernel, variant, reading, dtype)


@given(
    st.sampled_from(sorted(VARIANTS)),
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_agreement_holds_for_any_lengths(name, lengths, resets, reverse, seed):
    for kernel in KERNELS:
        reading = Reading(lengths, resets, reverse)
        check_against_reference(kernel, VARIANTS[name], reading, np.float64, seed)


@pytest.mark.parametrize(
    ("kernel", "name"),
    [
        ("native", "tanh"),
        ("native", "relu-norm"),
        ("native", "lstm-norm-peep-proj-clip"),
        ("native", "gru-norm-before"),
        ("native", "gru-after-bias"),
        ("aten", "tanh"),
        ("aten", "lstm-proj"),
        ("aten", "gru-after-bias"),
        ("loop", "tanh"),
        ("loop", "lstm-norm-peep-proj-clip"),
        ("loop", "gru-norm-before"),
    ],
)
def test_first_and_second_derivatives(kernel, name):
    variant = VARIANTS[name]
    rng = np.random.default_rng(3)
    weights = random_weights(variant, 2, 2, rng)
    state = random_state(variant.recurrence, weights, 2, rng)
    x = torch.from_numpy(rng.normal(size=(2, 2, 2))).requires_grad_()
    varied = [x, *leaves(torch_of(state)), *given_of(torch_of(weights))]
    names = [field for field in weights._fields if getattr(weights, field) is not None]

    def run(x, *rest):
        states, tensors = rest[: len(state)], rest[len(state) :]
        outputs, final = unroll_by(
            kernel,
            variant.recurrence,
            type(weights)(**dict(zip(names, tensors, strict=True))),
            x,
            type(state)(*states),
            lengths=torch.tensor([1, 2]),
            resets=None,
            reverse=True,
        )
        return outputs, *final

    assert torch.autograd.gradcheck(run, varied)
    assert torch.autograd.gradgradcheck(run, varied)


def test_a_tensor_given_twice_has_the_gradients_of_both_places():
    def run(matrix):
        weights = RNNWeights(matrix, matrix, matrix[0])
        outputs, _ = operators.unroll(Simple(), weights, matrix[None] + 1)
        return outputs

    matrix = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run, (matrix,))
    assert torch.autograd.gradgradcheck(run, (matrix,))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_sequence_equals_its_steps(name):
    variant = VARIANTS[name]
    rng = np.random.default_rng(1)
    weights = torch_of(random_weights(variant, 3, 4, rng))
    x = torch.from_numpy(rng.normal(size=(2, 4, 3)))
    outputs, final = operators.unroll(variant.recurrence, weights, x)
    state = map_leaves(torch.zeros_like, final)
    for t in range(4):
        output, state = operators.step(variant.recurrence, weights, x[:, t], state)
        torch.testing.assert_close(output, outputs[:, t], rtol=0, atol=1e-12)
    torch.testing.assert_close(tuple(state), tuple(final), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["relu", "lstm-proj", "gru-after-bias"])
def test_noise_is_passed_on_and_none_where_it_does_nothing(name):
    variant = VARIANTS[name]
    rng = np.random.default_rng(2)
    arrays, x = random_weights(variant, 3, 4, rng), rng.normal(size=(2, 4, 3))
    noise = random_noise(variant, 2, rng, training=True)
    weights, inputs = torch_of(arrays), torch.from_numpy(x)
    outputs, _ = operators.unroll(variant.recurrence, weights, inputs, noise=noise_of(noise))
    wanted = reference.forward(variant.recurrence, arrays, x, noise=noise).outputs
    np.testing.assert_allclose(outputs.detach(), wanted, rtol=0, atol=1e-12)
    answering = Noise(None, None, recurrent_dropout=0.5)
    found, _ = operators.unroll(variant.recurrence, weights, inputs, noise=answering)
    assert torch.equal(found, operators.unroll(variant.recurrence, weights, inputs)[0])


def test_tokens_are_rows_of_the_embedding():
    rng = np.random.default_rng(4)
    arrays, embedding = random_weights(VARIANTS["gru-before"], 3, 4, rng), rng.normal(size=(5, 3))
    weights, lengths = torch_of(arrays), torch.tensor([4, 2])
    recurrence = VARIANTS["gru-before"].recurrence
    tokens = Tokens(torch.tensor([[0, 3, 3, 1], [4, 0, -7, 99]]), torch.tensor(embedding))
    tokens.embedding.requires_grad_()
    outputs, _ = operators.unroll(recurrence, weights, tokens, lengths=lengths)
    wanted = reference.forward(
        recurrence, arrays, Tokens(*(t.detach().numpy() for t in tokens)), lengths=lengths.numpy()
    )
    np.testing.assert_allclose(outputs.detach(), wanted.outputs, rtol=0, atol=1e-12)
    outputs.square().sum().backward()
    gradients = reference.backward(wanted.tape, 2 * wanted.outputs)
    np.testing.assert_allclose(tokens.embedding.grad, gradients.inputs, rtol=0, atol=1e-12)


def simple_weights(inputs=3, hidden=4, dtype=torch.float32):
    return RNNWeights(
        torch.ones(hidden, inputs, dtype=dtype),
        torch.ones(hidden, hidden, dtype=dtype),
        torch.zeros(hidden, dtype=dtype),
    )


KEYS = torch.zeros(2, dtype=torch.int64)
NOISE = Noise(KEYS, KEYS, zoneout_hidden=0.1)
TOKENS = Tokens(torch.tensor([[0] * 5, [0, 0, 0, 0, 1]]), torch.zeros(7, 3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": torch.zeros(2, 3)}, r"inputs: found torch.float32 of shape \(2, 3\)"),
        ({"inputs": torch.zeros(2, 5, 2)}, "inputs: found"),
        ({"inputs": torch.zeros(2, 5, 3, dtype=torch.float64)}, "as the inputs"),
        ({"initial_state": RNNState(torch.zeros(3, 4))}, "state.hidden: found"),
        ({"initial_state": LSTMState(torch.zeros(2, 4), torch.zeros(2, 4))}, "give RNNState"),
        ({"lengths": torch.tensor([1, 6])}, r"lengths\[1\]: found 6; give steps from 0 to 5"),
        ({"lengths": torch.tensor([-1, 1])}, r"lengths\[0\]: found -1"),
        ({"lengths": torch.tensor([1.0, 2.0])}, "give integers"),
        ({"lengths": torch.tensor([1])}, "give integers"),
        ({"resets": torch.zeros(2, 4, dtype=torch.bool)}, "give booleans"),
        ({"resets": torch.zeros(2, 5)}, "give booleans"),
        ({"weights": simple_weights()._replace(bias=torch.zeros(5))}, "weights.bias: found"),
        ({"weights": GRUWeights(*simple_weights()[:3])}, "weights: found GRUWeights"),
        ({"recurrence": LSTM()}, "weights: found RNNWeights"),
        ({"noise": NOISE._replace(keys=KEYS[:1])}, "noise.keys: found torch.int64"),
        ({"noise": NOISE._replace(steps=KEYS.int())}, "noise.steps: found torch.int32"),
        ({"noise": NOISE._replace(steps=None)}, "noise.steps: found None"),
        ({"noise": NOISE._replace(zoneout_hidden=1.0)}, "noise.zoneout_hidden: found 1.0"),
        ({"noise": NOISE._replace(zoneout_cell=0.5)}, "only an LSTM has a cell"),
        ({"inputs": TOKENS._replace(ids=KEYS)}, r"inputs.ids: found .* give integers \[B, T\]"),
        ({"inputs": TOKENS._replace(ids=TOKENS.ids / 2)}, "inputs.ids: found torch.float32"),
        ({"inputs": TOKENS._replace(ids=TOKENS.ids + 6)}, r"inputs.ids\[1, 4\]: found 7"),
        ({"inputs": TOKENS._replace(embedding=torch.zeros(7))}, "inputs.embedding: found"),
        ({"inputs": TOKENS._replace(embedding=torch.zeros(7, 2))}, "inputs: found"),
        ({"inputs": TOKENS, "lengths": torch.tensor([1, 6])}, r"lengths\[1\]: found 6"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {
        "recurrence": Simple(),
        "weights": simple_weights(),
        "inputs": torch.zeros(2, 5, 3),
        "initial_state": None,
    }
    arguments |= change
    with pytest.raises(ElmanError, match=message):
        untyped(operators.unroll)(**arguments)


def untyped(function):
    """The function without the run-time check of its annotations that the tests add."""
    return getattr(function, "__wrapped__", function)
