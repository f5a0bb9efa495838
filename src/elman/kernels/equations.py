"""One step of each recurrence, forward and backward: the text of the equations.

Notation: `x [B, I]` is the input at step t, `h` the hidden state, `c` the cell; `h_before` and
`c_before` are those of step t-1. A name `d_v` is the gradient of the loss by `v`. Each
`..._forward` also returns a tape: what its `..._backward` needs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman.kernels.contract import (
    GRU,
    LSTM,
    NORM_EPSILON,
    GRUWeights,
    LSTMWeights,
    Recurrence,
    RNNWeights,
    Simple,
    State,
    Weights,
)
from elman.state import LSTMState, RNNState

__all__ = ["step_backward", "step_forward"]

Array = np.ndarray


def step_forward(recurrence: Recurrence, weights: Any, x: Array, before: Any) -> tuple[State, Any]:
    """The state after the step (its hidden part is the output), and the tape."""
    return _EQUATIONS[type(recurrence)][0](recurrence, weights, x, before)


def step_backward(
    recurrence: Recurrence, weights: Any, tape: Any, d_after: Any
) -> tuple[Array, State, Weights]:
    """Gradients by `x`, by the state before the step, and by the weights.

    Args:
        recurrence: What was computed.
        weights: With these weights.
        tape: What `step_forward` returned.
        d_after: Gradient by the state after the step, its hidden part being the output too.
    """
    return _EQUATIONS[type(recurrence)][1](recurrence, weights, tape, d_after)


class SimpleTape(NamedTuple):
    """What `simple_backward` needs."""

    from_x: Any
    from_h: Any
    h: Array


def simple_forward(
    recurrence: Simple, weights: RNNWeights, x: Array, before: RNNState
) -> tuple[RNNState, SimpleTape]:
    """Elman 1990: h = activation(W_ih x + W_hh h_before + b)."""
    a, from_x = product(x, weights.weight_ih, weights.norm_ih)
    u, from_h = product(before.hidden, weights.weight_hh, weights.norm_hh)
    pre = a + u + weights.bias
    h = np.tanh(pre) if recurrence.activation == "tanh" else np.maximum(pre, 0)
    return RNNState(h), SimpleTape(from_x, from_h, h)


def simple_backward(
    recurrence: Simple,
    weights: RNNWeights,
    tape: SimpleTape,
    d_after: RNNState,
) -> tuple[Array, RNNState, RNNWeights]:
    """Gradients of `simple_forward`; tanh' = 1 - tanh², and ReLU passes what was positive."""
    d_h = d_after.hidden
    d_pre = d_h * ((1 - tape.h**2) if recurrence.activation == "tanh" else (tape.h > 0))
    d_x, d_weight_ih, d_norm_ih = product_backward(
        d_pre, weights.weight_ih, weights.norm_ih, tape.from_x
    )
    d_h_before, d_weight_hh, d_norm_hh = product_backward(
        d_pre, weights.weight_hh, weights.norm_hh, tape.from_h
    )
    d_weights = RNNWeights(d_weight_ih, d_weight_hh, d_pre.sum(0), d_norm_ih, d_norm_hh)
    return d_x, RNNState(d_h_before), d_weights


class LSTMTape(NamedTuple):
    """What `lstm_backward` needs."""

    from_x: Any
    from_h: Any
    c_before: Array
    i: Array
    f: Array
    g: Array
    o: Array
    c: Array
    inside_clip: Array | bool
    normalised_c: Any
    tanh_c: Array
    from_m: Any


def lstm_forward(
    recurrence: LSTM, weights: LSTMWeights, x: Array, before: LSTMState
) -> tuple[LSTMState, LSTMTape]:
    """Peepholes p after Gers et al. 2002, projection P after Sak et al. 2014 (arXiv 1402.1128v1).

    i = sigmoid(W_i x + U_i h_before + b_i + p_i·c_before)
    f = sigmoid(W_f x + U_f h_before + b_f + p_f·c_before + forget_bias)
    g = tanh(W_g x + U_g h_before + b_g)
    c = clip(f·c_before + i·g)
    o = sigmoid(W_o x + U_o h_before + b_o + p_o·c)
    h = P (o·tanh(c)), or without the P
    """
    h_before, c_before = before
    a, from_x = product(x, weights.weight_ih, weights.norm_ih)
    u, from_h = product(h_before, weights.weight_hh, weights.norm_hh)
    pre_i, pre_f, pre_g, pre_o = np.split(a + u + weights.bias, 4, axis=-1)
    pre_f = pre_f + recurrence.forget_bias
    if weights.peephole is not None:
        p_i, p_f, _ = weights.peephole
        pre_i = pre_i + p_i * c_before
        pre_f = pre_f + p_f * c_before
    i, f, g = sigmoid(pre_i), sigmoid(pre_f), np.tanh(pre_g)

    c, inside_clip = f * c_before + i * g, True
    if recurrence.cell_clip is not None:
        inside_clip = np.abs(c) <= recurrence.cell_clip
        c = np.clip(c, -recurrence.cell_clip, recurrence.cell_clip)

    if weights.peephole is not None:
        pre_o = pre_o + weights.peephole[2] * c
    o = sigmoid(pre_o)

    seen, normalised_c = c, None
    if weights.norm_cell is not None:
        gain, bias = weights.norm_cell
        seen, normalised_c = normalise(c, gain)
        seen = seen + bias
    tanh_c = np.tanh(seen)
    h, from_m = o * tanh_c, None
    if weights.projection is not None:
        h, from_m = product(h, weights.projection, None)
    tape = LSTMTape(
        from_x,
        from_h,
        c_before,
        i,
        f,
        g,
        o,
        c,
        inside_clip,
        normalised_c,
        tanh_c,
        from_m,
    )
    return LSTMState(h, c), tape


