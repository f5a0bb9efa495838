"""Which classes stand in the place of torch.nn's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

import elman
import elman.nn

KINDS = ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell")
TARGETS = ("twin", "accelerated")


def maker(target: str, kind: str) -> Callable[..., Any]:
    """What is called as torch.nn's class would be."""
    if target == "twin":
        return getattr(elman.nn, kind)
    if target == "torch":
        return getattr(torch.nn, kind)

    def make(*args: Any, **kwargs: Any) -> Any:
        with elman.accelerated():
            return getattr(torch.nn, kind)(*args, **kwargs)

    return make


@contextmanager
def in_place_of_torchs(target: str) -> Iterator[None]:
    """Within this block torch.nn's names give the target's modules; "torch" changes nothing."""
    if target == "accelerated":
        with elman.accelerated():
            yield
        return
    if target == "torch":
        yield
        return
    places = (torch.nn, torch.nn.modules, torch.nn.modules.rnn)
    before = [(place, kind, getattr(place, kind)) for place in places for kind in KINDS]
    try:
        for place, kind, _ in before:
            setattr(place, kind, getattr(elman.nn, kind))
        yield
    finally:
        for place, kind, original in before:
            setattr(place, kind, original)
