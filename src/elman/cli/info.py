"""`elman info`: what a bug report should contain."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import elman
from elman.cli.console import print_json, result_console
from elman.installation import install_command
from elman.kernels import native
from elman.kernels.threads import thread_count
from elman.printable import many
from elman.run_files import model_file

__all__ = ["describe_model", "info", "processor"]

_LISTED = 20  # classes or names, before the rest is only counted
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
    told |= {"file": f"{model_file(path).stat().st_size / 1024:,.0f} KiB", **model.facts()}
    return told | _training_told(metadata, model.score_name) | _tested(path)


def _training_told(metadata: Mapping[str, Any], score: str) -> dict[str, Any]:
    """How a model was trained, and what was measured then; empty where its file does not say."""
    if "epochs" not in metadata:
        return {}
    seconds, epochs = metadata.get("seconds"), many(metadata["epochs"], "epoch")
    kept = f", the weights of epoch {metadata['best_epoch']} kept"
    told: dict[str, Any] = {"trained": f"{epochs} in {seconds:,.1f} s{kept}"}
    measured = {score: metadata["validation_score"], "loss": metadata["validation_loss"]}
    told["validation part"] = metadata.get("validation")
    told["validated"] = {k: v for k, v in measured.items() if v is not None}
    return told


def _tested(path: Path) -> dict[str, Any]:
    """The score on the test part, which a run's folder knows, beside its baselines."""
    result = path / "result.json" if path.is_dir() else path.parent / "result.json"
    if not result.is_file():
        return {}
    try:
        test = json.loads(result.read_text("utf-8")).get("test") or {}
        return {"tested": {test["metric"]: test["score"], **test["baselines"]}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # another program's file, or one of series, whose report is longer


def info(
    model: Annotated[
        Path | None,
        typer.Argument(help="A model file, or a run's folder: what it is.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show versions, instruction sets, threads and extras, for a bug report; or what a model is.

    Example: `elman info`, or `elman info runs/sales`
    """
    report = _report() if model is None else describe_model(model)
    if as_json:
        print_json(report)
        return
    table = Table(show_header=False, box=None)
    for key, value in report.items():
        if key not in ("base", "extras"):
            table.add_row(key, escape(_shown(value)))
    if model is None:
        _add_packages(table, report)
    result_console.print(table)


def _shown(value: Any) -> str:
    """A fact as a cell of the table: of many things the first."""
    if value in (None, [], {}, ()):
        return "not set"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        more = f", ... ({len(value):,} in all)" if len(value) > _LISTED else ""
        return ", ".join(_shown(one) for one in value[:_LISTED]) + more
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _add_packages(table: Table, report: dict[str, Any]) -> None:
    for extra, packages in {"base": report["base"], **report["extras"]}.items():
        versions = ", ".join(f"{p} {v or 'missing'}" for p, v in packages.items())
        missing = not all(packages.values()) and extra != "base"
        hint = f"  ({install_command(extra)})" if missing else ""
        table.add_row(escape(f"[{extra}]"), escape(versions + hint))
