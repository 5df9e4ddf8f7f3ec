"""Runs one pipeline of Python's streamz each time a line comes in, and answers with one line."""

import sys

from streamz import Stream, __version__

count = 0
last = 0


def tally(x):
    global count, last
    count += 1
    last = x


n = int(sys.argv[1])
values = range(n)
source = Stream()
(
    source.map(lambda x: x + 1)
    .filter(lambda x: x % 2 == 0)
    .accumulate(lambda state, x: state + x, start=0)
    .sink(tally)
)
print(__version__, flush=True)

for _ in sys.stdin:
    for x in values:
        source.emit(x)
    print(count, last, flush=True)
