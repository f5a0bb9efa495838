"""The compiled recurrences as custom operators of `torch.library`: for whoever traces graphs.

A schema knows no recurrences and no NamedTuples of tensors, so an operator takes all weights that
any recurrence has, None for those that it has not, and the recurrence's options as numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling
from torch.utils.flop_counter import register_flop_formula

from elman.errors import ArgumentError
from elman.kernels.compiled import WEIGHTS, named, ordered
from elman.kernels.contract import GRU, LSTM, Noise, Recurrence, Simple
from elman.operators.biases import merged, zero_state
from elman.operators.calls import Problem, Results, empty_sequence, run_backward, run_forward
from elman.operators.differentiating import differentiate_loop
from elman.operators.memory import traced

__all__ = ["backward", "forward", "unroll"]

_WEIGHTS = (
    "Tensor weight_ih, Tensor weight_hh, Tensor bias, Tensor? recurrent_bias, Tensor? peephole, "
    "Tensor? projection, Tensor? norm_ih, Tensor? norm_hh, Tensor? norm_cell"
)
_TENSORS = f"Tensor inputs, Tensor hidden, Tensor? cell, {_WEIGHTS}"
_OPTIONS = (
    "Tensor? lengths, Tensor? resets, Tensor? keys, Tensor? steps, bool reverse, str recurrence, "
    "float[] options, bool variational"
)
_COUNT = 3 + len(WEIGHTS)  # tensors with gradients


def unroll(
    problems: Sequence[Problem], kind: Any, calls: Sequence[Sequence[Any]]
) -> tuple[Tensor | None, ...]:
    """Outputs (of two calls side by side), and each call's final hidden state and cell.

    Arguments as for `elman.operators.calls.run_forward`.
    """
    outputs, results = forward(problems, kind, calls)
    if len(calls) == 1 and (outputs.requires_grad or traced()) and not is_compiling():
        outputs = outputs.clone()  # the operator's own are saved, and these may be changed
    return outputs, *(leaf for result in results for leaf in result[:2])


def forward(
    problems: Sequence[Problem], kind: Any, calls: Sequence[Sequence[Any]], *_: Any
) -> tuple[Tensor, list[Results]]:
    """As `elman.operators.calls.run_forward`, by the operator; it always keeps."""
    found = [_forward(*each) for each in zip(problems, repeat(kind), calls)]
    outputs = [each for each, _ in found]
    together = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)
    return together, [result for _, result in found]


def _forward(problem: Problem, kind: Any, tensors: Sequence[Any]) -> tuple[Tensor, Results]:
    outputs, hidden, cell, kept = _unroll(*_arguments(problem, kind, tensors))
    if problem.time_first:
        outputs = outputs.transpose(0, 1)
    return outputs, Results(hidden, cell if problem.recurrence.has_cell else None, kept)


def _arguments(problem: Problem, kind: Any, tensors: Sequence[Any]) -> tuple:
    """One call's as the operator takes them: batch first, one bias, a state."""
    inputs, hidden, cell, second_bias, *parameters = tensors
    weights = merged(problem.recurrence, kind(*parameters), second_bias)
    if problem.time_first:
        inputs = inputs.transpose(0, 1)
    if hidden is None:
        hidden, cell = (*zero_state(problem.recurrence, weights, inputs.shape[0]), None)[:2]
    return inputs, hidden, cell, *ordered(weights)[:-1], *_options(problem)


def backward(
    problems: Sequence[Problem],
    kind: Any,
    calls: Sequence[Sequence[Any]],
    outputs: Tensor,
    kept: Sequence[Tensor],
    grads: Sequence[Sequence[Tensor | None]],
    wanted: Sequence[Sequence[bool]],
) -> tuple[Tensor | None, ...]:
    """As `elman.operators.calls.run_backward`, by the operator."""
    parts = outputs.split([tensors[5].shape[1] for tensors in calls], -1)
    given = zip(problems, calls, parts, kept, grads, wanted, strict=True)
    (by_inputs, *found), *others = [_one_backward(kind, *each) for each in given]
    for other, *rest in others:
        found += rest
        by_inputs = None if by_inputs is None or other is None else by_inputs + other
    return by_inputs, *found


