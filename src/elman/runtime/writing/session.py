"""A text that is read and written on, piece by piece; where it stands is a value."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from jaxtyping import Float

from elman import state as states
from elman.decoding import SearchOptions
from elman.errors import ArgumentError, BundleError
from elman.parameters import told
from elman.printable import closest
from elman.runtime.writing.framing import count_unknown
from elman.runtime.writing.scoring import of_targets
from elman.runtime.writing.writer import CONSTRAINTS, GeneratedText, Writer
from elman.tensor_files import Form, Listed, below, read, write

__all__ = ["ScoredText", "Session"]

_TOGETHER = 256  # tokens that are read at once


class ScoredText(NamedTuple):
    """How probable each token of a text is, given those before it.

    Attributes:
        tokens: As they are shown; the last may be the text's end.
        log_probabilities: float64 `[T]`, in nats.
        unknown: How many of them the model does not know: they count as `<unk>`, which is easier
            to say than what stands there.
    """

    tokens: tuple[str, ...]
    log_probabilities: Float[np.ndarray, "T"]
    unknown: int = 0

    @property
    def surprise(self) -> Float[np.ndarray, "T"]:
        """Of each token, in bits."""
        return -self.log_probabilities / np.log(2)


class Session:
    """A text that grows: what comes is scored, what is to follow is written.

    `read` and `write` go on from where the last one ended. What was read costs nothing any more:
    a session holds the network's state, not the text.

    >>> from elman import Generator
    >>> model = Generator(units=8, embedding=4, epochs=1, batch_size=2, validation=None)
    >>> session = model.fit("to be or not to be, " * 20).session()
    >>> session.read("to b").log_probabilities.shape
    (4,)
    >>> other = session.fork()  # both go on by themselves
    >>> other.write(max_length=3, temperature=0).ended
    'bound'
    >>> session.tokens_read, other.tokens_read
    (4, 7)

    Args:
        writer: Of the model.

    Attributes:
        tokens_read: How many tokens stand in the text.
    """

    _form: ClassVar[Form] = Form(
        entry="elman_session",
        version=1,
        noun="session",
        wanted="give a file that a session was saved to",
        folder="give the file in it that a session was saved to",
        types={"model": str, "structure": list, "last": int, "tokens": int},
        prefixes=("state.",),
    )

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._state: Any = None  # before the last token
        self._last = writer.framing.go
        self.tokens_read = 0

    def read(self, text: str, *, ended: bool = False) -> ScoredText:
        """Read on; how probable each token was.

        Args:
            text: What comes; of a model that reads from the end: what stands before.
            ended: Whether the text ends with it: then its end counts, too, where ends are learnt.

        Raises:
            ArgumentError: It is no text.
        """
        codec, eos, order = self._writer.codec, self._writer.framing.eos, self._order
        ids, shown = order(codec.encode(text)), order(codec.pieces(text))
        unknown = count_unknown(codec, ids)
        if ended and eos is not None:
            ids, shown = np.append(ids, eos), [*shown, "<eos>"]
        return ScoredText(tuple(order(shown)), order(self._read(ids)), unknown)

    def write(self, options: SearchOptions | None = None, **given: Any) -> GeneratedText:
        """Write on, and read what was written.

        Penalties know what this call has written: a session holds no text that was read before.

        Args:
            options: How tokens are chosen; None: as `given` says.
            given: Fields of `SearchOptions`, and constraints; see `Writer.begun`.

        Raises:
            ArgumentError, ShapeError: Something is out of its range: the session is unchanged.
        """
        steps = self._ready().steps()
        search = self._begun(steps, options, given)
        search.run(steps)
        return self._took(search)

    def stream(self, options: SearchOptions | None = None, **given: Any) -> Iterator[str]:
        """As `write`, but gives the text as it comes; the session goes on when all was taken.

        Raises:
            ArgumentError: As of `write`; or the session has gone on by something else meanwhile,
                which what is written does not follow.
        """
        steps = self._ready().steps()
        search = self._begun(steps, options, given)
        begun = self.tokens_read, self._last, self._state
        for part in self._writer.stream(search, steps, self._before):
            if (self.tokens_read, self._last) != begun[:2] or self._state is not begun[2]:
                found = "has gone on while its text was streamed"
                raise ArgumentError("session", found, "a fork for what goes on beside it")
            yield part
        self._took(search)

    def fork(self) -> Self:
        """Another session that stands where this one stands: each goes on by itself."""
        other = copy.copy(self)
        other._state = None if self._state is None else states.copy(self._state)
        return other

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write where it stands to one file, atomically.

        Raises:
            BundleError: The disk refused; an older file is unchanged.
        """
        write(path, self._form, *self._packed())

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Go to where the session stood that `save` wrote; gives this session.

        Raises:
            BundleError: The file is missing, cut, changed, of another kind or of another model:
                the session is unchanged.
        """
        where = str(path)

        def check(description: dict[str, Any], listed: dict[str, Listed]) -> None:
            self._check(where, description, listed)

        self._take(where, *read(path, self._form, check))
        return self

    def _packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What its file says of it, and the arrays there."""
        structure, arrays = states.packed(self._held())
        told = {"structure": [structure], "last": self._last, "tokens": self.tokens_read}
        named = {f"state.{name}": array for name, array in arrays.items()}
        return {"model": self._writer.model, **told}, named

    def _check(self, where: str, told: dict[str, Any], listed: dict[str, Listed]) -> None:
        """`BundleError` unless a file that says so of itself can be this session's."""
        if told["model"] != self._writer.model:
            found = "it is a session of another model"
            raise BundleError(where, found, f"the model of the hash {told['model']:.80}")
        if not 0 <= told["last"] < len(self._writer.codec) or told["tokens"] < 0:
            raise BundleError(where, "it says what no session does", self._form.again)

    def _take(self, where: str, told: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Stand where a checked file says; `BundleError` before anything is changed."""
        self._state = self._unpacked(where, told, below(arrays, "state."))
        self._last, self.tokens_read = told["last"], told["tokens"]

    def _unpacked(self, where: str, told: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
        """A state out of a file; `BundleError` unless it is one of this model's."""
        like = self._held()
        found = states.unpacked(told["structure"][0], arrays, like, where)
        if states.describe(found) != states.describe(like):
            raise BundleError(where, "its state is none of this model's", self._form.again)
        return found

    # ---- steps ----------------------------------------------------------------------------------

    def _order(self, tokens: Any) -> Any:
        """A text's tokens as they are read; and back again."""
        return self._writer.framing.in_order(tokens)

    @property
    def _before(self) -> str:
        """Something, where something was read: then words begin with a space."""
        return " " if self.tokens_read else ""

    def _ready(self) -> Writer:
        """What writes from here on."""
        return self._writer

    def _network_state(self) -> Any:
        """The state as the network that writes has it; None: nothing was read."""
        return self._state

    def _held(self) -> Any:
        return self._writer.first_state() if self._state is None else self._state

    def _begun(self, steps: Any, options: SearchOptions | None, given: dict[str, Any]) -> Any:
        chosen, constraints = parted(options, given)
        state = self._network_state()
        return self._writer.begun([""], steps, 1, chosen, state, self._last, **constraints)

    def _took(self, search: Any) -> GeneratedText:
        """The best text of a search, read."""
        found = self._writer.texts(search, [self._before], 1)[0][0]
        self._read(found.ids)
        return found

    def _read(self, ids: np.ndarray) -> np.ndarray:
        """Read tokens; the log-probability of each."""
        line = np.concatenate([[self._last], ids]).astype(np.int64)
        said, state = [np.zeros(0)], self._state
        for start in range(0, len(ids), _TOGETHER):
            part = line[start : start + _TOGETHER + 1]
            scores, state = self._unroll(part[None, :-1], state)
            said.append(of_targets(scores, part[None, 1:])[0])
        self._state, self._last = state, int(line[-1])
        self.tokens_read += len(ids)
        return np.concatenate(said)

    def _unroll(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        return self._writer.network.unroll(ids, state)


def parted(
    options: SearchOptions | None, given: dict[str, Any]
) -> tuple[SearchOptions, dict[str, Any]]:
    """Options of a search, and what else is given: constraints.

    Args:
        options: Already made; None: of `given`.
        given: Fields of `SearchOptions`, and constraints.

    Raises:
        ArgumentError: One is neither, or out of its range.
    """
    fields = tuple(told(SearchOptions))
    own = {name: value for name, value in given.items() if name in fields}
    rest = {name: value for name, value in given.items() if name not in fields}
    for name in rest:
        if name not in CONSTRAINTS:
            known = [*fields, *CONSTRAINTS]
            raise ArgumentError(name, "is nothing that writing is told", closest(name, known))
    if options is None:
        return SearchOptions(**own), rest
    return SearchOptions.from_dict(options.to_dict() | own), rest
