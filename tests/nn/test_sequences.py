"""The twins of torch.nn.RNN, LSTM and GRU beside the originals."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence

import elman.nn
from elman.errors import ArgumentError, ShapeError, TwinShapeError
from elman.state import leaves, map_leaves
from tests.unchecked import unchecked

F, H, T, B = 3, 4, 5, 3
LENGTHS = [2, 5, 3]

KINDS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {}),
    ("LSTM", {"proj_size": 2}),
    ("GRU", {}),
]
OPTIONS = [
    {},
    {"bias": False},
    {"batch_first": True},
    {"bidirectional": True, "num_layers": 2},
    {"bidirectional": True, "batch_first": True, "bias": False, "num_layers": 3},
]
every_kind = pytest.mark.parametrize(("kind", "extra"), KINDS)
every_option = pytest.mark.parametrize("options", OPTIONS)


def pair(kind, options, dtype=torch.float64):
    """Ours and torch's with the same weights."""
    ours = getattr(elman.nn, kind)(F, H, dtype=dtype, **options)
    theirs = getattr(torch.nn, kind)(F, H, dtype=dtype, **options)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def sequences(module, rows=B):
    shape = (rows, T, F) if module.batch_first else (T, rows, F)
    return torch.randn(shape, dtype=torch.float64)


def states(module, rows=B):
    count = module.num_layers * (2 if module.bidirectional else 1)
    hidden = torch.randn(count, rows, module.proj_size or H, dtype=torch.float64)
    if module.mode != "LSTM":
        return hidden
    return hidden, torch.randn(count, rows, H, dtype=torch.float64)


