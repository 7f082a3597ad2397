"""Judging a worked computation line by line: every stated number beside the true one for the node it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from checkers.certainty import unclear
from checkers.claims import CHAIN, Claim, Said, Traced, formula, last_number, worth_of
from checkers.digits import agrees
from checkers.following import follows
from checkers.own_graph import Meaning, meaning_of, total
from checkers.pairs import paired
from checkers.sides import entries_of, is_number, is_plain, rows_of
from checkers.told import ACCUMULATED
from checkers.verdict import LineVerdict
from checkers.working import Line, Working
from derivations.graph import Graph, GraphError, Key, key_of, name_of, number_at
from notation.tree import Expr, Num, Partial, Ref, Span, walk


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
        if not out and by in self.author.inputs and isinstance(of, Ref) and key_of(of) in self.author.outputs:
            out.append(self.author.derivatives_by(by)[key_of(of)])
        return tuple(dict.fromkeys(out))

    def value(self, key: Key) -> tuple[float, ...]:
        """The value of a node; inputs and outputs mean the same in every numbering."""
        found = [g.values[key] for g in self.meaning.graphs if key in g.values]
        if not found and key in self.author.outputs:
            found.append(self.author.values[key])
        return tuple(dict.fromkeys(found))

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
            return Traced(line, claims, f"This is not what {formula(line.of)} is.")
        part = ACCUMULATED in self.working.text[slice(*line.span)]  # v̄_2 += ...: right when it is the whole sum
        if not claims or (part and not all(c.right(self.tolerance) for c in claims)):
            return None
        slip = self.chain_slip(line, claims)
        if not slip and len(claims) == 1 and claims[0].right(self.tolerance):
            slip = self.formula_slip(line, claims[0])
        return Traced(line, claims, slip)

    def chain_slip(self, line: Line, claims: tuple[Claim, ...]) -> str:
        """A message where a chain of numbers is equal only in name: `6 cos 3 = 2.898`."""
        if len(claims) != 1 or not claims[0].right(self.tolerance):
            return ""
        for side in line.sides:
            if is_number(side) and not entries_of(side) and (worth := worth_of(side)) is not None:
                rounded = [float(n.value) for n in walk(side) if isinstance(n, Num) and "." in n.text]
                scale = max(abs(claims[0].value), abs(worth), 1.0, *rounded)  # of terms that may cancel
                if abs(worth - claims[0].value) > self.tolerance * scale:
                    return f"{formula(side)} is {worth:.4g}, not {claims[0].value:.4g}."
        return ""

    def formula_slip(self, line: Line, claim: Claim) -> str:
        """A message where a formula in names of nodes is not worth the number that is said to follow from it."""
        for side in line.sides:
            if is_number(side) or not is_plain(side):
                continue
            try:
                worth = number_at(side, self.meaning.graph.values)
            except GraphError:
                continue
            if abs(worth - claim.value) > CHAIN * max(abs(worth), abs(claim.value), 0.1):
                return f"{formula(side)} is {worth:.4g}, not {claim.value:.4g}."
        return ""

    def claims(self, n: int, line: Line) -> Iterator[Claim]:
        """The numbers a line states."""
        if line.way == "matrix":
            yield from self.matrix(line)
        elif line.way == "list":
            yield from self.listed(line)
        elif line.way in ("dot", "bar") and isinstance(line.of, Ref):
            yield from self.marked_claims(n, line, key_of(line.of))
        elif (side := last_number(line.sides)) is None:
            return
        elif line.way == "value" and isinstance(line.of, Ref):
            key = key_of(line.of)
            if truths := self.value(key):
                place = next(((i,) for i, y in enumerate(self.author.outputs) if key in self.copies(y)), ())
                yield Claim(formula(line.of), *side, truths, place, (key,))
        elif line.way == "derivative" and line.of is not None and line.by is not None:
            truths = self.derivative(line.of, line.by)
            if truths:
                about = formula(Partial(line.of, name_of(line.by)))
                pair = (key_of(line.of), line.by) if isinstance(line.of, Ref) else ()
                yield Claim(about, *side, truths, self.entry(*pair) if pair else (), pair)

    def marked_claims(self, n: int, line: Line, key: Key) -> Iterator[Claim]:
        """A dotted or barred node: one number under the seed, or a list with one for every seed."""
        sources = list(self.author.inputs if line.way == "dot" else self.author.outputs)
        plain = name_of(key)
        name = formula(Ref(f"\\{line.way} {plain.name}", plain.at))
        lists = [entries_of(s) for s in line.sides if len(entries_of(s)) == len(sources)]
        if lists:
            for source, entry in zip(sources, lists[-1], strict=True):
                worth = worth_of(entry)
                truths = self.marked(line, key, {source: 1.0})
                if worth is not None and truths:
                    of, by = (key, source) if line.way == "dot" else (source, key)
                    yield Claim(
                        f"{name} for {formula(name_of(source))}", entry, worth, truths, self.entry(of, by), (of, by)
                    )
            return
        side = last_number(line.sides)
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
            worths = [[worth_of(e) for e in row] for row in rows]
            if not rows or any(w is None for row in worths for w in row):
                continue
            if len(rows) != len(self.author.outputs) or any(len(r) != len(self.author.inputs) for r in rows):
                return
            columns = len(line.statement.sides) == 1 and _columns(self.working.text[line.span[1] :])
            for i, row in enumerate(rows):
                for j, entry in enumerate(row):
                    place = (j, i) if columns and len(rows) == len(row) else (i, j)
                    yield self.entry_claim(*place, entry, worths[i][j] or 0.0)
            return

    @property
    def misshapen(self) -> tuple[int, int] | None:
        """The size of a matrix of numbers that cannot be the Jacobian."""
        for line in reversed(self.working.lines):
            for side in reversed(line.sides if line.way == "matrix" else ()):
                rows = rows_of(side)
                if rows and all(worth_of(e) is not None for row in rows for e in row):
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

    def elsewhere_right(self, wrong: Iterable[Claim]) -> bool:
        """Whether another line states each of these results rightly."""
        good = {c.place for t in self.traced for c in t.claims if c.right(self.tolerance)}
        return all(c.place in good for c in wrong)

    def elsewhere_wrong(self, final: Iterable[tuple[Claim, Line]]) -> bool:
        """Whether another line states one of these results as another number."""
        places = {c.place for c, _ in final}
        return any(c.place in places and not c.right(self.tolerance) for t in self.traced for c in t.claims)

    def entry_claim(self, i: int, j: int, side: Expr, value: float) -> Claim:
        """An entry of the Jacobian itself."""
        y, x = self.author.outputs[i], list(self.author.inputs)[j]
        about = formula(Partial(name_of(y), name_of(x)))
        return Claim(about, side, value, (self.author.jacobian[i][j],), (i, j), (y, x))

    def listed(self, line: Line) -> Iterator[Claim]:
        """A list: a column of the Jacobian, a row of it, or the values of the function."""
        if line.span in self.pairs:
            yield from self.pairs[line.span]
            return
        m, n = len(self.author.outputs), len(self.author.inputs)
        numeric = [e for s in line.sides if (e := entries_of(s)) and all(worth_of(x) is not None for x in e)]
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
            number = bare.index(line.span)
            columns = m == n and "column" in self.working.text[: bare[0][0]].lower()
            places = [(k, number) if columns else (number, k) for k in range(n)]
        elif (self.values or line.of is None or self.is_function(line.of)) and line.by is None and len(entries) == m:
            for i, entry in enumerate(entries):
                y = self.author.outputs[i]
                yield Claim(formula(name_of(y)), entry, worth_of(entry) or 0.0, (self.author.values[y],), (i,), (y,))
            return
        else:
            return
        for (i, j), entry in zip(places, entries, strict=True):
            yield self.entry_claim(i, j, entry, worth_of(entry) or 0.0)

    @cached_property
    def pairs(self) -> dict[Span, list[Claim]]:
        """The claims of lists that hold a value and its tangents."""
        return paired(self)

    def is_function(self, e: Expr) -> bool:
        """Whether a name stands for all outputs together."""
        names = {n.name for n in (e,) if isinstance(n, Ref)}
        listed = [self.output(x) for x in entries_of(e)]
        return bool(names & {"f", "F", *(y[0] for y in self.author.outputs)}) or (
            bool(listed) and listed == list(range(len(listed)))
        )

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
        """Seeds for dots and bars that set none: those that explain most numbers of one pass, first what words name."""
        for way in ("dot", "bar"):
            passes: list[list[tuple[int, Line, Key]]] = [[]]
            for n, line in enumerate(self.working.lines):
                if line.way != way or line.seeds or not isinstance(line.of, Ref):
                    continue
                key = key_of(line.of)
                if any(k == key or line.hint != other.hint for _, other, k in passes[-1]):
                    passes.append([])
                passes[-1].append((n, line, key))
            sources = list(self.author.inputs if way == "dot" else self.author.outputs)
            for one in passes:

                def explains(source: Key, one: list[tuple[int, Line, Key]] = one) -> tuple[int, bool]:
                    fitting = sum(self.fits(line, k, source) for _, line, k in one)
                    return fitting, any(line.hint == source for _, line, _ in one)

                if sources:
                    best = max(sources, key=explains)
                    yield from ((n, best) for n, _, _ in one)

    def seed_of(self, line: Line) -> Key | None:
        """The seed that was found for a line which sets none."""
        return next(
            (self.columns[n] for n, x in enumerate(self.working.lines) if x is line and n in self.columns), None
        )

    def fits(self, line: Line, key: Key, source: Key) -> bool:
        """Whether a number is right under a seed."""
        side = last_number(line.sides)
        return side is not None and any(agrees(*side, t, self.tolerance) for t in self.marked(line, key, {source: 1.0}))

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def verdicts(self, *, aside: bool = False) -> tuple[LineVerdict, ...]:
        """Every line: right, the first error, following from an earlier error, or wrong.

        With `aside`, without the lines that are right when they mean something else.
        """
        out: list[LineVerdict] = []
        said: Said = {}
        failed = False
        for t in self.traced:
            text = " ".join(t.line.text.split())
            bad = next((c for c in t.claims if not c.right(self.tolerance)), None)
            reading = t.line.statement.tree
            if aside and bad is not None and unclear(self, t):
                continue
            if bad is None and not t.slip:
                out.append(LineVerdict(text, "right", reading=reading))
            elif failed and bad is not None and follows(self, t, said):
                out.append(LineVerdict(text, "follows", "It follows from the lines before it.", reading))
            else:
                message = t.slip or told_wrong(bad)
                out.append(LineVerdict(text, "wrong" if failed else "first_error", message, reading))
                failed = True
            said.update({c.stated: c.value for c in t.claims if c.stated})
        return tuple(out)


def _columns(behind: str) -> bool:
    """Whether the words behind a list of lists say that these are columns."""
    return re.match(r"[\s$)]*(?:are|as|is|being|\()\s*(?:\w+\s+){0,2}columns\b", behind) is not None


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


def told_wrong(claim: Claim | None) -> str:
    """What a wrong line should say."""
    if claim is None:
        return ""
    more = " At least two decimals or three significant digits are asked." if claim.coarse else ""
    return f"{claim.about} is {claim.truths[0]:.4g}, not {formula(claim.side)}.{more}"
