"""The connection to NATS: who we are there, questions, and publishing until the stream has it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

from .events import Event, encode, message_id
from .problem import Problem

_first_connection_seconds = 15
_answer_seconds = 2.0


@dataclass(frozen=True)
class Identity:
    """Who a credential says that one is."""

    user: str
    #: What the names of the JetStream API begin with in its account.
    api: str
    #: Made of the key, and not the key itself.
    secret: str

    @classmethod
    def of(cls, path: str | None, name: str) -> Identity:
        """Reads a `.creds` file; one that somebody else issued proves who we are and says no more. Raises E_CONFIG."""
        if path is None:
            return cls(name, "$JS.API", "")
        try:
            text = Path(path).read_text(encoding="utf-8")
            found = re.search(r"-----BEGIN NATS USER JWT-----\s+(\S+)", text)
            body = (found[1] if found else "").split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (OSError, IndexError, ValueError) as cause:
            raise Problem(
                "E_CONFIG",
                "The credential for NATS cannot be read.",
                why=str(cause),
                here=path,
                next="jackfield admin token --handler NAME --project PROJECT > NAME.creds",
            ) from cause
        tags = claims.get("nats", {}).get("tags", [])
        if "jackfield" not in tags:
            return cls(name, "$JS.API", "")
        api = next((tag[len("api:") :] for tag in tags if tag.startswith("api:")), "$JS.API")
        secret = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        return cls(claims["name"], api, secret)


class Line:
    """A connection to NATS that outlives the server's absence."""

    def __init__(self, identity: Identity, prefix: str | None) -> None:
        self.identity = identity
        before = f"{prefix}." if prefix else ""
        self.root, self._control = f"{before}evt", f"{before}ctl"
        #: When the connection was made last, of the monotonic clock.
        self.connected_at = 0.0
        #: Counts interruptions: who began before the last one begins anew.
        self.breaks = 0
        #: Called when the connection breaks.
        self.watchers: set[Callable[[], None]] = set()
        self._forbidden: dict[str, Problem] = {}
        self.nats: Any = None
        self._last_error: Exception | None = None

    @classmethod
    async def open(cls, name: str, settings: Mapping[str, str]) -> Line:
        """Connects as JACKFIELD_NATS_URL, _CREDS and JACKFIELD_PREFIX say. Raises E_CONFIG, E_STORE_DOWN."""
        try:
            from nats.aio.client import Client
        except ImportError as cause:
            next = "pip install 'jackfield[serve]'"
            raise Problem("E_CONFIG", "The Python package nats-py is not installed.", next=next) from cause
        url, creds = setting(settings, "JACKFIELD_NATS_URL"), settings.get("JACKFIELD_NATS_CREDS")
        line = cls(Identity.of(creds, name), settings.get("JACKFIELD_PREFIX"))
        line.nats = Client()
        connecting = line.nats.connect(
            [server.strip() for server in url.split(",")],
            name=name,
            inbox_prefix=f"_INBOX_{line.identity.user}",
            user_credentials=creds,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            ping_interval=10,
            error_cb=line._failed,
            disconnected_cb=line._broke,
            reconnected_cb=line._mended,
        )
        try:
            await asyncio.wait_for(connecting, _first_connection_seconds)
        except Exception as cause:
            why = str(line._last_error or cause) or type(cause).__name__
            next = "jackfield up starts it; JACKFIELD_NATS_URL and JACKFIELD_NATS_CREDS say where it is, and who you are"
            raise Problem("E_STORE_DOWN", "NATS does not let us in.", why=why, next=next, retry=True) from cause
        line.connected_at = time.monotonic()
        return line

    async def ask(self, subject: str, question: dict[str, Any], seconds: float = 3.0) -> dict[str, Any]:
        """Asks a service on a subject below `ctl.`. Raises the Problem that came back, or E_UNREACHABLE."""
        body = await self._request(f"{self._control}.{subject}", json.dumps(question).encode(), seconds)
        said = json.loads(body)
        if "problem" in said:
            raise Problem.from_report(said["problem"])
        answer: dict[str, Any] = said["answer"]
        return answer

    async def consumer_info(self, stream: str, durable: str) -> dict[str, Any]:
        """What the server knows of a consumer. Raises E_STORE_DOWN when it is not there."""
        body = await self._request(f"{self.identity.api}.CONSUMER.INFO.{stream}.{durable}", b"", 3.0)
        info: dict[str, Any] = json.loads(body)
        if "error" in info:
            why = "the conductor makes it when a handler has registered"
            raise Problem("E_STORE_DOWN", f"The consumer {durable} is not there.", why=why, retry=True)
        return info

    async def publish(self, event: Event, subject: str) -> None:
        """Tries, under one message id, until the stream has it. Raises E_TOO_LARGE, E_INVALID, E_TOKEN_SCOPE."""
        body = encode(event)
        headers = {
            "Content-Type": "application/cloudevents+json",
            "Nats-Msg-Id": message_id(event, self.identity.secret),
        }
        for attempt in range(1, 1_000_000_000):
            answer = await self._try(subject, body, headers)
            if answer.get("seq", 0) > 0 and "error" not in answer:
                return
            code, said = answer.get("error", {}).get("code", 503), answer.get("error", {}).get("description", "")
            full = str(said).startswith(("maximum bytes", "maximum messages"))
            if code != 408 and code < 500 and not full:
                raise Problem("E_BROKEN", f"The stream refuses an event: {said}.")
            # A server remembers a message id for two minutes; readers of a later repeat are told.
            headers["Jackfield-Again"] = "1"
            await pause(attempt)

    async def _try(self, subject: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        from nats import errors

        try:
            said = await self.nats.request(subject, body, timeout=_answer_seconds, headers=headers)
            answer: dict[str, Any] = json.loads(said.data)
            return answer
        except (errors.Error, asyncio.TimeoutError, ValueError):
            if subject in self._forbidden:
                raise self._forbidden[subject] from None
            return {}

    async def _request(self, subject: str, body: bytes, seconds: float) -> bytes:
        from nats import errors

        try:
            answer: bytes = (await self.nats.request(subject, body, timeout=seconds)).data
            return answer
        except (errors.Error, asyncio.TimeoutError) as cause:
            if subject in self._forbidden:
                raise self._forbidden[subject] from None
            why = str(cause) or f"no answer on {subject} within {seconds} s"
            raise Problem("E_UNREACHABLE", f"Nobody answers on {subject}.", why=why, retry=True) from cause

    async def _failed(self, error: Exception) -> None:
        self._last_error = error
        found = re.search(r'permissions violation for (\w+) to "([^"]+)"', str(error), re.IGNORECASE)
        if found:
            self._forbidden[found[2]] = Problem(
                "E_TOKEN_SCOPE",
                f"The NATS user {self.identity.user} may not do this on {found[2]}.",
                why="its credential allows what its handler needs, and nothing else",
                next="jackfield admin token --handler NAME --project PROJECT > NAME.creds",
            )

    async def _broke(self) -> None:
        self.breaks += 1
        for watcher in self.watchers:
            watcher()

    async def _mended(self) -> None:
        self.connected_at = time.monotonic()


def setting(settings: Mapping[str, str], name: str) -> str:
    said = settings.get(name)
    if said:
        return said
    raise Problem("E_CONFIG", f"The setting {name} is missing", next=f"set the environment variable {name}")


async def pause(attempt: int, most: float = 2.0) -> None:
    """Exponential with full jitter (Brooker 2015)."""
    await asyncio.sleep(0.02 + random.random() * min(most, 0.05 * 2 ** min(attempt, 10)))
