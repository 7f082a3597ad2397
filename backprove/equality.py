"""`backprove equal`: two bare formulas, once or line by line from stdin."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from backprove import desk
from backprove.records import to_json
from checkers.errors import BackproveError, UsageError, did_you_mean
from checkers.verdict import Verdict

FIELDS = ("id", "answer", "key", "shapes", "assume")
# One line holds two formulas; a longer one is not that, and must not be read into memory as if it were.
MAX_LINE = 1_000_000


def one(answer: str, key: str, shapes: Sequence[str], assume: Sequence[str], *, as_json: bool) -> int:
    """Judge one pair, print the verdict and return the exit code."""
    verdict = desk.equal(answer, key, _pairs(shapes, "--shape"), _pairs(assume, "--assume"))
    if as_json:
        print(to_json(verdict.to_dict(), indent=1))
    else:
        print(f"{verdict.status}: {verdict.message}" if verdict.message else verdict.status)
        if verdict.diagnosis:
            print(f"  {verdict.diagnosis}")
        if verdict.witness is not None:
            witness = verdict.witness
            print(f"  {witness.where}: the answer is {witness.yours}, the key {witness.expected}")
        if verdict.evidence:
            print(f"  {verdict.evidence}")
    return desk.code_of([verdict])


def many(lines: Iterable[bytes], *, debug: bool = False) -> int:
    """Judge pairs from JSON lines; every line that is not blank gives one verdict, whatever it holds."""
    verdicts: list[Verdict] = []
    broken = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        id: object = None
        try:
            data = _object(line, number)
            id = data.get("id")
            verdict = desk.equal(data["answer"], data["key"], data.get("shapes") or {}, data.get("assume") or {})
        except BackproveError as error:
            verdict = _unreadable(str(error))
            if isinstance(error, _LineError):
                id = error.id
        except Exception as error:
            if debug:
                raise
            broken = True
            print(
                f"backprove: line {number}: internal error: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr
            )
            message = "The judge itself failed on this line; that is no fault of the answer."
            verdict = Verdict("", str(data["answer"]), "undecided", Fraction(0), Fraction(1), message)
        print(to_json({"id": id, **verdict.to_dict()}), flush=True)
        verdicts.append(verdict)
    return 4 if broken else desk.code_of(verdicts)


class _LineError(UsageError):
    """A line that asks nothing that can be judged; `id` is its name if it has one."""

    def __init__(self, message: str, id: object = None, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.id = id


def _object(line: bytes, number: int) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise _LineError(f"line {number} is longer than {MAX_LINE:,} bytes")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _LineError(f"line {number} is not JSON: {getattr(error, 'msg', error)}") from None
    if not isinstance(data, dict):
        raise _LineError(f"line {number} is not an object", hint=f"its fields are {', '.join(FIELDS)}")
    id = data.get("id")
    for name in ("answer", "key"):
        value = data.get(name)
        if value is None:
            raise _LineError(f"line {number} has no '{name}'", id)
        if isinstance(value, int | float) and not isinstance(value, bool):
            data[name] = value = str(value)
        if not isinstance(value, str):
            raise _LineError(f"line {number}: '{name}' is not text", id)
        data[name] = value.encode("utf-8", "replace").decode()
    for name in ("shapes", "assume"):
        value = data.get(name)
        if value is None:
            continue
        if not isinstance(value, dict) or not all(isinstance(item, str | int) for item in value.values()):
            raise _LineError(f"line {number}: '{name}' is not an object of texts", id, hint='such as {"W": "3x4"}')
        data[name] = {key: str(item) for key, item in value.items()}
    unknown = next((name for name in data if name not in FIELDS), None)
    if unknown is not None:
        raise _LineError(f"line {number}: unknown field '{unknown}'", id, hint=did_you_mean(unknown, FIELDS))
    return data


def _unreadable(message: str) -> Verdict:
    return Verdict("", "", "unreadable", Fraction(0), Fraction(1), message)


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        # The last '=' divides: names such as `h_{t=1}` may hold one, shapes never do.
        name, divider, value = text.rpartition("=")
        if not divider or not name.strip() or not value.strip():
            raise UsageError(f"'{text}' is not NAME=VALUE", hint=f"such as {option} 'W=3x4'")
        if name.strip() in pairs:
            raise UsageError(f"{option} is given twice for '{name.strip()}'")
        pairs[name.strip()] = value.strip()
    return pairs
