"""The end of a training from the command line: pictures, the report, and what is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from elman import plots
from elman.cli.console import note, print_json
from elman.errors import ArgumentError
from elman.printable import closest

__all__ = ["asked_item", "check_picture", "conclude", "save_figures"]

_UNTESTED = "No test part was read: give --test DATA, or a --test-share."


def check_picture(request: Any, model: Any, pictures: tuple[str, ...]) -> None:
    """`ArgumentError` unless the model has the picture that is asked for."""
    if request.kind not in pictures:
        found = f"a {model.task} has no picture {request.kind!r}"
        raise ArgumentError("KIND", found, closest(request.kind, ("curves", *pictures)))


def asked_item(request: Any, count: int) -> int:
    """Which of the items is to be drawn: the first, or the one that was asked for.

    Raises:
        ArgumentError: There is none of that number.
    """
    index = request.index or 0
    if not 0 <= index < count:
        raise ArgumentError("--index", f"found {index}", f"0 to {count - 1}")
    return index


def save_figures(figures: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write pictures into a folder by their names; gives their paths."""
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        plots.save(figure, paths[-1])
    return paths


def conclude(
    result: Mapping[str, Any],
    folder: Any,
    drawn: list[Path],
    json: bool,
    report_text: Callable[..., str],
    print_scores: Callable[[Mapping[str, Any]], None],
    untested: str = _UNTESTED,
) -> None:
    """Write the report, print the result, and say where everything is.

    Args:
        result: Of the training; its `test` is what `evaluate` said, if a test part was read.
        folder: The run's.
        drawn: The pictures in it.
        json: Whether the whole result is printed, as JSON.
        report_text: Of the result and the pictures, as paths below the folder.
        print_scores: Prints the scores of the test part.
        untested: What is said where there was none.
    """
    folder.write_report(report_text(result, [path.relative_to(folder.path) for path in drawn]))
    if json:
        print_json(result)
    elif "test" in result:
        print_scores(result["test"])
    else:
        note(untested)
    note(f"Model: {folder.model}")
    note(f"Report: {folder.report}")
    for path in drawn:
        note(f"Picture: {path}")
