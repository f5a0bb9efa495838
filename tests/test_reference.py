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

import pytest

import elman

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


@pytest.fixture(params=NAMES)
def named(request) -> tuple[str, Any, str]:
    """Full name, value and docstring."""
    value = NAMES[request.param]
    return request.param, value, inspect.getdoc(value) or ""


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


def test_it_says_what_it_is(named):
    name, _, told = named
    first = told.partition("\n\n")[0]
    assert first.rstrip().endswith((".", ":", "?")), f"{name}: {first!r}"


def test_where_arguments_are_explained_all_are(named):
    name, value, _ = named
    for called, function, told in functions_of(name, value):
        if "Args:" not in told:
            continue
        for argument in inspect.signature(function).parameters:
            known = argument in ("self", "cls") or re.search(rf"\b{re.escape(argument)}\b", told)
            assert known, f"{called}: {argument}"


def test_arrays_have_shapes(named):
    name, value, _ = named
    if not inspect.isroutine(value):
        return
    told = inspect.getdoc(value) or ""
    for argument, one in inspect.signature(value).parameters.items():
        text = str(one.annotation)
        if not ARRAYS.search(text) or re.search(r"\[[^\]]*['\"]", text):  # jaxtyping says it
            continue
        found = re.search(rf"^ *\**{argument}: (.*(?:\n {{5,}}.*)*)", told, re.M)
        assert found, f"{name}: {argument}"
        assert SHAPE.search(found[1]), f"{name}: {argument}: {found[1]!r}"


def test_errors_are_named(named):
    name, value, _ = named
    for called, function, told in functions_of(name, value):
        for error in raised_by(function):
            assert error in told or "Raises:" in told or "rrors" in told, f"{called}: {error}"


def raised_by(function: Any) -> set[str]:
    """The errors that the function's own text raises."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError):
        return set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            called = node.exc.func
            if isinstance(called, ast.Name) and called.id.endswith("Error"):
                found.add(called.id)
    return found


def test_equations_have_a_source(named):
    name, _, told = named
    if EQUATION.search(re.sub(r"^(>>>|\.\.\.).*$", "", told, flags=re.M)):
        assert SOURCE.search(told), f"{name}: where does this equation come from?"
