"""A cell of torch operations, run by the engine; and what it says of those that it cannot take."""

from __future__ import annotations

import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

import elman
from elman.errors import ArgumentError, ShapeError
from elman.layers import dynamic_unroll
from elman.unrolling.loop import loop


class Normed(nn.Module):
    """Weight normalisation, layer normalisation, a tuple as state, an output of its own."""

    def __init__(self):
        super().__init__()
        self.inner = parametrizations.weight_norm(nn.Linear(3, 8))
        self.again, self.norm = nn.Linear(4, 8, bias=False), nn.LayerNorm(4)
        self.scale = nn.Parameter(torch.ones(4))
        self.register_buffer("shift", torch.full((4,), 0.25))

    def forward(self, x, state):
        h, c = state
        g, i = (self.inner(x) + self.again(h)).chunk(2, -1)
        c = torch.sigmoid(i) * self.norm(c) + F.softplus(g) * self.scale - self.shift
        return h + c, (torch.tanh(c).clamp(-0.9, 0.9), c.softmax(-1))


class Alone(nn.Module):
    """The state alone; values changed in place; ELU, SiLU, lerp, cat, comparisons."""

    def __init__(self):
        super().__init__()
        self.inner, self.again = nn.Linear(3, 6), nn.Linear(6, 6)
        self.gate = nn.Parameter(torch.randn(6))

    def forward(self, x, h):
        a = self.inner(x)
        a.add_(self.again(h))
        b = torch.where(a > 0.1, F.elu(a), F.silu(a)) / (1 + a.abs())
        b = torch.cat([b[:, 3:], b[:, :3]], dim=1) - b.mean(-1, keepdim=True)
        return torch.lerp(h, b, torch.sigmoid(self.gate))


