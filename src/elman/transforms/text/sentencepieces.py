"""Texts as the pieces of a sentencepiece model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from elman.errors import BundleError, FormatError
from elman.files import open_regular
from elman.transforms.text.codec import (
    CodecBase,
    check_text,
    ids_of_answer,
    packed,
    places_of_bytes,
    unpacked,
)
from elman.transforms.text.sentence_pieces.model_file import (
    BYTE,
    CONTROL,
    UNKNOWN,
    PieceModel,
    model_of,
)
from elman.transforms.text.sentence_pieces.normaliser import SPACE, Normaliser
from elman.transforms.text.sentence_pieces.segmenting import Segmenter

__all__ = ["SentencePieces"]

MAX_FILE = 2**28
"""Bytes of a model's file."""


@dataclass(frozen=True, repr=False)
class SentencePieces(CodecBase):
    """Texts as the pieces of a sentencepiece model (BPE or unigram), with the same ids.

    Half a surrogate pair, which sentencepiece refuses, is read as U+FFFD.

    Attributes:
        content: The model's file.
        where: Its name, for messages.
    """

    content: bytes
    where: str = field(default="sentencepiece model", compare=False)
    kind: ClassVar[str] = "sentencepieces"

    def __post_init__(self) -> None:
        _ = self._model, self._normaliser  # what is wrong is said at once

    def __reduce__(self) -> Any:
        return type(self), (self.content, self.where)  # what is remembered is not

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SentencePieces:
        """Read a `.model` of sentencepiece.

        Raises:
            FormatError: It is missing, damaged, or of another algorithm than BPE and unigram.
        """
        where = str(path)
        try:
            with open_regular(path) as file:
                content = file.read(MAX_FILE + 1)
        except OSError as error:
            raise FormatError(where, f"cannot be read ({error.strerror})", "a model") from error
        if len(content) > MAX_FILE:
            raise FormatError(where, "it is too long", f"at most {MAX_FILE} bytes")
        return cls(content, where)

    @cached_property
    def _model(self) -> PieceModel:
        return model_of(self.content, self.where)

    @cached_property
    def _normaliser(self) -> Normaliser:
        return Normaliser(self._model, self.where)

    @cached_property
    def _segmenter(self) -> Segmenter:
        return Segmenter(self._model)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All V pieces, a space in them as U+2581."""
        return self._model.pieces

    @property
    def spelled(self) -> tuple[bytes | None, ...]:
        """See `TextCodec`."""
        return self._written

    @cached_property
    def _written(self) -> tuple[bytes | None, ...]:
        model, found = self._model, list[bytes | None]()
        for kind, piece in zip(model.kinds, model.pieces, strict=True):
            if kind == BYTE:
                found.append(bytes([int(piece[3:5], 16)]))
                continue
            piece = model.unknown_surface if kind == UNKNOWN else piece.replace(SPACE, " ")
            found.append(None if kind == CONTROL else piece.encode("utf-8", "surrogatepass"))
        return tuple(found)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def unknown(self) -> int:
        """See `TextCodec`."""
        return self._model.kinds.index(UNKNOWN)

    @property
    def reads_all(self) -> bool:
        """See `TextCodec`."""
        return self._model.byte_fallback

    @property
    def go(self) -> int | None:
        """See `TextCodec`."""
        return self._control(self._model.go)

    @property
    def eos(self) -> int | None:
        """See `TextCodec`."""
        return self._control(self._model.eos)

    def _control(self, name: str) -> int | None:
        found = self.tokens.index(name) if name in self.tokens else None
        return found if found is not None and self._model.kinds[found] == CONTROL else None

    def encode(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        ids = self._segmenter.ids(self._normaliser(check_text(text)))
        return np.fromiter(ids, dtype=np.int64)

    def stream(self, parts: Iterable[str]) -> Iterator[np.ndarray]:
        """See `TextCodec`; the text is held as a whole, as its end may change its beginning."""
        yield self.encode("".join(check_text(part, "parts") for part in parts))

    def pieces(self, text: str) -> list[str]:
        """See `TextCodec`."""
        return [self.tokens[one] for one in self.encode(text).tolist()]

    def places(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        pieces = [self._written[one] or b"" for one in self.encode(text).tolist()]
        return places_of_bytes(pieces, text)

    def decode(self, ids: Any) -> str:
        """See `TextCodec`: as sentencepiece writes it."""
        known = ids_of_answer(self, ids)
        model, written, held, begun = self._model, [], bytearray(), False
        strip = model.prefix_space or model.one_space
        for one in known:
            kind, piece = model.kinds[one], model.pieces[one]
            if kind == BYTE:
                held.append(int(piece[3:5], 16))
                continue
            begun = _flush(held, written) or begun
            if kind == CONTROL:
                continue
            if kind == UNKNOWN:
                piece = model.unknown_surface
            elif strip and not begun and piece.startswith(SPACE):
                piece = piece[len(SPACE) :]
                begun = not model.one_space
            written.append(piece if kind == UNKNOWN else piece.replace(SPACE, " "))
            begun = begun or bool(piece)
        _flush(held, written)
        return "".join(written)

    def losses(self) -> tuple[str, ...]:
        """See `TextCodec`."""
        model = self._model
        told = {
            "what has no piece becomes <unk>": not model.byte_fallback,
            "several spaces become one, those around a text are left out": model.one_space,
            "characters are replaced by the model's own rules": bool(model.charsmap),
            f"the character U+{ord(SPACE):04X} becomes a space": True,
            "half a surrogate pair becomes U+FFFD": True,
        }
        return tuple(sentence for sentence, said in told.items() if said)

    def describe(self) -> str:
        """See `TextCodec`."""
        return f"{len(self):,} sentence pieces ({self._model.algorithm})"

    def tensors(self) -> dict[str, np.ndarray]:
        """See `TextCodec`."""
        file = np.frombuffer(self.content, np.uint8)
        return {"settings": packed({"kind": self.kind}), "file": file}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> SentencePieces:
        """The codec that `tensors` described; `BundleError` if it is damaged."""
        unpacked(tensors.get("settings"), "sentencepieces")
        file = tensors.get("file")
        if file is None or file.dtype != np.uint8 or file.ndim != 1:
            raise BundleError("sentencepieces", "its file is missing or damaged", "save it again")
        try:
            return cls(file.tobytes())
        except FormatError as error:
            raise BundleError(error.where, error.found, "save it again") from error


def _flush(held: bytearray, written: list[str]) -> bool:
    """Write the bytes that were held, those that are no text as U+FFFD each; whether any were."""
    start, content = 0, bytes(held)
    held.clear()
    while start < len(content):
        for length in range(1, 5):
            try:
                written.append(content[start : start + length].decode("utf-8"))
                start += length
                break
            except UnicodeDecodeError:
                continue
        else:
            written.append("\ufffd")
            start += 1
    return bool(content)
