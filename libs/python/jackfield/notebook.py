"""Runs from a notebook: `run`, `runs`, `show`, `diff`, `tail`, over HTTP (JACKFIELD_URL, JACKFIELD_TOKEN)."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping, cast

from .differences import Diff
from .events import now
from .gateway import Gateway, segment
from .problem import Problem
from .rows import pandas_module, read_frame
from .store import GatewayStore

if TYPE_CHECKING:
    import pandas

_at_work = ("running", "paused")
_begins_within_seconds = 30


class Run:
    """One run as the tracker knows it: what it pinned, its tasks, what came of it."""

    def __init__(self, tree: Mapping[str, Any], gateway: Gateway) -> None:
        self.tree, self._gateway = tree, gateway
        row = tree["run"]
        self.id: str = row["run"]
        #: `seattle-57`.
        self.name: str = row["runname"]
        self.project: str = row["project"]
        self.subproject: str | None = row.get("subproject")
        #: pass, warning, fail, errored, timedout, aborted; while it is at work running or paused.
        self.outcome: str = row["state"]
        self.metrics: dict[str, float] = row["metrics"]
        #: Everything it was started with: configuration, bindings, code, files, seed.
        self.pinned: dict[str, Any] = tree["pinned"]

    def __repr__(self) -> str:
        figures = "  ".join(f"{name} {value:.4g}" for name, value in self.metrics.items())
        return f"<{self.name} {self.outcome.upper()}  {figures}>"

    def wait(self, timeout: float = 86_400) -> Run:
        """The same run when it is over. Raises E_WAITED after `timeout` seconds; the run goes on."""
        deadline, found = time.monotonic() + timeout, self
        while found.outcome in _at_work:
            if time.monotonic() > deadline:
                next = f'jf.show("{self.name}") says how it stands'
                raise Problem("E_WAITED", f"{self.name} was not over after {timeout} s; it goes on", next=next)
            time.sleep(0.2)
            found = _read(self._gateway, self.id)
        return found

    def outputs(self, step: str) -> dict[str, Any]:
        """What a step answered. Raises E_NOT_FOUND with the steps that there are."""
        for task in self.tree["tasks"]:
            if task["step"] == step:
                return dict(task.get("outputs") or {})
        steps = ", ".join(task["step"] for task in self.tree["tasks"]) or "none yet"
        raise Problem("E_NOT_FOUND", f"{self.name} has no step {step}", why=f"it has {steps}")

    def read(self, reference: Mapping[str, Any]) -> bytes:
        """The bytes of a file that a step answered, for example `run.read(run.outputs("train")["model"])`."""
        return GatewayStore(self._gateway).read(reference["digest"], self.project)

    def table(self, reference: Mapping[str, Any]) -> pandas.DataFrame:
        return read_frame(self.read(reference))

    def predictions(self) -> pandas.DataFrame:
        """What the trainer predicted for each test row."""
        return self.table(self.outputs("train")["predictions"])

    def results(self) -> pandas.DataFrame:
        """Each test row with its target, as evaluate joined them."""
        return self.table(self.outputs("evaluate")["results"])

    def attempts(self) -> pandas.DataFrame:
        """A line for each attempt: step, handler, times, outcome."""
        rows = [{"step": task["step"], **each} for task in self.tree["tasks"] for each in task["attempts"]]
        return cast("pandas.DataFrame", pandas_module().DataFrame(rows))


def run(
    ref: str,
    *,
    set: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
    seed: int | None = None,
    fresh: bool = False,
    cache: bool = True,
    reason: str | None = None,
    wait: bool = True,
    timeout: float = 86_400,
) -> Run:
    """Runs `project/subproject` and waits for it: `jf.run("weather/seattle", set={"params.trees": 30})`.

    Code and data are those of its last run; `data` uploads another file. Raises E_NO_LISTENER with the reason when
    nothing reacts, E_WAITED after `timeout` seconds.
    """
    gateway = Gateway.here()
    project, _, subproject = ref.partition("/")
    asked = _again(gateway, project, subproject)
    if data is not None:
        asked["files"] = {"fetch": _uploaded(gateway, Path(data))}
    given = {
        "set": {_path(name): value for name, value in (set or {}).items()} or None,
        "seed": seed,
        "fresh": fresh or None,
        "cache": None if cache else False,
        "reason": reason,
    }
    said = {name: value for name, value in given.items() if value is not None}
    accepted = _post(gateway, project, subproject, {**asked, **said})
    if not accepted.get("listeners"):
        why = "\n".join(f"{each['trigger']}: {each['clause']}" for each in accepted.get("refused", []))
        next = "apply the project: jackfield apply" if not why else None
        raise Problem("E_NO_LISTENER", f"Nothing reacted to the request for {ref}", why=why or None, next=next)
    started = accepted["listeners"][0]["run"]
    begun = _begun(gateway, started, accepted["position"])
    return begun.wait(timeout) if wait else begun


def runs(
    project: str | None = None, *, subproject: str | None = None, where: str | None = None, limit: int = 100
) -> pandas.DataFrame:
    """Runs, newest first, a line each with its metrics: `jf.runs("weather", where="outcome=fail")`."""
    gateway, rows, cursor = Gateway.here(), list[Mapping[str, Any]](), None
    while len(rows) < limit:
        query = {"project": project, "subproject": subproject, "filter": where, "cursor": cursor}
        page = gateway.get("/v1/runs", limit=min(limit - len(rows), 500), **query)
        rows += page["runs"]
        cursor = page.get("next")
        if cursor is None:
            break
    lines = [{**{name: row.get(name) for name in _columns}, **row["metrics"]} for row in rows]
    frame: pandas.DataFrame = pandas_module().DataFrame(lines, columns=None if lines else list(_columns))
    frame = frame.rename(columns={"state": "outcome", "startedAt": "started", "finishedAt": "finished"})
    for name in ("started", "finished"):
        frame[name] = pandas_module().to_datetime(frame[name], utc=True, format="ISO8601")
    return frame.set_index("runname")


_columns = ("runname", "project", "subproject", "workflow", "state", "verdict", "startedAt", "finishedAt")


def show(ref: str, project: str | None = None) -> Run:
    """One run by its name (`seattle-57`, `weather:seattle-57`) or id."""
    gateway = Gateway.here()
    before, colon, name = ref.partition(":")
    return _read(gateway, name if colon else ref, project=before if colon else project)


def diff(first: str | Run, second: str | Run) -> Diff:
    """What went into two runs differently, what came out, and which test rows flipped."""
    return Diff(*(each if isinstance(each, Run) else show(each) for each in (first, second)))


def tail(
    filter: str | None = None, *, project: str | None = None, start: str = "now", follow: bool = True
) -> Iterator[dict[str, Any]]:
    """CloudEvents as they pass, for ever; `start` is `now`, `start` or a position.

    `follow=False` ends with what there is: the log, oldest first.
    """
    gateway = Gateway.here()
    if follow:
        query = {"filter": filter, "project": project, "from": start}
        yield from (told["event"] for told in gateway.events(**query))
        return
    cursor = None
    while True:
        page = gateway.get("/v1/events", filter=filter, project=project, cursor=cursor, limit=500, order="oldest")
        yield from (told["event"] for told in page["events"])
        cursor = page.get("next")
        if cursor is None:
            return


def _path(name: str) -> str:
    """`params.trees` is short for `train.params.trees`."""
    return f"train.{name}" if name.startswith("params.") else name


def _again(gateway: Gateway, project: str, subproject: str) -> dict[str, Any]:
    """Code and files of the last run: a notebook changes parameters, not the tree."""
    last = gateway.get("/v1/runs", project=project, subproject=subproject, limit=1)["runs"]
    if not last:
        return {}
    pinned = _read(gateway, last[0]["run"]).pinned
    return {name: pinned[name] for name in ("code", "files") if pinned.get(name)}


def _uploaded(gateway: Gateway, path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise Problem("E_SOURCE", f"There is no file {path}", next="name a file: data=\"weather.csv\"")
    media = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet", ".json": "application/json"}
    return {**GatewayStore(gateway).put(path, media.get(path.suffix, "application/octet-stream")), "name": path.name}


def _post(gateway: Gateway, project: str, subproject: str, data: dict[str, Any]) -> Any:
    name = str(uuid.uuid4())
    event = {
        "specversion": "1.0",
        "id": name,
        "source": "/jackfield-notebook",
        "type": "dev.cdeventsx.jackfield-run.requested.1.0.0",
        "subject": f"{project}/{subproject}",
        "time": now(),
        "datacontenttype": "application/json",
        "correlationid": name,
        "project": project,
        "subproject": subproject,
        "data": data,
    }
    return gateway.post("/v1/events", event, "application/cloudevents+json")


def _begun(gateway: Gateway, name: str, position: str) -> Run:
    """The request was taken; the run is there when the conductor's word about it was read."""
    deadline = time.monotonic() + _begins_within_seconds
    while True:
        try:
            return _read(gateway, name, after=position)
        except Problem as problem:
            if problem.code != "E_NOT_FOUND" or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _read(gateway: Gateway, ref: str, **query: Any) -> Run:
    return Run(gateway.get(f"/v1/runs/{segment(ref)}", **query), gateway)
