"""The command line: one file per verb. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done, 1 failed, 2 misused, 130 interrupted, 143 terminated with its state saved.
"""

from __future__ import annotations

import typer

from elman.cli import backtest, data, evaluate, forecast, info, plot, predict, train
from elman.cli.optional import with_usual_values

__all__ = ["app", "main"]

app = typer.Typer(
    name="elman",
    help="Recurrent neural networks: train, evaluate, predict, forecast, look inside.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("forecast", cls=with_usual_values({"--plot": "forecast.png"}))(forecast.forecast)
app.command("backtest", cls=with_usual_values({"--plot": "backtest.png", "--refit": "1"}))(
    backtest.backtest
)
app.command("plot")(plot.plot)
app.command("info")(info.info)
app.add_typer(data.app, name="data")


def main() -> None:
    """Entry point of the command `elman`."""
    app()
