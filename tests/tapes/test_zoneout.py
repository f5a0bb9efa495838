"""Zoneout as a part of a step."""

from __future__ import annotations

import numpy as np
import pytest

from elman.kernels.tapes import reference
from elman.tapes import zoned
from tests.written_steps import FAMILY, random_call


@pytest.mark.parametrize("name", ["mgu", "slstm", "ugrnn"])
def test_the_state_goes_only_part_of_the_way(name):
    call = random_call(FAMILY[name], 5, 3, 4, 1)
    plain = reference.forward(call)
    mixed = reference.forward(call._replace(tape=zoned(call.tape, 0.25)))
    for before, after, found in zip(call.states, plain.states, mixed.states, strict=True):
        np.testing.assert_allclose(found, 0.25 * before + 0.75 * after, atol=1e-12)
    put_out = call.tape.output in call.tape.after
    wanted = mixed.states[0] if put_out else plain.outputs[:, 0]
    np.testing.assert_allclose(mixed.outputs[:, 0], wanted, atol=1e-12)


def test_no_zoneout_is_the_step_itself_and_names_stay():
    tape = FAMILY["mgu"].tape(5)
    assert zoned(tape, 0) is tape
    assert [name for name, _ in zoned(tape, 0.1).named] == [name for name, _ in tape.named]
