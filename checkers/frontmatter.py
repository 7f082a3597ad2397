"""YAML with places: plain data, and the line in the file of every key and value.

YAML 1.1 reads `no` as false, `1:30` as 90, `2021-03-15` as a date and `5e-4` as text; nobody who types an assignment
or an answer means that. Scalars here are null, true/false, decimal integers, decimal floats, or text. Aliases are
refused: they save an author nothing and let a small file grow without bound. A double-quoted text in which YAML has
turned the backslash of a formula into a control character (`"\\frac"` holds a form feed) is an error that says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_SINGLE_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\([abtnvfreNLP])([A-Za-z]*)")
# Escapes with a use of their own in text. The others (bell, backspace, vertical tab, form feed, escape, and
# three exotic line breaks) are never meant in an assignment.
_USEFUL_ESCAPES = "tnr"
_COMMANDS = frozenset(
    [
        "nabla",
        "nu",
        "ne",
        "neq",
        "neg",
        "newline",
        "ni",
        "not",
        "notin",
        "rho",
        "right",
        "rangle",
        "rbrace",
        "rceil",
        "rfloor",
        "rm",
        "tanh",
        "tau",
        "text",
        "textbf",
        "theta",
        "tilde",
        "times",
        "to",
        "top",
        "triangle",
        "tfrac",
    ]
)
_MAX_DEPTH = 40  # deeper nesting than any assignment has; PyYAML takes quadratic time and recursion for it


class YamlError(Exception):
    """What is wrong in a YAML text, and on which line of the file; the caller knows for whom to word it."""

    def __init__(self, message: str, line: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one YAML mapping with the line of every key, and of the first text line of every value."""

    data: dict[str, object]
    key_lines: dict[Path, int] = field(default_factory=dict)
    text_lines: dict[Path, int] = field(default_factory=dict)
    duplicates: tuple[tuple[Path, int], ...] = ()


def read_yaml(text: str, first_line: int = 1, *, as_text: bool = False, allow_duplicates: bool = False) -> Document:
    """Read one YAML mapping whose first line is line `first_line` of its file.

    >>> read_yaml("marks: 3\\nday: 2021-03-15\\nsure: no").data
    {'marks': 3, 'day': '2021-03-15', 'sure': 'no'}

    `as_text` keeps every scalar as it was typed (null is the empty text), and lists and mappings from the second level
    down as well. With `allow_duplicates` the last of two equal
    keys counts and both are reported in `duplicates`; otherwise they are an error.
    """
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                raise YamlError("nested too deeply", first_line + (event.start_mark.line if event.start_mark else 0))
            if isinstance(event, yaml.AliasEvent):
                line = first_line + (event.start_mark.line if event.start_mark else 0)
                raise YamlError(f"'*{event.anchor}' is a YAML alias", line, "put the text in single quotes")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, first_line) from None
    except yaml.YAMLError as error:  # the reader's complaint about a character that no text should hold
        position = getattr(error, "position", 0)
        line = first_line + text.count("\n", 0, position if isinstance(position, int) else 0)
        raise YamlError("a control character that YAML does not allow", line) from None
    if node is None:
        return Document({})
    if not isinstance(node, MappingNode):
        raise YamlError(f"expected 'name: value' lines, found {_kind(node)}", first_line + node.start_mark.line)
    builder = _Builder(text, first_line, as_text, allow_duplicates)
    data = builder.mapping(node, ())
    return Document(data, builder.key_lines, builder.text_lines, tuple(builder.duplicates))


