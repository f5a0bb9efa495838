"""A trained run that several tests of the command line look at."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from elman.cli.verbs import app
from tests.cli.sales import COVARIATES, QUICK, ROLES, write_ahead, write_sales


@pytest.fixture(scope="session")
def command():
    """Run the command line in this process: `command("predict", ...)`."""
    runner = CliRunner()

    def run(*arguments: object):
        return runner.invoke(app, [str(argument) for argument in arguments])

    return run


def write_table(path: Path, sequences: int, seed: int, label: str = "class") -> None:
    """Sequences in long form whose class, or number, is told by their mean."""
    draws = np.random.default_rng(seed)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["series", "step", "a", "b", label])
        for k in range(sequences):
            high = k % 2
            answer = {"class": ("low", "high")[high], "number": high + 0.5}[label]
            for step in range(int(draws.integers(3, 7))):
                a, b = draws.normal(2.0 * high - 1.0, 0.5, size=2)
                writer.writerow([f"s{k}", step, f"{a:.4f}", f"{b:.4f}", answer])


@pytest.fixture(scope="session")
def tables(tmp_path_factory) -> Path:
    """A folder with train.csv and test.csv, and the same with numbers to predict."""
    folder = tmp_path_factory.mktemp("tables")
    for name, sequences, seed in (("train", 60, 0), ("test", 30, 1)):
        write_table(folder / f"{name}.csv", sequences, seed)
        write_table(folder / f"{name}-numbers.csv", sequences, seed, label="number")
    return folder


SMALL = ("--cell", "gru", "--units", 8, "--epochs", 3, "--learning-rate", 0.02, "--threads", 1)


@pytest.fixture(scope="session")
def run(command, tables, tmp_path_factory) -> Path:
    """The folder of a classifier's run on the tables."""
    out = tmp_path_factory.mktemp("runs") / "classifier"
    files = ("--data", tables / "train.csv", "--test", tables / "test.csv", "--label", "class")
    done = command("train", "classifier", *files, *SMALL, "--out", out)
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture
def own_run(run, tmp_path) -> Path:
    """A copy of the run, for what writes into its folder."""
    return Path(shutil.copytree(run, tmp_path / "own"))


@pytest.fixture(scope="session")
def sales(tmp_path_factory) -> Path:
    """A folder with sales.csv, ahead.csv (of the week after) and later.csv (what came then)."""
    folder = tmp_path_factory.mktemp("sales")
    write_sales(folder / "sales.csv")
    write_ahead(folder / "ahead.csv")
    write_sales(folder / "later.csv", days_after=10)
    return folder


@pytest.fixture(scope="session")
def forecaster_run(command, sales, tmp_path_factory) -> Path:
    """The folder of a forecaster's run on the sales."""
    out = tmp_path_factory.mktemp("runs") / "forecaster"
    told = ("--data", sales / "sales.csv", *ROLES, *COVARIATES, *QUICK)
    done = command("train", "forecaster", *told, "--out", out)
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture
def own_forecaster_run(forecaster_run, tmp_path) -> Path:
    """A copy of it, for what writes into its folder."""
    return Path(shutil.copytree(forecaster_run, tmp_path / "own"))
