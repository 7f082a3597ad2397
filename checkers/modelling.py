"""From the model texts of an assignment to the model text that is built: inheritance and replaced equations."""

from __future__ import annotations

from collections.abc import Callable

from checkers.assignment import Assignment
from checkers.spec import ModelSpec
from derivations.model import ModelText


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
    sizes: dict[str, str] = {}
    inputs: dict[str, str] = {}
    parameters: dict[str, str] = {}
    aliases: dict[str, str] = {}
    samples: dict[str, str] = {}
    functions: dict[str, str] = {}
    sequence, loss = "", None
    lines: list[tuple[str, str, int]] = []
    for owner, spec in chain:
        sizes |= spec.sizes
        inputs |= spec.inputs
        parameters |= spec.parameters
        aliases |= spec.aliases
        samples |= spec.samples
        functions |= spec.functions
        sequence = spec.sequence or sequence
        loss = spec.loss or loss
        lines.extend((line, owner, k) for k, line in enumerate(spec.forward.splitlines()) if line.strip())
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
    )

    def origin(line: int) -> tuple[str, int]:
        if 1 <= line <= len(lines):
            return lines[line - 1][1], lines[line - 1][2]
        return name, 0

    return text, origin
