"""Elman: the twins of torch.nn's modules, cells along time, and the stepper."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.epoch import epoch_run
from benchmarks.peers.layers import layer_run, module_run, pack, packed_run, weighted_layer
from benchmarks.peers.stepping import CLASSES, read_out, stepping_run
from benchmarks.peers.variants import OPTIONS, ZONEOUT, variant_run
from benchmarks.peers.words import words_run
from benchmarks.problem import Problem, draw, lengths
from benchmarks.ragged import (
    EMBEDDING,
    NETWORKS,
    RATE,
    VOCABULARY,
    Batch,
    Network,
    batches,
    draw_weights,
)
from benchmarks.work import Run
from elman import cells, nn
from elman.blueprint import CellConfig, sequence_to_sequence, sequence_to_vector
from elman.kernels import native
from elman.kernels.contract import LSTM, LSTMWeights
from elman.layers import dynamic_unroll
from elman.models import build
from elman.runtime.network.network import Network as Executor
from elman.targets import Target
from elman.training import CrossEntropy, Examples, TrainingConfig
from elman.training.distributed import Ranks
from elman.training.loop.optimizers import build_optimizer
from elman.training.loop.stepping import Stepper, whole_cost

__all__ = [
    "classifier_step",
    "epoch",
    "final_state",
    "grid",
    "packed",
    "ragged",
    "resets",
    "step",
    "stepping",
    "variant",
    "words",
]


def grid(problem: Problem, way: str) -> Run:
    return layer_run(getattr(nn, problem.cell), problem, batch_first=True, frozen="frozen" in way)


def packed(problem: Problem) -> Run:
    return packed_run(getattr(nn, problem.cell), problem)


def ragged(problem: Problem) -> Run:
    """A padded batch of ragged rows with `lengths=`; the outputs are compared packed."""
    numbers, real = draw(problem), torch.from_numpy(lengths(problem))
    layer = weighted_layer(getattr(nn, problem.cell), numbers, batch_first=True)
    inputs = torch.from_numpy(numbers.inputs)
    return module_run(
        layer,
        lambda: layer(inputs, lengths=real)[0],
        torch.from_numpy(numbers.grad_outputs) if problem.training else None,
        lambda outputs: pack(outputs, problem).data.numpy(),
    )


def resets(problem: Problem, share: float) -> Run:
    """A cell along time, of whose steps a share begin anew; None at all if it is 0."""
    numbers = draw(problem)
    cell = getattr(cells, f"{problem.cell}Cell")(
        problem.inputs, problem.hidden, generator=torch.Generator().manual_seed(0)
    )
    inputs = torch.from_numpy(numbers.inputs)
    drawn = np.random.default_rng(0).random((problem.batch, problem.steps)) < share
    given = torch.from_numpy(drawn) if share else None
    return module_run(
        cell,
        lambda: dynamic_unroll(cell, inputs, resets=given)[0],
        torch.from_numpy(numbers.grad_outputs) if problem.training else None,
    )


class _Variant(torch.nn.Module):
    """A cell along time as a module of inputs."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, inputs: Tensor) -> Tensor:
        return dynamic_unroll(self.cell, inputs)[0]


def variant(name: str, problem: Problem) -> Run:
    options = OPTIONS[name](problem.hidden)
    cell: Any = cells.LSTMCell(problem.inputs, problem.hidden, forget_bias=0.0, **options)
    if name == "zoneout":
        cell = cells.Zoneout(cell, ZONEOUT)
    return variant_run(_Variant(cell), name, problem)


def final_state(problem: Problem, memory: str | int | None) -> Run:
    """Gradients of a cost on the final state, within so much memory; None: keep everything."""
    generator = torch.Generator().manual_seed(0)
    cell = cells.LSTMCell(problem.inputs, problem.hidden, generator=generator)
    inputs = torch.randn(problem.batch, problem.steps, problem.inputs, generator=generator)

    def call() -> None:
        cell.zero_grad(set_to_none=True)
        _, state = dynamic_unroll(cell, inputs, steps=[], memory=memory)
        state.hidden.sum().backward()

    def results() -> dict[str, np.ndarray]:
        call()
        found = cell.named_parameters()
        return {name: p.grad.numpy() for name, p in found if p.grad is not None}

    return Run(call, results)


