"""Parameters written once: a field of a dataclass holds its default, its range and its help text.

From these fields come an estimator's constructor, its docstring's table, the options of the command
line and the keys of a run's `config.toml`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, field, fields
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeVar

from elman.errors import ArgumentError
from elman.printable import closest

__all__ = [
    "LARGEST",
    "Kind",
    "Told",
    "again",
    "check_fields",
    "check_values",
    "documented",
    "flag",
    "given_of",
    "names",
    "number",
    "numbers",
    "one_of",
    "parameter",
    "plain",
    "portion",
    "real",
    "renamed",
    "share",
    "text",
    "told",
    "whole",
    "whole_number",
]

Class = TypeVar("Class", bound=type)

LARGEST = 2**63 - 1
"""Of whole numbers: what arrays and files can hold."""


class Kind(NamedTuple):
    """Which values a parameter has.

    Attributes:
        check: Takes its name and a value; gives the value as it is kept, or raises `ArgumentError`.
        range: Of the values, in words; empty where the text says it.
        option: What the command line reads for it: str, int, float or bool.
        read: Takes the option's name and what was read; gives the parameter's value.
        shell: How its values are written on the command line, where they are written otherwise.
        known: The values, where they are some words.
    """

    check: Callable[[str, Any], Any]
    range: str
    option: type
    read: Callable[[str, Any], Any]
    shell: str = ""
    known: tuple[str, ...] = ()


class Told(NamedTuple):
    """What is known of a parameter.

    Attributes:
        text: What it is, for help and docstring.
        more: What the docstring says besides.
        kind: Which values it has; None: no option of the command line.
        group: The title under which it stands.
        table: Of `config.toml`, where it is kept: `task`, `training` or `machine`; None: nowhere.
        default: Its default.
    """

    text: str
    more: str
    kind: Kind | None
    group: str
    table: str | None
    default: Any


def parameter(
    default: Any, kind: Kind | None, text: str, more: str = "", *, kept: bool = True, **more_of: Any
) -> Any:
    """A dataclass's field for a parameter; see `Told`.

    Args:
        default: Likewise, as what follows.
        kind: Likewise.
        text: Likewise.
        more: Likewise.
        kept: Whether `config.toml` has it.
        more_of: As `dataclasses.field` takes it: `kw_only`.
    """
    about = {"kind": kind, "text": text, "more": more, "kept": kept}
    return field(default=default, metadata=about, **more_of)


def again(cls: type, name: str, default: Any, text: str | None = None) -> Any:
    """A parameter of a base class with another default, perhaps another text."""
    found = told(cls)[name]
    return parameter(default, found.kind, text or found.text, "" if text else found.more)


def told(cls: type) -> dict[str, Told]:
    """What is known of each parameter of a dataclass, the class's own ones first."""
    known = {one.name: one for one in fields(cls)}
    found: dict[str, Told] = {}
    for base in cls.__mro__:
        for name in vars(base).get("__annotations__", {}):
            if name not in known or "text" not in known[name].metadata or name in found:
                continue
            about, home = known[name].metadata, _home(cls, name)
            found[name] = Told(
                text=about["text"],
                more=about["more"],
                kind=about["kind"],
                group=home._group,
                table=home._table if about["kept"] else None,
                default=known[name].default,
            )
    return found


def _home(cls: type, name: str) -> Any:
    """The class that a parameter comes from: the last one that has it and a group of its own."""
    holders = [base for base in cls.__mro__ if name in vars(base).get("__annotations__", {})]
    return holders[-1]


def documented(cls: Class) -> Class:
    """A class's decorator: `{parameters}` in its docstring becomes the table of its parameters."""
    if cls.__doc__ is not None:
        lines = []
        for name, about in told(cls).items():
            line = f"{name}: {about.text} {about.more}".rstrip()
            span = about.kind.range if about.kind is not None else ""
            line = f"{line} {span[:1].upper()}{span[1:]}." if span else line
            if about.default is not MISSING and about.default is not None:
                line += f" Default: {about.default!r}."
            lines += textwrap.wrap(
                line,
                100,
                initial_indent=" " * 8,
                subsequent_indent=" " * 12,
                break_on_hyphens=False,
            )
        cls.__doc__ = cls.__doc__.replace("        {parameters}", "\n".join(lines))
    return cls


