"""Jackfield for Python: `task` in a script, `serve` for a handler, `run`, `runs`, `diff` and `tail` in a notebook.

Nothing beyond the standard library is loaded until it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .problem import Problem as Problem

if TYPE_CHECKING:
    # `X as X` is how a typed package says that a name is for its users.
    from .command import CommandTask
    from .differences import Diff as Diff
    from .notebook import Run as Run
    from .notebook import diff as diff
    from .notebook import run as run
    from .notebook import runs as runs
    from .notebook import show as show
    from .notebook import tail as tail
    from .serve import serve as serve
    from .serve import serve_async as serve_async
    from .task import Answered as Answered
    from .task import AsyncTask as AsyncTask
    from .task import Stopped as Stopped
    from .task import Task as Task

    task: CommandTask

__version__ = "1.0.0"

#: The version of the command contract that `task` speaks.
CONTRACT = "1"

_places = {
    "serve": "serve",
    "serve_async": "serve",
    "Answered": "task",
    "AsyncTask": "task",
    "Stopped": "task",
    "Task": "task",
    "Diff": "differences",
    "Run": "notebook",
    "diff": "notebook",
    "run": "notebook",
    "runs": "notebook",
    "show": "notebook",
    "tail": "notebook",
}

__all__ = ["CONTRACT", "Problem", "task", *_places]


def __getattr__(name: str) -> Any:
    if name == "task":
        from .command import CommandTask

        found: Any = CommandTask.here()
    elif name in _places:
        found = getattr(import_module(f".{_places[name]}", __name__), name)
    else:
        raise AttributeError(f"module 'jackfield' has no attribute {name!r}")
    globals()[name] = found
    return found
