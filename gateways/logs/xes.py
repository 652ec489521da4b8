"""Read an XES log (IEEE 1849) as a stream: each event is freed as soon as its record is used."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException

from gateways.logs.bounded_reading import xml_elements
from gateways.logs.log_files import Record, Records, refused
from gateways.logs.xml_files import Readable, xml_source
from gateways.problems import Problem, Unreadable, excerpt


def xes_records(path: Path) -> Records:
    """Yield the events in file order, each with its trace's attributes. Raises ``Unreadable``.

    An event outside a trace belongs to no case: it is a ``Problem``.
    """
    with xml_source(path) as handle:
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


def _records(handle: Readable, path: Path) -> Records:
    place, depth = 0, 0
    root: Element | None = None
    trace: _Trace | None = None
    for phase, element in xml_elements(handle, path, depth_of_records=2):
        name = _name(element)
        if phase == "start":
            depth += 1
            root = _checked_log(element, path) if root is None else root
            trace = _Trace(element) if name == "trace" and depth == 2 else trace
            continue
        depth -= 1
        if name == "event" and trace is not None and depth == 2:
            place += 1
            yield Record(place, _attributes(element), trace.attributes)
            trace.free(element)
            continue
        if name == "event" and depth == 1:
            place += 1
            yield Problem(place, None, "bad_log.outside_a_trace")
        if depth == 1 and root is not None:
            trace = None
            root.clear()


class _Trace:
    """The trace whose events are being read; its attributes come before them in the file."""

    def __init__(self, element: Element) -> None:
        self._element = element

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        return _attributes(self._element)

    def free(self, event: Element) -> None:
        event.clear()
        self._element.remove(event)


def _checked_log(root: Element, path: Path) -> Element:
    if _name(root) != "log":
        raise refused("bad_log.not_xes", path)
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _attributes(element: Element) -> Mapping[str, str]:
    """Return the attributes of an event or a trace, without nested ones."""
    pairs = ((child.get("key"), child.get("value")) for child in element)
    return {key: value for key, value in pairs if key is not None and value is not None}
