"""A network that is fed step by step, whole in the compiled module: for streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elman.blueprint import (
    Blueprint,
    Chord,
    Dense,
    Dropout,
    Embedding,
    Mixture,
    Pool,
    Recurrent,
    Tied,
)
from elman.errors import ArgumentError, ShapeError
from elman.kernels.compiled import kernels_of, missing
from elman.kernels.native import Stepper
from elman.kernels.tapes.native import Stepper as TapeStepper
from elman.runtime.network.blocks import Chain, given_to
from elman.runtime.network.cells import Arrays, KernelCell, TapeCell
from elman.state import batch_size, describe
from elman.transforms.scaler import Scaler

__all__ = ["NetworkStepper"]


class NetworkStepper:
    """Feeds a network one step of a stream at a time, and allocates nothing.

    It knows networks that stream, of embedding, recurrent, dense (linear or ReLU), tied, mixture,
    dropout and pool ("last") blocks, whose cells are written ones, perhaps with zoneout, or simple
    ones, LSTMs and GRUs without wrappers that act when a network answers. Scores have the bits of
    `Network.step_inputs`; probabilities are the same to rounding.

    Args:
        blueprint: The description.
        weights: An array for each of `blueprint.shapes()`, float32; copied, or held as they are.
        chain: The same, built.
        batch: Rows B of a step.
        scaler: Applied to the inputs first; None: they are read as they are.
        probabilities: "classes" (they exclude each other) or "labels" (each by itself); None:
            scores as the last block gives them.

    Attributes:
        state: The state of each recurrent layer after the last step, zeros at first. The arrays are
            written to at each step, and may be written to between two.
        outputs: `[B, K]`, what `step` returns: written to at each step. Copy what must stay.
        step: Takes dense inputs `[B, I]` float32, or token ids `[B]` int64; returns `outputs`.
        write: Of networks that read ids: steps with a draw between them; see the module's `Line`.

    Raises:
        ArgumentError: The network does not stream or has another block or cell, or there is no
            compiled module.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        weights: Arrays,
        chain: Chain,
        batch: int = 1,
        *,
        scaler: Scaler | None = None,
        probabilities: str | None = None,
    ) -> None:
        reason = missing()
        if reason is not None or not blueprint.streams:
            raise _unable(reason or "this network does not answer step by step")
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise ArgumentError("batch", f"found {batch!r}", "give a positive integer")
        features = blueprint.input_size or 0  # none where ids are read
        self._batch, self._width = batch, features
        self._stages: list[Any] = []
        self._steppers: list[Stepper | TapeStepper] = []
        self.outputs = np.zeros((batch, self._width), np.float32)
        embedding = None
        if scaler is not None:
            self._add("scale", scaler.mean, scaler.deviation)
        for index, (block, fed) in enumerate(blueprint.fed_blocks("body")):
            given = given_to(block, weights, "body", index)
            if isinstance(block, Embedding):
                rows = self._results(given["weight"].shape[1])
                embedding = (rows.shape[1], given["weight"], rows, len(given["weight"]))
            elif isinstance(block, Recurrent) and not block.beside:
                self._add_cells(chain.blocks[index])
            elif isinstance(block, Mixture | Chord | Dense) and _activation(block) in (
                None,
                "relu",
            ):
                rectified = _activation(block) == "relu"
                self._add_dense(fed, given["weight"], given["bias"], rectified)
            elif isinstance(block, Tied):
                if block.projected:
                    nothing = np.zeros(block.size, np.float32)
                    self._add_dense(fed, given["projection"], nothing, False)
                self._add_dense(block.size, given["table"], given["bias"], False)
            elif not isinstance(block, Dropout) and not (
                isinstance(block, Pool) and block.how == "last"
            ):
                raise _unable(f"it has a block that steps in Python only: {block}")
        if probabilities is not None:
            count, apart = self._width, probabilities == "labels"
            self._stages.append(("probabilities", (count, apart, self._results(count))))
        self.state: Any = tuple(stepper.state for stepper in self._steppers)
        line = kernels_of("float32").Line(
            batch, features, embedding, tuple(self._stages), self.outputs
        )
        self.step: Callable[[np.ndarray], np.ndarray] = line.step
        self.write: Callable[..., int] = line.write

    def reset(self, state: Any = None) -> None:
        """Begin again, from `state` (of each recurrent layer) or from zeros.

        Raises:
            ShapeError: `state` is none of this network's.
        """
        if state is not None and (
            describe(state) != describe(self.state) or batch_size(state) != self._batch
        ):
            raise ShapeError("state", f"found {describe(state)}", f"give {describe(self.state)}")
        for k, stepper in enumerate(self._steppers):
            stepper.reset(None if state is None else state[k])

    def _results(self, width: int) -> np.ndarray:
        """Where the next stage writes; from now on what is read."""
        self._width = width
        self.outputs = np.zeros((self._batch, width), np.float32)
        return self.outputs

    def _add(self, kind: str, *given: Any) -> None:
        self._stages.append((kind, (self._width, *given, self._results(self._width))))

    def _add_dense(
        self, features: int, weight: np.ndarray, bias: np.ndarray, rectified: bool
    ) -> None:
        results = self._results(len(bias))
        self._stages.append(("dense", (features, weight, bias, results, rectified)))

    def _add_cells(self, block: Any) -> None:
        for (cell,) in block.layers:
            stepper = _stepper_of(cell, self._batch)
            self._steppers.append(stepper)
            self._stages.append(stepper.compiled)
            self._width, self.outputs = stepper.outputs.shape[1], stepper.outputs


def _activation(block: Mixture | Chord | Dense) -> str | None:
    return block.activation if isinstance(block, Dense) else None


def _stepper_of(cell: Any, batch: int) -> Stepper | TapeStepper:
    if isinstance(cell, TapeCell):
        return cell.stepper(batch)
    compiled = isinstance(cell, KernelCell) and missing(cell.recurrence) is None
    if not compiled or cell.noise.acts:
        raise _unable(f"it has a cell that steps in Python only: {type(cell).__name__}")
    return Stepper(cell.recurrence, cell.weights, batch)


def _unable(found: str) -> ArgumentError:
    return ArgumentError("stepper", found, "use step_inputs")
