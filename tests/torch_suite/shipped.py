"""What ships inside torch: the module inputs, references and wrong inputs of its own tests.

A check is run for every sample that torch has of a module, in every dtype and mode.
"""

from __future__ import annotations

import copy
import io
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from hypothesis import settings
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from tests.torch_suite.targets import KINDS, TARGETS, maker

_PROFILE = settings.get_current_profile_name()
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db  # noqa: E402

# Torch's module takes another profile, of ten random examples, for the whole process.
settings.load_profile(_PROFILE)

INFOS = {info.name.removeprefix("nn."): info for info in module_db}
DTYPES = (torch.float32, torch.float64)


class Subject(NamedTuple):
    """A module of one target beside torch's with the same weights, and one sample of its inputs."""

    ours: torch.nn.Module
    theirs: torch.nn.Module
    sample: Any
    make: Callable[[], torch.nn.Module]

    def arguments(self) -> tuple[tuple, dict]:
        """The sample's, as leaves of their own."""
        given = self.sample.forward_input
        return _mapped(given.args, _leaf), _mapped(given.kwargs, _leaf)


class Case(NamedTuple):
    """One check of one module; `run` raises where it fails."""

    name: str
    run: Callable[[], None]


def outcome(case: Case) -> str | None:
    """None if the check passes, else what was said."""
    try:
        case.run()
    except Exception as error:  # whatever it is, it differs from torch
        first = (str(error).strip().splitlines() or [""])[0]
        return f"{type(error).__name__}: {first}"
    return None


def cases() -> Iterator[Case]:
    """All of them: target, module, check, dtype."""
    for target, kind, (name, check) in itertools.product(TARGETS, KINDS, CHECKS.items()):
        for dtype in DTYPES:
            if name.startswith("grad") and dtype != torch.float64:
                continue  # finite differences want it
            label = f"{target} {kind} {name} {str(dtype).removeprefix('torch.')}"
            yield Case(label, _every_sample(target, kind, dtype, check))
    for target, kind, dtype in itertools.product(TARGETS, KINDS, DTYPES):
        for k, error in enumerate(_wrong_inputs(kind, dtype)):
            label = f"{target} {kind} error {k} {str(dtype).removeprefix('torch.')}"
            yield Case(label, _wrong(target, kind, error))


def _every_sample(target: str, kind: str, dtype: torch.dtype, check: Callable) -> Callable:
    def run() -> None:
        for training in (True, False):
            samples = _samples(kind, dtype, training)
            # Second derivatives run a loop: one sample of five, which meets every option.
            for sample in samples[::5] if check is _gradgradcheck else samples:
                check(_subject(target, kind, dtype, training, sample))

    return run


def _samples(kind: str, dtype: torch.dtype, training: bool) -> list:
    torch.manual_seed(0)
    packed = {} if kind.endswith("Cell") else {"with_packed_sequence": True}
    return INFOS[kind].module_inputs_func(
        INFOS[kind], device="cpu", dtype=dtype, requires_grad=True, training=training, **packed
    )


def _subject(target: str, kind: str, dtype: torch.dtype, training: bool, sample: Any) -> Subject:
    args, kwargs = sample.constructor_input.args, dict(sample.constructor_input.kwargs)
    kwargs = {"dtype": dtype, **kwargs}

    def make() -> torch.nn.Module:
        return maker(target, kind)(*args, **kwargs).train(training)

    theirs = getattr(torch.nn, kind)(*args, **kwargs).train(training)
    ours = make()
    ours.load_state_dict(theirs.state_dict())
    return Subject(ours, theirs, sample, make)


def _wrong_inputs(kind: str, dtype: torch.dtype) -> list:
    torch.manual_seed(0)
    return INFOS[kind].module_error_inputs_func(
        INFOS[kind], device="cpu", dtype=dtype, requires_grad=False, training=False
    )


def _wrong(target: str, kind: str, error: Any) -> Callable[[], None]:
    def run() -> None:
        given = error.module_error_input
        building = error.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR
        said = None
        try:
            module = maker(target, kind)(
                *given.constructor_input.args, **given.constructor_input.kwargs
            )
            if not building:
                module(*given.forward_input.args, **given.forward_input.kwargs)
        except error.error_type as raised:
            said = str(raised)
        assert said is not None, "it was accepted"
        assert re.search(error.error_regex, said), f"it says: {said}"

    return run


def _reference(subject: Subject) -> None:
    args, kwargs = subject.arguments()
    packed = any(isinstance(argument, PackedSequence) for argument in args)
    if subject.sample.reference_fn is not None and not packed:  # torch has none for packings
        expected = subject.sample.reference_fn(subject.ours, *args, **kwargs)
        _assert_close(subject.ours(*args, **kwargs), expected)


def _beside_torch(subject: Subject) -> None:
    found = [_everything(module, *subject.arguments()) for module in subject[:2]]
    _assert_close(*found)


