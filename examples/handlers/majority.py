"""The most frequent class, as a Python function behind `train`, over NATS.

JACKFIELD_NATS_URL=… JACKFIELD_NATS_CREDS=… JACKFIELD_PROJECT=weather JACKFIELD_URL=… python majority.py
"""

from collections import Counter

from jackfield import serve


def train(inputs, task):
    target = inputs["target"]
    rows, test = task.rows(inputs["dataset"]["train"]), task.rows(inputs["dataset"]["test"])
    counts = Counter(row[target] for row in rows)
    most = min(counts, key=lambda name: (-counts[name], name))
    task.progress(0.5, f"{most} is the most frequent")
    return {
        "model": task.store("model", most, "text/plain"),
        "predictions": task.predictions(test, [most] * len(test)),
    }


serve("majority-py", {"train": train})
