"""Stanza's tokenizer, by its own trainer at its own defaults: ragged lines of characters."""

from __future__ import annotations

import numpy as np
import torch
from stanza.models.tokenization.trainer import Trainer

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

LETTERS, FEATURES, BATCH, STEPS, BATCHES = 100, 5, 32, 100, 4
DEFAULTS = {
    "batch_size": BATCH,
    "conv_res": None,
    "dropout": 0.33,
    "emb_dim": 32,
    "feat_dim": FEATURES,
    "feat_dropout": 0.05,
    "feat_funcs": None,
    "hidden_dim": 64,
    "hier_invtemp": 0.5,
    "hierarchical": True,
    "lang": "en",
    "lr0": 2e-3,
    "max_grad_norm": 1.0,
    "max_seqlen": STEPS,
    "rnn_layers": 1,
    "tok_noise": 0.02,
    "use_mwt": True,
    "vocab_size": LETTERS,
    "weight_decay": 0.0,
}


def program() -> Program:
    trainer = Trainer(DEFAULTS, device="cpu")
    batches = [_draw_batch() for _ in range(BATCHES)]

    def train() -> list[float]:
        return [float(trainer.update(batch)) for batch in batches]

    def infer() -> np.ndarray:
        return np.stack([trainer.predict(batch) for batch in batches])

    return Program(trainer.model, train, infer)


def _draw_batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[list[str]]]:
    """Units `[B, T]`, labels `[B, T]` in 0…4, features `[B, T, F]` and the texts, longest first."""
    lengths = torch.linspace(STEPS, STEPS // 2, BATCH).long()
    real = torch.arange(STEPS) < lengths[:, None]
    units = torch.randint(1, LETTERS, (BATCH, STEPS)) * real
    labels = torch.randint(0, 5, (BATCH, STEPS)).masked_fill(~real, -1)
    features = torch.randint(0, 2, (BATCH, STEPS, FEATURES)) * real[..., None]
    return units, labels, features.float(), [["x"] * n for n in lengths.tolist()]


training, inference = runs(program)
