"""Programs of the compiled engine, made from tapes: which value lies where, what runs when.

The rules of fusion, which are part of what a tape means to the compiled engine (the bits depend on
them): in a sum of several terms a product with the input starts from the vectors and single numbers
of that sum, and a product with anything else from that product; what is left is added one by one.
Products of one value are taken together. On the way back the products that make one gradient are
one sum over all of their deltas, which starts from the rest of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from elman.kernels.tapes.back import BackProgram
from elman.kernels.tapes.there import There
from elman.tapes import Tape, reverse

__all__ = ["Programs", "programs"]


class Programs(NamedTuple):
    """Of one tape: the way there and back, as `elman._native.TapeProgram` takes them."""

    there: tuple
    back: tuple | None
    kept: tuple[int, ...]


@lru_cache(maxsize=256)
def programs(tape: Tape, keep: bool, resets: bool) -> Programs:
    """The programs of a tape whose sizes are all known.

    Args:
        tape: The tape.
        keep: Whether the way back follows; else there is only the way there.
        resets: Whether rows may begin anew.
    """
    # A reset clears the state where it stands: what it was before is then not there to be read.
    back = reverse(tape, after=not resets)
    there = There(tape, back.kept, keep, resets)
    made = there.finished()
    if not keep:
        return Programs(made, None, ())
    return Programs(made, BackProgram(tape, back, there.kept_at).finished(), there.kept_sizes)
