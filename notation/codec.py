"""Trees and other frozen dataclasses as plain JSON data, and back: what a cache keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from notation import tree


def node_types() -> dict[str, type]:
    """Every tree node by the name under which it is stored."""
    return {name: value for name, value in vars(tree).items() if isinstance(value, type) and is_dataclass(value)}


def to_plain(value: Any) -> Any:
    """JSON data for a dataclass, a tuple, a fraction or a plain value.

    >>> to_plain(tree.Neg(tree.number(2)))["body"]["value"]
    {'$fraction': '2'}
    """
    if isinstance(value, Fraction):
        return {"$fraction": str(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "$": type(value).__name__,
            **{f.name: to_plain(getattr(value, f.name)) for f in fields(value) if f.name != "span"},
        }
    if isinstance(value, tuple):
        return [to_plain(v) for v in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} cannot be stored")


def from_plain(data: Any, types: Mapping[str, type]) -> Any:
    """The value that `to_plain` stored; lists become tuples."""
    if isinstance(data, dict):
        if "$fraction" in data:
            return Fraction(data["$fraction"])
        return types[data["$"]](**{k: from_plain(v, types) for k, v in data.items() if k != "$"})
    if isinstance(data, list):
        return tuple(from_plain(v, types) for v in data)
    return data
