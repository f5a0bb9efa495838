"""Tapes on the compiled engine: programs made once, and calls for any library of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from elman.kernels import compiled
from elman.kernels.tapes.program import programs
from elman.tapes import Tape

__all__ = ["Engine", "engine", "missing"]


def missing() -> str | None:
    """None if the compiled engine is here; else the reason."""
    return compiled.missing()


class Engine:
    """A tape's programs.

    Args:
        tape: With all sizes known.
        keep: Whether the way back follows.
        resets: Whether rows may begin anew.
    """

    def __init__(self, tape: Tape, keep: bool, resets: bool) -> None:
        made = programs(tape, keep, resets)
        module = compiled.module()
        self.tape = tape
        self.there = module.TapeProgram(made.there)
        self.back = None if made.back is None else module.TapeProgram(made.back)

    def kept_size(self, dtype: str, batch: int, time: int) -> int:
        """Entries that `forward` keeps."""
        return compiled.kernels_of(dtype).tape_kept_size(self.there, batch, time)

    def pack(self, dtype: str, weights: Sequence[Any]) -> Any:
        """The weights packed, for calls that keep nothing; copied."""
        return compiled.module().PreparedTape(self.there, dtype == "float64", tuple(weights))

    def forward(self, dtype: str, call: tuple, threads: int) -> None:
        """See native/bindings/tapes.h."""
        compiled.kernels_of(dtype).tape_forward(self.there, call, threads)

    def backward(self, dtype: str, call: tuple, threads: int) -> None:
        """See native/bindings/tapes.h."""
        compiled.kernels_of(dtype).tape_backward(self.back, call, threads)


@lru_cache(maxsize=256)
def engine(tape: Tape, keep: bool, resets: bool) -> Engine:
    """The programs of a tape, made once."""
    return Engine(tape, keep, resets)
