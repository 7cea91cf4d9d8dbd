"""Tries the adapters of the installed rivals, without the benchmark.

    python3 try_rivals.py FOLDER [NAME…]

Each rival searches a small mixed space with 15 evaluations, with and without noise, with 1 and 3
evaluations at a time. One evaluation fails, and the values of 3 evaluations come in any order.
The table has the seconds per proposal, and whether the same seed gives the same search.
"""
import json
import math
import random
import subprocess
import sys
import time

from install import command_of, python_of, select

EVALUATIONS, FAILED = 15, 4
SPACE = [
    {"name": "rate", "type": "float", "lo": 1e-6, "hi": 1.0, "scale": "log"},
    {"name": "decay", "type": "float", "lo": 0.5, "hi": 0.9999, "scale": "reverse_log"},
    {"name": "units", "type": "int", "lo": 1, "hi": 64, "scale": "log"},
    {"name": "kind", "type": "cat", "choices": ["adam", "a b"]},
    {"name": "fixed", "type": "cat", "choices": ["only"]},
]


def evaluate(config):
    return (
        (math.log10(config["rate"]) + 3) ** 2 / 9
        + (math.log10(1 - config["decay"]) + 2) ** 2
        + (math.log2(config["units"]) / 6 - 0.4) ** 2
        + 0.3 * SPACE[3]["choices"].index(config["kind"])
    )


def check(config):
    assert config.keys() == {parameter["name"] for parameter in SPACE}, config
    for parameter in SPACE:
        value = config[parameter["name"]]
        if parameter["type"] == "cat":
            assert value in parameter["choices"], config
            continue
        assert type(value) is (int if parameter["type"] == "int" else float), config
        assert parameter["lo"] <= value <= parameter["hi"], config


class Program:
    def __init__(self, command):
        self.process = subprocess.Popen(
            command.split(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def call(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        assert self.process.stdout.read() == "", "more output than replies"
        assert self.process.wait(10) == 0, f"exit status {self.process.returncode}"


def search(command, noisy, parallel):
    """Returns the configurations in the order of the proposals, and the seconds per proposal."""
    rng, program = random.Random(1), Program(command)
    try:
        settings = {"seed": 2**53 - 7, "parallel": parallel, "budget": EVALUATIONS}
        reply = program.call(op="init", space=SPACE, noisy=noisy, **settings)
        assert reply["ok"] is True, reply
        recommends = reply.get("recommends", False)
        proposed, pending, valued, seconds = [], [], [], 0.0
        for told in range(EVALUATIONS):
            while len(pending) < parallel and len(proposed) < EVALUATIONS:
                start = time.monotonic()
                reply = program.call(op="ask", n=1)
                seconds += time.monotonic() - start
                assert len(reply.get("configs", [])) == 1, reply
                check(reply["configs"][0])
                proposed.append(reply["configs"][0])
                pending.append(reply["configs"][0])
            config = pending.pop(rng.randrange(len(pending)))
            value = None if told == FAILED else evaluate(config) + noisy * rng.gauss(0, 0.1)
            start = time.monotonic()
            reply = program.call(op="tell", config=config, value=value)
            seconds += time.monotonic() - start
            assert reply == {"ok": True}, reply
            if value is not None:
                valued.append(config)
        if recommends:
            reply = program.call(op="recommend")
            assert reply["recommended"] in [None, *valued], reply
        reply = program.call(op="tell", config={"rate": 1.0}, value=1.0)
        assert set(reply) == {"error"}, reply
        program.close()
        return proposed, seconds / EVALUATIONS
    finally:
        program.process.kill()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, failed = sys.argv[1], False
    print(f"{'rival':<14} {'s, 1 at a time':>15} {'s, 3 at a time':>15}  same seed, same search")
    for rival in select(sys.argv[2:]):
        if not python_of(folder, rival).exists():
            print(f"{rival.name:<14} is not installed")
            continue
        command = command_of(folder, rival)
        try:
            first, one = search(command, False, 1)
            second, _ = search(command, False, 1)
            search(command, True, 1)
            search(command, False, 3)
            _, three = search(command, True, 3)
        except (AssertionError, KeyError, ValueError, OSError) as error:
            failed = True
            print(f"{rival.name:<14} {type(error).__name__}: {error}"[:200], flush=True)
            continue
        same = "yes" if first == second else "no"
        print(f"{rival.name:<14} {one:15.3f} {three:15.3f}  {same}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
