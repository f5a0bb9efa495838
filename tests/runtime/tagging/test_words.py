"""Words as codes."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError
from elman.runtime.tagging.words import WordCodes

COUNTS = {"The": 2, "the": 5, "cat": 3, "sat": 1, "C\ud800t": 2}


def test_the_most_frequent_words_are_known():
    codes = WordCodes.fit(COUNTS, min_count=2)
    assert codes.words == ("the", "cat", "c\ud800t")
    assert len(codes) == 4
    assert codes.codes(["THE", "cat", "sat", ""]).tolist() == [[1], [2], [0], [0]]
    assert codes.unknown(["The", "dog"]) == ["dog"]
    assert WordCodes.fit(COUNTS, max_words=1).words == ("the",)
    assert WordCodes.fit(COUNTS, lowercase=False, max_words=3).words == ("the", "cat", "C\ud800t")


def test_letters_are_read_as_they_are_written():
    codes = WordCodes.fit({"aB": 2, "b": 1}, letters=4)
    assert codes.characters == ("B", "a", "b")
    assert codes.alphabet == 5
    assert codes.codes(["aB", "b?", "abBaaB"])[:, 1:].tolist() == [
        [3, 2, 0, 0],
        [4, 1, 0, 0],
        [3, 4, 3, 2],  # the first two, the last two
    ]
    assert WordCodes.fit({"ab": 1}, letters=1).codes(["ba"])[0, 1] == 3


@pytest.mark.parametrize("codes", [WordCodes.fit(COUNTS, letters=5), WordCodes.fit(COUNTS)])
def test_there_and_back(codes):
    assert WordCodes.from_tensors(codes.tensors()) == codes


def test_damage_is_told():
    tensors = WordCodes.fit(COUNTS).tensors()
    for name in tensors:
        with pytest.raises(BundleError):
            WordCodes.from_tensors({k: v for k, v in tensors.items() if k != name})
    with pytest.raises(BundleError, match="how they are read"):
        WordCodes.from_tensors(tensors | {"reading": np.array([-1, 0])})
