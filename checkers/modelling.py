"""From the model texts of an assignment to the model text that is built: inheritance and replaced equations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from checkers.assignment import Assignment
from checkers.spec import ModelSpec
from derivations.model import ModelText

_RANGE = re.compile(r"\s*(\d+)\s*\.\.\s*(\d+)\s*")
MAX_LAYERS = 32


def layers(repeat: Mapping[str, str]) -> list[tuple[str, int]]:
    """The letter and the numbers for which a line with that letter in parentheses is repeated.

    >>> layers({"l": "1..3"})
    [('l', 1), ('l', 2), ('l', 3)]
    """
    out: list[tuple[str, int]] = []
    for letter, text in repeat.items():
        match = _RANGE.fullmatch(text)
        if match is None or not 0 <= int(match[2]) - int(match[1]) < MAX_LAYERS:
            raise ValueError(f"'{text}' is no range of layers")
        out.extend((letter, k) for k in range(int(match[1]), int(match[2]) + 1))
    return out


def at_layer(text: str, letter: str, number: int) -> str:
    """A text for one layer: `h^{(l-1)}` in layer 2 is `h^{(1)}`.

    >>> at_layer("h^{(l)}_t = W^{(l)} h^{(l-1)}_t", "l", 2)
    'h^{(2)}_t = W^{(2)} h^{(1)}_t'
    """
    text = text.replace(f"({letter})", f"({number})")
    return re.sub(rf"\({letter}\s*([-+])\s*(\d+)\)", lambda m: f"({number + int(m[1] + m[2])})", text)


def _each_layer(text: str, repeat: Mapping[str, str]) -> list[str]:
    """The copies of a line or name, one for every layer; itself where it speaks of none."""
    found = [at_layer(text, letter, k) for letter, k in layers(repeat) if f"({letter}" in text]
    return found or [text]


def _all_layers(table: Mapping[str, str], repeat: Mapping[str, str]) -> dict[str, str]:
    """Names for every layer; a name that is written out goes before one that is repeated."""
    copied = {n: shape for name, shape in table.items() for n in _each_layer(name, repeat)}
    return copied | {name: shape for name, shape in table.items() if name in copied}


def _repeated(owner: str, spec: ModelSpec, repeat: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """The forward lines of one model with those of its layers together, each with where it stands."""
    copies = layers(repeat)
    lines = [(line, k) for k, line in enumerate(spec.forward.splitlines()) if line.strip()]
    out: list[tuple[str, str, int]] = []
    block: list[tuple[str, int]] = []
    for line, k in [*lines, ("", -1)]:
        if line and any(f"({letter}" in line for letter, _ in copies):
            block.append((line, k))
            continue
        out.extend((at_layer(text, letter, n), owner, j) for letter, n in copies if block for text, j in block)
        block = []
        if line:
            out.append((line, owner, k))
    return out


def merged(assignment: Assignment, name: str) -> tuple[ModelText, Callable[[int], tuple[str, int]]]:
    """The text of a model with what it inherits, and where each of its forward lines stands (model, line from 0)."""
    chain: list[tuple[str, ModelSpec]] = []
    current: str | None = name
    while current is not None:
        spec = assignment.models[current]
        if any(current == seen for seen, _ in chain):
            raise assignment.error(f"the model {current} extends itself", "models", name, "extends")
        chain.insert(0, (current, spec))
        current = spec.extends
    repeat: dict[str, str] = {}
    for owner, spec in chain:
        try:
            layers(spec.repeat)
        except ValueError as problem:
            raise assignment.error(str(problem), "models", owner, "repeat", hint="l: 1..3") from problem
        repeat |= spec.repeat
    sizes: dict[str, str] = {}
    inputs: dict[str, str] = {}
    parameters: dict[str, str] = {}
    computed: dict[str, str] = {}
    aliases: dict[str, str] = {}
    shorthands: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    samples: dict[str, str] = {}
    functions: dict[str, str] = {}
    sequence, loss = "", None
    lines: list[tuple[str, str, int]] = []
    for owner, spec in chain:
        sizes |= spec.sizes
        lines.extend(_repeated(owner, spec, repeat))
        inputs |= _all_layers(spec.inputs, repeat)
        parameters |= _all_layers(spec.parameters, repeat)
        computed |= _all_layers(spec.computed, repeat)
        aliases |= spec.aliases
        shorthands |= spec.shorthands
        names |= spec.names
        samples |= spec.samples
        functions |= spec.functions
        sequence = spec.sequence or sequence
        loss = spec.loss or loss
        for left, right in spec.replace.items():
            hits = [k for k, (line, _, _) in enumerate(lines) if line.partition("=")[0].strip() == left.strip()]
            if not hits:
                raise assignment.error(f"there is no equation for {left} to replace", "models", owner, "replace", left)
            for k in hits:
                lines[k] = (f"{left} = {right}", owner, lines[k][2])
    text = ModelText(
        name,
        sizes,
        sequence,
        inputs,
        parameters,
        "\n".join(line for line, _, _ in lines),
        loss,
        aliases,
        functions,
        samples=samples,
        computed=computed,
        shorthands=shorthands,
        names=names,
    )

    def origin(line: int) -> tuple[str, int]:
        if 1 <= line <= len(lines):
            return lines[line - 1][1], lines[line - 1][2]
        return name, 0

    return text, origin
