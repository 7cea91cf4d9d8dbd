//! The belief behind one proposal, as a landscape to be climbed: posterior, incumbent, feasibility, acquisition.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | μ(x), v(x) | posterior mean and variance, pending points believed (see [`gp`](crate::gp)) |
//! | a(μ, σ), σ = √v | the acquisition |
//! | p(x) | chance that a trial gives a loss (see `feasibility`) |
//!
//! The landscape is a(μ(x), √v(x)) + ln p(x); by the chain rule its gradient is ∂a⁄∂μ ∇μ + ∂a⁄∂σ ∇v ⁄ (2σ) + ∇ ln p.

use super::checkpoints::Fitted;
use super::feasibility::Feasibility;
use super::ranking;
use crate::acquisition::Acquisition;
use crate::cube::UnitPoint;
use crate::error::Error;
use crate::gp::{Features, GaussianProcess, Hyperparameters, OutputTransform, Posterior};
use crate::maximize::Landscape;
use crate::strategy::{Expectation, History};

/// From this share of the signal variance on, a single loss is not trusted to be the best. Less than this is as often the
/// model's misfit to a rough but exact function.
const NOISY: f64 = 0.03;

/// From this share on, a trial is not recommended for its own loss but for what is believed of it. More than for the incumbent,
/// because a recommendation is not put right by the next measurement.
const VERY_NOISY: f64 = 0.2;

/// All that one proposal is based on.
#[derive(Debug)]
pub(super) struct Belief<'a> {
    transform: OutputTransform,
    posterior: Posterior,
    incumbent: f64,
    feasibility: Option<Feasibility>,
    acquisition: &'a dyn Acquisition,
}

impl<'a> Belief<'a> {
    /// Conditions on all observations, then on what is expected of the pending points.
    ///
    /// The incumbent is the best transformed loss or, where there is noise, the best posterior mean at an observed point;
    /// believed losses count, so that the search does not go back to a basin which a pending trial already explores.
    pub(super) fn new(
        history: &History<'_>,
        fitted: &Fitted,
        acquisition: &'a dyn Acquisition,
    ) -> Result<Self, Error> {
        let losses: Vec<f64> = history.observations.iter().map(|o| o.loss).collect();
        let transform = OutputTransform::fit(&losses);
        let transformed: Vec<f64> = losses.iter().map(|&loss| transform.apply(loss)).collect();
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let features = Features::new(history.axes);
        let process = GaussianProcess::new(features.clone(), fitted.hyperparameters.clone());
        let mut posterior = process.condition(&points, &transformed)?;
        let mut incumbent = if noise_share(&fitted.hyperparameters) > NOISY {
            least(posterior.predict(&points).mean.iter().copied())
        } else {
            least(transformed.iter().copied())
        };
        let pending: Vec<&UnitPoint> = history.pending.iter().map(|p| &p.point).collect();
        incumbent = incumbent.min(least(posterior.believe(&pending)?.into_iter()));
        let feasibility = Feasibility::new(history, &features, &fitted.hyperparameters)?;
        Ok(Self { transform, posterior, incumbent, feasibility, acquisition })
    }

    pub(super) fn length_scales(&self) -> &[f64] {
        &self.posterior.process().hyperparameters().length_scales
    }

    /// Points near which good losses are expected: the best twentieth of the observed ones, at least 2, and the pending.
    pub(super) fn anchors(&self, history: &History<'_>) -> Vec<UnitPoint> {
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let expected = self.posterior.predict(&points).mean.to_vec();
        let kept = (points.len() / 20).max(2);
        let best = ranking(&expected).into_iter().take(kept);
        best.map(|i| history.observations[i].point.clone())
            .chain(history.pending.iter().map(|pending| pending.point.clone()))
            .collect()
    }

    /// The number of the observed trial that is believed to be the best.
    pub(super) fn recommended(&self, history: &History<'_>) -> u64 {
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let losses: Vec<f64> =
            if noise_share(self.posterior.process().hyperparameters()) > VERY_NOISY {
                self.posterior.predict(&points).mean.to_vec()
            } else {
                history.observations.iter().map(|o| o.loss).collect()
            };
        history.observations[ranking(&losses)[0]].trial
    }

    /// What is expected of a trial at `point`, as losses.
    pub(super) fn expectation(&self, point: &UnitPoint) -> Expectation {
        let prediction = self.posterior.predict(std::slice::from_ref(point));
        let (mean, deviation) = (prediction.mean[0], prediction.variance[0].sqrt());
        Expectation {
            median: self.transform.invert(mean),
            low: self.transform.invert(mean - deviation),
            high: self.transform.invert(mean + deviation),
            acquisition: self.values(std::slice::from_ref(point))[0],
        }
    }
}

fn noise_share(hyperparameters: &Hyperparameters) -> f64 {
    hyperparameters.noise_variance / hyperparameters.signal_variance
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

impl Landscape for Belief<'_> {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        let prediction = self.posterior.predict(points);
        let mut values: Vec<f64> = prediction
            .mean
            .iter()
            .zip(&prediction.variance)
            .map(|(mean, variance)| {
                self.acquisition.worth(*mean, variance.sqrt(), self.incumbent).value
            })
            .collect();
        if let Some(feasibility) = &self.feasibility {
            for (value, chance) in values.iter_mut().zip(feasibility.log_chances(points)) {
                *value += chance;
            }
        }
        values
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (prediction, slopes) = self.posterior.predict_with_gradients(points);
        let mut values = Vec::with_capacity(points.len());
        let mut gradients = Vec::with_capacity(points.len());
        for i in 0..points.len() {
            let deviation = prediction.variance[i].sqrt();
            let worth = self.acquisition.worth(prediction.mean[i], deviation, self.incumbent);
            let by_variance = worth.slope_deviation / (2.0 * deviation);
            let rows = slopes.mean.row(i).to_owned() * worth.slope_mean
                + &(slopes.variance.row(i).to_owned() * by_variance);
            values.push(worth.value);
            gradients.push(rows.to_vec());
        }
        if let Some(feasibility) = &self.feasibility {
            feasibility.add_log_chances(points, &mut values, &mut gradients);
        }
        (values, gradients)
    }
}

#[cfg(test)]
mod tests;
