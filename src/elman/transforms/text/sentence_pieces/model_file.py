"""The file of a sentencepiece model, which is a message of Protocol Buffers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from elman.errors import FormatError

__all__ = ["BYTE", "CONTROL", "NORMAL", "UNKNOWN", "UNUSED", "USER", "PieceModel", "model_of"]

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)
"""The kinds of pieces, as the file numbers them."""
_ALGORITHMS = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}
_MAX_PIECE = 8000  # bytes, as sentencepiece has it
_EXPECTED = "a model of sentencepiece (BPE or unigram): take an undamaged copy"


@dataclass(frozen=True)
class PieceModel:
    """What a sentencepiece model says.

    Attributes:
        algorithm: "unigram" or "bpe".
        pieces: By id.
        scores: float32 values, by id: of unigram log probabilities, of BPE priorities.
        kinds: By id, as `NORMAL` and so on.
        byte_fallback: Whether what is unknown is written as bytes.
        suffix_space: Whether the mark of a space stands behind a word rather than before it.
        prefix_space: Whether a space is put before a text (or behind it).
        one_space: Whether several spaces become one, and those around a text none.
        escape_space: Whether spaces are written as U+2581.
        charsmap: The normaliser's rules, compiled; perhaps empty.
        unknown_surface: What an unknown piece is written as.
        go: What the token before a text is called.
        eos: What the token behind a text is called.
    """

    algorithm: str
    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    kinds: tuple[int, ...]
    byte_fallback: bool
    suffix_space: bool
    prefix_space: bool
    one_space: bool
    escape_space: bool
    charsmap: bytes
    unknown_surface: str
    go: str
    eos: str


def model_of(content: bytes, where: str) -> PieceModel:
    """What the file of a model says.

    Args:
        content: The file.
        where: Its name.

    Raises:
        FormatError: It is no such file, damaged, or of another algorithm than BPE and unigram.
    """
    message = _Message(content, where)
    pieces, scores, kinds = [], [], []
    for place, entry in enumerate(message.all(1, bytes)):
        piece = _Message(entry, f"{where}, piece {place}")
        pieces.append(piece.text(1, ""))
        scores.append(piece.one(2, float, 0.0))
        kinds.append(piece.one(3, int, NORMAL))
    trainer, normaliser, back = (
        _Message(b"".join(message.all(number, bytes)), f"{where}, {name}")
        for number, name in ((2, "trainer_spec"), (3, "normalizer_spec"), (5, "denormalizer_spec"))
    )
    algorithm = _ALGORITHMS.get(trainer.one(3, int, 1), "another")
    if algorithm not in ("unigram", "bpe") or back.one(2, bytes, b""):
        found = f"an algorithm {algorithm!r}" if not back.one(2, bytes, b"") else "a denormalizer"
        raise FormatError(where, found, _EXPECTED)
    model = PieceModel(
        algorithm=algorithm,
        pieces=tuple(pieces),
        scores=tuple(scores),
        kinds=tuple(kinds),
        byte_fallback=bool(trainer.one(35, int, 0)),
        suffix_space=bool(trainer.one(24, int, 0)),
        prefix_space=bool(normaliser.one(3, int, 1)),
        one_space=bool(normaliser.one(4, int, 1)),
        escape_space=bool(normaliser.one(5, int, 1)),
        charsmap=normaliser.one(2, bytes, b""),
        unknown_surface=trainer.text(44, " \u2047 "),
        go=trainer.text(46, "<s>"),
        eos=trainer.text(47, "</s>"),
    )
    _check(model, where)
    return model


def _check(model: PieceModel, where: str) -> None:
    """What sentencepiece itself asks of a model."""
    seen: dict[str, int] = {}
    for place, piece in enumerate(model.pieces):
        if not piece or "\0" in piece or len(piece.encode()) >= _MAX_PIECE:
            raise FormatError(f"{where}, piece {place}", f"found {piece!r:.80}", _EXPECTED)
        if seen.setdefault(piece, place) != place:
            found = f"{piece!r:.80}, as piece {seen[piece]}"
            raise FormatError(f"{where}, piece {place}", found, "each piece once")
    if model.kinds.count(UNKNOWN) != 1 or not set(model.kinds) <= set(range(1, 7)):
        found = f"{model.kinds.count(UNKNOWN)} unknown pieces, kinds {sorted(set(model.kinds))[:9]}"
        raise FormatError(where, found, _EXPECTED)
    if model.byte_fallback and any(f"<0x{byte:02X}>" not in seen for byte in range(256)):
        raise FormatError(where, "bytes without a piece, though it falls back to them", _EXPECTED)


class _Message:
    """The fields of a message, by number."""

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        self.fields: dict[int, list[Any]] = {}
        for number, value in _fields(content, where):
            self.fields.setdefault(number, []).append(value)

    def all(self, number: int, kind: type) -> list[Any]:
        """All values of a field."""
        found = self.fields.get(number, [])
        for value in found:
            if type(value) is not kind:
                raise FormatError(self.where, f"field {number} is of another kind", _EXPECTED)
        return found

    def one(self, number: int, kind: type, default: Any) -> Any:
        """The last value of a field, or the default."""
        return (self.all(number, kind) or [default])[-1]

    def text(self, number: int, default: str) -> str:
        """A field's text, or the default."""
        try:
            return self.one(number, bytes, default.encode()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(self.where, f"field {number} is no UTF-8", _EXPECTED) from error


def _fields(content: bytes, where: str) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: int, bytes, float; of 64 bits as bytes."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place, where)
        read = _READERS.get(key & 7)
        if read is None or key < 8:
            raise FormatError(f"{where}, byte {place}", f"a field of kind {key & 7}", _EXPECTED)
        value, place = read(content, place, where)
        if place > len(content):
            raise FormatError(where, f"it is cut, or no model ({len(content)} bytes)", _EXPECTED)
        yield key >> 3, value


def _varint(content: bytes, place: int, where: str) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            break
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise FormatError(f"{where}, byte {place}", "a number that does not end", _EXPECTED)


def _bytes(content: bytes, place: int, where: str) -> tuple[bytes, int]:
    length, place = _varint(content, place, where)
    return content[place : place + length], place + length


def _float(content: bytes, place: int, where: str) -> tuple[float, int]:
    if place + 4 > len(content):
        raise FormatError(where, f"it is cut within a number ({len(content)} bytes)", _EXPECTED)
    value = struct.unpack_from("<f", content, place)[0]
    if value != value or value in (float("inf"), float("-inf")):
        raise FormatError(where, f"a score of {value}", "finite ones")
    return value, place + 4


def _double(content: bytes, place: int, _where: str) -> tuple[bytes, int]:
    return content[place : place + 8], place + 8


_READERS: dict[int, Callable[[bytes, int, str], tuple[Any, int]]] = {
    0: _varint,
    1: _double,
    2: _bytes,
    5: _float,
}
