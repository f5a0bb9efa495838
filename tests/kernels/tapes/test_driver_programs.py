"""The C++ drivers run the programs that there are now."""

from __future__ import annotations

from elman.kernels.tapes.planning import OPERATIONS
from elman.kernels.tapes.program import programs
from tests.kernels.tapes.driver_programs import EVERYTHING, FILE, text


def test_the_drivers_have_todays_programs():
    wanted = "write it anew: python -m tests.kernels.tapes.driver_programs"
    assert FILE.read_text(encoding="ascii") == text(), wanted


def test_every_operation_is_among_them():
    made = programs(EVERYTHING.tape(5).sized(3), True, False)
    used = {OPERATIONS[row[0]] for way in (made.there, made.back) for row in way[13]}
    assert set(OPERATIONS) - used == set()
