"""Tunes as token ids and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from elman.errors import ArgumentError, BundleError
from elman.music.abc_reading import read_tune
from elman.music.abc_writing import (
    length_in_abc,
    pitch_in_abc,
    symbol_in_abc,
    written,
)
from elman.music.keys import MODES, Key
from elman.music.tune import (
    BARS,
    Bar,
    Ending,
    Event,
    Melody,
    Metre,
    Note,
    Symbol,
    metre_from_name,
)
from elman.transforms.text.codec import (
    SPECIALS,
    CodecBase,
    UsualSpecials,
    check_text,
    check_texts,
    ids_of_answer,
    packed,
    unpacked,
)
from elman.transforms.text.vocabulary import Vocabulary

__all__ = ["PITCHES", "MelodyCodec", "meaning_of"]

PITCHES = ("key", "absolute")
"""What a pitch is counted from: the key's tonic, or MIDI's zero."""

_TIE, _REST = "-", "z"


@dataclass(frozen=True, repr=False)
class MelodyCodec(UsualSpecials, CodecBase):
    """Tunes as events: a text is a tune in ABC, or a piece of one.

    A metre is a token (`M:6/8`), a key two (`K:G`, `major`); a note its pitch and its duration in
    whole notes (`+4`, `1/8`), a rest likewise (`z`, `1/8`), and a note that the next one goes on
    with has a tie behind it (`-`): so a held note and a repeated one are told apart. Bar lines,
    endings and the names of chords are a token each. Pitches are counted in semitones from the
    tonic in the octave of middle C (or are absolute): a tune says the same in every key.

    Law: what `decode` gives of `encode` is the same tune, but for what `losses` tells.

    >>> codec = MelodyCodec.fit(["X:1\\nM:3/4\\nK:G\\nGAB|"])
    >>> codec.pieces("X:1\\nM:3/4\\nK:G\\nGA|")
    ['M:3/4', 'K:G', 'major', '+0', '1/8', '+2', '1/8', '|']
    >>> print(codec.decode(codec.encode("M:3/4\\nK:G\\nGB|")))
    X:1
    T:
    M:3/4
    L:1/8
    K:G
    GB|
    <BLANKLINE>

    Attributes:
        vocabulary: The tokens that are known.
        pitch: One of `PITCHES`.
        chords: Whether the names of chords are tokens.
    """

    vocabulary: Vocabulary
    pitch: str = "key"
    chords: bool = False
    kind: ClassVar[str] = "melody"

    def __post_init__(self) -> None:
        if self.pitch not in PITCHES or not isinstance(self.chords, bool):
            found = f"found {self.pitch!r}, {self.chords!r}"
            raise ArgumentError("pitch", found, f"one of {', '.join(PITCHES)}; True or False")
        for place, token in enumerate(self.vocabulary.tokens[len(SPECIALS) :], len(SPECIALS)):
            if meaning_of(token) is None:
                raise ArgumentError(f"tokens[{place}]", f"found {token!r:.40}", "tokens of tunes")

    def __reduce__(self) -> Any:
        return type(self), (self.vocabulary, self.pitch, self.chords)

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        *,
        size: int | None = None,
        min_count: int = 1,
        pitch: str = "key",
        chords: bool = False,
    ) -> MelodyCodec:
        """A codec that knows the tokens of tunes.

        Args:
            texts: Tunes in ABC.
            size: Most tokens V, the special ones included; None: no limit.
            min_count: Times that a token must occur, ≥ 1.
            pitch: One of `PITCHES`.
            chords: Whether the names of chords are tokens.

        Raises:
            ArgumentError: One is no text, or another argument is out of its range.
            FormatError: One is no ABC.
        """
        tunes = (read_tune(text, "text", chords=chords).melody for text in check_texts(texts))
        sizes = {"size": size, "min_count": min_count}
        return cls.of_tunes(tunes, **sizes, pitch=pitch, chords=chords)

    @classmethod
    def of_tunes(
        cls,
        tunes: Iterable[Melody],
        *,
        size: int | None = None,
        min_count: int = 1,
        pitch: str = "key",
        chords: bool = False,
    ) -> MelodyCodec:
        """As `fit`, of tunes that were read."""
        empty = cls(Vocabulary(SPECIALS), pitch, chords)
        counts: Counter[str] = Counter()
        for tune in tunes:
            counts.update(empty.tokens_of(tune))
        return cls(Vocabulary.from_counts(counts, size=size, min_count=min_count), pitch, chords)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All V tokens."""
        return self.vocabulary.tokens

    def __len__(self) -> int:
        return len(self.vocabulary)

    @property
    def spelled(self) -> tuple[bytes | None, ...]:
        """See `TextCodec`: as ABC, pitches that are counted from a key as in C."""
        return _all_spelled(self.tokens)

    # ---- texts ----------------------------------------------------------------------------------

    def encode(self, text: str) -> np.ndarray:
        """See `TextCodec`; `FormatError` where it is no ABC. A piece without a key is in C."""
        return self.vocabulary.ids(self.pieces(text))

    def stream(self, parts: Iterable[str]) -> Iterator[np.ndarray]:
        """See `TextCodec`: ABC is understood as a whole, so this is one array."""
        yield self.encode("".join(check_text(part, "parts") for part in parts))

    def pieces(self, text: str) -> list[str]:
        """See `TextCodec`."""
        return [token for token, _ in self._cut(text)]

    def places(self, text: str) -> np.ndarray:
        """See `TextCodec`: pitch and duration of a note stand where it stands."""
        spans = [span for _, span in self._cut(text)]
        return np.array(spans, dtype=np.int64).reshape(-1, 2)

    def decode(self, ids: Any) -> str:
        """See `TextCodec`: ABC, with a header where the ids begin with a metre and a key."""
        return written(self.melody(ids))

    def _cut(self, text: str) -> list[tuple[str, tuple[int, int]]]:
        found, home = read_tune(check_text(text), "text", chords=self.chords), Key("C")
        cut = []
        for event, span in zip(found.melody.events, found.spans, strict=True):
            home = event if isinstance(event, Key) else home
            cut += [(token, span) for token in self._tokens_of(event, home)]
        return cut

    # ---- tunes ----------------------------------------------------------------------------------

    def tokens_of(self, melody: Melody) -> list[str]:
        """The tokens of a tune, known or not."""
        found, home = list[str](), Key("C")
        for event in melody.events:
            home = event if isinstance(event, Key) else home
            found += self._tokens_of(event, home)
        return found

    def ids_of(self, melody: Melody) -> np.ndarray:
        """The ids of a tune's tokens, int64 `[T]`."""
        return self.vocabulary.ids(self.tokens_of(melody))

    def melody(self, ids: Any) -> Melody:
        """The tune of `ids`, up to the first `eos`; what is no whole event is left out.

        Raises:
            ArgumentError: An id is no whole number in 0…V-1.
        """
        return self._read(ids_of_answer(self, ids))[0]

    def broken(self, ids: Any) -> int:
        """How many tokens of `ids` are no part of a whole event: 0 of what the codec wrote."""
        return self._read(ids_of_answer(self, ids))[1]

    def transposed(self, text: str, semitones: int) -> str:
        """A tune in ABC so many semitones higher, its key with it; errors as of `encode`."""
        return written(
            read_tune(check_text(text), "text", chords=self.chords).melody.moved(semitones)
        )

    def _tokens_of(self, event: Event, key: Key) -> list[str]:
        if isinstance(event, Metre):
            return [f"M:{event}"]
        if isinstance(event, Key):
            return [f"K:{event.tonic}", event.mode]
        if isinstance(event, Bar):
            return [event.sign]
        if isinstance(event, Ending):
            return [f"[{event.number}"]
        if isinstance(event, Symbol):
            return [self._named(event, key)] if self.chords else []
        first = _REST if event.pitch is None else f"{event.pitch - self._home(key):+d}"
        return [first, str(event.duration), *([_TIE] if event.tied else [])]

    def _home(self, key: Key) -> int:
        return key.home if self.pitch == "key" else 0

    def _named(self, symbol: Symbol, key: Key) -> str:
        home = self._home(key)
        bass = "" if symbol.bass is None else f"/{(symbol.bass - home) % 12}"
        return f'"{(symbol.root - home) % 12}:{symbol.kind}{bass}"'

    def _read(self, ids: list[int]) -> tuple[Melody, int]:
        """The events that tokens make, and how many make none."""
        events: list[Event] = []
        broken, home, tonic, pitch = 0, Key("C"), None, None
        for token in (self.tokens[one] for one in ids):
            meant = None if token in SPECIALS else meaning_of(token)
            value: Any
            kind, value = meant or ("unknown", None)
            if tonic is not None and kind != "mode":
                broken, tonic = broken + 1, None
            if pitch is not None and kind != "duration":
                broken, pitch = broken + 1, None
            if kind == "tonic":
                tonic = value
            elif kind == "pitch":
                pitch = value
            elif kind == "mode" and tonic is not None and (key := _key(tonic, value)) is not None:
                home, tonic = key, None
                events.append(key)
            elif kind == "duration" and pitch is not None:
                sounded = self._sounded(pitch, home)
                broken, pitch = broken + 2 * (sounded == -1), None
                events += [] if sounded == -1 else [Note(sounded, value)]
            elif kind == "tie" and events and _may_be_tied(events[-1]):
                events[-1] = Note(events[-1].pitch, events[-1].duration, True)  # pyright: ignore
            elif kind == "symbol":
                root, name, bass = value
                at = self._home(home)
                low = None if bass is None else (bass + at) % 12
                events.append(Symbol((root + at) % 12, name, low))
            elif kind == "event":
                events.append(value)
            else:
                broken, tonic = broken + 1 + (tonic is not None), None
        broken += (tonic is not None) + (pitch is not None)
        return Melody(tuple(events)), broken

    def _sounded(self, pitch: Any, home: Key) -> int | None:
        """MIDI's number of a pitch's token; None: a rest; -1: out of MIDI's range."""
        if pitch == _REST:
            return None
        number = int(pitch) + self._home(home)
        return number if 0 <= number <= 127 else -1

    # ---- what is told ---------------------------------------------------------------------------

    def losses(self) -> tuple[str, ...]:
        """See `TextCodec`."""
        told = [
            "titles, tempos, words, grace notes, decorations and slurs are left out",
            "of a chord the highest note is kept",
            "a note's sign is the key's usual one (G sharp or A flat)",
            "how notes are beamed, and where lines end, is not kept",
        ]
        return (*told, *(() if self.chords else ("names of chords are left out",)))

    def describe(self) -> str:
        """See `TextCodec`."""
        of = "the key's tonic" if self.pitch == "key" else "MIDI's zero"
        more = ", with the names of chords" if self.chords else ""
        return f"{len(self):,} tokens of melodies, pitches from {of}{more}"

    def tensors(self) -> dict[str, np.ndarray]:
        """See `TextCodec`."""
        settings = {"kind": self.kind, "pitch": self.pitch, "chords": self.chords}
        return {**self.vocabulary.tensors(), "settings": packed(settings)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> MelodyCodec:
        """The codec that `tensors` described; `BundleError` if it is damaged."""
        settings = unpacked(tensors.get("settings"), "codec")
        vocabulary = Vocabulary.from_tensors({k: v for k, v in tensors.items() if k != "settings"})
        try:
            return cls(vocabulary, settings.get("pitch", ""), settings.get("chords", False))
        except ArgumentError as error:
            raise BundleError("codec", f"{error.where}: {error.found}", "save it again") from error


def _may_be_tied(event: Event) -> bool:
    return isinstance(event, Note) and event.pitch is not None and not event.tied


def _key(tonic: str, mode: str) -> Key | None:
    """None: of that mode no key on the tonic has a name (a network may say anything)."""
    try:
        return Key(tonic, mode)
    except ArgumentError:
        return None


def meaning_of(token: str) -> tuple[str, Any] | None:
    """What a token says: of which kind it is, and its value; None: it is no token of tunes."""
    try:
        if token in BARS:
            return "event", Bar(token)
        if token in MODES:
            return "mode", token
        if token == _TIE:
            return "tie", None
        if token == _REST:
            return "pitch", _REST
        if token.startswith("M:"):
            return "event", metre_from_name(token[2:])
        if token.startswith("K:"):
            Key(
                token[2:], "major" if token[2:] not in ("G#", "D#", "A#", "E#", "B#") else "locrian"
            )
            return "tonic", token[2:]
        if token.startswith("[") and token[1:].isdigit():
            return "event", Ending(int(token[1:]))
        if token.startswith('"') and token.endswith('"'):
            root, _, rest = token[1:-1].partition(":")
            kind, slash, bass = rest.rpartition("/") if "/" in rest else (rest, "", "")
            return "symbol", (int(root) % 12, kind, int(bass) if slash else None)
        if token[0] in "+-" and abs(int(token)) <= 127:
            return "pitch", int(token)
        duration = Fraction(token)
        return ("duration", duration) if 0 < duration <= 64 else None
    except (ArgumentError, ValueError, ZeroDivisionError, OverflowError):
        return None


@lru_cache(16)
def _all_spelled(tokens: tuple[str, ...]) -> tuple[bytes | None, ...]:
    return (None,) * len(SPECIALS) + tuple(_spelled(token) for token in tokens[len(SPECIALS) :])


def _spelled(token: str) -> bytes:
    value: Any
    kind, value = meaning_of(token) or ("", None)
    if kind == "pitch":
        shown = _REST if value == _REST else pitch_in_abc(_in_range(value))
    elif kind == "duration":
        shown = length_in_abc(value)
    elif kind == "symbol":
        root, name, bass = value
        shown = symbol_in_abc(Symbol(root, name, bass))
    elif kind in ("tonic", "mode"):
        shown = f"[{token}" if kind == "tonic" else f" {token[:3]}]"
    elif isinstance(value, Metre):
        shown = f"[{token}]"
    else:
        shown = f"{token} " if isinstance(value, Ending) else token
    return shown.encode()


def _in_range(pitch: int) -> int:
    """As in C: relative pitches are small, absolute ones are MIDI's own."""
    return pitch if pitch > 48 else min(127, max(0, 60 + pitch))
