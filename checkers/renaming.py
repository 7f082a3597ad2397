"""An answer's own labels for parameters of a model: `Q_1` or `Q_{past}` where the model has `Q_0` and `Q`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from derivations.model import Model
from notation.vocabulary import INDEX_LETTERS, Symbol, spell

_INNER = r"(?:\\(?:text|mathrm|mathit|rm)\s*\{?)?\s*\(?(?P<braced>[A-Za-z]\w*|\d)\)?\s*\}?\s*"
_LABEL = rf"\s*[_^]\s*(?:\{{\s*{_INNER}\}}|\(?(?P<bare>[A-Za-z]+|\d)\)?)"
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
    found: dict[str, list[re.Match[str]]] = {}
    for base in families:
        for m in re.finditer(rf"(?<![A-Za-z\\_^{{]){re.escape(base)}{_LABEL}", text):
            found.setdefault(m["braced"] or m["bare"], []).append(m)
    running = INDEX_LETTERS | set(model.vocabulary.ranges) | {"T", "t"}
    known = {label for members in families.values() for label in members}
    new = [c for c in found if c not in running and not any(_knows(model, b, c) for b in families)]
    roles = [c for c in sorted(set.intersection(*map(set, families.values()))) if c not in found] if families else []
    if not new or len(new) > min(len(roles), _MAX_LABELS) or not known:
        return
    for chosen in itertools.permutations(roles, len(new)):
        role = dict(zip(new, chosen, strict=True))
        places = sorted((m for c in new for m in found[c]), key=lambda m: m.start(), reverse=True)
        out = text
        for m in places:
            base = m[0][: re.match(r"[A-Za-z\\]+", m[0]).end()]  # type: ignore[union-attr]
            out = f"{out[: m.start()]}{families[base][role[m['braced'] or m['bare']]]} {out[m.end() :]}"
        yield out


def _knows(model: Model, base: str, label: str) -> bool:
    """Whether a name with this label is declared, or another name for a declared one."""
    return model.vocabulary.find(Symbol(base, (), label)) is not None
