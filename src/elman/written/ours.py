"""The built-in recurrences, written once, too: simple, LSTM and GRU with all their variants.

Their weights have the names, shapes and orders of `elman.recurrences`, so that a tape of one of
these and the kernel of that recurrence compute the same; the tests hold them to it. To begin a cell
of your own from one of them, copy its step.
"""

from __future__ import annotations

from typing import Any

from elman.recurrences import GRU, LSTM, Recurrence, Simple, Sizes
from elman.written.cell import WrittenCell
from elman.written.functions import clip, named, normalise, relu, sigmoid, split, tanh

__all__ = ["written_gru", "written_lstm", "written_simple"]


def _cell(recurrence: Recurrence, step: Any, sizes: Sizes, **options: Any) -> WrittenCell:
    """A cell with a recurrence's weights; their sizes are numbers."""
    shapes = recurrence.chosen_shapes(sizes, options)
    states = recurrence.state_sizes(sizes)
    name = f"written_{recurrence.kind}"
    return WrittenCell(step, name, weights=shapes, states=states, inputs=sizes.inputs)


def written_simple(
    recurrence: Simple, inputs: int, hidden: int, *, layer_norm: bool = False
) -> WrittenCell:
    """A simple cell: h = activation(W x + U h + b); with layer normalisation of both products."""
    activation = tanh if recurrence.activation == "tanh" else relu

    def step(x: Any, state: Any, w: Any) -> Any:
        a, b = w.weight_ih @ x, w.weight_hh @ state.hidden
        if layer_norm:
            a, b = normalise(a) * w.norm_ih, normalise(b) * w.norm_hh
        return activation(a + b + w.bias)

    return _cell(recurrence, step, Sizes(inputs, hidden, hidden), layer_norm=layer_norm)


def written_lstm(
    recurrence: LSTM,
    inputs: int,
    hidden: int,
    *,
    peepholes: bool = False,
    projection: int | None = None,
    layer_norm: bool = False,
) -> WrittenCell:
    """An LSTM: c = f·c + i·g, h = o·tanh(c), with peepholes, projection and layer normalisation."""

    def step(x: Any, state: Any, w: Any) -> dict[str, Any]:
        a, b, c = w.weight_ih @ x, w.weight_hh @ state.hidden, state.cell
        if layer_norm:
            a, b = normalise(a) * w.norm_ih, normalise(b) * w.norm_hh
        i, f, g, o = split(a + b + w.bias, 4)
        if recurrence.forget_bias:
            f = f + recurrence.forget_bias
        if peepholes:
            i, f = i + w.peephole[0] * c, f + w.peephole[1] * c
        cell = named("f", sigmoid(f)) * c + named("i", sigmoid(i)) * named("g", tanh(g))
        if recurrence.cell_clip:
            cell = clip(cell, -recurrence.cell_clip, recurrence.cell_clip)
        o = named("o", sigmoid(o + w.peephole[2] * cell if peepholes else o))
        seen = normalise(cell) * w.norm_cell[0] + w.norm_cell[1] if layer_norm else cell
        hidden = o * tanh(seen)
        return {"hidden": w.projection @ hidden if projection else hidden, "cell": cell}

    sizes = Sizes(inputs, hidden, projection or hidden)
    chosen = {"peepholes": peepholes, "projection": projection, "layer_norm": layer_norm}
    return _cell(recurrence, step, sizes, **chosen)


def written_gru(
    recurrence: GRU, inputs: int, hidden: int, *, layer_norm: bool = False, bias: bool = True
) -> WrittenCell:
    """A GRU: h = (1 - z)·n + z·h, the reset gate after the candidate's product or before it."""

    def step(x: Any, state: Any, w: Any) -> Any:
        h = state.hidden
        x_r, x_z, x_n = _parts(w.weight_ih @ x, w, "norm_ih")
        x_r, x_z, x_n = (
            part + b for part, b in zip((x_r, x_z, x_n), split(w.bias, 3), strict=True)
        )
        if recurrence.reset_after:
            h_r, h_z, h_n = _parts(w.weight_hh @ h, w, "norm_hh")
        else:
            both = w.weight_hh[: 2 * hidden] @ h
            if layer_norm:
                both = normalise(both) * w.norm_hh[: 2 * hidden]
            h_r, h_z = split(both, 2)
            h_n = None
        r, z = named("r", sigmoid(x_r + h_r)), named("z", sigmoid(x_z + h_z))
        if h_n is None:
            inner = w.weight_hh[2 * hidden :] @ (r * h)
            inner = normalise(inner) * w.norm_hh[2 * hidden :] if layer_norm else inner
        else:
            inner = r * (h_n + w.recurrent_bias if bias else h_n)
        n = named("n", tanh(x_n + inner))
        return (1 - z) * n + z * h

    def _parts(product: Any, w: Any, gain: str) -> Any:
        if not layer_norm:
            return split(product, 3)
        gates, candidate = product[: 2 * hidden], product[2 * hidden :]
        gains = getattr(w, gain)
        r, z = split(normalise(gates) * gains[: 2 * hidden], 2)
        return r, z, normalise(candidate) * gains[2 * hidden :]

    sizes = Sizes(inputs, hidden, hidden)
    return _cell(recurrence, step, sizes, layer_norm=layer_norm)
