"""A tape is data: it goes through JSON and back, and a stranger's is checked."""

from __future__ import annotations

import copy
import json

import pytest

from elman.errors import BlueprintError
from elman.tapes import INPUTS, Op, Tape
from tests.written_steps import FAMILY


@pytest.mark.parametrize("name", FAMILY)
def test_goes_through_json_and_back(name):
    tape = FAMILY[name].tape(5)
    again = Tape.from_data(json.loads(json.dumps(tape.to_data())))
    assert again == tape
    assert hash(again) == hash(tape)


def test_knows_its_sizes_once_the_inputs_are_known():
    tape = FAMILY["mgu"].tape(5)
    assert tape.inputs == INPUTS
    sized = tape.sized(3)
    assert sized.inputs == 3
    assert dict(sized.weights)["w_f"] == (5, 3)
    assert sized.sized(3) is sized
    with pytest.raises(BlueprintError, match="takes no other"):
        sized.sized(4)


def _changed(change) -> dict:
    data = copy.deepcopy(FAMILY["mgu"].tape(5).to_data())
    change(data)
    return data


CHANGES = {
    "another version": lambda data: data.update(version=2),
    "a key too many": lambda data: data.update(more=1),
    "a key too few": lambda data: data.pop("after"),
    "no list": lambda data: data.update(ops={}),
    "too many operations": lambda data: data.update(ops=data["ops"] * 1000),
    "an operation that is not there": lambda data: data["ops"][0].__setitem__(0, "exec"),
    "a value that comes later": lambda data: data["ops"][4].__setitem__(1, [9999]),
    "a negative value": lambda data: data["ops"][-1].__setitem__(1, [-1, -1]),
    "a huge size": lambda data: data["ops"][0].__setitem__(3, 2**40),
    "a size that does not fit": lambda data: data["ops"][-1].__setitem__(3, 4),
    "a weight that is not there": lambda data: data["ops"].insert(0, ["vector", [], [99, 0], 5]),
    "rows past a weight": lambda data: [
        op.__setitem__(2, [op[2][0], 3]) for op in data["ops"] if op[0] == "product"
    ],
    "a number that is none": lambda data: data["ops"].append(["constant", [], ["1"], 1]),
    "fewer numbers than units": lambda data: data["ops"].append(["constant", [], [1, 2], 3]),
    "a constant of no number": lambda data: data["ops"].append(["constant", [], [], 1]),
    "too many numbers": lambda data: data["ops"].append(["constant", [], [1] * 20_000, 20_000]),
    "infinity": lambda data: data["ops"].append(["constant", [], [float("inf")], 1]),
    "a name that is none": lambda data: data["weights"][0].__setitem__(0, "../w"),
    "a name twice": lambda data: data["weights"][1].__setitem__(0, data["weights"][0][0]),
    "a state of another size": lambda data: data["states"][0].__setitem__(1, 6),
    "an output that is not there": lambda data: data.update(output=10_000),
    "a true in place of a number": lambda data: data.update(output=True),
    "deep shapes": lambda data: data["weights"].append(["deep", 1, 2, 3]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_no_tape_is_refused(name):
    with pytest.raises(BlueprintError):
        Tape.from_data(_changed(CHANGES[name]))


def test_what_reads_ahead_is_refused():
    with pytest.raises(BlueprintError, match="values before it"):
        Tape(2, 3, (("hidden", 2),), (), (Op("tanh", (0,), (), 2),), 0, (0,))


def test_more_numbers_than_a_step_may_have_are_refused():
    ops = (Op("state", (), (0,), 2), Op("constant", (), (1.0,), 1))
    wide = [Op("spread", (1,), (), 1 << 20)] * 17
    with pytest.raises(BlueprintError, match="found values of 17825795 numbers; give up to"):
        Tape(2, 3, (("hidden", 2),), (), (*ops, *wide), 0, (0,))
