"""A cell by the place where it was written: `package.module:Name`, or `file.py:Name`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from elman.errors import ArgumentError
from elman.written.cell import WrittenCell, remember

__all__ = ["is_place", "kind_at"]

_ASKED = "give file.py:NAME or module:NAME"


def is_place(cell: str) -> bool:
    """Whether a cell is said by its place, and not by its name."""
    return ":" in cell or cell.endswith(".py")


def kind_at(place: str) -> str:
    """Imports what holds a cell, which is known by its name from then on.

    This runs the module's code, as any import does: a place comes from whoever trains, never from a
    model file.

    Args:
        place: `package.module:NAME` or `path/file.py:NAME`, the name being that of a class that
            `elman.cells.written` made or of an `elman.written.WrittenCell`; of a file whose only
            cell it is the name may be left out. Modules are looked for as Python does, and in the
            folder that one works in.

    Returns:
        The cell's own name, a kind of `elman.blueprint`.

    Raises:
        ArgumentError: There is no such file, module or cell, or it fails while it is read.
    """
    of, _, name = (place, "", "") if place.endswith(".py") else place.rpartition(":")
    if not of or not (name or of.endswith(".py")):
        raise ArgumentError("cell", f"found {place!r}", _ASKED)
    module = _read(of) if of.endswith(".py") else _imported(of)
    cell = _cell(getattr(module, name, None)) if name else _only_cell(module)
    if cell is None:
        raise ArgumentError("cell", f"found {place!r}, {_what(module, name)}", _known(module))
    remember(cell)
    return cell.name


def _cell(thing: Any) -> WrittenCell | None:
    found = thing if isinstance(thing, WrittenCell) else getattr(thing, "description", None)
    return found if isinstance(found, WrittenCell) else None


def _cells(module: ModuleType) -> dict[str, WrittenCell]:
    """The cells that were written in a module, by the name that they have there."""
    cells = ((name, _cell(thing)) for name, thing in vars(module).items())
    found = {name: cell for name, cell in cells if cell is not None}
    return {n: c for n, c in found.items() if getattr(c.step, "__module__", "") == module.__name__}


def _only_cell(module: ModuleType) -> WrittenCell | None:
    found = {id(cell): cell for cell in _cells(module).values()}
    return next(iter(found.values())) if len(found) == 1 else None


def _what(module: ModuleType, name: str) -> str:
    if not name:
        return f"with {len(_cells(module))} cells"
    if not hasattr(module, name):
        return "which is not there"
    return f"a {type(getattr(module, name)).__name__} and no written cell"


def _known(module: ModuleType) -> str:
    names = ", ".join(_cells(module))
    return f"name one of {names}" if names else "write one with elman.cells.written"


def _imported(name: str) -> ModuleType:
    with _also_in(os.getcwd()):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise _failed(name, error) from error
            raise ArgumentError("cell", f"found no module {error.name!r}", _ASKED) from error
        except Exception as error:
            raise _failed(name, error) from error


def _read(place: str) -> ModuleType:
    path = Path(place).expanduser().resolve()
    if not path.is_file():
        raise ArgumentError("cell", f"found no file {place!r}", _ASKED)
    source = path.read_bytes()
    digest = hashlib.sha256(bytes(path) + b"\0" + source).hexdigest()[:16]
    name = f"elman_cell_{digest}_{path.stem}"
    if name in sys.modules:  # read before, and not changed since
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # noqa: PT018  its name ends in .py
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    with _also_in(str(path.parent)):
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise _failed(place, error) from error
    return module


@contextmanager
def _also_in(folder: str) -> Iterator[None]:
    """Imports are looked for there, too, after everywhere else."""
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _failed(place: str, error: Exception) -> ArgumentError:
    """An error of a user's own text, with its line."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename][1:]
    line = error.lineno if isinstance(error, SyntaxError) else own[-1].lineno if own else None
    where = place if line is None else f"{place}, line {line}"
    return ArgumentError("cell", f"{where}: {type(error).__name__}: {error}", "mend it first")
