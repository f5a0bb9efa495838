"""Announcing who runs a sequence, and refusing what is slow."""

from __future__ import annotations

import threading

import pytest
import torch

from elman.cells import RNNCell, Zoneout
from elman.errors import SlowPathError
from elman.layers import dynamic_unroll
from elman.operators.choice import Choice
from elman.operators.notice import listen, notice, strict
from elman.state import RNNState

INPUTS = torch.ones(2, 4, 3)


class Sum:
    """A cell of a user's own, without `unroll`."""

    def initial_state(self, batch):
        return RNNState(torch.zeros(batch, 3))

    def __call__(self, inputs, state):
        return inputs + state.hidden, RNNState(inputs + state.hidden)


def heard(call):
    found = []
    with listen(lambda choice, subject: found.append((choice.kernel, subject))):
        call()
    return found


def test_every_sequence_is_announced_with_what_it_is_for():
    cell = RNNCell(3, 5)
    assert [kernel for kernel, _ in heard(lambda: dynamic_unroll(cell, INPUTS))] == ["native"]
    ((_, weights),) = heard(lambda: dynamic_unroll(cell, INPUTS))
    assert weights.weight_ih is cell.weight_ih
    own = Sum()
    assert heard(lambda: dynamic_unroll(own, INPUTS)) == [("loop", own)]


def test_nobody_hears_what_is_outside_the_block():
    found = []
    with listen(lambda *event: found.append(event)):
        pass
    notice(Choice("native", ""), None)
    assert found == []


def test_other_threads_are_not_listened_to():
    def elsewhere():
        thread = threading.Thread(target=notice, args=(Choice("loop", ""), None))
        thread.start()
        thread.join()

    assert heard(elsewhere) == []


@pytest.mark.parametrize(
    ("cell", "dtype", "reason"),
    [
        (Sum(), torch.float32, "Sum"),
        (Zoneout(Sum(), 0.1), torch.float32, "Zoneout"),
        (RNNCell(3, 5).bfloat16(), torch.bfloat16, "not torch.bfloat16"),
    ],
)
def test_strict_refuses_what_is_slower(cell, dtype, reason):
    inputs = INPUTS.to(dtype)
    with strict(), pytest.raises(SlowPathError, match=f"implementation would run: .*{reason}"):
        dynamic_unroll(cell, inputs)
    dynamic_unroll(cell, inputs)


def test_strict_lets_the_kernels_run():
    with strict():
        outputs, _ = dynamic_unroll(RNNCell(3, 5), INPUTS)
    assert outputs.shape == (2, 4, 5)


def test_an_error_ends_strict_mode():
    with pytest.raises(KeyError), strict():
        raise KeyError
    dynamic_unroll(Sum(), INPUTS)
