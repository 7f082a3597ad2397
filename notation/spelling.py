"""How a symbol is spelled: letters, accents, sub- and superscripts, index brackets, and the shorthand of code."""

from __future__ import annotations

from dataclasses import replace

from notation.cursor import Cursor
from notation.errors import ReadError
from notation.lexicon import ACCENT_WORDS, GREEK, near_function
from notation.spelled import _FUNCTION_LETTERS, _NO_QUANTITY, _STEP_WORDS, Piece, Spelled
from notation.tokens import Token
from notation.tree import Ref
from notation.vocabulary import INDEX_LETTERS, Quantity, Symbol, group, split_commas


class Spelling(Cursor):
    """The part of the reader that collects one symbol from the text; `naming` while it reads a name being defined."""

    naming = False

    # -- spelling -------------------------------------------------------------------------------------------------

    def spelled(self) -> Spelled:
        """Collect one symbol with its accents, subscripts and index-like superscripts and brackets."""
        start = self.here()
        accents: list[str] = []
        token = self.take()
        while token.kind == "accent":
            accents.append(token.text)
            token = self.take()
        subs: list[Piece] = []
        sups: list[Piece] = []
        if token.kind == "op" and token.text == "{":  # \hat{y}, \overline{c_t}
            self.pos -= 1
            inner = self.bracketed() or []
            nested = type(self)(inner, self.text, self.vocabulary, self.bound)
            if not inner or inner[0].kind not in {"name", "greek", "accent", "op"}:
                raise self.error("an accent needs a letter", "\\hat y", (token.start, token.end))
            one = nested.spelled()
            if nested.peek() is not None:
                raise nested.error("an accent covers one symbol only", "\\tilde{C}_t")
            base, subs, sups = one.base, one.subs, one.sups
            accents = [*one.accents, *accents]
        elif token.kind in {"name", "greek"}:
            base = token.text if token.kind == "greek" or token.roman else self.split_run(token)
            if self.vocabulary.latex and token.kind == "name" and token.roman:
                base = token.text
        else:
            self.pos -= 1
            raise self.error("expected a name")
        result = Spelled(base, self.vocabulary.accents(base, accents), subs, sups, start, self.before())
        self.code_label(result)
        self.code_step(result)
        self.trailers(result)
        result.end = self.before()
        return result

    def code_label(self, out: Spelled) -> None:
        """In `Wf`, `bV` the second letter is the label, unless the whole run is a name of its own."""
        run = out.base
        if len(run) < 2 or self.vocabulary.knows_base(run):
            return
        for k in range(1, len(run)):
            if self.is_factor(run[k:], run[:k]):
                continue
            if self.vocabulary.find(Symbol(run[:k], out.accents, run[k:])) is not None:
                out.base = run[:k]
                out.subs.append([Token("name", run[k:], out.start + k, out.start + len(run))])
                return

    def code_step(self, out: Spelled) -> None:
        """In `ct`, `ht`, `ft` the t is the step: a quantity is never multiplied by its own sequence variable."""
        token = self.peek()
        if token is None or token.kind != "name" or token.space or token.start != self.before():
            return
        letter = token.text[0]
        if len(token.text) == 1 and self._axes(out) and not out.subs and self.letter_and_index(out.base + letter):
            out.subs.append([token])
            self.pos += 1
            return
        ends = {
            high.name
            for axis in self._axes(out)
            for high in (self.vocabulary.ranges[axis][1],)
            if isinstance(high, Ref)
        }
        if letter in {*self._axes(out), *ends} and not out.subs:
            out.subs.append([replace(token, text=letter, end=token.start + 1)])
            if len(token.text) == 1:
                self.pos += 1
            else:
                self.tokens[self.pos] = replace(token, text=token.text[1:], start=token.start + 1)

    def split_run(self, token: Token) -> str:
        """Take the first name of a run of letters (`Wx` is W times x) and leave the rest as a token."""
        run = token.text
        first = self.first_name(run)
        if self.letter_and_index(first):
            first = run[:1]
        if len(first) < len(run):
            rest = replace(token, text=run[len(first) :], start=token.start + len(first), space=False)
            self.tokens[self.pos - 1 : self.pos] = [replace(token, text=first, end=token.start + len(first)), rest]
        return first

    def first_name(self, run: str) -> str:
        """The longest prefix of `run` that is a name such that the rest can be read too; all of it if none is."""
        known = self.vocabulary
        if len(run) == 1 or self.is_name(run):
            return run
        nxt = self.peek()
        if nxt is not None and nxt.kind == "op" and nxt.text in {"_", "("} and not nxt.space and known.function(run):
            return run
        if nxt is not None and nxt.text == "(" and not nxt.space and (near := near_function(run)):
            start = max(nxt.start - len(run), 0)
            hint = f"did you mean {near}?"
            raise ReadError(f"there is no function '{run}'", self.text, (start, start + len(run)), hint)
        cuts = [k for k in range(len(run) - 1, 0, -1) if self.is_name(run[:k]) and self.readable(run[k:])]
        if cuts:
            return run[: cuts[0]]
        if known.open and (known.latex or len(run) <= 3) and run not in GREEK:
            return run[0]
        return run

    def is_factor(self, run: str, before: str) -> bool:
        """Whether the end of a run carries a step of its own: `Qh[t-1]` is Q times h[t-1], not Q_h.

        Where nothing is called Q, as in `Uf_kj` beside a U_f, it is a label.
        """
        following = self.peek()
        if self.vocabulary.find(Symbol(before)) is None and self.vocabulary.find(Symbol(before, (), run)) is not None:
            return False
        indexed = following is not None and following.text in {"[", "_"} and not following.space
        return indexed and self.vocabulary.stepped_base(run)

    def letter_and_index(self, run: str) -> bool:
        """Whether two letters are a capital that runs along a sequence and its index, `Hk`."""
        capital = len(run) == 2 and run[0].isupper() and self.loose_index(run[1])
        return capital and self.vocabulary.stepped_base(run[0])

    def loose_index(self, letter: str) -> bool:
        """Whether a letter can only be an index, because nothing is called by it."""
        known = self.vocabulary
        return letter in INDEX_LETTERS and not known.open and not known.knows_base(letter)

    def is_name(self, run: str) -> bool:
        """Whether a run of letters is one declared name, function or index variable."""
        known = self.vocabulary
        if self.letter_and_index(run):
            return True
        if known.knows_base(run) or run in self.bound or known.is_axis(run) or known.function(run) is not None:
            return True
        labels = [k for k in range(1, len(run)) if not self.is_factor(run[k:], run[:k])]
        if any(known.find(Symbol(run[:k], (), run[k:])) is not None for k in labels):
            return True  # Wf, bV
        for suffix in ACCENT_WORDS:
            if (
                run.endswith(suffix)
                and len(run) > len(suffix)
                and self._accented(run[: -len(suffix)], ACCENT_WORDS[suffix])
            ):
                return True
        return len(run) == 1 and known.open

    def _accented(self, base: str, accent: str) -> bool:
        return any(key.startswith(f"{accent}:{base}") for key in self.vocabulary.spellings)

    def readable(self, run: str) -> bool:
        """Whether a run of letters can be split into names without rest."""
        return not run or any(self.is_name(run[:k]) and self.readable(run[k:]) for k in range(len(run), 0, -1))

    # -- trailers -------------------------------------------------------------------------------------------------

    def trailers(self, out: Spelled) -> None:
        """Collect subscripts, index-like superscripts and index brackets that follow a symbol."""
        while (token := self.peek()) is not None:
            if token.kind == "combining":
                self.pos += 1
                out.accents = self.vocabulary.accents(out.base, (*out.accents, token.text))
            elif (
                token.kind == "num"
                and not token.space
                and not out.subs
                and token.start == out.start + len(out.base)
                and token.text.isdigit()
            ):
                key = replace(Symbol(out.base, out.accents), label=token.text)
                unknown = self.vocabulary.find(key) is None and not self.vocabulary.open and not self._axes(out)
                if unknown and not self.naming:
                    return
                self.pos += 1
                out.subs.append([token])
            elif token.kind == "op" and token.text == "_":
                self.pos += 1
                out.subs.extend(self.subscript(out))
            elif token.kind == "op" and token.text == "^" and (pieces := self.index_superscript(out)) is not None:
                out.sups.extend(pieces)
            elif (
                token.kind == "op"
                and token.text in {"(", "["}
                and (pieces := self.index_bracket(out, token)) is not None
            ):
                out.subs.extend(pieces)
                out.brackets.extend(pieces)
            elif token.text == "^" and (self.starred(out) or self.step_after_power(out)):
                continue
            else:
                return

    def starred(self, out: Spelled) -> bool:
        """`D^*` is a name of its own where it is declared or nothing is; elsewhere the star only marks an optimum."""
        inner, after = group(self.tokens, self.pos + 1)
        if [t.text for t in inner] != ["*"]:
            return False
        self.pos = after
        if self.vocabulary.open or self.vocabulary.find(Symbol(out.base + "^*", out.accents)) is not None:
            out.base += "^*"
        return True

    def step_after_power(self, out: Spelled) -> bool:
        """In `e_j^2(t)` the step stands after the power: collect it, and leave the power for later."""
        start = self.pos
        _, after = group(self.tokens, start + 1)
        bracket = self.tokens[after] if after < len(self.tokens) else None
        if not self._axes(out) or bracket is None or bracket.text not in {"(", "["} or bracket.space:
            return False
        power = self.tokens[start:after]
        if any(t.kind != "num" and t.text not in {"^", "{", "}"} for t in power):
            return False
        self.pos = after
        pieces = self.index_bracket(out, bracket)
        if pieces is None:
            self.pos = start
            return False
        out.subs.extend(pieces)
        self.tokens[self.pos : self.pos] = power
        return True

    def subscript(self, out: Spelled) -> list[Piece]:
        """The pieces of a subscript."""
        token = self.peek()
        if token is None:
            raise self.error("'_' needs a subscript", "h_{t-1}")
        if token.kind == "op" and token.text == "{":
            inner = self.bracketed() or []
            if not inner:
                raise self.error("an empty subscript", "h_{t-1}", (token.start, token.end))
            return split_commas(inner)
        if token.kind not in {"name", "greek", "num", "accent", "cmd", "ones", "infinity"}:
            raise self.error("'_' needs a subscript", "h_{t-1}")
        self.pos += 1
        following = self.peek()
        if (
            token.text in {"tp", "tm", "tplus", "tminus"}
            and following is not None
            and following.kind == "num"
            and not following.space
        ):
            self.pos += 1  # c_tp1 is c at t+1
            return [[replace(token, text=token.text[:2]), following]]
        if token.kind == "name" and len(token.text) > 1 and not token.roman:
            return [[self._plain_label(out, token)]]
        after = self.peek(1)
        if (
            following is not None
            and following.text == ","
            and not following.space
            and after is not None
            and not after.space
            and (
                after.text in self.vocabulary.ranges
                or (after.text in INDEX_LETTERS and self.at_op("(", ahead=2))
                or (after.text in INDEX_LETTERS and self._takes_component(out, token))
            )
        ):
            self.pos += 2  # a_f,t without braces
            return [[token], [after]]
        return [[token]]

    def _plain_label(self, out: Spelled, token: Token) -> Token:
        """In `W_fx` the label is f and x is a factor; in `W_fh` it may all be label: the declared names decide."""
        run, known = token.text, self.vocabulary
        room = len(self._axes(out)) + len((self._plainly(out) or _NO_QUANTITY).shape or ())
        if 1 < len(run) <= room and all(known.is_axis(c) or c in INDEX_LETTERS or c in self.bound for c in run):
            return token  # e_kj: one letter an index
        base = Symbol(out.base, out.accents)
        for k in range(len(run), 0, -1):
            label_known = known.find(replace(base, label=run[:k])) is not None
            whole_index = k == 1 and self._axes(out) and known.is_axis(run[:1])
            if k == len(run) and (label_known or run in ACCENT_WORDS or run in _STEP_WORDS or out.base == "delta"):
                return token
            if (label_known or whole_index) and self.readable(run[k:]):
                rest = replace(token, text=run[k:], start=token.start + k, space=False)
                self.tokens.insert(self.pos, rest)
                return replace(token, text=run[:k], end=token.start + k)
        if known.open and known.latex:
            rest = replace(token, text=run[1:], start=token.start + 1, space=False)
            self.tokens.insert(self.pos, rest)
            return replace(token, text=run[:1], end=token.start + 1)
        return token

    def _takes_component(self, out: Spelled, step: Token) -> bool:
        """Whether a quantity runs along a sequence, has components, and stands at a step: the `_2` of `z_2,i`."""
        found = self._plainly(out)
        steps = step.kind == "num" or step.text in self.vocabulary.ranges
        return found is not None and len(found.axes) == 1 and len(found.shape or ()) == 1 and steps

    def _axes(self, out: Spelled) -> tuple[str, ...]:
        found = self._plainly(out)
        return found.axes if found else ()

    def _plainly(self, out: Spelled) -> Quantity | None:
        """The quantity of a symbol without its subscripts; a bar that no name has marks an adjoint."""
        bare = tuple(a for a in out.accents if a != "bar")
        named = Symbol(out.base, out.accents)
        found = self.vocabulary.stepped(named) or self.vocabulary.find(named)
        found = found or self.vocabulary.find(Symbol(out.base, bare))
        for word, accent in ACCENT_WORDS.items():  # yhat, htilde
            if found is None and out.base.endswith(word) and out.base != word:
                found = self.vocabulary.find(Symbol(out.base[: -len(word)], (*out.accents, accent)))
        return found

    def index_superscript(self, out: Spelled) -> list[Piece] | None:
        """The pieces of a superscript that is a time, a component or a label, not a power; None leaves it alone."""
        if self.at_op("{", ahead=1) and self.closing(self.pos + 1) < 0:
            brace = self.tokens[self.pos + 1]
            raise self.error("this '{' is never closed", "add the missing '}'", (brace.start, brace.end))
        inner, after = group(self.tokens, self.pos + 1)
        if not inner:
            raise self.error("'^' needs an exponent", "x^2")
        if len(inner) > 3 and inner[0].text == "(" and inner[-2].text == ")" and inner[-1].text in {"top", "T"}:
            # W^{(2)\\top}: a layer and a transpose in one superscript
            mark = self.tokens[self.pos]
            layer = [replace(mark, text="{"), *inner[:-1], replace(mark, text="}")]
            self.tokens[self.pos + 1 : after] = [*layer, mark, replace(inner[-1], kind="top", text="top")]
            inner, after = group(self.tokens, self.pos + 1)
        if self.at_op("(", "<", "langle", ahead=1) and self.tokens[self.pos + 1].kind == "op":  # h^(t), h^<t>
            close = {"(": ")", "<": ">", "langle": "rangle"}[self.tokens[self.pos + 1].text]
            end = next((i for i in range(self.pos + 2, len(self.tokens)) if self.tokens[i].text == close), -1)
            if end < 0:
                return None
            inner, after = self.tokens[self.pos + 1 : end + 1], end + 1
        wrapped = inner[0].text in {"(", "<", "langle"} and inner[-1].text in {")", ">", "rangle"} and len(inner) > 2
        content = inner[1:-1] if wrapped else inner
        spelled_sup = "^" + "".join(t.text for t in content)
        bare = wrapped or not out.subs or all(any(self._names_step(t) for t in p) for p in out.subs)
        if bare and self._names_layer(Symbol(out.base + spelled_sup, out.accents)) and inner[0].kind != "top":
            self.pos = after
            out.base += spelled_sup
            return []
        texts = [t.text for t in content]
        axes = self._axes(out)
        runs = set(self.vocabulary.ranges) | self.bound
        names = [t for t in content if t.kind in {"name", "greek"}]
        timelike = bool(axes) and bool(names or wrapped) and all(self._timelike(t) for t in content) and texts != ["T"]
        if wrapped and axes and texts == ["T"]:
            timelike = True
        shifts = {"+", "-"} if axes else set()  # z_l^{(k+1)}
        component = wrapped and all(t.text in INDEX_LETTERS | shifts or t.kind == "num" for t in content)
        component = component and (bool(names) or not self.vocabulary.open)  # x^(2) is a square
        bare = (
            not wrapped
            and len(content) == 1
            and content[0].kind == "name"
            and content[0].text in (INDEX_LETTERS | runs)
        )
        label = (
            out.base == "delta"
            or self.vocabulary.find(replace(Symbol(out.base, out.accents), label="".join(texts))) is not None
        )
        if inner[0].kind in {"top"} or (texts in (["T"], ["*"], ["'"]) and not timelike):
            return None
        named = self.naming and not axes and len(content) == 1 and content[0].kind == "name"  # z^{o}(t) = ...
        if (
            timelike
            or component
            or named
            or (bare and (axes or out.subs))
            or (label and not any(t.kind == "num" for t in content))
        ):
            self.pos = after
            return split_commas(content)
        return None

    def _names_layer(self, symbol: Symbol) -> bool:
        """Whether a letter with this superscript is declared, alone or with labels: `h^{(1)}`, `W^{(1)}_f`."""
        labelled = f"{symbol.key}_"
        found = self.vocabulary.find(symbol) is not None
        return found or ("^" in symbol.base and any(k.startswith(labelled) for k in self.vocabulary.spellings))

    def _timelike(self, token: Token) -> bool:
        if token.kind == "num" or (token.kind == "op" and token.text in {"+", "-", ","}):
            return True
        bounds = {"T", "t", "tau"} | self.vocabulary.step_names | self.bound
        return token.kind in {"name", "greek"} and token.text in bounds

    def index_bracket(self, out: Spelled, token: Token) -> list[Piece] | None:
        """The pieces of `(t-1)`, `[t]`, `[i, j]` after a name that takes them; None leaves the bracket alone."""
        end = self.closing(self.pos)
        if end < 0:
            return None
        inner = self.tokens[self.pos + 1 : end]
        if not inner:
            return None
        symbol = Symbol(out.base, out.accents)
        whole = self.vocabulary.find(replace(symbol, label="".join(t.text for p in out.subs for t in p)))
        spelled = ("".join(t.text for t in p) for p in (*out.subs, *out.sups))
        own = (self.vocabulary.find(replace(symbol, label=label)) for label in spelled)
        labelled = whole or next((q for q in own if q is not None), None)
        local = labelled if labelled is not None and labelled.shape is None else None
        found = local or self._plainly(out) or labelled
        labels = len(out.subs) if whole is not None else int(labelled is not None)  # p_g(x)
        timelike = all(self._timelike(t) for t in inner)
        indexlike = all(self._timelike(t) or t.text in INDEX_LETTERS or t.text in {":"} for t in inner)
        if found is None:
            if out.base == "delta" or not self.vocabulary.open or token.space:
                taken = out.base == "delta" and timelike and any(t.kind == "name" for t in inner)
            else:
                letters = [t for t in inner if t.kind in {"name", "greek"}]
                short = all(self._timelike(t) or t.text in INDEX_LETTERS for t in inner) and len(letters) <= 2
                applied = (
                    len(inner) == 1
                    and letters
                    and inner[0].text in {"x", "y", "z", "t"}
                    and (bool(out.subs) or out.base in _FUNCTION_LETTERS)
                )
                taken = applied or (
                    short
                    and (
                        token.text == "["
                        or (letters != [] and letters[0].text in {"t", "tau", "k"} and out.base not in {"t"})
                    )
                )
        else:
            used = len([p for p in out.subs + out.sups if self._is_position(p)])
            entry = bool(found.axes) or (token.text == "[" and not token.space)  # g[1], where g is a vector of its own
            dims = 2 if found.shape is None and entry else len(found.shape or ())
            steps = [p for p in out.subs + out.sups if any(t.kind == "num" or self._names_step(t) for t in p)]
            missing = not steps and len(out.subs) - labels + len(out.sups) < len(found.axes) + dims
            letter = len(inner) == 1 and inner[0].kind == "name" and inner[0].text in (INDEX_LETTERS | self.bound)
            component = letter and not token.space and len(out.subs) + len(out.sups) < len(found.axes) + dims
            component = component and bool(steps or not found.axes)
            taken = (
                component
                or (missing and timelike and bool(found.axes))
                or (token.text == "[" and indexlike and used < len(found.axes) + dims)
                or self._entry_bracket(out, token, inner, found)
            )
        if not taken:
            return None
        self.pos = end + 1
        return split_commas(inner)

    def _entry_bracket(self, out: Spelled, token: Token, inner: list[Token], found: Quantity) -> bool:
        """Whether a bracket after an array without steps holds index expressions: `x[2(r-1)+i][k]`, `W(1,k,i)`."""
        room = len(found.shape or ()) - len(out.subs) - len(out.sups)
        if found.axes or room < 1:
            return False
        if token.text == "(" and (token.space or len(split_commas(inner)) < max(room, 2)):
            return False
        return all(self._in_index(t) for t in inner)

    def _in_index(self, token: Token) -> bool:
        """Whether a token can stand in an index expression."""
        if token.kind == "op":
            return token.text in {"+", "-", ",", "(", ")", "*", "times", "dot"}
        if token.kind == "num":
            return True
        quantities, bound = self.vocabulary.quantities, self.bound | INDEX_LETTERS
        return token.kind == "name" and all(
            c in bound or ((q := quantities.get(c)) is not None and q.role in {"index", "size"}) for c in token.text
        )

    def _names_step(self, token: Token) -> bool:
        """Whether a token names a step of the sequence, or says which neighbour of the current one is meant."""
        return token.text in self.vocabulary.ranges or token.text in {"t", "T", "tau"} or token.text in _STEP_WORDS

    def _is_position(self, piece: Piece) -> bool:
        return all(self._timelike(t) for t in piece) or (len(piece) == 1 and piece[0].text in _STEP_WORDS)
