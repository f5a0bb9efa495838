from __future__ import annotations

from fractions import Fraction

import pytest

from elman.errors import FormatError
from elman.music import Bar, Ending, Key, Metre, Note, Symbol, notes_of_rules, read_tune, read_tunes
from elman.music.abc_reading import split_tunes

HEAD = "X:1\nT:A tune\nM:4/4\nL:1/8\nK:C\n"


def events(body, head=HEAD, **more):
    return read_tune(head + body, **more).melody.events[2:]


def notes(body, head=HEAD):
    return [one for one in events(body, head) if isinstance(one, Note)]


def lengths(body, head=HEAD):
    return [one.duration * 8 for one in notes(body, head)]


def pitches(body, head=HEAD):
    return [one.pitch for one in notes(body, head)]


def test_a_header_is_read():
    tune = read_tune("X:7\nT:First\nT:Other\nM:6/8\nL:1/16\nQ:1/4=90\nK:Ador\nA|").melody
    assert tune.title == "First"
    assert tune.tempo == 90
    assert tune.events[:2] == (Metre(6, 8), Key("A", "dorian"))
    assert tune.events[2].duration == Fraction(1, 16)


@pytest.mark.parametrize(
    ("told", "tempo"), [("120", 60), ("3/8=100", 150), ('"Slow" 1/4=66', 66), ("C=80", 40)]
)
def test_tempos(told, tempo):
    assert read_tune(f"M:4/4\nL:1/8\nQ:{told}\nK:C\nC").melody.tempo == tempo


@pytest.mark.parametrize(
    ("metre", "unit"), [("4/4", 8), ("2/4", 16), ("3/4", 8), ("5/8", 16), ("none", 8), ("C|", 8)]
)
def test_without_a_length_the_metre_says_it(metre, unit):
    tune = read_tune(f"M:{metre}\nK:C\nC").melody
    assert tune.events[2].duration == Fraction(1, unit)


def test_pitches_and_octaves():
    assert pitches("C,, C, C c c' c''") == [36, 48, 60, 72, 84, 96]
    assert pitches("C c B b") == [60, 72, 71, 83]
    assert pitches("^C _D =E ^^F __G") == [61, 61, 64, 67, 65]


def test_lengths():
    assert lengths("C C2 C/ C/2 C// C3/2 C3/ C7/4") == [
        *(1, 2, Fraction(1, 2), Fraction(1, 2), Fraction(1, 4)),
        *(Fraction(3, 2), Fraction(3, 2), Fraction(7, 4)),
    ]


def test_a_key_raises_notes_and_a_sign_holds_up_to_the_bar_line():
    head = HEAD.replace("K:C", "K:D")
    assert pitches("FC | =FF | F", head) == [66, 61, 65, 65, 66]
    assert pitches("^G G g | G", head) == [68, 68, 80, 67]


def test_a_tie_carries_a_sign_over_the_bar_line():
    assert pitches("^F4-|F4|F") == [66, 66, 65]
    assert [one.tied for one in notes("C2-C2 C2")] == [True, False, False]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("(3CDE F2|", None),
        ("(3CD|E F2|", "tuplet"),
        ("(3CD (3EFG|", "tuplet cut"),
        ("C2 (3CD", "tuplet cut"),
    ],
)
def test_a_group_that_is_cut_is_counted(body, rule):
    counts = read_tune(HEAD + body).counts
    assert {k for k, n in counts.items() if n} == {*([] if rule is None else [rule])}


def test_the_order_of_parts_is_left_out_and_counted():
    found = read_tune(HEAD.replace("K:", "P:ABA\nK:") + "P:A\nCD|\nP:B\nEF|")
    assert found.counts["order"] == 1
    assert "1 line of the order of parts left out" in notes_of_rules(found.counts, "x.abc")[0]


def test_a_tie_to_nothing_is_left_out_and_counted():
    found = read_tune(HEAD + "C2-D2 | -E z-|")
    assert not any(one.tied for one in found.melody.events if isinstance(one, Note))
    assert found.counts["tie"] == 3


def test_broken_rhythms():
    assert lengths("C>D E<F") == [Fraction(3, 2), Fraction(1, 2), Fraction(1, 2), Fraction(3, 2)]
    assert lengths("C>>D") == [Fraction(7, 4), Fraction(1, 4)]
    assert lengths("C2 > D2") == [3, 1]


def test_tuplets():
    third = Fraction(2, 3)
    assert lengths("(3CDE F") == [third, third, third, 1]
    assert lengths("(3C2D2E2") == [2 * third] * 3
    assert lengths("(2CD") == [Fraction(3, 2)] * 2
    assert lengths("(3:2:2CD E") == [third, third, 1]
    assert lengths("(5CDEFG")[0] == Fraction(2, 5)
    assert lengths("(5CDEFG", HEAD.replace("4/4", "9/8"))[0] == Fraction(3, 5)
    assert lengths("(CD)") == [1, 1]  # a slur


