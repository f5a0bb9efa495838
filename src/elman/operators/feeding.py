"""Input feeding over a whole target, differentiable; `elman.kernels.feeding` specifies it.

What waits for the step before is computed step by step, without a graph; all else at once: the
products of the inputs, and on the way back the gradients of all weights, from what is gathered
over the steps. Rows are sorted by their lengths, so that ended ones cost nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from elman.errors import ArgumentError
from elman.kernels.contract import GRU, LSTM, Recurrence
from elman.kernels.feeding import Layer, Looking
from elman.operators.fed_cells import CELLS, FedCell, gathered
from elman.operators.loop import real_steps
from elman.operators.memory import traced, transformed
from elman.state import leaves

__all__ = ["feed", "lacks"]


class _Job(NamedTuple):
    """What is computed, beside the tensors with gradients.

    Attributes:
        recurrences: Of the layers, from the bottom up.
        masks: Of each layer (into, entering, out), time first; None: nothing is left out.
        sizes: How many of the tensors of each layer are its state's, and its weights'.
        counts: How many rows go on at each step.
        padding: `[B, S]`, true where a source has no step; None: nowhere.
    """

    recurrences: tuple[Recurrence, ...]
    masks: tuple[tuple[Any, Any, Any], ...]
    sizes: tuple[tuple[int, int], ...]
    counts: list[int]
    padding: Tensor | None


def lacks(recurrence: Recurrence, weights: Any, inputs: Tensor) -> str | None:
    """None if a layer can be fed by `feed`, else the reason why not."""
    if type(recurrence) not in CELLS:
        return f"{recurrence.title} has no step here"
    if weights.norm_ih is not None:
        return "layer normalisation is taken step by step"
    if isinstance(recurrence, GRU) and not recurrence.reset_after:
        return "a GRU that resets before is taken step by step"
    if isinstance(recurrence, LSTM):
        plain = weights.peephole is None and weights.projection is None
        if not plain or recurrence.cell_clip is not None:
            return "peepholes, projection and clipping are taken step by step"
    if torch.compiler.is_compiling() or traced() or transformed():
        return "what looks on sees every step"
    if torch.is_autocast_enabled(inputs.device.type):
        return "autocast is asked at every step"
    return None


def feed(
    layers: list[Layer],
    looking: Looking,
    inputs: Float[Tensor, "B U E"],
    keys: Float[Tensor, "B S K"],
    values: Float[Tensor, "B S M"],
    *,
    source_lengths: Int[Tensor, "B"] | None,
    lengths: Int[Tensor, "B"] | None,
) -> tuple[Float[Tensor, "B U A"], Float[Tensor, "B U S"]]:
    """Attentional vectors, zero past each length, and the weights of attention, without gradients.

    Args:
        layers: As of `elman.kernels.feeding`, tensors in place of arrays; `lacks` has no objection.
        looking: Likewise.
        inputs: What the lowest layer reads beside what is fed back.
        keys: What is compared.
        values: What is averaged.
        source_lengths: Real steps of each source; None: all.
        lengths: Real steps of each row, 0…U; None: all.
    """
    batch, steps, _ = inputs.shape
    padding = None
    if source_lengths is not None:
        padding = ~real_steps(source_lengths, keys.shape[1])
    counts, order = [batch] * steps, None
    if lengths is not None:
        order = lengths.argsort(descending=True, stable=True)
        counts = (lengths[:, None] > torch.arange(steps, device=lengths.device)).sum(0).tolist()
        inputs, keys, values = inputs[order], keys[order], values[order]
        padding = None if padding is None else padding[order]

    def sorted_(leaf: Any) -> Any:
        return leaf if leaf is None or order is None else leaf[order]

    def turned(mask: Any) -> Any:
        return None if mask is None else sorted_(mask).transpose(0, 1).contiguous()

    tensors, sizes = [], []
    for layer in layers:
        state = [sorted_(leaf) for leaf in leaves(layer.state)]
        tensors += [*state, *layer.weights]
        sizes.append((len(state), len(layer.weights)))
    job = _Job(
        tuple(layer.recurrence for layer in layers),
        tuple((turned(each.into), turned(each.entering), turned(each.out)) for each in layers),
        tuple(sizes),
        counts,
        padding,
    )
    inputs = inputs.transpose(0, 1).contiguous()
    found = _Feed.apply(job, inputs, keys.contiguous(), values.contiguous(), *looking, *tensors)
    outputs, weights = (each.transpose(0, 1) for each in found)  # pyright: ignore
    if order is not None:
        back = order.argsort()
        outputs, weights = outputs[back], weights[back]
    return outputs, weights


class _Run:
    """One pass: what is the same at every step, and what is kept of each."""

    def __init__(self, job: _Job, inputs: Tensor, looking: Looking, tensors: Any) -> None:
        self.job, self.inputs, self.looking = job, inputs, looking
        steps, batch, features = inputs.shape
        self.cells: list[FedCell] = []
        start = 0
        for k, (recurrence, (states, weights)) in enumerate(
            zip(job.recurrences, job.sizes, strict=True)
        ):
            state = tensors[start : start + states]
            of_weights = tensors[start + states : start + states + weights]
            start += states + weights
            kind = recurrence.weights_type(*of_weights)
            before = features if k == 0 else 0
            self.cells.append(
                CELLS[type(recurrence)](recurrence, kind, state, steps, batch, before)
            )
        self.hidden = inputs.new_zeros(steps, batch, self.cells[-1].units)

    def begin(self) -> None:
        """The part of the lowest layer's gates that the inputs make, of all steps at once."""
        into = self.job.masks[0][0]
        size = self.inputs.shape[2]
        self.read = self.inputs if into is None else self.inputs * into[..., :size]
        self.cells[0].begin(self.read)

    def climb(self, t: int, n: int, fed: Tensor) -> Tensor:
        """One step of all layers; gives the top one's outputs."""
        values = fed
        for k, (cell, (into, entering, out)) in enumerate(
            zip(self.cells, self.job.masks, strict=True)
        ):
            if into is not None:
                values = values * (into[t, :n, -values.shape[1] :] if k == 0 else into[t, :n])
            values = cell.forward(t, n, values, None if entering is None else entering[t, :n])
            values = values if out is None else values * out[t, :n]
        self.hidden[t, :n] = values
        return values

    def turn(self) -> None:
        """Begin the way back."""
        for cell in self.cells:
            cell.turn()

    def gradients(self) -> tuple[Tensor, list[Tensor | None]]:
        """By the inputs, and by states and weights of all layers in their order."""
        found, d_inputs, into = [], None, self.job.masks[0][0]
        for cell in self.cells:
            d_known, states, weights = cell.gradients()
            d_inputs = d_known if d_inputs is None else d_inputs
            kept = cell.weights._asdict()
            found += [*states, *(None if w is None else weights[k] for k, w in kept.items())]
        assert d_inputs is not None  # the lowest layer's are known
        return d_inputs if into is None else d_inputs * into[..., : d_inputs.shape[2]], found

    def descend(self, t: int, n: int, d_values: Tensor) -> Tensor:
        """The way back of `climb`; gives the gradient by what was fed."""
        for k in reversed(range(len(self.cells))):
            into, entering, out = self.job.masks[k]
            d_values = d_values if out is None else d_values * out[t, :n]
            d_values = self.cells[k].backward(
                t, n, d_values, None if entering is None else entering[t, :n]
            )
            if into is not None:
                d_values = d_values * (into[t, :n, -d_values.shape[1] :] if k == 0 else into[t, :n])
        return d_values


