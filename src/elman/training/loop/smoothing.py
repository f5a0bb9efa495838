"""Training a network together with the smoothing of its series; the runtime's twin answers.

Smyl 2020 (ES-RNN, doi 10.1016/j.ijforecast.2019.03.017): the coefficients of each series' smoothing
get their gradients through what the network reads and through what its answers are held against.

Letters: N series, B of them in a batch, T steps, L steps that the network sees at once, F further
features, H steps of the horizon, P numbers of the network for each, S first seasonals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from elman.errors import ArgumentError, ShapeError
from elman.kernels.smoothing import Coefficients, Form, backward, forward
from elman.runtime.forecasting import Smoothing, future_steps, padded
from elman.targets import Target
from elman.training.loop.examples import Examples
from elman.training.loop.likelihoods import ForecastLoss
from elman.training.loop.losses import WeightedSum

__all__ = ["Smoothed", "SmoothedLoss", "SmoothedNetwork", "series_examples"]


class Smoothed(NamedTuple):
    """What a `SmoothedNetwork` says at each step, and what its words are relative to.

    Attributes:
        raw: `[B, T, H·P]`, the network's outputs, in normalised space.
        centre: `[B, T, H]` float64, what the next values are expected to be from level and
            seasonals: divided by the scale, in logarithms in multiplicative form.
        level: `[B, T]` float64, alike.
        scale: `[B]` float64, of the values.
        spread: `[B]` float64, the unit of differences from the centre.
    """

    raw: Float[Tensor, "B T O"]
    centre: Float[Tensor, "B T H"]
    level: Float[Tensor, "B T"]
    scale: Float[Tensor, "B"]
    spread: Float[Tensor, "B"]


class SmoothedNetwork(nn.Module):
    """A network that reads series without their level and seasonals, which it learns to follow.

    Its parameters for each series are distances from where training begins: of the rates (level
    and seasonal) in logits, of first level and seasonals in logarithms (as they are in additive
    form). Those of the rates count `pace` times: an optimiser whose steps do not depend on the
    gradient's size (Adam) moves them so much faster than the network's weights.

    Args:
        network: `[B, T, L + F]` and lengths to `[B, T, H·P]`, reading forwards.
        start: The smoothing that training begins with.
        window: L.
        horizon: H.
        pace: > 0.
    """

    level: nn.Parameter
    scale: Tensor
    spread: Tensor

    def __init__(
        self, network: nn.Module, start: Smoothing, window: int, horizon: int, pace: float = 10.0
    ) -> None:
        super().__init__()
        if not pace > 0:
            raise ArgumentError("pace", f"found {pace!r}", "a number above 0")
        self.network = network
        self.window, self.horizon, self.pace = window, horizon, pace
        self._start = start
        for name, array in zip(Coefficients._fields, start.coefficients, strict=True):
            begin = _FREE[self._space(name)](torch.from_numpy(array.astype(np.float64)))
            self.register_buffer(f"start_{name}", begin, persistent=False)
            self.register_parameter(name, nn.Parameter(torch.zeros(array.shape)))
        for name in ("scale", "spread"):
            self.register_buffer(name, torch.from_numpy(getattr(start, name)), persistent=False)

    def forward(
        self, inputs: Float[Tensor, "B T F+2"], lengths: Int[Tensor, "B"] | None = None
    ) -> Smoothed:
        """Read whole series.

        Args:
            inputs: As `series_examples` gives them: values (not a number where missing), F further
                features, and the series' number.
            lengths: Real steps of each row; None means all T.
        """
        steps = inputs.shape[1]
        series, values = inputs[:, 0, -1].long(), inputs[:, :, 0].double()
        if lengths is not None:
            past = torch.arange(steps, device=inputs.device) >= lengths[:, None]
            values = values.masked_fill(past, torch.nan)
        scale, spread = self.scale[series], self.spread[series]
        values = values / scale[:, None]
        form, seasons = self._start.form, self._start.seasons
        level, *seasonals = _Smooth.apply(form, seasons, values, *self._coefficients(series))  # pyright: ignore
        if form == "multiplicative":
            level, values = level.log(), values.log()
            seasonals = [s.log() for s in seasonals]
        bare, centre = values, level[:, :, None].expand(-1, -1, self.horizon)
        for season, s in zip(seasons, seasonals, strict=True):
            bare = bare - s[:, :steps]
            known = future_steps(np.arange(steps), season, self.horizon)
            centre = centre + s[:, torch.from_numpy(known).to(s.device)]
        windows = self._windows(bare, level) / spread[:, None, None]
        features = torch.cat([windows.float(), inputs[:, :, 1:-1]], dim=2)
        return Smoothed(self.network(features, lengths), centre, level, scale, spread)

    @torch.no_grad()
    def smoothing(self) -> Smoothing:
        """The smoothing as it is trained so far."""
        everyone = torch.arange(len(self._start), device=self.level.device)
        trained = (tensor.cpu().numpy() for tensor in self._coefficients(everyone))
        return replace(self._start, coefficients=Coefficients(*trained))

    def _coefficients(self, series: Int[Tensor, "B"]) -> list[Tensor]:
        """In the order of the kernel's, float64."""
        found = []
        for name in Coefficients._fields:
            begin, distance = getattr(self, f"start_{name}"), getattr(self, name)
            space = self._space(name)
            pace = self.pace if space == "rate" else 1.0
            found.append(_BOUND[space](begin[series] + pace * distance[series].double()))
        return found

    def _space(self, name: str) -> str:
        if name in ("level", "seasonal"):
            return "rate"
        return "positive" if self._start.form == "multiplicative" else "any"

    def _windows(
        self, bare: Float[Tensor, "B T"], level: Float[Tensor, "B T"]
    ) -> Float[Tensor, "B T L"]:
        """At each step the last L values less its level; zero where there is none."""
        missing = torch.isnan(bare)
        before = (self.window - 1, 0)
        absent = nn.functional.pad(missing, before, value=True).unfold(1, self.window, 1)
        seen = nn.functional.pad(bare.masked_fill(missing, 0.0), before)
        windows = seen.unfold(1, self.window, 1) - level[:, :, None]
        return windows.masked_fill(absent, 0.0)


