"""`elman train translator`, `translate`, `score`, `evaluate`, `predict`, and their pictures."""

from __future__ import annotations

import json
import tomllib

import pytest
from typer.testing import CliRunner

from elman.cli.verbs import app
from tests.tasks.toy_pairs import toy_pairs

QUICK = ["--units", 32, "--embedding", 16, "--epochs", 10, "--learning-rate", 0.01]
QUICK += ["--batch-size", 16, "--threads", 1, "--codec", "words"]


@pytest.fixture(scope="module")
def cli():
    """Run a command that ends as it should, with what stands on standard input."""
    runner = CliRunner()

    def run(*words, code=0, given=b""):
        done = runner.invoke(app, [str(word) for word in words], input=given)
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    for name, lines in zip(("a.en", "b.fr"), toy_pairs(320), strict=True):
        (folder / name).write_text("\n".join(lines) + "\n")
    rows = ["\t".join(pair) for pair in zip(*toy_pairs(40, seed=5), strict=True)]
    (folder / "both.tsv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def run(cli, folder):
    files = ["--source", folder / "a.en", "--target", folder / "b.fr", "--test-share", 0.1]
    return cli("train", "translator", *files, *QUICK, "--out", folder / "run")


def test_a_training_says_what_it_read_and_stands_beside_baselines(run, folder):
    assert "288 pairs of" in run.stderr
    assert "Test part: 0.1 of the sources, at random (seed 0)" in run.stderr
    for words in ("copying the source", "TF-IDF", "word by word", "this model", "BLEU", "chrF2"):
        assert words in run.stdout
    result = json.loads((folder / "run" / "result.json").read_text())
    assert result["test"]["pairs"] == 32
    assert result["chosen_by"] == "bleu"
    assert "version:" in result["test"]["signatures"]["bleu"]
    report = (folder / "run" / "report.md").read_text()
    assert "The first answers of the test part" in report
    for name in ("curves", "attention", "quality"):
        assert f"![{name}](pictures/{name}.png)" in report
        assert (folder / "run" / "pictures" / f"{name}.png").stat().st_size > 5000


def test_what_the_training_held_out_is_what_is_judged(run, cli, folder):
    files = ["--source", folder / "a.en", "--target", folder / "b.fr"]
    told = json.loads(cli("evaluate", folder / "run", *files, "--json").stdout)
    result = json.loads((folder / "run" / "result.json").read_text())
    assert told["bleu"] == result["test"]["bleu"]
    assert (told["part"], told["pairs"]) == ("test", 32)
    assert (
        json.loads(cli("evaluate", folder / "run", *files, "--part", "all", "--json").stdout)[
            "pairs"
        ]
        == 320
    )
    done = cli("evaluate", folder / "run", "--data", folder / "both.tsv", "--part", "train", code=2)
    assert "the model was not trained on a part of these data" in done.stderr


def test_the_configuration_of_a_run_trains_the_same_again(run, cli, folder):
    told = tomllib.loads((folder / "run" / "config.toml").read_text())
    assert told["about"]["target"] == str(folder / "b.fr")
    again = [*("--epochs", 1), "--no-pictures", "--out", folder / "again"]
    done = cli("train", "--config", folder / "run" / "config.toml", *again)
    assert "288 pairs of" in done.stderr


def test_a_line_in_is_a_line_out_whatever_it_holds(run, cli, folder):
    lines = [b"one two", b"", b"\xff\xfe", b"six\r", b"one " * 400, b"  ", b"x" * (2**20 + 9)]
    done = cli("translate", folder / "run", given=b"\n".join([*lines, b"three"]))
    out = done.stdout.split("\n")
    assert len(out) == 9
    assert out[-1] == ""
    assert [out[k] for k in (0, 1, 3, 5, 7)] == ["deux un", "", "six", "", "trois"]
    assert "Line 3: 2 places that are no UTF-8 read as U+FFFD; handed on as it is" in done.stderr
    assert "Line 5: cut after" in done.stderr
    assert "Line 7: cut after 1,048,576 bytes" in done.stderr
    assert "8 lines in, as many out; 2 empty lines; 3 lines with notes" in done.stderr
    assert cli("translate", folder / "run", given=b"").stdout == ""
    for given in (b"one\n", b"one"):
        assert cli("translate", folder / "run", given=given).stdout == "un\n"


def test_a_line_is_the_same_among_others(run, cli, folder):
    lines = toy_pairs(70, seed=3)[0]
    whole = cli("translate", folder / "run", given="\n".join(lines).encode()).stdout.splitlines()
    for line, found in [*zip(lines, whole, strict=True)][::23]:
        assert cli("translate", folder / "run", given=line.encode()).stdout == f"{found}\n"


def test_a_long_line_may_be_refused(run, cli, folder):
    done = cli("translate", folder / "run", "--long", "refuse", given=b"one " * 99, code=1)
    assert "99 tokens, and the model reads at most" in done.stderr
    given = b"one\n" * 259 + b"one " * 99  # of the second lot of lines that are read at once
    done = cli("translate", folder / "run", "--long", "refuse", given=given, code=1)
    assert "standard input, line 260: 99 tokens" in done.stderr
    assert (
        "--force: 'Rome'"
        in cli("translate", folder / "run", "--force", "Rome", given=b"one", code=2).stderr
    )


def test_the_help_of_an_option_says_what_ends_an_answer(cli):
    shown = " ".join(cli("translate", "--help").stdout.replace("│", " ").split())
    assert "Most tokens to write, <eos> included." in shown
    assert "Keep {name}, <b>, %s and the like" in shown


def test_a_training_whose_first_sources_are_unknown_ends_with_its_report(cli, tmp_path):
    (tmp_path / "a").write_text("".join(f"q{k}x\n" for k in range(40)))
    (tmp_path / "b").write_text("un deux trois quatre\n" * 40)
    files = ["--source", tmp_path / "a", "--target", tmp_path / "b", "--out", tmp_path / "run"]
    quick = ["--units", 4, "--embedding", 4, "--epochs", 1, "--threads", 1, "--codec", "words"]
    done = cli("train", "translator", *files, *quick)
    assert "this model" in done.stdout
    assert (tmp_path / "run" / "report.md").exists()
    assert not (tmp_path / "run" / "pictures" / "attention.png").exists()
    (tmp_path / "a").write_text("one\n")
    (tmp_path / "b").write_text("un\n")
    done = cli("train", "translator", *files[:-1], tmp_path / "other", *quick, code=2)
    assert "--test-share: 0 of 1 source leaves one part empty" in done.stderr


def test_n_best_prefix_terms_and_picture(run, cli, folder, tmp_path):
    told = ["--n-best", 2, "--beam-size", 3]
    out = cli("translate", folder / "run", *told, given=b"one two\nsix").stdout.splitlines()
    assert [line.split("\t")[0] for line in out] == ["1", "1", "2", "2"]
    assert out[0].split("\t")[2] == "deux un"
    assert float(out[0].split("\t")[1]) > float(out[1].split("\t")[1])
    forced = cli("translate", folder / "run", "--force", "huit", given=b"one two").stdout
    assert forced.startswith("huit ")
    (tmp_path / "terms.tsv").write_text("two\tsept\n")
    terms = ["--terminology", tmp_path / "terms.tsv"]
    assert "sept" in cli("translate", folder / "run", *terms, given=b"one two").stdout
    (tmp_path / "terms.tsv").write_text("two\tsept\nsix\tRome\n")
    done = cli("translate", folder / "run", *terms, given=b"one two", code=1)
    assert "terms.tsv, line 2: 'Rome' cannot be written" in done.stderr
    drawn = cli("translate", folder / "run", "--attention", tmp_path / "a.png", given=b"\none two")
    assert drawn.stdout == "\ndeux un\n"
    assert "Picture of line 2" in drawn.stderr
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_json_has_a_line_for_each_answer(run, cli, folder):
    out = cli("translate", folder / "run", "--json", given=b"one two\n\n").stdout.splitlines()
    first, second = map(json.loads, out)
    assert (first["line"], first["text"], first["ended"]) == (1, "deux un", "eos")
    assert [one["token"] for one in first["tokens"]] == ["deux", "un"]
    assert (second["text"], second["ended"]) == ("", "empty")


def test_given_pairs_are_scored(run, cli, folder, tmp_path):
    (tmp_path / "a").write_text("one two\nsix")
    (tmp_path / "b").write_text("deux un\nhuit\n")
    files = ["--source", tmp_path / "a", "--target", tmp_path / "b"]
    rows = json.loads(cli("score", folder / "run", *files, "--json").stdout)
    assert [row["tokens"] for row in rows] == [3, 2]
    assert rows[0]["log_probability"] > rows[1]["log_probability"]
    (tmp_path / "b").write_text("deux un\nhuit\nun\n")
    done = cli("score", folder / "run", *files, code=1)
    assert "a: 2 lines, and" in done.stderr
    assert "has 3; from line" in done.stderr
    (tmp_path / "a").write_text("six\nRome\n" + "one " * 99)
    (tmp_path / "b").write_text("six\nun\nun Rome\n")
    done = cli("score", folder / "run", *files, "--json")
    assert [row["nats_per_token"] is None for row in json.loads(done.stdout)] == [
        False,
        True,
        False,
    ]
    assert "NaN" not in done.stdout
    assert "1 source cut after" in done.stderr
    assert "a and" in done.stderr
    assert "line 3" in done.stderr
    assert "1 token that the model does not know count" in done.stderr
    assert "--target: not given" in cli("score", folder / "run", *files[:2], code=2).stderr
    assert "a translator scores pairs" in cli("score", folder / "run", "--data", "x", code=2).stderr


def test_predict_evaluate_and_pictures_of_a_table(run, cli, folder, tmp_path):
    done = cli("predict", folder / "run", "--data", folder / "a.en", "--json", "--beam-size", 1)
    rows = json.loads(done.stdout)
    assert len(rows) == 320
    assert rows[0].keys() == {"id", "source", "prediction", "log_probability", "ended"}
    (tmp_path / "lines").write_text("one\n\n" + "one " * 99)
    said = cli("predict", folder / "run", "--data", tmp_path / "lines").stderr
    assert "cut at the bound: 1 source" in said
    assert "empty answers to 1 empty source" in said
    table = ["--data", folder / "both.tsv"]
    done = cli("plot", "attention", folder / "run", *table, "--index", -1, code=2)
    assert "--index" in done.stderr
    assert len(json.loads(cli("predict", folder / "run", *table, "--json").stdout)) == 40
    told = ["--against", folder / "run", "--report", tmp_path / "report.md"]
    done = cli("evaluate", folder / "run", *table, *told)
    assert "Paired bootstrap test" in done.stdout
    assert "Paired bootstrap test" in (tmp_path / "report.md").read_text()
    for kind in ("attention", "quality", "curves"):
        out = tmp_path / f"{kind}.png"
        more = [] if kind == "curves" else table
        cli("plot", kind, folder / "run", *more, "--out", out)
        assert out.stat().st_size > 5000
    done = cli("plot", "surprise", folder / "run", *table, code=2)
    assert "translator" in done.stderr
    assert "translator" in cli("info", folder / "run").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "translator", "--source", "a"], "--target: not given beside --source"),
        (
            ["train", "translator", "--source", "a", "--target", "b", "--data", "c"],
            "one of the two",
        ),
        (["train", "translator", "--data", "dates", "--test-share", "2"], "--test-share: found 2"),
        (["train", "translator", "--data", "dates", "--test-target", "b"], "--test-target"),
        (["translate", "RUN", "--beam-size", "0"], "--beam-size: found 0"),
        (["translate", "RUN", "--attention", "a.doc"], ".png"),
    ],
)
def test_what_is_misused_is_said(run, cli, folder, words, said):
    words = [folder / "run" if word == "RUN" else word for word in words]
    assert said in cli(*words, code=2).stderr


