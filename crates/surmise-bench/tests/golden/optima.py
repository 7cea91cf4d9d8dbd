"""Optima of the benchmark's problems, by scipy, under the constraints instead of a penalty.

Prints {problem: optimum} as JSON. The method is sequential quadratic programming from many starts,
for each value of the integer parameters that could be best.
"""
import json
import math

import numpy as np
from scipy.optimize import brentq, minimize

rng = np.random.default_rng(5)


def minimum(cost, constraints, bounds, starts):
    """Returns the smallest feasible cost; constraints are g(x) <= 0."""
    best = math.inf
    low, high = np.array(bounds).T
    for _ in range(starts):
        found = minimize(
            lambda z: cost(low + z * (high - low)),
            rng.uniform(size=len(bounds)),
            method="SLSQP",
            bounds=[(0, 1)] * len(bounds),
            constraints={"type": "ineq", "fun": lambda z: -constraints(low + z * (high - low))},
            options={"ftol": 1e-14, "maxiter": 1000},
        )
        x = low + found.x * (high - low)
        if constraints(x).max() < 1e-9:
            best = min(best, float(cost(x)))
    return best


def pressure_vessel():
    """Enumerates thicknesses and radii; the length follows from the volume."""
    best = math.inf
    for n1 in range(1, 100):
        for n2 in range(1, 100):
            shell, heads = 0.0625 * n1, 0.0625 * n2
            def cost(r, l):
                plates = 0.6224 * shell * r * l + 1.7781 * heads * r**2
                return plates + 3.1661 * shell**2 * l + 19.84 * shell**2 * r
            def length(r):
                return max(10.0, (1_296_000 - 4 / 3 * math.pi * r**3) / (math.pi * r**2))
            largest = min(shell / 0.0193, heads / 0.00954, 200.0)
            if largest < 10 or length(largest) > 200:
                continue
            radii = [r for r in np.linspace(10, largest, 400) if length(r) <= 200] + [largest]
            best = min(best, min(cost(r, length(r)) for r in radii))
    return best


def welded_beam():
    def cost(x):
        h, l, t, b = x
        return 1.10471 * h**2 * l + 0.04811 * t * b * (14 + l)

    def constraints(x):
        h, l, t, b = x
        r = math.sqrt(l**2 / 4 + ((h + t) / 2) ** 2)
        j = 2 * math.sqrt(2) * h * l * (l**2 / 12 + ((h + t) / 2) ** 2)
        t1, t2 = 6000 / (math.sqrt(2) * h * l), 6000 * (14 + l / 2) * r / j
        slenderness = 1 - t / 28 * math.sqrt(30e6 / (4 * 12e6))
        buckling = 4.013 * 30e6 * math.sqrt(t**2 * b**6 / 36) / 14**2 * slenderness
        return np.array([
            math.sqrt(t1**2 + t1 * t2 * l / r + t2**2) / 13600 - 1,
            6 * 6000 * 14 / (b * t**2) / 30000 - 1,
            h - b,
            (0.10471 * h**2 + 0.04811 * t * b * (14 + l)) / 5 - 1,
            4 * 6000 * 14**3 / (30e6 * t**3 * b) / 0.25 - 1,
            1 - buckling / 6000,
        ])

    return minimum(cost, constraints, [(0.125, 10)] + [(0.1, 10)] * 3, 200)


def speed_reducer():
    best = math.inf
    for teeth in range(17, 29):
        def cost(x):
            w, m, l1, l2, d1, d2 = x
            return (0.7854 * w * m**2 * (3.3333 * teeth**2 + 14.9334 * teeth - 43.0934)
                    - 1.508 * w * (d1**2 + d2**2)
                    + 7.4777 * (d1**3 + d2**3) + 0.7854 * (l1 * d1**2 + l2 * d2**2))

        def constraints(x):
            w, m, l1, l2, d1, d2 = x
            return np.array([
                27 / (w * m**2 * teeth) - 1,
                397.5 / (w * m**2 * teeth**2) - 1,
                1.93 * l1**3 / (m * teeth * d1**4) - 1,
                1.93 * l2**3 / (m * teeth * d2**4) - 1,
                math.sqrt((745 * l1 / (m * teeth)) ** 2 + 16.9e6) / (110 * d1**3) - 1,
                math.sqrt((745 * l2 / (m * teeth)) ** 2 + 157.5e6) / (85 * d2**3) - 1,
                m * teeth / 40 - 1,
                5 * m / w - 1,
                w / (12 * m) - 1,
                (1.5 * d1 + 1.9) / l1 - 1,
                (1.1 * d2 + 1.9) / l2 - 1,
            ])

        bounds = [(2.6, 3.6), (0.7, 0.8), (7.3, 8.3), (7.8, 8.3), (2.9, 3.9), (5, 5.5)]
        best = min(best, minimum(cost, constraints, bounds, 10))
    return best


def camel(x):
    return ((4 - 2.1 * x[0] ** 2 + x[0] ** 4 / 3) * x[0] ** 2 + x[0] * x[1]
            + (-4 + 4 * x[1] ** 2) * x[1] ** 2)


CAMEL = float(minimize(camel, [0.09, -0.71], tol=1e-14).fun)
STYBLINSKI_TANG = brentq(lambda x: 4 * x**3 - 32 * x + 5, -3, -2.8, xtol=1e-15)

print(json.dumps({
    "branin": 10 / (8 * math.pi),
    "camel": CAMEL,
    "func2c": 0.2 * CAMEL,
    "func3c": 0.7 * CAMEL,
    "styblinski10": 5 * (STYBLINSKI_TANG**4 - 16 * STYBLINSKI_TANG**2 + 5 * STYBLINSKI_TANG),
    "pressure-vessel": pressure_vessel(),
    "welded-beam": welded_beam(),
    "speed-reducer": speed_reducer(),
}, indent=1))
