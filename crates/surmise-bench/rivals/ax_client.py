"""Ax as a contender of the benchmark.

    python rivals/ax_client.py

The loop is that of the tutorial "Getting started with Ax": `Client.get_next_trials` and
`complete_trial`, with the default generation strategy (the center, Sobol points, then BoTorch).
- *noise.* A standard error of 0 without noise, else none: Ax infers it (glossary, "SEM").
- *failures.* `mark_trial_failed`.
- *pending points.* The running trials of the client.
- *recommendation.* `get_best_parameterization`, which uses the model's predictions.
- *parameters.* `scaling="log"`; choices are unordered.
"""
import logging
import warnings

import protocol  # First: it limits the process to one thread.

logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

import torch
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

torch.set_num_threads(1)


def configure(parameter):
    name = parameter["name"]
    if parameter["type"] == "cat":
        values = [str(index) for index in range(len(parameter["choices"]))]
        return ChoiceParameterConfig(
            name=name, values=values, parameter_type="str", is_ordered=False
        )
    is_reversed = protocol.is_reverse_log(parameter)
    return RangeParameterConfig(
        name=name,
        bounds=(
            protocol.distance_bounds(parameter)
            if is_reversed
            else (parameter["lo"], parameter["hi"])
        ),
        parameter_type=parameter["type"],
        scaling="log" if is_reversed or protocol.is_log(parameter) else "linear",
    )


class AxSession(protocol.Session):
    def start(self):
        self.client = Client(random_seed=self.seed)
        self.client.configure_experiment(parameters=[configure(p) for p in self.space])
        self.client.configure_optimization(objective="-value")
        self.client.configure_generation_strategy(
            initialization_random_seed=self.seed,
            # Else an ask fails when all initial points are pending.
            allow_exceeding_initialization_budget=self.parallel > 1,
        )
        self.configs = {}  # of each trial
        return True

    def propose(self):
        trials = self.client.get_next_trials(max_trials=1)
        if not trials:
            return None
        index, values = next(iter(trials.items()))
        return index, {p["name"]: decode(p, values[p["name"]]) for p in self.space}

    def observe(self, index, config, value):
        self.configs[index] = config
        if value is None:
            self.client.mark_trial_failed(trial_index=index)
        else:
            outcome = value if self.noisy else (value, 0.0)
            self.client.complete_trial(trial_index=index, raw_data={"value": outcome})

    def best(self):
        if not self.observed:
            return None
        _, _, index, _ = self.client.get_best_parameterization()
        return self.configs[index]


def decode(parameter, value):
    if parameter["type"] == "cat":
        return parameter["choices"][int(value)]
    return 1 - value if protocol.is_reverse_log(parameter) else value


protocol.serve(AxSession)