def assert_same(ours, theirs, inputs, hx=None):
    """Outputs, states and all gradients of a loss that weighs every entry differently."""
    results = []
    for module in (ours, theirs):
        module.zero_grad()
        given = (inputs,) if hx is None else (inputs, hx)
        given = map_leaves(lambda leaf: leaf.detach().requires_grad_(), given)
        outputs, final = module(*given)
        found = [outputs, *leaves(final)]
        draw = torch.Generator().manual_seed(0)
        weights = [torch.rand(x.shape, generator=draw, dtype=x.dtype) for x in found]
        sum((x * w).sum() for x, w in zip(found, weights, strict=True)).backward()
        grads = [*(x.grad for x in leaves(given)), *(p.grad for p in module.parameters())]
        results.append((found, grads))
    for a, b in zip(*(found + grads for found, grads in results), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@every_kind
@every_option
def test_outputs_states_and_gradients(kind, extra, options):
    ours, theirs = pair(kind, extra | options)
    assert_same(ours, theirs, sequences(ours))
    assert_same(ours, theirs, sequences(ours), states(ours))


@every_kind
@every_option
def test_unbatched(kind, extra, options):
    ours, theirs = pair(kind, extra | options)
    inputs = torch.randn(T, F, dtype=torch.float64)
    hx = states(ours, rows=1)
    hx = tuple(x[:, 0] for x in hx) if isinstance(hx, tuple) else hx[:, 0]
    assert_same(ours, theirs, inputs)
    assert_same(ours, theirs, inputs, hx)


@every_kind
@every_option
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_packed(kind, extra, options, enforce_sorted):
    ours, theirs = pair(kind, extra | options)
    lengths = sorted(LENGTHS, reverse=True) if enforce_sorted else LENGTHS
    inputs, hx = sequences(ours), states(ours)
    packed = pack_padded_sequence(
        inputs, torch.tensor(lengths), batch_first=ours.batch_first, enforce_sorted=enforce_sorted
    )
    outputs, final = ours(packed, hx)
    expected, expected_final = theirs(packed, hx)
    torch.testing.assert_close(outputs.data, expected.data)
    assert outputs.batch_sizes.tolist() == expected.batch_sizes.tolist()
    for indices in ("sorted_indices", "unsorted_indices"):
        mine, theirs_ = getattr(outputs, indices), getattr(expected, indices)
        assert (mine is None) == (theirs_ is None)
        assert mine is None or torch.equal(mine, theirs_)
    for a, b in zip(leaves(final), leaves(expected_final), strict=True):
        torch.testing.assert_close(a, b)


@every_kind
@every_option
def test_lengths_equal_packing(kind, extra, options):
    ours, theirs = pair(kind, extra | options)
    inputs, hx = sequences(ours), states(ours)
    packed = pack_padded_sequence(
        inputs, torch.tensor(LENGTHS), batch_first=ours.batch_first, enforce_sorted=False
    )
    expected, expected_final = theirs(packed, hx)
    expected, _ = pad_packed_sequence(expected, batch_first=ours.batch_first, total_length=T)
    rows_first = inputs if ours.batch_first else inputs.transpose(0, 1)
    for row, length in enumerate(LENGTHS):
        rows_first[row, length:] = float("nan")
    outputs, final = ours(inputs, hx, lengths=LENGTHS)
    torch.testing.assert_close(outputs, expected)
    for a, b in zip(leaves(final), leaves(expected_final), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_length_of_zero_keeps_the_state(kind):
    ours, _ = pair(kind, {"bidirectional": True, "num_layers": 2})
    inputs, hx = sequences(ours), states(ours)
    outputs, final = ours(inputs, hx, lengths=torch.tensor([0, 4, 0]))
    assert (outputs[:, [0, 2]] == 0).all()
    for before, after in zip(leaves(hx), leaves(final), strict=True):
        assert torch.equal(before[:, [0, 2]], after[:, [0, 2]])
        assert not torch.equal(before[:, 1], after[:, 1])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_dropout_between_layers_zeroes_what_torch_zeroes(kind):
    ours, theirs = pair(kind, {"num_layers": 3, "dropout": 0.5, "bidirectional": True})
    inputs = sequences(ours)
    found = []
    for module in (ours, theirs):
        torch.manual_seed(3)
        found.append(module(inputs)[0])
    torch.testing.assert_close(found[0], found[1])
    torch.manual_seed(4)
    assert not torch.allclose(ours(inputs)[0], found[0])
    ours.eval(), theirs.eval()
    torch.testing.assert_close(ours(inputs)[0], theirs(inputs)[0])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_dropout_in_packed_sequences_zeroes_what_torch_zeroes(kind):
    ours, theirs = pair(kind, {"num_layers": 2, "dropout": 0.5, "bidirectional": True})
    packed = pack_padded_sequence(sequences(ours), torch.tensor([2, 5, 2]), enforce_sorted=False)
    found = []
    for module in (ours, theirs):
        torch.manual_seed(3)
        outputs, final = module(packed)
        found.append([outputs.data, *leaves(final)])
    for mine, original in zip(*found, strict=True):
        torch.testing.assert_close(mine, original)


@every_kind
@every_option
def test_gradients_through_packed_sequences(kind, extra, options):
    ours, theirs = pair(kind, extra | options)
    inputs = sequences(ours)
    results = []
    for module in (ours, theirs):
        leaf = inputs.clone().requires_grad_()
        packed = pack_padded_sequence(
            leaf, torch.tensor(LENGTHS), batch_first=ours.batch_first, enforce_sorted=False
        )
        outputs, final = module(packed)
        found = [outputs.data, *leaves(final)]
        sum((x * torch.arange(1, 1 + x.shape[-1])).sum() for x in found).backward()
        results.append([leaf.grad, *(p.grad for p in module.parameters())])
    for mine, original in zip(*results, strict=True):
        torch.testing.assert_close(mine, original)


@every_kind
@every_option
def test_initialisation_and_state_dict(kind, extra, options):
    torch.manual_seed(7)
    ours = getattr(elman.nn, kind)(F, H, **extra, **options)
    torch.manual_seed(7)
    theirs = getattr(torch.nn, kind)(F, H, **extra, **options)
    mine, original = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(original)
    assert all(torch.equal(mine[name], original[name]) for name in mine)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(1)
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    assert isinstance(ours, torch.nn.RNNBase)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_copies_and_files_answer_the_same(kind):
    ours, _ = pair(kind, {"num_layers": 2})
    inputs = sequences(ours)
    expected, _ = ours(inputs)
    file = io.BytesIO()
    torch.save(ours.state_dict(), file)
    file.seek(0)
    loaded, _ = pair(kind, {"num_layers": 2})
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for module in (loaded, copy.deepcopy(ours)):
        assert torch.equal(module(inputs)[0], expected)


def test_other_weights_are_seen():
    ours, _ = pair("GRU", {})
    inputs = sequences(ours)
    zeros = {name: torch.zeros_like(value) for name, value in ours.named_parameters()}
    assert (torch.func.functional_call(ours, zeros, inputs)[0] == 0).all()
    ours.weight_ih_l0 = torch.nn.Parameter(torch.zeros_like(ours.weight_ih_l0))
    assert torch.equal(ours(inputs)[0], ours(torch.ones_like(inputs))[0])


@pytest.mark.parametrize("batch_first", [False, True])
def test_outputs_can_be_viewed_where_torchs_can(batch_first):
    ours, theirs = pair("LSTM", {"bidirectional": True, "batch_first": batch_first})
    inputs = sequences(ours)
    assert ours(inputs)[0].shape == theirs(inputs)[0].shape
    if not batch_first:
        assert ours(inputs)[0].view(T, B, 2, H).shape == (T, B, 2, H)


def test_outputs_states_and_gradients_lie_in_memory_as_torchs_do():
    for kind, extra in KINDS:
        for options in OPTIONS:
            ours, theirs = pair(kind, extra | options)
            strides = []
            for module in (ours, theirs):
                passed = sequences(module).requires_grad_().mul(1)
                found = []
                passed.register_hook(lambda grad, found=found: found.append(grad.stride()))
                outputs, final = module(passed)
                sum(part.sum() for part in leaves((outputs, final))).backward()
                strides.append([*found, *(part.stride() for part in leaves((outputs, final)))])
            assert strides[0] == strides[1], (kind, extra, options)
            within, _ = ours(sequences(ours), memory=4)
            assert within.stride() == strides[0][1]


def test_a_state_may_be_a_list_as_in_torch():
    ours, theirs = pair("LSTM", {})
    inputs, hx = sequences(ours), list(states(ours))
    with unchecked():
        torch.testing.assert_close(ours(inputs, hx), theirs(inputs, hx))


@pytest.mark.parametrize(
    ("inputs", "hx"),
    [
        (torch.zeros(T, B, F + 1), None),
        (torch.zeros(T), None),
        (torch.zeros(T, B, F, dtype=torch.float64), None),
        (torch.zeros(T, B, F), torch.zeros(1, B + 1, H)),
        (torch.zeros(T, B, F), torch.zeros(1, H)),
        (torch.zeros(T, F), torch.zeros(1, B, H)),
        (pack_sequence([torch.zeros(2, F + 1)]), None),
    ],
)
def test_what_torch_refuses_is_refused_with_the_same_kind_of_error(inputs, hx):
    with pytest.raises((RuntimeError, ValueError)) as theirs:
        torch.nn.GRU(F, H)(inputs, hx)
    with unchecked(), pytest.raises(TwinShapeError) as ours:
        elman.nn.GRU(F, H)(inputs, hx)
    assert isinstance(ours.value, type(theirs.value))


def test_bad_lengths():
    layer = elman.nn.LSTM(F, H)
    inputs = torch.zeros(T, B, F)
    with pytest.raises(ShapeError, match=r"lengths\[1\]: found 6; give steps from 0 to 5"):
        layer(inputs, lengths=[1, 6, 2])
    with pytest.raises(ShapeError, match="pass 3 integers"):
        layer(inputs, lengths=[1, 2])
    with pytest.raises(ArgumentError, match="unbatched"):
        layer(inputs[:, 0], lengths=[1])
    with pytest.raises(ArgumentError, match="PackedSequence"):
        layer(pack_sequence([inputs[:, 0]]), lengths=[1])


def test_bad_options_are_refused():
    for kind in ("GRU", "RNN"):
        for module in (torch.nn, elman.nn):
            with unchecked(), pytest.raises(ValueError, match="proj_size"):
                getattr(module, kind)(F, H, proj_size=2)
    with pytest.raises(ValueError, match="nonlinearity"):
        elman.nn.RNN(F, H, nonlinearity="sigmoid")
