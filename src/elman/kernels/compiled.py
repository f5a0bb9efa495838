"""The compiled module: which instruction set runs, and arguments as its functions take them.

One text serves NumPy arrays and torch tensors.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from elman.errors import ArgumentError
from elman.kernels.contract import Noise, Recurrence
from elman.recurrences import RECURRENCES

try:
    from elman import _native
except ImportError:  # a source tree that was not installed
    _native = None

__all__ = [
    "WEIGHTS",
    "available_isas",
    "compute_on",
    "described",
    "isa",
    "kernels_of",
    "kernels_of_weights",
    "memory",
    "missing",
    "module",
    "named",
    "number_of",
    "ordered",
    "pack",
]

_MISSING = "the compiled module elman._native is missing (install Elman: pip install .)"


def isa() -> str | None:
    """The level that runs: portable, avx2, avx512 or neon; None without a compiled module."""
    return None if _native is None else _native.isa()


def available_isas() -> tuple[str, ...]:
    """The levels that this machine can run, "portable" first, the most capable last."""
    return () if _native is None else _native.available_isas()


def _choose_isa(name: str | None) -> None:
    """Follow the environment variable `ELMAN_ISA`, if it is set."""
    if not name or _native is None:
        return
    if name not in available_isas():
        raise ArgumentError(
            "environment variable ELMAN_ISA",
            f"found {name!r}",
            f"this machine has {', '.join(available_isas())}; unset it to let Elman choose",
        )
    _native.use_isa(name)


_choose_isa(os.environ.get("ELMAN_ISA"))


def compute_on(openmp: tuple[int, ...] | None) -> None:
    """Have the kernels of this process run on another library's OpenMP threads.

    Args:
        openmp: The addresses of `GOMP_parallel`, `omp_get_num_threads`, `omp_in_parallel`,
            `omp_get_dynamic` and `omp_get_thread_limit`, which must stay loaded; None: threads of
            our own.
    """
    if _native is not None:
        _native.use_openmp(openmp)


def kernels_of_weights() -> Any:
    """What has `powers` and `weigh`; None without a compiled module."""
    return _native


def missing(recurrence: Recurrence | None = None) -> str | None:
    """None if the compiled module is here, and has kernels for the recurrence; else the reason."""
    if _native is None:
        return _MISSING
    if recurrence is None or recurrence.variant in _CELLS:
        return None
    return f"there are no compiled kernels for the {recurrence.title}"


def kernels_of(dtype: str) -> Any:
    """The compiled functions for "float32" or "float64".

    Raises:
        ArgumentError: There is no compiled module.
    """
    return getattr(module(), dtype)


def pack(what: tuple, dtype: str, embedding: Any = None) -> Any:
    """The weights of `described`, copied and packed: what `forward` takes as `prepared`.

    With an embedding `[V, I]` (dense, with the buffer protocol) also its product with them.
    """
    words = 0 if embedding is None else len(embedding)
    return module().Prepared(what, dtype == "float64", words, embedding)


_CELLS = {"tanh": 0, "relu": 1, "lstm": 2, "gru_after": 3, "gru_before": 4}


def number_of(variant: str) -> int:
    """The kernels' number of a recurrence's variant, which must be one of theirs."""
    return _CELLS[variant]


def named(recurrence: Any) -> tuple[str, float, float]:
    """The kernels' name of a recurrence, its forget bias, and its cell clip (0 for none)."""
    if not recurrence.has_cell:
        return recurrence.variant, 0.0, 0.0
    return recurrence.variant, recurrence.forget_bias, recurrence.cell_clip or 0.0


def described(
    recurrence: Recurrence,
    weights: Any,
    noise: Noise | None,
    at: Callable[[Any], Any],
    second_bias: Any = None,
) -> tuple:
    """What a step computes, as the compiled functions take it.

    Args:
        recurrence: Checked, like all others.
        weights: Of any library.
        noise: Of the same library.
        at: Makes an array what the compiled functions take: something dense with the buffer
            protocol, or the address of dense memory.
        second_bias: torch.nn's bias_hh, where there is no recurrent bias.

    Raises:
        ArgumentError: There are no kernels of the recurrence.
    """
    rows, inputs = weights.weight_ih.shape
    cell, *options = named(recurrence)
    if cell not in _CELLS:
        raise ArgumentError("recurrence", f"found {recurrence}", "use elman.kernels.reference")
    return (
        _CELLS[cell],
        inputs,
        rows // recurrence.gates,
        weights.weight_hh.shape[1],
        tuple([None if w is None else at(w) for w in ordered(weights, second_bias)]),
        *options,
        None if noise is None else _described_noise(noise, at),
    )


def _described_noise(noise: Noise, at: Callable[[Any], Any]) -> tuple:
    keys, steps, *rates = noise
    return None if keys is None else at(keys), None if steps is None else at(steps), *rates


def ordered(weights: Any, second_bias: Any = None) -> tuple:
    """Weights in the order of `WEIGHTS` and the second bias, None for what is not given."""
    places = _PLACES[type(weights)]
    return *[None if place is None else weights[place] for place in places], second_bias


WEIGHTS = (
    *("weight_ih", "weight_hh", "bias", "recurrent_bias", "peephole", "projection"),
    *("norm_ih", "norm_hh", "norm_cell"),
)
"""The weights of all recurrences in the compiled functions' order."""

_PLACES = {
    kind.weights_type: [
        kind.weights_type._fields.index(name) if name in kind.weights_type._fields else None
        for name in WEIGHTS
    ]
    for kind in RECURRENCES.values()
}
"""Where each of these stands in a recurrence's own weights."""


def memory(size: int) -> Any:
    """`size` bytes with the buffer protocol, 64-byte aligned, as earlier users left them.

    A large piece that is let go serves later calls, so the system need not clear a new one.
    """
    return module().Memory(size)


def module() -> Any:
    """The compiled module itself; `ArgumentError` without one."""
    if _native is None:
        raise ArgumentError("elman.kernels.native", _MISSING, "use elman.kernels.reference")
    return _native
