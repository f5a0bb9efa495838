"""The state by row: selected, reset, joined, copied, saved, for every cell and stack."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from elman import state
from elman.errors import BundleError, ShapeError
from elman.state import LSTMState, RNNState
from tests.cell_zoo import CELLS, make, random_state

ROWS = 4


def as_numpy(tree):
    return state.map_leaves(lambda leaf: leaf.detach().numpy(), tree)


@pytest.fixture(params=CELLS)
def tensors(request):
    """A state of every cell, no two entries alike."""
    cell = make(request.param)
    return state.map_leaves(torch.Tensor.detach, random_state(cell, ROWS))


@pytest.fixture(params=["torch", "numpy"])
def kept(request, tensors):
    return tensors if request.param == "torch" else as_numpy(tensors)


def assert_same(found, expected):
    """The same structure, libraries, dtypes and numbers."""
    assert state.describe(found) == state.describe(expected)
    for a, b in zip(state.leaves(found), state.leaves(expected), strict=True):
        assert type(a) is type(b)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def rows_of(kept, row):
    return [np.asarray(leaf)[row] for leaf in state.leaves(kept)]


def assert_row(found, row, expected, expected_row):
    for a, b in zip(rows_of(found, row), rows_of(expected, expected_row), strict=True):
        np.testing.assert_array_equal(a, b)


def test_select(kept):
    chosen = state.select(kept, [2, 0, 2, -1])
    for place, row in enumerate([2, 0, 2, 3]):
        assert_row(chosen, place, kept, row)
    assert_same(state.select(kept, [False, True, False, True]), state.select(kept, [1, 3]))
    assert_same(state.select(kept, torch.tensor([3, 1])), state.select(kept, np.array([3, 1])))
    assert state.batch_size(state.select(kept, [])) == 0


def test_reset_to_zeros_or_to_an_initial_state(kept):
    fresh = state.map_leaves(lambda leaf: leaf * 0 + 7, kept)
    mask = [True, False, False, True]
    for initial, value in ((None, 0), (fresh, 7)):
        changed = state.reset(kept, mask, initial)
        assert_row(changed, 1, kept, 1)
        assert_row(changed, 2, kept, 2)
        for row in (0, 3):
            assert all((leaf == value).all() for leaf in rows_of(changed, row))
    assert_same(state.reset(kept, [False] * ROWS), kept)


def test_join_puts_together_what_select_took_apart(kept):
    apart = [state.select(kept, [row]) for row in range(ROWS)]
    assert_same(state.join(apart), kept)
    assert_same(state.join([kept]), kept)


def test_a_copy_shares_no_memory(kept):
    twin = state.copy(kept)
    assert_same(twin, kept)
    for leaf in state.leaves(twin):
        leaf += 1
    for a, b in zip(state.leaves(twin), state.leaves(kept), strict=True):
        assert (a != b).all()


def test_what_is_saved_is_loaded(kept, tmp_path):
    state.save(tmp_path / "state", kept)
    assert_same(state.load(tmp_path / "state", like=kept), kept)
    chosen = state.select(kept, [3, 1])
    assert_same(state.load(tmp_path / "state", rows=[3, 1], like=kept), chosen)
    state.save(tmp_path / "state", kept, rows=[3, 1])
    assert_same(state.load(tmp_path / "state", like=kept), chosen)


def test_a_step_after_loading_is_the_step_that_would_have_been(tmp_path):
    cell = make("everything")
    before = random_state(cell, 3)
    state.save(tmp_path / "state", before)
    loaded = state.load(tmp_path / "state", like=before)
    inputs = torch.ones(3, 3, dtype=torch.float64)
    assert torch.equal(cell(inputs, before)[0], cell(inputs, loaded)[0])


def test_elmans_own_states_need_no_like(tmp_path):
    kept = (RNNState(np.ones((2, 3))), LSTMState(np.zeros((2, 1), np.float32), np.ones((2, 2))))
    state.save(tmp_path / "state", kept)
    assert_same(state.load(tmp_path / "state"), kept)


def test_many_arrays_keep_their_order(tmp_path):
    kept = tuple(RNNState(np.full((1, 1), float(k))) for k in range(12))
    state.save(tmp_path / "state", kept)
    assert [part.hidden.item() for part in state.load(tmp_path / "state")] == list(range(12))


def test_torchs_states_and_back():
    hidden, cell = torch.randn(4, 2, 3), torch.randn(4, 2, 5)
    states = [state.from_torch((hidden, cell), layer) for layer in range(4)]
    assert isinstance(states[0], LSTMState)
    assert all(
        torch.equal(a, b) for a, b in zip(state.to_torch(states), (hidden, cell), strict=True)
    )
    simple = [state.from_torch(hidden, layer) for layer in range(4)]
    assert isinstance(simple[0], RNNState)
    assert torch.equal(state.to_torch(simple), hidden)


def test_gradients_pass_through_rows():
    hidden = torch.ones(3, 2, requires_grad=True)
    changed = state.reset(state.select(RNNState(hidden), [2, 0]), [False, True])
    state.join([changed, state.copy(changed)]).hidden.sum().backward()
    assert hidden.grad.tolist() == [[0, 0], [0, 0], [2, 2]]


@pytest.mark.parametrize(
    "call",
    [
        lambda kept: state.select(kept, [4]),
        lambda kept: state.select(kept, [-5]),
        lambda kept: state.select(kept, [[0]]),
        lambda kept: state.select(kept, [True, False]),
        lambda kept: state.reset(kept, [0, 1, 0, 1]),
        lambda kept: state.reset(kept, [True]),
        lambda kept: state.reset(kept, [True] * 4, (kept, kept)),
        lambda kept: state.join([]),
        lambda kept: state.join([kept, kept.hidden]),
        lambda kept: state.batch_size((kept, RNNState(np.zeros((3, 1))))),
    ],
)
def test_rows_that_do_not_fit(call):
    with pytest.raises(ShapeError):
        call(LSTMState(np.zeros((4, 1)), np.zeros((4, 2))))


def test_files_that_hold_no_such_state(tmp_path):
    kept = LSTMState(np.ones((2, 1)), np.ones((2, 2)))
    path = tmp_path / "state"
    with pytest.raises(BundleError, match="not a saved state"):
        state.load(path)
    state.save(path, kept)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(BundleError):
            state.load(path)
    save_file({"0": np.ones(2)}, path)
    with pytest.raises(BundleError, match="no state format"):
        state.load(path)


def test_files_of_another_cell(tmp_path):
    path = tmp_path / "state"
    state.save(path, RNNState(np.ones((2, 1))))
    with pytest.raises(BundleError, match="a state like LSTMState"):
        state.load(path, like=LSTMState(np.ones((2, 1)), np.ones((2, 2))))
    state.save(path, random_state(make("own"), 2))
    with pytest.raises(BundleError, match="holds a LeakyState; pass like="):
        state.load(path)


def test_a_file_with_too_few_arrays(tmp_path):
    path = tmp_path / "state"
    header = {"format": "elman-state-1", "structure": json.dumps(["LSTMState", [None, None]])}
    save_file({"0": np.ones((2, 1))}, path, metadata=header)
    with pytest.raises(BundleError):
        state.load(path)


def test_a_failed_save_leaves_the_older_file_whole(tmp_path):
    path = tmp_path / "state"
    kept = RNNState(np.ones((2, 1)))
    state.save(path, kept)
    with pytest.raises(ShapeError):
        state.save(path, kept, rows=[5])
    assert_same(state.load(path), kept)
    with pytest.raises(BundleError):
        state.save(path / "below a file", kept)
