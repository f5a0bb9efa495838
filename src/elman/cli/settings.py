"""What a training is told: a recipe or a run's configuration, overridden by options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from elman.cli.works import WORKS, about_of, input_of, work_of
from elman.errors import ArgumentError, FormatError
from elman.parameters import renamed
from elman.parameters import told as told_of
from elman.printable import closest
from elman.registry import known_tasks, loaded, task_of
from elman.run_files import load_toml, model_file

__all__ = ["Settings", "gather", "kind_of", "read_config", "recipes"]

_TABLES = ("task", "training", "machine")
_TYPES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    list[str]: "a text, or a list of texts",
}
_OF_NO_DATA = ("from", "horizon")  # what stays when other data are given
_TEST_PARTS = ("test", "test_target", "test_steps", "test_share")
_RECIPES = resources.files("elman") / "recipes"
_EVERY = (
    "data",
    "from",
    "reads",
)  # what every training is told of, beside what its kind of input needs


@dataclass(frozen=True)
class Settings:
    """What a training is told.

    Attributes:
        kind: The task's name.
        about: Its `data`; perhaps `test`, the columns of a table, a forecaster's `horizon` and
            how its series are read, and the model `from` which it starts.
        parameters: The estimator's that differ from its defaults.
    """

    kind: str
    about: dict[str, Any]
    parameters: dict[str, Any]

    def estimator(self) -> Any:
        """An estimator with these parameters: a fresh one, or the model's that it starts from.

        Raises:
            MissingExtraError: What training needs is not installed.
        """
        made = task_of(self.kind).load_estimator()
        if "from" in self.about:
            start = model_file(Path(self.about["from"]))
            return made.starting_from(start, **self.parameters)
        return made(**self.parameters)


def recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(p.name.removesuffix(".toml") for p in _RECIPES.iterdir() if p.name[0] != "_")


def gather(
    task: str | None,
    config: str | None,
    about: dict[str, Any],
    options: dict[str, Any],
) -> Settings:
    """Options over the configuration's values; what neither gives is the estimator's default.

    Other data leave nothing of what the configuration says of its own: test data and columns.

    Args:
        task: Its name, or None.
        config: A recipe's name, the path of a TOML file, or None.
        about: See `Settings`; None where the command line does not say.
        options: The estimator's parameters as options; None likewise.

    Raises:
        ArgumentError: Task or data are given nowhere, or an option belongs to another task.
        FormatError: The configuration cannot be read.
    """
    told = {} if config is None else _read(config)
    row = task_of(task or told.get("kind"))
    kind = row.name
    if told.get("kind", kind) != kind:
        other = told["kind"]
        found = f"is the configuration of a {other}"
        raise ArgumentError(f"--config {config}", found, f"elman train {other} --config {config}")
    described = _described(about, renamed(told.get("about", {}), about_of(kind)))
    name = input_of(kind, described.get("data"), described.get("reads"))
    work, read = work_of(kind, name), row.input_of(name)
    described |= {"reads": name} if name else {}
    usual = described.get("source", work.usual_data)  # sources are the data, too
    described.setdefault("data", usual)
    if described["data"] is None:
        raise ArgumentError("--data", "not given", "a set's name (elman data list) or a path")
    parameters = told_of(row.load_estimator())
    configured = {k: v for table in _TABLES for k, v in told.get(table, {}).items()}
    suited = {} if read is None or "from" in described else read.usual
    chosen = {**suited, **row.load_estimator().unpacked(configured)}
    if chosen.get("validation") == "given" and options.get("validation") is None:
        found = "was given as arrays, which no text repeats"
        raise ArgumentError(f"{config}, validation", found, "a share: --validation 0.1")
    for name in ("loss", "network"):
        if chosen.get(name) == "given":
            found = "was code of one's own, which no text repeats"
            raise ArgumentError(f"{config}, {name}", found, "train from Python")
    for name, value in options.items():
        kind_of_value = parameters[name].kind
        if value is not None and kind_of_value is not None:
            chosen[name] = kind_of_value.read(name, value)
    known = (*_EVERY, *work.about, *parameters)
    for name, value in {**chosen, **described}.items():
        if name in known:
            continue
        if value is not None:
            raise ArgumentError(f"{config}, {name}", f"a {kind} has none", closest(name, known))
        del chosen[name]  # the configuration says that it was not used
    return Settings(kind, described, chosen)


def kind_of(config: str) -> str:
    """The task of a configuration; `ArgumentError` if it names none that there is."""
    return task_of(_read(config).get("kind")).name


def _described(about: dict[str, Any], configured: dict[str, Any]) -> dict[str, Any]:
    """What the command line says of the data, over what the configuration does."""
    one = {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in about.items()}
    given = {name: value for name, value in one.items() if value is not None and value != []}
    kept = set(configured)
    if "data" in given or "source" in given:
        kept &= set(_OF_NO_DATA)
    if set(_TEST_PARTS) & set(given):  # one of them is the test part
        kept -= set(_TEST_PARTS)
    return {name: configured[name] for name in configured if name in kept} | given


def _read(config: str) -> dict[str, Any]:
    if Path(config).suffix == ".toml" and os.path.exists(config):
        return read_config(Path(config))
    if config not in recipes():
        expected = f"a .toml file, or {closest(config, recipes())}"
        raise ArgumentError("--config", f"there is no {config!r}", expected)
    with resources.as_file(_RECIPES / f"{config}.toml") as path:
        return read_config(path)


def read_config(path: Path) -> dict[str, Any]:
    """What a configuration says: `kind`, and tables `about`, `task`, `training` and `machine`.

    Raises:
        FormatError: It cannot be read, is no TOML, or holds another table or another type.
    """
    try:
        told = load_toml(path)
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise FormatError(str(path), found, "a file that can be opened") from error
    except ValueError as error:
        raise FormatError(str(path), f"not readable TOML: {error}", "mend it") from error
    for name, value in told.items():
        wanted = str if name == "kind" else dict
        if name not in ("kind", "about", *_TABLES):
            expected = closest(name, ("kind", "about", *_TABLES))
            raise FormatError(f"{path}, {name}", "is unknown", expected)
        _check_type(f"{path}, {name}", value, wanted)
    row = next((one for one in known_tasks() if one.name == told.get("kind")), None)
    places = [WORKS[name] for name in (WORKS if row is None else row.works)]
    kinds = {name: kind for place in places for name, kind in _kinds(place)}
    for name, value in told.get("about", {}).items():
        _check_type(f"{path}, about.{name}", value, kinds.get(name, str))
    return told


def _kinds(place: str) -> Iterator[tuple[str, type]]:
    """What a kind of input is told of its data, and of which type that is."""
    return ((name, kind) for name, (kind, _) in loaded(place).about.items())


def _check_type(where: str, value: Any, wanted: Any) -> None:
    if wanted == list[str] and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return
    wanted = str if wanted == list[str] and isinstance(value, str) else wanted
    if type(value) is not wanted and not (wanted is float and type(value) is int):
        raise FormatError(where, f"found {repr(value)[:80]}", _TYPES[wanted])