_FREE = {"rate": torch.logit, "positive": torch.log, "any": torch.clone}
"""From a coefficient's space to one without bounds."""
_BOUND = {"rate": torch.sigmoid, "positive": torch.exp, "any": torch.clone}
"""And back."""


class _Smooth(torch.autograd.Function):
    """`elman.kernels.smoothing` on torch tensors: the levels, then each seasonal."""

    @staticmethod
    def forward(
        ctx: Any, form: Form, seasons: tuple[int, ...], values: Tensor, *coefficients: Tensor
    ) -> tuple[Tensor, ...]:
        array, *given = (tensor.detach().cpu().numpy() for tensor in (values, *coefficients))
        levels, seasonals, ctx.tape = forward(form, seasons, Coefficients(*given), array)
        return tuple(torch.tensor(array).to(values.device) for array in (levels, *seasonals))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        d_levels, *d_seasonals = (gradient.cpu().numpy() for gradient in gradients)
        found = backward(ctx.tape, d_levels, tuple(d_seasonals))
        device = gradients[0].device
        return None, None, None, *(torch.from_numpy(array).to(device) for array in found)


@dataclass(frozen=True)
class SmoothedLoss:
    """A forecast's loss in normalised space, and a price for levels that vary.

    Attributes:
        loss: Of the normalised values at every step that has targets.
        form: Of the smoothing.
        level_penalty: ≥ 0, weight of the mean square of the second difference of the level: in
            logarithms in multiplicative form, else in units of the scale. Smyl's program has 10
            for hourly series.

    Raises:
        ArgumentError: The loss is of counts, which are no ratios; or the weight is negative.
    """

    loss: ForecastLoss
    form: Form
    level_penalty: float = 10.0

    def __post_init__(self) -> None:
        if self.loss.output == "negative_binomial":
            raise ArgumentError("output", "found 'negative_binomial'", "a head without counts")
        if not self.level_penalty >= 0:
            raise ArgumentError("level_penalty", f"found {self.level_penalty!r}", "at least 0")

    def __call__(self, outputs: Any, batch: Examples) -> WeightedSum:
        """Sum over the observed targets of what `SmoothedNetwork` said.

        Args:
            outputs: `Smoothed`.
            batch: As `series_examples` gives it: targets `[B, T, H]` in the values' unit.
        """
        targets = batch.targets.double() / outputs.scale[:, None, None]
        if self.form == "multiplicative":
            targets = targets.log()
        held = torch.isfinite(targets).any(dim=2)
        weights = torch.ones(len(targets)) if batch.weights is None else batch.weights
        normalised = ((targets - outputs.centre) / outputs.spread[:, None, None])[held].float()
        each = weights.to(held.device)[:, None].expand_as(held)[held]
        raw = outputs.raw[held]
        total, count = self.loss(
            raw, Examples(raw, normalised[..., None], weights=each, kind=Target.NUMBERS)
        )
        return WeightedSum(
            total + self.level_penalty * count * self._roughness(outputs, batch), count
        )

    def _roughness(self, outputs: Smoothed, batch: Examples) -> Tensor:
        """The mean square of the levels' second differences."""
        bends = outputs.level.diff(n=2, dim=1).square()
        steps = torch.from_numpy(batch.steps()).to(bends.device)
        real = torch.arange(2, bends.shape[1] + 2, device=bends.device) < steps[:, None]
        return ((bends * real).sum() / real.sum().clamp_min(1)).float()


