"""What the way back needs: saved where torch's tools see it, let go when the graph is."""

from __future__ import annotations

import functools
import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)

from elman import operators
from elman.errors import ShapeError
from tests.kernels.variants import VARIANTS, random_noise
from tests.operators.test_memory import every_kind, every_shape, flat, pair, sequences
from tests.operators.test_native import NAMES, arguments, run

every_recurrence = pytest.mark.parametrize("name", NAMES)
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def gradients(layer: Any, call: Any = lambda layer, x: layer(x)[0]) -> list[torch.Tensor]:
    x = sequences(4, 2).to(layer.weight_ih_l0.dtype).requires_grad_()
    return list(torch.autograd.grad(call(layer, x).square().sum(), [x, *layer.parameters()]))


@every_shape
@every_kind
def test_checkpoints(kind, options):
    ours, theirs = pair(kind, options)
    wanted = gradients(theirs)
    for reentrant in (False, True):

        def call(layer, x, reentrant=reentrant):
            return checkpoint(lambda x: layer(x)[0], x, use_reentrant=reentrant)

        if not reentrant:
            torch.testing.assert_close(gradients(ours, call), wanted)
            continue
        x = sequences(4, 2).requires_grad_()  # this form has `backward` only
        call(ours, x).square().sum().backward()
        torch.testing.assert_close([x.grad, *(p.grad for p in ours.parameters())], wanted)


@pytest.mark.parametrize("policy", [CheckpointPolicy.MUST_SAVE, CheckpointPolicy.MUST_RECOMPUTE])
@every_kind
def test_selective_checkpoints(kind, policy):
    ours, theirs = pair(kind, {"num_layers": 2})
    contexts = functools.partial(
        create_selective_checkpoint_contexts, lambda *args, **options: policy
    )

    def call(layer, x):
        return checkpoint(lambda x: layer(x)[0], x, use_reentrant=False, context_fn=contexts)

    torch.testing.assert_close(gradients(ours, call), gradients(theirs))


@every_shape
@every_kind
def test_hooks_on_saved_tensors_see_all_of_it(kind, options):
    ours, theirs = pair(kind, options)
    packed = []

    def pack(tensor):
        packed.append(tensor.nelement())
        return tensor.detach().numpy().copy()

    def unpack(array):
        return torch.from_numpy(np.ascontiguousarray(array))

    def hooked(layer, x):
        with saved_tensors_hooks(pack, unpack):
            return layer(x)[0]

    torch.testing.assert_close(gradients(ours, hooked), gradients(theirs))
    assert sum(packed) > 0

    def on_cpu(layer, x):
        with save_on_cpu():
            return layer(x)[0]

    torch.testing.assert_close(gradients(ours, on_cpu), gradients(theirs))


def test_a_hook_that_gives_back_something_else_is_refused():
    weights, x, state = arguments("gru-before")
    for unpack in (torch.Tensor.float, lambda tensor: tensor[:1]):
        with saved_tensors_hooks(lambda tensor: tensor.detach(), unpack):
            outputs, _ = run("gru-before", weights, x, state)
        with pytest.raises(ShapeError, match="a hook gave back"):
            outputs.sum().backward()


class Counting:
    """How many bytes are saved in graphs now."""

    def __init__(self) -> None:
        self.saved = 0

    def pack(self, tensor: torch.Tensor) -> Any:
        holder = Held(tensor.detach())
        size = tensor.untyped_storage().nbytes()
        self.saved += size
        weakref.finalize(holder, self._forget, size)
        return holder

    def _forget(self, size: int) -> None:
        self.saved -= size

    def hooks(self) -> Any:
        return saved_tensors_hooks(self.pack, lambda holder: holder.tensor)


class Held:
    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


@every_shape
@every_kind
def test_losses_that_are_kept_hold_nothing_once_they_were_differentiated(kind, options):
    ours, _ = pair(kind, options)
    counting, losses, storages = Counting(), [], []
    for _ in range(3):
        with counting.hooks():
            outputs, state = ours(sequences(40, 20))
            storages += [weakref.ref(leaf.untyped_storage()) for leaf in flat((outputs, state))]
            loss = outputs.square().mean()
        assert counting.saved > 0
        loss.backward()
        losses.append(loss)
        del outputs, state
    gc.collect()
    assert counting.saved == 0


