"""A tagger from files of words and tags."""

from __future__ import annotations

import csv


def test_train_and_predict(command, tmp_path):
    rest = "\t_" * 6
    pairs = [("Ann", "PROPN"), ("saw", "VERB"), ("New York", "PROPN")]
    for name, count in (("train", 24), ("test", 4)):
        lines = []
        for k in range(count):
            lines.append(f"# sent_id = {name}-{k}")
            words = pairs[: 1 + k % 3]
            lines += [f"{n}\t{w}\t_\t{t}{rest}" for n, (w, t) in enumerate(words, start=1)]
            lines.append("")
        (tmp_path / f"{name}.conllu").write_text("\n".join(lines) + "\n")
    small = ("--units", 4, "--embedding", 4, "--epochs", 1, "--threads", 1, "--no-pictures")
    parts = ("--data", tmp_path / "train.conllu", "--test", tmp_path / "test.conllu")
    done = command("train", "tagger", *parts, *small, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "averaged perceptron" in done.stdout
    for kind in ("confusion", "misread"):
        drawn = command("plot", kind, tmp_path / "run", "--out", tmp_path / f"{kind}.png")
        assert drawn.exit_code == 0, drawn.output
    drawn = command("plot", "rates", tmp_path / "run")
    assert drawn.exit_code == 2
    assert "a tagger has no picture 'rates'" in drawn.stderr.replace("\n", " ")
    bare = tmp_path / "new.conll"
    bare.write_text("Ann\nsaw\n\nNew York\n")
    told = ("--data", bare, "--out", tmp_path / "said.csv")
    done = command("predict", tmp_path / "run", *told)
    assert done.exit_code == 1
    assert "--separator tab if words hold blanks" in done.stderr.replace("\n", " ")
    done = command("predict", tmp_path / "run", *told, "--separator", "tab")
    assert done.exit_code == 0, done.output
    with open(tmp_path / "said.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert {row["prediction"] for row in rows} <= {"PROPN", "VERB"}


def test_steps_of_features_are_drawn_where_they_were_misread(command, tmp_path):
    rows = ["series,step,x,label"]
    rows += [
        f"{n},{t},{(n + t) % 5 - 2},{'ab'[(n + t) % 5 > 2]}" for n in range(20) for t in range(4)
    ]
    (tmp_path / "steps.csv").write_text("\n".join(rows) + "\n")
    told = ("--data", tmp_path / "steps.csv", "--label", "label", "--units", 3, "--epochs", 1)
    done = command("train", "tagger", *told, "--threads", 1, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    drawn = sorted(path.stem for path in (tmp_path / "run" / "pictures").iterdir())
    assert drawn == ["confusion", "curves", "misread"]
