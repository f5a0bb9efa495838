"""`elman transcribe`: what is said in files of sound."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import elman
from elman import plots
from elman.cli.console import note, print_json
from elman.cli.drawing import ThemeOption, drawing
from elman.cli.options import ModelPath, takes
from elman.cli.works.sounds import SEARCH, asked_of, spoken_figure
from elman.data.readers.sound import read_sound, sounds_in
from elman.errors import ArgumentError, ElmanError
from elman.printable import many, printable
from elman.run_files import model_file
from elman.runtime.transcriber import TranscriberModel

__all__ = ["transcribe", "transcriber_at"]


def transcriber_at(path: Any) -> TranscriberModel:
    """The transcriber of sounds at a path; `ArgumentError` if it is another model."""
    model = elman.load(model_file(path))
    if not isinstance(model, TranscriberModel) or model.sound is None:
        features = isinstance(model, TranscriberModel)
        found = "a transcriber of features" if features else f"a {model.task}"
        raise ArgumentError("MODEL", found, "a transcriber of sounds: elman train transcriber")
    return model


def transcribe(
    model: ModelPath,
    files: Annotated[
        list[Path], typer.Argument(help="Files of sound (.wav, .flac and others) or folders.")
    ],
    n_best: Annotated[
        int | None, typer.Option(help="Print so many answers for each, the best one first.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw what is heard over time in the first file there.")
    ] = None,
    theme: ThemeOption = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print an object a line, with labels and their times.")
    ] = False,
    **given: Any,
) -> None:
    """Print what is said in files of sound, a line each. Needs no torch.

    Of a folder each file of sound in it. Of several files each line begins with the file's name
    and a tab. A file that cannot be read is
    named on standard error, the others are done, and the exit code is 1.

    Example: `elman transcribe runs/digits call.wav --json`
    """
    hearing = transcriber_at(model)
    plots.check_theme(theme)
    if picture is not None:
        plots.file_kind(picture)  # before anything takes minutes
    asked = {**asked_of(given), **({} if n_best is None else {"n_best": n_best})}
    hearing.searching(**asked)  # likewise
    failed, paths = 0, [one for path in files for one in _expanded(path)]
    for path in paths:
        try:
            data = read_sound(path, rate=hearing.sound.rate if hearing.sound else None)
            (found,) = hearing.transcribe(data, **asked)
        except ElmanError as error:
            failed += 1
            note(f"{path}: not transcribed: {error}")
            continue
        for sentence in data.notes:
            note(f"Note: {sentence}")
        answers = found if isinstance(found, list) else [found]
        for one in answers:
            _write(path if len(paths) > 1 else None, one, json)
        if picture is not None and hearing.heard(data).sequences.lengths.any():
            with drawing(theme):
                plots.save(spoken_figure(hearing, data), picture)
            note(f"Picture of {path}: {picture}")
            picture = None
    if picture is not None:
        note("No picture: no file has a step")
    if failed:
        note(f"{failed:,} of {many(len(paths), 'file')} could not be transcribed")
        raise typer.Exit(1)


def _expanded(path: Path) -> list[Path]:
    return sounds_in(path) if path.is_dir() else [path]


def _write(path: Path | None, found: Any, json: bool) -> None:
    if json:
        print_json({**({} if path is None else {"file": str(path)}), **found.to_dict()}, line=True)
        return
    text = " ".join(found.text.split())
    line = text if path is None else f"{path}\t{text}"
    sys.stdout.write(f"{printable(line)}\n")
    sys.stdout.flush()


takes(transcribe, ("Search", SEARCH))
