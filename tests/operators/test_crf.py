"""Sums over paths in torch: those of the specification, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.kernels import crf as specification
from elman.kernels.crf import Allowed, Transitions
from elman.operators.crf import log_partition, path_scores

LENGTHS = np.array([4, 0, 6, 1, 6])


def drawn(dtype: torch.dtype) -> list[torch.Tensor]:
    """Scores, pairs, start, end."""
    draws = torch.Generator().manual_seed(0)
    shapes = (len(LENGTHS), 6, 3), (3, 3), (3,), (3,)
    return [torch.randn(s, generator=draws, dtype=dtype).requires_grad_() for s in shapes]


def transitions_of(tensors) -> Transitions:
    return Transitions(*(one.detach().double().numpy() for one in tensors[1:]))


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_sums_and_gradients_are_those_of_the_specification(dtype, bound):
    tensors, lengths = drawn(dtype), torch.from_numpy(LENGTHS)
    weights = torch.tensor([1.0, 2.0, 0.5, 1.5, 1.0], dtype=dtype)
    found = log_partition(*tensors, lengths)
    (found * weights).sum().backward()
    scores, transitions = tensors[0].detach().double().numpy(), transitions_of(tensors)
    totals = specification.log_partition(scores, transitions, LENGTHS)
    np.testing.assert_allclose(found.detach().numpy(), totals, rtol=bound, atol=bound)
    wanted = specification.gradients(scores, transitions, LENGTHS, weights.double().numpy())
    for tensor, gradient in zip(tensors, wanted, strict=True):
        np.testing.assert_allclose(tensor.grad.numpy(), gradient, rtol=bound, atol=bound)


def test_gradients_are_central_differences():
    tensors, lengths = drawn(torch.float64), torch.from_numpy(LENGTHS)
    assert torch.autograd.gradcheck(lambda *given: log_partition(*given, lengths), tensors)
    paths = torch.from_numpy(np.random.default_rng(0).integers(0, 3, size=(len(LENGTHS), 6)))
    assert torch.autograd.gradcheck(lambda *given: path_scores(*given, paths, lengths), tensors)


def test_a_path_scores_what_it_does_in_the_specification():
    tensors, lengths = drawn(torch.float64), torch.from_numpy(LENGTHS)
    paths = np.random.default_rng(1).integers(0, 3, size=(len(LENGTHS), 6))
    found = path_scores(*tensors, torch.from_numpy(paths), lengths)
    scores, transitions = tensors[0].detach().numpy(), transitions_of(tensors)
    wanted = specification.path_scores(scores, transitions, paths, LENGTHS)
    np.testing.assert_allclose(found.detach().numpy(), wanted, atol=1e-12)


def test_what_is_forbidden_gets_no_gradient_and_spoils_none():
    tensors, lengths = drawn(torch.float64), torch.from_numpy(LENGTHS)
    pairs = np.array([[True, False, True], [True, True, True], [False, True, True]])
    allowed = Allowed(pairs, np.array([True, False, True]), np.array([True, True, True]))
    within = [
        torch.where(torch.from_numpy(may), score, -torch.inf)
        for score, may in zip(tensors[1:], allowed, strict=True)
    ]
    log_partition(tensors[0], *within, lengths).sum().backward()
    assert all(torch.isfinite(one.grad).all() for one in tensors)
    assert (tensors[1].grad.numpy()[~pairs] == 0).all()
    transitions = transitions_of(tensors).within(allowed)
    wanted = specification.gradients(tensors[0].detach().numpy(), transitions, LENGTHS)
    np.testing.assert_allclose(tensors[1].grad.numpy(), wanted.pairs, atol=1e-12)


def test_nothing_past_a_length_is_read():
    tensors, lengths = drawn(torch.float64), torch.from_numpy(LENGTHS)
    past = torch.arange(6) >= lengths[:, None]
    spoilt = tensors[0].detach().clone()
    spoilt[past] = torch.nan
    spoilt.requires_grad_()
    found = log_partition(spoilt, *tensors[1:], lengths)
    assert torch.equal(found, log_partition(*tensors, lengths))
    found.sum().backward()
    assert (spoilt.grad[past] == 0).all()
    assert torch.isfinite(tensors[1].grad).all()


def test_many_tags_go_back_in_parts(monkeypatch):
    whole, parts = drawn(torch.float64), drawn(torch.float64)
    lengths = torch.from_numpy(LENGTHS)
    log_partition(*whole, lengths).sum().backward()
    monkeypatch.setattr("elman.operators.crf._LARGEST", 20)
    log_partition(*parts, lengths).sum().backward()
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-12, atol=1e-12)
