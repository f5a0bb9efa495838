"""A cell as data: its kind, its size, its options and the wrappers around it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from elman.blueprint.checks import (
    boolean,
    check_fields,
    choice,
    integer,
    number,
    optional,
    rate,
    shown,
)
from elman.errors import BlueprintError
from elman.recurrences import RECURRENCES, Recurrence, Shapes, Sizes
from elman.tapes import INPUTS, Tape

__all__ = [
    "MAX_LAYERS",
    "MAX_UNITS",
    "CellConfig",
    "CellKind",
    "cell_kinds",
    "register_cell",
    "written_kind",
]

MAX_UNITS = 65_536
MAX_DILATION = 4096
MAX_LAYERS = 64
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FAMILY = "elman.written.family"


@dataclass(frozen=True)
class CellConfig:
    """One recurrent cell and the wrappers around it.

    Inside out these are zoneout, dropout, residual, projection, start, dilation.

    >>> CellConfig("lstm", 150, peepholes=True).describe()
    'lstm 150 (peepholes)'

    Attributes:
        kind: A recurrence's, such as `lstm` (all: `elman.recurrences.RECURRENCES`), or a name given
            to `register_cell`.
        units: Hidden size, 1…65536.
        activation: `rnn` only: `tanh` or `relu`.
        forget_bias: `lstm` only: added to the forget gate's pre-activation.
        peepholes: `lstm` only: gates see the cell state.
        projection: `lstm` only: size of the recurrent projection, or None.
        cell_clip: `lstm` only: bound on the cell state's magnitude, or None.
        reset_after: `gru` only: reset after the matrix product (cuDNN, torch) or before (paper).
        layer_norm: Layer normalisation inside the cell.
        zoneout: Rate of state entries that keep their last value, in [0, 1).
        input_dropout: Rate of inputs set to zero in training, in [0, 1).
        output_dropout: Rate of outputs set to zero in training, in [0, 1).
        recurrent_dropout: Rate of entries of h(t-1) set to zero in training, in [0, 1).
        variational: One dropout mask for all steps of a sequence.
        weight_drop: Rate of recurrent weights set to zero in training, by one mask for all steps,
            in [0, 1); built-in kinds only.
        residual: Outputs are inputs plus outputs; needs as many inputs as outputs.
        output_projection: Size of a dense layer on the outputs, shared over time, or None.
        learned_state: The initial state is trained instead of zero.
        dilation: Step t goes on from the state of so many steps before it, 1…4096. The state is
            then the last `dilation` states, which all start alike.
        tape: Of a written cell: what its step computes, as plain data (`elman.tapes`). Made by the
            kind where it is left out; a description that has one needs no kind of that name.

    Raises:
        BlueprintError: A value is outside its range, the kind is not known, or an option
            belongs to another kind.
    """

    kind: str
    units: int = field(metadata=integer(1, MAX_UNITS))
    activation: str = field(default="tanh", metadata=choice("tanh", "relu"))
    forget_bias: float = field(default=1.0, metadata=number(-1000, 1000))
    peepholes: bool = field(default=False, metadata=boolean())
    projection: int | None = field(default=None, metadata=optional(integer(1, MAX_UNITS)))
    cell_clip: float | None = field(default=None, metadata=optional(number(1e-6, 1e6)))
    reset_after: bool = field(default=True, metadata=boolean())
    layer_norm: bool = field(default=False, metadata=boolean())
    zoneout: float = field(default=0.0, metadata=rate())
    input_dropout: float = field(default=0.0, metadata=rate())
    output_dropout: float = field(default=0.0, metadata=rate())
    recurrent_dropout: float = field(default=0.0, metadata=rate())
    variational: bool = field(default=False, metadata=boolean())
    weight_drop: float = field(default=0.0, metadata=rate())
    residual: bool = field(default=False, metadata=boolean())
    output_projection: int | None = field(default=None, metadata=optional(integer(1, MAX_UNITS)))
    learned_state: bool = field(default=False, metadata=boolean())
    dilation: int = field(default=1, metadata=integer(1, MAX_DILATION))
    tape: Tape | None = None

    def __post_init__(self) -> None:
        if self.tape is not None:
            self._check_tape()
        elif not isinstance(self.kind, str) or _kind(self.kind) is None:
            known = ", ".join(repr(name) for name in cell_kinds())
            raise BlueprintError(
                "kind",
                f"found {shown(self.kind)}",
                f"use one of {known}, or import the module that registers it first",
            )
        check_fields(self)
        made = None if self.tape is not None else self._kind.tape
        if made is not None:
            object.__setattr__(self, "tape", made(self.units))
            self._check_tape()
        for option in self.changed():
            if option in _KIND_OPTIONS and option not in self._kind.options:
                raise BlueprintError(
                    option,
                    f"set for a {self.kind!r} cell",
                    f"leave it out; {self.kind} has none",
                )

        if self.weight_drop and not self._kind.built_in:
            expected = f"leave it out; only {', '.join(RECURRENCES)} have it"
            raise BlueprintError("weight_drop", f"set for a {self.kind!r} cell", expected)

    def _check_tape(self) -> None:
        """A tape is of a written kind, and fits the rest."""
        tape = self.tape if isinstance(self.tape, Tape) else Tape.from_data(self.tape)
        object.__setattr__(self, "tape", tape)
        if not isinstance(self.kind, str) or not _NAME.fullmatch(self.kind):
            expected = "use lower case letters, digits and '_'"
            raise BlueprintError("kind", f"found {shown(self.kind)}", expected)
        if self.kind in RECURRENCES:
            raise BlueprintError("tape", f"set for a {self.kind!r} cell", "leave it out")
        if tape.inputs == INPUTS and not any(INPUTS in shape for _, shape in tape.weights):
            raise BlueprintError(
                "tape", "found no weight with I columns", "say of the cell how many `inputs` it has"
            )
        (first, size), *_ = tape.states
        fits = tape.units == self.units and first == "hidden" and size == tape.output_size
        if not fits or any(each < 1 for _, each in tape.states):
            raise BlueprintError(
                "tape",
                f"found one of {tape.units} units whose state begins with {first!r} [{size}] and "
                f"that puts out {tape.output_size}",
                f"give one of {self.units} units whose state begins with 'hidden', as many as "
                "it puts out",
            )

    @property
    def _kind(self) -> CellKind:
        """What is known of the kind; of a tape's without a kind what the tape says."""
        if self.tape is None:
            found = _kind(self.kind)
            assert found is not None  # was checked
            return found
        tape = self.tape
        return CellKind(
            self.kind, lambda _, inputs: tape.shapes(inputs), lambda _: dict(tape.states)
        )

    def changed(self) -> list[str]:
        """Names of the options that differ from their defaults."""
        others = ("kind", "units", "tape")
        options = [each for each in fields(self) if each.name not in others]
        return [each.name for each in options if getattr(self, each.name) != each.default]

    @property
    def recurrence(self) -> Recurrence:
        """The recurrence of a built-in kind, with the options that are its own."""
        kind: Any = RECURRENCES[self.kind]
        return kind(**{each.name: getattr(self, each.name) for each in fields(kind)})

    @property
    def state_sizes(self) -> dict[str, int]:
        """The parts of one state by name, each with its number of features."""
        return self._kind.state(self)

    @property
    def output_size(self) -> int:
        """Features of the outputs, all wrappers included."""
        return self.output_projection or self.state_sizes["hidden"]

    @property
    def wrappers(self) -> list[str]:
        """The wrappers that this cell needs, the outermost first."""
        dropout = max(self.input_dropout, self.output_dropout, self.recurrent_dropout) > 0
        needed = {
            "dilated": self.dilation > 1,
            "learned_state": self.learned_state,
            "projected": self.output_projection is not None,
            "residual": self.residual,
            "dropout": dropout,
            "zoneout": self.zoneout > 0,
        }
        return [name for name, is_needed in needed.items() if is_needed]

    def shapes(self, input_size: int) -> Shapes:
        """The shape of every weight, by the name that it has in torch's state_dict.

        Raises:
            BlueprintError: A residual cell has other inputs than outputs.
        """
        if self.residual and input_size != self.state_sizes["hidden"]:
            raise BlueprintError(
                "residual",
                f"set between {input_size} inputs and {self.state_sizes['hidden']} outputs",
                "make units equal to the inputs, or drop residual for this cell",
            )
        found: Shapes = {}
        prefix = ""
        for wrapper in self.wrappers:
            found |= {f"{prefix}{name}": shape for name, shape in self._added(wrapper).items()}
            prefix += "cell."
        kind = self._kind.weights(self, input_size)
        return found | {f"{prefix}{name}": shape for name, shape in kind.items()}

    def _added(self, wrapper: str) -> Shapes:
        """The weights that a wrapper brings along."""
        if wrapper == "learned_state":
            return {f"initial.{k}": (size,) for k, size in enumerate(self.state_sizes.values())}
        if wrapper == "projected":
            size = self.output_size
            return {"weight": (size, self.state_sizes["hidden"]), "bias": (size,)}
        return {}

    def describe(self) -> str:
        """One line: kind, units, and what differs from the defaults."""
        parts = []
        for name in self.changed():
            value = getattr(self, name)
            parts.append(name if value is True else f"{name}={value}")
        return f"{self.kind} {self.units}" + (f" ({', '.join(parts)})" if parts else "")


