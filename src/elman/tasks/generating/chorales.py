"""How a generator learns to write pieces of several voices: which notes sound at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from elman.blueprint import Block, Blueprint, Chord, Dropout, Recurrent
from elman.data.melodies import NOTES, Chorales
from elman.errors import ArgumentError, DataError
from elman.metrics.chords import fit_chords, steps_before
from elman.models import build, limit_memory
from elman.printable import many
from elman.targets import Target
from elman.tasks.fitting import summary, take_weights, train_module
from elman.tasks.generating.melodies import split_rows
from elman.tasks.generator import Generator
from elman.tasks.head import check_same_network
from elman.training import CrossEntropy, Examples
from elman.training.loop.batches import checksum
from elman.training.loop.lesson import Lesson

__all__ = ["ChordBatch", "ChordPieces", "learn"]

_HEAD_DROPOUT = 0.6  # of the rate before the block, within it


class _Parts(NamedTuple):
    train: Chorales
    held: Chorales | None
    how: str


def learn(estimator: Generator, X: Chorales, y: Any = None) -> None:
    """Train a generator on pieces of several voices; arguments and errors as of `Generator.fit`.

    Of pieces with parts those of `train` are learnt from, and those of `valid` choose the epoch,
    unless `validation` is told otherwise; the others are not read.

    Raises:
        DataError: There is no piece, or none with a step.
    """
    if y is not None:
        raise ArgumentError("y", "given, and what is learnt is the next step", "None")
    options, warm = estimator._options(), estimator._warm()
    parts = _parted(X, estimator.validation, options.config.seed)
    held = [] if parts.held is None else [*parts.held.pieces]
    train = ChordPieces([*parts.train.pieces], estimator.transpose)
    blueprint = _blueprint(estimator)
    network = build(blueprint, seed=options.config.seed)
    if warm is None:
        _begin_with_frequencies(network, parts.train)
    else:
        check_same_network(blueprint, warm.blueprint)
        take_weights(network, warm.bundle.weights)
    limit_memory(network, options.memory)
    validation = ChordPieces(held) if held else None
    trained = train_module(network.to(options.device), CrossEntropy(), train, validation, options)
    estimator.history_ = trained.history
    about: dict[str, Any] = {
        "train_pieces": len(parts.train),
        "train_steps": parts.train.steps,
        "validation": parts.how,
        "validation_steps": sum(map(len, held)),
    }
    tensors: dict[str, np.ndarray] = {}
    if estimator.baselines:
        fitted = fit_chords(parts.train.pieces, held)
        tensors = {f"baselines.{name}": array for name, array in fitted.tensors().items()}
        if held:
            about["validated_baselines"] = fitted.scores(held)
    result = summary(estimator._task, blueprint, about, trained.history, options.config)
    settings = {"metadata": result, "per_quarter": parts.train.per_quarter}
    if estimator.held_out is not None:
        settings["held_out"] = dict(estimator.held_out)
    estimator._finish(blueprint, network, options, tensors, settings)


def _parted(X: Chorales, validation: Any, seed: int) -> _Parts:
    if not X.steps:
        raise DataError("X", "holds no step", "pieces of one or more")
    if isinstance(validation, Chorales):
        return _Parts(X, validation, f"{many(len(validation), 'piece')} that were given")
    usual = Generator.of("chorales").validation
    if X.parts is not None and "valid" in X.parts and validation in (usual, None):
        train = X.part("train")
        if validation is None:
            return _Parts(train, None, "none: the last epoch is kept")
        held = X.part("valid")
        return _Parts(train, held, f"the part valid: {many(len(held), 'piece')}")
    X = X if X.parts is None else X.part("train")
    if validation is None:
        return _Parts(X, None, "none: the last epoch is kept")
    held, how = split_rows(len(X), validation, seed, "piece")
    return _Parts(X.select(~held), X.select(held), how)


def _blueprint(estimator: Generator) -> Blueprint:
    """The chord before, whether there is none; cells; what says the next chord."""
    joint = estimator.chord == "joint"
    inner = _HEAD_DROPOUT * estimator.dropout if joint else 0.0
    blocks: list[Block] = []
    if estimator.input_dropout:
        blocks.append(Dropout(estimator.input_dropout))
    blocks.append(Recurrent(estimator._cells()))
    if estimator.dropout:
        blocks.append(Dropout(estimator.dropout))
    blocks.append(Chord(NOTES, estimator.chord_units if joint else 0, inner))
    return Blueprint("sequence_to_sequence", NOTES + 1, {"body": tuple(blocks)})


def _begin_with_frequencies(network: Any, train: Chorales) -> None:
    """Let the block's scores begin with how often each note sounds, in place."""
    head = network.body[-1]
    counts = np.sum([piece.sum(axis=0) for piece in train.pieces], axis=0)
    shares = (counts + 0.5) / (train.steps + 1)
    if head.block.joint:
        begin = np.zeros(head.width)
        begin[head.block.units :] = np.log(np.append(shares, 1.0))
    else:
        begin = np.log(shares / (1 - shares))
    head.bias.data = torch.from_numpy(begin).to(head.bias)


