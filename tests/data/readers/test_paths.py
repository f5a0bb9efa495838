"""Paths from files: every way to write them, and all that may be wrong with them."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from elman.data.readers.paths import looks_like_paths, read_paths
from elman.errors import ArgumentError, DataError, FormatError


def lines(agents=("1", "2"), frames=range(0, 100, 10), separator=" "):
    rows = [(f, a, float(f), 2.0 * k) for f in frames for k, a in enumerate(agents)]
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def written(folder, text, name="scene.txt"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [" ", "   ", "\t", ",", ";", ", "])
@pytest.mark.parametrize("header", [False, True])
def test_every_separator_with_and_without_a_header(tmp_path, separator, header):
    text = separator.join(("frame_id", "ID", "pos_x", "pos_y")) + "\n" if header else ""
    found = read_paths(written(tmp_path, text + lines(separator=separator)))
    (scene,) = found.scenes
    assert scene.name == "scene"
    assert scene.agents == ("1", "2")
    assert (scene.first, scene.every, scene.last) == (0, 10, 9)
    np.testing.assert_array_equal(scene.values[scene.who == 1][:, 0], np.arange(0, 100, 10))
    np.testing.assert_array_equal(scene.values[scene.who == 1][:, 1], 2.0)


def test_numbers_written_as_floats_name_the_same_agent_and_frame(tmp_path):
    path = written(tmp_path, "780.0\t3.0\t1\t2\n790\t3\t2\t2\n800.0\t3.0\t3\t2\n")
    (scene,) = read_paths(path).scenes
    assert scene.agents == ("3",)
    assert scene.frame(2) == 800


def test_seconds_are_frames_too(tmp_path):
    text = "".join(f"{0.4 * k:.1f} 7 {k} 0\n" for k in range(40))
    (scene,) = read_paths(written(tmp_path, text)).scenes
    assert scene.every == pytest.approx(0.4)
    np.testing.assert_array_equal(scene.steps, np.arange(40))


def test_columns_and_extra_ones_are_told(tmp_path):
    text = "".join(f"{f} 1 {f} 9 {f + 1} 0.5\n" for f in range(6))
    path = written(tmp_path, text)
    found = read_paths(path, columns="frame,agent,x,-,y,speed", extra="speed", unit="m")
    assert found.columns == ("x", "y", "speed")
    assert found.unit == "m"
    np.testing.assert_array_equal(found.scenes[0].values[2], [2, 3, 0.5])
    again = read_paths(path, **dict(found.written))
    np.testing.assert_array_equal(again.scenes[0].values, found.scenes[0].values)


def test_a_folder_is_several_scenes_those_below_it_too_and_packed_ones(tmp_path):
    written(tmp_path, lines(), "b.txt")
    (tmp_path / "below").mkdir()
    written(tmp_path / "below", lines(separator=","), "a.csv")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(lines().encode()))
    (tmp_path / "readme.md").write_text("no paths")
    found = read_paths(tmp_path)
    assert {scene.name for scene in found.scenes} == {"b", "below/a", "c"}


def test_one_bad_file_of_several_does_not_end_it_and_is_named(tmp_path):
    written(tmp_path, lines(), "a.txt")
    written(tmp_path, "0 1 nan 2\n", "b.txt")
    found = read_paths(tmp_path)
    assert len(found) == 1
    assert any("1 file of 2 left out" in note and "b.txt, line 1" in note for note in found.notes)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DataError, match=r"b\.txt, line 1, column 'x': found 'nan'"):
        read_paths(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 1 1 2\n10 1 inf 2\n", r"line 2, column 'x': found 'inf'"),
        ("0 1 1 2\n10 1 1 oops\n", r"line 2, column 'y': found 'oops'"),
        ("0 1 1 2\nNaN 1 1 2\n", r"line 2, column 'frame'"),
        ("0,1,1,2\n10,,1,2\n", r"line 2, column 'agent': found ''"),
        ("0 1 1 2\n10 1 1\n", r"line 2: found 3 fields; 4"),
        ("0 1 1 2 9\n", r"line 1: found 5 fields without a header"),
        ("0 1 1 2\n10 1 1 2\n10 1 3 2\n", r"line 3: agent 1 is in frame 10 at another place in "),
        ("when who x y\n0 1 1 2\n", r"line 1: no column 'frame' among"),
        ("\n\n", "holds no place of an agent"),
        ("0 1 1 2\n0 2 1 2\n", "no agent is seen in two frames"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_paths(written(tmp_path, text))
    assert "scene.txt" in str(caught.value)


def test_frames_between_the_steps_are_an_error_with_a_line_or_left_out_if_few(tmp_path):
    frames = [0, 10, 20, 25, 30, 40, 50]
    with pytest.raises(DataError, match=r"line 7: found frame 25, and most are steps of 10"):
        read_paths(written(tmp_path, lines(frames=frames)))
    found = read_paths(tmp_path / "scene.txt", step=10)
    assert any(": 2 lines between steps of the length told" in note for note in found.notes)
    many = [*range(0, 3000, 10), 2995]
    found = read_paths(written(tmp_path, lines(("1",), many)))
    assert any(": 1 line between the steps left out" in note for note in found.notes)


def test_every_repair_is_counted(tmp_path):
    rows = lines(("1",), [0, 10, 20, 30, 80, 90]).splitlines()
    rows += [rows[2], "30 once 0 0"]  # twice there, and an agent of one frame
    rows[0], rows[1] = rows[1], rows[0]
    found = read_paths(written(tmp_path, "\n".join(rows)))
    said = " | ".join(found.notes)
    assert "2 lines out of the order of time sorted" in said
    assert "1 line twice there, read once" in said
    assert "1 gap in paths" in said
    assert "1 agent seen once" in said
    (scene,) = found.scenes
    np.testing.assert_array_equal(np.diff(scene.breaks), [4, 2, 1])


def test_short_gaps_are_filled_and_counted_or_part_the_path_or_are_refused(tmp_path):
    path = written(tmp_path, lines(("1", "2"), [0, 10, 20, 50, 60, 70, 120, 130]))
    found = read_paths(path)
    (scene,) = found.scenes
    one = scene.who == 0
    np.testing.assert_allclose(scene.values[one][:, 0], 10.0 * scene.steps[one])
    np.testing.assert_array_equal(scene.steps[scene.filled & one], [3, 4])
    said = " | ".join(found.notes)
    assert "4 places missing for up to 3 steps filled by straight lines" in said
    assert "2 gaps in paths: a path ends there" in said  # four steps are too many
    parted = read_paths(path, track_gaps="part")
    assert not parted.scenes[0].filled.any()
    assert any("4 gaps in paths" in note for note in parted.notes)
    assert dict(parted.written)["track_gaps"] == "part"
    with pytest.raises(DataError, match="line 7: agent 1 was seen before in frame 20"):
        read_paths(path, track_gaps="refuse")
    with pytest.raises(ArgumentError, match="track_gaps"):
        read_paths(path, track_gaps="often")


def test_with_a_fifth_of_the_lines_missing_windows_are_left(tmp_path):
    draws = np.random.default_rng(0)
    rows = lines(("1", "2"), range(0, 600, 10)).splitlines()
    kept = [row for row in rows if draws.random() > 0.2]
    found = read_paths(written(tmp_path, "\n".join(kept)))
    assert len(found.windows(8, 12)) > 20
    assert len(read_paths(tmp_path / "scene.txt", track_gaps="part").windows(8, 12)) < 5


def test_options_that_cannot_be_are_refused(tmp_path):
    path = written(tmp_path, lines())
    with pytest.raises(ArgumentError, match="columns"):
        read_paths(path, columns="frame,agent,x")
    with pytest.raises(ArgumentError, match="extra"):
        read_paths(path, extra="x")
    with pytest.raises(ArgumentError, match="step"):
        read_paths(path, step=-1)
    with pytest.raises(FormatError, match="without a header"):
        read_paths(path, extra="speed")
    with pytest.raises(DataError, match="cannot be read"):
        read_paths(tmp_path / "nowhere.txt")


def test_what_looks_like_paths(tmp_path):
    assert looks_like_paths(written(tmp_path, lines()))
    assert looks_like_paths(written(tmp_path, "frame,id,x,y\n0,1,2,3\n", "named.csv"))
    assert not looks_like_paths(written(tmp_path, "day,units\n2024-05-01,3\n", "sales.csv"))
    assert not looks_like_paths(written(tmp_path, "1,2,3\n4,5,6\n", "numbers.csv"))
    assert not looks_like_paths(
        written(tmp_path, "a sentence of four\nand one more here\n", "t.txt")
    )
    assert not looks_like_paths(tmp_path / "nowhere")
