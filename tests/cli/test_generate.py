"""`elman train generator`, `generate`, `score`, `evaluate`, and their pictures."""

from __future__ import annotations

import json

import pytest

LINE = "to be or not to be, that is the question.\n"
QUICK = [
    "--epochs",
    "2",
    "--units",
    "12",
    "--embedding",
    "8",
    "--batch-size",
    "4",
    "--threads",
    "1",
]


@pytest.fixture(scope="module")
def cli(command):
    """Run a command that ends as it should."""

    def run(*words, code=0):
        done = command(*words)
        assert code is None or done.exit_code == code, done.output
        return done

    return run


@pytest.fixture(scope="module")
def run(cli, tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "book.txt").write_text(LINE * 40)
    told = cli("train", "generator", "--data", folder / "book.txt", *QUICK, "--out", folder / "run")
    return folder, told


def test_a_training_says_what_it_read_and_stands_beside_ngrams(run):
    folder, told = run
    assert "A text of" in told.stderr
    assert "Test part: the last 0.1 of the text" in told.stderr
    assert "unigram" in told.stdout
    assert "bits a byte" in told.stdout
    result = json.loads((folder / "run" / "result.json").read_text())
    assert result["test"]["part"] == "test"
    assert result["test"]["characters"] >= len(LINE * 40) // 11
    assert len(result["sample"]) == 300
    report = (folder / "run" / "report.md").read_text()
    assert "## What it wrote" in report
    assert "![surprise](pictures/surprise.png)" in report
    for name in ("curves", "surprise"):
        assert (folder / "run" / "pictures" / f"{name}.png").stat().st_size > 5000


def test_of_the_data_it_learnt_from_the_held_out_part_is_judged(run, cli):
    folder, _ = run
    book = folder / "book.txt"
    told = cli("evaluate", folder / "run", "--data", book, "--json")
    found = json.loads(told.stdout)
    assert found["part"] == "test"
    assert any("judged on what was held out" in one for one in found["notes"])
    whole = json.loads(
        cli("evaluate", folder / "run", "--data", book, "--part", "all", "--json").stdout
    )
    assert whole["characters"] == len(LINE * 40)
    (folder / "other.txt").write_text(LINE * 3)
    other = json.loads(
        cli(
            "evaluate", folder / "run", "--data", folder / "other.txt", "--dynamic", "--json"
        ).stdout
    )
    assert other["part"] == "all"
    assert other["dynamic"]["nats_per_token"] != other["nats_per_token"]
    told = cli("evaluate", folder / "run", "--data", folder / "other.txt", "--part", "test", code=2)
    assert "was not trained on a part of these data" in told.stderr


def test_generate_writes_the_same_text_every_way(run, cli):
    folder, _ = run
    given = ["generate", folder / "run", "--prefix", "to be", "--seed", "3", "--max-length", "40"]
    told = cli(*given)
    assert told.stdout.startswith("to be")
    assert "the most tokens that were asked for" in told.stderr
    several = json.loads(cli(*given, "--n", "2", "--json").stdout)
    assert "to be" + several[0]["text"] + "\n" == told.stdout
    assert len(several[0]["tokens"]) == 40
    shown = cli(*given, "--n", "2").stdout
    assert shown.startswith(told.stdout)
    beam = cli(*given[:4], "--beam-size", "3", "--n-best", "2", "--max-length", "5").stdout
    assert beam.count("to be") >= 2
    assert cli(*given[:4], "--stop", "o", "--max-length", "99").stdout.endswith("o\n")


def test_score_prints_each_tokens_surprise(run, cli):
    folder, _ = run
    (folder / "scene.txt").write_text("to be")
    told = cli("score", folder / "run", "--data", folder / "scene.txt")
    lines = told.stdout.splitlines()
    assert lines[0] == "place,token,bits"
    assert len(lines) == 6
    assert "bits a byte" in told.stderr
    rows = json.loads(cli("score", folder / "run", "--data", folder / "scene.txt", "--json").stdout)
    assert [row["token"] for row in rows] == list("to be")


