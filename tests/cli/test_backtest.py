"""`elman backtest`, and `elman evaluate`, `plot` and `info` on a forecaster's model."""

from __future__ import annotations

import csv
import io
import json

import pytest

import elman
from elman.kernels import native
from tests.cli.sales import HORIZON


@pytest.fixture
def told(forecaster_run, sales):
    """The arguments of a backtest that goes well."""
    return (forecaster_run, "--data", sales / "sales.csv")


def test_a_backtest_reports_honestly(command, told, forecaster_run, sales):
    shown = command("backtest", *told, "--origins", 5, "--stride", 2)
    assert shown.exit_code == 0, shown.output
    for words in ("15 forecasts of 7 steps", "seasonal naive", "step 1", "80.0 %", "Worst of 3"):
        assert words in shown.stdout
    told_as_json = command("backtest", *told, "--origins", 5, "--stride", 2, "--json")
    found = json.loads(told_as_json.stdout)
    model = elman.load(forecaster_run / "model.elman")
    expected = model.backtest(str(sales / "sales.csv"), origins=5, stride=2).report
    assert {name: found[name] for name in expected} == expected
    assert found["part"] == "15 origins"
    assert found["level"] == native.isa()


def test_what_was_trained_on_sets_off_the_alarm(command, told, forecaster_run):
    done = command("backtest", *told)
    silent = "adds nothing" in (forecaster_run / "result.json").read_text()
    # What stands in for a silent network was fitted to the validation part, too.
    parts = ["scaler", "training windows", *([] if silent else ["chose the epoch"])]
    leaks = [line for line in done.stdout.splitlines() if line.startswith("Leak?")]
    assert [part in line for part, line in zip(parts, leaks, strict=True)] == [True] * len(parts)
    assert "Leak?" not in command("backtest", *told, "--start", "2024-05-21").stdout


def test_the_forecasts_go_to_a_file_and_to_pictures(command, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("backtest", *told, "--origins", 3, "--out", "back.csv", "--plot")
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "back.csv").read_text())))
    assert list(rows[0])[:4] == ["shop", "origin", "day", "forecast"]
    assert len(rows) == 3 * 3 * HORIZON
    assert all(row["actual"] for row in rows)
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert pictures == {"backtest.png", "backtest-honesty.png", "backtest-horizon.png"}
    again = command("backtest", *told, "--origins", 3, "--plot", "dark.pdf", "--theme", "dark")
    assert again.exit_code == 0, again.output
    assert (tmp_path / "dark-horizon.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("how", [("--refit",), ("--refit", 2, "--warm-start")])
def test_it_is_trained_anew_if_told_so(command, told, how):
    done = command("backtest", *told, "--origins", 2, "--json", *how)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["windows"] == 6
    assert any("Trained anew for 2 origins" in note for note in found["notes"])
    assert found["leakage"] == []


def test_evaluate_forecasts_the_last_steps(command, told, forecaster_run, sales):
    one = json.loads(command("evaluate", *told, "--json").stdout)
    model = elman.load(forecaster_run / "model.elman")
    expected = model.evaluate(str(sales / "sales.csv"))
    assert {name: one[name] for name in expected} == expected
    tested = json.loads(command("evaluate", *told, "--test-steps", 11, "--json").stdout)
    result = json.loads((forecaster_run / "result.json").read_text())["test"]
    assert tested["metrics"] == result["metrics"]
    assert "last value" in command("evaluate", *told).stdout


@pytest.mark.parametrize("kind", ["forecast", "backtest", "horizon", "honesty", "curves"])
def test_plot_draws_a_run_by_itself(command, forecaster_run, tmp_path, kind):
    out = tmp_path / "picture.png"
    done = command("plot", kind, forecaster_run, "--out", out)
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["forecast", "backtest"])
def test_plot_draws_a_model_on_data(command, told, tmp_path, kind):
    out = tmp_path / "picture.svg"
    done = command("plot", kind, told[0] / "model.elman", *told[1:], "--out", out)
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"<?xml")


def test_info_tells_what_a_model_is(command, forecaster_run, run):
    found = json.loads(command("info", forecaster_run, "--json").stdout)
    assert found["horizon"] == HORIZON
    assert found["frequency"] == "daily"
    assert (found["series"], found["known ahead"]) == (3, ["promo"])
    assert "daily" in command("info", forecaster_run / "model.elman").stdout
    assert json.loads(command("info", run, "--json").stdout)["task"] == "classifier"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("backtest {run} --data {sales} --warm-start", 2, "given without --refit"),
        ("backtest {run} --data {sales} --origins 0", 2, "origins: found 0"),
        ("backtest {run} --data {sales} --start soon", 2, "start: found 'soon'"),
        ("backtest {run} --data {sales} --start 2030-01-01", 1, "sales.csv: no series has"),
        ("backtest {run} --data {sales} --plot a.bmp", 2, ".png"),
        ("backtest {classifier} --data {sales}", 2, "give a forecaster's model"),
        ("evaluate {run} --data {sales} --label x", 2, "--label: a forecaster has no such"),
        ("evaluate {run} --data {sales} --test-steps 3", 2, "at least 7, the horizon"),
        ("evaluate {classifier} --data {table} --test-steps 3", 2, "a classifier has no such"),
        ("plot confusion {run}", 2, "one of curves, forecast"),
        ("plot gates {run}", 2, "a forecaster has no picture 'gates'"),
        ("plot gradients {run}", 2, "a forecaster has no picture"),
        ("plot forecast {classifier} --data {sales}", 2, "give a forecaster's model"),
        ("plot honesty {run}/model.elman", 2, "--data: not given"),
        ("plot honesty {run} --label day", 2, "--label: a forecaster has no such"),
        ("info {run}/config.toml", 1, "config.toml"),
    ],
)
def test_wrong_input_says_what_to_do(
    command, sales, tables, run, forecaster_run, arguments, code, said
):
    places = {"run": forecaster_run, "classifier": run, "table": tables / "test.csv"}
    places["sales"] = sales / "sales.csv"
    done = command(*arguments.format(**places).split())
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_run_without_a_test_part_has_no_picture_of_it(command, own_forecaster_run):
    config = own_forecaster_run / "config.toml"
    config.write_text(config.read_text() + "test_steps = 0\n")
    done = command("plot", "honesty", own_forecaster_run)
    assert done.exit_code == 2
    assert "the run kept no test part" in done.stderr
