"""The two themes: what can be read, and that nobody's own settings get in between."""

from __future__ import annotations

from itertools import combinations

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from elman import plots
from elman.errors import ArgumentError
from elman.plots.themes import THEMES, blend, colours, contrast, ink_on, themed

HISTORY = [{"epoch": 1, "train_loss": 1.0}]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_words_can_be_read_on_the_paper_and_lines_told_apart(theme):
    for colour in (theme.ink, theme.grey, theme.blue, theme.orange, theme.red):
        assert contrast(colour, theme.paper) >= 4.5
    for colour in theme.palette:
        assert contrast(colour, theme.paper) >= 2
    for one, other in combinations(theme.palette, 2):
        assert np.abs(np.array(_rgb(one)) - _rgb(other)).max() > 0.15


def _rgb(colour):
    return matplotlib.colors.to_rgb(colour)


@pytest.mark.parametrize("name", THEMES)
def test_ink_is_dark_on_light_and_light_on_dark(name):
    with themed(name):
        for shade in np.linspace(0, 1, 21):
            assert contrast(ink_on([shade] * 3), [shade] * 3) >= 3.7
        assert to_hex(blend("#336699", 0.0)) == colours().paper
        assert to_hex(blend("#336699", 1.0)) == "#336699"


def test_a_theme_holds_within_its_block_and_of_one_picture():
    with plots.themed("dark"):
        inside = plots.learning_curves(HISTORY)
        other = plots.learning_curves(HISTORY, theme="light")
    outside = plots.learning_curves(HISTORY)
    papers = [to_hex(figure.get_facecolor()) for figure in (inside, other, outside)]
    assert papers == [THEMES[name].paper for name in ("dark", "light", "light")]


def test_another_theme_is_an_error_that_names_the_nearest():
    for draw in (
        lambda: plots.check_theme("drak"),
        lambda: plots.confusion([[1]], "a", theme="drak"),
    ):
        with pytest.raises(ArgumentError, match="theme: found 'drak'; did you mean 'dark'"):
            draw()


def test_a_users_own_style_changes_no_picture(tmp_path):
    for place, style in (("plain", {}), ("styled", {"axes.facecolor": "black", "font.size": 30})):
        with matplotlib.rc_context(style):
            plots.save(plots.learning_curves(HISTORY), tmp_path / f"{place}.png")
            assert all(matplotlib.rcParams[key] == value for key, value in style.items())
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "styled.png").read_bytes()
