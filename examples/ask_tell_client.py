"""A client of `surmise ask-tell` in another language; it loses one reply in three, and sends the request again.

    python3 ask_tell_client.py SURMISE [--lose]
"""
import json, random, subprocess, sys

program = subprocess.Popen([sys.argv[1], "ask-tell"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
chance, count = random.Random(7), 0


def call(**request):
    global count
    count += 1
    while True:
        print(json.dumps({**request, "key": count}), file=program.stdin, flush=True)
        reply = json.loads(program.stdout.readline())
        if "--lose" not in sys.argv or chance.random() > 1 / 3:
            return reply


space = [{"name": "x", "type": "float", "lo": -5, "hi": 10}, {"name": "n", "type": "int", "lo": 0, "hi": 100, "step": 5},
         {"name": "square", "type": "cat", "choices": [True, False]}]
call(op="init", space=space, goal="maximize", seed=3, parallel=2, budget=24)
for _ in range(12):
    reply = call(op="ask", n=2)
    for config, number in zip(reply["configs"], reply["ids"]):
        value = -((config["x"] - 2) ** 2) - ((config["n"] - 35) / 10) ** (2 if config["square"] else 4)
        call(op="tell", id=number, value=value)
print(json.dumps(call(op="best")))
