"""Submissions as data: YAML (`student:` and `answers:`) and JSON lines (an answer a line)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from checkers.errors import SubmissionError, did_you_mean
from checkers.frontmatter import YamlError, read_yaml
from checkers.submissions.headings import QuestionIds
from checkers.submissions.record import Gathering, Submission, shortened

MAX_YAML = 200_000  # one student's answers; PyYAML takes a second for every 100 kB of nested brackets
_NAME_KEYS = ("student", "name", "author", "email")
_LINE_KEYS = ("question", "answer", "id", "student")


def read_yaml_submission(text: str, source: Path, ids: QuestionIds) -> Submission:
    """The submission in a YAML text; every answer is the text that was typed."""
    if len(text) > MAX_YAML:
        raise SubmissionError(f"YAML of more than {MAX_YAML:,} characters", file=source)
    try:
        document = read_yaml(text, as_text=True, allow_duplicates=True)
    except YamlError as problem:
        raise SubmissionError(problem.message, file=source, line=problem.line, hint=problem.hint) from None
    data = document.data
    if "answers" not in data:
        near = next((key for key in data if key not in _NAME_KEYS), "answer")
        hint = did_you_mean(near, ["answers"])
        raise SubmissionError(
            "no 'answers:' in the file", file=source, hint=hint or "see 'backprove template --format yaml'"
        )
    answers = data["answers"]
    if answers == "":
        answers = {}
    if not isinstance(answers, dict):
        line = document.key_lines["answers",]
        hint = "write one 'question: answer' a line below it"
        raise SubmissionError("'answers' must hold questions with their answers", file=source, line=line, hint=hint)
    gathered = Gathering()
    for path, line in document.duplicates:
        first = document.key_lines.get(path, line)
        gathered.problems.append(f"'{path[-1]}' is given twice (last on line {max(first, line)}): the last one counts")
    for key, value in answers.items():
        line = document.key_lines["answers", key]
        question = ids.exact(key)
        if question is not None:
            gathered.add(question, str(value), line)
        elif str(value).strip():
            gathered.add_unknown(key, str(value), line, ids.suggestion(key))
    for key in data:
        if key not in (*_NAME_KEYS, "answers", "assignment"):
            hint = did_you_mean(key, [*_NAME_KEYS, "answers"])
            gathered.problems.append(f"'{key}' (line {document.key_lines[key,]}) means nothing here; {hint}")
    student = next((str(data[key]) for key in _NAME_KEYS if data.get(key)), "")
    return gathered.submission(student, source)


def read_json_lines(text: str, source: Path, ids: QuestionIds) -> tuple[Submission, ...]:
    """One submission per line that is not blank; a line that cannot be used has no answers but a problem."""
    found = [_line(line, number, source, ids) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not found:
        raise SubmissionError("the file is empty", file=source)
    return tuple(found)


def _line(line: str, number: int, source: Path, ids: QuestionIds) -> Submission:
    gathered = Gathering()
    data: dict[str, Any] = {}
    try:
        plain = json.loads(line)
        typed = json.loads(line, parse_int=str, parse_float=str)  # numbers as typed: 0.70 has two figures
    except (ValueError, RecursionError) as error:
        gathered.problems.append(f"line {number} is not JSON: {getattr(error, 'msg', error)}")
        return gathered.submission(f"line {number}", source)
    if not isinstance(plain, dict):
        gathered.problems.append(f"line {number} is not an object with 'question' and 'answer'")
        return gathered.submission(f"line {number}", source)
    data = plain
    id = data.get("id") if isinstance(data.get("id"), str | int) and not isinstance(data.get("id"), bool) else None
    student = str(next((data[key] for key in _NAME_KEYS if data.get(key)), "" if id is None else id))
    if "question" not in data:
        near = next((did_you_mean(key, ["question"]) for key in data if key not in _LINE_KEYS), "")
        gathered.problems.append(f"line {number} names no 'question'{'; ' + near if near.startswith('did') else ''}")
        return gathered.submission(student or f"line {number}", source, id)
    asked = str(data["question"])
    question = ids.exact(asked.rsplit("/", 1)[-1])
    answer = _as_text(typed.get("answer"))
    if question is None:
        gathered.add_unknown(asked, answer, number, ids.suggestion(asked))
    elif "answer" not in data:
        gathered.problems.append(f"line {number} has no 'answer'")
    else:
        gathered.add(question, answer, number)
    blank = question if question is not None and question not in gathered.answers else ""
    return replace(gathered.submission(student or f"line {number}", source, id), blank=blank or "")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"({', '.join(_as_text(item) for item in value)})"
    if isinstance(value, dict):
        return shortened(json.dumps(value, ensure_ascii=False), 10_000)
    return str(value)
