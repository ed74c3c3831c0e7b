"""What a notebook does with Jackfield, cell by cell: JACKFIELD_URL=http://127.0.0.1:7733 python notebook.py"""

# %% the runs so far, a line each
import jackfield as jf

runs = jf.runs("weather")
print(runs[["outcome", "accuracy"]])

# %% one more: code and data of the last one, another seed and another parameter
before = jf.show(f"weather:{runs.index[0]}")
again = jf.run("weather/seattle", seed=7, set={"params.depth": 3}, reason="a try")
print(again)
print(again.attempts()[["step", "handler", "status"]])

# %% what went in differently, what came out, which days flipped
changes = jf.diff(before, again)
print(changes)
print(changes.metrics.loc["accuracy"])
print(len(changes.flipped), "rows flipped of", len(again.results()))

# %% and what happened, as events
for event in jf.tail("run.finished", project="weather", follow=False):
    print(event["runname"], event["data"]["outcome"])
