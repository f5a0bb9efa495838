"""Written cells by the engine, and the kernels that are written by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from benchmarks.peers.torch_sequences import drawn_weights, sequence_run
from benchmarks.problem import Problem
from benchmarks.work import Run
from elman import operators
from elman.cells import more
from elman.operators.tapes import TapeJob, unroll_tape
from elman.recurrences import GRU, LSTM, Recurrence, Simple, Sizes
from elman.tapes import Tape
from elman.written.ours import written_gru, written_lstm, written_simple

__all__ = ["engine", "family", "kernel"]


def _of(cell: str, problem: Problem) -> tuple[Recurrence, Tape]:
    inputs, hidden = problem.inputs, problem.hidden
    if cell == "LSTM":
        return LSTM(), written_lstm(LSTM(), inputs, hidden).tape(hidden)
    if cell == "GRU":
        return GRU(), written_gru(GRU(), inputs, hidden).tape(hidden)
    norm = "norm" in cell
    return Simple(), written_simple(Simple(), inputs, hidden, layer_norm=norm).tape(hidden)


def engine(cell: str, problem: Problem) -> Run:
    """A built-in recurrence from its tape."""
    _, tape = _of(cell, problem)
    return _tape_run(tape, problem)


def kernel(cell: str, problem: Problem) -> Run:
    """The same recurrence by its kernel."""
    recurrence, tape = _of(cell, problem)
    weights = drawn_weights(dict(tape.weights), problem)
    sizes = Sizes(problem.inputs, problem.hidden, problem.hidden)

    def run(inputs: Tensor) -> Tensor:
        state = recurrence.zero_state(sizes, lambda size: torch.zeros(problem.batch, size))
        given: Any = recurrence.weights_type(**weights)
        return operators.unroll(recurrence, given, inputs, state)[0]

    return sequence_run(problem, weights, run)


def family(cell: str, problem: Problem) -> Run:
    """A cell of `elman.cells.more`."""
    made = getattr(more, cell)(problem.inputs, problem.hidden)
    return _tape_run(made.tape, problem)


def _tape_run(tape: Tape, problem: Problem) -> Run:
    weights = drawn_weights(dict(tape.weights), problem)
    job = TapeJob(tape)

    def run(inputs: Tensor) -> Tensor:
        states = [torch.zeros(problem.batch, size) for _, size in tape.states]
        in_order = [weights[name] for name, _ in tape.weights]
        return unroll_tape(job, inputs, states, in_order)[0]

    return sequence_run(problem, weights, run)