@every_kind
def test_outputs_go_with_the_graph(kind):
    """Neither a loss that is kept, nor a cycle of references, holds them."""
    ours, _ = pair(kind, {})
    gc.disable()
    try:
        outputs = ours(sequences(400, 20))[0]
        watched = weakref.ref(outputs)
        loss = outputs.sum()
        loss.backward()
        del outputs
        assert watched() is None
    finally:
        gc.enable()


CHANGES = {
    "add": lambda outputs: outputs.add_(1),
    "relu": lambda outputs: torch.nn.functional.relu(outputs, inplace=True),
    "part": lambda outputs: outputs.__setitem__((slice(None), 0), 0),
    "many": lambda outputs: outputs.mul_(2).sub_(0.1).clamp_(-0.5, 0.5),
}
SIZES = {"small": (4, 2), "large": (300, 200)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@every_dtype
@every_shape
@every_kind
def test_outputs_and_states_may_be_changed_in_place(kind, options, dtype, change, size):
    """As torch's may, where it has a workspace of its own: with the gradients of a copy changed."""
    ours, _ = (layer.to(dtype) for layer in pair(kind, options))
    x = sequences(*size).to(dtype).requires_grad_()

    def of(results):
        outputs, *state = flat(results)
        with_state = sum((leaf * 2).sum() for leaf in state)
        return outputs.square().mean() + with_state

    def changed(results):
        for leaf in flat(results):
            change(leaf)
        return results

    found = torch.autograd.grad(of(changed(ours(x))), [x, *ours.parameters()])
    copies = tuple(leaf.clone() for leaf in flat(ours(x)))
    wanted = torch.autograd.grad(of(changed(copies)), [x, *ours.parameters()])
    for ours_, theirs_ in zip(found, wanted, strict=True):
        assert torch.equal(ours_, theirs_)


@every_recurrence
def test_changes_of_any_recurrence_read_in_any_way(name):
    """Lengths, resets, noise and direction: what was overwritten is computed again as it was."""
    weights, x, state = arguments(name)
    rng = np.random.default_rng(0)
    noise = random_noise(VARIANTS[name], 3, rng, training=True)
    noise = noise._replace(keys=torch.from_numpy(noise.keys), steps=torch.from_numpy(noise.steps))
    options: Any = {
        "lengths": torch.tensor([5, 0, 3]),
        "resets": torch.from_numpy(rng.random((3, 5)) < 0.3),
        "noise": noise,
        "reverse": True,
    }
    sources = [x, *flat(state), *flat(tuple(w for w in weights if w is not None))]
    outputs, _ = run(name, weights, x, state, **options)
    cotangent = torch.randn(outputs.shape, dtype=outputs.dtype)
    wanted = torch.autograd.grad(outputs, sources, cotangent, retain_graph=True)
    with torch.no_grad():
        outputs.fill_(7)
    found = torch.autograd.grad(outputs, sources, cotangent, retain_graph=True)
    assert all(map(torch.equal, found, wanted))
    twice = torch.autograd.grad(outputs, sources, cotangent, create_graph=True)
    torch.testing.assert_close(twice, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("changed", ["inputs", "hidden", "weight_hh", "lengths", "resets", "keys"])
def test_what_was_read_may_not_change_before_the_way_back(changed):
    weights, x, state = arguments("gru-before")
    noise = random_noise(VARIANTS["gru-before"], 3, np.random.default_rng(0), training=True)
    noise = noise._replace(keys=torch.from_numpy(noise.keys), steps=torch.from_numpy(noise.steps))
    lengths, resets = torch.tensor([5, 4, 3]), torch.zeros(3, 5, dtype=torch.bool)
    outputs, _ = operators.unroll(
        VARIANTS["gru-before"].recurrence,
        weights,
        x,
        state,
        lengths=lengths,
        resets=resets,
        noise=noise,
    )
    read = {
        "inputs": x,
        "hidden": state.hidden,
        "weight_hh": weights.weight_hh,
        "lengths": lengths,
        "resets": resets,
        "keys": noise.keys,
    }
    with torch.no_grad():
        read[changed].add_(1) if changed != "resets" else resets.logical_not_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()
