"""One step of torch.nn's cells, as a loop of somebody's own calls it again and again.

Autograd would take some ten operations a step on the way back, and would make and add up a
gradient of all weights at every one. Here a step goes back in one call of a kernel and two
products, and notes what the weights' gradients are made of; when the loop's last step has gone
back, they are taken in one product over all steps. Where a step is called again with the state
that an earlier one gave (perhaps masked, scaled or dropped out), both are of one loop.

All else that torch can do with a cell (a second derivative, tracers, transforms) is left to torch's
own operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.functional import linear

from elman.errors import ShapeError
from elman.kernels.compiled import kernels_of, missing, number_of
from elman.operators.calls import lasting
from elman.operators.differentiating import by_graph
from elman.operators.memory import may_touch, transformed
from elman.operators.notice import watched

__all__ = ["step"]

_GATES = {"lstm": 4, "gru_after": 3}
_OPERATORS: Any = {"lstm": torch.lstm_cell, "gru_after": torch.gru_cell}
_NEAR = 6  # operations between a step and the one before it, to still find that
_TOGETHER = 1 << 18  # entries of the widest column that are noted before they are summed up


def step(variant: str, inputs: Any, state: Any, weights: Sequence[Any]) -> Any:
    """A step that is learnt from, as torch's own operator computes it; None where that one has to.

    Args:
        variant: "lstm" or "gru_after".
        inputs: `[B, I]`.
        state: `[B, H]`; an LSTM's pair of them.
        weights: weight_ih, weight_hh, bias_ih and bias_hh, as torch.nn has them; biases may be
            None.

    Returns:
        The hidden state `[B, H]`, or an LSTM's pair.
    """
    parts = state if isinstance(state, tuple) else (state,)
    as_torch = len(parts) == 2 if variant == "lstm" else parts[0] is state
    if not as_torch or not all(map(torch.is_tensor, parts)):
        return None
    hidden, cell = (*parts, None)[:2]
    tensors = (inputs, hidden, cell, *weights)
    if not (torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)):
        return None
    loop = _loop_of((cell, hidden), weights)
    # A loop's weights were asked at its first step.
    asked = tensors if loop is None else tensors[:3]
    if not _ordinary(asked) or not _fits(variant, *tensors):
        return None
    loop = loop or _Loop(weights)
    return _Step.apply(loop, variant, loop.token, *tensors)


def _ordinary(tensors: Sequence[Any]) -> bool:
    """Whether nobody looks on, and all tensors are dense and of one dtype that the kernels know."""
    if missing() or not may_touch(tensors) or transformed() or watched():
        return False
    dtype = tensors[0].dtype
    if dtype not in (torch.float32, torch.float64) or forward_ad._current_level >= 0:
        return False
    for t in tensors:  # a loop: this is asked in every step
        if t is not None and not (t.dtype is dtype and t.is_contiguous()):
            return False
    return True


def _fits(variant: str, inputs: Any, hidden: Any, cell: Any, *weights: Any) -> bool:
    """Whether the kernels may read all these: as many numbers as they should have."""
    by_inputs, by_state, *biases = weights
    state, rows = hidden.shape, len(by_state)
    return (
        len(state) == 2
        and rows == _GATES[variant] * state[1]
        and by_state.shape == (rows, state[1])
        and inputs.shape == (state[0], by_inputs.shape[1])
        and len(by_inputs) == rows
        and (cell is not None) == (variant == "lstm")
        and (cell is None or cell.shape == state)
        and all(bias is None or bias.shape == (rows,) for bias in biases)
    )


def _at(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _kernels(like: Tensor) -> Any:
    return kernels_of("float32" if like.dtype is torch.float32 else "float64")


def _forward(
    variant: str, inputs: Any, hidden: Any, cell: Any, by_inputs: Any, by_state: Any, *biases: Any
) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
    """Hidden state, an LSTM's cell, the gates, and beside them tanh(c) or a GRU's other sums."""
    gates = linear(inputs, by_inputs)
    after, new_cell = torch.empty_like(hidden), None
    if cell is None:
        beside = linear(hidden, by_state)
    else:
        gates.addmm_(hidden, by_state.t())
        new_cell, beside = torch.empty_like(cell), torch.empty_like(cell)
    at_beside = beside.data_ptr()
    _kernels(gates).cell_step(
        number_of(variant),
        *hidden.shape,
        gates.data_ptr(),
        at_beside if cell is None else 0,
        *map(_at, biases),
        _at(hidden if cell is None else cell),
        0 if cell is None else at_beside,
        after.data_ptr(),
        _at(new_cell),
    )
    return after, new_cell, gates, beside


class _Loop:
    """Steps of one cell with one set of weights that hang together.

    `token` goes into each of them, so that autograd asks for its gradient when all are back.
    """

    def __init__(self, weights: Sequence[Any]) -> None:
        self.weights, self.learnt = weights, [w is not None and w.requires_grad for w in weights]
        self.notes = _Notes()
        self.token = _Weights.apply(self.notes, *weights)

    def has(self, weights: Sequence[Any]) -> bool:
        """Whether these are its weights, of which the same are learnt."""
        return all(
            mine is other and (mine is None or mine.requires_grad == learnt)
            for mine, other, learnt in zip(self.weights, weights, self.learnt, strict=True)
        )


def _loop_of(state: Sequence[Tensor | None], weights: Sequence[Any]) -> _Loop | None:
    """The loop of an earlier step from which this state comes."""
    nodes: list[Any] = [part.grad_fn for part in state if part is not None and part.grad_fn]
    for node in nodes:
        if isinstance(node, _Step._backward_cls):  # pyright: ignore[reportAttributeAccessIssue]
            if node.loop.has(weights):  # pyright: ignore[reportAttributeAccessIssue]
                return node.loop  # pyright: ignore[reportAttributeAccessIssue]
        elif len(nodes) < _NEAR:
            nodes += [following for following, _ in node.next_functions if following is not None]
    return None


class _Sheet:
    """Rows of what entered some steps, and of the gradients by the sums of their products.

    The columns: inputs, hidden state, gradients by the gates, and those of a GRU by its other sums.
    """

    def __init__(self, inputs: Tensor, hidden: Tensor, widths: Sequence[int]) -> None:
        """With the first step, which may be the only one: it has tensors of its own."""
        self._widths = [inputs.shape[1], hidden.shape[1], *widths]
        self._columns = [inputs, hidden, *(hidden.new_empty(len(hidden), w) for w in widths)]
        self._used, self._owned = len(inputs), False
        self._sums: list[Tensor] | None = None

    def first(self) -> list[Tensor]:
        """The first step's gradients, to be filled in."""
        return self._columns[2:]

    def more(self, inputs: Tensor, hidden: Tensor) -> list[Tensor]:
        """Rows for one step more: its gradients, to be filled in."""
        count, used = len(inputs), self._used
        if not self._owned or used + count > len(self._columns[0]):
            self._make_room(count)
            used = self._used
        self._used += count
        entered = [column[used : self._used] for column in self._columns]
        entered[0].copy_(inputs)
        entered[1].copy_(hidden)
        return entered[2:]

    def _make_room(self, count: int) -> None:
        """Free columns of at least so many rows; what stood in them is summed up."""
        self.sum_up()
        if self._owned and count <= len(self._columns[0]):
            return
        rows = max(count, _TOGETHER // max(self._widths))
        like = self._columns[0]
        self._columns = [lasting(like, rows * width).view(rows, width) for width in self._widths]
        self._owned = True

    def sum_up(self) -> list[Tensor]:
        """The gradients by the four weights, of all that was filled in until now."""
        inputs, hidden, deltas, *others = [column[: self._used] for column in self._columns]
        by_state = others[0] if others else deltas
        pairs = ((deltas, inputs), (by_state, hidden))
        if self._sums is None:
            products = [d.t() @ entered for d, entered in pairs]
            self._sums = [*products, *(d.sum(0) for d in (deltas, *others))]
        else:
            for total, (d, entered) in zip(self._sums, pairs, strict=False):
                total.addmm_(d.t(), entered)
            for total, d in zip(self._sums[2:], (deltas, *others), strict=True):
                total += d.sum(0)
        self._used = 0
        return self._sums


class _Notes:
    """What the weights' gradients are made of, noted by each step on its way back.

    Several ways back may go over the same steps (each is a task of autograd's, with a number), and
    one may not need the weights, or break off: none sees what another one noted.
    """

    def __init__(self) -> None:
        self._sheets: dict[int, _Sheet] = {}

    def rows(self, inputs: Tensor, hidden: Tensor, widths: Sequence[int]) -> list[Tensor]:
        """Where the gradients of a step shall stand, into which these went."""
        task = torch._C._current_graph_task_id()
        if task in self._sheets:
            return self._sheets[task].more(inputs, hidden)
        sheet = self._sheets[task] = _Sheet(inputs, hidden, widths)
        return sheet.first()

    def take(self) -> list[Tensor] | None:
        """The gradients by the four weights; None: no step went back."""
        sheet = self._sheets.pop(torch._C._current_graph_task_id(), None)
        if sheet is None:
            return None
        sums = sheet.sum_up()
        return sums if len(sums) == 4 else [*sums, sums[2].clone()]


class _Weights(torch.autograd.Function):
    """Weights to a token that stands for them."""

    @staticmethod
    def forward(ctx: Any, notes: _Notes, *weights: Any) -> Tensor:
        ctx.notes = notes
        ctx.set_materialize_grads(False)
        return weights[0].new_empty(0)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> tuple:
        with _no_autocast():
            found = ctx.notes.take() or [None] * 4
        wanted = ctx.needs_input_grad[1:]
        return None, *(grad if want else None for grad, want in zip(found, wanted, strict=True))


class _Step(torch.autograd.Function):
    """One step with its gradients; those by the weights come by the token."""

    @staticmethod
    def forward(ctx: Any, loop: _Loop, variant: str, token: Tensor, *tensors: Any) -> Any:
        hidden, cell, *kept = _forward(variant, *tensors)
        ctx.loop, ctx.variant = loop, variant
        ctx.save_for_backward(*tensors, *kept)
        ctx.set_materialize_grads(False)
        return hidden if cell is None else (hidden, cell)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        *tensors, gates, beside = ctx.saved_tensors
        if torch.is_grad_enabled() or transformed() or not may_touch((gates, *grads)):
            return None, None, None, *_differentiate(ctx, tensors, grads)
        with _no_autocast():
            return None, None, None, *_backward(ctx, tensors, (gates, beside), grads)


def _no_autocast() -> AbstractContextManager[Any]:
    """Within this block products are of the dtype of what they multiply."""
    if torch.is_autocast_enabled("cpu"):
        return torch.autocast("cpu", enabled=False)
    return nullcontext()


def _backward(ctx: Any, tensors: Sequence[Any], kept: tuple, grads: Sequence[Any]) -> tuple:
    """The gradients by all tensors, None in place of the weights', which are noted."""
    inputs, hidden, cell, by_inputs, by_state = tensors[:5]
    _check_kept(hidden, cell, len(by_inputs), *kept)
    wanted = ctx.needs_input_grad[2:]
    # A way back that does not end at the weights would never take what is noted.
    noted = wanted[0] and torch._C._will_engine_execute_node(ctx.loop.token.grad_fn)
    rows = _rows(ctx, noted, inputs, hidden, len(by_inputs))
    deltas, by_sums = rows[0], rows[-1]
    carry: Tensor | None = torch.empty_like(hidden)
    dense = [None if t is None else t.contiguous() for t in (*kept, *grads)]
    _go_back(ctx.variant, hidden, cell, dense, rows, carry)
    d_inputs = deltas @ by_inputs if wanted[1] else None
    d_hidden = by_sums @ by_state if wanted[2] else None
    if cell is None:
        d_hidden = None if d_hidden is None else d_hidden.add_(carry)
        carry = None
    return d_inputs, d_hidden, carry, *(None,) * 4


def _check_kept(hidden: Tensor, cell: Any, rows: int, gates: Tensor, beside: Tensor) -> None:
    """What hooks on saved tensors give back is read by address: it must be of the same form."""
    wide = (len(hidden), rows)
    forms = (gates.shape, beside.shape) == (wide, wide if cell is None else hidden.shape)
    if not forms or not gates.dtype == beside.dtype == hidden.dtype:
        found = f"a hook gave back {list(gates.shape)} and {list(beside.shape)}"
        raise ShapeError("saved tensors", found, "give back what was saved")


def _rows(ctx: Any, noted: bool, inputs: Tensor, hidden: Tensor, width: int) -> list[Tensor]:
    """Where the gradients by the gates shall stand, and of a GRU those by the state's product."""
    widths = [width] if ctx.variant == "lstm" else [width, width]
    if not noted:
        return [hidden.new_empty(len(hidden), width) for width in widths]
    return ctx.loop.notes.rows(inputs, hidden, widths)


def _go_back(variant: str, hidden: Any, cell: Any, dense: Any, rows: Any, carry: Tensor) -> None:
    """Fill in `rows`, and what goes to the state through no product.

    `dense`: the gates, what is beside them, and the gradients by the hidden state and the cell.
    """
    gates, beside, grad_hidden, grad_cell = (*map(_at, dense), 0)[:4]
    _kernels(hidden).cell_step_back(
        number_of(variant),
        *hidden.shape,
        gates,
        beside if cell is None else 0,
        _at(hidden if cell is None else cell),
        0 if cell is None else beside,
        grad_hidden,
        grad_cell,
        rows[0].data_ptr(),
        rows[1].data_ptr() if cell is None else 0,
        carry.data_ptr(),
    )


def _differentiate(ctx: Any, tensors: Sequence[Any], grads: Sequence[Any]) -> list[Any]:
    """By torch's own operator once more: the gradients by all tensors, as a graph of their own."""
    with torch.enable_grad():
        views: Any = [None if t is None else t.view_as(t) for t in tensors]
        inputs, hidden, cell, *weights = views
        state = hidden if cell is None else (hidden, cell)
        found = _OPERATORS[ctx.variant](inputs, state, *weights)
    results = (found,) if isinstance(found, Tensor) else found
    return by_graph(zip(results, grads, strict=True), views, ctx.needs_input_grad[3:])
