"""What a forecaster of paths is worth, as it is printed and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from elman.cli.level import kernels
from elman.cli.works.report_tables import (
    MODEL,
    TRAINED,
    Rows,
    markdown,
    markdown_text,
    print_judged,
    report_lines,
    tested_on,
)
from elman.metrics.displacements import CONSTANT

__all__ = ["path_report_text", "print_paths_judged"]

_UNTESTED = "No test part was read: nothing is known of how good the forecasts are."
_SHOWN = 30  # scenes in a table


def print_paths_judged(result: Mapping[str, Any]) -> None:
    """Tables of the errors, and beside them what is chosen in hindsight; then the verdict."""
    counted = f"{result['windows']:,} windows of {result['seen']} + {result['ahead']} steps"
    print_judged(result, _tables(result), f"{counted}, {kernels()}")


def path_report_text(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """The report in Markdown; arguments as of `report_lines`."""
    return markdown_text(
        report_lines(
            told,
            pictures,
            untested=_UNTESTED,
            judged=_judged(told.get("test")),
            samples=(),
            counted=("scenes", "scene"),
            training={
                "train_windows": "windows of the training part",
                **TRAINED,
                "share": "share of the correction",
            },
        )
    )


def _judged(test: Mapping[str, Any] | None) -> Iterator[str]:
    if test is not None:
        for table in _tables(test):
            yield from ("", *markdown(table))


def _tables(result: Mapping[str, Any]) -> list[Rows]:
    unit = f" in {result['unit']}" if result["unit"] else " in the data's own unit"
    return [
        _errors(result, tested_on(result) + f": ADE and FDE{unit}"),
        _scenes(result, f"By scene: ADE / FDE{unit}"),
        _best(result, f"Apart from these: the best of samples, chosen in hindsight{unit}"),
    ]


def _errors(result: Mapping[str, Any], title: str) -> Rows:
    """The means over scenes, the baselines first."""
    mean = result["mean"]
    rows = [
        [name, *map(_number, (one["ade"], one["fde"]))] for name, one in mean["baselines"].items()
    ]
    rows.append([MODEL, _number(mean["ade"]), _number(mean["fde"])])
    return Rows(["mean over scenes", "ADE", "FDE"], rows, title)


def _scenes(result: Mapping[str, Any], title: str) -> Rows:
    rows = []
    for name, one in list(result["scenes"].items())[:_SHOWN]:
        usual = one["baselines"][CONSTANT]
        rows.append(
            [
                name,
                f"{one['windows']:,}",
                _both(usual),
                _both(one),
                _part(one["ade"], usual["ade"]),
                f"{one['share']:.2f}",
            ]
        )
    headings = ["scene", "windows", CONSTANT, MODEL, "ADE against it", "share"]
    return Rows(headings, rows, title)


def _best(result: Mapping[str, Any], title: str) -> Rows:
    mean = result["mean"]
    best = mean["best_of"]
    rows = [
        [f"best of {best['samples']}", _number(best["ade"]), _number(best["fde"]), ""],
        ["inside the samples' 90 % circle", "", "", f"{100 * mean['inside']:.1f} %"],
    ]
    return Rows(["mean over scenes", "min ADE", "min FDE", "of places"], rows, title)


def _both(one: Mapping[str, Any]) -> str:
    return f"{_number(one['ade'])} / {_number(one['fde'])}"


def _part(error: float, usual: float) -> str:
    return "-" if not usual else f"{100 * (error / usual - 1):+.1f} %"


def _number(value: float) -> str:
    return f"{value:.3g}"
