"""BENCHMARKS.md and its pictures, from the results that are kept.

python -m benchmarks.report
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.accuracy import accuracy_chapter
from benchmarks.report.classifying import classifying_chapter
from benchmarks.report.forecasting import forecasting_chapter
from benchmarks.report.hearing import hearing_chapter
from benchmarks.report.learning import learning_chapter
from benchmarks.report.speed import speed_chapter
from benchmarks.report.tagging import tagging_chapter
from benchmarks.report.texts import texts_chapter
from benchmarks.report.translating import translating_chapter
from benchmarks.report.vectors import vectors_chapter, written_chapter
from benchmarks.report.writing import writing_chapter
from benchmarks.results import RESULTS

ROOT = Path(__file__).parent.parent.parent
HEADER = """# Benchmarks

Every figure here was measured by a program in `benchmarks/`; the results are kept as JSON in
`benchmarks/results/`, and `python -m benchmarks.report` writes this page from them.
"""


def page(pictures: Path) -> str:
    """The text of BENCHMARKS.md; its pictures go to the folder `pictures`."""
    parts = [HEADER, *speed_chapter(RESULTS, pictures), *accuracy_chapter(pictures)]
    parts += learning_chapter(pictures)
    parts += forecasting_chapter()
    parts += texts_chapter()
    parts += tagging_chapter()
    parts += writing_chapter()
    parts += translating_chapter()
    parts += hearing_chapter()
    parts += classifying_chapter()
    parts += vectors_chapter()
    parts += written_chapter()
    return "\n".join(parts).rstrip() + "\n"


def main() -> None:
    (ROOT / "BENCHMARKS.md").write_text(page(ROOT / "docs" / "pictures"), encoding="utf-8")


if __name__ == "__main__":
    main()
