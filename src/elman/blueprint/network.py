"""A whole network as data: chains of blocks, and the rules that make them fit together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from elman.blueprint.blocks import (
    MAX_VOCABULARY,
    Adaptive,
    Block,
    Crf,
    Dense,
    Dropout,
    Embedding,
    Given,
    Parallel,
    Pool,
    Recall,
    Recurrent,
    Segments,
    Tied,
    WindowBlock,
    Words,
)
from elman.blueprint.cells import MAX_UNITS
from elman.blueprint.checks import boolean, check_fields, integer, optional, shown, within
from elman.blueprint.heads import check_head
from elman.errors import BlueprintError, ShapeError
from elman.recurrences import Shapes

__all__ = ["CONFIGURATIONS", "MAX_BLOCKS", "MAX_PARAMETERS", "Blueprint"]

MAX_BLOCKS = 64
MAX_PARAMETERS = 2**30

CONFIGURATIONS: dict[str, dict[str, str]] = {
    "sequence_to_vector": {"body": "vector"},
    "sequence_to_sequence": {"body": "steps"},
    "vector_to_sequence": {"bridge": "vector", "decoder": "steps"},
    "encoder_decoder": {"encoder": "steps", "decoder": "steps"},
}
"""Each configuration's chains, in the order in which they run, and what each one gives."""


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
        reverse_source: An encoder reads its source from the last step to the first.

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

    def __post_init__(self) -> None:
        if not isinstance(self.configuration, str) or self.configuration not in CONFIGURATIONS:
            raise BlueprintError(
                "configuration",
                f"found {shown(self.configuration)}",
                f"use one of {', '.join(CONFIGURATIONS)}",
            )
        check_fields(self)
        self._check_chain_names()
        for name, gives in CONFIGURATIONS[self.configuration].items():
            _check_flow(name, self.chains[name], self._chain_input(name), gives)
        if self.generates:
            self._check_generator()
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
        if self.generates or self.reads_windows or self.given:
            return False
        recurrent = [block for block in self.chains["body"] if isinstance(block, Recurrent)]
        return not any(block.bidirectional for block in recurrent)

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
        """Number of trainable values."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    def shapes(self) -> Shapes:
        """The expected shape of every weight, named as in torch's state_dict and in bundles.

        A name is the chain's, the block's index in it, and the block's own: `body.0.weight`.
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
        blocks = self.chains[chain]
        features = 0 if self._chain_input(chain) in ("ids", "words") else self.input_size or 0
        found: list[tuple[Block, int]] = []
        for block in blocks:
            found.append((block, features))
            features = block.output_features(features)
        return found

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
        expected = CONFIGURATIONS[self.configuration]
        if not isinstance(self.chains, dict) or set(self.chains) != set(expected):
            found = sorted(map(str, self.chains)) if isinstance(self.chains, dict) else "no chains"
            raise BlueprintError(
                "chains", f"found {shown(found)}", f"give exactly {', '.join(expected)}"
            )
        for name in expected:
            if not 1 <= len(self.chains[name]) <= MAX_BLOCKS:
                raise BlueprintError(
                    f"chains.{name}",
                    f"found {len(self.chains[name])} blocks",
                    f"give 1 to {MAX_BLOCKS}",
                )
        # Chains run in this order, and weights are listed in it.
        ordered = {name: tuple(self.chains[name]) for name in expected}
        object.__setattr__(self, "chains", ordered)

    def _chain_input(self, name: str) -> str:
        """What a chain is fed with: `ids`, `words`, `steps` or `vector`."""
        if name == "bridge":
            return "vector"
        if name == "body" and self.input_size is None and self.words is not None:
            return "words"
        return "ids" if name == "decoder" or self.input_size is None else "steps"

    def _check_generator(self) -> None:
        """A decoder writes tokens of its own vocabulary, starting from a state it is given."""
        decoder = self.chains["decoder"]
        vocabulary = decoder[0].vocabulary  # pyright: ignore  (the flow begins with ids)
        for name, blocks in self.chains.items():
            _check_reads_steps(name, blocks)
        _check_starts_elsewhere(decoder)
        last, scores = decoder[-1], 0
        if isinstance(last, Dense | Tied | Adaptive):
            scores = last.output_features(0)
        if scores != vocabulary:
            raise BlueprintError(
                f"chains.decoder[{len(decoder) - 1}]",
                f"found {last.describe()}",
                f"end with Dense({vocabulary}): a score for each token of the vocabulary",
            )
        for name, token in (("go", self.go), ("eos", self.eos)):
            if token is None or token >= vocabulary:
                raise BlueprintError(
                    name,
                    f"found {token}",
                    f"give a token id from 0 to {vocabulary - 1}",
                )
        if self.configuration == "encoder_decoder":
            self._check_encoder()
        else:
            self._check_bridge()

    def _check_encoder(self) -> None:
        encoder, decoder = self.chains["encoder"], self.chains["decoder"]
        _check_state_is_read("chains.encoder", encoder, len(encoder) - 1)
        if _state_sizes(encoder) != _state_sizes(decoder):
            raise BlueprintError(
                "chains.decoder",
                f"its state is {_state_sizes(decoder)}, the encoder's {_state_sizes(encoder)}",
                "use cells of the same kinds and sizes in one direction in both",
            )

    def _check_bridge(self) -> None:
        bridge = self.chains["bridge"]
        needed = sum(
            size for state in _state_sizes(self.chains["decoder"]) for size in state.values()
        )
        if not isinstance(bridge[-1], Dense) or bridge[-1].units != needed:
            raise BlueprintError(
                f"chains.bridge[{len(bridge) - 1}]",
                f"found {bridge[-1].describe()}",
                f"end with Dense({needed}): the decoder's whole initial state",
            )


