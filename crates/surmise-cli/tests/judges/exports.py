"""Checks that Optuna and pandas read exports of Surmise, and that Surmise reads Optuna's journal.

    python exports.py PATH-TO-SURMISE
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

import optuna
import pandas
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
SURMISE = pathlib.Path(sys.argv[1]).resolve()
STATES = {"completed": TrialState.COMPLETE, "failed": TrialState.FAIL, "stopped": TrialState.PRUNED}
SCRIPT = """
[ "$HP_FLAG$HP_SIZE" != false8 ] || exit 1
for epoch in 1 2 3 4 5 6; do echo "epoch: $epoch loss: $HP_X$epoch"; sleep 0.05; done
"""


def surmise(folder, *arguments):
    """Runs the command, which must succeed, and returns its standard output."""
    done = subprocess.run([SURMISE, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def storage(path):
    return JournalStorage(JournalFileBackend(str(path)))


def check_exports(folder):
    """Checks the exports of a study with all outcomes of trials and all kinds of ranges."""
    ranges = ["x=0.5..9.0", "log=1e-6..1 log", "near=0.9..0.9999 reverse-log", "n=1..9",
              "m=1..4096 log", "step=0..10 step 0.5", "even=2..10 step 2", "flag=true|false",
              "size=8|16|'32'"]
    options = [part for text in ranges for part in ("--set", text)]
    surmise(folder, "tune", "--name", "s", *options, "--minimize", "loss", "--jobs", "24",
            "--pass", "env", "--quiet", "--early-stopping", "hyperband=1,6",
            "--", "sh", "-c", SCRIPT)
    surmise(folder, "export", "s", "--optuna-journal", "--output", "optuna.log")
    study = optuna.load_study(study_name="s", storage=storage(folder / "optuna.log"))
    trials = json.loads(surmise(folder, "export", "s", "--json"))
    assert len(study.trials) == len(trials) == 24
    seen = set()
    for ours, theirs in zip(trials, study.trials):
        assert theirs.state == STATES[ours["state"]], (ours, theirs)
        assert theirs.params == ours["configuration"], (ours, theirs)
        assert theirs.intermediate_values == {r["step"]: r["value"] for r in ours["reports"]}
        if ours["state"] == "completed":
            assert theirs.value == ours["value"]
        assert theirs.datetime_complete >= theirs.datetime_start
        seen.add(ours["state"])
    assert seen == set(STATES), seen
    best = json.loads(surmise(folder, "best", "s", "--json"))
    assert study.best_value == best["value"] and study.best_trial.number + 1 == best["trial"]
    study.enqueue_trial(study.best_params)
    assert study.ask().number == 24, "Optuna resumes the study"
    print(f"Optuna {optuna.__version__} reads the same {len(trials)} trials: {sorted(seen)}")

    surmise(folder, "export", "s", "--csv", "--output", "s.csv")
    table = pandas.read_csv(folder / "s.csv")
    assert list(table["trial"]) == [ours["trial"] for ours in trials]
    for ours, value in zip(trials, table["loss"]):
        assert value == ours["value"] or (ours["value"] is None and math.isnan(value))
    surmise(folder, "export", "s", "--sagemaker-analytics", "--output", "a.csv")
    table = pandas.read_csv(folder / "a.csv", parse_dates=["TrainingStartTime", "TrainingEndTime"])
    expected = ["TrainingJobName", "TrainingJobStatus", "FinalObjectiveValue", "TrainingStartTime",
                "TrainingEndTime", "TrainingElapsedTimeSeconds"]
    assert list(table.columns)[-6:] == expected
    elapsed = (table["TrainingEndTime"] - table["TrainingStartTime"]).dt.total_seconds()
    assert (elapsed - table["TrainingElapsedTimeSeconds"]).abs().max() < 1e-3
    print(f"pandas {pandas.__version__} reads both tables")


def check_import(folder):
    """Checks that Surmise imports all ended trials of Optuna's journal."""
    study = optuna.create_study(
        study_name="o", storage=storage(folder / "o.log"), direction="maximize"
    )

    def objective(trial):
        x = trial.suggest_float("x", 1e-5, 1, log=True)
        n = trial.suggest_int("n", 1, 6)
        kind = trial.suggest_categorical("kind", ["a", 3, 0.5, True, None])
        trial.suggest_float("step", 0, 10, step=0.5)
        if trial.number == 3:
            raise ValueError("this trial fails")
        if trial.number == 4:
            raise optuna.TrialPruned()
        return x * n + (kind == "a")

    study.optimize(objective, n_trials=12, catch=(ValueError,))
    optuna.create_study(study_name="another", storage=storage(folder / "o.log"))
    surmise(folder, "import", "o", "o.log", "--optuna-journal", "--optuna-study", "o")
    trials = json.loads(surmise(folder, "show", "o", "--json"))
    states = (TrialState.COMPLETE, TrialState.FAIL)
    ended = [trial for trial in study.trials if trial.state in states]
    assert len(trials) == len(ended) == 11
    for ours, theirs in zip(trials, ended):
        assert ours["configuration"] == theirs.params, (ours, theirs)
        assert ours["value"] == theirs.value, (ours, theirs)
    best = json.loads(surmise(folder, "best", "o", "--json"))
    assert best["value"] == study.best_value
    print("Surmise imports all trials of Optuna's journal")


with tempfile.TemporaryDirectory() as name:
    check_exports(pathlib.Path(name))
    check_import(pathlib.Path(name))
