"""One step of a module as a graph of torch's operations, and what of it needs no row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from elman.errors import ArgumentError

__all__ = ["Capture", "capture", "hoisted", "place_of"]


class Capture(NamedTuple):
    """A step's graph.

    Attributes:
        graph: Its placeholders are the module's tensors by name, the inputs, the state's leaves.
        names: The module's parameters and buffers, in the placeholders' order.
        batch: B, in this graph only: no other size is the same.
        states: Leaves of the state.
        state_spec: How they make the state.
        with_output: Whether the module returns an output beside the state.
        outputs: Nodes: the output, then the state's leaves.
    """

    graph: fx.Graph
    names: tuple[str, ...]
    batch: int
    states: int
    state_spec: Any
    with_output: bool
    outputs: tuple[fx.Node, ...]


def capture(module: nn.Module, inputs: Tensor, state: Any) -> Capture:
    """Traces one call on tensors that have sizes only.

    Raises:
        ArgumentError: The module branches on a value, does not take such inputs and state, or
            returns no state like the one it reads.
    """
    leaves, spec = pytree.tree_flatten(state)
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    batch = _free_size([inputs, *leaves, *tensors.values()])
    shape = {}

    def call(values: Sequence[Tensor], x: Tensor, parts: Sequence[Tensor]) -> list[Tensor]:
        named = dict(zip(tensors, values, strict=True))
        before = pytree.tree_unflatten(list(parts), spec)
        returned = torch.func.functional_call(module, named, (x, before))
        output, after = _split(returned, spec)
        shape["with_output"] = output is not None
        parts = pytree.tree_leaves(after)
        return [parts[0] if output is None else output, *parts]

    rows = [leaf.detach().new_zeros(batch, *leaf.shape[1:]) for leaf in (inputs, *leaves)]
    values = [value.detach() for value in tensors.values()]
    trace = make_fx(call, tracing_mode="fake", record_stack_traces=True)
    try:
        made = trace(values, rows[0], rows[1:])
    except RuntimeError as error:
        if "data-dependent" in str(error).lower() or "DataDependent" in type(error).__name__:
            found, expected = "found a branch that depends on a value", "choose by torch.where"
        else:
            what = (str(error).splitlines() or [type(error).__name__])[0]
            found = f"found, with {batch} rows, {what}"
            expected = "give inputs and a state that module(inputs, state) takes"
        raise ArgumentError(_own_line(error), found, expected) from error
    _refuse_changes(made.graph)
    made.graph.eliminate_dead_code()
    (output,) = (node for node in made.graph.nodes if node.op == "output")
    found = tuple(output.args[0])
    return Capture(
        made.graph, tuple(tensors), batch, len(leaves), spec, shape["with_output"], found
    )


def _refuse_changes(graph: fx.Graph) -> None:
    """Raises where values that are not the step's own are changed in place."""
    for node in graph.nodes:
        schema = getattr(node.target, "_schema", None)
        if schema is None or not schema.is_mutable or not node.args:
            continue
        changed: Any = node.args[0]
        if changed.op == "placeholder":
            what = "the inputs, the state, a weight or a buffer"
        elif getattr(changed.target, "is_view", False):
            what = "a part of a value"
        else:
            continue
        raise ArgumentError(
            place_of(node), f"found {node.target} of {what}, in place", "make a new value of it"
        )


def _free_size(tensors: Sequence[Tensor]) -> int:
    """A number of rows that no size is."""
    taken = {size for tensor in tensors for size in tensor.shape}
    return next(size for size in (11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47) if size not in taken)


def _split(returned: Any, spec: Any) -> tuple[Any, Any]:
    """Output and state of what a step returned."""
    if pytree.tree_structure(returned) == spec:
        return None, returned
    if isinstance(returned, tuple) and len(returned) == 2:
        output, after = returned
        if isinstance(output, Tensor) and pytree.tree_structure(after) == spec:
            return output, after
    found = pytree.tree_structure(returned)
    raise ArgumentError(
        "module", f"found it to return {found}", "return output and state, or the state alone"
    )


def hoisted(captured: Capture, wanted: Sequence[fx.Node]) -> Callable[..., list[Tensor]]:
    """A function of the module's tensors that computes nodes which need no row."""
    graph = fx.Graph()
    places: dict[fx.Node, fx.Node] = {}
    for node, name in zip(captured.graph.nodes, captured.names, strict=False):
        places[node] = graph.placeholder(name.replace(".", "_"))
    needed: set[fx.Node] = set()
    left = list(wanted)
    while left:
        node = left.pop()
        if node not in needed and node not in places:
            needed.add(node)
            left += node.all_input_nodes
    for node in captured.graph.nodes:
        if node in needed:
            places[node] = graph.node_copy(node, lambda each: places[each])
    graph.output([places[node] for node in wanted])
    return fx.GraphModule(nn.Module(), graph)


_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\w+)')


def place_of(node: fx.Node) -> str:
    """The line of the user's module that an operation stands in."""
    frames = _FRAME.findall(node.stack_trace or "")
    own = [frame for frame in frames if "/torch/" not in frame[0] and "/elman/" not in frame[0]]
    if not own:
        return "module"
    file, line, function = own[-1]
    return f"{file}, line {line}, in {function}"


def _own_line(error: BaseException) -> str:
    place, tracer = "module", error.__traceback__
    while tracer is not None:
        file = tracer.tb_frame.f_code.co_filename
        if "/torch/" not in file and "/elman/" not in file:
            place = f"{file}, line {tracer.tb_lineno}, in {tracer.tb_frame.f_code.co_name}"
        tracer = tracer.tb_next
    return place
