"""A trained captioner, answering without torch: it writes a sentence for a vector or an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from elman.bundle import Bundle
from elman.data.captions import Captions, as_captions
from elman.decoding import SearchOptions
from elman.errors import ArgumentError, BundleError, ShapeError
from elman.kernels import native
from elman.metrics.caption_baselines import CaptionBaselines, vectors_of
from elman.printable import many
from elman.runtime.captioning.caption import Caption
from elman.runtime.captioning.reading import SCANS, Scan, as_read, padded_items
from elman.runtime.network import Network
from elman.runtime.translating.judging import (
    chosen_in,
    judged_by,
    notes_on_scores,
    score_card,
    verdict_on,
)
from elman.runtime.translating.translating import Asked, Translating, usually
from elman.runtime.travelling import (
    baseline_tensors,
    codec_of,
    metadata_of,
    scaler_from,
    setting_of,
)
from elman.runtime.writing.session import parted
from elman.transforms.text.codec import hash_of

__all__ = ["CaptionerModel"]


class CaptionerModel:
    """Says what is seen in an item.

    Args:
        bundle: Of the task.
        run: What would answer elsewhere (a torch module on another device): not asked.

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        codec: What captions are made of.
        shape: Of an item, without its number: `[I]`; `[S, I]`, where S may differ between
            sequences; `[H, W]` or `[H, W, C]`.
        pixels: Whether items are bytes.
        scan: How sequences and images become steps.
        longest: Most tokens of a caption, `<eos>` included.
        baselines: What the scores are held against, or None.
        metadata: How the model was trained: plain data.
        held_out: Which part of which data was held out for a test: `digest`, `share`, `seed`;
            or None.

    Raises:
        BundleError: The bundle is another task's, or lacks a part.
    """

    task: ClassVar[str] = "captioner"
    score_name: ClassVar[str] = "score of what is written"
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}

    def __init__(self, bundle: Bundle, run: Any = None) -> None:
        if bundle.task != self.task:
            raise BundleError("bundle", f"its task is {bundle.task!r}", f"give a {self.task}'s")
        self.bundle, self.blueprint = bundle, bundle.blueprint
        if not self.blueprint.generates or self.blueprint.input_size is None:
            raise BundleError("bundle", "no network that writes for numbers", "save it again")
        first: Any = self.blueprint.chains["decoder"][0]
        codec = codec_of(bundle, "codec", first.vocabulary)
        if codec is None:
            raise BundleError("codec", "there is none", "save the model again")
        self.codec = codec
        self.shape, self.scan, self.pixels, self.longest = _settings(bundle)
        self.metadata, self.reading = metadata_of(bundle), {}
        self.held_out = setting_of(bundle, "held_out", dict, None)
        self.scaler = scaler_from(bundle, "inputs", self.shape[len(self.shape) - 1])
        tensors = baseline_tensors(bundle)
        self.baselines = CaptionBaselines.from_tensors(tensors) if tensors else None
        self.network = Network(bundle.blueprint, bundle.weights)
        self.writing = Translating(self.network, self.codec, padded_items)

    def __reduce__(self) -> Any:
        return type(self), (self.bundle,)  # the network is built anew

    @cached_property
    def hash(self) -> str:
        """SHA-256 of weights and codec: what tells this model from others."""
        told = np.frombuffer(self.codec.hash.encode(), "u1")
        return hash_of({**self.bundle.weights, "codec": told})

    @property
    def attends(self) -> bool:
        """Whether the network looks back at the steps that it read."""
        return self.blueprint.attends is not None

    @property
    def chosen_by(self) -> str:
        """What captions are judged by: one of `CHOICES`."""
        return chosen_in(self.metadata)

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        size = " by ".join(map(str, self.shape))
        kind = {1: f"vectors of {size} numbers", 2: f"sequences, or images of {size}"}
        return {
            "reads": kind.get(len(self.shape), f"images of {size}"),
            "answers": f"texts, as {self.codec.describe()}",
            "hash of the codec": self.codec.hash,
        }

    # ---- what is written ----------------------------------------------------------------------

    def caption(
        self,
        items: Any,
        *,
        attention: bool = False,
        options: SearchOptions | None = None,
        **given: Any,
    ) -> list[Any]:
        """Write for each item what the network finds most probable.

        An answer depends on its item and the options alone, to the bit.

        Args:
            items: N items as those of the training, or `Captions`.
            attention: Whether answers say where the network looked.
            options: How tokens are chosen; None: as `given` says, with a beam of 5 and a length
                penalty of 1.
            given: Fields of `SearchOptions`, and constraints: `expression=`, `stop=`, `allowed=`.

        Returns:
            N captions as `Caption`; with `n_best` above 1 in place of each a list of them.

        Raises:
            ShapeError, DataError: The items are none of these.
            ArgumentError: Something is out of its range, or contradicts the rest.
        """
        read = self._read(as_captions(items))
        options, constraints = self._asked(options, given)
        found = self.writing.answers([Asked(one) for one in read], options, constraints)
        said = [[self._said(one) for one in each] for each in found]
        if attention and self.attends:
            said = [self._looked(item, each) for item, each in zip(read, said, strict=True)]
        return said if options.n_best > 1 else [each[0] for each in said]

    def predict(self, items: Any) -> list[str]:
        """The captions of items as texts; arguments and errors as of `caption`."""
        return [one.text for one in self.caption(items)]

    def _read(self, data: Captions) -> list[np.ndarray]:
        """Each item as the network reads it."""
        found, wanted = data.items.shape[1:], self.shape
        steps = len(wanted) == 2 and len(found) == 2 and self.scan == Scan() and not self.pixels
        fits = found[1:] == wanted[1:] if steps else found == wanted
        if not fits or (data.items.dtype == np.uint8) != self.pixels:
            what = "bytes" if self.pixels else "numbers that are no bytes"
            said = f"found {data.items.dtype} of shape {list(data.items.shape)}"
            raise ShapeError("items", said, f"{what} [N, {', '.join(map(str, wanted))}]")
        read = []
        for start in range(0, len(data), 256):  # bytes become numbers of four
            some = as_read(data.items[start : start + 256], self.scan, self.scaler)
            lengths = None if data.lengths is None else data.lengths[start : start + 256]
            read += (
                [*some] if lengths is None else [a[:n] for a, n in zip(some, lengths, strict=True)]
            )
        return read

    def _asked(
        self, options: SearchOptions | None, given: dict[str, Any]
    ) -> tuple[SearchOptions, dict[str, Any]]:
        given = usually(self.longest, given) if options is None else given
        options, constraints = parted(options, given)
        for name in constraints:
            if name not in ("expression", "stop", "allowed"):
                raise ArgumentError(name, "is no option of a caption", "leave it out")
        return options, constraints

    def _said(self, answer: Any) -> Caption:
        text = answer.text or ""
        if self.codec.kind == "words":
            text = text.removeprefix(" ")
        shown = tuple(self.codec.tokens[one] for one in answer.tokens)
        return Caption(
            text, shown, answer.tokens, answer.log_probabilities, answer.log_probability,
            answer.ended,
        )  # fmt: skip

    def _looked(self, item: np.ndarray, each: list[Caption]) -> list[Caption]:
        ids = [
            np.append(one.ids, self.writing.eos) if one.ended == "eos" else one.ids for one in each
        ]
        taught = self.writing.taught([(item, one) for one in ids])
        return [
            one._replace(attention=weights) for one, (_, weights) in zip(each, taught, strict=True)
        ]

    # ---- captions that are given --------------------------------------------------------------

    def score(self, X: Any, y: Any = None) -> float:
        """What `chosen_by` says of the captions of X, beside the references y: larger is better."""
        return self.evaluate(X, y)["score"]

    def evaluate(self, X: Any, y: Any = None, **given: Any) -> dict[str, Any]:
        """What the model is worth on items with captions, beside its baselines.

        Args:
            X: N items, or `Captions`.
            y: For each a caption, or a list of several that are right; None beside `Captions`.
            given: As of `caption`.

        Returns:
            `metric`, `score` (against all references), `pairs`, `references`, `bleu`, `chrf`,
            `exact` against each item's first reference, `bleu_of_all` and so on against all of
            them where an item has several, `signatures`, `level` (of instructions), `baselines`
            (each one's score by its name), `baseline_scores`, `verdict`, `notes`. What is not
            defined is None.

        Raises:
            ShapeError, DataError, ArgumentError: As of `caption`; or there are no captions.
        """
        data = as_captions(X, y)
        right: Any = data.checked_references()
        written = self.caption(data, **{**given, "n_best": 1})
        answers = [one.text for one in written]
        name = judged_by(self.chosen_by, right)
        several = any(len(one) > 1 for one in right)
        key = f"{name}_of_all" if several else name
        card, others = score_card(answers, data), {}
        if self.baselines is not None:
            others = self.baselines.answers(vectors_of(data.items, data.lengths))
        cards = {label: score_card(each, data) for label, each in others.items()}
        return {
            "metric": name,
            "score": card[key],
            "pairs": len(data),
            "references": sum(map(len, right)),
            **card,
            "nats_per_token": None,
            "level": native.isa(),
            "baselines": {label: one[key] for label, one in cards.items()},
            "baseline_scores": cards,
            "verdict": verdict_on(name, answers, others, data),
            "against": None,
            "notes": [*self._notes(written), *notes_on_scores(card)],
        }

    def _notes(self, written: Sequence[Caption]) -> list[str]:
        notes = [] if self.baselines is None else [*self.baselines.notes]
        cut = sum(one.ended == "bound" for one in written)
        if cut:
            notes.append(f"{many(cut, 'caption')} did not end within {self.longest} tokens")
        return notes


def _settings(bundle: Bundle) -> tuple[tuple[int, ...], Scan, bool, int]:
    """Shape of an item, how it is read, whether items are bytes, the longest caption."""
    shape, lines = setting_of(bundle, "shape", list, None), setting_of(bundle, "scan", str, None)
    strip, longest = (setting_of(bundle, name, int, 0) for name in ("strip", "longest"))
    pixels = setting_of(bundle, "pixels", bool, None)
    sound = isinstance(shape, list) and 1 <= len(shape) <= 3 and lines in SCANS and strip > 0
    sound = sound and all(type(one) is int and one > 0 for one in shape)
    if not sound or pixels is None or longest < 1:
        found = "shape, scan, strip, pixels or longest are missing"
        raise BundleError("settings", found, "save the model again")
    scan = Scan(lines, strip)
    if scan.size(tuple(shape)) != bundle.blueprint.input_size:
        found = f"items of shape {shape} for {bundle.blueprint.input_size} features"
        raise BundleError("setting shape", found, "save the model again")
    return tuple(shape), scan, pixels, longest
