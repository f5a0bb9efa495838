"""Every block of Python and of the shell in the documentation runs, in order, in one place.

Blocks marked `sh` are not run, as they install, take long, or need several machines; but each
command of Elman's in them is one that there is. Pages whose blocks are `{code-cell}` show what they
give, and their figures, where `make docs` builds the site: that runs all of them. Here those run
that the last commit changed, and all where the environment variable `ELMAN_PAGES` is set.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from elman.cli.verbs import app
from elman.data.sets import catalogue, preview

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    if "gallery" not in page.parts  # made of examples/
)
DOCUMENTS = [ROOT / "README.md", *PAGES]
BLOCK = re.compile(r"^```(python|bash|sh|\{code-cell\})\n(.*?)^```", re.MULTILINE | re.DOTALL)
TREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = {"|", ">", "<", "&", "&&", "||", ";", "2>&1"}  # words that a shell acts on
LINES = 25  # of a block in the lesson


def name_of(page: Path) -> str:
    """A page's place in the repository."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.filterwarnings("default::UserWarning")  # what is told to whoever trains
@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_blocks_run(document, tmp_path, monkeypatch):
    text = document.read_text(encoding="utf-8")
    if "```{code-cell}" in text and not is_asked(document):
        pytest.skip("the last commit left it as it was: `make docs`, or ELMAN_PAGES=all, runs it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    namespace: dict = {"__name__": "document"}
    for block in BLOCK.finditer(text):
        language, source = block.groups()
        line = text[: block.start()].count("\n") + 1
        if language in ("python", "{code-cell}"):
            source = "\n" * line + source  # so that a traceback gives the document's line
            exec(compile(source, str(document), "exec"), namespace)
        elif language == "bash" and is_here(source):
            run_shell(source, f"{document.name}, line {line}")
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def is_asked(page: Path) -> bool:
    """Whether a page of the site is to be run: it was changed, or nobody knows."""
    if os.environ.get("ELMAN_PAGES"):
        return True
    command = ["git", "diff", "--quiet", "HEAD~1", "--", str(page)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode != 0


def is_here(source: str) -> bool:
    """Whether the sets that a block downloads are on this machine already."""
    wanted = re.findall(r"^elman data get (\S+)", source, re.MULTILINE)
    return all(catalogue.find(preview.holder(name)) is not None for name in wanted)


def run_shell(source: str, where: str) -> None:
    """Run a block as a newcomer would, stopping at the first command that fails.

    A block of Elman's commands alone runs in this process, which has loaded torch already.
    """
    lines = source.replace("\\\n", " ").splitlines()
    if all(line.startswith("elman ") for line in lines if line):
        commands = [shlex.split(line, comments=True) for line in lines if line]
        if not any({*words} & SHELL for words in commands):
            for words in commands:
                found = CliRunner().invoke(app, words[1:])
                assert found.exit_code == 0, f"{where}:\n{found.output}\n{found.exception!r}"
            return
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
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
            found = (document.parent / target).exists() or target.startswith("gallery/")
            assert found, f"{document.name} links to {target}"


def test_each_page_stands_in_one_contents_list():
    listed = []
    for page in PAGES:
        for tree in TREE.findall(page.read_text(encoding="utf-8")):
            names = [
                line.strip() for line in tree.splitlines() if line.strip()[:1] not in ("", ":")
            ]
            listed += [
                (page.parent / name).resolve().relative_to(DOCS).as_posix() for name in names
            ]
    sources = {
        path.relative_to(DOCS).with_suffix("").as_posix()
        for path in [*PAGES, *DOCS.glob("reference/*.rst")]
    }
    twice = {name for name in listed if listed.count(name) > 1}
    assert not twice, f"more than once: {twice}"
    assert set(listed) - {"gallery/index"} == sources - {"index"}


@pytest.mark.parametrize("page", sorted(DOCS.glob("lesson/[0-9]*.md")), ids=name_of)
def test_a_page_of_the_lesson_is_complete(page):
    text = page.read_text(encoding="utf-8")
    for part in ("**What it is for.**", "## Exercise", ":::{admonition} Answer", "**Next:**"):
        assert part in text, part
    for language, source in BLOCK.findall(text):
        assert source.count("\n") <= LINES, f"{language}: {source[:80]}"
