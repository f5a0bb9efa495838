"""What is diagnosed: a network of its own in float64, a batch to run it on, and the cost."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells import Cell
from elman.errors import ArgumentError, NotFittedError, ShapeError
from elman.layers import dynamic_unroll
from elman.nn.comparison import Call
from elman.registry import known_tasks
from elman.training import Examples
from elman.training.randomness import generator
from elman.unrolling.checks import check_lengths

__all__ = ["Loss", "Subject"]

Loss = Callable[[Any, Any], Tensor]
"""A scalar from a network's outputs and the targets."""


class Subject(NamedTuple):
    """A network and its batch, in float64 on a CPU.

    Attributes:
        network: A copy in `eval()`, whose parameters want no gradients.
        inputs: What its `forward` takes: one argument, a tuple of all or a dict of named ones.
        targets: What the loss compares the outputs with.
        lengths: Real steps of each row `[B]` int64; None: all.
        loss: None: a random projection takes its place.
        second: Whether `forward` takes the lengths as its second argument, whatever its name.
    """

    network: nn.Module
    inputs: Any
    targets: Any
    lengths: Tensor | None
    loss: Loss | None
    second: bool = False

    @classmethod
    def of(cls, model: Any, batch: Any, loss: Loss | None) -> Subject:
        """From the arguments of `elman.diagnose`, with its errors."""
        if hasattr(model, "training_loss"):
            network, (inputs, targets, lengths), loss = _of_estimator(model, batch, loss)
        else:
            network, (inputs, targets, lengths) = _as_module(model), _parts(batch)
        if (targets is None) != (loss is None):
            missing, given = ("loss", "targets") if loss is None else ("targets", "a loss")
            raise ArgumentError(missing, f"found {given} alone", "give both or neither")
        network = _duplicate(network)
        valid = None
        if lengths is not None:
            rows = len(torch.as_tensor(lengths))
            valid = check_lengths(lengths, rows, 2**62, torch.device("cpu"))
        about = getattr(getattr(model, "model_", None), "blueprint", None)
        second = about is not None and not about.described  # as `elman.tasks.own` calls it
        return cls(network, _doubled(inputs), _doubled(targets), valid, loss, second)

    def run(self) -> Any:
        """The network's outputs: batch first if it is a recurrent layer; of a tuple the first."""
        if isinstance(self.network, Cell):
            outputs, _ = dynamic_unroll(self.network, self.inputs, lengths=self.lengths)
            return outputs
        args, kwargs = Call.of(self.inputs)
        if self.second:
            args = (*args, self.lengths)
        elif self.lengths is not None and _takes_lengths(self.network):
            kwargs = {**kwargs, "lengths": self.lengths}
        outputs = self.network(*args, **kwargs)
        outputs = outputs[0] if type(outputs) is tuple else outputs
        if isinstance(self.network, nn.RNNBase) and isinstance(outputs, Tensor):
            if outputs.dim() == 2:
                return outputs[None]
            return outputs if self.network.batch_first else outputs.transpose(0, 1)
        return outputs

    def cost(self, outputs: Any, seed: int) -> tuple[Tensor, str]:
        """A scalar, and what it is in words.

        Raises:
            ArgumentError: There is no loss and the outputs are no tensor, or the loss gives no
                scalar.
        """
        if self.loss is not None:
            found = self.loss(outputs, self.targets)
            if not isinstance(found, Tensor) or found.numel() != 1:
                raise ArgumentError("loss", f"it gives {found!r}", "a function that gives a scalar")
            return found.reshape(()), "the loss"
        if hasattr(outputs, "_fields"):  # scores of paths: of each step first
            outputs = outputs[0]
        if not isinstance(outputs, Tensor):
            kind = type(outputs).__name__
            raise ArgumentError("loss", f"none, and the model gives a {kind}", "give a loss")
        last = _last(outputs, self.lengths).flatten(1)
        drawn = torch.from_numpy(generator(seed, "module").normal(size=last.shape[1]))
        words = f"a random projection of the output after each row's last step (seed {seed})"
        return (last @ (drawn / drawn.norm())).mean(), words