def check_fields(config: Any) -> None:
    """Check every field of a dataclass by its kind, and keep it as that gives it."""
    for one in fields(config):
        kind: Kind | None = one.metadata.get("kind")
        if kind is not None:
            setattr(config, one.name, kind.check(one.name, getattr(config, one.name)))


def check_values(cls: type, given: Mapping[str, Any]) -> None:
    """`ArgumentError` unless each value is one that the class's parameter of that name may have."""
    for name, about in told(cls).items():
        if about.kind is not None and name in given:
            about.kind.check(name, given[name])


# ---- kinds --------------------------------------------------------------------------------------


def _same(_name: str, value: Any) -> Any:
    return value


def _not_given(nothing: Any) -> str:
    return "Or none." if nothing == "none" else f"{nothing}: as if not given."


def _or_none(kind: Kind, nothing: Any) -> Kind:
    """A kind that None belongs to, for which the command line has a value of its own."""

    def check(where: str, value: Any) -> Any:
        return None if value is None else kind.check(where, value)

    def read(name: str, given: Any) -> Any:
        return None if given == nothing else kind.read(name, given)

    return kind._replace(check=check, read=read, shell=_not_given(nothing))


def whole(least: int, most: int | None = None, *, none: bool = False) -> Kind:
    """Whole numbers of `least` to `most`; with `none` also None, on the command line 0."""
    span = f"≥ {least}" if most is None else f"{least} to {most:,}"
    kind = Kind(lambda where, value: whole_number(where, value, least, most), span, int, _same)
    return _or_none(kind, 0) if none else kind


def number(
    *, above: float | None = None, below: float | None = None, wanted: str = "", none: bool = False
) -> Kind:
    """Finite numbers of at least 0, or in (`above`, `below`); with `none` as `whole`.

    Args:
        above: The bound below; None: 0, which belongs to them.
        below: The bound above, or None.
        wanted: What an error about the bound above says.
        none: Whether None is a value.
    """

    def check(where: str, value: Any) -> float:
        found = real(where, value, or_zero=above is None)
        if below is not None and found >= below:
            raise ArgumentError(where, f"found {value!r}", wanted)
        return found

    span = "≥ 0" if above is None else f"> {above:g}"
    if below is not None:
        span = f"in {'[0' if above is None else f'({above:g}'}, {below:g})"
    kind = Kind(check, span, float, _same)
    return _or_none(kind, 0) if none else kind


def share() -> Kind:
    """Shares and rates, in [0, 1)."""
    return number(below=1, wanted="a share in [0, 1)")


def portion(*, none: bool = False) -> Kind:
    """Probabilities in (0, 1]; with `none` as `whole`."""

    def check(where: str, value: Any) -> float:
        known = isinstance(value, Real) and not isinstance(value, bool) and _is_finite(value)
        if not known or not 0 < float(value) <= 1:
            raise ArgumentError(where, f"found {value!r}", "a probability in (0, 1]")
        return float(value)

    kind = Kind(check, "in (0, 1]", float, _same)
    return _or_none(kind, 0) if none else kind


