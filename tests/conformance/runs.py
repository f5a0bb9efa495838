"""The golden cases run by each of our implementations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from elman.cells import Cell, GRUCell, LSTMCell, Residual, RNNCell, Stacked
from elman.convert.tensorflow1 import load_tensorflow1
from elman.layers import bidirectional_unroll, dynamic_unroll, static_unroll
from elman.state import leaves
from tests.conformance.cases import (
    Case,
    Layer,
    Result,
    layers,
    named_variables,
    our_states,
    their_states,
)


def run_kernels(case: Case, choose: Callable[[Layer], Any]) -> Result:
    """Run a case by kernels: `choose` gives the module that runs a layer."""
    outputs, final_states, tapes = [], [], []
    initial = iter(case.numbered("s0_"))
    for scope in case.scopes:
        states = our_states(case, initial) if case.index["initial_state"] else None
        y, finals, taped = _forward(case, scope, states, choose)
        outputs.append(y)
        final_states += their_states(case, finals)
        tapes.append(taped)

    grads_y = np.split(case.arrays["R"], len(outputs), axis=-1)
    of_states = iter(case.numbered("Rs"))
    grad_inputs, grad_initial, grad_variables = 0.0, [], {}
    for taped, grad_y in zip(tapes, grads_y, strict=True):
        grad_x, grads_initial, grads = _backward(case, taped, grad_y, our_states(case, of_states))
        grad_inputs = grad_inputs + grad_x
        grad_variables |= grads
        if case.index["initial_state"]:
            grad_initial += their_states(case, grads_initial)
    y = np.concatenate(outputs, axis=-1)
    loss = _loss(case, y, final_states)
    return Result(y, final_states, loss, grad_inputs, grad_initial, grad_variables)


def _forward(case: Case, scope: str, states: Any, choose: Callable[[Layer], Any]) -> Any:
    y, finals, taped = case.arrays["x"], [], []
    for k, layer in enumerate(layers(case, scope)):
        kernel = choose(layer)
        ran = kernel.forward(
            layer.recurrence,
            layer.weights,
            y,
            None if states is None else states[k],
            lengths=case.lengths,
            reverse=scope.endswith("/bw"),
        )
        y = ran.outputs + _real(case, y) if layer.residual else ran.outputs
        finals.append(ran.final_state)
        taped.append((kernel, layer, ran.tape))
    return y, finals, taped


def _backward(case: Case, taped: list, grad_y: np.ndarray, grad_finals: list) -> Any:
    grads_initial, variables = [], {}
    for (kernel, layer, tape), grad_final in reversed(list(zip(taped, grad_finals, strict=True))):
        found = kernel.backward(tape, grad_y, grad_final)
        grad_y = found.inputs + _real(case, grad_y) if layer.residual else found.inputs
        grads_initial.insert(0, found.initial_state)
        variables |= named_variables(layer, found.weights)
    return grad_y, grads_initial, variables


def _real(case: Case, sequence: np.ndarray) -> np.ndarray:
    """Zeros past each length."""
    if case.lengths is None:
        return sequence
    real = np.arange(sequence.shape[1]) < case.lengths[:, None]
    return np.where(real[..., None], sequence, 0.0)


def build_cell(case: Case) -> torch.nn.Module:
    """The case's stack as our cells, in float64."""
    size, stack = case.index["inputs"], []
    for config in case.config:
        cell = _BUILDERS[config["cell"]](size, config)
        size = cell.output_size
        stack.append(Residual(cell) if config.get("wrapper") == "residual" else cell)
    if len(stack) == 1 and case.state_is_tuple:
        return stack[0]
    return Stacked(stack, state_is_tuple=case.state_is_tuple)


def _lstm(size: int, config: dict[str, Any]) -> LSTMCell:
    return LSTMCell(
        size,
        config["units"],
        forget_bias=config["forget_bias"],
        peepholes=config.get("peepholes", False),
        projection=config.get("projection"),
        cell_clip=config.get("cell_clip"),
        dtype=torch.float64,
    )


_BUILDERS: dict[str, Callable[[int, dict[str, Any]], Any]] = {
    "rnn": lambda size, c: RNNCell(
        size, c["units"], activation=c["activation"], dtype=torch.float64
    ),
    "lstm": _lstm,
    "gru": lambda size, c: GRUCell(
        size, c["units"], reset_after=c["reset_after"], dtype=torch.float64
    ),
}


