"""The one state object: a NamedTuple of arrays, batch axis first.

A cell's state is a NamedTuple (`RNNState`, `LSTMState`, a wrapper's or a user's own); a
stack's is a tuple of its cells' states. Leaves are NumPy arrays or torch tensors whose first
axis is the batch. Truncated backpropagation, evaluation, generation, streaming and serving
pass this same object, and the functions here work on all of them by row:

>>> import numpy as np
>>> state = (RNNState(np.array([[1.0], [2.0], [3.0]])),)
>>> select(state, [2, 0])[0].hidden.ravel().tolist()
[3.0, 1.0]
>>> reset(state, [False, True, False])[0].hidden.ravel().tolist()
[1.0, 0.0, 3.0]

Nothing here imports torch: a tensor brings its own methods along.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as safetensors_bytes

from elman.errors import BundleError, ShapeError
from elman.files import check_regular, replace_file
from elman.recurrences import LSTMState, RNNState

__all__ = [
    "DilatedState",
    "LSTMState",
    "RNNState",
    "WrittenState",
    "batch_size",
    "copy",
    "from_torch",
    "join",
    "leaves",
    "load",
    "map_leaves",
    "packed",
    "reset",
    "save",
    "select",
    "to_torch",
    "unpacked",
    "where",
    "written_parts",
    "written_state",
]


class DilatedState(NamedTuple):
    """State of a cell whose step t goes on from step t - d: its last d states, oldest first.

    `states` is one of the cell's states whose arrays are `[B, d, ...]`.
    """

    states: Any

    def at(self, index: int) -> Any:
        """One of the d states: 0 is the oldest, -1 the newest."""
        return map_leaves(lambda leaf: leaf[:, index], self.states)

    def followed_by(self, new: Any) -> DilatedState:
        """The last d states once there is a new one."""

        def shift(leaf: Any, newest: Any) -> Any:
            parts = (leaf[:, 1:], newest[:, None])
            return _torch().cat(parts, 1) if _is_torch(leaf) else np.concatenate(parts, 1)

        return DilatedState(map_leaves(shift, self.states, new))


class WrittenState(NamedTuple):
    """State of a written cell that no other state fits.

    `hidden [B, H]`, its other parts in their order, and where the step asks for it what counts:
    each row's key and the steps that it made, both `[B]` int64.
    """

    hidden: Any
    others: tuple[Any, ...]
    counted: tuple[Any, ...]


def written_state(
    names: Sequence[str], parts: Sequence[Any], counted: tuple[Any, ...] = ()
) -> RNNState | LSTMState | WrittenState:
    """The state of a written cell, from its parts and what counts."""
    if not counted and tuple(names) == RNNState._fields:
        return RNNState(*parts)
    if not counted and tuple(names) == LSTMState._fields:
        return LSTMState(*parts)
    return WrittenState(parts[0], tuple(parts[1:]), counted)


def written_parts(state: Any) -> tuple[Any, ...]:
    """The parts of a written cell's state; what counts is not among them."""
    if isinstance(state, WrittenState):
        return state.hidden, *state.others
    return tuple(state)


_KNOWN = {kind.__name__: kind for kind in (RNNState, LSTMState, DilatedState, WrittenState)}
_FORMAT = "elman-state-1"
_DAMAGE = (
    *(OSError, SafetensorError, ValueError, KeyError, StopIteration),
    *(TypeError, IndexError, OverflowError, RecursionError, MemoryError),
)
"""What a header that says anything at all can lead to."""


def _is_tree(state: Any) -> bool:
    return isinstance(state, tuple)


def _rebuild(like: tuple, children: Sequence[Any]) -> Any:
    return type(like)(*children) if hasattr(like, "_fields") else tuple(children)


def map_leaves(function: Callable[..., Any], state: Any, *others: Any) -> Any:
    """`function` applied to each array of `state` (with those of `others` beside it).

    Raises:
        ShapeError: The states are not of one kind of cell.
    """
    if not _is_tree(state):
        return function(state, *others)
    for other in others:
        if not _is_tree(other) or len(other) != len(state):
            raise ShapeError(
                "state",
                f"its parts do not match: {describe(state)} against {describe(other)}",
                "pass states of the same cell",
            )
    children = [map_leaves(function, *parts) for parts in zip(state, *others, strict=True)]
    return _rebuild(state, children)


