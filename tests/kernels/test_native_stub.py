"""What is written of the compiled module is what it has."""

from __future__ import annotations

import ast
from pathlib import Path

import elman
from elman.kernels.compiled import module

STUB = ast.parse((Path(elman.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))


def _names(body: list[ast.stmt]) -> set[str]:
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def _public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_every_name_is_written_and_no_other():
    native = module()
    classes = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
    kernels = _names(classes["_Kernels"].body)
    assert kernels == _public(native.float32) == _public(native.float64)
    apart = {"_Kernels", "Array", *(kernels & set(classes))}  # of each dtype
    assert _names(STUB.body) - apart == _public(native)
    for name, node in classes.items():
        if name != "_Kernels":
            found = getattr(native, name, None) or getattr(native.float32, name)
            assert _names(node.body) - {"__init__"} == _public(found), name
