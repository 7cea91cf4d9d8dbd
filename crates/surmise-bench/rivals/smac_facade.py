"""SMAC3 as a contender of the benchmark. The argument is the name of a facade.

    python rivals/smac_facade.py blackbox     (BlackBoxFacade: a Gaussian process)
    python rivals/smac_facade.py hpo          (HyperparameterOptimizationFacade: a random forest)

The facades keep their defaults (page "Ask-and-Tell Interface", and the facades' docstrings).
- *noise.* `Scenario(deterministic=…)`. With noise, the intensifier evaluates promising
  configurations up to 3 times (`max_config_calls`, the facades' default).
- *failures.* `StatusType.CRASHED`, with the worst value so far as the cost.
- *pending points.* SMAC proposes no configuration twice while it runs; its model ignores them.
- *recommendation.* The incumbent of the intensifier.
"""
import logging
import os
import shutil
import sys
import tempfile

# SMAC iterates over sets of configurations, so the same seed needs the same hashes, too.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])

import protocol  # First: it limits the process to one thread.

from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer
from smac import BlackBoxFacade, HyperparameterOptimizationFacade, Scenario
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.runhistory import StatusType, TrialValue

FACADES = {"blackbox": BlackBoxFacade, "hpo": HyperparameterOptimizationFacade}


def configure(parameter):
    name, log = parameter["name"], protocol.is_log(parameter)
    if parameter["type"] == "cat":
        return Categorical(name, [str(index) for index in range(len(parameter["choices"]))])
    if protocol.is_reverse_log(parameter):
        return Float(name, protocol.distance_bounds(parameter), log=True)
    number = Integer if parameter["type"] == "int" else Float
    return number(name, (parameter["lo"], parameter["hi"]), log=log)


def decode(parameter, value):
    if parameter["type"] == "cat":
        return parameter["choices"][int(value)]
    return 1 - value if protocol.is_reverse_log(parameter) else value


class SmacSession(protocol.Session):
    def start(self):
        space = ConfigurationSpace(seed=self.seed)
        space.add([configure(parameter) for parameter in self.space])
        # SMAC writes its settings only when it starts, so nothing is left after the run.
        folder = tempfile.mkdtemp()
        scenario = Scenario(
            space,
            output_directory=folder,
            deterministic=not self.noisy,
            n_trials=self.budget or 100,
            seed=self.seed,
        )
        facade = FACADES[sys.argv[1] if len(sys.argv) > 1 else "blackbox"]
        self.smac = facade(scenario, overwrite=True, logging_level=logging.ERROR)
        shutil.rmtree(folder)
        return True

    def decode(self, config):
        return {p["name"]: decode(p, config[p["name"]]) for p in self.space}

    def propose(self):
        try:
            trial = self.smac.ask()
        except (ConfigurationSpaceExhaustedException, StopIteration):
            return None
        return trial, self.decode(trial.config)

    def observe(self, trial, config, value):
        if value is None:
            outcome = TrialValue(cost=self.worst_value(), status=StatusType.CRASHED)
        else:
            outcome = TrialValue(cost=value)
        self.smac.tell(trial, outcome, save=False)

    def best(self):
        config = self.smac.intensifier.get_incumbent()
        if config is None:
            return None
        config = self.into_ranges(self.decode(config))
        return config if any(config == observed for observed, _ in self.observed) else None


protocol.serve(SmacSession)
