"""JoeyNMT's recurrent translator at the sizes of its own small example."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from joeynmt.model import build_model
from joeynmt.search import greedy
from joeynmt.vocabulary import Vocabulary

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

WORDS, BATCH, LENGTH, BATCHES = 50, 20, 25, 4
SPECIAL = {"unk": 0, "pad": 1, "bos": 2, "eos": 3}
LAYER = {
    "type": "recurrent",
    "rnn_type": "lstm",
    "embeddings": {"embedding_dim": 16, "scale": False},
    "hidden_size": 64,
    "num_layers": 1,
    "dropout": 0.1,
}
CONFIG = {
    "encoder": {**LAYER, "bidirectional": True},
    "decoder": {
        **LAYER,
        "hidden_dropout": 0.1,
        "input_feeding": True,
        "init_hidden": "bridge",
        "attention": "luong",
    },
}


def program() -> Program:
    words = Vocabulary([f"w{k}" for k in range(WORDS)], _special_words())
    model = build_model(CONFIG, src_vocab=words, trg_vocab=words)
    model.loss_function = ("crossentropy", 0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = [_draw_batch() for _ in range(BATCHES)]

    def train() -> list[float]:
        losses = []
        model.train()
        for batch in batches:
            loss = model(return_type="loss", **batch)[0] / BATCH
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    @torch.no_grad()
    def infer() -> np.ndarray:
        """Where each word of a translation looked."""
        model.eval()
        source = {name: batches[0][name] for name in ("src", "src_length", "src_mask")}
        read, state, _, _ = model(return_type="encode", **source)
        looked = greedy(source["src_mask"], LENGTH, model, read, state, return_attention=True)[2]
        return np.asarray(looked)

    return Program(model, train, infer)


def _special_words() -> SimpleNamespace:
    tokens = {f"{name}_token": f"<{name}>" for name in SPECIAL}
    places = {f"{name}_id": place for name, place in SPECIAL.items()}
    return SimpleNamespace(**tokens, **places, sep_token=None, sep_id=None, lang_tags=[])


def _draw_batch() -> dict[str, torch.Tensor]:
    """Sentences of 15 to 25 words, longest first, and their targets as long."""
    lengths = torch.linspace(LENGTH, 15, BATCH).long()
    real = torch.arange(LENGTH) < lengths[:, None]
    drawn = torch.randint(len(SPECIAL), WORDS, (BATCH, LENGTH))
    source = drawn.masked_fill(~real, SPECIAL["pad"])
    begin = torch.full((BATCH, 1), SPECIAL["bos"])
    return {
        "src": source,
        "src_length": lengths,
        "src_mask": real[:, None],
        "trg_input": torch.cat([begin, source[:, :-1]], dim=1),
        "trg": source,
        "trg_mask": real[:, None],
    }


training, inference = runs(program)
