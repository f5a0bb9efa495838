"""Twins inside graphs of torch.compile and torch.export."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import torch
from torch import nn
import elman

class Net(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn = getattr(nn, kind)(3, 4, bidirectional=True)
        self.cell = getattr(nn, f"{kind}Cell")(8, 4)

    def forward(self, inputs):
        outputs, _ = self.rnn(inputs)
        return outputs, self.cell(outputs[0])

inputs = torch.ones(5, 2, 3)
for kind in ("RNN", "LSTM", "GRU"):
    model = Net(kind)
    expected = model(inputs)
    before = torch.compile(model, backend="eager")
    before(inputs)
    elman.accelerate(before)
    assert isinstance(model.rnn, getattr(elman.nn, kind))

    def check(answer):
        torch.testing.assert_close(answer(inputs), expected, rtol=1e-4, atol=1e-6)

    check(before)
    torch._dynamo.reset()
    check(torch.compile(model, backend="eager"))
    torch._dynamo.reset()
    # Torch keeps its own classes out of graphs unless it is told otherwise.
    with torch._dynamo.config.patch(allow_rnn=True), elman.strict():
        check(torch.compile(model, backend="eager", fullgraph=True))
    check(torch.export.export(model, (inputs,)).module())
    print(kind)
"""


def test_graphs_answer_as_torch_does():
    """In a process of its own: torch.compile cannot trace the tests' checks of annotations."""
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["RNN", "LSTM", "GRU"]
