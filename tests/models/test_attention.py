"""Attention and what it feeds back: laws of the trained module and of its twin."""

from __future__ import annotations

import copy
import tracemalloc
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from elman import blueprint as plan
from elman import state as states
from elman.blueprint import CellConfig, encoder_decoder
from elman.decoding import beam
from elman.errors import ArgumentError, ShapeError
from elman.kernels import attention as looking
from elman.models import attention, build, limit_memory, scoring_late
from elman.models.flow import Memory
from elman.models.heads import Unscored
from elman.runtime import Network
from elman.training import CrossEntropy, PairExamples
from elman.training.loop.losses import accuracy

VOCABULARY = 9
B, S, U = 5, 7, 4
LENGTHS, TARGETS = np.array([7, 3, 0, 1, 5]), np.array([4, 2, 3, 0, 4])
SCORES = ("dot", "general", "additive")


def blueprint(score="general", feeding=False, **more):
    options = {
        "source_vocabulary": VOCABULARY,
        "target_vocabulary": VOCABULARY,
        "embedding": 5,
        "cells": CellConfig("lstm", 6),
        "encoder_cells": CellConfig("gru", 3),
        "bidirectional": True,
    }
    return encoder_decoder(attention=score, feeding=feeding, go=0, eos=1, **options | more)


def built(*arguments, **more) -> tuple[torch.nn.Module, Network]:
    model = build(blueprint(*arguments, **more), 0).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model, Network(model.blueprint, {k: v.numpy() for k, v in model.state_dict().items()})