@dataclass(frozen=True)
class CellKind:
    """What the house must know about one kind of cell.

    Attributes:
        name: Lower case letters, digits and `_`.
        weights: (configuration, input size) → each weight's shape by its name.
        state: configuration → the floating-point parts of the state and their sizes, in the
            state's own order. The first is `hidden`; the cell's outputs have its size.
        options: Fields of `CellConfig`, besides units and wrappers, that this kind reads.
        torch_cell: (configuration, input size) → a torch module with the cell protocol. None
            for built-in kinds (and for one that is only answered, not trained).
        numpy_cell: (configuration, weights by name) → the same cell on NumPy arrays: an object
            with `initial_state(batch)` and `__call__(inputs, state)`. None for built-in kinds;
            without it a model of a user's kind cannot be saved.
        tape: Of a written cell: units → its tape; then the other functions are not asked for.
    """

    name: str
    weights: Callable[[CellConfig, int], Shapes]
    state: Callable[[CellConfig], dict[str, int]]
    options: frozenset[str] = frozenset()
    torch_cell: Callable[[CellConfig, int], Any] | None = None
    numpy_cell: Callable[[CellConfig, Mapping[str, Any]], Any] | None = None
    tape: Callable[[int], Tape] | None = None

    @property
    def built_in(self) -> bool:
        """Whether Elman itself brings both executors."""
        return self.name in RECURRENCES


