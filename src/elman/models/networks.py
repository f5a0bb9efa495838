"""The configurations of a blueprint as torch modules."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor, nn

from elman.blueprint import Blueprint, Embedding, Words
from elman.errors import ArgumentError, ShapeError
from elman.models.blocks import Chain
from elman.models.flow import Flow, Memory, zero_past
from elman.models.heads import Unscored
from elman.models.layers import Dense
from elman.models.tagging import PathScores
from elman.state import describe, leaves, map_leaves
from elman.unrolling.checks import Lengths, Resets, check_lengths, check_resets

__all__ = ["EncoderDecoder", "Sequence", "VectorToSequence", "build"]


class Sequence(nn.Module):
    """Sequence to vector and sequence to sequence: one chain over the inputs."""

    def __init__(self, blueprint: Blueprint) -> None:
        super().__init__()
        self.blueprint = blueprint
        self.body = Chain(blueprint, "body")

    def forward(
        self,
        inputs: Num[Tensor, "B T *I"],
        lengths: Lengths | None = None,
        given: Float[Tensor, "B T G"] | None = None,
    ) -> Float[Tensor, "B *T K"] | PathScores | Unscored:
        """Scores or numbers for each row, or for each step (zero past each length).

        Where the blocks read windows: for each of the steps that they make of one. Where a `crf`
        block ends them: `PathScores`; where one does that need not score all tokens: `Unscored`.

        Args:
            inputs: `[B, T, I]` features, token ids `[B, T]`, or words as codes
                `[B, T, 1 + letters]`; what stands past a length (NaN too) changes nothing.
            lengths: Real steps of each row, 0…T; None means all T.
            given: The further numbers of each step, where the network has a `given` block; what
                stands past a length changes nothing.

        Raises:
            ShapeError: The inputs do not fit, or a length is outside 0…T; or the network reads
                windows and these are none of its.
            ArgumentError: A token id is outside the vocabulary.
        """
        return _said(self.body(self._flow(inputs, lengths, given))[0])

    def with_features(
        self,
        inputs: Num[Tensor, "B T *I"],
        lengths: Lengths | None = None,
        given: Float[Tensor, "B T G"] | None = None,
    ) -> tuple[Float[Tensor, "B *T K"] | PathScores, Float[Tensor, "B *T F"]]:
        """What `forward` gives, and beside it the features that its last `dense` block reads.

        Arguments and errors as of `forward`.
        """
        last = max(k for k, block in enumerate(self.body) if isinstance(block, Dense))
        flow, _ = self.body(self._flow(inputs, lengths, given), blocks=slice(last))
        return _said(self.body(flow, blocks=slice(last, None))[0]), flow.values

    def _flow(self, inputs: Tensor, lengths: Lengths | None, given: Tensor | None) -> Flow:
        flow = _sequences(self.blueprint.input_size, inputs, lengths, self.blueprint.words)
        size = self.blueprint.given
        wanted = (*inputs.shape[:2], size) if size else None
        found = None if given is None else tuple(given.shape)
        if found != wanted:
            raise ShapeError("given", f"found {found}", f"{wanted or 'None: nothing is read'}")
        return flow._replace(given=given)

    def unroll(
        self,
        inputs: Num[Tensor, "B T *I"],
        lengths: Lengths | None = None,
        initial_state: Any = None,
        resets: Resets | None = None,
    ) -> tuple[Float[Tensor, "B T K"] | Unscored, Any]:
        """Part of a sequence: `forward` from a state, and the state after each row's last step.

        Args:
            inputs: As for `forward`.
            lengths: As for `forward`.
            initial_state: What this method gave for the steps before; None: the cells' own.
            resets: Where true, the row starts afresh before it reads that step.

        Raises:
            ArgumentError: The network does not answer at each step, reads backwards too, reads
                whole windows, or scores whole paths (`crf`).
            ShapeError: As `forward`; or state or resets do not fit.
        """
        blueprint = self.blueprint
        streams = blueprint.streams and blueprint.crf is None
        if blueprint.configuration != "sequence_to_sequence" or not streams:
            found = blueprint.configuration
            if blueprint.crf is not None:
                found = "it scores whole paths of tags"
            elif not blueprint.streams:
                found = "it reads " + ("windows" if blueprint.reads_windows else "backwards, too")
                found = "it is given more of each step" if blueprint.given else found
                found = "it convolves, and so reads ahead" if blueprint.convolves else found
            raise ArgumentError(
                "network", found, "sequence_to_sequence in one direction, to run in parts"
            )
        flow = _sequences(blueprint.input_size, inputs, lengths, blueprint.words)
        batch, steps = inputs.shape[:2]
        valid = check_resets(resets, batch, steps, inputs.device)
        flow, state = self.body(flow._replace(resets=valid), initial_state)
        return _said(flow), tuple(state)


class VectorToSequence(nn.Module):
    """A vector becomes the decoder's state, first input or part of all inputs; it writes tokens."""

    def __init__(self, blueprint: Blueprint) -> None:
        super().__init__()
        self.blueprint = blueprint
        self.bridge = Chain(blueprint, "bridge")
        self.decoder = Chain(blueprint, "decoder")

    def forward(
        self,
        source: Float[Tensor, "B I"],
        target_in: Int[Tensor, "B U"],
        source_lengths: None = None,
        target_lengths: Lengths | None = None,
    ) -> Float[Tensor, "B U V"] | Unscored:
        """A score for each token at each step (zero past each length), teacher forcing.

        Args:
            source: A vector a row.
            target_in: The target one step late: `go`, then all tokens but the last.
            source_lengths: None: a vector has no length.
            target_lengths: Real steps of each row of `target_in`; None means all U.

        Raises:
            ShapeError: An argument's shape or dtype does not fit, or a length is outside 0…U.
            ArgumentError: A token id is outside the vocabulary.
        """
        size = self.blueprint.input_size
        if source_lengths is not None or source.dim() != 2 or source.shape[1] != size:
            raise ShapeError(
                "source",
                f"found shape {list(source.shape)} and lengths {source_lengths}",
                f"give vectors [B, {size}] without lengths",
            )
        vectors = self.bridge(Flow(source))[0].values
        target = _sequences(None, target_in, target_lengths)
        if self.blueprint.conditioning == "state":
            return _said(self.decoder(target, _started(self.decoder, vectors))[0])
        _check_rows(target, len(vectors))
        if self.blueprint.conditioning == "first":
            return _said(self._after(vectors, target))
        first = self.decoder.index_of_recurrent()
        flow, _ = self.decoder(target, blocks=slice(first))
        beside = vectors[:, None].expand(-1, flow.values.shape[1], -1)
        flow = flow._replace(values=torch.cat([flow.values, beside], dim=2))
        return _said(self.decoder(flow, blocks=slice(first, None))[0])

    def _after(self, vectors: Tensor, target: Flow) -> Flow:
        """What the decoder gives at a target's steps, having read a vector as one step before."""
        flow, _ = self.decoder(target, blocks=slice(1))
        values = torch.cat([vectors[:, None], flow.values], dim=1)
        lengths = None if flow.lengths is None else flow.lengths + 1
        flow, _ = self.decoder(Flow(values, lengths), blocks=slice(1, None))
        return flow._replace(values=flow.values[:, 1:], lengths=target.lengths)