def test_files_of_unequal_length_are_refused(cli, folder, tmp_path):
    lines = (folder / "b.fr").read_text().splitlines()
    (tmp_path / "b.fr").write_text("\n".join(lines[:100] + lines[101:]))
    files = ["--source", folder / "a.en", "--target", tmp_path / "b.fr"]
    done = cli("train", "translator", *files, *QUICK, code=1)
    assert "a.en: 320 lines, and" in done.stderr
    assert "has 319; from line" in done.stderr


def test_a_generator_is_no_translator(cli, folder, tmp_path):
    (tmp_path / "book.txt").write_text("to be or not to be. " * 40)
    quick = ["--units", 4, "--epochs", 1, "--threads", 1, "--no-pictures"]
    cli("train", "generator", "--data", tmp_path / "book.txt", *quick, "--out", tmp_path / "run")
    assert "MODEL: a generator; a translator" in cli("translate", tmp_path / "run", code=2).stderr


def test_a_beam_of_a_thousand_million_is_refused_before_anything_is_asked_for(run, cli, folder):
    for name in ("--beam-size", "--n-best"):
        done = cli("translate", folder / "run", name, 10**9, given=b"one", code=2)
        assert f"{name}: found 1000000000; a whole number of at most 10,000" in done.stderr
    data = ["--data", folder / "both.tsv", "--beam-size", 10**9]
    for verb in ("predict", "evaluate"):
        assert "at most 10,000" in cli(verb, folder / "run", *data, code=2).stderr


