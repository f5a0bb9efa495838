"""torch.nn's recurrent modules become our twins where they stand, and torch's again.

A twin has torch's attributes and another `forward`, so to replace a module is to change its class.
The object stays: whoever holds it, its parameters or its hooks goes on holding them.
"""

from __future__ import annotations

import copy
import copyreg
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from elman.errors import ArgumentError, SlowPathError
from elman.nn.cells import GRUCell, LSTMCell, RNNCell
from elman.nn.comparison import Call, compare, duplicate, speed_up
from elman.nn.report import Entry, Report
from elman.nn.sequences import GRU, LSTM, RNN
from elman.nn.weights import cell_weights, layer_weights
from elman.operators import choose

__all__ = ["SINGLE_STEP", "accelerate", "objection", "restore"]

_TWINS: dict[type, type] = {
    nn.RNN: RNN,
    nn.LSTM: LSTM,
    nn.GRU: GRU,
    nn.RNNCell: RNNCell,
    nn.LSTMCell: LSTMCell,
    nn.GRUCell: GRUCell,
}
"""torch.nn's class -> ours."""

SINGLE_STEP = "a single step is torch's own operator"
"""What runs a cell's twin."""


class _Accelerated:
    """What an accelerated module has beside the twin's `forward`: how it is copied and saved."""

    original: ClassVar[Any]  # torch.nn's class

    def __reduce_ex__(self, protocol: Any) -> Any:
        """As an instance of torch's own class, which loads where there is no Elman."""
        return copyreg._reconstructor, (self.original, object, None), self.__getstate__()  # pyright: ignore

    def __copy__(self) -> Any:
        return self._rebuilt(self.__dict__)

    def __deepcopy__(self, memo: dict) -> Any:
        memo[id(self)] = copied = self._rebuilt({})
        copied.__setstate__(copy.deepcopy(self.__dict__, memo))
        return copied

    def _rebuilt(self, state: dict) -> Any:
        copied = object.__new__(type(self))
        copied.__dict__.update(state)
        return copied


def _accelerated(original: type, twin: type) -> type:
    attributes = {"original": original, "__module__": __name__, "__doc__": twin.__doc__}
    return type(original.__name__, (_Accelerated, twin, original), attributes)


_ACCELERATED = {original: _accelerated(original, twin) for original, twin in _TWINS.items()}
_OURS = tuple(_TWINS.values())


def accelerate(model: nn.Module, example: Any = None, *, strict: bool = False) -> Report:
    """Let our kernels run every torch.nn RNN, LSTM, GRU and their cells in a model, in place.

    The modules stay the same objects with the same parameters: an optimiser made before goes on
    working, tied weights stay tied, frozen ones frozen, hooks and state_dict as they are. Copies
    by `copy` are accelerated too; what `torch.save` writes loads in plain torch.

    Left alone, and told why in the report: subclasses, parametrised, quantised and scripted
    modules, and what the compiled kernels cannot run (other devices than the CPU, other dtypes than
    float32 and float64).

    >>> model = torch.nn.Sequential(torch.nn.RNN(3, 5), torch.nn.Identity())
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> print(accelerate(model))
    module  class  sizes  outcome   why                          speed-up
    0       RNN    3, 5   replaced  the compiled kernels run it
    >>> print(restore(model))
    module  class  sizes  outcome   why                speed-up
    0       RNN    3, 5   replaced  torch's own again

    Args:
        model: Any module; it may itself be a torch.nn.LSTM.
        example: What to try it on first: one argument of the model's `forward`, a tuple of all
            positional ones, or a dict of named ones. Copies of the model run it before and
            after, from the same random state. Outputs and parameter gradients must agree to half
            the digits of their dtype (float32: 3e-4 of a tensor's largest entry). A module that is
            slower than torch's on what the example feeds it is left. Model, gradients, buffers and
            random state stay as they are.
        strict: Leaving a module is an error, and then nothing is replaced.

    Returns:
        A report to print or to read. With an example it has the speed-ups, and is printed.

    Raises:
        ArgumentError: `model` is not a torch.nn.Module.
        AccelerationError: On the example, outputs or gradients differ, or the model cannot be
            copied. Nothing is replaced.
        SlowPathError: With `strict`: a module was left.
    """
    entries = _entries(model, _judged)
    if example is not None:
        entries = _tried(model, entries, example)
    modules = dict(model.named_modules())
    if strict:
        _refuse_left(entries, modules)
    for entry in entries:
        if entry.replaced:
            _replace(modules[entry.name])
    report = Report(tuple(entries))
    if example is not None:
        print(report)
    return report