class _Plain(nn.Module):
    """A cell that is no torch module, as one."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell
        self.initial_state = cell.initial_state

    def forward(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        return self.cell(inputs, state)


def _as_module(model: Any) -> nn.Module:
    if isinstance(model, nn.Module):
        return model
    if isinstance(model, Cell) and not isinstance(model, type):
        return type(type(model).__name__, (_Plain,), {})(model)  # called what the user calls it
    estimators = {row.name: row.load_estimator() for row in known_tasks()}
    if isinstance(model, tuple(estimators.values())):
        able = [name for name, one in estimators.items() if hasattr(one, "training_loss")]
        found = f"a {type(model).__name__}, of whose loss nothing is told"
        raise ArgumentError("model", found, f"a fitted {' or '.join(able)}, or a torch.nn.Module")
    raise ArgumentError(
        "model", f"found {model!r}", "give a torch.nn.Module, a cell, or a fitted estimator"
    )


def _duplicate(model: nn.Module) -> nn.Module:
    for name, parameter in model.named_parameters():
        if not bool(parameter.isfinite().all()):
            raise ArgumentError(
                f"model {name}", "found NaN or infinity", "give weights from before that"
            )
    try:
        copied = copy.deepcopy(model)
    except (RuntimeError, TypeError) as error:
        raise ArgumentError(
            "model",
            f"cannot be copied: {error}",
            "delete what cannot be copied (a hidden state of the last call)",
        ) from error
    return copied.to("cpu", torch.float64).eval().requires_grad_(False)


def _parts(batch: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and lengths."""
    if type(batch) is not tuple:
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise ArgumentError(
            "batch", f"found {len(batch)} parts", "give inputs, or (inputs, targets, lengths)"
        )
    inputs, targets, lengths, *_ = (*batch, None, None)
    return inputs, targets, lengths


def _of_estimator(
    estimator: Any, batch: Any, loss: Loss | None
) -> tuple[nn.Module, tuple[Any, Any, Any], Loss | None]:
    """Its network and the loss that it is trained by; batch is X or (X, y), as `fit` takes them."""
    model = getattr(estimator, "model_", None)
    if model is None:
        raise NotFittedError("model", "the estimator is not fitted", "call fit first")
    if loss is not None:
        raise ArgumentError("loss", "given beside an estimator", "leave it out: it has its own")
    if getattr(model.blueprint, "given", 0):
        found = "a network that reads the states of language models beside its inputs"
        raise ArgumentError("model", found, "an estimator without features_from")
    X, y, lengths = _parts(batch)
    if lengths is not None:
        raise ArgumentError("lengths", "given beside an estimator", "give a list of sequences")
    if y is None:
        sequences = model.sequences(X)
        return estimator.module_, (model.read(sequences), None, sequences.lengths), None
    part, measure = estimator.training_loss(X, y)
    examples = part.examples(part.weight)
    lengths = part.sequences.lengths

    def loss_of_task(outputs: Tensor, wanted: Tensor) -> Tensor:
        weights = None if examples.weights is None else examples.weights.to(outputs.dtype)
        batch = Examples(wanted, wanted, torch.from_numpy(lengths), weights, kind=part.kind)
        return measure(outputs, batch).mean()

    targets = part.targets if part.kind.whole else part.targets.astype(np.float64)
    found = (model.read(part.sequences), torch.from_numpy(targets), lengths)
    return estimator.module_, found, loss_of_task


def _doubled(value: Any) -> Any:
    """Arrays and tensors in any nest, on the CPU; real numbers as float64."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.require(value, requirements=["C", "W"]))
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return value.double() if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _doubled(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [_doubled(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _takes_lengths(network: nn.Module) -> bool:
    return "lengths" in inspect.signature(network.forward).parameters


def _last(outputs: Tensor, lengths: Tensor | None) -> Tensor:
    """Of outputs `[B, T, ...]` those after each row's last step; others as they are."""
    if outputs.dim() < 3:
        return outputs if outputs.dim() == 2 else outputs.reshape(-1, 1)
    if lengths is None:
        return outputs[:, -1]
    if len(lengths) != len(outputs):
        raise ShapeError("lengths", f"{len(lengths)} for {len(outputs)} rows", "one a row")
    return outputs[torch.arange(len(outputs)), (lengths - 1).clamp(min=0)]
