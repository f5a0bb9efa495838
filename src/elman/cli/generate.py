"""`elman generate`: a language model writes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

import elman
from elman.cli.console import note, print_json
from elman.cli.options import JsonOption, ModelPath, takes
from elman.decoding import SearchOptions
from elman.errors import ArgumentError
from elman.parameters import told
from elman.printable import many, printable
from elman.run_files import model_file
from elman.runtime import GeneratorModel
from elman.runtime.writing.writer import GeneratedText

__all__ = ["generate", "generator_at"]

_OPTIONS = {name: one for name, one in told(SearchOptions).items() if one.kind is not None}


def generator_at(path: Any) -> GeneratorModel:
    """The language model at a path; `ArgumentError` if it is another one."""
    model = elman.load(model_file(path))
    if not isinstance(model, GeneratorModel):
        raise ArgumentError("MODEL", f"a {model.task}", "a generator: elman train generator")
    return model


def generate(
    model: ModelPath,
    prefix: Annotated[str, typer.Option(help="What stands before.")] = "",
    n: Annotated[int, typer.Option("--n", help="How many texts, each drawn by itself.")] = 1,
    expression: Annotated[
        str | None, typer.Option(help="A regular expression that the text matches.")
    ] = None,
    stop: Annotated[
        list[str] | None, typer.Option(help="A text ends with this string; may be given again.")
    ] = None,
    json: JsonOption = False,
    **given: Any,
) -> None:
    """Write how a text goes on, as it comes. Needs no torch.

    The same prefix and --seed give the same text. Why a text ended is said on standard error.

    Example: `elman generate runs/plays --prefix "First Citizen:" --temperature 0.8`
    """
    writing = generator_at(model)
    chosen = {
        name: _OPTIONS[name].kind.read(name, value)  # pyright: ignore
        for name, value in given.items()
        if value is not None
    }
    options, asked = SearchOptions(**chosen), {"expression": expression, "stop": stop or ()}
    if json:
        found = writing.generate(prefix, n=n, options=options, **asked)
        print_json([one.to_dict() for one in found])
    elif n == 1 and options.beam_size == 1:
        _stream(writing, prefix, options, asked)
    else:
        for number, one in enumerate(writing.generate(prefix, n=n, options=options, **asked)):
            _write(("\n" * bool(number)) + prefix + one.text + "\n")
            note(f"[{number + 1}: {_why(one.ended, len(one.tokens))}]")
            _tell(one)


def _stream(model: GeneratorModel, prefix: str, options: SearchOptions, asked: Any) -> None:
    """One text, piece by piece."""
    search = model.search(prefix, options=options, **asked)
    _write(prefix)
    for part in model.writer.stream(search, model.steps(), prefix):
        _write(part)
    _write("\n")
    one = model.texts_of(search, prefix)[0]
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


takes(generate, ("Writing", {name: (one.kind.option, one.text) for name, one in _OPTIONS.items()}))  # pyright: ignore
