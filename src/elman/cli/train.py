"""`elman train TASK`: from data to a run's folder with a model, its scores and pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import elman
from elman import plots
from elman.cli.completion import among
from elman.cli.console import note
from elman.cli.drawing import ThemeOption, drawing
from elman.cli.exits import Command, failed, termination_interrupts
from elman.cli.options import takes
from elman.cli.settings import gather, kind_of, recipes
from elman.cli.works import Options, about_of, work_of
from elman.errors import ArgumentError, ElmanError
from elman.parameters import Told, told
from elman.registry import Task, known_tasks, task_of

__all__ = ["app"]


def _train(
    task: str,
    about: Options,
    parameters: Options,
    *,
    config: str | None,
    start: Path | None,
    out: Path | None,
    resume: bool,
    pictures: bool,
    theme: str | None,
    json: bool,
    **given: Any,
) -> None:
    """Train a task's estimator; see `_command`."""
    plots.check_theme(theme)  # before anything takes minutes
    described = {name: given[name] for name in about}
    described |= {"data": given["data"], "from": None if start is None else str(start)}
    settings = gather(task, config, described, {name: given[name] for name in parameters})
    estimator = settings.estimator()
    work = work_of(task, settings.about.get("reads", ""))
    training = work.training(settings.about, estimator)
    folder = elman.training.RunFolder(
        out or _fresh_folder(task, settings.about["data"]), about=settings.about
    )
    estimator.set_params(run=folder, resume=resume, verbose=True)
    first = elman.training.writes()
    if first:
        training.announce()
        note(f"The run's folder: {folder.path}")
    with termination_interrupts():
        try:
            training.fit(estimator)
        except KeyboardInterrupt:
            if folder.last.exists() and first:
                note(f"Saved. Go on with the same command and: --out {folder.path} --resume")
            raise
        except ElmanError:
            if first and not folder.path.exists():
                note("The training did not begin: of this run no folder is kept")
            raise
    if first:
        with drawing(theme):
            training.report(estimator, folder, pictures, json)


def _fresh_folder(task: str, data: str) -> Path:
    if elman.training.launch() is not None:
        raise ArgumentError(
            "--out", "not given, and torchrun may start this run again", "the run's folder"
        )
    name = Path(data).name.partition(".")[0]
    return Path("runs") / f"{task}-{name}-{time.strftime('%Y%m%d-%H%M%S')}"


def _command(row: Task) -> Callable[..., None]:
    """The command that trains a task, with that task's options only."""
    about: Options = about_of(row.name)
    known = told(row.load_estimator())
    parameters = {
        name: (one.kind.option, _with_default(one))
        for name, one in known.items()
        if one.kind is not None
    }

    def command(
        config: Annotated[
            str | None,
            typer.Option(
                help="A recipe's name, or a run's config.toml; options override it.",
                autocompletion=among(recipes()),
            ),
        ] = None,
        start: Annotated[
            Path | None,
            typer.Option(
                "--from",
                help="Train on from this model file, or the run of this folder; of another task or "
                "network its first layers are taken.",
            ),
        ] = None,
        out: Annotated[
            Path | None, typer.Option(help="The run's folder; default runs/TASK-DATA-TIME.")
        ] = None,
        resume: Annotated[
            bool, typer.Option("--resume", help="Go on with the run in --out.")
        ] = False,
        pictures: Annotated[bool, typer.Option(help="Draw the pictures.")] = True,
        theme: ThemeOption = None,
        json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
        **given: Any,
    ) -> None:
        told_run = {"config": config, "start": start, "out": out, "resume": resume}
        shown = {"pictures": pictures, "theme": theme, "json": json}
        _train(row.name, about, parameters, **told_run, **shown, **given)

    command.__doc__ = f"""{row.summary}

    Trains, keeps everything in a folder, and scores beside honest baselines. The epoch is chosen on
    a validation part of the training data; the test part (a set's own, data given for it, or a
    share that is held out) is read once, at the end. Ctrl-C saves where it stands, and the same
    command with --resume goes on from there.

    Example: `{row.example}`
    """
    groups: dict[str, dict[str, tuple[Any, str]]] = {}
    for name, option in parameters.items():
        groups.setdefault(known[name].group, {})[name] = option
    data = {"data": (str, "A set's name (`elman data list`), or a path.")}
    words = {name: one.kind.known for name, one in known.items() if one.kind is not None}
    takes(command, ("Data", {**data, **about}), *groups.items(), words=words)
    return command


def _with_default(one: Told) -> str:
    """A parameter's help; its default stands in one place, the estimator."""
    text = one.text if one.kind is None else f"{one.text} {one.kind.shell}".rstrip()
    if one.default is None or one.default == ():
        return text
    shown = one.default
    if isinstance(shown, bool):
        shown = "yes" if shown else "no"
    elif isinstance(shown, tuple):
        shown = ",".join(str(part) for part in shown)
    return f"{text} Default: {shown}."


class _TaskCommand(Command):
    """A command that says of another task's option whose it is not."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # click's own class, or that of typer's copy of it
            option = getattr(error, "option_name", None)
            if type(error).__name__ != "NoSuchOption" or option is None:
                raise
            close = get_close_matches(option, getattr(error, "possibilities", None) or (), n=1)
            advice = f"did you mean {close[0]}?" if close else "leave it out"
            said = ArgumentError(option, f"a {self.name} has no such option", advice)
            raise typer.Exit(failed(said)) from None


class _Tasks(TyperGroup):
    """The tasks as commands, each made when it is asked for."""

    def list_commands(self, ctx: typer.Context) -> list[str]:
        return [row.name for row in known_tasks()]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:
        try:
            row = task_of(cmd_name)
            made = typer.Typer(rich_markup_mode="markdown", add_completion=False)
            made.command(row.name, cls=_TaskCommand)(_command(row))
        except ElmanError as error:  # no such task, or what training needs is not installed
            if ctx.resilient_parsing:  # a shell asks what a word may become
                return None
            raise typer.Exit(failed(error)) from None
        return typer.main.get_command(made)

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:
        """A line for each task; what a task takes is asked of it."""
        rows = [*known_tasks()]
        width = max(len(row.name) for row in rows)
        lines = [
            "Usage: elman train TASK [OPTIONS]",
            "",
            "Train a network, keep everything in a folder, and score it beside honest baselines.",
            "",
            "Tasks:",
            *(f"  {row.name:<{width}}  {row.summary}" for row in rows),
            "",
            "What a task takes: elman train TASK --help",
            "A configuration names its task itself: elman train --config NAME [OPTIONS]",
            "",
            f"Example: {rows[0].example}",
        ]
        formatter.write("\n".join(lines) + "\n")

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        """A configuration that is given without a task names it itself."""
        if ctx.resilient_parsing:  # the configuration may be half a word: any task has the option
            options = args and args[0].startswith("-")
            return super().parse_args(ctx, [next(known_tasks()).name, *args] if options else args)
        try:
            if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
                args = [_configured(args), *args]
            elif args and not args[0].startswith("-"):
                task_of(args[0])
        except ElmanError as error:
            raise typer.Exit(failed(error)) from None
        return super().parse_args(ctx, args)


def _configured(args: list[str]) -> str:
    """The task of the configuration among these words."""
    for word, after in zip(args, [*args[1:], ""], strict=True):
        if word == "--config":
            return kind_of(after)
        if word.startswith("--config="):
            return kind_of(word.removeprefix("--config="))
    return task_of(None).name


app = typer.Typer(
    cls=_Tasks,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback(help="Train a network, keep everything in a folder, and score it beside baselines.")
def _tasks() -> None:
    """The group itself does nothing."""
