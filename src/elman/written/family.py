"""Known cells, each written once. W are weights of the input, U those of the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elman.written.cell import WrittenCell, remember
from elman.written.functions import (
    exp,
    floor,
    maximum,
    named,
    relu,
    sigmoid,
    softplus,
    tanh,
    where,
)

__all__ = [
    "cfc",
    "ind_rnn",
    "intersection_rnn",
    "janet",
    "leaky_echo",
    "mgu",
    "min_gru",
    "min_lstm",
    "phased_lstm",
    "slstm",
    "sru",
    "ugrnn",
]


def gates(*names: str, recurrent: bool = True) -> dict[str, tuple[str, ...]]:
    """A weight of the input, one of the state and a bias for each gate."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found[f"w_{name}"] = ("H", "I")
        if recurrent:
            found[f"u_{name}"] = ("H", "H")
        found[f"b_{name}"] = ("H",)
    return found


def _cell(name: str, paper: str, **parts: Any) -> Callable[[Callable[..., Any]], WrittenCell]:
    def make(step: Callable[..., Any]) -> WrittenCell:
        cell = WrittenCell(step, name, paper=paper, **parts)
        remember(cell)
        return cell

    return make


def _gate(name: str, x: Any, h: Any, w: Any) -> Any:
    """σ(W x + U h + b)."""
    weight, state, bias = (getattr(w, f"{part}_{name}") for part in "wub")
    return named(name, sigmoid(weight @ x + state @ h + bias))


@_cell("min_gru", "Feng et al. 2024, arXiv 2410.01201v3", weights=gates("z", "n", recurrent=False))
def min_gru(x, state, w):
    """Gates of the input alone; h = (1 - z)·h + z·g(W x), g(a) = a + 0.5 from 0 on, else σ(a)."""
    z = named("z", sigmoid(w.w_z @ x + w.b_z))
    a = w.w_n @ x + w.b_n
    n = named("n", where(a >= 0, a + 0.5, sigmoid(a)))
    return (1 - z) * state.hidden + z * n


@_cell(
    "min_lstm",
    "Feng et al. 2024, arXiv 2410.01201v3",
    weights=gates("i", "f", "n", recurrent=False),
    starts={"b_f": 1.0},
)
def min_lstm(x, state, w):
    """Input and forget gate of the input alone, which together make 1; g as in minGRU."""
    i = sigmoid(w.w_i @ x + w.b_i)
    f = sigmoid(w.w_f @ x + w.b_f)
    a = w.w_n @ x + w.b_n
    n = named("n", where(a >= 0, a + 0.5, sigmoid(a)))
    i, f = named("i", i / (f + i)), named("f", f / (f + i))
    return f * state.hidden + i * n


@_cell(
    "slstm",
    "Beck et al. 2024, arXiv 2405.04517v2",
    weights=gates("i", "f", "z", "o"),
    states={"hidden": "H", "cell": "H", "norm": "H", "most": "H"},
    starts={"b_f": 1.0},
)
def slstm(x, state, w):
    """Exponential gates, kept small by the stabiliser `most` and divided by the normaliser."""
    h = state.hidden
    i = w.w_i @ x + w.u_i @ h + w.b_i
    f = w.w_f @ x + w.u_f @ h + w.b_f
    z = named("z", tanh(w.w_z @ x + w.u_z @ h + w.b_z))
    o = _gate("o", x, h, w)
    kept = state.most - softplus(-f)  # log σ(f)
    most = maximum(kept, i)
    i, f = named("i", exp(i - most)), named("f", exp(kept - most))
    cell, norm = f * state.cell + i * z, f * state.norm + i
    return {"hidden": o * cell / norm, "cell": cell, "norm": norm, "most": most}


@_cell(
    "sru",
    "Lei et al. 2018, arXiv 1709.02755v5",
    weights={
        **dict.fromkeys(("w", "w_f", "w_r", "w_x"), ("H", "I")),
        **dict.fromkeys(("v_f", "v_r", "b_f", "b_r"), ("H",)),
    },
    states={"hidden": "H", "cell": "H"},
)
def sru(x, state, w):
    """Its gates see c(t-1) unit by unit; what passes by is W_x x, as where I and H differ."""
    c = state.cell
    f = named("f", sigmoid(w.w_f @ x + w.v_f * c + w.b_f))
    r = named("r", sigmoid(w.w_r @ x + w.v_r * c + w.b_r))
    cell = f * c + (1 - f) * (w.w @ x)
    return {"hidden": r * cell + (1 - r) * (w.w_x @ x), "cell": cell}


@_cell(
    "ind_rnn",
    "Li et al. 2018, arXiv 1803.04831v3",
    weights={"w": ("H", "I"), "u": ("H",), "b": ("H",)},
    starts={"u": 1.0},
)
def ind_rnn(x, state, w):
    """Each neuron sees itself alone: h = relu(W x + u·h + b)."""
    return relu(w.w @ x + w.u * state.hidden + w.b)


