//! The belief behind one proposal, as a landscape to be climbed: posterior, incumbent, feasibility, acquisition.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | wᵢ | weight of the i-th case: one of the draws of the hyperparameters, in one of the scenarios of the pending trials |
//! | μᵢ(x), vᵢ(x) | its posterior mean and variance (see [`gp`](crate::gp)) |
//! | aᵢ = a(μᵢ, √vᵢ) | the acquisition, with the case's own incumbent |
//! | p(x) | chance that a trial gives a loss (see `feasibility`) |
//!
//! The landscape is ln Σ wᵢ exp aᵢ + ln p(x): acquisitions are logarithms, so what is averaged is expected improvement itself
//! (Snoek et al. 2012, eq. 6 and §3.3). Of one that is not a logarithm, Σ wᵢ aᵢ. By the chain rule its gradient is
//! Σ qᵢ (∂a⁄∂μ ∇μᵢ + ∂a⁄∂σ ∇vᵢ ⁄ (2 √vᵢ)) + ∇ ln p with qᵢ ∝ wᵢ exp aᵢ, or qᵢ = wᵢ.

use ndarray::{Array1, Array2};

use super::checkpoints::{Fitted, known_noise};
use super::feasibility::{Feasibility, infeasible};
use super::order::ranking;
use super::recipe::{PendingBelief, Recipe};
use crate::acquisition::{Acquisition, Worth};
use crate::cube::UnitPoint;
use crate::error::Error;
use crate::gp::{
    Features, GaussianProcess, Hyperparameters, Local, Measured, Noise, OutputTransform, Posterior,
    Scenarios,
};
use crate::maximize::Landscape;
use crate::rng::Rng;
use crate::strategy::contract::{Expectation, History, ModelHealth};
use crate::trial_id::TrialId;

/// From this share of the signal variance on, a single loss is not trusted to be the best. Less than this is as often the
/// model's misfit to a rough but exact function.
const NOISY: f64 = 0.03;

/// From this share on, a trial is not recommended for its own loss but for what is believed of it. More than for the incumbent,
/// because a recommendation is not put right by the next measurement.
const VERY_NOISY: f64 = 0.2;

/// An expected improvement below this is a trifle; as a share of the spread of the transformed losses.
const TRIFLE: f64 = 1e-4;

/// An improvement of this much would matter; as the same share.
const MATTERS: f64 = 0.3;

/// With more pending trials than this, it matters what they may come out as.
const MANY_PENDING: usize = 16;

/// Noise is widened so many times, tenfold each, before a covariance is given up.
const WIDENINGS: i32 = 4;

/// All that one proposal is based on.
#[derive(Debug)]
pub(super) struct Belief<'a> {
    transform: OutputTransform,
    cases: Vec<Cases>,
    feasibility: Option<Feasibility>,
    acquisition: &'a dyn Acquisition,
    health: ModelHealth,
    /// Of each observation, whether its loss is too noisy to be trusted: as is known of it, or else learnt.
    untrusted: Vec<bool>,
}

/// One draw of the hyperparameters, in all scenarios of the pending trials.
#[derive(Debug)]
struct Cases {
    /// Of the draw; all scenarios weigh the same.
    weight: f64,
    scenarios: Scenarios,
    /// The incumbent in each scenario.
    incumbents: Array1<f64>,
}

