"""`elman info`: what a bug report should contain."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import elman
from elman.cli.console import print_json, result_console
from elman.cli.exits import verb
from elman.cli.options import model_file
from elman.kernels import native
from elman.kernels.threads import thread_count

__all__ = ["describe_model", "info", "processor"]

_BASE = ("numpy", "safetensors", "typer", "rich", "jaxtyping")
_EXTRAS = {
    "train": ("torch", "scikit-learn", "matplotlib", "narwhals"),
    "parquet": ("pyarrow",),
}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """The processor's model name, where the system tells it."""
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _report() -> dict[str, Any]:
    return {
        "elman": elman.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "instruction sets": native.available_isas(),
        "instruction set in use": native.isa(),
        "threads": thread_count(),
        "base": {package: _version(package) for package in _BASE},
        "extras": {
            extra: {package: _version(package) for package in packages}
            for extra, packages in _EXTRAS.items()
        },
        "ELMAN_DATA": os.environ.get("ELMAN_DATA"),
    }


def describe_model(path: Path) -> dict[str, Any]:
    """What a model is, how it came about, and what it reads."""
    model = elman.load(model_file(path))
    blueprint, metadata = model.blueprint, model.metadata
    told = {"task": model.bundle.task, "elman": metadata.get("elman")}
    told |= {"network": blueprint.describe(), "parameters": blueprint.parameters}
    return told | model.facts()


@verb
def info(
    model: Annotated[
        Path | None,
        typer.Argument(help="A model file, or a run's folder: what it is.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show versions, instruction sets, threads and extras, for a bug report; or what a model is.

    Example: `elman info`, or `elman info runs/sales`
    """
    report = _report() if model is None else describe_model(model)
    if json:
        print_json(report)
        return
    table = Table(show_header=False, box=None)
    for key, value in report.items():
        if key in ("base", "extras"):
            continue
        shown = ", ".join(value) if isinstance(value, list | tuple) else str(value)
        table.add_row(key, escape(shown) if value not in (None, []) else "not set")
    if model is None:
        _add_packages(table, report)
    result_console.print(table)


def _add_packages(table: Table, report: dict[str, Any]) -> None:
    for extra, packages in {"base": report["base"], **report["extras"]}.items():
        versions = ", ".join(f"{p} {v or 'missing'}" for p, v in packages.items())
        missing = not all(packages.values()) and extra != "base"
        hint = f"  (pip install 'elman[{extra}]')" if missing else ""
        table.add_row(f"[{extra}]".replace("[", "\\["), versions + hint.replace("[", "\\["))
