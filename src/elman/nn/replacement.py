"""One module of torch.nn becomes our twin where it stands, and torch's again.

A twin has torch's attributes and another `forward`, so to replace a module is to change its class.
The object stays: whoever holds it, its parameters or its hooks goes on holding them.
"""

from __future__ import annotations

import copy
import copyreg
import types
from typing import Any, ClassVar

from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from elman.errors import AcceleratedError
from elman.nn.cells import GRUCell, LSTMCell, RNNCell
from elman.nn.sequences import GRU, LSTM, RNN
from elman.nn.weights import cell_weights, layer_weights
from elman.operators import choose
from elman.operators.freezing import thawed

__all__ = ["OURS", "TWINS", "Accelerated", "objection", "replace", "torchs_class"]

TWINS: dict[type, type] = {
    nn.RNN: RNN,
    nn.LSTM: LSTM,
    nn.GRU: GRU,
    nn.RNNCell: RNNCell,
    nn.LSTMCell: LSTMCell,
    nn.GRUCell: GRUCell,
}
"""torch.nn's class -> ours."""

OURS = tuple(TWINS.values())


class Accelerated:
    """What an accelerated module has beside the twin's `forward`: how it is copied and saved."""

    original: ClassVar[Any]  # the class it had: torch.nn's, or a subclass of it

    def __reduce_ex__(self, protocol: Any) -> Any:
        """As an instance of the original class, which loads where there is no Elman."""
        return copyreg._reconstructor, (self.original, object, None), self.__getstate__()  # pyright: ignore

    def __copy__(self) -> Any:
        return self._rebuilt(thawed(self.__dict__))

    def __deepcopy__(self, memo: dict) -> Any:
        memo[id(self)] = copied = self._rebuilt({})
        copied.__setstate__(copy.deepcopy(thawed(self.__dict__), memo))
        return copied

    def _rebuilt(self, state: dict) -> Any:
        copied = object.__new__(type(self))
        copied.__dict__.update(state)
        return copied

    def __setattr__(self, name: str, value: Any) -> None:
        """As torch's; torch.ao marks modules so, and then acts on its exact classes only."""
        if name == "qconfig":
            raise _refusal(self, "torch.ao.quantization", "quantise")
        super().__setattr__(name, value)

    def __prepare_scriptable__(self) -> Any:
        """What torch.jit.script asks for first."""
        raise _refusal(self, "torch.jit.script", "script")


def _refusal(module: Any, tool: str, verb: str) -> AcceleratedError:
    return AcceleratedError(
        f"{tool} of an accelerated {type(module).__name__}",
        "it acts on torch.nn's own classes and would not see this one as such",
        f"elman.restore the model, {verb} it; then accelerate what is left of torch.nn's own",
    )


def _accelerated(original: type) -> type:
    """The class of accelerated instances of `original`: torch.nn's, or a subclass of it.

    The twin stands just before torch's class, so a subclass's own methods come first, and what
    they call by `super()` is the twin's. The subclass is the first base, too: an object can change
    its class only where the line of first bases gives both the same layout.
    """
    torchs = torchs_class(original)
    own = () if original is torchs else (original,)
    bases = (*own, Accelerated, TWINS[torchs], torchs)
    attributes = {"original": original, "__module__": __name__, "__doc__": original.__doc__}
    return types.new_class(original.__name__, bases, exec_body=lambda body: body.update(attributes))


def torchs_class(kind: type) -> type:
    """The class of torch.nn that `kind` is or derives from."""
    return next(base for base in kind.__mro__ if base in TWINS)


_ACCELERATED = {original: _accelerated(original) for original in TWINS}


def replace(module: nn.Module) -> None:
    """Make a torch.nn.RNN, LSTM, GRU or cell, or an instance of a subclass, ours."""
    original = type(module)
    if original not in _ACCELERATED:
        _ACCELERATED[original] = _accelerated(original)
    module.__class__ = _ACCELERATED[original]


def objection(module: Any, subclasses: bool = False) -> str | None:
    """Why a torch.nn.RNN, LSTM, GRU or cell of them, or a subclass, is left; None if it is not."""
    if isinstance(module, OURS):
        return "it is Elman's already"
    if is_parametrized(module):
        return "its weights are parametrised"
    if type(module) not in TWINS and not subclasses:
        return "its class is not torch.nn's own: it may compute something else"
    if "forward" in vars(module):
        return "its forward was replaced"
    if getattr(module, "nonlinearity", "tanh") not in ("tanh", "relu"):
        return f"its nonlinearity is unknown: {module.nonlinearity!r}"
    cell = isinstance(module, nn.RNNCellBase)
    names = ("weight_ih", "weight_hh") if cell else module._flat_weights_names
    if any(name not in module._parameters for name in names):
        return "its weights are made by a hook (weight_norm, spectral_norm, pruning)"
    recurrence, weights, _ = cell_weights(module) if cell else layer_weights(module, 0)
    choice = choose(recurrence, weights, weights.weight_ih.new_zeros(1, 1, module.input_size))
    return None if choice.kernel == "native" else choice.reason
