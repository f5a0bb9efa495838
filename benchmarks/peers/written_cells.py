"""Weights and work of a written cell, the same for everybody."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.problem import Problem, sample
from benchmarks.work import Run

__all__ = ["drawn_weights", "sequence_run"]


def drawn_weights(shapes: dict[str, tuple[int, ...]], problem: Problem) -> dict[str, Tensor]:
    """Weights by name, small enough that no state runs away."""
    random = np.random.default_rng([problem.hidden, problem.inputs])
    bound = 0.5 * problem.hidden**-0.5
    return {
        name: torch.from_numpy(random.uniform(-bound, bound, shape).astype(np.float32))
        for name, shape in sorted(shapes.items())
    }


def sequence_run(
    problem: Problem, weights: dict[str, Tensor], run: Callable[[Tensor], Tensor]
) -> Run:
    """Outputs of inputs, in training with the gradients of all weights from given gradients."""
    random = np.random.default_rng(7)
    shape = (problem.batch, problem.steps)
    inputs = torch.from_numpy(random.standard_normal((*shape, problem.inputs), np.float32))
    by = torch.from_numpy(random.standard_normal((*shape, problem.hidden), np.float32))
    parameters = list(weights.values())

    def call() -> list[Tensor]:
        if not problem.training:
            with torch.inference_mode():
                return [run(inputs)]
        for parameter in parameters:
            parameter.requires_grad_()
        outputs = run(inputs)
        grads = torch.autograd.grad(outputs, parameters, by)
        return [outputs.detach(), *grads]

    def results() -> dict[str, np.ndarray]:
        outputs, *grads = call()
        by_name = dict(zip(weights, (grad.numpy() for grad in grads), strict=False))
        # An sLSTM's answer does not depend on it: the normaliser takes it out. What is computed of
        # that gradient of zero is rounding.
        by_name.pop("b_i", None)
        return {"outputs": sample(outputs.numpy()), **by_name}

    return Run(call, results)
