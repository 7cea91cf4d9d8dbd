"""botorch-rust as a contender of the benchmark: BoTorch's models and acquisitions in Rust.

    python rivals/botorch_rust.py

The package has BoTorch's API and no search loop. So the loop is that of BoTorch's documentation:
- *model.* `SingleTaskGP` on the unit cube with its default priors and `Standardize`, or
  `MixedSingleTaskGP` if there are choices (documentation, "Models").
- *noise.* Inferred; if there is none, a variance of 1e-6 is given (docstring of `SingleTaskGP`).
- *acquisition.* `LogExpectedImprovement`; qLogEI with pending points, and qLogNEI with noise
  (documentation, "Acquisition Functions" and "Optimization").
- *discrete parameters.* `optimize_acqf_mixed` enumerates up to 10 combinations, else
  `optimize_acqf_mixed_alternating` searches them (`should_use_mixed_alternating_optimizer`).
- *recommendation.* With noise, the lowest posterior mean at the observed points.
"""
import itertools
import warnings

import protocol  # First: it limits the process to one thread.

import numpy as np
from botorch_rs.acquisition import (
    LogExpectedImprovement,
    qLogExpectedImprovement,
    qLogNoisyExpectedImprovement,
)
from botorch_rs.fit import fit_gpytorch_mll
from botorch_rs.mlls import ExactMarginalLogLikelihood
from botorch_rs.models import MixedSingleTaskGP, SingleTaskGP
from botorch_rs.optim import optimize_acqf, optimize_acqf_mixed, optimize_acqf_mixed_alternating
from botorch_rs.optim.optimize_mixed import should_use_mixed_alternating_optimizer
from botorch_rs.sampling import SobolQMCNormalSampler
from botorch_rs.utils.sampling import draw_sobol_samples

# Integers with more values are continuous for the acquisition, and rounded afterwards.
MAX_INTEGERS = 1000

warnings.simplefilter("ignore")  # Retries of the acquisition's maximization, mostly.


class Column:
    """A parameter as a column of the model: in [0, 1], or the index of a choice."""

    def __init__(self, parameter):
        self.parameter, self.name = parameter, parameter["name"]
        self.is_cat = parameter["type"] == "cat"
        self.values = None
        if self.is_cat:
            self.items = parameter["choices"]
            self.values = [float(index) for index in range(len(self.items))]
        elif parameter["type"] == "int" and parameter["hi"] - parameter["lo"] < MAX_INTEGERS:
            self.items = list(range(parameter["lo"], parameter["hi"] + 1))
            units = np.array([protocol.to_unit(parameter, item) for item in self.items])
            self.values = ((units - units[0]) / (units[-1] - units[0])).tolist()
        self.bounds = (self.values[0], self.values[-1]) if self.values else (0.0, 1.0)

    def encode(self, item):
        if self.values is None:
            return protocol.to_unit(self.parameter, item)
        return self.values[self.items.index(item)]

    def decode(self, value):
        if self.values is None:
            return protocol.from_unit(self.parameter, value)
        return self.items[int(np.argmin(np.abs(np.array(self.values) - value)))]

    def decode_uniform(self, position):
        """The value at a position of the initial design, where each one has the same share."""
        if self.is_cat:
            return self.items[min(int(position * len(self.items)), len(self.items) - 1)]
        return protocol.from_unit(self.parameter, position)


class BotorchSession(protocol.Session):
    def start(self):
        self.columns = [Column(parameter) for parameter in self.space]
        self.bounds = np.array([column.bounds for column in self.columns]).T
        self.cats = [index for index, column in enumerate(self.columns) if column.is_cat]
        self.discrete = {
            index: column.values
            for index, column in enumerate(self.columns)
            if column.values and not column.is_cat
        }
        dimensions = len(self.columns)
        count = 2 * (dimensions + 1)
        if self.budget:
            count = min(count, max(2, self.budget // 2))
        cube = np.array([[0.0] * dimensions, [1.0] * dimensions])
        self.design = draw_sobol_samples(cube, n=count, q=1, seed=self.seed)[:, 0].tolist()
        self.asked, self.failed = 0, []
        return self.noisy

    def encode(self, configs):
        return np.array([[c.encode(config[c.name]) for c in self.columns] for config in configs])

    def fit(self):
        """Returns the model of the negated values, its points and its values."""
        worst = self.worst_value()
        observed = self.observed + [(config, worst) for config in self.failed]
        x = self.encode([config for config, _ in observed])
        y = -np.array([[value] for _, value in observed])
        # 1e-6 of the values' variance is what the docstring says for standardized values.
        noise = None if self.noisy else np.full_like(y, 1e-6 * (y.var(ddof=1) or 1.0))
        if self.cats:
            model = MixedSingleTaskGP(x, y, cat_dims=self.cats, train_Yvar=noise)
        else:
            model = SingleTaskGP(x, y, train_Yvar=noise)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model), seed=self.asked)
        return model, x, y

    def propose(self):
        self.asked += 1
        if self.asked <= len(self.design) or len(self.observed) < 2:
            return None, self.initial()
        model, x, y = self.fit()
        pending = self.encode([config for _, config in self.pending]) if self.pending else None
        seed = self.seed + self.asked
        sampler = SobolQMCNormalSampler((512,), seed=seed)
        if self.noisy:
            acquisition = qLogNoisyExpectedImprovement(model, x, sampler, X_pending=pending)
        elif pending is not None:
            acquisition = qLogExpectedImprovement(model, y.max(), sampler, X_pending=pending)
        else:
            acquisition = LogExpectedImprovement(model, best_f=y.max())
        point = self.maximize(acquisition, seed)
        return None, {c.name: c.decode(value) for c, value in zip(self.columns, point)}

    def initial(self):
        if self.asked <= len(self.design):
            point = self.design[self.asked - 1]
        else:  # Too many evaluations have failed for a model.
            point = np.random.default_rng(self.seed + self.asked).random(len(self.columns))
        return {c.name: c.decode_uniform(value) for c, value in zip(self.columns, point)}

    def maximize(self, acquisition, seed):
        cats = {index: self.columns[index].values for index in self.cats}
        search = {"bounds": self.bounds, "q": 1, "num_restarts": 10, "raw_samples": 512}
        if not cats and not self.discrete:
            point, _ = optimize_acqf(acquisition, **search, options={"seed": seed})
        elif should_use_mixed_alternating_optimizer(self.discrete, cats):
            point, _ = optimize_acqf_mixed_alternating(
                acquisition, discrete_dims=self.discrete, cat_dims=cats, seed=seed, **search
            )
        else:
            values = {**self.discrete, **cats}
            combinations = [dict(zip(values, c)) for c in itertools.product(*values.values())]
            point, _ = optimize_acqf_mixed(
                acquisition, fixed_features_list=combinations, options={"seed": seed}, **search
            )
        return np.asarray(point)[0]

    def observe(self, handle, config, value):
        if value is None:
            self.failed.append(config)

    def best(self):
        if not self.observed:
            return None
        model, x, _ = self.fit()
        means = np.asarray(model.posterior(x).mean)[: len(self.observed), 0]
        return self.observed[int(np.argmax(means))][0]


protocol.serve(BotorchSession)
