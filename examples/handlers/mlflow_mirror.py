"""Every run of a project in MLflow, as it ends; what is told twice is logged once.

JACKFIELD_URL=http://127.0.0.1:7733 MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python mlflow_mirror.py weather
"""

import sys
from datetime import datetime

import jackfield as jf
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

project = sys.argv[1]
client = MlflowClient()
found = client.get_experiment_by_name(project)
experiment = client.create_experiment(project) if found is None else found.experiment_id


def milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)


def mirror(run: jf.Run) -> None:
    if client.search_runs([experiment], f"tags.jackfield = '{run.id}'"):
        return
    row, train = run.tree["run"], run.pinned["configuration"].get("train", {})
    tags = {"jackfield": run.id, "outcome": run.outcome, "subproject": run.subproject or ""}
    started, ended = milliseconds(row["startedAt"]), milliseconds(row["finishedAt"])
    logged = client.create_run(experiment, start_time=started, tags=tags, run_name=run.name).info.run_id
    params = {"seed": run.pinned["seed"], "handler": run.pinned["bindings"].get("train"), **train.get("params", {})}
    client.log_batch(
        logged,
        metrics=[Metric(name, value, ended, 0) for name, value in run.metrics.items()],
        params=[Param(name, str(value)) for name, value in params.items()],
    )
    judged = run.outcome in ("pass", "warning", "fail")
    client.set_terminated(logged, "FINISHED" if judged else "FAILED", end_time=ended)
    print(f"{run.name} {run.outcome}", flush=True)


for event in jf.tail("run.finished", project=project, start="start"):
    mirror(jf.show(event["run"]).wait())
