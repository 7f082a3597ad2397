"""Markdown submissions: the headings of the assignment with answers under them.

Answers stay raw text. Only what is not answer is taken out: HTML comments (the guidance of a template), horizontal
rules, and the marker lines of code fences. Markdown's block structure is read by markdown-it; emphasis and links are
not read at all, since `*` and `_` belong to the formulas.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

from checkers.errors import SubmissionError
from checkers.frontmatter import YamlError, read_yaml
from checkers.submissions.headings import Outline, QuestionIds
from checkers.submissions.record import MAX_HEADINGS, Gathering, Submission

_DISPLAY = re.compile(r"\$\$|\\[\[\]]|\n[ \t]*(?=\n)")
_NAME_LENGTH = 300  # a line with a name is short, and the pattern for it is slow on long lines
_BOLD = re.compile(r" {0,3}(\*\*|__)(?P<text>(?:(?!\1).)+)\1(?P<rest>.*)")
_BULLET = re.compile(r"\s{0,3}[-*+]\s+")
_LABEL = re.compile(r"\s{0,3}\(?[A-Za-z]{1,4}\s*[).:]")
_STUDENT = re.compile(
    r"[\s#>*_]*(?:student(?:'s)?(?:\s+name)?|full\s+name|name|author)[\s*_]*[:=][\s*_]*(?P<name>.*?)[\s*_]*", re.I
)
_NAME_KEYS = ("student", "name", "author", "email")


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line that begins a question (or an unknown one, or only closes the one before)."""

    line: int
    question: str | None
    heading: str
    rest: str = ""
    known_part: bool = False


def read_markdown(text: str, source: Path, ids: QuestionIds, gathering: Gathering | None = None) -> Submission:
    """The submission in a Markdown text."""
    gathered = gathering if gathering is not None else Gathering()
    student, text = _front(text, gathered)
    lines, dropped, marks = _structure(text, ids)
    if len(marks) > MAX_HEADINGS:
        raise SubmissionError(f"more than {MAX_HEADINGS:,} headings", file=source)
    first = next((mark.line for mark in marks if mark.question or not mark.known_part), len(lines))
    if not student:
        student = next((name for line in lines[:first] if (name := _named(line))), "")
    for mark, end in zip(marks, [*(following.line for following in marks[1:]), len(lines)], strict=False):
        inside = [
            line for number, line in enumerate(lines[mark.line + 1 : end], mark.line + 1) if number not in dropped
        ]
        body = "\n".join([mark.rest, *inside] if mark.rest else inside).strip("\n")
        if mark.question is not None:
            gathered.add(mark.question, body, mark.line + 1)
        elif not mark.known_part:
            gathered.add_unknown(mark.heading, body, mark.line + 1, ids.suggestion(mark.heading))
        elif body.strip():
            gathered.add_unknown(mark.heading, body, mark.line + 1, "the text under it belongs to none of its parts")
    return gathered.submission(student, source)


def _front(text: str, gathered: Gathering) -> tuple[str, str]:
    """The student named in YAML front matter, and the text with the front matter blanked."""
    match = re.match(r"---[ \t]*\n((?=[ \t\n]*\w[\w ]*:).*?)^(?:---|\.\.\.)[ \t]*$", text, re.S | re.M)
    if match is None:
        return "", text
    rest = "\n" * match.group(0).count("\n") + text[match.end() :]
    try:
        data = read_yaml(match[1], 2, as_text=True, allow_duplicates=True).data
    except YamlError as problem:
        gathered.problems.append(
            f"the block between the '---' lines could not be read (line {problem.line}: {problem})"
        )
        return next((name for line in match[1].split("\n") if (name := _named(line))), ""), rest
    folded = {key.lower(): str(value) for key, value in data.items()}
    return next((folded[key] for key in _NAME_KEYS if folded.get(key)), ""), rest


def _named(line: str) -> str:
    """The name that a line such as `Student: Ana` gives."""
    match = _STUDENT.fullmatch(line) if len(line) <= _NAME_LENGTH else None
    return match["name"] if match is not None else ""


