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

from elman.blueprint import Blueprint, Embedding, Words
from elman.errors import ArgumentError, ShapeError
from elman.runtime.network.blocks import Chain
from elman.runtime.network.cells import real_steps
from elman.runtime.network.flow import Flow
from elman.runtime.network.recording import Recording, record_layers
from elman.runtime.network.stepping import NetworkStepper
from elman.state import batch_size, describe, map_leaves

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
        self._layouts = {
            name: _layout(chain.initial_state(0)) for name, chain in self._chains.items()
        }

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
        self._needs("run", self.blueprint.generates, "start and step")
        flow = self._sequences("body", inputs, lengths)
        flow, _ = self._chains["body"].run(flow._replace(given=self._fitting_given(flow, given)))
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
        beside = self._fitting_given(flow, None if given is None else np.asarray(given)[None])
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
        self._needs("initial_state", not self.blueprint.streams, "run, or start and step")
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
        self._needs("unroll", not self.blueprint.streams, "run, or start and step")
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
        self._needs("step_inputs", not self.blueprint.streams, "run, or start and step")
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
        self._needs("stepper", not self.blueprint.streams, "run, or start and step")
        return NetworkStepper(self.blueprint, self._weights, self._chains["body"], batch, **options)

    def start(
        self, source: Num[np.ndarray, "B *I"], lengths: Int[np.ndarray, "B"] | None = None
    ) -> Any:
        """The state from which a generating network writes.

        Args:
            source: `[B, I]` vectors (vector to sequence), or what an encoder reads: token ids
                `[B, S]` or features `[B, S, I]`.
            lengths: Real steps of each row of an encoder's source.

        Raises:
            ShapeError: The source's rank, dtype or number of features do not fit, or a length is
                outside 0…S.
            ArgumentError: A token id is outside its range, or the network does not generate.
        """
        self._needs("start", not self.blueprint.generates, "run")
        decoder = self._chains["decoder"]
        if self.blueprint.configuration == "encoder_decoder":
            encoder = self._chains["encoder"]
            flow = self._sequences("encoder", source, lengths)
            _, state = encoder.run(flow, reverse=self.blueprint.reverse_source)
            return decoder.with_recurrent_states(encoder.recurrent_states(state), len(flow.values))
        if lengths is not None:
            raise ArgumentError("lengths", "given for a vector", "leave them out")
        vectors = self._vectors(source)
        flow, _ = self._chains["bridge"].run(Flow(vectors))
        return _filled(decoder.initial_state(len(vectors)), flow.values)

    def step(
        self, tokens: Int[np.ndarray, "B"], state: Any
    ) -> tuple[Float[np.ndarray, "B V"], Any]:
        """One step of a decoder: what to write after `tokens`.

        Args:
            tokens: `[B]` the token that was written last, `blueprint.go` at first.
            state: From `start`, or from the step before.

        Returns:
            A score `[B, V]` for each token (before softmax), and the state after the step.

        Raises:
            ShapeError: The tokens or the state do not fit.
            ArgumentError: A token id is outside its range, or the network does not generate.
        """
        self._needs("step", not self.blueprint.generates, "step_inputs")
        ids = np.asarray(tokens)
        flow = self._sequences("decoder", ids[:, None] if ids.ndim else ids, None)
        return self._chains["decoder"].step(
            flow.values[:, 0], self._fitting("decoder", state, len(ids))
        )

    def _needs_steps(self, method: str) -> None:
        """Refuse where no step of the input has an answer of its own."""
        self._needs(method, self.blueprint.generates, "start and step")
        self._needs(method, self.blueprint.reads_windows, "run")

    def _needs(self, method: str, is_wrong: bool, instead: str) -> None:
        if is_wrong:
            found = self.blueprint.configuration
            if self.blueprint.reads_windows:
                found += " and reads whole windows"
            elif self.blueprint.given:
                found += " and is given further numbers of each step"
            elif not (self.blueprint.generates or self.blueprint.streams):
                found += ", bidirectional"
            raise ArgumentError(f"Network.{method}", f"this network is {found}", f"use {instead}")

    def _sequences(self, chain: str, inputs: Any, lengths: Any) -> Flow:
        """Inputs checked, and zero where no step is real."""
        first = self.blueprint.chains[chain][0]
        values = np.asarray(inputs)
        if isinstance(first, Embedding):
            _check_layout(values, "token ids [B, T]", 2, "iu")
        elif isinstance(first, Words):
            wide = 1 + first.letters
            _check_layout(values, f"words as codes [B, T, {wide}]", 3, "iu", wide)
        else:
            size = self.blueprint.input_size
            _check_layout(values, f"numbers [B, T, {size}]", 3, "iufb", size)
            values = values.astype(np.float32, copy=False)
        lengths = _lengths(lengths, *values.shape[:2])
        real = real_steps(lengths, values.shape[1])
        values = np.where(
            real.reshape(real.shape + (1,) * (values.ndim - 2)), values, values.dtype.type(0)
        )
        if isinstance(first, Embedding):
            _check_ids(values, first.vocabulary)
        if isinstance(first, Words):
            _check_ids(values[..., 0], first.vocabulary)
            if first.letters:
                _check_ids(values[..., 1:].max(axis=-1), first.characters)
        return Flow(values, lengths)

    def _fitting_given(self, flow: Flow, given: Any) -> np.ndarray | None:
        """What is given for the steps, if it is what the network needs."""
        size, found = self.blueprint.given, None if given is None else np.asarray(given)
        if not size and found is None:
            return None
        wanted = (*flow.values.shape[:2], size)
        if found is None or not size or found.shape != wanted or found.dtype.kind not in "iuf":
            said = None if found is None else f"{found.dtype} of shape {found.shape}"
            raise ShapeError("given", f"found {said}", f"{wanted if size else 'None'}")
        return found.astype(np.float32, copy=False)

    def _fitting(self, chain: str, state: Any, batch: int) -> Any:
        """`state` if it is one of the chain's, with a row for each input."""
        if _layout(state) != self._layouts[chain]:
            expected = describe(self._chains[chain].initial_state(batch))
            raise ShapeError("state", f"found {describe(state)}", f"give {expected}")
        rows = batch_size(state)
        if rows != batch:
            raise ShapeError("state", f"found {rows} rows for {batch} inputs", "as many of both")
        return state

    def _vectors(self, source: Any) -> np.ndarray:
        values = np.asarray(source)
        size = self.blueprint.input_size
        _check_layout(values, f"numbers [B, {size}]", 2, "iufb", size)
        return values.astype(np.float32, copy=False)


