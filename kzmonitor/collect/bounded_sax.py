"""The XML parser that feedparser is given: expat, which gives up a document with more attributes than any feed has.

Reading the attributes of an element costs feedparser the square of their number: half a million, which five megabytes
hold, would take it hours."""

from collections.abc import Mapping
from typing import Any
from xml.sax import SAXParseException
from xml.sax.expatreader import ExpatParser

MOST_ATTRIBUTES = 200


class BoundedParser(ExpatParser):
    """Raises SAXParseException for such an element."""

    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        """The beginning of an element."""
        if len(attrs) > MOST_ATTRIBUTES:
            raise SAXParseException("too many attributes", None, self)
        super().start_element_ns(name, attrs)


def create_parser(*_arguments: Any) -> BoundedParser:
    """What `xml.sax.make_parser` asks a module for."""
    return BoundedParser()
