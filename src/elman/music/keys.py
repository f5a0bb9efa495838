"""Keys: their names, which notes they raise or lower, and how a pitch is spelled in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from elman.errors import ArgumentError

__all__ = ["LETTERS", "MODES", "Key", "key_from_name", "key_of_pitches"]

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones of each letter above C."""

MODES = {
    "major": 0,
    "minor": -3,
    "mixolydian": -1,
    "dorian": -2,
    "phrygian": -4,
    "lydian": 1,
    "locrian": -5,
}
"""How many sharps more than the major key on the same tonic each mode has; below 0 fewer."""

_SHORT = {"maj": "major", "ion": "major", "min": "minor", "aeo": "minor", "m": "minor"}
_SHORT |= {name[:3]: name for name in MODES} | {"": "major"}
_FIFTHS = "FCGDAEB"  # sharps come in this order, flats in the other
_NAME = re.compile(r"\s*([A-Ga-g])([#b]?)\s*([A-Za-z]*)\s*")


@dataclass(frozen=True)
class Key:
    """A key.

    >>> Key("G", "major").signature
    {'F': 1}
    >>> Key("G", "major").moved(-2), Key("D", "dorian").abc
    (Key(tonic='F', mode='major'), 'Ddor')

    Attributes:
        tonic: A letter, perhaps with # or b behind it.
        mode: One of `MODES`.

    Raises:
        ArgumentError: There is no such key, or its signature has more than seven signs.
    """

    tonic: str
    mode: str = "major"

    def __post_init__(self) -> None:
        if self.mode not in MODES or not re.fullmatch(r"[A-G][#b]?", self.tonic):
            found = f"found {self.tonic!r}, {self.mode!r}"
            raise ArgumentError("key", found, f"C to B with # or b; {', '.join(MODES)}")
        if abs(self.fifths) > 7:
            found = f"{self.tonic} {self.mode} has {abs(self.fifths)} signs"
            raise ArgumentError("key", found, "at most seven: another name of the same tonic")

    @property
    def pitch_class(self) -> int:
        """Semitones of the tonic above C, 0…11."""
        sign = {"": 0, "#": 1, "b": -1}[self.tonic[1:]]
        return (LETTERS[self.tonic[0]] + sign) % 12

    @property
    def home(self) -> int:
        """The tonic from which pitches are counted: MIDI's number, 60 (middle C) to 71."""
        return 60 + self.pitch_class

    @property
    def fifths(self) -> int:
        """Sharps of the signature; below 0 flats."""
        sharps = _FIFTHS.index(self.tonic[0]) - 1 + 7 * {"": 0, "#": 1, "b": -1}[self.tonic[1:]]
        return sharps + MODES[self.mode]

    @property
    def signature(self) -> dict[str, int]:
        """The letters that the key raises (1) or lowers (-1)."""
        raised = self.fifths >= 0
        letters = _FIFTHS[: self.fifths] if raised else _FIFTHS[::-1][: -self.fifths]
        return dict.fromkeys(letters, 1 if raised else -1)

    @property
    def abc(self) -> str:
        """As ABC names it: G, Am, Ddor."""
        short = {"major": "", "minor": "m"}
        return self.tonic + short.get(self.mode, self.mode[:3])

    def moved(self, semitones: int) -> Key:
        """The key so many semitones higher, by the name with the fewest signs."""
        return _named((self.pitch_class + semitones) % 12, self.mode)

    def spelled(self, pitch_class: int) -> tuple[str, int]:
        """The letter and the sign (-1, 0, 1) of a pitch: the key's own where it is in the scale."""
        return _spelled(self.fifths, pitch_class % 12)


@cache
def _spelled(fifths: int, pitch_class: int) -> tuple[str, int]:
    own = next(key for key in _majors() if key.fifths == fifths).signature
    names = [
        (letter, sign)
        for letter, above in LETTERS.items()
        for sign in (0, 1, -1)
        if (above + sign) % 12 == pitch_class
    ]
    raised = 1 if fifths >= 0 else -1

    def rank(name: tuple[str, int]) -> tuple[bool, bool, bool, str]:
        letter, sign = name
        return own.get(letter, 0) != sign, sign != 0, sign != raised, letter

    return min(names, key=rank)


def _majors() -> list[Key]:
    """The fifteen major keys."""
    return [
        Key(name)
        for name in [
            "Cb",
            "Gb",
            "Db",
            "Ab",
            "Eb",
            "Bb",
            "F",
            "C",
            "G",
            "D",
            "A",
            "E",
            "B",
            "F#",
            "C#",
        ]
    ]


@cache
def _named(pitch_class: int, mode: str) -> Key:
    found = []
    for letter in LETTERS:
        for sign in ("", "#", "b"):
            try:
                key = Key(letter + sign, mode)
            except ArgumentError:  # too many signs
                continue
            if key.pitch_class == pitch_class:
                found.append(key)
    return min(found, key=lambda key: (abs(key.fifths), key.fifths < 0))


def key_from_name(name: str) -> Key:
    """The key that a name means: G, Am, "F# minor", Ddor.

    Raises:
        ArgumentError: It means none.
    """
    found = _NAME.fullmatch(name)
    word = "" if found is None else found[3]
    # "M" alone is major in some files; a small m is minor.
    mode = "major" if word == "M" else _SHORT.get(word.lower()[:3])
    whole = mode is not None and (len(word) <= 3 or mode.startswith(word.lower()) or
                                  word.lower() in ("ionian", "aeolian"))  # fmt: skip
    if found is None or mode is None or not whole:
        raise ArgumentError("key", f"found {name!r:.40}", "as G, Am, F#m, Ddor, Bb minor")
    return Key(found[1].upper() + found[2], mode)


_PROFILE = {
    "major": (5.0, 0.2, 2.5, 0.3, 3.5, 2.5, 0.4, 4.0, 0.2, 2.5, 0.5, 2.0),
    "minor": (5.0, 0.3, 2.5, 3.5, 0.3, 2.5, 0.3, 4.0, 2.0, 0.5, 2.2, 1.0),
}
"""How much a scale's degrees are expected to sound, by ear: tonic and fifth most."""


def key_of_pitches(weights: dict[int, float], last: int | None = None) -> Key:
    """The major or minor key that pitches fit best.

    Args:
        weights: How long each pitch class sounds.
        last: The last pitch class, which tells a major key from its relative minor; or None.
    """
    total = sum(weights.values()) or 1.0

    def fit(key: Key) -> float:
        told = _PROFILE[key.mode]
        said = sum(told[(one - key.pitch_class) % 12] * w for one, w in weights.items()) / total
        return said + (0.5 if last == key.pitch_class else 0.0)

    keys = [_named(tonic, mode) for mode in _PROFILE for tonic in range(12)]
    return max(keys, key=fit)
