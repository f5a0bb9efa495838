"""Searches for what is to be written for sources, batch by batch; the batches change no bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Num

from elman.decoding import Answer, Constraints, Search, SearchOptions
from elman.runtime.network import Network
from elman.runtime.translating.sources import padded_ids
from elman.runtime.writing.scoring import of_targets
from elman.transforms.text import TextCodec

__all__ = ["Asked", "Translating", "usually"]

_ROWS = 64
_LARGEST = 2**22  # scores that are held at once


def usually(most: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given for a search, and what is not as it is usual for an answer to something.

    A beam of 5 with a length penalty of 1, or without a beam the most probable tokens; at least one
    token, and at most `most` of them.
    """
    usual = {"beam_size": 5, "length_penalty": 1.0, "min_length": 1, "max_length": most}
    if given.get("temperature") or given.get("beam_size") == 1:
        usual |= {"beam_size": 1, "temperature": 0.0}
    return {**usual, **given}


class Asked(NamedTuple):
    """A source, and what its answer begins with.

    Attributes:
        source: Its ids, S > 0; or what else the network reads.
        prefix: The ids of the answer's beginning, perhaps none.
    """

    source: Num[np.ndarray, "S *I"]
    prefix: Sequence[int] = ()


class Translating:
    """A network that writes for sources, and the codec of what it writes.

    Attributes:
        network: One that generates.
        codec: Of the answers.
        go: The id that an answer's first token follows.
        eos: The id that ends an answer.

    Args:
        network: As above.
        codec: Likewise.
        padded: What puts some sources side by side, as the network reads them, and gives their
            lengths (or None).
    """

    def __init__(
        self, network: Network, codec: TextCodec, padded: Callable[..., Any] = padded_ids
    ) -> None:
        self.network, self.codec, self._padded = network, codec, padded
        go, eos = network.blueprint.go, network.blueprint.eos
        assert go is not None  # or it would write nothing
        assert eos is not None
        self.go, self.eos = go, eos
        silent = {k for k, piece in enumerate(codec.spelled) if piece is None}
        self._never = tuple(sorted(silent - {eos}))

    def answers(
        self,
        asked: Sequence[Asked],
        options: SearchOptions,
        constraints: dict[str, Any],
        unknown: bool = False,
    ) -> list[list[Answer]]:
        """For each source its `n_best` answers, best first.

        An answer is a function of its source, its prefix, the options and the constraints: not of
        the other sources, nor of their order.

        Args:
            asked: N sources.
            options: Of the search.
            constraints: Fields of `Constraints`, but `prefix`; `banned` as ids.
            unknown: Whether the token for what is unknown may be written.

        Raises:
            ArgumentError, ShapeError: As of `Search`.
        """
        never = {*self._never, *constraints.get("banned", ())}
        if self.codec.unknown is not None:
            never = never - {self.codec.unknown} if unknown else never | {self.codec.unknown}
        given = {**constraints, "banned": sorted(never)}
        found: list[list[Answer]] = [[] for _ in asked]
        for rows in _batches([len(one.source) for one in asked], _ROWS):
            source, lengths = self._padded([asked[n].source for n in rows])
            decoder = self.network.decoder(source, lengths)
            search = Search(
                decoder.state,
                go=self.go,
                eos=self.eos,
                options=options,
                constraints=Constraints(prefix=[asked[n].prefix for n in rows], **given),
                pieces=self.codec.spelled,
                row_ids=np.zeros(len(rows), np.int64),  # draws do not tell a row's place
            )
            for n, answers in zip(rows, search.run(decoder), strict=True):
                found[n] = answers
        return found

    def taught(
        self, pairs: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> list[tuple[Float[np.ndarray, "T"], Float[np.ndarray, "T S"] | None]]:
        """Of each source and target: each token's log-probability in nats, and the attention.

        Args:
            pairs: Ids of N sources (S > 0) and of what is to be written for each, T tokens: with
                `<eos>` where it ends so.
        """
        size = self.network.blueprint.output_size
        found: list[Any] = [None] * len(pairs)
        longest = max((len(target) for _, target in pairs), default=1)
        most = max(1, min(_ROWS, _LARGEST // (size * max(1, longest))))
        for rows in _batches([len(pairs[n][0]) for n in range(len(pairs))], most):
            source, lengths = self._padded([pairs[n][0] for n in rows])
            target, steps = padded_ids([pairs[n][1] for n in rows])
            before = np.concatenate([np.full((len(rows), 1), self.go), target[:, :-1]], axis=1)
            scores, attention = self.network.teach(source, before, lengths, steps)
            said = of_targets(scores, target)
            for k, n in enumerate(rows):
                looked = None if attention is None else attention[k, : steps[k], : lengths[k]]
                found[n] = (said[k, : steps[k]], looked)
        return found


def _batches(sizes: Sequence[int], most: int) -> list[list[int]]:
    """The places of sources, those of like lengths together, at most so many a batch."""
    order = sorted(range(len(sizes)), key=lambda n: -sizes[n])
    return [order[start : start + most] for start in range(0, len(order), most)]
