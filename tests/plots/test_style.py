"""Saving, the extra's error, and that nobody's own settings change."""

import sys

import matplotlib
import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError, BundleError, MissingExtraError
from elman.plots.style import percent

HISTORY = [{"epoch": 1, "train_loss": 1.0}]


def test_png_and_svg_by_suffix_and_the_same_bytes_again(tmp_path):
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".PNG", b"\x89PNG")):
        one, other = tmp_path / f"one{suffix}", tmp_path / "new folder" / f"other{suffix}"
        plots.save(plots.learning_curves(HISTORY), one)
        plots.save(plots.learning_curves(HISTORY), str(other))
        assert one.read_bytes().startswith(start)
        assert one.read_bytes() == other.read_bytes()


def test_another_suffix_is_refused_and_writes_nothing(tmp_path):
    for name in ("curves.jpg", "curves"):
        with pytest.raises(ArgumentError, match=r"\.png, \.svg or \.pdf"):
            plots.save(plots.learning_curves(HISTORY), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_a_typed_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="could not be written"):
        plots.save(plots.learning_curves(HISTORY), tmp_path / "file" / "curves.png")


def test_pyplot_is_not_loaded_and_settings_stay(tmp_path):
    before = dict(matplotlib.rcParams)
    loaded = "matplotlib.pyplot" in sys.modules
    plots.save(plots.confusion(np.eye(2), ["a", "b"]), tmp_path / "confusion.png")
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"\[train\]"):
        plots.learning_curves(HISTORY)


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0 %"), (1.0, "100 %"), (0.9995, "> 99.9 %"), (0.0004, "< 0.1 %"), (0.125, "12.5 %")],
)
def test_shares_are_never_rounded_to_all_or_nothing(share, shown):
    assert percent(share) == shown
