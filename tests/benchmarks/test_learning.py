"""The problems that test memory: what counts as right, and that their recipes fit the data."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import learning
from elman.data import labelled_names
from elman.data.synthetic import copying
from elman.run_files import read_toml
from elman.tasks import Classifier, Regressor

RECIPES = Path(learning.__file__).parents[1] / "src" / "elman" / "recipes"


def test_only_the_symbols_count():
    task = copying(3, 4, 2, seed=0)
    batch = learning.examples(task, np.float32(0))
    right = torch.zeros(3, 8, learning.BLANK + 1)
    right[:, -2:] = 50 * torch.nn.functional.one_hot(batch.targets[:, -2:], learning.BLANK + 1)
    assert learning.symbols_right(right, batch).mean() == 1
    assert learning.cross_entropy(right, batch).mean() < 1e-6
    right[0, -1] = 0
    right[0, -1, learning.BLANK] = 1
    assert learning.symbols_right(right, batch).mean().item() == pytest.approx(5 / 6)
    silent = torch.zeros_like(right)
    assert learning.cross_entropy(silent, batch).mean().item() == pytest.approx(math.log(9))


@pytest.mark.parametrize("recipe", [name for name in learning.PROBLEMS if name != "copying"])
def test_a_problem_of_the_command_line_has_a_recipe(recipe):
    told = read_toml((RECIPES / f"{recipe}.toml").read_text(encoding="utf-8"))
    task = {"classifier": Classifier, "regressor": Regressor}[told["kind"]]
    estimator = task(**told["task"], **told["training"])
    assert estimator.get_params()["epochs"] > 1
    assert told["about"]["data"] in labelled_names()
