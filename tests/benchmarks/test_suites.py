"""The suites are plain data: what they compare, and what importing them does not load."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys
from importlib.util import find_spec

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


def test_a_bounded_grid_has_only_those_that_keep_to_a_level():
    whole, bounded = (list(SUITES[name].cases()) for name in ("grid", "grid_bounded"))
    assert [case.description for case in bounded] == [case.description for case in whole]
    names = {each.name for case in bounded for each in case.contenders}
    assert names == {"Elman", "PyTorch", "JAX", SGEMM}


def test_the_grid_is_every_cell_at_every_size_in_both_modes():
    cases = list(SUITES["grid"].cases())
    found = {tuple(case.description[k] for k in ("cell", "size", "training")) for case in cases}
    sizes = ["x".join(map(str, size)) for size in SIZES]
    assert found == set(itertools.product(("RNN", "LSTM", "GRU"), sizes, (False, True)))
    assert len(set(sizes)) == len(sizes) == 11


def test_a_quick_look_is_a_part_of_the_grid_in_which_each_takes_part_by_one_way():
    whole = {repr(case.description): case for case in SUITES["grid"].cases()}
    assert SUITES["grid"].quick is not None
    quick = list(SUITES["grid"].quick())
    assert 0 < len(quick) < len(whole)
    for case in quick:
        same = whole[repr(case.description)]
        assert set(case.contenders) <= set(same.contenders)
        shown = [each.name for each in case.contenders]
        everybody = dict.fromkeys(each.name for each in same.contenders)
        assert shown == [name for name in everybody if name != "TensorFlow"]


def test_a_client_is_a_module_of_its_own_and_names_what_it_needs():
    for case in SUITES["clients"].cases():
        assert [each.name for each in case.contenders] == ["PyTorch", "Elman"]
        (module,) = {each.module for each in case.contenders}
        assert find_spec(module) is not None


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
