"""A trained model of tunes, answering without torch: it scores tunes and writes them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from elman.bundle import Bundle
from elman.data.melodies import Melodies
from elman.data.readers.melodies import ENDINGS, read_melodies
from elman.decoding import SearchOptions
from elman.errors import ArgumentError, BundleError, FormatError
from elman.music import Key, Melody, Metre, Note, key_from_name, read_tune
from elman.music.keys import key_of_pitches
from elman.music.tune import metre_from_name
from elman.parameters import whole_number
from elman.runtime.generator import GeneratorModel
from elman.runtime.writing.session import parted
from elman.runtime.writing.tunes import GeneratedTune, TuneRules, header_ids, primed
from elman.runtime.writing.writer import GeneratedText, Writer
from elman.transforms.melody import MelodyCodec

__all__ = ["MelodyModel", "as_melodies"]

_MOST = 2000  # tokens of a tune, where nothing else is told


class _Asked(NamedTuple):
    """What a tune is to begin with."""

    metre: Metre | None
    key: Key | None
    primer: Melody | None
    notes: tuple[str, ...]


class MelodyModel(GeneratorModel):
    """Says how tunes go on; see `GeneratorModel`, whose texts are tunes in ABC here.

    Args:
        bundle: Of a generator of melodies.
        run: As of `GeneratorModel`.

    Raises:
        BundleError: The bundle is of something else, or lacks a part.
    """

    input: ClassVar[str] = "melodies"
    codec: MelodyCodec

    def __init__(self, bundle: Bundle, run: Any = None) -> None:
        super().__init__(bundle, run)
        if not isinstance(self.codec, MelodyCodec) or self.framing.eos is None:
            raise BundleError("codec", f"found {self.codec.describe()}", "a codec of melodies")

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        known = [token[2:] for token in self.codec.tokens if token.startswith("M:")]
        told = super().facts()
        return {**told, "reads": f"tunes, as {self.codec.describe()}", "metres": ", ".join(known)}

    @cached_property
    def writer(self) -> Writer:
        """What begins searches behind tunes."""
        return TuneWriter(self.network, self.codec, self.framing, self.hash)

    # ---- tunes that are there -----------------------------------------------------------------

    def evaluate(self, X: Any) -> dict[str, Any]:
        """What the model is worth on tunes, beside its baselines; every event is counted.

        Args:
            X: `Melodies`, a tune, or what `elman.data.read_melodies` takes.

        Returns:
            As `GeneratorModel.evaluate`, without what counts characters, and with `events` (notes,
            rests, bar lines, and the like, ends included), `nats_per_event`, and `human_bars`: of
            these tunes the share of bars between two plain bar lines that fill the metre, and how
            many such bars there are.
        """
        tunes = as_melodies(X).tunes
        framed = [self.framing.framed(self.codec.ids_of(tune)) for tune in tunes]
        found = self._evaluated(framed, 0, 0)
        events = sum(len(tune.events) + 1 for tune in tunes)
        ratio = found["tokens"] / events if events else 0.0
        for card in (found, *found["baseline_scores"].values()):
            each = card["nats_per_token"]
            for name in ("bits_per_character", "bits_per_byte"):
                card.pop(name)
            card["nats_per_event"] = None if each is None else each * ratio
        for name in ("characters", "bytes", "texts"):
            del found[name]
        return {**found, "tunes": len(tunes), "events": events, "human_bars": bars_of(tunes)}

    def framed(self, texts: Any) -> list[np.ndarray]:
        """The ids of tunes in ABC, with what stands around them."""
        return [self.framing.framed(self.codec.encode(text)) for text in texts]

    # ---- tunes that are written ---------------------------------------------------------------

    def generate(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        primer: Any = "",
        *,
        key: str | Key | None = None,
        metre: str | Metre | None = None,
        n: int = 1,
        bars: int | None = None,
        exact: bool = False,
        options: SearchOptions | None = None,
        **given: Any,
    ) -> list[GeneratedTune]:
        """Write tunes.

        The draws of a tune are a function of `seed` and of its number: it is the same alone, among
        others, and after a pause.

        Args:
            primer: How they begin: ABC (a piece of it, with eighths where no length is told, or a
                tune), the path of a file of ABC or MIDI, a `Melody`; or nothing.
            key: As G, Am, Ddor; a primer that names one is moved to it. None: as the primer has
                it, else the model draws one.
            metre: As 6/8, C, none. None: likewise.
            n: How many.
            bars: After how many bar lines they end; None: where the model ends them.
            exact: Rule out notes that leave a bar between two plain bar lines too short or too
                long. Without it tunes are written freely.
            options: How tokens are chosen; None: as `given` says.
            given: Fields of `SearchOptions` (`temperature=`, `seed=`, ...), and constraints.

        Raises:
            ArgumentError: Something is out of its range, contradicts the rest, or is no metre or
                key that the model knows.
            DataError, FormatError: The primer cannot be read.
        """
        asked = self._asked(primer, key, metre)
        if "max_length" not in given and options is None:
            given["max_length"] = _MOST
        options, constraints = parted(options, given)
        begin = header_ids(self.codec, asked.metre, asked.key)
        begin += self._primer_ids(asked)
        eos = self.framing.eos
        assert eos is not None  # as was checked
        rules = TuneRules(self.codec, eos, begin, bars, exact)
        if constraints.get("allowed") is not None:
            found = "given, and what may follow in a tune is told otherwise"
            raise ArgumentError("allowed", found, "key, metre, primer, bars and exact; or search()")
        whole_number("n", n, 1)
        if len(begin) > options.max_length:
            found = f"{options.max_length} tokens, and the beginning has {len(begin)}"
            raise ArgumentError("max_length", found, "more, or a shorter primer")
        steps = self.writer.steps()
        n = self._copies(n, options)
        search = self.writer.begun([""], steps, n, options, **constraints, allowed=rules)
        search.run(steps)
        texts = self.writer.texts(search, [""], n)[0]
        return [self._tune(one, asked, len(begin)) for one in texts]

    def sampled(self, n: int = 40, seed: int = 0, temperature: float = 1.0) -> dict[str, Any]:
        """How well tunes are formed that the model writes freely.

        Bars are not held to the metre; events are written whole, as always.

        Args:
            n: How many tunes, ≥ 1.
            seed: Of the draws.
            temperature: Likewise.

        Returns:
            `tunes`, `parsed` (whose ABC is read as the very tune, with no repair), `ended` (where
            the model ended them), `bars` (as `human_bars`), `seed`, `temperature`.
        """
        found = self.generate(n=n, seed=seed, temperature=temperature)
        return {
            "tunes": n,
            "parsed": sum(not one.broken and _reads_back(one) for one in found),
            "ended": sum(one.ended == "eos" for one in found),
            "bars": bars_of([one.melody for one in found]),
            "seed": seed,
            "temperature": temperature,
        }

    def _tune(self, one: GeneratedText, asked: _Asked, given: int) -> GeneratedTune:
        melody, broken = self.codec.melody(one.ids), self.codec.broken(one.ids)
        if asked.primer is not None:
            told = {"title": asked.primer.title, "tempo": asked.primer.tempo}
            melody = Melody(melody.events, **told)
        notes = (*asked.notes, *one.unmet)
        return GeneratedTune(
            melody, one.tokens, one.ids, one.log_probabilities, one.ended, given, broken, notes
        )

    def _asked(self, primer: Any, key: Any, metre: Any) -> _Asked:
        """What was asked for, understood."""
        wanted = key_from_name(key) if isinstance(key, str) else key
        beats = metre_from_name(metre) if isinstance(metre, str) else metre
        if isinstance(primer, str) and not primer.strip():
            return _Asked(beats, wanted, None, ())
        tune, told_key, told_metre, notes = _read_primer(primer, wanted, beats)
        if told_metre == Metre(0) and (beats is not None or "M:none" not in self.codec.tokens):
            told_metre = None  # a primer without a metre goes on in one
        if told_metre is not None and beats is not None and told_metre != beats:
            found = f"{beats}, and the primer has {told_metre}"
            raise ArgumentError("metre", found, "the primer's, or leave it out")
        if told_key is None and wanted is None:
            wanted = _fitting(tune)
            notes = (*notes, f"The primer names no key: read as in {wanted.abc}.")
        elif told_key is not None and wanted is not None and told_key != wanted:
            if told_key.mode != wanted.mode:
                found = f"{wanted.abc}, and the primer is in {told_key.abc}"
                raise ArgumentError("key", found, f"a key in {told_key.mode}, or leave it out")
            by = (wanted.pitch_class - told_key.pitch_class + 6) % 12 - 6
            tune = tune.moved(by)
        return _Asked(beats or told_metre, wanted or told_key, primed(tune), notes)

    def _primer_ids(self, asked: _Asked) -> list[list[int]]:
        """The primer's ids; `FormatError` where the model does not know one of its tokens."""
        if asked.primer is None or asked.key is None:
            return []
        whole = Melody((asked.key, *asked.primer.events))
        tokens = self.codec.tokens_of(whole)[2:]
        ids = self.codec.vocabulary.ids(tokens).tolist()
        for k, one in enumerate(ids):
            if one == self.codec.unknown:
                found = f"{tokens[k]!r}, which the model has never seen"
                expected = "pitches and durations of the tunes that it learnt from"
                raise FormatError(f"primer, token {k + 1}", found, expected)
        return [[one] for one in ids]


