"""The family against its public definitions, written here in torch from the papers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from elman.cells import more
from elman.layers import dynamic_unroll
from elman.state import written_parts

sigmoid, tanh = torch.sigmoid, torch.tanh


def gate(w, name, x, h):
    return F.linear(x, w[f"w_{name}"], w[f"b_{name}"]) + F.linear(h, w[f"u_{name}"])


def g_of(a):  # minGRU's and minLSTM's, appendix B
    return torch.where(a >= 0, a + 0.5, sigmoid(a))


def min_gru(x, h, t, w):
    z = sigmoid(F.linear(x, w["w_z"], w["b_z"]))
    h = torch.lerp(h, g_of(F.linear(x, w["w_n"], w["b_n"])), z)
    return h, (h,)


def min_lstm(x, h, t, w):
    f, i = (sigmoid(F.linear(x, w[f"w_{k}"], w[f"b_{k}"])) for k in "fi")
    h = f / (f + i) * h + i / (f + i) * g_of(F.linear(x, w["w_n"], w["b_n"]))
    return h, (h,)


def slstm(x, h, c, n, m, t, w):  # equations 8 to 17, the forget gate a sigmoid
    i, f = gate(w, "i", x, h), F.logsigmoid(gate(w, "f", x, h))
    new_m = torch.maximum(f + m, i)
    i, f = torch.exp(i - new_m), torch.exp(f + m - new_m)
    c = f * c + i * tanh(gate(w, "z", x, h))
    n = f * n + i
    h = sigmoid(gate(w, "o", x, h)) * (c / n)
    return h, (h, c, n, new_m)


def sru(x, h, c, t, w):  # equations 3 to 7
    f = sigmoid(x @ w["w_f"].T + w["v_f"] * c + w["b_f"])
    r = sigmoid(x @ w["w_r"].T + w["v_r"] * c + w["b_r"])
    c = f * c + (1 - f) * (x @ w["w"].T)
    h = r * c + (1 - r) * (x @ w["w_x"].T)
    return h, (h, c)


def ind_rnn(x, h, t, w):
    h = F.relu(F.linear(x, w["w"], w["b"]) + w["u"] * h)
    return h, (h,)


def ugrnn(x, h, t, w):
    g, c = sigmoid(gate(w, "g", x, h) + 1), tanh(gate(w, "c", x, h))
    h = g * h + (1 - g) * c
    return h, (h,)


def janet(x, c, t, w):
    s = gate(w, "f", x, c)
    c = sigmoid(s) * c + (1 - sigmoid(s - 1)) * tanh(gate(w, "c", x, c))
    return c, (c,)


def mgu(x, h, t, w):
    f = sigmoid(gate(w, "f", x, h))
    h = (1 - f) * h + f * tanh(gate(w, "h", x, f * h))
    return h, (h,)


def intersection_rnn(x, h, t, w):
    y_in, h_in = F.relu(gate(w, "yin", x, h)), tanh(gate(w, "hin", x, h))
    g_y, g_h = sigmoid(gate(w, "gy", x, h) + 1), sigmoid(gate(w, "gh", x, h) + 1)
    y = g_y * (x @ w["w_x"].T) + (1 - g_y) * y_in
    return y, (g_h * h + (1 - g_h) * h_in,)


def phased_lstm(x, h, c, t, w):  # equations 6 to 11, leak and share of the paper's experiments
    period, on, leak = torch.exp(w["tau"]), 0.05, 0.001
    phase = torch.remainder(t - w["shift"], period) / period
    k = torch.where(
        phase < on / 2, 2 * phase / on, torch.where(phase < on, 2 - 2 * phase / on, leak * phase)
    )
    i, f, o = (sigmoid(gate(w, name, x, h)) for name in "ifo")
    new_c = f * c + i * tanh(gate(w, "c", x, h))
    new_h = o * tanh(new_c)
    h, c = k * new_h + (1 - k) * h, k * new_c + (1 - k) * c
    return h, (h, c)


def cfc(x, h, t, w):
    backbone = 1.7159 * tanh(0.666 * gate(w, "x", x, h))
    f, g = (tanh(F.linear(backbone, w[f"h_{k}"], w[f"c_{k}"])) for k in "fg")
    a, b = (F.linear(backbone, w[f"h_{k}"], w[f"c_{k}"]) for k in "ab")
    between = sigmoid(a * 1.0 + b)
    h = f * (1 - between) + between * g
    return h, (h,)


def leaky_echo(x, h, t, w):
    h = 0.7 * h + 0.3 * tanh(F.linear(x, w["w"], w["b"]) + F.linear(h, w["u"]))
    return h, (h,)


PUBLIC = {
    "MinGRU": min_gru,
    "MinLSTM": min_lstm,
    "SLSTM": slstm,
    "SRU": sru,
    "IndRNN": ind_rnn,
    "UGRNN": ugrnn,
    "JANET": janet,
    "MGU": mgu,
    "IntersectionRNN": intersection_rnn,
    "PhasedLSTM": phased_lstm,
    "CfC": cfc,
    "LeakyEcho": leaky_echo,
}


def test_all_have_a_definition_here():
    assert set(PUBLIC) == set(more.__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_is_its_public_definition(name):
    torch.manual_seed(1)
    cell = getattr(more, name)(3, 5, dtype=torch.float64)
    with torch.no_grad():
        for weight in cell.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    weights = dict(cell.named_parameters())
    inputs = torch.randn(4, 7, 3, dtype=torch.float64, requires_grad=True)
    found, after = dynamic_unroll(cell, inputs)
    state, outputs = written_parts(cell.initial_state(4)), []
    for t in range(7):
        output, state = PUBLIC[name](inputs[:, t], *state, float(t), weights)
        outputs.append(output)
    wanted = torch.stack(outputs, dim=1)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-10)
    for one, other in zip(written_parts(after), state, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
    sources = [inputs, *cell.parameters()]
    grads = [
        torch.autograd.grad(out.sin().sum(), sources, materialize_grads=True, allow_unused=True)
        for out in (found, wanted)
    ]
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)
