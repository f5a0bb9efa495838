"""The files of a PyTorch checkout: its tests of recurrent modules, with torch.nn's names ours.

Each file runs in a process of its own, once by torch and once by each target: what fails by torch,
too (another version, a missing library), tells nothing of us.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

from elman.errors import ElmanError
from tests.torch_suite.targets import TARGETS, in_place_of_torchs

FILES = ("test/test_nn.py", "test/test_modules.py")
NAMES = re.compile("rnn|lstm|gru|cell|packed", re.IGNORECASE)


class CheckoutError(ElmanError):
    """The checkout is none, or a file of it could not be run."""


def run(root: Path) -> Iterator[tuple[str, str, str | None]]:
    """Each target's name and test, and what was said where it fails; None where it passes.

    Tests that torch's own classes fail or skip are left out.

    Raises:
        CheckoutError: A file is missing or cannot be loaded.
    """
    for file in FILES:
        if not (root / file).is_file():
            raise CheckoutError(
                str(root), f"has no {file}", "give the folder of a PyTorch checkout"
            )
        theirs = _outcomes(root / file, "torch")
        for target in TARGETS:
            ours = _outcomes(root / file, target)
            for name, said in theirs.items():
                if said == "":
                    found = ours.get(name, "it did not run")
                    yield target, f"{Path(file).stem} {name}", found or None


def _outcomes(file: Path, target: str) -> dict[str, str]:
    """Test -> what was said where it failed or was skipped, "" where it passed."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "outcomes.json"
        command = [sys.executable, "-m", __name__, str(file), target, str(answer)]
        environment = {**os.environ, "PYTORCH_TESTING_DEVICE_ONLY_FOR": "cpu"}
        process = subprocess.run(command, env=environment, capture_output=True, text=True)
        if not answer.exists():
            last = process.stderr.strip().splitlines()[-1:] or ["no message"]
            raise CheckoutError(
                str(file), f"could not be run by {target}: {last[0]}", "use torch's own version"
            )
        return json.loads(answer.read_text())


def _run_here(file: Path, target: str) -> dict[str, str]:
    """In this process, which is spoiled for anything else."""
    with in_place_of_torchs(target):
        sys.argv = [file.name]  # torch's test library reads it
        sys.path.insert(0, str(file.parent))
        os.chdir(file.parent)
        spec: Any = util.spec_from_file_location(file.stem, file)
        module = sys.modules[file.stem] = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found = unittest.defaultTestLoader.loadTestsFromModule(module)
        tests = unittest.TestSuite(test for test in _flat(found) if NAMES.search(_name(test)))
        outcomes = _Outcomes()
        tests.run(outcomes)
        return outcomes.said


def _flat(suite: Any) -> Iterator[Any]:
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from _flat(part)
        else:
            yield part


def _name(test: Any) -> str:
    """Class and method, without the module."""
    return ".".join(test.id().split(".")[-2:])


class _Outcomes(unittest.TestResult):
    """Collects what was said of each test."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, str] = {}

    def addSuccess(self, test: Any) -> None:
        self.said.setdefault(_name(test), "")

    def addFailure(self, test: Any, err: Any) -> None:
        self.said[_name(test)] = f"{err[0].__name__}: {str(err[1]).strip().splitlines()[:1]}"

    def addError(self, test: Any, err: Any) -> None:
        self.addFailure(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        self.said[_name(test)] = f"skipped: {reason}"

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self.addSuccess(test)

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.said[_name(test)] = "it passes where torch expects a failure"

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self.addFailure(test, err)


if __name__ == "__main__":
    _file, _target, _answer = sys.argv[1:]
    _found = _run_here(Path(_file).resolve(), _target)
    Path(_answer).write_text(json.dumps(_found))
