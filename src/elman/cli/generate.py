"""`elman generate`: a generator writes: texts, or what else it has learnt to write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import elman
from elman.cli.options import JsonOption, ModelPath, own_options, takes
from elman.cli.works import Writing, options_of_works, work_for
from elman.decoding import SearchOptions
from elman.errors import ArgumentError
from elman.parameters import told
from elman.run_files import model_file

__all__ = ["generate"]

_OPTIONS = {name: one for name, one in told(SearchOptions).items() if one.kind is not None}


def generate(
    model: ModelPath,
    prefix: Annotated[str, typer.Option(help="What stands before.")] = "",
    n: Annotated[int, typer.Option("--n", help="How many, each drawn by itself.")] = 1,
    expression: Annotated[
        str | None, typer.Option(help="A regular expression that the text matches.")
    ] = None,
    stop: Annotated[
        list[str] | None, typer.Option(help="A text ends with this string; may be given again.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a file instead of stdout.")] = None,
    json: JsonOption = False,
    **given: Any,
) -> None:
    """Write how something goes on: a text as it comes. Needs no torch.

    The same prefix and --seed give the same. Why a text ended is said on standard error.

    Example: `elman generate runs/plays --prefix "First Citizen:" --temperature 0.8`
    """
    answering = elman.load(model_file(model))
    work = work_for(answering)
    if not hasattr(work, "generate"):
        raise ArgumentError("MODEL", f"a {answering.task}", "a generator: elman train generator")
    chosen = {
        name: _OPTIONS[name].kind.read(name, given[name])  # pyright: ignore
        for name in _OPTIONS
        if given[name] is not None
    }
    besides = {name: value for name, value in given.items() if name not in _OPTIONS}
    own = own_options(besides, work.reading.get("generate", {}), f"one of {work.title.lower()}")
    constraints = {"expression": expression, "stop": tuple(stop or ())}
    work.generate(
        answering, Writing(prefix, n, SearchOptions(**chosen), chosen, constraints, out, json, own)
    )


takes(
    generate,
    ("Writing", {name: (one.kind.option, one.text) for name, one in _OPTIONS.items()}),  # pyright: ignore
    *options_of_works("generate"),
)
