"""ln h(u) and its slope, h(u) = pdf(u) + u cdf(u), to 60 digits, over u in [-1e10, 40].

Prints [[u, ln h, slope], ...] as JSON.
"""
import json

import numpy as np
from mpmath import mp, mpf, erfc, findroot, log, npdf, sqrt

# h cancels by u^2, 20 digits at -1e10: 100 digits leave 60 and more.
mp.dps = 100


def cdf(u):
    return erfc(-u / sqrt(2)) / 2


def h(u):
    return npdf(u) + u * cdf(u)


def grid():
    """Decades of the tail, the usual range, and the places where an implementation changes its way."""
    tail = -np.logspace(10, np.log10(40), 60)
    middle = np.arange(-40, 40.25, 0.25)
    seams = [seam + sign * gap for seam in (-8.0, -6.0, -4.0, -3.94, 0.0)
             for gap in (1e-12, 1e-9, 1e-6, 1e-3) for sign in (-1, 1)]
    # Where h is 1 its logarithm is 0, and relative accuracy of it is hardest.
    root = float(findroot(lambda u: h(u) - 1, 0.9))
    crossing = [root + sign * gap for gap in (0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.0156, 0.01563, 0.03, 0.1)
                for sign in (-1, 1)]
    return sorted({float(u) for u in [*tail, *middle, *seams, *crossing]})


rows = []
for u in grid():
    x = mpf(u)
    rows.append([u, float(log(h(x))), float(cdf(x) / h(x))])
print("[" + ",\n ".join(json.dumps(row) for row in rows) + "]")
