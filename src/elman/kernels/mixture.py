"""A mixture of distributions over the values of a step: its density, its tokens, its draws.

This is the specification; `elman.models.mixture` is its twin in torch. K components, n numbers of a
part, P raw parameters of a step, D columns of its targets (`elman.blueprint.Mixture` says where
each stands), V tokens.

A component's raw parameters mean, for each number of a part:

- `gaussian`: mean, and s with the deviation exp(7 tanh(s / 7)), so in (0.0009, 1097).
- `gaussian_full`: the same of two numbers, and r with the correlation 0.999 tanh(r).
- `student_t`: location, s of a scale as above, and f with 2 + 98 / (1 + e^-f) degrees of freedom.
- `logistic`: location, and s of a scale as above.
- `von_mises`: a and b of exp(a cos x + b sin x), shortened so that a² + b² stays below 10⁸: it
  has no seam, and x and x + 2π are the same.

Beside them `bernoulli` has a logit for each answer and `categorical` one for each class. Raw
parameters beyond ±10⁶ count as that, so nothing overflows in float32.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.blueprint.mixture import CONTINUOUS, Mixture
from elman.errors import ArgumentError
from elman.kernels.philox import philox, uniform
from elman.kernels.special import log_bessel, log_gamma

__all__ = [
    "CORRELATION",
    "FREEDOM",
    "LARGEST",
    "MAX_TOKENS",
    "SCALE",
    "draw_values",
    "log_probability",
    "numbers_of",
    "outcomes",
    "parameters_of",
    "token_logits",
    "tokens_of",
]

SCALE = 7.0  # bound of the log of a scale
CORRELATION = 0.999
FREEDOM = (2.0, 98.0)  # the least, and how much more there may be
CONCENTRATION = 1e4
LARGEST = 1e6  # of a raw parameter
MAX_TOKENS = 65_536

_HALF = 0.5 * math.log(2 * math.pi)
_GRID = 2049  # angles by which a von Mises distribution is inverted


def log_probability(
    block: Mixture, raw: Float[np.ndarray, "*N P"], targets: Float[np.ndarray, "*N D"]
) -> Float[np.ndarray, "*N"]:
    """The log of the probability (density) of each step's values, in nats, float64.

    >>> one = Mixture((("gaussian", 1),))
    >>> log_probability(one, np.zeros((1, 3)), np.zeros((1, 1))).round(4).tolist()
    [-0.9189]
    """
    raw = np.clip(np.asarray(raw, np.float64), -LARGEST, LARGEST)
    targets = np.asarray(targets, np.float64)
    total: Any = np.zeros(raw.shape[:-1])
    if block.numbers:
        total = total + _log_sum(_densities(block, raw, targets))
    for part in block.layout():
        if part.family == "bernoulli":
            logits, wanted = raw[..., part.raw], targets[..., part.columns]
            total = total + np.where(wanted > 0.5, _said(logits), _said(-logits)).sum(axis=-1)
        elif part.family == "categorical":
            logits = _log_softmax(raw[..., part.raw])
            chosen = targets[..., part.columns].astype(np.int64)
            total = total + np.take_along_axis(logits, chosen, axis=-1)[..., 0]
    if not block.ends:
        return total
    return np.where(targets[..., 0] > 0.5, _said(raw[..., 0]), _said(-raw[..., 0]) + total)


def parameters_of(block: Mixture, raw: Float[np.ndarray, "*N P"]) -> dict[str, Any]:
    """What the raw parameters mean.

    Returns:
        `weights` `[*N, K]` (probabilities), `end` `[*N]` (its probability; where sequences may
        end), `parts`: for each a mapping. Of numbers `location` and `scale` `[*N, K, n]`, perhaps
        `correlation` `[*N, K]` and `freedom`; of angles `location` and `concentration`; else
        `probability` `[*N, n]`.
    """
    raw = np.clip(np.asarray(raw, np.float64), -LARGEST, LARGEST)
    found: dict[str, Any] = {"parts": []}
    if block.numbers:
        found["weights"] = np.exp(_log_softmax(raw[..., block.weights]))
    if block.ends:
        found["end"] = np.exp(_said(raw[..., 0]))
    for part in block.layout():
        values = raw[..., part.raw]
        if part.family in CONTINUOUS:
            found["parts"].append(_meant(block, part.family, part.size, values))
        else:
            said = _said if part.family == "bernoulli" else _log_softmax
            found["parts"].append({"probability": np.exp(said(values))})
    return found


def numbers_of(block: Mixture, family: str, size: int, raw: Any) -> list[Any]:
    """A part's raw parameters apart: arrays `[*N, K, n]`, of a correlation `[*N, K]`.

    One text for NumPy and torch: it only cuts and shapes.
    """
    count, found = block.components, []
    for k in range(CONTINUOUS[family]):
        one = raw[..., k * count * size : (k + 1) * count * size]
        found.append(one.reshape(*one.shape[:-1], count, size))
    return [*found, raw[..., -count:]] if family == "gaussian_full" else found


# ---- tokens: what is discrete of a step, as one choice -----------------------------------------


@lru_cache(maxsize=32)
def outcomes(block: Mixture) -> tuple[np.ndarray, np.ndarray]:
    """What each token stands for: its component `[V]` and its discrete values `[V, C]`.

    Where sequences may end, token 0 is the end: component -1 and zeros. The discrete columns are
    those of the targets, in order.

    Raises:
        ArgumentError: There are more than `MAX_TOKENS`.
    """
    sizes = [block.components if block.numbers else 1]
    for family, n in block.parts:
        sizes += {"bernoulli": [2] * n, "categorical": [n]}.get(family, [])
    size = math.prod(sizes) + block.ends
    if size > MAX_TOKENS:
        found = f"{size:,} outcomes of one step"
        raise ArgumentError("parts", found, f"at most {MAX_TOKENS:,}, to be drawn as tokens")
    table = np.array([*product(*map(range, sizes))], dtype=np.int64)
    if block.ends:
        table = np.concatenate([np.array([[-1] + [0] * (len(sizes) - 1)]), table])
    return table[:, 0], table[:, 1:]


def token_logits(
    block: Mixture, raw: Float[np.ndarray, "*N P"], temperature: float = 1.0
) -> Float[np.ndarray, "*N V"]:
    """The log-probability of each token: of a component, all yes and no, and all classes.

    Args:
        block: What a step has.
        raw: Its parameters.
        temperature: Divides the log-probabilities of each choice by itself, > 0: of the end, of the
            component, of each answer and class. (Of tokens it would favour the end, which is one
            token, where everything else is parted among the components.)

    Raises:
        ArgumentError: As `outcomes`.
    """
    raw = np.clip(np.asarray(raw, np.float64), -LARGEST, LARGEST) / temperature
    components, discrete = outcomes(block)
    components, discrete = components[block.ends :], discrete[block.ends :]
    total = np.zeros((*raw.shape[:-1], len(components)))
    if block.numbers:
        total = total + _log_softmax(raw[..., block.weights])[..., components]
    column = 0
    for part in block.layout():
        if part.family == "bernoulli":
            for k in range(part.size):
                logit = raw[..., part.raw.start + k, None]
                said = np.concatenate([_said(-logit), _said(logit)], axis=-1)
                total = total + said[..., discrete[:, column + k]]
            column += part.size
        elif part.family == "categorical":
            total = total + _log_softmax(raw[..., part.raw])[..., discrete[:, column]]
            column += 1
    if not block.ends:
        return total
    end = raw[..., :1]
    return np.concatenate([_said(end), total + _said(-end)], axis=-1)


def tokens_of(block: Mixture, component: Any, targets: Float[np.ndarray, "*N D"]) -> Any:
    """The tokens `[*N]` that stand for a component `[*N]` and what is discrete of targets."""
    sizes, found = [], np.asarray(component, np.int64)
    for part in block.layout():
        columns = np.asarray(targets)[..., part.columns].astype(np.int64)
        if part.family in ("bernoulli", "categorical"):
            sizes += [2] * part.size if part.family == "bernoulli" else [part.size]
            for k in range(columns.shape[-1]):
                found = found * sizes[k - columns.shape[-1]] + columns[..., k]
    if not block.ends:
        return found
    return np.where(np.asarray(targets)[..., 0] > 0.5, 0, found + 1)


# ---- draws --------------------------------------------------------------------------------------


def draw_values(
    block: Mixture,
    raw: Float[np.ndarray, "B P"],
    tokens: Int[np.ndarray, "B"],
    seed: int,
    row_ids: Int[np.ndarray, "B"],
    steps: Int[np.ndarray, "B"],
    temperature: float = 1.0,
) -> Float[np.ndarray, "B D"]:
    """The values of a step whose token is known: a pure function of seed, row id, step and token.

    Args:
        block: What a step has.
        raw: Its parameters.
        tokens: 0…V-1.
        seed: ≥ 0.
        row_ids: Of each row, ≥ 0.
        steps: Of each row, ≥ 0.
        temperature: Scales become √temperature times as wide (a concentration 1/temperature as
            great), ≥ 0; at 0 a component's location is drawn.

    Returns:
        As targets are; zeros where the token is the end, but for the first column.
    """
    raw = np.clip(np.asarray(raw, np.float64), -LARGEST, LARGEST)
    components, discrete = outcomes(block)
    found = np.zeros((len(raw), block.values))
    chances = iter(_chances(block, seed, tokens, row_ids, steps))
    width, column = math.sqrt(temperature), 0
    for part in block.layout():
        if part.family in CONTINUOUS:
            which = np.maximum(components[tokens], 0)
            meant = _meant(block, part.family, part.size, raw[..., part.raw])
            of_one = {name: _taken(array, which) for name, array in meant.items()}
            drawn = [next(chances) for _ in range(part.size)]
            found[:, part.columns] = _drawn(part.family, of_one, np.stack(drawn, axis=1), width)
        else:
            count = part.columns.stop - part.columns.start
            found[:, part.columns] = discrete[tokens][:, column : column + count]
            column += count
    if block.ends:
        found[tokens == 0] = 0
        found[:, 0] = tokens == 0
    return found


def _chances(
    block: Mixture, seed: int, tokens: np.ndarray, row_ids: np.ndarray, steps: np.ndarray
) -> np.ndarray:
    """Two uniform numbers in (0, 1) for each number of a step, `[n, B, 2]`."""
    row_ids, tokens = (np.asarray(array, np.int64) for array in (row_ids, tokens))
    low, high = row_ids & 0xFFFFFFFF, row_ids >> 32
    key = (np.int64(seed & 0xFFFFFFFF), np.int64((seed >> 32) & 0xFFFFFFFF))
    words = philox((low, high, tokens, np.zeros_like(low)), key)
    keys = words[0] | (words[1] << 32)
    drawn = uniform(keys, np.asarray(steps, np.int64), 2 * block.numbers, stream=0)
    drawn = drawn + 2.0**-25  # the middle of what was drawn: never 0
    return np.moveaxis(drawn.reshape(len(keys), block.numbers, 2), 1, 0)


def _taken(array: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Of each row's components one: `[B, K, n]` to `[B, n]`, `[B, K]` to `[B]`."""
    return array[np.arange(len(array)), which]


