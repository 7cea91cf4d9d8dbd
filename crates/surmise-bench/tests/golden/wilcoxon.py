"""One-sided p-values of Wilcoxon's signed-rank test, exact, by scipy.

Prints [[differences, p], ...] as JSON. If differences are tied or zero, scipy enumerates all
changes of signs (scipy.stats.PermutationMethod).
"""
import json

import numpy as np
from scipy.stats import PermutationMethod, wilcoxon

rng = np.random.default_rng(1)
SAMPLES = [
    [-1.0, -2.0, -3.0, -4.0, -5.0],
    [1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.5, -8.25],
    [1.0, 2.0, 3.0],
    rng.normal(-0.4, size=20).tolist(),
    rng.normal(0.1, size=40).tolist(),
]
TIED = [
    [-1.0, 1.0, -2.0],
    [0.0, -1.0, 1.0, -2.0, 2.0, -2.0, -3.0, 0.0, -5.0],
]

rows = [[d, float(wilcoxon(d, alternative="less", method="exact").pvalue)] for d in SAMPLES]
for d in TIED:
    signs = PermutationMethod(n_resamples=2**20)
    p = wilcoxon([x for x in d if x], alternative="less", method=signs).pvalue
    rows.append([d, float(p)])
print("[" + ",\n ".join(json.dumps(row) for row in rows) + "]")