impl<'a> Belief<'a> {
    /// Conditions on all observations, then on what the pending trials are taken for.
    ///
    /// The incumbent is the best transformed loss or, where there is noise, the best posterior mean at an observed point;
    /// believed losses count, so that the search does not go back to a basin which a pending trial already explores.
    pub(super) fn new(
        history: &History<'_>,
        fitted: &Fitted,
        acquisition: &'a dyn Acquisition,
        recipe: &Recipe,
        rng: &mut Rng,
    ) -> Result<Self, Error> {
        let losses: Vec<f64> = history.observations.iter().map(|o| o.loss).collect();
        let transform = fitted.output.fit(&losses);
        let transformed: Vec<f64> = losses.iter().map(|&loss| transform.apply(loss)).collect();
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let known: Vec<f64> =
            history.observations.iter().map(|o| known_noise(o, &transform)).collect();
        let features = Features::new(history.axes);
        let best = &fitted.draws[0].hyperparameters;
        let known_share = median(&known) / best.signal_variance;
        let feasibility = (infeasible(history).count() >= recipe.failures_to_avoid.max(1))
            .then(|| Feasibility::new(history, &features, best))
            .transpose()?
            .flatten();

        let pending: Vec<&UnitPoint> = match recipe.pending {
            #[cfg(feature = "unstable")]
            PendingBelief::Ignored => Vec::new(),
            _ => history.pending.iter().map(|p| &p.point).collect(),
        };
        let is_noisy =
            fitted.noise == Noise::Present || noise_share(fitted) > NOISY || known_share > NOISY;
        let losses_as_measured = Measured::with_noise(&transformed, &known);
        let normals = normals(recipe, is_noisy, pending.len(), rng);
        let (mut cases, mut widened) = (Vec::with_capacity(fitted.draws.len()), 1.0_f64);
        for draw in &fitted.draws {
            let (posterior, factor) =
                condition(&features, &draw.hyperparameters, &points, losses_as_measured)?;
            widened = widened.max(factor);
            let incumbent = incumbent(history, &posterior, &transformed, &known, is_noisy);
            let scenarios = match &normals {
                Some(normals) => Scenarios::drawn(posterior, &pending, normals.view())?,
                None => Scenarios::believed(posterior, &pending)?,
            };
            let incumbents = scenarios.least().mapv(|pending| incumbent.min(pending));
            cases.push(Cases { weight: draw.weight, scenarios, incumbents });
        }
        let health = ModelHealth {
            observations: losses.len(),
            log_posterior: fitted.log_posterior,
            evaluations: fitted.evaluations,
            at_bounds: fitted.at_bounds,
            noise_share: noise_share(fitted),
            noise_deviation: noise_deviation(fitted, &transform, &losses),
            noise_widened: widened,
            draws: cases.len(),
        };
        let noise_declared = recipe.noise == Noise::Present || known_share > VERY_NOISY;
        let noise_is_learnt = noise_declared || noise_share(fitted) > VERY_NOISY;
        let untrusted = history.observations.iter().zip(&known).map(|(observation, noise)| {
            match observation.noise_variance {
                Some(_) => noise / best.signal_variance > VERY_NOISY,
                None => noise_is_learnt,
            }
        });
        let untrusted = untrusted.collect();
        Ok(Self { transform, cases, feasibility, acquisition, health, untrusted })
    }

    pub(super) fn health(&self) -> ModelHealth {
        self.health.clone()
    }

    pub(super) fn length_scales(&self) -> &[f64] {
        &self.cases[0].scenarios.posterior().process().hyperparameters().length_scales
    }

    /// Whether this, the most that any trial is worth, is a trifle.
    pub(super) fn is_settled(&self, worth: f64) -> bool {
        self.acquisition.is_logarithm() && worth < TRIFLE.ln()
    }

    /// From now on, only improvements that matter count.
    pub(super) fn demand_more(&mut self) {
        for cases in &mut self.cases {
            cases.incumbents -= MATTERS;
        }
    }

    pub(super) fn feasibility(&self) -> Option<&Feasibility> {
        self.feasibility.as_ref()
    }

    /// The posterior of one draw of the hyperparameters, drawn by weight.
    pub(super) fn any_posterior(&self, rng: &mut Rng) -> &Posterior {
        let mut left = rng.uniform();
        let found = self.cases.iter().find(|cases| {
            left -= cases.weight;
            left < 0.0
        });
        found.unwrap_or(&self.cases[0]).scenarios.posterior()
    }

    /// Points near which good losses are expected: the best twentieth of the observed ones, at least 2, and the pending.
    pub(super) fn anchors(&self, history: &History<'_>) -> Vec<UnitPoint> {
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let expected = self.predict(&points).0;
        let kept = (points.len() / 20).max(2);
        let best = ranking(&expected).into_iter().take(kept);
        best.map(|i| history.observations[i].point.clone())
            .chain(history.pending.iter().map(|pending| pending.point.clone()))
            .collect()
    }

    /// The number of the observed trial that is believed to be the best.
    pub(super) fn recommended(&self, history: &History<'_>) -> TrialId {
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let own = history.observations.iter().map(|o| o.loss);
        let losses: Vec<f64> = if self.untrusted.contains(&true) {
            let means = self.predict(&points).0;
            let each = own.zip(means).zip(&self.untrusted);
            each.map(
                |((own, mean), untrusted)| {
                    if *untrusted { mean } else { self.transform.apply(own) }
                },
            )
            .collect()
        } else {
            own.collect()
        };
        history.observations[ranking(&losses)[0]].trial
    }

