"""Options that may stand without their value."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from elman.cli.exits import Command

__all__ = ["with_usual_values"]


def with_usual_values(usual: Mapping[str, str]) -> type[Command]:
    """A kind of command in which some options may stand without a value.

    Args:
        usual: The value for each option that stands alone, at the end or before another option:
            with `{"--plot": "forecast.png"}` a bare `--plot` is `--plot forecast.png`.
    """

    class WithUsualValues(Command):
        def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
            completed = []
            for word, after in zip(args, [*args, "--"][1:], strict=True):
                completed.append(word)
                if word in usual and after.startswith("-"):
                    completed.append(usual[word])
            return super().parse_args(ctx, completed)

    return WithUsualValues
