//! What pending trials may come out as: a posterior with several sets of weights, one per scenario.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | S | pending points | p |
//! | m, C = L Lᵀ | mean and covariance of the function there | p, p × p |
//! | z | standard normal numbers of a scenario | p |
//! | F = m + L z | what the pending trials come out as in it | p |
//! | A, c | weights and means of the scenarios | n × M, M |
//! | v | the variance, which does not depend on what comes out | – |
//!
//! One scenario without chance (z = 0) is the kriging believer (Ginsbourger et al. 2010). Many of them make the average of an
//! acquisition over what is not known yet, with the acquisition itself still in closed form: only S is sampled (Snoek et al. 2012,
//! "fantasies", with the normal draws fixed for the whole of a proposal, so that the average is smooth).

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate};

use super::posterior::{Local, Posterior};
use crate::error::Error;
use crate::linalg::{self, Cholesky};

/// Shares of the signal variance that are added where scenarios fix the function's value, against rounding: the first that does.
const JITTER: [f64; 4] = [1e-8, 1e-7, 1e-6, 1e-5];

/// A posterior under one or more scenarios.
#[derive(Debug, Clone)]
pub struct Scenarios {
    posterior: Posterior,
    /// A, n × M.
    weights: Array2<f64>,
    /// c, M.
    means: Array1<f64>,
    /// The least loss at the pending points in each scenario, M.
    least: Array1<f64>,
}

impl Scenarios {
    /// What is known, with the pending trials believed to come out as expected.
    ///
    /// # Errors
    /// Those of [`Posterior::observe`].
    pub fn believed<P: AsRef<[f64]>>(
        mut posterior: Posterior,
        pending: &[P],
    ) -> Result<Self, Error> {
        let believed = posterior.believe(pending)?;
        let (weights, mean) = posterior.weights();
        Ok(Self {
            weights: weights.clone().insert_axis(Axis(1)),
            means: Array1::from_elem(1, mean),
            least: Array1::from_elem(1, least(&believed)),
            posterior,
        })
    }

    /// The pending trials come out in as many ways as there are rows of `normals` (M × p, standard normal).
    ///
    /// What is drawn is the function without noise, so that nothing more is expected of the places themselves.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if a covariance is not.
    pub fn drawn<P: AsRef<[f64]>>(
        mut posterior: Posterior,
        pending: &[P],
        normals: ArrayView2<'_, f64>,
    ) -> Result<Self, Error> {
        if pending.is_empty() {
            return Self::believed(posterior, pending);
        }
        let signal = posterior.process().hyperparameters().signal_variance;
        let expected = posterior.predict(pending).mean;
        let covariance = posterior.covariance_at(pending);
        let attempts = JITTER.into_iter().find_map(|share| {
            let mut widened = covariance.clone();
            widened.diag_mut().map_inplace(|entry| *entry += share * signal);
            Some((Cholesky::factor(&widened).ok()?, share * signal))
        });
        // Where rounding leaves nothing to draw from, what is expected is as good.
        let Some((root, jitter)) = attempts else {
            return Self::believed(posterior, pending);
        };
        let mut drawn = linalg::product(root.lower(), normals.t());
        drawn += &expected.view().insert_axis(Axis(1));
        let count = posterior.count();
        let known = posterior.losses();
        let known = Array2::from_shape_fn((count, drawn.ncols()), |(i, _)| known[i]);
        posterior.observe_with_noise(pending, &expected.to_vec(), jitter)?;
        let (weights, means) = posterior.weights_of(&concatenate![Axis(0), known, drawn]);
        let lows = drawn.columns().into_iter().map(|column| least(column.iter()));
        let least = lows.collect();
        Ok(Self { posterior, weights, means, least })
    }

    /// The posterior that all scenarios share, but for their weights.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// The least transformed loss of the pending trials, in each scenario; infinite if nothing is pending.
    pub fn least(&self) -> &Array1<f64> {
        &self.least
    }

    /// Means (m × M) and variances (m) at m points.
    pub fn predict<P: AsRef<[f64]>>(&self, points: &[P]) -> (Array2<f64>, Array1<f64>) {
        let scaled = self.posterior.process().scaled(points);
        let covariances = self.posterior.covariances_with(&scaled);
        let variance = self.posterior.explain(&covariances).2;
        (self.means(&covariances), variance)
    }

    /// The same, and what gradients need.
    pub fn locate<P: AsRef<[f64]>>(&self, points: &[P]) -> (Array2<f64>, Array1<f64>, Local) {
        let local = self.posterior.locate(points);
        let variance = local.variance.clone();
        (self.means(&local.covariances), variance, local)
    }

    fn means(&self, covariances: &Array2<f64>) -> Array2<f64> {
        linalg::product(covariances.view(), self.weights.view()) + &self.means
    }

