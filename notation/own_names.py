"""Names that an answer defines itself: found before reading, turned into definitions or aliases after it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from notation.errors import ReadError
from notation.lexicon import FUNCTIONS
from notation.parser import Parser
from notation.scope import Clause
from notation.segments import Segment
from notation.statement import Answer, Statement, simplified
from notation.tokens import Token
from notation.tree import (
    Call,
    Expr,
    Mul,
    Partial,
    Ref,
    Transpose,
    free_names,
    number,
    rebuild,
    substitute,
    walk,
)
from notation.vocabulary import INDEX_LETTERS, STEPPED, Symbol, Vocabulary, split_commas

# A name that stands for a derivative, as it is written on the left, and that derivative.
Aliases: TypeAlias = dict[str, tuple[Ref, Expr]]

_DEFINING = frozenset({"let", "define", "denote", "set", "call"})


def with_own_names(segments: list[Segment], text: str, vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary with every name that stands alone on the left of an equation and is not known yet."""
    if vocabulary.open:
        return vocabulary
    lefts = [(one, left) for one in segments if (left := left_tokens(one.tokens)) is not None]
    labelled = _labelled([left for _, left in lefts], vocabulary)
    vocabulary = replace(vocabulary, own_steps=_own_steps(lefts, vocabulary))
    plain = {left[0].text for one, left in lefts if [t.text for t in one.tokens[len(left) + 1 :]] != ["0"]}
    for one, left in lefts:
        if left[0].kind not in {"name", "greek", "accent"}:
            continue
        if not one.tokens[len(left) + 1 :]:
            continue  # sigma = the activation
        if _is_transposed(left) and vocabulary.find(Symbol(left[0].text)) is None:
            vocabulary = vocabulary.with_local(Symbol(left[0].text), ())  # g^T = ...
            continue
        if [t.text for t in one.tokens[len(left) + 1 :]] == ["0"] and left[0].text in labelled & plain:
            continue  # delta(T+1) = 0 is said of all deltas
        if (function := _own_function(left, one.tokens[len(left) + 1 :], vocabulary)) is not None:
            vocabulary = replace(vocabulary, functions={**vocabulary.functions, left[0].text: function})
            continue
        parser = Parser(list(left), text, vocabulary)
        try:
            known = parser.relation()
            right = one.tokens[len(left) + 1 :]
            if parser.peek() is None and _overrides(known, right, vocabulary):
                vocabulary = vocabulary.with_local(Symbol(left[0].text), ())
                continue
            if parser.peek() is None and (hidden := _hides_function(known, left, vocabulary)):  # f_t = phi'(z_t)
                functions = {n: f for n, f in vocabulary.functions.items() if n != hidden}
                vocabulary = replace(vocabulary, functions=functions)
                raise ReadError("a name of its own", text, (0, 1), "")
            if parser.peek() is None and (steps := _code_name(known, left, right, text, vocabulary)) is not None:
                vocabulary = vocabulary.with_local(Symbol(left[0].text), tuple("t" for _ in range(steps)))
                continue
            if parser.peek() is None and _renames(known, left, one, text, vocabulary):
                at = known.at if isinstance(known, Ref) and len(left) > 1 else ()
                vocabulary = vocabulary.with_local(Symbol(left[0].text), tuple("t" for _ in at))
                continue
            letter = (
                isinstance(known, Ref)
                and (known.name not in vocabulary.quantities or vocabulary.quantities[known.name].role == "index")
                and known.name not in vocabulary.ranges
            )
            indexed = len(left) > 2 and left[1].text in {"[", "(", "_"}
            euler = left[0].text == "e" and indexed and not vocabulary.knows_base("e")  # e[t] = h[t] - y[t]
            role = vocabulary.quantities[left[0].text].role if left[0].text in vocabulary.quantities else "index"
            free = role == "index" and left[0].text in INDEX_LETTERS  # u[t] = ...
            size = role == "size" and indexed and left[2].text in vocabulary.ranges  # d(t) = ...
            stepped = indexed and isinstance(known, Mul) and (free or size)
            if parser.peek() is None and not (letter or euler or stepped):
                continue  # a lone index letter on the left is a name being defined
        except ReadError:
            pass
        spelled = Parser(list(left), text, vocabulary)
        spelled.naming = True
        try:
            out = spelled.spelled()
        except ReadError:
            continue
        pieces = _bracketed(spelled)
        if spelled.peek() is not None:
            continue
        axes, label = ["t" for _ in pieces], ""
        for piece in out.subs + out.sups:
            elsewhere = bool(out.sups or pieces)
            if elsewhere and piece in out.subs and len(piece) == 1 and piece[0].text in INDEX_LETTERS:
                gate = out.base in labelled and vocabulary.stepped_base(piece[0].text)
                label += piece[0].text if gate else ""
                continue  # d_i^{(k)}, d_i(t): a component of what has its step elsewhere
            gate = len(piece) == 1 and vocabulary.stepped_base(piece[0].text)
            above = any(piece is s for s in out.sups) and bool(out.subs)  # z^i_t
            if gate and (out.base in labelled or above):
                label += piece[0].text
            elif all(spelled._timelike(t) for t in piece) or (
                len(piece) == 1 and (piece[0].text in INDEX_LETTERS or spelled._is_letter(piece[0]))
            ):
                axes.append("t")
            else:
                label += "".join(t.text for t in piece)
        vocabulary = vocabulary.with_local(Symbol(out.base, out.accents, label), tuple(axes))
    return vocabulary


