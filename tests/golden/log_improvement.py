"""ln h(u) and its slope, h(u) = pdf(u) + u cdf(u), to 60 digits. Made with mpmath 1.3.0.

    python3 log_improvement.py > log_improvement.in
"""
from mpmath import mp, mpf, erfc, exp, log, npdf, sqrt

mp.dps = 60


def cdf(u):
    return erfc(-u / sqrt(2)) / 2


print("[")
for u in ["-1e4", "-300", "-38", "-8.5", "-6.5", "-4.25", "-2", "0.5", "3"]:
    # h cancels to relative order u^-2: 60 digits leave more than 40.
    x = mpf(u)
    mp.dps = 60 if x > -50 else 200
    x = mpf(u)
    h = npdf(x) + x * cdf(x)
    print(f"    ({float(x)!r}, {float(log(h))!r}, {float(cdf(x) / h)!r}),")
print("]")