def leaves(state: Any) -> Iterator[Any]:
    """The arrays of a state, depth first."""
    if _is_tree(state):
        for part in state:
            yield from leaves(part)
    else:
        yield state


def describe(state: Any) -> str:
    """The structure in one line: `(RNNState([3, 5]), LSTMState([3, 4], [3, 4]))`."""
    if not _is_tree(state):
        shape = getattr(state, "shape", None)
        return type(state).__name__ if shape is None else str(list(shape))
    name = type(state).__name__ if hasattr(state, "_fields") else ""
    return f"{name}({', '.join(describe(part) for part in state)})"


def batch_size(state: Any) -> int:
    """Number of rows; `ShapeError` if the arrays disagree."""
    sizes = {int(leaf.shape[0]) for leaf in leaves(state)}
    if len(sizes) != 1:
        raise ShapeError(
            "state", f"its arrays have {sorted(sizes)} rows", "one batch axis, first, for all"
        )
    return sizes.pop()


def _is_torch(leaf: Any) -> bool:
    return type(leaf).__module__.startswith("torch") or hasattr(leaf, "requires_grad")


def _torch() -> Any:
    return sys.modules["torch"]  # whoever holds a tensor has imported torch already


def _row_index(rows: Any, leaf: Any) -> Any:
    """`rows` as an index array of the leaf's own library."""
    if not _is_torch(leaf):
        return np.asarray(rows)
    if _is_torch(rows):  # `as_tensor` makes a constant of it where a tracer records
        return rows.to(leaf.device)
    return _torch().as_tensor(rows, device=leaf.device)


def select(state: Any, rows: Any) -> Any:
    """The state of the given rows, in that order (indices, repeats allowed; or a mask `[B]`).

    Raises:
        ShapeError: An index is outside the batch.
    """
    size = batch_size(state)
    index = np.asarray(rows.cpu() if _is_torch(rows) else rows)
    if index.dtype == bool:
        if index.shape != (size,):
            raise ShapeError("rows", f"mask of shape {index.shape}", f"a mask of shape ({size},)")
        index = np.flatnonzero(index)
    index = index.astype(np.int64)
    if index.ndim != 1 or (index.size and (index.min() < -size or index.max() >= size)):
        raise ShapeError("rows", f"found {rows!r}", f"indices into a batch of {size} rows")
    return map_leaves(lambda leaf: leaf[_row_index(index, leaf)], state)


def where(rows: Any, chosen: Any, other: Any) -> Any:
    """Row by row: `chosen` where the mask `rows [B]` is true, else `other`."""

    def pick(a: Any, b: Any) -> Any:
        mask = _row_index(rows, a).reshape((-1,) + (1,) * (a.ndim - 1))
        return _torch().where(mask, a, b) if _is_torch(a) else np.where(mask, a, b)

    return map_leaves(pick, chosen, other)


def reset(state: Any, rows: Any, initial: Any = None) -> Any:
    """A state whose rows under the mask `rows [B]` start afresh.

    A fresh row is that of `initial` (`cell.initial_state(B)`); None means zeros.

    Raises:
        ShapeError: `rows` is no boolean mask of the batch.
    """
    size = batch_size(state)
    mask = np.asarray(rows.cpu() if _is_torch(rows) else rows)
    if mask.dtype != bool or mask.shape != (size,):
        raise ShapeError(
            "rows", f"found {mask.dtype} of shape {mask.shape}", f"a boolean mask ({size},)"
        )
    fresh = map_leaves(_zeros_like, state) if initial is None else initial
    return where(rows, fresh, state)


def _zeros_like(leaf: Any) -> Any:
    return _torch().zeros_like(leaf) if _is_torch(leaf) else np.zeros_like(leaf)


def join(states: Sequence[Any]) -> Any:
    """States of several batches as one, their rows in order.

    Raises:
        ShapeError: There is none, or they are not of one kind of cell.
    """
    if not states:
        raise ShapeError("states", "found none", "at least one state to join")

    def concatenate(*parts: Any) -> Any:
        return _torch().cat(parts) if _is_torch(parts[0]) else np.concatenate(parts)

    return map_leaves(concatenate, states[0], *states[1:])


def copy(state: Any) -> Any:
    """A state that shares no memory with this one (torch: same graph, as `Tensor.clone`)."""
    return map_leaves(lambda leaf: leaf.clone() if _is_torch(leaf) else leaf.copy(), state)


