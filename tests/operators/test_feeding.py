"""Input feeding as one operation against its specification and a plain loop with autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from elman.blueprint import CellConfig, encoder_decoder
from elman.errors import ArgumentError
from elman.kernels import feeding as specification
from elman.models import build
from elman.models import feeding as models
from elman.operators import feeding, notice
from elman.operators.fed_cells import CELLS
from elman.state import map_leaves
from tests.kernels.test_feeding import LENGTHS, STACKS, A, B, U, problem

TARGETS = {"all": None, "some": [2, 4, 0], "none": [0, 0, 0]}
BOUND = {torch.float64: 1e-11, torch.float32: 2e-4}


def test_every_fed_recurrence_is_compared():
    assert {type(one) for stack in STACKS.values() for one in stack} == set(CELLS)


@pytest.mark.parametrize("dtype", BOUND, ids=str)
@pytest.mark.parametrize("lengths", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("score", ["dot", "general", "additive"])
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_it_is_what_the_specification_says_forward_and_backward(stack, score, lengths, dtype):
    for masked in (False, True):
        layers, looking, inputs, memory = problem(stack, score, masked)
        along = np.random.default_rng(2).normal(size=(B, U, A))
        if lengths is not None:
            along[np.arange(U) >= np.array(lengths)[:, None]] = 0
        expected, shares, tape = specification.forward(layers, looking, inputs, memory)
        gradients = specification.backward(tape, along)

        leaves = []

        def tensor(array, learns=True):
            if array is None:
                return None
            made = torch.tensor(array, dtype=dtype, requires_grad=learns)
            leaves.append(made) if learns else None  # noqa: B023
            return made

        given = tensor(inputs), tensor(memory.keys), tensor(memory.values)
        tensors = []
        for layer in layers:
            state = map_leaves(tensor, layer.state)
            weights = type(layer.weights)(*map(tensor, layer.weights))
            masks = (tensor(mask, False) for mask in layer[3:])
            tensors.append(specification.Layer(layer.recurrence, weights, state, *masks))
        looks = specification.Looking(*map(tensor, looking))
        real = None if lengths is None else torch.tensor(lengths)
        found, weights = feeding.feed(
            tensors, looks, *given, source_lengths=torch.from_numpy(LENGTHS), lengths=real
        )
        (found * torch.tensor(along, dtype=dtype)).sum().backward()
        kept = np.arange(U) < (U if lengths is None else np.array(lengths)[:, None])
        np.testing.assert_allclose(
            found.detach(), expected * kept[..., None], rtol=0, atol=BOUND[dtype]
        )
        np.testing.assert_allclose(weights, shares * kept[..., None], rtol=0, atol=BOUND[dtype])
        wanted = [gradients.inputs, *gradients.memory]
        for state, of_weights in zip(gradients.states, gradients.weights, strict=True):
            wanted += [*state, *(one for one in of_weights if one is not None)]
        wanted += [one for one in gradients.looking if one is not None]
        for leaf, gradient in zip(leaves, wanted, strict=True):
            bound = BOUND[dtype] * max(1.0, np.abs(gradient).max())
            np.testing.assert_allclose(leaf.grad, gradient, rtol=0, atol=bound)


DROPPED: Any = {"input_dropout": 0.3, "output_dropout": 0.2, "recurrent_dropout": 0.4}
CONFIGS = {
    "lstm": (CellConfig("lstm", 5),),
    "dropped lstm on gru": (CellConfig("gru", 4, **DROPPED), CellConfig("lstm", 5, **DROPPED)),
    "variational": (CellConfig("rnn", 5, variational=True, **DROPPED),),
    "weights dropped": (CellConfig("lstm", 5, weight_drop=0.5), CellConfig("gru", 5)),
}


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
@pytest.mark.parametrize("cells", CONFIGS.values(), ids=CONFIGS)
def test_a_network_learns_the_same_at_once_and_step_by_step(monkeypatch, cells, score):
    plan = encoder_decoder(
        source_vocabulary=7,
        target_vocabulary=7,
        embedding=3,
        cells=cells,
        encoder_cells=CellConfig("gru", 3) if len(cells) > 1 else None,
        attention=score if len(cells) == 1 or score != "dot" else "general",
        feeding=True,
        dropout=0.2,
        go=0,
        eos=1,
    )
    model = build(plan, 0).double()
    source, target = torch.randint(7, (2, 4, 6), generator=torch.Generator().manual_seed(0))
    ways, heard = [], []
    for at_once in (True, False):
        if not at_once:
            monkeypatch.setattr(models, "_at_once", models._step_by_step)
        torch.manual_seed(3)
        model.zero_grad()
        with notice.listen(lambda choice, _: heard.append(choice.kernel)):
            scores = model(source, target, [6, 2, 0, 4], [5, 6, 3, 0])
        scores.square().sum().backward()
        ways.append([scores.detach(), *(p.grad.clone() for p in model.parameters())])
    assert "loop" not in heard
    for one, other in zip(*ways, strict=True):
        assert one.abs().max() > 0
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (CellConfig("gru", 4, reset_after=False), "resets before"),
        (CellConfig("lstm", 4, peepholes=True), "peepholes"),
        (CellConfig("lstm", 4, projection=3), "projection"),
        (CellConfig("lstm", 4, cell_clip=1.0), "clipping"),
        (CellConfig("gru", 4, layer_norm=True), "layer normalisation"),
        (CellConfig("gru", 4, zoneout=0.1), "Zoneout is called at every step"),
    ],
    ids=str,
)
def test_what_is_taken_step_by_step_says_why(cell, reason):
    plan = encoder_decoder(
        source_vocabulary=7,
        target_vocabulary=7,
        embedding=3,
        cells=cell,
        attention="general",
        feeding=True,
        go=0,
        eos=1,
    )
    heard, ids = [], torch.ones(2, 3, dtype=torch.int64)
    with notice.listen(lambda choice, _: heard.append(choice)):
        build(plan, 0)(ids, ids)
    slow = [choice.reason for choice in heard if choice.kernel == "loop"]
    assert any(reason in each and "input feeding" in each for each in slow)


def test_a_derivative_of_the_derivative_is_refused_and_a_second_pass_is_the_same():
    layers, looking, inputs, memory = problem(STACKS["lstm"], "dot", False)
    tensors = [
        layer._replace(
            weights=type(layer.weights)(
                *(None if w is None else torch.tensor(w, requires_grad=True) for w in layer.weights)
            ),
            state=map_leaves(torch.tensor, layer.state),
        )
        for layer in layers
    ]
    looks = specification.Looking(torch.tensor(looking.weight))
    given = (torch.tensor(each) for each in (inputs, memory.keys, memory.values))
    found, _ = feeding.feed(tensors, looks, *given, source_lengths=None, lengths=None)
    weight = tensors[0].weights.weight_hh
    first = torch.autograd.grad(found.sum(), weight, retain_graph=True)[0]
    again = torch.autograd.grad(found.sum(), weight, retain_graph=True)[0]
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    with pytest.raises(ArgumentError, match="create_graph: a graph of the gradients is wanted"):
        torch.autograd.grad(found.sum(), weight, create_graph=True)
