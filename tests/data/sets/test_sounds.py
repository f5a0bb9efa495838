"""The spoken digits by name: whose recordings are in which part, and strings made of them."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import load, load_recordings
from elman.data.sets.sounds import SPEAKERS, digit_strings
from elman.errors import ArgumentError


def test_the_official_parts_of_the_digits(real_data):
    train, test = (
        load_recordings("free_spoken_digits"),
        load_recordings("free_spoken_digits", "test"),
    )
    assert (len(train), len(test), train.rate) == (2700, 300, 8000)
    assert not set(train.ids) & set(test.ids)
    assert "3_theo_4" in test.ids
    assert "3_theo_5" in train.ids
    assert np.unique(test.labels, return_counts=True)[1].tolist() == [30] * 10
    assert test.texts[test.ids.index("3_theo_4")] == "three"
    assert train.seconds.sum() + test.seconds.sum() == pytest.approx(1312, abs=1)
    assert train.where(0) == "recordings/0_george_5.wav"


def test_a_speaker_is_left_out(real_data):
    train = load_recordings("free_spoken_digits", speaker="theo")
    test = load_recordings("free_spoken_digits", "test", speaker="theo")
    assert set(test.groups) == {"theo"}
    assert set(train.groups) == set(SPEAKERS) - {"theo"}
    assert (len(train), len(test)) == (2500, 500)
    with pytest.raises(ArgumentError, match="george"):
        load_recordings("free_spoken_digits", speaker="ann")
    with pytest.raises(ArgumentError, match="'train', 'test' or 'all'"):
        load_recordings("free_spoken_digits", "dev")


def test_they_are_labelled_sequences_by_name(real_data):
    whole, left_out = load("free_spoken_digits", "test"), load("free_spoken_digits/theo", "test")
    assert whole.groups is None
    assert set(left_out.groups) == {"theo"}
    assert whole.sequences.rate == 8000
    assert whole.labels.dtype == np.int64


def test_strings_are_joined_of_one_part_and_one_speaker_only(real_data):
    made = digit_strings(40, 0, "test")
    assert made.texts == digit_strings(40, 0, "test").texts
    assert made.texts != digit_strings(40, 1, "test").texts
    lengths = [len(text.split()) for text in made.texts]
    assert (min(lengths), max(lengths)) == (3, 7)
    source = load_recordings("free_spoken_digits", "test")
    text, signal, who = made.texts[0], made.signals[0], made.groups[0]
    noise = np.abs(signal[:800]).max()
    assert 0 < noise < np.abs(signal).max() / 4
    for word in text.split():
        rows = [
            n for n, said in enumerate(source.texts) if said == word and source.groups[n] == who
        ]
        best = max(_likeness(source.signals[n], signal) for n in rows)
        others = max(
            _likeness(source.signals[n], signal)
            for n in range(0, len(source), 7)
            if source.groups[n] != who
        )
        assert best > 0.95 > others
    with pytest.raises(ArgumentError, match="digits"):
        digit_strings(2, 0, digits=(3, 2))


def _likeness(part: np.ndarray, whole: np.ndarray) -> float:
    """The largest correlation of a recording with a stretch of a longer one."""
    size = 1 << (len(whole) + len(part) - 1).bit_length()
    found = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
    starts = len(whole) - len(part) + 1
    sums = np.concatenate([[0.0], np.cumsum(whole.astype(np.float64) ** 2)])
    loud = np.sqrt(np.sum(part.astype(np.float64) ** 2) * (sums[len(part) :] - sums[: -len(part)]))
    return float((found[:starts] / np.maximum(loud, 1e-9)).max())
