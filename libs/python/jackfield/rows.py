"""Tables, as a list of dictionaries or as a DataFrame. Both carry `__row_id`: rows as a field, frames as the index."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from .problem import Problem

if TYPE_CHECKING:
    import pandas

#: Names a row from fetch to served prediction.
ROW_ID = "__row_id"

Row = dict[str, Any]


def read_csv_rows(path: Path) -> list[Row]:
    """A CSV file with a header → rows; every value is text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_parquet_rows(source: Path | bytes) -> list[Row]:
    """Parquet → rows; dates and timestamps as ISO 8601 text, as everywhere in Jackfield. Needs pyarrow."""
    rows: list[Row] = parquet().read_table(_opened(source)).to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, (datetime.date, datetime.datetime)):
                row[name] = value.isoformat()
    return rows


def read_frame(source: Path | bytes) -> pandas.DataFrame:
    """Parquet → DataFrame with `__row_id` as its index, so that it never becomes a feature. Needs pandas, pyarrow."""
    table = parquet().read_table(_opened(source))
    pandas_module()
    return indexed(table.to_pandas(date_as_object=False))


def read_csv_frame(path: Path) -> pandas.DataFrame:
    return indexed(pandas_module().read_csv(path, dtype={ROW_ID: str}))


def indexed(frame: pandas.DataFrame) -> pandas.DataFrame:
    return frame.set_index(ROW_ID) if ROW_ID in frame.columns else frame


def rows_of(table: Any) -> list[Row]:
    """A DataFrame or rows → rows with `__row_id`."""
    if not hasattr(table, "to_dict"):
        return [dict(row) for row in table]
    named = table.rename_axis(ROW_ID).reset_index() if ROW_ID not in table.columns else table
    return [{str(name): plain(value) for name, value in row.items()} for row in named.to_dict("records")]


def ids_of(table: Any) -> list[str]:
    """The row ids of a DataFrame, of rows, or of a list of ids."""
    if hasattr(table, "index") and hasattr(table, "columns"):
        return [str(name) for name in (table[ROW_ID] if ROW_ID in table.columns else table.index)]
    return [str(row[ROW_ID]) if isinstance(row, Mapping) else str(row) for row in table]


def predicted(test: Any, model: Any) -> list[Row]:
    """`__row_id`, `prediction` and, of a model with `predict_proba`, `p_<class>` for every test row.

    `model` is a fitted model, or the predictions themselves in the order of `test`.
    """
    ids = ids_of(test)
    values = model.predict(test) if hasattr(model, "predict") else model
    found = [{ROW_ID: name, "prediction": plain(value)} for name, value in zip(ids, values)]
    if len(found) != len(ids) or len(set(ids)) != len(ids):
        raise Problem(
            "E_ROWS_MISSING",
            f"There are {len(found)} predictions for {len(ids)} test rows, of which {len(set(ids))} are distinct",
            next="predict every row of the test table exactly once",
        )
    if hasattr(model, "predict_proba") and hasattr(model, "classes_"):
        names = [f"p_{plain(name)}" for name in model.classes_]
        for row, shares in zip(found, model.predict_proba(test)):
            row.update((name, float(share)) for name, share in zip(names, shares))
    return found


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows → CSV with the columns of the first row; numbers in full, nothing for a missing value."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [ROW_ID, "prediction"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def plain(value: Any) -> Any:
    """A NumPy scalar → the Python value; missing numbers → None."""
    value = value.item() if hasattr(value, "item") and not isinstance(value, (bytes, str)) else value
    return None if isinstance(value, float) and value != value else value


def parquet() -> Any:
    try:
        import pyarrow.parquet  # type: ignore[import-untyped, unused-ignore]
    except ImportError as cause:
        raise missing("pyarrow") from cause
    return pyarrow.parquet


def pandas_module() -> Any:
    try:
        import pandas
    except ImportError as cause:
        raise missing("pandas") from cause
    return pandas


def missing(package: str) -> Problem:
    return Problem(
        "E_CONFIG",
        f"The Python package {package} is not installed.",
        next="pip install 'jackfield[tables]'; without it a script can read task.rows(name)",
    )


def _opened(source: Path | bytes) -> Any:
    return io.BytesIO(source) if isinstance(source, bytes) else source
