"""An assignment: one Markdown file that reads as the exam, with data in front and an answer block per question.

    ---
    title: Class Test III
    models: {cell: {...}}
    ---
    ## 4a (5 marks) Gradient of the cell state
    Express ...
    ```answer
    kind: gradient
    ...
    ```

`load_assignment` validates all of it. Every complaint is an `AuthorError` with file, line and, for names, a suggestion.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, get_args

from markdown_it import MarkdownIt
from pydantic import BaseModel, ValidationError

from checkers.errors import AuthorError, UsageError, did_you_mean
from checkers.frontmatter import Document, YamlError, read_yaml
from checkers.library import library, with_library
from checkers.spec import AnswerSpec, FrontMatter, FunctionSpec, ModelSpec

BUNDLED = Path(__file__).resolve().parents[1] / "assignments"
M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 2_000_000  # an exam is a few kilobytes; anything near this is not an assignment

_HEADING = re.compile(
    r"(?P<id>[0-9A-Za-z][\w.\-]*)\s*"
    r"(?:\(\s*(?P<whole>\d+(?:\.\d+)?)?(?:\s*(?P<part>\d+/\d+))?\s*(?:marks?|points?|pts?)\s*\))?"
    r"\s*(?P<colon>:?)\s*(?P<title>.*)"
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its place in the file, what it asks in prose, and what it asks in data."""

    id: str
    marks: Fraction
    title: str
    prompt: str
    spec: AnswerSpec
    line: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """A validated assignment; `digest` names its content, so that what was computed from it can be cached."""

    title: str
    course: str
    source: str
    conventions: str
    models: Mapping[str, ModelSpec]
    questions: tuple[Question, ...]
    path: Path
    digest: str
    preamble: str = ""
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict, repr=False)
    text_lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict, repr=False)
    functions: Mapping[str, FunctionSpec] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name without its ending, by which bundled assignments are called."""
        return self.path.stem

    @property
    def ids(self) -> tuple[str, ...]:
        """The question ids, in the order of the file."""
        return tuple(question.id for question in self.questions)

    @property
    def out_of(self) -> Fraction:
        """The marks of all questions together."""
        return sum((question.marks for question in self.questions), Fraction(0))

    def question(self, question_id: str) -> Question:
        """The question of this id; an unknown id is a `UsageError` with a suggestion."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise UsageError(f"{self.name} has no question '{question_id}'", hint=did_you_mean(question_id, self.ids))

    def line_of(self, *path: str | int, text: int | None = None) -> int | None:
        """The line of a key: `line_of("models", "cell", "forward")`, or `line_of("questions", "4a", "model")`.

        With `text=i` it is the line of the i-th line (from 0) of the text that stands under that key.
        A path that is not in the file gives the line of its nearest known beginning.
        """
        where = self.lines if text is None else self.text_lines
        if path in where:
            return where[path] + (text or 0)
        return self.line_of(*path[:-1]) if len(path) > 1 else None

    def error(self, message: str, *path: str | int, text: int | None = None, hint: str = "") -> AuthorError:
        """An `AuthorError` that points at a key of this file, ready to be raised."""
        return AuthorError(message, file=self.path, line=self.line_of(*path, text=text), hint=hint)


def bundled_assignments() -> dict[str, Path]:
    """The assignments that come with backprove, by name."""
    return {path.stem: path for path in sorted(BUNDLED.glob("*.md")) if path.stem.lower() != "readme"}


def find_assignment(name_or_path: str | Path) -> Path:
    """The file that a bundled name or a path means."""
    text = str(name_or_path)
    bundled = bundled_assignments()
    if text in bundled:
        return bundled[text]
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.is_dir():
        raise UsageError(f"'{text}' is a folder, and an assignment is one Markdown file")
    if path.suffix or len(path.parts) > 1:
        raise UsageError(f"there is no file '{text}'")
    raise UsageError(f"there is no bundled assignment '{text}'", hint=did_you_mean(text, bundled))


def read_title(path: Path) -> str:
    """The title of an assignment, without looking at its questions."""
    front, _ = _split(path.read_text(encoding="utf-8-sig"), path)
    return str(_yaml(front, 2, path).data.get("title", ""))


def load_assignment(name_or_path: str | Path, kinds: Mapping[str, type[AnswerSpec]] | None = None) -> Assignment:
    """Load and validate an assignment by bundled name or path. `kinds` defaults to all kinds of answers there are."""
    path = find_assignment(name_or_path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror or error}") from None
    return parse_assignment(content, path, kinds)


