"""What the commands do, as functions: assignments and files in, verdicts and sheets out. No mathematics here.

The rooms behind the desk are imported inside the functions, so that a command pays only for what it uses.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from checkers.errors import BackproveError, SubmissionError, UsageError
from checkers.submission import FORMATS, Answer, Submission, read_submission, submission_files
from checkers.verdict import Verdict, plain

if TYPE_CHECKING:
    from checkers.assignment import Assignment
    from checkers.solution import Solution

DEMO = "iitkgp-ct3"
ROOMS = ("checkers", "derivations", "notation", "reference_impl", "reports")
SHEETS = ("html", "json", "md", "pdf", "tex")


class Judge(Protocol):
    """What grading needs of a bench: keys, and a verdict on an answer."""

    def solutions(self) -> tuple[Solution, ...]:
        """The derived solutions of all questions."""

    def solution(self, question_id: str) -> Solution:
        """The derived solution of one question."""

    def check(self, question_id: str, text: str) -> Verdict:
        """The verdict on one answer."""


@dataclass(frozen=True, slots=True)
class Graded:
    """One submission with its verdicts, in the order of the assignment.

    `faults` name answers at which the grader itself failed; that is never the student's fault and never `wrong`.
    """

    submission: Submission
    verdicts: tuple[Verdict, ...]
    faults: tuple[str, ...] = ()

    @property
    def student(self) -> str:
        """The student's name as given."""
        return self.submission.student

    @property
    def total(self) -> Fraction:
        """The marks reached so far."""
        return sum((verdict.marks for verdict in self.verdicts), Fraction(0))

    @property
    def out_of(self) -> Fraction:
        """The marks that could be reached."""
        return sum((verdict.out_of for verdict in self.verdicts), Fraction(0))

    @property
    def waiting(self) -> Fraction:
        """The marks that a person has still to give."""
        return sum((verdict.waiting for verdict in self.verdicts), Fraction(0))

    def parts(self) -> list[dict[str, object]]:
        """The verdicts as plain data, each with the student and the id that came with the answer."""
        given = {} if self.submission.id is None else {"id": self.submission.id}
        return [{**given, "student": self.student, **verdict.to_dict()} for verdict in self.verdicts]

    def to_dict(self) -> dict[str, object]:
        """The whole submission as plain data."""
        return {
            "student": self.student,
            "source": str(self.submission.source),
            "total": plain(self.total),
            "out_of": plain(self.out_of),
            "waiting": plain(self.waiting),
            "problems": list(self.submission.problems),
            "parts": self.parts(),
        }


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read at all, and why."""

    source: Path
    message: str
    exists: bool = True


def open_assignment(assignment: str | Path | Assignment) -> Assignment:
    """The assignment that a bundled name or a path means; one that is open already is returned as it is."""
    from checkers.assignment import load_assignment

    _check_rooms()
    return load_assignment(assignment) if isinstance(assignment, str | Path) else assignment


def listing() -> tuple[tuple[str, str], ...]:
    """Names and titles of the bundled assignments."""
    from checkers.assignment import bundled_assignments, read_title

    return tuple((name, read_title(path)) for name, path in bundled_assignments().items())


def library_listing() -> tuple[tuple[str, str], ...]:
    """Names of the library's models and what they are."""
    from checkers.library import library

    return tuple((name, spec.about) for name, spec in library().items())


def bench_of(assignment: Assignment) -> Judge:
    """The bench on which answers to this assignment are judged."""
    from checkers.bench import Bench

    bench: Judge = Bench(assignment)
    return bench


def check(assignment: str | Path | Assignment) -> tuple[Solution, ...]:
    """The solutions of all questions, each with the roads that lead to it."""
    return bench_of(open_assignment(assignment)).solutions()


def derive(assignment: str | Path | Assignment, question: str) -> Solution:
    """The derivation of one answer."""
    opened = open_assignment(assignment)
    opened.question(question)
    return bench_of(opened).solution(question)


def solve(assignment: str | Path | Assignment, fmt: str = "pdf") -> bytes:
    """The solution sheet as `pdf`, `tex`, `html`, `md` or `json`."""
    _known_sheet(fmt)
    from reports.render import solution_sheet

    opened = open_assignment(assignment)
    sheet: bytes = solution_sheet(opened, bench_of(opened).solutions(), fmt)
    return sheet


def template(assignment: str | Path | Assignment, fmt: str = "md") -> str:
    """The blank form as `md`, `tex`, `ipynb` or `yaml`."""
    from checkers.template import blank

    return blank(open_assignment(assignment), fmt)


def equal(
    answer: str, key: str, shapes: Mapping[str, str] | None = None, assume: Mapping[str, str] | None = None
) -> Verdict:
    """The verdict on one formula against another; `shapes` and `assume` say what the symbols are."""
    from checkers.equal import equal as decide

    _check_rooms()
    verdict: Verdict = decide(answer, key, dict(shapes or {}), dict(assume or {}))
    return verdict


def grade(
    assignment: str | Path | Assignment,
    paths: Iterable[str | Path],
    *,
    by_line: bool = False,
    bench: Judge | None = None,
    debug: bool = False,
) -> Iterator[Graded | Unread]:
    """Grade files and folders of submissions, one after another.

    A file that cannot be read is an `Unread`, and grading goes on. With `by_line` each line of a JSONL file is graded
    on its own; otherwise the lines of one student are one submission. `debug` lets a fault of the grader through.
    """
    opened = open_assignment(assignment)
    judge = bench if bench is not None else bench_of(opened)
    for path in submission_files(paths)[0]:
        try:
            found = read_submission(path, opened.ids)
        except UsageError as error:
            yield Unread(path, str(error), exists=False)
            continue
        except SubmissionError as error:
            yield Unread(path, str(error))
            continue
        lines = path.suffix.lower() == ".jsonl"
        for submission in found if by_line or not lines else merged(found):
            yield (
                _graded_line(opened, judge, submission, debug)
                if by_line and lines
                else _graded(opened, judge, submission, debug)
            )


def merged(submissions: Iterable[Submission]) -> list[Submission]:
    """The lines of a JSONL file put together by student, in order of first appearance."""
    students: dict[str, Submission] = {}
    for line in submissions:
        earlier = students.get(line.student)
        if earlier is None:
            students[line.student] = replace(line, id=None)
            continue
        twice = [
            f"question {id} is answered twice: the last one counts" for id in line.answers if id in earlier.answers
        ]
        students[line.student] = replace(
            earlier,
            answers={**earlier.answers, **line.answers},
            problems=(*earlier.problems, *line.problems, *twice),
            unknown=(*earlier.unknown, *line.unknown),
        )
    return list(students.values())


def exit_code(results: Iterable[Graded | Unread]) -> int:
    """The exit code that a batch earns: 0, 1, 2, 3 or 4 as the command line promises."""
    results = list(results)
    if any(isinstance(result, Graded) and result.faults for result in results):
        return 4
    unread = [result for result in results if isinstance(result, Unread)]
    if len(unread) == len(results) and not any(result.exists for result in unread):
        return 2
    code = code_of(verdict for result in results if isinstance(result, Graded) for verdict in result.verdicts)
    return 3 if unread and code == 0 else code


def code_of(verdicts: Iterable[Verdict]) -> int:
    """1 where something is not right, 3 where something could not be read or decided, 0 otherwise.

    `manual` waits for a person and is neither; leaving out a question that carries no marks costs nothing.
    """
    statuses = {verdict.status for verdict in verdicts if verdict.out_of or verdict.status != "missing"}
    if statuses & {"wrong", "partial", "missing"}:
        return 1
    return 3 if statuses & {"unreadable", "undecided"} else 0


def demo_class() -> Path:
    """The folder of sample submissions that come with backprove."""
    from checkers.assignment import BUNDLED

    folder = BUNDLED / "demo"
    if not any(path.suffix in FORMATS for path in folder.glob("*")):
        raise UsageError(f"there are no sample submissions in '{folder}'")
    return folder


def _graded(assignment: Assignment, judge: Judge, submission: Submission, debug: bool) -> Graded:
    verdicts: list[Verdict] = []
    faults: list[str] = []
    for question in assignment.questions:
        answer = submission.answers.get(question.id)
        verdict, fault = _verdict(judge, question.id, question.marks, answer, debug)
        verdicts.append(verdict)
        faults += [fault] if fault else []
    return Graded(submission, tuple(verdicts), tuple(faults))


def _graded_line(assignment: Assignment, judge: Judge, submission: Submission, debug: bool) -> Graded:
    """One JSON line graded on its own: exactly one verdict, whatever the line holds."""
    if submission.answers:
        ((id, answer),) = submission.answers.items()
        verdict, fault = _verdict(judge, id, assignment.question(id).marks, answer, debug)
        return Graded(submission, (verdict,), (fault,) if fault else ())
    message = "; ".join(submission.problems)
    if submission.unknown:
        asked = submission.unknown[0]
        return Graded(
            submission, (Verdict(asked.heading, asked.text, "unreadable", Fraction(0), Fraction(0), message),)
        )
    if submission.blank:
        marks = assignment.question(submission.blank).marks
        return Graded(submission, (_missing(submission.blank, marks),))
    return Graded(submission, (Verdict("", "", "unreadable", Fraction(0), Fraction(0), message),))


def _verdict(judge: Judge, id: str, marks: Fraction, answer: Answer | None, debug: bool) -> tuple[Verdict, str]:
    if answer is None:
        return _missing(id, marks), ""
    try:
        return judge.check(id, answer.text), ""
    except BackproveError:
        raise
    except Exception as error:
        # A bug is not a wrong answer: the answer stays undecided, the fault is reported and the exit code says so.
        if debug:
            raise
        fault = f"{id}: {type(error).__name__}: {str(error)[:200]}"
        message = "The grader itself failed on this answer; that is no fault of the answer."
        return Verdict(id, answer.text, "undecided", Fraction(0), marks, message, waiting=marks), fault


def _missing(id: str, marks: Fraction) -> Verdict:
    return Verdict(id, "", "missing", Fraction(0), marks, "There is no answer to this question.")


def _known_sheet(fmt: str) -> None:
    if fmt not in SHEETS:
        raise UsageError(f"there is no sheet format '{fmt}'", hint=f"one of {', '.join(SHEETS)}")


def _check_rooms() -> None:
    """Make sure that the packages beside this one are ours: PyPI has others of the same names."""
    root = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        places = [Path(place).resolve().parent for place in (spec.submodule_search_locations or [])] if spec else []
        if root not in places:
            found = f"'{places[0] / room}' is another package" if places else "it is not installed"
            raise BackproveError(
                f"the package '{room}' is not backprove's own: {found}", hint="install backprove alone"
            )