def lstm_backward(
    recurrence: LSTM,
    weights: LSTMWeights,
    tape: LSTMTape,
    d_after: LSTMState,
) -> tuple[Array, LSTMState, LSTMWeights]:
    """Gradients of `lstm_forward`; sigmoid' = sigmoid·(1 - sigmoid)."""
    _, _, c_before, i, f, g, o, c, inside_clip, _, tanh_c, _ = tape
    d_m, d_projection = d_after.hidden, None
    if weights.projection is not None:
        d_m, d_projection, _ = product_backward(d_m, weights.projection, None, tape.from_m)

    d_pre_o = d_m * tanh_c * o * (1 - o)
    d_seen = d_m * o * (1 - tanh_c**2)
    d_norm_cell = None
    if weights.norm_cell is None:
        d_c = d_after.cell + d_seen
    else:
        d_normalised, d_gain = normalise_backward(d_seen, weights.norm_cell[0], tape.normalised_c)
        d_c = d_after.cell + d_normalised
        d_norm_cell = np.stack([d_gain, d_seen.sum(0)])
    if weights.peephole is not None:
        d_c = d_c + d_pre_o * weights.peephole[2]

    d_c = d_c * inside_clip  # a clipped cell no longer depends on what made it
    d_pre_i = d_c * g * i * (1 - i)
    d_pre_f = d_c * c_before * f * (1 - f)
    d_pre_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f
    d_peephole = None
    if weights.peephole is not None:
        p_i, p_f, _ = weights.peephole
        d_c_before = d_c_before + d_pre_i * p_i + d_pre_f * p_f
        d_peephole = np.stack(
            [(d_pre_i * c_before).sum(0), (d_pre_f * c_before).sum(0), (d_pre_o * c).sum(0)]
        )

    d_pre = np.concatenate([d_pre_i, d_pre_f, d_pre_g, d_pre_o], axis=-1)
    d_x, d_weight_ih, d_norm_ih = product_backward(
        d_pre, weights.weight_ih, weights.norm_ih, tape.from_x
    )
    d_h_before, d_weight_hh, d_norm_hh = product_backward(
        d_pre, weights.weight_hh, weights.norm_hh, tape.from_h
    )
    d_weights = LSTMWeights(
        d_weight_ih,
        d_weight_hh,
        d_pre.sum(0),
        d_peephole,
        d_projection,
        d_norm_ih,
        d_norm_hh,
        d_norm_cell,
    )
    return d_x, LSTMState(d_h_before, d_c_before), d_weights


class GRUTape(NamedTuple):
    """What `gru_backward` needs."""

    gates_from_x: Any
    gates_from_h: Any
    n_from_x: Any
    n_from_h: Any
    h_before: Array
    r: Array
    z: Array
    n: Array
    recurrent: Array  # what r multiplies with reset_after, and U_n(r·h_before) without


def gru_parts(weights: GRUWeights) -> tuple[GRUWeights, GRUWeights]:
    """The weights of r and z (their first 2·H rows), and those of n (the last H)."""
    size = weights.weight_hh.shape[1]

    def cut(rows: slice) -> GRUWeights:
        return GRUWeights(
            weights.weight_ih[rows],
            weights.weight_hh[rows],
            weights.bias[rows],
            weights.recurrent_bias,
            None if weights.norm_ih is None else weights.norm_ih[rows],
            None if weights.norm_hh is None else weights.norm_hh[rows],
        )

    return cut(slice(None, 2 * size)), cut(slice(2 * size, None))


def join_gains(of_gates: Array | None, of_n: Array | None) -> Array | None:
    """The gains of r, z and n as one vector, if there are any."""
    return None if of_gates is None or of_n is None else np.concatenate([of_gates, of_n])


