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


@pytest.fixture(scope="module")
def columns_run(command, folder) -> Path:
    """The folder of a tagger that has learnt the third of four columns, words in the second."""
    rows = [[f"{k + 1} {word} {tag} x" for k, (word, tag) in enumerate(zip(*one, strict=True))]
            for one in zip(*sentences(30, 3), strict=True)]  # fmt: skip
    path = folder / "four.conll"
    path.write_text("\n".join("\n".join(one) + "\n" for one in rows))
    told = ("--text", 2, "--label", 3, *SMALL, "--no-pictures", "--out", folder / "four")
    done = command("train", "tagger", "--data", path, *told)
    assert done.exit_code == 0, done.output
    return folder / "four"


def test_tags_go_into_the_column_that_was_learnt(columns_run, folder, asked, tmp_path):
    content = (folder / "four.conll").read_text()
    told = asked("tag", columns_run, "--data", folder / "four.conll")
    assert told.exit_code == 0, told.output
    assert "words in column 2, tags in column 3" in told.stderr
    lines = [line.split() for line in told.stdout.splitlines()]
    kept = [[*line[:2], *line[3:]] for line in lines]
    assert kept == [[*line[:2], *line[3:]] for line in map(str.split, content.splitlines())]
    assert {line[2] for line in lines if line} > {"O"}
    two = tmp_path / "two.conll"
    two.write_text("1 ann\n2 went\n")
    tagged = asked("tag", columns_run, "--data", two).stdout.splitlines()
    assert [line.split()[:2] for line in tagged] == [["1", "ann"], ["2", "went"]]
    assert all(len(line.split()) == 3 for line in tagged)
    answered = asked("predict", columns_run, "--data", two)
    assert answered.exit_code == 0, answered.output
    assert [line.split(",")[2] for line in answered.stdout.splitlines()[1:]] == ["ann", "went"]
    other = asked("tag", columns_run, "--data", folder / "four.conll", "--label", 4)
    assert [line.split()[:3] for line in other.stdout.splitlines()] == [
        line.split()[:3] for line in content.splitlines()
    ]
    assert asked("tag", columns_run, "--data", two, "--label", 4).exit_code == 2
    assert "--label: given without" in asked("tag", columns_run, "--label", 4, text=b"a").output


def test_a_file_of_conllu_does_not_lose_what_was_not_learnt(asked, command, tmp_path):
    block = "1\tann\tann\tX\tNNP\t_\t0\troot\t_\t_\n2\twent\tgo\tY\tVBD\t_\t1\tdep\t_\t_\n\n"
    path, run = tmp_path / "a.conllu", tmp_path / "run"
    path.write_text(block * 20)
    told = ("--label", "XPOS", *SMALL, "--epochs", 1, "--no-pictures", "--out", run)
    assert command("train", "tagger", "--data", path, *told).exit_code == 0
    rows = [line.split("\t") for line in asked("tag", run, "--data", path).stdout.splitlines()]
    assert [row[3] for row in rows if row[1:]] == ["X", "Y"] * 20
    assert {row[4] for row in rows if row[1:]} <= {"NNP", "VBD"}
    words = tmp_path / "w.conll"
    words.write_text("ann\nwent\n")
    for verb_asked in ("predict", "tag"):
        assert asked(verb_asked, run, "--data", words).exit_code == 0


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
        (("--data", "train.csv.gz"), b"", "train.csv.gz is a table"),
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


def test_words_have_features_of_language_models(command, folder, tags_run, asked):
    words = [" ".join(row) for row in sentences(60, 2)[0]]
    (folder / "book.txt").write_text("\n".join(words), "utf-8")
    tiny = ("--units", 5, "--embedding", 4, "--epochs", 1, "--threads", 1)
    data = ("--data", folder / "book.txt", *tiny)
    assert command("train", "generator", *data, "--out", folder / "forward").exit_code == 0
    back = command("train", "generator", *data, "--backward", "--out", folder / "backward")
    assert back.exit_code == 0, back.output
    columns = ("--series", "sentence", "--time", "place", "--text", "word", "--label", "tag")
    table = ("--data", folder / "train.csv", *columns, *SMALL)
    pair = f"{folder / 'forward'},{folder / 'backward'}"
    done = command("train", "tagger", *table, "--features-from", pair, "--out", folder / "more")
    assert done.exit_code == 0, done.output
    assert "Each word has 10 numbers of a language model that reads forward" in done.output
    assert "from the end" in command("info", folder / "more").output
    (folder / "forward").rename(folder / "moved")  # the model has what it needs in itself
    assert command("predict", folder / "more", "--data", folder / "test.csv").exit_code == 0
    wrong = command("train", "tagger", *table, "--features-from", tags_run, "--out", folder / "no")
    assert wrong.exit_code in (1, 2)
    assert "of the task tagger" in wrong.output
