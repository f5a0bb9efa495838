"""From a text to its words, step by step."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError
from elman.transforms.text import Steps
from elman.transforms.text.steps import chunks, is_address, is_number, split_words

PLAIN = Steps(form=None, cut="spaces", numbers=False, addresses=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop", ["don't", "stop"]),
        ("rock’n’roll 'tis", ["rock’n’roll", "'", "tis"]),
        ("well-known, isn't it?", ["well", "-", "known", ",", "isn't", "it", "?"]),
        ("wait... what?!", ["wait", "...", "what", "?", "!"]),
        ("1,000.50 3rd v2 x_1", ["1,000.50", "3rd", "v2", "x_1"]),
        ("日本語です", ["日", "本", "語", "で", "す"]),
        ("हिन्दी में", ["हिन्दी", "में"]),  # marks that are no \w of Python's
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("👍🏽 👨‍👩‍👧 🇫🇷🇩🇪 ❤️", ["👍🏽", "👨‍👩‍👧", "🇫🇷", "🇩🇪", "❤️"]),
        ("a\u00a0b\u3000c\u2028d\x85e", ["a", "b", "c", "d", "e"]),
        ("\u00a0 \u200b\u00ad\ufeff \0 \u0301", []),  # what cannot be seen is no word
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("(see http://a.org/b_(c)?d=1&e=2).", ["(", "see", "http://a.org/b_(c)?d=1&e=2", ")", "."]),
        ("mail me@a-b.co.uk, or www.a.org!", ["mail", "me@a-b.co.uk", ",", "or", "www.a.org", "!"]),
        ("a.b.c @you x@y", ["a", ".", "b", ".", "c", "@", "you", "x", "@", "y"]),
        ("\ud800a", ["\ud800", "a"]),
    ],
)
def test_a_text_is_cut_into_words(text, words):
    found = [word for chunk in chunks([text]) for word in split_words(chunk)]
    assert found == words


def test_each_step_can_be_left_out():
    text = "Cafe\u0301 COSTS 3.50€ at http://a.org ﬁne"
    assert list(Steps().words(text)) == [
        "Café", "COSTS", "[NUM]", "€", "at", "[URL]", "ﬁne",
    ]  # fmt: skip
    assert list(Steps(numbers=False, addresses=False).words(text))[2::3] == ["3.50", "http://a.org"]
    assert list(Steps(lower=True).words(text))[:2] == ["café", "costs"]
    assert list(Steps(form="NFKC").words(text))[-1] == "fine"
    assert next(Steps(form=None).words(text)) == "Cafe\u0301"
    assert list(Steps(cut="spaces").words("-3, 4% -5 a.b")) == ["-3,", "[NUM]", "[NUM]", "a.b"]
    assert list(PLAIN.words(text)) == text.split()


def test_what_is_left_out_is_said():
    assert "[NUM] and [URL]" in Steps().describe()
    assert "NUM" not in Steps(numbers=False).describe()
    assert any("[URL]" in sentence for sentence in Steps().losses())
    assert not any("URL" in sentence for sentence in Steps(addresses=False).losses())
    assert any("white space" in sentence for sentence in PLAIN.losses())
    assert Steps(numbers=False).placeholders == ("[URL]",)


@given(st.text(st.characters(), max_size=30))
def test_words_are_what_can_be_seen_of_the_text(text):
    words = list(Steps(form=None, numbers=False, addresses=False).words(text))
    unseen = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"}
    seen = [one for one in text if unicodedata.category(one) not in unseen | {"Cn"}]
    kept = [
        one for word in words for one in word if unicodedata.category(one) not in unseen | {"Cn"}
    ]
    assert kept == seen
    assert all(word and not any(one.isspace() for one in word) for word in words)


@given(st.text(st.characters() | st.sampled_from("a \u0301e\u00a0"), max_size=30))
def test_a_form_changes_no_borders_between_words(text):
    whole = unicodedata.normalize("NFC", text).split()
    assert list(Steps(cut="spaces", numbers=False, addresses=False).words(text)) == whole


def test_numbers_and_addresses():
    assert all(map(is_number, ("0", "1,000.5", "-3", "−3", "+4", "12%", "٣٤", "1.2.3")))
    assert not any(map(is_number, ("", "a", "3rd", "1.", ".5", "½", "1e5", "3-4")))
    assert all(map(is_address, ("ftp://a.b", "WWW.A.org/x", "a.b+c@d.org", "HTTP://x")))
    assert not any(map(is_address, ("", "a.org", "@a.org", "a@b", "www.", "http://", "http")))


def test_a_hostile_chunk_takes_no_time():
    long = "a" * 9_000
    assert split_words(f"{long}@") == [long, "@"]
    assert split_words(f"@{long}")[0] == "@"
    assert len(split_words("\u200d" * 5_000 + "!" * 5_000)) == 1
    assert len(split_words("👍\u200d" * 3_000)) == 1


def test_settings_come_back_and_others_are_refused():
    with pytest.raises(ArgumentError, match="form"):
        Steps(form="NFX")
    with pytest.raises(ArgumentError, match="cut"):
        Steps(cut="lines")
    with pytest.raises(ArgumentError, match="lower"):
        Steps(lower=1)
    for wrong in (None, {}, {"form": None}, [1]):
        with pytest.raises(ArgumentError, match="steps"):
            Steps.from_settings(wrong)
