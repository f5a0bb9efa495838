"""Arguments and options that several verbs share."""

from __future__ import annotations

import inspect
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.completion import sets, usual
from elman.data import LabelledSequences
from elman.data.readers import has_parts, options_of, read_text_sequences, texts_asked
from elman.data.readers.remembered import fitting
from elman.data.sets import labelled
from elman.data.tables.dialect import Dialect
from elman.errors import ArgumentError, DataError
from elman.parameters import given_of
from elman.parameters import told as told_of

__all__ = ["WRITTEN", "DataOption", "JsonOption", "ModelPath", "PartOption"]
__all__ += ["options_from", "own_options", "read_data", "read_labelled", "scored_part", "takes"]

ModelPath = Annotated[
    Path, typer.Argument(help="A model file (model.elman), or the folder of a run.")
]
DataOption = Annotated[
    str,
    typer.Option(
        "--data",
        "--source",
        autocompletion=sets,
        help="A set's name (see `elman data list`), or a path: a table (.csv, .tsv, .jsonl, "
        ".parquet), a folder of such, .ts, .npz, words and tags (.conllu, .conll), an idx pair, "
        "files of sound.",
    ),
]
PartOption = Annotated[
    str | None,
    typer.Option(
        help="train or test: of a named set (default: test), or of the file that was trained on "
        "(default: test, where a share was held out); all: the whole file."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def options_from(cls: type) -> dict[str, tuple[Any, str]]:
    """The parameters of a dataclass as options of a command: type and help by name."""
    return {name: (one.kind.option, one.text) for name, one in told_of(cls).items() if one.kind}


WRITTEN: Mapping[str, tuple[Any, str]] = options_from(Dialect)
"""What may be told of how a text table is written."""


def read_data(
    source: str, part: str | None, told: Mapping[str, Any], table: Mapping[str, Any]
) -> LabelledSequences:
    """What `--data`, `--part` and the table's options name.

    Args:
        source: A set's name or a path.
        part: Of the set.
        told: What the command line says of it, as `elman.data.read` takes it.
        table: What else is known, of which a file takes what concerns it.
    """
    if source in labelled.labelled_names() or not os.path.exists(source):
        return labelled.load(source, part, **told)
    table = fitting(source, table, told)
    if texts_asked(source, {**table, **told}):
        return read_text_sequences(source, part, {**table, **told})
    known = options_of(source, told)
    besides = {name: value for name, value in table.items() if name in known}
    return labelled.load(source, part, **{**besides, **told})


def read_labelled(
    source: str, part: str | None, told: Mapping[str, Any], table: Mapping[str, Any]
) -> LabelledSequences:
    """As `read_data`, where labels are needed."""
    data = read_data(source, part, told, table)
    if data.labels is None:
        raise DataError(data.name, "holds no labels", "name their column with --label")
    return data


def scored_part(source: str) -> str | None:
    """The part that a score is read on: a set's test part; None of what has no parts."""
    return "test" if source in labelled.labelled_names() or has_parts(source) else None


def takes(
    command: Any,
    *groups: tuple[str | None, Mapping[str, tuple[Any, str]]],
    words: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Give a command whose last parameter is `**given` options of its own.

    Args:
        command: A function.
        groups: Titles (None: with the others), and for each option its type and help by name. Of
            two of one name the first counts.
        words: Of options whose values are some words, these.
    """
    plain = inspect.signature(command, eval_str=True).parameters.values()
    listed = {p.name: p for p in plain if p.kind is not inspect.Parameter.VAR_KEYWORD}
    for title, options in groups:
        for name, (kind, text) in options.items():
            listed.setdefault(
                name,
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=None,
                    annotation=Annotated[
                        kind | None,
                        typer.Option(
                            help=text,
                            rich_help_panel=title,
                            autocompletion=usual(name, (words or {}).get(name, ())),
                        ),
                    ],
                ),
            )
    command.__signature__ = inspect.Signature([*listed.values()])


def own_options(given: Mapping[str, Any], known: Collection[str], kind: str) -> dict[str, Any]:
    """Of options those that a kind of model has.

    Args:
        given: Their values; None or False where they were not given.
        known: The names of its own.
        kind: As "a forecaster".

    Raises:
        ArgumentError: One of another kind was given.
    """
    for name in given_of(given):
        if name not in known:
            where = f"--{name.replace('_', '-')}"
            raise ArgumentError(where, f"{kind} has no such option", "leave it out")
    return {name: given[name] for name in known if name in given}
