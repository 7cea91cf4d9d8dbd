//! The surrogate: a Gaussian process of all values of a study, on which the analysis is based.
//!
//! It is fitted after the tuning, to the values of all completed trials, with any strategy. The
//! study's settings decide which value a trial has that was stopped early.
//!
//! As in the strategy, the evidence decides how values are transformed, and whether they are noisy.
//! Each combination is fitted, and the most probable one is used; noise has a penalty.
//!
//! Shares of the variance come from a second process of untransformed values. A transform can
//! compress large losses, and so hide the effect of a parameter. A sum of two effects is also no
//! sum after a transform.

use surmise::gp::{
    Assumptions, Features, GaussianProcess, Hyperparameters, Measurements, Noise, OutputTransform,
    Posterior, Start, fit,
};
use surmise::stopping::LearningCurves;
use surmise::unit_cube::{Axis, UnitPoint};
use surmise::{
    Configuration, Objective, Outcome, SearchSpace, StoppedTrials, Study, Trial, TrialId,
};

/// The minimum number of values of a model.
const MIN_VALUES: usize = 5;
/// The maximum number of values that hyperparameters are fitted to.
const MAX_FITTED_VALUES: usize = 300;
/// The maximum number of values that the process is conditioned on.
const MAX_VALUES: usize = 1000;
/// The evidence for noise, in nats, that a noisy model must have more than a noiseless one.
const NOISE_PENALTY: f64 = 4.0;
/// The maximum noise variance of a transformed loss; such a loss has no information.
const MAX_NOISE_VARIANCE: f64 = 1e6;
/// The maximum number of tenfold increases of the noise if the covariance cannot be factored.
const MAX_NOISE_INCREASES: i32 = 6;

/// A Gaussian process of all values of a study.
#[derive(Debug)]
pub struct Surrogate {
    pub(crate) space: SearchSpace,
    pub(crate) objective: Objective,
    pub(crate) data: Vec<Observation>,
    pub(crate) transform: OutputTransform,
    pub(crate) posterior: Posterior,
    pub(crate) untransformed: Untransformed,
    /// The number of values in the study, of which the model may use only a part.
    pub(crate) available: usize,
    /// The smallest and the largest observed loss, after the transform has clipped huge losses.
    loss_range: (f64, f64),
}

/// A process of the values that are standardized, but not transformed.
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

/// A trial with a loss and its point.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    pub(crate) trial: TrialId,
    pub(crate) point: UnitPoint,
    pub(crate) loss: f64,
    /// The known variance of the loss; 0 if it is unknown.
    variance: f64,
}

/// A predicted value of the metric, with its 95 % interval.
///
/// `low` is the smaller number, for maximized metrics, too.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PredictionInterval {
    /// The median of the prediction.
    pub median: f64,
    /// The 2.5 % quantile of the prediction.
    pub low: f64,
    /// The 97.5 % quantile of the prediction.
    pub high: f64,
}

/// The 97.5 % quantile of the standard normal distribution.
pub(crate) const NORMAL_975: f64 = 1.959_963_984_540_054;

impl Surrogate {
    /// Fits a process to the values of a study.
    ///
    /// `None` with fewer than five values, if all values are equal, or if no process can be fitted.
    /// Of more than 1,000 values, 1,000 are used: a third are the best ones, the rest an even
    /// selection by rank.
    ///
    /// [`StudySettings::stopped_trials`] sets the value of a trial that was stopped early.
    ///
    /// [`StudySettings::stopped_trials`]: surmise::StudySettings::stopped_trials
    pub fn fit(study: &Study) -> Option<Self> {
        let observations = observations(study);
        let available = observations.len();
        let data = select_representative(observations, MAX_VALUES);
        let is_flat =
            data.iter().all(|observation| observation.loss.total_cmp(&data[0].loss).is_eq());
        if data.len() < MIN_VALUES || is_flat {
            return None;
        }
        let losses: Vec<f64> = data.iter().map(|observation| observation.loss).collect();
        let axes = study.space().axes();
        let fit_with = |transform: OutputTransform| {
            let (evidence, hyperparameters) = fit_hyperparameters(axes, &data, &transform)?;
            let posterior = condition(axes, &hyperparameters, &data, &transform)?;
            Some((evidence, posterior, transform))
        };
        let standardized = fit_with(OutputTransform::standardize(&losses))?;
        let transformed = fit_with(OutputTransform::fit(&losses))
            .filter(|transformed| transformed.0 > standardized.0);
        let untransformed =
            Untransformed { posterior: standardized.1.clone(), transform: standardized.2.clone() };
        let (_, posterior, transform) = transformed.unwrap_or(standardized);
        let (space, objective) = (study.space().clone(), study.objective().clone());
        let loss_range = loss_range(&transform, &posterior);
        Some(Self {
            space,
            objective,
            data,
            transform,
            posterior,
            untransformed,
            loss_range,
            available,
        })
    }

