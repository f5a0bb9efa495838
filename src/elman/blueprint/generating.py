"""The rules for a network that writes: what it is told, and from where its decoder starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman.blueprint.blocks import (
    Adaptive,
    Attend,
    Block,
    Dense,
    Dropout,
    Embedding,
    Recurrent,
    Tied,
    WindowBlock,
)
from elman.blueprint.flow import check_state_is_read
from elman.errors import BlueprintError

if TYPE_CHECKING:
    from elman.blueprint.network import Blueprint

__all__ = ["check_generator", "state_size", "state_sizes"]


def check_generator(blueprint: Blueprint) -> None:
    """A decoder writes tokens of its own vocabulary, starting from a state it is given."""
    decoder = blueprint.chains["decoder"]
    vocabulary = decoder[0].vocabulary  # pyright: ignore  (the flow begins with ids)
    for name, blocks in blueprint.chains.items():
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
    for name, token in (("go", blueprint.go), ("eos", blueprint.eos)):
        if token is None or token >= vocabulary:
            raise BlueprintError(
                name,
                f"found {token}",
                f"give a token id from 0 to {vocabulary - 1}",
            )
    if blueprint.configuration == "encoder_decoder":
        _check_encoder(blueprint)
    _check_shared(blueprint)
    _check_memory(blueprint)
    if "bridge" in blueprint.chains:
        _check_bridge(blueprint.chains["bridge"], decoder, blueprint.conditioning)


def state_sizes(blocks: tuple[Block, ...]) -> list[dict[str, int]]:
    """The parts of each cell's state, of all recurrent blocks in their order."""
    return [
        state for block in blocks if isinstance(block, Recurrent) for state in block.state_sizes
    ]


def state_size(blocks: tuple[Block, ...]) -> int:
    """Features of all states together."""
    return sum(size for state in state_sizes(blocks) for size in state.values())


def _check_encoder(blueprint: Blueprint) -> None:
    encoder, decoder = blueprint.chains["encoder"], blueprint.chains["decoder"]
    attended = blueprint.attends is not None and isinstance(encoder[-1], Recurrent)
    if not attended:  # else the outputs are read, too
        check_state_is_read("chains.encoder", encoder, len(encoder) - 1)
    both = any(isinstance(block, Recurrent) and block.bidirectional for block in encoder)
    if both and blueprint.reverse_source:
        raise BlueprintError(
            "reverse_source",
            "set for an encoder that reads in both directions",
            "leave it out: the source is read backwards as well",
        )
    same = state_sizes(encoder) == state_sizes(decoder) and not both
    if "bridge" not in blueprint.chains and not same:
        found = f"its state is {state_sizes(decoder)}, the encoder's {state_sizes(encoder)}"
        raise BlueprintError(
            "chains.decoder",
            found + (", of both directions" if both else ""),
            "use cells of the same kinds and sizes in one direction in both, or give a bridge",
        )


def _check_shared(blueprint: Blueprint) -> None:
    """The decoder's vectors can only be the encoder's if these are as many, of the same size."""
    target = blueprint.chains["decoder"][0]
    if not isinstance(target, Embedding) or not target.shared:
        return
    source = blueprint.chains.get("encoder", (None,))[0]
    sizes = (target.vocabulary, target.size)
    if not isinstance(source, Embedding) or (source.vocabulary, source.size) != sizes:
        found = f"shares the vectors of {source.describe() if source else 'no encoder'}"
        raise BlueprintError("chains.decoder[0]", found, f"begin an encoder with Embedding{sizes}")


def _check_memory(blueprint: Blueprint) -> None:
    """What is attended to is what the encoder gives; what is fed back has one place to go to."""
    decoder = blueprint.chains["decoder"]
    for index, block in enumerate(decoder):
        if not isinstance(block, Attend):
            continue
        where = f"chains.decoder[{index}]"
        if blueprint.configuration != "encoder_decoder":
            raise BlueprintError(where, "found no encoder to attend to", "leave it out")
        given = blueprint.chains["encoder"][-1].output_features(0)
        if block.memory != given:
            found = f"found {block.memory} for an encoder that gives {given} features"
            raise BlueprintError(f"{where}.memory", found, f"give {given}")
        plain = all(isinstance(one, Embedding | Dropout) for one in decoder[: index - 1])
        if block.feeding and not plain:
            found = f"set behind {', '.join(one.kind for one in decoder[:index])}"
            expected = "one recurrent, before it embedding and dropout only"
            raise BlueprintError(f"{where}.feeding", found, expected)


def _check_bridge(bridge: tuple[Block, ...], decoder: tuple[Block, ...], conditioning: str) -> None:
    last = bridge[-1]
    needed, what = state_size(decoder), "the decoder's whole initial state"
    if conditioning == "first":
        needed, what = decoder[0].output_features(0), "as an embedded token"
    if conditioning == "steps":
        needed, what = last.output_features(0), "what stands beside each step"
    if not isinstance(last, Dense) or last.units != needed:
        raise BlueprintError(
            f"chains.bridge[{len(bridge) - 1}]",
            f"found {last.describe()}",
            f"end with Dense({needed}): {what}",
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
