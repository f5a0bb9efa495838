"""The honesty report, as it is printed and as Markdown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elman.cli.works.report_tables import plain
from elman.cli.works.series_report import print_report, series_report_text
from elman.metrics.honesty import report

WINDOWS, HORIZON = 60, 12


def told(**options):
    """The report on a forecast of noise that is better than its only baseline."""
    draws = np.random.default_rng(0)
    actual = draws.normal(size=(WINDOWS, HORIZON, 1))
    given = {
        "baselines": {"last value": np.full_like(actual, 3.0)},
        "last": draws.normal(size=(WINDOWS, 1)),
        "series": np.arange(WINDOWS) % 2,
        "origins": np.arange(WINDOWS) // 2,
        "names": ["[red]s0", "s1"],
        "targets": ["y"],
        "season": 1,
        "scale": np.ones((2, 1)),
        "root_scale": np.ones((2, 1)),
    }
    return report(actual, np.zeros_like(actual), **(given | options))


def test_the_tables_hold_the_numbers(capsys):
    found = told()
    print_report(found, "noise.csv")
    shown = capsys.readouterr().out
    assert "noise.csv: 60 forecasts of 12 steps" in shown
    assert f"{found['metrics']['mae']:.4g}" in shown
    assert f"{100 * found['skill']['last value']['skill']:+.1f} %" in shown
    assert "step 1 " in shown
    assert "step 12" in shown
    assert f"{found['by_step']['mase'][11]:.4g}" in shown
    assert "[red]s0" in shown
    assert "Intervals" not in shown


def test_numbers_that_cannot_be_told_are_dashes(capsys):
    print_report(told(scale=np.zeros((2, 1)), root_scale=np.zeros((2, 1))), "constant.csv")
    shown = capsys.readouterr().out
    assert " - " in shown
    assert "None" not in shown
    assert "nan" not in shown


def test_intervals_and_alarms_are_there(capsys):
    quantiles = np.broadcast_to([-1.0, 1.0], (WINDOWS, HORIZON, 1, 2))
    alarm = {"kind": "scaler", "sentence": "The scaler saw it all.", "numbers": {}}
    found = told(quantiles=quantiles, levels=(0.1, 0.9), leakage={"scaler": [alarm]})
    print_report(found, "noise.csv")
    shown = capsys.readouterr().out
    assert "80.0 %" in shown
    assert f"{100 * found['coverage'][0]['found']:.1f} %" in shown
    assert "Leak? The scaler saw it all." in shown


def test_in_markdown_the_same_numbers_stand():
    quantiles = np.broadcast_to([-1.0, 1.0], (WINDOWS, HORIZON, 1, 2))
    found = told(quantiles=quantiles, levels=(0.1, 0.9))
    text = series_report_text(found, "noise|.csv", ["A note."], [Path("pictures/forecast.png")])
    lines = text.splitlines()
    assert lines[0] == r"# Forecaster: noise\|.csv"
    for sentence in found["verdict"]:
        assert f"- {plain(sentence)}" in lines
    numbers = " | ".join(f"**{found['metrics'][name]:.4g}**" for name in ("mae", "rmse", "mase"))
    assert any(line.startswith(f"| **this model** | {numbers}") for line in lines)
    assert "## mase by step" in lines
    assert "## Intervals" in lines
    assert "- A note." in lines
    assert lines[-1] == "![forecast](pictures/forecast.png)"


def test_without_a_test_part_the_report_says_so():
    assert "No test part was read" in series_report_text({}, "sales.csv, none")
