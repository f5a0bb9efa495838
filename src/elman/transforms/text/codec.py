"""What every codec of texts has: the interface, the special ids, its hash, its place in a file."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from elman.blueprint.schema import parse_json
from elman.errors import ArgumentError, BlueprintError, BundleError

__all__ = [
    "EOS",
    "GO",
    "SPECIALS",
    "UNKNOWN",
    "CodecBase",
    "TextCodec",
    "UsualSpecials",
    "check_ids",
    "check_text",
    "check_texts",
    "hash_of",
    "ids_of_answer",
    "in_arrays",
    "joined_ids",
    "packed",
    "places_of_bytes",
    "require_codec",
    "slices",
    "spelled_tokens",
    "unpacked",
]

UNKNOWN, GO, EOS = 0, 1, 2
"""Ids of the three special tokens, the same in every codec that Elman fits."""
SPECIALS = ("<unk>", "<go>", "<eos>")

_SLICE = 2**16  # characters that are looked at together: a text may have any length
_TOGETHER = 2**13  # ids in an array of `stream`


@runtime_checkable
class TextCodec(Protocol):
    """Texts as token ids and back. `len(codec)` is V, the number of ids.

    Attributes:
        kind: "characters", "words", "subwords" or "sentencepieces".
    """

    kind: ClassVar[str]

    @property
    def tokens(self) -> tuple[str, ...]:
        """All V tokens as they are shown, each at its id."""
        ...

    @property
    def unknown(self) -> int | None:
        """The id that stands for what has none of its own; None: nothing needs it."""
        ...

    @property
    def reads_all(self) -> bool:
        """Whether nothing is ever read as unknown: what has no id is read in bytes."""
        ...

    @property
    def go(self) -> int | None:
        """The id that is read before the first token of an answer, or None."""
        ...

    @property
    def eos(self) -> int | None:
        """The id that ends an answer, or None."""
        ...

    @property
    def hash(self) -> str:
        """SHA-256 of all that ids depend on: codecs of the same hash give the same ids."""
        ...

    @property
    def spelled(self) -> tuple[bytes | None, ...]:
        """What each token writes where it follows others, in UTF-8; None: nothing, ever."""
        ...

    def __len__(self) -> int: ...

    def encode(self, text: str) -> np.ndarray:
        """The ids of a text's tokens, int64 `[T]`; neither `go` nor `eos` is added.

        Raises:
            ArgumentError: `text` is no string.
        """
        ...

    def stream(self, parts: Iterable[str]) -> Iterator[np.ndarray]:
        """The ids of a text that comes in parts, as it comes: together those of the whole."""
        ...

    def pieces(self, text: str) -> list[str]:
        """A text's tokens as they are shown: as many as it has ids."""
        ...

    def places(self, text: str) -> np.ndarray:
        """Where each token stands in a text: int64 `[T, 2]`, its first character, the one after.

        Blanks around a token are none of it, unless it is nothing else. Where a text is changed
        before it is cut, it is about where.
        """
        ...

    def decode(self, ids: Any) -> str:
        """The text of `ids`, up to the first `eos` and without `go`.

        Raises:
            ArgumentError: An id is no whole number in 0…V-1.
        """
        ...

    def losses(self) -> tuple[str, ...]:
        """What `decode(encode(text))` may have lost, in sentences; empty: it is the text."""
        ...

    def describe(self) -> str:
        """The codec in a line."""
        ...

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `codec_from_tensors` needs, as arrays for a model file."""
        ...


class CodecBase:
    """What follows from the rest of a codec, the same in all."""

    @property
    def hash(self: TextCodec) -> str:
        """See `TextCodec`."""
        return hash_of(self.tensors())

    def __repr__(self: TextCodec) -> str:
        return f"<{self.describe()}>"


class UsualSpecials:
    """The ids of the special tokens where a vocabulary begins with them."""

    @property
    def unknown(self) -> int:
        """See `TextCodec`."""
        return UNKNOWN

    @property
    def reads_all(self) -> bool:
        """See `TextCodec`."""
        return False

    @property
    def go(self) -> int:
        """See `TextCodec`."""
        return GO

    @property
    def eos(self) -> int:
        """See `TextCodec`."""
        return EOS


def require_codec(codec: TextCodec, expected: str, where: str = "codec") -> None:
    """Make sure that a model meets the codec that it was trained with.

    Args:
        codec: What ids are made by.
        expected: The hash of the codec that the model was trained with.
        where: What a message calls the codec.

    Raises:
        ArgumentError: It is another one: its ids would mean other tokens.
    """
    if codec.hash != expected:
        raise ArgumentError(
            where,
            f"found {codec.describe()}, with the hash {codec.hash}",
            f"the model was trained with a codec of the hash {expected}: give that one",
        )


def check_text(text: Any, where: str = "text") -> str:
    """The text; `ArgumentError` unless it is a string."""
    if not isinstance(text, str):
        raise ArgumentError(where, f"found a {type(text).__name__}", "pass a string")
    return text


def check_texts(texts: Any) -> Iterator[str]:
    """The texts one by one; `ArgumentError` if they are one string, or one of them is none."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        found = "one string" if isinstance(texts, str) else f"a {type(texts).__name__}"
        raise ArgumentError("texts", f"found {found}", "pass a list of texts")
    return (check_text(text, f"texts[{place}]") for place, text in enumerate(texts))


