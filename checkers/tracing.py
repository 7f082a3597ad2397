"""Judging a worked computation line by line: every stated number beside the true one for the node it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from checkers.digits import agrees, too_coarse
from checkers.own_graph import Meaning, meaning_of, total
from checkers.verdict import LineVerdict
from checkers.working import Line, Working, entries_of, is_number, rows_of
from derivations.graph import Graph, GraphError, Key, key_of, name_of, number_at, references
from notation.plain import to_plain
from notation.tree import Expr, Neg, Num, Partial, Ref, Transpose, rebuild, walk

# What was stated before: values by one node, derivatives by two.
Said: TypeAlias = dict[tuple[Key, ...], float]

# Sides of one chain may differ by what rounding in between costs.
_CHAIN = 2e-2


@dataclass(frozen=True)
class Claim:
    """One stated number: what it is about, its side and value, and what it may truly be (the first is what is meant).

    `stated` is the node whose value it is, or the two of a derivative. `place` is (output, input) where the claim is an
    entry of the Jacobian, (output,) where it is a value of the function.
    """

    about: str
    side: Expr
    value: float
    truths: tuple[float, ...]
    place: tuple[int, ...] = ()
    stated: tuple[Key, ...] = ()

    def right(self, tolerance: float) -> bool:
        """Whether one of the true values is stated."""
        return any(agrees(self.side, self.value, t, tolerance) for t in self.truths)

    @property
    def coarse(self) -> bool:
        """Whether it would be right with more digits."""
        return any(too_coarse(self.side, self.value, t) for t in self.truths)


@dataclass(frozen=True)
class Traced:
    """One line with its claims; `slip` is a message where the line is wrong though its last number is not."""

    line: Line
    claims: tuple[Claim, ...]
    slip: str = ""


class Tracing:
    """The lines of an answer, what their names mean, and which of them are right."""

    def __init__(self, working: Working, author: Graph, tolerance: float, *, values: bool = False) -> None:
        self.working = working
        self.author = author
        self.tolerance = tolerance
        self.values = values  # a list without a name holds the values of the function, not a row of the Jacobian
        self.meaning: Meaning = meaning_of(working.lines, author)
        self.by: dict[tuple[int, Key], dict[Key, float]] = {}
        self.columns: dict[int, Key] = dict(self.guessed_seeds())

    # -- truths -----------------------------------------------------------------------------------------------------

    def derivative(self, of: Expr, by: Key) -> tuple[float, ...]:
        """What the derivative of a node or expression by a node may be; a local one is meant between neighbours."""
        out: list[float] = []
        for n, graph in enumerate(self.meaning.graphs):
            if by not in graph.values:
                continue
            if (n, by) not in self.by:
                self.by[n, by] = graph.derivatives_by(by)
            try:
                out.append(total(of, self.by[n, by], graph.values))
            except GraphError:
                continue
            if isinstance(of, Ref) and by in (local := graph.slopes.get(key_of(of), {})):
                out.append(local[by])
        return tuple(dict.fromkeys(out))

    def value(self, key: Key) -> tuple[float, ...]:
        """The value of a node."""
        return tuple(dict.fromkeys(g.values[key] for g in self.meaning.graphs if key in g.values))

    def marked(self, line: Line, key: Key, seeds: dict[Key, float]) -> tuple[float, ...]:
        """A tangent (dot) under its seeds, an adjoint (bar) under those of the outputs."""
        out: list[float] = []
        for graph in self.meaning.graphs:
            if key not in graph.values:
                continue
            worth = 0.0
            for source, weight in seeds.items():
                pair = (source, key) if line.way == "dot" else (key, source)
                if pair[0] not in graph.values or pair[1] not in graph.values:
                    break
                worth += weight * graph.derivatives_by(pair[0])[pair[1]]
            else:
                out.append(worth)
        return tuple(dict.fromkeys(out))

    # -- claims -----------------------------------------------------------------------------------------------------

    @cached_property
    def traced(self) -> tuple[Traced, ...]:
        """Every line that says something about the graph."""
        return tuple(t for n, line in enumerate(self.working.lines) if (t := self.trace(n, line)) is not None)

    def trace(self, n: int, line: Line) -> Traced | None:
        """The claims of one line; None where it states no number that can be judged."""
        claims = tuple(self.claims(n, line))
        mistaken = line.way == "value" and isinstance(line.of, Ref) and key_of(line.of) in self.meaning.mistaken
        if mistaken:
            return Traced(line, claims, f"This is not what {_told(line.of)} is.")
        if not claims:
            return None
        return Traced(line, claims, self.chain_slip(line, claims))

    def chain_slip(self, line: Line, claims: tuple[Claim, ...]) -> str:
        """A message where a chain of numbers is equal only in name: `6 cos 3 = 2.898`."""
        if len(claims) != 1 or not claims[0].right(self.tolerance):
            return ""
        for side in line.sides:
            if is_number(side) and not entries_of(side) and (worth := _worth(side)) is not None:
                scale = max(abs(claims[0].value), abs(worth), 1.0)
                if abs(worth - claims[0].value) > _CHAIN * scale:
                    return f"{to_plain(side)} is {worth:.4g}, not {claims[0].value:.4g}."
        return ""

    def claims(self, n: int, line: Line) -> Iterator[Claim]:
        """The numbers a line states."""
        if line.way == "matrix":
            yield from self.matrix(line)
        elif line.way == "list":
            yield from self.listed(line)
        elif line.way in ("dot", "bar") and isinstance(line.of, Ref):
            yield from self.marked_claims(n, line, key_of(line.of))
        elif (side := _last_number(line.sides)) is None:
            return
        elif line.way == "value" and isinstance(line.of, Ref):
            key = key_of(line.of)
            if truths := self.value(key):
                place = next(((i,) for i, y in enumerate(self.author.outputs) if key in self.copies(y)), ())
                yield Claim(_told(line.of), *side, truths, place, (key,))
        elif line.way == "derivative" and line.of is not None and line.by is not None:
            truths = self.derivative(line.of, line.by)
            if truths:
                about = f"∂{_told(line.of)}/∂{_told(name_of(line.by))}"
                pair = (key_of(line.of), line.by) if isinstance(line.of, Ref) else ()
                yield Claim(about, *side, truths, self.entry(*pair) if pair else (), pair)

    def marked_claims(self, n: int, line: Line, key: Key) -> Iterator[Claim]:
        """A dotted or barred node: one number under the seed, or a list with one for every seed."""
        sources = list(self.author.inputs if line.way == "dot" else self.author.outputs)
        accent = "̇" if line.way == "dot" else "̄"
        name = f"{key[0]}{accent}{''.join(f'_{k}' for k in key[1])}"
        lists = [entries_of(s) for s in line.sides if len(entries_of(s)) == len(sources)]
        if lists:
            for source, entry in zip(sources, lists[-1], strict=True):
                worth = _worth(entry)
                truths = self.marked(line, key, {source: 1.0})
                if worth is not None and truths:
                    of, by = (key, source) if line.way == "dot" else (source, key)
                    yield Claim(
                        f"{name} for {_told(name_of(source))}", entry, worth, truths, self.entry(of, by), (of, by)
                    )
            return
        side = _last_number(line.sides)
        seeds = dict(line.seeds) or ({self.columns[n]: 1.0} if n in self.columns else {})
        if side is None or not seeds:
            return
        truths = self.marked(line, key, seeds)
        if truths:
            unit = [s for s, w in seeds.items() if w]
            one = len(unit) == 1 and seeds[unit[0]] == 1.0
            pair = ((key, unit[0]) if line.way == "dot" else (unit[0], key)) if one else ()
            yield Claim(name, *side, truths, self.entry(*pair) if pair else (), pair)

    def matrix(self, line: Line) -> Iterator[Claim]:
        """The entries of the last written-out matrix whose entries are numbers."""
        for side in reversed(line.sides):
            rows = rows_of(side)
            worths = [[_worth(e) for e in row] for row in rows]
            if not rows or any(w is None for row in worths for w in row):
                continue
            if len(rows) != len(self.author.outputs) or any(len(r) != len(self.author.inputs) for r in rows):
                return
            for i, row in enumerate(rows):
                for j, entry in enumerate(row):
                    yield self.entry_claim(i, j, entry, worths[i][j] or 0.0)
            return

    @property
    def misshapen(self) -> tuple[int, int] | None:
        """The size of a matrix of numbers that cannot be the Jacobian."""
        for line in reversed(self.working.lines):
            for side in reversed(line.sides if line.way == "matrix" else ()):
                rows = rows_of(side)
                if rows and all(_worth(e) is not None for row in rows for e in row):
                    size = len(rows), len(rows[0])
                    return size if size != (len(self.author.outputs), len(self.author.inputs)) else None
        return None

    def formulas(self) -> bool | None:
        """Whether the entries, given as formulas in names, are right at the point; None where there are none."""
        entries: dict[tuple[int, ...], Expr] = {}
        for line in self.working.lines:
            if line.way == "derivative" and isinstance(line.of, Ref) and line.by is not None:
                entries[self.entry(key_of(line.of), line.by)] = line.sides[-1]
            for side in line.sides if line.way == "matrix" else ():
                rows = rows_of(side)
                if rows and not any(isinstance(n, Partial) for row in rows for e in row for n in walk(e)):
                    entries |= {(i, j): e for i, row in enumerate(rows) for j, e in enumerate(row)}
        places = {(i, j): d for i, row in enumerate(self.author.jacobian) for j, d in enumerate(row)}
        if not set(places) <= set(entries) or all(is_number(entries[p]) for p in places):
            return None
        try:
            found = {p: number_at(entries[p], self.author.values) for p in places}
        except GraphError:
            return None
        return all(agrees(entries[p], found[p], d, self.tolerance) for p, d in places.items())

    def entry_claim(self, i: int, j: int, side: Expr, value: float) -> Claim:
        """An entry of the Jacobian itself."""
        y, x = self.author.outputs[i], list(self.author.inputs)[j]
        about = f"∂{_told(name_of(y))}/∂{_told(name_of(x))}"
        return Claim(about, side, value, (self.author.jacobian[i][j],), (i, j), (y, x))

    def listed(self, line: Line) -> Iterator[Claim]:
        """A list: a column of the Jacobian, a row of it, or the values of the function."""
        m, n = len(self.author.outputs), len(self.author.inputs)
        numeric = [e for s in line.sides if (e := entries_of(s)) and all(_worth(x) is not None for x in e)]
        if not numeric:
            return
        entries = numeric[-1]
        of = self.output(line.of)
        if line.by is not None and len(entries) == m:
            j = list(self.author.inputs).index(line.by)
            places = [(i, j) for i in range(m)]
        elif of is not None and len(entries) == n:
            places = [(of, j) for j in range(n)]
        elif isinstance(line.of, Ref) and line.of.name in {"J", "D"} and 1 in (m, n) and len(entries) == m * n:
            places = [(i, j) for i in range(m) for j in range(n)]
        elif line.of is None and not self.values:
            bare = [x.span for x in self.working.lines if x.way == "list" and x.of is None and x.by is None]
            if len(bare) != m or len(entries) != n:
                return
            places = [(bare.index(line.span), j) for j in range(n)]
        elif (line.of is None or self.is_function(line.of)) and line.by is None and len(entries) == m:
            for i, entry in enumerate(entries):
                y = self.author.outputs[i]
                yield Claim(_told(name_of(y)), entry, _worth(entry) or 0.0, (self.author.values[y],), (i,), (y,))
            return
        else:
            return
        for (i, j), entry in zip(places, entries, strict=True):
            yield self.entry_claim(i, j, entry, _worth(entry) or 0.0)

    def is_function(self, e: Expr) -> bool:
        """Whether a name stands for all outputs together."""
        names = {n.name for n in (e,) if isinstance(n, Ref)}
        return bool(names & {"f", "F", *(y[0] for y in self.author.outputs)}) or bool(entries_of(e))

    def output(self, e: Expr | None) -> int | None:
        """The number of the output that a name stands for."""
        try:
            key = key_of(e) if isinstance(e, Ref) else None
        except GraphError:
            return None
        return self.author.outputs.index(key) if key in self.author.outputs else None

    # -- places -----------------------------------------------------------------------------------------------------

    def entry(self, of: Key, by: Key) -> tuple[int, ...]:
        """The place in the Jacobian of a derivative of an output, or a copy of one, by an input or a copy of it."""
        y = next((i for i, k in enumerate(self.author.outputs) if of in self.copies(k)), None)
        x = next((j for j, k in enumerate(self.author.inputs) if by == k or k in self.copies(by)), None)
        return (y, x) if y is not None and x is not None else ()

    def copies(self, key: Key) -> set[Key]:
        """A node and those it merely copies."""
        out = {key}
        graph = self.meaning.graph
        while key in graph.by_key and isinstance(formula := graph.by_key[key].formula, Ref):
            key = key_of(formula)
            if key in out:
                break
            out.add(key)
        return out

    def pairs_of(self, of: Key, by: Key) -> set[tuple[Key, Key]]:
        """The pairs of nodes whose derivative is that of `of` by `by`, copies of nodes included."""
        every = self.meaning.graph.values
        same_of = {k for k in every if k in self.copies(of) or of in self.copies(k)} | {of}
        same_by = {k for k in every if k in self.copies(by) or by in self.copies(k)} | {by}
        return {(a, b) for a in same_of for b in same_by}

    def guessed_seeds(self) -> Iterator[tuple[int, Key]]:
        """Seeds for dots and bars that name none: those that explain most numbers of one pass through the graph."""
        for way in ("dot", "bar"):
            passes: list[list[tuple[int, Line, Key]]] = [[]]
            for n, line in enumerate(self.working.lines):
                if line.way != way or line.seeds or not isinstance(line.of, Ref):
                    continue
                key = key_of(line.of)
                if any(k == key for _, _, k in passes[-1]):
                    passes.append([])
                passes[-1].append((n, line, key))
            sources = list(self.author.inputs if way == "dot" else self.author.outputs)
            for one in passes:
                best = max(sources, key=lambda s: sum(self.fits(line, k, s) for _, line, k in one), default=None)
                if best is not None:
                    yield from ((n, best) for n, _, _ in one)

    def fits(self, line: Line, key: Key, source: Key) -> bool:
        """Whether a number is right under a seed."""
        side = _last_number(line.sides)
        return side is not None and any(agrees(*side, t, self.tolerance) for t in self.marked(line, key, {source: 1.0}))

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def verdicts(self) -> tuple[LineVerdict, ...]:
        """Every line: right, the first error, following from an earlier error, or wrong."""
        out: list[LineVerdict] = []
        said: Said = {}
        failed = False
        for t in self.traced:
            text = " ".join(t.line.text.split())
            bad = next((c for c in t.claims if not c.right(self.tolerance)), None)
            if bad is None and not t.slip:
                out.append(LineVerdict(text, "right"))
            elif failed and bad is not None and self.follows(t, said):
                out.append(LineVerdict(text, "follows", "It follows from the lines before it."))
            else:
                message = t.slip or _told_wrong(bad)
                out.append(LineVerdict(text, "wrong" if failed else "first_error", message))
                failed = True
            said.update({c.stated: c.value for c in t.claims if c.stated})
        return tuple(out)

    def follows(self, t: Traced, said: Said) -> bool:
        """Whether a wrong number is what the earlier stated numbers give."""
        if len(t.claims) != 1:
            return all(c.stated in said and agrees(c.side, c.value, said[c.stated], self.tolerance) for c in t.claims)
        claim = t.claims[0]
        if claim.stated in said and agrees(claim.side, claim.value, said[claim.stated], self.tolerance):
            return True  # said before
        none: Said = {}
        pairs = [(self.predicted(x, t.line, none), self.predicted(x, t.line, said)) for x in t.line.sides]
        pairs.extend(zip(self.recurrence(claim, none), self.recurrence(claim, said), strict=True))
        # a right formula, with wrong numbers in it, gives this wrong number
        return any(
            true is not None
            and mine is not None
            and any(
                abs(true - x) <= _CHAIN * max(abs(x), 0.1) and abs(mine - x) > self.tolerance * abs(x)
                for x in claim.truths
            )
            and agrees(claim.side, claim.value, mine, _CHAIN)
            for true, mine in pairs
        )

    def predicted(self, side: Expr, line: Line, said: Said) -> float | None:
        """The value of a side in names, with what was stated before for its nodes and derivatives."""
        if is_number(side):
            return None
        known = dict(self.meaning.graph.values) | {k[0]: v for k, v in said.items() if len(k) == 1}
        unit = [s for s, w in line.seeds.items() if w]

        def of_pair(of: Key, by: Key) -> Expr:
            if (of, by) in said:
                return _exact(said[of, by])
            truths = self.derivative(name_of(of), by)
            if not truths:
                raise GraphError("unknown")
            return _exact(truths[-1])  # between neighbours the local one

        def change(e: Expr) -> Expr:
            if isinstance(e, Partial) and isinstance(e.wrt, Ref):
                by = key_of(e.wrt)
                if isinstance(e.of, Ref):
                    return of_pair(key_of(e.of), by)
                one = {k: float(number_at(of_pair(k, by), {})) for k in references(e.of)}
                return _exact(total(e.of, one, known))
            marked = e.body if isinstance(e, Transpose) and isinstance(e.body, Ref) else e
            if isinstance(marked, Ref) and (isinstance(e, Transpose) or marked.name.startswith(("\\dot ", "\\bar "))):
                if len(unit) != 1:
                    raise GraphError("unknown")
                key = key_of(Ref(marked.name.removeprefix("\\dot ").removeprefix("\\bar "), marked.at, marked.index))
                return of_pair(*((unit[0], key) if marked.name.startswith("\\bar ") else (key, unit[0])))
            return rebuild(e, change)

        try:
            return number_at(change(side), known)
        except GraphError:
            return None

    def recurrence(self, claim: Claim, said: Said) -> Iterator[float]:
        """What one step of the forward or backward pass gives from stated numbers."""
        if len(claim.stated) != 2:
            return
        of, by = claim.stated
        graph = self.meaning.graph
        if of in graph.slopes:
            yield sum(d * said.get((k, by), self.first(k, by)) for k, d in graph.slopes[of].items())
        users = [(n.key, graph.slopes[n.key][by]) for n in graph.nodes if by in graph.slopes[n.key]]
        if users:
            yield sum(d * said.get((of, k), self.first(of, k)) for k, d in users)

    def first(self, of: Key, by: Key) -> float:
        """The true derivative between two nodes."""
        truths = self.derivative(name_of(of), by)
        return truths[0] if truths else 0.0


def final_entries(traced: Iterable[Traced], size: int) -> dict[tuple[int, ...], tuple[Claim, Line]]:
    """The last claim for every place of a Jacobian (size 2) or a value (size 1); a whole matrix goes before entries."""
    single: dict[tuple[int, ...], tuple[Claim, Line]] = {}
    whole: dict[tuple[int, ...], tuple[Claim, Line]] = {}
    for t in traced:
        for c in t.claims:
            if len(c.place) == size:
                (whole if t.line.way == "matrix" or (size == 1 and t.line.way == "list") else single)[c.place] = (
                    c,
                    t.line,
                )
    return {**single, **whole}


def _last_number(sides: Iterable[Expr]) -> tuple[Expr, float] | None:
    """The last side that is a number, with its value."""
    for side in reversed(tuple(sides)):
        if is_number(side) and not entries_of(side) and (worth := _worth(side)) is not None:
            return side, worth
    return None


def _worth(side: Expr) -> float | None:
    try:
        return number_at(side, {}) if is_number(side) else None
    except GraphError:
        return None


def _exact(value: float) -> Expr:
    size = Num(Fraction(abs(value)))
    return Neg(size) if value < 0 else size


def _told(e: Expr | None) -> str:
    return to_plain(e) if e is not None else ""


def _told_wrong(claim: Claim | None) -> str:
    if claim is None:
        return ""
    more = " (at least two decimals or three significant digits are asked)" if claim.coarse else ""
    return f"{claim.about} is {claim.truths[0]:.4g}, not {to_plain(claim.side)}{more}."
