"""Labels that rows list: columns go by their names."""

from __future__ import annotations

import json

import numpy as np
import pytest

from elman import Classifier
from elman.data.listed_labels import ListedLabels
from elman.errors import DataError


def test_columns_go_by_their_names():
    listed = ListedLabels(np.array([[1, 0], [1, 1], [0, 0]]), ("new", "mild"))
    assert listed.of(("mild", "old", "new")).tolist() == [[0, 0, 1], [1, 0, 1], [0, 0, 0]]
    assert (listed.shape, len(listed)) == ((3, 2), 3)
    assert np.asarray(listed, dtype=np.float32).tolist() == [[1, 0], [1, 1], [0, 0]]
    with pytest.raises(DataError, match="2 rows with labels that were not learnt: 'new'"):
        listed.of(("mild", "old"))


def test_a_model_knows_its_labels_in_files_that_list_others(tmp_path):
    words = {"mild": "soft", "new": "fresh", "old": "dusty"}
    draws = np.random.default_rng(0)

    def write(name, labels, rows):
        path = tmp_path / name
        with path.open("w") as file:
            for _ in range(rows):
                has = [one for one in labels if draws.random() < 0.5]
                text = " ".join(["it is", *(words.get(one, "odd") for one in has)])
                file.write(json.dumps({"text": text, "tags": has}) + "\n")
        return path

    train = write("train.jsonl", ("mild", "new", "old"), 120)
    model = Classifier(
        units=8, embedding=8, epochs=25, learning_rate=0.05, min_count=1, threads=1
    ).fit(train, "tags", text="text")
    assert model.model_.target_names == ("mild", "new", "old")
    assert model.evaluate(train)["accuracy"] > 0.9
    assert model.evaluate(write("fewer.jsonl", ("new", "old"), 20))["accuracy"] > 0.9
    with pytest.raises(DataError, match="were not learnt: 'zesty'"):
        model.evaluate(write("other.jsonl", ("mild", "new", "zesty"), 20))
