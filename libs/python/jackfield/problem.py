"""Failures with a name: what happened, why, where, and the way out."""

from __future__ import annotations

from typing import Any, Mapping, TypedDict, cast


class Report(TypedDict, total=False):
    """The form in which a problem travels in events and HTTP answers."""

    code: str
    what: str
    why: str
    here: str
    next: str
    retryAfterSeconds: float


class Problem(Exception):
    """A failure that people understand. `retry` says whether another attempt may help."""

    def __init__(
        self,
        code: str,
        what: str,
        *,
        why: str | None = None,
        here: str | None = None,
        next: str | None = None,
        retry: bool = False,
    ) -> None:
        super().__init__(what)
        self.code, self.what, self.why, self.here, self.next, self.retry = code, what, why, here, next, retry

    def __str__(self) -> str:
        rows = (("why", self.why), ("here", self.here), ("next", self.next))
        said = [f"  {name:<6} {text}" for name, text in rows if text]
        return "\n".join([f"{self.code}  {self.what}", *said])

    def report(self) -> Report:
        parts = {"code": self.code, "what": self.what, "why": self.why, "here": self.here, "next": self.next}
        longest = {"what": 4_000, "why": 8_000}
        cut = {name: text[: longest.get(name, 2_000)] for name, text in parts.items() if text}
        return cast(Report, cut)  # the keys are those of Report

    @classmethod
    def from_report(cls, report: Mapping[str, Any], *, retry: bool = False) -> Problem:
        """The form that travelled → Problem; what is no report says so."""
        why, here, out = (_text(report.get(name)) for name in ("why", "here", "next"))
        what = str(report.get("what", "something that is no problem report"))
        return cls(str(report.get("code", "E_BROKEN")), what, why=why, here=here, next=out, retry=retry)

    @classmethod
    def of(cls, thrown: BaseException) -> Problem:
        """Anything that was raised → Problem. What has no name is a fault of the code, and may pass."""
        if isinstance(thrown, Problem):
            return thrown
        what = f"{type(thrown).__name__}: {thrown}" if str(thrown) else type(thrown).__name__
        return cls("E_BROKEN", what, retry=True)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
