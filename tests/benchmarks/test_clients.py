"""Clients' programs: that ours runs where it should, and that the tutorials answer alike."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch

import elman
from benchmarks.clients.program import Program, runs
from benchmarks.harness import Case, check
from benchmarks.suites.clients import CLIENTS, cases
from benchmarks.worker import BenchmarkError
from tests.benchmarks.fakes import contender

TUTORIALS = {  # each with sizes at which it is quick
    "char_rnn": {"HIDDEN": 8, "STEPS": 6, "WRITTEN": 5},
    "translation": {"SOURCE_WORDS": 30, "TARGET_WORDS": 20, "HIDDEN": 8, "SENTENCES": 2},
    "wave": {"WAVES": 4, "STEPS": 12, "HIDDEN": 5, "AHEAD": 4},
    "word_model": {"WORDS": 30, "HIDDEN": 8, "STEPS": 7},
}


def test_the_tutorials_are_those_clients_that_need_nothing_but_torch():
    assert [name for name, client in CLIENTS.items() if not client.needs] == sorted(
        TUTORIALS, key=list(CLIENTS).index
    )


@pytest.mark.parametrize("mode", ["training", "inference"])
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_computes_the_same_accelerated(monkeypatch, name, mode):
    module = importlib.import_module(f"benchmarks.clients.{name}")
    for constant, value in TUTORIALS[name].items():
        monkeypatch.setattr(module, constant, value)
    plain, ours = contender("PyTorch"), contender("Elman")
    run = getattr(module, mode)
    results = {plain: run(False).results(), ours: run(True).results()}
    (found,) = results[ours].values()
    assert np.isfinite(found).all()
    assert found.size > 0
    case = next(
        case
        for case in cases()
        if case.contenders[0].module == module.__name__
        and case.description["training"] == (mode == "training")
    )
    check(Case({}, (plain, ours), case.unchecked), results)


def lone(model: torch.nn.Module, called: torch.nn.Module) -> Program:
    def call() -> np.ndarray:
        return called(torch.ones(2, 3))[0].detach().numpy()

    return Program(model, call, call)


def test_a_program_whose_answers_come_from_another_model_is_no_comparison():
    def escaping() -> Program:
        return lone(torch.nn.GRU(3, 5), torch.nn.GRU(3, 5))

    training, inference = runs(escaping)
    assert training(False).results()["losses"].shape == (2, 5)
    for run in (training, inference):
        with pytest.raises(BenchmarkError, match="came from torch's own modules alone"):
            run(True).results()


def test_the_program_as_it_is_must_not_be_accelerated_already():
    def accelerated() -> Program:
        model = torch.nn.GRU(3, 5)
        elman.accelerate(model)
        return lone(model, model)

    training, _ = runs(accelerated)
    with pytest.raises(BenchmarkError, match="came from Elman's modules; accelerated is False"):
        training(False).results()


def test_a_program_without_recurrent_modules_is_no_client():
    def straight() -> Program:
        model = torch.nn.Linear(3, 5)
        return lone(model, model)

    training, _ = runs(straight)
    with pytest.raises(BenchmarkError, match="no module of the model was replaced"):
        training(True)
