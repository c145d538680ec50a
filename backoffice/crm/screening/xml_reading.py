"""Reads a published XML file element by element, so that its size costs time and not memory.

Lists come from outside: no entity is expanded, no network is asked, a document type is refused, and what is not XML is
an error that names the line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml import etree

from backoffice.crm.screening.entry import FILE_BYTES_MAX
from backoffice.errors import Refused

TEXT_CHARS_MAX: Final = 10_000


class Element:
    """One element of the file, with the line on which it stands. Namespaces are left out of account."""

    def __init__(self, path: Path, element: "etree._Element") -> None:
        self._path = path
        self._element = element

    @property
    def name(self) -> str:
        return _local(self._element)

    def text(self, path: str) -> str:
        """Return the text of what lies under this by names and slashes, blanks trimmed; empty if there is none."""
        text = self._element.findtext(_any_namespace(path)) or ""
        if len(text) > TEXT_CHARS_MAX:
            raise self.refused(f"{path} has more than {TEXT_CHARS_MAX:,} characters")
        return " ".join(text.split())

    def needed(self, path: str) -> str:
        """Return the same. Raise `Refused` if there is none."""
        text = self.text(path)
        if not text:
            raise self.refused(f"{self.name} has no {path}")
        return text

    def attribute(self, name: str) -> str:
        return " ".join((self._element.get(name) or "").split())

    def all(self, path: str) -> "Iterator[Element]":
        for element in self._element.iterfind(_any_namespace(path)):
            yield Element(self._path, element)

    def own_text(self) -> str:
        return " ".join((self._element.text or "").split())

    def refused(self, what: str) -> Refused:
        return Refused(f"{self._path}: line {self._element.sourceline}: {what}")


def elements(path: Path, names: frozenset[str]) -> Iterator[Element]:
    """Yield the elements of these names, each when the file has been read to its end tag.

    Raise `Refused` if the file is too large, is no XML, or has a document type.
    """
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Refused(f"{path}: larger than {FILE_BYTES_MAX // 1024**2} MiB, which no list is")
    with path.open("rb") as file:
        events = etree.iterparse(
            file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        try:
            inside = 0
            is_first = True
            for event, element in events:
                if is_first:
                    is_first = False
                    if element.getroottree().docinfo.doctype:
                        raise Refused(f"{path}: has a document type, which published lists have not")
                if not isinstance(element.tag, str) or _local(element) not in names:
                    continue
                inside += 1 if event == "start" else -1
                if event == "end" and inside == 0:
                    yield Element(path, element)
                    _forget(element)
        except etree.XMLSyntaxError as error:
            raise Refused(f"{path}: line {error.lineno}: {_first_line(error.msg)}") from error


def root_of(path: Path) -> str:
    """Return the name of the file's outermost element. Raise `Refused` if it is no XML."""
    with path.open("rb") as file:
        try:
            for _event, element in etree.iterparse(file, events=("start",), resolve_entities=False, no_network=True):
                return _local(element)
        except etree.XMLSyntaxError as error:
            raise Refused(f"{path}: line {error.lineno}: {_first_line(error.msg)}") from error
    raise Refused(f"{path}: is empty")


def _first_line(text: str | None) -> str:
    return (text or "is no XML").splitlines()[0]


def _local(element: "etree._Element") -> str:
    return str(etree.QName(element).localname)


def _any_namespace(path: str) -> str:
    return "/".join("{*}" + step for step in path.split("/"))


def _forget(element: "etree._Element") -> None:
    """Let go of an element, and of those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
