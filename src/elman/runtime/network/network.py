"""A blueprint and its weights, answering without torch.

>>> import numpy as np
>>> from elman.blueprint import CellConfig, sequence_to_vector
>>> blueprint = sequence_to_vector(input_size=2, cells=CellConfig("rnn", 3), outputs=1)
>>> network = Network(
...     blueprint, {name: np.ones(shape, "float32") for name, shape in blueprint.shapes().items()}
... )
>>> network.run(np.zeros((4, 5, 2)), lengths=[5, 3, 1, 0]).shape
(4, 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Num

from elman.blueprint import Blueprint
from elman.errors import ArgumentError, ShapeError
from elman.kernels.attention import Memory
from elman.runtime.network.blocks import Chain
from elman.runtime.network.decoder import Decoder
from elman.runtime.network.flow import Flow
from elman.runtime.network.inputs import check_state, fitting_given, sequences, vectors
from elman.runtime.network.recording import Recording, record_layers
from elman.runtime.network.stepping import NetworkStepper
from elman.state import batch_size, describe, leaves, map_leaves

__all__ = ["Network"]


class Network:
    """Runs what a blueprint describes, in float32.

    A row's answer is the same alone, in a batch or padded, and as a whole or step by step (in
    networks that stream): to the bit where the compiled kernels run all its cells, to rounding
    where the reference runs one.

    Args:
        blueprint: The description.
        weights: An array for each of `blueprint.shapes()`.

    Raises:
        ShapeError: A weight is missing, unknown, or of another shape.
        BlueprintError: A cell of a user's own kind has no NumPy step.
    """

    def __init__(self, blueprint: Blueprint, weights: Mapping[str, np.ndarray]) -> None:
        blueprint.check_weights(weights)
        self.blueprint = blueprint
        arrays = {name: np.ascontiguousarray(w, np.float32) for name, w in weights.items()}
        self._weights = arrays
        self._chains = {name: Chain(blueprint, name, arrays) for name in blueprint.chains}
        self._states = {name: chain.initial_state(0) for name, chain in self._chains.items()}

    def run(
        self,
        inputs: Num[np.ndarray, "B T *I"],
        lengths: Int[np.ndarray, "B"] | None = None,
        given: Float[np.ndarray, "B T G"] | None = None,
    ) -> Float[np.ndarray, "B *T K"]:
        """Whole sequences.

        Args:
            inputs: `[B, T, I]` features, token ids `[B, T]`, or words as codes
                `[B, T, 1 + letters]`. What stands past a length is not read.
            lengths: Real steps of each row, 0…T; None means all T.
            given: The further numbers of each step, where the network has a `given` block. What
                stands past a length is not read either.

        Returns:
            `[B, K]` from a sequence-to-vector network; `[B, T, K]`, zero past each length, from
            a sequence-to-sequence one, or of as many steps as its blocks make of a window.
            Scores and numbers are as the last block gives them; before a `crf` block those of
            each tag at each step.

        Raises:
            ShapeError: The inputs' rank, dtype or number of features do not fit, or a length is
                outside 0…T; or the network reads windows and these are none of its.
            ArgumentError: A token id is outside its range, or the network generates.
        """
        self._needs("run", self.blueprint.generates, "decoder and teach")
        flow = self._sequences("body", inputs, lengths)
        flow, _ = self._chains["body"].run(
            flow._replace(given=fitting_given(self.blueprint, flow, given))
        )
        return flow.values

    def trace(
        self,
        inputs: Num[np.ndarray, "B T *I"],
        lengths: Int[np.ndarray, "B"] | None = None,
    ) -> Float[np.ndarray, "B T K"]:
        """The answer after each step: `[:, t]` is `run` on the first t + 1 steps.

        Zero past each length. Arguments and errors as of `run`; networks that read in both
        directions read every beginning anew, which takes time quadratic in T. Those that read
        whole windows answer at no step: `ArgumentError`.
        """
        self._needs_steps("trace")
        self._needs("trace", bool(self.blueprint.given), "run on each beginning")
        if self.blueprint.configuration == "sequence_to_sequence" and self.blueprint.streams:
            return self.run(inputs, lengths)
        flow = self._sequences("body", inputs, lengths)
        assert flow.lengths is not None
        batch, steps = flow.values.shape[:2]
        traced = np.zeros((batch, steps, self.blueprint.output_size), np.float32)
        state = self._chains["body"].initial_state(batch)
        for t in range(steps):
            if self.blueprint.streams:
                answer, state = self._chains["body"].step(flow.values[:, t], state)
            else:
                read = np.minimum(flow.lengths, t + 1)
                start = Flow(flow.values[:, : t + 1], read)
                answer = self._chains["body"].run(start)[0].values
                if answer.ndim == 3:
                    answer = answer[:, t]
            traced[:, t] = np.where((t < flow.lengths)[:, None], answer, np.float32(0))
        return traced

    def record(
        self, inputs: Num[np.ndarray, "T *I"], given: Float[np.ndarray, "T G"] | None = None
    ) -> Recording:
        """Gates, states and answers at each step of one sequence.

        Args:
            inputs: `[T, I]` features, or token ids `[T]`; T ≥ 1.
            given: As of `run`.

        Raises:
            ShapeError: The rank, dtype or number of features does not fit, or there is no step.
            ArgumentError: A token id is outside its range, or the network generates or reads
                whole windows.
        """
        self._needs_steps("record")
        flow = self._sequences("body", np.asarray(inputs)[None], None)
        values = flow.values[0]
        if not len(values):
            raise ShapeError("inputs", "found no steps", "at least one")
        beside = fitting_given(
            self.blueprint, flow, None if given is None else np.asarray(given)[None]
        )
        layers = record_layers(self._chains["body"], values, beside)
        return Recording(values, layers, self._answers(values, beside))

    def _answers(self, values: np.ndarray, given: np.ndarray | None) -> Float[np.ndarray, "T K"]:
        """The answer to one sequence at each step; NaN where there is none."""
        if self.blueprint.configuration == "sequence_to_sequence":
            return self.run(values[None], None, given)[0]
        if self.blueprint.streams:
            return self.trace(values[None])[0]
        answers = np.full((len(values), self.blueprint.output_size), np.nan, np.float32)
        answers[-1] = self.run(values[None], None, given)[0]
        return answers

    def initial_state(self, batch: int) -> Any:
        """The state before the first step of `batch` rows, for `step_inputs`.

        Raises:
            ArgumentError: The network generates, reads in both directions, or whole windows.
        """
        self._needs("initial_state", not self.blueprint.streams, "run, or decoder and teach")
        return self._chains["body"].initial_state(batch)

    def recurrent_states(self, state: Any) -> Any:
        """Of a state of the stream the recurrent layers' own, as `NetworkStepper` has them."""
        states = self._chains["body"].recurrent_states(state)
        return tuple(layer for block in states for layer in block)

    def state_of(self, recurrent: list[Any], batch: int) -> Any:
        """The state of the stream in which the recurrent blocks have these."""
        return self._chains["body"].with_recurrent_states(recurrent, batch)

    def unroll(self, inputs: Num[np.ndarray, "B T *I"], state: Any = None) -> tuple[Any, Any]:
        """Several steps of a stream at once, which gives what `step_inputs` one by one does.

        Args:
            inputs: `[B, T, I]` features, or token ids `[B, T]`.
            state: From `initial_state`, or from the steps before; None: the initial one.

        Returns:
            The answers `[B, T, K]`, or `[B, K]` from a sequence-to-vector network, and the state
            after the last step; errors as of `step_inputs`.
        """
        self._needs("unroll", not self.blueprint.streams, "run, or decoder and teach")
        flow = self._sequences("body", inputs, None)
        given = None if state is None else self._fitting("body", state, len(flow.values))
        flow, after = self._chains["body"].run(flow, given)
        return flow.values, after

    def step_inputs(
        self, inputs: Num[np.ndarray, "B *I"], state: Any
    ) -> tuple[Float[np.ndarray, "B K"], Any]:
        """One step of a stream.

        Args:
            inputs: `[B, I]` features, or token ids `[B]`.
            state: From `initial_state`, or from the step before.

        Returns:
            The answer `[B, K]` to all that was read so far, and the state after it.

        Raises:
            ShapeError: The inputs or the state do not fit.
            ArgumentError: A token id is outside its range, or the network does not stream.
        """
        self._needs("step_inputs", not self.blueprint.streams, "run, or decoder and teach")
        values = np.asarray(inputs)
        flow = self._sequences("body", values[:, None] if values.ndim else values, None)
        return self._chains["body"].step(
            flow.values[:, 0], self._fitting("body", state, len(values))
        )

    def stepper(self, batch: int = 1, **options: Any) -> NetworkStepper:
        """A stream of `batch` rows, which is fed much faster than by `step_inputs`.

        Options and errors as of `NetworkStepper`.

        >>> from elman.blueprint import CellConfig, sequence_to_vector
        >>> blueprint = sequence_to_vector(input_size=2, cells=CellConfig("rnn", 3), outputs=1)
        >>> weights = {name: np.ones(s, "float32") for name, s in blueprint.shapes().items()}
        >>> stepper = Network(blueprint, weights).stepper()
        >>> stepper.step(np.zeros((1, 2), np.float32)).shape
        (1, 1)
        """
        self._needs("stepper", not self.blueprint.streams, "run, or decoder and teach")
        return NetworkStepper(self.blueprint, self._weights, self._chains["body"], batch, **options)

    def decoder(
        self, source: Num[np.ndarray, "B *I"], lengths: Int[np.ndarray, "B"] | None = None
    ) -> Decoder:
        """Reads sources, of which a generating network then writes step by step.

        Args:
            source: `[B, I]` vectors (vector to sequence), or what an encoder reads: token ids
                `[B, S]` or features `[B, S, I]`.
            lengths: Real steps of each row of an encoder's source.

        Raises:
            ShapeError: The source's rank, dtype or number of features do not fit, or a length is
                outside 0…S.
            ArgumentError: A token id is outside its range, or the network does not generate.
        """
        self._needs("decoder", not self.blueprint.generates, "run")
        memory, beside, state = self._read(source, lengths)
        chain = self._chains["decoder"]
        numbers = np.arange(batch_size(state) if state else 0, dtype=np.int64)
        return Decoder(chain, (numbers, state), memory, beside, self._next_step)

    def teach(
        self,
        source: Num[np.ndarray, "B *I"],
        target_in: Int[np.ndarray, "B U"],
        source_lengths: Int[np.ndarray, "B"] | None = None,
        target_lengths: Int[np.ndarray, "B"] | None = None,
    ) -> tuple[Float[np.ndarray, "B U V"], Float[np.ndarray, "B U S"] | None]:
        """The scores of each token at each step of a target that is given, as `decoder` has them.

        Args:
            source: As of `decoder`.
            target_in: The target one step late: `go`, then all tokens but the last.
            source_lengths: As of `decoder`.
            target_lengths: Real steps of each row of `target_in`, 0…U; None means all U.

        Returns:
            The scores, zero past each length; and how much each step looks at each step of the
            source (a row's sum is one, at padding there is exactly zero; zeros past each length,
            and for a source without a step), or None where the network does not look back.

        Raises:
            ShapeError: As `decoder`; or there are not as many targets as sources.
            ArgumentError: As `decoder`.
        """
        self._needs("teach", not self.blueprint.generates, "run")
        memory, beside, state = self._read(source, source_lengths)
        flow = self._sequences("decoder", target_in, target_lengths)
        state = self._fitting("decoder", state, len(flow.values))
        numbers = np.arange(len(flow.values), dtype=np.int64)
        flow = flow._replace(memory=memory, sources=numbers, beside=beside)
        flow, _ = self._chains["decoder"].run(flow, state)
        return flow.values, flow.attention

    def _read(self, source: Any, lengths: Any) -> tuple[Memory | None, np.ndarray | None, Any]:
        """What a decoder may look at, what is beside its inputs, and the state it starts from."""
        decoder = self._chains["decoder"]
        if self.blueprint.configuration != "encoder_decoder":
            if lengths is not None:
                raise ArgumentError("lengths", "given for a vector", "leave them out")
            return None, *self._told(vectors(self.blueprint.input_size, source))
        encoder = self._chains["encoder"]
        flow = self._sequences("encoder", source, lengths)
        read, after = encoder.run(flow, reverse=self.blueprint.reverse_source)
        states = encoder.recurrent_states(after)
        alike = describe(tuple(states)) == describe(self._recurrent(len(flow.values)))
        if alike and "bridge" not in self._chains:
            state = decoder.with_recurrent_states(states, len(flow.values))
        else:
            found = [leaf for leaf in leaves(tuple(states)) if leaf.dtype.kind == "f"]
            state = self._bridged(np.concatenate(found, axis=1))
        attend = decoder.attend
        assert flow.lengths is not None  # an encoder reads steps
        memory = None if attend is None else attend.see(read.values, flow.lengths)
        return memory, None, state

    def _told(self, given: np.ndarray) -> tuple[np.ndarray | None, Any]:
        """What a vector puts beside a decoder's inputs, and the state it starts from."""
        decoder, how = self._chains["decoder"], self.blueprint.conditioning
        if how == "state":
            return None, self._bridged(given)
        made = self._chains["bridge"].run(Flow(given))[0].values
        if how == "first":
            return None, decoder.after(made)
        return made, decoder.initial_state(len(given))

    def _bridged(self, given: np.ndarray) -> Any:
        """The decoder's initial state with the numbers that the bridge makes, or these."""
        flow = Flow(given)
        if "bridge" in self._chains:
            flow, _ = self._chains["bridge"].run(flow)
        filled = _filled(self._recurrent(len(given)), flow.values)
        return self._chains["decoder"].with_recurrent_states(list(filled), len(given))

    def _recurrent(self, batch: int) -> Any:
        """The initial states of the decoder's recurrent blocks."""
        decoder = self._chains["decoder"]
        return tuple(decoder.recurrent_states(decoder.initial_state(batch)))

    def _sequences(self, chain: str, inputs: Any, lengths: Any) -> Flow:
        return sequences(self.blueprint, chain, inputs, lengths)

    def _fitting(self, chain: str, state: Any, batch: int) -> Any:
        return check_state(state, self._states[chain], batch)

    def _next_step(self, tokens: Any, state: Any) -> tuple[np.ndarray, Any]:
        """Tokens and a state of `Decoder`, if they fit its next step."""
        ids = np.asarray(tokens)
        flow = self._sequences("decoder", ids[:, None] if ids.ndim else ids, None)
        like = (np.zeros(0, np.int64), self._states["decoder"])
        return flow.values[:, 0], check_state(state, like, len(ids))

    def _needs_steps(self, method: str) -> None:
        """Refuse where no step of the input has an answer of its own."""
        self._needs(method, self.blueprint.generates, "decoder and teach")
        self._needs(method, self.blueprint.reads_windows, "run")

    def _needs(self, method: str, is_wrong: bool, instead: str) -> None:
        if is_wrong:
            found = self.blueprint.configuration
            if self.blueprint.reads_windows:
                found += " and reads whole windows"
            elif self.blueprint.given:
                found += " and is given further numbers of each step"
            elif self.blueprint.convolves:
                found += " and reads windows that reach ahead"
            elif not (self.blueprint.generates or self.blueprint.streams):
                found += ", bidirectional"
            raise ArgumentError(f"Network.{method}", f"this network is {found}", f"use {instead}")


def _filled(state: Any, given: Float[np.ndarray, "B S"]) -> Any:
    """`state` with its floating-point arrays taken from `given`, side by side."""
    start = 0

    def take(leaf: np.ndarray) -> np.ndarray:
        nonlocal start
        if not np.issubdtype(leaf.dtype, np.floating):
            return leaf
        start += leaf.shape[1]
        return np.ascontiguousarray(given[:, start - leaf.shape[1] : start])

    return map_leaves(take, state)
