"""Convolutions in stages: output sizes and multiplications, derived from the index equation and executed in torch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.dimensions import Dims, read_shapes, show
from checkers.doubt import doubt, unsure
from checkers.integers import judge_integer
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.kinds.count import Known
from checkers.numbers import nothing_to_read
from checkers.solution import Road, Solution
from checkers.spec import Strict
from checkers.verdict import Verdict, Witness
from derivations.derivation import Step
from notation.tree import Call, Compare, Expr, Mul, Ref, add, number
from notation.vocabulary import Vocabulary

if TYPE_CHECKING:
    from checkers.bench import Bench


class StageSpec(Strict):
    """One convolution; `channels: same` keeps them, and `groups: channels` makes it depthwise."""

    name: str
    kernel: list[int] = Field(min_length=2, max_length=2)
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    channels: int | Literal["same"] = "same"
    groups: int | Literal["channels"] = 1


class Convolution(Kind):
    """`ask: multiplications` or `ask: shapes` of convolutions applied one after the other to an image (height, width,
    channels). An image without its channels leaves them open."""

    kind: Literal["convolution"] = "convolution"
    input: list[int] = Field(min_length=2, max_length=3)
    stages: list[StageSpec] = Field(min_length=1)
    ask: Literal["multiplications", "shapes"]
    foreseen: list[Known] = Field([])

    def results(self) -> Any:
        """The derived stages."""
        from derivations.convolution import Stage, run_stages

        height, width, channels = *self.input[:2], (self.input[2] if len(self.input) > 2 else 1)
        stages, current = [], channels
        for s in self.stages:
            after = current if s.channels == "same" else s.channels
            groups = current if s.groups == "channels" else s.groups
            stages.append(Stage(s.name, tuple(s.kernel), s.stride, s.padding, s.dilation, after, groups))
            current = after
        return run_stages((height, width), channels, tuple(stages))

    @property
    def channels_open(self) -> bool:
        """Whether the image is given without its channels, so that an answer may leave them out or name any."""
        return len(self.input) == 2

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        if self.channels_open and self.ask == "multiplications":
            message = "multiplications need the channels of the image"
            raise bench.assignment.error(message, "questions", question.id, "input", hint="[height, width, channels]")
        results = self.results()
        steps: list[Step] = []
        for n, r in enumerate(results, 1):
            s = r.stage
            size = Call(
                "floor", (fraction(int(r.before[0]) + 2 * s.padding - s.dilation * (s.kernel[0] - 1) - 1, s.stride),)
            )
            steps.append(
                Step(
                    Compare((Ref(f"H_{{{n}}}"), add(size, number(1)), number(int(r.after[0]))), ("=", "=")),
                    f"{s.name}: the last window must still lie in the padded input",
                )
            )
            if self.ask == "shapes":
                continue
            product = star(*(int(a) for a in r.after), int(s.channels), int(r.window))
            steps.append(
                Step(
                    Compare((product, number(int(r.multiplications))), ("=",)),
                    f"{s.name}: outputs times products for one output",
                )
            )
        shapes = [
            Call("shape", (*(number(int(a)) for a in r.after), *self.channels_of(int(r.stage.channels))))
            for r in results
        ]
        total = sum(int(r.multiplications) for r in results)
        answers: tuple[Expr, ...]
        if self.ask == "shapes":
            answers = tuple(shapes)
        elif len(results) > 1:
            answers = (Compare((add(*(number(int(r.multiplications)) for r in results)), number(total)), ("=",)),)
        else:
            answers = (number(total),)
        return Solution(
            question.id,
            answers=answers,
            steps=tuple(steps),
            roads=(self.executed(results),),
            rule="Height and width; channels may be added in front or behind."
            if self.channels_open
            else "Height, width, channels (or channels first)."
            if self.ask == "shapes"
            else "The exact integer; sums and products may stand unevaluated.",
        )

    def channels_of(self, channels: int) -> tuple[Expr, ...]:
        """The channels as the last dimension of a key, where they are known."""
        return () if self.channels_open else (number(channels),)

    def executed(self, results: Any) -> Road:
        """torch.nn.Conv2d with groups for the shapes, unfolded windows for the products."""
        from reference_impl.convolve import run_convolution

        agrees, tried = True, []
        for r in results:
            s = r.stage
            done = run_convolution(
                (int(r.before[0]), int(r.before[1])),
                int(r.channels_in),
                int(s.channels),
                s.kernel,
                s.stride,
                s.padding,
                s.dilation,
                int(s.groups),
            )
            agrees &= done.shape == (int(s.channels), int(r.after[0]), int(r.after[1])) and done.multiplications == int(
                r.multiplications
            )
            tried.append(f"{s.name} {show(done.shape)}, {done.multiplications:,} products")
        return Road("torch.nn.Conv2d and unfold", agrees, None, "; ".join(tried))

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        solution = bench.solution(question.id)
        if self.ask == "multiplications":
            key = solution.answers[0]
            last = key.sides[-1] if isinstance(key, Compare) else key
            known = {k.value: (k.verdict, k.message) for k in self.foreseen}
            return judge_integer(question, text, int(last.value), Vocabulary(open=True), {}, known)  # type: ignore[attr-defined]
        wanted = [tuple(int(a.value) for a in s.args) for s in solution.answers]  # type: ignore[attr-defined]
        return self.judge_shapes(question, text, wanted)

    def judge_shapes(self, question: Question, text: str, wanted: list[tuple[int, ...]]) -> Verdict:
        """The shapes of all stages, in order or by name."""
        text = _sides_together(_ARTICLE.sub(" ", _TYPED.sub("", text)))
        answer, found = read_shapes(text, Vocabulary(open=True), {}, named=self.channels_open)
        if len(found) > len(wanted):
            plain = [d for d in found if not _of_something_else(answer.text, d)]
            found = plain if any(len(d.sizes) > 1 for d in plain) else found
        if len(found) > len(wanted):  # the input, named before the outputs
            found = [d for d in found if d.sizes != tuple(self.input)] or found
        found = combined(found, len(wanted))
        if not found:
            if answer.errors:
                raise answer.errors[0]
            raise nothing_to_read(text, "shape")
        if answer.errors:
            raise answer.errors[0]
        shapes = found if self.channels_open else [d for d in found if len(d.sizes) == 3] or found
        if self.channels_open:
            shapes = [d for d in shapes if len(d.sizes) > 1] or shapes
        named = self.by_name(shapes, text)
        mine = named if named is not None else [d.sizes for d in shapes][-len(wanted) :]
        reading = tuple(Call("shape", tuple(number(k) for k in d.sizes)) for d in shapes)
        if len(mine) < len(wanted):
            one_right = bool(mine) and (self.same(mine[0], wanted[0]) or self.same(mine[0], wanted[-1]))
            message = f"{len(wanted)} output sizes are asked, and {len(mine)} was found."
            return verdict(question, text, "partial" if one_right else "wrong", reading=reading, message=message)
        wrong = [k for k, (a, b) in enumerate(zip(mine, wanted, strict=False)) if not self.same(a, b)]
        if not wrong and any(doubt(text, d.statement.span, value=self.channels_open) for d in shapes):
            return doubtful(question, text, "the answer denies it", reading)
        if not wrong:
            return verdict(
                question,
                text,
                "correct",
                reading=reading,
                evidence="the shapes " + " and ".join(show(w) for w in wanted),
            )
        right = any(self.same(d.sizes, wanted[k]) for d in shapes for k in wrong)
        if right and (why := unsure(text)):
            return doubtful(question, text, why, reading)
        k = wrong[0]
        if self.channels_open and len(mine[k]) == 1 and set(mine[k]) == set(wanted[k]):
            if _BOTH_SIDES.search(text):
                return verdict(question, text, "correct", reading=reading, evidence=f"both sides, {show(wanted[k])}")
            message = f"One side is {mine[k][0]}; the size is {show(wanted[k])}."
            return verdict(question, text, "partial", reading=reading, message=message)
        witness = Witness(self.stages[k].name, show(wanted[k]), show(mine[k]))
        return verdict(
            question,
            text,
            "wrong",
            reading=reading,
            witness=witness,
            message=f"After {self.stages[k].name} the size is {show(wanted[k])}, not {show(mine[k])}.",
        )

    def same(self, mine: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
        """Whether a stated size is the one asked; open channels may stand in front (after a batch) or behind."""
        if not self.channels_open:
            return mine in _orders(wanted)
        height_width = len(wanted)
        return mine[-height_width:] == wanted or (len(mine) == height_width + 1 and mine[:height_width] == wanted)

    def by_name(self, shapes: list[Dims], text: str) -> list[tuple[int, ...]] | None:
        """Shapes ordered by the stage names that stand before (or after) them."""
        stems = [s.name.split()[0].lower()[:5] for s in self.stages]
        lower = text.lower()
        if not all(stem in lower for stem in stems):
            return None
        first_name = min(lower.index(stem) for stem in stems)
        out: dict[int, tuple[int, ...]] = {}
        leading = bool(shapes) and first_name < shapes[0].statement.span[0]
        for n, d in enumerate(shapes):
            start, end = d.statement.span
            low = shapes[n - 1].statement.span[1] if n else 0
            high = shapes[n + 1].statement.span[0] if n + 1 < len(shapes) else len(lower)
            near = lower[low:start] if leading else lower[end:high]
            hits = [k for k, stem in enumerate(stems) if stem in near]
            if len(hits) == 1:
                out[hits[0]] = d.sizes
        return [out[k] for k in sorted(out)] if len(out) == len(stems) else None


# what was typed to have a size printed
_TYPED = re.compile(r"(?m)^[ \t]*(?:>>>|In ?\[\d*\]:)[^\n]*\n(?=[^\n]*\d)")
# a 30 × 30 map
_ARTICLE = re.compile(r"\ba(?=\s+\$?\d+\s*(?:×|x|\\times|by)\s*\d)")


# H_out = W_out = ... = 30
_BOTH_SIDES = re.compile(
    r"\bH(?:_\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}|_?\w+)?\s*=\s*W(?:_|\b)|\b(?:as well|both|likewise|square)\b"
)
_SIDE = (
    r"\b(?P<{0}>height|width|H|W)(?:_?\{{?(?:out\w*|o)\}}?)?\s*(?:is|=|:|of)?\s*(?P<{1}>\d+)(?![\d.]*\d|\s*[-+*/×(])"
)
# height 30, width 30
_BOTH = re.compile(
    _SIDE.format("a", "m") + r"\s*(?:,|;|and|&|×|x|by)?\s*(?:and\s+)?(?:the\s+)?" + _SIDE.format("b", "n"), re.I
)
_PIXELS = r"\s*(?:pixels?\s*)?(?:in\s+)?"
# 30 rows and 30 columns, 30 high and 30 wide
_ROWS = re.compile(
    rf"(?<![\d.])(\d+){_PIXELS}(?:rows?|high|tall|height)\b[\s$]*(?:,|;|×|x|by|and)*\s*(?:and\s+)?[\s$]*"
    rf"(\d+){_PIXELS}(?:col(?:umn)?s?|wide|width)\b",
    re.IGNORECASE,
)
# 3 x 3 windows, the padded image is 32 x 32
_OTHER = r"(?:windows?|kernels?|filters?|patch(?:es)?|masks?|input|padded|padding)"
_THING = re.compile(rf"^[\s$]*-?(?:(?:pixel|sized?|conv\w*)\s+)?{_OTHER}\b(?!\s+positions)", re.IGNORECASE)
_BEFORE = re.compile(
    rf"\b(?:{_OTHER}(?:\s+(?:image|size|input|map))?|after\s+padding(?:\s+by\s+\d+)?,?(?:\s+(?:the|an?|our))*\s+(?:image|input|size|it))"
    r"\s*(?:(?:is|has|of|size|becomes?|now|then|effectively|a|the|to|[:=(])\s*)*\$?\s*$",
    re.IGNORECASE,
)


# 30 × 30 (30 = 28 - 3 + 4 + 1)
_ASIDE = re.compile(r"(?<=\d)\s+\(((?:[^()\n]|\([^()\n]*\))*=(?:[^()\n]|\([^()\n]*\))*)\)")


def _sides_together(text: str) -> str:
    """`height 30, width 30` as `30 × 30`, and equations in brackets behind a number as statements."""

    def both(m: re.Match[str]) -> str:
        first, second = m["a"][0].lower(), m["b"][0].lower()
        if first == second:
            return m[0]
        return f"{m['m']} × {m['n']}" if first == "h" else f"{m['n']} × {m['m']}"

    return _BOTH.sub(both, _ROWS.sub(r"\1 × \2", _ASIDE.sub(r" ; \1 ; ", text)))


def _of_something_else(text: str, found: Dims) -> bool:
    """Whether a size is said of the window or of the image that goes in."""
    start, end = found.statement.span
    return bool(_THING.match(text[end:]) or _BEFORE.search(text[:start]))


def _orders(shape: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Height, width, channels, or channels first."""
    return {shape, (shape[-1], *shape[:-1])}


def combined(found: list[Dims], stages: int) -> list[Dims]:
    """`199 x 199 with 3 and 10 channels`: one spatial size and a channel number for each stage."""
    spatial = [d for d in found if len(d.sizes) == 2]
    single = [d for d in found if len(d.sizes) == 1]
    if len(spatial) == 1 and len(single) == stages and not any(len(d.sizes) == 3 for d in found):
        return [Dims(spatial[0].sizes + d.sizes, d.statement, d.words) for d in single]
    return found


def fraction(top: int, bottom: int) -> Expr:
    """A fraction as a tree."""
    from notation.tree import Div

    return Div(number(top), number(bottom))


def star(*factors: int) -> Expr:
    """A product of integers as a tree."""
    out: Expr = number(factors[0])
    for f in factors[1:]:
        out = Mul(out, number(f), "dot")
    return out