class _Builder:
    """Turns YAML nodes into plain data while noting lines."""

    def __init__(self, text: str, first_line: int, as_text: bool, allow_duplicates: bool) -> None:
        self.text = text
        self.first_line = first_line
        self.as_text = as_text
        self.allow_duplicates = allow_duplicates
        self.key_lines: dict[Path, int] = {}
        self.text_lines: dict[Path, int] = {}
        self.duplicates: list[tuple[Path, int]] = []

    def mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = self.line(key_node)
            if not isinstance(key_node, ScalarNode):
                raise YamlError(f"a name is expected before ':', found {_kind(key_node)}", line, "quote it")
            key = str(self.scalar(key_node, as_text=True))
            here = (*path, key)
            if key in result:
                if not self.allow_duplicates:
                    first = self.key_lines[here]
                    raise YamlError(f"'{key}' is given twice (first on line {first})", line, "remove one of them")
                self.duplicates.append((here, line))
            self.key_lines[here] = line
            result[key] = self.value(value_node, here)
        return result

    def value(self, node: Node, path: Path) -> object:
        # The text of a block scalar begins on the line after its `|`.
        block = isinstance(node, ScalarNode) and node.style in ("|", ">")
        self.text_lines[path] = self.line(node) + (1 if block else 0)
        if self.as_text and len(path) > 1 and not isinstance(node, ScalarNode):
            return self.typed(node)
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            items = []
            for number, item in enumerate(node.value):
                self.key_lines[(*path, number)] = self.line(item)
                items.append(self.value(item, (*path, number)))
            return items
        assert isinstance(node, ScalarNode)
        return self.scalar(node, as_text=self.as_text)

    def typed(self, node: Node) -> str:
        """A list or mapping as the text it was typed as: `{1, 0.5, 0}` is a student's tuple, not a mapping."""
        if isinstance(node, SequenceNode) and not node.flow_style:
            return "\n".join(str(self.value(item, (0, 0))) for item in node.value)
        return self.text[node.start_mark.index : node.end_mark.index].strip()

    def scalar(self, node: ScalarNode, as_text: bool) -> object:
        value: str = node.value
        if node.style == '"':
            self.refuse_eaten_backslash(node)
        if node.style is not None:
            return value
        if value in ("", "~", "null", "Null", "NULL"):
            return "" if as_text else None
        if as_text:
            return value
        if value in ("true", "True", "false", "False"):
            return value in ("true", "True")
        if _INTEGER.fullmatch(value):
            return int(value) if len(value) < 4000 else value  # Python refuses longer ones by itself
        if _FLOAT.fullmatch(value):
            return float(value)
        return value

    def refuse_eaten_backslash(self, node: ScalarNode) -> None:
        raw = self.text[node.start_mark.index : node.end_mark.index]
        for match in _SINGLE_ESCAPE.finditer(raw):
            letter, rest = match.groups()
            if letter in _USEFUL_ESCAPES and letter + rest not in _COMMANDS:
                continue
            line = self.line(node) + raw.count("\n", 0, match.start())
            raise YamlError(
                f"inside double quotes YAML reads '\\{letter}{rest}' as an escape, so the backslash is lost",
                line,
                "use single quotes, no quotes, or a block after '|'",
            )

    def line(self, node: Node) -> int:
        return self.first_line + int(node.start_mark.line)


def _explained(error: yaml.MarkedYAMLError, first_line: int) -> YamlError:
    """PyYAML's complaint in an author's words."""
    mark = error.problem_mark or error.context_mark
    line = first_line + (mark.line if mark else 0)
    problem = str(error.problem or error.context or "not YAML")
    hints: Mapping[str, str] = {
        "unknown escape character": "inside double quotes YAML reads a backslash as an escape: use single quotes",
        "mapping values are not allowed": "quote a text that contains ': '",
        "cannot start any token": "YAML allows no tab as indentation, and no text that begins with @ or `: quote it",
        "could not find expected ':'": "is a ':' missing, or an indentation wrong?",
        "expected <block end>": "is an indentation wrong, or a text that begins with a quote not quoted whole?",
        "expected ',' or": "quote a text that contains , : [ ] { or }",
        "expected a single document": "'---' may only begin and end the block",
    }
    hint = next((text for start, text in hints.items() if start in problem), "")
    return YamlError(f"this is not YAML: {problem}", line, hint)


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, SequenceNode) else "a single text"
