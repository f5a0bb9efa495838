"""Files of words and tags, and of JSON lines: how they are read, and how they are changed."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

from tests.drills.mutations import NUMBERS, value_changed


def read_lines(path: Path) -> None:
    """As CoNLL-U and as columns, written again; as texts."""
    from elman.data import read_tagged, read_texts
    from elman.data.doctor import examined, part_of
    from elman.errors import ElmanError

    failed: ElmanError | None = None
    for form in ("conllu", "columns"):
        try:
            data = read_tagged(path, form=form, labelled=False)
            examined(part_of(data))
            if data.tags is not None:
                again = data.content(data.tags)
                assert data.content() == again or data.file.encoding not in ("utf-8", "utf-16-le")
        except ElmanError as error:
            failed = error
    try:
        examined(part_of(read_texts(path, drop_empty=True)))
    except ElmanError as error:
        failed = error
    if failed is not None:
        raise failed


def lines_changed(draws: random.Random, content: bytes) -> bytes:
    """Fields or whole lines are others."""
    lines = content.decode().split("\n")
    words = (*NUMBERS, "", " ", "\t", "#", "# sent_id = ", "1-2", "1.1", "0", "\r", "\u2028", "\0")
    words += ("# global.columns = ID FORM", "# global.columns =", "-DOCSTART-", "a" * 70_000)
    for _ in range(draws.randint(1, 5)):
        row = draws.randrange(len(lines))
        if draws.random() < 0.3:
            lines[row] = draws.choice(words)
            continue
        cells = lines[row].split("\t")
        cells[draws.randrange(len(cells))] = draws.choice(words)
        lines[row] = draws.choice("\t\t\t ").join(cells)
    text = draws.choice(("\n", "\n", "\r\n", "\r")).join(lines)
    encoding = draws.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-7"))
    made = text.encode(encoding, "replace")
    return gzip.compress(made) if draws.random() < 0.2 else made


def objects_changed(draws: random.Random, content: bytes) -> bytes:
    """Values of the objects on lines are others."""
    lines = content.decode().split("\n")
    row = draws.randrange(len(lines))
    if lines[row]:
        lines[row] = json.dumps(value_changed(draws, json.loads(lines[row])))
    return "\n".join(lines).encode("utf-8", "surrogatepass")