@dataclass(frozen=True, eq=False)
class ChordBatch(Examples):
    """Pieces side by side: at each step the chord before is read, and the step's own is learnt.

    Attributes:
        shift: Semitones by which each piece may be moved, up or down.
    """

    shift: int = field(default=0, kw_only=True)

    def drawn_anew(self, draws: np.random.Generator) -> ChordBatch:
        """The same, each piece moved by an amount that is drawn; none leaves MIDI's range."""
        if not self.shift:
            return self
        inputs, targets = self.inputs.clone(), self.targets.clone()
        for row, by in enumerate(draws.integers(-self.shift, self.shift + 1, len(self)).tolist()):
            sounds = self.targets[row].any(dim=0).nonzero()[:, 0]
            if not by or not len(sounds):
                continue
            by = min(max(by, -int(sounds[0])), NOTES - 1 - int(sounds[-1]))
            inputs[row, :, :NOTES] = inputs[row, :, :NOTES].roll(by, dims=1)
            targets[row] = targets[row].roll(by, dims=1)
        return replace(self, inputs=inputs, targets=targets)


class ChordPieces:
    """Pieces to learn from: see `elman.training.loop.batches.ExampleSet`.

    Args:
        pieces: bool `[T, 128]` each.
        shift: Semitones by which each may be moved in each epoch, up or down.
    """

    lesson: ClassVar = Lesson

    def __init__(self, pieces: Sequence[Bool[np.ndarray, "T K"]], shift: int = 0) -> None:
        self._pieces, self._shift = pieces, shift
        self._device = torch.device("cpu")

    def __len__(self) -> int:
        return len(self._pieces)

    def steps(self) -> Int[np.ndarray, "N"]:
        """How many each has."""
        return np.array([len(piece) for piece in self._pieces], dtype=np.int64)

    @property
    def lengths(self) -> Int[Tensor, "N"]:
        """The same, as a tensor."""
        return torch.from_numpy(self.steps())

    def drawn(self, draws: np.random.Generator) -> Int[np.ndarray, "N"]:
        """All, shuffled."""
        return draws.permutation(len(self))

    def select(self, rows: Int[np.ndarray, "B"]) -> ChordBatch:
        """The pieces at `rows` as a batch."""
        chosen = [self._pieces[k] for k in np.asarray(rows).tolist()]
        lengths = torch.tensor([len(piece) for piece in chosen])
        longest = max(1, int(lengths.max()))
        inputs = np.zeros((len(chosen), longest, NOTES + 1), np.float32)
        targets = np.zeros((len(chosen), longest, NOTES), np.float32)
        for row, piece in enumerate(chosen):
            inputs[row, : len(piece)] = steps_before(piece)
            targets[row, : len(piece)] = piece
        read, wanted = (torch.from_numpy(one).to(self._device) for one in (inputs, targets))
        kind, lengths = Target.NUMBERS_PER_STEP, lengths.to(self._device)
        return ChordBatch(read, wanted, lengths, kind=kind, shift=self._shift)

    def to(self, device: torch.device) -> ChordPieces:
        """The same, with batches on another device."""
        made = ChordPieces(self._pieces, self._shift)
        made._device = device
        return made

    def fingerprint(self) -> str:
        """A checksum that tells whether a run goes on with the data it began with."""
        return checksum(torch.from_numpy(piece) for piece in self._pieces)
