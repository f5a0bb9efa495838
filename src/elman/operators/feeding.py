"""Input feeding over a whole target, differentiable; `elman.kernels.feeding` specifies it.

What waits for the step before is computed step by step, without a graph; all else at once: the
products of the inputs, and on the way back the gradients of all weights, from what is gathered
over the steps. Rows are sorted by their lengths and packed, so that ended ones cost nothing.
"""

from __future__ import annotations

from itertools import pairwise
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
        masks: Of each layer (into, entering, out), packed; None: nothing is left out.
        sizes: How many of the tensors of each layer are its state's, and its weights'.
        steps: Where the rows that go on at each step are packed.
        places: `[N]`, at which row and step (row · U + step) each packed row stands.
        shape: B and U.
        padding: `[B, S]`, true where a source has no step; None: nowhere.
    """

    recurrences: tuple[Recurrence, ...]
    masks: tuple[tuple[Any, Any, Any], ...]
    sizes: tuple[tuple[int, int], ...]
    steps: list[slice]
    places: Tensor
    shape: tuple[int, int]
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
    padding, order = None, torch.arange(batch, device=inputs.device)
    if source_lengths is not None:
        padding = ~real_steps(source_lengths, keys.shape[1])
    real = torch.ones(steps, batch, dtype=torch.bool, device=inputs.device)
    if lengths is not None:
        order = lengths.argsort(descending=True, stable=True)
        real = real_steps(lengths[order], steps).t()
        keys, values = keys[order], values[order]
        padding = None if padding is None else padding[order]
    when, who = real.nonzero(as_tuple=True)
    places = order[who] * steps + when
    ends = [0, *real.sum(dim=1).cumsum(dim=0).tolist()]
    found = [slice(*each) for each in pairwise(ends)]

    def packed(sequence: Any) -> Any:
        return None if sequence is None else sequence.flatten(0, 1)[places]

    tensors, sizes = [], []
    for layer in layers:
        state = [leaf[order] for leaf in leaves(layer.state)]
        tensors += [*state, *layer.weights]
        sizes.append((len(state), len(layer.weights)))
    job = _Job(
        tuple(layer.recurrence for layer in layers),
        tuple((packed(each.into), packed(each.entering), packed(each.out)) for each in layers),
        tuple(sizes),
        [at for at in found if at.start < at.stop],
        who * steps + when,
        (batch, steps),
        padding,
    )
    given = packed(inputs), keys.contiguous(), values.contiguous()
    outputs, weights = _Feed.apply(job, *given, *looking, *tensors)  # pyright: ignore

    def unpacked(rows: Tensor) -> Tensor:
        whole = rows.new_zeros(batch * steps, rows.shape[1])
        return whole.index_copy(0, places, rows).unflatten(0, (batch, steps))

    return unpacked(outputs), unpacked(weights)


class _Run:
    """One pass: what is the same at every step, and what is kept of each."""

    def __init__(self, job: _Job, inputs: Tensor, looking: Looking, tensors: Any) -> None:
        self.job, self.inputs, self.looking = job, inputs, looking
        count, features = inputs.shape
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
            self.cells.append(CELLS[type(recurrence)](recurrence, kind, state, count, before))
        self.hidden = inputs.new_empty(count, self.cells[-1].units)

    def begin(self) -> None:
        """The part of the lowest layer's gates that the inputs make, of all steps at once."""
        into = self.job.masks[0][0]
        size = self.inputs.shape[1]
        self.read = self.inputs if into is None else self.inputs * into[:, :size]
        self.cells[0].begin(self.read)

    def climb(self, at: slice, fed: Tensor) -> Tensor:
        """One step of all layers; gives the top one's outputs."""
        values = fed
        for cell, (into, entering, out) in zip(self.cells, self.job.masks, strict=True):
            if into is not None:
                values = values * (into[at, -values.shape[1] :])
            values = cell.forward(at, values, None if entering is None else entering[at])
            values = values if out is None else values * out[at]
        self.hidden[at] = values
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
        return d_inputs if into is None else d_inputs * into[:, : d_inputs.shape[1]], found

    def descend(self, at: slice, d_values: Tensor) -> Tensor:
        """The way back of `climb`; gives the gradient by what was fed."""
        for k in reversed(range(len(self.cells))):
            into, entering, out = self.job.masks[k]
            d_values = d_values if out is None else d_values * out[at]
            mask = None if entering is None else entering[at]
            d_values = self.cells[k].backward(at, d_values, mask)
            if into is not None:
                d_values = d_values * (into[at, -d_values.shape[1] :])
        return d_values


