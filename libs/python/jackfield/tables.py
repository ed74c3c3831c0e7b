"""Rows → a stored table: Parquet bytes, and what is in them."""

from __future__ import annotations

import datetime
import io
from typing import Any, Sequence

from .problem import Problem
from .rows import ROW_ID, Row, parquet

PARQUET = "application/vnd.apache.parquet"

_kinds: Sequence[tuple[type, str]] = (
    (bool, "boolean"),
    (int, "number"),
    (float, "number"),
    (datetime.datetime, "timestamp"),
    (datetime.date, "date"),
)


def parquet_of(rows: Sequence[Row]) -> tuple[bytes, dict[str, Any]]:
    """Rows with `__row_id` → Parquet, and `rows` and `columns` as the contract of a table says them."""
    import pyarrow  # type: ignore[import-untyped, unused-ignore]

    names = list(dict.fromkeys(name for row in rows for name in row if name != ROW_ID))
    kinds = {name: _kind(rows, name) for name in names}
    columns = [{"name": name, "type": kind, "nulls": _nulls(rows, name)} for name, kind in kinds.items()]
    types = {
        "boolean": pyarrow.bool_(),
        "number": pyarrow.float64(),
        "timestamp": pyarrow.timestamp("us"),
        "date": pyarrow.date32(),
        "string": pyarrow.string(),
    }
    arrays = {ROW_ID: pyarrow.array([_id(row, at) for at, row in enumerate(rows)], pyarrow.string())}
    for name, kind in kinds.items():
        arrays[name] = pyarrow.array([_value(row.get(name), kind) for row in rows], types[kind])
    written = io.BytesIO()
    parquet().write_table(pyarrow.table(arrays), written)
    return written.getvalue(), {"rows": len(rows), "columns": columns}


def _kind(rows: Sequence[Row], name: str) -> str:
    """The type that the values share; mixed values are text."""
    values = [row[name] for row in rows if row.get(name) is not None]
    found = {next((kind for each, kind in _kinds if isinstance(value, each)), "string") for value in values}
    return found.pop() if len(found) == 1 else "string"


def _nulls(rows: Sequence[Row], name: str) -> int:
    return sum(1 for row in rows if row.get(name) is None)


def _value(value: Any, kind: str) -> Any:
    return str(value) if kind == "string" and value is not None else value


def _id(row: Row, at: int) -> str:
    if row.get(ROW_ID) is None:
        next = "carry the row id of the input with each row"
        raise Problem("E_BAD_OUTPUT", f"Row {at + 1} has no {ROW_ID}.", next=next)
    return str(row[ROW_ID])
