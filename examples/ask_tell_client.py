"""Shows a client of `surmise ask-tell`: a tuning that is written in Python.

    python3 examples/ask_tell_client.py target/debug/surmise [--lose]

The argument is the path of the command `surmise`. The client maximizes a function of three
parameters with 24 evaluations, and prints the best configuration as a line of JSON. With `--lose`,
it ignores one reply in three and repeats the request. The result is the same, because each request
has a key.
"""

import json
import random
import subprocess
import sys

surmise = subprocess.Popen(
    [sys.argv[1], "ask-tell"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
rng = random.Random(7)
key = 0


def call(**request):
    """Sends a request with a new key, and returns the reply."""
    global key
    key += 1
    while True:
        print(json.dumps({**request, "key": key}), file=surmise.stdin, flush=True)
        reply = json.loads(surmise.stdout.readline())
        if "--lose" not in sys.argv or rng.random() > 1 / 3:
            return reply


def evaluate(config):
    """Returns the value of a configuration; greater is better."""
    exponent = 2 if config["square"] else 4
    return -((config["x"] - 2) ** 2) - ((config["n"] - 35) / 10) ** exponent


space = [
    {"name": "x", "type": "float", "lo": -5, "hi": 10},
    {"name": "n", "type": "int", "lo": 0, "hi": 100, "step": 5},
    {"name": "square", "type": "cat", "choices": [True, False]},
]
call(op="init", space=space, goal="maximize", seed=3, parallel=2, budget=24)
for _ in range(12):
    reply = call(op="ask", n=2)
    for config, trial in zip(reply["configs"], reply["ids"]):
        call(op="tell", id=trial, value=evaluate(config))
print(json.dumps(call(op="best")))