def test_rests_of_all_kinds():
    assert [(one.pitch, one.duration * 8) for one in notes("z2 x z/")] == [
        (None, 2),
        (None, 1),
        (None, Fraction(1, 2)),
    ]
    assert [one.duration for one in notes("Z2 |")] == [1, 1]
    assert events("Z2|")[1] == Bar("|")


def test_bar_lines_repeats_and_endings():
    found = [one for one in events("|:C|D|1E:|2F||G|]c::d:|") if not isinstance(one, Note)]
    assert found == [
        *(Bar("|:"), Bar("|"), Bar("|"), Ending(1), Bar(":|"), Ending(2), Bar("||"), Bar("|]")),
        *(Bar("::"), Bar(":|")),
    ]
    assert [one.sign for one in events("C||:D:||:E[|F") if isinstance(one, Bar)] == [
        *("|:", "::", "||"),
    ]
    assert events("C [1 D") == (Note(60, Fraction(1, 8)), Ending(1), Note(62, Fraction(1, 8)))


def test_chords_are_read_as_their_highest_note():
    found = read_tune(HEAD + "[CEG]2 [C2E2] [c]")
    assert [one.pitch for one in found.melody.events[2:]] == [67, 64, 72]
    assert [one.duration * 8 for one in found.melody.events[2:]] == [2, 2, 1]
    assert found.counts["chord"] == 2


def test_symbols_are_kept_or_left_out():
    body = '"G7/B"C "Bbm"D "^softly"E'
    assert read_tune(HEAD + body).counts == {"symbol": 2, "annotation": 1}
    kept = read_tune(HEAD + body, chords=True)
    assert kept.melody.events[2] == Symbol(7, "7", 11)
    assert kept.melody.events[4] == Symbol(10, "m")
    assert kept.counts == {"annotation": 1}


def test_ornaments_are_left_out_and_counted():
    found = read_tune(HEAD + "{gab}C !trill!D ~E .F TG (CD) +fermata+E uvF y2 G")
    assert [one.pitch for one in found.melody.events[2:]] == [
        60,
        62,
        64,
        65,
        67,
        60,
        62,
        64,
        65,
        67,
    ]
    assert found.counts["grace"] == 1
    assert found.counts["decoration"] >= 5


def test_comments_continuations_and_words():
    found = read_tune(HEAD + "C D % a comment with |: signs\nE \\\nF\nw: some words\nG|")
    assert [one.pitch for one in found.melody.events[2:-1]] == [60, 62, 64, 65, 67]
    assert found.counts["field"] == 1


def test_further_voices_and_overlays_are_left_out():
    found = read_tune(HEAD + "V:1\nCD|\nV:2\nEF|\nV:1\nGA & cd |B")
    assert [one.pitch for one in found.melody.events if isinstance(one, Note)] == [
        60,
        62,
        67,
        69,
        71,
    ]
    assert found.counts["voice"] == 1
    assert found.counts["overlay"] == 1


@pytest.mark.parametrize(
    ("header", "body", "heard", "left_out"),
    [
        ("V:T clef=treble\nV:B clef=bass\n", "[V:T]CD|\n[V:B]EF|\n[V:T]GA|", [60, 62, 67, 69], 1),
        ("V:1\nV:2\n", "V:1\nCD|\nV:2\nEF|\nV:1\nGA|", [60, 62, 67, 69], 1),
        ("V:1\nV:2\n", "CD|\nV:2\nEF|\nEF|\nV:1\nGA|", [60, 62, 67, 69], 2),
        ("V:1\nV:2\n", "[V:2]EF|", [64, 65], 0),
        ("", "CD|\nV:2\n[CEG]F|\nV:1\nGA|", [60, 62, 67, 69], 1),
        ("", "[V:1]CD|[V:2]EF|[V:1]GA|", [60, 62, 67, 69], 1),
        ("", "[V:1]CD|\n[V:2][K:D]EF|\nL:1/2\n[V:1]GF|", [60, 62, 67, 65], 1),
    ],
)
def test_voices_are_told_apart_wherever_they_are_named(header, body, heard, left_out):
    found = read_tune(f"X:1\nM:4/4\nL:1/8\n{header}K:C\n{body}\n")
    notes = [one for one in found.melody.events if isinstance(one, Note)]
    assert [one.pitch for one in notes] == heard
    assert {one.duration for one in notes} == {Fraction(1, 8)}
    assert found.counts["voice"] == left_out


def test_fields_change_within_a_tune():
    found = events("CF|[K:G]F|[M:3/4]C|\nL:1/4\nK:D\nC")
    assert found[3] == Key("G")
    assert found[4].pitch == 66
    assert Metre(3, 4) in found
    assert found[-1] == Note(61, Fraction(1, 4))
    assert Key("D") in found


