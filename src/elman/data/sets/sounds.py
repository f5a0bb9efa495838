"""The recordings of the catalogue by name, and strings of digits made of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from elman.data.readers.sound import read_recordings
from elman.data.readers.wav import decode_wav
from elman.data.recordings import Recordings
from elman.data.sets import catalogue
from elman.errors import ArgumentError
from elman.parameters import whole_number

__all__ = ["SPEAKERS", "digit_strings", "load_recordings", "recording_names"]

_DIGITS = "free_spoken_digits"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
"""Who speaks in free_spoken_digits."""
_TEST = 5  # of each digit and speaker so many recordings, the first ones, are the test part
_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PAUSE = (0.05, 0.4)  # seconds between two digits of a string
_EDGE = (0.1, 0.3)  # seconds before the first and after the last
_NOISE_DB = (20.0, 40.0)  # signal to noise of a string


def recording_names() -> tuple[str, ...]:
    """The names that `load_recordings` takes, sorted."""
    return tuple(sorted(_LOADERS))


def load_recordings(
    source: Any, part: str | None = None, speaker: str | None = None, **told: Any
) -> Recordings:
    """Recordings by name, or from files.

    `free_spoken_digits` are 3,000 English digits at 8 kHz of six speakers: labels 0 to 9, texts,
    and groups that are the speakers. Its test part are the first five recordings of each digit and
    speaker, as its authors have it; with `speaker` all recordings of that one, and the training
    part those of all others.

    Args:
        source: A name from `recording_names()`, or what `elman.data.readers.sound.read_recordings`
            takes.
        part: Of a name: 'train' (also for None), 'test' or 'all'; else as `read_recordings` has it.
        speaker: Of a name: who is left out of the training part.
        told: Options of `read_recordings`.

    Raises:
        ArgumentError: There is no such part or speaker.
        ArgumentError, DataError, FormatError: As of `read_recordings`.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    name = source if isinstance(source, str) else None
    if name not in _LOADERS or os.path.exists(name):
        if speaker is not None:
            raise ArgumentError("speaker", f"{speaker!r}, and {source} is no set", "leave it out")
        return read_recordings(source, part=part, **told)
    if told:
        raise ArgumentError(", ".join(told), f"does not apply to {name}", "leave it out")
    if part not in (None, "train", "test", "all"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'test' or 'all'")
    return _LOADERS[name](name, part or "train", speaker)


def digit_strings(
    count: int,
    seed: int,
    part: str = "train",
    *,
    speaker: str | None = None,
    digits: tuple[int, int] = (3, 7),
) -> Recordings:
    """Strings of spoken digits, made by joining recordings of one part of `free_spoken_digits`.

    A string has one speaker, each recording once at most. Before, between and after its digits
    there are pauses of drawn lengths; a noise without a gap lies over the whole, of a drawn
    loudness. So nothing but the digits tells where one ends.

    Args:
        count: How many, at least 1.
        seed: Draws all of it: the same strings for the same seed and part.
        part: 'train' or 'test'; no recording is in strings of both.
        speaker: As of `load_recordings`.
        digits: The fewest and the most in a string.

    Returns:
        Recordings at 8 kHz whose texts are words between blanks, as "nine one one"; groups are the
        speakers.

    Raises:
        ArgumentError: An argument is outside its range.
    """
    whole_number("count", count, 1)
    whole_number("seed", seed, 0)
    if part not in ("train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    least, most = (whole_number("digits", one, 1) for one in digits)
    if not least <= most:
        raise ArgumentError("digits", f"found {digits}", "the fewest, then the most")
    source = load_recordings(_DIGITS, part, speaker)
    assert source.groups is not None
    assert source.labels is not None
    draws = np.random.default_rng([seed, part == "test"])
    of_each = {who: np.flatnonzero(source.groups == who) for who in np.unique(source.groups)}
    signals, texts, groups = [], [], []
    for _ in range(count):
        who = str(draws.choice(sorted(of_each)))
        length = int(draws.integers(least, most + 1))
        rows = draws.choice(of_each[who], length, replace=False)
        signals.append(_joined([source.signals[row] for row in rows], source.rate, draws))
        texts.append(" ".join(_NAMES[source.labels[row]] for row in rows))
        groups.append(who)
    name = f"{_DIGITS}, {part} part, strings of {least} to {most} digits"
    made = (tuple(signals), source.rate, None, tuple(texts))
    return Recordings(*made, name=name, groups=np.array(groups))


def _joined(signals: list[np.ndarray], rate: int, draws: np.random.Generator) -> np.ndarray:
    """Signals one after the other, with pauses, under one noise."""
    parts = [_silence(_EDGE, rate, draws)]
    for n, signal in enumerate(signals):
        parts += [signal, _silence(_PAUSE if n + 1 < len(signals) else _EDGE, rate, draws)]
    whole = np.concatenate(parts)
    loud = np.sqrt(np.mean(np.concatenate(signals) ** 2))
    ratio = 10 ** (-draws.uniform(*_NOISE_DB) / 20)
    return (whole + ratio * loud * draws.normal(size=len(whole))).astype(np.float32)


def _silence(seconds: tuple[float, float], rate: int, draws: np.random.Generator) -> np.ndarray:
    return np.zeros(round(draws.uniform(*seconds) * rate), np.float32)


def _spoken_digits(name: str, part: str, speaker: str | None) -> Recordings:
    if speaker is not None and speaker not in SPEAKERS:
        raise ArgumentError("speaker", f"found {speaker!r}", f"one of {', '.join(SPEAKERS)}")
    members = [each.path for file in catalogue.manifest(name).files for each in file.members]
    paths = sorted(members, key=_place)
    if part != "all":
        test = [_place(path)[1] == speaker if speaker else _place(path)[2] < _TEST
                for path in paths]  # fmt: skip
        paths = [path for path, held in zip(paths, test, strict=True) if held is (part == "test")]
    contents = catalogue.contents(name, paths)
    found = [decode_wav(contents[path], path) for path in paths]
    digits, speakers, _ = zip(*map(_place, paths), strict=True)
    return Recordings(
        tuple(one.samples[:, 0] for one in found),
        found[0].rate,
        np.array(digits),
        tuple(_NAMES[digit] for digit in digits),
        tuple(path.rpartition("/")[2].removesuffix(".wav") for path in paths),
        name if speaker is None else f"{name}/{speaker}",
        groups=np.array(speakers),
        place=lambda row: paths[row],
    )


def _place(path: str) -> tuple[int, str, int]:
    """Digit, speaker and number of a recording, by its name: "recordings/7_theo_12.wav"."""
    digit, speaker, number = path.rpartition("/")[2].removesuffix(".wav").split("_")
    return int(digit), speaker, int(number)


_LOADERS: dict[str, Callable[[str, str, str | None], Recordings]] = {_DIGITS: _spoken_digits}
