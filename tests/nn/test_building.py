"""Models that are built inside a block or by a lasting class, as frameworks build them."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest
import torch
from torch import nn

import elman
from elman.errors import AccelerationError, ArgumentError
from elman.nn import acceleration, size_classes
from elman.nn.replacement import Accelerated
from elman.nn.size_classes import SizeClass
from tests.unchecked import unchecked

KINDS = ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def is_ours(module):
    return isinstance(module, Accelerated)


class Plain(nn.Module):
    def __init__(self, hidden=4):
        super().__init__()
        self.rnn = nn.LSTM(3, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, inputs):
        return self.head(self.rnn(inputs)[0][:, -1])


@elman.accelerated
class Lasting(Plain):
    def __init__(self, hidden=4):
        super().__init__(hidden)
        self.cell = nn.GRUCell(hidden, 2)


@elman.accelerated()
class Derived(Lasting):
    pass


class Child(Lasting):
    def __init__(self):
        super().__init__(5)
        self.more = nn.RNN(3, 4)


class Subclass(nn.GRU):
    pass


class Estimator:
    """How skorch works: parameters are kept, `fit` builds the module anew each time."""

    def __init__(self, module, **options):
        self.module, self.options = module, options

    def clone(self):
        return type(self)(copy.deepcopy(self.module), **copy.deepcopy(self.options))

    def fit(self, inputs, targets):
        self.module_ = self.module(**self.options)
        optimiser = torch.optim.SGD(self.module_.parameters(), lr=0.1)
        for _ in range(2):
            optimiser.zero_grad()
            (self.module_(inputs) - targets).square().mean().backward()
            optimiser.step()
        return self


INPUTS, TARGETS = torch.ones(6, 5, 3), torch.ones(6, 1)


@every_kind
def test_in_a_block_every_new_module_is_ours_and_after_it_none(kind):
    constructor = getattr(nn, kind).__init__
    torch.manual_seed(0)
    theirs = getattr(nn, kind)(3, 4)
    torch.manual_seed(0)
    with elman.accelerated():
        ours = getattr(nn, kind)(3, 4)
    assert is_ours(ours)
    assert isinstance(ours, getattr(nn, kind))
    assert not is_ours(getattr(nn, kind)(3, 4))
    assert getattr(nn, kind).__init__ is constructor
    assert "__setstate__" not in vars(getattr(nn, kind))
    for mine, original in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, original)
    inputs = torch.ones(2, 3) if "Cell" in kind else torch.ones(5, 2, 3)
    torch.testing.assert_close(ours(inputs), theirs(inputs), rtol=1e-4, atol=1e-6)


def test_blocks_nest_and_end_with_exceptions():
    with elman.accelerated():
        with elman.accelerated():
            pass
        assert is_ours(nn.RNN(3, 4))
        with pytest.raises(ZeroDivisionError), elman.accelerated():
            raise ZeroDivisionError
        assert is_ours(nn.RNN(3, 4))
    assert not is_ours(nn.RNN(3, 4))
    with pytest.raises(ValueError, match="hidden_size"), elman.accelerated():
        nn.RNN(3, 0)
    assert not is_ours(nn.RNN(3, 4))


def test_one_block_object_may_be_entered_again():
    block = elman.accelerated()
    for _ in range(2):
        with block, block:
            assert is_ours(nn.GRU(3, 4))
        assert not is_ours(nn.GRU(3, 4))


def test_other_threads_are_left_alone():
    found, inside, done = [], threading.Event(), threading.Event()

    def other():
        inside.wait()
        found.append(is_ours(nn.GRU(3, 4)))
        with elman.accelerated():
            found.append(is_ours(nn.GRU(3, 4)))
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with elman.accelerated():
        inside.set()
        done.wait()
        assert is_ours(nn.GRU(3, 4))  # the other block's end did not end this one
    thread.join()
    assert found == [False, True]


def test_copies_and_files_inside_of_a_block_are_new_too():
    model = Plain()
    data = pickle.dumps(model)
    with elman.accelerated():
        assert is_ours(copy.deepcopy(model).rnn)
        assert is_ours(pickle.loads(data).rnn)
    assert not is_ours(model.rnn)
    assert not is_ours(pickle.loads(data).rnn)


def test_what_a_block_leaves():
    with elman.accelerated():
        assert not is_ours(Subclass(3, 4))
        assert not is_ours(nn.RNN(3, 4, dtype=torch.bfloat16))
        later = nn.RNN(3, 4, device="meta")
    later.to_empty(device="cpu").reset_parameters()
    assert is_ours(later)
    assert elman.explain(later).lines[0].choice.kernel == "native"


def test_a_block_does_not_disturb_a_trial(monkeypatch):
    model = Plain()

    class Wrong(nn.LSTM):
        def forward(self, *args):
            outputs, state = super().forward(*args)
            return outputs * (2 if is_ours(self) else 1), state

    model.rnn.__class__ = Wrong
    with elman.accelerated(), pytest.raises(AccelerationError, match="differs"):
        elman.accelerate(model, INPUTS, subclasses=True)
    plain, compared = Plain(), []
    monkeypatch.setattr(acceleration, "speed_up", lambda *both: compared.append(both) or 2.0)
    with elman.accelerated():
        elman.accelerate(plain, INPUTS)
    ((before, after, _),) = compared
    assert (is_ours(before), is_ours(after), is_ours(plain.rnn)) == (False, True, True)


@pytest.mark.parametrize("kind", [Lasting, Derived])
def test_a_fit_that_builds_anew_keeps_the_acceleration(kind):
    estimator = Estimator(kind, hidden=6)
    for _ in range(2):
        estimator = estimator.clone().fit(INPUTS, TARGETS)
        assert is_ours(estimator.module_.rnn)
        assert is_ours(estimator.module_.cell)
    plain = Estimator(Plain)
    assert not is_ours(plain.fit(INPUTS, TARGETS).module_.rnn)
    with elman.accelerated():
        assert is_ours(plain.clone().fit(INPUTS, TARGETS).module_.rnn)


def test_the_decorator_returns_the_same_class_with_its_signature():
    class Local(nn.Module):
        def __init__(self, hidden: int = 3):
            """Made of little."""
            super().__init__()
            self.rnn = nn.RNN(3, hidden)

    assert elman.accelerated(Local) is Local
    assert Local.__init__.__doc__ == "Made of little."
    assert is_ours(Local(hidden=5).rnn)
    assert not is_ours(nn.RNN(3, 4))


def test_classes_that_derive_from_a_lasting_one():
    model = Child()
    assert is_ours(model.rnn)
    assert is_ours(model.cell)
    assert is_ours(model.more)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_instances_of_a_lasting_class_last(again):
    model = Lasting()
    copied = again(model)
    assert is_ours(copied.rnn)
    assert is_ours(copied.cell)
    assert not any("accelerated" in name for name in vars(copied))
    torch.testing.assert_close(copied(INPUTS), model(INPUTS), rtol=0, atol=0)
    fresh = Lasting()
    fresh.load_state_dict(model.state_dict())
    assert list(model.state_dict()) == list(again(fresh).state_dict())
    assert torch.equal(fresh(INPUTS), model(INPUTS))
    elman.restore(model)
    assert not is_ours(again(model).rnn)  # as it was, so it is


def test_a_lasting_class_in_other_threads():
    found = []
    thread = threading.Thread(target=lambda: found.append(is_ours(Lasting().rnn)))
    thread.start()
    thread.join()
    assert found == [True]


@pytest.mark.parametrize("target", [3, int, lambda: None])
def test_what_is_no_class_of_modules_is_refused(target):
    with unchecked():
        with pytest.raises(ArgumentError, match="decorate a"):
            elman.accelerated(target)
        with pytest.raises(ArgumentError, match="decorate a"):
            elman.accelerated()(target)


def test_known_losses_are_left_in_a_block_too(monkeypatch):
    row = SizeClass(size_classes.isa(), torch.float32, "LSTM", "half as fast")
    monkeypatch.setattr(size_classes, "KNOWN_SLOWER", (row,))
    with elman.accelerated():
        assert not is_ours(nn.LSTM(3, 4))
        assert is_ours(nn.GRU(3, 4))
