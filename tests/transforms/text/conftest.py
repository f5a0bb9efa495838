"""A codec of each kind, and the merges and models that they stand on."""

from __future__ import annotations

import io
from typing import Any

import pytest

from elman.transforms.text import Characters, SentencePieces, Steps, TextCodec, Words
from tests.transforms.text.small import SMALL

TEXTS = [
    "the dog saw the dogs, again and again",
    "a cat; 3 cats at www.cats.org",
    "the best of all",
]


@pytest.fixture(scope="session")
def codecs(sentencepiece_model) -> dict[str, TextCodec]:
    plain = Steps(form=None, cut="spaces", numbers=False, addresses=False)
    kept = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
    kept |= {"byte_fallback": True, "vocab_size": 330, "add_dummy_prefix": False}
    return {
        "characters": Characters.fit(TEXTS),
        "words": Words.fit(TEXTS),
        "plain words": Words.fit(TEXTS, steps=plain),
        "subwords": SMALL,
        "unigram": SentencePieces(sentencepiece_model(TEXTS * 3, vocab_size=45)),
        "bpe": SentencePieces(sentencepiece_model(TEXTS * 3, model_type="bpe", **kept)),
    }


@pytest.fixture(scope="session")
def sentencepiece_model():
    """Makes the file of a sentencepiece model of some texts."""
    trainer = pytest.importorskip("sentencepiece").SentencePieceTrainer

    def make(texts: list[str], **options: Any) -> bytes:
        written = io.BytesIO()
        usual = {"minloglevel": 3, "num_threads": 1, "hard_vocab_limit": False}
        trainer.train(sentence_iterator=iter(texts), model_writer=written, **usual | options)
        return written.getvalue()

    return make
