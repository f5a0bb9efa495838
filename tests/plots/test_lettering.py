"""Words of every script: the system's fonts, and marks with one warning where it has none."""

from __future__ import annotations

import warnings

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from elman import plots
from elman.plots import lettering
from elman.plots.lettering import Lettering, columns_of, mark_of
from elman.plots.style import shortened

MATRIX = [[3, 1], [0, 2]]


@pytest.fixture
def alone(monkeypatch):
    """A process that has said nothing yet, on a system that has matplotlib's own fonts alone."""
    found = Lettering()
    monkeypatch.setattr(lettering, "_LETTERING", found)
    own = [f for f in font_manager.fontManager.ttflist if f.name.startswith("DejaVu Sans")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    font_manager.fontManager._findfont_cached.cache_clear()
    yield found
    font_manager.fontManager._findfont_cached.cache_clear()


def made_font(path, letters, family="Made for a Test"):
    """A font file in which each of these letters is a square; it has no bold ones."""
    builder = FontBuilder(1000, isTTF=True)
    names = [".notdef", *(f"letter{k}" for k in range(len(letters)))]
    pen = TTGlyphPen(None)
    for k, corner in enumerate(((0, 0), (0, 700), (700, 700), (700, 0))):
        (pen.lineTo if k else pen.moveTo)(corner)
    pen.closePath()
    square = pen.glyph()
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(letters, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def test_without_such_a_font_a_word_is_a_mark_and_one_warning_says_which(alone, drawn):
    with pytest.warns(UserWarning, match="no font of this system") as said:
        texts = drawn(plots.confusion(MATRIX, ["晴れのち曇り", "雨 (ame)"]))
    assert len(said) == 1
    sun, rain, snow = map(mark_of, ("晴れのち曇り", "雨", "雪"))
    assert f"{sun} is '晴れのち曇り', {rain} is '雨'" in str(said[0].message)
    assert said[0].filename == __file__
    assert {sun, f"{rain} (ame)"} <= {text.replace("\n", " ") for text in texts}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what was said is not said again
        drawn(plots.misread([[1.0]], ["雨"], ["晴れのち曇り"], [[1.0, 0.0]]))
    with pytest.warns(UserWarning, match=f"{snow} is '雪'"):
        plots.confusion(MATRIX, ["雪", "雨"])


def test_many_words_are_told_shortly(alone):
    words = [chr(0x4E00 + k) for k in range(30)]
    with pytest.warns(UserWarning, match=r"□\d{4} is '.', and 18 more"):
        plots.confusion([[1] * 30] * 30, words)


def test_a_program_that_draws_many_says_it_once(alone):
    said = []
    with warnings.catch_warnings(), alone.told(said.append):
        warnings.simplefilter("error")
        plots.confusion(MATRIX, ["雪", "雨"])
        plots.confusion(MATRIX, ["風", "雨"])
    assert len(said) == 1
    assert ", ".join(f"{mark_of(word)} is '{word}'" for word in "雪雨風") in said[0]


def test_a_font_of_the_system_draws_what_it_has_and_nothing_is_said(alone, drawn, tmp_path, caplog):
    path = made_font(tmp_path / "made.ttf", "雨雪")
    font_manager.fontManager.addfont(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plots.confusion([[3, 0], [2, 2]], ["雨", "雪"])
        texts = drawn(figure)
        plots.save(figure, tmp_path / "words.pdf")
    assert any("雪 taken for 雨" in text for text in texts)
    assert not caplog.records  # no font of a weight that there is not was looked for
    label = figure.axes[0].get_yticklabels()[0]
    assert label.get_fontfamily() == ["DejaVu Sans", "Made for a Test"]
    with pytest.warns(
        UserWarning, match=f"{mark_of('雨風')} is '雨風'"
    ):  # a word is drawn whole or not at all
        assert mark_of("雨風") in drawn(plots.confusion(MATRIX, ["雨風", "雪"]))


def test_bold_words_stand_in_what_letters_there_are(alone, tmp_path):
    font_manager.fontManager.addfont(made_font(tmp_path / "made.ttf", "雨"))
    assert alone.fonts("雨", "bold")["weight"] == "normal"
    assert alone.fonts("rain", "bold") == {"family": ["DejaVu Sans"], "weight": "bold"}


def test_a_dollar_is_no_formula(drawn):
    texts = drawn(plots.confusion(MATRIX, ["$5 & $6", "x^2"]))
    assert r"\$5 & \$6" in texts
    assert lettering.drawable(r"\$5") == r"\$5"


def test_control_characters_and_marks_that_turn_the_order(alone):
    assert alone.drawable("a\tb\u202ec\u200f") == "a bc"
    assert alone.drawable("a\x1bb") == f"a{mark_of(chr(27))}b"
    assert shortened("two\nlines") == "two lines"


def test_words_from_right_to_left_leave_the_sentence_as_it_is(alone):
    text = alone.drawable("مرحبا بالعالم taken for b, 30 times")
    assert text.startswith("\u2068مرحبا بالعالم\u2069 taken")
    assert alone.drawable(text) == text


def test_wide_letters_take_the_room_of_two(alone):
    assert columns_of("幅e\u0301") == 3
    with lettering.lettering().told(print):  # a word is shortened as it is drawn
        assert shortened("Ｗ" * 20 + " b" * 9, 10).endswith(" b b…")


def test_a_mark_is_the_words_own_in_whichever_order_they_come(alone):
    words = ["雪", "雨", "風"]
    other = Lettering()
    forth = [alone.drawable(word) for word in words]
    back = [other.drawable(word) for word in reversed(words)]
    assert forth == back[::-1]
    assert len({*forth}) == 3
    assert mark_of("雪", [mark_of("雪")]) != mark_of("雪")
