"""What the reference is made of: each public name has its shapes, its errors and its sources."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman.errors import ShapeError

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "reference"
OURS = re.compile(r"elman(\.|$)")
ARRAYS = re.compile(r"\b(Tensor|ndarray|Float|Int|Bool|Shaped)\b")
SHAPE = re.compile(r"`?\[[^\]]*\]`?|shape|scalar|one number|as of|as there|likewise", re.IGNORECASE)
EQUATION = re.compile(
    r"^.*\b\w+(\(t\))? = .*(tanh|sigmoid|softmax|exp\(|log\(|\bsum\b|Σ|activation\().*$", re.M
)
SOURCE = re.compile(r"arXiv|\b(19|20)\d\d\b")


def rooms() -> Iterator[Any]:
    """The modules that have a page in the reference."""
    for page in sorted(PAGES.glob("*.rst")):
        for name in re.findall(r"^\.\. public-names:: ([\w.]+)$", page.read_text("utf-8"), re.M):
            yield importlib.import_module(name)


def public_names() -> dict[str, Any]:
    """Functions and classes by their full name; each once."""
    found: dict[int, tuple[str, Any]] = {}
    for room in rooms():
        for name in getattr(room, "__all__", ()):
            value = getattr(room, name)
            if (inspect.isclass(value) or inspect.isroutine(value)) and OURS.match(
                getattr(value, "__module__", "") or ""
            ):
                found.setdefault(id(value), (f"{room.__name__}.{name}", value))
    return dict(sorted(found.values()))


NAMES = public_names()


def functions_of(name: str, value: Any) -> Iterator[tuple[str, Any, str]]:
    """A function itself; of a class its own public methods."""
    if inspect.isroutine(value):
        yield name, value, inspect.getdoc(value) or ""
        return
    for method, given in vars(value).items():
        plain = given.__func__ if isinstance(given, classmethod | staticmethod) else given
        if not method.startswith("_") and inspect.isfunction(plain):
            yield f"{name}.{method}", plain, inspect.getdoc(getattr(value, method)) or ""


def test_every_room_has_a_page():
    shown = {room.__name__ for room in rooms()}
    for name in elman._MODULES:
        full = f"elman.{name}"
        assert full in shown or any(one.startswith(f"{full}.") for one in shown), full
    assert "elman" in shown
    assert len(NAMES) > 250


@pytest.mark.parametrize("lacks", ["words", "arguments", "shapes", "errors", "sources"])
def test_nothing_is_lacking(lacks):
    find = LACKING[lacks]
    assert [lack for name, value in NAMES.items() for lack in find(name, value)] == []


def without_words(name: str, value: Any) -> Iterator[str]:
    """What does not say what it is."""
    first = (inspect.getdoc(value) or "").partition("\n\n")[0]
    if not first.rstrip().endswith((".", ":", "?")):
        yield f"{name}: {first!r}"


def without_arguments(name: str, value: Any) -> Iterator[str]:
    """Arguments that are not explained where others are."""
    for called, function, told in functions_of(name, value):
        for argument in inspect.signature(function).parameters if "Args:" in told else ():
            if argument not in ("self", "cls") and not re.search(rf"\b{argument}\b", told):
                yield f"{called}: {argument}"


def without_shapes(name: str, value: Any) -> Iterator[str]:
    """Arrays of a function whose shapes neither its signature nor its docstring tells."""
    told = inspect.getdoc(value) or ""
    for argument, one in inspect.signature(value).parameters.items() if callable(value) else ():
        text = str(one.annotation)
        if not ARRAYS.search(text) or re.search(r"\[[^\]]*['\"]", text):  # jaxtyping says it
            continue
        found = re.search(rf"^ *\**{argument}: (.*(?:\n {{5,}}.*)*)", told, re.M)
        if inspect.isroutine(value) and not (found and SHAPE.search(found[1])):
            yield f"{name}: {argument}"


def without_errors(name: str, value: Any) -> Iterator[str]:
    """Functions that raise an error in their own text and name none."""
    for called, function, told in functions_of(name, value):
        for error in raised_by(function):
            if not (error in told or "Raises:" in told or "rrors" in told):
                yield f"{called}: {error}"


def raised_by(function: Any) -> set[str]:
    """The errors that the function's own text raises."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [
        node.exc.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]
    return {one.id for one in calls if isinstance(one, ast.Name) and one.id.endswith("Error")}


def without_sources(name: str, value: Any) -> Iterator[str]:
    """Equations that do not say where they come from."""
    told = re.sub(r"^(>>>|\.\.\.).*$", "", inspect.getdoc(value) or "", flags=re.M)
    if EQUATION.search(told) and not SOURCE.search(told):
        yield name


LACKING = {
    "words": without_words,
    "arguments": without_arguments,
    "shapes": without_shapes,
    "errors": without_errors,
    "sources": without_sources,
}


def test_what_is_lacking_is_found():
    def cell(inputs: np.ndarray) -> np.ndarray:
        raise ShapeError("inputs", "found nothing", "something")

    cell.__doc__ = "h(t) = tanh(W x(t))"
    for lacks, found in {
        "words": ["cell: 'h(t) = tanh(W x(t))'"],
        "shapes": ["cell: inputs"],
        "errors": ["cell: ShapeError"],
        "sources": ["cell"],
    }.items():
        assert list(LACKING[lacks]("cell", cell)) == found