def ids(rows: int, steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(2, VOCABULARY, (rows, steps))


SOURCE, TARGET = ids(B, S), ids(B, U, 1)


@pytest.mark.parametrize("feeding", [False, True])
@pytest.mark.parametrize("score", SCORES)
def test_rows_of_attention_sum_to_one_and_padding_gets_exactly_nothing(score, feeding):
    _, network = built(score, feeding)
    _, attention = network.teach(SOURCE, TARGET, LENGTHS, TARGETS)
    assert attention.shape == (B, U, S)
    for row in range(B):
        real = attention[row, : TARGETS[row]]
        assert not real[:, LENGTHS[row] :].any()
        assert not attention[row, TARGETS[row] :].any()
        if LENGTHS[row]:
            np.testing.assert_allclose(real.sum(axis=1), 1, rtol=1e-6)
    assert np.ptp(attention[0]) > 0.01
    assert not attention[2].any()  # a source without a step


@pytest.mark.parametrize("feeding", [False, True])
@pytest.mark.parametrize("score", SCORES)
def test_a_row_has_the_same_bits_alone_padded_and_in_a_batch(score, feeding):
    _, network = built(score, feeding)
    scores, attention = network.teach(SOURCE, TARGET, LENGTHS, TARGETS)
    for row in range(B):
        length, steps = LENGTHS[row], TARGETS[row]
        alone, looked = network.teach(
            SOURCE[row : row + 1, :length], TARGET[row : row + 1, :steps], [length], [steps]
        )
        np.testing.assert_array_equal(alone[0], scores[row, :steps])
        np.testing.assert_array_equal(looked[0], attention[row, :steps, :length])


@pytest.mark.parametrize("feeding", [False, True])
def test_a_beam_of_many_equals_beams_alone(feeding):
    _, network = built("additive", feeding)
    decoder = network.decoder(SOURCE, LENGTHS)
    options = {"go": 0, "eos": 1, "max_length": 8, "beam_size": 4}
    together = beam(decoder, decoder.state, **options)
    for row in range(B):
        one = network.decoder(SOURCE[row : row + 1, : LENGTHS[row]], LENGTHS[row : row + 1])
        alone = beam(one, one.state, **options)
        assert alone.tokens[0].tolist() == together.tokens[row].tolist()
        assert alone.scores[0] == together.scores[row]


@pytest.mark.parametrize("feeding", [False, True])
def test_rows_of_a_state_know_their_source(tmp_path, feeding):
    _, network = built("general", feeding)
    decoder = network.decoder(SOURCE, LENGTHS)
    first, state = decoder(TARGET[:, 0], decoder.state)
    second, _ = decoder(TARGET[:, 1], state)
    assert len(np.unique(first[:, 0])) == B
    order = np.array([4, 1, 1, 0])
    mixed = states.join([states.select(state, order), states.select(state, [3])])
    states.save(tmp_path / "state", mixed)
    again = network.decoder(SOURCE, LENGTHS)  # made anew
    found, after = again(TARGET[[*order, 3], 1], states.load(tmp_path / "state"))
    np.testing.assert_array_equal(found, second[[*order, 3]])
    assert after[0].tolist() == [*order, 3]


def test_a_state_of_other_sources_is_refused():
    _, network = built()
    decoder, few = network.decoder(SOURCE, LENGTHS), network.decoder(SOURCE[:2])
    with pytest.raises(ArgumentError, match=r"state\[2\]: found source 2; one of 2, from 0 on"):
        few(TARGET[:, 0], decoder.state)
    sources, parts = decoder.state
    with pytest.raises(ShapeError, match="state: found sources of float64; give integers"):
        decoder(TARGET[:, 0], (sources.astype(float), parts))
    with pytest.raises(ShapeError, match="state: found 5 rows for 4 inputs"):
        decoder(TARGET[:4, 0], decoder.state)
    with pytest.raises(ShapeError, match="state: found 3 rows for 5 inputs"):
        network.teach(SOURCE[:3], TARGET)


@pytest.mark.parametrize("feeding", [False, True])
@pytest.mark.parametrize("score", SCORES)
def test_every_weight_learns_and_padding_changes_no_gradient(score, feeding):
    model = build(blueprint(score, feeding, shared=True, head="tied"), 0)
    source, target = torch.from_numpy(SOURCE), torch.from_numpy(TARGET)
    wrong = source.clone()
    wrong[torch.arange(S) >= torch.from_numpy(LENGTHS)[:, None]] = -1
    scores = model(wrong, target, LENGTHS, TARGETS)
    scores.square().sum().backward()
    padded = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    for row in range(B):
        length, steps = LENGTHS[row], TARGETS[row]
        alone = model(source[row : row + 1, :length], target[row : row + 1, :steps])
        torch.testing.assert_close(alone[0], scores[row, :steps], rtol=1e-4, atol=1e-6)
        alone.square().sum().backward()
    for (name, parameter), grad in zip(model.named_parameters(), padded, strict=True):
        assert grad.abs().max() > 0, name
        torch.testing.assert_close(parameter.grad, grad, rtol=1e-3, atol=1e-5, msg=name)


def test_input_feeding_has_no_bound_on_memory():
    model = build(blueprint(feeding=True), 0)
    limit_memory(model, None)
    with pytest.raises(ArgumentError, match="memory: found '1MB' for input feeding"):
        limit_memory(model, "1MB")


def test_a_shared_embedding_is_looked_up_by_both_sides_and_copied_with_them():
    model = build(blueprint(shared=True), 0)
    twin = copy.deepcopy(model)
    assert twin.decoder.vectors is twin.encoder[0]
    assert twin.decoder.vectors is not model.encoder[0]
    assert "decoder.0.weight" not in model.state_dict()
    ids_ = torch.tensor([[3, 4]])
    before = model(ids_, ids_)
    with torch.no_grad():
        model.encoder[0].weight[8] += 1  # neither side reads it
    torch.testing.assert_close(model(ids_, ids_), before)
    torch.testing.assert_close(model(ids_, torch.tensor([[3, 8]]))[:, 0], before[:, 0])
    assert not torch.equal(model(ids_, torch.tensor([[3, 8]]))[:, 1], before[:, 1])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("head", ["dense", "tied"])
def test_scores_that_are_made_late_are_learnt_from_alike(head, smoothing):
    model = build(blueprint(head=head), 0)
    batch = PairExamples(*map(torch.from_numpy, (SOURCE, TARGET, LENGTHS, TARGETS)), go=0)
    loss, found = CrossEntropy(smoothing), []
    for late in (False, True):
        model.zero_grad()
        with scoring_late(model) if late else nullcontext():
            outputs = model(*batch.arguments)
        assert isinstance(outputs, Unscored) == late
        measured = loss(outputs, batch)
        measured.mean().backward()
        grads = [parameter.grad.clone() for parameter in model.parameters()]
        found.append([measured.total, measured.count, accuracy(outputs, batch).total, *grads])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert isinstance(model(*batch.arguments), torch.Tensor)


def most_held(run) -> int:
    """Bytes of memory that torch held at most at once, beyond what it held before."""
    with torch.autograd.profiler.profile(profile_memory=True) as seen:
        run()
    events = [one for one in seen.kineto_results.events() if one.name() == "[memory]"]
    sizes = [one.nbytes() for one in sorted(events, key=lambda one: one.start_ns())]
    assert sizes
    return int(np.cumsum(sizes).max())


def additive(parts: int | None, monkeypatch):
    """Values, gradients and the most memory of additive scores of queries, so many a part."""
    rows, queries, steps, units = 3, 40, 50, 64
    one = 8 * rows * steps * units
    monkeypatch.setattr(attention, "PART", 2**40 if parts is None else parts * one)
    torch.manual_seed(0)
    block = attention.Attend(plan.Attend("additive", units, units), units)
    block.double()
    values = torch.randn(rows, steps, units, dtype=torch.float64, requires_grad=True)
    hidden = torch.randn(rows, queries, units, dtype=torch.float64, requires_grad=True)
    memory = Memory(values, torch.tensor([50, 7, 0]))

    def run():
        context, shares = block.look(hidden, block.see(memory))
        (context.square().sum() + shares.square().sum()).backward()

    held, inputs = most_held(run), (values, hidden, block.query, block.key, block.energy)
    with torch.no_grad():
        found = block.look(hidden, block.see(memory))
    return [*found, *(one.grad for one in inputs)], held, one


@pytest.mark.parametrize("parts", [1, 7, 20])
def test_additive_scores_hold_one_part_and_are_the_same(parts, monkeypatch):
    whole, most, one = additive(None, monkeypatch)
    assert most > 40 * one  # all queries: what is bounded below
    found, held, _ = additive(parts, monkeypatch)
    for a, b in zip(found, whole, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    assert held < (4 * parts + 12) * one


def test_the_runtime_holds_what_one_query_compares():
    queries, steps, units = 200, 50, 64
    draws = np.random.default_rng(0)
    keys = draws.normal(size=(1, steps, units)).astype(np.float32)
    asked = draws.normal(size=(queries, units)).astype(np.float32)
    memory, sources = looking.Memory(keys, keys, np.array([steps])), np.zeros(queries, np.int64)
    tracemalloc.start()
    try:
        found = looking.look(asked, memory, sources, keys[0, 0])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < sum(one.nbytes for one in found) + 4 * keys.nbytes
