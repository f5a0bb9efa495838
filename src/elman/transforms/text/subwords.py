"""Texts as subwords: byte-level byte-pair encoding."""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from elman.blueprint.schema import parse_json
from elman.errors import ArgumentError, BlueprintError, BundleError, FormatError, MissingExtraError
from elman.files import read_text, replace_file
from elman.transforms.text.byte_pairs.merging import (
    Merge,
    Merges,
    merged,
    merged_at_random,
    merged_windows,
)
from elman.transforms.text.byte_pairs.tokenizer_file import BytePairs, plan_of, to_data
from elman.transforms.text.codec import (
    SPECIALS,
    CodecBase,
    check_text,
    check_texts,
    ids_of_answer,
    in_arrays,
    joined_ids,
    packed,
    places_of_bytes,
    slices,
    unpacked,
)
from elman.transforms.text.remembered import Remembered

__all__ = ["Subwords"]

MAX_FILE = 2**28
"""Bytes of a `tokenizer.json`."""

_GO = ("<go>", "<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>")
_EOS = ("<eos>", "</s>", "<|endoftext|>", "<|end_of_text|>")
_LONG = 1000  # characters of a piece that is merged window by window

# The last place in a part where a text may be cut: behind a word, before a space and a letter.
_BORDER = re.compile(r".*[\w.,;:!?)-](?= [^\W\d_])", re.DOTALL)


def _alphabet() -> tuple[str, ...]:
    """The character that stands for each byte, as GPT-2 has it: itself where it can be seen."""
    seen = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return tuple(chr(byte if byte in seen else next(others)) for byte in range(256))


ALPHABET = _alphabet()
_BYTES = {character: byte for byte, character in enumerate(ALPHABET)}