def restore(model: nn.Module) -> Report:
    """Undo `accelerate`: the modules are torch's own again.

    Raises:
        ArgumentError: `model` is not a torch.nn.Module.
    """
    entries = _entries(model, _restorable)
    modules = dict(model.named_modules())
    for entry in entries:
        if entry.replaced:
            modules[entry.name].__class__ = type(modules[entry.name]).original  # pyright: ignore
    return Report(tuple(entries))


def _entries(model: Any, judge: Callable[[nn.Module], tuple[bool, str] | None]) -> list[Entry]:
    """An entry for each module that `judge` has something to say about."""
    if not isinstance(model, nn.Module):
        raise ArgumentError("model", f"found {type(model).__name__}", "give a torch.nn.Module")
    entries = []
    for name, module in model.named_modules():
        verdict = judge(module)
        if verdict is not None:
            kind = getattr(module, "original_name", type(module).__name__)
            entries.append(Entry(name, kind, module.extra_repr(), *verdict))
    return entries


def _judged(module: Any) -> tuple[bool, str] | None:
    """Whether to replace a module and why, if it is a recurrent one."""
    names = {original.__name__ for original in _TWINS}
    if isinstance(module, torch.jit.ScriptModule):
        return (False, "it is scripted") if module.original_name in names else None
    if type(module).__module__.startswith("torch.ao."):
        return (False, "it is quantised") if type(module).__name__ in names else None
    if not isinstance(module, (*_TWINS, *_OURS)):
        return None
    why_not = objection(module)
    if why_not is not None:
        return False, why_not
    return True, SINGLE_STEP if isinstance(
        module, nn.RNNCellBase
    ) else "the compiled kernels run it"


def objection(module: Any) -> str | None:
    """Why a torch.nn.RNN, LSTM, GRU or cell of them, or a subclass, is left; None if it is not."""
    if isinstance(module, _OURS):
        return "it is Elman's already"
    if is_parametrized(module):
        return "its weights are parametrised"
    if type(module) not in _TWINS:
        return "its class is not torch.nn's own: it may compute something else"
    if "forward" in vars(module):
        return "its forward was replaced"
    cell = isinstance(module, nn.RNNCellBase)
    names = ("weight_ih", "weight_hh") if cell else module._flat_weights_names
    if any(name not in module._parameters for name in names):
        return "its weights are made by a hook (weight_norm, spectral_norm, pruning)"
    recurrence, weights, _ = cell_weights(module) if cell else layer_weights(module, 0)
    choice = choose(recurrence, weights, weights.weight_ih.new_zeros(1, 1, module.input_size))
    return None if choice.kernel == "native" else choice.reason


def _restorable(module: nn.Module) -> tuple[bool, str] | None:
    if type(module) in _ACCELERATED.values():
        return True, "torch's own again"
    if isinstance(module, _Accelerated):
        return False, "its weights were parametrised since"
    return None


def _tried(model: nn.Module, entries: list[Entry], example: Any) -> list[Entry]:
    """The entries with speed-ups, once a copy has answered as before; slower modules are left."""
    names = [entry.name for entry in entries if entry.replaced]
    before, after = duplicate(model), duplicate(model)
    modules = dict(after.named_modules())
    for name in names:
        _replace(modules[name])
    calls = compare(before, after, example, record=names)
    return [_measured(entry, modules[entry.name], calls.get(entry.name)) for entry in entries]


def _measured(entry: Entry, module: Any, call: Call | None) -> Entry:
    if call is None:
        return entry
    found = speed_up(module, module.original.forward, type(module).forward, call)
    if found < 1:
        why = "torch's own is faster on the example"
        return replace(entry, replaced=False, why=why, speed_up=found)
    return replace(entry, speed_up=found)


def _refuse_left(entries: list[Entry], modules: dict[str, nn.Module]) -> None:
    for entry in entries:
        if not entry.replaced and not isinstance(modules[entry.name], _OURS):
            raise SlowPathError(
                entry.name or type(modules[entry.name]).__name__,
                f"it would be left to torch: {entry.why}",
                "change what stands in the way, or accelerate with strict=False",
            )


def _replace(module: nn.Module) -> None:
    module.__class__ = _ACCELERATED[type(module)]
