"""Names that the questions of a model give to derivatives, `g_t` for `∂E_t/∂O_t`, as answers use them unexplained."""

from __future__ import annotations

import re

from derivations.model import Model
from notation.answer import read_answer
from notation.programs import find_program
from notation.statement import Answer
from notation.tree import Partial

# a name of several letters, as in code; one letter keeps the meaning that the question gives it
_OWN = r"(?<![\w\\\])}.])(?P<own>[A-Za-z][A-Za-z]{1,3}(?:\[[a-z]\])?)"


def read_with_shorthands(text: str, model: Model) -> Answer:
    """The answer, read with the names of the questions; a name that it gives a meaning of its own keeps that one."""
    text = _by_words(text, model)
    used = [f"{name} = {meaning}" for name, meaning in model.shorthands.items() if _uses(text, _letter(name))]
    if used:  # at the end, so that the places in all messages stay those of the answer
        text = f"{text}\n{_told(used)}" if find_program(text) is not None else f"{text}\n\nwhere {'; '.join(used)}"
    answer = read_answer(text, model.vocabulary)
    named = [f"{name} = {meaning}" for name, meaning in model.shorthands.items()]
    if answer.errors and named and not used and all(_letter(n) not in answer.definitions for n in model.shorthands):
        # a meaning that was given in a remark, as in the comment of a program, is known all the same
        told = read_answer(f"{text}\n\nwhere {'; '.join(named)}", model.vocabulary)
        return told if len(told.errors) < len(answer.errors) else answer
    return answer


def _told(meanings: list[str]) -> str:
    """Meanings as remarks of a program."""
    return "\n".join("# " + re.sub(r"^(\w+)_(\w)\b", r"\1[\2]", m) for m in meanings)


def _by_words(text: str, model: Model) -> str:
    """The text with a symbol for words that say what an own name stands for: `Ct = candidate`, `ig[t]: input gate`."""
    for symbol, words in model.names.items():
        if "-" in symbol or not words:
            continue
        said = "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))
        told = rf"{_OWN}(?:\s*(?:=|:|\bis\b)|(?<=\])(?=\s))\s*(?:the\s+)?(?:{said})\b(?=\s*(?:[.,;)\n]|$|\bat\b))"
        text = re.sub(told, lambda m, symbol=symbol: f"{m['own']} = {symbol}", text)  # type: ignore[misc]
    return text


def complaint(name: str, meaning: str, model: Model) -> str:
    """What is wrong with a shorthand of an author; empty where it names a derivative of the model."""
    answer = read_answer(f"where {name} = {meaning}", model.vocabulary)
    if answer.errors:
        return answer.errors[0].message
    if not any(isinstance(side, Partial) for s in answer.statements for side in s.sides[1:]):
        return f"'{meaning}' is no derivative"
    return ""


def _letter(name: str) -> str:
    """The name without its step."""
    return re.split(r"[_\[(^]", name.strip())[0].strip()


def _uses(text: str, letter: str) -> bool:
    """Whether a name stands in a text, not within a longer word or command, and is given no meaning there."""
    plain = text.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉ₜ", "0123456789t"))
    name = rf"(?<![A-Za-z\\]){re.escape(letter)}"
    defined = rf"{name}(?:_?\{{?\w\}}?|[\[(]\w[\])])?[\s&$]*(?::=|=|≡|\\equiv|\\coloneqq)"
    return re.search(rf"{name}(?![A-Za-z])", plain) is not None and re.search(defined, plain) is None
