"""The compiled kernels as torch operations: memory, and which gradients are wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from elman import operators
from elman.errors import ArgumentError
from elman.operators.biases import merged
from elman.state import LSTMState, RNNState, leaves, map_leaves
from tests.kernels.variants import VARIANTS, random_state, random_weights

NAMES = ("relu", "lstm-norm-peep-proj-clip", "gru-before", "gru-after-bias")

every_kind = pytest.mark.parametrize("name", NAMES)


def arguments(name: str, batch: int = 3, steps: int = 5) -> tuple[Any, Any, Any]:
    """Weights, inputs and state, all wanting gradients."""
    rng = np.random.default_rng(0)
    weights = random_weights(VARIANTS[name], 3, 4, rng)
    state = random_state(VARIANTS[name].recurrence, weights, batch, rng)
    x = torch.from_numpy(rng.normal(size=(batch, steps, 3))).requires_grad_()
    return wanting(weights), x, wanting(state)


def wanting(tree: Any) -> Any:
    return map_leaves(
        lambda leaf: None if leaf is None else torch.from_numpy(leaf).requires_grad_(), tree
    )


def flat(*trees: Any) -> list[torch.Tensor]:
    return [leaf for leaf in leaves(trees) if leaf is not None]


def run(name: str, weights: Any, x: Any, state: Any, **options: Any) -> Any:
    return operators.unroll(VARIANTS[name].recurrence, weights, x, state, **options)


def all_gradients(name: str, weights: Any, x: Any, state: Any) -> list[torch.Tensor]:
    outputs, final = run(name, weights, x, state)
    loss = outputs.square().sum() + sum((leaf * (k + 2)).sum() for k, leaf in enumerate(final))
    return list(torch.autograd.grad(loss, flat(x, state, weights)))


@every_kind
def test_views_and_transposes_are_taken_as_they_are(name):
    weights, x, state = arguments(name)
    wanted = all_gradients(name, weights, x, state)

    def turn(leaf):
        other = leaf.detach().transpose(0, -1).contiguous().transpose(0, -1)
        assert leaf.ndim == 1 or not other.is_contiguous()
        return other.requires_grad_()

    everywhere = map_leaves(lambda leaf: None if leaf is None else turn(leaf), weights)
    time_first = x.detach().transpose(0, 1).contiguous().transpose(0, 1).requires_grad_()
    for inputs in (turn(x), time_first):
        found = all_gradients(name, everywhere, inputs, map_leaves(turn, state))
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-13)
    outputs, _ = run(name, weights, time_first, state)
    assert outputs.transpose(0, 1).is_contiguous()  # as a time-first layer hands it on
    assert torch.autograd.grad(outputs.sum(), time_first)[0].transpose(0, 1).is_contiguous()


@every_kind
def test_what_is_given_is_left_as_it_was(name):
    given = arguments(name)
    before = [leaf.detach().clone() for leaf in flat(*given)]
    all_gradients(name, *given)
    for tensor, old in zip(flat(*given), before, strict=True):
        assert torch.equal(tensor, old)


@every_kind
def test_each_gradient_may_be_the_only_one_wanted(name):
    weights, x, state = arguments(name)
    wanted = all_gradients(name, weights, x, state)
    count = len(wanted)
    for place in range(count):
        only = iter(k == place for k in range(count))

        def freeze(leaf, only=only):
            return None if leaf is None else leaf.detach().requires_grad_(next(only))

        inputs, states, frozen = map_leaves(freeze, (x, state, weights))
        outputs, final = run(name, frozen, inputs, states)
        loss = outputs.square().sum() + sum((leaf * (k + 2)).sum() for k, leaf in enumerate(final))
        (varied,) = (leaf for leaf in flat(inputs, states, frozen) if leaf.requires_grad)
        found, again = (
            torch.autograd.grad(loss, varied, create_graph=twice, retain_graph=True)[0]
            for twice in (False, True)
        )
        torch.testing.assert_close(found, wanted[place], rtol=0, atol=1e-13)
        torch.testing.assert_close(again, wanted[place], rtol=0, atol=1e-12)


@pytest.mark.parametrize("twice", [False, True])
@every_kind
def test_a_loss_may_use_only_one_of_the_results(name, twice):
    weights, x, state = arguments(name)
    results = flat(run(name, weights, x, state))
    for place, result in enumerate(results):
        # The others get no gradient at all here, and zeros there.
        cotangents = [torch.zeros_like(other) for other in results]
        cotangents[place] = torch.ones_like(result)
        varied = flat(x, state, weights)
        found = torch.autograd.grad(result.sum(), varied, retain_graph=True, create_graph=twice)
        wanted = torch.autograd.grad(results, varied, cotangents, retain_graph=True)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


@every_kind
def test_a_graph_that_is_kept_can_be_read_twice(name):
    weights, x, state = arguments(name)
    loss = run(name, weights, x, state)[0].sum()
    once = torch.autograd.grad(loss, flat(x, state, weights), retain_graph=True)
    again = torch.autograd.grad(loss, flat(x, state, weights))
    for ours, theirs in zip(once, again, strict=True):
        assert torch.equal(ours, theirs)
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(loss, x)


@every_kind
def test_what_changes_before_the_way_back_is_noticed(name):
    weights, x, state = arguments(name)
    loss = run(name, weights, x, state)[0].sum()
    with torch.no_grad():
        weights.weight_hh.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@every_kind
def test_no_rows_or_no_steps_have_gradients_of_zero(name):
    for batch, steps in ((0, 5), (3, 0), (0, 0)):
        weights, x, state = arguments(name, batch, steps)
        outputs, final = run(name, weights, x, state)
        loss = outputs.sum() + sum(leaf.sum() for leaf in final)
        gradients = torch.autograd.grad(loss, flat(x, *weights))
        assert not any(gradient.any() for gradient in gradients)
        final = run(name, weights, x, state)[1]
        (through,) = torch.autograd.grad(final[0].sum(), state[0])
        assert steps > 0 or (through == 1).all()


@every_kind
def test_inference_mode_gives_the_same(name):
    weights, x, state = arguments(name)
    wanted, final = run(name, weights, x, state)
    with torch.inference_mode():
        found, last = run(name, weights, x, state)
    assert found.is_inference()
    assert torch.equal(found, wanted)
    assert all(torch.equal(*pair) for pair in zip(last, final, strict=True))
    with torch.no_grad():
        assert torch.equal(run(name, weights, x, state)[0], wanted)


class Marked(torch.Tensor):
    """A subclass: what torch does to its operators must reach it."""


def test_a_subclass_stays_one_and_has_derivatives():
    weights, x, state = arguments("lstm-norm-peep-proj-clip")
    marked = x.detach().as_subclass(Marked).requires_grad_()
    outputs, final = run("lstm-norm-peep-proj-clip", weights, marked, state)
    assert type(outputs) is Marked
    assert isinstance(final, LSTMState)
    plain = run("lstm-norm-peep-proj-clip", weights, x, state)[0]
    for each in (outputs, plain):
        with torch.no_grad():
            each.mul_(2)  # as torch's, they may be changed
    found, wanted = (
        torch.autograd.grad(each.sum(), weights.weight_hh, retain_graph=True)[0]
        for each in (outputs, plain)
    )
    torch.testing.assert_close(found.as_subclass(torch.Tensor), wanted)
    found, wanted = (
        torch.autograd.grad(each.sum(), weights.weight_hh, create_graph=True)[0]
        for each in (outputs, plain)
    )
    torch.testing.assert_close(found.as_subclass(torch.Tensor), wanted)
    found, wanted = (
        torch.autograd.grad(each.square().sum(), weights.weight_hh)[0] for each in (found, wanted)
    )
    torch.testing.assert_close(found.as_subclass(torch.Tensor), wanted)


def test_a_state_of_other_kinds_of_memory():
    weights, x, _ = arguments("gru-before")
    expanded = RNNState(torch.ones(1, 1, dtype=torch.float64).expand(3, 4))
    found, _ = run("gru-before", weights, x, expanded)
    wanted, _ = run("gru-before", weights, x, map_leaves(torch.clone, expanded))
    assert torch.equal(found, wanted)


def unrolled_twice(name: str, given: Any, lengths: Any, time_first: bool) -> Any:
    """Both directions in one call, and in two calls: outputs side by side, and final states."""
    (weights, x, state), (other, _, other_state) = given
    recurrence = VARIANTS[name].recurrence
    inputs = x.transpose(0, 1) if time_first else x
    options: Any = {"lengths": lengths, "time_first": time_first}
    outputs, (ended, ended_back) = operators.unroll_both(
        recurrence,
        operators.Direction(weights, state),
        operators.Direction(other, other_state),
        inputs,
        **options,
    )
    there = operators.unroll(recurrence, weights, inputs, state, **options)
    back = operators.unroll(recurrence, other, inputs, other_state, reverse=True, **options)
    together = torch.cat([there[0], back[0]], dim=-1)
    return (outputs, ended, ended_back), (together, there[1], back[1])


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch", [1, 3])
@every_kind
def test_both_directions_at_once_have_the_bits_of_one_after_the_other(name, batch, threads):
    given = arguments(name, batch, 300), arguments(name, batch, 300)
    lengths = torch.arange(300, 300 - batch, -1)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for time_first in (False, True):
            both, single = unrolled_twice(name, given, lengths, time_first)
            assert all(map(torch.equal, flat(both), flat(single)))
            sources = flat(given[0], given[1][0], given[1][2])
            found, wanted = (
                torch.autograd.grad(
                    sum((leaf.square() * (k + 1)).sum() for k, leaf in enumerate(flat(run))),
                    sources,
                )
                for run in (both, single)
            )
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["relu", "lstm", "gru-before", "gru-after"])
def test_a_second_bias_and_time_first_and_no_state(name):
    """What torch.nn's layers hand over, in the compiled kernels and in the loop's equations."""
    recurrence = VARIANTS[name].recurrence
    weights, x, _ = arguments(name)
    second = torch.linspace(-1, 1, len(weights.bias), dtype=x.dtype, requires_grad=True)

    def loss(inputs, second_bias, *leaves):
        given = iter(leaves)
        new = type(weights)(*(None if w is None else next(given) for w in weights))
        outputs, final = operators.unroll(
            recurrence, new, inputs, second_bias=second_bias, time_first=True
        )
        return outputs, *final

    sources = (x.detach().transpose(0, 1).requires_grad_(), second, *flat(weights))
    assert torch.autograd.gradcheck(loss, sources)
    assert torch.autograd.gradgradcheck(loss, sources)
    summed = merged(recurrence, weights, second)
    wanted, state = operators.unroll(recurrence, summed, x, lengths=torch.tensor([5, 5, 5]))
    outputs, *found = loss(*sources)
    torch.testing.assert_close(outputs.transpose(0, 1), wanted, rtol=0, atol=1e-14)
    torch.testing.assert_close(tuple(found), tuple(state), rtol=0, atol=1e-14)


def test_a_second_bias_beside_a_recurrent_one_is_refused():
    weights, x, state = arguments("gru-after-bias")
    with pytest.raises(ArgumentError, match=r"second_bias.*either"):
        run("gru-after-bias", weights, x, state, second_bias=weights.bias)