class _Feed(torch.autograd.Function):
    """The whole target as one operation."""

    @staticmethod
    def forward(ctx: Any, job: _Job, *tensors: Any) -> Any:
        inputs, keys, values, weight, query, energy, *rest = tensors
        looking = Looking(weight, query, energy)
        run = _Run(job, inputs, looking, rest)
        run.begin()
        count, batch, features = len(inputs), job.shape[0], values.shape[2]
        seen = inputs.new_empty(count, features + run.cells[-1].units)
        outputs = inputs.new_empty(count, len(weight))
        weights = inputs.new_empty(count, keys.shape[1])
        queries = None if query is None else inputs.new_empty(count, len(query))
        fed = outputs.new_zeros(batch, len(weight))
        for at in job.steps:
            n = at.stop - at.start
            asked = hidden = run.climb(at, fed[:n])
            if queries is not None and query is not None:
                asked = torch.mm(hidden, query.t(), out=queries[at])
            scores = _scores(asked, keys[:n], energy)
            shares = _softmax(scores, None if job.padding is None else job.padding[:n])
            weights[at] = shares
            seen[at, :features] = torch.bmm(shares[:, None], values[:n])[:, 0]
            seen[at, features:] = hidden
            fed = torch.mm(seen[at], weight.t(), out=outputs[at]).tanh_()
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
        job, features = ctx.job, values.shape[2]
        asked = run.hidden if queries is None else queries
        d_pre, d_seen = torch.empty_like(outputs), torch.empty_like(seen)
        d_scores, d_asked = torch.empty_like(weights), torch.empty_like(asked)
        d_keys = torch.zeros_like(keys)
        d_energy = None if energy is None else torch.zeros_like(energy)
        d_fed = outputs.new_zeros(job.shape[0], len(weight))
        run.turn()
        for at in reversed(job.steps):
            n, said, shares = at.stop - at.start, outputs[at], weights[at]
            d_fed[:n].add_(d_outputs[at])
            torch.mul(d_fed[:n], 1 - said * said, out=d_pre[at])
            torch.mm(d_pre[at], weight, out=d_seen[at])
            d_shares = torch.bmm(values[:n], d_seen[at, :features, None])[..., 0]
            d_shares = d_shares - (shares * d_shares).sum(dim=1, keepdim=True)
            torch.mul(shares, d_shares, out=d_scores[at])
            if energy is None:
                d_asked[at] = torch.bmm(d_scores[at, None], keys[:n])[:, 0]
            else:
                looked = (asked[at], keys[:n], energy, d_scores[at])
                d_asked[at] = _compared_back(*looked, d_keys[:n], d_energy)
            by_query = d_asked[at] if query is None else d_asked[at] @ query
            d_fed[:n] = run.descend(at, d_seen[at, features:] + by_query)

        def by_row(rows: Tensor) -> Tensor:
            whole = rows.new_zeros(job.shape[0] * job.shape[1], rows.shape[1])
            return whole.index_copy_(0, job.places, rows).unflatten(0, job.shape)

        if energy is None:
            d_keys = torch.bmm(by_row(d_scores).mT, by_row(asked))
        d_values = torch.bmm(by_row(weights).mT, by_row(d_seen[:, :features]))
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
