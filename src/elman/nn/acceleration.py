"""`accelerate` and `restore`: torch.nn's recurrent modules become our twins, and torch's again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from typing import Any

import torch
from torch import nn

from elman.errors import ArgumentError, SlowPathError
from elman.nn.building import accelerated
from elman.nn.comparison import Call, prove, same_randomness, speed_up
from elman.nn.replacement import OURS, TWINS, Accelerated, objection, replace
from elman.nn.report import Entry, Report
from elman.nn.size_classes import known_slower
from elman.nn.stepped import stepped
from elman.operators.notice import listen

__all__ = ["SINGLE_STEP", "accelerate", "restore"]

SINGLE_STEP = "a single step is torch's own operator"
"""What runs a cell's twin."""


def accelerate(
    model: nn.Module, example: Any = None, *, strict: bool = False, subclasses: bool = False
) -> Report:
    """Let our kernels run every torch.nn RNN, LSTM, GRU and their cells in a model, in place.

    The modules stay the same objects with the same parameters: an optimiser made before goes on
    working, tied weights stay tied, frozen ones frozen, hooks and state_dict as they are. Copies
    by `copy` are accelerated too; what `torch.save` writes loads in plain torch.

    Left alone, and told why in the report: subclasses, parametrised, quantised and scripted
    modules, what the compiled kernels cannot run (other devices than the CPU, other dtypes than
    float32 and float64), and what torch is known to run faster on this processor.

    Frameworks that build models by themselves, in a `fit`, want `elman.accelerated`.

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
            after, from the same random state. Outputs of the model and of each recurrent module
            and parameter gradients must agree to half the digits of their dtype (float32: 3e-4 of a
            tensor's largest entry). A module that is slower than torch's on what the example feeds
            it is left, and no other. A cell of your own that a Python loop steps is named in the
            report: `elman.fuse` may take it. Model, example, gradients, buffers and random state
            stay as they are.
        strict: Leaving a module is an error, and then nothing is replaced.
        subclasses: Replace instances of subclasses of torch.nn's classes, too: their own methods
            stay, and what they call of torch's is ours. It takes an example that calls them.

    Returns:
        A report to print or to read. With an example it has the speed-ups, and is printed.

    Raises:
        ArgumentError: `model` is not a torch.nn.Module, or `subclasses` came without an example.
        AccelerationError: On the example, outputs or gradients differ, or the model cannot be
            copied. Nothing is replaced.
        SlowPathError: With `strict`: a module was left.
    """
    if subclasses and example is None:
        raise ArgumentError("subclasses", "found no example", "give one: it proves them equal")

    def judge(module: nn.Module) -> tuple[bool, str] | None:
        return _judged(module, subclasses, measured=example is not None)

    entries, offers = _entries(model, judge), []
    if example is not None:
        with accelerated.suspended():
            entries, offers = _tried(model, entries, example)
    modules = dict(model.named_modules())
    if strict:
        _refuse_left(entries, modules)
    for entry in entries:
        if entry.replaced:
            replace(modules[entry.name])
    report = Report((*entries, *offers))
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


def _judged(module: Any, subclasses: bool, measured: bool) -> tuple[bool, str] | None:
    """Whether to replace a module and why, if it is a recurrent one."""
    names = {original.__name__ for original in TWINS}
    if isinstance(module, torch.jit.ScriptModule):
        return (False, "it is scripted") if module.original_name in names else None
    if type(module).__module__.startswith("torch.ao."):
        return (False, "it is quantised") if type(module).__name__ in names else None
    if not isinstance(module, (*TWINS, *OURS)):
        return None
    why_not = objection(module, subclasses)
    if why_not is None and not measured:
        why_not = known_slower(module)
    if why_not is not None:
        return False, why_not
    return True, SINGLE_STEP if isinstance(
        module, nn.RNNCellBase
    ) else "the compiled kernels run it"


def _restorable(module: nn.Module) -> tuple[bool, str] | None:
    if not isinstance(module, Accelerated):
        return None
    if "original" in vars(type(module)):
        return True, "torch's own again"
    return False, "its weights were parametrised since"


def _tried(model: nn.Module, entries: list[Entry], example: Any) -> tuple[list[Entry], list[Entry]]:
    """The entries with speed-ups, once a copy has answered as before; slower modules are left.

    Beside them the entries of the user's own cells that a loop steps.
    """
    names = [entry.name for entry in entries if entry.replaced]

    def change(copied: nn.Module) -> None:
        modules = dict(copied.named_modules())
        for name in names:
            replace(modules[name])

    trial = prove(model, change, example, names)
    before, after = dict(trial.before.named_modules()), dict(trial.after.named_modules())
    measured = [
        _measured(entry, before[entry.name], after[entry.name], trial.calls.get(entry.name))
        if entry.replaced
        else entry
        for entry in entries
    ]
    known = {entry.name for entry in entries}
    return measured, [each for each in stepped(trial.before, example) if each.name not in known]


def _measured(entry: Entry, before: nn.Module, after: nn.Module, call: Call | None) -> Entry:
    """The entry with its speed-up, if the example called the module; left if that is below 1."""
    if type(before) not in TWINS:
        why = _unproven(after, call)
        if why is not None:
            return changed(entry, replaced=False, why=why)
    if call is None:
        return entry
    found = speed_up(before, after, call)
    if found < 1:
        why = "torch's own is faster on the example"
        return changed(entry, replaced=False, why=why, speed_up=found)
    return changed(entry, speed_up=found)


def _unproven(after: nn.Module, call: Call | None) -> str | None:
    """Why an accelerated instance of a subclass is left, although the outputs are the same."""
    if call is None:
        return "the example did not call it: nothing shows that it computes the same"
    if isinstance(after, nn.RNNCellBase):
        return None
    kernels = []
    with same_randomness(), torch.no_grad(), listen(lambda choice, _: kernels.append(choice)):
        after(*call.args, **call.kwargs)
    return None if kernels else "its class computes by itself, not by torch.nn's forward"


def _refuse_left(entries: list[Entry], modules: dict[str, nn.Module]) -> None:
    for entry in entries:
        if not entry.replaced and not isinstance(modules[entry.name], OURS):
            raise SlowPathError(
                entry.name or type(modules[entry.name]).__name__,
                f"it would be left to torch: {entry.why}",
                "change what stands in the way, or accelerate with strict=False",
            )
