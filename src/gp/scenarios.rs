//! Scenarios of the losses of pending trials: a posterior with one set of weights per scenario.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | S | pending points | p |
//! | m, C = L Lᵀ | mean and covariance of the function at S | p, p × p |
//! | z | standard normal numbers of a scenario | p |
//! | F = m + L z | losses of the pending trials in a scenario | p |
//! | A, c | weights and means of the M scenarios | n × M, M |
//! | v | the variance, which does not depend on the losses | – |
//!
//! One scenario with z = 0 is the kriging believer (Ginsbourger et al. 2010). With many scenarios
//! (Snoek et al. 2012, "fantasies"), an acquisition function is averaged over the unknown losses.
//! Only the losses at S are sampled; the acquisition function stays in closed form. The normal
//! numbers stay fixed during a proposal, so that the average is smooth.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate};

use super::posterior::{Posterior, PredictionTerms};
use crate::error::Error;
use crate::linalg::{self, Cholesky};

/// Amounts of jitter for the covariance of the pending points, as shares of the signal variance.
///
/// The first one that makes the covariance positive definite is used.
const JITTER: [f64; 4] = [1e-8, 1e-7, 1e-6, 1e-5];

/// A posterior under M scenarios of the losses of pending trials.
#[derive(Debug, Clone)]
pub struct Scenarios {
    posterior: Posterior,
    /// Weights A, n × M.
    weights: Array2<f64>,
    /// Means c of the scenarios, M.
    means: Array1<f64>,
    /// Minimum loss at the pending points in each scenario, M.
    min_pending_losses: Array1<f64>,
}

impl Scenarios {
    /// Creates one scenario, in which each pending trial has its expected loss.
    ///
    /// # Errors
    /// Returns the errors of [`Posterior::add_observations`].
    pub fn kriging_believer<P: AsRef<[f64]>>(
        mut posterior: Posterior,
        pending: &[P],
    ) -> Result<Self, Error> {
        let imputed = posterior.impute_expected(pending)?;
        let (weights, mean) = posterior.weights();
        Ok(Self {
            weights: weights.clone().insert_axis(Axis(1)),
            means: Array1::from_elem(1, mean),
            min_pending_losses: Array1::from_elem(1, minimum(&imputed)),
            posterior,
        })
    }

    /// Creates M scenarios, one per row of `normals` (M × p, standard normal).
    ///
    /// The scenarios draw the function without noise, so that no improvement is expected at the
    /// pending points themselves. If rounding makes drawing impossible, there is one scenario of
    /// expected losses.
    ///
    /// # Errors
    /// Returns [`Error::NotPositiveDefinite`] if the covariance cannot be factored.
    pub fn sampled<P: AsRef<[f64]>>(
        mut posterior: Posterior,
        pending: &[P],
        normals: ArrayView2<'_, f64>,
    ) -> Result<Self, Error> {
        if pending.is_empty() {
            return Self::kriging_believer(posterior, pending);
        }
        let signal = posterior.process().hyperparameters().signal_variance;
        let expected = posterior.predict(pending).mean;
        let covariance = posterior.covariance_at(pending);
        let factored = JITTER.into_iter().find_map(|share| {
            let mut jittered = covariance.clone();
            jittered.diag_mut().map_inplace(|entry| *entry += share * signal);
            Some((Cholesky::factor(&jittered).ok()?, share * signal))
        });
        // Without a factor, the covariance is zero up to rounding: the expected losses suffice.
        let Some((root, jitter)) = factored else {
            return Self::kriging_believer(posterior, pending);
        };
        let mut drawn = linalg::product(root.lower(), normals.t());
        drawn += &expected.view().insert_axis(Axis(1));
        let count = posterior.count();
        let observed = posterior.losses();
        let observed = Array2::from_shape_fn((count, drawn.ncols()), |(i, _)| observed[i]);
        posterior.add_observations_with_noise(pending, &expected.to_vec(), jitter)?;
        let (weights, means) = posterior.solve_weights(&concatenate![Axis(0), observed, drawn]);
        let minima = drawn.columns().into_iter().map(|column| minimum(column.iter()));
        let min_pending_losses = minima.collect();
        Ok(Self { posterior, weights, means, min_pending_losses })
    }

    /// Returns the posterior, which all scenarios share except for their weights.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// Returns the minimum transformed loss of the pending trials in each scenario (M).
    ///
    /// It is infinite if there are no pending trials.
    pub fn min_pending_losses(&self) -> &Array1<f64> {
        &self.min_pending_losses
    }

    /// Predicts means (m × M) and variances (m) at m points.
    pub fn predict<P: AsRef<[f64]>>(&self, points: &[P]) -> (Array2<f64>, Array1<f64>) {
        let scaled = self.posterior.process().scaled_rows(points);
        let covariances = self.posterior.covariances_with(&scaled);
        let variance = self.posterior.kriging_terms(&covariances).2;
        (self.means(&covariances), variance)
    }

    /// Predicts means (m × M) and variances (m) at m points.
    ///
    /// Also returns the terms that [`gradient`](Self::gradient) needs.
    pub fn predict_with_terms<P: AsRef<[f64]>>(
        &self,
        points: &[P],
    ) -> (Array2<f64>, Array1<f64>, PredictionTerms) {
        let terms = self.posterior.prediction_terms(points);
        let variance = terms.variance.clone();
        (self.means(&terms.covariances), variance, terms)
    }

    fn means(&self, covariances: &Array2<f64>) -> Array2<f64> {
        linalg::product(covariances.view(), self.weights.view()) + &self.means
    }