class TuneWriter(Writer):
    """Begins searches behind tunes; what they write is told as ABC in its own key."""

    def _text(self, answer: Any, prefix: str, unknown: int) -> GeneratedText:
        codec: Any = self.codec
        one = super()._text(answer, prefix, unknown)
        return GeneratedText(**{**vars(one), "text": codec.decode(one.ids)})


def as_melodies(X: Any) -> Melodies:
    """Tunes as data: as they are, or read.

    Args:
        X: `Melodies`, a `Melody` or a list of them, ABC or a list of such, or a path.
    """
    if isinstance(X, Melodies):
        return X
    if isinstance(X, Melody):
        X = [X]
    if not isinstance(X, list | tuple):
        return read_melodies(X)
    tunes = [one if isinstance(one, Melody) else read_tune(one).melody for one in X]
    return Melodies(tuple(tunes), tuple(map(str, range(len(tunes)))))


def bars_of(tunes: Sequence[Melody]) -> dict[str, Any]:
    """How many bars between two plain bar lines there are, and the share that fills the metre."""
    found = [tune.filled() for tune in tunes]
    bars, right = sum(one.bars for one in found), sum(one.right for one in found)
    return {"bars": bars, "share": right / bars if bars else None}


def _reads_back(one: GeneratedTune) -> bool:
    """Whether its ABC is read as the same tune, but for keys and metres that are told again."""
    try:
        again = read_tune(one.abc).melody
    except FormatError:
        return False
    both = (tune.without(Key, Metre).events for tune in (again, one.melody))
    return next(both) == next(both)


