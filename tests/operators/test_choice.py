"""Which implementation runs, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.operators import choose
from tests.kernels.variants import VARIANTS, random_weights


def weights_of(name, dtype=torch.float32):
    weights = random_weights(VARIANTS[name], 3, 4, np.random.default_rng(0))
    return type(weights)(*(None if w is None else torch.from_numpy(w).to(dtype) for w in weights))


@pytest.mark.parametrize(
    ("name", "kernel", "reason"),
    [
        ("tanh", "native", "on a CPU"),
        ("relu", "native", "on a CPU"),
        ("tanh-norm", "loop", "layer normalisation"),
        ("lstm", "aten", "not LSTM"),
        ("lstm-proj", "aten", "not LSTM"),
        ("lstm-peep", "loop", "no peepholes"),
        ("lstm-clip", "loop", "does not clip"),
        ("lstm-norm", "loop", "layer normalisation"),
        ("gru-after-bias", "aten", "not GRU"),
        ("gru-before", "loop", "after the matrix product only"),
    ],
)
def test_the_fastest_that_can(name, kernel, reason):
    choice = choose(VARIANTS[name].recurrence, weights_of(name), torch.zeros(2, 5, 3))
    assert choice.kernel == kernel
    assert reason in choice.reason


def test_resets_need_our_own():
    resets = torch.zeros(2, 5, dtype=torch.bool)
    for name, kernel in (("tanh", "native"), ("lstm", "loop"), ("gru-after-bias", "loop")):
        choice = choose(VARIANTS[name].recurrence, weights_of(name), torch.zeros(2, 5, 3), resets)
        assert choice.kernel == kernel


@pytest.mark.parametrize("inputs", [torch.zeros(0, 5, 3), torch.zeros(2, 0, 3)])
def test_empty_batches_and_sequences_avoid_torchs_operators(inputs):
    recurrence = VARIANTS["lstm"].recurrence
    assert choose(recurrence, weights_of("lstm"), inputs).kernel == "loop"


def test_other_devices_types_and_autocast_are_left_to_torch():
    recurrence, weights = VARIANTS["tanh"].recurrence, weights_of("tanh")
    assert choose(recurrence, weights, torch.zeros(2, 5, 3, device="meta")).kernel == "aten"
    half = weights_of("tanh", torch.bfloat16)
    assert choose(recurrence, half, torch.zeros(2, 5, 3, dtype=torch.bfloat16)).kernel == "aten"
    with torch.autocast("cpu"):
        assert choose(recurrence, weights, torch.zeros(2, 5, 3)).kernel == "aten"
