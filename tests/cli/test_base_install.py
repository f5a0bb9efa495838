"""What the base install promises, run where the extras' packages cannot be found."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from elman.installation import install_command

EXTRAS = ("torch", "sklearn", "matplotlib", "pandas", "narwhals", "pyarrow")

WITHOUT = f"""
import sys

class Without:
    "A finder that does not find the extras' packages."

    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        absent = name.partition(".")[0] in {EXTRAS!r}
        return None if absent else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""

COMMAND = "from elman.cli import main; main()"


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", WITHOUT + code, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def labelled(tables):
    return "--data", tables / "test.csv", "--label", "class"


@pytest.fixture(scope="module")
def forecast_call(forecaster_run, sales):
    files = ("--data", sales / "sales.csv", "--ahead", sales / "ahead.csv")
    return "forecast", forecaster_run / "model.elman", *files


def assert_same_answers(command, *arguments):
    here, there = command(*arguments), python(COMMAND, *arguments)
    assert here.exit_code == 0, here.output
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    assert here.stdout


@pytest.mark.parametrize("package", EXTRAS)
def test_the_packages_are_not_to_be_found(package):
    done = python(f"import {package}")
    assert done.stderr.endswith(f"ModuleNotFoundError: No module named '{package}'\n")
    found = python(f"import importlib.util as u; print(u.find_spec({package!r}))")
    assert found.stdout == "None\n", found.stderr


def test_what_needs_an_extra_names_it():
    done = python("import elman; elman.Classifier")
    assert done.stderr.rstrip().endswith(f"run: {install_command('train')}")


@pytest.mark.parametrize("more", [("--probabilities",), ("--json",)])
def test_predict(command, run, labelled, more):
    assert_same_answers(command, "predict", run / "model.elman", *labelled, *more)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_evaluate(command, run, labelled, more):
    assert_same_answers(command, "evaluate", run / "model.elman", *labelled, *more)


def test_evaluate_a_forecaster(command, forecaster_run, sales):
    model, data = forecaster_run / "model.elman", ("--data", sales / "sales.csv")
    assert_same_answers(command, "evaluate", model, *data, "--json")


@pytest.mark.parametrize("more", [(), ("--paths", 3), ("--json",)])
def test_forecast(command, forecast_call, more):
    assert_same_answers(command, *forecast_call, *more)


def test_info(command, run, forecaster_run):
    for folder in (run, forecaster_run):
        assert_same_answers(command, "info", folder / "model.elman")


def test_a_generator(command, tmp_path):
    (tmp_path / "book.txt").write_text("to be or not to be, that is the question.\n" * 30)
    data, run = ("--data", tmp_path / "book.txt"), tmp_path / "run"
    small = ("--units", 8, "--embedding", 4, "--epochs", 1, "--batch-size", 4, "--threads", 1)
    done = command("train", "generator", *data, *small, "--no-pictures", "--out", run)
    assert done.exit_code == 0, done.output
    assert_same_answers(command, "generate", run, "--prefix", "to be", "--max-length", 30)
    assert_same_answers(command, "score", run, *data)
    assert_same_answers(command, "evaluate", run, *data, "--json")
    assert_same_answers(command, "predict", run, *data)


def test_from_python(run, forecaster_run, tables, sales):
    """The loaded models' own methods, as a program calls them."""
    code = """
import json
import elman

model, table, forecaster, series, ahead = sys.argv[1:]
data = elman.data.read(table, label="class")
classifier, forecaster = elman.load(model), elman.load(forecaster)
found = [
    classifier.predict(data.sequences).tolist(),
    classifier.evaluate(data.sequences, data.labels)["score"],
    forecaster.predict(series, ahead).mean.tolist(),
    forecaster.evaluate(series)["windows"],
]
print(json.dumps(found))
"""
    given = (run / "model.elman", tables / "test.csv")
    given += (forecaster_run / "model.elman", sales / "sales.csv", sales / "ahead.csv")
    without = python(code, *given)
    line = [sys.executable, "-c", f"import sys\n{code}", *map(str, given)]
    whole = subprocess.run(line, capture_output=True, text=True, check=True)
    assert without.returncode == 0, without.stderr
    assert json.loads(without.stdout) == json.loads(whole.stdout)


@pytest.mark.parametrize("more", [("--data", "a.csv"), ("--help",)])
def test_training_without_the_extra_is_one_line(more):
    done = python(COMMAND, "train", "classifier", *more)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.rstrip().endswith(f"run: {install_command('train')}")
