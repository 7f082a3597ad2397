"""Automatic differentiation of a function at a point: its graph, value, Jacobian and single derivatives in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.certainty import stray
from checkers.claims import Claim, formula, sum_slip, worth_of
from checkers.digits import RELATIVE, agrees
from checkers.doubt import doubt, unsure
from checkers.graph_sheet import claimed, diagram, table
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.numbers import nothing_to_read
from checkers.sides import is_number
from checkers.slips import Place, named_slip
from checkers.solution import Road, Solution, Table
from checkers.tracing import Tracing, final_entries, told_wrong
from checkers.verdict import LineVerdict, Status, Verdict, Witness
from checkers.working import Line, Working, read_working
from derivations.formulas import vocabulary
from derivations.graph import Graph, GraphError, Key, key_of, name_of, number_at
from notation.answer import read_formula
from notation.errors import ReadError
from notation.tree import Expr, Partial, Ref

if TYPE_CHECKING:
    from checkers.bench import Bench

# float64 through a few dozen operations
_AGREEMENT = 1e-12


class Autodiff(Kind):
    """`function: f`; `ask: graph`, `value`, `jacobian` or `derivative`; `mode: forward` or `reverse`."""

    kind: Literal["autodiff"] = "autodiff"
    function: str
    ask: Literal["graph", "value", "jacobian", "derivative"]
    mode: Literal["forward", "reverse"] = "forward"
    derivative_of: str = Field("", alias="derivative of", description="for `ask: derivative`, a node or output: y_1")
    by: str = Field("", description="for `ask: derivative`, a node or input: v_2")
    tolerance: float = Field(RELATIVE, gt=0, description="relative, for numbers that went through rounded steps")
    words: str = ""
    rubric: list[str] = Field([])

    # -- the key ------------------------------------------------------------------------------------------------------

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        graph = bench.graph(self.function)
        digits = "A number counts when it is the true one rounded to the digits written, with at least two decimals or "
        digits += f"three significant digits, or lies within {100 * self.tolerance:g} % of it; exact forms are exact."
        if self.ask == "graph":
            drawn = diagram(graph, backwards=self.mode == "reverse")
            rule = "Read by a person; any equivalent decomposition counts."
            return Solution(question.id, words=self.words, rubric=tuple(self.rubric), rule=rule, diagrams=(drawn,))
        way = "value" if self.ask == "value" else self.mode
        answers: tuple[Expr, ...]
        tables: tuple[Table, ...] = ()
        if self.ask == "derivative":
            of, by = self.target(bench, question)
            answers = (claimed(Partial(name_of(of), name_of(by)), graph.derivatives_of(of)[by]),)
        else:
            from derivations.closed_form import exact_jacobian

            answers = (claimed(graph) if self.ask == "value" else claimed(graph, exact_jacobian(graph)),)
            tables = (table(graph, way),)
        return Solution(question.id, answers=answers, roads=self.roads(bench, question), rule=digits, tables=tables)

    def roads(self, bench: Bench, question: Question) -> tuple[Road, ...]:
        """Forward against reverse mode, SymPy's derivative and torch's autograd, each at every node."""
        from derivations.closed_form import ClosedForm
        from reference_impl.graph import run_graph

        graph = bench.graph(self.function)
        values, tangents, adjoints = run_graph(graph)
        count = f"{len(graph.nodes)} nodes"
        if self.ask == "value":
            return (_road("torch, every node", {k: (v,) for k, v in values.items()}, _single(graph.values), count),)
        if self.ask == "derivative":
            of, by = self.target(bench, question)
            way_back = {by: (graph.derivatives_of(of)[by],)}
            there = {by: (graph.derivatives_by(by)[of],)}
            at_node = Graph(graph.inputs, graph.nodes, (of,))
            return (
                _road("forward against reverse mode", there, way_back, "one path sum each way"),
                _road(
                    "SymPy", {by: ClosedForm(at_node).adjoints()[by]}, way_back, "nodes inserted, then differentiated"
                ),
                _road("torch autograd", {by: run_graph(at_node)[2][by]}, way_back, "one adjoint"),
            )
        closed = ClosedForm(graph)
        ends = {k: graph.tangents[k] for k in graph.outputs}
        back = {y: tuple(graph.adjoints[x][i] for x in graph.inputs) for i, y in enumerate(graph.outputs)}
        own = _road("forward against reverse mode", back, ends, f"{len(ends)} rows of the Jacobian")
        if self.mode == "forward":
            sizes = f"{count}, {len(graph.inputs)} tangents each"
            return (
                own,
                _road("SymPy, every node", closed.tangents(), graph.tangents, sizes),
                _road("torch autograd, every node", tangents, graph.tangents, sizes),
            )
        sizes = f"{count}, {len(graph.outputs)} adjoints each"
        return (
            own,
            _road("SymPy, every node", closed.adjoints(), graph.adjoints, sizes),
            _road("torch autograd, every node", adjoints, graph.adjoints, sizes),
        )

    def target(self, bench: Bench, question: Question) -> tuple[Key, Key]:
        """The derivative that is asked."""
        graph = bench.graph(self.function)
        known = vocabulary({k[0] for k in graph.values if k[1]})
        keys: list[Key] = []
        for text, field in ((self.derivative_of, "derivative of"), (self.by, "by")):
            try:
                tree = read_formula(text, known)
                key = key_of(tree) if isinstance(tree, Ref) else None
            except (ReadError, GraphError):
                key = None
            if key is None or key not in graph.values:
                message = f"'{text}' is no node of the function {self.function}"
                raise bench.assignment.error(message, "questions", question.id, field, hint="y_1, v_2")
            keys.append(key)
        return keys[0], keys[1]

    # -- the answer ---------------------------------------------------------------------------------------------------

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        if self.ask == "graph":
            return verdict(question, text, "manual", message="A drawing waits for a person.")
        graph = bench.graph(self.function)
        working = read_working(text, graph, forwards=self.mode == "forward", values=self.ask == "value")
        tracing = Tracing(working, graph, self.tolerance, values=self.ask == "value")
        if self.ask == "derivative":
            return self.check_derivative(bench, question, text, tracing)
        size = 1 if self.ask == "value" else 2
        final = final_entries(tracing.traced, size)
        places = _places(graph, size)
        if self.ask == "value" and not final:
            final = _listed_bare(working, graph)
        if not final and size == 2 and (shape := tracing.misshapen) is not None:
            wanted = f"{len(graph.outputs)} × {len(graph.inputs)}"
            message = f"The Jacobian is {wanted}, and this matrix is {shape[0]} × {shape[1]}."
            return verdict(question, text, "wrong", message=message)
        if not final and size == 2 and (formulas := tracing.formulas()) is not None:
            right = "The formulas are right; their numbers at the point are asked."
            message = right if formulas else "Numbers are asked, and this still depends on names."
            return verdict(question, text, "partial" if formulas else "wrong", message=message)
        if not tracing.traced and not final:
            if working.errors:
                raise working.errors[0]
            raise nothing_to_read(text, "number" if size == 1 else "matrix")
        return self.decided(question, text, tracing, {p: final[p] for p in places if p in final}, places)

    def decided(
        self,
        question: Question,
        text: str,
        tracing: Tracing,
        final: dict[tuple[int, ...], tuple[Claim, Line]],
        places: list[tuple[int, ...]],
    ) -> Verdict:
        """The verdict from the entries that count and the lines on the way."""
        working, graph = tracing.working, tracing.author
        lines = tracing.verdicts()
        shown = lines if len(lines) > 1 else ()
        reading = _reading(final)
        wrong = [c for c, _ in final.values() if not c.right(self.tolerance)]
        aside = 0
        if not wrong and len(final) == len(places):
            every, lines = len(lines), tracing.verdicts(aside=True)
            shown, aside = lines if len(lines) > 1 else (), every - len(lines)
        bad = next((v for v in lines if v.verdict == "first_error"), None)
        given = partial(verdict, question, text, reading=reading, lines=shown)
        if wrong and (why := unsure(working.text)) and tracing.elsewhere_right(wrong):
            return doubtful(question, text, why, reading)
        if wrong:
            witness = Witness(wrong[0].about, f"{wrong[0].truths[0]:.4g}", formula(wrong[0].side))
            stated: dict[Place, float] = {(p[0], p[-1]): c.value for p, (c, _) in final.items()}
            slip = named_slip(graph, stated) if self.ask == "jacobian" else None
            first = (
                f" The first wrong line is {_cited(lines, bad)}." if bad and len(lines) > 1 and bad != lines[-1] else ""
            )
            message = f"{told_wrong(wrong[0])}{first}"
            return given("wrong", message=message, witness=witness, diagnosis=slip)
        what = "value" if self.ask == "value" else "entry"
        if len(final) < len(places):
            missing = [p for p in places if p not in final]
            told = f"{len(missing)} of {len(places)} {what if len(places) == 1 else _many(what)} are missing."
            if bad is not None:
                return given("wrong", message=f"{told} {bad.message}")
            status: Status = "partial" if final or len(lines) > 1 else "wrong"
            return given(status, message=told)
        if working.errors and _after(working, final):
            raise working.errors[-1]
        last = max((line for _, line in final.values()), key=lambda x: x.span[1])
        if why := doubt(working.text, last.span, value=True):
            return doubtful(question, text, why, reading)
        if bad is not None and (why := unsure(working.text)) and tracing.elsewhere_wrong(final.values()):
            return doubtful(question, text, why, reading)
        if bad is not None:
            message = f"The result is right, but {_cited(lines, bad)}, is not: {bad.message}"
            return given("partial", message=message)
        if slip := sum_slip(working.lines, tracing.meaning.graph.values):
            return given("partial", message=f"The result is right, but {slip}")
        if odd := stray(tracing):
            return doubtful(question, text, f"what {odd} in the words around it is cannot be told", reading)
        evidence = (
            f"all {len(places)} {_many(what)} right, {sum(len(t.claims) for t in tracing.traced)} numbers compared"
        )
        notes: tuple[str, ...] = ()
        if working.errors:
            notes += (f"{len(working.errors)} line(s) could not be read.",)
        if aside:
            notes += (f"{aside} line(s) were left aside: what their numbers are is not clear.",)
        return given("correct", evidence=evidence, notes=notes)

    def check_derivative(self, bench: Bench, question: Question, text: str, tracing: Tracing) -> Verdict:
        """One number: said of the derivative that is asked, or said alone."""
        graph, working = tracing.author, tracing.working
        of, by = self.target(bench, question)
        truth = graph.derivatives_of(of)[by]
        found: tuple[Expr, float, Line] | None = None
        stated: tuple[Expr, Line] | None = None
        other = ""
        for t in tracing.traced:
            for c in t.claims:
                same = c.stated in tracing.pairs_of(of, by)
                if same:
                    found, stated = (c.side, c.value, t.line), None
                elif len(c.stated) == 2:
                    other = c.about
        for line in working.lines:
            if found is None and line.way in ("bare", "value", "derivative", "dot", "bar"):
                key = key_of(line.of) if isinstance(line.of, Ref) else None
                named = line.way == "derivative" and (key, line.by) in tracing.pairs_of(of, by)
                known = line.way == "value" and key in tracing.meaning.graph.values
                alone = line.way == "value" and len(working.lines) == 1
                if (line.way == "bare" and not other) or named or (line.way == "value" and not known) or alone:
                    stated = (next((x for x in reversed(line.sides) if is_number(x)), line.sides[-1]), line)
        if found is None and stated is not None and is_number(stated[0]):
            try:
                found = (stated[0], number_at(stated[0], {}), stated[1])
            except GraphError as problem:
                return verdict(question, text, "undecided", message=str(problem))
        if found is None and stated is not None:
            return self.check_formula(question, text, graph, stated[0], stated[1], truth)
        if found is None:
            if working.errors:
                raise working.errors[0]
            if other:
                asked = formula(Partial(name_of(of), name_of(by)))
                return verdict(question, text, "wrong", message=f"{asked} is asked, and this is about {other}.")
            raise nothing_to_read(text, "number")
        if working.errors and working.errors[-1].span[0] > found[2].span[1]:
            raise working.errors[-1]
        side, value, line = found
        about = formula(Partial(name_of(of), name_of(by)))
        claim = Claim(about, side, value, (truth,))
        reading = line.statement.tree
        if claim.right(self.tolerance):
            if why := doubt(working.text, line.span, value=True):
                return doubtful(question, text, why, reading)
            bad = next((v for v in tracing.verdicts(aside=True) if v.verdict == "first_error"), None)
            inner = (
                tracing.chain_slip(line, (claim,))
                or tracing.formula_slip(line, claim)
                or sum_slip(working.lines, tracing.meaning.graph.values)
            )
            if inner := inner or (bad.message if bad is not None else ""):
                return verdict(question, text, "partial", reading=reading, message=f"The number is right, but {inner}")
            off = abs(value - truth)
            return verdict(
                question, text, "correct", reading=reading, evidence=f"{about} = {truth:.6g}, {off:.1e} away"
            )
        open_ = unsure(working.text)
        for other_line in working.lines:  # 2.898 or 1.5
            last = other_line.sides[-1]
            bare = other_line.way == "bare" and is_number(last)
            hedged = bare and (open_ or doubt(working.text, other_line.span, value=True))
            if hedged and (worth := worth_of(last)) is not None and agrees(last, worth, truth, self.tolerance):
                return doubtful(question, text, hedged, reading)
        if open_ and any(
            c.stated in tracing.pairs_of(of, by) and c.right(self.tolerance) for t in tracing.traced for c in t.claims
        ):
            return doubtful(question, text, open_, reading)
        witness = Witness(about, f"{truth:.4g}", formula(side), abs(value - truth))
        slip = named_slip(graph, {(of, by): value})
        return verdict(
            question, text, "wrong", reading=reading, message=told_wrong(claim), witness=witness, diagnosis=slip
        )

    def check_formula(
        self, question: Question, text: str, graph: Graph, side: Expr, line: Line, truth: float
    ) -> Verdict:
        """A formula in names instead of a number."""
        reading = line.statement.tree
        try:
            right = agrees(side, number_at(side, graph.values), truth, self.tolerance)
        except GraphError:
            right = False
        if right:
            message = "The formula is right; the number is asked."
            return verdict(question, text, "partial", reading=reading, message=message)
        message = "A number is asked, and this still depends on names."
        return verdict(question, text, "wrong", reading=reading, message=message)


def _road(name: str, found: Mapping[Key, tuple[float, ...]], key: Mapping[Key, tuple[float, ...]], tried: str) -> Road:
    """How far the derivatives found on another road are from the key."""
    pairs = [(a, b) for k in key for a, b in zip(found[k], key[k], strict=True)]
    worst = max(abs(a - b) / max(1.0, abs(b)) for a, b in pairs)
    finite = all(math.isfinite(a) for a, _ in pairs)
    return Road(name, finite and worst <= _AGREEMENT, worst, tried)


def _single(values: dict[Key, float]) -> dict[Key, tuple[float, ...]]:
    return {k: (v,) for k, v in values.items()}


def _places(graph: Graph, size: int) -> list[tuple[int, ...]]:
    if size == 1:
        return [(i,) for i in range(len(graph.outputs))]
    return [(i, j) for i in range(len(graph.outputs)) for j in range(len(graph.inputs))]


def _listed_bare(working: Working, graph: Graph) -> dict[tuple[int, ...], tuple[Claim, Line]]:
    """As many lone numbers as there are outputs: `7.67 and 2.73`."""
    lone = [line for line in working.lines if line.way == "bare" and is_number(line.sides[-1])]
    if len(lone) != len(graph.outputs):
        return {}
    out: dict[tuple[int, ...], tuple[Claim, Line]] = {}
    for i, (line, y) in enumerate(zip(lone, graph.outputs, strict=True)):
        try:
            value = number_at(line.sides[-1], {})
        except GraphError:
            return {}
        out[(i,)] = Claim(formula(name_of(y)), line.sides[-1], value, (graph.values[y],), (i,)), line
    return out


def _reading(final: dict[tuple[int, ...], tuple[Claim, Line]]) -> tuple[Expr, ...]:
    """The lines that the verdict rests on, each once, as they were read."""
    lines = {line.span: line for _, line in sorted(final.values(), key=lambda x: x[1].span)}
    return tuple(e for line in lines.values() for e in line.statement.tree)


def _after(working: Working, final: dict[tuple[int, ...], tuple[Claim, Line]]) -> bool:
    """Whether something that could not be read comes after the result, where it might take it back."""
    end = max(line.span[1] for _, line in final.values())
    return any(e.span[0] >= end for e in working.errors)


def _cited(lines: tuple[LineVerdict, ...], bad: LineVerdict) -> str:
    """A line by its number and its text."""
    text = bad.text.replace("`", "'")
    return f"line {lines.index(bad) + 1}, `{text}`"


def _many(what: str) -> str:
    return "entries" if what == "entry" else "values"
