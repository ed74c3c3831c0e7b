"""The published contracts: which versions there are, and whether a value keeps its schema."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Mapping

from .problem import Problem

_kinds: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Capability → its contract; those that are published at run time are not in it."""
    text = (Path(__file__).parent / "data" / "catalogue").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in json.loads(text)}


def version_of(capability: str) -> str:
    return str(catalogue().get(capability, {}).get("version", "1.0.0"))


def tables_of(capability: str) -> list[str]:
    """Fields of the output for which a handler may return rows or a DataFrame."""
    return list(catalogue().get(capability, {}).get("tables", []))


def checked(capability: str, kind: str, value: Any) -> Any:
    """`value` with its defaults, checked against the `input` or `output` of a contract.

    Raises E_INVALID (input) or E_BAD_OUTPUT that names the place.
    """
    schema = catalogue().get(capability, {}).get(kind)
    if schema is None:
        return value
    try:
        return _Check(schema).value(value, schema, "")
    except ValueError as broken:
        what = f"The {kind} of {capability} does not keep its contract"
        raise Problem("E_INVALID" if kind == "input" else "E_BAD_OUTPUT", what, why=str(broken)) from None


class _Check:
    """The part of JSON Schema that our contracts use; what it does not know it lets pass."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._definitions = root.get("$defs", {})

    def value(self, value: Any, schema: Mapping[str, Any], place: str) -> Any:
        if "$ref" in schema:
            return self.value(value, self._definitions[schema["$ref"].rsplit("/", 1)[1]], place)
        if "anyOf" in schema:
            return self._any(value, schema["anyOf"], place)
        kind = str(schema.get("type"))
        if kind in _kinds and not _is(value, kind):
            raise ValueError(f"{place or 'it'}: expected {kind}, found {type(value).__name__}")
        if "enum" in schema and value not in schema["enum"]:
            raise ValueError(f"{place}: one of {', '.join(map(str, schema['enum']))}")
        if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
            raise ValueError(f"{place}: {value!r} does not match {schema['pattern']}")
        if kind == "array":
            return [self.value(item, schema.get("items", {}), f"{place}/{at}") for at, item in enumerate(value)]
        return self._object(value, schema, place) if kind == "object" else value

    def _object(self, value: dict[str, Any], schema: Mapping[str, Any], place: str) -> dict[str, Any]:
        known = schema.get("properties", {})
        lacking = [name for name in schema.get("required", []) if name not in value]
        if lacking:
            raise ValueError(f"{place or 'it'} lacks {', '.join(lacking)}")
        rest = schema.get("additionalProperties", {})
        whole = {name: part["default"] for name, part in known.items() if "default" in part} | value
        return {
            name: self.value(item, known.get(name, rest if isinstance(rest, dict) else {}), f"{place}/{name}")
            for name, item in whole.items()
        }

    def _any(self, value: Any, choices: list[Mapping[str, Any]], place: str) -> Any:
        said = []
        for choice in choices:
            try:
                return self.value(value, choice, place)
            except ValueError as broken:
                said.append(str(broken))
        raise ValueError("; or ".join(said))


def _is(value: Any, kind: str) -> bool:
    """True is a number in Python, and 2.0 an integer in JSON."""
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _kinds[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())
