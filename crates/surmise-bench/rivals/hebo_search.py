"""HEBO as a contender of the benchmark.

    python rivals/hebo_search.py

`HEBO(space)` with its defaults, as in the README of the package: `suggest` and `observe`.
- *noise.* HEBO has no setting for it; its model always infers noise.
- *failures.* NaN, which `observe` leaves out.
- *pending points.* `suggest` does not know them; it draws each point from a Pareto front.
- *parameters.* "num", "pow", "int", "pow_int" and "cat".
"""
import warnings

import protocol  # First: it limits the process to one thread.

import numpy as np
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO

torch.set_num_threads(1)
warnings.simplefilter("ignore")


def configure(parameter):
    name = parameter["name"]
    if parameter["type"] == "cat":
        return {"name": name, "type": "cat", "categories": parameter["choices"]}
    low, high = parameter["lo"], parameter["hi"]
    if protocol.is_reverse_log(parameter):
        low, high = protocol.distance_bounds(parameter)
    is_log = protocol.is_log(parameter) or protocol.is_reverse_log(parameter)
    kinds = ("int", "pow_int") if parameter["type"] == "int" else ("num", "pow")
    return {"name": name, "type": kinds[is_log], "lb": low, "ub": high}


class HeboSession(protocol.Session):
    def start(self):
        np.random.seed(self.seed)
        torch.manual_seed(self.seed)
        space = DesignSpace().parse([configure(parameter) for parameter in self.space])
        self.hebo = HEBO(space, scramble_seed=self.seed)

    def propose(self):
        frame = self.hebo.suggest(n_suggestions=1)
        values = frame.iloc[0].to_dict()
        for parameter in self.space:
            if protocol.is_reverse_log(parameter):
                values[parameter["name"]] = 1 - values[parameter["name"]]
        return frame, values

    def observe(self, frame, config, value):
        self.hebo.observe(frame, np.array([[np.nan if value is None else value]]))


protocol.serve(HeboSession)
