"""Statistics of comparisons, by scipy: ranks, Wilcoxon's two-sided test, Vargha and Delaney's A (from Mann and Whitney's U), quantiles,
bootstrap bands of means and medians, equivalence by two one-sided tests.

Prints one JSON object. The bands are random: 100,000 resamples, so good to about a hundredth of their width.
"""
import json

import numpy as np
from scipy.stats import bootstrap, mannwhitneyu, rankdata, wilcoxon

rng = np.random.default_rng(6)


def rounded(sample):
    return [round(float(x), 3) for x in sample]


samples = [rounded(rng.normal(size=n)) for n in (5, 20, 21)] + [rounded(rng.lognormal(size=40))]
tied = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, -1.0]
pairs = [(samples[0], samples[1]), (samples[1], samples[2]), ([1.0, 2.0, 2.0], [2.0, 3.0, 2.0]), ([1.0, 1.0], [2.0])]
differences = [rounded(rng.normal(mean, 1, size=n)) for mean, n in ((-0.5, 20), (0.05, 15), (0.9, 12))]


def band(sample, statistic):
    found = bootstrap((sample,), statistic, n_resamples=100_000, method="percentile", rng=np.random.default_rng(7))
    return [float(found.confidence_interval.low), float(found.confidence_interval.high)]


def equivalence(sample, margin):
    above = wilcoxon(np.array(sample) - margin, alternative="less", method="exact").pvalue
    below = wilcoxon(-np.array(sample) - margin, alternative="less", method="exact").pvalue
    return float(max(above, below))


print(json.dumps({
    "ranks": [[s, rankdata(s).tolist()] for s in samples + [tied]],
    "two_sided": [[d, float(wilcoxon(d, method="exact").pvalue)] for d in differences],
    "vargha_delaney": [[a, b, float(mannwhitneyu(b, a).statistic) / (len(a) * len(b))] for a, b in pairs],
    "quantiles": [[s, q, float(np.quantile(s, q))] for s in samples for q in (0.0, 0.25, 0.5, 0.9, 1.0)],
    "mean_bands": [[s, band(s, np.mean)] for s in samples[1:]],
    "equivalence": [[d, m, equivalence(d, m)] for d in differences for m in (0.2503, 1.2507)],
}, indent=0))
