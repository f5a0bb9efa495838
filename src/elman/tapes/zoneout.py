"""Zoneout as a part of the step: what a cell's state becomes when it answers."""

from __future__ import annotations

from dataclasses import replace

from elman.tapes.building import Builder, live
from elman.tapes.tape import Tape

__all__ = ["zoned"]


def zoned(tape: Tape, rate: float) -> Tape:
    """The same step, after which each part of the state is rate·before + (1 - rate)·after.

    Where a part of the state is put out, that is what it became.

    Args:
        tape: The step.
        rate: In [0, 1); 0: the step itself.
    """
    if rate == 0:
        return tape
    to = Builder()
    numbers: list[int] = []
    for op in tape.ops:
        args = [numbers[arg] for arg in op.args]
        numbers.append(to.add(op.name, args, op.given, op.size))
    kept, new = to.constant(rate), to.constant(1 - rate)
    after = []
    for k, (value, (_, size)) in enumerate(zip(tape.after, tape.states, strict=True)):
        before = to.add("mul", (kept, to.add("state", (), (k,), size)), (), size)
        after.append(to.add("add", (before, to.add("mul", (new, numbers[value]), (), size))))
    output = numbers[tape.output]
    if tape.output in tape.after:
        output = after[tape.after.index(tape.output)]
    named = [numbers[value] for _, value in tape.named]
    ops, places = live(to.ops, [output, *after, *named])
    names = (name for name, _ in tape.named)
    return replace(
        tape,
        ops=tuple(ops),
        output=places[output],
        after=tuple(places[value] for value in after),
        named=tuple(zip(names, (places[value] for value in named), strict=True)),
    )
