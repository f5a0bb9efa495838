"""How tokens are chosen: each option once, with its range and its help."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from elman.errors import ArgumentError
from elman.parameters import (
    check_fields,
    documented,
    number,
    parameter,
    portion,
    share,
    whole,
)
from elman.printable import closest

__all__ = ["MOST_BEGINNINGS", "MOST_DRAWS", "SearchOptions"]

MOST_BEGINNINGS = 10_000
"""Of a row, kept side by side by a beam; and so its answers."""

MOST_DRAWS = 100_000
"""Texts that are drawn at once behind each beginning."""

_TEMPERATURE = number()._replace(
    check=lambda where, value: None if value is None else number().check(where, value),
    shell="Not given: 1, with a beam 0.",
)


@documented
@dataclass(kw_only=True)
class SearchOptions:
    """How tokens are chosen.

    Without a beam a token is drawn at random: repetitions are made less likely first, then
    `temperature`, `top_k`, `typical_p`, `top_p` and `min_p` apply in this order. `temperature` 0
    takes the most probable token and draws nothing, and these have no say.

    >>> SearchOptions(beam_size=4).greedy
    True
    >>> SearchOptions(top_p=1.5)
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: top_p: found 1.5; a probability in (0, 1]

    Attributes:
        {parameters}

    Raises:
        ArgumentError: A value is outside its range, or two contradict each other.
    """

    _group: ClassVar = "Writing"
    _table: ClassVar = None

    max_length: int = parameter(
        200, whole(1), "Most tokens to write, <eos> included.", "An answer says if it ended there."
    )
    min_length: int = parameter(0, whole(0), "Fewest tokens before <eos> may come.")
    temperature: float | None = parameter(
        None,
        _TEMPERATURE,
        "Divides the log-probabilities: below 1 likely tokens come more often, at 0 always the "
        "most probable one.",
        "None: 1, with a beam 0.",
    )
    top_k: int | None = parameter(
        None, whole(1, none=True), "Draw among the k most probable tokens only."
    )
    top_p: float | None = parameter(
        None,
        portion(none=True),
        "Draw among the fewest most probable tokens that together have this probability.",
        "Holtzman et al. 2020, arXiv 1904.09751v2.",
    )
    min_p: float = parameter(
        0.0,
        share(),
        "Draw among tokens that have at least this share of the most probable one's probability.",
        "Nguyen et al. 2024, arXiv 2407.01082.",
    )
    typical_p: float | None = parameter(
        None,
        portion(none=True),
        "Draw among the fewest tokens, nearest to the expected surprise first, that together have "
        "this probability.",
        "Meister et al. 2022, arXiv 2202.00666.",
    )
    repetition_penalty: float = parameter(
        1.0,
        number(above=0),
        "Multiplies the log-probability of what stands before: above 1 it is less likely.",
        "After Keskar et al. 2019 (arXiv 1909.05858), who divide logits; log-probabilities are "
        "the same whatever the network adds to all logits.",
    )
    no_repeat_ngram: int | None = parameter(
        None, whole(1, none=True), "Never write a run of so many tokens that stands before."
    )
    beam_size: int = parameter(
        1,
        whole(1, MOST_BEGINNINGS),
        "Beginnings kept side by side: above 1 the most probable text is looked for.",
    )
    length_penalty: float = parameter(
        0.0,
        number(),
        "With a beam: above 0 longer answers are preferred.",
        "The greatest log-probability / ((5 + length) / 6) ** length_penalty wins, the length "
        "with <eos> (Wu et al. 2016, arXiv 1609.08144v2, equation 14, without its coverage).",
    )
    n_best: int = parameter(
        1, whole(1, MOST_BEGINNINGS), "With a beam: how many answers a row has."
    )
    seed: int = parameter(0, whole(0), "Of the draws.")

    def __post_init__(self) -> None:
        check_fields(self)
        if self.min_length > self.max_length:
            found = f"found {self.min_length}, above max_length = {self.max_length}"
            raise ArgumentError("min_length", found, "at most max_length")
        if self.beam_size > 1 and self.temperature:
            found = f"found {self.temperature!r} with beam_size = {self.beam_size}"
            raise ArgumentError("temperature", found, "a beam draws nothing: 0, or beam_size = 1")
        if self.n_best > self.beam_size:
            found = f"found {self.n_best} with beam_size = {self.beam_size}"
            raise ArgumentError("n_best", found, "at most beam_size; for more draws give more rows")

    @property
    def greedy(self) -> bool:
        """Whether the most probable tokens are taken, and nothing is drawn."""
        return self.temperature == 0 or self.beam_size > 1

    @property
    def plain(self) -> bool:
        """Whether a token is drawn among all, by their probabilities and the temperature."""
        nothing = (self.top_k, self.typical_p, self.top_p) == (None, None, None)
        return nothing and not self.min_p

    def value(self, score: float, length: int) -> float:
        """What an answer is ranked by.

        Args:
            score: Its log-probability in nats, after `repetition_penalty`.
            length: Its tokens, `<eos>` included.
        """
        if not length:
            return score
        # As a quotient it would leave the range of numbers where the penalty is great.
        return score * math.exp(-self.length_penalty * math.log((5 + length) / 6))

    def to_dict(self) -> dict[str, Any]:
        """The options as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> SearchOptions:
        """The options that `to_dict` described; one left out has its default.

        Raises:
            ArgumentError: One is unknown or outside its range.
        """
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                raise ArgumentError(name, "is no option of a search", closest(name, known))
        return cls(**given)
