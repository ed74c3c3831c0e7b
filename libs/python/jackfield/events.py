"""The envelope and its subjects, as far as a handler speaks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .problem import Problem

Event = dict[str, Any]

_type = re.compile(r"^dev\.cdeventsx\.jackfield-([a-z]+)\.([a-z]+)\.(\d\.\d\.\d)$")
#: When the same answer is made again, these may differ.
_passing = ("time", "traceparent", "tracestate")
_repeated = ("organization", "project", "subproject", "stage", "run", "runname", "traceparent", "tracestate")
max_event_bytes = 65_536


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_type(text: str) -> tuple[str, str, str] | None:
    """`dev.cdeventsx.jackfield-train.triggered.1.0.0` → (`train`, `triggered`, `1.0.0`)."""
    found = _type.match(text)
    return None if found is None else (found[1], found[2], found[3])


def encode_token(text: str) -> str:
    """Text → one token of a subject: bytes outside `[A-Za-z0-9_-]` as `=HH`, nothing as `=`, a lone `_` as `=5F`."""
    if text in ("", "_"):
        return "=" if text == "" else "=5F"
    return re.sub(rb"[^A-Za-z0-9_-]", lambda found: b"=%02X" % found[0][0], text.encode()).decode()


def handler_subject(root: str, event: Event, handler: str) -> str:
    """Where a `triggered` for a handler lies, and its answers: `<root>.<project>.<handler>.<type>`."""
    project = encode_token(event["project"]) if "project" in event else "_"
    kind = ".".join(map(encode_token, event["type"].split(".")))
    return f"{root}.{project}.{encode_token(handler)}.{kind}"


def handler_user(project: str, handler: str) -> str:
    """The name of a handler's user; a hyphen inside a name is doubled, so that no two are called the same."""
    return "-".join(name.replace("-", "--") for name in (project, handler))


def read_triggered(body: bytes, subject: str, root: str, handler: str) -> Event:
    """A delivery → the `triggered` event. Raises ValueError for what may not count: the rights of NATS go by subject."""
    event: Any = json.loads(body)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise ValueError("it is no CloudEvent")
    if event.get("source") != "/jackfield/conductor":
        raise ValueError(f"{event.get('source')} triggers, which only the conductor may")
    if event.get("handler") != handler or handler_subject(root, event, handler) != subject:
        raise ValueError(f"the body does not belong to {subject}")
    return event


@dataclass(frozen=True)
class Assignment:
    """What every answer to a `triggered` repeats of it."""

    triggered: Event
    task: str
    handler: str
    attempt: int
    instance: str
    capability: str
    version: str

    @classmethod
    def of(cls, triggered: Event, instance: str) -> Assignment | None:
        """None when it names no task, handler or attempt."""
        task, handler, attempt = (triggered.get(name) for name in ("subject", "handler", "attempt"))
        kind = parse_type(triggered["type"])
        if not (isinstance(task, str) and isinstance(handler, str) and isinstance(attempt, int) and kind):
            return None
        return cls(triggered, task, handler, attempt, instance, kind[0], kind[2])

    def answer(self, predicate: str, data: dict[str, Any], count: int | None = None, **more: Any) -> Event:
        """`started`, `progressed` (with its number) or `finished`."""
        numbered = "" if count is None else f"/{self.instance}-{count}"
        return {
            "specversion": "1.0",
            "id": f"{self.task}/{self.handler}/{self.attempt}/{predicate}{numbered}",
            "source": f"/jackfield/handlers/{self.handler}",
            "type": f"dev.cdeventsx.jackfield-{self.capability}.{predicate}.{self.version}",
            "subject": self.task,
            "time": now(),
            "datacontenttype": "application/json",
            "correlationid": self.triggered.get("correlationid", self.triggered["id"]),
            "causationid": self.triggered["id"],
            **{name: self.triggered[name] for name in _repeated if name in self.triggered},
            "triggeredid": self.triggered["id"],
            "handler": self.handler,
            "role": self.triggered.get("role", "primary"),
            "attempt": self.attempt,
            **{name: value for name, value in more.items() if value is not None},
            "data": data,
        }


def encode(event: Event) -> bytes:
    """Structured mode. Raises E_TOO_LARGE over 64 KiB, E_INVALID for data that JSON cannot say (NaN, an object)."""
    try:
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as cause:
        raise Problem("E_INVALID", f"The data of {event['id']} cannot be written as JSON.", why=str(cause)) from cause
    if len(body) > max_event_bytes:
        raise Problem(
            "E_TOO_LARGE",
            f"The event {event['id']} is {len(body)} bytes; at most {max_event_bytes} travel.",
            next="store the large part as an artifact and answer with its descriptor: task.store(name, bytes)",
        )
    return body


def message_id(event: Event, secret: str) -> str:
    """`Nats-Msg-Id`: the same for the same answer, and nobody else can make it."""
    lasting = {name: value for name, value in event.items() if name not in _passing}
    text = json.dumps(lasting, sort_keys=True, separators=(",", ":"))
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
