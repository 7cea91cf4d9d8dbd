"""Optuna as a contender of the benchmark. The argument is the name of a sampler.

    python rivals/optuna_sampler.py GPSampler        (or TPESampler)

The samplers keep their defaults, which their docstrings recommend since Optuna 5.0.0: TPESampler
is multivariate for one objective and penalizes running trials (`constant_liar`), and GPSampler
maximizes qLogEI with the running trials. A trial without a value is told as failed, as the
tutorial "Ask-and-Tell Interface" does, and both samplers ignore it.
"""
import sys
import warnings

import protocol  # First: it limits the process to one thread.

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def suggest(trial, parameter):
    name, log = parameter["name"], protocol.is_log(parameter)
    if parameter["type"] == "cat":
        return trial.suggest_categorical(name, parameter["choices"])
    if parameter["type"] == "int":
        return trial.suggest_int(name, parameter["lo"], parameter["hi"], log=log)
    if protocol.is_reverse_log(parameter):
        return 1 - trial.suggest_float(name, *protocol.distance_bounds(parameter), log=True)
    return trial.suggest_float(name, parameter["lo"], parameter["hi"], log=log)


class OptunaSession(protocol.Session):
    def start(self):
        name = sys.argv[1] if len(sys.argv) > 1 else "TPESampler"
        settings = {"seed": self.seed}
        if name == "GPSampler":
            import torch  # Optuna imports it during the first ask.

            torch.set_num_threads(1)
            settings["deterministic_objective"] = not self.noisy
        self.study = optuna.create_study(sampler=getattr(optuna.samplers, name)(**settings))

    def propose(self):
        trial = self.study.ask()
        return trial, {parameter["name"]: suggest(trial, parameter) for parameter in self.space}

    def observe(self, trial, config, value):
        if value is None:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(trial, value)


protocol.serve(OptunaSession)
