"""What the gradients of a cell's step need: its memory, and the tensors that it reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from elman.errors import ArgumentError
from elman.state import leaves, map_leaves

__all__ = ["Needs", "Reached", "differentiable", "probe", "tracked"]

_NODE = 1024
"""Bytes of one operation in torch's graph, beside its tensors' numbers."""
_GENERATOR = 5056
"""Bytes of the state of torch's generator on a CPU."""
_SPARE = 1 << 16
"""Bytes for what is small."""
_SCRATCH = 4
"""What the kernels and the allocator hold beside it is at most so small a part of what is kept."""


class Needs(NamedTuple):
    """What a sequence needs.

    Attributes:
        state_bytes: To save one state.
        step_bytes: For the gradients of one step.
        fixed_bytes: However long the sequence is.
        sources: The tensors that need gradients, beside inputs and state: the cell's parameters,
            and whatever else its steps reach.
    """

    state_bytes: int
    step_bytes: int
    fixed_bytes: int
    sources: list[Tensor]


def differentiable(leaf: Tensor) -> bool:
    """Whether an array of a state can have a gradient."""
    return leaf.is_floating_point() or leaf.is_complex()


def tracked(leaf: Tensor) -> Tensor:
    """An array of a state as one from which a graph begins."""
    return leaf.detach().requires_grad_() if differentiable(leaf) else leaf


def probe(
    cell: Any, run: Callable[[Tensor, Any], tuple[Tensor, Any]], inputs: Tensor, state: Any
) -> Needs:
    """What `cell` needs, from running some steps of it with all that gradients need.

    Neither torch's generators nor the cell's buffers notice.

    Args:
        cell: The cell.
        run: Gives outputs and state after `inputs`, from a state before them.
        inputs: A few steps, `[B, T, ...]`.
        state: The state before them.
    """
    buffers = list(cell.buffers()) if isinstance(cell, nn.Module) else []
    before = [buffer.clone() for buffer in buffers]
    devices = [inputs.device] if inputs.device.type == "cuda" else []
    generator = torch.get_rng_state()
    kept = _Kept()
    own = [p for p in _parameters(cell) if p.requires_grad]
    with torch.random.fork_rng(devices), torch.enable_grad(), kept.hooks():
        read = inputs.detach().requires_grad_(inputs.requires_grad)
        begin = map_leaves(tracked, state)
        outputs, final = run(read, begin)
        ends = [outputs, *(leaf for leaf in leaves(final) if differentiable(leaf))]
        nodes, found = _walk([end for end in ends if end.requires_grad], own)
        draws = not torch.equal(generator, torch.get_rng_state())
    with torch.no_grad():
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)
    given = {id(tensor) for tensor in (read, *leaves(begin), *own)}
    sources = own + [leaf for leaf in found if id(leaf) not in given]
    small = sum(map(_size, sources))
    in_all = kept.bytes([*sources, inputs, *leaves(state)]) + _NODE * len(nodes)
    in_all += _size(outputs) + 2 * inputs.requires_grad * _size(inputs)
    in_all += in_all // _SCRATCH
    states = sum(map(_size, leaves(state))) + draws * _GENERATOR
    return Needs(states, ceil(in_all / inputs.shape[1]), 3 * small + _SPARE, sources)


class Reached:
    """Refuses gradients that would flow elsewhere than through known tensors.

    Args:
        sources: These, beside a segment's inputs and the state before it.
    """

    def __init__(self, sources: Sequence[Tensor]) -> None:
        self._sources = sources
        self._known = {id(source) for source in sources}

    def check(self, ends: Sequence[Tensor], begins: Sequence[Tensor]) -> None:
        """Look through the graph of `ends`, which may also begin in `begins`.

        Raises:
            ArgumentError: It begins in yet another tensor.
        """
        allowed = self._known.union(map(id, begins))
        for tensor in _walk(ends, self._sources)[1]:
            if id(tensor) not in allowed:
                raise ArgumentError(
                    "cell",
                    f"a step reaches a tensor {list(tensor.shape)} that needs a gradient, which"
                    " neither its parameters nor its first steps showed",
                    "make it a parameter of the cell, or leave out memory=",
                )


def _walk(ends: Sequence[Tensor], stops: Iterable[Tensor]) -> tuple[list[Any], list[Tensor]]:
    """The nodes of the graph of `ends`, not beyond `stops`; and the tensors in which it begins."""
    seen = {stop.grad_fn for stop in stops if stop.grad_fn is not None}
    found: dict[int, Tensor] = {id(end): end for end in ends if end.grad_fn is None}
    waiting = [end.grad_fn for end in ends if end.grad_fn is not None]
    nodes = []
    while waiting:
        node: Any = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        nodes.append(node)
        if hasattr(node, "variable"):
            found[id(node.variable)] = node.variable
        waiting += [further for further, _ in node.next_functions if further is not None]
    return nodes, list(found.values())


class _Kept:
    """Counts the memory that torch keeps for gradients."""

    def __init__(self) -> None:
        self._storages: dict[int, Any] = {}  # held, so that no address comes twice

    def hooks(self) -> Any:
        """Within this block everything that is kept is counted, and nothing can be reversed."""
        return torch.autograd.graph.saved_tensors_hooks(self._keep, lambda nothing: nothing)

    def _keep(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        self._storages[storage.data_ptr()] = storage

    def bytes(self, given: Iterable[Tensor]) -> int:
        """All but the memory of `given`, which is there anyway."""
        there = {tensor.untyped_storage().data_ptr() for tensor in given}
        return sum(s.nbytes() for at, s in self._storages.items() if at not in there)


def _parameters(cell: Any) -> list[Tensor]:
    return list(cell.parameters()) if hasattr(cell, "parameters") else []


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
