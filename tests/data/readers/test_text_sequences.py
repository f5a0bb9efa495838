"""Whether a file or a frame is read as texts, and what is read of it."""

import numpy as np
import pandas as pd
import pytest

from elman.data.readers import read_text_sequences, texts_asked
from elman.errors import ArgumentError, DataError

FRAME = pd.DataFrame({"review": ["good", "bad"], "label": ["+", "-"]})


def test_texts_are_asked_for_or_found(tmp_path):
    table, folder = tmp_path / "a.csv", tmp_path / "folder"
    FRAME.to_csv(table, index=False)
    (folder / "pos").mkdir(parents=True)
    (folder / "pos" / "0.txt").write_text("good")
    assert not texts_asked(table, {})
    assert texts_asked(table, {"texts": "always"})
    assert not texts_asked(table, {"texts": "perhaps"})
    assert texts_asked(table, {"texts": "perhaps", "text": "review"})
    assert not texts_asked(table, {"text": "review"})  # a column of words, for a tagger
    assert texts_asked(folder, {"texts": "perhaps"})
    assert texts_asked(FRAME, {"texts": "perhaps"})
    numbers = pd.DataFrame({"id": [0, 0], "step": [0, 1], "a": [0.5, 1.0]})
    assert not texts_asked(numbers, {"texts": "perhaps"})


def test_texts_have_labels_of_the_table_or_given_ones():
    data = read_text_sequences(FRAME, None, {"texts": "always", "per_step": True})
    assert data.sequences.texts.tolist() == ["good", "bad"]
    assert data.labels.tolist() == ["+", "-"]
    assert read_text_sequences(FRAME, None, {}, [1, 0]).labels.tolist() == [1, 0]
    with pytest.raises(DataError, match="holds no labels"):
        read_text_sequences(FRAME[["review"]], None, {"labelled": True})
    with pytest.raises(ArgumentError, match="missing: does not apply to texts"):
        read_text_sequences(FRAME, None, {"missing": "linear"})
    assert np.array_equal(data.select([1]).sequences.texts, ["bad"])
