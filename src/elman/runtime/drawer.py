"""A trained model of drawings, answering without torch: it scores drawings, and draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from elman.blueprint import Mixture, SoftWindow
from elman.bundle import Bundle
from elman.data.drawings import Drawings
from elman.decoding import Search, SearchOptions
from elman.errors import ArgumentError, BundleError
from elman.kernels import native
from elman.kernels.mixture import log_probability
from elman.metrics.pens import PenBaselines
from elman.parameters import whole_number
from elman.printable import many
from elman.runtime.drawing.framing import Framing
from elman.runtime.drawing.pens import Pens
from elman.runtime.network import Network
from elman.runtime.travelling import baseline_tensors, metadata_of, reading_of, setting_of
from elman.runtime.writing.scores import compared, verdict
from elman.transforms.text.codec import hash_of

__all__ = ["DrawingModel"]

_ROWS = 64  # drawings that are read side by side


class DrawingModel:
    """Says how a pen goes on.

    Args:
        bundle: Of the task, with drawings as its kind of input.
        run: What would answer elsewhere: not asked, for it cannot read on from a state.

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        framing: How drawings are read and said.
        baselines: What the scores are held against, or None.
        metadata: How the model was trained: plain data.
        reading: What the training was told of its files: options of `elman.data.read_drawings`.

    Raises:
        BundleError: The bundle is another task's, or lacks a part.
    """

    task: ClassVar[str] = "generator"
    input: ClassVar[str] = "drawings"
    score_name: ClassVar[str] = "nats a point"
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}

    def __init__(self, bundle: Bundle, run: Any = None) -> None:
        if bundle.task != self.task or setting_of(bundle, "input", str, "") != self.input:
            raise BundleError("bundle", f"of {bundle.task!r}", f"a {self.task}'s of {self.input}")
        block = bundle.blueprint.chains.get("body", (None,))[-1]
        self.framing = Framing.of(bundle)
        fits = bundle.blueprint.input_size == self.framing.features and self._reads_texts(bundle)
        if not isinstance(block, Mixture) or block.values != 4 or not block.ends or not fits:
            raise BundleError("bundle", "its network draws no steps of a pen", "save it again")
        self.bundle, self.block = bundle, block
        self.blueprint = bundle.blueprint
        self.metadata, self.reading = metadata_of(bundle), reading_of(bundle)
        tensors = baseline_tensors(bundle)
        self.baselines = PenBaselines.from_tensors(tensors) if tensors else None
        self.held_out = setting_of(bundle, "held_out", dict, None)
        self.network = Network(bundle.blueprint, bundle.weights)
        self.pens = Pens(self.network, self.framing)

    def _reads_texts(self, bundle: Bundle) -> bool:
        """Whether the network reads texts as the framing has them, or neither does."""
        first, room = bundle.blueprint.chains["body"][0], self.framing.room
        if not isinstance(first, SoftWindow):
            return self.framing.condition != "text" and room == 0
        same = first.longest == room and first.vocabulary == len(self.framing.characters) + 1
        return self.framing.condition == "text" and same

    def __reduce__(self) -> Any:
        return type(self), (self.bundle,)  # the network is built anew

    @property
    def classes(self) -> tuple[str, ...]:
        """What can be drawn, where a class is told."""
        return self.framing.classes if self.framing.condition == "class" else ()

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        told = {
            "none": "nothing",
            "class": f"one of {len(self.framing.classes)} classes",
            "text": f"a text of the characters {''.join(self.framing.characters)}",
        }[self.framing.condition]
        return {
            "reads": f"drawings, simplified to {self.framing.tolerance:g} of their size",
            "columns": dict(self.reading),
            "answers": "the pen's next step, and where the drawing ends",
            "is told": told,
        }

    # ---- drawings that are there --------------------------------------------------------------

    def log_probabilities(self, data: Drawings) -> list[np.ndarray]:
        """For each drawing the log-probability (density) of each step in nats, its end the last.

        Densities are of moves in units of the drawing's size.

        Raises:
            DataError: A label or text is not known, or is missing.
        """
        targets = self.targets(data)
        told = self.framing.told_of(data)
        order = sorted(range(len(targets)), key=lambda n: -len(targets[n]))
        found: list[np.ndarray] = [np.zeros(0)] * len(targets)
        for first in range(0, len(order), _ROWS):
            rows = order[first : first + _ROWS]
            raw = self.pens.taught([targets[n] for n in rows], told.select(rows))
            for n, said in zip(rows, raw, strict=True):
                each = log_probability(self.block, said, targets[n])
                found[n] = self._in_size(each, targets[n])
        return found

    def targets(self, data: Drawings) -> list[np.ndarray]:
        """The steps of drawings as the model says them: see `Framing.targets`."""
        return [self.framing.targets(one) for one in self.framing.prepared(data).steps()]

    def evaluate(self, X: Drawings) -> dict[str, Any]:
        """What the model is worth on drawings, beside its baselines.

        Returns:
            `metric` ("nats a point"), `score`, `drawings`, `points`, `nats_per_point` (of all
            steps and ends, divided by the points; densities are of moves in units of the
            drawing's size), `level` (of instructions), `baselines` (each one's nats a point by its
            name), `verdict`, `notes`.

        Raises:
            ArgumentError: X holds no drawings.
            DataError: A label or text is not known, or is missing.
        """
        self._check(X)
        said, targets = self.log_probabilities(X), self.targets(X)
        points = sum(len(one) - 1 for one in targets)
        own = self._per_point(said, points)
        others: dict[str, list[np.ndarray]] = {}
        if self.baselines is not None:
            each = [self.baselines.log_probabilities(one) for one in targets]
            others = {
                name: [
                    self._in_size(row[name], one) for row, one in zip(each, targets, strict=True)
                ]
                for name in self.baselines.names
            }
        cards = {name: self._per_point(found, points) for name, found in others.items()}
        told = None
        if cards:
            best = min(cards, key=lambda name: cards[name])
            # Of a drawing's P points there are P + 1 steps; the table's figures are a point.
            each = (sum(map(len, targets)) / points) if points else 1.0
            told = verdict(best, "a point", compared(said, others[best]).scaled(each))
        return {
            "metric": self.score_name,
            "score": own,
            "drawings": len(X),
            "points": points,
            "nats_per_point": own,
            "level": native.isa(),
            "baselines": cards,
            "verdict": told,
            "notes": [],
        }

    def score(self, X: Any, y: Any = None) -> float:
        """-(nats a point) of drawings: larger is better."""
        return -self.evaluate(X)["score"]

    def _in_size(self, said: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Densities of scaled moves as those of moves in the drawing's size."""
        return said - 2 * math.log(self.framing.scale) * (targets[:, 0] == 0)

    def _per_point(self, said: Sequence[np.ndarray], points: int) -> float:
        return -math.fsum(float(one) for row in said for one in row) / points

    def _check(self, X: Any) -> None:
        if not isinstance(X, Drawings) or not len(X):
            raise ArgumentError("X", f"found {X!r:.60}", "elman.data.Drawings, at least one")

    # ---- drawings that are made ---------------------------------------------------------------

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the weights: what tells this model from others."""
        return hash_of(dict(self.bundle.weights))

    def generate(
        self, what: Any = None, *, n: int = 1, options: SearchOptions | None = None, **given: Any
    ) -> Drawings:
        """Draw.

        What is drawn is a function of `seed` and of its number among the `n` of what is told: it is
        the same alone and beside others.

        Args:
            what: The class that is drawn, or the text that is written, or a list of them; None: of
                each drawing a class at random, and nothing where the model is told nothing.
            n: How many of each, ≥ 1.
            options: How steps are chosen; None: as `given` says.
            given: Fields of `SearchOptions`: `temperature=` (below 1 steps are more usual ones:
                components, and √temperature as wide), `max_length=` (points), `seed=`, ... Where
                they are not given, `usual_options` are.

        Returns:
            `elman.data.Drawings` of size about 1, with labels or texts where they were told.

        Raises:
            ArgumentError: Something is out of its range, or the model is told otherwise.
            DataError: A class or a character is not known.
        """
        if options is None:
            options = SearchOptions(**{**self.usual_options(), **given})
        elif given:
            raise ArgumentError(", ".join(given), "given beside options", "one of the two")
        named = self._named(what, whole_number("n", n, 1), options.seed)
        ids = np.tile(np.arange(n), len(named) // n) if n else np.zeros(0)
        steps = self.pens.steps(options)
        state = self.pens.state(self.framing.told(named), ids)
        told = {"options": steps.options(options), "row_ids": ids, "model": self.hash}
        search = Search(state, go=0, eos=steps.eos, **told)
        answers = [row[0] for row in search.run(steps)]
        written = steps.written([one.tokens for one in answers], state)
        return self._as_drawings(written, named)

    def usual_options(self) -> dict[str, Any]:
        """Fields of `SearchOptions` where they are not told: no drawing is empty, none endless."""
        return {"min_length": 1, "max_length": 2 * self.framing.longest + 8}

    def _named(self, what: Any, n: int, seed: int) -> list[Any]:
        """What is told of each drawing."""
        condition = self.framing.condition
        if what in (None, "") and condition == "class":
            draws = np.random.default_rng(seed)
            return [self.framing.classes[k] for k in draws.integers(len(self.classes), size=n)]
        if what in (None, "") and condition == "none":
            return [None] * n
        if condition == "none":
            raise ArgumentError("what", f"{what!r:.60} of a model that is told nothing", "None")
        if what in (None, ""):
            raise ArgumentError("text", "not given", "what the model shall write")
        several = [what] if isinstance(what, str) else list(what)
        return [one for one in several for _ in range(n)]

    def _as_drawings(self, written: list[np.ndarray], named: list[Any]) -> Drawings:
        some = [k for k, one in enumerate(written) if len(one)]
        notes = ()
        if len(some) < len(written):
            notes = (f"{many(len(written) - len(some), 'drawing')} ended before the first point",)
        parts = [self.framing.drawn(written[k]) for k in some]
        told = [named[k] for k in some]
        labels = np.array(told) if self.framing.condition == "class" else None
        texts = tuple(told) if self.framing.condition == "text" else None
        points, up = tuple(one for one, _ in parts), tuple(up for _, up in parts)
        return Drawings(points, up, None, labels, texts, name="drawn", notes=notes)