class Pair(nn.Module):
    """torch.nn's own cell within."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(3, 4)

    def forward(self, x, state):
        state = self.cell(x, state)
        return state[0], state


class Chosen(nn.Module):
    """Comparisons, their combinations, what is filled and gated by them."""

    def __init__(self):
        super().__init__()
        self.inner, self.again = nn.Linear(3, 8), nn.Linear(4, 8)

    def forward(self, x, h):
        a = F.glu(self.inner(x) + self.again(h), -1)
        b = torch.where((h == 0) | ((a > -0.1) & ~(a > 0.4)), a, 2 * a)
        return torch.addcmul(h, b.masked_fill(a < -0.3, 0.7), a, value=0.5) * (h != 1)


ACTIVATIONS = (
    *(F.celu, F.selu, F.gelu, F.hardswish, F.hardsigmoid, F.hardtanh, F.mish, F.softsign, F.relu6),
    *(F.leaky_relu, F.hardshrink, F.softshrink, F.tanhshrink, F.logsigmoid, torch.sign, torch.erf),
    *(torch.expm1, torch.sinh, torch.cosh, torch.exp2, torch.ceil, torch.round, torch.trunc),
    *(torch.frac, lambda a: F.gelu(a, approximate="tanh"), lambda a: F.elu(a, 0.3)),
    *(lambda a: F.celu(a, 0.7), lambda a: F.softplus(a, 2.0), lambda a: F.threshold(a, 0.1, 0.2)),
    *(lambda a: a**4, lambda a: (a.abs() + 1) ** -3, lambda a: (a.abs() + 1) ** 0.5),
    *(lambda a: torch.log2(1 + a.abs()), lambda a: torch.log10(1 + a.abs())),
    *(lambda a: torch.logaddexp(a, 2 * a), lambda a: a * ((a > 0) ^ (a > 0.5))),
    *(lambda a: torch.fmod(a, 0.7), lambda a: torch.remainder(a, 0.7)),
    *(lambda a: torch.div(a, 0.7, rounding_mode="floor"), lambda a: torch.addcdiv(a, a, 1 + a * a)),
)
OVER_UNITS = (
    *(
        lambda a: a - a.std(-1, keepdim=True),
        lambda a: a / (1 + a.std(-1, correction=0, keepdim=True)),
    ),
    *(lambda a: F.log_softmax(a, -1), lambda a: a - a.logsumexp(-1, keepdim=True)),
    *(lambda a: F.normalize(a, dim=-1), lambda a: a / (1 + a.norm(p=1, dim=-1, keepdim=True))),
    *(lambda a: a - a.max(-1, keepdim=True)[0], lambda a: a - a.amin(-1, keepdim=True)),
    *(lambda a: a - torch.std_mean(a, -1, keepdim=True)[1], lambda a: a.roll(2, -1)),
)


class Composed(nn.Module):
    """Functions that are made of others, each beside the others; the state is bounded."""

    def __init__(self):
        super().__init__()
        self.inner, self.again = nn.Linear(3, 5), nn.Linear(5, 5)
        self.shares = nn.Parameter(torch.randn(len(ACTIVATIONS) + len(OVER_UNITS)))

    def forward(self, x, h):
        a = self.inner(x) + self.again(h)
        parts = [function(a) for function in (*ACTIVATIONS, *OVER_UNITS)]
        total = sum(share * part for share, part in zip(self.shares.unbind(), parts, strict=True))
        return torch.tanh(total / 8)


STATES = {
    Composed: torch.zeros(1, 5),
    Chosen: torch.zeros(1, 4),
    Normed: (torch.zeros(1, 4), torch.zeros(1, 4)),
    Alone: torch.zeros(1, 6),
    Pair: (torch.zeros(1, 4), torch.zeros(1, 4)),
}


@pytest.mark.parametrize("kind", STATES)
def test_computes_what_the_original_does(kind):
    torch.manual_seed(0)
    module = kind()
    cell = elman.fuse(module, torch.zeros(1, 3), STATES[kind])
    assert set(map(id, cell.parameters())) == set(map(id, module.parameters()))
    inputs = torch.randn(5, 9, 3, requires_grad=True)
    lengths = torch.tensor([9, 4, 0, 1, 7])
    with elman.strict():
        outputs, state = dynamic_unroll(cell, inputs, lengths=lengths)
    wanted, after = loop(cell, inputs, cell.initial_state(5), lengths)
    torch.testing.assert_close(outputs, wanted, rtol=1e-5, atol=1e-5)
    for one, other in zip(
        torch.utils._pytree.tree_leaves(state), torch.utils._pytree.tree_leaves(after), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    sources = [inputs, *module.parameters()]
    for one, other in zip(
        *(torch.autograd.grad(out.sin().sum(), sources) for out in (outputs, wanted)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_norm_of_zero_has_no_gradient_as_in_torch():
    class FromZero(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 4)

        def forward(self, x, h):
            return self.inner(x) + h / (1 + h.norm(dim=-1, keepdim=True)) - h.std(-1, keepdim=True)

    module = FromZero()
    cell = elman.fuse(module, torch.zeros(1, 3), torch.zeros(1, 4))
    start = torch.zeros(2, 4, requires_grad=True)
    inputs = torch.randn(2, 3, 3)
    found = [
        torch.autograd.grad(run(cell, inputs, start)[0].sin().sum(), start)[0]
        for run in (lambda cell, *given: cell.unroll(*given), loop)
    ]
    torch.testing.assert_close(*found)
    assert found[0].isfinite().all()


@pytest.mark.parametrize("kind", [nn.GRUCell, nn.RNNCell])
def test_takes_cells_of_torch(kind):
    cell = elman.fuse(kind(3, 4), torch.zeros(1, 3), torch.zeros(1, 4))
    outputs, _ = dynamic_unroll(cell, torch.randn(2, 5, 3))
    assert outputs.shape == (2, 5, 4)


def test_trains_the_original():
    module = Alone()
    cell = elman.fuse(module, torch.zeros(1, 3), torch.zeros(1, 6))
    before = module.again.weight.clone()
    optimiser = torch.optim.SGD(cell.parameters(), 0.1)
    dynamic_unroll(cell, torch.randn(2, 5, 3))[0].square().sum().backward()
    optimiser.step()
    assert not torch.equal(before, module.again.weight)
    inputs = torch.randn(2, 5, 3)
    torch.testing.assert_close(
        dynamic_unroll(cell, inputs)[0],
        loop(cell, inputs, cell.initial_state(2))[0],
        rtol=1e-5,
        atol=1e-5,
    )


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 4)


class OtherRows(Base):
    def forward(self, x, h):
        a = self.inner(x)
        return h + a - a.mean(0, keepdim=True)  # here


class Branch(Base):
    def forward(self, x, h):
        if h.sum() > 0:  # here
            return h
        return h + self.inner(x)


class Unknown(Base):
    def forward(self, x, h):
        return torch.lgamma(h + self.inner(x))  # here


class Products(Base):
    def forward(self, x, h):
        a = self.inner(x)
        return h + (a @ a.T) @ h  # here


class Noisy(Base):
    def forward(self, x, h):
        return h + F.dropout(self.inner(x), 0.5)  # here


class Counting(Base):
    def __init__(self):
        super().__init__()
        self.register_buffer("steps", torch.zeros(4))

    def forward(self, x, h):
        self.steps.add_(1)  # here
        return h + self.inner(x)


class StateInPlace(Base):
    def forward(self, x, h):
        h.mul_(0.5)  # here
        return h + self.inner(x)


class PartInPlace(Base):
    def forward(self, x, h):
        a = self.inner(x)
        a[:, :2].mul_(2)  # here
        return h + a


class Narrower(Base):
    def forward(self, x, h):
        return (h + self.inner(x))[:, :2]  # here


@pytest.mark.parametrize(
    "kind",
    [
        OtherRows,
        Branch,
        Unknown,
        Products,
        Noisy,
        Counting,
        StateInPlace,
        PartInPlace,
        Narrower,
    ],
)
def test_says_line_and_operation_that_it_cannot_take(kind):
    source, first = inspect.getsourcelines(kind)
    line = first + next(k for k, text in enumerate(source) if "# here" in text)
    with pytest.raises(ArgumentError) as caught:
        elman.fuse(kind(), torch.zeros(1, 3), torch.zeros(1, 4))
    assert f"{__file__}, line {line}, in forward" in str(caught.value)


def test_dropout_is_named_as_what_cannot_be_taken():
    with pytest.raises(ArgumentError, match="put dropout into eval"):
        elman.fuse(Noisy(), torch.zeros(1, 3), torch.zeros(1, 4))


class Swapped(Base):
    def forward(self, h, x):
        return h + self.inner(x)  # here


def test_an_example_that_does_not_fit_is_said_with_its_line():
    with pytest.raises(ArgumentError, match=r"in forward: found, with \d+ rows, .*\; give inputs"):
        elman.fuse(Swapped(), torch.zeros(1, 3), torch.zeros(1, 4))


class Dropping(Base):
    """Another step in training, that no tape holds; its normalisation is the same in both."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop = nn.LayerNorm(4), nn.Dropout(0.5)

    def forward(self, x, h):
        return self.drop(torch.tanh(self.norm(self.inner(x) + h)))