def gru_forward(
    recurrence: GRU, weights: GRUWeights, x: Array, before: RNNState
) -> tuple[RNNState, GRUTape]:
    """The candidate n has two forms.

    r = sigmoid(W_r x + U_r h_before + b_r)
    z = sigmoid(W_z x + U_z h_before + b_z)
    n = tanh(W_n x + b_n + r·(U_n h_before + recurrent_bias)) with reset_after
    n = tanh(W_n x + b_n + U_n (r·h_before)) without
    h = (1 - z)·n + z·h_before
    """
    h_before = before.hidden
    gates, candidate = gru_parts(weights)
    a, gates_from_x = product(x, gates.weight_ih, gates.norm_ih)
    u, gates_from_h = product(h_before, gates.weight_hh, gates.norm_hh)
    r, z = np.split(sigmoid(a + u + gates.bias), 2, axis=-1)

    a, n_from_x = product(x, candidate.weight_ih, candidate.norm_ih)
    seen = h_before if recurrence.reset_after else r * h_before
    recurrent, n_from_h = product(seen, candidate.weight_hh, candidate.norm_hh)
    if weights.recurrent_bias is not None:
        recurrent = recurrent + weights.recurrent_bias
    n = np.tanh(a + candidate.bias + (r * recurrent if recurrence.reset_after else recurrent))

    h = (1 - z) * n + z * h_before
    tape = GRUTape(gates_from_x, gates_from_h, n_from_x, n_from_h, h_before, r, z, n, recurrent)
    return RNNState(h), tape


def gru_backward(
    recurrence: GRU, weights: GRUWeights, tape: GRUTape, d_after: RNNState
) -> tuple[Array, RNNState, GRUWeights]:
    """Gradients of `gru_forward`."""
    _, _, _, _, h_before, r, z, n, recurrent = tape
    gates, candidate = gru_parts(weights)
    d_h = d_after.hidden
    d_h_before = d_h * z
    d_pre_z = d_h * (h_before - n) * z * (1 - z)
    d_pre_n = d_h * (1 - z) * (1 - n**2)

    d_recurrent = d_pre_n * r if recurrence.reset_after else d_pre_n
    d_x, d_n_ih, d_n_norm_ih = product_backward(
        d_pre_n, candidate.weight_ih, candidate.norm_ih, tape.n_from_x
    )
    d_seen, d_n_hh, d_n_norm_hh = product_backward(
        d_recurrent, candidate.weight_hh, candidate.norm_hh, tape.n_from_h
    )
    if recurrence.reset_after:
        d_r = d_pre_n * recurrent
        d_h_before = d_h_before + d_seen
    else:
        d_r = d_seen * h_before
        d_h_before = d_h_before + d_seen * r

    d_gates = np.concatenate([d_r * r * (1 - r), d_pre_z], axis=-1)
    d_x_gates, d_gates_ih, d_gates_norm_ih = product_backward(
        d_gates, gates.weight_ih, gates.norm_ih, tape.gates_from_x
    )
    d_h_gates, d_gates_hh, d_gates_norm_hh = product_backward(
        d_gates, gates.weight_hh, gates.norm_hh, tape.gates_from_h
    )
    d_weights = GRUWeights(
        np.concatenate([d_gates_ih, d_n_ih]),
        np.concatenate([d_gates_hh, d_n_hh]),
        np.concatenate([d_gates.sum(0), d_pre_n.sum(0)]),
        None if weights.recurrent_bias is None else d_recurrent.sum(0),
        join_gains(d_gates_norm_ih, d_n_norm_ih),
        join_gains(d_gates_norm_hh, d_n_norm_hh),
    )
    return d_x + d_x_gates, RNNState(d_h_before + d_h_gates), d_weights


_EQUATIONS = {
    Simple: (simple_forward, simple_backward),
    LSTM: (lstm_forward, lstm_backward),
    GRU: (gru_forward, gru_backward),
}


def sigmoid(v: Array) -> Array:
    """1 / (1 + exp(-v)); written so that exp never overflows."""
    small = np.exp(-np.abs(v))
    return np.where(v >= 0, 1.0, small) / (1.0 + small)


def product(v: Array, weight: Array, gain: Array | None) -> tuple[Array, Any]:
    """weight·v for each row v, layer-normalised if a gain is given."""
    result, normalised = v @ weight.T, None
    if gain is not None:
        result, normalised = normalise(result, gain)
    return result, (v, normalised)


def product_backward(
    d_result: Array, weight: Array, gain: Array | None, tape: Any
) -> tuple[Array, Array, Array | None]:
    """Gradients by v, weight and gain."""
    v, normalised = tape
    d_gain = None
    if gain is not None:
        d_result, d_gain = normalise_backward(d_result, gain, normalised)
    return d_result @ weight, d_result.T @ v, d_gain


def normalise(v: Array, gain: Array) -> tuple[Array, Any]:
    """Layer normalisation of each row: gain·(v - mean) / sqrt(variance + epsilon).

    Ba et al. 2016, arXiv 1607.06450v1; its bias is left to the caller.
    """
    deviation = v - v.mean(-1, keepdims=True)
    scale = 1 / np.sqrt((deviation**2).mean(-1, keepdims=True) + NORM_EPSILON)
    unit = deviation * scale
    return gain * unit, (unit, scale)


def normalise_backward(d_result: Array, gain: Array, tape: Any) -> tuple[Array, Array]:
    """Gradients by v and gain: what moves the mean or stretches the row has no effect."""
    unit, scale = tape
    d_unit = d_result * gain
    along_mean = d_unit.mean(-1, keepdims=True)
    along_unit = (d_unit * unit).mean(-1, keepdims=True)
    return scale * (d_unit - along_mean - unit * along_unit), (d_result * unit).sum(0)
