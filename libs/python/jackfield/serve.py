"""Be a handler: registers with the conductor and answers until SIGTERM or SIGINT, then finishes or hands back."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import re
import secrets
import signal
import sys
from functools import cache
from pathlib import Path
from typing import Any, Mapping

from .attempt import Function, Workplace, attempt
from .capabilities import version_of
from .events import handler_user, read_triggered
from .line import Line, setting
from .log import log
from .problem import Problem
from .pull import Delivery, Puller
from .store import open_store

_name = re.compile(r"^(?!.*-\d+$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")


def serve(name: str, handlers: Mapping[str, Function], **options: Any) -> None:
    """Blocks. `handlers` is capability → function of (input, task); a plain function runs in a thread.

    `concurrency` tasks at once (1), `version` (8 characters of the digest of the program's file), `environment`
    (os.environ): JACKFIELD_NATS_URL, JACKFIELD_NATS_CREDS, JACKFIELD_PROJECT; JACKFIELD_ARTIFACTS_URL or JACKFIELD_URL.
    Raises E_CONFIG that names the missing variable, E_STORE_DOWN when NATS is not there.
    """
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(serve_async(name, handlers, **options))


async def serve_async(
    name: str,
    handlers: Mapping[str, Function],
    *,
    concurrency: int = 1,
    version: str | None = None,
    environment: Mapping[str, str] | None = None,
    grace: float = 5.0,
    stop: asyncio.Event | None = None,
) -> None:
    """The same inside a running loop; it ends when `stop` is set, or by a signal. Work gets `grace` seconds to finish."""
    settings = os.environ if environment is None else environment
    project = setting(settings, "JACKFIELD_PROJECT")
    for said in (name, project):
        if not _name.match(said):
            raise Problem("E_CONFIG", f"{said} is no name", next="letters, digits, - and _, and no number at the end")
    ending = stop or asyncio.Event()
    # Signals are the main thread's; whoever serves in another one sets `stop`.
    with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ending.set)
    line = await Line.open(handler_user(project, name), settings)
    place = Workplace(line, cache(lambda: open_store(settings)), name, secrets.token_hex(4))
    description = {
        "handler": name,
        "version": version or _version_of_program(),
        "project": project,
        "contracts": {each: {"from": version_of(each), "to": version_of(each)} for each in handlers},
        "instance": place.instance,
    }
    try:
        await _Serving(place, handlers, description, concurrency).until(ending, grace)
    finally:
        await line.nats.close()


class _Serving:
    def __init__(
        self, place: Workplace, handlers: Mapping[str, Function], description: dict[str, Any], concurrency: int
    ) -> None:
        self._place, self._handlers = place, handlers
        self._description, self._concurrency = description, concurrency
        self._pullers: list[Puller] = []
        self._loops: list[asyncio.Task[None]] = []

    async def until(self, ending: asyncio.Event, grace: float) -> None:
        """Pulls until `ending`, then lets work finish for `grace` seconds and hands back what is left."""
        registering = asyncio.create_task(self._keep_registered())
        await ending.wait()
        registering.cancel()
        for puller in self._pullers:
            puller.stop()
        done = asyncio.ensure_future(asyncio.gather(*(puller.done() for puller in self._pullers)))
        try:
            await asyncio.wait_for(asyncio.shield(done), grace)
        except asyncio.TimeoutError:
            self._place.leaving.set()
            # With NATS away nothing can be handed back; the conductor finds out by the lease.
            await asyncio.wait({done}, timeout=5)
        # Whoever heard us will miss us anyway; saying so only makes it quicker.
        with contextlib.suppress(Problem):
            await self._say(leaving=True)
        for loop in self._loops:
            loop.cancel()

    async def _keep_registered(self) -> None:
        retry = 0.05
        while True:
            try:
                answer = await self._say(leaving=False)
                self._pull_from(answer["consumers"])
                retry, wait = 0.05, float(answer["everySeconds"])
            except Problem as problem:
                log.debug("registration.unanswered %s", problem)
                wait = retry = min(retry * 2, 2.0)
            await asyncio.sleep(wait)

    async def _say(self, *, leaving: bool) -> dict[str, Any]:
        said = {**self._description, "concurrency": 0 if leaving else self._concurrency, "leaving": leaving}
        subject = f"handler.{self._description['project']}.{self._description['handler']}"
        return await self._place.line.ask(subject, said)

    def _pull_from(self, consumers: list[dict[str, str]]) -> None:
        """The conductor names the consumers in every answer; one loop is enough for each."""
        if self._pullers:
            return
        log.info("handler.registered %s answers %s", self._place.handler, ", ".join(self._handlers))
        for consumer in consumers:
            function = self._handlers.get(consumer["capability"])
            if function is not None:
                puller = Puller(self._place.line, consumer, self._concurrency, self._taker(function))
                self._pullers.append(puller)
                self._loops.append(asyncio.create_task(puller.run()))

    def _taker(self, function: Function) -> Any:
        async def take(delivery: Delivery, free: Any) -> None:
            try:
                triggered = read_triggered(
                    delivery.body, delivery.subject, self._place.line.root, self._place.handler
                )
            except ValueError as refused:
                log.error("delivery.refused %s: %s; the tracker keeps it", delivery.subject, refused)
                await delivery.respond("+TERM")
                return
            await attempt(self._place, function, delivery, triggered, free)

        return take


def _version_of_program() -> str:
    program = Path(sys.argv[0]) if sys.argv else Path()
    content = program.read_bytes() if program.is_file() else b""
    return hashlib.sha256(content).hexdigest()[:8]
