"""Own data are judged like named sets: a share is held out, read once, and said to be."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import elman
from elman import bundle
from elman.bundle import Bundle
from tests.cli.conftest import SMALL, write_table

QUICK = (*SMALL, "--epochs", 1, "--no-pictures")


def result_of(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text())


@pytest.fixture(scope="module")
def own(command, tables, tmp_path_factory) -> Path:
    """A run on a file of its own, without test data."""
    out = tmp_path_factory.mktemp("runs") / "own"
    done = command(
        "train", "classifier", "--data", tables / "train.csv", "--label", "class", *SMALL,
        "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Test part: 12 of 60 sequences, stratified by class, seed 0" in done.stderr
    rows = [line for line in done.stdout.splitlines() if "%" in line]
    assert [name in line for name, line in zip(("majority", "logistic"), rows, strict=False)]
    assert "this model" in rows[2]
    return out


def test_a_share_is_held_out_and_scored_beside_baselines(own):
    result = result_of(own)
    assert result["split"] == {
        "kind": "held out",
        "how": "12 of 60 sequences, stratified by class, seed 0",
        "share": 0.2,
        "seed": 0,
        "by class": True,
        "group": None,
        "training": 48,
        "test": 12,
    }
    assert result["train_sequences"] + result["validation_sequences"] == 48
    assert result["data"]["classes"] == {"high": 30, "low": 30}
    test = result["test"]
    assert (test["sequences"], test["seen"], test["part"]) == (12, 0, "test")
    for card in (test, *test["baseline_scores"].values()):
        assert {"accuracy", "balanced_accuracy", "macro_f1", "roc_auc"} <= set(card)
    names = ("curves", "confusion", "misread", "reading")
    assert all((own / "pictures" / f"{name}.png").exists() for name in names)


def test_the_report_is_for_a_person(own):
    text = (own / "report.md").read_text()
    test = result_of(own)["test"]
    assert text.startswith("# Classifier: ")
    assert test["verdict"] in text
    order = ("| majority class", "| logistic regression on", "| **this model** |", "## By class")
    assert sorted(order, key=text.index) == list(order)
    assert "12 of 60 sequences, stratified by class, seed 0" in text
    assert "![confusion](pictures/confusion.png)" in text
    for row in test["by_class"]:
        assert f"| {row['class']} | {row['count']} | {row['precision']:.3f} |" in text


def test_evaluate_judges_the_same_data_on_what_was_held_out(command, tables, own, tmp_path):
    report = tmp_path / "report.md"
    data = ("--data", tables / "train.csv")
    done = command("evaluate", own, *data, "--json", "--report", report)
    assert done.exit_code == 0, done.output
    found, kept = json.loads(done.stdout), result_of(own)["test"]
    for name in ("score", "roc_auc", "macro_f1", "baseline_scores", "verdict", "by_class"):
        assert found[name] == kept[name]
    assert "judged on the 12 of 60 sequences that were held out" in found["notes"][0]
    assert kept["verdict"] in report.read_text()
    everything = json.loads(command("evaluate", own, *data, "--part", "all", "--json").stdout)
    assert (everything["sequences"], everything["seen"]) == (60, 48)
    learnt = json.loads(command("evaluate", own, *data, "--part", "train", "--json").stdout)
    assert (learnt["sequences"], learnt["seen"]) == (48, 48)
    shown = command("evaluate", own, *data)
    assert "macro F1" in shown.stdout
    assert kept["verdict"] in shown.stdout
    assert "judged on the 12 of 60" in shown.stderr


def test_the_same_data_in_another_order_and_other_data(command, tables, own, tmp_path):
    lines = (tables / "train.csv").read_text().splitlines()
    (tmp_path / "turned.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]))
    turned = command("evaluate", own, "--data", tmp_path / "turned.csv", "--json")
    assert json.loads(turned.stdout)["sequences"] == 12
    other = json.loads(command("evaluate", own, "--data", tables / "test.csv", "--json").stdout)
    assert (other["sequences"], other["part"], other["seen"]) == (30, "all", 0)
    write_table(tmp_path / "new.csv", 5, seed=9)
    fresh = (tmp_path / "new.csv").read_text().splitlines()[1:]
    (tmp_path / "grown.csv").write_text("\n".join([*lines, *(f"new-{line}" for line in fresh)]))
    grown = json.loads(command("evaluate", own, "--data", tmp_path / "grown.csv", "--json").stdout)
    assert (grown["sequences"], grown["seen"]) == (65, 48)
    assert any("48 of these 65 sequences are not new" in note for note in grown["notes"])


def test_pictures_of_the_runs_own_data_show_what_was_held_out(command, own, tmp_path):
    out = tmp_path / "confusion.svg"
    done = command("plot", "confusion", own, "--out", out)
    assert done.exit_code == 0, done.output
    assert "judged on the 12 of 60 sequences" in done.stderr
    refused = command("plot", "reading", own, "--index", 12, "--out", out)
    assert refused.exit_code == 2
    assert "0 to 11" in refused.output


@pytest.mark.parametrize(
    ("more", "test", "kind"),
    [
        (("--test-share", 0), None, "none"),
        (("--test-share", 0.5), 30, "held out"),
        (("--test-seed", 3), 12, "held out"),
        (("--seed", 3), 12, "held out"),
        (("--test", "{test}"), 30, "given"),
        (("--test", "{test}", "--test-share", 0), 30, "given"),
    ],
)
def test_the_share_is_told(command, tables, own, tmp_path, more, test, kind):
    data = ("--data", tables / "train.csv", "--label", "class", *QUICK)
    more = [str(word).format(test=tables / "test.csv") for word in more]
    done = command("train", "classifier", *data, *more, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    result = result_of(tmp_path / "run")
    assert result["split"]["kind"] == kind
    assert result.get("test", {}).get("sequences") == test
    held_out = elman.load(tmp_path / "run" / "model.elman").held_out
    assert len(held_out) == (test if kind == "held out" else 0)
    same = set(held_out) == set(elman.load(own / "model.elman").held_out)
    assert same == ("--seed" in more)  # whatever the training's seed is
    if test is None:
        assert "nothing is known of how good" in (tmp_path / "run" / "report.md").read_text()
        again = command("evaluate", tmp_path / "run", "--data", tables / "train.csv")
        assert "60 of these 60 sequences are not new" in again.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--test-share", 1), "--test-share: found 1.0; a share in [0, 1)"),
        (("--test-share", -0.1), "a share in [0, 1)"),
        (("--test-share", "nan"), "a share in [0, 1)"),
        (("--test-share", 0.001), "0.001 of 60 sequences is not one; a larger share, --test DATA"),
        (("--test-share", 0.2, "--test", "{test}"), "--test-share: given with --test"),
        (("--test-seed", -1), "--test-seed: found -1"),
        (("--group", "stepp"), "no group column 'stepp' among"),
        (("--group", "stepp"), "did you mean 'step'?"),
        (("--group", "step"), "one group a series"),
        (("--data", "digits", "--test-share", 0.2), "digits has a test part of its own"),
        (("--data", "digits", "--group", "who"), "group"),
    ],
)
def test_what_cannot_be_held_out_says_what_to_do(command, tables, tmp_path, more, said):
    more = [str(word).format(test=tables / "test.csv") for word in more]
    data = () if "--data" in more else ("--data", tables / "train.csv", "--label", "class")
    done = command("train", "classifier", *data, *QUICK, *more, "--out", tmp_path / "run")
    assert done.exit_code in (1, 2), done.output
    assert said in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert not (tmp_path / "run").exists()


def test_too_few_sequences_are_all_for_training_and_that_is_said(command, tmp_path):
    write_table(tmp_path / "few.csv", 6, seed=0)
    data = ("--data", tmp_path / "few.csv", "--label", "class", *QUICK)
    done = command("train", "classifier", *data, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "Test part: none: 4 sequences would be left, too few to validate on" in done.stderr
    assert result_of(tmp_path / "run")["split"]["kind"] == "none"


def write_subjects(path: Path, label: str = "label") -> None:
    """Five sequences of each of eight subjects, who differ more than the classes do."""
    draws = np.random.default_rng(0)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "t", "subject", "x", label, "more"])
        for k in range(40):
            for t in range(4):
                x = draws.normal() + k // 5 + k % 2
                writer.writerow([f"s{k}", t, f"p{k // 5}", f"{x:.4f}", k % 2, k % 3 // 2])


@pytest.mark.parametrize(
    ("task", "label"),
    [("classifier", "label"), ("classifier", "label,more"), ("regressor", "label,more")],
)
def test_a_subject_is_on_one_side_in_test_and_validation(command, tmp_path, task, label):
    write_subjects(tmp_path / "own.csv")
    data = ("--data", tmp_path / "own.csv", "--label", label, "--group", "subject")
    features = () if "," in label else ("--ignore", "more")
    out = tmp_path / "run"
    done = command("train", task, *data, *features, *QUICK, "--out", out)
    assert done.exit_code == 0, done.output
    result, model = result_of(out), elman.load(out / "model.elman")
    assert model.feature_names == ("x",)
    assert result["split"]["group"] == "subject"
    assert result["split"]["groups"] == {"training": 6, "test": 2}
    assert result["split"]["test"] == 10
    assert len({int(name[1:]) // 5 for name in model.held_out}) == 2
    assert "5 of 30 sequences, 1 of 6 groups" in result["validation"]
    assert "column subject: none is on both sides" in (out / "report.md").read_text()
    found = command("evaluate", out, "--data", tmp_path / "own.csv", "--json")
    assert json.loads(found.stdout)["score"] == result["test"]["score"], found.output
    rows = (tmp_path / "own.csv").read_text().splitlines()
    bare = [",".join(p for k, p in enumerate(row.split(",")) if k != 2) for row in rows]
    (tmp_path / "new.csv").write_text("\n".join(bare))  # the subjects need not be known later
    for verb in ("evaluate", "predict"):
        done = command(verb, out, "--data", tmp_path / "new.csv")
        assert done.exit_code == 0, done.output
    parts = label.split(",")
    named, what = ("by_output", "output") if task == "regressor" else ("by_class", "label")
    if len(parts) > 1:
        assert [row[what] for row in result["test"][named]] == parts


def test_a_number_at_each_step_is_judged_too(command, tmp_path):
    draws = np.random.default_rng(0)
    lines = ["id,t,x,label"]
    for k in range(20):
        values = draws.normal(size=int(draws.integers(3, 7)))
        sums = values.cumsum()
        lines += [f"{k},{t},{v:.4f},{s:.4f}" for t, (v, s) in enumerate(zip(values, sums))]  # noqa: B905
    (tmp_path / "own.csv").write_text("\n".join(lines))
    out = tmp_path / "run"
    done = command(
        "train", "regressor", "--data", tmp_path / "own.csv", "--per-step", *QUICK, "--out", out
    )
    assert done.exit_code == 0, done.output
    assert "RMSE" in done.stdout
    result = result_of(out)
    assert result["test"]["sequences"] == 4
    found = json.loads(command("evaluate", out, "--data", tmp_path / "own.csv", "--json").stdout)
    assert found["r2"] == result["test"]["r2"]


def test_a_resumed_run_has_the_same_test_part(command, tables, tmp_path):
    data = ("--data", tables / "train.csv", "--label", "class", "--no-pictures", "--no-baselines")
    told = [*data, *SMALL, "--epochs", 30, "--batch-size", 4]
    line = [sys.executable, "-m", "elman", "train", "classifier", *told, "--out", tmp_path / "run"]
    process = subprocess.Popen([*map(str, line)], stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    copy = shutil.copytree(tmp_path / "run", tmp_path / "copy")
    other = command("train", "classifier", *told, "--test-share", 0.4, "--out", copy, "--resume")
    assert other.exit_code == 1
    assert "about.test_share" in other.output
    done = command("train", "classifier", *told, "--out", tmp_path / "run", "--resume")
    assert done.exit_code == 0, done.output
    whole = command("train", "classifier", *told, "--out", tmp_path / "whole")
    assert whole.exit_code == 0, whole.output
    first, second = (elman.load(tmp_path / name / "model.elman") for name in ("run", "whole"))
    assert first.held_out == second.held_out
    results = [result_of(tmp_path / name)["test"] for name in ("run", "whole")]
    assert results[0] == results[1]


def test_a_configuration_repeats_the_share(command, tables, tmp_path):
    data = ("--data", tables / "train.csv", "--label", "class", *QUICK)
    first, again = tmp_path / "first", tmp_path / "again"
    told = ("--test-share", 0.4, "--test-seed", 5)
    assert command("train", "classifier", *data, *told, "--out", first).exit_code == 0
    config = ("--config", first / "config.toml", "--no-pictures")
    done = command("train", *config, "--out", again)
    assert done.exit_code == 0, done.output
    assert result_of(again)["test"] == result_of(first)["test"]
    given = command("train", *config, "--test", tables / "test.csv", "--out", tmp_path / "given")
    assert given.exit_code == 0, given.output
    assert result_of(tmp_path / "given")["split"]["kind"] == "given"


def test_a_model_that_knows_nothing_of_its_training_is_reported_on(command, tables, own, tmp_path):
    made = elman.load(own / "model.elman").bundle
    settings = {name: value for name, value in made.settings.items() if name != "metadata"}
    bundle.save(tmp_path / "old.elman", replace(made, settings=settings, tensors=bare(made)))
    told = ("--data", tables / "train.csv", "--report", tmp_path / "report.md", "--label", "class")
    done = command("evaluate", tmp_path / "old.elman", *told)
    assert done.exit_code == 0, done.output
    assert "| **this model** |" in (tmp_path / "report.md").read_text()
    refused = command("evaluate", tmp_path / "old.elman", *told[:2], "--part", "test")
    assert refused.exit_code == 2
    assert "--part: the model does not know what it learnt from" in refused.output


def bare(made: Bundle) -> dict:
    """Without what is remembered of the sequences, and without baselines."""
    remembered = ("seen.", "held_out.", "baselines.")
    return {name: one for name, one in made.tensors.items() if not name.startswith(remembered)}


def test_what_a_markdown_reader_would_obey_is_written_out(command, tmp_path):
    write_subjects(tmp_path / "own.csv")
    text = (tmp_path / "own.csv").read_text().replace(",x,", ",<b>|`x`,")
    (tmp_path / "own.csv").write_text(text)
    data = ("--data", tmp_path / "own.csv", "--ignore", "subject,more", *QUICK)
    done = command("train", "classifier", *data, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert r"| features | \<b>\|\`x\` |" in (tmp_path / "run" / "report.md").read_text()


def relabelled(source: Path, path: Path, label: str, every: int = 7) -> Path:
    """The table with another label for each so-manieth series."""
    with open(source, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for row in rows:
            strange = int(row[0].removeprefix("s")) % every == 0
            writer.writerow([*row[:-1], label] if strange else row)
    return path


def test_a_label_of_the_test_data_that_is_not_learnt_is_said_first_and_scored(
    command, tables, tmp_path
):
    test = relabelled(tables / "test.csv", tmp_path / "test.csv", "strange")
    out = tmp_path / "run"
    done = command(
        "train", "classifier", "--data", tables / "train.csv", "--label", "class", "--test", test,
        *SMALL, "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    said = "--test: 5 sequences have a label that is not learnt, 'strange'"
    assert done.stderr.index(said) < done.stderr.index("Epoch" if "Epoch" in done.stderr else "Mod")
    assert result_of(out)["test"]["accuracy"] <= 25 / 30
    for name in ("confusion", "misread", "reading"):
        assert (out / "pictures" / f"{name}.png").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda source, path: relabelled(source, path, "strange", 1), "none of its labels is lea"),
        (lambda source, path: relabelled(source, path, "5", 1), "none of its labels is learnt"),
        (
            lambda source, path: path.write_text(source.read_text().replace(",b,", ",c,", 1)),
            "--test, features: no 'b', besides 'c'",
        ),
    ],
)
def test_test_data_that_cannot_fit_are_refused_before_the_training(
    command, tables, tmp_path, change, said
):
    change(tables / "test.csv", tmp_path / "test.csv")
    done = command(
        "train", "classifier", "--data", tables / "train.csv", "--label", "class", "--test",
        tmp_path / "test.csv", *QUICK, "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.exit_code == 1
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "run" / "model.elman").exists()


def write_places(path: Path, groups: int) -> None:
    """Sequences from so many places, which are no numbers."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "t", "place", "x", "label"])
        for k in range(24):
            for t in range(3):
                writer.writerow(
                    [f"s{k}", t, "ABCD"[k % 4 % groups], k // 4 % 2 + t / 7, k // 4 % 2]
                )


@pytest.mark.parametrize(
    ("groups", "more", "said"),
    [
        (2, (), "Test part: none: 1 group would be left, too few to validate on"),
        (2, (), "For a test score give --test DATA, or --validation 0, which leaves enough"),
        (2, ("--validation", 0), "Test part: 12 of 24 sequences, 1 of 2 groups"),
        (2, ("--test-share", 0.5), "of 1 group none can be set aside; --validation 0, which"),
        (1, (), "of 1 group none can be set aside; --validation 0, which keeps the last epoch"),
        (1, ("--validation", 0), "For a test score give --test DATA."),
        (1, ("--test-share", 0.5), "of 1 group none can be held out; --test DATA, or 0 for none"),
    ],
)
def test_few_groups_say_what_helps(command, tmp_path, groups, more, said):
    write_places(tmp_path / "own.csv", groups)
    data = ("--data", tmp_path / "own.csv", "--group", "place", *QUICK, "--epochs", 1, *more)
    done = command("train", "classifier", *data, "--out", tmp_path / "run")
    assert said in " ".join(done.output.split())


def test_a_group_that_is_not_there_is_said_before_other_columns_are_read(command, tmp_path):
    write_places(tmp_path / "own.csv", 4)
    data = ("--data", tmp_path / "own.csv", "--group", "plase", *QUICK)
    done = command("train", "classifier", *data, "--out", tmp_path / "run")
    said = " ".join(done.output.split())
    assert "no group column 'plase' among the columns 'id', 't', 'place', 'x', 'label'" in said
    assert "did you mean 'place'?" in said
