"""What traces graphs: the custom operators, torch.compile and torch.export."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from elman import operators
from elman.kernels.compiled import ordered
from elman.operators import custom
from elman.operators.calls import Problem
from elman.state import LSTMState, map_leaves
from tests.kernels.variants import VARIANTS, random_noise, random_state, random_weights
from tests.unchecked import unchecked

NAMES = ("tanh", "relu-norm", "lstm-norm-peep-proj-clip", "gru-before", "gru-after-bias")
LENGTHS = torch.tensor([5, 0, 2])


def tensors_of(tree: Any) -> Any:
    return map_leaves(
        lambda leaf: leaf if not isinstance(leaf, np.ndarray) else torch.from_numpy(leaf), tree
    )


def arguments(name: str, training: bool | None = None) -> tuple[Any, Any, Any, Any]:
    """Weights, inputs, state and noise."""
    rng = np.random.default_rng(0)
    weights = random_weights(VARIANTS[name], 3, 4, rng)
    state = random_state(VARIANTS[name].recurrence, weights, 3, rng)
    noise = None if training is None else random_noise(VARIANTS[name], 3, rng, training)
    x = torch.from_numpy(rng.normal(size=(3, 5, 3))).requires_grad_()
    weights, state = (
        map_leaves(lambda leaf: None if leaf is None else leaf.requires_grad_(), tensors_of(tree))
        for tree in (weights, state)
    )
    return weights, x, state, tensors_of(noise)


def operator_arguments(name: str, lengths: Any, training: bool | None = None) -> tuple:
    weights, x, state, noise = arguments(name, training)
    recurrence = VARIANTS[name].recurrence
    cell = state.cell if isinstance(state, LSTMState) else None
    problem = Problem(recurrence, lengths, None, True, noise)
    return x, state.hidden, cell, *ordered(weights)[:-1], *custom._options(problem)


@pytest.mark.parametrize("name", NAMES)
def test_torch_accepts_the_operators(name, monkeypatch):
    """Schema, fake kernels and autograd, as torch itself checks a custom operator."""
    # It compares all results, but what is kept for the way back is not written past a length.
    monkeypatch.setattr(torch.Tensor, "new_empty", torch.Tensor.new_zeros)
    for given in (
        operator_arguments(name, None),
        operator_arguments(name, LENGTHS, training=True),
    ):
        with unchecked():  # sizes are symbols here
            torch.library.opcheck(custom._unroll, given)


@pytest.mark.parametrize("training", [None, False, True])
@pytest.mark.parametrize("name", VARIANTS)
def test_fake_kernels_tell_the_shapes_and_strides(name, training):
    real = operator_arguments(name, LENGTHS, training)
    time_first = real[0].detach().transpose(0, 1).contiguous().transpose(0, 1)
    for given in (real, (time_first, *real[1:])):
        found = custom._unroll(*given)
        grads = found[:2] + ((found[2],) if given[2] is not None else (None,))
        back = custom._unroll_backward(*given, found[0], found[3], *grads, True)
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            fakes = [mode.from_tensor(t) if isinstance(t, torch.Tensor) else t for t in given]
            fake = custom._unroll(*fakes)
            fake_grads = fake[:2] + ((fake[2],) if given[2] is not None else (None,))
            fake_back = custom._unroll_backward(*fakes, fake[0], fake[3], *fake_grads, True)
        for ours, theirs in zip((*fake, *fake_back), (*found, *back), strict=True):
            assert ours.shape == theirs.shape
            assert ours.stride() == theirs.stride()
            assert ours.dtype == theirs.dtype


# ---- in processes of their own: torch.compile cannot trace the tests' checks of annotations -----


def in_a_process(call: str) -> None:
    code = f"from tests.operators import test_graphs as t; t.{call}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def compile_and_compare(*names: str) -> None:
    """The whole sequence is in one graph, whose results and gradients are the eager ones."""
    for name in names:
        torch._dynamo.reset()
        weights, x, state, noise = arguments(name, training=True)
        kind, recurrence = type(weights), VARIANTS[name].recurrence

        def run(x, state, lengths, weights, noise=noise, kind=kind, recurrence=recurrence):
            outputs, final = operators.unroll(
                recurrence, kind(*weights), x, state, lengths=lengths, noise=noise, reverse=True
            )
            return outputs.square().sum() + sum((leaf * 3).sum() for leaf in final)

        varied = [x, *state, *(w for w in weights if w is not None)]
        compiled = torch.compile(run, fullgraph=True, backend="aot_eager")
        found = torch.autograd.grad(compiled(x, state, LENGTHS, tuple(weights)), varied)
        wanted = torch.autograd.grad(run(x, state, LENGTHS, tuple(weights)), varied)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


def compile_with_any_sizes() -> None:
    """One graph serves all batches and lengths."""
    weights, *_ = arguments("gru-after-bias")
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph

    def run(x):
        return operators.unroll(VARIANTS["gru-after-bias"].recurrence, weights, x)[0]

    compiled = torch.compile(run, fullgraph=True, backend=backend, dynamic=True)
    for batch, steps in ((2, 5), (3, 7), (4, 2)):
        x = torch.randn(batch, steps, 3, dtype=torch.float64)
        assert torch.equal(compiled(x), run(x))
    assert len(graphs) == 1


def refuse_second_derivatives() -> None:
    """A compiled graph has first derivatives only; asking for more is an error, not a zero."""
    weights, x, *_ = arguments("lstm")

    def run(x):
        return operators.unroll(VARIANTS["lstm"].recurrence, weights, x)[0].square().sum()

    compiled = torch.compile(run, fullgraph=True, backend="aot_eager")

    def differentiate_twice():
        (gradient,) = torch.autograd.grad(compiled(x), x, create_graph=True)
        gradient.square().sum().backward()

    with pytest.raises(RuntimeError, match=r"double backward|create_graph=False"):
        differentiate_twice()


def export_and_compare(name: str, strict: bool) -> None:
    """An exported graph holds the operator and runs with other sizes."""
    module = Sequences(name)
    sizes = {0: torch.export.Dim("B", min=2, max=64), 1: torch.export.Dim("T", min=2, max=64)}
    x, lengths = torch.randn(3, 5, 3, dtype=torch.float64), LENGTHS
    shapes = (sizes, {0: sizes[0]})
    exported = torch.export.export(module, (x, lengths), dynamic_shapes=shapes, strict=strict)
    called = [str(node.target) for node in exported.graph.nodes if node.op == "call_function"]
    assert called.count("elman.unroll.default") == 1
    x, lengths = torch.randn(4, 9, 3, dtype=torch.float64), torch.tensor([9, 0, 3, 1])
    for ours, theirs in zip(exported.module()(x, lengths), module(x, lengths), strict=True):
        assert torch.equal(ours, theirs)


class Sequences(torch.nn.Module):
    """A recurrence with parameters."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.recurrence = VARIANTS[name].recurrence
        weights, *_ = arguments(name)
        self.kind = type(weights)
        self.weights = torch.nn.ParameterDict(
            {k: v.detach() for k, v in weights._asdict().items() if v is not None}
        )

    def forward(self, x, lengths):
        weights = self.kind(**{k: self.weights[k] for k in self.weights})
        outputs, final = operators.unroll(self.recurrence, weights, x, lengths=lengths)
        return outputs, *final


def test_a_compiled_graph_holds_each_recurrence_whole():
    in_a_process(f"compile_and_compare(*{NAMES!r})")


def test_a_compiled_graph_takes_any_sizes():
    in_a_process("compile_with_any_sizes()")


def test_second_derivatives_of_a_compiled_graph_are_refused():
    in_a_process("refuse_second_derivatives()")


@pytest.mark.parametrize("strict", [True, False])
def test_an_exported_graph_runs(strict):
    in_a_process(
        f"export_and_compare('lstm-proj', {strict}); t.export_and_compare('gru-before', {strict})"
    )
