"""A trained model of pieces of several voices, answering without torch: it scores and writes."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float

from elman.blueprint import Blueprint, Chord
from elman.bundle import Bundle
from elman.data.melodies import NOTES, Chorales, roll_of
from elman.data.readers.chorales import read_chorales
from elman.decoding import Search, SearchOptions
from elman.errors import ArgumentError, BundleError
from elman.kernels import native
from elman.kernels.chord import log_probability
from elman.metrics.chords import ChordBaselines, steps_before
from elman.parameters import whole_number
from elman.runtime.network import Network
from elman.runtime.travelling import baseline_tensors, metadata_of, reading_of, setting_of
from elman.runtime.writing.chords import ChordSteps, GeneratedChorale, pieces_of_tokens
from elman.runtime.writing.scores import compared, verdict
from elman.runtime.writing.session import parted
from elman.state import join
from elman.transforms.text.codec import hash_of

__all__ = ["ChoraleModel", "as_chorales"]

TEMPO = 84.0
"""Quarter notes a minute of what is written, where nothing else is told."""
_OF_A_STEP = 32  # tokens, where nothing else is told


class ChoraleModel:
    """Says which notes sound at each step of a piece, given those of the steps before.

    Args:
        bundle: Of a generator of chorales.
        run: What would answer elsewhere: not asked, for it cannot read on from a state.

    Raises:
        BundleError: The bundle is of something else, or lacks a part.
    """

    task: ClassVar[str] = "generator"
    input: ClassVar[str] = "chorales"
    score_name: ClassVar[str] = "nats a step"
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}

    def __init__(self, bundle: Bundle, run: Any = None) -> None:
        blueprint: Blueprint = bundle.blueprint
        block = blueprint.chains["body"][-1] if "body" in blueprint.chains else None
        fits = isinstance(block, Chord) and block.notes == NOTES and blueprint.streams
        if bundle.task != self.task or not fits or blueprint.input_size != NOTES + 1:
            raise BundleError("bundle", "no network that writes chords", "save it again")
        assert isinstance(block, Chord)  # as was checked
        self.bundle, self.blueprint, self.block = bundle, blueprint, block
        self.metadata, self.reading = metadata_of(bundle), reading_of(bundle)
        self.per_quarter = setting_of(bundle, "per_quarter", int, 1)
        self.held_out = setting_of(bundle, "held_out", dict, None)
        tensors = baseline_tensors(bundle)
        self.baselines = ChordBaselines.from_tensors(tensors) if tensors else None
        self.network = Network(blueprint, bundle.weights)
        prefix = f"body.{len(blueprint.chains['body']) - 1}."
        self._weights = {
            name.removeprefix(prefix): np.asarray(array, np.float32)
            for name, array in bundle.weights.items()
            if name.startswith(prefix)
        }

    def __reduce__(self) -> Any:
        return type(self), (self.bundle,)  # the network is built anew

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        how = "jointly" if self.block.joint else "each by itself"
        return {
            "reads": f"which of {NOTES} pitches sound at a step, {self.per_quarter} to a quarter",
            "answers": f"which sound at the next, {how}",
        }

    # ---- pieces that are there ------------------------------------------------------------------

    def score_steps(self, piece: Bool[np.ndarray, "T 128"]) -> Float[np.ndarray, "T"]:
        """The log-probability of each step's notes, in nats, given the steps before."""
        if not len(piece):
            return np.zeros(0)
        raw = self.network.run(steps_before(piece)[None].astype(np.float32))[0]
        weights = {name: array.astype(np.float64) for name, array in self._weights.items()}
        return log_probability(self.block, raw.astype(np.float64), weights, piece)

    def evaluate(self, X: Any) -> dict[str, Any]:
        """What the model is worth on pieces, beside its baselines; every step is counted.

        Args:
            X: `Chorales`, or what `elman.data.read_chorales` takes.

        Returns:
            `metric` ("nats a step"), `score`, `nats_per_step`, `nats_per_note`, `pieces`, `steps`,
            `notes_sounding`, `level` (of instructions), `baselines` and `baseline_scores` (each
            one's nats a step), `verdict`, `notes`.
        """
        pieces = as_chorales(X).pieces
        said = [self.score_steps(piece) for piece in pieces]
        steps, sounding = sum(map(len, pieces)), sum(int(piece.sum()) for piece in pieces)
        nats = -math.fsum(float(one) for row in said for one in row)
        others: dict[str, list[np.ndarray]] = {}
        if self.baselines is not None:
            each = [self.baselines.log_probabilities(piece) for piece in pieces]
            others = {name: [row[name] for row in each] for name in self.baselines.names}
        cards = {name: _card(rows, steps, sounding) for name, rows in others.items()}
        told = None
        if cards and steps:
            best = min(cards, key=lambda name: cards[name]["nats_per_step"] or math.inf)
            told = verdict(best, "a step", compared(said, others[best]))
        own = {"nats_per_step": nats / steps if steps else None}
        own["nats_per_note"] = nats / sounding if sounding else None
        return {
            "metric": self.score_name,
            "score": own["nats_per_step"],
            **own,
            "pieces": len(pieces),
            "steps": steps,
            "notes_sounding": sounding,
            "level": native.isa(),
            "baselines": {name: card["nats_per_step"] for name, card in cards.items()},
            "baseline_scores": cards,
            "verdict": told,
            "notes": [],
        }

    def score(self, X: Any, y: Any = None) -> float:
        """-(nats a step) of pieces: larger is better; NaN where there is no step."""
        found = self.evaluate(X)["score"]
        return float("nan") if found is None else -found

    # ---- pieces that are written ----------------------------------------------------------------

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the weights: what tells this model from others."""
        return hash_of(dict(self.bundle.weights))

    def steps(self) -> ChordSteps:
        """A step function for searches of this model."""
        return ChordSteps(self.network, self.block, self._weights)

    def search(
        self,
        primer: Any = None,
        *,
        length: int = 64,
        n: int = 1,
        options: SearchOptions | None = None,
        **given: Any,
    ) -> Search:
        """The search of `generate`, not begun; its step function is `steps()`."""
        roll = _primer(primer)
        whole_number("n", n, 1)
        if whole_number("length", length, 1) <= len(roll):
            found = f"{length} steps, and the primer has {len(roll)}"
            raise ArgumentError("length", found, "more: the primer's are counted")
        if "max_length" not in given and options is None:
            given["max_length"] = (length - len(roll)) * _OF_A_STEP
        options, constraints = parted(options, given)
        for name, value in constraints.items():
            if value not in (None, (), []):
                raise ArgumentError(name, "given, and chords are no text", "leave it out")
        steps = self.steps()
        state = steps.begin(roll, length)
        return Search(
            join([state] * n) if n > 1 else state,
            go=steps.done,
            eos=steps.eos,
            options=options,
            model=self.hash,
        )

    def generate(
        self,
        primer: Any = None,
        *,
        length: int = 64,
        n: int = 1,
        tempo: float = TEMPO,
        options: SearchOptions | None = None,
        **given: Any,
    ) -> list[GeneratedChorale]:
        """Write pieces.

        The draws of a piece are a function of `seed` and of its number: it is the same alone, among
        others, and after a pause.

        Args:
            primer: How they begin: steps that list pitches, an array `[T, 128]`, `Chorales` (the
                first piece), a path of a file; None: nothing.
            length: Steps of a piece, the primer's included.
            n: How many.
            tempo: Quarter notes a minute, where a piece becomes sound.
            options: How notes are chosen; None: as `given` says.
            given: Fields of `SearchOptions` (`temperature=`, `seed=`, ...).

        Raises:
            ArgumentError, DataError: Something is out of its range, or contradicts the rest.
        """
        if not isinstance(tempo, int | float) or not 1 <= tempo <= 1000:
            raise ArgumentError("tempo", f"found {tempo!r:.40}", "1 to 1000 quarter notes a minute")
        search = self.search(primer, length=length, n=n, options=options, **given)
        roll = _primer(primer)
        found = []
        for answers in search.run(self.steps()):
            for one in answers:
                made = pieces_of_tokens(one.tokens.tolist(), NOTES)
                whole = np.concatenate([roll, made])
                told = (self.per_quarter, float(tempo), one.ended)
                found.append(GeneratedChorale(whole, len(roll), one.log_probability, *told))
        return found


def as_chorales(X: Any) -> Chorales:
    """Pieces as data: as they are, or read from a path."""
    if isinstance(X, Chorales):
        return X
    if isinstance(X, str | os.PathLike):
        return read_chorales(X)
    return Chorales.of(X)


def _primer(primer: Any) -> Bool[np.ndarray, "T 128"]:
    if primer is None or (isinstance(primer, str) and not primer.strip()):
        return np.zeros((0, NOTES), bool)
    if isinstance(primer, np.ndarray):
        return Chorales((primer,)).pieces[0]
    if isinstance(primer, list | tuple):
        return roll_of(primer, "primer")
    return as_chorales(primer).pieces[0]


def _card(rows: list[np.ndarray], steps: int, sounding: int) -> dict[str, float | None]:
    nats = -math.fsum(float(one) for row in rows for one in row)
    return {
        "nats_per_step": nats / steps if steps else None,
        "nats_per_note": nats / sounding if sounding else None,
    }
