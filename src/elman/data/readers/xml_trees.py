"""XML as a tree of bounded size, with lines; entities of a document's own are not expanded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from elman.errors import FormatError

__all__ = ["Element", "parse_xml"]

_MOST_ELEMENTS = 1_000_000
_MOST_DEEP = 200


@dataclass
class Element:
    """An element.

    Attributes:
        tag: Its name, without the namespace.
        attributes: Likewise.
        text: What stands in it, but for what stands in its children.
        children: Elements in it.
        line: On which it begins, from 1.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def every(self) -> Iterator[Element]:
        """It and all elements below, in the document's order."""
        waiting: list[Element] = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.children))


def parse_xml(content: bytes, where: str) -> Element:
    """The outermost element of a document.

    Raises:
        FormatError: It is not well-formed, declares entities, or has more than a million elements
            or 200 of them inside each other.
    """
    return _Reader(where).read(content)


class _Reader:
    def __init__(self, where: str) -> None:
        self.where = where
        self.parser: Any = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self.open: list[Element] = []
        self.top: Element | None = None
        self.count = 0

    def read(self, content: bytes) -> Element:
        try:
            self.parser.Parse(content, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise FormatError(self._place(), f"is no XML: {error}", "a whole document") from error
        assert self.top is not None  # else it were not well-formed
        return self.top

    def _place(self) -> str:
        return f"{self.where}, line {self.parser.CurrentLineNumber}"

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > _MOST_ELEMENTS or len(self.open) >= _MOST_DEEP:
            expected = f"at most {_MOST_ELEMENTS:,}, {_MOST_DEEP} inside each other"
            raise FormatError(self._place(), "has too many elements", expected)
        told = {_plain(key): value for key, value in attributes.items()}
        one = Element(_plain(name), told, self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].children.append(one)
        else:
            self.top = one
        self.open.append(one)

    def _end(self, _name: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        self.open[-1].text += text

    def _entity(self, *_told: Any) -> None:
        raise FormatError(self._place(), "declares an entity", "a document without")


def _plain(name: str) -> str:
    return name.rpartition(" ")[2]
