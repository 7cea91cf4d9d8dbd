"""ln h(u) and its derivative, with h(u) = pdf(u) + u cdf(u), to 60 digits, for u in [-1e10, 40].

The script prints [[u, ln h, derivative], ...] as JSON.
"""
import json

import numpy as np
from mpmath import mp, mpf, erfc, findroot, log, npdf, sqrt

# The terms of h cancel by u^2, which costs 20 digits at -1e10; 100 digits leave more than 60.
mp.dps = 100


def cdf(u):
    return erfc(-u / sqrt(2)) / 2


def h(u):
    return npdf(u) + u * cdf(u)


def grid():
    """Returns decades of the tail, the usual range, and points where formulas may change."""
    tail = -np.logspace(10, np.log10(40), 60)
    middle = np.arange(-40, 40.25, 0.25)
    switches = [switch + sign * gap for switch in (-8.0, -6.0, -4.0, -3.94, 0.0)
                for gap in (1e-12, 1e-9, 1e-6, 1e-3) for sign in (-1, 1)]
    # Where h is 1 its logarithm is 0, so that relative accuracy is hardest there.
    root = float(findroot(lambda u: h(u) - 1, 0.9))
    gaps = (0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.0156, 0.01563, 0.03, 0.1)
    crossing = [root + sign * gap for gap in gaps for sign in (-1, 1)]
    return sorted({float(u) for u in [*tail, *middle, *switches, *crossing]})


rows = []
for u in grid():
    x = mpf(u)
    rows.append([u, float(log(h(x))), float(cdf(x) / h(x))])
print("[" + ",\n ".join(json.dumps(row) for row in rows) + "]")