def _state_sizes(blocks: tuple[Block, ...]) -> list[dict[str, int]]:
    return [
        state for block in blocks if isinstance(block, Recurrent) for state in block.state_sizes
    ]


def _check_flow(name: str, blocks: tuple[Block, ...], value: str, gives: str) -> None:
    """Every block gets what it accepts, and the chain gives what the configuration needs."""
    for index, block in enumerate(blocks):
        where = f"chains.{name}[{index}]"
        if not isinstance(block, Block):
            raise BlueprintError(where, f"found {shown(block)}", "give a block")
        if value not in block.turns:
            raise BlueprintError(
                where,
                f"found {block.kind}, which is fed {value}",
                f"put it where it gets {' or '.join(block.turns)}",
            )
        if isinstance(block, Pool) and block.how == "last":
            _check_state_is_read(f"chains.{name}", blocks, index - 1)
        if isinstance(block, Recall):
            _check_segments_are_read(where, blocks[:index], block)
        if isinstance(block, Crf) and (name != "body" or block is not blocks[-1]):
            found = f"found crf in {name}, with blocks behind it or in a network that generates"
            raise BlueprintError(where, found, "end a sequence_to_sequence network's body with it")
        if isinstance(block, Given):
            _check_first(where, name, blocks[:index])
        if isinstance(block, Tied | Adaptive):
            check_head(where, blocks, block)
        value = block.turns[value]
    if value != gives:
        raise BlueprintError(
            f"chains.{name}[{len(blocks) - 1}]",
            f"gives {value}",
            f"end with blocks that give {gives}",
        )
    if gives == "steps" and not any(isinstance(block, Recurrent | Parallel) for block in blocks):
        raise BlueprintError(f"chains.{name}", "found no recurrent block", "give one")


def _check_first(where: str, chain: str, before: tuple[Block, ...]) -> None:
    """What is given is known of the steps as they are read."""
    if chain != "body" or not all(isinstance(one, Embedding | Words | Dropout) for one in before):
        found = f"found given in {chain} behind {', '.join(b.kind for b in before) or 'nothing'}"
        raise BlueprintError(where, found, "put it first in a body, or behind embedding or words")


def _check_segments_are_read(where: str, before: tuple[Block, ...], block: Recall) -> None:
    """What is recalled was made by a `Segments` of the same length."""
    made = [each for each in before if isinstance(each, Segments)]
    if not made or made[-1].length != block.length:
        found = f"segments of {made[-1].length} steps" if made else "no segments"
        raise BlueprintError(where, f"recalls {found}", f"put Segments({block.length}) before it")


def _check_state_is_read(chain: str, blocks: tuple[Block, ...], index: int) -> None:
    """Only a final state is read here; what a top cell adds to its outputs would be lost."""
    block = blocks[index] if index >= 0 else None
    if not isinstance(block, Recurrent):
        raise BlueprintError(
            f"{chain}[{max(index, 0)}]",
            f"found {blocks[max(index, 0)].kind} where a final state is read",
            "put a Recurrent there (before Pool('last'), at an encoder's end)",
        )
    for option in ("residual", "output_projection"):
        if getattr(block.cells[-1], option):
            raise BlueprintError(
                f"{chain}[{index}].cells[{len(block.cells) - 1}].{option}",
                "set on the top cell, whose state (not its outputs) is read",
                "leave it out on the top cell (or pool by mean or max)",
            )


def _check_reads_steps(chain: str, blocks: tuple[Block, ...]) -> None:
    """What generates goes on step by step from the one state that is handed to its decoder."""
    for index, block in enumerate(blocks):
        if isinstance(block, WindowBlock):
            raise BlueprintError(
                f"chains.{chain}[{index}]",
                f"found {block.kind} in a network that generates",
                "use it in a sequence_to_vector or sequence_to_sequence network",
            )
        cells = block.cells if isinstance(block, Recurrent) else ()
        for layer, cell in enumerate(cells):
            if cell.dilation > 1:
                raise BlueprintError(
                    f"chains.{chain}[{index}].cells[{layer}].dilation",
                    f"found {cell.dilation} in a network that generates",
                    "leave it out: a decoder starts from one state",
                )


def _check_starts_elsewhere(decoder: tuple[Block, ...]) -> None:
    """A decoder runs forward, from a state that is given."""
    for index, block in enumerate(decoder):
        if not isinstance(block, Recurrent):
            continue
        where = f"chains.decoder[{index}]"
        if block.bidirectional:
            raise BlueprintError(f"{where}.bidirectional", "found true", "a decoder runs forward")
        for layer, cell in enumerate(block.cells):
            if cell.learned_state:
                raise BlueprintError(
                    f"{where}.cells[{layer}].learned_state",
                    "found true",
                    "leave it out: a decoder's initial state is given to it",
                )
