"""A language model of a transcriber's labels, and what is made more likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.decoding import Hotwords, LabelModel
from elman.errors import ArgumentError
from elman.printable import quoted
from elman.runtime.transcribing.transcript import label_of, spoken_ids
from elman.runtime.writing.stepping import Steps
from elman.transforms.text import TextCodec

__all__ = ["hotwords_of", "label_model"]


def label_model(generator: Any, codec: TextCodec) -> LabelModel:
    """A `GeneratorModel`, or a fitted `Generator`, as what says how labels go on.

    Its codec must have the labels as tokens, by the text that each shows; what it does not know is
    its unknown token.

    Args:
        generator: It reads forward.
        codec: Of the labels.

    Raises:
        ArgumentError: It reads from the end, or has no such tokens.
    """
    generator = getattr(generator, "model_", generator)  # of an estimator what it has learnt
    task = getattr(generator, "task", None)
    if task != "generator" or generator.framing.backward:
        found = "one that reads backward" if task == "generator" else f"found {generator!r:.60}"
        found = f"a {task}" if task not in (None, "generator") else found
        raise ArgumentError("language_model", found, "a generator that reads forward")
    known = {token: k for k, token in enumerate(generator.codec.tokens)}
    unknown = generator.codec.unknown
    special = {codec.unknown, codec.go, codec.eos}
    places = [known.get(token, -1) for token in codec.tokens]
    lacking = [token for k, token in enumerate(codec.tokens) if places[k] < 0 and k not in special]
    real = len(codec) - len(special - {None})
    if lacking and (unknown is None or len(lacking) == real):
        found = f"its codec ({generator.codec.describe()}) has no {quoted(lacking[:3])}"
        raise ArgumentError("language_model", found, f"one of {codec.describe()}")
    tokens = np.array([0, *(unknown or 0 if place < 0 else place for place in places)])
    steps = Steps(generator.network)
    state = steps.state(generator.network.initial_state(1))
    return LabelModel(steps, state, generator.framing.go, tokens, generator.framing.eos)


def hotwords_of(words: Sequence[str], codec: TextCodec, boost: float) -> Hotwords | None:
    """Texts that are made more likely; None where there are none.

    Raises:
        ArgumentError: One is empty, or has what no label stands for.
    """
    if isinstance(words, str):
        raise ArgumentError("hotwords", f"found the text {words!r:.60}", "a list of texts")
    listed = []
    for n, word in enumerate(words):
        ids, unknown = spoken_ids(codec, word)
        if unknown or not len(ids):
            found = f"{word!r:.60} has what no label stands for" if unknown else "an empty text"
            raise ArgumentError(f"hotwords[{n}]", found, "texts of labels that were learnt")
        listed.append(label_of(ids).tolist())
    return Hotwords(listed, boost) if listed else None