class Twice(Base):
    """Another step in training, that a tape holds."""

    def forward(self, x, h):
        a = torch.tanh(self.inner(x) + h)
        return 2 * a if self.training else a


@pytest.mark.parametrize(("kind", "training"), [(Dropping, False), (Twice, False), (Twice, True)])
def test_a_step_that_differs_in_training_runs_in_its_mode_alone(kind, training):
    module = kind().train(training)
    modes = [part.training for part in module.modules()]
    cell = elman.fuse(module, torch.zeros(1, 3), torch.zeros(1, 4))
    assert [part.training for part in module.modules()] == modes
    inputs = torch.randn(2, 5, 3)
    wanted, _ = loop(cell, inputs, cell.initial_state(2))
    torch.testing.assert_close(dynamic_unroll(cell, inputs)[0], wanted)
    cell.train(not training)
    with pytest.raises(ArgumentError, match="mode, in which its step is another"):
        dynamic_unroll(cell, inputs)
    cell.train(training)
    torch.testing.assert_close(dynamic_unroll(cell, inputs)[0], wanted)


def test_a_step_that_is_the_same_in_training_runs_in_both_modes():
    cell = elman.fuse(Alone().eval(), torch.zeros(1, 3), torch.zeros(1, 6))
    inputs = torch.randn(2, 5, 3)
    assert torch.equal(dynamic_unroll(cell, inputs)[0], dynamic_unroll(cell.train(), inputs)[0])


@pytest.mark.parametrize("without", [torch.no_grad, torch.inference_mode])
def test_is_fused_where_gradients_are_off(without):
    module = Alone()
    with without():
        cell = elman.fuse(module, torch.zeros(1, 3), torch.zeros(1, 6))
    dynamic_unroll(cell, torch.randn(2, 5, 3))[0].sum().backward()
    assert module.again.weight.grad is not None


def test_what_returns_no_state_is_refused():
    class Wrong(Base):
        def forward(self, x, h):
            return self.inner(x), h, h

    with pytest.raises(ArgumentError, match="return output and state"):
        elman.fuse(Wrong(), torch.zeros(1, 3), torch.zeros(1, 4))


@pytest.mark.parametrize(
    ("inputs", "state", "found"),
    [
        (torch.zeros(2, 5, 3), torch.zeros(2, 4), r"inputs: found \[2, 5, 3\]"),
        (torch.zeros(2, 3), torch.zeros(4), r"state: found \[4\]"),
        (torch.zeros(2, 3), {"h": torch.zeros(2, 4)}, "state: found dict"),
        (torch.zeros(2, 3), torch.zeros(2, 4).long(), "state: found torch.int64"),
    ],
)
def test_an_example_is_one_step(inputs, state, found):
    with pytest.raises(ArgumentError, match=found):
        elman.fuse(Alone(), inputs, state)
    with pytest.raises(ArgumentError, match="module: found function"):
        elman.fuse(lambda x, h: h, inputs, state)


def test_sequences_and_states_must_fit():
    cell = elman.fuse(Alone(), torch.zeros(1, 3), torch.zeros(1, 6))
    inputs = torch.randn(2, 5, 3)
    for wrong in (inputs[..., :2], torch.randn(2, 5, 4)):
        with pytest.raises(ShapeError, match="inputs: found"):
            dynamic_unroll(cell, wrong)
    states = (
        torch.zeros(2, 5),
        torch.zeros(2, 7),
        (torch.zeros(2, 6),),
        torch.zeros(2, 6).double(),
    )
    for state in states:
        with pytest.raises(ShapeError, match="state: found"):
            dynamic_unroll(cell, inputs, initial_state=state)