    /// Gradients of `Σ_s r_as μ_as + q_a v_a` at m points, for rates r (m × M) and q (m): m × d.
    pub fn gradient(
        &self,
        local: &Local,
        by_means: ArrayView2<'_, f64>,
        by_variance: ArrayView1<'_, f64>,
    ) -> Array2<f64> {
        let weights = linalg::product(by_means, self.weights.t());
        self.posterior.gradient(local, weights.view(), by_variance)
    }
}

fn least<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube;
    use crate::gp::{Features, GaussianProcess, Hyperparameters, Warp};
    use crate::rng::Rng;

    const AXES: [cube::Axis; 3] = [
        cube::Axis::Continuous { resolution: 1e-7 },
        cube::Axis::Categories(3),
        cube::Axis::Continuous { resolution: 1e-7 },
    ];

    fn points(count: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut rng = Rng::stream(seed, 0);
        (0..count).map(|_| AXES.iter().map(|axis| axis.snap(rng.uniform())).collect()).collect()
    }

    fn posterior() -> Posterior {
        let seen = points(9, 1);
        let losses: Vec<f64> = seen.iter().map(|p| (5.0 * p[0]).sin() + p[1] - p[2]).collect();
        let hyperparameters = Hyperparameters {
            warps: vec![Warp { a: 1.4, b: 0.8 }, Warp::NONE, Warp::NONE],
            ..Hyperparameters::new(vec![0.5, 1.0, 0.9], 1.3, 1e-3)
        };
        GaussianProcess::new(Features::new(&AXES), hyperparameters)
            .condition(&seen, &losses)
            .unwrap()
    }

    fn normals(rows: usize, columns: usize) -> Array2<f64> {
        let mut rng = Rng::stream(3, 0);
        Array2::from_shape_fn((rows, columns), |_| rng.normal())
    }

    /// By another route: each scenario observed on its own.
    #[test]
    fn a_scenario_is_what_observing_it_would_be() {
        let (pending, at) = (points(3, 4), points(6, 5));
        let scenarios = Scenarios::drawn(posterior(), &pending, normals(4, 3).view()).unwrap();
        let (means, variance) = scenarios.predict(&at);
        let (there, _) = scenarios.predict(&pending);
        for scenario in 0..4 {
            let drawn = there.column(scenario).to_vec();
            assert!((least(&drawn) - scenarios.least()[scenario]).abs() < 1e-6);
            let mut alone = posterior();
            alone.observe_with_noise(&pending, &drawn, 1e-8).unwrap();
            let prediction = alone.predict(&at);
            for i in 0..at.len() {
                assert!((prediction.mean[i] - means[[i, scenario]]).abs() < 1e-5);
                assert!((prediction.variance[i] - variance[i]).abs() < 1e-6);
            }
        }
    }

    /// Averaged over scenarios, nothing is learnt from what was not measured.
    #[test]
    fn scenarios_average_to_what_is_known() {
        let (pending, at) = (points(2, 6), points(5, 7));
        let known = posterior().predict(&at);
        let scenarios = Scenarios::drawn(posterior(), &pending, normals(20_000, 2).view()).unwrap();
        let (means, variance) = scenarios.predict(&at);
        for i in 0..at.len() {
            let row = means.row(i);
            let average = row.mean().unwrap();
            let spread = row.mapv(|mean| (mean - average).powi(2)).mean().unwrap();
            assert!((average - known.mean[i]).abs() < 0.03);
            assert!((spread + variance[i] - known.variance[i]).abs() < 0.04, "total variance");
        }
    }

    #[test]
    fn nothing_pending_leaves_the_posterior_as_it_is() {
        let (at, none) = (points(5, 8), Vec::<Vec<f64>>::new());
        let known = posterior().predict(&at);
        for scenarios in [
            Scenarios::believed(posterior(), &none).unwrap(),
            Scenarios::drawn(posterior(), &none, normals(5, 0).view()).unwrap(),
        ] {
            let (means, variance) = scenarios.predict(&at);
            assert_eq!(means.ncols(), 1);
            assert!((&means.column(0) - &known.mean).iter().all(|gap| gap.abs() < 1e-12));
            assert_eq!(variance, known.variance);
            assert_eq!(scenarios.least().to_vec(), [f64::INFINITY]);
        }
    }

    #[test]
    fn gradients_are_central_differences() {
        let scenarios = Scenarios::drawn(posterior(), &points(2, 9), normals(3, 2).view()).unwrap();
        let rates = [0.7, -1.2, 0.4];
        let total = |at: &[Vec<f64>]| {
            let (means, variance) = scenarios.predict(at);
            means.row(0).iter().zip(rates).map(|(mean, rate)| mean * rate).sum::<f64>()
                + 0.6 * variance[0]
        };
        for at in points(5, 10) {
            let (_, _, local) = scenarios.locate(std::slice::from_ref(&at));
            let by_means = Array2::from_shape_fn((1, 3), |(_, s)| rates[s]);
            let by_variance = Array1::from_elem(1, 0.6);
            let gradient = scenarios.gradient(&local, by_means.view(), by_variance.view());
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
