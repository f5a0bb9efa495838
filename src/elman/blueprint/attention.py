"""The block that looks back at what an encoder read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from elman.blueprint.cells import MAX_UNITS
from elman.blueprint.checks import boolean, check_fields, choice, integer
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = ["Attend"]


@dataclass(frozen=True)
class Attend:
    """tanh(W [c; h]) for each hidden vector h, in which c is a mean of the encoder's outputs m(s).

    Its weights are the softmax of scores over a source's real steps s:

    - `dot`: h · m(s); `general`: h · (K m(s)) (Luong et al. 2015, arXiv 1508.04025v5, equation 8);
    - `additive`: v · tanh(Q h + K m(s)) (Bahdanau et al. 2015, arXiv 1409.0473v7, appendix A.1.2),
      of the decoder's new hidden vector h(t) as above, where that paper takes h(t-1).

    c stands before h, and there is no bias, as in Luong's equation 5. A source without a step has
    c = 0. With `feeding` the result stands behind the next step's input to the decoder's lowest
    cell, zeros behind the first one's (Luong et al., section 3.3).

    Attributes:
        score: `dot`, `general` or `additive`.
        memory: Features of an output of the encoder.
        units: Features of the result, and in `additive` scores of what is compared.
        feeding: Whether the result is fed back.
    """

    kind: ClassVar[str] = "attend"
    turns: ClassVar[dict[str, str]] = {"steps": "steps"}

    score: str = field(metadata=choice("dot", "general", "additive"))
    memory: int = field(metadata=integer(1, MAX_UNITS))
    units: int = field(metadata=integer(1, MAX_UNITS))
    feeding: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.units

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name; `BlueprintError` if `dot` has sizes that do not fit."""
        if self.score == "dot" and features != self.memory:
            sizes = f"'dot' of {features} features and a memory of {self.memory}"
            raise BlueprintError("score", sizes, "use 'general' or 'additive', or as many of both")
        found: Shapes = {"weight": (self.units, self.memory + features)}
        if self.score == "general":
            found |= {"key": (features, self.memory)}
        if self.score == "additive":
            found |= {
                "key": (self.units, self.memory),
                "query": (self.units, features),
                "energy": (1, self.units),
            }
        return found

    def describe(self) -> str:
        """One line."""
        said = f"attend: {self.units}, by {self.score} scores of {self.memory} features"
        return said + (", fed to the next step" if self.feeding else "")
