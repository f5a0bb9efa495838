"""How weights start: by name, each gate's block on its own.

- ``glorot_uniform``, ``glorot_normal``: Glorot and Bengio 2010, "Understanding the difficulty of
  training deep feedforward neural networks", equation 16.
- ``he_uniform``, ``he_normal``: He et al. 2015, arXiv 1502.01852v1, for ReLU.
- ``orthogonal``: Saxe et al. 2013, arXiv 1312.6120v3.
- ``identity``: Le et al. 2015, arXiv 1504.00941v2: a ReLU cell that starts by copying (IRNN).

`chrono` lets the gates of an LSTM or a GRU start with a long memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from elman.errors import ArgumentError
from elman.kernels.contract import GRU, LSTM
from elman.printable import closest

__all__ = ["INITIALISERS", "Initialiser", "chrono", "initialise"]

Initialiser = Callable[[Tensor, torch.Generator | None], Any]
"""Fills one gate's block `[H, I]` or `[H, R]` in place."""

INITIALISERS: dict[str, Initialiser] = {
    "glorot_uniform": lambda block, draw: nn.init.xavier_uniform_(block, generator=draw),
    "glorot_normal": lambda block, draw: nn.init.xavier_normal_(block, generator=draw),
    "he_uniform": lambda block, draw: nn.init.kaiming_uniform_(
        block, nonlinearity="relu", generator=draw
    ),
    "he_normal": lambda block, draw: nn.init.kaiming_normal_(
        block, nonlinearity="relu", generator=draw
    ),
    "orthogonal": lambda block, draw: nn.init.orthogonal_(block, generator=draw),
    "identity": lambda block, draw: nn.init.eye_(block),
}

C = TypeVar("C", bound=nn.Module)


def initialise(
    cell: C,
    *,
    input: str | Initialiser = "glorot_uniform",
    recurrent: str | Initialiser = "orthogonal",
    bias: float = 0.0,
    generator: torch.Generator | None = None,
) -> C:
    """Start the weights of a built-in cell afresh, or of all those inside a wrapper or a stack.

    >>> from elman.cells import RNNCell
    >>> irnn = initialise(RNNCell(3, 2, activation="relu"), recurrent="identity")
    >>> irnn.weight_hh.tolist()
    [[1.0, 0.0], [0.0, 1.0]]

    Peepholes start at 0 and the gains of layer normalisation at 1, so both start without effect.

    Args:
        cell: A built-in cell, or a module that contains some.
        input: For the blocks of `weight_ih`, and for `projection`: a name in `INITIALISERS`, or a
            function that fills a block in place.
        recurrent: For the blocks of `weight_hh`.
        bias: The value of every bias.
        generator: Where random values are drawn from; None means torch's default generator.

    Returns:
        The same cell.

    Raises:
        ArgumentError: An unknown name, or no built-in cell inside.
    """
    fill_input, fill_recurrent = _find("input", input), _find("recurrent", recurrent)
    found = [module for module in cell.modules() if hasattr(module, "recurrence")]
    if not found:
        raise ArgumentError("cell", f"found {type(cell).__name__}", "give one with a built-in cell")
    with torch.no_grad():
        for module in found:
            _fill(module, fill_input, fill_recurrent, bias, generator)
    return cell


def chrono(cell: C, longest: int, *, generator: torch.Generator | None = None) -> C:
    """Start an LSTM's or a GRU's gates so that its neurons remember for 1 to `longest` - 1 steps.

    Tallec and Ollivier 2018, arXiv 1804.11188v1, "chrono initialization": what is added to the gate
    that keeps (an LSTM's f, its `forget_bias` included; a GRU's z) becomes the logarithm of a
    number drawn evenly from 1…longest-1 for each neuron, and an LSTM's bias of i the negative.

    >>> from elman.cells import GRUCell
    >>> cell = chrono(GRUCell(3, 100), longest=400)
    >>> memory = 1 + cell.bias[100:200].exp()  # steps in which a value falls to 1/e, about
    >>> bool((memory >= 2).all()), bool((memory <= 400).all())
    (True, True)

    Args:
        cell: An LSTM or a GRU, or a module that contains some.
        longest: Steps over which something has to be remembered, ≥ 3.
        generator: Where the numbers are drawn from; None means torch's default generator.

    Returns:
        The same cell.

    Raises:
        ArgumentError: Fewer than 3 steps, or no LSTM or GRU inside.
    """
    if longest < 3:
        raise ArgumentError("longest", f"found {longest!r}", "give at least 3 steps")
    found = [m for m in cell.modules() if isinstance(getattr(m, "recurrence", None), LSTM | GRU)]
    if not found:
        raise ArgumentError("cell", f"found {type(cell).__name__}", "give one with an LSTM or GRU")
    with torch.no_grad():
        for module in found:
            _remember(module, longest, generator)
    return cell


def _remember(module: Any, longest: int, generator: torch.Generator | None) -> None:
    recurrence = module.recurrence
    blocks = dict(zip(recurrence.gate_names, module.bias.chunk(recurrence.gates), strict=True))
    keeps = blocks["z"] if isinstance(recurrence, GRU) else blocks["f"]
    keeps.uniform_(1, longest - 1, generator=generator).log_()
    if isinstance(recurrence, LSTM):
        blocks["i"].copy_(-keeps)
        keeps.sub_(recurrence.forget_bias)


def _find(argument: str, initialiser: str | Initialiser) -> Initialiser:
    if callable(initialiser):
        return initialiser
    if initialiser not in INITIALISERS:
        raise ArgumentError(argument, f"found {initialiser!r}", closest(initialiser, INITIALISERS))
    return INITIALISERS[initialiser]


def _fill(
    module: Any,
    fill_input: Initialiser,
    fill_recurrent: Initialiser,
    bias: float,
    generator: torch.Generator | None,
) -> None:
    for name, weight in module.weights()._asdict().items():
        if weight is None:
            continue
        if name in ("weight_ih", "weight_hh"):
            fill = fill_input if name == "weight_ih" else fill_recurrent
            for block in weight.chunk(module.recurrence.gates):
                fill(block, generator)
        elif name == "projection":
            fill_input(weight, generator)
        elif name == "norm_cell":
            weight[0], weight[1] = 1.0, 0.0
        else:
            start = {"bias": bias, "recurrent_bias": bias, "peephole": 0.0}
            weight.fill_(start.get(name, 1.0))
