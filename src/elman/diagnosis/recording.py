"""Every state of every recurrence in a model, caught while the model runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells import Cell, Zoneout
from elman.cells.builtin import BuiltInCell
from elman.explanation import described, layer_names
from elman.kernels.contract import Noise, Recurrence, Weights
from elman.models import layer_titles
from elman.nn.weights import cell_weights
from elman.operators import loop
from elman.operators.biases import merged
from elman.operators.watching import watch
from elman.state import LSTMState, RNNState, leaves, map_leaves, reset
from elman.unrolling.loop import loop as step_by_step

__all__ = ["LayerRun", "Recorder", "Step"]


class Step(NamedTuple):
    """What a cell read `[B, I]`, the state before it, and the state after it."""

    inputs: Tensor
    before: Any
    after: Any


@dataclass(eq=False)
class LayerRun:
    """One layer and direction over one batch of sequences.

    Attributes:
        name: Where it is in the model.
        what: The recurrence and its sizes.
        recurrence: Its equations; None for a cell of a user's own.
        weights: Beside them.
        cell: A cell of a user's own.
        lengths: Steps of each row `[B]` int64; None: all that were recorded.
        reverse: Whether each row was read from its last step to its first.
        steps: In the order in which they were read.
    """

    name: str
    what: str
    recurrence: Recurrence | None = None
    weights: Weights | None = None
    cell: nn.Module | None = None
    lengths: Tensor | None = None
    reverse: bool = False
    steps: list[Step] = field(default_factory=list)

    @property
    def in_time(self) -> list[Step]:
        """The steps from the sequences' first to their last."""
        return self.steps[::-1] if self.reverse else self.steps

    @property
    def rows(self) -> int:
        """Number of rows B."""
        return len(torch.atleast_2d(self.steps[0].inputs))

    def real(self) -> np.ndarray:
        """True at the steps before each row's length `[T, B]`, in the order of time."""
        count = len(self.steps)
        lengths = np.full(self.rows, count) if self.lengths is None else self.lengths.numpy()
        return np.arange(count)[:, None] < lengths


