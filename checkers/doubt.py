"""Denials and hedges: `not 72`, `71 or 72`, `at least 72` say something else than the value that stands in them."""

from __future__ import annotations

import re

from notation.tree import Span

_DENIED_BEFORE = re.compile(
    # what does not depend on something is no denial of the formula behind it
    r"\b(?:not|never|isn't|wasn't|incorrect|wrong|false|cannot|neither)\b"
    r"(?!\s+(?:(?:explicitly|directly)\s+)?(?:depend|involve|contain|enter|appear|matter)\b)[^.;:,=\n]{0,25}$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"^[\s$.,]*(?:(?:is|are|was|were|would be)\s+(?:not\b|wrong|incorrect|false)|\(wrong\))", re.IGNORECASE
)
_HEDGED_BEFORE = re.compile(
    r"(?:\b(?:at least|at most|more than|less than|between|either|maybe|perhaps|possibly|not sure)\b[^.;:\n]{0,12}"
    r"|(?<![-=])[<>≤≥]\s*|"
    r"\\(?:leq?|geq?)\s*|[\d)\]]\s*or\s*)$",
    re.IGNORECASE,
)
_HEDGED_AFTER = re.compile(
    r"^[\s$]*(?:or|±|\\pm|\+/-|-\s*(?=\d)|–\s*(?=\d))[\s$]*(?:[\d(\[{]|(?:its|the) transpose)"
    r"|^[\s$]*,?\s*or\s+(?![a-z]{3,}\b)[^.;,\n=]{1,24}=[\s$]*[-\d(\[]",
    re.IGNORECASE,
)

# not sure which of the two; whichever is meant; either could be right
_HESITATES = (
    r"(?:(?:not|un)\s*(?:sure|certain|clear)|don['’]?t\s+know|do\s+not\s+know|(?:can|could)(?:\s*not|n?['’]t)\s+(?:decide|tell)"
    r"|undecided|no\s+idea|take\s+your\s+pick|one\s+of\s+the\s+two)\b"
)
_UNSURE = re.compile(
    rf"\b(?:{_HESITATES}|whichever|(?:either|both)\s+(?:one\s+)?(?:could|may|might|can)\b|depending\s+on)",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\bpages?\s+\d+|\b(?:scan(?:s|ned)?|photos?|handwritten|hand-written|attach(?:ed|ment)|drawing|sketch|paper|notebook|pdf)\b"
    r"(?:\s+(?:sheets?|pages?|notes?|file))?",
    re.IGNORECASE,
)
# everything without argument is at t+1
_UNWRITTEN = re.compile(
    r"\bwithout\s+(?:an?\s+|any\s+)?(?:argument|index|step|time)\b|\bargument\s+omitted\b", re.IGNORECASE
)
_ALTERNATIVE = re.compile(r"(?:[\d)\]}$]\s*|[;,.\n]\s*)\b(?:or|alternatively|otherwise)\b", re.IGNORECASE)


def hesitates(text: str) -> str:
    """Why an answer is not plainly meant, where its words say that the writer does not know; else empty.

    >>> hesitates("dE/dU = A, or B; I could not decide which"), hesitates("dE/dU = A, or with tanh written out, B")
    ('the answer leaves it open', '')
    """
    return "the answer leaves it open" if re.search(rf"\b{_HESITATES}", text, re.IGNORECASE) else ""


def elsewhere(text: str) -> str:
    """What an answer without a formula points to: a page, a scan, a drawing; empty where it holds an equation.

    >>> elsewhere("See page 4 of the scanned sheets."), elsewhere("h = 2 (page 4)")
    ('page 4', '')
    """
    found = _ELSEWHERE.search(text)
    return "" if found is None or "=" in text else " ".join(found[0].split())


def omits_steps(text: str) -> bool:
    """Whether an answer says that names without a step of their own stand at some step.

    >>> omits_steps("everything without argument is at t+1"), omits_steps("without loss of generality")
    (True, False)
    """
    return _UNWRITTEN.search(text) is not None


def unsure(text: str) -> str:
    """Why an answer with several results does not choose among them; empty where nothing says so.

    >>> unsure("72, not sure whether 71")
    'the answer leaves it open'
    >>> unsure("71 at first, corrected to 72")
    ''
    """
    return "the answer leaves it open" if _UNSURE.search(text) or _ALTERNATIVE.search(text) else ""


def doubt(text: str, span: Span, *, value: bool = False) -> str:
    """Why the statement at `span` is not plainly said; empty where it is. `value` also looks for alternatives.

    >>> doubt("not 72", (4, 6), value=True)
    'the answer denies it'
    >>> doubt("72", (0, 2), value=True)
    ''
    >>> doubt("f does not depend on x", (21, 22))
    ''
    """
    before, after = text[: span[0]], text[span[1] :]
    if _DENIED_BEFORE.search(before) or _DENIED_AFTER.search(after):
        return "the answer denies it"
    if value and (_HEDGED_BEFORE.search(before) or _HEDGED_AFTER.search(after)):
        return "the answer leaves it open"
    return ""
