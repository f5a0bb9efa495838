"""A sample of what ships inside torch; `make torch-tests` runs all of it."""

from __future__ import annotations

import re

import pytest

from tests.torch_suite import ledger, shipped
from tests.unchecked import unchecked

QUICK = [
    case
    for case in shipped.cases()
    if re.search(" error |Cell (reference|layout|pickling)|layout float32", case.name)
]


@pytest.mark.filterwarnings("ignore")  # torch's own, about what it will drop
@pytest.mark.parametrize("target", ["twin", "accelerated"])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"])
def test_a_sample(target, kind):
    failures, passed = {}, set()
    with unchecked():
        for case in QUICK:
            if case.name.startswith(f"{target} {kind} "):
                said = shipped.outcome(case)
                passed |= {case.name} if said is None else set()
                failures |= {} if said is None else {case.name: said}
    assert len(passed) >= 5
    verdict = ledger.judge(failures, passed, ledger.read("shipped"), whole=False)
    assert verdict == ({}, [])


def test_a_wrong_answer_fails(monkeypatch):
    forward = shipped.maker("twin", "GRUCell").forward

    def wrong(*args):
        return forward(*args) * 1.01

    monkeypatch.setattr(shipped.maker("twin", "GRUCell"), "forward", wrong)
    said = {
        case.name: shipped.outcome(case)
        for case in shipped.cases()
        if re.fullmatch("twin GRUCell (reference|beside torch) float64", case.name)
    }
    assert len(said) == 2
    assert "not close" in said["twin GRUCell beside torch float64"]
