"""Input feeding: a decoder whose cells are fed what the step before found in the source.

With x(t) the inputs, layers 1…L, and all masks ⊙ where there is dropout:

    z(t) = [x(t); a(t-1)] ⊙ into                     a(-1) = 0
    s(t) = step(z(t), s(t-1) ⊙ entering), layer by layer; above the first one z is the output below
    h(t) = the top layer's hidden state ⊙ out
    c(t) = what the query h(t), or Q h(t), finds in the row's source (`elman.kernels.attention`)
    a(t) = tanh(W [c(t); h(t)])

Luong et al. 2015 (arXiv 1508.04025v5, section 3.3). This is the specification of
`elman.operators.feeding`, forward and backward.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from elman.kernels.attention import Memory, look
from elman.kernels.contract import Recurrence, Weights
from elman.kernels.equations import step_backward, step_forward

__all__ = ["Fed", "Layer", "Looking", "backward", "forward"]


class Layer(NamedTuple):
    """One layer of the decoder.

    Attributes:
        recurrence: What a step computes.
        weights: Its weights; those of the first layer read [x; a].
        state: Before the first step.
        into: `[B, U, I]`, what multiplies its inputs; None: nothing does.
        entering: `[B, U, H]`, likewise of the hidden state that enters a step.
        out: `[B, U, H]`, likewise of its outputs.
    """

    recurrence: Recurrence
    weights: Weights
    state: Any
    into: Any = None
    entering: Any = None
    out: Any = None


class Looking(NamedTuple):
    """How it looks at its source.

    Attributes:
        weight: W `[A, M + H]`.
        query: Q `[K, H]`; None: h itself is the query.
        energy: As of `elman.kernels.attention.look`.
    """

    weight: Any
    query: Any = None
    energy: Any = None


class Fed(NamedTuple):
    """Gradients, of the shapes of what they belong to; None where that is."""

    inputs: Any
    memory: tuple[Any, Any]  # keys and values
    states: list[Any]
    weights: list[Any]
    looking: Looking


def forward(
    layers: list[Layer],
    looking: Looking,
    inputs: Float[np.ndarray, "B U E"],
    memory: Memory,
) -> tuple[Float[np.ndarray, "B U A"], Float[np.ndarray, "B U S"], Any]:
    """a(t) and the weights of attention at every step, and the tape."""
    batch, steps, _ = inputs.shape
    states = [layer.state for layer in layers]
    fed = np.zeros((batch, len(looking.weight)), inputs.dtype)
    outputs, shares, tape = [], [], []
    for t in range(steps):
        values, tapes = np.concatenate([inputs[:, t], fed], axis=1), []
        for k, layer in enumerate(layers):
            entering = states[k]._replace(hidden=states[k].hidden * _at(layer.entering, t))
            values = values * _at(layer.into, t)
            states[k], one = step_forward(layer.recurrence, layer.weights, values, entering)
            values = states[k].hidden * _at(layer.out, t)
            tapes.append(one)
        query = values if looking.query is None else values @ looking.query.T
        context, weights = look(query, memory, np.arange(batch), looking.energy)
        seen = np.concatenate([context, values], axis=1)
        fed = np.tanh(seen @ looking.weight.T)
        outputs.append(fed)
        shares.append(weights)
        tape.append((tapes, values, query, weights, seen, fed))
    kept = (layers, looking, inputs, memory, tape)
    return np.stack(outputs, axis=1), np.stack(shares, axis=1), kept


def backward(tape: Any, d_outputs: Float[np.ndarray, "B U A"]) -> Fed:
    """Gradients of a loss by all that `forward` read, from those by a(t)."""
    layers, looking, inputs, memory, steps = tape
    size = inputs.shape[2]
    total = Fed(
        np.zeros_like(inputs),
        (np.zeros_like(memory.keys), np.zeros_like(memory.values)),
        [type(layer.state)(*map(np.zeros_like, layer.state)) for layer in layers],
        [_zeros(layer.weights) for layer in layers],
        _zeros(looking),
    )
    d_fed = np.zeros_like(d_outputs[:, 0]) if len(steps) else None
    for t in reversed(range(len(steps))):
        tapes, hidden, query, weights, seen, fed = steps[t]
        d_pre = (d_outputs[:, t] + d_fed) * (1 - fed**2)
        d_seen = d_pre @ looking.weight
        features = memory.values.shape[2]
        d_query = _look_back(memory, looking, query, weights, d_seen[:, :features], total)
        d_values = d_seen[:, features:] + (
            d_query if looking.query is None else d_query @ looking.query
        )
        _add(total.looking.weight, d_pre.T @ seen)
        if looking.query is not None:
            _add(total.looking.query, d_query.T @ hidden)
        for k in reversed(range(len(layers))):
            layer = layers[k]
            d_after = total.states[k]
            d_after = d_after._replace(hidden=d_after.hidden + d_values * _at(layer.out, t))
            d_values, d_state, d_weights = step_backward(
                layer.recurrence, layer.weights, tapes[k], d_after
            )
            d_values = d_values * _at(layer.into, t)
            total.states[k] = d_state._replace(hidden=d_state.hidden * _at(layer.entering, t))
            for whole, part in zip(total.weights[k], d_weights, strict=True):
                _add(whole, part)
        total.inputs[:, t], d_fed = d_values[:, :size], d_values[:, size:]
    return total


def _look_back(
    memory: Memory, looking: Looking, query: Any, weights: Any, d_context: Any, total: Fed
) -> Any:
    """The gradient by the query; those by keys, values and energy are added up."""
    keys, values = memory.keys, memory.values
    d_query = np.zeros_like(query)
    for row, length in enumerate(memory.lengths):
        shares = weights[row, :length]
        d_shares = values[row, :length] @ d_context[row]
        total.memory[1][row, :length] += shares[:, None] * d_context[row]
        d_scores = shares * (d_shares - shares @ d_shares)
        if looking.energy is None:
            d_query[row] = d_scores @ keys[row, :length]
            total.memory[0][row, :length] += d_scores[:, None] * query[row]
            continue
        said = np.tanh(query[row] + keys[row, :length])
        _add(total.looking.energy, d_scores @ said)
        d_said = d_scores[:, None] * looking.energy * (1 - said**2)
        d_query[row] = d_said.sum(axis=0)
        total.memory[0][row, :length] += d_said
    return d_query


def _at(mask: Any, t: int) -> Any:
    return 1 if mask is None else mask[:, t]


def _zeros(arrays: Any) -> Any:
    return type(arrays)(*(None if one is None else np.zeros_like(one) for one in arrays))


def _add(whole: Any, part: Any) -> None:
    if whole is not None:
        whole += part
