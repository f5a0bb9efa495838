"""Files of series with something wrong: one line that says where, what, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.cli.sales import COVARIATES, HEADER, QUICK, ROLES, write_sales

# Row 10 of the rows is line 12 of the file: lines are counted from 1, and the first is the header.


def with_cell(row, column, value):
    """A change of one cell."""

    def change(lines):
        lines[row][column] = value
        return lines

    return change


def swapped(lines):
    return [*lines[:10], lines[11], lines[10], *lines[12:]]


def repeated(lines):
    return [*lines[:11], lines[10], *lines[11:]]


def weekly_shop(lines):
    return [line for k, line in enumerate(lines) if line[0] != "s2" or k % 7 == 0]


def one_field_more(lines):
    return [*lines[:10], [*lines[10], "7"], *lines[11:]]


def one_field_less(lines):
    return [*lines[:10], lines[10][:-1], *lines[11:]]


def all_with_unit(lines):
    return [[*line[:2], f"{line[2]} EUR", *line[3:]] for line in lines]


REFUSED = [
    (swapped, "line 13, column 'day', series 's0'", "stands after", "--repair sort"),
    (repeated, "line 13, column 'day', series 's0'", "a second time", "--repair drop_duplicates"),
    (weekly_shop, "series 's2'", "weekly, most rows are daily", "--frequency"),
    (with_cell(10, 2, "inf"), "line 12, column 'units', series 's0'", "inf", "--repair infinite"),
    (with_cell(10, 2, "12 EUR"), "line 12, column 'units'", "'12 EUR'", "a number"),
    (all_with_unit, "line 2, column 'units'", "EUR", "numbers"),
    (with_cell(10, 1, "2024-02-31"), "line 12, column 'day'", "'2024-02-31'", "ISO 8601"),
    (with_cell(10, 3, ""), "line 12, column 'promo', series 's0'", "hole", "in every row"),
    (with_cell(10, 5, "west"), "line 12, column 'region', series 's0'", "changes", "--past"),
    (one_field_more, "line 12", "7 fields", "6 fields"),
    (one_field_less, "line 12", "5 fields", "6 fields"),
    (lambda lines: lines[:-100], "series 's2'", "3 steps", "28 to read"),  # 7 are held back
    (lambda lines: [], "sales.csv", "no rows", "one row for each step"),
]


@pytest.mark.parametrize(("change", "where", "found", "expected"), REFUSED)
def test_one_line_says_where_what_and_what_to_do(command, tmp_path, change, where, found, expected):
    data = write_sales(tmp_path / "sales.csv", change)
    told = ("--data", data, *ROLES, *COVARIATES, *QUICK, "--out", tmp_path / "run")
    told += ("--short", "error")
    done = command("train", "forecaster", *told, "--window", 28)
    assert done.exit_code == 1, done.output
    error = done.stderr.splitlines()[-1]
    assert error.startswith(f"Error: {data}")
    for words in (where, found, expected):
        assert words in error
    assert "Traceback" not in done.output


@pytest.mark.parametrize("name", ["temp", "promo", "units", "shop", "day", "region"])
def test_a_renamed_column_is_named_with_the_closest(command, tmp_path, name):
    data = write_sales(tmp_path / "sales.csv", header=HEADER.replace(name, f"{name}s"))
    told = ("--data", data, *ROLES, *COVARIATES, *QUICK, "--out", tmp_path / "run")
    told += ("--short", "error")
    done = command("train", "forecaster", *told)
    assert done.exit_code == 1
    assert f"column '{name}': is not there; did you mean '{name}s'?" in done.stderr


REPAIRED = [
    (swapped, "sort", "Rows of 1 series sorted by time"),
    (repeated, "drop_duplicates", "1 row dropped"),
    (with_cell(10, 2, "inf"), "infinite", "1 infinite number in 'units'"),
]


@pytest.mark.parametrize(("change", "repair", "counted"), REPAIRED)
def test_a_repair_that_was_asked_for_is_counted(command, tmp_path, change, repair, counted):
    data = write_sales(tmp_path / "sales.csv", change)
    told = ("--data", data, *ROLES, *QUICK, "--no-pictures", "--no-baselines")
    done = command("train", "forecaster", *told, "--repair", repair, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert counted in done.stderr


def test_a_byte_order_mark_and_missing_values_are_no_trouble(command, tmp_path):
    data = write_sales(tmp_path / "sales.csv", with_cell(10, 2, ""), encoding="utf-8-sig")
    told = ("--data", data, *ROLES, *QUICK, "--no-pictures", "--no-baselines")
    done = command("train", "forecaster", *told, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "1 of 360 values of 'units' are missing" in done.stderr


def write_hours(path, zoned=False):
    """Hours across the autumn clock change of Paris."""
    paris, first = ZoneInfo("Europe/Paris"), datetime(2024, 10, 24, tzinfo=UTC)
    hours = [(first + timedelta(hours=k)).astimezone(paris) for k in range(200)]
    texts = [(hour if zoned else hour.replace(tzinfo=None)).isoformat() for hour in hours]
    lines = [f"{text},{k % 24}" for k, text in enumerate(texts)]
    path.write_text("\n".join(["time,load", *lines]) + "\n")
    return path


def test_a_clock_that_was_put_back_needs_its_zone(command, tmp_path):
    data = write_hours(tmp_path / "load.csv")
    told = ("--data", data, *QUICK, "--no-pictures", "--no-baselines")
    refused = command("train", "forecaster", *told, "--out", tmp_path / "run")
    assert refused.exit_code == 1
    assert "2024-10-27 02:00 stands a second time" in refused.stderr
    assert "--timezone" in refused.stderr
    zone = ("--timezone", "Europe/Paris")
    done = command("train", "forecaster", *told, *zone, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "taken as Europe/Paris" in done.stderr
    forecast = command("forecast", tmp_path / "run", "--data", data, *zone)
    assert forecast.exit_code == 0, forecast.output
    remembered = command("forecast", tmp_path / "run", "--data", data)
    assert remembered.stdout == forecast.stdout
    offsets = write_hours(tmp_path / "offsets.csv", zoned=True)
    same = command("forecast", tmp_path / "run", "--data", offsets)
    assert "+01:00" in same.stdout
    assert same.stdout.replace("+01:00", "") == forecast.stdout
