"""Tunes that are written: what is asked of them as a rule of a search, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from elman.errors import ArgumentError
from elman.music import Bar, Ending, Key, Melody, Metre, Note, written
from elman.music.files import melody_file, write_melody
from elman.transforms.melody import MelodyCodec, meaning_of

__all__ = ["GeneratedTune", "TuneRules"]


@dataclass(frozen=True, eq=False)
class GeneratedTune:
    """A tune that was written.

    Attributes:
        melody: It.
        tokens: As they are shown, without `<eos>`.
        ids: int64, likewise.
        log_probabilities: float64, the model's own of each token in nats, whatever the temperature;
            that of `<eos>` comes last, where the tune ended so.
        ended: Why it ends: as of `GeneratedText`.
        given: How many of its tokens were given: metre, key, primer.
        broken: How many tokens are no part of a whole event, and so are not in the tune.
        notes: What was supposed, in sentences.
    """

    melody: Melody
    tokens: tuple[str, ...]
    ids: np.ndarray
    log_probabilities: Float[np.ndarray, "T"]
    ended: str
    given: int
    broken: int
    notes: tuple[str, ...] = ()

    @property
    def abc(self) -> str:
        """The tune in ABC."""
        return written(self.melody)

    def to_bytes(self, kind: str) -> bytes:
        """The tune as a file: "abc", "mid" or "wav"; errors as of `write`."""
        return melody_file(self.melody, kind)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the tune, as the path ends: .abc, .mid (.midi), or .wav.

        Raises:
            ArgumentError: It ends otherwise.
            MissingExtraError: It is MIDI, and the extra `music` is not installed.
            BundleError: The disk refused.
        """
        write_melody(path, self.melody)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        each = zip(self.tokens, self.log_probabilities.tolist(), strict=False)
        filled = self.melody.filled()
        return {
            "abc": self.abc,
            "metre": str(self.melody.metre),
            "key": self.melody.key.abc,
            "ended": self.ended,
            "given": self.given,
            "log_probability": float(self.log_probabilities.sum()),
            "tokens": [{"token": token, "log_probability": one} for token, one in each],
            "bars": {"between_plain_lines": filled.bars, "that_fill_the_metre": filled.right},
            "broken": self.broken,
            "notes": list(self.notes),
        }


class _Place(NamedTuple):
    """Where a tune stands.

    Attributes:
        metre: That holds.
        bars: Bar lines behind notes so far.
        filled: How long the bar is so far.
        whole: Whether a plain bar line opened this bar.
        last: What the last token was, one of `_KINDS`.
        pitch: The last pitch's token.
        tied: The pitch's token that a tie leads to; None: there is no tie.
    """

    metre: Metre = Metre(0)
    bars: int = 0
    filled: Fraction = Fraction(0)
    whole: bool = False
    last: str = ""
    pitch: int | None = None
    tied: int | None = None


_KINDS = ("metre", "tonic", "mode", "pitch", "rest", "duration", "tie", "bar", "ending", "symbol")


