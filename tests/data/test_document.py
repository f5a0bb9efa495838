"""The tables of docs/data.md are those of the manifests."""

from __future__ import annotations

from pathlib import Path

from elman.data.sets import manifest

DOCUMENT = Path(__file__).parents[2] / "docs" / "data.md"


def sets_table() -> str:
    lines = ["| folder | holds | files |", "|---|---|---|"]
    for name in manifest.names():
        known = manifest.read(name)
        files = [f"`{file.path}`" + "¹" * bool(file.derived) for file in known.files]
        listed = ", ".join(files) or f"none: it comes with {known.dependency}"
        lines.append(f"| `{name}` | {known.title}: {known.records} | {listed} |")
    return "\n".join(lines)


def licences_table() -> str:
    lines = ["| set | licence | how sure | cite |", "|---|---|---|---|"]
    for name in manifest.names():
        known = manifest.read(name)
        lines.append(f"| `{name}` | {known.licence} | {known.confidence} | {known.citation} |")
    return "\n".join(lines)


def between(text: str, name: str) -> str:
    start, end = f"<!-- table of {name}: ", f"<!-- end of {'table' if name == 'sets' else name} -->"
    return text.partition(start)[2].partition("-->\n")[2].partition(f"\n{end}")[0]


def test_the_tables_are_those_of_the_manifests():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert between(text, "sets") == sets_table()
    assert between(text, "licences") == licences_table()