    /// Returns the number of values that the model uses.
    pub fn observation_count(&self) -> usize {
        self.data.len()
    }

    /// Returns the share of noise in the variance of the transformed values, from 0 to 1.
    pub fn noise_share(&self) -> f64 {
        let ratio = self.posterior.process().hyperparameters().noise_ratio();
        ratio / (1.0 + ratio)
    }

    /// Predicts the metric, without noise, at points of the unit cube.
    pub fn predict(&self, points: &[UnitPoint]) -> Vec<PredictionInterval> {
        let prediction = self.posterior.predict(points);
        let moments = prediction.mean.iter().zip(&prediction.variance);
        moments.map(|(mean, variance)| self.prediction_interval(*mean, variance.sqrt())).collect()
    }

    /// Converts a normal distribution of the transformed loss to an interval of the metric.
    pub(crate) fn prediction_interval(&self, mean: f64, std_dev: f64) -> PredictionInterval {
        let value = |shift: f64| self.value(mean + shift * std_dev);
        let (a, b) = (value(-NORMAL_975), value(NORMAL_975));
        PredictionInterval { median: value(0.0), low: a.min(b), high: a.max(b) }
    }

    /// Converts a transformed loss to a value of the metric.
    ///
    /// The loss is clipped to the range of the observed losses, extended by its width on each side.
    /// Otherwise, a transform that compresses large losses would give arbitrarily large values.
    pub(crate) fn value(&self, transformed: f64) -> f64 {
        let (min, max) = self.loss_range;
        let width = (max - min).min(f64::MAX / 4.0);
        let (low, high) = ((min - width).max(-f64::MAX), (max + width).min(f64::MAX));
        self.objective.value(self.transform.invert(transformed).clamp(low, high))
    }

    /// Returns the observation with the smallest loss.
    pub(crate) fn best(&self) -> &Observation {
        let best = self.data.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
        best.expect("at least five observations")
    }

    /// Returns the configuration with the best value.
    pub(crate) fn best_configuration(&self) -> Configuration {
        self.space.decode(&self.best().point)
    }

    /// Returns the indices of the parameters that can vary.
    pub(crate) fn varying_parameters(&self) -> Vec<usize> {
        let axes = self.space.axes().iter().enumerate();
        axes.filter(|(_, axis)| !axis.is_constant()).map(|(index, _)| index).collect()
    }

    pub(crate) fn name(&self, parameter: usize) -> &str {
        self.space.ranges()[parameter].name()
    }
}

fn loss_range(transform: &OutputTransform, posterior: &Posterior) -> (f64, f64) {
    let losses = posterior.losses().iter().map(|loss| transform.invert(*loss));
    losses
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), loss| (min.min(loss), max.max(loss)))
}

