"""genoxide's Bayesian optimization, `Bo`, as a contender of the benchmark.

    python rivals/genoxide_gp.py

The settings are the defaults of `Bo`, and `noise=Learned()` with noise (docstring of `Bo`).
- *ask and tell.* `Bo` calls a function, so it runs in a thread whose function waits for `tell`.
- *failures.* The function returns None: the worst value, which `Bo` fills in itself.
- *pending points.* A batch of `Bo` needs all its values before the next one. So with several
  evaluations at a time, each proposal is made by a new `Bo` whose `initial_genomes` are the
  evaluated points, and the pending ones with the model's mean: its default fantasy, "believer".
- *parameters.* An `Integer` genome if all are integers on a linear scale. Else a `Real` genome
  of the unit cube, with rounding, and a gene per choice, of which the largest counts.
"""
import queue
import threading

import protocol  # First: it limits the process to one thread.

import genoxide as gx
import numpy as np


class Stop(Exception):
    """Ends a run of `Bo` once its next points are known."""


class GenoxideSession(protocol.Session):
    def start(self):
        self.is_integer = all(
            parameter["type"] == "int" and not protocol.is_log(parameter)
            for parameter in self.space
        )
        if self.is_integer:
            bounds = [(parameter["lo"], parameter["hi"]) for parameter in self.space]
            self.genome = gx.Integer(bounds)
        else:
            bounds = [(0.0, 1.0)] * sum(gene_count(parameter) for parameter in self.space)
            self.genome = gx.Real(bounds)
        self.box = gx.Real([(float(low), float(high)) for low, high in bounds])
        self.settings = {
            "objective": "minimize",
            "noise": gx.model.gp.Learned() if self.noisy else 0.0,
        }
        self.points, self.values = [], []  # the evaluated ones, failures as None
        if self.parallel == 1:
            self.proposed, self.results = queue.Queue(), queue.Queue()
            threading.Thread(target=self.search, daemon=True).start()
        else:
            self.design = list(self.next_generation(0))

    def search(self):
        def evaluate(point):
            self.proposed.put(point.copy())
            return self.results.get()

        try:
            gx.Bo(self.genome, seed=self.seed, **self.settings).run(evaluate, evaluations=10**6)
            self.proposed.put(None)  # Each point of the lattice is evaluated.
        except Exception as error:
            self.proposed.put(error)

    def propose(self):
        if self.parallel == 1:
            point = self.proposed.get()
        elif self.design:
            point = self.design.pop(0)
        else:
            point = self.next_generation(1)[0]
        if isinstance(point, Exception):
            raise point
        return None if point is None else (point, self.decode(point))

    def next_generation(self, generation):
        """The points of the initial design, or the one after all the points so far."""
        pending = [point for point, _ in self.pending]
        settings = dict(self.settings, seed=self.seed + len(self.points) + len(pending))
        if generation == 1:
            settings["initial_genomes"] = np.array(self.points + pending)
            settings["initial_points"] = len(self.points) + len(pending)
        values = [np.nan if value is None else value for value in self.values]
        values += self.believe(pending)
        found = []

        def evaluate(points):
            found.append(points.copy())
            if len(found) > generation:
                raise Stop
            return np.array(values)

        try:
            gx.Bo(self.genome, **settings).run(evaluate, generations=1, batch=True)
        except Stop:
            pass
        return found[generation] if len(found) > generation else [None]

    def believe(self, pending):
        worst = self.worst_value()
        values = [worst if value is None else value for value in self.values]
        if not pending or not values:
            return [worst] * len(pending)
        noise = self.settings["noise"]
        model = gx.model.gp.GaussianProcess.fit(self.box, self.points, values, noise=noise)
        return list(model.predict(np.array(pending))[0])

    def decode(self, point):
        if self.is_integer:
            return {p["name"]: int(gene) for p, gene in zip(self.space, point)}
        config, genes = {}, list(point)
        for parameter in self.space:
            own = [genes.pop(0) for _ in range(gene_count(parameter))]
            if parameter["type"] == "cat":
                index = int(np.argmax(own)) if len(own) > 1 else int(own[0] >= 0.5)
                config[parameter["name"]] = parameter["choices"][index]
            else:
                config[parameter["name"]] = protocol.from_unit(parameter, own[0])
        return config

    def observe(self, point, config, value):
        if self.parallel == 1:
            self.results.put(value)
        self.points.append(point)
        self.values.append(value)


def gene_count(parameter):
    if parameter["type"] != "cat" or len(parameter["choices"]) == 2:
        return 1
    return len(parameter["choices"])


protocol.serve(GenoxideSession)
