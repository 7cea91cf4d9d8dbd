//! The model behind everything that is said of a study: a Gaussian process of all that was measured.
//!
//! The strategy's own model is fitted along the way and only if the strategy has one. This one is fitted afterwards, to the values of all completed
//! trials and, as the study has it, of those that were stopped early, whatever proposed them. How values are transformed, and whether they are noisy, is decided by the evidence, as in the strategy: each
//! combination is fitted, and the one that makes the values themselves most probable is kept.
//!
//! Shares of variance are another matter: a transform that compresses bad values knows little of how bad they are, and a sum of two effects is
//! no sum any more when it is transformed. They are asked of a second process, of the values as they are (the worst cut off).

use surmise::cube::{Axis, UnitPoint};
use surmise::gp::{
    Assumptions, Features, GaussianProcess, Hyperparameters, Measured, Noise, OutputTransform,
    Posterior, Start, fit,
};
use surmise::stopping::Curves;
use surmise::{
    Configuration, Objective, Outcome, SearchSpace, StoppedTrials, Study, Trial, TrialId,
};

/// Fewer values than this say nothing about parameters.
const FEWEST: usize = 5;
/// Hyperparameters are fitted to at most so many values.
const FITTED: usize = 300;
/// The process is conditioned on at most so many values.
const CONDITIONED: usize = 1000;
/// Noise must make the values more probable by so many nats to be believed in.
const DOUBT: f64 = 4.0;
/// The variance of a transformed loss that tells as little as none.
const MOST_NOISE: f64 = 1e6;
/// Where the covariance cannot be factored, the noise is raised so many times, tenfold each.
const WIDENINGS: i32 = 6;

/// A Gaussian process of all that a study has measured.
#[derive(Debug)]
pub struct Surrogate {
    pub(crate) space: SearchSpace,
    pub(crate) objective: Objective,
    pub(crate) data: Vec<Datum>,
    pub(crate) transform: OutputTransform,
    pub(crate) posterior: Posterior,
    pub(crate) untransformed: Untransformed,
    /// Number of values that there are; more than the model is made of, where they are many.
    pub(crate) all: usize,
    /// The least and the greatest observed loss; those that are cut off for being huge count as where they are cut off.
    observed: (f64, f64),
}

/// The process of values that are only standardized.
#[derive(Debug)]
pub(crate) struct Untransformed {
    pub(crate) posterior: Posterior,
    transform: OutputTransform,
}

impl Untransformed {
    pub(crate) fn loss(&self, standardized: f64) -> f64 {
        self.transform.invert(standardized)
    }
}

/// A trial with a loss.
#[derive(Debug, Clone)]
pub(crate) struct Datum {
    pub(crate) trial: TrialId,
    pub(crate) point: UnitPoint,
    pub(crate) loss: f64,
    /// The variance of the loss, where it was told; else 0.
    variance: f64,
}

/// What is expected of the metric at a place, without noise. Where metrics are to be maximized, `low` is still the smaller number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Predicted {
    /// The value that is as likely exceeded as not.
    pub median: f64,
    /// The value below which 2.5 % are expected.
    pub low: f64,
    /// The value above which 2.5 % are expected.
    pub high: f64,
}

/// Quantile of the standard normal distribution at 97.5 %.
pub(crate) const NORMAL_975: f64 = 1.959_963_984_540_054;

