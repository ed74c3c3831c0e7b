"""The task of a script that nobody but a person started."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Mapping

from .problem import Problem
from .rows import ROW_ID, Row, csv_text

_sample = Path(__file__).parent / "data" / "seattle-weather.csv"
_sample_target = "weather"


def by_hand(environment: Mapping[str, str], argv: list[str]) -> dict[str, str]:
    """The variables that Jackfield would have set: for `--in DIR`, which is taken out of `argv`, else for the sample."""
    said = environment.get("JACKFIELD_IN") or _taken(argv)
    folder = _lay_sample() if said is None else _inputs_of(Path(said))
    out = Path(environment.get("JACKFIELD_OUT", "out"))
    out.mkdir(parents=True, exist_ok=True)
    what = "the sample task (weather of Seattle)" if said is None else said
    print(f"jackfield: by hand, on {what}; it leaves everything in {out}", file=sys.stderr)
    task = _read(folder / "task.json")
    return {
        "JACKFIELD_CAPABILITY": "train",
        "JACKFIELD_TASK": "sample-1/train",
        "JACKFIELD_RUN": "sample-1",
        "JACKFIELD_PROJECT": "sample",
        "JACKFIELD_SUBPROJECT": "sample",
        "JACKFIELD_SEED": str(task.get("seed", 1)),
        "JACKFIELD_TARGET": str(task.get("target", "")),
        **{name: value for name, value in environment.items() if name.startswith("JACKFIELD_")},
        "JACKFIELD_IN": str(folder),
        "JACKFIELD_OUT": str(out),
    }


def _taken(argv: list[str]) -> str | None:
    """`--in DIR` or `--in=DIR`, removed so that the script's own options are not confused by it."""
    for place, word in enumerate(argv):
        if word.startswith("--in="):
            del argv[place]
            return word[len("--in=") :]
        if word == "--in" and place + 1 < len(argv):
            said = argv[place + 1]
            del argv[place : place + 2]
            return said
    return None


def _inputs_of(folder: Path) -> Path:
    """The folder with the inputs, or the one around it, as `jackfield pull` writes it."""
    for place in (folder / "in", folder):
        if any(place.glob("*.parquet")) or any(place.glob("*.csv")) or (place / "task.json").exists():
            return place
    raise Problem(
        "E_NOT_FOUND",
        f"There are no inputs in {folder}.",
        why="a folder of inputs holds task.json and tables, for example train.parquet or train.csv",
        next="leave --in out for the sample task",
    )


def _lay_sample() -> Path:
    """2012–2014 to learn from, 2015 to predict, as split would lay them; the test table has no target."""
    folder = Path(tempfile.mkdtemp(prefix="jackfield-sample-"))
    with _sample.open(encoding="utf-8", newline="") as file:
        rows: list[Row] = [{ROW_ID: _row_id(row), **row} for row in csv.DictReader(file)]
    train = [row for row in rows if row["date"] < "2015"]
    test = [{name: row[name] for name in row if name != _sample_target} for row in rows if row["date"] >= "2015"]
    (folder / "train.csv").write_text(csv_text(train), encoding="utf-8")
    (folder / "test.csv").write_text(csv_text(test), encoding="utf-8")
    (folder / "task.json").write_text(json.dumps({"target": _sample_target, "seed": 1, "params": {}}))
    return folder


def _row_id(row: Mapping[str, str]) -> str:
    text = json.dumps(row, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, object]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
