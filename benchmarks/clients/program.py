"""A client's program, as it is and accelerated: what is timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

import elman
from benchmarks.work import Run
from benchmarks.worker import BenchmarkError
from elman.nn import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell

__all__ = ["Program", "runs"]

_OURS = (RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell)


class Program(NamedTuple):
    """A program with a model of its own.

    Attributes:
        model: What holds the recurrent modules.
        train: Trains for some steps, always as many, and gives their losses, if it knows them.
        infer: Answers, by a model that has not been trained yet, the same each time.
    """

    model: nn.Module
    train: Callable[[], Any]
    infer: Callable[[], np.ndarray]


def runs(make: Callable[[], Program]) -> tuple[Callable[[bool], Run], Callable[[bool], Run]]:
    """Training and inference of a program, each a function of whether it is accelerated."""

    def made(accelerated: bool) -> Program:
        torch.manual_seed(0)
        program = make()
        if accelerated and not elman.accelerate(program.model).replaced:
            raise BenchmarkError(f"{make.__module__}: no module of the model was replaced")
        return program

    def training(accelerated: bool) -> Run:
        program = made(accelerated)
        return Run(program.train, lambda: _watched(program.train, "losses", accelerated))

    def inference(accelerated: bool) -> Run:
        program = made(accelerated)
        return Run(program.infer, lambda: _watched(program.infer, "outputs", accelerated))

    return training, inference


def _watched(call: Callable[[], Any], name: str, accelerated: bool) -> dict[str, np.ndarray]:
    """What a call computes, by our modules or by torch's as it should be.

    Raises:
        BenchmarkError: None of our modules was called, or one was that should not.
    """
    ours: set[bool] = set()

    def note(module: nn.Module, arguments: Any) -> None:
        if isinstance(module, (*_OURS, nn.RNNBase, nn.RNNCellBase)):
            ours.add(isinstance(module, _OURS))

    torch.manual_seed(1)
    hook = register_module_forward_pre_hook(note)
    try:
        found = call()
    finally:
        hook.remove()
    if (True in ours) != accelerated:
        who = "Elman's modules" if True in ours else "torch's own modules alone"
        raise BenchmarkError(f"{name} came from {who}; accelerated is {accelerated}")
    return {} if found is None else {name: np.asarray(found, np.float64)}
