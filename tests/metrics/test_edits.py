"""Edits between sequences, against every way to edit."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.metrics.edits import Edits, edits, edits_of_all

TEXTS = st.text("abc", max_size=6)


def fewest(true: str, said: str) -> int:
    """By the definition: the first items are the same, or one of three edits is made."""

    @cache
    def of(i: int, j: int) -> int:
        if i == len(true) or j == len(said):
            return len(true) - i + len(said) - j
        kept = of(i + 1, j + 1) + (true[i] != said[j])
        return min(kept, of(i + 1, j) + 1, of(i, j + 1) + 1)

    return of(0, 0)


@given(TEXTS, TEXTS)
def test_they_are_the_fewest_and_lead_there(true, said):
    found = edits(true, said)
    assert found.errors == fewest(true, said)
    assert found.items == len(true)
    assert len(true) - found.deletions + found.insertions == len(said)


@pytest.mark.parametrize(
    ("true", "said", "found"),
    [
        ("", "", Edits()),
        ("", "ab", Edits(insertions=2)),
        ("ab", "", Edits(deletions=2, items=2)),
        ("abc", "axc", Edits(substitutions=1, items=3)),
        (["one", "two"], ["two"], Edits(deletions=1, items=2)),
    ],
)
def test_each_kind_is_counted(true, said, found):
    assert edits(true, said) == found


def test_several_are_summed_before_they_are_divided():
    found = edits_of_all([("aaaa", "aaab"), ("b", "")])
    assert found == Edits(substitutions=1, deletions=1, items=5)
    assert found.rate == 0.4
    assert edits_of_all([]).rate is None
