"""The bench at which an assignment's questions are solved and answers are checked."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import cast

from checkers.assignment import Assignment, Question
from checkers.kinds.base import Kind
from checkers.modelling import merged
from checkers.shorthands import complaint
from checkers.solution import Solution
from checkers.store import Store
from checkers.verdict import Verdict
from derivations.formulas import FormulaError, read_function
from derivations.graph import Graph
from derivations.model import Model, ModelError, build
from notation.errors import EvaluationError, ShapeError
from reference_impl.world import World

# Worlds per model: a wrong formula that survives one random World of distinct sizes is a coincidence of measure zero;
# five differ in sizes as well, so that no relation between sizes can hide a slip.
WORLDS = 5


class Bench:
    """Models, Worlds and solutions of one assignment, made when first needed and kept in the cache."""

    def __init__(self, assignment: Assignment, cache: Path | None = None) -> None:
        self.assignment = assignment
        self.store = Store(assignment.digest, cache)
        self._models: dict[str, Model] = {}
        self._worlds: dict[str, tuple[World, ...]] = {}
        self._graphs: dict[str, Graph] = {}
        self._solutions: dict[str, Solution] = {}

    def model(self, name: str) -> Model:
        """The model of that name, read and shape-checked; an author's mistake is an `AuthorError` with its line."""
        if name not in self._models:
            text, origin = merged(self.assignment, name)
            try:
                self._models[name] = build(text)
            except ModelError as problem:
                owner, line = origin(problem.line)
                where = ("models", owner, "forward") if problem.line else ("models", name)
                raise self.assignment.error(
                    problem.message, *where, text=line if problem.line else None, hint=problem.hint
                ) from problem
            for letter, meaning in self._models[name].shorthands.items():
                if wrong := complaint(letter, meaning, self._models[name]):
                    raise self.assignment.error(
                        wrong, "models", name, "shorthands", letter, hint="\\partial E_t/\\partial O_t"
                    )
        return self._models[name]

    def graph(self, name: str) -> Graph:
        """The computational graph of a function of the front matter; an author's mistake is an `AuthorError`."""
        if name not in self._graphs:
            spec = self.assignment.functions[name]
            try:
                self._graphs[name] = read_function(spec.outputs, spec.at, spec.nodes)
            except FormulaError as problem:
                where = ("functions", name, problem.field)
                line = problem.line if problem.field != "at" else None
                raise self.assignment.error(problem.message, *where, text=line, hint=problem.hint) from problem
        return self._graphs[name]

    def worlds(self, name: str) -> tuple[World, ...]:
        """The executed samples of a model; from the cache without torch."""
        if name not in self._worlds:

            def make(seed: int) -> World:
                from reference_impl.run import make_world

                return make_world(self.model(name), seed)

            self._worlds[name] = tuple(
                self.store.world(f"world-{name}-{seed}", partial(make, seed)) for seed in range(WORLDS)
            )
        return self._worlds[name]

    def kind(self, question: Question) -> Kind:
        """The checker of a question."""
        return cast(Kind, question.spec)

    def solution(self, question_id: str) -> Solution:
        """The derived answer to a question."""
        if question_id not in self._solutions:
            question = self.assignment.question(question_id)
            self._solutions[question_id] = self.store.solution(f"solution-{question_id}", partial(self.solve, question))
        return self._solutions[question_id]

    def solve(self, question: Question) -> Solution:
        """Derive one answer; what the calculus cannot do is an author's matter, told with the question's line."""
        try:
            return self.kind(question).solve(self, question)
        except (EvaluationError, ShapeError) as problem:
            message = f"the answer to {question.id} cannot be derived: {problem}"
            raise self.assignment.error(message, "questions", question.id) from problem

    def solutions(self) -> tuple[Solution, ...]:
        """All derived answers, in the order of the assignment."""
        return tuple(self.solution(q.id) for q in self.assignment.questions)

    def check(self, question_id: str, text: str) -> Verdict:
        """The verdict on one answer."""
        question = self.assignment.question(question_id)
        return self.kind(question).judge(self, question, text)

    @cached_property
    def name(self) -> str:
        """The assignment's name."""
        return self.assignment.name