def _is_transposed(left: list[Token]) -> bool:
    """Whether a left side is one letter with the sign of the transpose."""
    return len(left) == 3 and left[0].kind in {"name", "greek"} and left[1].text == "^" and left[2].text in {"T", "top"}


def _own_function(left: list[Token], right: list[Token], vocabulary: Vocabulary) -> str | None:
    """What a letter stands for that is said to be a function: the sigma of `sigma = logistic`, the g of `g = tanh`."""
    letter = left[0]
    free = letter.text not in vocabulary.functions and vocabulary.find(Symbol(letter.text)) is None
    if len(left) != 1 or len(right) != 1 or not free or right[0].kind != "name":
        return None
    return FUNCTIONS.get(right[0].text)


def _own_steps(lefts: list[tuple[Segment, list[Token]]], vocabulary: Vocabulary) -> frozenset[str]:
    """Letters that stand for a step of a declared sequence: the n of `n = t + 1`."""
    found: set[str] = set()
    for one, left in lefts:
        right = one.tokens[len(left) + 1 :]
        new = len(left) == 1 and left[0].text.islower() and left[0].text not in vocabulary.ranges
        steps = [t for t in right if t.text in vocabulary.ranges]
        if new and len(steps) == 1 and all(t in steps or t.kind == "num" or t.text in {"+", "-", ","} for t in right):
            found.add(left[0].text)
    return frozenset(found - set(vocabulary.quantities))


def _labelled(lefts: list[list[Token]], vocabulary: Vocabulary) -> set[str]:
    """Letters that an answer defines once for each of several quantities: with d_f and d_o, d_i is no component."""
    found: dict[str, set[str]] = {}
    for left in lefts:
        for sign, after in pairwise(left):
            if sign.text in {"_", "^"} and (label := _lone(left, after)):
                found.setdefault(next((t.text for t in left if t.kind in {"name", "greek"}), ""), set()).add(label)
    return {
        base
        for base, letters in found.items()
        if any(c not in INDEX_LETTERS and vocabulary.stepped_base(c) for c in letters)
    }


def _lone(left: list[Token], after: Token) -> str:
    """The single letter of a script, braced or not."""
    if after.text == "{":
        k = left.index(after)
        inner = left[k + 1 : k + 2]
        return inner[0].text if k + 2 < len(left) and left[k + 2].text == "}" and inner[0].kind == "name" else ""
    return after.text if after.kind == "name" and len(after.text) == 1 else ""


def _bracketed(reader: Parser) -> list[list[Token]]:
    """The letters or the step in a bracket after a name that is being defined, `d[r] = ...`, `u(t) = ...`."""
    if not reader.at_op("[", "("):
        return []
    end = reader.closing(reader.pos)
    pieces = split_commas(reader.tokens[reader.pos + 1 : end]) if end > 0 else []
    letters = all(len(p) == 1 and (p[0].text in INDEX_LETTERS or reader._is_letter(p[0])) for p in pieces)
    steps = len(pieces) == 1 and any(t.text in reader.vocabulary.step_names for t in pieces[0])
    steps = steps and all(reader._timelike(t) for t in pieces[0])
    if not pieces or not (steps or (letters and reader.at_op("["))):
        return []
    reader.pos = end + 1
    return pieces


