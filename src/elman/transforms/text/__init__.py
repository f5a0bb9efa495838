"""Texts as token ids and back: characters, words, subwords."""

from elman.transforms.text.characters import Characters
from elman.transforms.text.codec import EOS, GO, UNKNOWN, TextCodec, require_codec
from elman.transforms.text.fitting import fit_codec
from elman.transforms.text.growing import grown
from elman.transforms.text.reading import codec_from_tensors, read_codec
from elman.transforms.text.sentencepieces import SentencePieces
from elman.transforms.text.steps import Steps
from elman.transforms.text.subwords import Subwords
from elman.transforms.text.vocabulary import Vocabulary, write_tokens
from elman.transforms.text.words import Words

__all__ = [
    "EOS",
    "GO",
    "UNKNOWN",
    "Characters",
    "SentencePieces",
    "Steps",
    "Subwords",
    "TextCodec",
    "Vocabulary",
    "Words",
    "codec_from_tensors",
    "fit_codec",
    "grown",
    "read_codec",
    "require_codec",
    "write_tokens",
]
