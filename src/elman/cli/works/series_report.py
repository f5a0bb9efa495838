"""The honesty report, as it is printed and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from elman.cli.console import note, print_json, result_console
from elman.cli.level import kernels
from elman.cli.works.report_tables import (
    MODEL,
    Rows,
    markdown,
    markdown_text,
    pictured,
    plain,
    terminal_table,
)
from elman.metrics.honesty import sentences
from elman.printable import many
from elman.runtime import Backtest

__all__ = ["print_report", "report_backtest", "series_report_text"]

_ERRORS = ("mae", "rmse", "mase", "bias")
_OTHERS = {
    "smape": "sMAPE {:.2f} %",
    "rmsse": "RMSSE {:.3g}",
    "quantile_loss": "quantile loss {:.4g}",
    "crps": "CRPS {:.4g}",
}
_STYLES = {"better": "green", "mixed": "yellow", "undecided": "yellow", "worse": "red"}
_STEPS = 5  # of the horizon, that are shown


def report_backtest(tested: Backtest, data: str, part: str, json: bool) -> None:
    """The report on a backtest, for a person or as JSON, and what is to be known of the data.

    Args:
        tested: The backtest.
        data: Name of the data.
        part: What of them was forecast.
        json: Whether to print JSON.
    """
    if json:
        print_json({"data": data, "part": part, "notes": list(tested.notes), **tested.report})
        return
    for sentence in tested.notes:
        note(f"Note: {sentence}")
    print_report(tested.report, f"{data}, {part}")


def print_report(told: Mapping[str, Any], title: str) -> None:
    """Tables of skill, errors by step and intervals; then what it all says, in sentences.

    Args:
        told: As of `elman.metrics.honesty.report`.
        title: What was forecast.
    """
    result_console.print(terminal_table(_skill(told, f"{title}: {_counted(told)}"), _STYLES))
    result_console.print(", ".join(_others(told)), highlight=False)
    for table in _more(told):
        result_console.print(terminal_table(table))
    suspicious = told["persistence"]["sentence"] if told["persistence"]["persistence"] else None
    alarms = [alarm["sentence"] for alarm in told["leakage"]]
    for line in sentences(told):
        style = "bold yellow" if line == suspicious or line.startswith("Warning: ") else None
        style = "bold red" if any(line.endswith(alarm) for alarm in alarms) else style
        result_console.print(line, style=style, markup=False, highlight=False)


def series_report_text(
    told: Mapping[str, Any], title: str, notes: Sequence[str] = (), pictures: Sequence[Path] = ()
) -> str:
    """The report in Markdown.

    Args:
        told: As of `elman.metrics.honesty.report`; None of it where no test part was read.
        title: What was forecast.
        notes: What is to be known of the data.
        pictures: Below the report's folder.
    """
    return markdown_text(_lines(told, title, notes, pictures))


def _lines(
    told: Mapping[str, Any], title: str, notes: Sequence[str], pictures: Sequence[Path]
) -> Iterator[str]:
    yield f"# Forecaster: {plain(title)}"
    yield from ("", "## Verdict", "")
    if not told:
        yield "No test part was read: nothing is known of how good the forecasts are."
    else:
        yield from (f"- {plain(line)}" for line in sentences(told))
        yield from (
            "",
            *markdown(_skill(told, _counted(told))),
            "",
            plain(", ".join(_others(told))),
        )
        for table in _more(told):
            yield from ("", *markdown(table))
    if notes:
        yield from ("", "## Notes", "", *(f"- {plain(one)}" for one in notes))
    yield from pictured(pictures)


def _counted(told: Mapping[str, Any]) -> str:
    counted = "1 forecast" if told["windows"] == 1 else f"{told['windows']:,} forecasts"
    return f"{counted} of {many(told['horizon'], 'step')}, {kernels()}"


def _others(told: Mapping[str, Any]) -> list[str]:
    """The scores that have no column, where they are known."""
    return [
        text.format(told["metrics"][name])
        for name, text in _OTHERS.items()
        if told["metrics"].get(name) is not None
    ]


def _more(told: Mapping[str, Any]) -> Iterator[Rows]:
    """The tables below that of skill."""
    yield _by_step(told)
    if told["coverage"]:
        yield _intervals(told["coverage"])


def _skill(told: Mapping[str, Any], title: str) -> Rows:
    """A row for the model, and one for each baseline with the skill against it."""
    headings = ["", *_ERRORS, f"skill ({told['measure']})", f"{MODEL} is"]
    rows = [[MODEL, *(_number(told["metrics"][name]) for name in _ERRORS), "", ""]]
    for name, found in told["skill"].items():
        errors = [_number(found[error]) for error in _ERRORS]
        skill = _saved(found["skill"])
        rows.append([name, *errors, skill, found["outcome"]])
    return Rows(headings, rows, title)


def _saved(skill: float | None) -> str:
    """A skill, or how many times the baseline's error this one's is."""
    if skill is None:
        return "-"
    return (
        f"{100 * skill:+.1f} %"
        if skill > -0.75
        else f"{1 - skill:,.{0 if skill < -9 else 1}f} × error"
    )


def _by_step(told: Mapping[str, Any]) -> Rows:
    """The errors at some steps of the horizon, the first and the last among them."""
    horizon, measure = told["horizon"], told["measure"]
    count = min(_STEPS, horizon)
    steps = sorted({round(k * (horizon - 1) / max(count - 1, 1)) for k in range(count)})
    found = {MODEL: told["by_step"], **told["by_step"]["baselines"]}
    rows = [
        [name, *(_number(errors[measure][step]) for step in steps)]
        for name, errors in found.items()
    ]
    return Rows(["", *(f"step {step + 1}" for step in steps)], rows, f"{measure} by step")


def _intervals(intervals: Sequence[Mapping[str, Any]]) -> Rows:
    rows = [
        [_percent(one["promised"]), _percent(one["found"]), _number(one["width"])]
        for one in intervals
    ]
    return Rows(["promised", "found", "mean width"], rows, "Intervals")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
