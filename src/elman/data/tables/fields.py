"""What a field of a text says: a number, or that nothing stands there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["MISSING", "PLAIN", "Numerals", "is_number", "number", "numbers", "signs_of"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""What stands, blanks left out, where a number is missing."""

_BETWEEN = "\u00a0\u2009\u202f'\u2019"  # thousands, whatever the decimal sign: never a sign itself
_WHOLE = re.compile(rf"[+-]?\d{{1,3}}(?:[{_BETWEEN}]\d{{3}})+(?!\d)")
_END = r"(?:[eE][+-]?\d+)?"


class Numerals(NamedTuple):
    """How numbers are written.

    Attributes:
        decimal: The decimal sign, "." or ",".
        grouped: Whether `1.234` (with a decimal comma; else `1,234`) is a thousand and more. Where
            that is certain, as in `1.234,5` and `1.234.567`, it is read so in any case.
    """

    decimal: str = "."
    grouped: bool = False

    @property
    def group(self) -> str:
        """What may stand between thousands."""
        return "," if self.decimal == "." else "."


PLAIN = Numerals()
"""As programs write them: `1234.5`."""

_GROUPED = {
    decimal: re.compile(
        rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(Numerals(decimal).group)}\d{{3}})+"
        rf"(?:{re.escape(decimal)}\d*)?{_END}"
    )
    for decimal in ".,"
}
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_SIGNED = re.compile(r"[+-]?\d*([.,])\d*" + _END)


def signs_of(field: str) -> str:
    """Which decimal signs a number may have been written with; empty of what is none.

    >>> signs_of("1,5"), signs_of("1.5"), signs_of("1.234"), signs_of("1.234,5"), signs_of("12")
    (',', '.', '.,', ',', '.,')
    >>> signs_of("word")
    ''
    """
    field = _joined(field.strip())
    if _EITHER.fullmatch(field):
        return ".,"
    if found := _SIGNED.fullmatch(field):
        return found[1] if any(character.isdigit() for character in field) else ""
    for decimal, pattern in _GROUPED.items():
        if pattern.fullmatch(field):
            return decimal
    return ".," if is_number(field) else ""


def is_number(text: str, numerals: Numerals = PLAIN) -> bool:
    """Whether a text is a number.

    >>> is_number(" 1e3"), is_number("nan"), is_number("1_000"), is_number("NA")
    (True, True, False, False)
    """
    if "_" in text:  # Python's own way to write numbers
        return False
    try:
        float(_plain(text.strip(), numerals))
    except ValueError:
        return False
    return True


def number(field: str, numerals: Numerals = PLAIN) -> float:
    """The number in a field; NaN where it is missing, `ValueError` where something else stands.

    >>> number("1.234,5", Numerals(","))
    1234.5
    """
    field = field.strip()
    if "_" in field:
        raise ValueError
    return np.nan if field in MISSING else float(_plain(field, numerals))


def numbers(fields: Sequence[str] | np.ndarray, numerals: Numerals = PLAIN) -> np.ndarray:
    """The numbers in fields, float64; all at once where none is missing. Errors as of `number`.

    >>> numbers(["1", "NA", "-2.5"]).tolist()
    [1.0, nan, -2.5]
    """
    joined = "".join(fields)
    if "_" not in joined and (numerals.decimal == "." or "." not in joined):
        plain = fields
        if numerals.decimal != "." and numerals.decimal in joined:
            plain = [field.replace(numerals.decimal, ".") for field in fields]
        try:
            return np.array(plain, dtype=np.float64)
        except ValueError:
            pass  # a word, perhaps one of those for what is missing
    each = (number(field, numerals) for field in fields)
    return np.fromiter(each, np.float64, len(fields))


def _joined(field: str) -> str:
    """A number without what is only ever between thousands."""
    found = _WHOLE.match(field)
    return field if found is None else re.sub(f"[{_BETWEEN}]", "", found[0]) + field[found.end() :]


def _plain(field: str, numerals: Numerals) -> str:
    """A number as Python has it; `ValueError` where it may be another as well."""
    field = _joined(field)
    if numerals.group not in field:
        return field.replace(numerals.decimal, ".")
    if not _GROUPED[numerals.decimal].fullmatch(field):
        raise ValueError
    if _EITHER.fullmatch(field) and not numerals.grouped:
        raise ValueError
    return field.replace(numerals.group, "").replace(numerals.decimal, ".")
