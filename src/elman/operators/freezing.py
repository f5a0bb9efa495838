"""Layers that answer: their weights are packed for the kernels once, not in every call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from elman.errors import FrozenError
from elman.kernels.compiled import described, pack
from elman.kernels.contract import Recurrence, Weights
from elman.operators import native

__all__ = ["Freezable", "Frozen", "thawed"]


class Frozen(NamedTuple):
    """One recurrence with weights that stay as they are.

    `prepared` holds what `elman.kernels.compiled.described` and `pack` made of them.
    """

    recurrence: Recurrence
    weights: Weights
    second_bias: Tensor | None
    prepared: tuple[tuple, Any]


class Freezable(nn.Module):
    """A layer that can be frozen: then it answers faster, and refuses to be trained or loaded.

    >>> from elman.nn import GRU
    >>> layer = GRU(3, 5).freeze()
    >>> layer(torch.ones(7, 2, 3))[0].shape
    torch.Size([7, 2, 5])
    >>> layer.train()
    Traceback (most recent call last):
        ...
    elman.errors.FrozenError: GRU.train: found a frozen layer; call unfreeze() first
    """

    # Each layer's own method: what is packed, in the order of `_frozen_part`.
    _recurrences: Callable[[], Iterable[tuple[Recurrence, Weights, Tensor | None]]]
    _frozen: tuple[Frozen, ...] | None = None
    _stamps: tuple = ()

    def freeze(self) -> Any:
        """Pack the weights and go into `eval()`; returns the layer.

        The kernels then use the packed copy. Gradients neither flow through the layer nor reach
        its parameters. A copy or a file of a frozen layer is not frozen.

        Raises:
            FrozenError: The compiled kernels cannot run the layer: another device or dtype.
        """
        self.eval()
        self._frozen = tuple(self._pack(*part) for part in self._recurrences())
        self._stamps = self._stamps_now()
        return self

    def unfreeze(self) -> Any:
        """Forget the packed weights; returns the layer, still in `eval()`."""
        self.__dict__.pop("_frozen", None)
        self.__dict__.pop("_stamps", None)
        return self

    def _pack(self, recurrence: Recurrence, weights: Any, second_bias: Tensor | None) -> Frozen:
        reason = native.lacks(recurrence, weights, weights.weight_ih)
        if reason is not None:
            raise FrozenError(f"{type(self).__name__}.freeze", reason, "use it as it is")
        everything = (*weights, second_bias)
        *dense, second = [None if w is None else w.detach().contiguous() for w in everything]
        kept = type(weights)(*dense)
        what = described(recurrence, kept, None, Tensor.data_ptr, second)
        dtype = "float32" if weights.weight_ih.dtype == torch.float32 else "float64"
        return Frozen(recurrence, kept, second, (what, pack(what, dtype)))

    def _frozen_part(self, index: int, *tensors: Tensor | None) -> Frozen | None:
        """The `index`-th recurrence if the layer is frozen; `tensors` go through it."""
        if self._frozen is None:
            return None
        self._check_frozen(tensors)
        return self._frozen[index]

    def _check_frozen(self, tensors: Iterable[Tensor | None]) -> None:
        """Refuse a call of these tensors if it is not the packed weights' to answer."""
        parameters = iter(self._parameters.values())
        for parameter, address, counts, version in self._stamps:
            same = next(parameters, self) is parameter and (
                parameter is None
                or (
                    parameter.data_ptr() == address
                    and (not counts or parameter._version == version)
                )
            )
            if not same:
                self._refuse("weights", "weights that changed since freeze()")
        if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
            self._refuse("inputs", "inputs that want gradients")

    def _stamps_now(self) -> tuple:
        """Each parameter and what changes when it does (inference tensors count no changes)."""
        return tuple(
            (None, 0, False, 0)
            if p is None
            else (p, p.data_ptr(), not p.is_inference(), 0 if p.is_inference() else p._version)
            for p in self._parameters.values()
        )

    def _refuse(self, what: str, found: str) -> None:
        raise FrozenError(
            f"{type(self).__name__}.{what}", f"found {found}", "call unfreeze() first"
        )

    def train(self, mode: bool = True) -> Any:
        """As torch's.

        Raises:
            FrozenError: The layer is frozen and `mode` is true.
        """
        if mode and self._frozen is not None:
            self._refuse("train", "a frozen layer")
        return super().train(mode)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        if self._frozen is not None:
            self._refuse("load_state_dict", "a frozen layer")
        super()._load_from_state_dict(*args, **kwargs)

    def __getstate__(self) -> dict:
        """Without the packed weights: they are not written, and a copy has its own parameters."""
        return thawed(super().__getstate__())


def thawed(attributes: Any) -> dict:
    """A layer's attributes without what `freeze` made."""
    return {k: v for k, v in attributes.items() if k not in ("_frozen", "_stamps")}
