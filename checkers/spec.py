"""What an assignment says in data: its front matter, its models, and the base class of every kind of answer.

A kind is a subclass of `AnswerSpec` with its fields, registered under its name in `checkers.kinds.KINDS`. The loader
validates an answer block against the class that its `kind:` names, so a kind needs no other registration.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Unknown fields are errors, and a number typed where text is expected is its text (`n: 3` is the shape `3`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class AnswerSpec(Strict):
    """The validated content of one answer block; subclasses add the fields of their kind.

    A field named `model` or `function` is checked against those of the assignment.
    """

    kind: str


class ModelSpec(Strict):
    """A forward model as text: sizes, quantities with their shapes, and one equation a line."""

    about: str = Field("", description="one line that says what the model is")
    notes: str = Field("", description="conventions and sources, for those who read the file")
    extends: str | None = Field(None, description="another model whose sizes, quantities and equations come first")
    sizes: dict[str, str] = Field({}, description="size symbols and what they count")
    sequence: str | None = Field(None, description="the positions, such as 't = 1..T'")
    inputs: dict[str, str] = Field({}, description="given quantities and their shapes")
    parameters: dict[str, str] = Field({}, description="trained quantities and their shapes, such as 'n x (n+d)'")
    computed: dict[str, str] = Field({}, description="shapes of quantities computed component by component, `f: 3`")
    forward: str = Field("", description="the forward equations, one a line")
    repeat: dict[str, str] = Field({}, description="layers: lines and names with (l) stand for each l, as in {l: 1..3}")
    loss: str | None = Field(None, description="the scalar quantity that gradients are taken of")
    names: dict[str, list[str]] = Field({}, description="words by which a quantity may be called")
    aliases: dict[str, str] = Field({}, description="other symbols that mean a quantity")
    shorthands: dict[str, str] = Field(
        {}, description="names that the questions give to derivatives: g_t for '\\partial E_t/\\partial O_t'"
    )
    functions: dict[str, str] = Field(
        {}, description="functions known by name only, 'elementwise' or 'scalar', and other letters for them"
    )
    blocks: dict[str, list[str]] = Field({}, description="names for the blocks of a concatenated parameter")
    replace: dict[str, str] = Field({}, description="equations that override inherited ones")
    standard: dict[str, Any] | None = Field(None, description="the standard module that computes the same")
    samples: dict[str, str] = Field({}, description="how quantities are sampled when the default does not suit")


class FunctionSpec(Strict):
    """A scalar function as text, with the point at which it is evaluated and, if the author has one, its graph."""

    about: str = Field("", description="one line that says what the function is")
    outputs: str = Field(description="one equation a line, such as 'y_1 = x_1 \\sin(x_2)'")
    at: dict[str, float] = Field(min_length=1, description="the inputs and their values")
    nodes: str = Field("", description="the elementary steps, one a line; without them the formula is taken apart")


class FrontMatter(Strict):
    """The YAML block at the head of an assignment."""

    title: str = Field(description="printed at the head of every sheet")
    course: str = ""
    source: str = ""
    conventions: str = Field("", description="Markdown shown to students: layout, total derivatives, indices")
    models: dict[str, ModelSpec] = {}
    functions: dict[str, FunctionSpec] = {}
