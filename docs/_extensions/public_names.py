"""The directive `public-names`: all that a room's `__all__` names, from its docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

_FOREIGN = (
    "object, Module, BaseEstimator, ClassifierMixin, RegressorMixin, BaseException, tuple, dict"
)
_INHERITED = f"   :inherited-members: {_FOREIGN}"  # from all classes but these
_MARKUP = re.compile(r"(?<=\w)_(?!\w)|\||(?<!^)\*(?! )|(?<=\S)\*")  # "* " begins a list
_QUOTED = re.compile(r"(`[^`]*`)")


class PublicNames(SphinxDirective):
    """An entry for each public name of a module, in the order of the alphabet."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        room = importlib.import_module(self.arguments[0])
        names = getattr(room, "__all__", ())
        lines = [
            f".. py:module:: {room.__name__}",
            "",
            *(inspect.getdoc(room) or "").splitlines(),
            "",
        ]
        for name in sorted(names, key=str.lower):
            lines += _entry(room, name)
        holder = nodes.section()
        holder.document = self.state.document
        content = StringList(lines, f"{room.__name__}.__all__")
        self.state.nested_parse(content, self.content_offset, holder)
        return holder.children


def _entry(room: Any, name: str) -> list[str]:
    value, full = getattr(room, name), f"{room.__name__}.{name}"
    if inspect.ismodule(value):
        return []
    for above in _above(room):
        if name in above.__all__ and getattr(above, name) is value:
            return [f"`{name}`", f"   The same as :py:obj:`{above.__name__}.{name}`.", ""]
    if inspect.isclass(value):
        kind = "exception" if issubclass(value, BaseException) else "class"
        return [f".. auto{kind}:: {full}", "   :members:", _INHERITED, "   :show-inheritance:", ""]
    if inspect.isroutine(value):
        return [f".. autofunction:: {full}", ""]
    return [f".. py:data:: {full}", "", *(f"   {line}" for line in _comment(room, name, value)), ""]


def _above(room: Any) -> list[Any]:
    """The packages that a module is in, the outermost first."""
    parts = room.__name__.split(".")
    packages = [sys.modules[".".join(parts[:depth])] for depth in range(1, len(parts))]
    return [one for one in packages if hasattr(one, "__all__")]


def _comment(room: Any, name: str, value: Any) -> list[str]:
    """The string below an assignment, in whichever module of the room it is."""
    for module in [one for key, one in sys.modules.items() if key.startswith(room.__name__)]:
        if vars(module).get(name) is value and hasattr(module, "__file__"):
            found = ModuleAnalyzer.for_module(module.__name__).find_attr_docs()
            if ("", name) in found:
                return found["", name]
    return []


def _skip(app: Any, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    return True if re.fullmatch("set_\\w+_request|get_metadata_routing", name) else None


def _plainly(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """What would be markup by accident, outside quotes and examples: underscores, bars, stars."""
    example = False
    for place, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if example:
            continue
        parts = _QUOTED.split(line)
        parts[::2] = [_MARKUP.sub(r"\\\g<0>", one) for one in parts[::2]]
        lines[place] = "".join(parts)


def setup(app: Any) -> dict:
    """For Sphinx."""
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _plainly, priority=400)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
