"""LaTeX submissions: `\\answer{4a}{...}`, or sections headed by the questions. The text is read, never compiled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from checkers.errors import SubmissionError
from checkers.submissions.headings import Outline, QuestionIds
from checkers.submissions.record import MAX_HEADINGS, Gathering, Submission

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_ANSWER = re.compile(r"\\answer\s*(?:\[[^\]\n]{0,80}\]\s*)?\{(?P<id>[^{}\n]{0,80})\}\s*\{")
_SECTION = re.compile(r"\\(?P<depth>(?:sub){0,2}section|paragraph)\*?\s*(?:\[[^\]\n]{0,200}\]\s*)?\{")
_NAME = re.compile(r"\\(?:student|author)\s*\{")
_LAYOUT = re.compile(
    r"\\(?:maketitle|newpage|clearpage|pagebreak|noindent|(?:big|med|small)skip|centering)\b\*?"
    r"|\\(?:label|vspace\*?|hspace\*?)\s*\{[^{}]*\}"
)
_DEPTHS = {"section": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4}
_NAME_LENGTH = 1_000  # headings and names are shorter; a brace that is never closed is not searched for further
_GONE = "\0"  # stands for a line that held only a comment: such a line is no paragraph break


@dataclass(frozen=True, slots=True)
class _Section:
    """A sectioning command: where it begins, where its text begins, and what it says."""

    start: int
    end: int
    level: int
    heading: str


def read_latex(text: str, source: Path, ids: QuestionIds) -> Submission:
    """The submission in a LaTeX text."""
    gathered = Gathering()
    text = _without_comments(text)
    end = text.find("\\end{document}")
    text = text if end < 0 else text[:end]
    student = _student(text)
    begin = text.find("\\begin{document}")
    body_start = 0 if begin < 0 else begin + len("\\begin{document}")
    spans = _answers(text, source, ids, gathered)
    sections = [section for section in _sections(text, source) if section.start >= body_start]
    outline = Outline(ids)
    stops = [*(following.start for following in sections[1:]), len(text)]
    for section, stop in zip(sections, stops, strict=False):
        question = outline.question(section.level, section.heading)
        body = _clean(_cut(text, section.end, stop, spans))
        line = text.count("\n", 0, section.start) + 1
        if question is not None:
            gathered.add(question, body, line)
        elif body and (ids.looks_like_question(section.heading) or outline.opens(section.level)):
            gathered.add_unknown(section.heading, body, line, ids.suggestion(section.heading))
        elif body and outline.stack:
            parent = outline.stack[-1][1]
            if parent in gathered.answers:  # a heading inside an answer: its text goes on
                old = gathered.answers.pop(parent)
                gathered.add(parent, f"{old.text}\n\n{body}", old.line)
        elif body and spans == [] and gathered.answers:
            gathered.add_unknown(section.heading, body, line, ids.suggestion(section.heading))
    return gathered.submission(student, source)


def _answers(text: str, source: Path, ids: QuestionIds, gathered: Gathering) -> list[tuple[int, int]]:
    """Gathers every `\\answer{..}{..}`; returns the spans that they cover."""
    spans: list[tuple[int, int]] = []
    position = 0
    while (match := _ANSWER.search(text, position)) is not None:
        if len(spans) > MAX_HEADINGS:
            raise SubmissionError(f"more than {MAX_HEADINGS:,} answers", file=source)
        line = text.count("\n", 0, match.start()) + 1
        following = _ANSWER.search(text, match.end())
        limit = following.start() if following is not None else len(text)
        close = _closing(text, match.end(), limit)
        if close is None:
            close = limit
            gathered.problems.append(
                f"\\answer{{{match['id']}}} on line {line} is not closed by a '}}': read up to the next one"
            )
        body = _clean(text[match.end() : close])
        question = ids.exact(match["id"].strip())
        if question is not None:
            gathered.add(question, body, line)
        elif body:
            gathered.add_unknown(match["id"].strip(), body, line, ids.suggestion(match["id"]))
        position = max(close, match.end())
        spans.append((match.start(), min(close + 1, len(text))))
    return spans


def _sections(text: str, source: Path) -> list[_Section]:
    found: list[_Section] = []
    for number, match in enumerate(_SECTION.finditer(text)):
        if number > MAX_HEADINGS:
            raise SubmissionError(f"more than {MAX_HEADINGS:,} sections", file=source)
        close = _closing(text, match.end(), match.end() + _NAME_LENGTH)
        if close is not None:
            heading = " ".join(text[match.end() : close].replace("~", " ").split())
            found.append(_Section(match.start(), close + 1, _DEPTHS[match["depth"]], heading))
    return found


def _student(text: str) -> str:
    for match in islice(_NAME.finditer(text), 20):  # a few may stand in definitions
        close = _closing(text, match.end(), match.end() + _NAME_LENGTH)
        if close is not None and (name := _clean(text[match.end() : close])) and "#" not in name:
            return re.sub(r"\\(?:\\|and\b)", " ", name).replace("~", " ")
    return ""


def _closing(text: str, position: int, limit: int) -> int | None:
    """The place before `limit` of the brace that closes the group whose content begins at `position`."""
    depth = 1
    while position < min(limit, len(text)):
        character = text[position]
        if character == "\\":
            position += 2
            continue
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return position
        position += 1
    return None


def _without_comments(text: str) -> str:
    lines = []
    for line in text.replace(_GONE, "").split("\n"):
        bare = _COMMENT.sub(r"\1", line)
        lines.append(_GONE if bare != line and not bare.strip() else bare)
    return "\n".join(lines)


def _cut(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> str:
    """`text[start:end]` without the parts that spans cover."""
    pieces = []
    for first, last in spans:
        if start <= first < end:
            pieces.append(text[start:first])
            start = last
    return "".join([*pieces, text[start:end]])


def _clean(text: str) -> str:
    lines = [line for line in _LAYOUT.sub("", text).split("\n") if _GONE not in line]
    return "\n".join(lines).strip()