class TuneRules:
    """What may follow in a tune: a search's `allowed`.

    Events are written whole: behind a pitch stands its duration, behind a tonic its mode, a tie
    leads to the same pitch, and two bar lines do not stand side by side.

    Args:
        codec: Of the tokens.
        eos: The id that ends a tune.
        begin: Of each of the first tokens the ids that it may be.
        bars: After how many bar lines the tune ends; None: where the model ends it.
        exact: Whether notes that would leave a bar between plain lines too short or too long are
            ruled out.

    Raises:
        ArgumentError: `bars` is below 1.
    """

    def __init__(
        self,
        codec: MelodyCodec,
        eos: int,
        begin: Sequence[Sequence[int]],
        bars: int | None = None,
        exact: bool = False,
    ) -> None:
        if bars is not None and bars < 1:
            raise ArgumentError("bars", f"found {bars}", "at least 1, or None")
        self._begin, self._bars, self._exact, self._eos = begin, bars, exact, eos
        meant = [meaning_of(token) or ("none", None) for token in codec.tokens]
        self._kinds = [_kind(kind, value) for kind, value in meant]
        self._values: list[Any] = [value for _, value in meant]
        kinds = np.array(self._kinds)
        self._of = {kind: kinds == kind for kind in _KINDS}
        self._plain = np.array([isinstance(v, Bar) and v.sign == "|" for v in self._values])
        self._due = {"pitch": "duration", "rest": "duration", "tonic": "mode"}
        free = ~(self._of["duration"] | self._of["mode"] | self._of["tie"])
        self._free = free
        durations = [v for k, v in zip(self._kinds, self._values, strict=True) if k == "duration"]
        self._shortest = min(durations, default=Fraction(0))
        self._known: dict[tuple[int, ...], _Place] = {(): _Place()}

    def __call__(self, tokens: list[int]) -> Any:
        """See `elman.decoding.Allowed`."""
        place = self._place(tuple(tokens))
        if len(tokens) < len(self._begin):
            return list(self._begin[len(tokens)])
        if place.last in self._due:
            return self._finishing(place, self._of[self._due[place.last]])
        if self._bars is not None and place.bars >= self._bars and place.tied is None:
            return [self._eos]
        allowed = self._free.copy()
        if place.last == "duration" and place.pitch is not None:
            allowed |= self._of["tie"]
        if place.last == "bar":
            allowed &= ~self._of["bar"]
        if place.tied is not None:
            allowed &= ~(self._of["pitch"] | self._of["rest"] | self._of["tonic"])
            allowed[place.tied] = True
            allowed[self._eos] = False
        if self._bars is not None:
            allowed[self._eos] = False
        return self._filling(place, allowed) if self._exact else allowed

    def _finishing(self, place: _Place, able: Bool[np.ndarray, "V"]) -> Bool[np.ndarray, "V"]:
        """What completes an event; where bars are to be filled, durations that the bar has."""
        length = place.metre.length
        if not self._exact or place.last == "tonic" or length is None:
            return able
        left = length - place.filled
        fits = [
            k == "duration" and v <= left for k, v in zip(self._kinds, self._values, strict=True)
        ]
        return np.array(fits) if any(fits) else able

    def _filling(self, place: _Place, allowed: Bool[np.ndarray, "V"]) -> Bool[np.ndarray, "V"]:
        """Without what would leave a bar that does not fill its metre."""
        length = place.metre.length
        if length is None:
            return allowed
        if place.filled >= length:
            return allowed & (self._of["bar"] | self._of["tie"])
        if place.filled:
            allowed &= ~(self._of["metre"] | self._of["ending"] | self._of["tonic"])
        if place.whole:
            allowed &= ~self._plain
        if self._shortest > length - place.filled:  # a rest of the bar that no note has
            allowed &= ~(self._of["pitch"] | self._of["rest"])
        return allowed

    def _place(self, tokens: tuple[int, ...]) -> _Place:
        """Where a tune stands: known of the one before its last token."""
        found = self._known.get(tokens)
        if found is None:
            before, start = _Place(), 0
            if tokens[:-1] in self._known:
                before, start = self._known.pop(tokens[:-1]), len(tokens) - 1
            for token in tokens[start:]:
                before = self._after(before, token)
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            found = self._known[tokens] = before
        return found

    def _after(self, place: _Place, token: int) -> _Place:
        kind, value = self._kinds[token], self._values[token]
        place = place._replace(last=kind)
        if kind == "pitch":
            return place._replace(pitch=token, tied=None)
        if kind == "rest":
            return place._replace(pitch=None)
        if kind == "duration":
            return place._replace(filled=place.filled + value)
        if kind == "tie":
            return place._replace(tied=place.pitch)
        if kind == "metre":
            return place._replace(metre=value)
        if kind == "ending":
            return place._replace(whole=False)
        if kind == "bar":
            bars = place.bars + (place.filled > 0)
            return place._replace(bars=bars, filled=Fraction(0), whole=value.sign == "|")
        return place


_REMEMBERED = 4096


def _kind(kind: str, value: Any) -> str:
    """Of a token's meaning one of `_KINDS`, or "none"."""
    named = {Metre: "metre", Bar: "bar", Ending: "ending"}
    if kind == "event":
        return named[type(value)]
    return "rest" if kind == "pitch" and value == "z" else kind


def header_ids(codec: MelodyCodec, metre: Metre | None, key: Key | None) -> list[list[int]]:
    """Of the tokens that a tune begins with (metre, tonic, mode) the ids that each may be.

    Args:
        codec: Of the tokens.
        metre: None: any that is known.
        key: Likewise.

    Raises:
        ArgumentError: The model knows no such metre or key: no tune it learnt from named it.
    """
    tokens, begin = codec.tokens, list[list[int]]()
    wanted = [
        ("metre", lambda kind, value: isinstance(value, Metre), metre and f"M:{metre}"),
        ("key", lambda kind, value: kind == "tonic", key and f"K:{key.tonic}"),
        ("key", lambda kind, value: kind == "mode", key and key.mode),
    ]
    for name, is_one, asked in wanted:
        able = [k for k, token in enumerate(tokens) if is_one(*(meaning_of(token) or ("", None)))]
        if asked is None:
            begin.append(able)
        elif asked in tokens:
            begin.append([tokens.index(asked)])
        else:
            known = ", ".join(sorted(tokens[k].removeprefix("M:").removeprefix("K:") for k in able))
            shown = asked.removeprefix("M:").removeprefix("K:")
            found = f"{shown}, which none of the tunes names that the model learnt from"
            raise ArgumentError(name, found, f"one of {known}")
    return begin


def primed(melody: Melody) -> Melody:
    """The events of a primer without what ends a tune, and without its metre and key."""
    events = list(melody.events)
    while events and isinstance(events[-1], Bar) and events[-1].sign in ("|]", "||", ":|"):
        events[-1] = Bar("|")
        if len(events) > 1 and isinstance(events[-2], Bar):
            events.pop()
        else:
            break
    first = next((k for k, one in enumerate(events) if isinstance(one, Note)), len(events))
    kept = [one for one in events[:first] if not isinstance(one, Metre | Key)]
    return Melody(tuple(kept + events[first:]), melody.title, melody.tempo)
