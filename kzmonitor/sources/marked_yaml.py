"""YAML that remembers the line of every value, so that a mistake can be shown where it stands.

Only what a declaration needs is read: mappings, lists, text, numbers, `true` and `false`, days. Aliases,
tags and deep nesting are refused, so that no file can grow in memory or build objects. Words such as
`no` stay text: Norway is a country here, as in YAML 1.2.
"""

import re
from pathlib import Path

import yaml
from yaml.events import AliasEvent, Event
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kzmonitor.i18n import _

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8

Place = tuple[str | int, ...]


class LineError(ValueError):
    """What is wrong in the file, and in which line (counted from 1)."""

    def __init__(self, problem: str, line: int = 1) -> None:
        super().__init__(problem)
        self.line = line


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012 - the table that PyYAML keeps on the class; filled below
    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event: Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, AliasEvent):
            raise LineError(_("aliases (*name) are not allowed; write the value out"), line)
        if getattr(event, "tag", None) is not None:
            raise LineError(_("tags (!name) are not allowed; write the plain value"), line)
        if self.depth == MAX_DEPTH:
            raise LineError(_("nested too deeply"), line)
        self.depth += 1
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _kind, _pattern, _starts in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^(?:0|-?[1-9][0-9]{0,8})$", "-0123456789"),
    ("float", r"^-?[0-9]{1,9}\.[0-9]{1,9}$", "-0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("timestamp", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), list(_starts))


def load(path: Path) -> tuple[object, dict[Place, int]]:
    """The file's content as plain values, and the line of every place in it.

    A place is the way from the top: `("layouts", 0, "body")`; `()` is the whole. Raises LineError.
    """
    loader = None
    try:
        text = _text(path)
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Place, int] = {(): 1}
        return (None if node is None else _plain(loader, node, (), lines)), lines
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise LineError(_("a character that text may not hold"), line) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = _("not valid YAML: {problem}").format(problem=error.problem or error.context)
        raise LineError(problem, mark.line + 1 if mark else 1) from error
    finally:
        if loader is not None:
            loader.dispose()


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise LineError(_("no such file"))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LineError(_("cannot be read: {reason}").format(reason=error.strerror)) from error
    if len(data) > MAX_BYTES:
        raise LineError(_("larger than {limit} KB").format(limit=MAX_BYTES // 1024))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LineError(_("not UTF-8 text; save the file as UTF-8"), line) from error


def _plain(loader: _Loader, node: Node, place: Place, lines: dict[Place, int]) -> object:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return _mapping(loader, node, place, lines)
    if isinstance(node, SequenceNode):
        return [_plain(loader, item, (*place, n), lines) for n, item in enumerate(node.value)]
    try:
        return loader.construct_object(node)
    except ValueError as error:  # 2026-13-01 looks like a day and is none
        problem = _('"{value}" is not a day of the calendar').format(value=node.value)
        raise LineError(problem, node.start_mark.line + 1) from error


def _mapping(loader: _Loader, node: MappingNode, place: Place, lines: dict[Place, int]) -> dict[str, object]:
    content: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            raise LineError(_("a key must be one word"), line)
        if key.value in content:
            raise LineError(_('the key "{key}" stands here twice').format(key=key.value), line)
        lines[*place, key.value] = line
        content[key.value] = _plain(loader, value, (*place, key.value), lines)
    return content