def _overrides(known: Expr, right: list[Token], vocabulary: Vocabulary) -> bool:
    """Whether an answer gives a taken letter a meaning of its own: `K = diag(...)`, `e = a - y`, but not `n = 3`."""
    if isinstance(known, Call) and known.function == "exp" and known.args == (number(1),):
        listed = right[0].text in {"(", "["} and any(t.text == "," for t in right)  # e = (0, 1, 0)
        return listed or any(t.kind in {"name", "greek", "accent"} for t in right)
    if not isinstance(known, Ref) or known.at or known.index:
        return False
    quantity = vocabulary.quantities.get(known.name)
    if quantity is None or quantity.role != "size":
        return False
    return any(t.kind in {"name", "greek"} and (vocabulary.function(t.text) or t.text == "sigma") for t in right)


def _hides_function(known: Expr, left: list[Token], vocabulary: Vocabulary) -> str:
    """The letter of a function known by name only that an answer gives to a quantity of its own; empty for none."""
    own = isinstance(known, Call) and known.function in vocabulary.arguments
    return left[0].text if own and not any(t.text in {"(", "'"} for t in left) else ""


def _renames(known: Expr, left: list[Token], one: Segment, text: str, vocabulary: Vocabulary) -> bool:
    """Whether an answer uses a letter that only stands in for a quantity as its own: `g_t = ∂L/∂h_t`, `let g_t = ...`.

    The declared name itself keeps its meaning; only a further spelling of it may be taken for something else.
    """
    if not isinstance(known, Ref) or known.index or known.name not in vocabulary.quantities:
        return False
    if left[0].text.lower() == known.name.lower() or len(left[0].text) > 1:
        return False
    if _DEFINING & {w.lower() for w in one.words}:
        return True
    parser = Parser(one.tokens[len(left) + 1 :], text, vocabulary)
    try:
        return isinstance(parser.relation(), Partial) and parser.peek() is None
    except ReadError:
        return False


def _code_name(known: Expr, left: list[Token], right: list[Token], text: str, vocabulary: Vocabulary) -> int | None:
    """How many steps a name of several letters has that is given to a quantity: `Ct[t] = \\tilde C_t`, `ig = i(t)`.

    Without such an equation Ct would be C at t, and ig a product. None for anything else.
    """
    word = left[0].text
    called = {key.rpartition(":")[2].rstrip(STEPPED) for key in vocabulary.spellings}
    if not (2 <= len(word) <= 4 and word.isalpha()) or word in called or isinstance(known, (Partial, Call)):
        return None
    parser = Parser(list(right), text, vocabulary)
    try:
        found = parser.relation()
    except ReadError:
        return None
    quantity = vocabulary.quantities.get(found.name) if isinstance(found, Ref) else None
    if parser.peek() is not None or not isinstance(found, Ref) or found.index or quantity is None:
        return None
    if isinstance(known, Ref) and (known.name == found.name or known.name != word[:1]):
        return None
    return len(found.at) if quantity.shape is not None else None


def left_tokens(tokens: list[Token]) -> list[Token] | None:
    """The tokens before the first `=` outside brackets, or None."""
    depth = 0
    for i, token in enumerate(tokens):
        if token.kind != "op":
            continue
        depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
        if depth == 0 and token.text == "=" and i:
            return tokens[:i]
    return None


