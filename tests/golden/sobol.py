"""Centered L2 discrepancies of scrambled Sobol points and of random points, by scipy.

The script prints [[count, dimension, mean of 64 scrambles, maximum of 64 scrambles, mean of 64
random sets], ...] as JSON. The discrepancies are squared, as scipy.stats.qmc.discrepancy returns
them (Hickernell 1998).
"""
import json

import numpy as np
from scipy.stats import qmc

rows = []
for count, dimension in [(64, 2), (256, 2), (256, 5), (512, 10)]:
    scrambled = [qmc.discrepancy(qmc.Sobol(dimension, seed=seed).random(count))
                 for seed in range(64)]
    random = [qmc.discrepancy(np.random.default_rng(seed).uniform(size=(count, dimension)))
              for seed in range(64)]
    rows.append([count, dimension, np.mean(scrambled), np.max(scrambled), np.mean(random)])
print("[" + ",\n ".join(json.dumps(row) for row in rows) + "]")
