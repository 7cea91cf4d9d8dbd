"""scikit-optimize as a contender of the benchmark.

    python rivals/skopt_optimizer.py

`Optimizer` with a Gaussian process and its defaults, "gp_hedge" among them (docstrings of
`Optimizer` and `gp_minimize`; tutorial "Async optimization loop", for ask and tell).
- *noise.* `noise="gaussian"`, or 1e-10 without noise (docstring of `gp_minimize`).
- *failures.* The worst value so far.
- *pending points.* Told to a copy of the optimizer with the lowest value so far, as
  `Optimizer.ask` does for a batch by default ("cl_min").
"""
import warnings

import protocol  # First: it limits the process to one thread.

from skopt import Optimizer
from skopt.space import Categorical, Integer, Real
from skopt.utils import cook_estimator, normalize_dimensions

warnings.simplefilter("ignore")


def configure(parameter):
    if parameter["type"] == "cat":
        return Categorical(parameter["choices"])
    if protocol.is_reverse_log(parameter):
        return Real(*protocol.distance_bounds(parameter), prior="log-uniform")
    number = Integer if parameter["type"] == "int" else Real
    prior = "log-uniform" if protocol.is_log(parameter) else "uniform"
    return number(parameter["lo"], parameter["hi"], prior=prior)


class SkoptSession(protocol.Session):
    def start(self):
        space = normalize_dimensions([configure(parameter) for parameter in self.space])
        noise = "gaussian" if self.noisy else 1e-10
        model = cook_estimator("GP", space=space, random_state=self.seed, noise=noise)
        self.optimizer = Optimizer(space, model, random_state=self.seed)

    def propose(self):
        optimizer = self.optimizer
        if self.pending and optimizer.models:
            seed = self.seed + len(optimizer.yi) + len(self.pending)
            optimizer = optimizer.copy(random_state=seed % 2**31)
            points = [point for point, _ in self.pending]
            optimizer.tell(points, [min(optimizer.yi)] * len(points))
        point = optimizer.ask()
        values = dict(zip((parameter["name"] for parameter in self.space), point))
        for parameter in self.space:
            if protocol.is_reverse_log(parameter):
                values[parameter["name"]] = 1 - values[parameter["name"]]
        return point, values

    def observe(self, point, config, value):
        self.optimizer.tell(point, self.worst_value() if value is None else value)


protocol.serve(SkoptSession)
