"""The rules by which blocks may follow each other in a chain."""

from __future__ import annotations

from elman.blueprint.blocks import (
    Adaptive,
    Attend,
    Block,
    Convolution,
    Crf,
    Dropout,
    Embedding,
    Given,
    Parallel,
    Pool,
    Recall,
    Recurrent,
    Segments,
    SoftWindow,
    Tied,
    Words,
)
from elman.blueprint.checks import shown
from elman.blueprint.heads import check_head
from elman.errors import BlueprintError

__all__ = ["check_flow", "check_state_is_read"]


def check_flow(name: str, blocks: tuple[Block, ...], value: str, gives: str) -> None:
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
        _check_place(where, name, blocks, index)
        value = block.turns[value]
    if value != gives:
        raise BlueprintError(
            f"chains.{name}[{len(blocks) - 1}]",
            f"gives {value}",
            f"end with blocks that give {gives}",
        )
    if gives == "steps" and not any(
        isinstance(block, Recurrent | Parallel | SoftWindow) for block in blocks
    ):
        raise BlueprintError(f"chains.{name}", "found no recurrent block", "give one")


def _check_place(where: str, name: str, blocks: tuple[Block, ...], index: int) -> None:
    """What some blocks need before or behind them."""
    block = blocks[index]
    if isinstance(block, Pool) and block.how == "last":
        check_state_is_read(f"chains.{name}", blocks, index - 1)
    if isinstance(block, Recall):
        _check_segments_are_read(where, blocks[:index], block)
    if isinstance(block, Crf) and (name != "body" or block is not blocks[-1]):
        found = f"found crf in {name}, with blocks behind it or in a network that generates"
        raise BlueprintError(where, found, "end a sequence_to_sequence network's body with it")
    if isinstance(block, SoftWindow) and (name != "body" or index):
        found = f"found soft_window in {name}, behind {index} blocks"
        raise BlueprintError(where, found, "begin a sequence_to_sequence network's body with it")
    if isinstance(block, Given):
        _check_first(where, name, blocks[:index])
    if isinstance(block, Convolution):
        _check_convolved(where, name, blocks)
    if isinstance(block, Recurrent) and block.beside and name != "body":
        raise BlueprintError(where, f"found beside in {name}", "leave it out but in a body")
    if isinstance(block, Tied | Adaptive):
        check_head(where, blocks, block)
    if isinstance(block, Attend):
        _check_looks_back(where, name, blocks[:index])
    if isinstance(block, Embedding) and block.shared and name != "decoder":
        found = f"shared, in {name}"
        raise BlueprintError(where, found, "only a decoder has an encoder's vectors")


def _check_first(where: str, chain: str, before: tuple[Block, ...]) -> None:
    """What is given is known of the steps as they are read."""
    if chain != "body" or not all(isinstance(one, Embedding | Words | Dropout) for one in before):
        found = f"found given in {chain} behind {', '.join(b.kind for b in before) or 'nothing'}"
        raise BlueprintError(where, found, "put it first in a body, or behind embedding or words")


def _check_convolved(where: str, chain: str, blocks: tuple[Block, ...]) -> None:
    """A body convolves; with a pool only where one vector is made of all steps."""
    if chain != "body":
        raise BlueprintError(where, f"found convolution in {chain}", "put it into a body")
    pools = any(isinstance(one, Convolution) and one.pool > 1 for one in blocks)
    if pools and not any(one.turns.get("steps") == "vector" for one in blocks):
        found = "found a pool of several steps in a network that answers at each"
        raise BlueprintError(where, found, "a pool of 1, or one vector of all steps")


def _check_looks_back(where: str, chain: str, before: tuple[Block, ...]) -> None:
    """A decoder attends once, with what its cells give at a step."""
    once = not any(isinstance(one, Attend) for one in before)
    if chain != "decoder" or not once or not before or not isinstance(before[-1], Recurrent):
        found = f"found attend in {chain} behind {', '.join(b.kind for b in before) or 'nothing'}"
        raise BlueprintError(where, found, "put it once into a decoder, right behind its recurrent")


def _check_segments_are_read(where: str, before: tuple[Block, ...], block: Recall) -> None:
    """What is recalled was made by a `Segments` of the same length."""
    made = [each for each in before if isinstance(each, Segments)]
    if not made or made[-1].length != block.length:
        found = f"segments of {made[-1].length} steps" if made else "no segments"
        raise BlueprintError(where, f"recalls {found}", f"put Segments({block.length}) before it")


def check_state_is_read(chain: str, blocks: tuple[Block, ...], index: int) -> None:
    """Only a final state is read here; what a top cell adds to its outputs would be lost."""
    block = blocks[index] if index >= 0 else None
    if not isinstance(block, Recurrent):
        raise BlueprintError(
            f"{chain}[{max(index, 0)}]",
            f"found {blocks[max(index, 0)].kind} where a final state is read",
            "put a Recurrent there (before Pool('last'), at an encoder's end)",
        )
    if block.beside:
        found = "found beside where a final state (not the outputs) is read"
        raise BlueprintError(f"{chain}[{index}]", found, "leave it out, or pool by mean or max")
    for option in ("residual", "output_projection"):
        if getattr(block.cells[-1], option):
            raise BlueprintError(
                f"{chain}[{index}].cells[{len(block.cells) - 1}].{option}",
                "set on the top cell, whose state (not its outputs) is read",
                "leave it out on the top cell (or pool by mean or max)",
            )