def _structure(text: str, ids: QuestionIds) -> tuple[list[str], set[int], list[_Mark]]:
    """The lines without comments, the numbers of the lines that are no answer, and the marks that begin questions."""
    text, dropped = _without_comments(text)
    lines = text.split("\n")
    # Lists and quotes are off so that everything is on the top level; HTML is off because only comments matter here.
    off = ["lheading", "code", "inline", "list", "blockquote", "reference", "html_block"]
    tokens = MarkdownIt("commonmark").disable(off).parse(text)
    displayed = _displayed_lines(text, [token.map for token in tokens if token.type == "fence" and token.map])
    outline = Outline(ids)
    marks: list[_Mark] = []
    level = 7
    for token, following in pairwise([*tokens, None]):
        if token is None or token.map is None or token.map[0] in displayed:
            continue
        start, end = token.map
        if token.type == "fence":
            dropped.add(start)
            if end - 1 > start and not lines[end - 1].strip().strip(token.markup[0]):
                dropped.add(end - 1)
        elif token.type == "hr":
            dropped.add(start)
        elif token.type == "heading_open" and following is not None:
            here = int(token.tag[1])
            heading = following.content.strip().strip("*_").strip()
            question = outline.question(here, heading)
            part = question is None and outline.opens(here)
            asked = question is not None or part or ids.looks_like_question(heading)
            # A deeper heading inside an answer, or the title of the paper, is not a question.
            if asked or (marks and here <= level and not _named(heading)):
                marks.append(_Mark(start, question, heading, known_part=part))
                level = min(level, here) if question is None else here
        elif token.type == "paragraph_open":
            for number in range(start, end):
                if number in displayed:
                    continue
                mark = _line_mark(lines[number], number, ids) or _label_mark(lines[number], number, outline)
                marks += [mark] if mark is not None else []
    return lines, dropped, marks


def _line_mark(line: str, number: int, ids: QuestionIds) -> _Mark | None:
    """A line that begins a question without being a heading: `**4a**`, `4a) ...`, `Question 4a`."""
    bold = _BOLD.fullmatch(line)
    if bold is not None:
        inner = bold["text"].strip()
        found = ids.leading(inner)
        if found is not None:
            return _Mark(number, found.id, inner, bold["rest"].lstrip(" :.)").strip())
        if ids.looks_like_question(inner) and not bold["rest"].strip(" :.)"):
            return _Mark(number, None, inner)
        return None
    found = ids.leading(line)
    if found is None or len(line) - len(line.lstrip()) > 3:
        return None
    # `1)` and `2.` number the lines of an answer far more often than they name a question.
    if found.id.isdigit() and not found.worded:
        return None
    return _Mark(number, found.id, line, found.rest) if found.closed or not found.rest else None


def _label_mark(line: str, number: int, outline: Outline) -> _Mark | None:
    """A line that begins a part of the question above it: `(i) ...` or `- ii) ...` under `## 1(a)`."""
    part = outline.part()
    bold = _BOLD.fullmatch(line)
    label = bold["text"] + " " + bold["rest"] if bold is not None else _BULLET.sub("", line, count=1)
    if not part or not _LABEL.match(label):
        return None
    found = outline.ids.leading(f"{part} {label}")
    return _Mark(number, found.id, label, found.rest) if found is not None and found.closed else None


def _without_comments(text: str) -> tuple[str, set[int]]:
    """The text with comments blanked (line numbers kept), and the lines on which nothing else stood."""
    tokens = MarkdownIt("commonmark").disable(["lheading", "code", "inline", "list", "blockquote"]).parse(text)
    starts = _line_starts(text)
    fences = [(starts[token.map[0]], starts[token.map[1]]) for token in tokens if token.type == "fence" and token.map]
    fences.reverse()  # the next one last, to be popped
    pieces: list[str] = []
    emptied: set[int] = set()
    position = 0
    while (start := text.find("<!--", position)) >= 0:
        while fences and fences[-1][1] <= start:
            fences.pop()
        if fences and fences[-1][0] <= start:
            pieces.append(text[position : fences[-1][1]])
            position = fences[-1][1]
            continue
        end = text.find("-->", start)
        if end < 0:
            break
        comment = text[start : end + len("-->")]
        pieces += [text[position:start], "\n" * comment.count("\n")]
        first = bisect_right(starts, start) - 1
        emptied.update(range(first, first + comment.count("\n") + 1))
        position = start + len(comment)
    result = "".join([*pieces, text[position:]])
    lines = result.split("\n")
    return result, {number for number in emptied if not lines[number].strip()}


def _displayed_lines(text: str, fences: list[list[int]]) -> set[int]:
    """The lines inside `$$ ... $$` and `\\[ ... \\]`, where a leading `#` or `4a)` is no heading.

    A display that is not closed before the next blank line is none.
    """
    starts = _line_starts(text)
    fenced = {line for start, end in fences for line in range(start, end)}
    inside: set[int] = set()
    opened: tuple[str, int] | None = None
    for match in _DISPLAY.finditer(text):
        line = bisect_right(starts, match.start()) - 1
        if line in fenced:
            continue
        mark = match.group()
        if mark.startswith("\n"):
            opened = None
        elif opened is None:
            opened = (mark.replace("[", "]"), line) if mark != "\\]" else None
        elif mark == opened[0]:
            inside.update(range(opened[1] + 1, line + 1))
            opened = None
    return inside


def _line_starts(text: str) -> list[int]:
    """The position of every line's first character, and of the end of the text."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts
