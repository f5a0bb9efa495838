"""The directive `command-line`: every verb and option of `elman`, asked of the program itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from elman.cli.verbs import app as program


class CommandLine(Directive):
    """A section for each verb: what it does, how it is called, its arguments and options."""

    def run(self) -> list:
        """The nodes."""
        command = typer.main.get_command(program)
        context = command.make_context("elman", [], resilient_parsing=True)
        lines = [line for verb in _verbs(command, context) for line in verb]
        return _parsed(self, lines)


def _parsed(directive: Directive, lines: list[str]) -> list:
    from docutils import nodes

    holder = nodes.section()
    holder.document = directive.state.document
    directive.state.nested_parse(StringList(lines, "elman --help"), 0, holder, match_titles=True)
    return holder.children


def _verbs(command: Any, context: Any, called: str = "elman") -> Iterator[list[str]]:
    for name in command.list_commands(context):
        verb = command.get_command(context, name)
        inner = verb.context_class(verb, info_name=name, parent=context)
        if hasattr(verb, "list_commands"):
            yield _head(f"{called} {name}", verb)
            yield from _verbs(verb, inner, f"{called} {name}")
        else:
            yield _head(f"{called} {name}", verb) + _table(verb, inner)


def _head(called: str, verb: Any) -> list[str]:
    told = inspect.cleandoc(verb.help or "").replace("\b", "").splitlines()
    return ["", f"## {called}", "", *told, ""]


def _table(verb: Any, context: Any) -> list[str]:
    """Arguments, then options under the titles that the help has."""
    panels: dict[str, list[str]] = {}
    for parameter in verb.get_params(context):
        if not getattr(parameter, "hidden", False):
            title = getattr(parameter, "rich_help_panel", None) or "Options"
            is_option = parameter.param_type_name == "option"
            panels.setdefault(title if is_option else "Arguments", []).append(
                _row(parameter, context)
            )
    lines = []
    for title, rows in panels.items():
        lines += [f"**{title}**", "", "| | | |", "|---|---|---|", *rows, ""]
    return lines


def _row(parameter: Any, context: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name != "option":
        names = [parameter.name.upper()]
    kind = "" if getattr(parameter, "is_flag", False) else _plain(parameter.display_type(context))
    told = _plain(getattr(parameter, "help", "") or "")
    usual = parameter.default
    if not (parameter.required or usual is None or callable(usual) or usual in (False, (), [])):
        told = f"{told} Default: `{usual}`."
    return f"| {', '.join(f'`{one}`' for one in names)} | {kind} | {told} |"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def setup(app: Any) -> dict:
    """For Sphinx."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