@dataclass(frozen=True, repr=False)
class Subwords(CodecBase):
    """Texts as frequent runs of bytes; every text of Unicode comes back exactly.

    The bytes of a text (UTF-8; half a surrogate pair as Python's "surrogatepass" writes it) are
    merged pair by pair, within what a pattern cuts out of it. `tokenizers` fits the merges, or a
    `tokenizer.json` of it is read; the ids are the same as its, except that a text cannot spell a
    special token.

    Attributes:
        plan: Tokens, merges, and how a text is cut.
    """

    plan: BytePairs
    kind: ClassVar[str] = "subwords"

    def __reduce__(self) -> Any:
        return type(self), (self.plan,)  # what is remembered is not

    @classmethod
    def fit(cls, texts: Iterable[str], *, size: int | None = 8_000, min_count: int = 1) -> Subwords:
        """Merges of what is most frequent in `texts`; arguments and errors as of `fit_codec`."""
        size = 8_000 if size is None else size
        least = len(SPECIALS) + 256
        if size < least:
            raise ArgumentError("size", f"found {size}", f"at least {least}: all bytes are tokens")
        texts = check_texts(texts)
        try:
            from tokenizers import Tokenizer, models, pre_tokenizers, trainers
        except ImportError as error:
            raise MissingExtraError.of("tokenizers", "text", "fitting subwords") from error
        tokenizer: Any = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=min_count,
            special_tokens=list(SPECIALS),
            initial_alphabet=list(ALPHABET),
            show_progress=False,
        )
        parts = (part for text in texts for part in cut_at_words([text]))
        sound = (part.encode("utf-8", "replace").decode() for part in parts)
        tokenizer.train_from_iterator(sound, trainer)
        return cls(plan_of(json.loads(tokenizer.to_str()), "tokenizers"))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Subwords:
        """Read a `tokenizer.json` of `tokenizers` (byte-level byte-pair encoding).

        Raises:
            FormatError: It is missing, no such file, or has a step that is not known here.
        """
        where = str(path)
        try:
            data = parse_json(read_text(path, MAX_FILE), MAX_FILE)
        except OSError as error:
            raise FormatError(where, f"cannot be read ({error.strerror})", "the file") from error
        except UnicodeDecodeError as error:
            raise FormatError(where, f"is no UTF-8 ({error.reason})", "a tokenizer.json") from error
        except BlueprintError as error:
            raise FormatError(where, error.found, "a tokenizer.json") from error
        return cls(plan_of(data, where))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a `tokenizer.json`, which `read` and `tokenizers` read."""
        text = json.dumps(to_data(self.plan), indent=1)
        replace_file(Path(path), text.encode())

    # ---- tokens -------------------------------------------------------------------------------

    @cached_property
    def _spelled(self) -> tuple[bytes, ...]:
        """What each token writes."""
        plain = {*self.plan.specials, *self.plan.added}
        return tuple(
            token.encode("utf-8", "surrogatepass") if token in plain else _bytes_of(token)
            for token in self.plan.tokens
        )

    @property
    def spelled(self) -> tuple[bytes | None, ...]:
        """See `TextCodec`."""
        return self._written

    @cached_property
    def _written(self) -> tuple[bytes | None, ...]:
        silent = {self._ids[token] for token in self.plan.specials} - {self.unknown}
        return tuple(None if k in silent else one for k, one in enumerate(self._spelled))

    @cached_property
    def _shown(self) -> tuple[str, ...]:
        return tuple(one.decode("utf-8", "backslashreplace") for one in self._spelled)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All V tokens; a byte that is no character by itself as `\\xe9`."""
        return self._shown

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: place for place, token in enumerate(self.plan.tokens) if token}

    def __len__(self) -> int:
        return len(self.plan.tokens)

    @property
    def unknown(self) -> int | None:
        """See `TextCodec`."""
        return (
            self._special(("<unk>",)) if self.plan.unknown is None else self._ids[self.plan.unknown]
        )

    @property
    def reads_all(self) -> bool:
        """See `TextCodec`."""
        return self.plan.unknown is None or None not in self._symbols

    @property
    def go(self) -> int | None:
        """See `TextCodec`."""
        return self._special(_GO)

    @property
    def eos(self) -> int | None:
        """See `TextCodec`."""
        return self._special(_EOS)

    def _special(self, names: tuple[str, ...]) -> int | None:
        return next((self._ids[one] for one in names if one in self.plan.specials), None)

    # ---- texts to ids -------------------------------------------------------------------------

    @cached_property
    def _merges(self) -> Merges:
        ids = self._ids
        return {
            (ids[left], ids[right]): Merge(rank, ids[left + right])
            for rank, (left, right) in enumerate(self.plan.merges)
        }

    @cached_property
    def _longest(self) -> int:
        """The most bytes that become one token."""
        return max((len(left + right) for left, right in self.plan.merges), default=1)

    @cached_property
    def _symbols(self) -> tuple[int | None, ...]:
        """The symbol of each byte, or None."""
        return tuple(self._ids.get(character) for character in ALPHABET)

    @cached_property
    def _remembered(self) -> Remembered[int]:
        return Remembered(self._ids_of)

    @cached_property
    def _added(self) -> re.Pattern[str] | None:
        longest_first = sorted(self.plan.added, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def _first_symbols(self, piece: str) -> array[int]:
        """The symbols of a piece's bytes."""
        content = piece.encode("utf-8", "surrogatepass")
        if None not in self._symbols:
            return array("i", map(self._symbols.__getitem__, content))  # pyright: ignore
        unknown = None if self.plan.unknown is None else self._ids[self.plan.unknown]
        found, fused = array("i"), False
        for byte in content:
            symbol = self._symbols[byte]
            if symbol is not None:
                found.append(symbol)
            elif unknown is not None and not (self.plan.fuse_unknown and fused):
                found.append(unknown)
            fused = symbol is None
        return found

    def _ids_of(self, piece: str) -> tuple[int, ...]:
        if self.plan.whole_first:
            name = "".join(ALPHABET[byte] for byte in piece.encode("utf-8", "surrogatepass"))
            if name in self._ids:
                return (self._ids[name],)
        return tuple(merged(self._first_symbols(piece), self._merges)[0])

    def _runs(self, text: str) -> Iterator[Iterable[int]]:
        """The ids of a text, run by run."""
        for added, segment in self._segments(text):
            if added:
                yield (self._ids[segment],)
                continue
            for piece in self.plan.splitting.pieces(segment):
                if len(piece) < _LONG:
                    yield self._remembered[piece]
                else:
                    symbols = self._first_symbols(piece)
                    yield from merged_windows(symbols, self._merges, self._longest)

    def _segments(self, text: str) -> Iterator[tuple[bool, str]]:
        """The added tokens in a text, and what lies between them."""
        end = 0
        if self._added is not None:
            for found in self._added.finditer(text):
                yield False, text[end : found.start()]
                yield True, found[0]
                end = found.end()
        yield False, text[end:] if end else text

    def encode(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        return joined_ids(in_arrays(self._runs(check_text(text))))

    def stream(self, parts: Iterable[str]) -> Iterator[np.ndarray]:
        """See `TextCodec`.

        A text is held back until a space after a word has come, and as a whole where its pattern
        does not cut there or tokens were added that have spaces.
        """
        spaced = any(" " in token for token in self.plan.added)
        fine = not spaced and self.plan.splitting.cuts_at_spaces()
        for text in cut_at_words(parts) if fine else ("".join(slices(parts)),):
            yield from in_arrays(self._runs(text))

    def encode_at_random(self, text: str, rate: float, draws: np.random.Generator) -> np.ndarray:
        """The ids of a text that is cut otherwise each time: some merges are left out at random.

        `decode` gives the same text. BPE-dropout: see `byte_pairs.merging.merged_at_random`.

        Args:
            text: Any.
            rate: Of merges that are left out at each step, in [0, 1); at 0 the ids are `encode`'s.
            draws: What decides.

        Raises:
            ArgumentError: `text` is no string.
        """
        found: list[int] = []
        for added, segment in self._segments(check_text(text)):
            if added:
                found.append(self._ids[segment])
                continue
            for piece in self.plan.splitting.pieces(segment):
                if not rate or len(piece) >= _LONG:
                    found += self._remembered[piece] if len(piece) < _LONG else self.encode(piece)
                else:
                    symbols = self._first_symbols(piece)
                    found += merged_at_random(symbols, self._merges, rate, draws)
        return np.array(found, dtype=np.int64)

    def pieces(self, text: str) -> list[str]:
        """See `TextCodec`."""
        return [self.tokens[one] for one in self.encode(text).tolist()]

    # ---- and back -----------------------------------------------------------------------------

    def places(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        pieces = [self._written[one] or b"" for one in self.encode(text).tolist()]
        return places_of_bytes(pieces, text)

    def decode(self, ids: Any) -> str:
        """See `TextCodec`: special tokens write nothing; bytes that are no text become U+FFFD."""
        known = ids_of_answer(self, ids)
        content = b"".join(self._written[one] or b"" for one in known)
        try:
            return content.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return content.decode("utf-8", "replace")

    def losses(self) -> tuple[str, ...]:
        """See `TextCodec`."""
        splitting = self.plan.splitting
        dropped = any(not (split.gaps and split.matches) for split in splitting.splits)
        told = {
            f"characters are brought to {', '.join(splitting.forms)}": bool(splitting.forms),
            "a text that begins without a space comes back with one": splitting.prefix_space,
            "what its pattern does not match, or does, may be left out": dropped,
            "a byte without a token is left out, or unknown": None in self._symbols,
        }
        return tuple(sentence for sentence, said in told.items() if said)

    def describe(self) -> str:
        """See `TextCodec`."""
        return f"{len(self):,} subwords (bytes, {len(self.plan.merges):,} merges)"

    def tensors(self) -> dict[str, np.ndarray]:
        """See `TextCodec`."""
        return {"settings": packed({"kind": self.kind}), "file": packed(to_data(self.plan))}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Subwords:
        """The codec that `tensors` described; `BundleError` if it is damaged."""
        data = unpacked(tensors.get("file"), "subwords", MAX_FILE)
        try:
            return cls(plan_of(data, "subwords"))
        except FormatError as error:
            raise BundleError(error.where, error.found, "save it again") from error


def cut_at_words(parts: Iterable[str]) -> Iterator[str]:
    """A text in parts that can be looked at one by one: each begins with a space and a letter.

    >>> list(cut_at_words(["to b", "e or n", "ot"]))
    ['to', ' be or', ' not']
    """
    held: list[str] = []
    tail = ""  # a border may lie between two parts
    for part in slices(parts):
        found = _BORDER.match(tail + part)
        held.append(part)
        tail = (tail + part)[-2:]
        if found is not None:
            whole = "".join(held)
            behind = len(found.string) - found.end()
            yield whole[: len(whole) - behind]
            held = [whole[len(whole) - behind :]]
    yield "".join(held)


def _bytes_of(token: str) -> bytes:
    """What a token of the alphabet writes; what is not of it, as `tokenizers` writes it."""
    try:
        return bytes(map(_BYTES.__getitem__, token))
    except KeyError:
        return token.encode("utf-8", "surrogatepass")
