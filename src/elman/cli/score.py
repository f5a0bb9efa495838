"""`elman score`: how surprising texts are to a language model, or targets to a translator."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import elman
from elman.cli.console import note, print_rows
from elman.cli.options import JsonOption, ModelPath
from elman.data import read_pairs
from elman.data.sets.documents import load_documents
from elman.errors import ArgumentError, DataError
from elman.printable import many
from elman.run_files import model_file
from elman.runtime import GeneratorModel, TranslatorModel

__all__ = ["score"]

LONGEST = 2**26
"""Bytes of a text at most."""


def score(
    model: ModelPath,
    data: Annotated[
        Path | None, typer.Option(help="A file; else what comes on standard input.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="Translators: a file with a source a line.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option(help="Translators: a file with what was written for each.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file instead of stdout.")] = None,
    json: JsonOption = False,
) -> None:
    """Print how surprising a text is, token by token; or targets, pair by pair. Needs no torch.

    A generator scores a text, in bits a token. A translator scores given pairs, in nats: each
    target given its source.

    Example: `elman score runs/plays < scene.txt`, `elman score runs/fra --source a --target b`
    """
    found = elman.load(model_file(model))
    if isinstance(found, TranslatorModel):
        if data is not None:
            raise ArgumentError("--data", "a translator scores pairs", "--source and --target")
        _score_pairs(found, source, target, out, json)
        return
    for name, given in (("--source", source), ("--target", target)):
        if given is not None:
            raise ArgumentError(name, f"a {found.task} scores texts", "--data, or standard input")
    if not isinstance(found, GeneratorModel):
        raise ArgumentError("MODEL", f"a {found.task}", "a generator, or a translator")
    _score_text(found, data, out, json)


def _score_pairs(
    model: TranslatorModel, source: Path | None, target: Path | None, out: Path | None, json: bool
) -> None:
    """A row for each pair of two files of lines."""
    if source is None or target is None:
        name = "--source" if source is None else "--target"
        raise ArgumentError(name, "not given", "two files, line by line: --source a --target b")
    pairs = read_pairs(source, target)
    for sentence in pairs.notes:
        note(f"Note: {sentence}")
    found = model.score_pairs(pairs)
    cut = [len(model.source_codec.encode(text)) > model.longest[0] for text in pairs.source]
    if any(cut):
        which = f"{many(sum(cut), 'source')} cut after {model.longest[0]:,} tokens, the most that "
        note(f"Note: {which}are read; the first: {pairs.where(cut.index(True))}")

    def rows() -> Iterator[dict[str, Any]]:
        for row, one in zip(pairs.rows.tolist(), found, strict=True):
            size, nats = len(one.tokens), float(-one.log_probabilities.sum())
            said = (None, None) if math.isnan(nats) else (round(-nats, 6), round(nats / size, 6))
            yield {"line": row + 1, "tokens": size, "log_probability": said[0],
                   "nats_per_token": said[1]}  # fmt: skip

    print_rows(rows(), out, json, many(len(pairs), "pair"))
    said = np.concatenate([one.log_probabilities for one in found])
    unread = sum(bool(np.isnan(one.log_probabilities).any()) for one in found)
    if unread:
        note(f"Note: {many(unread, 'source')} without a known token: their targets have no score")
    known = said[~np.isnan(said)]
    if len(known):
        each = float(-known.mean())
        note(f"{each:.4f} nats a token, perplexity {math.exp(min(each, 700)):.4g}")
    _note_unknown(sum(one.unknown for one in found))


def _score_text(model: GeneratorModel, data: Path | None, out: Path | None, json: bool) -> None:
    """A row for each token of a text."""
    text = _text(data)
    found = model.score_tokens(text)

    def rows() -> Iterator[dict[str, Any]]:
        each = zip(found.tokens, found.surprise.tolist(), strict=True)
        for place, (token, bits) in enumerate(each):
            yield {"place": place, "token": token, "bits": round(bits, 6)}

    bits, size = float(found.surprise.sum()), len(text.encode("utf-8", "surrogatepass"))
    print_rows(rows(), out, json, f"{len(found.tokens):,} tokens")
    if size:
        count = len(found.tokens)
        each = bits / count
        note(
            f"{each:.4f} bits a token ({each * math.log(2):.4f} nats, perplexity "
            f"{2 ** min(each, 1000):.4g}), {bits / size:.4f} bits a byte"
        )
    _note_unknown(found.unknown)


def _note_unknown(count: int) -> None:
    if count:
        said = "that the model does not know count as <unk>, easier than what is there"
        note(f"Note: {many(count, 'token')} {said}")


def _text(data: Path | None) -> str:
    if data is not None:
        texts = load_documents(data).texts
        if len(texts) != 1:
            raise DataError(
                str(data), f"holds {len(texts):,} texts", "a file of one: elman predict"
            )
        return texts[0]
    content = sys.stdin.buffer.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise DataError("standard input", f"more than {LONGEST:,} bytes", "a shorter text")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {content[error.start]:#04x} at place {error.start + 1} is no UTF-8"
        raise DataError("standard input", found, "text in UTF-8") from error
