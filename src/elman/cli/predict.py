"""`elman predict`: a model's answers, with the base install alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import elman
from elman.cli.console import note, print_rows
from elman.cli.options import DataOption, JsonOption, ModelPath, PartOption, own_options, takes
from elman.cli.works import options_of_works, work_for
from elman.errors import DataError
from elman.printable import many
from elman.registry import known_tasks
from elman.run_files import model_file

__all__ = ["predict"]


def predict(
    model: ModelPath,
    data: DataOption,
    part: PartOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file instead of stdout.")] = None,
    json: JsonOption = False,
    **given: Any,
) -> None:
    """Print a model's answer for each sequence; of series how each goes on.

    Needs no torch. Of a folder of sounds a file that cannot be read is told at the end, and the
    exit code is 1: the others have their answers.

    Example: `elman predict runs/digits/model.elman --data new.csv --out answers.csv`
    """
    answering = elman.load(model_file(model))
    work = work_for(answering)
    known = {**work.reading["predict"], **answering.answer_options}
    own = own_options(given, known, f"a {answering.task}")
    found = work.answers(answering, data, part, **own)
    for sentence in found.notes:
        note(f"Note: {sentence}")
    print_rows(found.rows, out, json, found.what)
    if found.failed:
        first = f"could not be read and have no answer; the first: {found.failed[0]}"
        raise DataError(data, f"{many(len(found.failed), 'file')} {first}", "whole files")


takes(
    predict,
    *options_of_works("predict"),
    *((row.name.capitalize(), row.load_model().answer_options) for row in known_tasks()),
)
