"""The kernels compute on torch's threads: the same bits, and no threads beside those."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

import elman.nn
from elman.kernels.compiled import compute_on
from elman.operators import team

CODE = """
import os
import torch
import elman.nn
from elman.kernels.compiled import compute_on

torch.set_num_threads(2)
torch.ones(1 << 20).mul_(2.0)  # torch's threads are there
def count():
    return len(os.listdir("/proc/self/task"))
def run():
    torch.manual_seed(0)
    layer = elman.nn.LSTM(16, 64)
    layer(torch.randn(50, 32, 16))[0].sum().backward()
run()
before = count()
run()
joined = count() - before
compute_on(None)
run()
print(joined, count() - before)
"""


def answers(layer, x):
    y = layer(x)[0]
    return [y, *torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])]


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_the_same_bits_as_on_threads_of_our_own(cell):
    torch.manual_seed(0)
    layer = getattr(elman.nn, cell)(16, 64, bidirectional=True)
    x = torch.randn(100, 64, 16, requires_grad=True)  # parts that are long
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        joined = answers(layer, x)
        compute_on(None)
        own = answers(layer, x)
    finally:
        team.join_torch()
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(joined, own, strict=True))


@pytest.mark.skipif(
    sys.platform != "linux" or team._functions() is None, reason="torch computes otherwise here"
)
def test_there_are_no_threads_beside_torchs():
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    joined, own = map(int, done.stdout.split())
    assert joined == 0
    assert own >= 1  # so the count would have told


def test_where_torch_computes_otherwise_threads_are_our_own(monkeypatch):
    monkeypatch.setattr(torch.__config__, "parallel_info", lambda: "parallel backend: native")
    assert team._functions() is None
    monkeypatch.setattr(torch.__config__, "parallel_info", lambda: "parallel backend: OpenMP")
    monkeypatch.setattr(torch, "__file__", "/nowhere/torch/__init__.py")
    assert team._functions() is None
