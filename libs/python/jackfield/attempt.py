"""One attempt: `started` is stored, the delivery acknowledged, the work done, `finished` published until it is accepted."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Mapping

from .capabilities import checked, tables_of
from .events import Assignment, Event, handler_subject
from .line import Line
from .log import log
from .problem import Problem
from .pull import Delivery
from .store import Store
from .task import Answered, AsyncTask, Task

#: Within this time nobody else is given what was delivered to us.
_ours_seconds = 4.0
_most_remembered = 10_000
_limits = {"startSeconds": float("inf"), "leaseSeconds": 60.0, "finishSeconds": 3_600.0}

Function = Callable[..., Any]


@dataclass
class Workplace:
    """What every attempt of a handler shares."""

    line: Line
    store: Callable[[], Store]
    handler: str
    instance: str
    #: Set when the grace of a shutdown is over: what is at work is handed back.
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    #: The attempts that this process has taken up: to itself the conductor would say "go" again.
    taken: OrderedDict[str, None] = field(default_factory=OrderedDict)

    async def say(self, assignment: Assignment, event: Event) -> None:
        subject = handler_subject(self.line.root, event, assignment.handler)
        await self.line.publish(event, subject)

    async def ask_lease(self, assignment: Assignment) -> str | None:
        """`go`, or why not: abort, prune, stale. None when nobody answers: once started, that means go on."""
        project = assignment.triggered.get("project", "")
        question = {
            "task": assignment.task,
            "triggeredid": assignment.triggered["id"],
            "attempt": assignment.attempt,
            "instance": assignment.instance,
            "project": project,
        }
        try:
            answer = await self.line.ask(f"lease.{project}.{assignment.handler}", question)
        except Problem:
            return None
        return "go" if answer["go"] else str(answer["reason"])


async def attempt(
    place: Workplace, function: Function, delivery: Delivery, triggered: Event, free: Callable[[], None]
) -> None:
    assignment = Assignment.of(triggered, place.instance)
    if assignment is None:
        await delivery.respond("+ACK")
        return
    data: dict[str, Any] = triggered.get("data") or {}
    limits = {**_limits, **data.get("limits", {})}
    if not await _take_up(place, delivery, assignment, limits):
        return
    began = time.monotonic()
    ended = await _work(place, function, assignment, data, limits)
    ended["data"]["workSeconds"] = round(time.monotonic() - began, 3)
    free()
    try:
        await place.say(assignment, assignment.answer("finished", **ended))
    except Problem as refusal:
        # An answer that cannot be said (it is too large) is an error, which can.
        ended = _erred(refusal)
        await place.say(assignment, assignment.answer("finished", **ended))
    log.info("task.finished %s %s", assignment.task, ended.get("result") or ended["status"])


async def _take_up(place: Workplace, delivery: Delivery, assignment: Assignment, limits: dict[str, float]) -> bool:
    """False when it is not to be worked on here. Of two that said `started`, who said it first works."""
    name = assignment.triggered["id"]
    if name in place.taken:
        await delivery.respond("+ACK")
        return False
    place.taken[name] = None
    if len(place.taken) > _most_remembered:
        place.taken.popitem(last=False)
    begun = False
    try:
        begun = await _begin(place, delivery, assignment, limits)
    finally:
        if not begun:
            place.taken.pop(name, None)
    return begun


async def _begin(place: Workplace, delivery: Delivery, assignment: Assignment, limits: dict[str, float]) -> bool:
    taken = time.monotonic()
    doubtful = delivery.doubtful or delivery.age > min(_ours_seconds, limits["startSeconds"])
    if doubtful:
        may = await _may_begin(place, delivery, assignment)
        if may is False:
            await delivery.respond("+ACK")
        if not may:
            return False
    await place.say(assignment, assignment.answer("started", {"instance": place.instance}))
    await delivery.respond("+ACK")
    late = time.monotonic() - taken > _ours_seconds or place.line.connected_at >= taken
    return await _may_begin(place, delivery, assignment) is True if doubtful or late else True


async def _may_begin(place: Workplace, delivery: Delivery, assignment: Assignment) -> bool | None:
    """Asks until the conductor answers; None when this handler left meanwhile."""
    while not place.leaving.is_set():
        answer = await place.ask_lease(assignment)
        if answer is not None:
            return answer == "go"
        await delivery.respond("+WPI")
        await asyncio.sleep(1)
    return None


async def _work(
    place: Workplace, function: Function, assignment: Assignment, data: dict[str, Any], limits: dict[str, float]
) -> dict[str, Any]:
    """How the attempt ended: the attributes and the data of `finished`."""
    count = 0

    async def say(said: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        await place.say(assignment, assignment.answer("progressed", said, count))

    kind = AsyncTask if inspect.iscoroutinefunction(function) else Task
    deadline = datetime.now(timezone.utc) + timedelta(seconds=limits["finishSeconds"])
    task = kind(assignment, deadline, place.store, say)
    keeping = asyncio.create_task(_keep_lease(place, assignment, task.stop, limits["leaseSeconds"]))
    try:
        inputs = checked(assignment.capability, "input", data.get("inputs", {}))
        answer = await _run(place, function, inputs, task)
        return await asyncio.to_thread(_succeeded, assignment, task, answer)
    except asyncio.CancelledError:
        return _erred(task.reason or Problem("E_ABORTED", "The work was cancelled"))
    except BaseException as thrown:
        return _erred(task.reason or Problem.of(thrown))
    finally:
        keeping.cancel()


async def _run(place: Workplace, function: Function, inputs: Any, task: Task | AsyncTask) -> Any:
    """Works until the function returns. At a shutdown nobody waits for a thread that does not look at `stopped`."""
    if isinstance(task, AsyncTask):
        working: asyncio.Future[Any] = asyncio.ensure_future(function(inputs, task))
        task.on_stop = working.cancel
    else:
        working = _in_thread(function, inputs, task)
    leaving = asyncio.ensure_future(place.leaving.wait())
    await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if not working.done():
        task.stop(Problem("E_HANDED_BACK", "This handler is shutting down", retry=True))
        working.cancel()
    return await working


def _in_thread(function: Function, inputs: Any, task: Task) -> asyncio.Future[Any]:
    """In a thread that does not keep the process alive: one that hangs must not outlive a shutdown."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(settled: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            settled(value)

    def work() -> None:
        try:
            outcome = (future.set_result, function(inputs, task))
        except BaseException as thrown:
            outcome = (future.set_exception, thrown if not isinstance(thrown, StopIteration) else RuntimeError(thrown))
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, name=task.id, daemon=True).start()
    return future


