"""Makes the published runs of the rivals and of Surmise beside them, and packs them.

    python3 publish.py FOLDER [--suites a,b] [--rivals c,d] [--pack]

Run it from the root of the repository, after `install.py FOLDER` and
`crates/surmise-bench/fetch_tables.py FOLDER/tables`. An interrupted call is resumed by the same
call. With `--pack`, it makes no run, and writes the finished ones in compact form to
`docs/benchmark/runs`; it refuses to replace a file.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

from install import HERE, RIVALS, python_of

SUITES = ["real", "lock-in", "instances", "noisy", "hard"]
# The five whose runs are published. The other adapters run by the same call.
PUBLISHED = ["optuna-gp", "optuna-tpe", "botorch-rust", "genoxide", "ax"]
# Ax takes more than a second for a proposal: it runs on what is held out. A run of botorch-rust over
# the 40 switches of `switches40` takes more than 15 minutes: it runs on the other functions.
WITHOUT_SWITCHES = (
    "ackley5,branin,camel,finetuning,func2c,func3c,griewank5,hartmann3,hartmann6,levy4,momentum,"
    "plateau3,rastrigin3,rosenbrock4,shekel,steps4,styblinski10"
)
PARTS = {
    ("ax", "real"): ["--only", "held-out"],
    ("ax", "lock-in"): ["--only", "held-out"],
    ("botorch-rust", "instances"): ["--problems", WITHOUT_SWITCHES],
}
SKIPPED = {("ax", "instances"), ("ax", "noisy"), ("ax", "hard")}
ROOT = HERE.parents[2]


def surmise():
    return [os.environ.get("SURMISE", str(ROOT / "target" / "debug" / "surmise")), "bench"]


def make(folder, suite, name, options):
    """Makes the missing runs of a contender on a suite."""
    command = [*surmise(), "run", "--suite", suite, "--tables", folder / "tables", "--quiet"]
    command += ["--retry", "--out", folder / "runs" / f"{suite}-{name}", *options]
    # The recorded command must not depend on the folder.
    environment = {**os.environ, "RIVALS": str(folder)}
    print(suite, name, flush=True)
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode


def pack(folder, suite, name):
    runs = folder / "runs" / f"{suite}-{name}"
    target = ROOT / "docs" / "benchmark" / "runs" / f"{suite}-{name}.ndjson.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [*surmise(), "merge", runs, "--compact", target]
    return subprocess.run(command).returncode if runs.exists() else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=lambda text: Path(text).resolve())
    parser.add_argument("--suites", type=lambda text: text.split(","), default=SUITES)
    names = ["surmise", *PUBLISHED]
    parser.add_argument("--rivals", type=lambda text: text.split(","), default=names)
    parser.add_argument("--pack", action="store_true")
    options = parser.parse_args()
    unknown = set(options.rivals) - {"surmise", *(rival.name for rival in RIVALS)}
    if unknown or set(options.suites) - set(SUITES):
        parser.error("unknown rivals or suites")
    failed = False
    for suite in options.suites:
        for name in options.rivals:
            if (name, suite) in SKIPPED:
                continue
            if options.pack:
                failed |= pack(options.folder, suite, name) != 0
                continue
            if name == "surmise":
                arguments = ["--seeds", "5", "--strategies", "random,bayesian"]
            else:
                rival = next(rival for rival in RIVALS if rival.name == name)
                if not python_of(options.folder, rival).exists():
                    print(f"{name} is not installed", file=sys.stderr)
                    failed = True
                    continue
                adapter = HERE.relative_to(ROOT) / rival.adapter
                external = f"{name}=$RIVALS/{rival.group}/bin/python {adapter}"
                arguments = ["--seeds", "5", "--strategies", "none", "--external", external]
                arguments += PARTS.get((name, suite), [])
            failed |= make(options.folder, suite, name, arguments) != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
