"""Two runs side by side."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Iterator, Mapping

from .rows import pandas_module

if TYPE_CHECKING:
    import pandas

    from .notebook import Run


class Diff:
    """`causes`: what went in differently; `metrics`: what came out; `flipped`: rows predicted differently."""

    def __init__(self, first: Run, second: Run) -> None:
        self.first, self.second = first, second
        self.causes: pandas.DataFrame = pandas_module().DataFrame(
            list(_causes(first, second)), columns=["kind", "what", first.name, second.name]
        )
        self.metrics: pandas.DataFrame = pandas_module().DataFrame({first.name: first.metrics, second.name: second.metrics})

    @cached_property
    def flipped(self) -> pandas.DataFrame:
        """Test rows that both runs judged, and that they predict differently: target, before, after."""
        before, after = (run.results() for run in (self.first, self.second))
        both = before[["target", "prediction"]].join(after["prediction"].rename("after"), how="inner")
        changed = both[both["prediction"] != both["after"]]
        return changed.rename(columns={"prediction": self.first.name, "after": self.second.name})

    def __repr__(self) -> str:
        causes = "\n".join(f"  {kind} {what} ({a} → {b})" for kind, what, a, b in self.causes.itertuples(index=False))
        return f"<diff {self.first.name} {self.second.name}>\n{causes or '  nothing that went in is different'}"


def _causes(first: Run, second: Run) -> Iterator[tuple[str, str, str, str]]:
    before, after = _handlers(first), _handlers(second)
    for step in before:
        if step in after and before[step] != after[step]:
            yield "handler", step, before[step], after[step]
    for path, a, b in _changes(first.pinned.get("configuration"), second.pinned.get("configuration"), ()):
        yield "configuration", path, a, b
    for kind in ("code", "seed", "files"):
        a, b = (_word(_named(run.pinned.get(kind))) for run in (first, second))
        if a != b:
            yield ("data" if kind == "files" else kind), kind, a, b


def _handlers(run: Run) -> dict[str, str]:
    """Step → `handler@version` of the attempt that answered."""
    found = {}
    for task in run.tree["tasks"]:
        for attempt in task["attempts"]:
            if attempt["role"] == "primary":
                found[task["step"]] = f"{attempt['handler']}@{attempt.get('handlerversion', '?')}"
    return found


def _changes(a: Any, b: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """What is different between two JSON values, leaf by leaf; lists are leaves."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in sorted({*a, *b}):
            yield from _changes(a.get(name), b.get(name), (*path, name))
    elif a != b:
        yield ".".join(path), _word(a), _word(b)


def _named(value: Any) -> Any:
    """Bytes are told by their digest, whoever uploaded them under whatever name."""
    if isinstance(value, Mapping):
        if "digest" in value:
            return value["digest"]
        return {name: _named(item) for name, item in value.items()}
    return value


def _word(value: Any) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
