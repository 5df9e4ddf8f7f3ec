"""Runs one pipeline of streamz over pandas frames each time a line comes in, and answers with one line.

The first line that comes in is the task as JSON; columns lie in files, as their bytes.
"""

import json
import sys

import numpy as np
import pandas as pd
from streamz import Stream, __version__
from streamz.dataframe import DataFrame

task = json.loads(sys.stdin.readline())
columns = {"value": np.fromfile(task["values"], dtype="float64")}
if "ids" in task:
    names = np.array(task["names"], dtype=object)
    columns["key"] = names[np.fromfile(task["ids"], dtype="int32")]
whole = pd.DataFrame(columns)
frames = [whole.iloc[i : i + task["batch"]] for i in range(0, len(whole), task["batch"])]


def rolling():
    parts = []
    source = Stream()
    frame = DataFrame(source, example=frames[0].iloc[:0])
    frame.value.rolling(task["n"]).mean().stream.sink(parts.append)
    for part in frames:
        source.emit(part)
    means = np.concatenate([part.to_numpy() for part in parts])
    means = means[~np.isnan(means)]
    return {"rows": len(means), "values": (means if task["whole"] else means[-1:]).tolist()}


def group_mean():
    last = []
    source = Stream()
    frame = DataFrame(source, example=frames[0].iloc[:0])
    frame.groupby("key").value.mean().stream.sink(lambda means: last.__setitem__(slice(None), [means]))
    for part in frames:
        source.emit(part)
    return list(last[0].items())


run = {"rolling": rolling, "groupMean": group_mean}[task["work"]]
print(__version__, flush=True)

for _ in sys.stdin:
    print(json.dumps(run()), flush=True)
