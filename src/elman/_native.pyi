"""The compiled kernels (native/bindings.cpp); native/include/elman/contract.h has the layouts.

All arrays are dense, row-major, of one dtype (float32 or float64); anything else is a TypeError,
sizes that do not fit each other a ValueError. `elman.kernels.native` is the way in.
"""

import numpy as np

def isa() -> str:
    """The instruction set that runs."""

def available_isas() -> tuple[str, ...]:
    """What this machine can run, the most capable last."""

def use_isa(name: str) -> None:
    """Run on this instruction set from now on; ValueError if the machine has none of that name."""

def use_openmp(addresses: tuple[int, ...] | None) -> None:
    """Compute on another library's OpenMP threads: the addresses of its five functions; or None."""

def dense(
    inputs: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, outputs: np.ndarray
) -> None:
    """Write inputs · weightᵀ + bias into `outputs`."""

def simple_forward(
    projected: np.ndarray,
    weight_hh: np.ndarray,
    initial: np.ndarray,
    lengths: np.ndarray | None,
    resets: np.ndarray | None,
    reverse: bool,
    relu: bool,
    outputs: np.ndarray,
    final_state: np.ndarray,
) -> None:
    """Write `outputs` and `final_state`."""

def simple_backward(
    outputs: np.ndarray,
    weight_hh: np.ndarray,
    initial: np.ndarray,
    lengths: np.ndarray | None,
    resets: np.ndarray | None,
    reverse: bool,
    relu: bool,
    grad_outputs: np.ndarray,
    grad_final: np.ndarray,
    grad_projected: np.ndarray,
    grad_initial: np.ndarray,
    previous: np.ndarray,
) -> None:
    """Write `grad_projected`, `grad_initial` and `previous`."""
