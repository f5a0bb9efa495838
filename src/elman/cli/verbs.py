"""All verbs of the command `elman`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import elman
from elman.cli import (
    backtest,
    data,
    evaluate,
    forecast,
    generate,
    info,
    listen,
    plot,
    predict,
    score,
    tag,
    train,
    transcribe,
    translate,
)
from elman.cli.exits import Command
from elman.cli.optional import with_usual_values
from elman.printable import printable

__all__ = ["app"]


@contextmanager
def _printable_usage() -> Iterator[None]:
    """Within this block, errors about the command line quote it as a terminal may show it."""
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message"):  # click's, or that of typer's own copy of it
            error.message = printable(error.message)  # pyright: ignore
        raise


class _Verbs(TyperGroup):
    """The verbs, the first of them first, with errors that a terminal may show."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: name != "train")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`help VERB` is `VERB --help`."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        return super().parse_args(ctx, args)

    def make_context(self, *args: Any, **more: Any) -> Any:
        with _printable_usage():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        with _printable_usage():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Verbs,
    name="elman",
    help="Recurrent neural networks: train, evaluate, predict, forecast, write, look inside.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"elman {elman.__version__}")
        raise typer.Exit


@app.callback()
def _elman(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """The command itself does nothing but to say its version."""


app.add_typer(train.app, name="train")
app.command("evaluate", cls=Command)(evaluate.evaluate)
app.command("predict", cls=Command)(predict.predict)
app.command("tag", cls=Command)(tag.tag)
app.command("generate", cls=Command)(generate.generate)
app.command("score", cls=Command)(score.score)
app.command("translate", cls=Command)(translate.translate)
app.command("transcribe", cls=Command)(transcribe.transcribe)
app.command("listen", cls=Command)(listen.listen)
app.command("forecast", cls=with_usual_values({"--plot": "forecast.png"}))(forecast.forecast)
app.command("backtest", cls=with_usual_values({"--plot": "backtest.png", "--refit": "1"}))(
    backtest.backtest
)
app.command("plot", cls=Command)(plot.plot)
app.command("info", cls=Command)(info.info)
app.add_typer(data.app, name="data")