class Recorder:
    """Records what runs within `recording()`; the model is a copy that may be changed.

    Each state that leaves a step becomes a point of the graph of its own (zero is added to it),
    so that a gradient by it goes through later steps, and through what reads the outputs, alone.

    Args:
        model: In `eval()`, its parameters wanting no gradients.
        lengths: Of the batch's rows: what holds for cells that are called step by step.
    """

    def __init__(self, model: nn.Module, lengths: Tensor | None) -> None:
        self._runs: list[LayerRun] = []
        self._model = model
        self._names = _titled(layer_names(model), layer_titles(model))
        self._lengths = lengths
        self._open: dict[nn.Module, LayerRun] = {}
        self._zero = torch.zeros((), dtype=torch.float64, requires_grad=True)

    def runs(self) -> list[LayerRun]:
        """Those in which there was a step to read; one name each."""
        found = [run for run in self._runs if run.steps]
        times: dict[str, int] = {}
        for run in found:
            times[run.name] = count = times.get(run.name, 0) + 1
            if count > 1:
                run.name += f" (run {count})"
            if run in self._open.values() and self._fits(run):
                run.lengths = self._lengths
        return found

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Within this block, whatever recurrence of the model runs is recorded."""
        for module in _called_by_step(self._model):
            module.register_forward_hook(self._hook(module), with_kwargs=True)
            if not isinstance(module, BuiltInCell | nn.RNNCellBase):
                module.unroll = self._own_unroll(module)  # pyright: ignore
        with watch(self._unroll):
            yield

    def _begin(self, subject: Any, **more: Any) -> LayerRun:
        """`subject` is a recurrence's weights, or a module."""
        name = self._names.get(id(getattr(subject, "weight_ih", subject)), "")
        name = name or type(self._model).__name__
        self._runs.append(LayerRun(name, described(subject), **more))
        return self._runs[-1]

    def _follow(self, run: LayerRun, inputs: Tensor, before: Any, after: Any) -> Any:
        """The state that goes on from a step."""

        def point(leaf: Tensor) -> Tensor:
            return leaf + self._zero if leaf.is_floating_point() else leaf

        with torch.enable_grad():
            passed = map_leaves(point, after)
        detached = map_leaves(torch.Tensor.detach, before)
        run.steps.append(Step(inputs.detach(), detached, passed))
        return passed

    def _unroll(
        self,
        recurrence: Recurrence,
        weights: Weights,
        inputs: Tensor,
        state: Any,
        lengths: Tensor | None,
        resets: Tensor | None,
        reverse: bool,
        noise: Noise | None = None,
    ) -> tuple[Tensor, Any]:
        """As `elman.operators.loop.unroll`, one step at a time."""
        run = self._begin(
            weights, recurrence=recurrence, weights=weights, lengths=lengths, reverse=reverse
        )
        batch, steps, _ = inputs.shape
        real = torch.ones(batch, steps, dtype=torch.bool)
        if lengths is not None:
            real = loop.real_steps(lengths, steps)
        outputs = [inputs] * steps
        for t in reversed(range(steps)) if reverse else range(steps):
            if resets is not None:
                state = reset(state, resets[:, t] & real[:, t])
            read = inputs[:, t].masked_fill(~real[:, t, None], 0)
            given = (recurrence, weights, read[:, None], state, real[:, t].long())
            _, after = loop.unroll(*given, None, False, noise)
            state = self._follow(run, read, state, after)
            outputs[t] = state.hidden.masked_fill(~real[:, t, None], 0)
        if not steps:
            return state.hidden.new_zeros(batch, 0, state.hidden.shape[1]), state
        return torch.stack(outputs, dim=1), state

    def _own_unroll(self, cell: nn.Module) -> Callable[..., tuple[Tensor, Any]]:
        """What takes the place of a user's own `unroll`: the cell step by step."""

        def unroll(
            inputs: Tensor,
            state: Any,
            lengths: Tensor | None = None,
            resets: Tensor | None = None,
            reverse: bool = False,
        ) -> tuple[Tensor, Any]:
            self._open[cell] = self._begin(cell, cell=cell, lengths=lengths, reverse=reverse)
            result = step_by_step(cell, inputs, state, lengths, resets, reverse)
            del self._open[cell]
            return result

        return unroll

    def _hook(self, module: nn.Module) -> Callable[..., Any]:
        """Records a step of a cell, and replaces the state that it gives."""

        def hook(_: nn.Module, args: tuple, kwargs: dict, result: Any) -> Any:
            given = (*args, *kwargs.values())
            if isinstance(module, nn.RNNCellBase):
                return self._step_of_torchs(module, result, *given)
            run = self._open.get(module) or self._begin_steps(module)
            inputs, before = given
            outputs, after = result
            passed = self._follow(run, inputs, before, after)
            new = dict(zip(map(id, leaves(after)), leaves(passed), strict=True))
            return new.get(id(outputs), outputs), passed

        return hook

    def _begin_steps(self, module: Any) -> LayerRun:
        if isinstance(module, BuiltInCell):
            weights = module.weights()
            run = self._begin(weights, recurrence=module.recurrence, weights=weights)
        elif isinstance(module, nn.RNNCellBase):
            recurrence, weights, second_bias = cell_weights(module)
            weights = merged(recurrence, weights, second_bias)
            run = self._begin(weights, recurrence=recurrence, weights=weights)
        else:
            run = self._begin(module, cell=module)
        self._open[module] = run
        return run

    def _step_of_torchs(
        self, module: nn.Module, result: Any, inputs: Tensor, hx: Any = None
    ) -> Any:
        run = self._open.get(module) or self._begin_steps(module)
        single = isinstance(result, Tensor)
        after = RNNState(result) if single else LSTMState(*result)
        if hx is None:
            before = map_leaves(torch.zeros_like, after)
        else:
            before = RNNState(hx) if single else LSTMState(*hx)
        passed = self._follow(run, inputs, before, after)
        return passed.hidden if single else tuple(passed)

    def _fits(self, run: LayerRun) -> bool:
        """Whether the batch's lengths can be those of a cell's calls."""
        lengths = self._lengths
        return (
            lengths is not None
            and len(lengths) == run.rows
            and int(lengths.max()) <= len(run.steps)
        )


def _titled(names: dict[int, str], titles: dict[str, str]) -> dict[int, str]:
    """The names in which what lies in a layer that has a title is called by that."""

    def called(name: str) -> str:
        inside = (title for path, title in titles.items() if f"{name}.".startswith(f"{path}."))
        return next(inside, name)

    return {key: called(name) for key, name in names.items()}


def _called_by_step(model: nn.Module) -> list[nn.Module]:
    """The modules of which each call is one step: torch's cells and ours, and a user's own.

    A user's own is a module of the protocol that has no recurrence inside; where zoneout acts on
    it, the two together are the cell, for zoneout carries the state past it.
    """
    found: list[nn.Module] = []
    found += (m for m in model.modules() if isinstance(m, BuiltInCell | nn.RNNCellBase))
    inside: set[nn.Module] = set()
    for module in model.modules():
        zoned = isinstance(module, Zoneout) and _is_own(module.cell)
        if module not in inside and (zoned or _is_own(module)):
            found.append(module)
            inside.update(module.modules())
    return found


def _is_own(cell: Any) -> bool:
    if isinstance(cell, BuiltInCell | nn.RNNBase | nn.RNNCellBase) or not isinstance(cell, Cell):
        return False
    parts = list(cell.modules())[1:] if isinstance(cell, nn.Module) else []
    return not any(isinstance(m, nn.RNNBase | nn.RNNCellBase | Cell) for m in parts)