def cell_kinds() -> dict[str, CellKind]:
    """Every known kind by its name, built-in ones first."""
    importlib.import_module(_FAMILY)  # which registers its kinds
    return dict(_KINDS)


def _kind(name: str) -> CellKind | None:
    """What is known of a kind; the written family is loaded when a name may be one of its."""
    return _KINDS.get(name) or cell_kinds().get(name)


def written_kind(name: str, tape: Callable[[int], Tape]) -> CellKind:
    """The kind of a written cell, for `register_cell`."""
    return CellKind(name, lambda *_: {}, lambda _: {}, tape=tape)


def register_cell(kind: CellKind) -> None:
    """Make a user's own kind of cell known; `CellConfig(kind.name, units)` then accepts it.

    Registering a name of one's own again replaces what it stood for.

    Raises:
        BlueprintError: The name is a built-in kind's or malformed, or an option is not
            `CellConfig`'s.
    """
    if not _NAME.fullmatch(kind.name):
        raise BlueprintError(
            "name",
            f"found {shown(kind.name)}",
            "use lower case letters, digits and '_'",
        )
    if kind.built_in:
        raise BlueprintError("name", f"{kind.name!r} is built in", "choose another name")
    unknown = kind.options - _KIND_OPTIONS
    if unknown:
        raise BlueprintError(
            "options",
            f"found {sorted(unknown)}",
            f"choose among {sorted(_KIND_OPTIONS)}",
        )
    _KINDS[kind.name] = kind


def _built_in(recurrence: type[Recurrence]) -> CellKind:
    """A kind that says itself what it is made of."""

    def sizes(config: CellConfig, inputs: int) -> Sizes:
        return Sizes(inputs, config.units, config.projection or config.units)

    return CellKind(
        recurrence.kind,
        lambda config, inputs: config.recurrence.chosen_shapes(sizes(config, inputs), vars(config)),
        lambda config: config.recurrence.state_sizes(sizes(config, 0)),
        frozenset(each.name for each in fields(recurrence)) | recurrence.optional.keys(),
    )


_KINDS = {name: _built_in(recurrence) for name, recurrence in RECURRENCES.items()}
_KIND_OPTIONS = frozenset[str]().union(*(kind.options for kind in _KINDS.values()))
