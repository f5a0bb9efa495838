"""Every instruction set that this machine has, each in a process of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from elman.kernels import native
from tests.kernels.agreement import (
    EDGES,
    MODES,
    TOLERANCE,
    Sizes,
    check_agreement,
    random_problem,
    solve,
)
from tests.kernels.variants import VARIANTS

# What hash_of_everything prints at the portable level.
BITS_OF_PORTABLE = "519070e10f333d8fb2fb2f73aa9ffc78d58e2f48c436c358f3574feb8cfdff2b"


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


class ExactRandom:
    """What a generator draws for `random_problem`, from integers: the same bits everywhere.

    A generator's own distributions take logarithms, which no two systems round alike.
    """

    def __init__(self) -> None:
        self._drawn = np.random.RandomState(0)  # whose integers never change

    def integers(self, low: int, high: int | None = None, size: Any = None) -> Any:
        return self._drawn.randint(low, high, size, np.int64)

    def random(self, size: Any = None) -> Any:
        return self.integers(2**20, size=size) / 2**20

    def uniform(self, low: float, high: float, size: Any = None) -> Any:
        return low + (high - low) * self.random(size)

    def normal(self, mean: float = 0, deviation: float = 1, size: Any = None) -> Any:
        return mean + deviation * (4 * self.random(size) - 2)

    def choice(self, values: list[int], size: Any = None) -> Any:
        return np.array(values)[self.integers(len(values), size=size)]


def hash_of_everything() -> None:
    """Of each recurrence, option and way to read, forward and backward, all bits; prints them."""
    bits = hashlib.sha256()
    rng: Any = ExactRandom()
    for variant in VARIANTS.values():
        for mode in MODES.values():
            for dtype in TOLERANCE:
                found = solve(native, random_problem(variant, Sizes(7, 5, 3, 9), mode, rng, dtype))
                for array in (*found.values.values(), *found.gradients.values()):
                    bits.update(np.where(np.isnan(array), np.nan, array).astype(dtype).tobytes())
    print(bits.hexdigest())


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
    assert native.available_isas()[0] == "portable"


def test_an_instruction_set_that_is_not_there_is_an_error_that_names_those_that_are():
    result = run_with_isa("avx9000", "import elman.kernels.native")
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("elman.errors.ArgumentError")
    assert "found 'avx9000'" in last
    assert f"this machine has {', '.join(native.available_isas())}" in last


def test_portable_gives_the_same_bits_on_every_processor():
    code = "import os; os.environ['ELMAN_NUM_THREADS'] = '1'; "
    code += "from tests.kernels import test_native_instruction_sets as t; t.hash_of_everything()"
    result = run_with_isa("portable", code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [BITS_OF_PORTABLE]