def step(problem: Problem) -> Run:
    """One step by the stepping object, which keeps the state."""
    numbers = draw(problem)
    bias = numbers.bias_ih + numbers.bias_hh
    weights = LSTMWeights(numbers.weight_ih, numbers.weight_hh, bias)
    stepper = native.Stepper(LSTM(), weights, problem.batch)
    frame = np.ascontiguousarray(numbers.inputs[:, 0])
    return Run(lambda: stepper.step(frame), lambda: {"outputs": stepper.step(frame).copy()})


def stepping(problem: Problem) -> Run:
    return stepping_run(getattr(nn, f"{problem.cell}Cell"), problem)


def classifier_step(problem: Problem) -> Run:
    """A step of a whole network by the runtime's stepper, which keeps the state."""
    numbers = draw(problem)
    options = {"forget_bias": 0.0} if problem.cell == "LSTM" else {}
    cell = CellConfig(problem.cell.lower(), problem.hidden, **options)
    blueprint = sequence_to_vector(cells=cell, outputs=CLASSES, input_size=problem.inputs)
    bias = numbers.bias_ih + numbers.bias_hh
    weights = {"weight_ih": numbers.weight_ih, "weight_hh": numbers.weight_hh, "bias": bias}
    if problem.cell == "GRU":  # the candidate's recurrent bias stands inside its reset
        weights["recurrent_bias"] = numbers.bias_hh[2 * problem.hidden :]
        bias[2 * problem.hidden :] = numbers.bias_ih[2 * problem.hidden :]
    named = {f"body.0.cells.0.{name}": array for name, array in weights.items()}
    named |= {f"body.2.{name}": array for name, array in read_out(numbers).items()}
    network = Executor(blueprint, named)
    frame = np.ascontiguousarray(numbers.inputs[:, 0])
    stepper = network.stepper(problem.batch)

    def results() -> dict[str, np.ndarray]:
        return {"scores": network.stepper(problem.batch).step(frame).copy()}

    return Run(partial(stepper.step, frame), results)


def epoch(cell: str) -> Run:
    return epoch_run(getattr(nn, cell))


def words(task: str, vectors: str) -> Run:
    """A network over words by the trainer's steps; its vectors are learnt by rows, whole, or not.

    Args:
        task: Of `benchmarks.ragged.NETWORKS`.
        vectors: "rows", "whole table" or "frozen".
    """
    config = TrainingConfig(learning_rate=RATE, clip_norm=None)
    network, frozen = NETWORKS[task], vectors == "frozen"
    kind = Target.CLASS_PER_STEP if network.per_word else Target.CLASS

    def trainer() -> tuple[Any, dict[str, torch.nn.Parameter]]:
        module = _reader(network)
        module.body[0].by_rows, module.body[0].frozen = vectors != "whole table", frozen
        parameters = _by_name(module)
        with torch.no_grad():
            for name, array in draw_weights(network).items():
                parameters[name].copy_(torch.from_numpy(array))
        optimizer = build_optimizer(module, config)
        cost = whole_cost(module, CrossEntropy())
        stepper = Stepper(module, cost, config, optimizer, Ranks())
        learnt = {n: one for n, one in parameters.items() if not (frozen and n == "embedding")}
        return lambda batch: _mean(stepper.step([batch], RATE)), learnt

    given = [_examples(batch, kind) for batch in batches(task)]
    return words_run(trainer, given)


def _reader(network: Network) -> Any:
    shared: dict[str, Any] = {
        "cells": CellConfig("lstm", network.units, forget_bias=0.0),
        "outputs": network.outputs,
        "vocabulary": VOCABULARY,
        "embedding": EMBEDDING,
        "bidirectional": True,
    }
    if network.per_word:
        return build(sequence_to_sequence(**shared))
    return build(sequence_to_vector(**shared, pool="max"))


def _by_name(module: Any) -> dict[str, torch.nn.Parameter]:
    """The parameters by the names of `benchmarks.ragged.draw_weights`."""
    blocks = [*module.body]
    found = {"embedding": blocks[0].weight, **dict(blocks[-1].named_parameters())}
    cells = {"l0": blocks[1].cells[0], "l0_reverse": blocks[1].backward_cells[0]}
    for end, cell in cells.items():
        named = {"weight_ih": cell.weight_ih, "weight_hh": cell.weight_hh, "bias_ih": cell.bias}
        found |= {f"{name}_{end}": one for name, one in named.items()}
    return found


def _examples(batch: Batch, kind: Target) -> Examples:
    ids, lengths, targets = map(torch.from_numpy, batch)
    return Examples(ids, targets, lengths, kind=kind)


def _mean(taken: Any) -> float:
    return taken.total / taken.count