def test_a_metre_before_the_first_note_is_the_tunes():
    tune = read_tune("X:1\nM:4/4\nK:A\nM:6/8\nP:A\nA|").melody
    assert tune.events[:3] == (Metre(6, 8), Key("A"), Note(69, Fraction(1, 8)))


def test_what_is_told_again_and_holds_already_is_left_out():
    assert not any(isinstance(one, Key) for one in events("C|[K:C]D|[M:4/4]E"))


def test_a_tune_that_names_no_metre_or_key_is_read_by_rule():
    found = read_tune("X:1\nT:Bare\nCDE|")
    assert found.melody.events[:2] == (Metre(0), Key("C"))
    assert found.counts == {"no metre": 1, "no key": 1}
    (said,) = notes_of_rules(found.counts, "x.abc")
    assert said == "x.abc: 1 tune without a key read as in C; 1 tune without a metre read as free"
    assert read_tune("CDE|").melody.events[0] == Note(60, Fraction(1, 8))  # a piece has neither


def test_keys_with_signs_of_their_own():
    found = read_tune("X:1\nM:4/4\nL:1/8\nK:D =c\nFCc|")
    assert [one.pitch for one in found.melody.events if isinstance(one, Note)] == [66, 60, 72]
    assert found.counts["key signs"] == 1
    assert read_tune("X:1\nM:4/4\nL:1/8\nK:HP\nFc|").melody.key == Key("A", "mixolydian")
    assert read_tune("X:1\nM:4/4\nL:1/8\nK:G clef=treble\nF|").melody.events[2].pitch == 66


@pytest.mark.parametrize(
    ("body", "line", "column", "found"),
    [
        ("CD\nE@F", 7, 2, "found '@'"),
        ("C\n\\\n[CE", 8, 1, r"found \[ without \]"),
        ("C {ab", 6, 3, "found { without }"),
        ('"Am C', 6, 1, "without its like"),
        ("C0", 6, 1, "no length"),
        ("C/0", 6, 1, "no length"),
        (">C", 6, 1, "behind no note"),
        ("(1C", 6, 1, "a group of 1"),
        ("C [K:Xyz] D", 6, 3, "K: found"),
        ("C [M:7] D", 6, 3, "M: found"),
        ("C [L:0/8] D", 6, 3, "L: found"),
        ("c'''''''", 6, 1, "MIDI's number"),
        ("C999999", 6, 1, "whole notes"),
        ("[]", 6, 1, "without notes"),
    ],
)
def test_what_is_no_abc_is_an_error_with_line_and_column(body, line, column, found):
    with pytest.raises(FormatError, match=found) as error:
        read_tune(HEAD + body, "some.abc")
    assert error.value.where == f"some.abc, line {line}, column {column}"


def test_bars_of_rest_need_a_metre():
    with pytest.raises(FormatError, match="without a metre"):
        read_tune("X:1\nM:none\nK:C\nZ2|")


FILE = """%abc-2.1
L:1/16
M:3/4

X:1
T:One
K:G
GAB|

X:2
T:Two
K:C
C[E

These are words about the tunes.

X:3
T:Three
M:2/4
K:D
D2|

Some words that are no music: !!! [ {
"""


def test_a_file_has_tunes_and_a_bad_one_does_not_end_it():
    one, two, three = read_tunes(FILE, "file.abc")
    assert one.melody.events[:2] == (Metre(3, 4), Key("G"))
    assert one.melody.events[2].duration == Fraction(1, 16)
    assert isinstance(two, FormatError)
    assert two.where == "file.abc, line 13, column 2"
    assert three.melody.metre == Metre(2, 4)
    assert three.melody.notes == 1


def test_tunes_know_their_lines():
    assert [one.line for one in split_tunes(FILE)] == [5, 10, 17]
    assert [one.line for one in split_tunes("CDE|")] == [1]


def test_spans_are_where_events_stand():
    text = "M:4/4\nK:C\nC2 (3DEF|"
    found = read_tune(text)
    shown = [text[a:b] for a, b in found.spans]
    assert shown == ["M:4/4", "K:C", "C2", "D", "E", "F", "|"]


@pytest.mark.parametrize("text", ["", "\n\n", "X:1\n", "%only a comment", "\r\n\r\n"])
def test_texts_without_music_have_no_notes(text):
    assert read_tune(text).melody.notes == 0


def test_other_line_ends_are_read():
    assert read_tune("X:1\r\nM:4/4\r\nK:C\r\nCD|\r\nE").melody.notes == 3
    assert read_tune("X:1\rM:4/4\rK:C\rCD|\rE").melody.notes == 3
