"""`elman train forecaster`: what a run leaves behind, and what it holds back."""

from __future__ import annotations

import inspect
import json
import re
import signal
import subprocess
import sys
import time

import pytest

import elman
from elman.cli.works.report_tables import plain
from elman.parameters import told
from tests.cli.sales import COVARIATES, HORIZON, QUICK, ROLES, write_sales
from tests.cli.test_train import same_weights

PLAIN = (*ROLES, *QUICK, "--no-pictures", "--no-baselines")


def test_a_run_leaves_everything_in_its_folder(forecaster_run):
    pictures = {path.name for path in (forecaster_run / "pictures").iterdir()}
    assert pictures == {
        f"{k}.png" for k in ("forecast", "honesty", "horizon", "backtest", "curves")
    }
    result = json.loads((forecaster_run / "result.json").read_text())
    assert result["data"]["test part"] == "the last 11 steps of each series"
    assert result["test"]["windows"] == 3 * (11 - HORIZON + 1)
    assert {"last value", "seasonal naive", "linear map"} <= set(result["test"]["skill"])
    assert result["test"]["leakage"] == []
    report = (forecaster_run / "report.md").read_text()
    assert all(f"- {plain(sentence)}" in report for sentence in result["test"]["verdict"])
    assert "![forecast](pictures/forecast.png)" in report
    assert elman.load(forecaster_run / "model.elman").plan.columns.future == ("promo",)


def test_evaluate_writes_the_report_where_it_is_asked_to(command, sales, forecaster_run, tmp_path):
    told = ("--data", sales / "sales.csv", "--report", tmp_path / "report.md")
    done = command("evaluate", forecaster_run, *told)
    assert done.exit_code == 0, done.output
    assert "| **this model** |" in (tmp_path / "report.md").read_text()
    nowhere = command("evaluate", forecaster_run, *told[:3], sales / "sales.csv" / "report.md")
    assert nowhere.exit_code == 1
    assert "report.md" in nowhere.output


def test_the_forecasts_picture_comes_first_then_the_report(command, sales, tmp_path):
    told = ("--data", sales / "sales.csv", *ROLES, *QUICK, "--out", tmp_path / "run")
    done = command("train", "forecaster", *told)
    assert done.exit_code == 0, done.output
    after = done.stderr.partition("kept the weights")[2].splitlines()[1:]
    assert after[0].startswith("Picture: ")
    assert after[0].endswith("pictures/forecast.png")
    assert "Test part: the last 11 steps of each series" in done.stderr
    assert "skill" in done.stdout
    assert re.search(r"(Better than|Undecided against|Worse than) last value", done.stdout)