def parse_assignment(
    content: bytes, path: Path = Path("assignment.md"), kinds: Mapping[str, type[AnswerSpec]] | None = None
) -> Assignment:
    """An assignment from the bytes of its file; `path` is only used in messages."""
    if len(content) > MAX_BYTES:
        raise AuthorError(f"larger than {MAX_BYTES:,} bytes, so not an assignment", file=path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AuthorError("not UTF-8 text", file=path, line=line, hint="save the file as UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front, body = _split(text, path)
    document = _yaml(front, 2, path)
    matter = _validated(FrontMatter, document, path, 1)
    lines = dict(document.key_lines)
    text_lines = dict(document.text_lines)
    models = with_library(matter.models, ())
    _check_extends(matter, models, lines, path)
    if kinds is None:
        from checkers.kinds import KINDS  # here, so that reading an assignment with other kinds needs none of ours

        kinds = KINDS
    preamble, sections = _sections(body, path)
    questions: dict[str, Question] = {}
    for section in sections:
        if section.id in questions:
            first = questions[section.id].line
            raise AuthorError(
                f"question '{section.id}' is there twice (first on line {first})", file=path, line=section.line
            )
        block = _yaml(section.answer, section.answer_line, path)
        question = Question(
            section.id, section.marks, section.title, section.prompt, _spec(block, section, kinds, path), section.line
        )
        questions[section.id] = question
        lines["questions", section.id] = section.line
        lines.update({("questions", section.id, *key): line for key, line in block.key_lines.items()})
        text_lines.update({("questions", section.id, *key): line for key, line in block.text_lines.items()})
        used = getattr(question.spec, "model", None)
        if isinstance(used, str):
            models = with_library(models, [used])
        for field_, there, others in (("model", models, library), ("function", matter.functions, dict)):
            named = getattr(question.spec, field_, None)
            if isinstance(named, str) and named not in there:
                raise AuthorError(
                    f"question '{section.id}' uses the {field_} '{named}', which is not in the front matter",
                    file=path,
                    line=lines["questions", section.id, field_],
                    hint=did_you_mean(named, [*there, *others()]),
                )
    if not questions:
        raise AuthorError(
            "no questions", file=path, hint="a question begins with a heading such as '## 4a (5 marks) title'"
        )
    return Assignment(
        matter.title,
        matter.course,
        matter.source,
        matter.conventions,
        models,
        tuple(questions.values()),
        path,
        hashlib.sha256(content).hexdigest(),
        preamble,
        lines,
        text_lines,
        matter.functions,
    )


def json_schema(kinds: Mapping[str, type[AnswerSpec]] | None = None) -> dict[str, Any]:
    """The JSON Schema of the front matter; `$defs.answer` is that of an answer block, one alternative per kind."""
    if kinds is None:
        from checkers.kinds import KINDS

        kinds = KINDS
    schema = FrontMatter.model_json_schema()
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    alternatives = []
    for kind, spec in sorted(kinds.items()):
        part = spec.model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(part.pop("$defs", {}))
        part.setdefault("properties", {})["kind"] = {"const": kind}
        definitions[f"answer-{kind}"] = part
        alternatives.append({"$ref": f"#/$defs/answer-{kind}"})
    definitions["answer"] = {"oneOf": alternatives}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


@dataclass(frozen=True, slots=True)
class _Section:
    """One question as text: heading, prose and the content of its answer block."""

    id: str
    marks: Fraction
    title: str
    line: int
    prompt: str
    answer: str
    answer_line: int


def _split(text: str, path: Path) -> tuple[str, str]:
    """The front matter, and the body with as many blank lines in front as keep its line numbers."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        hint = "the first line is '---', then come title and models, then '---'"
        raise AuthorError("no front matter", file=path, line=1, hint=hint)
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:number]), "\n" * (number + 1) + "\n".join(lines[number + 1 :])
    raise AuthorError("the front matter is not closed", file=path, line=1, hint="end it with a line '---'")


def _sections(body: str, path: Path) -> tuple[str, list[_Section]]:
    """What stands before the first question, and the questions."""
    # Block structure only: setext headings and indented code would turn prose and formulas into something else.
    tokens = MarkdownIt("commonmark").disable(["lheading", "code", "inline"]).parse(body)
    lines = body.split("\n")
    headings: list[tuple[int, str]] = []
    fences: list[tuple[int, int, str, str]] = []
    for token, following in pairwise([*tokens, None]):
        if token is None or token.level != 0 or token.map is None:
            continue
        if token.type == "heading_open" and token.tag in ("h1", "h2") and following is not None:
            if token.tag == "h2":
                headings.append((token.map[0], following.content))
        elif token.type == "fence":
            fences.append((token.map[0], token.map[1], token.info.strip(), token.content))
    starts = [line for line, _ in headings]
    ends = [*starts[1:], len(lines)]
    preamble = "\n".join(lines[: starts[0] if starts else len(lines)]).strip()
    sections = [
        _section(lines, start, end, text, fences, path) for (start, text), end in zip(headings, ends, strict=False)
    ]
    return preamble, sections


def _section(
    lines: list[str], start: int, end: int, heading: str, fences: list[tuple[int, int, str, str]], path: Path
) -> _Section:
    match = _HEADING.fullmatch(heading.strip())
    form = "a question begins '## ID (N marks) title', such as '## 4a (5 marks) Gradient of the cell state'"
    if match is None:
        raise AuthorError(f"not a question: '{heading}'", file=path, line=start + 1, hint=form)
    if match["whole"] is None and match["part"] is None:
        raise AuthorError(f"the heading '{heading}' names no marks", file=path, line=start + 1, hint=form)
    if match["part"] is not None and int(match["part"].split("/")[1]) == 0:
        raise AuthorError(f"'{match['part']}' is not a number of marks", file=path, line=start + 1, hint=form)
    question = match["id"]
    answers = [fence for fence in fences if start < fence[0] < end and fence[2] == "answer"]
    if not answers:
        near = next((f for f in fences if start < f[0] < end and f[2].lower().startswith("ans")), None)
        hint = f"did you mean 'answer' instead of '{near[2]}'?" if near else "every question has one ```answer block"
        raise AuthorError(
            f"question '{question}' has no answer block", file=path, line=(near[0] if near else start) + 1, hint=hint
        )
    if len(answers) > 1:
        line = answers[1][0] + 1
        raise AuthorError(f"question '{question}' has two answer blocks", file=path, line=line, hint="keep one")
    first, last, _, content = answers[0]
    if last - first < 2 or lines[last - 1].strip().strip("`~"):
        raise AuthorError(
            f"the answer block of '{question}' is not closed", file=path, line=first + 1, hint="end it with ```"
        )
    prompt = "\n".join(lines[start + 1 : first] + lines[last:end]).strip()
    marks = Fraction(match["whole"] or 0) + Fraction(match["part"] or 0)
    return _Section(question, marks, match["title"].strip(), start + 1, prompt, content, first + 2)


def _yaml(text: str, first_line: int, path: Path) -> Document:
    try:
        return read_yaml(text, first_line)
    except YamlError as problem:
        raise AuthorError(problem.message, file=path, line=problem.line, hint=problem.hint) from None


def _spec(block: Document, section: _Section, kinds: Mapping[str, type[AnswerSpec]], path: Path) -> AnswerSpec:
    kind = block.data.get("kind")
    line = block.key_lines.get(("kind",), section.answer_line)
    if kind is None:
        raise AuthorError(
            f"the answer block of '{section.id}' names no kind", file=path, line=line, hint=did_you_mean("", kinds)
        )
    if not isinstance(kind, str) or kind not in kinds:
        raise AuthorError(f"unknown kind of answer '{kind}'", file=path, line=line, hint=did_you_mean(str(kind), kinds))
    return _validated(kinds[kind], block, path, section.answer_line)


def _validated(model: type[M], document: Document, path: Path, line: int) -> M:
    """The data as `model`, or the first complaint in the order of the file."""
    try:
        return model.model_validate(document.data)
    except ValidationError as failure:
        errors = [
            _complaint(model, error["type"], error["loc"], error["msg"], document, path, line)
            for error in failure.errors()
        ]
        raise min(errors, key=lambda error: error.line or 0) from None


def _complaint(
    model: type[BaseModel],
    kind: str,
    loc: tuple[str | int, ...],
    message: str,
    document: Document,
    path: Path,
    line: int,
) -> AuthorError:
    place = next((document.key_lines[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in document.key_lines), line)
    name = ".".join(str(part) for part in loc)
    if kind == "extra_forbidden":
        hint = did_you_mean(str(loc[-1]), _fields(model, loc[:-1]))
        return AuthorError(f"unknown field '{name}'", file=path, line=place, hint=hint)
    if kind == "missing":
        return AuthorError(f"the field '{name}' is missing", file=path, line=place)
    plain = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return AuthorError(f"{name}: {plain[:1].lower()}{plain[1:]}" if name else plain, file=path, line=place)


def _fields(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The field names that are known at a place below `model`."""
    current: type[BaseModel] | None = model
    for part in loc:
        info = current.model_fields.get(str(part)) if current is not None else None
        if info is not None:
            current = next(_models_in(info.annotation), None)
    return [info.alias or name for name, info in current.model_fields.items()] if current is not None else []


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _check_extends(
    matter: FrontMatter,
    models: Mapping[str, ModelSpec],
    lines: Mapping[tuple[str | int, ...], int],
    path: Path,
) -> None:
    """Every `extends` names a model of the assignment or the library, and no chain of them comes back to itself."""
    for name in matter.models:
        seen = [name]
        while seen[-1] in matter.models and (parent := matter.models[seen[-1]].extends) is not None:
            line = lines["models", seen[-1], "extends"]
            if parent not in models:
                hint = did_you_mean(parent, [*matter.models, *library()])
                raise AuthorError(
                    f"the model '{seen[-1]}' extends '{parent}', which is not there", file=path, line=line, hint=hint
                )
            if parent in seen:
                raise AuthorError(
                    f"models extend each other in a circle: {' -> '.join([*seen, parent])}", file=path, line=line
                )
            seen.append(parent)