def _drawn(family: str, of: dict[str, np.ndarray], chance: np.ndarray, width: float) -> np.ndarray:
    """Numbers `[B, n]` of one component, by two uniform numbers `[B, n, 2]` each."""
    first, second = chance[..., 0], chance[..., 1]
    location = of["location"]
    if family == "von_mises":
        return _angles(location, of["concentration"], first, width)
    if family == "logistic":
        return location + width * of["scale"] * (np.log(first) - np.log1p(-first))
    if family == "student_t":  # Bailey 1994, "Polar generation of random variates"
        freedom = of["freedom"]
        far = np.sqrt(freedom * np.expm1(-2 / freedom * np.log(first)))
    else:  # Box and Muller 1958
        far = np.sqrt(-2 * np.log(first))
    normal = far * np.cos(2 * math.pi * second)
    if family == "gaussian_full":
        r = of["correlation"]
        mixed = r * normal[:, 0] + np.sqrt(1 - r**2) * normal[:, 1]
        normal = np.stack([normal[:, 0], mixed], axis=1)
    return location + width * of["scale"] * normal


def _angles(
    location: np.ndarray, concentration: np.ndarray, chance: np.ndarray, width: float
) -> np.ndarray:
    """Angles in [-π, π) by inverting the distribution on a grid around its location."""
    if width == 0:
        return _wrapped(location)
    concentration = concentration / width**2
    reach = np.minimum(math.pi, 10 / np.sqrt(np.maximum(concentration, 1e-9)))
    grid = np.linspace(-1, 1, _GRID) * reach[..., None]
    weights = np.exp(concentration[..., None] * (np.cos(grid) - 1))
    heights = np.cumsum(0.5 * (weights[..., 1:] + weights[..., :-1]), axis=-1)
    heights = np.concatenate([np.zeros_like(heights[..., :1]), heights], axis=-1)
    heights = heights / heights[..., -1:]
    found = np.empty_like(location)
    for place in np.ndindex(location.shape):
        found[place] = np.interp(chance[place], heights[place], grid[place])
    return _wrapped(location + found)


def _wrapped(angles: np.ndarray) -> np.ndarray:
    return (angles + math.pi) % (2 * math.pi) - math.pi


# ---- densities ----------------------------------------------------------------------------------


def _densities(block: Mixture, raw: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Of each component, its weight included, the log-density of a step's numbers `[*N, K]`."""
    total = _log_softmax(raw[..., block.weights])
    for part in block.layout():
        if part.family in CONTINUOUS:
            meant = _meant(block, part.family, part.size, raw[..., part.raw])
            values = targets[..., None, part.columns]
            total = total + _DENSITIES[part.family](values, meant)
    return total


def _meant(block: Mixture, family: str, size: int, raw: np.ndarray) -> dict[str, np.ndarray]:
    """What the raw parameters of a part's numbers mean."""
    first, second, *more = numbers_of(block, family, size, raw)
    if family == "von_mises":
        length = np.sqrt(first**2 + second**2)
        shortened = length / np.sqrt(1 + (length / CONCENTRATION) ** 2)
        return {"location": np.arctan2(second, first), "concentration": shortened}
    found = {"location": first, "scale": np.exp(SCALE * np.tanh(second / SCALE))}
    if family == "gaussian_full":
        found["correlation"] = CORRELATION * np.tanh(more[0])
    if family == "student_t":
        found["freedom"] = FREEDOM[0] + FREEDOM[1] * np.exp(_said(more[0]))
    return found


def _gaussian(values: np.ndarray, of: dict[str, np.ndarray]) -> np.ndarray:
    distance = (values - of["location"]) / of["scale"]
    return (-0.5 * distance**2 - np.log(of["scale"]) - _HALF).sum(axis=-1)


def _gaussian_full(values: np.ndarray, of: dict[str, np.ndarray]) -> np.ndarray:
    distance, r = (values - of["location"]) / of["scale"], of["correlation"]
    x, y = distance[..., 0], distance[..., 1]
    rest = 1 - r**2
    far = (x**2 - 2 * r * x * y + y**2) / rest
    return -0.5 * far - 0.5 * np.log(rest) - np.log(of["scale"]).sum(axis=-1) - 2 * _HALF


def _student(values: np.ndarray, of: dict[str, np.ndarray]) -> np.ndarray:
    freedom, distance = of["freedom"], (values - of["location"]) / of["scale"]
    half = (freedom + 1) / 2
    constant = log_gamma(half) - log_gamma(freedom / 2) - 0.5 * np.log(freedom * math.pi)
    each = constant - half * np.log1p(distance**2 / freedom) - np.log(of["scale"])
    return each.sum(axis=-1)


def _logistic(values: np.ndarray, of: dict[str, np.ndarray]) -> np.ndarray:
    distance = np.abs(values - of["location"]) / of["scale"]
    return (-distance - 2 * np.log1p(np.exp(-distance)) - np.log(of["scale"])).sum(axis=-1)


def _von_mises(values: np.ndarray, of: dict[str, np.ndarray]) -> np.ndarray:
    concentration = of["concentration"]
    said = concentration * np.cos(values - of["location"])
    return (said - log_bessel(concentration) - 2 * _HALF).sum(axis=-1)


_DENSITIES = {
    "gaussian": _gaussian,
    "gaussian_full": _gaussian_full,
    "student_t": _student,
    "logistic": _logistic,
    "von_mises": _von_mises,
}


def _said(logits: Any) -> Any:
    """log(1 / (1 + e^-x)): of yes; of -x it is that of no."""
    return -np.logaddexp(0, -logits)


def _log_sum(values: np.ndarray) -> Any:
    top = values.max(axis=-1, keepdims=True)
    return top[..., 0] + np.log(np.exp(values - top).sum(axis=-1))


def _log_softmax(values: np.ndarray) -> np.ndarray:
    return values - _log_sum(values)[..., None]
