"""Data as their doctor looks at them: what is in a row, hashed; lengths, labels, words, damage."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.pairs import Pairs
from elman.data.readers.conll import holds_tags
from elman.data.tables.dialect import encoding_of
from elman.data.tables.reader import is_table
from elman.data.tagged import TaggedSentences
from elman.data.texts import LabelledTexts
from elman.errors import FormatError

__all__ = ["PLACEHOLDERS", "Part", "encodings_of", "part_of", "prints_of", "signs_in"]

Pieces = Callable[[str], Iterable[str]]
"""A text as its words."""

PLACEHOLDERS = ("[NUM]", "[URL]")
"""What stands for numbers and addresses among the words."""
_MARK = "\ufffd"  # stands where a letter could not be read
_TWICE = ("Ã", "Â", "â€")  # what UTF-8 looks like that was read as Western: Ã©, Â°, â€™


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of data as far as their doctor looks at them.

    Attributes:
        name: Where they come from.
        noun: What a row is: "text".
        where: What messages call a row.
        prints: int64 `[N]`, a hash of what is in each.
        alike: The same of texts whose capitals and blanks do not count; else as `prints`.
        labels: A text for each row `[N]`; None where nothing is known, or where it is no class.
        lengths: Of each row, by unit: int64 `[N]`.
        words: How often each word stands in all; None where there are none.
        replaced: How many of the words are numbers and addresses, by what stands for them.
        signs: How many rows hold what may be damage, by what it is.
        empty: Rows that hold nothing.
        notes: What was said when they were read.
        pairs: The rows themselves, where each is a source with its target; else None.
    """

    name: str
    noun: str
    where: Callable[[int], str]
    prints: np.ndarray
    alike: np.ndarray
    labels: np.ndarray | None
    lengths: Mapping[str, np.ndarray]
    words: Counter[str] | None = None
    replaced: Mapping[str, int] = field(default_factory=dict)
    signs: Mapping[str, int] = field(default_factory=dict)
    empty: int = 0
    notes: tuple[str, ...] = ()
    pairs: Pairs | None = None


def part_of(
    data: LabelledTexts | TaggedSentences | LabelledSequences, pieces: Pieces = str.split
) -> Part:
    """Data as their doctor looks at them.

    Args:
        data: Texts, tagged sentences or sequences.
        pieces: How a text is cut into words.
    """
    if isinstance(data, LabelledTexts):
        return _of_texts(data, pieces)
    if isinstance(data, TaggedSentences):
        return _of_sentences(data, pieces)
    return _of_sequences(data)


def encodings_of(path: str | os.PathLike[str], told: str | None = None) -> dict[str, int]:
    """How many of the text files at a path are of which encoding, as Python calls it.

    Args:
        path: A file, or a folder with files in it and in its subfolders.
        told: The encoding of all of them.
    """
    source = Path(path)
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    found: Counter[str] = Counter()
    for file in files:
        if not file.is_file() or not _is_plain(file):
            continue
        try:
            found[encoding_of(file, str(file), told).removesuffix("-sig")] += 1
        except FormatError:
            found["unknown"] += 1
    return dict(found.most_common())


def _is_plain(file: Path) -> bool:
    """Whether a file is, by its name, a text: read line by line."""
    name = file.name.lower()
    if name.endswith(".parquet") or name.startswith((".", "_")):
        return False
    return is_table(file) or holds_tags(file) or not file.suffix


def _of_texts(data: LabelledTexts, pieces: Pieces) -> Part:
    words: Counter[str] = Counter()
    counts = np.zeros(len(data), dtype=np.int64)
    signs: Counter[str] = Counter()
    for row, text in enumerate(data.texts):
        found = list(pieces(text))
        words.update(found)
        counts[row] = len(found)
        signs.update(signs_in(text))
    alike = [" ".join(text.casefold().split()) for text in data.texts]
    characters = np.array([len(text) for text in data.texts], dtype=np.int64)
    labels = None
    if data.labels is not None and data.labels.dtype.kind != "f":
        labels = _as_texts(data.labels, data.label_names)
    return Part(
        data.name,
        "text",
        data.where,
        prints_of(map(_encoded, data.texts)),
        prints_of(map(_encoded, alike)),
        labels,
        {"words": counts, "characters": characters},
        words,
        {name: words[name] for name in PLACEHOLDERS},
        signs,
        data.empty,
        data.notes,
    )


def _of_sentences(data: TaggedSentences, pieces: Pieces) -> Part:
    words = Counter(word for sentence in data.words for word in sentence)
    replaced = Counter[str](dict.fromkeys(PLACEHOLDERS, 0))
    for word, count in words.items():
        found = [*pieces(word)]
        if found != [word] and len(found) == 1 and found[0] in PLACEHOLDERS:
            replaced[found[0]] += count
    prints = prints_of(_encoded("\t".join(sentence)) for sentence in data.words)
    alike = prints_of(_encoded("\t".join(sentence).casefold()) for sentence in data.words)
    labels = None if data.tags is None else np.array(["\t".join(row) for row in data.tags], object)
    lengths = np.array([len(sentence) for sentence in data.words], dtype=np.int64)
    signs = Counter(sign for row in data.words for sign in signs_in(" ".join(row)))
    return Part(
        data.name,
        "sentence",
        data.where,
        prints,
        alike,
        labels,
        {"words": lengths},
        words,
        replaced,
        signs,
        notes=data.notes,
    )


def _of_sequences(data: LabelledSequences) -> Part:
    prints = prints_of(np.ascontiguousarray(row).tobytes() for row in data.sequences.rows())
    labels = data.labels
    told = labels is not None and labels.dtype.kind not in "fO"
    return Part(
        data.name,
        "sequence",
        lambda row: f"{data.name}, sequence {data.ids[row]!r}",
        prints,
        prints,
        _as_texts(labels, ()) if labels is not None and told else None,
        {"steps": data.sequences.lengths},
        empty=int((data.sequences.lengths == 0).sum()),
        notes=data.notes,
    )


def _as_texts(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """A text for each row's label; of several those that it has."""
    if labels.ndim == 1:
        return labels.astype(str).astype(object)
    called = names or [str(k) for k in range(labels.shape[1])]
    rows = [" ".join(name for name, has in zip(called, row, strict=True) if has) for row in labels]
    return np.array(rows, dtype=object)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def prints_of(contents: Iterable[bytes]) -> np.ndarray:
    """A hash of each content: int64 `[N]`."""
    digests = (hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(b"".join(digests), dtype="<i8")


def signs_in(text: str) -> list[str]:
    """What in a text may be damage."""
    found = []
    if _MARK in text:
        found.append(f"{_MARK}, where a letter could not be read")
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        found.append("letters not in Unicode's composed form (NFC)")
    if any(sign in text for sign in _TWICE):
        found.append("what looks like UTF-8 read in another encoding (Ã©, â€™)")
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\n\r" for sign in set(text)):
        found.append("control characters")
    return found
