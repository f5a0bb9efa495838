"""What language models hold at places in texts: features for other networks.

For a stretch of a text, as a word, these are the state of a model that reads forward after the
stretch's last character, and that of one that reads from the end after its first (Akbik, Blythe,
Vollgraf 2018, "Contextual String Embeddings for Sequence Labeling").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float, Int

from elman.blueprint import Blueprint, Recurrent, from_data, to_data
from elman.bundle import Bundle
from elman.errors import BlueprintError, BundleError, ElmanError
from elman.runtime.network import Network
from elman.runtime.travelling import below, setting_of
from elman.runtime.writing.framing import Framing
from elman.runtime.writing.scoring import side_by_side
from elman.transforms.text import TextCodec, codec_from_tensors
from elman.transforms.text.codec import hash_of

__all__ = ["LanguageStates", "Passage", "StateReader"]

_STEPS = 128  # that are read at once
_LARGEST = 2**22  # numbers of the states that are held at once
_ROWS = 256
_KEPT = 2**26  # numbers that stay in memory: 256 MiB


class Passage(NamedTuple):
    """A text, and the stretches of it that features are asked of.

    Attributes:
        text: The text.
        places: int64 `[T, 2]`: of each stretch the first character, and the one after the last;
            neither ever goes back.
    """

    text: str
    places: Int[np.ndarray, "T 2"]

    @classmethod
    def of_words(cls, words: Sequence[str]) -> Passage:
        """Words with a blank between them.

        >>> Passage.of_words(["to", "be"]).places.tolist()
        [[0, 2], [3, 5]]
        """
        sizes = np.array([len(word) for word in words], dtype=np.int64)
        ends = np.cumsum(sizes + 1) - 1
        return cls(" ".join(words), np.stack([ends - sizes, ends], axis=1))

    @property
    def key(self) -> tuple[str, bytes]:
        """What it is known by."""
        return self.text, self.places.tobytes()


@dataclass(frozen=True, eq=False)
class StateReader:
    """A language model without its head, which reads texts in one direction.

    Attributes:
        blueprint: From the tokens' vectors to the uppermost recurrent layer.
        weights: Of these.
        codec: What cuts texts into tokens.
        backward: Whether texts are read from the end.
    """

    blueprint: Blueprint
    weights: Mapping[str, np.ndarray]
    codec: TextCodec
    backward: bool

    @classmethod
    def of(cls, model: Any) -> Self:
        """That of a `GeneratorModel`."""
        blocks = model.blueprint.chains["body"]
        last = max(k for k, block in enumerate(blocks) if isinstance(block, Recurrent))
        blueprint = Blueprint("sequence_to_sequence", None, {"body": blocks[: last + 1]})
        weights = {name: model.bundle.weights[name] for name in blueprint.shapes()}
        return cls(blueprint, weights, model.codec, model.framing.backward)

    @property
    def size(self) -> int:
        """H: numbers of a state."""
        return self.blueprint.output_size

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that states depend on."""
        about = {"codec": self.codec.hash, "backward": str(self.backward)}
        told = {name: np.frombuffer(one.encode(), np.uint8) for name, one in about.items()}
        return hash_of({**self.weights, **told})

    @cached_property
    def _network(self) -> Network:
        return Network(self.blueprint, self.weights)

    def describe(self) -> str:
        """In some words."""
        cells = next(b for b in self.blueprint.chains["body"] if isinstance(b, Recurrent)).cells
        how = "from the end" if self.backward else "forward"
        named = ", ".join(cell.describe() for cell in cells)
        return f"a language model that reads {how} ({named}; {self.codec.describe()})"

    def states(self, passages: Sequence[Passage]) -> list[Float[np.ndarray, "T H"]]:
        """The states at the stretches of each passage; the same alone and beside any others."""
        framing = Framing.of(self.codec, False, self.backward)
        lines = [np.append(framing.framed(self.codec.encode(one.text)), 0) for one in passages]
        counts = [self._read_before(one) for one in passages]
        found = [np.zeros((len(one.places), self.size), np.float32) for one in passages]
        order = sorted(range(len(passages)), key=lambda n: -len(lines[n]))
        rows = max(1, min(_ROWS, _LARGEST // (self.size * _STEPS)))
        for first in range(0, len(order), rows):
            batch = order[first : first + rows]
            windows = side_by_side(self._network.unroll, [lines[n] for n in batch], _STEPS)
            for start, left, given, _ in windows:
                for row, steps in enumerate(left):
                    n = batch[row]
                    here = (counts[n] >= start) & (counts[n] < start + steps)
                    found[n][here] = given[row, counts[n][here] - start]
        return found

    def _read_before(self, passage: Passage) -> Int[np.ndarray, "T"]:
        """How many tokens of the text have been read with each stretch, and no further ones."""
        tokens = self.codec.places(passage.text)
        if self.backward:
            return len(tokens) - np.searchsorted(tokens[:, 0], passage.places[:, 0], side="left")
        return np.searchsorted(tokens[:, 1], passage.places[:, 1], side="right")

    def unknown(self, passages: Sequence[Passage]) -> float:
        """Which share of the tokens of texts it does not know."""
        if self.codec.unknown is None:
            return 0.0
        ids = np.concatenate([self.codec.encode(one.text) for one in passages])
        return float((ids == self.codec.unknown).mean()) if len(ids) else 0.0


class LanguageStates:
    """The states of one language model or two, side by side; what was read is remembered.

    Args:
        readers: Of different directions; the one that reads forward first.
    """

    def __init__(self, readers: Sequence[StateReader]) -> None:
        self.readers = tuple(readers)
        self._known: dict[tuple[str, bytes], np.ndarray] = {}
        self._held = 0

    @property
    def size(self) -> int:
        """G: numbers of each stretch."""
        return sum(reader.size for reader in self.readers)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that the numbers depend on."""
        return hash_of({str(k): np.frombuffer(one.hash.encode(), np.uint8)
                        for k, one in enumerate(self.readers)})  # fmt: skip

    @property
    def bytes(self) -> int:
        """What they take of a model file."""
        return sum(array.nbytes for array in self.tensors().values())

    def describe(self) -> str:
        """In a line, with what they take of a model file."""
        named = " and ".join(reader.describe() for reader in self.readers)
        return f"{self.size} numbers of {named}: {self.bytes / 2**20:.2f} MiB"

    def at(self, passages: Sequence[Passage]) -> list[Float[np.ndarray, "T G"]]:
        """The numbers at the stretches of each passage, each different one read once."""
        keys = [one.key for one in passages]
        fresh = {key: one for key, one in zip(keys, passages, strict=True)
                 if key not in self._known}  # fmt: skip
        known = {key: self._known[key] for key in keys if key in self._known}
        if fresh:
            known |= dict(zip(fresh, self._read([*fresh.values()]), strict=True))
            self._remember(fresh, known)
        return [known[key] for key in keys]

    def _read(self, passages: list[Passage]) -> list[np.ndarray]:
        each = [reader.states(passages) for reader in self.readers]
        return [np.concatenate(parts, axis=1) for parts in zip(*each, strict=True)]

    def _remember(self, fresh: Mapping[Any, Any], known: Mapping[Any, np.ndarray]) -> None:
        """Keep what was read; of what was kept before the oldest goes first."""
        for key in fresh:
            self._known[key] = known[key]
            self._held += known[key].size
        while self._held > _KEPT:
            oldest = next(iter(self._known))
            self._held -= self._known.pop(oldest).size

    # ---- in a model file ------------------------------------------------------------------------

    def tensors(self) -> dict[str, np.ndarray]:
        """Weights and codecs, for a model file."""
        found: dict[str, np.ndarray] = {}
        for k, reader in enumerate(self.readers):
            found |= {f"readers.{k}.weights.{name}": one for name, one in reader.weights.items()}
            codec = reader.codec.tensors()
            found |= {f"readers.{k}.codec.{name}": one for name, one in codec.items()}
        return found

    def settings(self) -> list[dict[str, Any]]:
        """What else a model file says of them."""
        return [
            {
                "blueprint": to_data(reader.blueprint),
                "codec": reader.codec.hash,
                "backward": reader.backward,
            }
            for reader in self.readers
        ]

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> Self | None:
        """Those that travel with a model; None where none do.

        Raises:
            BundleError: They are damaged, or not those that were learnt with.
        """
        told = setting_of(bundle, "readers", list, [])
        size = bundle.blueprint.given if bundle.blueprint.described else 0
        try:
            readers = [_reader(one, below(bundle, f"readers.{k}.")) for k, one in enumerate(told)]
        except ElmanError as error:
            raise _damaged(f"{error.where}: {error.found}") from error
        found = cls(readers)
        if found.size != size:
            raise _damaged(f"{found.size} numbers of each step, and the network reads {size}")
        return found if readers else None


def _reader(told: Any, tensors: Mapping[str, np.ndarray]) -> StateReader:
    """One of a model file; any `ElmanError` where it is damaged."""
    types = {"blueprint": dict, "codec": str, "backward": bool}
    if not isinstance(told, dict) or {name: type(one) for name, one in told.items()} != types:
        raise BlueprintError("readers", f"found {repr(told)[:80]}", "save the model again")
    blueprint = from_data(told["blueprint"])
    parts: dict[str, dict[str, np.ndarray]] = {"weights": {}, "codec": {}}
    for name, array in tensors.items():
        kind, _, rest = name.partition(".")
        parts.setdefault(kind, {})[rest] = array
    blueprint.check_weights(parts["weights"])
    codec = codec_from_tensors(parts["codec"])
    if codec.hash != told["codec"] or len(codec) != blueprint.vocabulary:
        found = f"{codec.describe()}, of the hash {codec.hash}"
        raise BlueprintError("codec", found, f"the one of the hash {told['codec']}")
    if not blueprint.streams or blueprint.configuration != "sequence_to_sequence":
        raise BlueprintError("blueprint", "found one that does not read on", "save it again")
    wrong = [name for name, one in parts["weights"].items()
             if one.dtype != np.float32 or not np.isfinite(one).all()]  # fmt: skip
    if wrong:
        raise BlueprintError(f"weight {wrong[0]}", "no finite float32", "save it again")
    return StateReader(blueprint, parts["weights"], codec, told["backward"])


def _damaged(found: str) -> BundleError:
    expected = "the language models that were learnt with: save the model again"
    return BundleError("language models", found, expected)