    /// Returns the gradients (m × d) of `Σ_s r_as μ_as + q_a v_a` at m points a.
    ///
    /// The rates of the means are r (m × M), and the rates of the variances are q (m).
    pub fn gradient(
        &self,
        terms: &PredictionTerms,
        mean_rates: ArrayView2<'_, f64>,
        variance_rates: ArrayView1<'_, f64>,
    ) -> Array2<f64> {
        let weights = linalg::product(mean_rates, self.weights.t());
        self.posterior.gradient(terms, weights.view(), variance_rates)
    }
}

fn minimum<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gp::{Features, GaussianProcess, Hyperparameters, Warp};
    use crate::rng::Rng;
    use crate::unit_cube;

    const AXES: [unit_cube::Axis; 3] = [
        unit_cube::Axis::Continuous { resolution: 1e-7 },
        unit_cube::Axis::Categories(3),
        unit_cube::Axis::Continuous { resolution: 1e-7 },
    ];

    fn points(count: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut rng = Rng::stream(seed, 0);
        (0..count).map(|_| AXES.iter().map(|axis| axis.snap(rng.uniform())).collect()).collect()
    }

    fn posterior() -> Posterior {
        let observed = points(9, 1);
        let losses: Vec<f64> = observed.iter().map(|p| (5.0 * p[0]).sin() + p[1] - p[2]).collect();
        let hyperparameters = Hyperparameters {
            warps: vec![Warp { a: 1.4, b: 0.8 }, Warp::IDENTITY, Warp::IDENTITY],
            ..Hyperparameters::new(vec![0.5, 1.0, 0.9], 1.3, 1e-3)
        };
        GaussianProcess::new(Features::new(&AXES), hyperparameters)
            .condition(&observed, &losses)
            .unwrap()
    }

    fn normals(rows: usize, columns: usize) -> Array2<f64> {
        let mut rng = Rng::stream(3, 0);
        Array2::from_shape_fn((rows, columns), |_| rng.normal())
    }

    /// Compares with a separate posterior for each scenario.
    #[test]
    fn a_scenario_equals_observing_its_losses() {
        let (pending, at) = (points(3, 4), points(6, 5));
        let scenarios = Scenarios::sampled(posterior(), &pending, normals(4, 3).view()).unwrap();
        let (means, variance) = scenarios.predict(&at);
        let (pending_means, _) = scenarios.predict(&pending);
        for scenario in 0..4 {
            let drawn = pending_means.column(scenario).to_vec();
            assert!((minimum(&drawn) - scenarios.min_pending_losses()[scenario]).abs() < 1e-6);
            let mut observed = posterior();
            observed.add_observations_with_noise(&pending, &drawn, 1e-8).unwrap();
            let prediction = observed.predict(&at);
            for i in 0..at.len() {
                assert!((prediction.mean[i] - means[[i, scenario]]).abs() < 1e-5);
                assert!((prediction.variance[i] - variance[i]).abs() < 1e-6);
            }
        }
    }

    /// By the laws of total expectation and total variance.
    #[test]
    fn the_mixture_of_scenarios_equals_the_posterior() {
        let (pending, at) = (points(2, 6), points(5, 7));
        let expected = posterior().predict(&at);
        let normals = normals(20_000, 2);
        let scenarios = Scenarios::sampled(posterior(), &pending, normals.view()).unwrap();
        let (means, variance) = scenarios.predict(&at);
        for i in 0..at.len() {
            let row = means.row(i);
            let average = row.mean().unwrap();
            let spread = row.mapv(|mean| (mean - average).powi(2)).mean().unwrap();
            assert!((average - expected.mean[i]).abs() < 0.03);
            assert!((spread + variance[i] - expected.variance[i]).abs() < 0.04, "total variance");
        }
    }

    #[test]
    fn without_pending_trials_the_posterior_is_unchanged() {
        let (at, none) = (points(5, 8), Vec::<Vec<f64>>::new());
        let expected = posterior().predict(&at);
        for scenarios in [
            Scenarios::kriging_believer(posterior(), &none).unwrap(),
            Scenarios::sampled(posterior(), &none, normals(5, 0).view()).unwrap(),
        ] {
            let (means, variance) = scenarios.predict(&at);
            assert_eq!(means.ncols(), 1);
            assert!((&means.column(0) - &expected.mean).iter().all(|gap| gap.abs() < 1e-12));
            assert_eq!(variance, expected.variance);
            assert_eq!(scenarios.min_pending_losses().to_vec(), [f64::INFINITY]);
        }
    }

    #[test]
    fn gradients_match_central_differences() {
        let scenarios =
            Scenarios::sampled(posterior(), &points(2, 9), normals(3, 2).view()).unwrap();
        let rates = [0.7, -1.2, 0.4];
        let total = |at: &[Vec<f64>]| {
            let (means, variance) = scenarios.predict(at);
            means.row(0).iter().zip(rates).map(|(mean, rate)| mean * rate).sum::<f64>()
                + 0.6 * variance[0]
        };
        for at in points(5, 10) {
            let (_, _, terms) = scenarios.predict_with_terms(std::slice::from_ref(&at));
            let mean_rates = Array2::from_shape_fn((1, 3), |(_, s)| rates[s]);
            let variance_rates = Array1::from_elem(1, 0.6);
            let gradient = scenarios.gradient(&terms, mean_rates.view(), variance_rates.view());
            for axis in [0, 2] {
                let shifted = |step: f64| {
                    let mut at = at.clone();
                    at[axis] += step;
                    total(&[at])
                };
                let difference = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
                assert!(
                    (gradient[[0, axis]] - difference).abs() < 1e-5 * difference.abs().max(1.0)
                );
            }
        }
    }
}
