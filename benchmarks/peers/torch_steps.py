"""Cells as one writes them in torch: a step in a loop over time; eager, scripted, compiled.

The products with the inputs are taken for all steps at once, before the loop. What is compiled is
the step: a loop of a thousand would be unrolled, and take minutes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.peers.torch_sequences import drawn_weights, sequence_run
from benchmarks.peers.written_cells import GATES, shapes
from benchmarks.problem import Problem
from benchmarks.work import Run

__all__ = ["loop"]

State = list[Tensor]


def slstm(x: Tensor, state: State, w: dict[str, Tensor]) -> State:
    h, c, n, m = state[0], state[1], state[2], state[3]
    gates = x + torch.cat(
        [h @ w["u_i"].t(), h @ w["u_f"].t(), h @ w["u_z"].t(), h @ w["u_o"].t()], 1
    )
    i, f, z, o = gates.chunk(4, 1)
    kept = F.logsigmoid(f) + m
    most = torch.maximum(kept, i)
    i, f = torch.exp(i - most), torch.exp(kept - most)
    c = f * c + i * torch.tanh(z)
    n = f * n + i
    return [torch.sigmoid(o) * c / n, c, n, most]


def min_gru(x: Tensor, state: State, w: dict[str, Tensor]) -> State:
    z, a = x.chunk(2, 1)
    z = torch.sigmoid(z)
    n = torch.where(a >= 0, a + 0.5, torch.sigmoid(a))
    return [(1 - z) * state[0] + z * n]


def ind_rnn(x: Tensor, state: State, w: dict[str, Tensor]) -> State:
    return [torch.relu(x + w["u"] * state[0])]


# The step, and the parts of the state.
STEPS: dict[str, tuple[Callable[..., State], int]] = {
    "SLSTM": (slstm, 4),
    "MinGRU": (min_gru, 1),
    "IndRNN": (ind_rnn, 1),
}


def loop(cell: str, problem: Problem, how: str) -> Run:
    """The whole sequence; `how`: eager, script, compile."""
    weights = drawn_weights(shapes(cell, problem), problem)
    (step, parts), gates = STEPS[cell], GATES[cell]
    if how == "compile":
        torch.compiler.reset()  # other sizes were compiled in this process: each is to be the first
        step = torch.compile(step)
    over_time: Callable[..., Tensor] = scripted(cell) if how == "script" else _loop_of(step)

    def run(inputs: Tensor) -> Tensor:
        weight = torch.cat([weights[f"w{gate}"] for gate in gates])
        bias = torch.cat([weights[f"b{gate}"] for gate in gates])
        projected = F.linear(inputs, weight, bias)
        state = [torch.zeros(problem.batch, problem.hidden) for _ in range(parts)]
        return over_time(projected, state, weights)

    return sequence_run(problem, weights, run)


def _loop_of(step: Callable[..., State]) -> Callable[..., Tensor]:
    def run(projected: Tensor, state: State, w: dict[str, Tensor]) -> Tensor:
        outputs = []
        for x in projected.unbind(1):
            state = step(x, state, w)
            outputs.append(state[0])
        return torch.stack(outputs, 1)

    return run


def scripted(cell: str) -> Callable[..., Tensor]:
    """The loop as TorchScript."""
    step = torch.jit.script(STEPS[cell][0])

    def run(projected: Tensor, state: list[Tensor], w: dict[str, Tensor]) -> Tensor:
        outputs: list[Tensor] = []
        for x in projected.unbind(1):
            state = step(x, state, w)
            outputs.append(state[0])
        return torch.stack(outputs, 1)

    return torch.jit.script(run)
