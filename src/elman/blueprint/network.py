"""A whole network as data: chains of blocks, and the rules that make them fit together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from elman.blueprint.blocks import (
    MAX_VOCABULARY,
    Attend,
    Block,
    Convolution,
    Crf,
    Embedding,
    Given,
    Recall,
    Recurrent,
    Segments,
    WindowBlock,
    Words,
)
from elman.blueprint.cells import MAX_UNITS
from elman.blueprint.checks import boolean, check_fields, choice, integer, optional, shown, within
from elman.blueprint.flow import check_flow
from elman.blueprint.generating import check_generator, state_size
from elman.errors import BlueprintError, ShapeError
from elman.recurrences import Shapes

__all__ = ["CONFIGURATIONS", "MAX_BLOCKS", "MAX_PARAMETERS", "Blueprint"]

MAX_BLOCKS = 64
MAX_PARAMETERS = 2**30

CONFIGURATIONS: dict[str, dict[str, str]] = {
    "sequence_to_vector": {"body": "vector"},
    "sequence_to_sequence": {"body": "steps"},
    "vector_to_sequence": {"bridge": "vector", "decoder": "steps"},
    "encoder_decoder": {"encoder": "steps", "bridge": "vector", "decoder": "steps"},
}
"""Each configuration's chains, in the order in which they run, and what each one gives.