/// Returns the losses of completed trials, and those of stopped trials by the study's settings.
fn observations(study: &Study) -> Vec<Observation> {
    let objective = study.objective();
    let curves = LearningCurves::from_trials(objective, study.trials());
    let loss = |trial: &Trial| {
        if let Some(value) = trial.value() {
            return Some(objective.loss(value));
        }
        let Some(Outcome::Stopped { value }) = trial.outcome else { return None };
        if trial.needs_rerun() {
            return None;
        }
        let last = objective.loss(value.or(trial.last_reported_value())?);
        match study.settings().stopped_trials {
            StoppedTrials::LastValue => Some(last),
            StoppedTrials::Projected => Some(curves.project_final_loss(trial.id, last)),
            _ => None,
        }
    };
    let observation = |trial: &Trial| {
        let loss = loss(trial).filter(|loss| loss.is_finite())?;
        let point = study.space().encode(&trial.configuration).ok()?;
        let variance = study.noise_std_dev(trial.id).map_or(0.0, |std_dev| std_dev * std_dev);
        Some(Observation { trial: trial.id, point, loss, variance })
    };
    study.trials().iter().filter_map(observation).collect()
}

/// Selects at most `max_count` observations, and returns them in order.
///
/// If there are more, a third of the selection are the best ones, the rest an even selection by
/// rank.
fn select_representative(data: Vec<Observation>, max_count: usize) -> Vec<Observation> {
    if data.len() <= max_count {
        return data;
    }
    let mut order: Vec<usize> = (0..data.len()).collect();
    order.sort_by(|a, b| data[*a].loss.total_cmp(&data[*b].loss));
    let remaining = order.split_off(max_count / 3);
    let count = max_count - order.len();
    let even = (0..count).map(|index| remaining[index * remaining.len() / count]);
    order.extend(even.collect::<Vec<_>>());
    order.sort_unstable();
    order.into_iter().map(|index| data[index].clone()).collect()
}

/// Returns the transformed losses, and their known variances.
fn transform_losses(data: &[Observation], transform: &OutputTransform) -> (Vec<f64>, Vec<f64>) {
    let losses = data.iter().map(|observation| transform.apply(observation.loss)).collect();
    let known_variance = |observation: &Observation| {
        let variance = observation.variance * transform.derivative(observation.loss).powi(2);
        if variance.is_finite() { variance.min(MAX_NOISE_VARIANCE) } else { MAX_NOISE_VARIANCE }
    };
    (losses, data.iter().map(known_variance).collect())
}

/// Fits the hyperparameters, and returns them with the log evidence of the values.
fn fit_hyperparameters(
    axes: &[Axis],
    data: &[Observation],
    transform: &OutputTransform,
) -> Option<(f64, Hyperparameters)> {
    let data = select_representative(data.to_vec(), MAX_FITTED_VALUES);
    let losses: Vec<f64> = data.iter().map(|observation| observation.loss).collect();
    let points: Vec<&UnitPoint> = data.iter().map(|observation| &observation.point).collect();
    let (y, known_variances) = transform_losses(&data, transform);
    let features = Features::new(axes);
    let jacobian = transform.log_jacobian(&losses);
    let fit_with = |noise| {
        let assumptions = Assumptions { noise, ..Assumptions::default() };
        let measured = Measurements::with_noise(&y, &known_variances);
        let fit = fit(&features, &points, measured, assumptions, Start::Cold);
        let penalty = if noise == Noise::Absent { 0.0 } else { NOISE_PENALTY };
        Some((fit.log_evidence? + jacobian - penalty, fit.process.hyperparameters().clone()))
    };
    let kinds = [Noise::Absent, Noise::Unknown, Noise::Present].into_iter();
    kinds.filter_map(fit_with).reduce(|a, b| if b.0 > a.0 { b } else { a })
}

/// Conditions a process on the data; adds noise if the covariance cannot be factored.
fn condition(
    axes: &[Axis],
    hyperparameters: &Hyperparameters,
    data: &[Observation],
    transform: &OutputTransform,
) -> Option<Posterior> {
    let points: Vec<&UnitPoint> = data.iter().map(|observation| &observation.point).collect();
    let (losses, known_variances) = transform_losses(data, transform);
    (0..=MAX_NOISE_INCREASES).find_map(|increase| {
        let noise_variance = 10.0_f64.powi(increase) * hyperparameters.noise_variance;
        let hyperparameters = Hyperparameters { noise_variance, ..hyperparameters.clone() };
        GaussianProcess::new(Features::new(axes), hyperparameters)
            .condition(&points, Measurements::with_noise(&losses, &known_variances))
            .ok()
    })
}
