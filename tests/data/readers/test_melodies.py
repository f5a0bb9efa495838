from __future__ import annotations

import zipfile

import pytest

from elman.data.readers.melodies import read_melodies
from elman.data.sets.melodies import load_melodies
from elman.data.sets.tunes import made_up_tunes
from elman.errors import ArgumentError, DataError, FormatError

GOOD = "X:1\nT:Good\nM:2/4\nL:1/8\nK:C\nCDEF|G4|]\n"
BAD = "X:2\nT:Bad\nM:2/4\nK:C\nC[E\n"
EMPTY = "X:3\nT:Empty\nM:2/4\nK:C\n"


def test_a_file_of_tunes(tmp_path):
    path = tmp_path / "some.abc"
    path.write_text(GOOD + "\n" + BAD + "\n" + EMPTY + "\n" + GOOD)
    found = read_melodies(path)
    assert found.ids == ("some.abc:1", "some.abc:4")
    assert len(found.failed) == 2
    assert found.failed[0].startswith(f"{path}, line 12, column 2: found [ without ]")
    assert found.failed[1].startswith(f"{path}, tune 3: found no notes")
    assert "2 tunes that cannot be read left out" in found.notes[-1]


def test_one_bad_file_of_many_ends_nothing(tmp_path):
    """magenta#1450: half of the files were dropped without a word."""
    for k in range(20):
        (tmp_path / f"deep{k % 3}").mkdir(exist_ok=True)
        (tmp_path / f"deep{k % 3}" / f"{k}.abc").write_text(BAD if k == 7 else GOOD)
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    (tmp_path / "notes.txt").write_text("no tune")
    (tmp_path / ".hidden.abc").write_text(GOOD)
    pytest.importorskip("mido", reason="the extra music is not installed")
    found = read_melodies(tmp_path)
    assert len(found) == 19
    assert len(found.failed) == 2
    assert any("broken.mid" in one and "truncated" in one for one in found.failed)
    assert "2 tunes that cannot be read left out" in found.notes[-1]


def test_a_zip_of_tunes(tmp_path):
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b/two.abc", GOOD)
        archive.writestr("a/one.abc", GOOD + "\n" + GOOD)
        archive.writestr("readme.txt", "words")
    assert read_melodies(path).ids == ("a/one.abc:1", "a/one.abc:2", "b/two.abc:1")
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(FormatError, match="damaged zip"):
        read_melodies(path)


def test_midi_and_abc_side_by_side(tmp_path):
    pytest.importorskip("mido", reason="the extra music is not installed")
    from elman.music.files import write_melody

    tune = made_up_tunes(1).tunes[0]
    write_melody(tmp_path / "a.mid", tune)
    write_melody(tmp_path / "b.abc", tune)
    found = read_melodies(tmp_path)
    assert [one.pitch for one in found.tunes[0].sounding()] == [
        one.pitch for one in found.tunes[1].sounding()
    ]


def test_what_holds_no_tune_says_why(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        read_melodies(tmp_path / "nowhere.abc")
    with pytest.raises(DataError, match="holds no such file"):
        read_melodies(tmp_path)
    path = tmp_path / "bad.abc"
    path.write_text(BAD)
    with pytest.raises(DataError, match=r"holds no tune that can be read: .*line 5, column 2"):
        read_melodies(path)
    with pytest.raises(ArgumentError, match="grid"):
        read_melodies(path, grid=0)


def test_other_encodings_are_told(tmp_path):
    path = tmp_path / "old.abc"
    path.write_bytes(GOOD.replace("Good", "Fran\xe7aise").encode("latin-1"))
    found = read_melodies(path)
    assert found.tunes[0].title == "Fran\xe7aise"
    assert any("Latin-1" in one for one in found.notes)


def test_texts_are_read_as_they_are():
    assert read_melodies(GOOD).tunes[0].title == "Good"


def test_made_up_tunes_are_a_function_of_the_seed_and_fill_their_bars():
    first, again = made_up_tunes(40), made_up_tunes(40)
    assert first.texts == again.texts
    assert made_up_tunes(40, seed=1).texts != first.texts
    assert made_up_tunes(10).texts == first.texts[:10]
    assert len({*first.texts}) == 40
    assert all(tune.filled().share == 1.0 for tune in first.tunes)
    assert {str(tune.metre) for tune in first.tunes} == {"6/8", "4/4", "3/4", "2/4"}
    for tune in first.tunes:
        last = tune.sounding()[-1].pitch
        assert last % 12 == tune.key.pitch_class  # the last cadence ends on the tonic


def test_sets_by_name():
    assert len(load_melodies("tunes")) == 600
    with pytest.raises(ArgumentError, match="does not apply"):
        load_melodies("tunes", chords=True)
    with pytest.raises(ArgumentError, match="did you mean nottingham"):
        load_melodies("notingham")