def run_torch(case: Case, make: Callable[[], Any], unroll: Callable[..., Any]) -> Result:
    """Run a case by our torch cells and autograd.

    Args:
        case: The case.
        make: Gives a cell for each direction; its weights are then replaced by the case's.
        unroll: From the cells, inputs and initial states (None for zeros): outputs and final state
            as the unrolling functions of `elman.layers` give them.
    """
    stacks = [make() for _ in case.scopes]
    for stack, scope in zip(stacks, case.scopes, strict=True):
        load_tensorflow1(stack, case.variables, scope)
    x = torch.tensor(case.arrays["x"], requires_grad=True)
    initial = [torch.tensor(array, requires_grad=True) for array in case.numbered("s0_")]
    theirs = iter(initial)
    states = [_pack(case, theirs) if initial else None for _ in stacks]
    y, finals = _collect(case, *unroll(stacks, x, states))

    loss = (y * torch.tensor(case.arrays["R"])).sum()
    for state, r in zip(finals, case.numbered("Rs"), strict=True):
        loss = loss + (state * torch.tensor(r)).sum()
    parameters = [p for stack in stacks for p in stack.parameters()]
    grads = torch.autograd.grad(loss, [x, *initial, *parameters])
    of_parameters = dict(zip(parameters, grads[1 + len(initial) :], strict=True))
    grad_variables = {}
    for stack, scope in zip(stacks, case.scopes, strict=True):
        cores = [module for module in stack.modules() if hasattr(module, "recurrence")]
        for core, layer in zip(cores, layers(case, scope), strict=True):
            weights = core.weights()
            of_weights = [None if w is None else of_parameters[w].numpy() for w in weights]
            grad_variables |= named_variables(layer, type(weights)(*of_weights))
    return Result(
        y.detach().numpy(),
        [state.detach().numpy() for state in finals],
        loss.item(),
        grads[0].numpy(),
        [grad.numpy() for grad in grads[1 : 1 + len(initial)]],
        grad_variables,
    )


def unroll_as_case(case: Case, stacks: list, x: torch.Tensor, states: list) -> tuple[Any, Any]:
    """By the function of `elman.layers` that the case is about."""
    if case.index["bidirectional"]:
        both = None if states[0] is None else (states[0], states[1])
        return bidirectional_unroll(*stacks, x, lengths=case.lengths, initial_states=both)
    (cell,), (state,) = stacks, states
    if case.index["static"]:
        return static_unroll(cell, x.unbind(1), lengths=case.lengths, initial_state=state)
    return dynamic_unroll(cell, x, lengths=case.lengths, initial_state=state)


def _collect(case: Case, outputs: Any, final: Any) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Outputs as one tensor, and the final states flat in TensorFlow's order."""
    if isinstance(outputs, list):
        outputs = torch.stack(outputs, dim=1)
    if not case.index["bidirectional"]:
        return outputs, _unpack(case, final)
    return torch.cat(outputs, dim=-1), [leaf for one in final for leaf in _unpack(case, one)]


def _pack(case: Case, theirs: Iterator[torch.Tensor]) -> Any:
    states = our_states(case, theirs)
    if not case.state_is_tuple:
        return torch.cat(list(leaves(tuple(states))), dim=1)
    return states[0] if len(states) == 1 else tuple(states)


def _unpack(case: Case, final: Any) -> list[torch.Tensor]:
    if case.state_is_tuple:
        states = [final] if len(case.config) == 1 else list(final)
        return [leaf for state in states for leaf in reversed(state)]
    # One tensor: our order is hidden, cell; TensorFlow's the other way round.
    blocks, start = [], 0
    for config in case.config:
        units, hidden = config["units"], config.get("projection", config["units"])
        if config["cell"] == "lstm":
            blocks += [final[:, start + hidden : start + hidden + units]]
            blocks += [final[:, start : start + hidden]]
            start += hidden + units
        else:
            blocks += [final[:, start : start + units]]
            start += units
    return [torch.cat(blocks, dim=1)]


def _loss(case: Case, y: np.ndarray, final_states: list[np.ndarray]) -> float:
    of_states = zip(final_states, case.numbered("Rs"), strict=True)
    return float(np.sum(y * case.arrays["R"]) + sum(np.sum(s * r) for s, r in of_states))


class Stepwise:
    """A cell with its `unroll` hidden: whoever unrolls it must call it step by step."""

    def __init__(self, cell: Cell) -> None:
        self.initial_state = cell.initial_state
        self._cell = cell

    def __call__(self, inputs: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        return self._cell(inputs, state)
