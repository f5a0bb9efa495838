"""DropConnect on the weights by which a cell's state goes from step to step."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from elman.cells.builtin import BuiltInCell
from elman.cells.checks import check_rate
from elman.errors import ArgumentError

__all__ = ["drop_weights", "for_one_pass"]


def drop_weights(cell: Any, rate: float) -> Any:
    """Let training leave out entries of the recurrent weights of a cell; returns the cell.

    Merity et al. 2017 (arXiv 1708.02182v1, section 2): while training, each entry of `weight_hh` is
    zero with probability `rate`, the others grow by 1 / (1 - rate), and one mask serves all steps,
    so the kernels run as without. In `eval()` nothing changes. The mask is drawn from torch's
    default generator, anew at each call of the cell's `unroll` (of a single step: at each step);
    `for_one_pass` fixes it for as many calls as are wanted. Networks that `elman.models.build`
    makes draw one each time they are called.

    >>> import torch
    >>> from elman.cells import LSTMCell
    >>> from elman.layers import dynamic_unroll
    >>> cell = drop_weights(LSTMCell(3, 5), 0.5)
    >>> outputs, _ = dynamic_unroll(cell, torch.ones(2, 4, 3))
    >>> outputs.sum().backward()
    >>> bool((cell.weight_hh.grad == 0).any())
    True

    Args:
        cell: A built-in cell, or wrappers around one.
        rate: Probability in [0, 1) of a zero; 0: none is left out.

    Raises:
        ArgumentError: The rate is none, or no built-in cell is inside.
    """
    rate = check_rate("rate", rate)
    inside = [part for part in _modules(cell) if isinstance(part, BuiltInCell)]
    if not inside:
        raise ArgumentError(
            "cell", f"found {type(cell).__name__}", "a built-in cell, or around one"
        )
    for part in inside:
        part.weight_drop = rate
    return cell


def for_one_pass(cell: Any) -> Any:
    """The cell with the masks of its weights drawn: for the calls of one pass, forward and back.

    It shares all parameters. Without weights to leave out it is the cell itself.
    """
    if not any(isinstance(part, BuiltInCell) and part.drops for part in _modules(cell)):
        return cell
    return _drawn(cell)


def _drawn(module: Any) -> Any:
    drawn = copy.copy(module)
    if isinstance(drawn, BuiltInCell):
        drawn.weight_mask = drawn.draw_weight_mask()
    inner = {name: part if part is None else _drawn(part) for name, part in _children(module)}
    drawn.__dict__["_modules"] = inner
    return drawn


def _modules(cell: Any) -> list[nn.Module]:
    return [*cell.modules()] if isinstance(cell, nn.Module) else []


def _children(module: nn.Module) -> list[tuple[str, nn.Module | None]]:
    return [*module._modules.items()]
