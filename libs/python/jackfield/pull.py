"""Takes tasks from a handler's durable consumer, no more than there are free workers."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Awaitable, Callable

from .line import Line, pause
from .log import log
from .problem import Problem

_expires = 30_000_000_000
#: While a request is open the server sends a sign of life so often; two missed, and the consumer is taken for lost.
_heartbeat = 2_500_000_000
_silent_seconds = 6.0


@dataclass
class Delivery:
    """One message as JetStream delivers it."""

    line: Line
    subject: str
    body: bytes
    reply: str
    #: Perhaps it was worked on before: ask for the lease before working.
    doubtful: bool
    #: How long it has been in the stream, by the clocks of the server and of this machine; seconds.
    age: float

    async def respond(self, word: str) -> None:
        """`+ACK`: the stream has `started`. `+WPI`: more time. `+TERM`: it may not count. `-NAK`: to somebody else."""
        await self.line.nats.publish(self.reply, word.encode())


class Lost(Exception):
    """The consumer is gone or silent, or the connection was re-made."""


Take = Callable[[Delivery, Callable[[], None]], Awaitable[None]]


class Puller:
    """Works off one consumer until it is stopped. While it is missing, was deleted or fell silent, binds again."""

    def __init__(self, line: Line, consumer: dict[str, str], concurrency: int, take: Take) -> None:
        self._line, self._take, self._concurrency = line, take, concurrency
        self._stream, self._durable = consumer["stream"], consumer["durable"]
        self._busy = self._pending = self._old = 0
        self._running: set[asyncio.Task[None]] = set()
        self._came: asyncio.Queue[Any] = asyncio.Queue()
        self._stopped = False

    async def run(self) -> None:
        attempt = 0
        self._line.watchers.add(self._wake)
        while not self._stopped:
            attempt += 1
            try:
                info = await self._line.consumer_info(self._stream, self._durable)
                attempt, self._old = 0, info["num_pending"]
                await self._work_off()
            except (Problem, Lost) as lost:
                if not self._stopped:
                    log.warning("pulling.interrupted: %s", lost)
                    await pause(attempt)

    def stop(self) -> None:
        """Pulls nothing more; running tasks go on."""
        self._stopped = True
        self._line.watchers.discard(self._wake)
        self._wake()

    async def done(self) -> None:
        """Everything that was taken is answered."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def _wake(self) -> None:
        self._came.put_nowait(None)

    async def _work_off(self) -> None:
        # What an earlier, lost subscription still holds is not ours any more.
        self._came, self._pending = asyncio.Queue(), 0
        breaks, inbox = self._line.breaks, self._line.nats.new_inbox()
        subscription = await self._line.nats.subscribe(inbox, cb=self._came.put)
        try:
            while not self._stopped:
                await self._ask(inbox)
                message = await self._next()
                if self._line.breaks != breaks:
                    raise Lost("the connection was lost")
                if message is not None and not self._stopped:
                    self._receive(message)
        finally:
            if not self._line.nats.is_closed:
                await subscription.unsubscribe()

    async def _ask(self, inbox: str) -> None:
        free = self._concurrency - self._busy - self._pending
        if free <= 0:
            return
        self._pending += free
        wanted = {"batch": free, "expires": _expires, "idle_heartbeat": _heartbeat}
        subject = f"{self._line.identity.api}.CONSUMER.MSG.NEXT.{self._stream}.{self._durable}"
        await self._line.nats.publish(subject, json.dumps(wanted).encode(), reply=inbox)

    async def _next(self) -> Any:
        """A message, or None when a worker got free, or the connection broke. Who waits for nothing from the server waits as long as it takes."""
        silent = _silent_seconds if self._pending > 0 else None
        try:
            return await asyncio.wait_for(self._came.get(), silent)
        except asyncio.TimeoutError:
            raise Lost("the server is silent") from None

    def _receive(self, message: Any) -> None:
        tokens = message.reply.split(".")
        if tokens[:2] != ["$JS", "ACK"]:
            self._heed(message.headers or {})
            return
        self._pending -= 1
        # Newer servers may put the domain and the account before the stream.
        at = 6 if len(tokens) >= 11 else 4
        count, stored = int(tokens[at]), int(tokens[at + 3]) / 1e9
        old = count == 1 and self._old > 0
        self._old -= old
        said_again = any(name in (message.headers or {}) for name in ("Jackfield-Again", "Jackfield-Restored"))
        age = max(0.0, time.time() - stored)
        doubtful = count > 1 or old or said_again
        self._begin(Delivery(self._line, message.subject, message.data, message.reply, doubtful, age))

    def _heed(self, headers: dict[str, str]) -> None:
        """Statuses (ADR-13): 100 sign of life, 404 and 408 a request ended, the rest means that the consumer is no good."""
        status, left = headers.get("Status"), int(headers.get("Nats-Pending-Messages", "0"))
        if status in ("404", "408") and left > 0:
            self._pending -= left
        elif status != "100":
            raise Lost(f"{status} {headers.get('Description', '')}")

    def _begin(self, delivery: Delivery) -> None:
        self._busy += 1
        busy = True

        def free() -> None:
            nonlocal busy
            if busy:
                busy = False
                self._busy -= 1
                self._wake()

        async def work() -> None:
            try:
                await self._take(delivery, free)
            except Exception as thrown:
                log.error("task.broken: %s", thrown)
            finally:
                free()

        running = asyncio.create_task(work())
        self._running.add(running)
        running.add_done_callback(self._running.discard)