def check_ids(ids: Any, size: int) -> list[int]:
    """Ids as a list; `ArgumentError` unless each is a whole number in 0…size-1."""
    given = np.asarray(ids)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ArgumentError(
            "ids", f"found {given.dtype} of shape {given.shape}", "pass whole numbers [T]"
        )
    wrong = np.flatnonzero((given < 0) | (given >= size)) if given.size else given
    if wrong.size:
        place = int(wrong[0])
        raise ArgumentError(f"ids[{place}]", f"found {given[place]}", f"0…{size - 1}")
    return given.tolist()


def ids_of_answer(codec: TextCodec, ids: Any) -> list[int]:
    """Ids up to the first `eos`, as a list; `ArgumentError` unless they are the codec's."""
    known = check_ids(ids, len(codec))
    return known[: known.index(codec.eos)] if codec.eos in known else known


def spelled_tokens(
    tokens: Iterable[str], silent: int, before: str = ""
) -> tuple[bytes | None, ...]:
    """The tokens in UTF-8, `before` each of them; the first `silent` ones write nothing."""
    return tuple(
        None if place < silent else f"{before}{token}".encode("utf-8", "surrogatepass")
        for place, token in enumerate(tokens)
    )


def places_of_bytes(pieces: Sequence[bytes], text: str) -> np.ndarray:
    r"""Where pieces of a text's UTF-8 stand in it, as `TextCodec.places` has it.

    >>> places_of_bytes([b"to", b" b", b"\xc3", b"\xa9"], "to b\u00e9").tolist()
    [[0, 2], [3, 4], [4, 5], [4, 5]]

    Args:
        pieces: What each token writes.
        text: Which they write; where it is another one, they are stretched to its length.
    """
    whole, spans, end = text.encode("utf-8", "surrogatepass"), list[tuple[int, int]](), 0
    for piece in pieces:
        inner = piece.strip() or piece
        start = end + piece.index(inner)
        spans.append((start, start + len(inner)))
        end += len(piece)
    found = np.array(spans, dtype=np.float64).reshape(-1, 2)
    written = b"".join(pieces)
    if written == b" " + whole:
        found -= 1
    elif written != whole and written:
        found *= len(whole) / len(written)
    places = np.clip(np.round(found), 0, len(whole)).astype(np.int64)
    begins = (np.frombuffer(whole, np.uint8) & 0xC0) != 0x80
    before = np.concatenate([[0], np.cumsum(begins), [begins.sum()]])
    last = before[places[:, 1]]
    first = np.minimum(before[places[:, 0] + 1] - 1, last)
    return np.stack([np.maximum(first, 0), last], axis=1)


def slices(parts: Iterable[str]) -> Iterator[str]:
    """The same text in parts of bounded size."""
    for part in parts:
        check_text(part, "parts")
        for start in range(0, len(part), _SLICE):
            yield part[start : start + _SLICE]


def in_arrays(runs: Iterable[Iterable[int]]) -> Iterator[np.ndarray]:
    """Ids that come run by run as arrays int64 of many each; at least one array."""
    ids = array("q")
    for run in runs:
        ids.extend(run)
        if len(ids) >= _TOGETHER:
            yield np.array(ids, dtype=np.int64)
            ids = array("q")
    yield np.array(ids, dtype=np.int64)


def joined_ids(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Arrays of ids as one, int64."""
    found = list(arrays)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def hash_of(tensors: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of arrays: of their names, kinds, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def packed(settings: Mapping[str, Any]) -> np.ndarray:
    """Settings as JSON in an array of bytes: the same ones give the same bytes."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return np.frombuffer(text.encode(), np.uint8)


def unpacked(array: np.ndarray | None, where: str, most: int = 2**20) -> dict[str, Any]:
    """The settings that `packed` packed; `BundleError` if they are damaged."""
    try:
        if array is None or array.dtype != np.uint8 or array.ndim != 1:
            raise BundleError(where, "its settings are missing or damaged", "save it again")
        found = parse_json(array.tobytes().decode("utf-8"), most)
    except (UnicodeDecodeError, BlueprintError) as error:
        raise BundleError(where, f"its settings are damaged ({error})", "save it again") from error
    if not isinstance(found, dict):
        raise BundleError(where, "its settings are no object of JSON", "save it again")
    return found