class EncoderDecoder(nn.Module):
    """The encoder's final states start the decoder, which writes tokens.

    A `bridge` may stand between the two; what an `attend` block looks back at are the encoder's
    outputs.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        super().__init__()
        self.blueprint = blueprint
        self.encoder = Chain(blueprint, "encoder")
        self.bridge = Chain(blueprint, "bridge") if "bridge" in blueprint.chains else None
        first = blueprint.chains["decoder"][0]
        shared = isinstance(first, Embedding) and first.shared
        self.decoder = Chain(blueprint, "decoder", self.encoder.vectors if shared else None)

    def forward(
        self,
        source: Num[Tensor, "B S *I"],
        target_in: Int[Tensor, "B U"],
        source_lengths: Lengths | None = None,
        target_lengths: Lengths | None = None,
    ) -> Float[Tensor, "B U V"] | Unscored:
        """A score for each token at each step (zero past each length), teacher forcing.

        Args:
            source: Token ids `[B, S]`, or features `[B, S, I]`.
            target_in: The target one step late: `go`, then all tokens but the last.
            source_lengths: Real steps of each row of `source`; None means all S.
            target_lengths: Real steps of each row of `target_in`; None means all U.

        Raises:
            ShapeError: An argument's shape or dtype does not fit, or a length is outside its range.
            ArgumentError: A token id is outside its vocabulary.
        """
        flow = _sequences(self.blueprint.input_size, source, source_lengths)
        target = _sequences(None, target_in, target_lengths)
        return _said(self.decode(*self.encode(flow), target))

    def encode(self, flow: Flow) -> tuple[Memory, list[Any]]:
        """What the decoder may look back at, and the states from which it starts.

        Without a bridge these are the encoder's own; where the decoder's cells keep more beside
        their numbers (the keys of masks), only the numbers are.
        """
        read, states = self.encoder(flow, reverse=self.blueprint.reverse_source)
        alike = describe(tuple(states)) == describe(_initial(self.decoder, len(flow.values)))
        if self.bridge is not None or not alike:
            parts = [leaf for leaf in leaves(tuple(states)) if leaf.is_floating_point()]
            given = Flow(torch.cat(parts, dim=1))
            given = given if self.bridge is None else self.bridge(given)[0]
            states = _started(self.decoder, given.values)
        return Memory(read.values, read.lengths), states

    def decode(self, memory: Memory, states: list[Any], target: Flow) -> Flow:
        """What the decoder gives for what it is fed; `attention` is beside it."""
        return self.decoder(target._replace(memory=memory), states)[0]


_MODULES: dict[str, type[nn.Module]] = {
    "sequence_to_vector": Sequence,
    "sequence_to_sequence": Sequence,
    "vector_to_sequence": VectorToSequence,
    "encoder_decoder": EncoderDecoder,
}


def build(blueprint: Blueprint, seed: int | None = None) -> Any:
    """A trainable module of what `blueprint` describes.

    >>> from elman.blueprint import CellConfig, sequence_to_vector
    >>> blueprint = sequence_to_vector(input_size=3, cells=CellConfig("gru", 5), outputs=2)
    >>> model = build(blueprint, seed=0)
    >>> model(torch.zeros(4, 7, 3), lengths=[7, 5, 1, 0]).shape
    torch.Size([4, 2])

    Args:
        blueprint: The description; its `shapes()` are the module's state_dict.
        seed: The same seed gives the same initial weights and leaves torch's default generator
            as it was; None draws from that generator.

    Raises:
        BlueprintError: A user's kind of cell has no usable `torch_cell`.
    """
    if seed is None:
        return _MODULES[blueprint.configuration](blueprint)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _MODULES[blueprint.configuration](blueprint)


def _check_rows(target: Flow, rows: int) -> None:
    if len(target.values) != rows:
        found = f"found {len(target.values)} rows for {rows} vectors"
        raise ShapeError("target_in", found, "as many of both")


def _started(decoder: Chain, vectors: Float[Tensor, "B F"]) -> list[Any]:
    """Initial states of a decoder's recurrent blocks, with the parts of a vector in their order."""
    start = 0

    def take(leaf: Tensor) -> Tensor:
        nonlocal start
        if not leaf.is_floating_point():
            return leaf
        start += leaf.shape[1]
        return vectors[:, start - leaf.shape[1] : start]

    return [map_leaves(take, state) for state in _initial(decoder, len(vectors))]


