"""Gaussian processes with fixed hyperparameters, by scikit-learn.

The script prints cases with mean, variance and log marginal likelihood, as a JSON array. The
processes have a Matern-5/2 kernel with one length scale per axis, noise, and a constant mean c by
generalized least squares.

scikit-learn has no such mean, but its results determine c. Fitted to the losses 1 instead of y, its
weights are K^-1 1 and its mean at x is 1' K^-1 k(x). Hence c = y' K^-1 1 / 1' K^-1 1, and the
variance grows by (1 - 1' K^-1 k)^2 / (1' K^-1 1) (Rasmussen & Williams 2006, eq. 2.42).

A category is encoded as indicator columns of 1/sqrt(2), so that different categories have
distance 1.
"""
import json

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern


def to_features(points, categories):
    """Returns the features of points whose last coordinate is the category, if there is one."""
    if categories is None:
        return points
    indicators = np.eye(categories)[points[:, -1].astype(int)] / np.sqrt(2)
    return np.hstack([points[:, :-1], indicators])


def make_case(seed, count, continuous, categories, length_scales, signal, noise):
    rng = np.random.default_rng(seed)

    def draw(n):
        points = rng.uniform(size=(n, continuous))
        if categories is None:
            return points
        return np.hstack([points, rng.integers(categories, size=(n, 1)).astype(float)])

    x, at = draw(count), draw(6)
    y = np.sin(5 * x[:, 0]) + x.sum(axis=1) ** 2 / x.shape[1] + 0.1 * rng.normal(size=count)
    kernel_scales = list(length_scales)
    if categories is not None:
        kernel_scales = kernel_scales[:-1] + [kernel_scales[-1]] * categories
    kernel = ConstantKernel(signal) * Matern(length_scale=kernel_scales, nu=2.5)

    def fit(losses):
        regressor = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None)
        return regressor.fit(to_features(x, categories), losses)

    ones = fit(np.ones(count))
    unit_weights, unit_total = ones.alpha_.ravel(), ones.alpha_.sum()
    c = float(unit_weights @ y / unit_total)
    centered = fit(y - c)
    mean, std_dev = centered.predict(to_features(at, categories), return_std=True)
    residual = 1 - ones.predict(to_features(at, categories))
    return {
        "points": x.tolist(),
        "losses": y.tolist(),
        "categories": categories,
        "length_scales": list(length_scales),
        "signal_variance": signal,
        "noise_variance": noise,
        "at": at.tolist(),
        "mean": (c + mean).tolist(),
        "variance": (std_dev**2 + residual**2 / unit_total).tolist(),
        "log_likelihood": float(centered.log_marginal_likelihood_value_),
    }


cases = [
    make_case(1, 8, 1, None, [0.3], 1.0, 1e-3),
    make_case(2, 20, 3, None, [0.2, 0.9, 4.0], 1.7, 1e-2),
    make_case(3, 40, 6, None, [0.5, 1.0, 1.5, 2.0, 0.7, 10.0], 0.4, 0.2),
    make_case(4, 25, 2, 3, [0.4, 1.1, 0.8], 2.5, 1e-3),
    make_case(5, 1, 2, None, [0.4, 1.1], 1.0, 1e-4),
]
print("[" + ",\n ".join(json.dumps(c) for c in cases) + "]")
