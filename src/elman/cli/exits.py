"""From exceptions to exit codes."""

from __future__ import annotations

import functools
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer

from elman.cli.console import progress_console
from elman.errors import ArgumentError, ElmanError

__all__ = ["Terminated", "failed", "termination_interrupts", "verb"]

FAILED, MISUSED, INTERRUPTED, TERMINATED = 1, 2, 130, 143

Command = TypeVar("Command", bound=Callable[..., Any])


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a long command the way Ctrl-C does: saved and clean."""


def verb(command: Command) -> Command:
    """Make a command's expected errors one readable line and the documented exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Terminated:
            code, message = TERMINATED, "Terminated."
        except KeyboardInterrupt:
            code, message = INTERRUPTED, "Interrupted."
        except ElmanError as error:
            raise typer.Exit(failed(error)) from None
        _say(message)
        raise typer.Exit(code)

    return run  # pyright: ignore[reportReturnType]


def failed(error: ElmanError) -> int:
    """Say in a line what went wrong; the exit code of a command that ends with it."""
    told = ElmanError(error.where, error.found, _as_options(error.expected))
    _say(f"Error: {told}")
    return MISUSED if isinstance(error, ArgumentError) else FAILED


def _say(message: str) -> None:
    progress_console.print(message, style="bold red", markup=False, highlight=False)


def _as_options(advice: str) -> str:
    """What to do, told with the command line's options in place of Python's arguments.

    >>> _as_options("short='drop', or give it as ahead=")
    '--short drop, or give it as --ahead'
    """

    def option(found: re.Match[str]) -> str:
        value = f" {found[2]}" if found[2] else ""
        return f"--{found[1].replace('_', '-')}{value}"

    advice = re.sub(r"\b([a-z_]+)=(?:'(\w+)'|(?=[\s,;.]|$))", option, advice)
    return re.sub(r"\brepair '(\w+)'", r"--repair \1", advice)


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