def _one_backward(
    kind: Any, problem: Problem, tensors: Any, outputs: Any, kept: Any, grads: Any, wanted: Any
) -> list[Tensor | None]:
    """One call's gradients by its tensors."""
    given = _arguments(problem, kind, tensors)
    by_outputs, *by_ends = grads
    if problem.time_first:
        outputs = outputs.transpose(0, 1)
        by_outputs = None if by_outputs is None else by_outputs.transpose(0, 1)
    made = _unroll_backward(*given, outputs, kept, by_outputs, *by_ends, wanted[0])
    turned = problem.time_first and wanted[0]
    by_inputs = made[0].transpose(0, 1) if turned else made[0]
    by_second = None
    if tensors[3] is not None:
        by_bias, by_inside = made[5:7]
        rows = by_bias.shape[0] - by_inside.shape[0]
        by_second = torch.cat([by_bias[:rows], by_inside])
    places = _PLACES[type(problem.recurrence)]
    found = (by_inputs, *made[1:3], by_second, *(made[3 + k] for k in places))
    return [grad if want else None for grad, want in zip(found, wanted, strict=True)]


def _options(problem: Problem) -> tuple:
    recurrence, lengths, resets, reverse, noise, _ = problem
    name, *numbers = named(recurrence)
    keys, steps, *rates, variational = noise or Noise(None, None)
    return lengths, resets, keys, steps, reverse, name, [*numbers, *rates], variational


def _problem(
    lengths: Any, resets: Any, keys: Any, steps: Any, reverse: bool, name: str, numbers: Any, *rest
) -> Problem:
    forget_bias, clip, *rates = numbers
    recurrence: Recurrence
    if name == "lstm":
        recurrence = LSTM(forget_bias, clip or None)
    elif name in ("gru_after", "gru_before"):
        recurrence = GRU(name == "gru_after")
    else:
        recurrence = Simple("relu" if name == "relu" else "tanh")
    noise = Noise(keys, steps, *rates, *rest)
    return Problem(recurrence, lengths, resets, reverse, noise if noise.acts else None)


def _given(arguments: tuple) -> tuple[Problem, Any, list]:
    """Problem, the weights' NamedTuple and the tensors of `run_forward`, from all arguments."""
    problem = _problem(*arguments[_COUNT:])
    states, weights = arguments[:3], arguments[3:_COUNT]
    places = _PLACES[type(problem.recurrence)]
    kind = problem.recurrence.weights_type
    return problem, kind, [*states, None, *(weights[k] for k in places)]


# Where a recurrence's weights stand among all.
_PLACES: dict[type[Recurrence], tuple[int, ...]] = {
    kind: tuple(map(WEIGHTS.index, kind.weights_type._fields)) for kind in (Simple, LSTM, GRU)
}


@torch.library.custom_op(
    "elman::unroll",
    mutates_args=(),
    schema=f"({_TENSORS}, {_OPTIONS}) -> (Tensor, Tensor, Tensor, Tensor)",
)
def _unroll(*arguments):
    problem, kind, tensors = _given(arguments)
    outputs, ((hidden, cell, kept),) = run_forward([problem], kind, [tensors], True)
    return outputs, hidden, hidden.new_empty(0) if cell is None else cell, kept


@_unroll.register_fake
def _(*arguments):
    problem, _, (inputs, hidden, cell, _, weight_ih, *_) = _given(arguments)
    batch, time, _ = inputs.shape
    kept = _kept_entries(problem, weight_ih, arguments[9] is not None)
    return (
        empty_sequence(inputs, hidden.shape[1]),
        hidden.new_empty(hidden.shape),
        hidden.new_empty(0) if cell is None else cell.new_empty(cell.shape),
        inputs.new_empty(batch * time * kept),
    )


