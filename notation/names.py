"""Names in a formula: from letters, accents, sub- and superscripts to a quantity at a time with components.

The same superscript or bracket can be a time, a component, a layer or a power; the declared names decide.
"""

from __future__ import annotations

from dataclasses import replace

from notation.errors import ReadError
from notation.lexicon import ACCENT_WORDS
from notation.spelled import _OPEN_INDEX, _STEP_WORDS, Piece, Spelled
from notation.spelling import Spelling
from notation.tree import (
    Add,
    Compare,
    Component,
    Expr,
    Indicator,
    Mul,
    Neg,
    Num,
    Partial,
    Reduce,
    Ref,
    free_names,
    number,
)
from notation.vocabulary import INDEX_LETTERS, Quantity, Symbol, group, split_commas


class Names(Spelling):
    """The part of the reader that knows what names mean."""

    # -- meaning --------------------------------------------------------------------------------------------------

    def symbol(self) -> Expr:
        """Read one symbol and find what it means."""
        out = self.spelled()
        return self.resolve(out)

    def resolve(self, out: Spelled) -> Expr:
        """The meaning of a collected symbol; raises `ReadError` for an unknown name."""
        span = (out.start, out.end)
        if out.base in self.bound and not out.subs and not out.sups and not out.accents:
            return Ref(out.base, span=span)  # a bound variable hides a quantity of the same name
        found = self._declared(out)
        if found is not None:
            return self._placed(*found, out)
        if out.base == "delta" and (special := self._delta(out)) is not None:
            return special
        if "bar" in out.accents and (barred := self._barred(out)) is not None:
            return barred
        for word, accent in ACCENT_WORDS.items():  # yhat, ctilde
            if out.base.endswith(word) and out.base != word:
                shorter = replace(out, base=out.base[: -len(word)], accents=(*out.accents, accent))
                found = self._declared(shorter)
                if found is not None:
                    return self._placed(found[0], found[1], out)
        if self.vocabulary.open:
            return self._opened(out)
        if (
            len(out.base) == 1
            and (
                out.base in (INDEX_LETTERS | ({"t", "T"} if self.vocabulary.ranges else {"t"}))
                or self.vocabulary.is_axis(out.base)
            )
            and not out.subs
            and not out.sups
            and not out.accents
        ):
            return Ref(out.base, span=span)
        shown = self.text[out.start : out.end]
        near = self.vocabulary.near(out.base)
        hint = f"did you mean {' or '.join(near[:3])}?" if near else "use the names of the question"
        raise ReadError(
            f"the name '{shown}' is not known here", self.text, span, hint + " Or define it: where ... = ..."
        )

    def _declared(self, out: Spelled) -> tuple[Quantity, list[Piece]] | None:
        """The declared quantity and the pieces that remain as positions, trying the longest label first."""
        pieces = out.subs + out.sups
        accents = out.accents
        for i, piece in enumerate(pieces):  # C_tilde, y_hat
            if len(piece) == 1 and piece[0].text in ACCENT_WORDS:
                accents = (*accents, ACCENT_WORDS[piece[0].text])
                pieces = pieces[:i] + pieces[i + 1 :]
                break
        symbol = Symbol(out.base, accents)
        for i, piece in enumerate(pieces):
            text = "".join(t.text for t in piece)
            if (found := self.vocabulary.find(replace(symbol, label=text))) is not None:
                return found, pieces[:i] + pieces[i + 1 :]
            for k in range(len(text) - 1, 0, -1):  # W_{fij}: label f, components i and j
                found = self.vocabulary.find(replace(symbol, label=text[:k]))
                if found is not None and len(piece) == 1 and all(c in INDEX_LETTERS for c in text[k:]):
                    tail = [[replace(piece[0], text=c)] for c in text[k:]]
                    return found, pieces[:i] + tail + pieces[i + 1 :]
            if "_" in text:  # W_{f_{ij}}: the label carries its own subscript
                cut = next(n for n, t in enumerate(piece) if t.text == "_")
                head = "".join(t.text for t in piece[:cut])
                found = self.vocabulary.find(replace(symbol, label=head))
                if found is not None:
                    inner, _ = group(piece, cut + 1)
                    return found, pieces[:i] + split_commas(inner) + pieces[i + 1 :]
        whole = (self.vocabulary.stepped(symbol) if pieces else None) or self.vocabulary.find(symbol)
        return (whole, pieces) if whole is not None else None

    def _placed(self, quantity: Quantity, pieces: list[Piece], out: Spelled) -> Expr:
        """Distribute the remaining pieces over the positions and components of a quantity."""
        span = (out.start, out.end)
        axes, dims = len(quantity.axes), len(quantity.shape or ())
        shift = 0
        kept: list[Piece] = []
        for piece in pieces:
            if quantity.axes and (
                (len(piece) == 1 and piece[0].text in _STEP_WORDS)
                or (len(piece) == 2 and piece[0].text in {"tm", "tp"})
            ):
                shift = _STEP_WORDS[piece[0].text]
            else:
                kept.append(piece)
        if shift:
            base: Expr = Ref(quantity.axes[0], span=span)
            step = Add((base, number(1) if shift > 0 else Neg(number(1))))
            kept = [p for p in kept if not (len(p) == 1 and p[0].text in self.vocabulary.ranges)]
            items = [e for p in kept for e in self.indices(p)]
            return Ref(quantity.name, (step,), tuple(items), span=span)
        items = [e for p in self._steps_first(quantity, kept, out) for e in self.indices(p)]
        if quantity.shape is not None and quantity.role == "quantity" and len(items) > axes + dims >= len(kept):
            items = [e for p in kept for e in self.indices(p, runs=False)]  # x_{2r,k}: twice r
        if not axes and dims == 2 and len(items) == 1 and isinstance(items[0], Num) and 10 <= items[0].value < 100:
            items = [number(int(d)) for d in str(items[0].value)]  # A_{23}
        if axes and len(items) > axes + max(dims, 0) and quantity.shape is not None:
            raise ReadError(
                f"'{self.text[span[0] : span[1]]}' has too many subscripts",
                self.text,
                span,
                f"{quantity.name} has {axes + dims}",
            )
        if len(items) >= axes and axes:
            if len(items) == axes + dims == 2 and axes == 1 and self._time_last(items):
                items.reverse()  # C_i^{(t)}: the component came first
            return Ref(quantity.name, tuple(items[:axes]), tuple(items[axes:]), span=span)
        if 0 < len(items) < axes == len(set(quantity.axes)):
            below = [p for p in kept if not any(p is s for s in (*out.sups, *out.brackets))]
            return self._of_a_family(quantity, items, span, below=bool(below))
        if axes and not items:  # code style: names without a time mean the current step
            return Ref(quantity.name, tuple(Ref(a, span=span) for a in quantity.axes), span=span)
        if not axes and not dims and items and quantity.role in {"size", "index"}:
            raise ReadError(f"{quantity.name} takes no subscript", self.text, span)
        if not axes and quantity.shape is not None and len(items) > dims:
            raise ReadError(
                f"'{self.text[span[0] : span[1]]}' has too many subscripts",
                self.text,
                span,
                f"{quantity.name} has {dims} component(s)",
            )
        return Ref(quantity.name, (), tuple(items), span=span)

    def _of_a_family(self, quantity: Quantity, items: list[Expr], span: tuple[int, int], *, below: bool) -> Expr:
        """Some positions of a quantity with several: `a_1` at the current step, `a[t]` all of one step.

        What stands `below` is a place in the family unless it is the step itself.
        """
        lead = max(quantity.axes, key=list(self.vocabulary.ranges).index)
        (family, *more) = [a for a in quantity.axes if a != lead]
        steps = [e for e in items if (e == Ref(lead) if below else lead in free_names(e))]
        if more or len(items) != 1:
            raise ReadError(f"{quantity.name} needs {len(quantity.axes)} positions", self.text, span)
        ends = {e.name for e in self.vocabulary.ranges[lead] if isinstance(e, Ref)}
        if not steps and not (isinstance(items[0], Ref) and items[0].name in ends):
            places = {family: items[0], lead: Ref(lead, span=span)}
            return Ref(quantity.name, tuple(places[a] for a in quantity.axes), span=span)
        places = {family: Ref(family), lead: items[0]}
        low, high = self.vocabulary.ranges[family]
        one = Ref(quantity.name, tuple(places[a] for a in quantity.axes), span=span)
        return Reduce("stack", family, low, high, None, one, span=span)

    def _steps_first(self, quantity: Quantity, pieces: list[Piece], out: Spelled) -> list[Piece]:
        """`d_i^{(k)}`, `f_p(k+1)`: where letters do not tell which is the step, it is the one above or in brackets."""
        above = [p for p in pieces if any(p is s for s in (*out.sups, *out.brackets))]
        below = [p for p in pieces if p not in above]
        if len(quantity.axes) != 1 or not above or not below:
            return pieces
        steps = self.vocabulary.step_names | {"t", "T"}
        if any(t.text in steps or t.kind == "num" for p in below for t in p):
            return pieces
        return [*above, *below]

    def _time_last(self, items: list[Expr]) -> bool:
        def names(e: Expr) -> set[str]:
            return free_names(e)

        axes = set(self.vocabulary.ranges) | {"T"}
        if isinstance(items[-1], Num) and isinstance(items[0], Ref):  # f_p(3)
            return items[0].name in INDEX_LETTERS and items[0].name not in self.vocabulary.step_names
        return bool(names(items[-1]) & axes) and not names(items[0]) & axes

    def indices(self, piece: Piece, *, runs: bool = True) -> list[Expr]:
        """The index expressions in one piece; with `runs` adjacent letters are separate indices (`kj`, `ti`)."""
        from notation.parser import Parser

        if len(piece) == 1 and piece[0].text == ":":
            return [Ref(":", span=(piece[0].start, piece[0].end))]
        if len(piece) == 1 and piece[0].kind == "greek" and self.text[piece[0].start : piece[0].end] == piece[0].text:
            if set(piece[0].text) <= INDEX_LETTERS:
                piece = [replace(piece[0], kind="name")]  # delta_{pi}: two indices, not the letter
        letters = [t for t in piece if t.kind in {"name", "num", "greek"}]
        if (
            runs
            and len(letters) == len(piece)
            and (len(piece) > 1 or (len(piece[0].text) > 1 and piece[0].kind == "name"))
        ):
            out: list[Expr] = []
            for t in piece:
                parts = list(t.text) if t.kind == "name" else [t.text]
                out.extend(number(p, (t.start, t.end)) if p.isdigit() else Ref(p, span=(t.start, t.end)) for p in parts)
            return out
        tokens = piece[1:-1] if _wrapped(piece) else piece
        parser = Parser(list(tokens), self.text, self.vocabulary, self.bound | INDEX_LETTERS | {"t", "T"})
        value = parser.sum_expression()
        if parser.peek() is not None:
            raise parser.error("this subscript could not be read", "h_{t-1}")
        if len(piece) == 1 and isinstance(value, Ref) and len(piece[0].text) == 1:
            named = self.vocabulary.quantities.get(value.name)
            if named is not None and named.shape:  # y_c: an array is no index, so this is a letter of its own
                return [Ref(piece[0].text, span=value.span)]
        return [value]

    # -- derivatives by their letters --------------------------------------------------------------------------------

    def adjoint(self, wrt: Expr, span: tuple[int, int]) -> Partial:
        """The total derivative of the loss with respect to `wrt`."""
        if self.vocabulary.loss is None:
            raise ReadError(
                "a derivative of what? No loss is declared here", self.text, span, "write \\partial L / \\partial c_t"
            )
        return Partial(Ref(self.vocabulary.loss), wrt, span=span)

    def _barred(self, out: Spelled) -> Expr | None:
        plain = replace(out, accents=tuple(a for a in out.accents if a != "bar"))
        found = self._declared(plain)
        if found is None or self.vocabulary.loss is None or found[0].role == "size":
            return None
        return self.adjoint(self._placed(found[0], found[1], out), (out.start, out.end))

    def _delta(self, out: Spelled) -> Expr | None:
        r"""Kronecker delta, or an error signal such as `\delta_{c_t}`, `\delta^c_t`, `\delta c_t`."""
        span = (out.start, out.end)
        pieces = out.subs + out.sups
        flat = [e for p in pieces for e in self._plain_indices(p)]
        kronecker = len(out.subs) >= 1 and not out.sups and len(flat) == 2 and all(self._is_index(e) for e in flat)
        if kronecker and not self._names_a_signal(out.subs):
            return Indicator(Compare((flat[0], flat[1]), ("=",), span=span), span=span)
        if self.vocabulary.loss is None:
            return None
        for i, piece in reversed(list(enumerate(pieces))) if out.sups else enumerate(pieces):
            if piece and piece[0].kind in {"name", "greek", "accent"}:
                probe = type(self)(list(piece), self.text, self.vocabulary, self.bound)
                try:
                    inner = probe.spelled()
                except ReadError:
                    continue
                found = self._declared(inner)
                if probe.peek() is None and found is not None and found[0].role == "quantity":
                    others = pieces[:i] + pieces[i + 1 :]
                    return replace(self.adjoint(self._placed(found[0], found[1] + others, out), span), signal=True)
        token = self.peek()
        if not pieces and token is not None and token.kind in {"name", "greek", "accent"}:
            saved = self.pos
            inner = self.spelled()
            found = self._declared(inner)
            if found is not None and found[0].role == "quantity":
                place = (out.start, inner.end)
                return replace(self.adjoint(self._placed(found[0], found[1], inner), place), signal=True)
            self.pos = saved
        return None

    def _names_a_signal(self, subs: list[Piece]) -> bool:
        r"""Whether `\delta_i(t+1)` is the signal of the gate i: a quantity with steps, and a step beside it."""
        steps = self.vocabulary.step_names
        named = [p for p in subs if len(p) == 1 and self.vocabulary.stepped_base(p[0].text)]
        return bool(named) and any(t.text in steps for p in subs if p not in named for t in p)

    def _plain_indices(self, piece: Piece) -> list[Expr]:
        try:
            return self.indices(piece)
        except ReadError:
            return []

    def _is_index(self, e: Expr) -> bool:
        if isinstance(e, Ref):
            family = e.name in self.vocabulary.ranges and e.name not in {"t", "tau"}
            letter = e.name in INDEX_LETTERS or e.name in self.bound or self._indexes(e.name)
            return not e.at and not e.index and (letter or family)
        return isinstance(e, (Add, Num, Mul))

    def _indexes(self, name: str) -> bool:
        """Whether a name is declared as an index letter."""
        quantity = self.vocabulary.quantities.get(name)
        return quantity is not None and quantity.role == "index"

    # -- undeclared names -------------------------------------------------------------------------------------------

    def _opened(self, out: Spelled) -> Expr:
        """A name in a text without declarations: letters that run are positions, other subscripts belong to the
        name."""
        span = (out.start, out.end)
        label = ""
        items: list[Expr] = []
        for piece in out.subs + out.sups:
            text = "".join(t.text for t in piece)
            runs = all(
                t.kind == "num" or t.text in _OPEN_INDEX | self.bound or t.kind == "op" or set(t.text) <= _OPEN_INDEX
                for t in piece
            )
            if text in ACCENT_WORDS:
                out = replace(out, accents=(*out.accents, ACCENT_WORDS[text]))
            elif runs:
                items.extend(self.indices(piece))
            else:
                label += text
        name = Symbol(out.base, out.accents, label).canonical
        return Ref(name, tuple(items), span=span)


def component(body: Expr, index: list[Expr], span: tuple[int, int]) -> Expr:
    """A component of an expression; of a plain quantity it joins the quantity's own components."""
    if isinstance(body, Ref) and not body.index:
        return Ref(body.name, body.at, tuple(index), span=span)
    return Component(body, tuple(index), span=span)


def _wrapped(piece: Piece) -> bool:
    """Whether one pair of brackets stands around a whole piece: `(t-1)`, `<t>`, but not `2(r-1)` or `(a)+(b)`."""
    if len(piece) < 3 or (piece[0].text, piece[-1].text) not in {("(", ")"), ("<", ">")}:
        return False
    depth = 0
    for k, token in enumerate(piece):
        depth += (token.text == piece[0].text) - (token.text == piece[-1].text)
        if depth == 0:
            return k == len(piece) - 1
    return False
