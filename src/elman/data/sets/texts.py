"""The texts of the catalogue by name, with what is to be learnt about each, and the tagged ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.readers.conll import parse_tagged, read_tagged
from elman.data.readers.text import read_texts
from elman.data.sets import catalogue
from elman.data.sets.splitting import split_by_hash
from elman.data.tagged import TaggedSentences
from elman.data.texts import LabelledTexts
from elman.errors import ArgumentError, DataError
from elman.parameters import given_of
from elman.printable import many

__all__ = ["load_tagged", "load_texts", "tagged_names", "text_names"]

_TREEBANK = "ud_english_ewt"


def text_names() -> tuple[str, ...]:
    """The names that `load_texts` takes, sorted."""
    return tuple(sorted(_LOADERS))


def tagged_names() -> tuple[str, ...]:
    """The names that `load_tagged` takes, sorted."""
    return (_TREEBANK,)


def load_texts(source: Any, part: str | None = None, **told: Any) -> LabelledTexts:
    """Texts by name, or from a file, a folder or a frame.

    `movie_reviews/sentences` are 10,662 sentences, `movie_reviews/reviews` 2,000 whole reviews,
    `neg` or `pos`; `names_by_language` are 18 languages' names, each pair of name and language
    once. None has a test part of its own: of each class the fifth part whose numbers hash lowest
    is the test part, the same on every machine.

    Args:
        source: A name from `text_names()`, or what `elman.data.read_texts` takes.
        part: Of a name: 'train' (also for None), 'test' or 'all'; else as `read_texts` has it.
        told: Options of `read_texts`.

    Raises:
        ArgumentError, DataError, FormatError: As of `read_texts`, or there is no such part.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    if not isinstance(source, str) or source not in _LOADERS:
        _check_source(source, text_names())
        return read_texts(source, part=part, **told)
    _check_untold(source, told)
    whole = _LOADERS[source](source)
    if part == "all":
        return whole
    if part not in (None, "train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'test' or 'all'")
    assert whole.labels is not None
    return whole.select(split_by_hash(whole.labels, part or "train"))


def load_tagged(source: Any, part: str | None = None, **told: Any) -> TaggedSentences:
    """Sentences with tags by name, or from a file.

    Args:
        source: A name from `tagged_names()`, or what `elman.data.read_tagged` takes.
        part: Of a name: 'train' (also for None), 'dev' or 'test'; of a file None.
        told: Options of `read_tagged`.

    Raises:
        ArgumentError, DataError, FormatError: As of `read_tagged`, or there is no such part.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    if source not in tagged_names():
        _check_source(source, tagged_names())
        if part not in (None, "train"):
            raise ArgumentError("part", f"found {part!r}", f"None: {source} has no parts")
        return read_tagged(source, **told)
    if part not in (None, "train", "dev", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'dev' or 'test'")
    path = f"en_ewt-ud-{part or 'train'}.conllu"
    content = catalogue.contents(source, [path])[path]
    return replace(parse_tagged(content, path, form="conllu", **told), name=source)


def _check_source(source: Any, names: tuple[str, ...]) -> None:
    """`DataError` for a name that is none of these, and no path."""
    if not isinstance(source, str) or os.path.exists(source):
        return
    whole = source.partition("/")[0]
    if whole in catalogue.names():
        inside = [name for name in names if name.partition("/")[0] == whole]
        raise DataError(
            f"data set {source!r}",
            "is not one set of these",
            f"use {' or '.join(inside)}" if inside else f"see: elman data show {whole}",
        )


def _check_untold(name: str, told: dict[str, Any]) -> None:
    given = given_of(told)
    if given:
        raise ArgumentError(", ".join(given), f"does not apply to {name}", "leave it out")


def _sentences(name: str) -> LabelledTexts:
    paths = {label: f"rt-polarity.{label}" for label in ("neg", "pos")}
    found = catalogue.contents("movie_reviews", paths.values())
    lines = {label: _lines(found[path]) for label, path in paths.items()}
    return _labelled(name, lines)


def _reviews(name: str) -> LabelledTexts:
    members = [
        member.path
        for file in catalogue.manifest("movie_reviews").files
        for member in file.members
        if member.path.endswith(".txt") and member.path.startswith("txt_sentoken/")
    ]
    found = catalogue.contents("movie_reviews", members)
    texts: dict[str, list[str]] = {"neg": [], "pos": []}
    ids: dict[str, list[str]] = {"neg": [], "pos": []}
    for path in members:
        label, file = path.split("/")[1:]
        texts[label].append(found[path].decode("utf-8"))
        ids[label].append(f"{label}/{file}")
    return _labelled(name, texts, [*ids["neg"], *ids["pos"]])


def _names(name: str) -> LabelledTexts:
    members = [each.path for file in catalogue.manifest(name).files for each in file.members]
    found = catalogue.contents(name, members)
    lines, more = {}, 0
    for path in sorted(found):
        every = _lines(found[path])
        lines[path.rpartition("/")[2].removesuffix(".txt")] = list(dict.fromkeys(every))
        more += len(every) - len(dict.fromkeys(every))
    note = f"{name}: {many(more, 'name')} left out that a language has twice"
    return replace(_labelled(name, lines), notes=(note,))


_LOADERS: dict[str, Callable[[str], LabelledTexts]] = {
    "movie_reviews/reviews": _reviews,
    "movie_reviews/sentences": _sentences,
    "names_by_language": _names,
}


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8").removesuffix("\n").split("\n")


def _labelled(
    name: str, by_class: dict[str, list[str]], ids: list[str] | None = None
) -> LabelledTexts:
    texts = [text for some in by_class.values() for text in some]
    labels = [label for label, some in by_class.items() for _ in some]
    names = ids or [str(k) for k in range(len(texts))]
    return LabelledTexts(tuple(texts), np.array(labels), tuple(names), name)