def _check_layout(
    values: np.ndarray, layout: str, rank: int, kinds: str, features: int | None = None
) -> None:
    fits = values.ndim == rank and values.dtype.kind in kinds
    if not fits or (features is not None and values.shape[-1] != features):
        raise ShapeError(
            "inputs", f"found {values.dtype} of shape {values.shape}", f"give {layout}"
        )


def _check_ids(ids: np.ndarray, vocabulary: int) -> None:
    wrong = (ids < 0) | (ids >= vocabulary)
    if wrong.any():
        row, step = np.argwhere(wrong)[0]
        raise ArgumentError(
            f"inputs[{row}, {step}]",
            f"found token id {ids[row, step]}",
            f"give ids from 0 to {vocabulary - 1}",
        )


def _lengths(lengths: Any, batch: int, steps: int) -> np.ndarray:
    if lengths is None:
        return np.full(batch, steps, np.int64)
    found = np.asarray(lengths)
    if found.shape != (batch,) or found.dtype.kind not in "iu":
        raise ShapeError(
            "lengths", f"found {found.dtype} of shape {found.shape}", f"give integers [{batch}]"
        )
    if batch and (found.min() < 0 or found.max() > steps):
        row = int(np.argmax((found < 0) | (found > steps)))
        raise ShapeError(
            f"lengths[{row}]", f"found {found[row]}", f"give lengths from 0 to {steps}"
        )
    return found.astype(np.int64, copy=False)


def _layout(state: Any) -> Any:
    """A state's structure and sizes, without its rows."""
    if isinstance(state, tuple):
        return type(state).__name__, *map(_layout, state)
    return getattr(state, "shape", None) and state.shape[1:]


def _filled(state: Any, vectors: Float[np.ndarray, "B S"]) -> Any:
    """`state` with its floating-point arrays taken from `vectors`, side by side."""
    start = 0

    def take(leaf: np.ndarray) -> np.ndarray:
        nonlocal start
        if not np.issubdtype(leaf.dtype, np.floating):
            return leaf
        start += leaf.shape[1]
        return np.ascontiguousarray(vectors[:, start - leaf.shape[1] : start])

    return map_leaves(take, state)
