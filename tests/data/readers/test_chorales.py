from __future__ import annotations

import json

import numpy as np
import pytest

from elman.data.melodies import pitches_of
from elman.data.readers.chorales import read_chorales
from elman.data.sets import catalogue
from elman.data.sets.melodies import load_chorales
from elman.errors import ArgumentError, DataError, FormatError

PIECE = [[60, 64], [], [62]]


def test_json_with_parts(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"train": [PIECE, [[48, -1]]], "test": [PIECE]}))
    found = read_chorales(path)
    assert found.parts == ("train", "train", "test")
    assert pitches_of(found.pieces[0]) == PIECE
    assert pitches_of(found.pieces[1]) == [[48]]  # -1 is silence


def test_a_list_of_pieces_has_no_parts(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps([PIECE]))
    assert read_chorales(path).parts is None
    with pytest.raises(ArgumentError, match="has no parts"):
        load_chorales(path, "test")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{", "is no JSON"),
        ('{"other": []}', "holds"),
        ('{"train": 3}', "a list of pieces"),
        ('{"train": [[]]}', "piece 0"),
        ('{"train": [[[60], [300]]]}', "train, piece 0, step 1"),
        ('{"train": [[[NaN]]]}', "step 0"),
        ("hello", "begins with"),
        ("[]", "holds no piece"),
    ],
)
def test_what_is_no_such_file_says_where(tmp_path, content, found):
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(DataError, match=found):
        read_chorales(path)


def test_arrays(tmp_path):
    path = tmp_path / "c.npz"
    roll = np.zeros((4, 128))
    roll[:, 60] = 1
    np.savez(path, train_0=roll, valid_0=roll.astype(bool))
    found = read_chorales(path)
    assert found.parts == ("train", "valid")
    assert found.pieces[0].sum() == 4
    np.savez(path, a=roll[:, :88])
    with pytest.raises(FormatError, match=r"float64 \[4, 88\]"):
        read_chorales(path)
    roll[1, 3] = np.nan
    np.savez(path, a=roll)
    with pytest.raises(FormatError, match="NaN"):
        read_chorales(path)


def test_midi_files_of_which_one_is_broken(tmp_path):
    pytest.importorskip("mido", reason="the extra music is not installed")
    from elman.music.files import write_notes
    from elman.runtime.writing.chords import sounding

    roll = np.zeros((6, 128), bool)
    roll[:, 48] = roll[::2, 64] = True
    write_notes(tmp_path / "a.mid", sounding(roll, 1))
    (tmp_path / "b.mid").write_bytes(b"MThd\0\0")
    found = read_chorales(tmp_path)
    np.testing.assert_array_equal(found.pieces[0], roll)
    assert found.ids == ("a",)
    assert len(found.failed) == 1
    assert "1 file left out" in found.notes[-1]


def test_the_usual_chorales():
    if catalogue.find("jsb_chorales") is None:
        pytest.skip("the set jsb_chorales is not here")
    found = load_chorales("chorales")
    sizes = {part: (len(found.part(part)), found.part(part).steps) for part in found.parts}
    assert sizes == {"train": (229, 13_807), "valid": (76, 4_602), "test": (77, 4_725)}
    assert load_chorales("chorales", "test").steps == 4_725
    with pytest.raises(ArgumentError, match="quarter"):
        load_chorales("chorales", per_quarter=4)
