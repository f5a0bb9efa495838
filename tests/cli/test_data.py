"""`elman data`: sets of the catalogue, and the time series in them by name."""

from __future__ import annotations

import json
import os

import pytest

from elman.data import labelled_names
from elman.data.sets import catalogue
from elman.data.sets import series as series_sets


def test_list_names_sets_and_series(command, cache):
    done = command("data", "list", "--json")
    assert done.exit_code == 0
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {name for name in labelled_names() if "/" in name} <= {*rows}
    assert {*catalogue.names(), *series_sets.series_names()} <= {*rows}
    held = {"omniglot": "omniglot_strokes", "nottingham": "nottingham_abc"}
    held |= {
        "chorales": "jsb_chorales",
        "digit_strokes": "digits",
        "omniglot/Greek": held["omniglot"],
    }
    for name, holder in held.items():
        assert rows[name] == {**rows[holder], "name": name}
    assert rows["movie_reviews/sentences"]["task"] == "sentiment"
    assert rows["etth1"] == {**rows["timeseries"], "name": "etth1"}
    assert rows["stocks/ibm"]["task"] == "forecasting"
    assert rows["stocks/ibm"]["folder"] is None


def test_list_tells_what_is_made(command, cache):
    done = command("data", "list")
    assert done.exit_code == 0
    assert "adding, dates, strollers, tunes, walkers" in done.stderr.replace("\n", " ")


def test_what_is_made_cannot_be_got(command, cache):
    done = command("data", "get", "tunes")
    assert done.exit_code == 2
    assert "'tunes' is made when it is read; nothing to get" in done.stderr.replace("\n", " ")


@pytest.mark.parametrize("name", ["omniglot", "nottingham", "chorales"])
def test_a_set_that_is_read_by_another_name_is_got(command, real_data, name):
    done = command("data", "get", name)
    assert done.exit_code == 0
    assert "is complete and verified." in done.stderr


def test_series_get_the_set_in_which_they_lie(command, real_data):
    for name, folder in (("m4-hourly", "timeseries"), ("movie_reviews/reviews", "movie_reviews")):
        done = command("data", "get", name)
        assert done.exit_code == 0
        assert done.stdout.strip() == os.path.join(real_data, folder)
        assert f"{folder} is complete and verified." in done.stderr


@pytest.mark.parametrize("verb", ["get", "show"])
def test_a_name_that_is_nearly_right(command, cache, verb):
    done = command("data", verb, "ETTh1")
    assert done.exit_code != 0
    assert "did you mean etth1?" in done.stderr


def test_show_series(command, real_data):
    done = command("data", "show", "m4-hourly", "--json")
    assert done.exit_code == 0
    shown = json.loads(done.stdout)
    assert shown["name"] == "m4-hourly"
    assert shown["part of"] == "timeseries"
    assert shown["train"] == "414 series of 700 to 960 steps, 1 to 960"
    assert shown["frequency"] == "by step, season of 24 steps"
    assert shown["first steps"] == "H1: 605, 586, 586, ..."


def test_show_series_that_are_not_here(command, cache):
    done = command("data", "show", "etth1", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["folder"] == "not here; run: elman data get timeseries"
