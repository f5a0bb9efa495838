"""Texts from a file to a model, its score, its answers and its pictures, by commands."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import elman
from elman.cli.works.sequence_parts import split_sequences

SMALL = ("--cell", "gru", "--units", 4, "--embedding", 4, "--epochs", 2, "--threads", 1)


def reviews() -> list[tuple[str, str]]:
    draws = np.random.default_rng(0)
    found = []
    for n in range(60):
        label = ("bad", "good")[n % 2]
        words = draws.choice(["warm", "fun"] if n % 2 else ["dull", "cold"], size=2)
        found.append((f"a {' '.join(words)}, film no. {n}", label))
    return found


def a_table(path):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["review", "stars"])
        rows.writerows(reviews())


def json_lines(path):
    lines = (json.dumps({"review": text, "stars": label}) for text, label in reviews())
    path.write_text("\n".join(lines))


def a_folder(path):
    for n, (text, label) in enumerate(reviews()):
        (path / label).mkdir(parents=True, exist_ok=True)
        (path / label / f"{n}.txt").write_text(text)


TABLE = ("--text", "review", "--label", "stars")
KINDS = {"a.csv": (a_table, TABLE), "a.jsonl": (json_lines, TABLE), "folder": (a_folder, ())}


@pytest.mark.parametrize("name", KINDS)
def test_from_a_file_to_a_score(command, tmp_path, name):
    write, told = KINDS[name]
    write(tmp_path / name)
    data, run = ("--data", tmp_path / name), tmp_path / "run"
    trained = ("--calibrate", "--out", run, *SMALL, "--no-pictures")
    done = command("train", "classifier", *data, *told, *trained)
    assert done.exit_code == 0, done.output
    result = json.loads((run / "result.json").read_text())
    assert len(result["test"]["baselines"]) == 3
    assert result["data"]["characters"][0] > 10
    report = (run / "report.md").read_text()
    assert "60 texts of" in report
    assert "| classes | bad (30), good (30) |" in report
    assert "expected calibration error" in report
    scored = command("evaluate", run, *data, "--json")
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["sequences"] == 12
    answers = command("predict", run, *data, "--abstain", "0.99")
    rows = list(csv.DictReader(io.StringIO(answers.stdout)))
    assert len(rows) == 60
    assert all((row["prediction"] == "") == (float(row["probability"]) < 0.99) for row in rows)
    assert "texts as" in command("info", run).stdout


def test_a_table_of_texts_that_nothing_was_told_of_is_shown_how_to_train_on(command, tmp_path):
    a_table(tmp_path / "a.csv")
    path = str(tmp_path / "a.csv")
    shown = " ".join(command("data", "show", path).stdout.split())
    assert f"elman train classifier --data {path} --text review --label stars" in shown
    with (tmp_path / "a.csv").open("a") as file:
        file.writelines(f"no. {n},class {n}\n" for n in range(40))  # too many for classes
    assert "elman train" not in command("data", "show", path).stdout


def test_new_texts_have_no_labels(command, tmp_path):
    a_table(tmp_path / "a.csv")
    run = tmp_path / "run"
    trained = ("--data", tmp_path / "a.csv", *TABLE, *SMALL, "--out", run, "--no-pictures")
    assert command("train", "classifier", *trained).exit_code == 0
    (tmp_path / "new.csv").write_text("review\na warm film\na dull one\n")
    (tmp_path / "named.csv").write_text("words\na warm film\na dull one\n")
    (tmp_path / "new.txt").write_text("a warm film\na dull one\n")
    (tmp_path / "header.txt").write_text("review\na warm film\na dull one\n")
    (tmp_path / "folder").mkdir()
    for name in "ab":
        (tmp_path / "folder" / f"{name}.txt").write_text("a warm film")
    asked = {
        "new.csv": (), "named.csv": ("--text", "words"), "new.txt": (), "header.txt": (),
        "folder": ("--each", "file"),
    }  # fmt: skip
    for name, told in asked.items():
        done = command("predict", run, "--data", tmp_path / name, *told)
        assert done.exit_code == 0, (name, done.output)
        assert len(done.stdout.splitlines()) == 3
        drawn = command("plot", "reading", run, "--data", tmp_path / name, *told)
        assert drawn.exit_code == 0, (name, drawn.output)
    assert command("plot", "confusion", run, "--data", tmp_path / "new.csv").exit_code == 1
    wrong = command("evaluate", run, "--data", tmp_path / "new.csv")
    assert "no label column 'stars'" in wrong.output
    wrong = command("predict", run, "--data", tmp_path / "new.csv", "--label", "stars")
    assert "no label column 'stars'" in wrong.output


def test_labels_that_rows_list_are_called_by_their_names(command, tmp_path):
    def write(name, labels):
        rows = [{"review": text, "tags": labels[n % 2]} for n, (text, _) in enumerate(reviews())]
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))

    write("train.jsonl", [["cold", "dull"], ["warm"]])
    write("fewer.jsonl", [["dull"], ["warm"]])
    write("other.jsonl", [["dull", "flat"], ["warm"]])
    run, told = tmp_path / "run", ("--text", "review", "--label", "tags", *SMALL, "--epochs", 9)
    files = ("--data", tmp_path / "train.jsonl", "--test", tmp_path / "fewer.jsonl")
    done = command("train", "classifier", *files, *told, "--learning-rate", 0.05, "--out", run)
    assert done.exit_code == 0, done.output
    answers = command("predict", run, "--data", tmp_path / "fewer.jsonl")
    assert {row["prediction"] for row in csv.DictReader(io.StringIO(answers.stdout))} == {
        "cold dull",
        "warm",
    }
    scored = command("evaluate", run, "--data", tmp_path / "fewer.jsonl", "--json")
    found = json.loads(scored.stdout)
    assert [row["label"] for row in found["by_class"]] == ["cold", "dull", "warm"]
    assert found["accuracy"] == 0.5
    wrong = command("evaluate", run, "--data", tmp_path / "other.jsonl")
    assert "30 rows with labels that were not learnt: 'flat'" in wrong.output


def test_texts_by_name_are_parted_as_the_set_is(real_data):
    parts = split_sequences({"data": "movie_reviews/sentences"}, elman.Classifier())
    assert (len(parts.training), len(parts.test)) == (8530, 2132)
    assert parts.split["how"] == "its test part, 2,132 sequences"


def test_pictures_of_texts(command, tmp_path):
    a_table(tmp_path / "a.csv")
    run = tmp_path / "run"
    done = command(
        "train", "classifier", "--data", tmp_path / "a.csv", *TABLE, *SMALL, "--out", run
    )
    assert done.exit_code == 0, done.output
    drawn = sorted(path.stem for path in (run / "pictures").iterdir())
    assert drawn == ["confusion", "curves", "misread", "reading"]
    for kind in ("misread", "unrolled", "gates", "states", "gradients"):
        done = command("plot", kind, run, "--out", tmp_path / f"{kind}.png")
        assert done.exit_code == 0, done.output
    wrong = command("plot", "rates", run)
    assert wrong.exit_code != 0


def test_what_is_missing_is_named(command, tmp_path):
    a_table(tmp_path / "a.csv")
    done = command("train", "classifier", "--data", tmp_path / "a.csv", "--label", "stars")
    assert done.exit_code == 1
    assert "where a row is a text, the column of texts: --text review" in done.output


def test_options_of_texts_are_for_texts(command, tmp_path):
    a_table(tmp_path / "a.csv")
    data = ("--data", tmp_path / "a.csv", "--out", tmp_path / "run", *SMALL)
    done = command("train", "classifier", *data, *TABLE, "--features", "a,b")
    assert done.exit_code != 0
    assert "does not apply to texts" in done.output
    done = command("train", "classifier", *data, *TABLE, "--codec", "wrods")
    assert done.exit_code != 0
    assert "words" in done.output


def test_the_neighbours_of_words(command, tmp_path):
    a_table(tmp_path / "a.csv")
    run = tmp_path / "run"
    told = ("--data", tmp_path / "a.csv", *TABLE, *SMALL, "--out", run, "--no-pictures")
    assert command("train", "classifier", *told).exit_code == 0
    done = command("plot", "embeddings", run, "--words", "warm,dull")
    assert done.exit_code == 0, done.output
    assert (run / "pictures" / "embeddings.png").exists()
    done = command("plot", "embeddings", run, "--analogy", "warm,dull,film; warm, cold, fun")
    assert done.exit_code == 0, done.output
    wrong = command("plot", "embeddings", run, "--analogy", "warm,dull")
    assert "three words, as man,king,woman" in wrong.output
    wrong = command("plot", "embeddings", run, "--words", "wram")
    assert wrong.exit_code != 0
    assert "no vector of it" in wrong.output
