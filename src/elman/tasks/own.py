"""A loss and a network that a user brings: checked, and put where ours are."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.blueprint import OwnNetwork
from elman.errors import ArgumentError, ElmanError, ShapeError
from elman.parameters import told
from elman.tasks.parameters import CellParameters
from elman.training import Measure
from elman.training.loop.losses import OwnLoss, first_line

__all__ = [
    "GIVEN",
    "OWN",
    "CheckedOutputs",
    "check_alone",
    "own_loss",
    "own_network",
    "packed_models",
    "takes",
]

OWN = ("loss", "network")
"""Parameters whose values are code."""
GIVEN = "given"
"""What a file holds of a value that no file can hold."""

_OF_OURS = (*told(CellParameters), "bidirectional", "pool")


def packed_models(given: Any) -> Any:
    """Models as a file's parameters hold them: by their paths, where all are given by those."""
    several = given if isinstance(given, list | tuple) else [given]
    if given is None or not all(isinstance(one, str | os.PathLike) for one in several):
        return None if given is None else GIVEN
    paths = [os.fspath(one) for one in several]
    return paths if isinstance(given, list | tuple) else paths[0]


def own_loss(loss: Any, usual: Measure, steps: str | None = None) -> Measure:
    """The measure of a loss of one's own; the usual one where it is None.

    Raises:
        ArgumentError: It cannot be called.
    """
    if loss is None:
        return usual
    wanted = "a function of outputs and targets, a torch module, or None"
    _check_code("loss", loss, wanted)
    if isinstance(loss, type):
        raise ArgumentError("loss", f"found the class {loss.__name__}", f"{loss.__name__}(...)")
    if not takes(loss, 2):
        raise ArgumentError("loss", "it does not take two arguments", wanted)
    return OwnLoss(loss, steps)


def own_network(given: Mapping[str, Any], like: Any, seed: int) -> tuple[OwnNetwork, nn.Module]:
    """A network of one's own, and what is known of it.

    Args:
        given: The estimator's parameters.
        like: A blueprint of the same sizes.
        seed: Of the weights that a function draws.

    Raises:
        ArgumentError: It is no torch module and makes none, has nothing to learn, or parameters
            that it does not know were set.
    """
    network, wanted = given["network"], "a torch module, or a function of two sizes that makes one"
    _check_code("network", network, wanted)
    if not isinstance(network, nn.Module) and not takes(network, 2):
        raise ArgumentError("network", "it does not take two sizes, of inputs and outputs", wanted)
    if isinstance(network, nn.Module):
        made = copy.deepcopy(network)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = network(like.input_size or like.vocabulary, like.output_size)
        if not isinstance(made, nn.Module):
            raise ArgumentError("network", f"it makes {made!r:.80}", wanted)
    if not takes(made.forward, 2):
        found = f"{type(made).__name__}.forward{inspect.signature(made.forward)}"
        raise ArgumentError("network", found, "forward(self, inputs, lengths)")
    count = sum(p.numel() for p in made.parameters() if p.requires_grad)
    if not count:
        raise ArgumentError("network", f"{type(made).__name__} has no weights to train", wanted)
    if given.get("truncation") is not None and not callable(getattr(made, "unroll", None)):
        found = f"{given['truncation']} with a {type(made).__name__} without a method unroll"
        raise ArgumentError("truncation", found, "None, or an unroll as elman.training.Unroll")
    sizes = (like.input_size, like.vocabulary, like.output_size)
    return OwnNetwork(type(made).__name__, like.configuration, *sizes, count), made


def check_alone(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """`ArgumentError` where what describes our networks was set beside one of a user's own.

    Args:
        given: The estimator's parameters.
        known: What is told of each, by name.
    """
    for name in (one for one in _OF_OURS if one in known):
        if not np.array_equal(given[name], known[name].default):
            raise ArgumentError(
                name,
                f"{given[name]!r} with a network of your own",
                "leave it out: the network says",
            )


class CheckedOutputs(nn.Module):
    """A network of one's own, whose outputs are of the shape that they must be.

    Args:
        network: It.
        about: What is known of it.

    Raises:
        ShapeError: In the call: the outputs are no tensor `[B, K]`, or per step `[B, T, K]`.
    """

    def __init__(self, network: nn.Module, about: OwnNetwork) -> None:
        super().__init__()
        self.network, self._about = network, about

    def forward(self, inputs: Tensor, lengths: Tensor | None) -> Tensor:
        """The network's outputs for scaled inputs `[B, T, I]`, or token ids `[B, T]`."""
        return self._checked(self._asked(self.network, inputs, lengths), inputs)

    def unroll(self, inputs: Tensor, **time: Any) -> tuple[Tensor, Any]:
        """The network's own `unroll`; see `elman.training.Unroll`."""
        network: Any = self.network
        outputs, state = self._asked(network.unroll, inputs, **time)
        return self._checked(outputs, inputs), state

    def _asked(self, network: Any, inputs: Tensor, *args: Any, **kwargs: Any) -> Any:
        """What the network says, its own errors with what it was asked."""
        try:
            return network(inputs, *args, **kwargs)
        except (ElmanError, torch.OutOfMemoryError):
            raise
        except (TypeError, ValueError, LookupError, RuntimeError) as error:
            found = f"{self._about.name} fails on inputs {list(inputs.shape)}: {first_line(error)}"
            wanted = "a network that takes [B, T, I], or token ids [B, T], and lengths"
            raise ArgumentError("network", found, wanted) from error

    def _checked(self, outputs: Any, inputs: Tensor) -> Tensor:
        about = self._about
        each = about.configuration == "sequence_to_sequence"
        wanted = [*inputs.shape[: 2 if each else 1], about.output_size]
        if not isinstance(outputs, Tensor) or list(outputs.shape) != wanted:
            shape = getattr(outputs, "shape", None)
            found = f"a {type(outputs).__name__}" if shape is None else f"shape {list(shape)}"
            raise ShapeError("network", f"{about.name} gives {found}", f"a tensor {wanted}")
        return outputs


def takes(function: Any, count: int) -> bool:
    """Whether something can be called with so many arguments; True where that is not known."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # a compiled function without a signature
        return True
    return True


def _check_code(name: str, value: Any, wanted: str) -> None:
    if isinstance(value, str) and value == GIVEN:
        found = f"the model was trained with a {name} of your own, which no file holds"
        raise ArgumentError(name, found, f"set_params({name}=...) before it is trained on")
    if not callable(value):
        raise ArgumentError(name, f"found {value!r}", wanted)