def series_examples(
    values: Float[np.ndarray, "R"],
    offsets: Int[np.ndarray, "N+1"],
    horizon: int,
    first: Int[np.ndarray, "N"],
    last: Int[np.ndarray, "N"],
    features: Float[np.ndarray, "R F"] | None = None,
) -> Examples:
    """Whole series to train a `SmoothedNetwork` on, or to validate it.

    Args:
        values: N series, one after the other; not a number where missing.
        offsets: The rows of series n are offsets[n] … offsets[n+1] - 1.
        horizon: H; a step's targets are the H values after it.
        first: The first step of each series, from 0, that has targets: to train usually L - 1.
        last: The step after the last one that has targets; those that would lie past the end are
            missing.
        features: Further features of each row; None: F is 0.

    Returns:
        Inputs `[N, T, 1 + F + 1]`: the value, the features and the series' number; targets
        `[N, T, H]`, not a number where there is none; and the lengths.

    Raises:
        ShapeError: There is not one number for each series or row.
    """
    count, lengths = len(offsets) - 1, np.diff(offsets)
    if not len(first) == len(last) == count or len(values) != offsets[-1]:
        found = f"{len(first)} and {len(last)} steps, {len(values)} values"
        raise ShapeError("first and last", found, f"{count} of each, {offsets[-1]}")
    table = padded(values, offsets)
    parts = [table]
    if features is not None:
        parts += [np.nan_to_num(padded(column, offsets)) for column in features.T]
    parts.append(np.repeat(np.arange(count)[:, None], table.shape[1], axis=1))
    inputs = np.stack(parts, axis=2).astype(np.float32)
    after = np.concatenate([table[:, 1:], np.full((count, horizon), np.nan)], axis=1)
    targets = np.lib.stride_tricks.sliding_window_view(after, horizon, axis=1).astype(np.float32)
    steps = np.arange(table.shape[1])
    targets[(steps < first[:, None]) | (steps >= last[:, None])] = np.nan
    tensors = (torch.from_numpy(array) for array in (inputs, targets, lengths))
    return Examples(*tensors, kind=Target.NUMBERS_PER_STEP)
