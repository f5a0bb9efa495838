"""Programs of other projects and the classic tutorials, before and after: target 12."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.harness import Case
from benchmarks.work import Contender

__all__ = ["CLIENTS", "cases"]


class Client(NamedTuple):
    """A module of `benchmarks.clients`, and what its recurrent modules are.

    Attributes:
        title: As the table shows it.
        cell: RNN, LSTM or GRU.
        size: B, T, I and H in training.
        needs: Packages beside torch.
        repeats: Whether the losses are the same twice; not where random draws are our own business
            or the client's.
    """

    title: str
    cell: str
    size: str
    needs: tuple[str, ...] = ()
    repeats: bool = True


CLIENTS = {
    "char_rnn": Client("characters, 2 layers", "LSTM", "50x50x128x128"),
    "word_model": Client("words, 2 layers", "LSTM", "20x35x200x200"),
    "translation": Client("translation with attention", "GRU", "32x10x128x128"),
    "wave": Client("waves by LSTMCell, float64", "LSTM", "97x999x1x51"),
    "skorch_classifier": Client("skorch", "LSTM", "128x50x16x64", ("skorch",)),
    "neuralforecast_lstm": Client(
        "NeuralForecast, 2 layers", "LSTM", "128x24x1x128", ("neuralforecast",)
    ),
    "darts_rnn": Client("darts", "LSTM", "16x20x1x20", ("darts",), repeats=False),
    "stanza_tokenizer": Client("Stanza, two directions", "LSTM", "32x100x37x64", ("stanza",)),
    "joeynmt_translator": Client("JoeyNMT", "LSTM", "20x25x16x64", ("joeynmt",)),
    "recurrent_ppo": Client(
        "RecurrentPPO", "LSTM", "1x128x4x256", ("sb3-contrib", "gymnasium"), repeats=False
    ),
}


def cases() -> Iterator[Case]:
    for name, client in CLIENTS.items():
        for training in (True, False):
            module = f"benchmarks.clients.{name}"
            function = "training" if training else "inference"
            about = {"client": client.title, "cell": client.cell, "size": client.size}
            yield Case(
                {**about, "training": training},
                tuple(
                    Contender(who, module, function, (accelerated,))
                    for who, accelerated in (("PyTorch", False), ("Elman", True))
                ),
                unchecked=frozenset(() if client.repeats or not training else {"Elman"}),
                needs=client.needs,
            )
