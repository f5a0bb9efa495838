"""Every block of Python and of the shell in the documentation runs, in order, in one place.

Blocks marked `sh` are not run, as they install, take long, or need several machines; but each
command of Elman's in them is one that there is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from elman.cli.verbs import app
from elman.data.sets import catalogue, preview

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(python|bash|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_blocks_run(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = document.read_text(encoding="utf-8")
    namespace: dict = {"__name__": "document"}
    for block in BLOCK.finditer(text):
        language, source = block.groups()
        line = text[: block.start()].count("\n") + 1
        if language == "python":
            source = "\n" * line + source  # so that a traceback gives the document's line
            exec(compile(source, str(document), "exec"), namespace)
        elif language == "bash" and is_here(source):
            run_shell(source, f"{document.name}, line {line}")


def is_here(source: str) -> bool:
    """Whether the sets that a block downloads are on this machine already."""
    wanted = re.findall(r"^elman data get (\S+)", source, re.MULTILINE)
    return all(catalogue.find(preview.holder(name)) is not None for name in wanted)


def run_shell(source: str, where: str) -> None:
    """Run a block as a newcomer would, stopping at the first command that fails."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eu", "-c", source],
        env=os.environ | {"PATH": beside, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{where}:\n{done.stdout}\n{done.stderr}"


def commands_of(document: Path) -> list[str]:
    """Elman's commands in all blocks of a document, each in a line."""
    found = []
    for _, source in BLOCK.findall(document.read_text(encoding="utf-8")):
        for line in source.replace("\\\n", " ").splitlines():
            command = re.search(r"(?:^|-m )elman ([a-z].*)", line)
            if command:
                found.append(command[1].partition(" #")[0])
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist_with_their_options(document):
    for line in commands_of(document):
        words, command, context = line.split(), typer.main.get_command(app), None
        while hasattr(command, "get_command"):
            context = command.make_context(
                "elman", words[:1], parent=context, resilient_parsing=True
            )
            found: Any = command.get_command(context, words[0])
            assert found is not None, line
            command, words = found, words[1:]
        command.make_context(command.name, words, parent=context)


def test_links_between_documents_lead_somewhere():
    for document in [*DOCUMENTS, *ROOT.glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
