"""A tagger on the command line: trained on words in columns, asked for tags of texts and files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from elman.cli import tag as verb
from elman.cli.verbs import app
from tests.tasks.test_tagger import sentences

SMALL = ("--units", 8, "--embedding", 6, "--characters", 4, "--character-units", 3)
SMALL += ("--min-count", 1, "--epochs", 6, "--learning-rate", 0.02, "--threads", 1)


def write_table(path: Path, rows: int, seed: int) -> None:
    X, y = sentences(rows, seed)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sentence", "place", "word", "tag"])
        for n, words in enumerate(X):
            for k, word in enumerate(words):
                writer.writerow([f"s{n}", k, word, y[n][k]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("tagging")


@pytest.fixture(scope="module")
def tags_run(command, folder) -> Path:
    """The folder of a tagger's run."""
    write_table(folder / "train.csv", 120, 0)
    write_table(folder / "test.csv", 30, 1)
    columns = ("--series", "sentence", "--time", "place", "--text", "word", "--label", "tag")
    files = ("--data", folder / "train.csv", "--test", folder / "test.csv")
    done = command("train", "tagger", *files, *columns, *SMALL, "--out", folder / "run")
    assert done.exit_code == 0, done.output
    assert "The tags are spans (BIO)" in done.output
    return folder / "run"


@pytest.fixture
def asked():
    """Run a command with a text on standard input."""
    runner = CliRunner()

    def ask(*arguments: object, text: bytes = b""):
        return runner.invoke(app, [str(one) for one in arguments], input=text)

    return ask


def test_training_tells_spans_beside_baselines(tags_run):
    result = json.loads((tags_run / "result.json").read_text())
    assert list(result["test"]["baselines"]) == ["most frequent tag", "averaged perceptron"]
    assert result["test"]["span_f1"] > 0
    report = (tags_run / "report.md").read_text()
    assert "span F1" in report
    assert "averaged perceptron" in report
    assert "Spans by type" in report
    assert "| features |" not in report


def test_every_verb_knows_it(tags_run, folder, command):
    scored = command("evaluate", tags_run, "--data", folder / "test.csv", "--json")
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["metric"] == "accuracy"
    answered = command("predict", tags_run, "--data", folder / "test.csv", "--probabilities")
    assert answered.stdout.splitlines()[0].startswith(
        "id,step,word,prediction,probability,p(B-LOC)"
    )
    assert "words, of which" in command("info", tags_run).output
    for kind in ("unrolled", "gates", "states", "curves"):
        out = folder / f"{kind}.png"
        drawn = command("plot", kind, tags_run, "--data", folder / "test.csv", "--out", out)
        assert drawn.exit_code == 0, drawn.output
        assert out.stat().st_size > 1000


def test_training_reads_files_of_words_and_tags(command, folder):
    X, y = sentences(40, 3)
    for name, rows in (("train", slice(30)), ("test", slice(30, 40))):
        lines = []
        for words, tags in zip(X[rows], y[rows], strict=True):
            lines += [f"{word} _ {tag}" for word, tag in zip(words, tags, strict=True)]
            lines.append("")
        (folder / f"{name}.conll").write_text("\n".join(lines))
    files = ("--data", folder / "train.conll", "--test", folder / "test.conll")
    out = folder / "conll"
    done = command("train", "tagger", *files, *SMALL, "--epochs", 1, "--out", out, "--no-pictures")
    assert done.exit_code == 0, done.output
    scored = command("evaluate", out, "--data", folder / "test.conll", "--json")
    assert json.loads(scored.stdout)["sequences"] == 10
    answered = command("predict", out, "--data", folder / "test.conll")
    assert len(answered.stdout.splitlines()) == 1 + sum(map(len, X[30:40]))
    wrong = command("evaluate", out, "--data", folder / "test.conll", "--series", "a")
    assert wrong.exit_code == 2
    assert "series: does not apply" in wrong.output


def test_lines_of_text_become_words_with_tags(tags_run, asked):
    done = asked("tag", tags_run, text="ann went.\n\n  bob is\u00a0saw".encode())
    assert done.exit_code == 0, done.output
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == ["ann", "went", ".", "", "bob", "is", "saw", ""]
    assert all(len(row) == 2 for row in rows if row[0])
    assert rows[0][1] == "B-PER"
    sure = asked("tag", tags_run, "--probabilities", "--cut", "spaces", text=b"ann went.")
    assert [line.split("\t")[0] for line in sure.stdout.splitlines()] == ["ann", "went.", ""]
    assert 0 < float(sure.stdout.splitlines()[0].split("\t")[2]) <= 1
    assert asked("tag", tags_run, text=b"").stdout == ""
    assert asked("tag", tags_run, text=b"\n \n").stdout == ""


def test_many_lines_are_tagged_some_at_a_time(tags_run, asked, monkeypatch):
    whole = asked("tag", tags_run, text=b"ann went\nbob is\ncleo saw\n").stdout
    monkeypatch.setattr(verb, "_AT_ONCE", 2)
    assert asked("tag", tags_run, text=b"ann went\nbob is\ncleo saw\n").stdout == whole


CONLLU = (
    "# sent_id = a\n# text = ann went\n"
    "1-2\tann went\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tann\tann\tX\tNNP\t_\t2\tnsubj\t_\tSpaceAfter=No\n"
    "2\twent\tgo\tX\tVBD\t_\t0\troot\t_\t_\n"
    "2.1\tgone\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
)


def test_a_file_of_conllu_keeps_what_is_not_tagged(tags_run, asked, tmp_path):
    path = tmp_path / "new.conllu"
    path.write_text(CONLLU)
    done = asked("tag", tags_run, "--data", path)
    assert done.exit_code == 0, done.output
    wanted = CONLLU.replace("ann\tX", "ann\tB-PER").replace("go\tX", "go\tO")
    assert done.stdout == wanted
    out = tmp_path / "tagged.conllu"
    assert asked("tag", tags_run, "--data", path, "--out", out).exit_code == 0
    assert out.read_text() == wanted


def test_a_column_of_words_gets_one_of_tags(tags_run, asked, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("ann\nwent\n\nbob\n")
    done = asked("tag", tags_run, "--data", path)
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:1] for row in rows if row] == [["ann"], ["went"], ["bob"]]
    assert all(len(row) == 2 for row in rows if row)


@pytest.mark.parametrize(
    ("given", "text", "said"),
    [
        ((), b"ann\nb\xffb\n", "standard input, line 2: byte 0xff at place 2 is no UTF-8"),
        (("--out", "x"), b"ann\n", "--out: given without --data"),
        (("--data", "nowhere.conllu"), b"", "nowhere.conllu"),
        (("--cut", "letters"), b"ann\n", "found 'letters'"),
    ],
)
def test_what_is_refused(tags_run, asked, given, text, said):
    done = asked("tag", tags_run, *given, text=text)
    assert done.exit_code in (1, 2)
    assert said in done.output


def test_a_line_without_an_end_is_bounded(tags_run, asked, monkeypatch):
    monkeypatch.setattr(verb, "LONGEST", 64)
    done = asked("tag", tags_run, text=b"ann\n" + b"a" * 100)
    assert done.exit_code == 1
    assert "line 2: is longer than" in done.output


def test_a_model_that_reads_no_words(asked, run):
    done = asked("tag", run, text=b"ann\n")
    assert done.exit_code == 2
    assert "a classifier that reads no words" in done.output
