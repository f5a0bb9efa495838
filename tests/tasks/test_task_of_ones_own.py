"""A task in one file: a class for each step of ragged token ids, with a score of its own."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman.blueprint import Blueprint, sequence_to_sequence
from elman.bundle import Bundle
from elman.data import Sequences, as_sequences
from elman.errors import DataError
from elman.parameters import documented, parameter, whole
from elman.registry import Task, register_task
from elman.runtime import SequenceModel
from elman.runtime.targets import check_step_labels, check_weight, class_tensors, classes_from
from elman.targets import Target
from elman.tasks.fitting import Learning
from elman.tasks.parts import Part
from elman.tasks.sequence_estimator import SequenceEstimator
from elman.training import CrossEntropy, Examples
from elman.training.loop.losses import accuracy
from tests.cli.conftest import command as command


class TaggerModel(SequenceModel):
    """Says of each step which class it is."""

    task = "toy_tagger"
    score_name = "share of right sentences"
    target = Target.CLASS_PER_STEP

    def _read(self, bundle: Bundle) -> None:
        self.classes_ = classes_from(bundle.tensors)

    def answered(self, outputs: np.ndarray) -> np.ndarray:
        powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def predict(self, X: Any) -> list[np.ndarray]:
        sequences = self.sequences(X)
        best = self.outputs(sequences).argmax(axis=2)
        return [self.classes_[row[:n]] for row, n in zip(best, sequences.lengths, strict=True)]

    def rows(self, sequences: Sequences, ids: Any) -> Iterator[dict[str, Any]]:
        for name, tags in zip(ids, self.predict(sequences), strict=True):
            yield from ({"id": name, "step": k, "tag": tag} for k, tag in enumerate(tags))

    def _scores(self, sequences: Sequences, y: Any, weight: Any) -> tuple[dict, Any, Any]:
        true, _ = check_step_labels(y, sequences, self.classes_)
        said = zip(true, self.predict(sequences), strict=True)
        right = [(self.classes_[row[: len(tags)]] == tags).all() for row, tags in said]
        return {"score": float(np.average(right, weights=weight))}, true, weight


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Tagger(SequenceEstimator):
    """A tagger.

    Args:
        {parameters}
    """

    _task = "toy_tagger"
    target = Target.CLASS_PER_STEP
    reads_ids = True

    vocabulary: int = parameter(10, whole(2), "How many token ids there are.")

    def _known(self, warm: TaggerModel) -> np.ndarray:
        return warm.classes_

    def _part(self, X: Any, y: Any, sample_weight: Any, known: Any) -> tuple[Part, Any]:
        sequences = as_sequences(X, ids=True, vocabulary=self.vocabulary)
        targets, known = check_step_labels(y, sequences, known)
        weight = check_weight(sample_weight, sequences)
        return Part(sequences, targets, weight, self.target).counted(), known

    def _blueprint(self, train: Part, known: np.ndarray) -> Blueprint:
        sizes = {"vocabulary": self.vocabulary, "embedding": 8, "outputs": len(known)}
        return sequence_to_sequence(cells=self._cells(), bidirectional=self.bidirectional, **sizes)

    def _learning(self, parts: Any, known: np.ndarray, warm: Any) -> Learning:
        weight, tensors = parts.train.weight, class_tensors(known)
        return Learning(parts, CrossEntropy(), accuracy, weight, tensors)


ROW = Task("toy_tagger", "A class for each step.", f"{__name__}:Tagger", f"{__name__}:TaggerModel",
           "sequences", "elman train toy_tagger --data words.csv")  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def registered():
    register_task(ROW)


# ---- what follows is no part of it ---------------------------------------------------------------


def sentences(rows: int, seed: int) -> tuple[list[np.ndarray], list[list[str]]]:
    """A word is new or was there already: what only who remembers can tell."""
    draws = np.random.default_rng(seed)
    X = [draws.integers(1, 6, size=draws.integers(1, 9)) for _ in range(rows)]
    return X, [["old" if k in x[:n] else "new" for n, k in enumerate(x)] for x in X]


OPTIONS = {"cell": "gru", "units": 24, "epochs": 30, "learning_rate": 0.02, "vocabulary": 6}


@pytest.fixture(scope="module")
def fitted() -> Tagger:
    return Tagger(**OPTIONS).fit(*sentences(300, seed=0))


def test_it_learns_and_answers(fitted):
    X, y = sentences(60, seed=1)
    assert fitted.score(X, y) > 0.9
    assert [len(tags) for tags in fitted.predict(X)] == [len(x) for x in X]
    result = fitted.evaluate(X, y)
    assert result["metric"] == "share of right sentences"
    assert result["sequences"] == 60
    assert fitted.get_params()["vocabulary"] == 6
    assert "How many token ids there are." in (Tagger.__doc__ or "")


def test_saved_and_loaded_it_says_the_same(fitted, tmp_path):
    X, y = sentences(20, seed=2)
    fitted.save(tmp_path / "tagger.elman")
    model = elman.load(tmp_path / "tagger.elman")
    again = Tagger.load(tmp_path / "tagger.elman")
    for one in (model, again):
        assert all((a == b).all() for a, b in zip(one.predict(X), fitted.predict(X), strict=True))
    assert again.set_params(epochs=1).fit(X, y).history_ is not None
    found = elman.diagnose(fitted, (X, y))
    assert found.cost == "the loss"


def test_padding_counts_nothing_in_its_loss(fitted):
    X, y = sentences(6, seed=3)
    part, loss = fitted.training_loss(X, y)
    examples = part.examples(None)
    outputs = torch.randn(*examples.targets.shape, 2)
    spoilt = Examples(
        examples.inputs, examples.targets.clone(), examples.lengths, kind=examples.kind
    )
    spoilt.targets[torch.arange(outputs.shape[1]) >= examples.lengths[:, None]] = 1
    assert torch.equal(loss(outputs, examples).total, loss(outputs, spoilt).total)
    assert loss(outputs, examples).count.item() == sum(map(len, X))


def write(path, X, y=None) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["series", "step", "word", *(["label"] if y else [])])
        for n, x in enumerate(X):
            for k, word in enumerate(x):
                writer.writerow([f"s{n}", k, word, *([y[n][k]] if y else [])])


def test_every_verb_knows_it(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("train.csv", *sentences(300, seed=0))
    write("test.csv", *sentences(50, seed=1))
    write("new.csv", sentences(5, seed=2)[0])
    assert "A class for each step." in command("train", "--help").output
    assert "--vocabulary" in command("train", "toy_tagger", "--help").output
    assert "--class-weight" not in command("train", "toy_tagger", "--help").output
    told = [word for name, value in OPTIONS.items() for word in (f"--{name}", value)]
    told = [str(word).replace("_", "-") for word in told]
    done = command(
        "train", "toy_tagger", "--data", "train.csv", "--test", "test.csv", *told, "--out", "run"
    )
    assert done.exit_code == 0, done.output
    scored = command("evaluate", "run", "--data", "test.csv", "--json")
    assert json.loads(scored.stdout)["score"] > 0.8, scored.output
    answered = command("predict", "run", "--data", "new.csv")
    assert answered.stdout.splitlines()[0] == "id,step,tag"
    assert len(answered.stdout.splitlines()) == 1 + sum(map(len, sentences(5, seed=2)[0]))
    assert "token ids below 6" in command("info", "run").output
    again = command("train", "--config", "run/config.toml", "--out", "again", "--no-pictures")
    assert again.exit_code == 0, again.output
    assert command("plot", "curves", "run").exit_code == 0
    refused = command("predict", "run", "--data", "new.csv", "--probabilities")
    assert refused.exit_code == 2
    assert "a toy_tagger has no such option" in refused.output
    wrong = command("evaluate", "run", "--data", "train.csv", "--label", "word")
    assert wrong.exit_code == 1


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([[1, 2]], [["a"]], r"y\[0\]: 1 labels for 2 steps"),
        ([[1, 7]], [["a", "b"]], "7"),
        ([[1, 2]], [["a", None]], r"y\[0\]\[1\]"),
    ],
)
def test_wrong_input(X, y, said):
    with pytest.raises((DataError, elman.errors.ShapeError), match=said):
        Tagger(**OPTIONS, validation=None).fit(X, y)