    /// What is expected of a trial at `point`, as losses.
    pub(super) fn expectation(&self, point: &UnitPoint) -> Expectation {
        let (means, variances) = self.predict(std::slice::from_ref(point));
        let (mean, deviation) = (means[0], variances[0].sqrt());
        Expectation {
            median: self.transform.invert(mean),
            low: self.transform.invert(mean - deviation),
            high: self.transform.invert(mean + deviation),
            acquisition: self.values(std::slice::from_ref(point))[0],
        }
    }

    /// Means and variances of the mixture of all cases.
    fn predict<P: AsRef<[f64]>>(&self, points: &[P]) -> (Vec<f64>, Vec<f64>) {
        let (mut mean, mut square) = (Array1::zeros(points.len()), Array1::zeros(points.len()));
        for Cases { weight, scenarios, .. } in &self.cases {
            let (means, variance) = scenarios.predict(points);
            let share = weight / to_float(means.ncols());
            mean.scaled_add(share, &means.sum_axis(ndarray::Axis(1)));
            square.scaled_add(share, &means.mapv(|mean| mean * mean).sum_axis(ndarray::Axis(1)));
            square.scaled_add(*weight, &variance);
        }
        let variance = square.iter().zip(&mean).map(|(square, mean)| {
            let variance: f64 = square - mean * mean;
            variance.max(f64::MIN_POSITIVE)
        });
        let variance = variance.collect();
        (mean.to_vec(), variance)
    }

    /// The worths of one point in all cases, their weights, and what they come to.
    fn worths(
        &self,
        predicted: &[(Array2<f64>, Array1<f64>)],
        point: usize,
    ) -> (Vec<(f64, Worth)>, f64) {
        let each = self.cases.iter().zip(predicted).flat_map(|(cases, (means, variance))| {
            let deviation = variance[point].sqrt();
            let weight = cases.weight / to_float(means.ncols());
            means.row(point).into_iter().zip(&cases.incumbents).map(move |(mean, incumbent)| {
                (weight, self.acquisition.worth(*mean, deviation, *incumbent))
            })
        });
        let mut worths: Vec<(f64, Worth)> = each.collect();
        if let [(_, only)] = worths[..] {
            return (vec![(1.0, only)], only.value);
        }
        if !self.acquisition.is_logarithm() {
            let value = worths.iter().map(|(weight, worth)| weight * worth.value).sum();
            return (worths, value);
        }
        let most = worths.iter().fold(f64::NEG_INFINITY, |most, (_, worth)| most.max(worth.value));
        if most == f64::NEG_INFINITY {
            return (worths, most);
        }
        worths.iter_mut().for_each(|(weight, worth)| *weight *= (worth.value - most).exp());
        let total: f64 = worths.iter().map(|(share, _)| share).sum();
        worths.iter_mut().for_each(|(share, _)| *share /= total);
        (worths, most + total.ln())
    }
}

/// The best transformed loss; where losses are noisy, the best mean at an observed point, and a loss that is known to be noisy is never trusted
/// by itself.
fn incumbent(
    history: &History<'_>,
    posterior: &Posterior,
    transformed: &[f64],
    known: &[f64],
    is_noisy: bool,
) -> f64 {
    let signal = posterior.process().hyperparameters().signal_variance;
    let is_trusted = |i: &usize| match history.observations[*i].noise_variance {
        Some(_) => known[*i] / signal <= NOISY,
        None => !is_noisy,
    };
    let mut all = 0..transformed.len();
    if all.clone().all(|i| is_trusted(&i)) {
        return least(transformed);
    }
    let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
    let means = posterior.predict(&points).mean;
    least(all.by_ref().map(|i| if is_trusted(&i) { &transformed[i] } else { &means[i] }))
}

/// σ² ⁄ s on average over the draws: above 1, there is more noise than signal.
fn noise_share(fitted: &Fitted) -> f64 {
    fitted.draws.iter().map(|draw| draw.weight * draw.hyperparameters.noise_share()).sum()
}

/// The middle one, so that one measurement that is known to be noisy does not speak for all.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn least<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().copied().fold(f64::INFINITY, f64::min)
}

/// σ in the unit of the losses, where they are usual.
fn noise_deviation(fitted: &Fitted, transform: &OutputTransform, losses: &[f64]) -> f64 {
    let noise = fitted.draws[0].hyperparameters.noise_variance.sqrt();
    noise / transform.slope(median(losses)).max(f64::MIN_POSITIVE)
}