def _kept_entries(problem: Problem, weight_ih: Tensor, norm: bool) -> int:
    """Entries kept for each row and step, as the kernels count them (`kept_size`)."""
    recurrence = problem.recurrence
    units = (weight_ih.shape[0] // recurrence.gates + 15) // 16 * 16
    if recurrence.has_cell:
        gates = 5
    elif isinstance(recurrence, GRU):
        gates = 4 if recurrence.reset_after else 3
    else:
        gates = 1 if problem.noise is not None and problem.noise.zoneout_hidden else 0
    return (gates + 2 * recurrence.gates) * units + 16 if norm else gates * units


@torch.library.custom_op(
    "elman::unroll_backward",
    mutates_args=(),
    schema=f"({_TENSORS}, {_OPTIONS}, Tensor outputs, Tensor kept, Tensor? grad_outputs, "
    "Tensor? grad_hidden, Tensor? grad_cell, bool by_inputs) -> "
    f"({', '.join(['Tensor'] * _COUNT)})",
)
def _unroll_backward(*arguments):
    *given, outputs, kept, grad_outputs, grad_hidden, grad_cell, by_inputs = arguments
    problem, kind, tensors = _given(tuple(given))
    grads = (grad_outputs, grad_hidden, grad_cell)
    wanted = (by_inputs, True, True)
    found = run_backward([problem], kind, [tensors], outputs, [kept], [grads], [wanted])
    return _all_places(problem, (*found[:3], *found[4:]), tensors[0].new_empty)


@_unroll_backward.register_fake
def _(*arguments):
    *given, _, _, _, _, _, by_inputs = arguments
    problem, _, (inputs, hidden, cell, _, *weights) = _given(tuple(given))
    grad_inputs = empty_sequence(inputs, inputs.shape[2]) if by_inputs else None
    like = [None if t is None else t.new_empty(t.shape) for t in (hidden, cell, *weights)]
    return _all_places(problem, (grad_inputs, *like), inputs.new_empty)


def _all_places(problem: Problem, found: Any, new_empty: Any) -> tuple[Tensor, ...]:
    """Gradients where the operator's arguments stand, empty for what has none."""
    places = _PLACES[type(problem.recurrence)]
    states, weights = found[:3], dict(zip(places, found[3:], strict=True))
    everywhere = (*states, *(weights.get(k) for k in range(_COUNT - 3)))
    return tuple(new_empty(0) if grad is None else grad for grad in everywhere)


def _keep(ctx: Any, inputs: tuple, output: tuple) -> None:
    tensors, others = inputs[: _COUNT + 4], inputs[_COUNT + 4 :]
    ctx.others = others
    ctx.save_for_backward(*tensors, output[0], output[3])


def _backward(ctx: Any, grad_outputs: Any, grad_hidden: Any, grad_cell: Any, _: Any) -> tuple:
    *tensors, outputs, kept = ctx.saved_tensors
    cell = tensors[2]
    wanted = ctx.needs_input_grad
    grads = (grad_outputs, grad_hidden, None if cell is None else grad_cell)
    nothing = [None] * (len(wanted) - _COUNT)
    if torch.is_grad_enabled() and not is_compiling():
        return *_differentiated((*tensors, *ctx.others), wanted, grads), *nothing
    found = _unroll_backward(
        *tensors,
        *ctx.others,
        outputs,
        kept,
        *grads,
        wanted[0],
    )
    given = [grad if want else None for grad, want in zip(found, wanted, strict=False)]
    return *given, *nothing


def _differentiated(arguments: tuple, wanted: Any, grads: Any) -> tuple[Tensor | None, ...]:
    """Gradients where the operator's arguments stand, which can be differentiated again."""
    problem, kind, tensors = _given(arguments)
    places = _PLACES[type(problem.recurrence)]
    asked = (*wanted[:3], False, *(wanted[3 + k] for k in places))
    found = differentiate_loop(problem, kind, tensors, asked, grads)
    by_weights = dict(zip(places, found[4:], strict=True))
    return *found[:3], *map(by_weights.get, range(_COUNT - 3))


_unroll.register_autograd(_backward, setup_context=_keep)


def _refuse(ctx: Any, *grads: Any) -> None:
    raise ArgumentError(
        "second derivatives",
        "found them asked for through a graph or a subclass of Tensor",
        "differentiate twice in eager mode, with plain tensors",
    )


_unroll_backward.register_autograd(_refuse)


# ---- how much work they are, for torch's counter of floating-point operations ----


def _products(inputs: Any, weight_ih: Any, weight_hh: Any, projection: Any) -> tuple[int, int]:
    """Twice the multiplications of a sequence: with the inputs, and with the states."""
    batch, time, _ = inputs
    with_state = prod(weight_hh) + (0 if projection is None else prod(projection))
    return 2 * batch * time * prod(weight_ih), 2 * batch * time * with_state


@register_flop_formula(torch.ops.elman.unroll)
def _(
    inputs, hidden, cell, weight_ih, weight_hh, bias, recurrent_bias, peephole, projection, *_, **__
):
    return sum(_products(inputs, weight_ih, weight_hh, projection))


@register_flop_formula(torch.ops.elman.unroll_backward)
def _(
    inputs,
    hidden,
    cell,
    weight_ih,
    weight_hh,
    bias,
    recurrent_bias,
    peephole,
    projection,
    *rest,
    **__,
):
    with_inputs, with_state = _products(inputs, weight_ih, weight_hh, projection)
    return (2 if rest[-1] else 1) * with_inputs + 2 * with_state