def settled(
    statements: list[Statement], known: Vocabulary, errors: list[ReadError], words: list[str], text: str
) -> Answer:
    """Turn equations of local names into definitions, or into aliases where the name stands for a derivative."""
    local = {n for n, q in known.quantities.items() if q.shape is None}
    if known.open:
        local = {s.left.name for s in statements if s.role == "definition" and isinstance(s.left, Ref)}
    aliases: Aliases = {}
    for s in statements:
        left = s.left
        if isinstance(left, Ref) and left.name in local and left.name not in aliases:
            target = next((x for x in s.sides[1:] if isinstance(x, Partial) and isinstance(x.wrt, Ref)), None)
            if target is not None and all(isinstance(a, Ref) and not a.at for a in left.at):
                if not (_at_end(left, known) and _is_general(left.name, statements, known)):
                    aliases[left.name] = (left, target)
    sizes = {n for n, q in known.quantities.items() if q.role == "size"}
    out: list[Statement] = []
    clauses: dict[str, list[Clause]] = {}
    for s in statements:
        left = s.left
        if isinstance(left, Transpose) and isinstance(left.body, Ref) and left.body.name in local:
            s = replace(s, sides=(left.body, *(Transpose(x) for x in s.sides[1:])))
            left = s.left
        if isinstance(left, Ref) and left.name in aliases:
            named, aliased = aliases[left.name]
            if any(side == aliased for side in s.sides[1:]) and left.at == named.at:
                s = replace(s, role="definition" if len(s.sides) == 2 else s.role)
        elif isinstance(left, Ref) and left.name in local:
            mine = clauses.setdefault(left.name, [])
            general = any(c.at == left.at and c.index == left.index and c.condition == s.condition for c in mine)
            if not general:
                value = s.sides[-2] if s.member and len(s.sides) > 2 else s.sides[-1]  # w = W_1 \in R^5
                left, value = _rebound(left, value, statements, known, sizes)
                spoken = {n for e in (*left.at, *left.index, value) for n in free_names(e)}
                about = s.condition is not None and bool(free_names(s.condition) & (spoken - sizes))
                mine.append(Clause(left.at, left.index, value, s.condition if about else None))  # over t = 1..T
                s = replace(s, role="definition" if s.role != "premise" else s.role)
        out.append(s)
    out = [replace(s, sides=tuple(_unalias(side, aliases) for side in s.sides)) for s in out]
    definitions = {
        name: tuple(replace(c, body=_unalias(c.body, aliases)) for c in mine) for name, mine in clauses.items()
    }
    return Answer(text, tuple(out), known, definitions, tuple(errors), tuple(words))


def _rebound(
    left: Ref, value: Expr, statements: list[Statement], known: Vocabulary, sizes: set[str]
) -> tuple[Ref, Expr]:
    """A definition `c_m = sum_k g_k V_km` whose letter is a size where the name has other letters elsewhere."""
    nodes = (n for s in statements for side in s.sides for n in walk(side))
    uses = [n for n in nodes if isinstance(n, Ref) and n.name == left.name]
    letters = {x.name for n in uses for x in (*n.at, *n.index) if isinstance(x, Ref)}
    bound = [x.name for x in (*left.at, *left.index) if isinstance(x, Ref) and x.name in sizes]
    if not bound or not letters - sizes - set(known.ranges):
        return left, value
    fresh: dict[str, Expr] = {n: Ref(f"{n}'") for n in bound}
    at = tuple(substitute(x, fresh) for x in left.at)
    return replace(left, at=at, index=tuple(substitute(x, fresh) for x in left.index)), substitute(value, fresh)


def _at_end(left: Ref, known: Vocabulary) -> bool:
    """Whether a left side speaks of the last step alone: `d[K] = ...`."""
    return bool(left.at) and all(isinstance(a, Ref) and a.name not in known.ranges for a in left.at)


def _is_general(name: str, statements: list[Statement], known: Vocabulary) -> bool:
    """Whether another statement says what a name is at any step, so that the one for the last step only begins it."""
    lefts = [s.left for s in statements if isinstance(s.left, Ref) and s.left.name == name]
    return any(left.at and any(n in known.ranges for a in left.at for n in free_names(a)) for left in lefts)


def _unalias(expr: Expr, aliases: Aliases) -> Expr:
    """Replace names that stand for a derivative by that derivative, at the step where they are used."""
    if not aliases:
        return expr
    if isinstance(expr, Ref) and expr.name in aliases:
        named, target = aliases[expr.name]
        bindings = {a.name: e for a, e in zip(named.at, expr.at, strict=False) if isinstance(a, Ref)}
        spelled_out = len(named.index) == len(expr.index)  # S_{p,ij} stands for a derivative by components
        if spelled_out:
            bindings |= {a.name: e for a, e in zip(named.index, expr.index, strict=True) if isinstance(a, Ref)}
        moved = substitute(target, bindings)
        if isinstance(moved, Partial) and isinstance(moved.wrt, Ref):
            index = moved.wrt.index if spelled_out else moved.wrt.index + expr.index
            moved = replace(moved, wrt=replace(moved.wrt, at=tuple(simplified(a) for a in moved.wrt.at), index=index))
        return replace(moved, span=expr.span)
    return rebuild(expr, lambda e: _unalias(e, aliases))
