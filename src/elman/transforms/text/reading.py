"""A codec out of a model file, or out of a file of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import numpy as np

from elman.errors import BundleError, FormatError
from elman.files import open_regular
from elman.printable import closest
from elman.registry import loaded
from elman.transforms.text.characters import Characters
from elman.transforms.text.codec import SPECIALS, TextCodec, unpacked
from elman.transforms.text.sentencepieces import SentencePieces
from elman.transforms.text.steps import Steps
from elman.transforms.text.subwords import Subwords
from elman.transforms.text.vocabulary import Vocabulary
from elman.transforms.text.words import Words

__all__ = ["codec_from_tensors", "read_codec"]

_KINDS: dict[str, Callable[[Mapping[str, np.ndarray]], TextCodec]] = {
    one.kind: one.from_tensors for one in (Characters, Words, Subwords, SentencePieces)
}
_OTHERS = {"melody": "elman.transforms.melody:MelodyCodec"}
"""Codecs of texts that are no words, loaded where a model has one."""


def codec_from_tensors(tensors: Mapping[str, np.ndarray]) -> TextCodec:
    """The codec that `TextCodec.tensors` described, in a file of any version.

    Args:
        tensors: What it gave: bytes and offsets of strings, and `settings`, each of shape `[N]`.

    Raises:
        BundleError: The tensors are missing, damaged, or of a kind that is not known here.
    """
    if "settings" not in tensors and "by" in tensors:
        return _former(tensors)
    kind = unpacked(tensors.get("settings"), "codec").get("kind")
    if kind in _OTHERS:
        return loaded(_OTHERS[kind]).from_tensors(tensors)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BundleError("codec", f"its kind is {kind!r:.80}", closest(kind, _KINDS))
    return _KINDS[kind](tensors)


def read_codec(path: str | os.PathLike[str]) -> TextCodec:
    """The codec in a file of another tool: `tokenizer.json`, or a sentencepiece model.

    Raises:
        FormatError: It is none of these, missing or damaged.
    """
    where = str(path)
    try:
        with open_regular(path) as file:
            start = file.read(64)
    except OSError as error:
        raise FormatError(where, f"cannot be read ({error.strerror})", "check the path") from error
    if start.lstrip()[:1] == b"{":
        return Subwords.read(path)
    if start[:1] == b"\n":  # the first field of a model's message: a piece
        return SentencePieces.read(path)
    expected = "a tokenizer.json of tokenizers, or a .model of sentencepiece"
    if start.startswith(SPECIALS[0].encode()):
        expected = "such a file; of a vocabulary as the codec Words(Vocabulary.read(path))"
    raise FormatError(where, f"it begins with {start[:16]!r}", expected)


def _former(tensors: Mapping[str, np.ndarray]) -> TextCodec:
    """The codec of a file from before there were steps: characters, or words between spaces."""
    by = np.asarray(tensors["by"]).tolist()
    if by not in ([0], [1]):
        raise BundleError("vocabulary", "it does not say how to cut texts", "save it again")
    vocabulary = Vocabulary.from_tensors(tensors)
    if by == [0]:
        return Characters.of(vocabulary)
    return Words(vocabulary, Steps(form=None, cut="spaces", numbers=False, addresses=False))
