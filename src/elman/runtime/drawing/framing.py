"""How drawings become the steps that a network reads, and those that it is to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.blueprint import Mixture
from elman.bundle import Bundle, pack_strings, unpack_strings
from elman.data.drawings import Drawings
from elman.errors import BundleError, DataError
from elman.printable import quoted
from elman.runtime.travelling import below, setting_of
from elman.transforms.strokes import from_steps

__all__ = ["COLUMNS", "PLACE", "Framing", "Told", "pen_block"]

COLUMNS = 5
"""Of what is read of a step: its move (dx, dy), whether the pen is lifted there, and its place."""
PLACE = 2.0
"""By which places are multiplied: a drawing of size 1 then reaches from -1 to 1."""


class Told(NamedTuple):
    """What a network is told of N drawings.

    Attributes:
        beside: `[N, C]`, one for the class of each, else zeros; C = 0 where none is told.
        texts: `[N, S]` int64, ids of each one's characters, -1 past its end; S = 0 likewise.
    """

    beside: Float[np.ndarray, "N C"]
    texts: Int[np.ndarray, "N S"]

    def select(self, rows: Any) -> Told:
        """Of some of the drawings."""
        return Told(self.beside[rows], self.texts[rows])


def pen_block(components: int) -> Mixture:
    """What a step of a pen has: its move, and whether it is lifted behind it; or the end."""
    return Mixture((("gaussian_full", 2), ("bernoulli", 1)), components, ends=True)


@dataclass(frozen=True)
class Framing:
    """How drawings are read and said by a model.

    Attributes:
        scale: Deviation of all moves of the training part, in the drawings' size.
        size: What is 1 of each: as of `elman.transforms.strokes.normalised`.
        tolerance: How far a point may be left out, likewise in the drawing's size.
        condition: What else is told: `none`, `class`, `text`.
        classes: Known labels, in order.
        characters: Those of texts, in order; the mark of a text's end follows them.
        longest: Points of the longest drawing of the training part.
        room: Places of a text that is told, its end's mark included; 0 where none is.
    """

    scale: float
    size: str
    tolerance: float
    condition: str
    classes: tuple[str, ...]
    characters: tuple[str, ...]
    longest: int
    room: int = 0

    @property
    def beside(self) -> int:
        """Numbers that stand beside each step: one for each class that may be told."""
        return len(self.classes) if self.condition == "class" else 0

    @property
    def features(self) -> int:
        """What a network reads of a step."""
        return COLUMNS + self.beside

    def prepared(self, data: Drawings) -> Drawings:
        """Drawings as they are read: around their centre, of size 1, simplified."""
        return data.normalised(self.size).simplified(self.tolerance)

    def targets(self, steps: Float[np.ndarray, "P 3"]) -> Float[np.ndarray, "Q 4"]:
        """What is to be said of a drawing's steps: ended, dx, dy, up; one more, which ends it."""
        found = np.zeros((len(steps) + 1, 4))
        found[:-1, 1:3] = steps[:, :2] / self.scale
        found[:-1, 3] = steps[:, 2]
        found[-1, 0] = 1
        return found

    def read(
        self, values: Float[np.ndarray, "B 4"], place: Float[np.ndarray, "B 2"]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What a network reads of one step as it was said, and where the pen is then.

        Args:
            values: As of `targets`; zeros before the first step.
            place: Where the pen was, in the drawing's size.
        """
        place = place + values[:, 1:3] * self.scale
        return np.concatenate([values[:, 1:], PLACE * place], axis=1), place

    def inputs(self, targets: Float[np.ndarray, "T 4"]) -> Float[np.ndarray, "T 5"]:
        """What a network reads before it says each of the targets: those before them."""
        before = np.concatenate([np.zeros((1, 4)), targets[:-1]])
        places = np.cumsum(before[:, 1:3] * self.scale, axis=0)
        return np.concatenate([before[:, 1:], PLACE * places], axis=1)

    def drawn(self, values: Float[np.ndarray, "T 4"]) -> tuple[np.ndarray, np.ndarray]:
        """The points and `up` of steps that a network said."""
        moves = values[:, 1:] * np.array([self.scale, self.scale, 1])
        return from_steps(moves)

    def class_rows(self, labels: Any, where: str = "label") -> Int[np.ndarray, "N"]:
        """The places of labels among the known classes.

        Raises:
            DataError: One is not known.
        """
        places = {label: k for k, label in enumerate(self.classes)}
        unknown = [label for label in dict.fromkeys(map(str, labels)) if label not in places]
        if unknown:
            found = f"{quoted(unknown)}, which the model has never seen"
            raise DataError(where, found, f"one of {quoted(list(self.classes))}")
        return np.array([places[str(label)] for label in labels], dtype=np.int64)

    def text_ids(self, text: str, where: str = "text") -> Int[np.ndarray, "S"]:
        """The ids of a text's characters, with the mark of its end.

        Raises:
            DataError: It has one that is not known.
        """
        places = {one: k for k, one in enumerate(self.characters)}
        unknown = [one for one in dict.fromkeys(text) if one not in places]
        if unknown:
            found = f"{quoted(unknown)}, which the model has never seen"
            raise DataError(where, found, f"of {quoted(list(self.characters))}")
        return np.array([*(places[one] for one in text), len(self.characters)], dtype=np.int64)

    def told(self, named: Sequence[Any]) -> Told:
        """What a network is told, by classes or texts; of none of each None.

        Raises:
            DataError: A class or a character is not known, or a text is too long.
        """
        count = len(named)
        beside = np.zeros((count, self.beside), np.float32)
        texts = np.full((count, self.room), -1, np.int64)
        if self.condition == "class":
            beside[np.arange(count), self.class_rows(named)] = 1
        if self.condition == "text":
            for row, text in enumerate(named):
                ids = self.text_ids(str(text))
                if len(ids) > self.room:
                    found = f"{text!r:.60} has {len(ids) - 1} characters"
                    raise DataError("text", found, f"at most {self.room - 1}")
                texts[row, : len(ids)] = ids
        return Told(beside, texts)

    def told_of(self, data: Drawings) -> Told:
        """What a network is told of drawings; errors as of `told`, or it is not known of them."""
        known = {"class": data.labels, "text": data.texts}.get(self.condition)
        if self.condition != "none" and known is None:
            found = f"holds no {'labels' if self.condition == 'class' else 'texts'}"
            raise DataError(data.name, found, f"drawings with a {self.condition} each")
        return self.told([None] * len(data) if known is None else list(known))

    # ---- in a model file ------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """Of it what is plain data."""
        names = ("scale", "size", "tolerance", "condition", "longest", "room")
        return {name: getattr(self, name) for name in names}

    def tensors(self) -> dict[str, np.ndarray]:
        """Its names, as arrays."""
        found = {f"classes.{k}": v for k, v in pack_strings(self.classes).items()}
        return found | {f"characters.{k}": v for k, v in pack_strings(self.characters).items()}

    @classmethod
    def of(cls, bundle: Bundle) -> Framing:
        """That of a model file; `BundleError` if it is damaged."""
        told = setting_of(bundle, "drawing", dict, None)
        kinds = {"scale": float, "size": str, "tolerance": float, "condition": str}
        kinds |= {"longest": int, "room": int}
        found = {} if told is None else {name: type(value) for name, value in told.items()}
        if (
            told is None
            or found != kinds
            or not told["scale"] > 0
            or min(told["longest"], told["room"] + 1) < 1
        ):
            raise BundleError("setting drawing", f"found {told!r:.80}", "save the model again")
        known = told["condition"] in ("none", "class", "text")
        if not known or told["size"] not in ("larger", "height") or not told["tolerance"] >= 0:
            raise BundleError("setting drawing", f"found {told!r:.80}", "save the model again")
        classes, characters = (
            tuple(unpack_strings(below(bundle, f"{name}."), name))
            for name in ("classes", "characters")
        )
        return cls(**told, classes=classes, characters=characters)
