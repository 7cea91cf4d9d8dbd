"""egobox's optimizer, `Egor`, as a contender of the benchmark.

    python rivals/egobox_egor.py

`Egor.suggest` proposes a point for all evaluations so far (its docstring, and the notebook
"Egor_Tutorial"). All settings are the defaults: LogEI, a squared exponential kernel, and a Latin
hypercube of max(n + 1, 5) points first, which is what `minimize` starts with.
- *noise.* Egor has no setting for it.
- *failures.* The worst value so far: `suggest` panics on NaN, and `FailsafeStrategy.IMPUTATION`
  is documented as a penalized value.
- *pending points.* The mean of a model, as the default `QEiStrategy.KB` ("Kriging believer").
- *parameters.* FLOAT in [0, 1] on the parameter's scale, INT, and ENUM for choices. Integers on a
  logarithmic scale are ORD.
"""
import protocol  # First: it limits the process to one thread.

import egobox as egx
import numpy as np

# Integers with more values on a logarithmic scale are continuous, and rounded afterwards.
MAX_ORDERED = 1000


class Column:
    """A parameter as a component of x."""

    def __init__(self, parameter):
        self.parameter, self.name = parameter, parameter["name"]
        self.items = None
        if parameter["type"] == "cat":
            self.items = parameter["choices"]
            self.spec = egx.XSpec(egx.XType.ENUM, [len(self.items)])
        elif parameter["type"] == "int" and not protocol.is_log(parameter):
            self.spec = egx.XSpec(egx.XType.INT, [parameter["lo"], parameter["hi"]])
        elif parameter["type"] == "int" and parameter["hi"] - parameter["lo"] < MAX_ORDERED:
            values = range(parameter["lo"], parameter["hi"] + 1)
            units = [protocol.to_unit(parameter, value) for value in values]
            self.spec = egx.XSpec(egx.XType.ORD, units)
        else:
            self.spec = egx.XSpec(egx.XType.FLOAT, [0.0, 1.0])

    def decode(self, value):
        if self.items:
            return self.items[round(value)]
        if self.spec.xtype == egx.XType.INT:
            return round(value)
        return protocol.from_unit(self.parameter, value)

    def relax(self, values):
        """The columns of a continuous model: a choice has one column per item."""
        if self.items:
            return np.eye(len(self.items))[np.round(values).astype(int)]
        return values[:, None]


class EgoboxSession(protocol.Session):
    def start(self):
        self.columns = [Column(parameter) for parameter in self.space]
        self.specs = [column.spec for column in self.columns]
        count = max(len(self.columns) + 1, 5)
        self.design = list(egx.lhs(self.specs, count, seed=self.seed))
        self.egor = egx.Egor(self.specs)
        self.points, self.values = [], []  # the evaluated ones, failures as None

    def propose(self):
        if self.design:
            point = self.design.pop(0)
        elif not self.observed:
            point = self.random()
        else:
            worst = self.worst_value()
            x = np.array(self.points)
            y = np.array([worst if value is None else value for value in self.values])
            if self.pending:
                pending = np.array([point for point, _ in self.pending])
                y = np.append(y, self.believe(x, y, pending))
                x = np.vstack([x, pending])
            point = self.egor.suggest(x, y[:, None], seed=self.seed + len(x))[0]
        return point, {c.name: c.decode(value) for c, value in zip(self.columns, point)}

    def random(self):
        seed = self.seed + len(self.points) + len(self.pending)
        return egx.sampling(self.specs, 1, egx.Sampling.RANDOM, seed=seed)[0]

    def believe(self, x, y, pending):
        # `GpMix` panics on ENUM specifications, so the columns are relaxed here.
        model = egx.GpMix(seed=self.seed).fit(self.relax(x), y)
        return model.predict(self.relax(pending)).ravel()

    def relax(self, x):
        return np.hstack([c.relax(values) for c, values in zip(self.columns, x.T)])

    def observe(self, point, config, value):
        self.points.append(point)
        self.values.append(value)


protocol.serve(EgoboxSession)
