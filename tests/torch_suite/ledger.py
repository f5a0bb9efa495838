"""The list of differences by decision, and how outcomes are held against it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("differences.toml")


class Difference(NamedTuple):
    """Tests that fail by decision: those whose whole name the pattern matches."""

    pattern: str
    reason: str


class Verdict(NamedTuple):
    """What is wrong with a run: unlisted tests that differ, and patterns that list nothing."""

    unlisted: dict[str, str]
    stale: list[Difference]


def read(part: str, file: Path = FILE) -> list[Difference]:
    """The differences of "shipped" or "checkout"."""
    return [Difference(**row) for row in tomllib.loads(file.read_text()).get(part, [])]


def judge(
    failures: Mapping[str, str], passed: set[str], listed: list[Difference], whole: bool
) -> Verdict:
    """Hold a run against the list.

    Args:
        failures: Name -> what was said, of each test that fails where torch's own passes.
        passed: The names of the others that ran.
        listed: The differences by decision. One that matches a test that passed is stale.
        whole: Whether one that matches no test at all is stale, too; not where the tests are those
            of another version of torch.
    """
    unlisted = {
        name: said
        for name, said in failures.items()
        if not any(re.fullmatch(each.pattern, name) for each in listed)
    }
    stale = [
        each
        for each in listed
        if _matches(each, passed) or (whole and not _matches(each, failures))
    ]
    return Verdict(unlisted, stale)


def _matches(difference: Difference, names: Iterable[str]) -> bool:
    return any(re.fullmatch(difference.pattern, name) for name in names)
