"""Chords that are written note by note: a step function for the one search, and what comes of it.

A token is a note, from the highest of a step down, or the step's end; the last token ends the
piece.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from elman.blueprint import Chord
from elman.data.melodies import pitches_of
from elman.kernels.chord import Weights, following
from elman.music import Sounding
from elman.music.files import notes_file, write_notes
from elman.runtime.network import Network
from elman.state import where

__all__ = ["ChordSteps", "GeneratedChorale", "WritingState", "pieces_of_tokens", "sounding"]


class WritingState(NamedTuple):
    """Where pieces stand that are being written; B rows.

    Attributes:
        network: The network's state, before the chord that is being written was read.
        raw: `[B, P]`, what its block says of that chord.
        chord: `[B, K]` bool, the notes of it so far.
        count: `[B]` int64, how many steps have ended.
        end: `[B]` int64, after how many the piece ends.
    """

    network: Any
    raw: Float[np.ndarray, "B P"]
    chord: Bool[np.ndarray, "B K"]
    count: np.ndarray
    end: np.ndarray


class ChordSteps:
    """A search's step function.

    Args:
        network: Whose last block is a `Chord`.
        block: It.
        weights: Its own.
    """

    def __init__(self, network: Network, block: Chord, weights: Weights) -> None:
        self._network, self._block, self._weights = network, block, weights

    @property
    def done(self) -> int:
        """The token that ends a step."""
        return self._block.notes

    @property
    def eos(self) -> int:
        """The token that ends a piece."""
        return self._block.notes + 1

    def begin(self, primer: Bool[np.ndarray, "T K"], end: int) -> WritingState:
        """The state of one row that has read a primer but for its last step; then `done` is read.

        Args:
            primer: Perhaps without a step.
            end: How many steps the piece is to have, with the primer's.
        """
        notes = self._block.notes
        state, last = self._network.initial_state(1), np.zeros((1, notes), bool)
        if len(primer):
            inputs = np.zeros((1, len(primer), notes + 1), np.float32)
            inputs[0, 0, notes] = 1.0
            inputs[0, 1:, :notes] = primer[:-1]
            _, state = self._network.unroll(inputs, state)
            last = primer[-1:].copy()
        raw = np.zeros((1, self._block.output_features(0)), np.float32)
        # The beginning counts as a step's end, which is read first.
        return WritingState(
            state, raw, last, np.array([len(primer) - 1]), np.array([end], dtype=np.int64)
        )

    def __call__(self, tokens: np.ndarray, state: WritingState) -> tuple[np.ndarray, WritingState]:
        """See `elman.decoding.Step`."""
        notes, ends = self._block.notes, tokens == self.done
        chord, raw, network = state.chord.copy(), state.raw, state.network
        rows = np.flatnonzero(~ends)
        chord[rows, tokens[rows]] = True
        count = state.count + ends
        if ends.any():
            inputs = np.zeros((len(tokens), notes + 1), np.float32)
            inputs[:, :notes] = chord
            inputs[:, notes] = count == 0
            read, after = self._network.step_inputs(inputs, network)
            network = where(ends, after, network)
            raw = np.where(ends[:, None], read, raw)
            chord[ends] = False
        scores = np.full((len(tokens), notes + 2), -np.inf)
        scores[:, : notes + 1] = following(self._block, raw, self._weights, chord)
        over = count >= state.end
        scores[over] = -np.inf
        scores[over, self.eos] = 0.0
        return scores, WritingState(network, raw, chord, count, state.end)


def pieces_of_tokens(tokens: Sequence[int], notes: int) -> Bool[np.ndarray, "T K"]:
    """The steps that tokens name; notes of a step that has no end are left out."""
    steps, chord = list[np.ndarray](), np.zeros(notes, bool)
    for token in tokens:
        if token < notes:
            chord[token] = True
        else:
            steps.append(chord)
            chord = np.zeros(notes, bool)
    return np.array(steps, dtype=bool).reshape(-1, notes)


def sounding(
    roll: Bool[np.ndarray, "T K"], per_quarter: int, struck: bool = False
) -> list[Sounding]:
    """The notes of a piece.

    Args:
        roll: Which pitches sound at each step.
        per_quarter: Steps of a quarter note.
        struck: Whether each step strikes its notes anew; else one that goes on is held.
    """
    found: list[Sounding] = []
    step = Fraction(1, 4 * per_quarter)
    for pitch in np.flatnonzero(roll.any(axis=0)).tolist():
        on = np.concatenate([[False], roll[:, pitch], [False]])
        starts, ends = np.flatnonzero(on[1:] & ~on[:-1]), np.flatnonzero(~on[1:] & on[:-1])
        if struck:
            starts, ends = np.flatnonzero(on[1:-1]), np.flatnonzero(on[1:-1]) + 1
        found += [
            Sounding(pitch, int(a) * step, int(b - a) * step)
            for a, b in zip(starts, ends, strict=True)
        ]
    return sorted(found, key=lambda note: (note.start, note.pitch))


@dataclass(frozen=True, eq=False)
class GeneratedChorale:
    """A piece that was written.

    Attributes:
        roll: bool `[T, 128]`, which pitches sound at each step, the primer's steps first.
        given: How many steps are the primer's.
        log_probability: Of the steps that were written, in nats, whatever the temperature.
        per_quarter: Steps of a quarter note.
        tempo: Quarter notes a minute.
        ended: "eos", or "bound" where the most tokens that were asked for were written.
    """

    roll: Bool[np.ndarray, "T K"]
    given: int
    log_probability: float
    per_quarter: int
    tempo: float
    ended: str

    @property
    def notes(self) -> list[Sounding]:
        """As they sound: a pitch of several steps in a row is one note."""
        return sounding(self.roll, self.per_quarter)

    @property
    def nats_per_step(self) -> float | None:
        """Of the steps that were written; None: of none."""
        written = len(self.roll) - self.given
        return -self.log_probability / written if written else None

    def to_bytes(self, kind: str) -> bytes:
        """The piece as a file: "mid" or "wav"; errors as of `write`."""
        return notes_file(self.notes, kind, self.tempo)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the piece, as the path ends: .mid (.midi) or .wav.

        Raises:
            ArgumentError: It ends otherwise.
            MissingExtraError: It is MIDI, and the extra `music` is not installed.
            BundleError: The disk refused.
        """
        write_notes(path, self.notes, self.tempo)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "steps": pitches_of(self.roll),
            "given": self.given,
            "log_probability": self.log_probability,
            "per_quarter": self.per_quarter,
            "tempo": self.tempo,
            "ended": self.ended,
        }
