"""A structured choice: a design is stated field by field, in a form or in short sentences."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from pydantic import Field, PrivateAttr

from checkers.assignment import Question
from checkers.kinds.base import Kind, verdict
from checkers.labelled import Piece, pieces
from checkers.phrases import PhraseError, Said, account, words
from checkers.remarks import MAX_CLAUSES, spans
from checkers.solution import Road, Solution
from checkers.values import FieldSpec, Reader, Value, reader
from checkers.verdict import Verdict

if TYPE_CHECKING:
    from checkers.bench import Bench


# Words that stand over the columns of a table.
_HEADINGS = frozenset(
    """field answer value part item question task design point aspect quantity topic property choice solution what my
    response number id explanation reply""".split()
)


class Choice(Kind):
    """`fields:` what a design must state, each with what is `right` and what is known to be `wrong`.

    `words` are synonyms for their phrases; `asides` are phrases that may stand
    anywhere and say nothing; `like` names a question whose fields and synonyms hold where none are given.
    """

    kind: Literal["choice"] = "choice"
    fields: dict[str, FieldSpec]
    words: dict[str, list[str]] = Field({})
    asides: list[str] = Field([])
    like: str = ""
    _whole: Choice | None = PrivateAttr(None)
    _readers: dict[str, Reader] | None = PrivateAttr(None)

    def whole(self, bench: Bench, question: Question) -> Choice:
        """This choice with the fields and synonyms of the question that it is like, where it has none of its own."""
        if not self.like:
            return self
        if self._whole is not None:
            return self._whole
        other = next((q.spec for q in bench.assignment.questions if q.id == self.like), None)
        if not isinstance(other, Choice) or other.like:
            message = f"'{self.like}' is no choice that this could be like"
            raise bench.assignment.error(message, "questions", question.id, "like")
        fields, synonyms = {**other.fields, **self.fields}, {**other.words, **self.words}
        update = {"fields": fields, "words": synonyms, "asides": [*other.asides, *self.asides], "like": ""}
        self._whole = self.model_copy(update=update)
        self._whole._whole = self._whole._readers = None
        return self._whole

    def readers(self, bench: Bench, question: Question) -> dict[str, Reader]:
        """The readers of all fields, and of asides; a phrase that cannot be read is an author's matter."""
        if self._readers is not None:
            return self._readers
        try:
            known: dict[str, str] = {}
            found = {name: reader(name, spec, self.words, known) for name, spec in self.fields.items()}
            found[""] = reader("", FieldSpec.model_validate({"answer": "", "right": self.asides}), self.words, known)
            self._readers = found
            return found
        except PhraseError as problem:
            raise bench.assignment.error(str(problem), "questions", question.id, "fields") from problem

    def solve(self, bench: Bench, question: Question) -> Solution:
        """The model answer, which must be read as right itself, field by field."""
        if self.like:
            return self.whole(bench, question).solve(bench, question)
        readers = self.readers(bench, question)
        whole = "\n".join(f"{name}: {spec.answer}" for name, spec in self.fields.items())
        read = self.statements(whole, readers)
        right = {s.field for s in read[0] if s.right} if read is not None else set()
        listed = "\n".join(f"- {name}: {spec.answer}" for name, spec in self.fields.items())
        return Solution(
            question.id,
            words=listed,
            roads=(Road("model answer, read", right == set(self.fields), None, f"{len(right)} fields"),),
            rule="Each field is judged by itself and counts the same; what is not certain waits for a person.",
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        if self.like:
            return self.whole(bench, question).check(bench, question, text)
        found = self.statements(text, self.readers(bench, question))
        if found is None:
            return verdict(question, text, "manual", message="This was not read with certainty; a person decides.")
        said, unread = found
        by_field = {name: [s for s in said if s.field == name] for name in self.fields}
        known = [name for name, mine in by_field.items() if mine and all(s.right for s in mine)]
        half = [name for name in known if not self.complete(name, by_field[name])]
        if half and not unread:
            message = f"Only a part of what is asked about {half[0]} was read with certainty; a person decides."
            return verdict(question, text, "manual", message=message)
        if unread or any(contradictory(mine) for mine in by_field.values()):
            told = f" Read as right: {', '.join(known)}." if known else ""
            rest = f"'{' '.join(unread[0].split())[:60]}' was" if unread else "What contradicts itself was"
            message = f"{rest} not read with certainty; a person decides.{told}"
            return verdict(question, text, "manual", message=message)
        right = known
        if len(right) == len(self.fields):
            return verdict(question, text, "correct", evidence=f"all {len(right)} fields are right")
        reasons = [self.told(name, mine) for name, mine in by_field.items() if name not in right]
        marks = question.marks * Fraction(len(right), len(self.fields))
        status: Literal["partial", "wrong"] = "partial" if right else "wrong"
        return verdict(question, text, status, marks=marks, message=" ".join(reasons))

    def complete(self, name: str, mine: list[Said]) -> bool:
        """Whether right statements about a field are all of it: one of them is, or all of its parts are there."""
        parts = {v.part for v in self.fields[name].right if isinstance(v, Value) and v.part}
        said = {s.part for s in mine}
        return "" in said or parts <= said

    def told(self, name: str, mine: list[Said]) -> str:
        """What is wrong with one field."""
        if not mine:
            return f"Nothing is said about {name}."
        reason = next((s.reason for s in mine if s.reason), f"expected: {self.fields[name].answer}")
        return f"{name[:1].upper()}{name[1:]}: {reason.rstrip('.')}."

    def statements(self, text: str, readers: dict[str, Reader]) -> tuple[list[Said], list[str]] | None:
        """What an answer says, and the stretches of it that were not understood; None where nothing was."""
        labels = {name: spec.called for name, spec in self.fields.items()}
        said: list[Said] = []
        unread: list[str] = []
        found_pieces = self.joined(pieces(text, labels), readers)
        for piece in found_pieces:
            tokens = words(piece.text)
            if set(tokens) - {"-"} <= _HEADINGS and (set(tokens) - {"-"} or not piece.text.strip(" .,;:|-")):
                continue
            found = self.clauses(piece.text, piece.field, readers)
            if found is None:
                unread.append(piece.text)
            else:
                said.extend(found)
        stated = {s.field for s in said}
        unread.extend(
            p.text for p in found_pieces if p.field and p.field not in stated and p.text.strip() not in unread
        )
        return (said, unread) if said else None

    def joined(self, found: list[Piece], readers: dict[str, Reader]) -> list[Piece]:
        """Sentences under one label as one piece, where they say something together."""
        out: list[Piece] = []
        for field, group in groupby(found, key=lambda p: p.field):
            mine = list(group)
            whole = Piece(field, ". ".join(p.text.rstrip(" .;") for p in mine))
            together = bool(field) and len(mine) > 1 and self.belong(whole, mine, readers)
            out.extend([whole] if together else mine)
        return out

    def belong(self, whole: Piece, parts: list[Piece], readers: dict[str, Reader]) -> bool:
        """Whether sentences are read as one: they are one statement, or some say something only beside the others."""
        if self.one(words(whole.text), whole.field, readers) is not None:
            return True
        alone = all(self.clauses(p.text, p.field, readers) is not None for p in parts)
        return not alone and self.clauses(whole.text, whole.field, readers) is not None

    def clauses(self, text: str, field: str, readers: dict[str, Reader]) -> list[Said] | None:
        """What a piece says: as a whole, or clause by clause where all others are remarks on what some decide."""
        found = self.one(words(text), field, readers)
        cuts = spans(text)
        if found is not None or not 1 < len(cuts) <= MAX_CLAUSES:
            return found
        said: list[Said] = []
        beside: list[tuple[int, frozenset[str]]] = []
        k = 0
        while k < len(cuts):
            for end in range(len(cuts), k, -1):
                run = self.one(words(text[cuts[k][0] : cuts[end - 1][1]]), field, readers)
                if run is not None:
                    said.extend(run)
                    k = end
                    break
            else:
                beside.append((len(said), frozenset(words(text[cuts[k][0] : cuts[k][1]]))))
                k += 1
        if not said:
            return None
        about = [s.field for s in said]
        on_topic = all(remark <= readers[about[max(at - 1, 0)]].remark for at, remark in beside)
        return said if on_topic else None

    def one(self, tokens: tuple[str, ...], field: str, readers: dict[str, Reader]) -> list[Said] | None:
        """What one piece says: about the field of its label, or about whatever its own words name."""

        def free(ws: tuple[str, ...]) -> list[Said]:
            return [s for r in readers.values() for s in r.meaning(ws, labelled=not r.name)]

        def labelled(ws: tuple[str, ...]) -> list[Said]:
            return readers[field].meaning(ws, labelled=True) + readers[""].meaning(ws, labelled=True)

        def both(ws: tuple[str, ...]) -> list[Said]:
            # a stray word under a label is no statement about another field
            return readers[field].meaning(ws, labelled=True) or (
                free(ws) if len(ws) > 2 else readers[""].meaning(ws, True)
            )

        ways: list[Callable[[], list[Said] | None]] = [lambda: account(tokens, free)]
        ways += [lambda name=name: self.repeated(tokens, name, readers) for name in self.fields]  # type: ignore[misc]
        if field:
            ways = [
                lambda: account(tokens, labelled),
                lambda: self.repeated(tokens, field, readers, least=3),
                lambda: account(tokens, both),
            ]
        found = next((f for f in (way() for way in ways) if f is not None), None)
        return found if found is None else [s for s in found if s.field]

    def repeated(
        self, tokens: tuple[str, ...], name: str, readers: dict[str, Reader], least: int = 1
    ) -> list[Said] | None:
        """What follows a label of at least so many words that has no colon: `the number of outputs is n`."""
        for label in sorted({name, *self.fields[name].called}, key=len, reverse=True):
            head = words(label)
            if len(head) >= least and tokens[: len(head)] == head and len(tokens) > len(head):
                found = account(
                    tokens[len(head) :],
                    lambda ws: readers[name].meaning(ws, labelled=True) + readers[""].meaning(ws, labelled=True),
                )
                if found is not None:
                    return found
        return None


def contradictory(mine: list[Said]) -> bool:
    """Whether statements about one field are right and wrong; beside a wrong one a part of what is right is not."""
    return any(not s.right for s in mine) and any(s.right and not s.part for s in mine)