def _initial(decoder: Chain, batch: int) -> tuple[Any, ...]:
    return tuple(block.initial_state(batch) for block in decoder.recurrent())


def _said(flow: Flow) -> Any:
    """What a chain says: values, beside them what paths score, or what scores are made of."""
    if flow.paths is not None:
        return PathScores(flow.values, *flow.paths)
    return flow.values if flow.head is None else Unscored(flow.values, flow.head)


def _sequences(
    features: int | None, inputs: Any, lengths: Lengths | None, words: Words | None = None
) -> Flow:
    """Inputs checked, and zero where no step is real.

    Args:
        features: I of them; None: token ids, or words.
        inputs: As `Sequence.forward` takes them.
        lengths: Likewise.
        words: How words are read; None where the inputs are none.
    """
    sizes = list(inputs.shape) if isinstance(inputs, Tensor) else None
    width = features if words is None else 1 + words.letters
    rank = 2 if width is None else 3
    if sizes is None or len(sizes) != rank or (width is not None and sizes[2] != width):
        found = type(inputs).__name__ if sizes is None else f"shape {sizes}"
        expected = "[B, T] of token ids" if width is None else f"[B, T, {width}]"
        raise ShapeError("inputs", f"found {found}", f"give a tensor {expected}")
    valid = check_lengths(lengths, sizes[0], sizes[1], inputs.device)
    return Flow(inputs if valid is None else zero_past(inputs, valid), valid)