def test_several_files_of_references(cli, folder, tmp_path):
    other = tmp_path / "c.fr"
    other.write_text(
        "".join(f"{line} !\n" for line in (folder / "b.fr").read_text().split("\n")[:-1])
    )
    files = ["--source", folder / "a.en", "--target", folder / "b.fr", "--target", other]
    quick = [*QUICK, "--epochs", 1, "--no-pictures", "--out", tmp_path / "run"]
    assert "with 32 references" in cli("train", "translator", *files, *quick).stdout
    result = json.loads((tmp_path / "run" / "result.json").read_text())["test"]
    assert (result["pairs"], result["references"]) == (16, 32)
    told = tomllib.loads((tmp_path / "run" / "config.toml").read_text())["about"]
    assert told["target"] == [str(folder / "b.fr"), str(other)]
    found = json.loads(cli("evaluate", tmp_path / "run", *files, "--json").stdout)
    assert found["bleu_of_all"] == result["bleu_of_all"]
    test = ["--test", folder / "a.en", *("--test-target", folder / "b.fr", "--test-target", other)]
    again = ["--config", tmp_path / "run" / "config.toml", *test, "--epochs", 1, "--no-pictures"]
    done = cli("train", *again, "--out", tmp_path / "again")
    assert "320 sources with 640 references" in done.stdout
    path = tmp_path / "run" / "config.toml"
    path.write_text(path.read_text().replace(f'"{other}"', "3"))
    assert (
        "about.target" in cli("train", "--config", path, "--out", tmp_path / "bad", code=1).stderr
    )
