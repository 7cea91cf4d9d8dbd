"""The statistics of comparisons, by scipy.

They are ranks, Wilcoxon's two-sided test, Student's one-sided test, Vargha and Delaney's A (from
Mann and Whitney's U), quantiles, bootstrap bands of means and medians, intervals over problems,
equivalence by one-sided tests of ranks and of the mean, and cliques.

Prints one JSON object. The bands are random: with 100,000 resamples, their error is about a
hundredth of their width.
"""
import json

import numpy as np
from scipy.stats import bootstrap, mannwhitneyu, rankdata, ttest_1samp, wilcoxon

rng = np.random.default_rng(6)


def rounded(sample):
    return [round(float(x), 3) for x in sample]


samples = [rounded(rng.normal(size=n)) for n in (5, 20, 21)] + [rounded(rng.lognormal(size=40))]
tied = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, -1.0]
pairs = [
    (samples[0], samples[1]),
    (samples[1], samples[2]),
    ([1.0, 2.0, 2.0], [2.0, 3.0, 2.0]),
    ([1.0, 1.0], [2.0]),
]
MEANS = ((-0.5, 20), (0.05, 15), (0.9, 12))
differences = [rounded(rng.normal(mean, 1, size=n)) for mean, n in MEANS]


def band(sample, statistic):
    generator = np.random.default_rng(7)
    found = bootstrap((sample,), statistic, n_resamples=100_000, method="percentile", rng=generator)
    return [float(found.confidence_interval.low), float(found.confidence_interval.high)]


def student(sample, bound):
    return float(ttest_1samp(sample, bound, alternative="less").pvalue)


def equivalence(sample, margin):
    below = wilcoxon(np.array(sample) - margin, alternative="less", method="exact").pvalue
    above = wilcoxon(-np.array(sample) - margin, alternative="less", method="exact").pvalue
    mirrored = [-x for x in sample]
    return float(max(below, above, student(sample, margin), student(mirrored, margin)))


def band_over_problems(problems):
    """Student's interval of the problems' means; of the values of a single problem and case."""
    means = [np.mean([np.mean(case) for case in problem]) for problem in problems]
    values = means if len(means) > 1 else problems[0][0]
    interval = ttest_1samp(values, 0).confidence_interval(0.95)
    return [float(interval.low), float(interval.high)]


problem_sets = [
    [[rounded(rng.normal(x, 0.3, size=6)) for _ in range(2)] for x in (0.0, 1.0, 0.4, 2.0, 0.7)],
    [[rounded(rng.normal(size=20))]],
    [[rounded(rng.normal(level, 1.0, size=3))] for level in rounded(rng.normal(size=12))],
]


def holm(p_values):
    """Corrects p-values as in Holm 1979 and in multipletests of statsmodels."""
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.maximum.accumulate(factors * np.array(p_values)[order])
    result = np.empty(len(p_values))
    result[order] = np.minimum(corrected, 1)
    return result


def cliques(scores, level=0.05):
    """Returns the largest groups of neighbors in mean rank without a significant difference."""
    columns = scores.shape[1]
    order = np.argsort(np.apply_along_axis(rankdata, 1, scores).mean(axis=0), kind="stable")
    pairs = [(a, b) for a in range(columns) for b in range(a + 1, columns)]
    p_values = holm([
        wilcoxon(scores[:, order[a]], scores[:, order[b]], method="exact").pvalue
        for a, b in pairs
    ])
    differ = {pair for pair, p in zip(pairs, p_values) if p <= level}
    runs = [(a, b) for a, b in pairs if not any(a <= i and j <= b for i, j in differ)]
    largest = [
        (a, b)
        for a, b in runs
        if not any(c <= a and b <= d and (c, d) != (a, b) for c, d in runs)
    ]
    return [[int(i) for i in order[a:b + 1]] for a, b in largest]


skills = np.array([0.0, 0.5, 0.9, 1.6, 3.0])[[3, 0, 4, 1, 2]]
SIZES = ((12, 0.6), (20, 1.0), (20, 2.5), (8, 0.2))
tables = [np.round(skills * factor + rng.normal(size=(n, 5)), 3) for n, factor in SIZES]

print(json.dumps({
    "cliques": [[table.tolist(), cliques(table)] for table in tables],
    "median_bands": [[s, band(s, np.median)] for s in samples[1:]],
    "ranks": [[s, rankdata(s).tolist()] for s in samples + [tied]],
    "two_sided": [[d, float(wilcoxon(d, method="exact").pvalue)] for d in differences],
    "vargha_delaney": [
        [a, b, float(mannwhitneyu(b, a).statistic) / (len(a) * len(b))] for a, b in pairs
    ],
    "quantiles": [
        [s, q, float(np.quantile(s, q))] for s in samples for q in (0.0, 0.25, 0.5, 0.9, 1.0)
    ],
    "mean_bands": [[s, band(s, np.mean)] for s in samples[1:]],
    "student": [[d, m, student(d, m)] for d in differences for m in (-0.2, 0.0, 1.1)],
    "bands_over_problems": [[p, band_over_problems(p)] for p in problem_sets],
    "equivalence": [[d, m, equivalence(d, m)] for d in differences for m in (0.2503, 1.2507)],
}, indent=0))