def _read_primer(
    primer: Any, key: Key | None, metre: Metre | None
) -> tuple[Melody, Key | None, Metre | None, tuple[str, ...]]:
    """A primer, the key and the metre that it names, and what was inferred."""
    if isinstance(primer, Melody):
        return primer, *_named(primer), ()
    if not isinstance(primer, str | os.PathLike):
        raise ArgumentError("primer", f"found a {type(primer).__name__}", "ABC, a path, a Melody")
    text = os.fspath(primer)
    if text.lower().endswith(ENDINGS):
        found = read_melodies(text)
        tune = found.tunes[0]
        if not text.lower().endswith(".abc"):
            tune = _to_its_last_note(tune)
        return tune, *_named(tune), found.notes
    keyed, measured = "K:" in text, "M:" in text
    header = "" if keyed or measured else "L:1/8\n"
    header += "" if measured or metre is None else f"M:{metre}\n"
    header += "" if keyed else f"K:{'C' if key is None else key.abc}\n"
    tune = read_tune(header + text, "primer", line=1 - header.count("\n")).melody
    told = _named(tune)
    return tune, told[0] if keyed else None, told[1] if measured else None, ()


def _to_its_last_note(tune: Melody) -> Melody:
    """Without the rest that fills the last bar of a tune of MIDI: it goes on from its last note."""
    notes = [(k, one.pitch) for k, one in enumerate(tune.events) if isinstance(one, Note)]
    last = max(k for k, pitch in notes if pitch is not None) + 1  # a MIDI file has one
    if notes[-1][0] < last:
        return tune
    return Melody(tune.events[:last], tune.title, tune.tempo)


def _named(tune: Melody) -> tuple[Key | None, Metre | None]:
    events: Mapping[type, Any] = {type(one): one for one in reversed(tune.events)}
    return events.get(Key), events.get(Metre)


def _fitting(tune: Melody) -> Key:
    weights: dict[int, float] = {}
    for one in tune.events:
        if isinstance(one, Note) and one.pitch is not None:
            weights[one.pitch % 12] = weights.get(one.pitch % 12, 0.0) + float(one.duration)
    return key_of_pitches(weights)
