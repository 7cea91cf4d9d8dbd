"""Optuna as an external contender of the benchmark.

The program answers the JSON lines of `surmise ask-tell` on standard input and output.

    pip install optuna            (GPSampler also needs torch and scipy)
    cargo run -- bench run \
        --external tpe='python3 crates/surmise-bench/optuna_sampler.py TPESampler'

The argument is the name of a sampler of Optuna that takes a seed.
"""
import json
import math
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def suggest(trial, parameter):
    name, kind, scale = parameter["name"], parameter["type"], parameter.get("scale")
    if kind == "cat":
        return trial.suggest_categorical(name, parameter["choices"])
    low, high = parameter["lo"], parameter["hi"]
    if kind == "int":
        return trial.suggest_int(name, low, high, log=scale == "log")
    if scale == "reverse_log":
        # Optuna has no such scale; the distance to 1 is on a logarithmic scale instead.
        distance = trial.suggest_float(name, 1 - high, 1 - low, log=True)
        return min(max(1 - distance, low), high)
    return trial.suggest_float(name, low, high, log=scale == "log")


class Session:
    def init(self, request):
        sampler = getattr(optuna.samplers, sys.argv[1] if len(sys.argv) > 1 else "TPESampler")
        self.space, self.pending = request["space"], []
        self.study = optuna.create_study(sampler=sampler(seed=request["seed"] % 2**32))
        return {"ok": True}

    def ask(self, request):
        configs = []
        for _ in range(request.get("n", 1)):
            trial = self.study.ask()
            config = {parameter["name"]: suggest(trial, parameter) for parameter in self.space}
            self.pending.append((trial, config))
            configs.append(config)
        return {"configs": configs}

    def tell(self, request):
        matches = [is_same(config, request["config"]) for _, config in self.pending]
        index = matches.index(True)
        trial, _ = self.pending.pop(index)
        value = request["value"]
        if value is None:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(trial, value)
        return {"ok": True}


def is_same(a, b):
    def is_equal(x, y):
        return x == y if isinstance(x, str) else math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-300)

    return a.keys() == b.keys() and all(is_equal(a[name], b[name]) for name in a)


session = Session()
for line in sys.stdin:
    request = json.loads(line)
    try:
        reply = getattr(session, request["op"])(request)
    except Exception as error:  # The benchmark records all errors.
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
