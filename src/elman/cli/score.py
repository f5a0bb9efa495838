"""`elman score`: how surprising each token of a text is to a language model."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.console import note, print_rows
from elman.cli.generate import generator_at
from elman.cli.options import JsonOption, ModelPath
from elman.data.sets.documents import load_documents
from elman.errors import DataError
from elman.printable import many

__all__ = ["score"]

LONGEST = 2**26
"""Bytes of a text at most."""


def score(
    model: ModelPath,
    data: Annotated[
        Path | None, typer.Option(help="A file; else what comes on standard input.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file instead of stdout.")] = None,
    json: JsonOption = False,
) -> None:
    """Print each token of a text with its surprise in bits. Needs no torch.

    Example: `elman score runs/plays < scene.txt`
    """
    scoring = generator_at(model)
    text = _text(data)
    found = scoring.score_tokens(text)

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
    if found.unknown:
        tokens = many(found.unknown, "token")
        note(
            f"Note: {tokens} that the model does not know count as <unk>, easier than what is there"
        )


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
