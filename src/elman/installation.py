"""How this very installation is added to: the command that brings an extra."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["install_command"]

_NAME = "elman"


def install_command(extra: str) -> str:
    """What to type, in this environment, for what an extra of this installation brings.

    A clone and a wheel are named again, with the extra, where they still stand; an installation
    from a package index is asked for by name; of anything else the extra's packages are named.

    Args:
        extra: As in `pyproject.toml`: train, parquet, text, tensorboard.

    >>> install_command("train").partition("install")[2] != ""
    True
    """
    try:
        told = metadata.distribution(_NAME)
    except metadata.PackageNotFoundError:
        return f"{_installer()} {shlex.quote(f'{_NAME}[{extra}]')}"
    return f"{_installer()} {_wanted(told, extra)}"


def _installer() -> str:
    """What installs into the environment that this Python runs in."""
    here = shlex.quote(sys.executable)
    if not any(metadata.distributions(name="pip")):  # what finds modules may be setuptools' own
        return f"uv pip install --python {here}"
    if os.environ.get("VIRTUAL_ENV") == sys.prefix:
        return "pip install"
    return f"{here} -m pip install"


def _wanted(told: metadata.Distribution, extra: str) -> str:
    """What the installer is given."""
    from urllib.request import url2pathname  # which brings much that nothing else here needs

    text = told.read_text("direct_url.json")
    if text is None:  # an index has it
        return shlex.quote(f"{_NAME}[{extra}]")
    source: Mapping[str, Any] = json.loads(text)
    parts = urlsplit(source.get("url", ""))
    place = url2pathname(unquote(parts.path))
    if parts.scheme == "file" and os.path.exists(place):
        editable = source.get("dir_info", {}).get("editable", False)
        return f"{'-e ' if editable else ''}{shlex.quote(f'{_nearby(place)}[{extra}]')}"
    if parts.scheme not in ("", "file"):
        vcs = source.get("vcs_info", {}).get("vcs")
        address = f"{vcs}+{source['url']}" if vcs else source["url"]
        return shlex.quote(f"{_NAME}[{extra}] @ {address}")
    return " ".join(shlex.quote(package) for package in _packages(told, extra))


def _nearby(place: str) -> str:
    """The path, as "." where one stands in it."""
    return "." if Path(place) == Path.cwd() else place


def _packages(told: metadata.Distribution, extra: str) -> list[str]:
    """What an extra asks for, markers left out, and what the extras do that it is made of."""
    found = []
    for line in told.requires or ():
        package, _, marker = line.partition(";")
        package = package.strip()
        if f'extra == "{extra}"' not in marker.replace("'", '"'):
            continue
        if package.startswith(f"{_NAME}["):
            found += _packages(told, package[len(_NAME) + 1 :].partition("]")[0])
        else:
            found.append(package)
    return found
