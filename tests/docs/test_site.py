"""The programs that the site is built with; what needs Sphinx itself is tested by `make docs`."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from elman import plots
from elman.plots.themes import THEMES

EXTENSIONS = Path(__file__).parent.parent.parent / "docs" / "_extensions"


def extension(name: str) -> Any:
    """One of them, as a module."""
    spec = importlib.util.spec_from_file_location(f"site_{name}", EXTENSIONS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_would_be_loaded_from_outside_is_named(tmp_path):
    (tmp_path / "page.html").write_text(
        '<a href="https://a.org">a link</a><img src="pictures/a.png">'
        '<script src="https://cdn.org/a.js"></script><link rel="stylesheet" href="//b.org/c.css">'
    )
    (tmp_path / "a.css").write_text(
        "@import url(https://fonts.org/d.css); p {background: url(e.png)}"
    )
    found = extension("outside").loaded_from_outside(tmp_path)
    assert found == [
        "page.html: https://cdn.org/a.js",
        "page.html: //b.org/c.css",
        "a.css: https://fonts.org/d.css",
    ]


def test_a_plain_figure_is_drawn_for_both_grounds():
    from matplotlib.colors import to_hex
    from matplotlib.figure import Figure

    figures = extension("figures")
    light, dark = THEMES["light"], THEMES["dark"]
    figure = Figure(facecolor=light.paper)
    ax = figure.subplots()
    (line,) = ax.plot([1, 2], color=light.blue)
    words = ax.text(0, 0, "words", color=light.ink, bbox={"fc": light.paper, "ec": light.orange})
    drawn = figures.in_both(figure)
    assert drawn["light"] != drawn["dark"]
    assert to_hex(line.get_color()) == dark.blue.lower()
    assert to_hex(words.get_color()) == dark.ink
    box = words.get_bbox_patch()
    assert box is not None
    assert to_hex(box.get_facecolor()) == dark.paper
    assert to_hex(figure.get_facecolor()) == dark.paper


def test_our_own_pictures_are_drawn_again_in_the_dark_theme(monkeypatch):
    monkeypatch.setattr(plots, "confusion", plots.confusion)
    figures = extension("figures")
    draw = figures._remembering(plots.confusion)
    figure = draw([[3, 1], [0, 2]], ["a", "b"])
    from PIL import Image

    for ground, png in figures.in_both(figure).items():
        with Image.open(io.BytesIO(png)) as picture:
            assert picture.text["Ground"] == ground
            assert picture.text["Description"]
            corner = picture.convert("RGB").getpixel((0, 0))
        assert "#{:02x}{:02x}{:02x}".format(*corner) == THEMES[ground].paper


def test_equations_need_no_script():
    if "latex2mathml" not in sys.modules:
        pytest.importorskip("latex2mathml", reason="the extra `docs` is not installed")
    from latex2mathml.converter import convert

    assert convert(r"\begin{align*} a &= b \\ c &= d \end{align*}").count("<mtr>") == 2
