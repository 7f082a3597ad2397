"""From an expression to boxes: precedence, parentheses and the customary look of every node.

`layout(expr)` keeps every parenthesis that is needed to read the very same tree back; `layout(expr, exact=False)` drops
those of associative products, as a sheet for people does.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from notation import symbols
from notation.boxes import (
    GROUP,
    Big,
    Box,
    Digits,
    Fence,
    Frac,
    Grid,
    Letter,
    Marked,
    Root,
    Row,
    Script,
    Sign,
    Space,
    Styled,
    Text,
    Word,
    row,
)  # fmt: skip
from notation.lettering import commas, function_word, name_box, parenthesised, with_script
from notation.tree import (
    Add,
    All,
    Block,
    Call,
    Cases,
    Compare,
    Component,
    Concat,
    Div,
    Expr,
    Identity,
    Indicator,
    Matrix,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Product,
    Reduce,
    Ref,
    Transpose,
    Vector,
    substitute,
    walk,
)  # fmt: skip


class Level(IntEnum):
    """How tightly a printed form holds together; a looser one needs parentheses inside a tighter one."""

    JOIN = 0
    RELATION = 1
    SUM = 2
    PREFIX = 3  # a leading minus, and large operators, which run on to the right
    PRODUCT = 4
    POWER = 5
    ATOM = 6


RELATIONS = {"=": "=", "<": "<", "<=": "≤", ">": ">", ">=": "≥", "!=": "≠", "in": "∈"}
_SIGNS: dict[Product, Box] = {
    "juxtaposed": Space("thin"), "matrix": Space("thin"), "star": Sign("∗"), "dot": Sign("·"),
    "elementwise": Sign("⊙"), "outer": Sign("⊗"),
}  # fmt: skip
_SILENT = ("juxtaposed", "matrix")
_FENCES = {"floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉"), "abs": ("|", "|"), "norm": ("‖", "‖")}
_REALS = Styled("blackboard", Letter("R"))
_GROUPED_DIGITS = 5  # as in typography: 1234 is read at a glance, 12 345 is not without its gap
_PLAIN_NUMBER = re.compile(r"\d{1,60}(\.\d{1,60})?|\.\d{1,60}")


def layout(expr: Expr, *, highlight: Collection[Expr] = (), exact: bool = True) -> Box:
    """The boxes of an expression, with the sub-expressions equal to one in `highlight` marked."""
    return _Layout(highlight, exact).box(expr)


@dataclass(frozen=True, slots=True)
class _Layout:
    """One run over one tree; `small` is inside scripts, where fractions are written with a slash."""

    highlight: Collection[Expr]
    exact: bool
    small: bool = False

    def box(self, expr: Expr, least: Level = Level.JOIN) -> Box:
        """The boxes of `expr`, in parentheses where it is looser than `least`."""
        box, level = self.place(expr)
        if level < least:
            box = parenthesised(box)
        return Marked(box) if self.highlight and expr in self.highlight else box

    def script(self, *indices: Expr) -> Box:
        inner = _Layout(self.highlight, self.exact, small=True)
        return commas([inner.box(e, Level.SUM) for e in indices], tight=True)

    def small_box(self, expr: Expr) -> Box:
        return _Layout(self.highlight, self.exact, small=True).box(expr)

    def place(self, expr: Expr) -> tuple[Box, Level]:
        handler = _HANDLERS.get(type(expr))
        if handler is None:
            raise TypeError(f"no printed form for {type(expr).__name__}")
        placed: tuple[Box, Level] = handler(self, expr)
        return placed

    def num(self, expr: Num) -> tuple[Box, Level]:
        value = expr.value
        if value < 0:
            return row(Sign("-"), self.num(Num(-value))[0]), Level.PREFIX
        if _PLAIN_NUMBER.fullmatch(expr.text):
            return self.digits(expr.text), Level.ATOM
        if value.denominator == 1:
            return self.digits(str(value.numerator)), Level.ATOM
        return self.fraction(self.digits(str(value.numerator)), self.digits(str(value.denominator)))

    def digits(self, text: str) -> Digits:
        """A number; on a sheet, long integers stand in groups of three."""
        long = not self.exact and text.isdigit() and len(text) >= _GROUPED_DIGITS
        return Digits(f"{int(text):,}".replace(",", GROUP)) if long else Digits(text)

    def fraction(self, top: Box, bottom: Box) -> tuple[Box, Level]:
        return (row(top, Sign("/"), bottom), Level.PRODUCT) if self.small else (Frac(top, bottom), Level.POWER)

    def ref(self, expr: Ref) -> tuple[Box, Level]:
        base = name_box(expr.name)
        at = self.script(*expr.at) if expr.at else None
        index = self.script(*expr.index) if expr.index else None
        labelled = isinstance(base, Script) and base.sub is not None
        if not labelled:
            sub = commas([b for b in (at, index) if b], tight=True) if at or index else None
            return (with_script(base, sub=sub) if sub else base), Level.ATOM
        assert isinstance(base, Script)
        assert base.sub is not None
        if at:
            base = Script(base.base, commas([base.sub, at], tight=True), base.sup, base.primes)
        if index:
            return Script(parenthesised(base), index), Level.ATOM
        return base, Level.ATOM

    def add(self, expr: Add) -> tuple[Box, Level]:
        items = [part for i, term in enumerate(expr.terms) for part in self.term(term, first=i == 0)]
        return row(*items), Level.SUM

    def term(self, term: Expr, *, first: bool) -> tuple[Box, ...]:
        """A term of a sum with its sign; a subtraction is a `Neg` term."""
        if isinstance(term, Neg):
            body = self.box(term.body, Level.PRODUCT if not isinstance(term.body, Reduce) else Level.PREFIX)
            minus = row(Sign("-"), body)
            if self.highlight and term in self.highlight:
                return (Marked(minus),)
            return (Sign("-"), body)
        loose = not self.exact and isinstance(term, Num) and term.value < 0
        body = self.box(term, Level.PREFIX if first or isinstance(term, Reduce) or loose else Level.PRODUCT)
        return (body,) if first or loose else (Sign("+"), body)

    def neg(self, expr: Neg) -> tuple[Box, Level]:
        least = Level.PREFIX if isinstance(expr.body, Reduce) else Level.PRODUCT
        return row(Sign("-"), self.box(expr.body, least)), Level.PREFIX

    def mul(self, expr: Mul) -> tuple[Box, Level]:
        left, right = expr.left, expr.right
        left_least, right_least = Level.PRODUCT, Level.POWER
        if isinstance(left, Mul) and expr.kind in _SILENT and left.kind not in _SILENT:
            left_least = Level.POWER
        if not self.exact and isinstance(right, Mul) and _associate(expr.kind, right.kind):
            right_least = Level.PRODUCT
        if isinstance(right, Reduce):  # it runs on to the end of the product, which is just what is meant
            right_least = Level.PREFIX
        left_box, right_box = self.box(left, left_least), self.box(right, right_least)
        sign = _SIGNS[expr.kind]
        if expr.kind in _SILENT and isinstance(_first(right_box), Digits):
            sign = Sign("·")  # in silence, two factors would read as one number
        if (
            expr.kind == "star"
            and not self.exact
            and all(isinstance(part, (Num, Mul, Add, Neg)) for part in walk(expr))
        ):
            sign = Sign("·")  # between numbers, an asterisk is only how a keyboard writes it
        level = Level.PREFIX if _runs_on(expr.right) else Level.PRODUCT
        return row(left_box, sign, right_box), level

    def div(self, expr: Div) -> tuple[Box, Level]:
        if self.small:
            return self.fraction(self.box(expr.top, Level.PRODUCT), self.box(expr.bottom, Level.POWER))
        return self.fraction(self.box(expr.top), self.box(expr.bottom))

    def pow(self, expr: Pow) -> tuple[Box, Level]:
        base, exponent = expr.base, self.script(expr.exponent)
        if (
            isinstance(base, Call)
            and base.function in symbols.WORDS
            and not base.order
            and _is_small_power(expr.exponent)
        ):
            return self.applied(Script(Word(base.function), sup=exponent), base.args), Level.POWER
        box = self.box(base, Level.ATOM)
        return with_script(box, sup=exponent), Level.POWER

    def transpose(self, expr: Transpose) -> tuple[Box, Level]:
        if isinstance(expr.body, Block) and not self.exact:
            block = self.block(expr.body)[0]
            if isinstance(block, Script) and block.sup:
                return Script(block.base, block.sub, row(block.sup, Sign("⊤"))), Level.POWER
        return with_script(self.box(expr.body, Level.ATOM), sup=Sign("⊤")), Level.POWER

    def call(self, expr: Call) -> tuple[Box, Level]:
        if expr.function in _FENCES and len(expr.args) == 1 and not expr.order:
            return Fence(*_FENCES[expr.function], self.box(expr.args[0])), Level.ATOM
        if expr.function == "shape" and expr.args and not expr.order:
            return self.shape(expr.args)
        if expr.function == "sqrt" and len(expr.args) == 1 and not expr.order:
            return Root(self.box(expr.args[0])), Level.ATOM
        head: Box = Letter("σ") if expr.function == "sigmoid" else function_word(expr.function)
        if expr.order:
            head = Script(head, primes=expr.order)
        return self.applied(head, expr.args), Level.ATOM

    def shape(self, sizes: tuple[Expr, ...]) -> tuple[Box, Level]:
        """`3 × 5`; a single size stands for itself."""
        if len(sizes) == 1:
            return self.place(sizes[0])
        items = [part for size in sizes for part in (Sign("×"), self.box(size, Level.POWER))]
        return row(*items[1:]), Level.PRODUCT

    def applied(self, head: Box, args: tuple[Expr, ...]) -> Box:
        return row(head, parenthesised(commas([self.box(a, Level.SUM) for a in args])))

    def reduce(self, expr: Reduce) -> tuple[Box, Level]:
        if expr.operation == "stack":
            return self.listed(expr)
        char = "∑" if expr.operation == "sum" else "∏"
        low, high = self.limits(expr)
        body = self.box(expr.body, Level.PREFIX if isinstance(expr.body, Reduce) else Level.PRODUCT)
        return row(Big(char, low, high), body), Level.PREFIX

    def listed(self, expr: Reduce) -> tuple[Box, Level]:
        """A column of values: its first, the dots, its last."""
        if expr.low is None or expr.high is None:
            return self.place(expr.body)
        ends = [substitute(expr.body, {expr.variable: end}) for end in (expr.low, expr.high)]
        first, last = (self.box(end, Level.SUM) for end in ends)
        return Fence("[", "]", row(commas([first, Sign("…"), last]))), Level.ATOM

    def limits(self, expr: Reduce) -> tuple[Box, Box | None]:
        variable = name_box(expr.variable)
        condition = self.small_box(expr.condition) if expr.condition else None
        low = variable
        high = None
        if expr.low is not None:
            sign = "=" if expr.high is not None else "≥"
            low = row(variable, Sign(sign), self.script(expr.low))
            high = self.script(expr.high) if expr.high is not None else None
        elif expr.high is not None:
            low = row(variable, Sign("≤"), self.script(expr.high))
        if condition is None:
            return low, high
        sides = expr.condition.sides if isinstance(expr.condition, Compare) else ()
        if expr.low is None and expr.high is None and sides and sides[0] == Ref(expr.variable):
            return condition, None
        return row(low, Sign(":"), condition), high

    def partial(self, expr: Partial) -> tuple[Box, Level]:
        top: Box = Letter("∂")
        if expr.kind != "total":
            top = Script(top, sup=Sign("+"))
        simple = isinstance(expr.of, Ref)
        if simple:
            top = row(top, self.box(expr.of, Level.ATOM))
        bottom = row(Letter("∂"), self.box(expr.wrt, Level.ATOM))
        if self.small:
            box = row(top, Sign("/"), bottom)
        else:
            box = Frac(top, bottom)
        if simple:
            return box, Level.POWER
        return row(box, parenthesised(self.box(expr.of))), Level.PRODUCT

    def concat(self, expr: Concat) -> tuple[Box, Level]:
        return Fence("[", "]", commas([self.box(b, Level.SUM) for b in expr.blocks], sign=";")), Level.ATOM

    def vector(self, expr: Vector) -> tuple[Box, Level]:
        return parenthesised(commas([self.box(e, Level.SUM) for e in expr.entries])), Level.ATOM

    def matrix(self, expr: Matrix) -> tuple[Box, Level]:
        return Grid(tuple(tuple(self.box(e) for e in line) for line in expr.rows), "(", ")"), Level.ATOM

    def component(self, expr: Component) -> tuple[Box, Level]:
        return Script(parenthesised(self.box(expr.body)), self.script(*expr.index)), Level.ATOM

    def block(self, expr: Block) -> tuple[Box, Level]:
        box = self.box(expr.body, Level.ATOM)
        return with_script(box, sup=Fence("[", "]", Digits(str(expr.number + 1)))), Level.POWER

    def compare(self, expr: Compare) -> tuple[Box, Level]:
        items = [self.box(expr.sides[0], Level.SUM)]
        for relation, side in zip(expr.relations, expr.sides[1:], strict=True):
            space = relation == "in" and isinstance(side, Call) and side.function == "shape"
            box = Script(_REALS, sup=self.small_box(side)) if space else self.box(side, Level.SUM)
            items += [Sign(RELATIONS[relation]), box]
        return row(*items), Level.RELATION

    def all(self, expr: All) -> tuple[Box, Level]:
        items: list[Box] = []
        for i, condition in enumerate(expr.conditions):
            items += [Sign("∧")] * bool(i) + [self.box(condition, Level.RELATION)]
        return row(*items), Level.JOIN

    def indicator(self, expr: Indicator) -> tuple[Box, Level]:
        return row(Styled("bold", Digits("1")), Fence("{", "}", self.box(expr.condition))), Level.ATOM

    def cases(self, expr: Cases) -> tuple[Box, Level]:
        rows = tuple(
            (self.box(value), Text("otherwise") if when is None else row(Text("if "), self.box(when)))
            for value, when in expr.branches
        )
        return Grid(rows, "{", ""), Level.ATOM

    def ones(self, _: Ones) -> tuple[Box, Level]:
        return Styled("bold", Digits("1")), Level.ATOM

    def identity(self, _: Identity) -> tuple[Box, Level]:
        return Letter("I"), Level.ATOM


# Any: each handler takes the one node class it is listed under.
_HANDLERS: dict[type[Expr], Any] = {
    Num: _Layout.num, Ref: _Layout.ref, Add: _Layout.add, Neg: _Layout.neg, Mul: _Layout.mul, Div: _Layout.div,
    Pow: _Layout.pow, Transpose: _Layout.transpose, Call: _Layout.call, Reduce: _Layout.reduce,
    Partial: _Layout.partial, Concat: _Layout.concat, Vector: _Layout.vector, Matrix: _Layout.matrix,
    Component: _Layout.component, Block: _Layout.block, Compare: _Layout.compare, All: _Layout.all,
    Indicator: _Layout.indicator, Cases: _Layout.cases, Ones: _Layout.ones, Identity: _Layout.identity,
}  # fmt: skip


def _associate(outer: Product, inner: Product) -> bool:
    """Whether `a (b c)` may be written `a b c` for people."""
    return outer == inner or inner in _SILENT


def _is_small_power(exponent: Expr) -> bool:
    return isinstance(exponent, Num) and exponent.value.denominator == 1 and exponent.value >= 2


def _runs_on(expr: Expr) -> bool:
    return isinstance(expr, Reduce) or (isinstance(expr, Mul) and _runs_on(expr.right))


def _first(box: Box) -> Box:
    while isinstance(box, (Row, Marked, Script)):
        box = box.items[0] if isinstance(box, Row) else box.body if isinstance(box, Marked) else box.base
    return box
