"""The HTTP door of a Jackfield, by the standard library alone."""

from __future__ import annotations

import http.client
import json
import os
import time
from pathlib import Path
from typing import Any, Iterator, Mapping
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from .problem import Problem

_usual = "http://127.0.0.1:7733"
_passing_statuses = (429, 502, 503, 504)


def find_address(environment: Mapping[str, str], folder: Path) -> tuple[str, str]:
    """JACKFIELD_URL, else what `jackfield up` wrote in this folder or above, else the usual port; and who said so."""
    if environment.get("JACKFIELD_URL"):
        return environment["JACKFIELD_URL"].rstrip("/"), "JACKFIELD_URL"
    for place in (folder, *folder.parents):
        file = place / ".jackfield" / "run.json"
        try:
            url = json.loads(file.read_text(encoding="utf-8")).get("url")
        except (OSError, ValueError):
            continue
        if isinstance(url, str):
            return url, str(file)
    return _usual, "the default; no .jackfield/run.json in this folder or above"


class Gateway:
    """Asks over HTTP. What the server refuses is raised as the Problem that it named."""

    def __init__(self, url: str, where: str, token: str | None) -> None:
        self.url, self._where, self._token = url, where, token

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> Gateway:
        said = os.environ if environment is None else environment
        return cls(*find_address(said, Path.cwd()), said.get("JACKFIELD_TOKEN"))

    def get(self, path: str, **query: Any) -> Any:
        with self.open("GET", path, query=query) as response:
            return json.loads(response.read())

    def post(self, path: str, body: Any, content_type: str = "application/json") -> Any:
        data = json.dumps(body, allow_nan=False).encode()
        with self.open("POST", path, data=data, headers={"content-type": content_type}) as response:
            return json.loads(response.read())

    def bytes(self, path: str, **query: Any) -> bytes:
        with self.open("GET", path, query=query) as response:
            return bytes(response.read())

    def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        """The bare response. Raises the server's Problem, or E_UNREACHABLE."""
        said = {name: value for name, value in (query or {}).items() if value is not None}
        own = {} if self._token is None else {"authorization": f"Bearer {self._token}"}
        url = f"{self.url}{path}" + (f"?{urlencode(said)}" if said else "")
        request = Request(url, data=data, method=method, headers={**own, **(headers or {})})
        try:
            response: http.client.HTTPResponse = urlopen(request)
            return response
        except HTTPError as refused:
            raise _problem_of(refused) from None
        except (URLError, ConnectionError) as cause:
            why = f"{getattr(cause, 'reason', cause)}; the address is from {self._where}"
            what, next = f"No Jackfield answers at {self.url}", "jackfield up, or set JACKFIELD_URL to where it is"
            raise Problem("E_UNREACHABLE", what, why=why, next=next, retry=True) from cause

    def events(self, **query: Any) -> Iterator[dict[str, Any]]:
        """`{position, at, event}` of each event as it passes; a broken connection goes on behind the last one."""
        last: str | None = None
        failures = 0
        while True:
            try:
                for name, place, data in self._messages(query, last):
                    failures, last = 0, place or last
                    if name == "problem":
                        raise Problem.from_report(data)
                    if name == "cloudevent":
                        yield data
            except (Problem, OSError, http.client.HTTPException) as thrown:
                failures += 1
                if failures > 5 or (isinstance(thrown, Problem) and not thrown.retry):
                    raise
            time.sleep(min(0.1 * 2**failures, 2))

    def _messages(self, query: Mapping[str, Any], last: str | None) -> Iterator[tuple[str, str | None, Any]]:
        """Server-sent events (HTML Living Standard, 9.2)."""
        headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": last})
        with self.open("GET", "/v1/events/stream", query=query, headers=headers) as response:
            fields: dict[str, str] = {}
            for line in response:
                text = line.decode().rstrip("\r\n")
                if text:
                    # A line that begins with a colon is a comment, and has no name.
                    name, _, value = text.partition(": ")
                    fields[name] = value
                    continue
                if "data" in fields:
                    yield fields.get("event", "message"), fields.get("id"), json.loads(fields["data"])
                fields = {}


def segment(text: str) -> str:
    """One part of a path; ids have slashes of their own."""
    return quote(text, safe="")


def _problem_of(refused: HTTPError) -> Problem:
    retry = refused.code in _passing_statuses
    try:
        return Problem.from_report(json.loads(refused.read()), retry=retry)
    except (ValueError, AttributeError):
        code = "E_NOT_FOUND" if refused.code == 404 else "E_BROKEN"
        return Problem(code, f"The server answered {refused.code} to {refused.url}", retry=retry)
