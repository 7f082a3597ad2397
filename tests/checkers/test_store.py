"""The cache: what is stored comes back the same, damage is noticed, changed content is another entry."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checkers import store as store_module
from checkers.solution import Plot, Road, Series, Solution
from checkers.store import Store, load_world, save_world
from derivations.derivation import Step
from derivations.model import ModelText, build
from notation.tree import (
    Add,
    Block,
    Call,
    Cases,
    Compare,
    Concat,
    Indicator,
    Mul,
    Neg,
    Partial,
    Reduce,
    Ref,
    Transpose,
    number,
)
from reference_impl.run import make_world
from reference_impl.world import World

t, L = Ref("t"), Ref("L")
TREE = Compare(
    (
        Partial(L, Ref("C", (t,)), "direct"),
        Add(
            (
                Mul(Transpose(Block(Ref("W_f"), 1, 0)), Ref("h", (Add((t, Neg(number(1)))),), (number(2),)), "outer"),
                Neg(number("0.70")),
            )
        ),
        Reduce(
            "sum",
            "k",
            number(1),
            None,
            Compare((Ref("k"), t), ("!=",)),
            Call("tanh", (Concat((Ref("a"), Ref("b"))),), 1),
        ),
        Cases(((Indicator(Compare((t, Ref("T")), ("=",))), None),)),
    ),
    ("=", "<=", "in"),
)
SOLUTION = Solution(
    "4a",
    answers=(TREE,),
    index_form=(TREE.sides[1],),
    steps=(Step(TREE, "because of ∂ and $x$", "C <- f"),),
    assumptions=("one",),
    roads=(Road("autograd", True, 1.5e-15, "all"), Road("counted", False)),
    words="naïve ≤ words",
    rubric=("a", "b"),
    rule="r",
    plots=(Plot("c", "x", "y", (Series("s", (0.0, 1.0), (1e-300, 2.5)),), True),),
)


@pytest.fixture(scope="module")
def world() -> World:
    model = build(
        ModelText(
            "rnn",
            {"n": "state", "d": "input", "T": "steps"},
            "t = 1..T",
            {"x_t": "d", "h_0": "n"},
            {"W": "n x (n+d)", "v": "n"},
            "h_t = \\tanh(W [h_{t-1}, x_t])\nL = v^\\top h_T",
            "L",
        )
    )
    return make_world(model, 0)


class Counter:
    """A maker that counts how often it was asked."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.calls = 0

    def __call__(self) -> object:
        self.calls += 1
        return self.value


def same_world(a: World, b: World) -> bool:
    tables = all(
        getattr(a, table).keys() == getattr(b, table).keys()
        and all(np.array_equal(x, getattr(b, table)[k]) for k, x in getattr(a, table).items())
        for table in ("values", "adjoints", "jacobians")
    )
    return tables and all(
        getattr(a, k) == getattr(b, k) for k in ("sizes", "seed", "shapes", "axes", "ranges", "blocks", "loss")
    )


def only_file(folder: Path, suffix: str) -> Path:
    (path,) = folder.rglob(f"*{suffix}")
    return path


def test_a_solution_comes_back_the_same(tmp_path: Path) -> None:
    make = Counter(SOLUTION)
    assert Store("digest", tmp_path).solution("4a", make) is SOLUTION
    again = Store("digest", tmp_path).solution("4a", make)
    assert again == SOLUTION
    assert again is not SOLUTION
    assert again.answers[0].sides[1].terms[1].body.text == "0.70"
    assert make.calls == 1


def test_a_world_comes_back_the_same(tmp_path: Path, world: World) -> None:
    make = Counter(world)
    store = Store("digest", tmp_path)
    assert store.world("w", make) is world  # type: ignore[arg-type]
    again = store.world("w", make)  # type: ignore[arg-type]
    assert make.calls == 1
    assert same_world(again, world)
    assert {k: v.dtype for k, v in again.values.items()} == {k: np.dtype(np.float64) for k in world.values}


