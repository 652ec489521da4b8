"""Reading an XES log (IEEE 1849) as a stream: an event is let go of as soon as it has been told."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from gateways.logs.records import Record, Records
from gateways.logs.unpacking import refused
from gateways.problems import Problem, Unreadable, excerpt


def xes_records(path: Path) -> Records:
    """The events of the log in file order, each with its trace's attributes. Raises ``Unreadable``."""
    with path.open("rb") as handle:
        try:
            yield from _records(handle, path)
        except DefusedXmlException as error:
            raise refused("bad_log.unsafe_xml", path) from error
        except ParseError as error:
            raise _broken(path, error.position[0]) from error
        except (ValueError, LookupError) as error:  # an encoding that the parser does not know
            raise _broken(path, 1) from error


def _broken(path: Path, line: int) -> Unreadable:
    return Unreadable(Problem(line, None, "bad_log.not_xml", {"file": excerpt(path.name), "line": line}))


def _records(handle: BinaryIO, path: Path) -> Iterator[Record]:
    place, depth = 0, 0
    root: Element | None = None
    trace: _Trace | None = None
    for moment, element in iterparse(handle, events=("start", "end")):
        name = _name(element)
        if moment == "start":
            depth += 1
            root = _log(element, path) if root is None else root
            trace = _Trace(element) if name == "trace" and depth == 2 else trace
            continue
        depth -= 1
        if name == "event" and trace is not None and depth == 2:
            place += 1
            yield Record(place, _told(element), trace.told)
            trace.let_go(element)
        elif depth == 1 and root is not None:
            trace = None
            root.clear()


class _Trace:
    """The case whose events are being read; its own attributes stand before them."""

    def __init__(self, element: Element) -> None:
        self._element = element

    @cached_property
    def told(self) -> Mapping[str, str]:
        return _told(self._element)

    def let_go(self, event: Element) -> None:
        event.clear()
        self._element.remove(event)


def _log(root: Element, path: Path) -> Element:
    if _name(root) != "log":
        raise refused("bad_log.not_xes", path)
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _told(element: Element) -> Mapping[str, str]:
    """The attributes of an event or a trace; what is nested in them is left aside."""
    pairs = ((child.get("key"), child.get("value")) for child in element)
    return {key: value for key, value in pairs if key is not None and value is not None}
