"""Values of the benchmark's functions at random configurations, by the definitions of BoTorch.

Prints [[problem, configuration, value], ...] as JSON. BoTorch has the functions and, for the
engineering designs, cost and constraints. The penalties, the sums of CoCaBO and the moved optimum
of Ackley are computed here, as the papers and the documentation of the problems define them. The
buckling load of the welded beam is that of the literature (t b^3 / 6), not BoTorch's (6 t b^3).
"""
import json
import math

import numpy as np
import torch
from botorch.test_functions import synthetic as f

torch.set_default_dtype(torch.double)
rng = np.random.default_rng(4)
COUNT = 8


# The public methods of BoTorch reject points outside of the bounds of each function.
def at(function, x):
    return float(function._evaluate_true(torch.tensor([x]))[0])


def reals(bounds):
    return [round(float(rng.uniform(low, high)), 6) for low, high in bounds]


def named(x):
    return {f"x{i}": value for i, value in enumerate(x)}


def rows_of(name, function, bounds, optimum=None):
    for _ in range(COUNT):
        x = reals(bounds)
        moved = x if optimum is None else [a - b for a, b in zip(x, optimum)]
        yield name, named(x), at(function, moved)


CAMEL, BEALE = f.SixHumpCamel(), f.Beale()


def scaled(kind, x):
    x = [2 * value for value in x]
    if kind == "rosenbrock":
        return at(f.Rosenbrock(dim=2), x) / 300
    return at(CAMEL, x) / 10 if kind == "camel" else at(BEALE, x) / 50


def func2c():
    for first in ["rosenbrock", "camel", "beale"]:
        for second in ["rosenbrock", "camel", "beale", "beale-again", "beale-once-more"]:
            x = reals([(-1, 1)] * 2)
            value = scaled(first, x) + scaled(second, x)
            yield "func2c", {"first": first, "second": second} | named(x), value


def func3c():
    thirds = {
        "rosenbrock": ("rosenbrock", 2),
        "camel": ("camel", 5),
        "beale": ("beale", 2),
        "more-beale": ("beale", 3),
    }
    for first in ["rosenbrock", "camel", "beale"]:
        for third, (kind, factor) in thirds.items():
            x = reals([(-1, 1)] * 2)
            second = ["camel", "beale-again", "rosenbrock"][int(rng.integers(3))]
            value = scaled(first, x) + scaled(second, x) + factor * scaled(kind, x)
            yield "func3c", {"first": first, "second": second, "third": third} | named(x), value


def switches():
    pattern = [int(bit) for bit in f"{0x243F6A8885:040b}"]  # of pi - 3
    center = [0.37, -0.21]
    for wrong in [0, 1, 3, 10, 20, 30, 38, 40]:
        flips = rng.permutation(40) < wrong
        bits = [bit ^ int(flip) for bit, flip in zip(pattern, flips)]
        x = reals([(-1, 1)] * 2)
        z = [float(a != b) for a, b in zip(bits, pattern)] + [a - b for a, b in zip(x, center)]
        configuration = {f"switch{i}": ["off", "on"][bit] for i, bit in enumerate(bits)}
        yield "switches40", configuration | named(x), at(f.Ackley(dim=42), z)


def violations(function, x):
    return -function._evaluate_slack_true(torch.tensor([x]))[0].numpy()


def pressure_vessel():
    for _ in range(COUNT):
        n1, n2 = (int(n) for n in rng.integers(1, 100, 2))
        r, l = reals([(10, 200)] * 2)
        x = [0.0625 * n1, 0.0625 * n2, r, l]
        vessel = f.PressureVessel()
        # BoTorch rounds the thicknesses within narrower bounds.
        vessel._bounds = [(0.0, 99.0)] * 2 + vessel._bounds[2:]
        g = violations(vessel, x) / np.array([1, 1, 1_296_000, 1])
        value = at(vessel, x) + 1e5 * np.maximum(g, 0).sum()
        yield "pressure-vessel", {"n1": n1, "n2": n2, "r": r, "l": l}, float(value)


def welded_beam():
    for _ in range(COUNT):
        h, l, t, b = x = reals([(0.125, 2), (0.1, 10), (0.1, 10), (0.1, 2)])
        g = violations(f.WeldedBeamSO(), x) / np.array([13600, 30000, 1, 5, 0.25, 6000])
        buckling = 4.013 * 30e6 * t * b**3 / 6 / 14**2 * (1 - t / 28 * math.sqrt(30e6 / 48e6))
        g[5] = 1 - buckling / 6000
        value = at(f.WeldedBeamSO(), x) + 100 * np.maximum(g, 0).sum()
        yield "welded-beam", {"h": h, "l": l, "t": t, "b": b}, float(value)


def speed_reducer():
    names = ["width", "module", "teeth", "length1", "length2", "diameter1", "diameter2"]
    for _ in range(COUNT):
        x = reals([(2.6, 3.6), (0.7, 0.8), (17, 28), (7.3, 8.3), (7.8, 8.3), (2.9, 3.9), (5, 5.5)])
        x[2] = float(round(x[2]))
        g = violations(f.SpeedReducer(), x)
        g[4:7] /= [1100, 850, 40]
        g[7] = 5 / (5 - g[7]) - 1
        g[8] /= 12
        value = at(f.SpeedReducer(), x) + 1e5 * np.maximum(g, 0).sum()
        yield "speed-reducer", dict(zip(names, x)) | {"teeth": int(x[2])}, float(value)


rows = [
    *rows_of("branin", f.Branin(), [(-5, 10), (0, 15)]),
    *rows_of("camel", f.SixHumpCamel(), [(-3, 3), (-2, 2)]),
    *rows_of("hartmann3", f.Hartmann(dim=3), [(0, 1)] * 3),
    *rows_of("hartmann6", f.Hartmann(dim=6), [(0, 1)] * 6),
    *rows_of("shekel", f.Shekel(m=10), [(0, 10)] * 4),
    *rows_of("styblinski10", f.StyblinskiTang(dim=10), [(-5, 5)] * 10),
    *rows_of("ackley5", f.Ackley(dim=5), [(-32.768, 32.768)] * 5, [11.3, -7.9, 4.6, -13.2, 8.1]),
    *rows_of("levy4", f.Levy(dim=4), [(-10, 10)] * 4),
    *rows_of("rosenbrock4", f.Rosenbrock(dim=4), [(-5, 10)] * 4),
    *rows_of("rastrigin3", f.Rastrigin(dim=3), [(-5.12, 5.12)] * 3, [1.63, -2.41, 0.87]),
    *rows_of("griewank5", f.Griewank(dim=5), [(-600, 600)] * 5, [137, -251, 83, -312, 209]),
    *func2c(),
    *func3c(),
    *switches(),
    *pressure_vessel(),
    *welded_beam(),
    *speed_reducer(),
]
print("[" + ",\n ".join(json.dumps(row) for row in rows) + "]")
