"""Compares the time per event of Surmise's journal with Optuna's journal and SQLite storages.

    pip install optuna
    python3 benches/journal_vs_optuna.py [FOLDER]

An event is a trial that is asked for or told. Both libraries use random search, so that the
storage dominates the time. All measurements are made in one run and on one disk.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

TRIALS = 300


def seconds_per_event(storage):
    """Returns the seconds per event of a study with this storage."""
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
    space = {
        "rate": optuna.distributions.FloatDistribution(1e-5, 1.0, log=True),
        "momentum": optuna.distributions.FloatDistribution(0.0, 0.99),
        "layers": optuna.distributions.IntDistribution(1, 64),
        "optimizer": optuna.distributions.CategoricalDistribution(["sgd", "adam", "lion"]),
    }
    start = time.perf_counter()
    for _ in range(TRIALS):
        study.tell(study.ask(space), 0.5)
    return (time.perf_counter() - start) / (2 * TRIALS)


def main():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    root = pathlib.Path(__file__).resolve().parents[1]
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        print("Surmise:", flush=True)
        command = ["cargo", "run", "--locked", "--quiet", "--example", "journal_cost"]
        subprocess.run([*command, "--", folder], cwd=root, check=True)
        print(f"Optuna {optuna.__version__}, per event:")
        for _ in range(3):
            path = pathlib.Path(folder, f"{time.time_ns()}")
            journal = seconds_per_event(JournalStorage(JournalFileBackend(f"{path}.log")))
            sqlite = seconds_per_event(RDBStorage(f"sqlite:///{path}.db"))
            print(f"journal {journal * 1e6:.0f} µs, SQLite {sqlite * 1e6:.0f} µs")


if __name__ == "__main__":
    main()
