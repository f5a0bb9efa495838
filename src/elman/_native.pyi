"""The compiled kernels (native/bindings.cpp); native/include/elman has the layouts.

An array is an object with a buffer (a NumPy array, dense and row-major, of the dtype that is asked
for), or the address of such memory as an integer; in a call a sequence `[B, T, ·]` is an array, or
(address, entries from row to row, entries from step to step). What is of another dtype is a
TypeError, what does not fit a ValueError. `elman.kernels.native` and `elman.kernels.tapes.native`
are the way in.
"""

from typing import Any, TypeAlias

Array: TypeAlias = Any  # an array, or the address of one

def isa() -> str:
    """The instruction set that runs."""

def available_isas() -> tuple[str, ...]:
    """What this machine can run, the most capable last."""

def use_isa(name: str) -> None:
    """Run on this instruction set from now on; ValueError if the machine has none of that name."""

def use_openmp(addresses: tuple[int, ...] | None) -> None:
    """Compute on another library's OpenMP threads: the addresses of its five functions; or None."""

def weigh(sizes: tuple[int, int], values: Array, weights: Array) -> list[float]:
    """Each row of `values` `[A, V]` less its greatest, in place, and e to that; their sums."""

def powers(count: int, values: Array, weights: Array) -> None:
    """Write e to the power of each value, float64."""

class Memory:
    """Memory that goes on to the next that asks for as much; it has a buffer."""

    address: int

    def __init__(self, bytes: int) -> None: ...

class Prepared:
    """A recurrence's weights, packed once for this instruction set; copied."""

    vocabulary: int

    def __init__(
        self, recurrence: tuple[Any, ...], twice: bool, vocabulary: int, embedding: Array | None
    ) -> None: ...
    def answer(
        self,
        batch: int,
        time: int,
        reverse: bool,
        inputs: int,
        input_row: int,
        input_step: int,
        hidden: int,
        cell: int,
        outputs: int,
        output_row: int,
        output_step: int,
        final_hidden: int,
        final_cell: int,
        threads: int,
        /,
    ) -> None:
        """One call by addresses, of whole rows without noise."""

class TapeProgram:
    """One way of a tape, as `elman.kernels.tapes.program` makes it.

    Raises:
        ValueError: A number in it reaches past what it has.
    """

    def __init__(self, program: tuple[Any, ...]) -> None: ...

class PreparedTape:
    """A tape's weights, packed once for a program and this instruction set; copied."""

    def __init__(self, program: TapeProgram, twice: bool, weights: tuple[Array, ...]) -> None: ...

class Layer:
    """A dense layer that is packed once; `sizes`: (columns, depth)."""

    def __init__(self, sizes: tuple[int, int], weight: Array, bias: Array | None) -> None: ...
    def apply(self, rows: int, inputs: Array, outputs: Array, threads: int) -> None:
        """Write inputs · weightᵀ + bias into `outputs`."""

class Stepper:
    """A recurrence that is fed step by step; `arrays`: (hidden, cell or None, outputs)."""

    def __init__(
        self, recurrence: tuple[Any, ...], batch: int, arrays: tuple[Array | None, ...]
    ) -> None: ...
    def step(self, inputs: Array) -> Any:
        """Write to the arrays; gives the outputs."""

class TapeStepper:
    """A tape that is fed step by step; `arrays`: (the state's parts, steps or None, outputs)."""

    def __init__(
        self,
        program: TapeProgram,
        weights: PreparedTape,
        batch: int,
        arrays: tuple[tuple[Array, ...], Array | None, Array],
    ) -> None: ...
    def step(self, inputs: Array) -> Any:
        """Write to the arrays; gives the outputs."""

class Line:
    """A network's stages in a row: steppers, and tuples of a kind and what it takes."""

    def __init__(
        self,
        batch: int,
        features: int,
        embedding: tuple[Any, ...] | None,
        stages: tuple[Any, ...],
        outputs: Array,
    ) -> None: ...
    def step(self, inputs: Array) -> Any:
        """One step of every stage; gives the last one's outputs."""

    def write(
        self,
        sizes: tuple[int, int],
        ids: Array,
        uniforms: Array,
        temperature: float,
        never: Array,
        eos: int,
        tokens: Array,
        log_probabilities: Array,
    ) -> int:
        """Draw `steps` tokens a row; gives the steps that were made, -1: a row had no token."""

class _Kernels:
    """What is there of each dtype."""

    Layer: type[Layer]
    Line: type[Line]
    Stepper: type[Stepper]
    TapeStepper: type[TapeStepper]

    @staticmethod
    def dense(
        sizes: tuple[int, int, int],
        inputs: Array,
        weight: Array,
        bias: Array | None,
        outputs: Array,
        threads: int,
    ) -> None:
        """Write inputs · weightᵀ + bias into `outputs`; `sizes`: (rows, depth, columns)."""

    @staticmethod
    def attention(
        sizes: tuple[int, ...],
        queries: Array,
        memory: tuple[Any, ...],
        sources: Array,
        energy: Array | None,
        contexts: Array,
        weights: Array,
        threads: int,
    ) -> None:
        """Write contexts and weights of queries over the sources that they read."""

    @staticmethod
    def likeliest(
        sizes: tuple[int, int, int], scores: Array, never: Array, places: Array, values: Array
    ) -> tuple[list[float], list[int]]:
        """Write the greatest scores of each row; gives sums of all weights, and counts."""

    @staticmethod
    def cell_step(
        cell: int,
        rows: int,
        hidden: int,
        gates: int,
        recurrent: int,
        bias: int,
        second_bias: int,
        before: int,
        seen: int,
        final_hidden: int,
        final_cell: int,
        /,
    ) -> None:
        """What is left of a step when its products have been taken; addresses, 0 for none."""

    @staticmethod
    def cell_step_back(
        cell: int,
        rows: int,
        hidden: int,
        gates: int,
        recurrent: int,
        before: int,
        seen: int,
        grad_hidden: int,
        grad_cell: int,
        deltas: int,
        recurrent_deltas: int,
        carry: int,
        /,
    ) -> None:
        """Its way back; likewise."""

    @staticmethod
    def kept_size(recurrence: tuple[Any, ...], batch: int, time: int) -> int:
        """Entries that `forward` keeps."""

    @staticmethod
    def keep(recurrence: tuple[Any, ...], batch: int, time: int) -> Memory:
        """Memory for them."""

    @staticmethod
    def forward(call: tuple[Any, ...], threads: int) -> None:
        """A whole sequence of a recurrence."""

    @staticmethod
    def backward(call: tuple[Any, ...], threads: int) -> None:
        """And backwards."""

    @staticmethod
    def forward_both(call: tuple[Any, ...], other: tuple[Any, ...], threads: int) -> None:
        """Two calls at once."""

    @staticmethod
    def backward_both(call: tuple[Any, ...], other: tuple[Any, ...], threads: int) -> None:
        """And backwards."""

    @staticmethod
    def tape_kept_size(program: TapeProgram, batch: int, time: int) -> int:
        """Entries that `tape_forward` keeps."""

    @staticmethod
    def tape_forward(program: TapeProgram, call: tuple[Any, ...], threads: int) -> None:
        """A whole sequence of a tape.

        `call`: (reading, inputs, weights, states, keys, steps, outputs, finals, kept, prepared).
        """

    @staticmethod
    def tape_backward(program: TapeProgram, call: tuple[Any, ...], threads: int) -> None:
        """And backwards.

        `call`: (reading, inputs, weights, steps, kept, grad_outputs, grad_finals, grad_inputs,
        grad_states, grad_weights).
        """

float32: _Kernels
float64: _Kernels