impl Surrogate {
    /// Fits a process to the values of a study's trials; of those that were stopped early, what the study's settings say. `None` if fewer than five
    /// have one, or all have the same.
    ///
    /// Of more than 1,000 values, the best third and an even choice of the others are used.
    pub fn fit(study: &Study) -> Option<Self> {
        let measured = measured(study);
        let all = measured.len();
        let data = representative(measured, CONDITIONED);
        let is_flat = data.iter().all(|datum| datum.loss.total_cmp(&data[0].loss).is_eq());
        if data.len() < FEWEST || is_flat {
            return None;
        }
        let losses: Vec<f64> = data.iter().map(|datum| datum.loss).collect();
        let axes = study.space().axes();
        let fitted = |transform: OutputTransform| {
            let (evidence, hyperparameters) = most_probable(axes, &data, &transform)?;
            let posterior = condition(axes, &hyperparameters, &data, &transform)?;
            Some((evidence, posterior, transform))
        };
        let plain = fitted(OutputTransform::standardize(&losses))?;
        let bent = fitted(OutputTransform::fit(&losses)).filter(|bent| bent.0 > plain.0);
        let untransformed =
            Untransformed { posterior: plain.1.clone(), transform: plain.2.clone() };
        let (_, posterior, transform) = bent.unwrap_or(plain);
        let (space, objective) = (study.space().clone(), study.objective().clone());
        let observed = observed(&transform, &posterior);
        Some(Self { space, objective, data, transform, posterior, untransformed, observed, all })
    }

    /// The number of values behind it.
    pub fn count(&self) -> usize {
        self.data.len()
    }

    /// The share of the noise in the variance of a transformed value, between 0 and 1.
    pub fn noise_share(&self) -> f64 {
        let share = self.posterior.process().hyperparameters().noise_share();
        share / (1.0 + share)
    }

    /// What is expected at points of the cube.
    pub fn predict(&self, points: &[UnitPoint]) -> Vec<Predicted> {
        let prediction = self.posterior.predict(points);
        let each = prediction.mean.iter().zip(&prediction.variance);
        each.map(|(mean, variance)| self.predicted(*mean, variance.sqrt())).collect()
    }

    pub(crate) fn predicted(&self, mean: f64, deviation: f64) -> Predicted {
        let value = |shift: f64| self.value(mean + shift * deviation);
        let (a, b) = (value(-NORMAL_975), value(NORMAL_975));
        Predicted { median: value(0.0), low: a.min(b), high: a.max(b) }
    }

    /// The metric's value of a transformed loss. What lies further beyond the observed losses than they are apart counts as that far, because
    /// a transform that compresses bad losses stretches what is expected beyond them without end.
    pub(crate) fn value(&self, transformed: f64) -> f64 {
        let (least, greatest) = self.observed;
        let width = (greatest - least).min(f64::MAX / 4.0);
        let (least, greatest) = ((least - width).max(-f64::MAX), (greatest + width).min(f64::MAX));
        self.objective.value(self.transform.invert(transformed).clamp(least, greatest))
    }

    /// The completed trial of the best value.
    pub(crate) fn best(&self) -> &Datum {
        let best = self.data.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
        best.expect("there are at least five")
    }

    /// The configuration of the best value.
    pub(crate) fn best_configuration(&self) -> Configuration {
        self.space.decode(&self.best().point)
    }

    /// The parameters that can vary, as indices.
    pub(crate) fn searched(&self) -> Vec<usize> {
        let axes = self.space.axes().iter().enumerate();
        axes.filter(|(_, axis)| !axis.is_constant()).map(|(index, _)| index).collect()
    }

    pub(crate) fn name(&self, parameter: usize) -> &str {
        self.space.ranges()[parameter].name()
    }
}

fn observed(transform: &OutputTransform, posterior: &Posterior) -> (f64, f64) {
    let losses = posterior.losses().iter().map(|loss| transform.invert(*loss));
    losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), loss| {
        (least.min(loss), most.max(loss))
    })
}

