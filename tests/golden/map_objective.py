"""Log posterior of hyperparameters and its gradient, by GPyTorch and automatic differentiation.

The model is an exact Gaussian process with a Matern-5/2 kernel, one length scale per axis, and a
constant mean by generalized least squares. The priors are those of src/gp/prior.rs: Gamma(2, 1) on
the signal variance and Gamma(1.1, 30) on the noise variance by GPyTorch, without their constants,
and the prior of the length scales by this script.

The script prints {points, losses, length_scales, signal_variance, noise_variance, log_posterior,
gradient} as JSON. The gradient is by the logarithms of length scales, signal and noise, in this
order.
"""
import json
import math

import gpytorch
import numpy as np
import torch
from gpytorch.priors import GammaPrior

torch.set_default_dtype(torch.float64)


class Process(gpytorch.models.ExactGP):
    def __init__(self, x, y, likelihood):
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.ConstantMean()
        base = gpytorch.kernels.MaternKernel(nu=2.5, ard_num_dims=x.shape[1])
        self.covar_module = gpytorch.kernels.ScaleKernel(base)

    def forward(self, x):
        # A lazy covariance would be evaluated when `functional_call` has restored the parameters.
        covariance = self.covar_module(x).to_dense()
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), covariance)


def density(prior, value):
    """Returns the log density of a prior without its constant."""
    a, b = prior.concentration, prior.rate
    return prior.log_prob(value) - (a * torch.log(b) - torch.lgamma(a))


rng = np.random.default_rng(11)
x = torch.tensor(rng.uniform(size=(18, 3)))
y = torch.tensor(np.sin(5 * x[:, 0].numpy()) + x[:, 1].numpy() ** 2 + 0.1 * rng.normal(size=18))
length_scales, signal, noise = [0.35, 0.8, 2.2], 1.6, 0.02
theta = torch.tensor([math.log(v) for v in [*length_scales, signal, noise]], requires_grad=True)

likelihood = gpytorch.likelihoods.GaussianLikelihood(
    noise_constraint=gpytorch.constraints.GreaterThan(1e-9))
process = Process(x, y, likelihood)
process.covar_module.base_kernel.lengthscale = torch.tensor([length_scales])
process.covar_module.outputscale = signal
likelihood.noise = noise


def log_posterior(theta):
    scales, s, n = torch.exp(theta[:3]), torch.exp(theta[3]), torch.exp(theta[4])
    kernel = process.covar_module
    parameters = {
        "covar_module.base_kernel.raw_lengthscale":
            kernel.base_kernel.raw_lengthscale_constraint.inverse_transform(scales)[None],
        "covar_module.raw_outputscale":
            kernel.raw_outputscale_constraint.inverse_transform(s),
    }
    covariance = torch.func.functional_call(process, parameters, (x,)).covariance_matrix
    covariance = covariance + n * torch.eye(len(y))
    ones = torch.ones(len(y))
    weights = torch.linalg.solve(covariance, ones)
    c = weights @ y / weights.sum()
    evidence = gpytorch.distributions.MultivariateNormal(c * ones, covariance).log_prob(y)
    # Up to 12 axes the typical length scale is 1.
    scale_prior = -0.2 * torch.cosh(2 * theta[:3]).sum()
    signal_prior, noise_prior = GammaPrior(2.0, 1.0), GammaPrior(1.1, 30.0)
    return evidence + scale_prior + density(signal_prior, s) + density(noise_prior, n)


# These settings use Cholesky factors throughout, without conjugate gradients or random traces.
with gpytorch.settings.fast_computations(False, False, False):
    process.train()
    value = log_posterior(theta)
    gradient = torch.autograd.grad(value, theta)[0]
print(json.dumps({
    "points": x.tolist(), "losses": y.tolist(), "length_scales": length_scales,
    "signal_variance": signal, "noise_variance": noise,
    "log_posterior": value.item(), "gradient": gradient.tolist(),
}))
