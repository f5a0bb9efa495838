"""From exceptions to exit codes."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand

from elman.cli.console import progress_console
from elman.errors import ArgumentError, BundleError, ElmanError

__all__ = ["Command", "Said", "Terminated", "as_options", "failed", "options_of"]
__all__ += ["termination_interrupts"]

FAILED, MISUSED, INTERRUPTED, TERMINATED = 1, 2, 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a long command the way Ctrl-C does: saved and clean."""


class Command(TyperCommand):
    """A command whose expected errors are one readable line and the documented exit code.

    What an error calls by the name of Python's argument is told as this command's option.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show what it is told; <eos> in the text of an option is no mark of a language."""
        for one in self.params:
            if (text := getattr(one, "help", None)) and "`" not in text:
                one.help = re.sub(r"(?<!\\)<", r"\\<", text)  # pyright: ignore
        super().format_help(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except Terminated:
            code, message = TERMINATED, "Terminated."
        except KeyboardInterrupt:
            code, message = INTERRUPTED, "Interrupted."
        except ElmanError as error:
            raise typer.Exit(failed(error, options_of(self))) from None
        _say(message)
        raise typer.Exit(code)


class Said(NamedTuple):
    """How a command line says a parameter.

    Attributes:
        option: As `--clip-norm`.
        off: What says no, as `--no-baselines`; None: leaving the option out does.
        nothing: The value that stands for None.
    """

    option: str
    off: str | None
    nothing: str


_NAMED_OTHERWISE = {
    "run": "out",
    "name": "data",
    "warm_start": "start",
}  # parameters whose options have another name


def options_of(command: Any) -> dict[str, Said]:
    """How a command says each of its parameters."""
    found = {}
    for one in command.params:
        option = next((word for word in one.opts if word.startswith("--")), None)
        if option is not None:
            off = one.secondary_opts[0] if one.secondary_opts else None
            nothing = "0" if "0: as" in (one.help or "") else "none"  # as its kind says
            found[one.name] = Said(option, off, nothing)
    return found | {k: found[name] for k, name in _NAMED_OTHERWISE.items() if name in found}


def failed(error: ElmanError, options: Mapping[str, Said] | None = None) -> int:
    """Say in a line what went wrong; the exit code of a command that ends with it.

    Args:
        error: It.
        options: How the command says its parameters.
    """
    known = options or {}
    where, comma, rest = error.where.partition(",")
    if where in known and not isinstance(error, BundleError):  # whose place is a path
        where = known[where].option
    where += comma + rest
    told = ElmanError(where, as_options(error.found, known), as_options(error.expected, known))
    _say(f"Error: {told}")
    return MISUSED if isinstance(error, ArgumentError) else FAILED


def _say(message: str) -> None:
    progress_console.print(message, style="bold red", markup=False, highlight=False)


_ARGUMENT = re.compile(
    r"""\b([a-z_]+)=(?:'([^']*)'|(True|False|None)\b|([-+.\w]+)|(\[[^\]]*\]|\([^)]*\))|(?=[\s,;.)]|$))"""
)


def as_options(advice: str, options: Mapping[str, Said]) -> str:
    """What is told of Python's arguments, told of the command line's options.

    >>> known = {name: Said(f"--{name}", None, "0") for name in ("short", "ahead", "clip")}
    >>> as_options("short='drop', clip=None, or give it as ahead=", known)
    '--short drop, --clip 0, or give it as --ahead'
    >>> as_options("short=','", known)
    "--short ','"
    """

    def option(found: re.Match[str]) -> str:
        said = options.get(found[1])
        if said is None:
            return found[0]
        if found[3] == "False":
            return said.off or f"no {said.option}"
        value = said.nothing if found[3] == "None" else found[2] or found[4]
        if value is None:
            return said.option
        plain = any(map(str.isalnum, value))  # else it would look like a mark of the sentence
        return f"{said.option} {shlex.quote(value) if plain else repr(value)}"

    advice = _ARGUMENT.sub(option, advice)
    return re.sub(r"\brepair '(\w+)'", r"--repair \1", advice) if "repair" in options else advice


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """Within this block SIGTERM raises `Terminated` in the main thread."""

    def raise_terminated(*_: Any) -> None:
        raise Terminated

    previous = signal.signal(signal.SIGTERM, raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
