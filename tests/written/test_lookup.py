"""A cell by the place where it was written."""

from __future__ import annotations

import sys

import pytest

from elman.blueprint import cell_kinds
from elman.errors import ArgumentError, BlueprintError
from elman.written.lookup import is_place, kind_at

CELL = """
from elman.written import WrittenCell, tanh
from beside import SCALE

def step(x, state, w):
    return tanh(SCALE * (w.w @ x) + w.u @ state.hidden)

{name} = WrittenCell(step, "{kind}", weights={{"w": ("H", "I"), "u": ("H", "H")}})
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("SCALE = 2.0\n")
    (tmp_path / "looked_up.py").write_text(CELL.format(name="Own", kind="looked_up"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("beside", "looked_up"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "place", ["looked_up:Own", "looked_up.py:Own", "looked_up.py", "./looked_up.py:step_of"]
)
def test_is_known_by_its_name_from_then_on(folder, place):
    with (folder / "looked_up.py").open("a") as file:
        file.write("step_of = Own\n")
    before = list(sys.path)
    assert is_place(place)
    assert kind_at(place) == "looked_up"
    assert cell_kinds()["looked_up"].tape(4).output_size == 4
    assert sys.path == before


def test_a_file_that_changed_is_read_again(folder):
    assert kind_at("looked_up.py") == "looked_up"
    first = cell_kinds()["looked_up"].tape(4)
    assert kind_at(str(folder / "looked_up.py")) == "looked_up"
    text = CELL.format(name="Own", kind="looked_up").replace("tanh(SCALE", "3 * tanh(SCALE")
    (folder / "looked_up.py").write_text(text)
    kind_at("looked_up.py")
    assert cell_kinds()["looked_up"].tape(4) != first


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere.py:Own", "found no file 'nowhere.py'; give file.py:NAME"),
        ("nowhere_at_all:Own", "found no module 'nowhere_at_all'"),
        ("looked_up:", "give file.py:NAME or module:NAME"),
        (":Own", "give file.py:NAME or module:NAME"),
        ("looked_up:Other", "which is not there; name one of Own"),
        ("looked_up.py:SCALE", "a float and no written cell; name one of Own"),
        ("beside.py", "with 0 cells; write one with elman.cells.written"),
        ("broken.py", r"broken\.py, line 2: ZeroDivisionError: division by zero"),
        ("unreadable.py", r"unreadable\.py, line 1: SyntaxError"),
        ("lacking:Own", r"lacking, line 1: ModuleNotFoundError: No module named 'not_installed'"),
    ],
)
def test_says_what_is_wrong(folder, place, said):
    (folder / "broken.py").write_text("\n1 / 0\n")
    (folder / "unreadable.py").write_text("def\n")
    (folder / "lacking.py").write_text("import not_installed\n")
    with pytest.raises(ArgumentError, match=said):
        kind_at(place)


def test_a_built_in_name_is_not_taken(folder):
    (folder / "taken.py").write_text(CELL.format(name="Own", kind="lstm"))
    with pytest.raises(BlueprintError, match="built in"):
        kind_at("taken.py")
