"""Every instruction set that this machine has, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from elman.kernels import native
from tests.kernels.agreement import EDGES, MODES, TOLERANCE, Sizes, check_agreement, random_problem
from tests.kernels.variants import VARIANTS


def every_edge() -> None:
    """Each recurrence and option around every width of a vector; prints what ran."""
    rng = np.random.default_rng(0)
    for k, (name, variant) in enumerate(VARIANTS.items()):
        for j, edge in enumerate(EDGES):
            sizes = [Sizes(3, 4, 2, edge), Sizes(edge, 3, 2, 5), Sizes(2, 3, edge, 6)]
            kinds = list(TOLERANCE)
            # Hidden units in both dtypes; rows and inputs in one, now the one, now the other.
            for number, dtype in ((0, kinds[0]), (0, kinds[1]), (1 + (k + j) % 2, kinds[j % 2])):
                mode = list(MODES.values())[(k + j + number) % len(MODES)]
                problem = random_problem(variant, sizes[number], mode, rng, dtype)
                check_agreement(problem, f"{name} {sizes[number]} {mode}")
    print(native.isa())


def run_with_isa(name: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a new process that asks for an instruction set."""
    environment = os.environ | {"ELMAN_ISA": name, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("isa", native.available_isas())
def test_every_instruction_set_agrees_with_the_specification(isa):
    code = "from tests.kernels import test_native_instruction_sets as t; t.every_edge()"
    result = run_with_isa(isa, code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [isa]


def test_the_most_capable_instruction_set_runs_unless_another_is_asked_for():
    result = run_with_isa("", "from elman.kernels import native; print(native.isa())")
    assert result.stdout.split() == [native.available_isas()[-1]]
    assert native.available_isas()[0] == "generic"


def test_an_instruction_set_that_is_not_there_is_an_error_that_names_those_that_are():
    result = run_with_isa("avx9000", "import elman.kernels.native")
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("elman.errors.ArgumentError")
    assert "found 'avx9000'" in last
    assert f"this machine has {', '.join(native.available_isas())}" in last