#[allow(clippy::cast_precision_loss, reason = "a count of scenarios")]
fn to_float(count: usize) -> f64 {
    count as f64
}

/// Conditions; where the covariance cannot be factored, with more noise, and says how many times as much.
fn condition(
    features: &Features,
    hyperparameters: &Hyperparameters,
    points: &[&UnitPoint],
    losses: Measured<'_>,
) -> Result<(Posterior, f64), Error> {
    let attempt = |factor: f64| {
        let noise_variance = factor * hyperparameters.noise_variance;
        let hyperparameters = Hyperparameters { noise_variance, ..hyperparameters.clone() };
        GaussianProcess::new(features.clone(), hyperparameters).condition(points, losses)
    };
    let mut conditioned = attempt(1.0);
    let mut factor = 1.0;
    for widening in 1..=WIDENINGS {
        if conditioned.is_ok() {
            break;
        }
        factor = 10.0_f64.powi(widening);
        conditioned = attempt(factor);
    }
    Ok((conditioned?, factor))
}

/// What draws the scenarios of the pending trials (draws × pending); `None` where they are taken to come out as expected.
/// Every draw comes with its opposite, so that their mean is exact.
fn normals(recipe: &Recipe, is_noisy: bool, pending: usize, rng: &mut Rng) -> Option<Array2<f64>> {
    let draws = match pending {
        0 => return None,
        1..=2 => 16,
        3..=8 => 32,
        _ => 64,
    };
    let wanted = match recipe.pending {
        PendingBelief::ByRegime => is_noisy || pending > MANY_PENDING,
        PendingBelief::Fantasies => true,
        PendingBelief::Expected => false,
        #[cfg(feature = "unstable")]
        PendingBelief::Ignored => false,
    };
    if !wanted {
        return None;
    }
    let mut normals = Array2::zeros((draws, pending));
    for row in 0..draws / 2 {
        for column in 0..pending {
            let z = rng.normal();
            normals[[2 * row, column]] = z;
            normals[[2 * row + 1, column]] = -z;
        }
    }
    Some(normals)
}

impl Landscape for Belief<'_> {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        let predicted: Vec<_> =
            self.cases.iter().map(|cases| cases.scenarios.predict(points)).collect();
        let mut values: Vec<f64> =
            (0..points.len()).map(|point| self.worths(&predicted, point).1).collect();
        if let Some(feasibility) = &self.feasibility {
            for (value, chance) in values.iter_mut().zip(feasibility.log_chances(points)) {
                *value += chance;
            }
        }
        values
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (predicted, locals): (Vec<_>, Vec<Local>) = self
            .cases
            .iter()
            .map(|cases| cases.scenarios.locate(points))
            .map(|(means, variance, local)| ((means, variance), local))
            .unzip();
        let (values, worths): (Vec<f64>, Vec<Vec<(f64, Worth)>>) = (0..points.len())
            .map(|point| self.worths(&predicted, point))
            .map(|(worths, value)| (value, worths))
            .unzip();
        let mut values = values;
        let mut gradient = Array2::zeros((points.len(), 0));
        let mut first = 0;
        let all = self.cases.iter().zip(&predicted).zip(&locals);
        for ((cases, (means, variance)), local) in all {
            let mut by_means = Array2::zeros(means.raw_dim());
            let mut by_variance = Array1::zeros(points.len());
            for (point, worths) in worths.iter().enumerate() {
                let own = &worths[first..first + means.ncols()];
                let deviation = variance[point].sqrt();
                // What counts for nothing may have slopes that are no numbers.
                let counting = own.iter().enumerate().filter(|(_, (share, _))| *share > 0.0);
                for (scenario, (share, worth)) in counting {
                    by_means[[point, scenario]] = share * worth.slope_mean;
                    by_variance[point] += share * worth.slope_deviation / (2.0 * deviation);
                }
            }
            first += means.ncols();
            let part = cases.scenarios.gradient(local, by_means.view(), by_variance.view());
            gradient = if gradient.ncols() == 0 { part } else { gradient + part };
        }
        let mut gradients: Vec<Vec<f64>> =
            gradient.rows().into_iter().map(|row| row.to_vec()).collect();
        if let Some(feasibility) = &self.feasibility {
            feasibility.add_log_chances(points, &mut values, &mut gradients);
        }
        (values, gradients)
    }
}

#[cfg(test)]
mod tests;
