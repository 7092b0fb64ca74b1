"""Strict YAML: bytes in, plain values and their places out. Bad content comes back as Problems, never as an exception.

Scalars follow the YAML 1.2 core schema: `yes`, `no`, `on`, `off` and dates are text; keys are always text. Refused:
duplicate keys, merge keys, tags, several documents (unless they are asked for), anything but UTF-8 without a byte order
mark, numbers that are not finite, and files that are (or, through aliases, would become) too large.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NoReturn

import yaml

from observer.contracts.model import Path
from observer.contracts.problems import Problem

#: A contract of a thousand columns has about half a megabyte.
MAX_BYTES = 5_000_000
#: Values after aliases are expanded; the same contract has about 30,000.
MAX_VALUES = 250_000
MAX_DEPTH = 60

_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_BASED_INTEGER = re.compile(r"0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TEXT_TAG = "tag:yaml.org,2002:str"


@dataclass(slots=True)
class _Node:
    """A value with its place; `children` of a mapping are by key, those of a list by index."""

    value: Any
    line: int
    column: int
    children: dict[str, _Node] | list[_Node] | None = None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 1


@dataclass(frozen=True)
class Places:
    """Where each value and key of a document stands: 1-based (line, column)."""

    _root: _Node | None = None

    def of(self, path: Path) -> tuple[int, int]:
        """Where a mapping entry's key or a list item starts; its nearest ancestor, when `path` is not there."""
        return self._walk(path, key=True)

    def of_value(self, path: Path) -> tuple[int, int]:
        """Like `of`, but of a mapping entry its value."""
        return self._walk(path, key=False)

    def _walk(self, path: Path, *, key: bool) -> tuple[int, int]:
        node, place = self._root, (1, 1)
        if node is not None:
            place = (node.line, node.column)
        for step in path:
            child: _Node | None = None
            if node is not None and isinstance(node.children, dict) and isinstance(step, str):
                child = node.children.get(step)
            elif node is not None and isinstance(node.children, list) and isinstance(step, int):
                child = node.children[step] if step < len(node.children) else None
            if child is None or node is None:
                return place
            place = node.keys[step] if key and isinstance(step, str) else (child.line, child.column)
            node = child
        return place


@dataclass(frozen=True)
class YamlDocument:
    """What a file holds. `value` is None when `problems` is not empty."""

    value: Any
    places: Places
    problems: tuple[Problem, ...] = ()