An encoder and a decoder whose states are alike need no bridge between them."""


@dataclass(frozen=True)
class Blueprint:
    """A network described as plain data; the builders in `configurations` make them.

    Attributes:
        configuration: One of `CONFIGURATIONS`.
        input_size: Features of an input step (or of the input vector), 1…65536; None where the
            inputs are token ids, or words.
        chains: The blocks of each part of the network, by the part's name.
        go: The token that a decoder is fed first; None where there is no decoder.
        eos: The token that ends a decoded sequence; None where there is no decoder.
        reverse_source: An encoder of one direction reads its source from the last step to the
            first.
        conditioning: How a decoder is told a vector: it makes the `state` from which it starts, is
            what it reads `first`, before `go`, or stands beside its inputs at all `steps`.

    Raises:
        BlueprintError: The blocks do not fit together, or the network would have more than
            2³⁰ parameters.
    """

    described: ClassVar[bool] = True
    """Whether it says all of the network: so that it can be built, run and saved."""

    configuration: str
    input_size: int | None = field(metadata=optional(integer(1, MAX_UNITS)))
    chains: dict[str, tuple[Block, ...]]
    go: int | None = field(default=None, metadata=optional(integer(0, MAX_VOCABULARY - 1)))
    eos: int | None = field(default=None, metadata=optional(integer(0, MAX_VOCABULARY - 1)))
    reverse_source: bool = field(default=False, metadata=boolean())
    conditioning: str = field(default="state", metadata=choice("state", "first", "steps"))

    def __post_init__(self) -> None:
        if not isinstance(self.configuration, str) or self.configuration not in CONFIGURATIONS:
            raise BlueprintError(
                "configuration",
                f"found {shown(self.configuration)}",
                f"use one of {', '.join(CONFIGURATIONS)}",
            )
        check_fields(self)
        self._check_chain_names()
        for name, blocks in self.chains.items():
            gives = CONFIGURATIONS[self.configuration][name]
            check_flow(name, blocks, self._chain_input(name), gives)
        if self.generates:
            check_generator(self)
        elif self.go is not None or self.eos is not None:
            raise BlueprintError(
                "go",
                f"tokens set for a {self.configuration} network",
                "leave go and eos out",
            )
        if self.reverse_source and self.configuration != "encoder_decoder":
            raise BlueprintError(
                "reverse_source",
                f"set for {self.configuration}",
                "only an encoder has a source",
            )
        if self.conditioning != "state" and self.configuration != "vector_to_sequence":
            raise BlueprintError(
                "conditioning",
                f"found {self.conditioning!r} for {self.configuration}",
                "leave it out: it tells a vector",
            )
        if self.parameters > MAX_PARAMETERS:
            raise BlueprintError(
                "chains",
                f"found {self.parameters} parameters",
                f"at most {MAX_PARAMETERS}: use fewer units or a smaller vocabulary",
            )

    @property
    def generates(self) -> bool:
        """Whether the network has a decoder that writes a sequence token by token."""
        return "decoder" in CONFIGURATIONS[self.configuration]

    @property
    def reads_windows(self) -> bool:
        """Whether it answers for whole windows only: a block of `WindowBlock` is in it."""
        return any(isinstance(block, WindowBlock) for block in self.chains.get("body", ()))

    @property
    def streams(self) -> bool:
        """Whether it can answer after each input step: all is read forward, step by step."""
        if self.generates or self.reads_windows or self.given or self.convolves:
            return False
        recurrent = [block for block in self.chains["body"] if isinstance(block, Recurrent)]
        return not any(block.bidirectional for block in recurrent)

    @property
    def convolves(self) -> bool:
        """Whether windows that reach ahead are read: a `convolution` block is in it."""
        return any(isinstance(block, Convolution) for block in self.chains.get("body", ()))

    @property
    def vocabulary(self) -> int | None:
        """How many token ids the inputs may be; None where they are features."""
        first = next(iter(self.chains.values()))[0]
        return first.vocabulary if isinstance(first, Embedding) else None

    @property
    def words(self) -> Words | None:
        """How words are read; None where the inputs are none."""
        first = next(iter(self.chains.values()))[0]
        return first if isinstance(first, Words) else None

    @property
    def given(self) -> int:
        """How many further numbers of each step are given beside the inputs; 0: none are."""
        found = [block for block in self.chains.get("body", ()) if isinstance(block, Given)]
        return found[0].size if found else 0

    @property
    def attends(self) -> Attend | None:
        """How a decoder looks back at what was read; None: it has only its state of it."""
        found = [one for one in self.chains.get("decoder", ()) if isinstance(one, Attend)]
        return found[0] if found else None

    @property
    def crf(self) -> str | None:
        """The name before its weights of the block that scores paths; None where none does."""
        for name, blocks in self.chains.items():
            if isinstance(blocks[-1], Crf):
                return f"{name}.{len(blocks) - 1}."
        return None

    @property
    def output_size(self) -> int:
        """Features of an output: K values, or a score for each of V tokens."""
        block, features = self.fed_blocks(list(self.chains)[-1])[-1]
        return block.output_features(features)

    @property
    def parameters(self) -> int:
        """Number of values of all weights, averages of batches (`Convolution.norm`) among them."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    def shapes(self) -> Shapes:
        """The expected shape of every weight, named as in torch's state_dict and in bundles.

        A name is the chain's, the block's index in it, and the block's own: `body.0.weight`.

        Raises:
            BlueprintError: The blocks do not fit each other.
        """
        found: Shapes = {}
        for name in self.chains:
            changing = 0  # features of a segment's step that are not static
            for index, (block, features) in enumerate(self.fed_blocks(name)):
                with within(f"chains.{name}[{index}]"):
                    shapes = block.shapes(features)
                    if isinstance(block, Segments):
                        changing = features - block.static
                    if isinstance(block, Recall) and block.targets > changing:
                        raise BlueprintError(
                            "targets", f"found {block.targets}", f"1 to {changing}"
                        )
                found |= {f"{name}.{index}.{weight}": shape for weight, shape in shapes.items()}
        return found

    def fed_blocks(self, chain: str) -> list[tuple[Block, int]]:
        """Each block of a chain with the number of features that it is fed (0: ids, words)."""
        beside = self._beside() if chain == "decoder" else 0
        features = self._input_features(chain)
        found: list[tuple[Block, int]] = []
        for block in self.chains[chain]:
            if isinstance(block, Recurrent):
                features, beside = features + beside, 0
            found.append((block, features))
            features = block.output_features(features)
        return found

    def _beside(self) -> int:
        """Features that stand behind a step's own at the input of a decoder's lowest cell."""
        attends = self.attends
        if self.conditioning == "steps":
            return self.chains["bridge"][-1].output_features(0)
        return attends.units if attends is not None and attends.feeding else 0

    def _input_features(self, chain: str) -> int:
        """Features of what a chain is fed with; 0: ids, or words."""
        if self._chain_input(chain) in ("ids", "words"):
            return 0
        if chain == "bridge" and self.configuration == "encoder_decoder":
            return state_size(self.chains["encoder"])
        return self.input_size or 0

    def check_weights(self, weights: Mapping[str, Any]) -> None:
        """Check that `weights` (arrays, or anything with a shape) are exactly `shapes()`.

        Raises:
            ShapeError: A weight is missing, unknown, or of another shape.
        """
        shapes = self.shapes()
        for name in weights:
            if name not in shapes:
                raise ShapeError(name, "the blueprint has no such weight", "remove it")
        for name, shape in shapes.items():
            if name not in weights:
                raise ShapeError(name, "the weight is missing", f"give an array {list(shape)}")
            found = tuple(weights[name].shape)
            if found != shape:
                raise ShapeError(name, f"found shape {list(found)}", f"expected {list(shape)}")

    def describe(self) -> str:
        """One line for the network and one for each block."""
        what = "token ids" if self.input_size is None else f"{self.input_size} features"
        what = what if self.words is None else "words"
        lines = [f"{self.configuration} on {what}, {self.parameters} parameters"]
        for name, blocks in self.chains.items():
            lines += [f"  {name}.{index} {block.describe()}" for index, block in enumerate(blocks)]
        return "\n".join(lines)

    def _check_chain_names(self) -> None:
        known = CONFIGURATIONS[self.configuration]
        optional = {"bridge"} if self.configuration == "encoder_decoder" else set()
        needed = [name for name in known if name not in optional]
        given = self.chains if isinstance(self.chains, dict) else {}
        if not set(needed) <= set(given) <= set(known):
            found = sorted(map(str, given)) if isinstance(self.chains, dict) else "no chains"
            more = f", and perhaps {', '.join(optional)}" if optional else ""
            raise BlueprintError(
                "chains", f"found {shown(found)}", f"give exactly {', '.join(needed)}{more}"
            )
        # Chains run in this order, and weights are listed in it.
        ordered = {name: tuple(given[name]) for name in known if name in given}
        for name, blocks in ordered.items():
            if not 1 <= len(blocks) <= MAX_BLOCKS:
                raise BlueprintError(
                    f"chains.{name}", f"found {len(blocks)} blocks", f"give 1 to {MAX_BLOCKS}"
                )
        object.__setattr__(self, "chains", ordered)

    def _chain_input(self, name: str) -> str:
        """What a chain is fed with: `ids`, `words`, `steps` or `vector`."""
        if name == "bridge":
            return "vector"
        if name == "body" and self.input_size is None and self.words is not None:
            return "words"
        return "ids" if name == "decoder" or self.input_size is None else "steps"
