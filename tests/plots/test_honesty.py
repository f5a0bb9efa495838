"""The honesty report as a picture: it says in words what it shows."""

import json

import pytest

from elman import plots
from elman.errors import ArgumentError
from elman.metrics.honesty import sentences
from elman.plots.themes import THEMES
from tests.plots.forecasts import backtest_of, past_of
from tests.plots.shapes import overlapping


def report_of(names=("a",), horizon=7, **options):
    return backtest_of(past_of(names, 200), horizon, 100, **options).report


def calm(report):
    """Without warnings."""
    kept = [line for line in report["verdict"] if not line.startswith("Warning: ")]
    return report | {"verdict": kept}


def panels(figure):
    return {ax.get_title(loc="left"): ax for ax in figure.axes}


def test_all_parts_are_there_and_nothing_overlaps(drawn):
    report = report_of(["Berlin", "Hamburg Altona", "München"])
    figure = plots.honesty(json.loads(json.dumps(report)))
    texts = drawn(figure)
    outcomes = [entry["outcome"] for entry in report["skill"].values()]
    assert [text for text in texts if text in {"better", "worse", "undecided"}] == outcomes
    assert outcomes.count("better") == 4
    assert "Better than all 4 baselines" in texts
    words = " ".join(" ".join(texts).split())
    for sentence in sentences(report):
        assert sentence in words
    skill, _, series, intervals = panels(figure).values()
    assert [bar.get_width() for bar in skill.patches] == [
        entry["skill"] for entry in report["skill"].values()
    ]
    assert [bar.get_width() for bar in series.patches] == [
        row["mase"] for row in report["by_series"]
    ]
    found = [line.get_xdata()[-1] for line in intervals.get_lines()[2::3]]
    assert found == [interval["found"] for interval in report["coverage"]]
    for ax in (skill, series, intervals):
        labels = [*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.texts]
        assert not overlapping(figure, labels)


def test_leaks_and_persistence_are_red_at_the_top(drawn):
    alarms = [
        {"kind": "scaler", "sentence": f"The scaler saw {k} rows.", "numbers": {}} for k in range(9)
    ]
    report = report_of(leakage={"scaler": alarms})
    report["persistence"] |= {"persistence": True, "sentence": "This is persistence."}
    report["verdict"] = [*calm(report)["verdict"], "Warning: The interval covers too little."]
    figure = plots.honesty(report)
    texts = drawn(figure)
    red = [text.get_text() for text in figure.texts if text.get_color() == THEMES["light"].red]
    assert red == [
        *(f"Leak? The scaler saw {k} rows." for k in range(4)),
        "5 more alarms.",
        "Warning: The interval covers too little.",
        "This is persistence.",
    ]
    words = " ".join(texts)
    assert words.count("This is persistence.") == 1
    assert words.count("Leak?") == 4


def test_without_alarms_nothing_is_red(drawn):
    figure = plots.honesty(calm(report_of(leakage={"scaler": []})))
    assert any("No leak was found by what was tested" in text for text in drawn(figure))
    assert not [text for text in figure.texts if text.get_color() == THEMES["light"].red]


def test_one_series_without_quantiles_has_two_panels(drawn):
    figure = plots.honesty(report_of(levels=()))
    drawn(figure)
    assert list(panels(figure)) == [
        "Share of each baseline's MAE that is saved (skill)",
        "Error by step",
    ]


def test_many_series_are_a_distribution(drawn):
    figure = plots.honesty(report_of([f"a rather long name of series {n}" for n in range(60)]))
    drawn(figure)
    ax = panels(figure)["Error of each of 60 series"]
    assert sum(bar.get_height() for bar in ax.patches) == 60


def test_long_names_fit(drawn):
    names = [f"{n} is a series with a very long name " * 3 for n in range(3)]
    report = report_of(names)
    report["skill"] = {f"{name}, on and on and on": e for name, e in report["skill"].items()}
    drawn(plots.honesty(report))


def test_a_baseline_far_better_and_one_without_an_answer(drawn):
    report = report_of()
    report["skill"]["last value"] |= {"skill": -4321.0, "outcome": "worse"}
    report["skill"]["drift"] |= {"skill": None, "outcome": "undecided"}
    report["metrics"]["mase"] = None
    texts = drawn(plots.honesty(report))
    assert "4,322 × error" in texts
    assert "no number" in texts
    assert "Better than 2 of 4 baselines" in texts
    assert texts.count("better") == 2
    assert not any("MASE" in text for text in texts)


def test_no_baseline_is_an_error():
    with pytest.raises(ArgumentError, match="no baselines"):
        plots.honesty(report_of() | {"skill": {}})


def test_one_baseline_is_spoken_of_as_one():
    report = report_of()
    name, entry = next(iter(report["skill"].items()))
    for outcome, said in (("better", "Better"), ("worse", "Not better")):
        one = {**report, "skill": {name: {**entry, "outcome": outcome}}}
        assert plots.honesty(one).texts[0].get_text() == f"{said} than the one baseline"
