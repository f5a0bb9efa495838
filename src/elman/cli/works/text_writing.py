"""What `elman generate` prints of a language model's texts."""

from __future__ import annotations

import sys

from elman.cli.console import note, print_json
from elman.cli.works import Writing
from elman.files import replace_file
from elman.printable import many, printable
from elman.runtime import GeneratorModel
from elman.runtime.writing.writer import GeneratedText

__all__ = ["write_texts"]


def write_texts(model: GeneratorModel, asked: Writing) -> None:
    """Texts as they come, or as JSON, or into a file."""
    if asked.json or asked.out is not None or asked.n != 1 or asked.options.beam_size > 1:
        found = model.generate(asked.prefix, n=asked.n, options=asked.options, **asked.constraints)
        _write_whole(found, asked)
    else:
        _stream(model, asked)


def _write_whole(found: list[GeneratedText], asked: Writing) -> None:
    """Texts that are there."""
    if asked.json:
        print_json([one.to_dict() for one in found])
        return
    if asked.out is not None:
        content = "\n".join(asked.prefix + one.text + "\n" for one in found)
        replace_file(asked.out, content.encode("utf-8", "surrogatepass"))
        note(f"{many(len(found), 'text')} in {asked.out}")
    for number, one in enumerate(found):
        if asked.out is None:
            _write(("\n" * bool(number)) + asked.prefix + one.text + "\n")
        note(f"[{number + 1}: {_why(one.ended, len(one.tokens))}]")
        _tell(one)


def _stream(model: GeneratorModel, asked: Writing) -> None:
    """One text, piece by piece."""
    search = model.search(asked.prefix, options=asked.options, **asked.constraints)
    _write(asked.prefix)
    for part in model.writer.stream(search, model.steps(), asked.prefix):
        _write(part)
    _write("\n")
    one = model.texts_of(search, asked.prefix)[0]
    note(f"[{_why(one.ended, len(one.tokens))}]")
    _tell(one)


def _tell(one: GeneratedText) -> None:
    """What is to be known of a text."""
    for sentence in one.unmet:
        note(f"Note: {sentence}")
    if one.unknown:
        tokens = many(one.unknown, "token")
        note(f"Note: {tokens} of --prefix, which the model does not know, read as <unk>")


def _why(ended: str, tokens: int) -> str:
    said = {
        "eos": "the text ended",
        "stop": "a stop string came",
        "match": "the expression is matched",
        "bound": "the most tokens that were asked for (--max-length)",
        "nothing allowed": "nothing was allowed to follow",
    }
    return f"{tokens:,} tokens; {said.get(ended, ended)}"


def _write(text: str) -> None:
    """To standard output at once; as a terminal may show it, where it is one."""
    shown = printable(text) if sys.stdout.isatty() else text
    sys.stdout.buffer.write(shown.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()
