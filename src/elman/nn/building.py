"""Where models are built, not where they stand: every new torch.nn RNN, LSTM, GRU or cell is ours.

Frameworks that build their models inside a `fit`, or build them again, leave nothing to accelerate
before. So torch.nn's own constructors, and what loading and copying call in their place, replace
what they have made, for whoever is inside of a block.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from torch import nn

from elman.errors import ArgumentError
from elman.nn.replacement import TWINS, Accelerated, objection, replace
from elman.nn.size_classes import known_slower

__all__ = ["accelerated"]

Model = TypeVar("Model", bound=type)

_INSIDE: ContextVar[bool] = ContextVar("inside", default=False)
_LOCK = threading.Lock()
_NAMES = "elman_accelerated"  # in the state of a lasting class: which modules were ours


class accelerated:  # noqa: N801 (it is used like a function)
    """Within this block, in this thread or task, every new torch.nn RNN, LSTM, GRU, cell is ours.

    New is what a constructor makes, what is loaded from a file and what is copied. Left are
    subclasses, and what `elman.accelerate` leaves without an example; `elman.explain` says why.

    >>> import torch
    >>> with accelerated():
    ...     model = torch.nn.Sequential(torch.nn.GRU(3, 5))
    >>> model[0].__class__ is torch.nn.GRU
    False

    As a decorator of a model's class it lasts: whatever instances of the class, or of classes that
    derive from it, build in their constructors is ours, in every thread and process, and so are
    copies and what pickle loads.

    >>> @accelerated
    ... class Tagger(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.rnn = torch.nn.GRU(3, 5)
    >>> from elman.nn import GRU
    >>> isinstance(Tagger().rnn, GRU)
    True
    """

    _blocks = 0  # open ones of all threads

    def __new__(cls, model_class: Any = None) -> Any:
        """A block, or the decorated class.

        Raises:
            ArgumentError: `model_class` is no class of modules.
        """
        return super().__new__(cls) if model_class is None else _lasting(model_class)

    def __init__(self) -> None:
        self._tokens: list[Token] = []

    def __call__(self, model_class: Any) -> Any:
        """As a decorator with parentheses."""
        return _lasting(model_class)

    def __enter__(self) -> None:
        with _LOCK:
            if accelerated._blocks == 0:
                _intercept()
            accelerated._blocks += 1
        self._tokens.append(_INSIDE.set(True))

    def __exit__(self, *_: Any) -> None:
        _INSIDE.reset(self._tokens.pop())
        with _LOCK:
            accelerated._blocks -= 1
            if accelerated._blocks == 0:
                _withdraw()

    @staticmethod
    @contextmanager
    def suspended() -> Iterator[None]:
        """Within this block new modules are torch's own, even inside of an accelerated one."""
        token = _INSIDE.set(False)
        try:
            yield
        finally:
            _INSIDE.reset(token)


def _intercept() -> None:
    for original in TWINS:
        for name in ("__init__", "__setstate__"):
            setattr(original, name, _then_replaced(original, name))


def _withdraw() -> None:
    for original in TWINS:
        for name in ("__init__", "__setstate__"):
            wrapped = vars(original)[name].__wrapped__
            if wrapped is getattr(super(original, original), name):
                delattr(original, name)  # it was inherited
            else:
                setattr(original, name, wrapped)


def _then_replaced(original: type, name: str) -> Callable[..., None]:
    method = getattr(original, name)

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        method(self, *args, **kwargs)
        if _INSIDE.get() and type(self) is original and _ready(self):
            replace(self)

    return call


def _ready(module: nn.Module) -> bool:
    """Memory that is still to come is no objection: what is on no device yet goes to a CPU."""
    if next(module.parameters()).is_meta:
        return True
    return objection(module) is None and known_slower(module) is None


def _lasting(model_class: Any) -> Any:
    """The same class, which accelerates what its instances build and load."""
    if not (isinstance(model_class, type) and issubclass(model_class, nn.Module)):
        raise ArgumentError("model_class", f"found {model_class!r}", "decorate a torch.nn.Module")
    model_class.__init__ = _inside(model_class.__init__)
    model_class.__getstate__ = _naming(model_class.__getstate__)
    model_class.__setstate__ = _renaming(model_class.__setstate__)
    model_class.__init_subclass__ = _for_subclasses(model_class)
    return model_class


def _inside(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def build(self: Any, *args: Any, **kwargs: Any) -> None:
        with accelerated():
            init(self, *args, **kwargs)

    return build


def _naming(getstate: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(getstate)
    def state_with_names(self: Any) -> Any:
        state = getstate(self)
        ours = [name for name, part in self.named_modules() if isinstance(part, Accelerated)]
        return {**state, _NAMES: ours} if isinstance(state, dict) else state

    return state_with_names


def _renaming(setstate: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(setstate)
    def replace_named(self: Any, state: Any) -> None:
        ours = ()
        if isinstance(state, dict):
            ours = state.get(_NAMES, ())
            state = {key: value for key, value in state.items() if key != _NAMES}
        setstate(self, state)
        modules = dict(self.named_modules())
        for name in ours:
            if name in modules and not isinstance(modules[name], Accelerated):
                replace(modules[name])

    return replace_named


def _for_subclasses(model_class: type) -> Any:
    own = vars(model_class).get("__init_subclass__")

    def wrap_constructor(cls: Any, **kwargs: Any) -> None:
        if own is None:
            super(model_class, cls).__init_subclass__(**kwargs)
        else:
            own.__func__(cls, **kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = _inside(cls.__init__)

    return classmethod(wrap_constructor)
