"""Scores of what was written, beside those of others."""

from __future__ import annotations

import sys

from elman.cli.works.pair_report import report_text
from elman.data.pairs import Pairs
from elman.runtime.translating.judging import (
    bleu_tells,
    judged_by,
    notes_on_scores,
    score_card,
    scores_by_length,
    verdict_on,
)

SOURCES = ["a", "a b", "a b", "a b c", "a b c d e f g", "a b c d e f g h"]


def test_each_source_is_of_one_range_of_lengths():
    pairs = Pairs(SOURCES, SOURCES)
    found = scores_by_length("exact", {"all": SOURCES, "none": ["x"] * 6}, pairs)
    assert sum(found["counts"]) == len(SOURCES)
    assert found["lengths"][0][0] == 1
    assert found["lengths"][-1][1] == 8
    for (_, last), (first, _) in zip(found["lengths"], found["lengths"][1:], strict=False):
        assert first == last + 1
    assert found["scores"] == {
        "all": [1.0] * len(found["counts"]),
        "none": [0.0] * len(found["counts"]),
    }
    alike = scores_by_length("exact", {"one": ["a"] * 3}, Pairs(["a"] * 3, ["a", "a", "b"]))
    assert alike == {"lengths": [[1, 1]], "counts": [3], "scores": {"one": [2 / 3]}}


def test_bleu_tells_something_where_a_reference_has_four_words():
    short, long = ["un", "un deux trois"], ["un", "un deux trois quatre"]
    assert not bleu_tells(short)
    assert bleu_tells(long)
    assert not bleu_tells([["un", "deux"], ["trois"]])
    assert bleu_tells([["un", "a b c d"], ["trois"]])
    assert [judged_by(name, short) for name in ("bleu", "chrf", "exact")] == [
        "chrf",
        "chrf",
        "exact",
    ]
    assert judged_by("bleu", long) == "bleu"


def test_where_bleu_tells_nothing_it_is_not_said_to_be_0():
    card = score_card(["un", "deux"], Pairs(["a", "b"], ["un", "deux"]))
    assert (card["bleu"], card["chrf"], card["exact"]) == (None, 100.0, 1.0)
    assert [*card["signatures"]] == ["chrf"]
    assert "no reference has four" in notes_on_scores(card)[0]
    assert notes_on_scores(score_card(["a b c d"], Pairs(["a"], ["a b c d"]))) == []
    pairs = Pairs(["a", "a b c d e"], ["un", "un deux trois quatre cinq"])
    found = scores_by_length("bleu", {"one": list(pairs.target)}, pairs)
    assert found["scores"]["one"][-1] > 99.9
    pairs = Pairs(["a", "a", "a b", "a b"], ["un", "un", "un deux trois quatre", "un deux"])
    found = scores_by_length("bleu", {"one": list(pairs.target)}, pairs)
    assert len(found["scores"]["one"]) == len(found["counts"])


def test_a_verdict_says_which_is_better_or_that_it_is_not_known():
    source = [f"word {n} and {n + 1} more of it" for n in range(60)]
    pairs = Pairs(source, source)
    wrong = ["nothing of the kind at all"] * 60
    for name in ("exact", "bleu", "chrf"):
        assert verdict_on(name, source, {"b": wrong}, pairs).startswith("Better than b, by")
        assert verdict_on(name, wrong, {"b": source}, pairs).startswith("Worse than b, by")
        assert verdict_on(name, source, {"b": source}, pairs).startswith("Not distinguishable")
    assert verdict_on("exact", source, {}, pairs) is None
    few = verdict_on("exact", source[:2], {"b": [source[0], "x"]}, pairs.select([0, 1]))
    assert few.startswith("Not distinguishable from b")


def test_the_best_baseline_is_so_by_what_the_verdict_tells():
    source = [f"word {n} and {n + 1} more of it" for n in range(60)]
    first, second = [f"one {text}" for text in source], [f"{text} two" for text in source]
    pairs = Pairs(source, first, [[a, b] for a, b in zip(first, second, strict=True)])
    part = [*first[:20], *["nothing at all of it"] * 40]  # the best by first references alone
    others = {"first": part, "second": second}
    for name in ("exact", "bleu", "chrf"):
        assert "than second, by" in verdict_on(name, ["x y z w"] * 60, others, pairs)


def test_without_sacrebleu_its_columns_are_left_out_and_that_is_said_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.chrf", None)
    pairs = Pairs(["a", "b"], ["un", "deux"], [["un", "une"], ["deux"]])
    card = score_card(["un", "x"], pairs)
    (said,) = notes_on_scores(card)
    assert "needs the package 'sacrebleu'" in said
    assert "install" in said
    test = {**card, "data": "d", "part": "test", "pairs": 2, "references": 3, "level": None,
            "nats_per_token": None, "against": None, "verdict": "None.", "notes": [said],
            "baseline_scores": {"copying": score_card(["a", "b"], pairs)}}  # fmt: skip
    text = report_text({"task": "translator", "network": "n", "test": test})
    assert "not known" not in text
    assert text.count("sacrebleu") == said.count("sacrebleu")
    assert "|  | exact | exact, all references |" in text
    assert "| copying | 0.00% | 0.00% |" in text
