"""What travels with a network in its bundle, taken out again."""

from __future__ import annotations

import numpy as np

from elman.bundle import Bundle
from elman.errors import BundleError
from elman.transforms.scaler import Scaler

__all__ = ["baseline_tensors", "below", "scaler_from"]


def baseline_tensors(bundle: Bundle) -> dict[str, np.ndarray]:
    """The arrays of the baselines; empty if the bundle has none."""
    return below(bundle, "baselines.")


def scaler_from(bundle: Bundle, what: str, features: int | None) -> Scaler | None:
    """The scaler of `what` ("inputs" or "targets"); None if the bundle has none.

    Raises:
        BundleError: It is damaged, or not for `features` features.
    """
    tensors = below(bundle, f"{what}.")
    if not tensors:
        return None
    scaler = Scaler.from_tensors(tensors)
    if len(scaler.mean) != features:
        raise BundleError(
            f"scaler of the {what}", f"{len(scaler.mean)} features", f"{features} are needed"
        )
    return scaler


def below(bundle: Bundle, prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix`, by the rest of their names."""
    return {
        name.removeprefix(prefix): array
        for name, array in bundle.tensors.items()
        if name.startswith(prefix)
    }
