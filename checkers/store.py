"""The cache of derived solutions and executed Worlds, so that grading needs neither a derivation nor torch.

Entries are JSON and NumPy files named by a digest of what they were computed from: the assignment, the version, and the
program's own files. Each begins with a line that holds the checksum of the rest; a damaged entry is computed anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import numpy as np

from checkers import solution as solution_module
from derivations import derivation as derivation_module
from notation.codec import from_plain, node_types, to_plain
from reference_impl.world import World

# What reading an entry can raise: no file or folder, a wrong checksum, or content that another program wrote.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError)
_ROOMS = ("notation", "derivations", "reference_impl", "checkers")


@cache
def fingerprint() -> str:
    """A digest of the version and of the program's own files: a changed program never reads an old key."""
    root = Path(__file__).resolve().parents[1]
    parts = [_version()]
    for room in _ROOMS:
        for path in sorted(p for ending in ("py", "yaml") for p in (root / room).rglob(f"*.{ending}")):
            stat = path.stat()
            parts.append(f"{path.relative_to(root)}:{stat.st_size}:{stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _version() -> str:
    try:
        return version("backprove")
    except PackageNotFoundError:
        return "0"


def default_folder() -> Path:
    """`$BACKPROVE_CACHE`, or `backprove` in the user's cache folder."""
    if folder := os.environ.get("BACKPROVE_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "backprove"


class Store:
    """Solutions and Worlds of one assignment, on disk."""

    def __init__(self, digest: str, folder: Path | None = None) -> None:
        self.folder = (folder or default_folder()) / f"{digest[:16]}-{fingerprint()}"
        self.types = {
            **node_types(),
            **{n: v for m in (solution_module, derivation_module) for n, v in vars(m).items() if isinstance(v, type)},
        }

    def solution(self, name: str, make: Callable[[], Any]) -> Any:
        """A stored dataclass, or a newly made one that is then stored."""
        path = self.folder / f"{_safe(name)}.json"
        try:
            value = from_plain(json.loads(self.read(path)), self.types)
            if is_dataclass(value):
                return value
        except _UNREADABLE:
            pass
        value = make()
        self.write(path, json.dumps(to_plain(value)).encode())
        return value

    def world(self, name: str, make: Callable[[], World]) -> World:
        """A stored World, or a newly made one that is then stored."""
        path = self.folder / f"{_safe(name)}.npz"
        try:
            return load_world(io.BytesIO(self.read(path)))
        except _UNREADABLE:
            value = make()
            content = io.BytesIO()
            save_world(value, content)
            self.write(path, content.getvalue())
            return value

    def read(self, path: Path) -> bytes:
        """The content of an entry whose checksum is right; `ValueError` where it is not."""
        checksum, _, content = path.read_bytes().partition(b"\n")
        if checksum != _checksum(content):
            raise ValueError(f"{path.name} is damaged")
        return content

    def write(self, path: Path, content: bytes) -> None:
        """Write atomically; a cache that cannot be written is no reason to fail."""
        scratch: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(_checksum(content) + b"\n" + content)
            Path(scratch).replace(path)
        except OSError:
            if scratch is not None:
                with suppress(OSError):
                    Path(scratch).unlink(missing_ok=True)


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _safe(name: str) -> str:
    """A file name; what had to be replaced is told apart by a digest."""
    plain = "".join(c if c.isalnum() or c in "-." else "_" for c in name)
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def save_world(world: World, file: Path | IO[bytes]) -> None:
    """Store a World as one file of arrays with a table of contents."""
    arrays: dict[str, Any] = {}
    contents: dict[str, list[Any]] = {"values": [], "adjoints": [], "slopes": [], "jacobians": []}
    for table in ("values", "adjoints", "slopes"):
        for place, array in getattr(world, table).items():
            contents[table].append([place, len(arrays)])
            arrays[f"a{len(arrays)}"] = array
    for (of, wrt, kind), array in world.jacobians.items():
        contents["jacobians"].append([of, wrt, kind, len(arrays)])
        arrays[f"a{len(arrays)}"] = array
    fields = ("sizes", "seed", "shapes", "axes", "ranges", "blocks", "loss", "functions", "backward")
    head = {k: getattr(world, k) for k in fields}
    head |= {"parameters": list(world.parameters), "inputs": list(world.inputs), "zeros": dict(world.zeros)}
    offsets: list[Any] = []
    flat: list[Any] = []
    position = 0
    for array in arrays.values():
        array = np.asarray(array, dtype=np.float64)
        offsets.append([position, list(array.shape)])
        flat.append(array.reshape(-1))
        position += array.size
    text = json.dumps({"head": head, "contents": contents, "offsets": offsets})
    np.savez(
        file, head=np.frombuffer(text.encode(), dtype=np.uint8), data=np.concatenate(flat) if flat else np.zeros(0)
    )


def load_world(file: Path | IO[bytes]) -> World:
    """Read a stored World."""
    with np.load(file, allow_pickle=False) as found:
        table = json.loads(bytes(found["head"]).decode())
        data = found["data"]
    arrays = [data[start : start + int(np.prod(shape))].reshape(shape) for start, shape in table["offsets"]]
    head: Mapping[str, Any] = table["head"]
    contents = table["contents"]
    return World(
        sizes=head["sizes"],
        seed=head["seed"],
        values={_place(p): arrays[k] for p, k in contents["values"]},
        adjoints={_place(p): arrays[k] for p, k in contents["adjoints"]},
        slopes={_place(p): arrays[k] for p, k in contents["slopes"]},
        jacobians={(_place(of), _place(wrt), kind): arrays[k] for of, wrt, kind, k in contents["jacobians"]},
        shapes={k: tuple(v) for k, v in head["shapes"].items()},
        axes={k: tuple(v) for k, v in head["axes"].items()},
        ranges={k: (v[0], v[1]) for k, v in head["ranges"].items()},
        blocks={k: tuple(tuple(x) for x in v) for k, v in head["blocks"].items()},
        loss=head["loss"],
        backward=head["backward"],
        functions=head["functions"],
        parameters=tuple(head["parameters"]),
        inputs=tuple(head["inputs"]),
        zeros=head["zeros"],
    )


def _place(data: Any) -> tuple[str, tuple[int, ...]]:
    return data[0], tuple(data[1])
