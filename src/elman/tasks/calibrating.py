"""The temperature of a trained classifier, fitted on what chose its epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from elman.errors import ArgumentError
from elman.metrics.calibration import calibration_error, fit_temperature, softmax
from elman.metrics.features import weights_of_steps
from elman.runtime.network import run_batches
from elman.targets import Target
from elman.tasks.fitting import Options, Ready
from elman.tasks.network import ModuleRun
from elman.tasks.parts import Part

__all__ = ["calibrate", "check_calibration"]


def check_calibration(validation: Any, network: Any) -> None:
    """`ArgumentError` where no temperature can be fitted, or nothing be divided by it."""
    if validation is None:
        expected = "a validation part: validation=0.1; or calibrate=False"
        raise ArgumentError("calibrate", "True without a validation part", expected)
    if network is not None:
        raise ArgumentError("calibrate", "True for a network of your own", "False")


def calibrate(ready: Ready, options: Options) -> dict[str, float | None]:
    """Divide a trained network's outputs by the temperature that fits its validation part best.

    Its last layer is changed in place, so that all that answers is calibrated alike.

    Args:
        ready: What was trained.
        options: How.

    Returns:
        `temperature`, and the expected calibration error `error_before` and `error_after`.
    """
    part = ready.learning.parts.validation
    assert part is not None  # `check_calibration`
    run = ModuleRun(ready.module(options), options.device)
    logits, true, weight = _rows(part, run_batches(run, part.sequences, ready.blueprint, None))
    temperature = fit_temperature(logits, true, weight)
    errors = [calibration_error(true, softmax(logits / t), weight) for t in (1.0, temperature)]
    last: Any = ready.network.body[-1]  # pyright: ignore[reportIndexIssue]
    with torch.no_grad():
        last.weight.div_(temperature)
        last.bias.div_(temperature)
    return {"temperature": temperature, "error_before": errors[0], "error_after": errors[1]}


def _rows(part: Part, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Logits, class indices and weights of single answers: sequences, real steps, or labels."""
    logits = logits.astype(np.float64)
    if part.kind is Target.CLASS:
        return logits, part.targets, part.weight
    if part.kind is Target.CLASS_PER_STEP:
        real = part.sequences.real
        weight = weights_of_steps(part.weight, part.sequences.lengths)
        return logits[real], part.targets[real], weight
    labels = logits.shape[1]
    weight = None if part.weight is None else np.repeat(part.weight, labels)
    flat = logits.reshape(-1)
    return np.stack([np.zeros_like(flat), flat], axis=1), part.targets.reshape(-1), weight