def test_texts_that_were_learnt_and_words_that_were_not_are_told_of(run, cli, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("the same line again\n" * 30)
    to = ("--codec", "words", *QUICK, "--out", tmp_path / "run", "--no-pictures")
    told = cli("train", "generator", "--data", lines, "--each", "line", *to)
    said = "3 of the 3 texts of the test part stand in the training part, too"
    assert said in told.stdout + told.stderr
    found = json.loads((tmp_path / "run" / "result.json").read_text())
    assert any(said in one for one in found["test"]["notes"])
    again = json.loads(
        cli("evaluate", tmp_path / "run", "--data", lines, "--each", "line", "--json").stdout
    )
    assert any(said in one for one in again["notes"])
    told = cli("generate", tmp_path / "run", "--prefix", "the Привет", "--max-length", "2")
    assert "1 token of --prefix, which the model does not know, read as <unk>" in told.stderr
    told = cli("generate", tmp_path / "run", "--prefix", "line", "--max-length", "2", "--n", "2")
    assert "<unk>" not in told.stderr
    new = tmp_path / "new.txt"
    new.write_text("a новый line")
    assert (
        "2 tokens that the model does not know"
        in cli("score", tmp_path / "run", "--data", new).stderr
    )
    table = tmp_path / "table.csv"
    table.write_text("text,label\ngood,1\nbad,0\n")
    told = cli("score", tmp_path / "run", "--data", table, code=1)
    assert "holds 2 texts; a file of one: elman predict" in " ".join(told.output.split())


def test_pictures(run, cli):
    folder, _ = run
    for kind, *more in (
        ["surprise"],
        ["curves"],
        ["embeddings", "--words", "t,o"],
        ["surprise", "--data", folder / "book.txt", "--part", "train", "--index", "0"],
    ):
        out = folder / f"{kind}.png"
        cli("plot", kind, folder / "run", *more, "--out", out)
        assert out.stat().st_size > 5000


def test_a_table_of_texts(run, cli):
    folder, _ = run
    rows = "\n".join(f'{k},"to be {k}"' for k in range(40))
    (folder / "notes.csv").write_text(f"id,note\n{rows}\n")
    told = cli(
        "train", "generator", "--data", folder / "notes.csv", "--text", "note", *QUICK,
        "--codec", "words", "--out", folder / "notes",
    )  # fmt: skip
    assert "36 texts of" in told.stderr
    found = cli("predict", folder / "notes", "--data", folder / "notes.csv").stdout.splitlines()
    assert found[0] == "id,tokens,nats_per_token,bits_per_character,bits_per_byte"
    assert len(found) == 41
    assert "and where a text ends" in cli("info", folder / "notes").stdout


def test_without_data_it_reads_the_standard_library(cli, tmp_path, monkeypatch):
    from elman.data.sets import documents

    monkeypatch.setattr(documents, "_ENOUGH", 3000)
    told = cli("train", "generator", *QUICK, "--epochs", "1", "--out", tmp_path / "run")
    assert "of the standard library of Python" in told.stderr


def test_a_run_that_has_not_ended_says_how_to_go_on(run, cli, tmp_path):
    folder, _ = run
    (tmp_path / "config.toml").write_text((folder / "run" / "config.toml").read_text())
    for words in (["generate"], ["score"], ["evaluate", "--data", folder / "book.txt"]):
        told = cli(words[0], tmp_path, *words[1:], code=1)
        assert "has not come to the end" in told.stderr
        assert "--resume" in told.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["generate", "RUN", "--prefix", "é"], "'é', which the model has never seen"),
        (["generate", "RUN", "--temperature", "nan"], "--temperature"),
        (["generate", "RUN", "--expression", "é"], "expression"),
        (["generate", "RUN", "--n", "0"], "--n: found 0"),
        (["train", "generator", "--data", "BOOK", "--vocabulary", "1"], "--vocabulary: found 1"),
        (["evaluate", "RUN", "--data", "nowhere.txt"], "there is no such"),
        (["score", "RUN", "--data", "nowhere.txt"], "there is no such"),
        (["plot", "surprise", "RUN", "--index", "5"], "--index"),
        (["plot", "gates", "RUN"], "gates"),
        (["plot", "misread", "RUN"], "a generator has no picture 'misread'"),
        (["plot", "suprise", "RUN"], "did you mean 'surprise'?"),
        (["generate", "RUN", "--n", "1000000000"], "--n: found 1000000000; a whole number of at"),
        (["generate", "RUN", "--beam-size", "1000000000"], "at most 10,000"),
        (["tag", "RUN"], "a generator that reads no words"),
        (["train", "generator", "--data", "nowhere.txt"], "there is no such"),
        (["train", "generator", "--from", "RUN", "--data", "BOOK", "--head", "tied"], "another"),
    ],
)
def test_wrong_input_is_a_line(run, cli, words, said):
    folder, _ = run
    place = {"RUN": str(folder / "run"), "BOOK": str(folder / "book.txt")}
    told = cli(*(place.get(word, word) for word in words), code=None)
    assert told.exit_code in (1, 2)
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_a_model_that_reads_from_the_end_scores_and_does_not_write(run, cli, tmp_path):
    folder, _ = run
    told = cli("train", "generator", "--data", folder / "book.txt", *QUICK, "--backward",
               "--out", tmp_path / "back")  # fmt: skip
    assert "--features-from" in told.stderr
    assert "What it wrote" not in (tmp_path / "back" / "report.md").read_text()
    assert "from the end" in cli("info", tmp_path / "back").stdout
    written = cli("generate", tmp_path / "back", code=None)
    assert written.exit_code in (1, 2)
    assert "reads texts from the end" in written.stderr