class _Refused(Exception):
    """Carries the Problem to `read_yaml`; never leaves this module."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def read_yaml(content: bytes, file: str = "") -> YamlDocument:
    """The document in `content`; `file` is named in problems."""
    return _read(content, file, several=False)[0]


def read_yaml_documents(content: bytes, file: str = "") -> tuple[YamlDocument, ...]:
    """Every document (`---`) in `content`, none for an empty file; with any problem just one, which holds them all."""
    return _read(content, file, several=True)


def _read(content: bytes, file: str, *, several: bool) -> tuple[YamlDocument, ...]:
    builder, text = _Builder(file), ""
    try:
        text = _decode(content, file)
        events = yaml.parse(text, Loader=yaml.CSafeLoader)
        roots = list(builder.build_each(events)) if several else [builder.build(events)]
    except _Refused as refused:
        return (YamlDocument(None, Places(), (refused.problem,)),)
    except yaml.MarkedYAMLError as error:
        return (YamlDocument(None, Places(), (_syntax_problem(error, file),)),)
    except yaml.reader.ReaderError as error:
        return (YamlDocument(None, Places(), (_character_problem(error, text, file),)),)
    if builder.problems:
        return (YamlDocument(None, Places(roots[0]), tuple(builder.problems)),)
    return tuple(YamlDocument(root.value, Places(root)) for root in roots)


def too_large(size: int, file: str) -> Problem:
    """The answer to a file of `size` bytes that is not worth opening."""
    return Problem(
        rule="file-too-large",
        message=f"the file has {size:,} bytes, the limit is {MAX_BYTES:,}",
        fix="a few hundred lines are usual; check that this is the right file, or split it",
        file=file,
    )


def _decode(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        raise _Refused(too_large(len(content), file))
    fix = "save the file as UTF-8 without a byte order mark"
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        message = "the file starts with a byte order mark"
        raise _Refused(Problem(rule="yaml-encoding", message=message, fix=fix, file=file, line=1, column=1))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise _Refused(
            Problem(rule="yaml-encoding", message=message, fix=fix, file=file, line=line, column=column)
        ) from error


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = (error.problem or "it cannot be read").strip()
    fix = "correct the indentation, quotes or brackets on this line or just above it"
    if "cannot start any token" in said or "tab" in said:
        said, fix = "a tab, or one of @ ` %, starts a value", "indent with spaces; put quotes around the value"
    elif "mapping values are not allowed" in said:
        fix = "put quotes around the text that holds ': ', or correct the indentation"
    elif "undefined alias" in said:
        fix = "define the anchor (&name) above, or put quotes around the text that starts with *"
    return Problem(rule="yaml-syntax", message=f"not YAML: {said}", fix=fix, file=file, line=line, column=column)


def _character_problem(error: yaml.reader.ReaderError, text: str, file: str) -> Problem:
    position = error.position if isinstance(error.position, int) else 0
    before = text[:position]
    character = text[position : position + 1]
    return Problem(
        rule="yaml-encoding",
        message=f"character U+{ord(character or chr(0)):04X} is not allowed in YAML",
        fix="remove it, or write it as an escape in double quotes",
        file=file,
        line=before.count("\n") + 1,
        column=position - before.rfind("\n"),
    )


class _Builder:
    """Events in, nodes out; without recursion, so that no nesting can break it."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._anchors: dict[str, _Node] = {}
        self._values = 0

    def build_each(self, events: Iterator[yaml.Event]) -> Iterator[_Node]:
        """One node per document. An anchor ends with its document; values are counted over all of them."""
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
                yield self.build(takewhile(lambda event: not isinstance(event, yaml.DocumentEndEvent), events))

    def build(self, events: Iterator[yaml.Event]) -> _Node:
        root: _Node | None = None
        open_nodes: list[tuple[_Node, str | None, str | None]] = []  # node, its anchor, the key that waits for a value
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                self._refuse("yaml-documents", "a second document starts here", "keep one contract per file", event)
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._check_tag(event)
                node = self._node(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
                if open_nodes and isinstance(open_nodes[-1][0].value, dict) and open_nodes[-1][2] is None:
                    self._refuse("yaml-key", "a key is a list or a mapping", "write a plain name as the key", event)
                open_nodes.append((node, event.anchor, None))
                if len(open_nodes) > MAX_DEPTH:
                    self._refuse("yaml-too-deep", f"more than {MAX_DEPTH} levels of nesting", "flatten it", event)
                continue
            if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                node, anchor, _ = open_nodes.pop()
                if anchor:
                    self._anchors[anchor] = node
            elif isinstance(event, yaml.ScalarEvent):
                self._check_tag(event)
                parent = open_nodes[-1] if open_nodes else None
                if parent and isinstance(parent[0].value, dict) and parent[2] is None:
                    self._check_key(parent[0], event)
                    open_nodes[-1] = (parent[0], parent[1], event.value)
                    continue
                node = self._node(event, self._scalar(event))
                if event.anchor:
                    self._anchors[event.anchor] = node
            elif isinstance(event, yaml.AliasEvent):
                node = self._aliased(event, open_nodes)
            else:
                continue
            if not open_nodes:
                root = node
                continue
            parent_node, anchor, key = open_nodes[-1]
            _attach(parent_node, key, node)
            open_nodes[-1] = (parent_node, anchor, None)
        return root or _Node(None, 1, 1)

    def _node(self, event: yaml.Event, value: Any) -> _Node:
        self._count(1, event)
        children: dict[str, _Node] | list[_Node] | None = None
        if isinstance(value, (dict, list)):
            children = {} if isinstance(value, dict) else []
        return _Node(value, *_place(event), children)

    def _count(self, values: int, event: yaml.Event) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._refuse(
                "yaml-too-many-values",
                f"more than {MAX_VALUES:,} values, aliases counted each time they are used",
                "write it without nested aliases",
                event,
            )

    def _aliased(self, event: yaml.AliasEvent, open_nodes: list[tuple[_Node, str | None, str | None]]) -> _Node:
        if open_nodes and isinstance(open_nodes[-1][0].value, dict) and open_nodes[-1][2] is None:
            self._refuse("yaml-key", "a key is an alias", "write a plain name as the key", event)
        node = self._anchors.get(event.anchor or "")
        if node is None:
            inside = any(anchor == event.anchor for _, anchor, _ in open_nodes)
            why = "refers to what it is part of" if inside else "has no anchor above it"
            self._refuse("yaml-syntax", f"alias *{event.anchor} {why}", "write the values out", event)
        self._count(node.size, event)
        return node

    def _check_key(self, mapping: _Node, event: yaml.ScalarEvent) -> None:
        key, (line, column) = event.value, _place(event)
        if key == "<<" and event.implicit[0]:
            self._refuse("yaml-key", "merge keys (<<) are YAML 1.1, this is YAML 1.2", "write the keys out", event)
        if key in mapping.keys:
            first_line = mapping.keys[key][0]
            self.problems.append(
                Problem(
                    rule="yaml-duplicate-key",
                    message=f"`{key}` stands on line {first_line} already and again on line {line}",
                    fix="keep one of the two",
                    file=self._file,
                    line=line,
                    column=column,
                )
            )
        mapping.keys[key] = (line, column)

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None and not (isinstance(event, yaml.ScalarEvent) and event.tag in (_TEXT_TAG, "!")):
            self._refuse("yaml-tag", f"tag {event.tag} is not supported", "remove the tag", event)

    def _scalar(self, event: yaml.ScalarEvent) -> str | int | float | bool | None:
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _BASED_INTEGER.fullmatch(text):
            return int(text[2:], 8 if text[1] == "o" else 16)
        if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and math.isinf(float(text))):
            fix = "write a number that can be compared, or put quotes around it"
            self._refuse("yaml-number", f"{text[:20]} is not a finite number", fix, event)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _refuse(self, rule: str, message: str, fix: str, event: yaml.Event) -> NoReturn:
        line, column = _place(event)
        raise _Refused(Problem(rule=rule, message=message, fix=fix, file=self._file, line=line, column=column))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _attach(parent: _Node, key: str | None, node: _Node) -> None:
    parent.size += node.size
    if isinstance(parent.value, list) and isinstance(parent.children, list):
        parent.value.append(node.value)
        parent.children.append(node)
    elif isinstance(parent.children, dict) and key is not None:
        parent.value[key] = node.value
        parent.children[key] = node