async def _keep_lease(
    place: Workplace, assignment: Assignment, stop: Callable[[Problem], None], lease_seconds: float
) -> None:
    """Asks so often that two questions may be lost, at least every 5 s."""
    while True:
        await asyncio.sleep(min(5.0, lease_seconds / 3))
        answer = await place.ask_lease(assignment)
        if answer not in (None, "go"):
            stop(_stopped(str(answer)))
            return


def _stopped(reason: str) -> Problem:
    if reason == "stale":
        return Problem("E_LEASE_LOST", "Another attempt took this task over", retry=True)
    return Problem("E_ABORTED", "The answer is not needed any more" if reason == "prune" else "Somebody aborted this run")


def _succeeded(assignment: Assignment, task: Task | AsyncTask, answer: Any) -> dict[str, Any]:
    """Rows where the contract has a table are stored; the output is checked before it is said."""
    said = answer if isinstance(answer, Answered) else Answered(answer)
    if not isinstance(said.output, Mapping):
        found = type(said.output).__name__
        raise Problem("E_BAD_OUTPUT", f"A handler answers with a dictionary, not with {found}.")
    output = dict(said.output)
    for name in tables_of(assignment.capability):
        if name in output and not isinstance(output[name], Mapping):
            output[name] = task._put_table(output[name], name)
    data: dict[str, Any] = {"outputs": checked(assignment.capability, "output", output)}
    if said.message is not None:
        data["message"] = said.message
    if said.logs:
        data["logs"] = said.logs
    return {"status": "succeeded", "result": said.result, "data": data}


def _erred(problem: Problem) -> dict[str, Any]:
    status = {"E_ABORTED": "aborted", "E_TIMEOUT": "timedout"}.get(problem.code, "errored")
    data = {"message": problem.what[:4_000], "problem": problem.report(), "retry": problem.retry}
    return {"status": status, "data": data}
