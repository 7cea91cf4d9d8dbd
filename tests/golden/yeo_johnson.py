"""The Yeo-Johnson power of greatest likelihood within [-2, 1]. Made with scipy 1.17.1.

    python3 yeo_johnson.py > yeo_johnson.in
"""
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import yeojohnson_llf

print("[")
for seed, draw in enumerate([
    lambda rng: rng.gamma(1.5, size=25),
    lambda rng: np.exp(rng.normal(size=40)),
    lambda rng: rng.normal(size=12) ** 2 * 0.3,
]):
    y = draw(np.random.default_rng(seed))
    z = (y - np.median(y)) / np.std(y)
    best = minimize_scalar(lambda l: -yeojohnson_llf(l, z), bounds=(-2, 1), method="bounded",
                           options={"xatol": 1e-9})
    print(f"    (vec!{[float(v) for v in z]}, {float(best.x)!r}),")
print("]")
