"""What is said of what was counted, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elman.data.doctor.pairs import pair_advice
from elman.data.doctor.parts import Part
from elman.printable import many

__all__ = ["advice_between", "advice_on"]

_SHOWN = 5  # classes that are named
_WASTE = 0.2  # of steps that are padding, from which another plan is advised


def advice_on(found: Mapping[str, Any], part: Part) -> list[str]:
    """Sentences on a part."""
    noun, advice = part.noun, []
    if "pairs" in found:
        advice += pair_advice(found["pairs"], found["rows"])
    elif part.empty:
        advice.append(f"{many(part.empty, noun)} without content: drop_empty=True leaves them out")
    again = found["duplicates"]["rows"]
    if again:
        advice.append(
            f"{many(again, noun)} that stood there before: what is held out may have been learnt"
        )
    conflicts = found.get("conflicts", {"rows": 0})
    if conflicts["rows"]:
        advice.append(
            f"{conflicts['rows']} {noun}s, {conflicts['contents']} different ones, have several "
            "labels: no model can be right on all"
        )
    advice += [f"{many(count, noun)} with {sign}" for sign, count in found["signs"].items()]
    if rare := found.get("rare"):
        names = ", ".join(f"{label} {count}" for label, count in list(rare.items())[:_SHOWN])
        advice.append(f"few {noun}s of {names}: their scores will say little")
    waste = [row for row in found.get("padding", ()) if row["unit"] == next(iter(part.lengths))]
    if part.noun in ("pair", "item"):
        return advice  # their batches are made by the tokens of a codec, not by words
    if waste and waste[1]["padding"] > _WASTE and waste[2]["padding"] < waste[1]["padding"] / 2:
        advice.append(
            f"{waste[1]['padding']:.0%} of the steps would be padding: "
            f"batch_tokens={waste[2]['batch_tokens']} leaves {waste[2]['padding']:.0%}"
        )
    return advice


def advice_between(found: Mapping[str, Any]) -> list[str]:
    """Sentences on what two parts share."""
    advice = []
    if found["rows"]:
        advice.append(
            f"{found['rows']} of the test part ({found['share']:.1%}) also in the training part: "
            "scores on them tell what was learnt by heart"
        )
    sources = found.get("sources", {"rows": 0})
    if sources["rows"]:
        advice.append(
            f"{sources['rows']} of the test part ({sources['share']:.1%}) have a source that is "
            "in the training part, up to case and punctuation"
        )
    if found.get("conflicts"):
        advice.append(f"{found['conflicts']} of these have a label that the training part denies")
    if unknown := found.get("labels not learnt"):
        names = ", ".join(f"{label} {count}" for label, count in list(unknown.items())[:_SHOWN])
        advice.append(f"labels that the training part does not have: {names}")
    return advice
