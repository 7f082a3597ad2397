"""An answer's own labels for parameters of a model: `Q_1` or `Q_{past}` where the model has `Q_0` and `Q`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from derivations.model import Model
from notation.vocabulary import INDEX_LETTERS, Symbol, spell

_INNER = r"(?:\\(?:text|mathrm|mathit|rm)\s*\{?)?\s*\(?(?P<braced>[A-Za-z]\w*|\d)\)?\s*\}?\s*"
_LABEL = rf"\s*[_^]\s*(?:\{{\s*{_INNER}\}}|\(?(?P<bare>[A-Za-z]+|\d)\)?)|(?P<prime>['′]|\s*\^\s*\{{?\s*\\prime\s*\}}?)"
_ACCENT = r"\\(?P<accent>tilde|bar|hat)(?![A-Za-z])\s*\{?"
_MAX_LABELS = 3


def relabelled(text: str, model: Model) -> Iterator[str]:
    """The text with labels that the model does not know replaced by those of parameters that the text leaves out.

    One label stands for the same role in all parameters, `Q_1`, `K_1`, `V_1`; every way to give out the roles is tried.
    """
    families: dict[str, dict[str, str]] = {}  # letter -> label -> parameter
    for name in model.parameters:
        if not model.vocabulary.quantities[name].axes:
            symbol, pieces = spell(name)
            families.setdefault(symbol.base, {})["".join(t.text for p in pieces for t in p)] = name
    if not families:
        return
    found: dict[str, list[re.Match[str]]] = {}
    letters = "|".join(map(re.escape, families))
    for m in re.finditer(
        rf"(?<![A-Za-z\\_^{{])(?:{_ACCENT}\s*)?(?P<base>{letters})(?![A-Za-z])\}}?(?:{_LABEL})?", text
    ):
        found.setdefault(_label(m), []).append(m)
    running = INDEX_LETTERS | set(model.vocabulary.ranges) | {"T", "t"}
    new = [c for c in found if c and c not in running and not any(_knows(model, b, c) for b in families)]
    if not new:
        return
    new += [""] * ("" in found)
    roles = [c for c in sorted(set.intersection(*map(set, families.values()))) if c in new or c not in found]
    if len(new) > min(len(roles), _MAX_LABELS):
        return
    for chosen in itertools.permutations(roles, len(new)):
        role = dict(zip(new, chosen, strict=True))
        out = text
        for m in sorted((m for c in new for m in found[c]), key=lambda m: m.start(), reverse=True):
            out = f"{out[: m.start()]}{families[m['base']][role[_label(m)]]} {out[m.end() :]}"
        yield out


def _label(m: re.Match[str]) -> str:
    """What tells a parameter from others with the same letter: its script, its prime or its accent."""
    return m["braced"] or m["bare"] or ("'" if m["prime"] else "") or m["accent"] or ""


def _knows(model: Model, base: str, label: str) -> bool:
    """Whether a name with this label is declared, or another name for a declared one."""
    return model.vocabulary.find(Symbol(base, (), label)) is not None