@_cell("ugrnn", "Collins et al. 2016, arXiv 1611.09913v3", weights=gates("g", "c"))
def ugrnn(x, state, w, *, forget_bias=1.0):
    """One gate: h = g·h + (1 - g)·tanh(W_c x + U_c h + b_c)."""
    h = state.hidden
    g = named("g", sigmoid(w.w_g @ x + w.u_g @ h + w.b_g + forget_bias))
    c = named("c", tanh(w.w_c @ x + w.u_c @ h + w.b_c))
    return g * h + (1 - g) * c


@_cell(
    "janet",
    "van der Westhuizen and Lasenby 2018, arXiv 1804.04849v3",
    weights=gates("f", "c"),
    starts={"b_f": 1.0},
)
def janet(x, state, w, *, beta=1.0):
    """An LSTM's forget gate alone: c = σ(s)·c + (1 - σ(s - β))·tanh(W_c x + U_c h + b_c)."""
    h = state.hidden
    s = w.w_f @ x + w.u_f @ h + w.b_f
    c = named("c", tanh(w.w_c @ x + w.u_c @ h + w.b_c))
    return named("f", sigmoid(s)) * h + (1 - sigmoid(s - beta)) * c


@_cell("mgu", "Zhou et al. 2016, arXiv 1603.09420v1", weights=gates("f", "h"))
def mgu(x, state, w):
    """One gate, which resets before the product, too: h = (1 - f)·h + f·tanh(W x + U (f·h) + b)."""
    h = state.hidden
    f = _gate("f", x, h, w)
    n = named("n", tanh(w.w_h @ x + w.u_h @ (f * h) + w.b_h))
    return (1 - f) * h + f * n


@_cell(
    "intersection_rnn",
    "Collins et al. 2016, arXiv 1611.09913v3",
    weights={"w_x": ("H", "I"), **gates("yin", "hin", "gy", "gh")},
)
def intersection_rnn(x, state, w, *, forget_bias=1.0):
    """Depth and time each have a gate: the paper's +RNN; W_x brings the input to H."""
    h = state.hidden
    y_in = relu(w.w_yin @ x + w.u_yin @ h + w.b_yin)
    h_in = tanh(w.w_hin @ x + w.u_hin @ h + w.b_hin)
    g_y = named("y", sigmoid(w.w_gy @ x + w.u_gy @ h + w.b_gy + forget_bias))
    g_h = named("h", sigmoid(w.w_gh @ x + w.u_gh @ h + w.b_gh + forget_bias))
    return g_y * (w.w_x @ x) + (1 - g_y) * y_in, {"hidden": g_h * h + (1 - g_h) * h_in}


@_cell(
    "phased_lstm",
    "Neil et al. 2016, arXiv 1610.09513v1",
    weights={**gates("i", "f", "c", "o"), **dict.fromkeys(("tau", "shift"), ("H",))},
    states={"hidden": "H", "cell": "H"},
    starts={"b_f": 1.0, "tau": (0.0, 6.0), "shift": (0.0, 10.0)},
)
def phased_lstm(x, state, w, t, *, on=0.05, leak=0.001):
    """An LSTM whose units open for a share `on` of their period e^tau, from `shift` on."""
    h, c = state.hidden, state.cell
    phase = (t - w.shift) / exp(w.tau)
    phase = phase - floor(phase)
    falling = where(phase < on, 2 - 2 * phase / on, leak * phase)
    k = named("k", where(phase < on / 2, 2 * phase / on, falling))
    cell = _gate("f", x, h, w) * c
    cell = cell + _gate("i", x, h, w) * tanh(w.w_c @ x + w.u_c @ h + w.b_c)
    hidden = _gate("o", x, h, w) * tanh(cell)
    return {"hidden": k * hidden + (1 - k) * h, "cell": k * cell + (1 - k) * c}


@_cell(
    "cfc",
    "Hasani et al. 2022, arXiv 2106.13898v2",
    weights={
        **gates("x"),
        **{k: v for n in "fgab" for k, v in {f"h_{n}": ("H", "H"), f"c_{n}": ("H",)}.items()},
    },
)
def cfc(x, state, w):
    """Between two answers by a learned time: h = f·(1 - σ) + σ·g, all of one backbone."""
    backbone = 1.7159 * tanh(0.666 * (w.w_x @ x + w.u_x @ state.hidden + w.b_x))
    f, g = tanh(w.h_f @ backbone + w.c_f), tanh(w.h_g @ backbone + w.c_g)
    a, b = w.h_a @ backbone + w.c_a, w.h_b @ backbone + w.c_b
    s = named("s", sigmoid(a + b))
    return f * (1 - s) + s * g


@_cell(
    "leaky_echo",
    "Jaeger et al. 2007, Neural Networks 20(3), equation 5",
    weights={"w": ("H", "I"), "u": ("H", "H"), "b": ("H",)},
)
def leaky_echo(x, state, w, *, leak=0.3):
    """A leaky integrator: h = (1 - leak)·h + leak·tanh(W x + U h + b)."""
    return (1 - leak) * state.hidden + leak * tanh(w.w @ x + w.u @ state.hidden + w.b)