class _Feed(torch.autograd.Function):
    """The whole target as one operation."""

    @staticmethod
    def forward(ctx: Any, job: _Job, *tensors: Any) -> Any:
        inputs, keys, values, weight, query, energy, *rest = tensors
        looking = Looking(weight, query, energy)
        run = _Run(job, inputs, looking, rest)
        run.begin()
        steps, batch, _ = inputs.shape
        features = values.shape[2]
        seen = inputs.new_zeros(steps, batch, features + run.cells[-1].units)
        outputs = inputs.new_zeros(steps, batch, len(weight))
        weights = inputs.new_zeros(steps, batch, keys.shape[1])
        queries = None if query is None else inputs.new_zeros(steps, batch, len(query))
        fed = outputs.new_zeros(batch, len(weight))
        for t, n in enumerate(job.counts):
            if n == 0:
                break
            hidden = run.climb(t, n, fed[:n])
            asked = hidden
            if queries is not None and query is not None:
                asked = torch.mm(hidden, query.t(), out=queries[t, :n])
            scores = _scores(asked, keys[:n], energy)
            shares = _softmax(scores, None if job.padding is None else job.padding[:n])
            weights[t, :n] = shares
            seen[t, :n, :features] = torch.bmm(shares[:, None], values[:n])[:, 0]
            seen[t, :n, features:] = hidden
            fed = torch.mm(seen[t, :n], weight.t(), out=outputs[t, :n]).tanh_()
        ctx.job, ctx.run = job, run
        ctx.save_for_backward(*tensors, seen, outputs, weights, queries)
        ctx.mark_non_differentiable(weights)
        return outputs, weights

    @staticmethod
    def backward(ctx: Any, d_outputs: Tensor, _: Any) -> Any:
        if torch.is_grad_enabled():
            found = "a graph of the gradients is wanted of input feeding"
            raise ArgumentError("create_graph", found, "leave it out: there are first ones only")
        saved = ctx.saved_tensors
        keys, values, weight, query, energy = saved[1:6]
        seen, outputs, weights, queries = saved[-4:]
        run: _Run = ctx.run
        steps, batch, features = *outputs.shape[:2], values.shape[2]
        asked = run.hidden if queries is None else queries
        d_pre, d_seen = torch.zeros_like(outputs), torch.zeros_like(seen)
        d_scores, d_asked = torch.zeros_like(weights), torch.zeros_like(asked)
        d_keys = torch.zeros_like(keys)
        d_energy = None if energy is None else torch.zeros_like(energy)
        d_fed = outputs.new_zeros(batch, len(weight))
        run.turn()
        for t in reversed(range(steps)):
            n = ctx.job.counts[t]
            if n == 0:
                continue
            said = outputs[t, :n]
            d_fed[:n].add_(d_outputs[t, :n])
            torch.mul(d_fed[:n], 1 - said * said, out=d_pre[t, :n])
            torch.mm(d_pre[t, :n], weight, out=d_seen[t, :n])
            d_shares = torch.bmm(values[:n], d_seen[t, :n, :features, None])[..., 0]
            shares = weights[t, :n]
            d_shares = d_shares - (shares * d_shares).sum(dim=1, keepdim=True)
            torch.mul(shares, d_shares, out=d_scores[t, :n])
            if energy is None:
                d_asked[t, :n] = torch.bmm(d_scores[t, :n, None], keys[:n])[:, 0]
            else:
                looked = (asked[t, :n], keys[:n], energy, d_scores[t, :n])
                d_asked[t, :n] = _compared_back(*looked, d_keys[:n], d_energy)
            by_query = d_asked[t, :n] if query is None else d_asked[t, :n] @ query
            d_fed[:n] = run.descend(t, n, d_seen[t, :n, features:] + by_query)
        if energy is None:
            d_keys = torch.bmm(d_scores.permute(1, 2, 0), asked.transpose(0, 1))
        d_values = torch.bmm(weights.permute(1, 2, 0), d_seen[..., :features].transpose(0, 1))
        d_inputs, d_rest = run.gradients()
        return (
            None,
            d_inputs,
            d_keys,
            d_values,
            gathered(d_pre, seen),
            None if query is None else gathered(d_asked, run.hidden),
            d_energy,
            *d_rest,
        )


def _scores(asked: Tensor, keys: Tensor, energy: Tensor | None) -> Float[Tensor, "N S"]:
    """Of each row's source, a step each."""
    if energy is None:
        return torch.bmm(keys, asked[..., None])[..., 0]
    return (keys + asked[:, None]).tanh_() @ energy


def _softmax(scores: Tensor, padding: Tensor | None) -> Tensor:
    """Over real steps; zeros for a row without any."""
    if padding is None:
        return scores.softmax(dim=1)
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill_(padding, lowest).softmax(dim=1).masked_fill_(padding, 0.0)


def _compared_back(
    asked: Tensor, keys: Tensor, energy: Tensor, d_scores: Tensor, d_keys: Tensor, d_energy: Any
) -> Tensor:
    """Of additive scores: the gradient by the query; those by keys and energy are added up."""
    said = (keys + asked[:, None]).tanh_()
    d_energy.addmv_(said.flatten(0, 1).t(), d_scores.flatten())
    d_said = said.square_().neg_().add_(1).mul_(energy).mul_(d_scores[..., None])
    d_keys.add_(d_said)
    return d_said.sum(dim=1)
