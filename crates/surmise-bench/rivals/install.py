"""Installs the rivals of the benchmark, and prints how to run them.

    python3 install.py FOLDER [NAME…]

Rivals whose packages go together share a virtual environment in the folder. Without a name, all
rivals are installed. A rival that cannot be installed does not stop the others. What is already
there stays.
"""
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class Rival(NamedTuple):
    name: str
    group: str  # the environment, and the file requirements-….txt
    module: str
    adapter: str  # the script and its argument


RIVALS = [
    Rival("botorch-rust", "light", "botorch_rs", "botorch_rust.py"),
    Rival("genoxide", "light", "genoxide", "genoxide_gp.py"),
    Rival("optuna-gp", "torch", "optuna", "optuna_sampler.py GPSampler"),
    Rival("optuna-tpe", "torch", "optuna", "optuna_sampler.py TPESampler"),
    Rival("ax", "torch", "ax", "ax_client.py"),
    Rival("skopt", "torch", "skopt", "skopt_optimizer.py"),
    Rival("egobox", "ego", "egobox", "egobox_egor.py"),
    Rival("smac-blackbox", "smac", "smac", "smac_facade.py blackbox"),
    Rival("smac-hpo", "smac", "smac", "smac_facade.py hpo"),
    Rival("hebo", "hebo", "hebo", "hebo_search.py"),
]

# Prints the requirements whose exact version is not installed.
MISSING = """
import sys
from importlib.metadata import PackageNotFoundError, version
for line in open(sys.argv[1]):
    name, _, wanted = line.strip().partition("==")
    try:
        if wanted and version(name).split("+")[0] != wanted:
            print(name)
    except PackageNotFoundError:
        print(name)
"""


def python_of(folder, rival):
    return Path(folder).resolve() / rival.group / "bin" / "python"


def command_of(folder, rival):
    return f"{python_of(folder, rival)} {HERE / rival.adapter}"


def select(names):
    unknown = set(names) - {rival.name for rival in RIVALS}
    if unknown:
        known = ", ".join(rival.name for rival in RIVALS)
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {known}")
    return [rival for rival in RIVALS if not names or rival.name in names]


def call(*command):
    """Runs a command. Returns whether it succeeded, its output, and a line about its failure."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except OSError as error:
        return False, "", str(error)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"\s*(ERROR|\w*Error)", line)] or lines
    reason = errors[-1].strip() if errors else f"exit status {done.returncode}"
    return done.returncode == 0, done.stdout, reason[:160]


def install_group(folder, group):
    """Returns why the group could not be installed, or None."""
    environment = Path(folder) / group
    python = environment / "bin" / "python"
    requirements = HERE / f"requirements-{group}.txt"
    if not python.exists():
        done, _, reason = call(sys.executable, "-m", "venv", environment)
        if not done:
            return reason
    done, missing, _ = call(python, "-c", MISSING, requirements)
    if done and not missing:
        return None
    print(f"installing {group} …", file=sys.stderr, flush=True)
    done, _, reason = call(python, "-m", "pip", "install", "--quiet", "-r", requirements)
    return None if done else reason


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder, rivals = Path(sys.argv[1]), select(sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    reasons = {}
    for group in dict.fromkeys(rival.group for rival in rivals):
        reasons[group] = install_group(folder, group)
    installed = []
    for rival in rivals:
        reason = reasons[rival.group]
        if reason is None:
            done, _, reason = call(python_of(folder, rival), "-c", f"import {rival.module}")
            if done:
                installed.append(rival)
                print(f"{rival.name:<14} installed")
                continue
        print(f"{rival.name:<14} could not be installed: {reason}")
    print()
    for rival in installed:
        print(f"--external {rival.name}='{command_of(folder, rival)}'")


if __name__ == "__main__":
    main()