/// The losses of completed trials, and of those that were stopped early what the study's settings say.
fn measured(study: &Study) -> Vec<Datum> {
    let objective = study.objective();
    let curves = Curves::of(objective, study.trials());
    let loss = |trial: &Trial| {
        if let Some(value) = trial.value() {
            return Some(objective.loss(value));
        }
        let Some(Outcome::Stopped { value }) = trial.outcome else { return None };
        if trial.was_cut_off() {
            return None;
        }
        let last = objective.loss(value.or(trial.last_reported())?);
        match study.settings().stopped_trials {
            StoppedTrials::LastValue => Some(last),
            StoppedTrials::Projected => Some(curves.projection(trial.id, last)),
            _ => None,
        }
    };
    let datum = |trial: &Trial| {
        let loss = loss(trial).filter(|loss| loss.is_finite())?;
        let point = study.space().encode(&trial.configuration).ok()?;
        let variance = study.deviation(trial.id).map_or(0.0, |deviation| deviation * deviation);
        Some(Datum { trial: trial.id, point, loss, variance })
    };
    study.trials().iter().filter_map(datum).collect()
}

/// All, or of too many the best third of `most` and an even choice of the others, in order.
fn representative(data: Vec<Datum>, most: usize) -> Vec<Datum> {
    if data.len() <= most {
        return data;
    }
    let mut order: Vec<usize> = (0..data.len()).collect();
    order.sort_by(|a, b| data[*a].loss.total_cmp(&data[*b].loss));
    let others = order.split_off(most / 3);
    let wanted = most - order.len();
    let even = (0..wanted).map(|place| others[place * others.len() / wanted]);
    order.extend(even.collect::<Vec<_>>());
    order.sort_unstable();
    order.into_iter().map(|index| data[index].clone()).collect()
}

/// Transformed losses, and the known variances of them.
fn transformed(data: &[Datum], transform: &OutputTransform) -> (Vec<f64>, Vec<f64>) {
    let losses = data.iter().map(|datum| transform.apply(datum.loss)).collect();
    let known = |datum: &Datum| {
        let variance = datum.variance * transform.slope(datum.loss).powi(2);
        if variance.is_finite() { variance.min(MOST_NOISE) } else { MOST_NOISE }
    };
    (losses, data.iter().map(known).collect())
}

/// The most probable hyperparameters of values that are transformed so, and how probable they make the values.
fn most_probable(
    axes: &[Axis],
    data: &[Datum],
    transform: &OutputTransform,
) -> Option<(f64, Hyperparameters)> {
    let data = representative(data.to_vec(), FITTED);
    let losses: Vec<f64> = data.iter().map(|datum| datum.loss).collect();
    let points: Vec<&UnitPoint> = data.iter().map(|datum| &datum.point).collect();
    let (y, known) = transformed(&data, transform);
    let features = Features::new(axes);
    let jacobian = transform.log_jacobian(&losses);
    let fitted = |noise| {
        let assumptions = Assumptions { noise, ..Assumptions::default() };
        let measured = Measured::with_noise(&y, &known);
        let fit = fit(&features, &points, measured, assumptions, Start::Cold);
        let doubt = if noise == Noise::Absent { 0.0 } else { DOUBT };
        Some((fit.log_evidence? + jacobian - doubt, fit.process.hyperparameters().clone()))
    };
    let kinds = [Noise::Absent, Noise::Unknown, Noise::Present].into_iter();
    kinds.filter_map(fitted).reduce(|a, b| if b.0 > a.0 { b } else { a })
}

/// Conditions; where the covariance cannot be factored, with more noise.
fn condition(
    axes: &[Axis],
    hyperparameters: &Hyperparameters,
    data: &[Datum],
    transform: &OutputTransform,
) -> Option<Posterior> {
    let points: Vec<&UnitPoint> = data.iter().map(|datum| &datum.point).collect();
    let (losses, known) = transformed(data, transform);
    (0..=WIDENINGS).find_map(|widening| {
        let noise_variance = 10.0_f64.powi(widening) * hyperparameters.noise_variance;
        let hyperparameters = Hyperparameters { noise_variance, ..hyperparameters.clone() };
        GaussianProcess::new(Features::new(axes), hyperparameters)
            .condition(&points, Measured::with_noise(&losses, &known))
            .ok()
    })
}
