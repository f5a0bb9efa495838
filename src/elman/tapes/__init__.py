"""One step of a recurrence as plain data: a tape of operations, checked and bounded.

`tape` holds what a step computes, `building` writes one, `reverse` makes of it the way back, which
is a list of the same operations. What runs them stands in `elman.kernels.tapes`.
"""

from elman.tapes.building import Builder
from elman.tapes.reverse import Back, reverse
from elman.tapes.tape import INPUTS, Op, Tape
from elman.tapes.zoneout import zoned

__all__ = ["INPUTS", "Back", "Builder", "Op", "Tape", "reverse", "zoned"]
