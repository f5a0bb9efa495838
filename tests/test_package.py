"""The package as a whole: what importing it costs, and what it does not load."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import elman

WITHOUT_TORCH = ("errors", "state", "blueprint", "bundle", "kernels", "transforms", "metrics")
WITHOUT_TORCH += ("decoding", "data", "runtime", "plots", "convert", "cli")


def run_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("module", ["elman", *(f"elman.{name}" for name in WITHOUT_TORCH)])
def test_import_loads_no_torch(module):
    heavy = "{'torch', 'sklearn', 'matplotlib'}"
    assert run_python(f"import sys, {module}; print({heavy} & set(sys.modules))") == "set()"


def test_every_public_name_loads():
    for name in elman.__all__:
        assert getattr(elman, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Transformer'"):
        _ = elman.Transformer


def test_the_citation_is_of_this_version():
    citation = (Path(__file__).parent.parent / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.M) == [elman.__version__]