def test_a_world_file_holds_no_pickle(tmp_path: Path, world: World) -> None:
    path = tmp_path / "w.npz"
    save_world(world, path)
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
    assert same_world(load_world(path), world)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "last byte gone": lambda content: content[:-1],
    "noise": lambda content: bytes(range(256)) * 4,
    "null bytes": lambda content: b"\0" * len(content),
    "changed inside": lambda content: content[: len(content) // 2] + b"\xff\xfe\xfd" + content[len(content) // 2 + 3 :],
    "another JSON": lambda content: b'{"$": "Nothing"}',
    "a list": lambda content: b"[1, 2]",
    "a number": lambda content: b"3",
    "null": lambda content: b"null",
    "a field too many": lambda content: content.replace(b'"question"', b'"questions"', 1),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_solution_is_made_again(kind: str, tmp_path: Path) -> None:
    store, make = Store("digest", tmp_path), Counter(SOLUTION)
    store.solution("4a", make)
    path = only_file(tmp_path, ".json")
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    assert store.solution("4a", make) == SOLUTION
    assert make.calls == 2
    assert store.solution("4a", make) == SOLUTION  # and it was repaired
    assert make.calls == 2


@pytest.mark.parametrize("kind", [k for k in DAMAGE if k != "a field too many"])
def test_a_damaged_world_is_made_again(kind: str, tmp_path: Path, world: World) -> None:
    store, make = Store("digest", tmp_path), Counter(world)
    store.world("w", make)  # type: ignore[arg-type]
    path = only_file(tmp_path, ".npz")
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    assert same_world(store.world("w", make), world)  # type: ignore[arg-type]
    assert make.calls == 2
    assert same_world(store.world("w", make), world)  # type: ignore[arg-type]
    assert make.calls == 2


def test_a_folder_in_the_place_of_an_entry_is_no_reason_to_fail(tmp_path: Path) -> None:
    store, make = Store("digest", tmp_path), Counter(SOLUTION)
    (store.folder / "4a.json").mkdir(parents=True)
    assert store.solution("4a", make) == SOLUTION
    assert store.solution("4a", make) == SOLUTION


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert Store("digest", tmp_path).solution("4a", Counter(SOLUTION)) == SOLUTION
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_file_in_the_place_of_the_cache_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    assert Store("digest", tmp_path / "cache").solution("4a", Counter(SOLUTION)) == SOLUTION


def test_nothing_is_left_lying_about(tmp_path: Path, world: World) -> None:
    store = Store("digest", tmp_path)
    store.solution("4a", Counter(SOLUTION))
    store.world("w", Counter(world))  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["4a.json", "w.npz"]


def test_changed_content_is_another_entry(tmp_path: Path) -> None:
    other = replace(SOLUTION, rule="other")
    assert Store("a" * 64, tmp_path).solution("4a", Counter(SOLUTION)) == SOLUTION
    assert Store("b" * 64, tmp_path).solution("4a", Counter(other)) == other
    assert Store("a" * 64, tmp_path).solution("4a", Counter(other)) == SOLUTION


def test_a_changed_program_is_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store("digest", tmp_path).solution("4a", Counter(SOLUTION))
    monkeypatch.setattr(store_module, "fingerprint", lambda: "another")
    make = Counter(SOLUTION)
    Store("digest", tmp_path).solution("4a", make)
    assert make.calls == 1


def test_the_fingerprint_covers_the_rooms_that_compute() -> None:
    found = store_module.fingerprint()
    assert len(found) == 16
    assert set(store_module._ROOMS) == {"notation", "derivations", "reference_impl", "checkers"}


def test_questions_with_awkward_ids_do_not_meet(tmp_path: Path) -> None:
    store = Store("digest", tmp_path)
    names = ["4a", "4a-hT", "4a.hT", "4a/hT", "4A"]
    for name in names:
        store.solution(name, Counter(replace(SOLUTION, question=name)))
    assert [store.solution(name, Counter(SOLUTION)).question for name in names] == names


def test_the_folder_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BACKPROVE_CACHE", str(tmp_path / "mine"))
    assert Store("digest").folder.parent == tmp_path / "mine"
    monkeypatch.delenv("BACKPROVE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert Store("digest").folder.parent == tmp_path / "xdg" / "backprove"