def _layout(subject: Subject) -> None:
    args, kwargs = subject.arguments()
    ours, theirs = (list(_tensors(module(*args, **kwargs))) for module in subject[:2])
    assert [part.stride() for part in ours] == [part.stride() for part in theirs]
    for module in subject[:2]:
        module.to(memory_format=torch.preserve_format)
    _beside_torch(subject)


def _non_contiguous(subject: Subject) -> None:
    given = subject.sample.forward_input
    spread = _mapped((given.args, given.kwargs), _spread)
    found = [_everything(subject.ours, *spread), _everything(subject.ours, *subject.arguments())]
    _assert_close(*found)


def _pickled(subject: Subject) -> None:
    file = io.BytesIO()
    torch.save(subject.ours, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    weights = io.BytesIO()
    torch.save(subject.ours.state_dict(), weights)
    weights.seek(0)
    fresh = subject.make()
    fresh.load_state_dict(torch.load(weights, weights_only=True))
    args, kwargs = subject.arguments()
    for again in (loaded, fresh, copy.deepcopy(subject.ours), copy.copy(subject.ours)):
        _assert_close(again(*args, **kwargs), subject.ours(*args, **kwargs))
    assert repr(subject.ours) == repr(subject.theirs)


def _factory(subject: Subject) -> None:
    given = subject.sample.constructor_input
    for device, dtype in itertools.product(("cpu", "meta"), DTYPES):
        made = type(subject.theirs)(*given.args, **{**given.kwargs, "device": device})
        ours = subject.ours.to(dtype) if device == "cpu" else copy.deepcopy(subject.ours).to("meta")
        assert [p.shape for p in ours.parameters()] == [p.shape for p in made.parameters()]
        assert {p.device.type for p in ours.parameters()} == {device}
    empty = copy.deepcopy(subject.ours).to("meta").to_empty(device="cpu")
    assert {p.device.type for p in empty.parameters()} == {"cpu"}


def _gradients(subject: Subject, check: Callable) -> None:
    args, kwargs = subject.arguments()
    names, weights = zip(*subject.ours.named_parameters(), strict=True)
    packed = [a for a in args if isinstance(a, PackedSequence)]
    if packed:
        return  # its data is compared with torch's gradients; a packing is no argument of gradcheck
    leaves = [t for t in _tensors((args, kwargs)) if t.requires_grad]

    def call(*flat: Tensor) -> tuple[Tensor, ...]:
        parameters = dict(zip(names, flat[len(leaves) :], strict=True))
        return tuple(_tensors(torch.func.functional_call(subject.ours, parameters, args, kwargs)))

    assert check(call, (*leaves, *weights), fast_mode=True)


def _gradcheck(subject: Subject) -> None:
    _gradients(subject, torch.autograd.gradcheck)


def _gradgradcheck(subject: Subject) -> None:
    _gradients(subject, torch.autograd.gradgradcheck)


CHECKS: dict[str, Callable[[Subject], None]] = {
    "reference": _reference,
    "beside torch": _beside_torch,
    "layout": _layout,
    "non-contiguous": _non_contiguous,
    "pickling": _pickled,
    "factory": _factory,
    "grad": _gradcheck,
    "gradgrad": _gradgradcheck,
}


def _everything(module: torch.nn.Module, args: tuple, kwargs: dict) -> list[Tensor]:
    """Outputs and all gradients of a loss that weighs every entry differently."""
    module.zero_grad()
    found = list(_tensors(module(*args, **kwargs)))
    torch.manual_seed(1)
    sum((part * torch.randn(part.shape, dtype=part.dtype)).sum() for part in found).backward()
    leaves = [t for t in _tensors((args, kwargs)) if t.requires_grad]
    return [
        *(part.detach() for part in found),
        *(t.grad for t in leaves if t.is_leaf),
        *(p.grad.clone() for p in module.parameters()),
    ]


def _assert_close(ours: Any, theirs: Any) -> None:
    for mine, original in zip(_tensors(ours), _tensors(theirs), strict=True):
        torch.testing.assert_close(mine, original, rtol=1e-4, atol=1e-5)


def _tensors(value: Any) -> Iterator[Tensor]:
    """The floating-point tensors of a nest of containers."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


def _leaf(tensor: Tensor) -> Tensor:
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def _spread(tensor: Tensor) -> Tensor:
    """The same entries, a leaf every other entry of whose memory is not its own."""
    wide = tensor.new_empty(*tensor.shape, 2)
    spread = wide[..., 0]
    return spread.copy_(tensor.detach()).detach().requires_grad_(tensor.requires_grad)


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _mapped(part, change) for key, part in value.items()}
    if isinstance(value, PackedSequence):
        return value._replace(data=change(value.data))
    if isinstance(value, list | tuple):
        return type(value)(_mapped(part, change) for part in value)
    return value
