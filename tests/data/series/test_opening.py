"""What a panel may be read from: files as they are written, folders, several frames, an index."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import as_panel
from elman.errors import ArgumentError, DataError

GERMAN = "Datum;Menge\n01.01.2024;10,5\n02.01.2024;11,5\n03.01.2024;1.012,5\n"


def test_a_german_table(tmp_path):
    path = tmp_path / "de.csv"
    path.write_text(GERMAN, encoding="utf-8-sig")
    panel = as_panel(path)
    assert panel.target[:, 0].tolist() == [10.5, 11.5, 1012.5]
    said = "fields between ';', decimal commas and points between thousands"
    assert panel.notes[0].endswith(said)
    assert panel.notes[1] == "Dates such as 01.01.2024 are read as day.month.year."
    assert panel.frequency.describe() == "daily"
    with pytest.raises(ArgumentError, match="decimal"):
        as_panel(path, decimal="comma")
    assert as_panel(path, decimal=",", separator=";", encoding="utf-8").notes[0][:5] == "Dates"


def test_a_folder_has_a_file_for_each_series(tmp_path):
    for name, values in (("north", (1, 2, 3)), ("south", (4, 5, 6))):
        rows = "".join(f"2024-01-0{k + 1},{value}\n" for k, value in enumerate(values))
        (tmp_path / f"{name}.csv").write_text("day,units\n" + rows)
    panel = as_panel(tmp_path)
    assert panel.names == ("north", "south")
    assert panel.target[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert panel.notes[0].endswith("was read as 2 files, a series each")
    again = as_panel(tmp_path / "south.csv", columns=panel.columns)
    assert again.names == ("south",)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="holds no tables; a file a series"):
        as_panel(empty)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_several_frames_are_several_series(library):
    frames = pytest.importorskip(library)
    days = np.arange("2024-01-01", "2024-01-04", dtype="M8[D]").astype("M8[ms]")
    some = [frames.DataFrame({"day": days, "y": [k + 0.0, k + 1.0, k + 2.0]}) for k in (0, 10)]
    panel = as_panel(some)
    assert panel.names == ("0", "1")
    assert panel.target[:, 0].tolist() == [0, 1, 2, 10, 11, 12]
    assert as_panel({"a": some[0], "b": some[1]}).names == ("a", "b")
    assert as_panel(some[1], columns=panel.columns).target[:, 0].tolist() == [10, 11, 12]
    with pytest.raises(DataError, match="found the columns 'day'"):
        as_panel([some[0], some[1][["day"]]])


@pytest.mark.parametrize("names", [("shop", "day"), (None, None)])
def test_an_index_of_two_levels_is_series_and_time(names):
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2024-01-01", periods=3)
    index = pandas.MultiIndex.from_product([["a", "b"], days], names=names)
    frame = pandas.DataFrame({"units": np.arange(6.0)}, index=index)
    panel = as_panel(frame)
    assert panel.names == ("a", "b")
    assert panel.frequency.describe() == "daily"
    assert as_panel(frame, columns=panel.columns).names == ("a", "b")
    assert as_panel(frame["units"]).target[:, 0].tolist() == list(range(6))
