"""After a fork torch's threads are gone: ours answer all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def answer_in_a_child() -> None:
    """Both directions and their gradients, after torch's threads had work in the parent."""
    import torch

    import elman.nn

    torch.set_num_threads(2)
    layer = elman.nn.GRU(32, 128, num_layers=2, bidirectional=True)
    x = torch.randn(60, 32, 32, requires_grad=True)
    grad = torch.randn(60, 32, 1).expand(60, 32, 256)  # not dense: it must be copied
    sources = [x, *layer.parameters()]
    wanted = torch.autograd.grad(layer(x)[0], sources, grad)
    child = os.fork()
    if child == 0:
        found = torch.autograd.grad(layer(x)[0], sources, grad)
        same = all(
            a.numpy().tobytes() == b.numpy().tobytes() for a, b in zip(found, wanted, strict=True)
        )
        os._exit(0 if same else 1)
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            sys.exit(os.waitstatus_to_exitcode(status))
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    sys.exit("the child hangs")


def test_two_directions_answer_in_the_child_of_a_fork():
    code = "from tests.operators.test_fork import answer_in_a_child as a; a()"
    environment = os.environ | {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    assert result.returncode == 0, result.stderr
