from __future__ import annotations

import pytest

from elman.errors import ArgumentError
from elman.music.keys import MODES, Key, key_from_name, key_of_pitches


@pytest.mark.parametrize(
    ("name", "tonic", "mode"),
    [
        ("G", "G", "major"),
        ("Am", "A", "minor"),
        ("F#m", "F#", "minor"),
        ("Bb minor", "Bb", "minor"),
        ("Ddor", "D", "dorian"),
        ("D Dorian", "D", "dorian"),
        ("A mix", "A", "mixolydian"),
        ("Cmaj", "C", "major"),
        ("EAeolian", "E", "minor"),
        ("g", "G", "major"),
    ],
)
def test_names_of_keys(name, tonic, mode):
    assert key_from_name(name) == Key(tonic, mode)


@pytest.mark.parametrize("name", ["", "H", "G##", "Gfoo", "Dorian", "Amajestic", "G#", "Fbm"])
def test_what_is_no_key_is_refused(name):
    with pytest.raises(ArgumentError, match="key"):
        key_from_name(name)


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (Key("C"), {}),
        (Key("G"), {"F": 1}),
        (Key("A", "minor"), {}),
        (Key("D", "dorian"), {}),
        (Key("A", "mixolydian"), {"F": 1, "C": 1}),
        (Key("Bb"), {"B": -1, "E": -1}),
        (Key("F", "lydian"), {}),
        (Key("B", "locrian"), {}),
        (Key("E", "phrygian"), {}),
    ],
)
def test_signatures(key, signature):
    assert key.signature == signature


def test_moving_a_key_up_and_down_again_comes_back_to_the_same_pitch():
    for mode in MODES:
        for by in range(-12, 13):
            key = Key("D", mode)
            moved = key.moved(by)
            assert moved.pitch_class == (key.pitch_class + by) % 12
            assert abs(moved.fifths) <= 6
            assert moved.moved(-by).pitch_class == key.pitch_class


def test_every_pitch_is_spelled_and_those_of_the_scale_by_their_own_sign():
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    for key in (Key("C"), Key("E"), Key("Ab"), Key("F#"), Key("C", "minor")):
        own = key.signature
        scale = {(steps[letter] + own.get(letter, 0)) % 12 for letter in steps}
        for pitch in range(12):
            letter, sign = key.spelled(pitch)
            assert (steps[letter] + sign) % 12 == pitch
            assert (own.get(letter, 0) == sign) is (pitch in scale)


def test_a_scale_has_its_key():
    major = [0, 2, 4, 5, 7, 9, 11]
    for tonic in range(12):
        weights = {(tonic + step) % 12: 1.0 for step in major}
        found = key_of_pitches(weights, last=tonic)
        assert (found.pitch_class, found.mode) == (tonic, "major")
    found = key_of_pitches(dict.fromkeys(major, 1.0), last=9)
    assert found == Key("A", "minor")
