"""The suites are plain data: what they compare, and what importing them does not load."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys

import pytest

from benchmarks.harness import Case
from benchmarks.suites import SUITES
from benchmarks.suites.grid import SGEMM, SIZES


@pytest.mark.parametrize("name", SUITES)
def test_cases_can_be_told_apart_and_sent_to_a_worker(name):
    cases = list(SUITES[name].cases())
    described = [repr(case.description) for case in cases]
    assert len(set(described)) == len(cases) > 0
    for case in cases:
        assert pickle.loads(pickle.dumps(case)) == case
        assert len(set(case.contenders)) == len(case.contenders)
        assert {"cell", "size", "training"} <= case.description.keys()


def test_the_grid_is_every_cell_at_every_size_in_both_modes():
    cases = list(SUITES["grid"].cases())
    found = {tuple(case.description[k] for k in ("cell", "size", "training")) for case in cases}
    sizes = ["x".join(map(str, size)) for size in SIZES]
    assert found == set(itertools.product(("RNN", "LSTM", "GRU"), sizes, (False, True)))
    assert len(sizes) == 9


def test_elman_is_first_and_every_peer_takes_part():
    def names(case: Case) -> list[str]:
        return list(dict.fromkeys(each.name for each in case.contenders))

    everybody = ["Elman", "PyTorch", "TensorFlow", "JAX", "ONNX Runtime"]
    for case in SUITES["grid"].cases():
        shown = [name for name in names(case) if name != SGEMM]
        assert shown == (everybody[:-1] if case.description["training"] else everybody)


def test_importing_the_suites_loads_no_library_that_is_measured():
    script = (
        "import sys, benchmarks.suites\n"
        "print({'torch', 'tensorflow', 'keras', 'jax', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()"