def test_a_configuration_repeats_a_run_and_resuming_a_complete_one_changes_nothing(
    command, forecaster_run, own_forecaster_run, tmp_path
):
    told = ("--config", forecaster_run / "config.toml", "--no-pictures", "--out")
    again = command("train", *told, tmp_path / "again")
    assert again.exit_code == 0, again.output
    resumed = command("train", *told, own_forecaster_run, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert same_weights(forecaster_run, tmp_path / "again")
    assert same_weights(forecaster_run, own_forecaster_run)
    first, second = (
        json.loads((run / "result.json").read_text())["test"]
        for run in (forecaster_run, tmp_path / "again")
    )
    assert first == second
    text = (tmp_path / "again" / "config.toml").read_text()
    assert text == (forecaster_run / "config.toml").read_text()
    assert "horizon = 7" in text
    assert 'future = "promo"' in text


def test_training_goes_on_from_a_model_with_its_columns(command, sales, forecaster_run, tmp_path):
    start = ("--from", forecaster_run / "model.elman", "--data", sales / "sales.csv")
    out = tmp_path / "run"
    done = command("train", "forecaster", *start, "--epochs", 1, "--no-pictures", "--out", out)
    assert done.exit_code == 0, done.output
    before, after = (elman.load(run / "model.elman") for run in (forecaster_run, out))
    assert after.plan == before.plan
    assert not same_weights(forecaster_run, out)


def test_nothing_is_held_back_if_told_so(command, sales, tmp_path):
    told = ("--data", sales / "sales.csv", *ROLES, *QUICK, "--test-steps", 0)
    done = command("train", "forecaster", *told, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "No test part was read" in done.stderr
    assert "test" not in json.loads((tmp_path / "run" / "result.json").read_text())
    pictures = {path.name for path in (tmp_path / "run" / "pictures").iterdir()}
    assert pictures == {"forecast.png", "curves.png"}


def test_what_came_after_is_the_test_part(command, sales, tmp_path):
    told = ("--data", sales / "sales.csv", "--test", sales / "later.csv", *PLAIN)
    done = command("train", "forecaster", *told, *COVARIATES, "--json", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert "later.csv, 10 steps" in result["data"]["test part"]
    assert result["test"]["windows"] == 3 * (10 - HORIZON + 1)
    assert result["test"]["leakage"] == []


def test_a_named_set_has_a_test_part(command, tmp_path, monkeypatch, real_data):
    monkeypatch.chdir(tmp_path)
    options = ("--horizon", 12, "--window", 24, "--epochs", 1, "--units", 4, "--no-pictures")
    done = command("train", "forecaster", "--data", "airline", *options, "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["data"]["test part"] == "its test part, 29 steps of each series"
    run = next((tmp_path / "runs").iterdir())
    scored = command("evaluate", run, "--data", "airline", "--json")
    assert json.loads(scored.stdout)["metrics"] == result["test"]["metrics"]


def test_windows_across_a_gap_are_counted(command, tmp_path):
    data = write_sales(tmp_path / "sales.csv", lambda lines: lines[:40] + lines[42:])
    told = ("--data", data, *PLAIN, "--out")
    done = command("train", "forecaster", *told, tmp_path / "run")
    assert "1 gap in 1 series: 2 steps missing" in done.stderr
    assert "20 windows cross a gap" in done.stderr
    masked = command("train", "forecaster", *told, tmp_path / "masked", "--gaps", "mask")
    assert masked.exit_code == 0, masked.output
    assert "cross a gap" not in masked.stderr


def test_a_gap_before_the_test_part_costs_no_picture(command, tmp_path):
    def with_gap(lines):
        return [line for line in lines if line[1] != "2024-05-10"]

    told = ("--data", write_sales(tmp_path / "sales.csv", with_gap), *ROLES, *QUICK)
    told += ("--validation", 30)
    done = command("train", "forecaster", *told, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "run" / "pictures" / "forecast.png").exists()
    assert json.loads((tmp_path / "run" / "result.json").read_text())["test"]["windows"] > 0
    assert (tmp_path / "run" / "pictures" / "honesty.png").exists()


def test_series_shorter_than_the_test_part_are_left_out_if_told_so(command, tmp_path):
    data = write_sales(tmp_path / "sales.csv", lambda lines: lines[:-105])
    told = ("--data", data, *PLAIN, "--out", tmp_path / "run")
    refused = command("train", "forecaster", *told, "--short", "error")
    assert refused.exit_code == 1
    assert re.search(r"sales\.csv, series 's2': 5 steps.*--short drop", refused.stderr)
    done = command("train", "forecaster", *told)
    assert done.exit_code == 0, done.output
    assert "1 series with at most 7 steps left out" in done.stderr


def test_a_stopped_run_is_resumed_to_the_same_bits(command, sales, tmp_path):
    many = ("--epochs", 8, "--batch-size", 4)
    told = ["train", "forecaster", "--data", sales / "sales.csv", *PLAIN, *many, "--out"]
    out = tmp_path / "run"
    line = [sys.executable, "-m", "elman", *map(str, told), str(out)]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    metrics = out / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.01)  # until the first epoch is complete
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "--resume" in said
    resumed = command(*told, out, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert command(*told, tmp_path / "whole").exit_code == 0
    assert same_weights(out, tmp_path / "whole")


def test_each_parameter_is_an_option():
    own = set(inspect.signature(elman.Forecaster).parameters)
    options = {name for name, about in told(elman.Forecaster).items() if about.kind is not None}
    assert own - options == {"warm_start", "verbose", "run", "resume", "callbacks"}


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (("--dilations", "1,4", "--layers", 2), {"dilations": [1, 4]}),
        (("--levels", "0.2,0.8"), {"levels": [0.2, 0.8]}),
        (("--validation", 14), {"validation": 14}),
        (("--validation", 0), {"validation": None}),
        (("--calendar", "auto"), {"calendar": True}),
        (("--calendar", "weekday,month"), {"calendar": ["weekday", "month"]}),
        (("--window", 0, "--season", 0), {"window": None, "season": None}),
        (("--season", 5), {"season": 5}),
        (("--identify", "--output", "gaussian"), {"identify": True, "output": "gaussian"}),
        (("--strategy", "segments", "--segment", 7), {"strategy": "segments", "segment": 7}),
    ],
)
def test_options_reach_the_forecaster(command, sales, tmp_path, options, kept):
    out = tmp_path / "run"
    told = ("--data", sales / "sales.csv", *PLAIN, *options, "--out", out)
    done = command("train", "forecaster", *told)
    assert done.exit_code == 0, done.output
    found = elman.Forecaster.load(out / "model.elman").get_params()
    assert {name: found[name] for name in kept} == kept


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--horizon: not given"),
        (("--horizon", 0), 2, "horizon: found 0"),
        (("--horizon", 7, "--test-steps", 3), 2, "at least 7, the horizon; or 0"),
        (("--horizon", 7, "--test-steps", 9, "--test", "{later}"), 2, "one of the two"),
        (("--horizon", 7, "--test", "{sales}"), 1, "sales.csv, series 's0': begins at 2024-01-23"),
        (("--horizon", 11, "--test", "{later}"), 1, "10 steps; at least 11"),
        (("--horizon", 7, "--label", "x"), 2, "--label: a forecaster has no such option"),
        (("--horizon", 7, "--bidirectional"), 2, "--bidirectional: a forecaster has no such"),
        (("--horizon", 7, "--levels", "low"), 2, "0.1,0.5,0.9"),
        (("--horizon", 7, "--dilations", "1,x"), 2, "1,4,24"),
        (("--horizon", 7, "--window", 300), 1, "sales.csv, series 's0': 119 steps"),
        (("--horizon", 7, "--repair", "all"), 2, "drop_duplicates"),
    ],
)
def test_wrong_input_says_what_to_do(command, sales, tmp_path, arguments, code, said):
    places = {"sales": sales / "sales.csv", "later": sales / "later.csv"}
    told = (str(argument).format(**places) for argument in arguments)
    data = ("--data", sales / "sales.csv", *ROLES, "--out", tmp_path / "run")
    done = command("train", "forecaster", *data, *told)
    assert done.exit_code == code, done.output
    assert said in done.stderr


@pytest.mark.parametrize("option", ["--horizon", "--window", "--strategy"])
def test_what_belongs_to_forecasters_alone_is_refused_to_others(command, option):
    done = command("train", "classifier", "--data", "digits", option, 3)
    assert done.exit_code == 2
    assert f"{option}: a classifier has no such option" in done.stderr
