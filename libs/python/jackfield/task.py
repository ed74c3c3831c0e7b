"""What a handler's function gets beside its input."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Iterable, Mapping

from .events import Assignment
from .problem import Problem
from .rows import Row, predicted, read_frame, read_parquet_rows, rows_of
from .store import Store
from .tables import PARQUET, parquet_of

if TYPE_CHECKING:
    import pandas

    Table = pandas.DataFrame | Iterable[Mapping[str, Any]]


class Stopped(Problem):
    """The work must stop: its answer would not count any more."""


@dataclass
class Answered:
    """An output with a verdict (pass, warning, fail), a line for people, or logs beside it."""

    output: Mapping[str, Any]
    result: str = "pass"
    message: str | None = None
    logs: list[dict[str, Any]] = field(default_factory=list)


class _Common:
    def __init__(
        self,
        assignment: Assignment,
        deadline: datetime,
        store: Callable[[], Store],
        say: Callable[[dict[str, Any]], Coroutine[Any, Any, None]],
    ) -> None:
        triggered = assignment.triggered
        self.id, self.capability, self.attempt = assignment.task, assignment.capability, assignment.attempt
        self.run: str = triggered.get("run", "")
        self.runname: str | None = triggered.get("runname")
        self.project: str | None = triggered.get("project")
        self.subproject: str | None = triggered.get("subproject")
        self.stage: str | None = triggered.get("stage")
        self.role: str = triggered.get("role", "primary")
        #: Work that goes on after this is finished for it.
        self.deadline = deadline
        #: Set when the work must stop: aborted, superseded, or a shutdown.
        self.stopped = threading.Event()
        self.reason: Problem | None = None
        self.on_stop: Callable[[], object] = lambda: None
        self._store, self._say, self._loop = store, say, asyncio.get_running_loop()

    def stop(self, reason: Problem) -> None:
        self.reason = self.reason or reason
        self.stopped.set()
        self.on_stop()

    def check(self) -> None:
        """Raises Stopped when the work must stop; a function that runs long calls it now and then."""
        if self.reason is not None:
            raise Stopped(self.reason.code, self.reason.what)

    def predictions(self, test: Any, model: Any) -> list[Row]:
        """A prediction for each row of `test`, with probabilities where the model knows them."""
        return predicted(test, model)

    def _read(self, reference: Mapping[str, Any]) -> bytes:
        return self._store().read(reference["digest"], self.project)

    def _put(self, name: str, content: bytes | str | Path, media_type: str) -> dict[str, Any]:
        source = content.encode() if isinstance(content, str) else content
        return {**self._store().put(source, media_type), "name": name}

    def _put_table(self, table: Table, name: str) -> dict[str, Any]:
        content, described = parquet_of(rows_of(table))
        return {**self._put(f"{name}.parquet", content, PARQUET), **described}


class Task(_Common):
    """For a plain function, which runs in a thread of its own."""

    def rows(self, reference: Mapping[str, Any]) -> list[Row]:
        """A table of the input as dictionaries with `__row_id`. Needs pyarrow."""
        return read_parquet_rows(self._read(reference))

    def table(self, reference: Mapping[str, Any]) -> pandas.DataFrame:
        """A table of the input as DataFrame, `__row_id` in the index. Needs pandas and pyarrow."""
        return read_frame(self._read(reference))

    def read(self, reference: Mapping[str, Any]) -> bytes:
        """The bytes of a file of the input."""
        return self._read(reference)

    def store(self, name: str, content: bytes | str | Path, media_type: str = "application/octet-stream") -> dict[str, Any]:
        """Stores bytes, text or a file. Returns when they are safe, so that an event may refer to them."""
        return self._put(name, content, media_type)

    def store_table(self, table: Table, name: str = "rows") -> dict[str, Any]:
        """Stores rows or a DataFrame as a table; each row needs `__row_id`. Needs pyarrow."""
        return self._put_table(table, name)

    def progress(self, fraction: float | None = None, message: str | None = None, **metrics: float) -> None:
        """Tells people: fraction 0..1, a line, numbers; `step=4` counts steps. Raises Stopped like `check`."""
        self.check()
        asyncio.run_coroutine_threadsafe(self._say(progress_data(fraction, message, metrics)), self._loop).result()


class AsyncTask(_Common):
    """The same for an `async` function; it is cancelled when the work must stop."""

    async def rows(self, reference: Mapping[str, Any]) -> list[Row]:
        return read_parquet_rows(await asyncio.to_thread(self._read, reference))

    async def table(self, reference: Mapping[str, Any]) -> pandas.DataFrame:
        return read_frame(await asyncio.to_thread(self._read, reference))

    async def read(self, reference: Mapping[str, Any]) -> bytes:
        return await asyncio.to_thread(self._read, reference)

    async def store(
        self, name: str, content: bytes | str | Path, media_type: str = "application/octet-stream"
    ) -> dict[str, Any]:
        return await asyncio.to_thread(self._put, name, content, media_type)

    async def store_table(self, table: Table, name: str = "rows") -> dict[str, Any]:
        return await asyncio.to_thread(self._put_table, table, name)

    async def progress(self, fraction: float | None = None, message: str | None = None, **metrics: float) -> None:
        await self._say(progress_data(fraction, message, metrics))


def progress_data(fraction: float | None, message: str | None, metrics: dict[str, Any]) -> dict[str, Any]:
    """The line of a progress file, and the data of `progressed`."""
    step = metrics.pop("step", None)
    said = {"fraction": fraction, "message": message, "step": step, "metrics": metrics or None}
    return {name: value for name, value in said.items() if value is not None}
