"""A language model that writes: searches begun behind a text, and their tokens as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.decoding import Answer, Constraints, Search, SearchOptions
from elman.decoding.options import MOST_DRAWS
from elman.errors import ArgumentError, DataError
from elman.parameters import whole_number
from elman.printable import quoted
from elman.runtime.network import Network
from elman.runtime.writing.framing import Framing, count_unknown
from elman.runtime.writing.stepping import Steps
from elman.state import join
from elman.transforms.text import TextCodec

__all__ = ["CONSTRAINTS", "GeneratedText", "Writer"]

CONSTRAINTS = ("banned", "required", "expression", "stop", "allowed")
"""What a text can be told beside `SearchOptions`; see `Writer.begun`."""

_TOGETHER = 256  # tokens of a prefix that are read at once


@dataclass(frozen=True, eq=False)
class GeneratedText:
    """What was written behind a prefix.

    Attributes:
        prefix: As it was given.
        text: What follows it.
        tokens: As they are shown, without `<eos>`.
        ids: int64, likewise.
        log_probabilities: float64, the model's own of each token in nats, whatever the temperature;
            that of `<eos>` comes last, where the text ended so.
        log_probability: Their sum.
        ended: Why it ends: "eos", "stop" (a stop string), "match" (the expression), "bound" (the
            most tokens that were asked for), "nothing allowed", or "open".
        unmet: What was asked for and is not so, in sentences.
        unknown: How many tokens of the prefix the model does not know, and has read as `<unk>`.
    """

    prefix: str
    text: str
    tokens: tuple[str, ...]
    ids: np.ndarray
    log_probabilities: Float[np.ndarray, "T"]
    log_probability: float
    ended: str
    unmet: tuple[str, ...] = ()
    unknown: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        each = zip(self.tokens, self.log_probabilities.tolist(), strict=False)
        return {
            "prefix": self.prefix,
            "text": self.text,
            "ended": self.ended,
            "log_probability": self.log_probability,
            "tokens": [{"token": token, "log_probability": one} for token, one in each],
            "unmet": list(self.unmet),
            "unknown": self.unknown,
        }


class Writer:
    """Begins searches behind texts.

    Attributes:
        network: What says how texts go on.
        codec: What cuts them.
        framing: What stands around their tokens.
        model: What tells this model from others, in files of searches and sessions.
    """

    def __init__(self, network: Network, codec: TextCodec, framing: Framing, model: str) -> None:
        self.network, self.codec, self.framing = network, codec, framing
        self.model = model
        self._silent = [k for k, piece in enumerate(codec.spelled) if piece is None]
        self._of_words = codec.kind == "words"

    def steps(self) -> Steps:
        """A step function of its own."""
        return Steps(self.network)

    def begun(
        self,
        prefixes: Sequence[str],
        steps: Steps,
        copies: int,
        options: SearchOptions,
        state: Any = None,
        last: int | None = None,
        **constraints: Any,
    ) -> Search:
        """A search behind each text, `copies` rows each: draws depend on a row's number in these.

        Args:
            prefixes: N of them, perhaps empty.
            steps: Whose states the search has.
            copies: Rows of each, 1 to `elman.decoding.options.MOST_DRAWS`.
            options: Of the search.
            state: Where something was read before: the network's state, of one row.
            last: And the token that was read, but not passed on yet.
            constraints: `banned` and `required` (lists of tokens as they are shown), `expression`,
                `stop`, `allowed`; see `elman.decoding.Constraints`.

        Raises:
            ArgumentError, ShapeError: Something is out of its range, or contradicts the rest; or
                the model reads texts from the end.
            DataError: A prefix has a character that is not known.
        """
        if self.framing.backward:
            found = "one that reads texts from the end, and so cannot go on with them"
            expected = "one that reads forward; this one scores texts (score, evaluate)"
            raise ArgumentError("model", found, expected)
        whole_number("n", copies, 1, MOST_DRAWS)
        self._check(constraints)
        given = Constraints(**self._in_ids(constraints))
        ids = [self.prefix_ids(prefix) for prefix in prefixes]
        parts, go = [], []
        for row in ids:
            reached, token = self.read(row, state, last)
            parts += [steps.state(reached)] * copies
            go += [token] * copies
        return Search(
            join(parts) if len(parts) > 1 else parts[0],
            go=np.array(go, dtype=np.int64),
            eos=self.framing.eos,
            options=options,
            constraints=given,
            pieces=self.codec.spelled,
            row_ids=np.tile(np.arange(copies), len(ids)),
            context=[row for row in ids for _ in range(copies)],
            model=self.model,
        )

    def prefix_ids(self, prefix: str) -> np.ndarray:
        """The ids of a text that is to be gone on with.

        Raises:
            DataError: A character of it is not known. (An unknown word is read as such.)
        """
        ids = self.codec.encode(prefix)
        if self.codec.unknown is not None and not self._of_words:
            unknown = np.flatnonzero(ids == self.codec.unknown)
            if len(unknown):
                named = list(dict.fromkeys(self.codec.pieces(prefix)[k] for k in unknown))
                where = f"prefix, place {unknown[0] + 1}"
                found = f"{quoted(named)}, which the model has never seen"
                raise DataError(where, found, "characters of the texts that it was trained on")
        return ids

    def read(self, ids: np.ndarray, state: Any = None, last: int | None = None) -> tuple[Any, int]:
        """The network's state before it reads the last id, and that id.

        Args:
            ids: Of a text.
            state: What the network reached before; None: nothing was read.
            last: The token before `ids`; None: the one that a text begins with.
        """
        line = np.concatenate([[self.framing.go if last is None else last], ids]).astype(np.int64)
        for start in range(0, len(line) - 1, _TOGETHER):
            part = line[start : min(start + _TOGETHER, len(line) - 1)]
            _, state = self.network.unroll(part[None], state)
        return self.first_state() if state is None else state, int(line[-1])

    def first_state(self) -> Any:
        """The network's, of one row that has read nothing."""
        return self.network.initial_state(1)

    def texts(self, search: Search, prefixes: Sequence[str], copies: int) -> list[list[Any]]:
        """What a search has written: of each prefix its texts, best first within each copy."""
        codec = self.codec
        unknown = [count_unknown(codec, codec.encode(prefix)) for prefix in prefixes]
        rows = [
            [self._text(answer, prefixes[n], unknown[n]) for answer in answers]
            for n, answers in ((row // copies, found) for row, found in enumerate(search.answers()))
        ]
        count = range(len(prefixes))
        return [[one for row in rows[k * copies : (k + 1) * copies] for one in row] for k in count]

    def stream(self, search: Search, steps: Steps, prefix: str) -> Iterator[str]:
        """The text of a search of one row, as it comes; errors as of `Search.stream`."""
        begun = bool(prefix)
        for one in search.stream(steps):
            text = one.text or ""
            text = text if begun else self._first(text)
            begun = begun or bool(text)
            if text:
                yield text

    def _text(self, answer: Answer, prefix: str, unknown: int) -> GeneratedText:
        assert answer.text is not None  # the search knows what tokens write
        text = answer.text if prefix else self._first(answer.text)
        shown = tuple(self.codec.tokens[one] for one in answer.tokens)
        return GeneratedText(
            prefix,
            text,
            shown,
            answer.tokens,
            answer.log_probabilities,
            answer.log_probability,
            answer.ended,
            answer.unmet,
            unknown,
        )

    def _first(self, text: str) -> str:
        """The beginning of a text where nothing stands before: no space before the first word."""
        return text[1:] if self._of_words and text.startswith(" ") else text

    def _check(self, constraints: dict[str, Any]) -> None:
        if self._of_words and constraints.get("expression") is not None:
            found = "given, and the model writes words, between which spaces are not learnt"
            raise ArgumentError("expression", found, "a model of characters or subwords")

    def _in_ids(self, constraints: dict[str, Any]) -> dict[str, Any]:
        """Tokens as they are shown as ids; what writes nothing, and <unk>, is never written."""
        given = {name: value for name, value in constraints.items() if value is not None}
        for name in ("banned", "required"):
            tokens = given.get(name, ())
            if isinstance(tokens, str) or not isinstance(tokens, Iterable):
                raise ArgumentError(name, f"found {tokens!r:.80}", "a list of tokens")
            given[name] = [self._id_of(name, token) for token in tokens]
        never = {*self._silent, self.codec.unknown} - {self.framing.eos, None}
        given["banned"] = [*given["banned"], *sorted(k for k in never if k is not None)]
        return given

    def _id_of(self, where: str, token: Any) -> int:
        """The id of a token as it is shown."""
        if not isinstance(token, str):
            raise ArgumentError(where, f"found {token!r}", "tokens as texts")
        ids = self.codec.encode(token)
        if len(ids) != 1 or ids[0] == self.codec.unknown:
            what = "is unknown to the model" if len(ids) == 1 else f"is {len(ids)} tokens"
            raise ArgumentError(where, f"{token!r} {what}", "single tokens of its vocabulary")
        return int(ids[0])
