"""The LSTM's variants: their options, and a module of one of them as a run."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.peers.layers import load, module_run
from benchmarks.problem import Problem
from benchmarks.work import Run

__all__ = ["OPTIONS", "ZONEOUT", "variant_run"]

ZONEOUT = 0.1  # the probability that a unit keeps its value
OPTIONS = {  # of elman.cells.LSTMCell, by the hidden size
    "plain": lambda hidden: {},
    "layer norm": lambda hidden: {"layer_norm": True},
    "peephole": lambda hidden: {"peepholes": True},
    "projection": lambda hidden: {"projection": hidden // 2},
    "zoneout": lambda hidden: {},  # a wrapper, not an option
}


def variant_run(module: torch.nn.Module, name: str, problem: Problem) -> Run:
    """A module of inputs `[B, T, I]` whose parameters are drawn in the order of their names.

    Training is timed with random masks; the results are those in evaluation, which has none.
    """
    random = np.random.default_rng(0)
    bound = problem.hidden**-0.5
    shapes = {key: tuple(array.shape) for key, array in sorted(module.state_dict().items())}
    drawn = {key: random.uniform(-bound, bound, shape) for key, shape in shapes.items()}
    load(module, {key: array.astype(np.float32) for key, array in drawn.items()})

    def normal(units: int) -> torch.Tensor:
        shape = (problem.batch, problem.steps, units)
        return torch.from_numpy(random.standard_normal(shape, dtype=np.float32))

    inputs = normal(problem.inputs)
    grad_outputs = normal(OPTIONS[name](problem.hidden).get("projection", problem.hidden))
    module.train(problem.training)
    run = module_run(module, lambda: module(inputs), grad_outputs if problem.training else None)

    def results() -> dict[str, np.ndarray]:
        module.eval()
        found = run.results()
        module.train(problem.training)
        return {key.rpartition(".")[2]: array for key, array in found.items()}

    return Run(run.call, results)
