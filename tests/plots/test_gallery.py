"""What holds of every kind of picture, in ordinary and in odd cases, in both themes."""

from __future__ import annotations

import warnings

import pytest

from elman import plots
from elman.plots import lettering
from tests.plots.gallery import GALLERY
from tests.plots.looks import broken_ticks, covered, pale


@pytest.fixture
def fresh(monkeypatch):
    """As at the start of a process: no word has a mark yet."""
    monkeypatch.setattr(lettering, "_LETTERING", lettering.Lettering())


@pytest.mark.parametrize("theme", sorted(plots.THEMES))
@pytest.mark.parametrize("name", GALLERY)
def test_every_picture_can_be_read(drawn, fresh, caplog, name, theme):
    with warnings.catch_warnings(record=True) as said, plots.themed(theme):
        warnings.simplefilter("always")
        figure = GALLERY[name]()
        drawn(figure)
    told = [str(each.message) for each in said]
    assert all("no font of this system can draw" in message for message in told)
    assert len(told) <= 1
    assert not caplog.records
    assert covered(figure) == []
    assert broken_ticks(figure) == []
    assert pale(figure) == []


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_words_of_every_script_go_into_files_of_every_kind(fresh, caplog, tmp_path, kind):
    first, again = tmp_path / f"first.{kind}", tmp_path / f"again.{kind}"
    with pytest.warns(UserWarning, match="no font of this system"):
        plots.save(GALLERY["confusion, all shades"](), first)
    plots.save(GALLERY["confusion, all shades"](), again)
    assert first.read_bytes() == again.read_bytes()
    assert not caplog.records
