"""Translation by Elman: the trainer's steps, and the runtime's decoder without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.translators import translating_run
from benchmarks.translation import (
    BEAM,
    EOS,
    GO,
    LONGEST,
    RATE,
    blueprint,
    draw_weights,
    sentences,
)
from benchmarks.work import Run
from elman.decoding import Search, SearchOptions
from elman.models import build, scoring_late
from elman.runtime.network.network import Network
from elman.training import CrossEntropy, PairExamples, TrainingConfig
from elman.training.distributed import Ranks
from elman.training.loop.optimizers import build_optimizer
from elman.training.loop.stepping import Stepper, whole_cost

__all__ = ["decoding", "training"]


def training(cell: str, feeding: bool, of: str) -> Run:
    """A call trains once on each batch, by the trainer's steps."""
    config = TrainingConfig(learning_rate=RATE, clip_norm=None)
    plan = blueprint(cell, feeding, of)

    def trainer() -> tuple[Callable[[Any], float], Callable[[], Mapping[str, Tensor]]]:
        module = build(plan)
        weights = {name: torch.from_numpy(one) for name, one in draw_weights(plan).items()}
        module.load_state_dict(weights)
        optimizer = build_optimizer(module, config)
        cost = whole_cost(module, CrossEntropy())
        stepper = Stepper(module, cost, config, optimizer, Ranks())

        def train(batch: tuple[Tensor, ...]) -> float:
            source, target, source_lengths, target_lengths = batch
            examples = PairExamples(source, target, source_lengths, target_lengths, GO)
            with scoring_late(module):
                taken = stepper.step([examples], RATE)
            return taken.total / taken.count

        return train, lambda: _gradients(module)

    return translating_run(trainer, of)


def _gradients(module: Any) -> dict[str, Tensor]:
    return {name: one.grad for name, one in module.named_parameters()}


def decoding(cell: str, feeding: bool, rows: int) -> Run:
    """A call reads a batch of sentences and writes translations of them."""
    plan = blueprint(cell, feeding, "subwords")
    weights = draw_weights(plan)
    weights["decoder.3.bias"][EOS] = -1e9
    network = Network(plan, weights)
    source, lengths = sentences(rows, "subwords")
    options = SearchOptions(beam_size=BEAM, max_length=LONGEST)

    def call() -> np.ndarray:
        decoder = network.decoder(source, lengths)
        search = Search(decoder.state, go=GO, eos=EOS, options=options)
        return np.array([row[0].log_probability for row in search.run(decoder)])

    return Run(call, lambda: {"scores": call()})
