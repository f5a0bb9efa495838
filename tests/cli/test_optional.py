"""Options that may stand without their value."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from elman.cli.optional import with_usual_values

app = typer.Typer()


@app.command(cls=with_usual_values({"--plot": "usual.png"}))
def draw(
    model: str,
    plot: Annotated[str | None, typer.Option()] = None,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say what was understood."""
    print(model, plot, json)


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        ("m", "m None False"),
        ("m --plot", "m usual.png False"),
        ("m --plot a.png", "m a.png False"),
        ("m --plot=a.png", "m a.png False"),
        ("m --plot --json", "m usual.png True"),
        ("m --json --plot", "m usual.png True"),
        ("--plot -- m", "m usual.png False"),
    ],
)
def test_the_usual_value_stands_in(words, understood):
    done = CliRunner().invoke(app, words.split())
    assert done.output.strip() == understood


def test_nothing_at_all_is_misuse():
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 2
    assert "Missing argument" in done.output
