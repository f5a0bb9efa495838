"""A cell's description: its parts by name, and its step."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from elman.blueprint import register_cell, written_kind
from elman.errors import ArgumentError
from elman.kernels.philox import keep_mask
from elman.tapes import INPUTS, Tape
from elman.tapes.tape import MAX_NAMED, NAME
from elman.written.tracing import Names, Trace, place_of, trace

__all__ = ["WrittenCell", "written_cells"]

Start = float | str | tuple[float, float]


class WrittenCell:
    """What a cell is made of, and what one step of one row computes.

    The step is called with a row's inputs `[I]`, its state and the weights (by name, as
    attributes), and returns the output and the state after it: `output, {"hidden": …}`; or the dict
    alone, whose first part is the output, too; or, of a state of one part, that part. Where it has
    parameters named so, it is also given `t`, the number of steps that the row made before, and
    `noise`, a function of a rate and a size: 0 with that probability for each unit, else 1 (in
    `eval()` 1 - rate).

    >>> from elman.written import sigmoid
    >>> cell = WrittenCell(
    ...     lambda x, state, w: sigmoid(w.weight @ x + w.decay * state.hidden),
    ...     "fading",
    ...     weights={"weight": ("H", "I"), "decay": ("H",)},
    ... )
    >>> cell.shapes(3, 5)
    {'weight': (5, 3), 'decay': (5,)}
    >>> import numpy as np
    >>> weights = {"weight": np.zeros((5, 3)), "decay": np.ones(5)}
    >>> cell.run(np.ones(3), {"hidden": np.zeros(5)}, weights)[0].tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5]

    Args:
        step: The function. Keyword-only parameters are options, with their defaults.
        name: In blueprints and on the command line: lower case letters, digits and `_`.
        weights: The shape of each weight by its name: numbers, `"H"`, `"I"`, or multiples: `"4H"`.
        states: The size of each part of the state.
        inputs: `"H"` where the step needs as many inputs as units, or a number; None: any.
        starts: Of weights: a number, two between which numbers are drawn evenly, or a name of
            `elman.cells.INITIALISERS`; else matrices start
            Glorot uniform, those with as many rows as columns orthogonal, vectors at 0.
        paper: Where it is from.
        options: In the place of defaults.

    Raises:
        ArgumentError: A shape is no such thing, or an option unknown.
    """

    def __init__(
        self,
        step: Callable[..., Any],
        name: str,
        *,
        weights: Mapping[str, tuple[int | str, ...]],
        states: Mapping[str, int | str] | None = None,
        inputs: int | str | None = None,
        starts: Mapping[str, Start] | None = None,
        paper: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if not NAME.fullmatch(name):
            raise ArgumentError("name", f"found {name!r}", "use lower case letters, digits and '_'")
        self.step, self.name, self.paper = step, name, paper
        self.weights = dict(weights)
        self.states = dict({"hidden": "H"} if states is None else states)
        if next(iter(self.states), None) != "hidden":
            found = f"found {list(self.states)}"
            raise ArgumentError("states", found, "begin with 'hidden', which has the output's size")
        self.inputs = inputs
        self.starts = dict(starts or {})
        parameters = inspect.signature(step).parameters
        known = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
        bare = [option for option, default in known.items() if default is inspect.Parameter.empty]
        if bare:
            found = f"found {', '.join(bare)} without a default"
            raise ArgumentError("options", found, f"give each one, as {bare[0]}=1.0")
        unknown = set(options or {}) - set(known)
        if unknown:
            raise ArgumentError("options", f"found {sorted(unknown)}", f"there are {list(known)}")
        self.options = {**known, **(options or {})}
        self._asked = [n for n in ("t", "noise") if n in parameters and n not in known]
        unknown = set(self.starts) - set(self.weights)
        if unknown:
            found = f"found {sorted(unknown)}"
            raise ArgumentError("starts", found, f"there are {', '.join(self.weights)}")
        self._check_names()
        self._check_shapes()
        self._tape = lru_cache(maxsize=64)(self._traced)

    def _check_names(self) -> None:
        if not self.weights:
            raise ArgumentError("weights", "found none", "give one at least")
        for where, names in (("weights", self.weights), ("states", self.states)):
            for name in names:
                if not isinstance(name, str) or not NAME.fullmatch(name):
                    expected = "use lower case letters, digits and '_'"
                    raise ArgumentError(where, f"found the name {name!r}", expected)

    def _check_shapes(self) -> None:
        for name, shape in self.weights.items():
            if not isinstance(shape, tuple | list) or len(shape) not in (1, 2):
                found = f"found {name} of the shape {shape!r}"
                raise ArgumentError("weights", found, 'give one or two sizes, as ("H",)')

    def with_options(self, **options: Any) -> WrittenCell:
        """The same with other options."""
        return WrittenCell(
            self.step,
            self.name,
            weights=self.weights,
            states=self.states,
            inputs=self.inputs,
            starts=self.starts,
            paper=self.paper,
            options={**self.options, **options},
        )

    def shapes(self, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
        """The shape of each weight."""
        return {
            name: tuple(self._size(size, inputs, units) for size in shape)
            for name, shape in self.weights.items()
        }

    def state_sizes(self, units: int) -> dict[str, int]:
        """The size of each part of the state."""
        return {name: self._size(size, INPUTS, units) for name, size in self.states.items()}

    def tape(self, units: int) -> Tape:
        """What it computes with so many units; the inputs may be any, if the step lets them.

        Raises:
            ArgumentError: The step does what a tape cannot hold; the message says its line. Or it
                is another each time that it is asked.
        """
        return self._tape(units)

    def _traced(self, units: int) -> Tape:
        inputs = INPUTS if self.inputs is None else self._size(self.inputs, INPUTS, units)
        shapes = list(self.shapes(inputs, units).items())
        states = list(self.state_sizes(units).items())

        def given(tracer: Trace, sizes: dict[str, int]) -> tuple[tuple, dict[str, Any]]:
            x = tracer.add("input", (), (), inputs)
            parts = enumerate(sizes.items())
            before = {name: tracer.add("state", (), (k,), size) for k, (name, size) in parts}
            weights = {name: tracer.weight(k) for k, (name, _) in enumerate(shapes)}
            more = {"t": lambda: tracer.add("time", (), (), 1), "noise": lambda: tracer.mask}
            asked = {name: more[name]() for name in self._asked}
            args = (x, Names("state", before), Names("the weights", weights))
            return args, {**asked, **self.options}

        tape, again = (trace(self.step, given, shapes, states, inputs, units) for _ in range(2))
        if tape != again:
            found = "found other numbers at a second look, as random ones"
            expected = "give the same ones each time; what is drawn in each step is `noise`"
            raise ArgumentError(place_of(self.step), found, expected)
        return tape

    def run(
        self,
        x: np.ndarray,
        state: Mapping[str, np.ndarray],
        weights: Mapping[str, np.ndarray],
        t: int = 0,
        key: int | None = None,
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The step as it is, on one row's arrays: the output, and the state after it.

        Args:
            x: `[I]`.
            state: Its parts.
            weights: By name.
            t: Steps that the row made before.
            key: Of its masks; None: they are what they are on average.
        """
        streams = iter(range(MAX_NAMED))

        def noise(rate: float, size: int) -> np.ndarray:
            stream = next(streams)
            if key is None:
                return np.full(size, 1 - rate, x.dtype)
            mask = keep_mask(np.array([key]), np.array([t]), size, rate, stream)
            return mask[0].astype(x.dtype)

        more = {"t": np.array([t], x.dtype), "noise": noise}
        asked = {name: more[name] for name in self._asked}
        names = Names("state", state), Names("the weights", weights)
        returned = self.step(x, *names, **asked, **self.options)
        output, after = returned if isinstance(returned, tuple) else (None, returned)
        if not isinstance(after, dict):
            after = {next(iter(self.states)): after}
        first = after[next(iter(self.states))]
        return first if output is None else output, after

    def _size(self, size: int | str, inputs: int, units: int) -> int:
        if isinstance(size, int) and not isinstance(size, bool) and size > 0:
            return size
        found = re.fullmatch(r"(\d*)([HI])", size) if isinstance(size, str) else None
        if found is None or (found[2] == "I" and found[1]):
            raise ArgumentError("a size", f"found {size!r}", 'give a number, "H", "I" or "4H"')
        return inputs if found[2] == "I" else int(found[1] or 1) * units


_OWN: dict[str, WrittenCell] = {}


def remember(cell: WrittenCell) -> None:
    """Makes a cell known by its name, in blueprints and on the command line, too."""
    _OWN[cell.name] = cell
    register_cell(written_kind(cell.name, cell.tape))


def written_cells() -> dict[str, WrittenCell]:
    """All written cells that are known, by name: the family's and a user's own."""
    importlib.import_module("elman.written.family")
    return dict(_OWN)