def one_of(*known: str, none: bool = False) -> Kind:
    """Some names; with `none` also None, on the command line "none"."""

    def check(where: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in known:
            raise ArgumentError(where, f"found {value!r}", closest(value, known))
        return str(value)

    kind = Kind(check, f"one of {', '.join(known)}", str, _same, known=known)
    return _or_none(kind, "none")._replace(known=(*known, "none")) if none else kind


def flag(*, none: bool = False) -> Kind:
    """True and False; with `none` also None."""

    def check(where: str, value: Any) -> Any:
        # By name, for NumPy's are no subclass of bool, and nothing here loads NumPy.
        if type(value).__name__ not in ("bool", "bool_") and not (none and value is None):
            raise ArgumentError(where, f"found {value!r}", "True or False")
        return value

    return Kind(check, "", bool, _same)


def plain(option: type, read: Callable[[str, Any], Any] = _same, shell: str = "") -> Kind:
    """Values that are checked by whom they are meant for."""
    return Kind(_same, "", option, read, shell)


def text(*, none: bool = False, usual: bool = False) -> Kind:
    """Any text, checked likewise; with `none` also None, on the command line "none".

    Args:
        none: Whether None is a value, and means that there is nothing.
        usual: Whether None is a value, and means what is usual: not to be said on a command line.
    """

    def check(where: str, value: Any) -> Any:
        if not isinstance(value, str) and not (usual and value is None):
            raise ArgumentError(where, f"found {value!r}", "a text, or None" if usual else "a text")
        return value if value is None else str(value)

    kind = Kind(check, "", str, _same)
    return _or_none(kind, "none") if none else kind


def names(automatic: bool = False) -> Kind:
    """Some names, on the command line as a,b or "none"; with `automatic` also "auto", for True."""
    wanted = "a list of names" + (", or True for what is usual" if automatic else "")

    def check(where: str, value: Any) -> Any:
        if automatic and (value is None or type(value).__name__ in ("bool", "bool_")):
            return value
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise ArgumentError(where, f"found {value!r}", wanted)
        return value

    def read(_name: str, given: str) -> Any:
        if automatic and given == "auto":
            return True
        return [] if given == "none" else given.split(",")

    shell = "As a,b; or none." if not automatic else "As a,b; or auto, or none."
    return Kind(check, "", str, read, shell)


def numbers(
    kind: Callable[[str], Any], expected: str, *, nothing: str | None = None, single: bool = False
) -> Kind:
    """Some numbers, on the command line as 128,64.

    Args:
        kind: int or float.
        expected: What an error says.
        nothing: What the command line has for None.
        single: Whether one number stands for itself, rather than for a list of one.
    """

    def check(where: str, value: Any) -> Any:
        if nothing is not None and value is None:
            return value
        # NumPy's arrays are known by what they can do: nothing here loads NumPy.
        listed = isinstance(value, list | tuple) or getattr(value, "ndim", 0) == 1
        several = list(value) if listed else [value]
        fine = all(isinstance(one, Real) and not isinstance(one, bool) for one in several)
        if not fine or not (listed or single):
            raise ArgumentError(where, f"found {value!r}", expected)
        return value

    def read(name: str, given: str) -> Any:
        if nothing is not None and given == nothing:
            return None
        try:
            found = [kind(part) for part in given.split(",")]
        except ValueError as error:
            option = f"--{name.replace('_', '-')}"
            raise ArgumentError(option, f"found {given!r}", expected) from error
        return found[0] if single and len(found) == 1 else found

    shell = f"{expected[:1].upper()}{expected[1:]}"
    return Kind(check, "", str, read, f"{shell}." if nothing is None else f"{shell}; or {nothing}.")


def whole_number(where: str, value: Any, least: int, most: int | None = None) -> int:
    """The value as an int; `ArgumentError` unless it is one of `least` to `most` or `LARGEST`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ArgumentError(where, f"found {value!r}", f"a whole number of at least {least}")
    if most is not None and int(value) > most:
        raise ArgumentError(where, f"found {value!r}", f"a whole number of at most {most:,}")
    if int(value) > LARGEST:
        raise ArgumentError(where, f"found {value!r}", "a whole number below 2**63")
    return int(value)


def real(where: str, value: Any, or_zero: bool = False) -> float:
    """The value as a float; `ArgumentError` unless it is finite and above 0, or 0 `or_zero`."""
    known = isinstance(value, Real) and not isinstance(value, bool) and _is_finite(value)
    if not known or value < 0 or (value == 0 and not or_zero):
        wanted = "a finite number of at least 0" if or_zero else "a finite number above 0"
        raise ArgumentError(where, f"found {value!r}", wanted)
    return float(value)


def given_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of options those that were given: neither None nor False, which flags are where they are not.

    >>> given_of({"drop": False, "header": None, "each": 0})
    {'each': 0}
    """
    return {name: v for name, v in options.items() if v is not None and v is not False}


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


FORMER: Mapping[str, tuple[str, Mapping[Any, Any]]] = {
    "standardise": ("scaling", {True: "standard", False: "none"}),
    "normalise": ("window_scaling", {}),
    "window": ("truncation", {}),
    "step": ("time", {}),
}
"""Names that parameters had in files of before: the name now, and values that have changed."""


def renamed(given: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Parameters from a file, by the names that they have now.

    Args:
        given: As the file has them.
        known: The parameters that there are: a name among them is left alone.
    """
    found = {}
    for name, value in given.items():
        now, values = FORMER.get(name, (name, {}))
        if name in known or now not in known:
            now, values = name, {}
        found[now] = values.get(value, value) if values else value
    return found
