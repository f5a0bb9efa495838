"""Random problems for the compiled kernels, and what the specification makes of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman.kernels import native, reference
from elman.kernels.contract import Noise, Recurrence
from elman.state import map_leaves
from tests.kernels.variants import Variant, random_noise, random_state, random_weights

# Around the widths of vectors (2 to 16 numbers), panels (three and four vectors) and tiles (up to
# 6 rows).
EDGES = (1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 31, 33, 65)

# In units of what is compared, if that is above 1. Gradients add up over rows and steps.
TOLERANCE = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 3e-5}
MORE_FOR_GRADIENTS = 10
MORE_FOR_NORM = (
    20  # in float32: to divide by the deviation of a few close numbers magnifies rounding
)


class Sizes(NamedTuple):
    batch: int
    time: int
    inputs: int
    hidden: int


class Mode(NamedTuple):
    """How a sequence is read."""

    lengths: bool = False
    resets: bool = False
    reverse: bool = False
    noise: str | None = None  # "training" or "answering"


MODES = {
    "plain": Mode(),
    "lengths": Mode(lengths=True),
    "resets": Mode(resets=True),
    "reverse": Mode(reverse=True),
    "training": Mode(noise="training"),
    "answering": Mode(noise="answering"),
    "everything": Mode(True, True, True, "training"),
}


class Problem(NamedTuple):
    """Arguments of one call, and gradients to send back through it."""

    recurrence: Recurrence
    weights: Any
    inputs: np.ndarray
    state: Any
    grad_outputs: np.ndarray
    grad_state: Any
    lengths: np.ndarray | None
    resets: np.ndarray | None
    reverse: bool
    noise: Noise | None

    @property
    def reading(self) -> dict[str, Any]:
        """The keywords of `forward`."""
        names = ("lengths", "resets", "reverse", "noise")
        return {name: getattr(self, name) for name in names}


def tame_weights(variant: Variant, sizes: Sizes, rng: np.random.Generator, dtype: Any) -> Any:
    """Weights under which a state neither fades nor runs away, however many units there are."""
    weights = random_weights(variant, sizes.inputs, sizes.hidden, rng, dtype)
    scale = np.asarray(min(1.0, 2 / np.sqrt(sizes.hidden)), dtype)
    return type(weights)(*(None if weight is None else weight * scale for weight in weights))


def random_problem(
    variant: Variant, sizes: Sizes, mode: Mode, rng: np.random.Generator, dtype: Any
) -> Problem:
    """A problem whose arrays hold NaN past each length."""
    batch, time, inputs, _ = sizes
    weights = tame_weights(variant, sizes, rng, dtype)
    state = random_state(variant.recurrence, weights, batch, rng)
    x = rng.normal(size=(batch, time, inputs)).astype(dtype)
    grad_outputs = rng.normal(size=(batch, time, state.hidden.shape[1])).astype(dtype)
    grad_state = map_leaves(lambda leaf: rng.normal(size=leaf.shape).astype(dtype), state)
    lengths = rng.integers(0, time + 1, batch) if mode.lengths else None
    if lengths is not None:
        past = np.arange(time) >= lengths[:, None]
        x[past] = np.nan
        grad_outputs[past] = np.nan
    resets = rng.random((batch, time)) < 0.3 if mode.resets else None
    noise = None
    if mode.noise is not None:
        noise = random_noise(variant, batch, rng, mode.noise == "training")
    return Problem(
        variant.recurrence,
        weights,
        x,
        state,
        grad_outputs,
        grad_state,
        lengths,
        resets,
        mode.reverse,
        noise,
    )


class Results(NamedTuple):
    """All that a call and the way back give, by name."""

    values: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]


def solve(kernel: Any, problem: Problem) -> Results:
    """Run an implementation forward and backward."""
    ran = kernel.forward(
        problem.recurrence, problem.weights, problem.inputs, problem.state, **problem.reading
    )
    back = kernel.backward(ran.tape, problem.grad_outputs, problem.grad_state)
    values = {"outputs": ran.outputs} | named("final", ran.final_state)
    gradients = {"inputs": back.inputs} | named("initial", back.initial_state)
    return Results(values, gradients | named("weights", back.weights))


def named(tree: str, leaves: Any) -> dict[str, np.ndarray]:
    pairs = zip(leaves._fields, leaves, strict=True)
    return {f"{tree}.{name}": leaf for name, leaf in pairs if leaf is not None}


def check_agreement(problem: Problem, what: str = "") -> None:
    """The compiled kernels give what the specification gives."""
    found, wanted = solve(native, problem), solve(reference, problem)
    tolerance = TOLERANCE[problem.inputs.dtype]
    if problem.weights.norm_ih is not None and problem.inputs.dtype == np.float32:
        tolerance *= MORE_FOR_NORM
    close(found.values, wanted.values, tolerance, what)
    close(found.gradients, wanted.gradients, tolerance * MORE_FOR_GRADIENTS, f"{what} gradient by")


def close(found: dict, wanted: dict, tolerance: float, what: str) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        allowed = tolerance * max(1, np.abs(value).max(initial=0))
        assert found[name].dtype == value.dtype
        np.testing.assert_allclose(
            found[name], value, rtol=0, atol=allowed, err_msg=f"{what} {name}"
        )
