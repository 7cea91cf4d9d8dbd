"""The journal's cost per event beside Optuna's journal and SQLite storages, in one run on one disk.

    pip install optuna
    python3 benches/journal_beside_optuna.py [FOLDER]

An event is a trial that is asked for, or told. Optuna's sampler is the random one, as ours, so that the storage is what is measured.
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


def per_event(storage):
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
    space = {
        "rate": optuna.distributions.FloatDistribution(1e-5, 1.0, log=True),
        "momentum": optuna.distributions.FloatDistribution(0.0, 0.99),
        "layers": optuna.distributions.IntDistribution(1, 64),
        "optimizer": optuna.distributions.CategoricalDistribution(["sgd", "adam", "lion"]),
    }
    begun = time.perf_counter()
    for _ in range(TRIALS):
        study.tell(study.ask(space), 0.5)
    return (time.perf_counter() - begun) / (2 * TRIALS)


def main():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    root = pathlib.Path(__file__).resolve().parents[1]
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        print("Surmise:", flush=True)
        subprocess.run(["cargo", "run", "--locked", "--quiet", "--example", "journal_cost", "--", folder], cwd=root, check=True)
        print(f"Optuna {optuna.__version__}, an event:")
        for _ in range(3):
            path = pathlib.Path(folder, f"{time.time_ns()}")
            journal = per_event(JournalStorage(JournalFileBackend(f"{path}.log")))
            sqlite = per_event(RDBStorage(f"sqlite:///{path}.db"))
            print(f"journal {journal * 1e6:.0f} µs, SQLite {sqlite * 1e6:.0f} µs")


if __name__ == "__main__":
    main()
