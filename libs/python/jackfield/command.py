"""The command contract, version 1, for a script: `from jackfield import task`."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, NoReturn, Sequence

from .by_hand import by_hand
from .problem import Problem
from .rows import Row, csv_text, predicted, read_csv_frame, read_csv_rows, read_frame, read_parquet_rows

if TYPE_CHECKING:
    import pandas

_exits = {"pass": 0, "fail": 5, "warning": 6}


class CommandTask:
    """What a script is asked to do, and where it leaves what came of it.

    Under Jackfield it is read from the `JACKFIELD_` variables; in a script run by hand it is the folder named by
    `--in DIR`, else the sample task: the weather of Seattle.
    """

    def __init__(self, environment: Mapping[str, str], *, by_hand: bool = False) -> None:
        self._environment = environment
        self.by_hand = by_hand
        self.capability = self._said("CAPABILITY")
        self.id, self.run = self._said("TASK"), self._said("RUN")
        self.project, self.subproject = self._said("PROJECT"), self._said("SUBPROJECT")
        self.stage = environment.get("JACKFIELD_STAGE")
        self.attempt = int(environment.get("JACKFIELD_ATTEMPT", "1"))
        self.role = environment.get("JACKFIELD_ROLE", "primary")
        #: 0 … 2³¹−1.
        self.seed = int(environment.get("JACKFIELD_SEED", "0"))
        #: Name of the column to predict; empty for a capability that has none.
        self.target = environment.get("JACKFIELD_TARGET", "")
        self.folder = Path(self._said("IN"))
        #: An empty folder; what is left in it is kept.
        self.out = Path(self._said("OUT"))
        #: The complete typed input, with paths in place of references.
        self.input: dict[str, Any] = _json(self.folder / "task.json")
        self.params: dict[str, Any] = _json(self.folder / "params.json") or self.input.get("params", {})

    @classmethod
    def here(cls) -> CommandTask:
        """The task of this process. Raises E_CONFIG for a contract version that this package does not know."""
        if "JACKFIELD_CONTRACT" not in os.environ:
            return cls(by_hand(os.environ, sys.argv), by_hand=True)
        version = os.environ["JACKFIELD_CONTRACT"]
        if version != "1":
            raise Problem(
                "E_CONFIG",
                f"This is version {version} of the command contract; this package knows version 1.",
                next="pip install --upgrade jackfield",
            )
        task = cls(os.environ)
        sys.excepthook = task._leave_error
        return task

    @property
    def deadline(self) -> datetime | None:
        """When the process is killed."""
        said = self._environment.get("JACKFIELD_DEADLINE")
        return None if said is None else datetime.fromisoformat(said.replace("Z", "+00:00"))

    @property
    def inputs(self) -> dict[str, Path]:
        """Every input by its name; where there is a CSV twin, the Parquet file."""
        found = (path for path in self.folder.iterdir() if path.name not in ("task.json", "params.json"))
        return {path.stem: path for path in sorted(found, key=lambda path: path.suffix == ".parquet")}

    def path(self, name: str) -> Path:
        """The file of an input. Raises E_NOT_FOUND with the names that there are."""
        there = self.inputs
        if name in there:
            return there[name]
        names = ", ".join(sorted(there)) or "none"
        raise Problem("E_NOT_FOUND", f"This task has no input {name}.", why=f"it has {names}", here=str(self.folder))

    def table(self, name: str) -> pandas.DataFrame:
        """An input as a DataFrame with `__row_id` in the index; the test table comes without the target."""
        path = self.path(name)
        return read_csv_frame(path) if path.suffix == ".csv" else read_frame(path)

    def rows(self, name: str) -> list[Row]:
        """An input as dictionaries: all text from its CSV twin, which needs no package, else typed from Parquet."""
        twin = self.path(name).with_suffix(".csv")
        return read_csv_rows(twin) if twin.exists() else read_parquet_rows(self.path(name))

    def progress(self, fraction: float | None = None, message: str | None = None, **metrics: float) -> None:
        """Tells people how far it is: fraction 0..1, a line, numbers; `step=4` counts steps."""
        step = metrics.pop("step", None)
        said = {"fraction": fraction, "message": message, "step": step, "metrics": metrics or None}
        line = json.dumps({name: value for name, value in said.items() if value is not None})
        if self.by_hand:
            print(f"  {line}", file=sys.stderr)
        else:
            with open(self._said("PROGRESS"), "a", encoding="utf-8") as file:
                file.write(line + "\n")

    def predictions(self, test: Any, model: Any) -> None:
        """Leaves `predictions.csv`: each test row with its prediction and, where the model knows them, probabilities.

        `test` is what the model predicts from; `model` may also be the predictions, in the order of `test`.
        """
        (self.out / "predictions.csv").write_text(csv_text(predicted(test, model)), encoding="utf-8")

    def metrics(self, more: Mapping[str, float] = {}, **numbers: float) -> None:
        """Leaves numbers beside those of earlier calls."""
        path = self.out / "metrics.json"
        said = {name: float(value) for name, value in {**more, **numbers}.items()}
        path.write_text(json.dumps({**_json(path), **said}), encoding="utf-8")

    def output(self, **fields: Any) -> None:
        """Leaves the typed output of a capability other than train, merged over what files say."""
        path = self.out / "output.json"
        path.write_text(json.dumps({**_json(path), **fields}), encoding="utf-8")

    def summary(self, markdown: str) -> None:
        """Is shown in the report and the comment on a pull request; at most 64 KiB."""
        (self.out / "summary.md").write_text(markdown, encoding="utf-8")

    def verdict(self, result: str, message: str = "") -> NoReturn:
        """Ends the script with a verdict: pass, warning or fail."""
        if result not in _exits:
            raise Problem("E_INVALID", f"{result} is no verdict.", next=f"one of {', '.join(_exits)}")
        if message:
            print(message, file=sys.stderr)
        sys.exit(_exits[result])

    def _said(self, name: str) -> str:
        return self._environment[f"JACKFIELD_{name}"]

    def _leave_error(self, kind: type[BaseException], thrown: BaseException, trace: Any) -> None:
        """A problem that ends the script is told whole, not by the last line of its traceback."""
        sys.__excepthook__(kind, thrown, trace)
        if isinstance(thrown, Problem):
            message = thrown.what if thrown.why is None else f"{thrown.what} ({thrown.why})"
            said = {"code": thrown.code, "message": message, "next": thrown.next}
            kept = {name: text for name, text in said.items() if text}
            (self.out / "error.json").write_text(json.dumps(kept), encoding="utf-8")


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


__all__: Sequence[str] = ["CommandTask"]
