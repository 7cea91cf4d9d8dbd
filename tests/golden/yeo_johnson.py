"""Maximum-likelihood powers of the Yeo-Johnson transform within [-2, 1], by scipy.

The script prints [[z, power], ...] as JSON.
"""
import json

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import yeojohnson_llf

SAMPLES = [
    lambda rng: rng.gamma(1.5, size=25),
    lambda rng: np.exp(rng.normal(size=40)),
    lambda rng: rng.normal(size=12) ** 2 * 0.3,
    lambda rng: rng.normal(size=60),
    lambda rng: rng.standard_cauchy(size=30) ** 2,
    lambda rng: -np.exp(rng.normal(size=20)),
]

rows = []
for seed, sample in enumerate(SAMPLES):
    y = sample(np.random.default_rng(seed))
    z = (y - np.median(y)) / np.std(y)
    best = minimize_scalar(lambda power: -yeojohnson_llf(power, z), bounds=(-2, 1),
                           method="bounded", options={"xatol": 1e-9})
    rows.append([z.tolist(), float(best.x)])
print("[" + ",\n ".join(json.dumps(row) for row in rows) + "]")
