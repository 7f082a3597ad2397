"""The library of models that assignments may use and extend: forward equations in `derivations/library/*.yaml`.

An entry is written as a model of an assignment is. An assignment's own models come first; a name that is not among
them is looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from checkers.errors import AuthorError
from checkers.frontmatter import YamlError, read_yaml
from checkers.spec import ModelSpec

FOLDER = Path(__file__).resolve().parents[1] / "derivations" / "library"


@cache
def library() -> Mapping[str, ModelSpec]:
    """All models of the library, by name, in the order of its files.

    >>> library()["gru_reset_before"].extends is None, library()["rnn_relu"].extends
    (True, 'rnn')
    """
    found: dict[str, ModelSpec] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        try:
            document = read_yaml(path.read_text(encoding="utf-8"), 1)
        except YamlError as problem:
            raise AuthorError(problem.message, file=path, line=problem.line, hint=problem.hint) from None
        for name, entry in document.data.items():
            try:
                found[str(name)] = ModelSpec.model_validate(entry)
            except ValidationError as problem:
                line = document.key_lines.get((name,))
                raise AuthorError(str(problem.errors()[0]["msg"]), file=path, line=line) from None
    return found


def with_library(own: Mapping[str, ModelSpec], used: Iterable[str]) -> dict[str, ModelSpec]:
    """The library models that `own` models extend or that are `used` by name, and what those extend, before `own`.

    A library model extends library models only, also where the assignment has one of its own by that name: that of
    the library is then told apart as `name (library)`.
    """
    wanted = [*(s.extends for s in own.values() if s.extends is not None), *used]
    found: dict[str, ModelSpec] = {}

    def include(name: str) -> str:
        spec = library()[name]
        key = f"{name} (library)" if name in own else name
        if key not in found:
            parent = include(spec.extends) if spec.extends is not None else None
            found[key] = spec.model_copy(update={"extends": parent})
        return key

    for name in wanted:
        if name not in own and name in library():
            include(name)
    return {**found, **own}
