"""What a large vocabulary costs a language model's training, and what is saved.

    python -m benchmarks.softmax

A stream of words by Zipf's law, 50,000 different ones, of which each second follows from the word
before it. The same network (150 numbers a word, 150 LSTM cells, a score for each word) learns from
it by Adam in plain PyTorch with the full softmax, and in Elman with each of its own. Reported are
the median step, and the perplexity of a fresh part under the full softmax after equal epochs.
Results: benchmarks/results/softmax.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep
from elman.blueprint import CellConfig, sequence_to_sequence
from elman.models import begin_with_frequencies, build, sample_scores
from elman.models.heads import Unscored
from elman.targets import Target
from elman.training import CrossEntropy, Streams, Trainer, TrainingConfig
from elman.training.events import StepEnd

__all__ = ["ELMAN", "Task", "main", "measured", "words_of"]

ELMAN = {
    "full": ("dense", 0),
    "adaptive": ("adaptive", 0),
    "sampled": ("dense", 1 / 25),
    "tied, sampled": ("tied", 1 / 25),
}
"""Each head of ours, and the share of the vocabulary that its training draws; the bias of these
begins with the words' frequencies."""
CLIP = 1.0


@dataclass(frozen=True)
class Task:
    """What is learnt, and how long."""

    vocabulary: int = 50_000
    tokens: int = 140_000
    held_out: int = 14_000
    size: int = 150
    rows: int = 20
    steps: int = 35
    epochs: int = 2
    learning_rate: float = 2e-3


def words_of(task: Task, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Word ids to learn from, and fresh ones `[T]`; 0 is the most frequent."""
    draws = np.random.default_rng(seed)
    chances = 1 / np.arange(1, task.vocabulary + 1)
    zipf = np.cumsum(chances / chances.sum())

    def drawn(count: int) -> np.ndarray:
        return np.searchsorted(zipf, draws.random(count)).clip(0, task.vocabulary - 1)

    after = drawn(task.vocabulary)  # what follows each word
    ids = drawn(task.tokens + task.held_out)
    follows = draws.random(len(ids)) < 0.5
    for t in np.flatnonzero(follows[1:]) + 1:
        ids[t] = after[ids[t - 1]]
    return ids[: task.tokens], ids[task.tokens :]


class Plain(nn.Module):
    """The network as one writes it in PyTorch."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.embedding = nn.Embedding(task.vocabulary, task.size)
        self.lstm = nn.LSTM(task.size, task.size, batch_first=True)
        self.head = nn.Linear(task.size, task.vocabulary)

    def forward(self, ids: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs, state = self.lstm(self.embedding(ids), state)
        return self.head(outputs), state


def rows_of(ids: np.ndarray, rows: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets `[rows, T]`, each row a part of the stream."""
    length = (len(ids) - 1) // rows
    places = np.arange(rows)[:, None] * length + np.arange(length)
    return torch.from_numpy(ids[places]), torch.from_numpy(ids[places + 1])


def by_pytorch(task: Task, ids: np.ndarray, later: np.ndarray) -> dict[str, float]:
    """Train and score `Plain`."""
    torch.manual_seed(0)
    model = Plain(task)
    optimizer = torch.optim.Adam(model.parameters(), lr=task.learning_rate, fused=True)
    inputs, targets = rows_of(ids, task.rows)
    seconds = []
    for _ in range(task.epochs):
        state = None
        for start in range(0, inputs.shape[1], task.steps):
            begun = time.perf_counter()
            part = slice(start, start + task.steps)
            scores, state = model(inputs[:, part], state)
            state = tuple(one.detach() for one in state)
            loss = F.cross_entropy(scores.flatten(0, 1), targets[:, part].flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            seconds.append(time.perf_counter() - begun)
    return scored(task, model.eval(), later, seconds)


def by_elman(name: str, task: Task, ids: np.ndarray, later: np.ndarray) -> dict[str, float]:
    """Train and score the same blueprint with one of our heads."""
    head, share = ELMAN[name]
    blueprint = sequence_to_sequence(
        vocabulary=task.vocabulary,
        embedding=task.size,
        cells=CellConfig("lstm", task.size),
        outputs=task.vocabulary,
        head=head,
    )
    model = build(blueprint, seed=0)
    model.body[0].by_rows = True
    if share:
        sample_scores(model, int(share * task.vocabulary))
        begin_with_frequencies(model, np.bincount(ids, minlength=task.vocabulary))
    inputs, targets = rows_of(ids, task.rows)
    streams = Streams([*inputs], [*targets], task.rows, task.steps, kind=Target.CLASS_PER_STEP)
    config = TrainingConfig(
        epochs=task.epochs,
        batch_size=task.rows,
        learning_rate=task.learning_rate,
        clip_norm=CLIP,
    )
    seconds: list[float] = []

    def listen(event: Any) -> None:
        if isinstance(event, StepEnd):
            seconds.append(event.seconds)

    Trainer(model, CrossEntropy(), streams, None, config, listeners=[listen]).run()

    def unroll(read: Tensor, state: Any) -> tuple[Any, Any]:
        return model.unroll(read, initial_state=state)

    return scored(task, unroll, later, seconds)


def scored(
    task: Task, unroll: Callable[..., tuple[Any, Any]], ids: np.ndarray, seconds: list[float]
) -> dict[str, float]:
    """The median step, and the perplexity of fresh words, every one but the first counted."""
    inputs, targets = torch.from_numpy(ids[None, :-1]), torch.from_numpy(ids[None, 1:])
    total, state = 0.0, None
    with torch.no_grad():
        for start in range(0, inputs.shape[1], task.rows * task.steps):
            part = slice(start, start + task.rows * task.steps)
            scores, state = unroll(inputs[:, part], state)
            wanted = targets[0, part]
            losses = (
                scores[0].losses(wanted)
                if isinstance(scores, Unscored)
                else F.cross_entropy(scores[0], wanted, reduction="none")
            )
            total += losses.double().sum().item()
    return {
        "step_ms": 1000 * float(np.median(seconds)),
        "perplexity": exp(total / (len(ids) - 1)),
    }


def measured(task: Task) -> dict[str, dict[str, float]]:
    """Each contender's figures, beside the first one's."""
    ids, later = words_of(task)
    found = {"PyTorch, full": by_pytorch(task, ids, later)}
    print("PyTorch, full", found["PyTorch, full"], flush=True)
    for name in ELMAN:
        found[f"Elman, {name}"] = by_elman(name, task, ids, later)
        print(f"Elman, {name}", found[f"Elman, {name}"], flush=True)
    first = found["PyTorch, full"]
    for figures in found.values():
        figures["times_faster"] = first["step_ms"] / figures["step_ms"]
        figures["perplexity_ratio"] = figures["perplexity"] / first["perplexity"]
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args(arguments).threads)
    task = Task()
    results = measured(task)
    report = {"environment": environment(), "task": vars(task), "results": results}
    keep(RESULTS, "softmax", report)


if __name__ == "__main__":
    main()
