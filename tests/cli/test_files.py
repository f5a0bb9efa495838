"""From files as people bring them to a model, its score and its answers, with one command."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import elman

SMALL = ("--cell", "gru", "--units", 4, "--epochs", 1, "--threads", 1, "--no-pictures")


def sequences(count: int = 24, seed: int = 0) -> list[tuple[str, np.ndarray]]:
    """Labels and sequences of two features, whose mean tells the label."""
    draws = np.random.default_rng(seed)
    return [
        (("up", "down")[n % 2], draws.normal(n % 2, 1, size=(4 + n % 3, 2)).round(3))
        for n in range(count)
    ]


def excel_export(path, encoding="utf-8-sig"):
    lines = ["sep=;", "id;t;Länge;b;label"]
    for n, (label, rows) in enumerate(sequences()):
        lines += [f"s{n};{t};{a};{b};{label}".replace(".", ",") for t, (a, b) in enumerate(rows)]
    path.write_bytes("\r\n".join(lines).encode(encoding))


def wide_table(path):
    lines = ["label," + ",".join(f"t{k}" for k in range(6))]
    for label, rows in sequences():
        cells = [*map(str, rows[:, 0]), "", ""][:6]
        lines.append(f"{label},{','.join(cells)}")
    path.write_text("\n".join(lines))


def folder_of_files(path):
    for n, (label, rows) in enumerate(sequences()):
        (path / label).mkdir(parents=True, exist_ok=True)
        text = "\n".join(["a,b", *(f"{a},{b}" for a, b in rows)])
        (path / label / f"{n}.csv").write_text(text)


def ts_pair(path):
    for name, count in ((path, 24), (path.with_name("Waves_TEST.ts"), 12)):
        lines = ["@problemName Waves", "@classLabel true up down", "@data"]
        for label, rows in sequences(count):
            lines.append(":".join([*(",".join(map(str, column)) for column in rows.T), label]))
        name.write_text("\n".join(lines))


KINDS = {
    "export.csv": (excel_export, "fields between ';', decimal commas"),
    "wide.csv": (wide_table, "one sequence a row: 6 steps"),
    "folder": (folder_of_files, "24 files, a sequence each"),
    "Waves_TRAIN.ts": (ts_pair, "Waves_TEST.ts, which lies beside, 12 sequences"),
}


@pytest.mark.parametrize("name", KINDS)
def test_from_a_file_to_a_score_with_no_option(command, tmp_path, name):
    write, said = KINDS[name]
    write(tmp_path / name)
    told = ("--data", tmp_path / name)
    done = command("train", "classifier", *told, *SMALL, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert said in done.stderr
    scored = command("evaluate", tmp_path / "run", *told, "--json")
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["baselines"]
    assert len(
        list(csv.DictReader(command("predict", tmp_path / "run", *told).stdout.splitlines()))
    )
    shown = command("data", "show", tmp_path / name, "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)["sequences"]
    assert (found["count"], found["labels"]) == (24, {"up": 12, "down": 12})
    assert found["command"].startswith(f"elman train classifier --data {tmp_path / name}")
    printed = command("data", "show", tmp_path / name)
    assert "24 sequences of 4 to 6 steps" in printed.stdout
    assert "Train on it: elman train classifier" in printed.stdout


def test_a_test_part_is_read_where_it_lies_beside(command, tmp_path):
    ts_pair(tmp_path / "Waves_TRAIN.ts")
    told = ("--data", tmp_path / "Waves_TRAIN.ts", "--out", tmp_path / "run", "--json")
    done = command("train", "classifier", *told, *SMALL)
    assert json.loads(done.stdout)["test"]["sequences"] == 12


def test_what_was_told_travels_with_the_model(command, tmp_path):
    lines = ["einheit|t|v|art"]
    for n, (label, rows) in enumerate(sequences()):
        lines += [f"s{n}|{t}|{abs(int(a)) + 1},250|{label}ß" for t, (a, _) in enumerate(rows)]
    path = tmp_path / "t.csv"
    path.write_bytes("\n".join(lines).encode("cp1252"))
    roles = ("--series", "einheit", "--label", "art", "--time", "t")
    told = ("--data", path, *roles, "--encoding", "cp1252")
    failed = command("train", "classifier", *told, *SMALL, "--out", tmp_path / "run")
    assert failed.exit_code == 1
    assert "which may be" in failed.stderr
    assert "--decimal ',' or --decimal '.'" in failed.stderr
    told = (*told, "--decimal", ",")
    done = command("train", "classifier", *told, *SMALL, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    for verb in ("evaluate", "predict"):
        again = command(verb, tmp_path / "run", "--data", path)
        assert again.exit_code == 0, again.output
    assert "upß" in again.stdout


def test_decimal_commas_that_were_found_out_travel_with_the_model(command, tmp_path):
    """`1.204` may be a thousand and more: in the training's numbers that is certain."""
    path, later = tmp_path / "t.csv", tmp_path / "later.csv"
    lines = ["id;t;a;label"]
    for n, (label, rows) in enumerate(sequences()):
        lines += [f"s{n};{t};1.{300 + n},{5 + t};{label}" for t in range(len(rows))]
    path.write_text("\n".join(lines))
    later.write_text("id;t;a\nz;0;1.204\nz;1;1.311\n")
    done = command("train", "classifier", "--data", path, *SMALL, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert elman.load(tmp_path / "run" / "model.elman").reading["decimal"] == ","
    answered = command("predict", tmp_path / "run", "--data", later)
    assert answered.exit_code == 0, answered.output
    assert "may be" in command("data", "show", later).output


def test_a_folder_with_a_table_of_labels(command, tmp_path):
    folder, lines = tmp_path / "files", ["name,score,kind"]
    folder.mkdir()
    for n, (label, rows) in enumerate(sequences()):
        (folder / f"{n}.csv").write_text("\n".join(["a,b", *(f"{a},{b}" for a, b in rows)]))
        lines.append(f"{n}.csv,{n / 2},{label}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    told = ("--data", folder, "--labels", tmp_path / "labels.csv", "--label")
    for task, label in (("regressor", "score"), ("classifier", "kind")):
        done = command("train", task, *told, label, *SMALL, "--out", tmp_path / task)
        assert done.exit_code == 0, done.output
        assert command("predict", tmp_path / task, "--data", folder).exit_code == 0


def month_ends(path):
    ends = np.arange("2010-02", "2022-02", dtype="M8[M]").astype("M8[D]") - 1
    kept = [k for k in range(len(ends)) if k % 17 != 5]
    lines = [f"{ends[k]};{100 + 10 * np.sin(k * np.pi / 6):.1f}".replace(".", ",") for k in kept]
    path.write_text("\n".join(["Monat;Menge", *lines]))


def test_months_of_which_some_are_missing(command, tmp_path):
    month_ends(tmp_path / "m.csv")
    told = ("--data", tmp_path / "m.csv", "--horizon", 3, "--out", tmp_path / "run")
    told = ("train", "forecaster", *told, *SMALL)
    failed = command(*told, "--window", 24, "--gaps", "drop")
    assert failed.exit_code == 1
    assert "--gaps mask" in failed.stderr
    done = command(*told)
    assert done.exit_code == 0, done.output
    assert "9 missing steps filled with rows of NaN" in done.output
    shown = command("data", "show", tmp_path / "m.csv", "--json")
    found = json.loads(shown.stdout)
    assert found["series"]["frequency"] == "monthly"
    assert found["series"]["gaps"] == 9
    assert found["series"]["command"].endswith("--horizon 12 --gaps mask")
    assert [one["role"] for one in found["columns"]] == ["time", "target"]
    assert [one["holds"] for one in found["columns"]] == ["time", "number"]
    assert "monthly, 2010-01-31 to" in command("data", "show", tmp_path / "m.csv").stdout


def test_rows_at_odd_distances(command, tmp_path):
    draws = np.random.default_rng(0)
    times = np.datetime64("2025-03-01", "us") + np.cumsum(
        draws.exponential(300e6, size=150).astype("timedelta64[us]")
    )
    lines = [
        f"{time},{value:.3f}" for time, value in zip(times, draws.normal(size=150), strict=True)
    ]
    (tmp_path / "s.csv").write_text("\n".join(["stamp,temp", *lines]))
    told = ("--data", tmp_path / "s.csv")
    run = ("--horizon", 2, "--window", 5, "--frequency", "rows", "--out", tmp_path / "run")
    done = command("train", "forecaster", *told, *run, *SMALL)
    assert done.exit_code == 0, done.output
    assert command("forecast", tmp_path / "run", *told).exit_code == 0


def test_every_time_of_a_forecast_is_written_alike(command, tmp_path):
    hours = np.datetime64("2024-01-01T00", "h") + np.arange(24 * 12)
    lines = [f"{hour},{k % 24}" for k, hour in enumerate(hours)]
    folder = tmp_path / "series"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text("\n".join(["time,load", *lines]))
    told = ("--data", folder)
    run = ("--horizon", 26, "--window", 24, "--out", tmp_path / "run")
    done = command("train", "forecaster", *told, *run, *SMALL)
    assert done.exit_code == 0, done.output
    written = command("forecast", tmp_path / "run", *told, "--out", tmp_path / "f.csv")
    assert written.exit_code == 0, written.output
    with open(tmp_path / "f.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {"a", "b"}
    assert {len(row["time"]) for row in rows} == {len("2024-01-13T00:00")}
    again = ("--data", tmp_path / "f.csv", "--target", "forecast", "--series", "file")
    shown = command("data", "show", tmp_path / "f.csv", "--target", "forecast", "--series", "file")
    assert "2 series of 26 steps, hourly" in shown.stdout, again


def test_show_of_what_is_no_file_or_takes_no_options(command, cache, tmp_path):
    assert "there is no such file" in command("data", "show", tmp_path / "x.csv").stderr
    failed = command("data", "show", "digits", "--label", "x")
    assert failed.exit_code == 2
    assert "--label" in failed.stderr


def test_days_with_slashes_are_read_later_as_at_the_training(command, tmp_path):
    path, later = tmp_path / "sales.csv", tmp_path / "later.csv"
    days = np.datetime64("2024-01-01") + np.arange(60)
    lines = [f"{d.item():%m/%d/%Y},{k % 7}" for k, d in enumerate(days)]
    path.write_text("\n".join(["Date,Sales", *lines]))
    later.write_text("\n".join(["Date,Sales", *lines[31:43]]))  # no day above 12 among them
    small = ("--units", 4, "--epochs", 1, "--threads", 1, "--no-pictures", "--window", 7)
    told = ("--data", path, "--horizon", 2, *small)
    done = command("train", "forecaster", *told, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "01/01/2024 are read as month/day/year" in done.stderr
    ahead = command("predict", tmp_path / "run", "--data", later)
    assert ahead.exit_code == 0, ahead.output
    assert "2024-02-13" in ahead.stdout
    refused = command("train", "forecaster", "--data", later, "--horizon", 2, *small)
    assert "--dates day-first or --dates month-first" in refused.stderr
    path.write_text("\n".join(["Date,Sales", *reversed(lines)]))
    turned = command("train", "forecaster", *told)
    assert turned.exit_code == 1
    assert "--repair sort" in turned.stderr
