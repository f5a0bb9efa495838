"""`elman forecast`, and `elman predict` on a forecaster's model."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest

import elman
from elman.plots.themes import THEMES
from tests.cli.sales import HORIZON, write_ahead, write_sales


@pytest.fixture
def told(forecaster_run, sales):
    """The arguments of a forecast that goes well."""
    return (forecaster_run, "--data", sales / "sales.csv", "--ahead", sales / "ahead.csv")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_forecast_is_a_table_in_long_form(command, told, forecaster_run, sales):
    done = command("forecast", *told)
    assert done.exit_code == 0, done.output
    rows = rows_of(done.stdout)
    assert list(rows[0]) == ["shop", "day", "forecast", "q0.1", "q0.5", "q0.9"]
    assert [row["shop"] for row in rows] == [f"s{n}" for n in range(3) for _ in range(HORIZON)]
    assert [row["day"] for row in rows[:2]] == ["2024-06-01", "2024-06-02"]
    model = elman.load(forecaster_run / "model.elman")
    expected = model.predict(str(sales / "sales.csv"), str(sales / "ahead.csv"))
    assert [float(row["forecast"]) for row in rows] == expected.mean.ravel().tolist()
    assert [float(row["q0.9"]) for row in rows] == expected.quantiles[..., 2].ravel().tolist()


def test_predict_answers_the_same(command, told):
    assert command("predict", *told).stdout == command("forecast", *told).stdout
    assert command("predict", *told, "--json").stdout == command("forecast", *told, "--json").stdout


def test_levels_are_chosen(command, told):
    one = rows_of(command("forecast", *told, "--levels", "0.1").stdout)
    assert list(one[0]) == ["shop", "day", "forecast", "q0.1"]
    none = json.loads(command("forecast", *told, "--levels", "none", "--json").stdout)
    assert list(none[0]) == ["shop", "day", "forecast"]


def test_paths_are_whole_ways_to_go_on(command, told):
    done = command("forecast", *told, "--paths", 5)
    rows = rows_of(done.stdout)
    assert list(rows[0]) == ["shop", "path", "day", "forecast"]
    assert len(rows) == 3 * 5 * HORIZON
    assert [row["path"] for row in rows[: 2 * HORIZON]] == ["0"] * HORIZON + ["1"] * HORIZON
    values = np.array([float(row["forecast"]) for row in rows]).reshape(3, 5, HORIZON)
    assert (np.ptp(values, axis=1) > 0).all()
    assert command("forecast", *told, "--paths", 5).stdout == done.stdout
    assert command("forecast", *told, "--paths", 5, "--seed", 1).stdout != done.stdout


def test_a_file_and_a_picture(command, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("forecast", *told, "--plot", "--out", "forecast.csv")
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert len(rows_of((tmp_path / "forecast.csv").read_text())) == 3 * HORIZON
    assert (tmp_path / "forecast.png").read_bytes().startswith(b"\x89PNG")
    again = command("forecast", *told, "--plot", "other.svg", "--theme", "dark")
    assert again.exit_code == 0, again.output
    assert (tmp_path / "other.svg").read_bytes().startswith(b"<?xml")
    assert f"fill: {THEMES['dark'].paper}" in (tmp_path / "other.svg").read_text()


def test_it_needs_the_base_install_only(told):
    code = (
        "import sys\n"
        "extras = ('torch', 'sklearn', 'matplotlib', 'narwhals', 'pyarrow')\n"
        "sys.modules.update(dict.fromkeys(extras))\n"
        "from elman.cli import main\n"
        "main()"
    )
    line = [sys.executable, "-c", code, "forecast", *map(str, told)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert len(rows_of(done.stdout)) == 3 * HORIZON


def test_what_is_repaired_is_said(command, told, sales, tmp_path):
    swapped = write_sales(tmp_path / "swapped.csv", lambda rows: [rows[1], rows[0], *rows[2:]])
    new = (told[0], "--data", swapped, *told[3:])
    refused = command("forecast", *new)
    assert refused.exit_code == 1
    assert "--repair sort" in refused.stderr
    done = command("forecast", *new, "--repair", "sort")
    assert "1 step went back" in done.stderr
    assert done.stdout == command("forecast", *told).stdout


def test_new_series_are_forecast_and_named(command, told, sales, tmp_path):
    renamed = write_sales(
        tmp_path / "new.csv", lambda rows: [[row[0].replace("s2", "new"), *row[1:]] for row in rows]
    )
    ahead = (sales / "ahead.csv").read_text().replace("s2", "new")
    (tmp_path / "ahead.csv").write_text(ahead)
    done = command("forecast", told[0], "--data", renamed, "--ahead", tmp_path / "ahead.csv")
    assert done.exit_code == 0, done.output
    assert "1 series unseen in training (new)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("forecast {run} --data {sales}", 1, "sales.csv, series 's0': promo known"),
        ("forecast {run} --data {sales}", 1, "give them as --ahead"),
        ("forecast {run} --data {sales} --ahead {short}", 1, "4 more steps"),
        ("forecast {run} --data {sales} --part test", 2, "only sets have parts"),
        ("forecast {classifier} --data {sales}", 2, "its task is 'classifier'"),
        ("forecast {run} --data {sales} --plot a.bmp", 2, ".png"),
        ("forecast {run} --data {sales} --ahead {ahead} --levels 0.3", 2, "are 0.1, 0.5, 0.9"),
        ("forecast {run} --data {sales} --ahead {ahead} --levels 0.1 --paths 3", 2, "given with"),
        ("predict {run} --data {sales} --probabilities", 2, "--probabilities: a forecaster"),
        ("predict {run} --data {sales} --label x", 2, "--label: a forecaster"),
        ("predict {classifier} --data {table} --ahead {ahead}", 2, "--ahead: a classifier"),
    ],
)
def test_wrong_input_says_what_to_do(
    command, sales, tables, run, forecaster_run, tmp_path, arguments, code, said
):
    places = {"run": forecaster_run, "classifier": run, "table": tables / "test.csv"}
    places |= {"sales": sales / "sales.csv", "ahead": sales / "ahead.csv"}
    places["short"] = write_ahead(tmp_path / "short.csv", 3)
    done = command(*arguments.format(**places).split())
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 2  # a note at most, and the error