def _structure(state: Any) -> Any:
    if not _is_tree(state):
        return None
    name = type(state).__name__ if hasattr(state, "_fields") else "tuple"
    return [name, [_structure(part) for part in state]]


def packed(state: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """A state as what JSON can hold, its structure, and as named arrays."""
    arrays = {
        str(k): np.ascontiguousarray(leaf.detach().cpu().numpy() if _is_torch(leaf) else leaf)
        for k, leaf in enumerate(leaves(state))
    }
    return _structure(state), arrays


def unpacked(
    structure: Any, arrays: Mapping[str, np.ndarray], like: Any = None, where_: str = "state"
) -> Any:
    """The state that `packed` took apart.

    Args:
        structure: Its structure.
        arrays: Its arrays of any shape, under the names "0", "1", … in the order of `leaves`.
        like: As in `load`.
        where_: What messages call it.

    Raises:
        BundleError: These do not fit each other, or `like`.
    """
    if like is not None and structure != _structure(like):
        raise BundleError(where_, f"holds {structure}", f"a state like {describe(like)}")
    try:
        left = iter([arrays[name] for name in sorted(arrays, key=int)])
        state = _fill(structure, left, like, where_)
        if next(left, None) is not None:
            raise ValueError("it has more arrays than parts")
    except _DAMAGE as error:
        raise BundleError(where_, f"not a saved state: {error}", "save it again") from error
    return state


def save(path: str | os.PathLike[str], state: Any, rows: Any = None) -> None:
    """Write a state (or only some `rows` of it) as one safetensors file, atomically.

    Raises:
        BundleError: The file could not be written; an older file of that name is still whole.
    """
    structure, arrays = packed(state if rows is None else select(state, rows))
    header = {"format": _FORMAT, "structure": json.dumps(structure)}
    replace_file(Path(path), safetensors_bytes(arrays, metadata=header))


def load(path: str | os.PathLike[str], rows: Any = None, like: Any = None) -> Any:
    """Read a state (or only some `rows` of it) that `save` wrote.

    `like` is a state of the same cell, needed where the state holds a NamedTuple that Elman does
    not know (a user's own cell); torch tensors in it make the result torch.

    Raises:
        BundleError: The file is missing, damaged, foreign, or of another structure.
    """
    where_ = str(path)
    try:
        check_regular(path)
        with safe_open(where_, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header.get("format") != _FORMAT:
            raise ValueError("no state format in its header")
        structure = json.loads(header["structure"])
    except _DAMAGE as error:
        raise BundleError(where_, f"not a saved state: {error}", "save it again") from error
    state = unpacked(structure, arrays, like, where_)
    return state if rows is None else select(state, rows)


def _fill(structure: Any, arrays: Iterator[np.ndarray], like: Any, path: str) -> Any:
    if structure is None:
        array = next(arrays)
        if _is_torch(like):
            return _torch().from_numpy(array).to(like.device)
        return array
    name, parts = structure
    children = [
        _fill(part, arrays, None if like is None else like[k], path) for k, part in enumerate(parts)
    ]
    if like is not None:
        return _rebuild(like, children)
    if name == "tuple":
        return tuple(children)
    if name not in _KNOWN:
        raise BundleError(path, f"holds a {name}", "pass like=cell.initial_state(1)")
    return _KNOWN[name](*children)


def from_torch(state: Any, layer: int = 0) -> RNNState | LSTMState:
    """One layer of torch.nn's state as ours.

    Args:
        state: h_n `[L·D, B, H]`, or an LSTM's pair (h_n, c_n).
        layer: Which of the L·D leading entries (a bidirectional layer's come in pairs).
    """
    if isinstance(state, tuple):
        hidden, cell = state
        return LSTMState(hidden[layer], cell[layer])
    return RNNState(state[layer])


def to_torch(states: Sequence[RNNState | LSTMState]) -> Any:
    """Our states, one a layer and direction, as torch.nn's: h_n or (h_n, c_n)."""
    if len(states) == 1:  # no copy
        leaves_of_torch = tuple(leaf.unsqueeze(0) for leaf in states[0])
    else:
        leaves_of_torch = tuple(map(_torch().stack, zip(*states, strict=True)))
    return leaves_of_torch if isinstance(states[0], LSTMState) else leaves_of_torch[0]
