"""Dates to translate: what is written says one day, and the parts share none."""

from __future__ import annotations

import datetime
import re

import pytest

from elman.data.sets.dates import FORMS, date_pairs, spelled
from elman.errors import ArgumentError

MONTHS = {datetime.date(2000, k, 1).strftime("%b").lower(): k for k in range(1, 13)}


def understood(text: str) -> str:
    """A date read by rules of its own: month by its first letters, year of four digits."""
    lower = text.lower()
    (year,) = re.findall(r"\d{4}", lower)
    rest = lower.replace(year, " ")
    named = [k for name, k in MONTHS.items() if re.search(rf"\b{name}", rest)]
    numbers = [int(one) for one in re.findall(r"\d{1,2}", rest)]
    if not named:  # of two numbers the one beside the year is the month
        day, month = numbers if lower.index(year) else numbers[::-1]
    else:
        (month,) = named
        day = numbers[0] if numbers else WORDS[re.findall(r"the ([a-z-]+)", rest)[0]]
    return f"{year}-{month:02}-{day:02}"


NAMED = """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first
twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth
twenty-ninth thirtieth thirty-first"""
WORDS = {word: day for day, word in enumerate(NAMED.split(), start=1)}


def test_each_form_by_hand():
    found = {form: spelled(datetime.date(1998, 5, 3), form) for form in FORMS}
    assert len(set(FORMS)) == len(FORMS) == 26
    assert found["{th} of {Month} {y}"] == "3rd of May 1998"
    assert found["the {word} of {Month} {y}"] == "the third of May 1998"
    assert found["{dd}.{mm}.{y}"] == "03.05.1998"
    assert found["{Day}, {d} {Mon} {y}"] == "Sun, 3 May 1998"
    assert found["{MON} {dd} {y}"] == "MAY 03 1998"
    days = [datetime.date(2001, 1, day) for day in range(1, 32)]
    ordinals = [spelled(day, "{th}") for day in days]
    assert [one[-2:] for one in ordinals[:4]] == ["st", "nd", "rd", "th"]
    assert ordinals[10:13] == ["11th", "12th", "13th"]
    assert ordinals[20:24] == ["21st", "22nd", "23rd", "24th"]


def test_what_is_written_says_its_day_and_its_weekday():
    pairs = date_pairs(3000, seed=1)
    assert [understood(text) for text in pairs.source] == list(pairs.target)
    for text, day in zip(*pairs, strict=True):
        named = re.search(r"(mon|tues|wednes|thurs|fri|satur|sun)day", text.lower())
        if named:
            weekday = datetime.date.fromisoformat(day).weekday()
            assert named[0][:3] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][weekday]


def test_they_are_distinct_and_drawn_by_the_seed():
    pairs = date_pairs(20_000, seed=0)
    assert len(set(pairs.source)) == len(pairs.source) == len(pairs.target) == 20_000
    fewer = date_pairs(100, seed=0)
    assert fewer.source == pairs.source[:100]
    assert date_pairs(100, seed=1).source != fewer.source


def test_the_parts_share_no_day():
    train, test = (date_pairs(20_000, 0, part) for part in ("train", "test"))
    assert not set(train.target) & set(test.target)
    # Nor do they where all but letters and digits is taken away: 1.12. is not 11.2.
    plain = [{re.sub(r"\W", "", text.lower()) for text in part.source} for part in (train, test)]
    assert not plain[0] & plain[1]
    assert 0.09 < len(set(test.target)) / 73_049 < 0.11


def test_what_cannot_be_made_is_refused():
    with pytest.raises(ArgumentError, match="part: found 'dev'"):
        date_pairs(1, 0, "dev")
    with pytest.raises(ArgumentError, match="found 0, 0"):
        date_pairs(0, 0)
    with pytest.raises(ArgumentError, match=r"found 10000000; at most 1[0-9]{5}, all"):
        date_pairs(10_000_000, 0, "test")
