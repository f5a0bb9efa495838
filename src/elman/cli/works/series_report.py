"""The honesty report as it is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from elman.cli.console import note, print_json, result_console
from elman.cli.level import kernels
from elman.metrics.honesty import sentences
from elman.runtime import Backtest

__all__ = ["print_report", "report_backtest"]

_ERRORS = ("mae", "rmse", "mase")
_OTHERS = {
    "smape": "sMAPE {:.2f} %",
    "rmsse": "RMSSE {:.3g}",
    "quantile_loss": "quantile loss {:.4g}",
    "crps": "CRPS {:.4g}",
}
_OUTCOMES = {
    "beaten": "[green]better[/]",
    "mixed": "[yellow]mixed[/]",
    "not distinguishable": "[yellow]undecided[/]",
    "worse": "[red]worse[/]",
}
_STEPS = 5  # of the horizon, that are shown
_MODEL = "this model"


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
    counted = f"{told['windows']:,} forecasts of {told['horizon']} steps"
    result_console.print(_skill(told, f"{title}: {counted}, {kernels()}"))
    others = [
        text.format(told["metrics"][name])
        for name, text in _OTHERS.items()
        if told["metrics"].get(name) is not None
    ]
    result_console.print(", ".join(others), highlight=False)
    result_console.print(_by_step(told))
    if told["coverage"]:
        result_console.print(_intervals(told["coverage"]))
    suspicious = told["persistence"]["sentence"] if told["persistence"]["persistence"] else None
    alarms = [alarm["sentence"] for alarm in told["leakage"]]
    for line in sentences(told):
        style = "bold yellow" if line == suspicious else None
        style = "bold red" if any(line.endswith(alarm) for alarm in alarms) else style
        result_console.print(line, style=style, markup=False, highlight=False)


def _skill(told: Mapping[str, Any], title: str) -> Table:
    """A row for the model, and one for each baseline with the skill against it."""
    compared = told["measure"]
    table = _table(title, "", *_ERRORS, f"skill ({compared})", "this model is")
    own = [_number(told["metrics"][name]) for name in _ERRORS]
    table.add_row(_MODEL, *own, "", "", style="bold")
    for name, found in told["skill"].items():
        errors = [_number(found[error]) for error in _ERRORS]
        skill = "-" if found["skill"] is None else f"{100 * found['skill']:+.1f} %"
        table.add_row(name, *errors, skill, _OUTCOMES[found["outcome"]])
    return table


def _by_step(told: Mapping[str, Any]) -> Table:
    """The errors at some steps of the horizon, the first and the last among them."""
    horizon, measure = told["horizon"], told["measure"]
    count = min(_STEPS, horizon)
    steps = sorted({round(k * (horizon - 1) / max(count - 1, 1)) for k in range(count)})
    table = _table(f"{measure} by step", "", *(f"step {step + 1}" for step in steps))
    rows = {_MODEL: told["by_step"], **told["by_step"]["baselines"]}
    for name, errors in rows.items():
        shown = [_number(errors[measure][step]) for step in steps]
        table.add_row(name, *shown, style="bold" if name == _MODEL else None)
    return table


def _intervals(intervals: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("Intervals", "promised", "found", "mean width")
    for interval in intervals:
        shares = [_percent(interval[name]) for name in ("promised", "found")]
        table.add_row(*shares, _number(interval["width"]))
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    for k, heading in enumerate(headings):
        table.add_column(heading, justify="right" if k or heading else "left")
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
