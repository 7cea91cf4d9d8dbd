//! Fits the hyperparameters of a history, warm-started at checkpoints.
//!
//! A good start of a fit is the optimum for fewer observations. But fits must not depend on earlier
//! proposals. Therefore they start only from *checkpoints*: fits to the first m observations in the
//! order of trial numbers, for m = 8, 12, 18, 27, …. Each checkpoint starts from the one before. An
//! empty cache computes them again, which takes O(log n) fits.
//!
//! The loss transform and the kind of noise are chosen at the first fit and at checkpoints, and
//! kept in between. Each alternative is fitted; the one with the largest marginal likelihood of
//! the losses wins.
//!
//! With up to 27 observations, the kind of noise is chosen for each number of observations. From 8
//! on, the choice leaves out the best observation, because a narrow optimum that was just found
//! looks like noise to a smooth model. If there is noise, the other observations show it, too.
//!
//! With up to 300 observations, every proposal has a fit to all observations. With more, there are
//! fits only at scheduled numbers of observations. Such a fit uses 300 of them: the best hundred,
//! and an evenly spaced selection of the remaining ones. The posterior is always conditioned on all
//! observations.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ranking::ranking;
use super::recipe::{LossTransform, Recipe};
use crate::gp::{
    self, Assumptions, Draw, Features, HyperparameterInference, Hyperparameters, Measurements,
    Noise, OutputTransform, Start,
};
use crate::strategy::contract::{History, Observation};
use crate::unit_cube::{Axis, UnitPoint};

/// Number of observations of the first checkpoint.
const FIRST_CHECKPOINT: usize = 8;
/// Maximum number of observations that hyperparameters are fitted to.
const MAX_FITTED: usize = 300;
/// Minimum number of observations for which fits between checkpoints have no cold start.
const MIN_WITHOUT_COLD_START: usize = 60;
/// Minimum gain of the log marginal likelihood by noise, in nats.
///
/// It is above 0, because rough but exact functions look noisy to a smooth model.
const MIN_NOISE_EVIDENCE: f64 = 4.0;
/// Minimum ratio of noise to signal variance for the prior of [`Noise::Present`].
const LARGE_NOISE_RATIO: f64 = 0.1;
/// Minimum ratio of noise to signal variance for which a fit with [`Noise::Present`] is tried.
const MIN_NOISE_RATIO: f64 = 1e-3;
/// Maximum number of observations up to which the kind of noise is chosen for each number.
///
/// A choice from few observations is often wrong, so later observations must be able to correct it.
const MAX_NOISE_DECISIONS: usize = 27;
/// Maximum known noise variance of a transformed loss; more would carry no further information.
const MAX_KNOWN_NOISE: f64 = 1e6;
/// Capacity of the cache, in fits; 10⁵ observations need fewer checkpoints.
const CACHE_CAPACITY: usize = 40;

/// The fitted hyperparameters of a history.
#[derive(Debug, Clone)]
pub(super) struct FittedModel {
    /// Draws of the hyperparameters; the posterior mode comes first, if it is among them.
    pub(super) draws: Vec<Draw>,
    /// The loss transform of the fit; never [`LossTransform::Automatic`].
    pub(super) loss_transform: LossTransform,
    pub(super) noise: Noise,
    pub(super) log_posterior: Option<f64>,
    pub(super) evaluations: usize,
    pub(super) at_bounds: usize,
    /// Log marginal likelihood of the losses themselves, to compare transforms and kinds of noise.
    evidence: f64,
}

impl FittedModel {
    fn best(&self) -> &Hyperparameters {
        &self.draws[0].hyperparameters
    }

    /// Creates a model from draws, without a fit.
    #[cfg(test)]
    pub(super) fn from_draws(draws: Vec<Draw>) -> Self {
        Self {
            draws,
            loss_transform: LossTransform::YeoJohnson,
            noise: Noise::Unknown,
            log_posterior: Some(0.0),
            evaluations: 1,
            at_bounds: 0,
            evidence: 0.0,
        }
    }

    /// Returns the model with the larger evidence; `self` on ties.
    fn or_better(self, other: Self) -> Self {
        let evaluations = self.evaluations + other.evaluations;
        let better = if other.evidence > self.evidence { other } else { self };
        Self { evaluations, ..better }
    }

    /// Returns a warning if the fit failed.
    pub(super) fn warning(&self) -> Option<String> {
        let text = "the fit of the model failed, because no start gave a finite likelihood; \
                    default hyperparameters were used";
        self.log_posterior.is_none().then(|| text.to_owned())
    }
}

/// A cache of fits by their data.
///
/// Computing a fit again gives exactly the same result.
#[derive(Debug, Default)]
pub(super) struct FitCache {
    /// Entries in the order of their last use, the least recently used first.
    entries: Mutex<Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    axes: Vec<Axis>,
    data: Vec<Observation>,
    inference: HyperparameterInference,
    fitted: FittedModel,
}

impl FitCache {
    /// Fits hyperparameters to the observations of a history, which has at least one.
    pub(super) fn fit(&self, history: &History<'_>, recipe: &Recipe) -> FittedModel {
        let count = scheduled_count(history.observations.len());
        let inference = HyperparameterInference::MaximumAPosteriori;
        let without_draws = Recipe { inference, ..*recipe };
        let mut start = None;
        for checkpoint in checkpoints().take_while(|m| *m < count) {
            start = Some(self.fit_first(history, checkpoint, &without_draws, start));
        }
        self.fit_first(history, count, recipe, start)
    }

    /// Returns the fit to the first `count` observations, from the cache if possible.
    fn fit_first(
        &self,
        history: &History<'_>,
        count: usize,
        recipe: &Recipe,
        start: Option<FittedModel>,
    ) -> FittedModel {
        let data = &history.observations[..count];
        if let Some(fitted) = self.look_up(history.axes, data, recipe.inference) {
            return fitted;
        }
        let fitted = fit(history.axes, data, recipe, start);
        let mut entries = self.lock();
        if entries.len() == CACHE_CAPACITY {
            entries.remove(0);
        }
        entries.push(Entry {
            axes: history.axes.to_vec(),
            data: data.to_vec(),
            inference: recipe.inference,
            fitted: fitted.clone(),
        });
        fitted
    }

    fn look_up(
        &self,
        axes: &[Axis],
        data: &[Observation],
        inference: HyperparameterInference,
    ) -> Option<FittedModel> {
        let mut entries = self.lock();
        let position = entries.iter().position(|entry| {
            entry.inference == inference && entry.axes == axes && entry.data == data
        })?;
        let entry = entries.remove(position);
        let fitted = entry.fitted.clone();
        entries.push(entry);
        Some(fitted)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        // After a panic of another thread, the list is intact: it has finished fits only.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LossTransform {
    pub(super) fn fit(self, losses: &[f64]) -> OutputTransform {
        match self {
            Self::Automatic | Self::YeoJohnson => OutputTransform::fit(losses),
            Self::Standardized => OutputTransform::standardize(losses),
        }
    }
}

fn fit(
    axes: &[Axis],
    observations: &[Observation],
    recipe: &Recipe,
    start: Option<FittedModel>,
) -> FittedModel {
    let chooses_transform = start.is_none() || is_checkpoint(observations.len());
    let chooses_noise = chooses_transform || observations.len() <= MAX_NOISE_DECISIONS;
    let data = FitData::new(axes, observations);
    let (transform, noise) = match &start {
        Some(start) => (start.loss_transform, start.noise),
        None => (LossTransform::YeoJohnson, Noise::Absent),
    };
    let transform = match recipe.loss_transform {
        LossTransform::Automatic => transform,
        requested => requested,
    };
    let noise = if recipe.noise == Noise::Unknown { noise } else { recipe.noise };
    let gp_start = match &start {
        None => Start::Cold,
        Some(start) if chooses_transform || data.losses.len() < MIN_WITHOUT_COLD_START => {
            Start::Both(start.best())
        }
        Some(start) => Start::Warm(start.best()),
    };
    let mut fitted = data.fit(recipe, transform, noise, gp_start);
    // Fits of alternatives start where this fit ended.
    if chooses_transform && recipe.loss_transform == LossTransform::Automatic {
        let alternative = match fitted.loss_transform {
            LossTransform::Standardized => LossTransform::YeoJohnson,
            _ => LossTransform::Standardized,
        };
        let refitted = data.fit(recipe, alternative, noise, Start::Warm(fitted.best()));
        fitted = fitted.or_better(refitted);
    }
    if chooses_noise && recipe.noise == Noise::Unknown {
        let chosen = choose_noise(axes, observations, recipe, &fitted);
        if chosen != fitted.noise {
            let start = with_some_noise(fitted.best());
            let refitted = data.fit(recipe, fitted.loss_transform, chosen, Start::Both(&start));
            let evaluations = fitted.evaluations + refitted.evaluations;
            fitted = FittedModel { evaluations, ..refitted };
        }
    }
    fitted.draws = data.draws(recipe, &fitted);
    fitted
}

/// Chooses the kind of noise under which the losses have the largest marginal likelihood.
fn choose_noise(
    axes: &[Axis],
    observations: &[Observation],
    recipe: &Recipe,
    fitted: &FittedModel,
) -> Noise {
    let is_before_checkpoints = observations.len() < FIRST_CHECKPOINT;
    let has_few = observations.len() <= MAX_NOISE_DECISIONS;
    let losses: Vec<f64> = observations.iter().map(|o| o.loss).collect();
    let mut compared = observations.to_vec();
    if !is_before_checkpoints && has_few {
        compared.remove(ranking(&losses)[0]);
    }
    let data = FitData::new(axes, &compared);
    let start = with_some_noise(fitted.best());
    let fit = |kind: Noise| {
        if kind == fitted.noise && compared.len() == observations.len() {
            return fitted.clone();
        }
        let start = if kind == fitted.noise { fitted.best() } else { &start };
        // For large noise, the typical values of the priors are a better start than a fit that
        // expects little noise.
        let uses_both = kind == Noise::Present && has_few;
        let start = if uses_both { Start::Both(start) } else { Start::Warm(start) };
        data.fit(recipe, fitted.loss_transform, kind, start)
    };
    // With many observations, large noise is compared only with no noise.
    if !has_few && fitted.noise == Noise::Present {
        let absent = fit(Noise::Absent);
        return if absent.evidence > fitted.evidence { Noise::Absent } else { Noise::Present };
    }
    let (absent, unknown) = rayon::join(|| fit(Noise::Absent), || fit(Noise::Unknown));
    // If a fit that expects little noise finds none, there is no large noise either.
    let min_ratio = if has_few { MIN_NOISE_RATIO } else { 20.0 * MIN_NOISE_RATIO };
    let may_be_large = !is_before_checkpoints && unknown.best().noise_ratio() > min_ratio;
    let is_large = |present: &FittedModel| {
        present.evidence > absent.evidence && present.best().noise_ratio() > LARGE_NOISE_RATIO
    };
    if may_be_large && is_large(&fit(Noise::Present)) {
        return Noise::Present;
    }
    if unknown.evidence > absent.evidence { Noise::Unknown } else { Noise::Absent }
}

/// Raises the noise variance to at least 0.05, because the derivative with respect to its logarithm
/// vanishes near 0.
fn with_some_noise(best: &Hyperparameters) -> Hyperparameters {
    Hyperparameters { noise_variance: best.noise_variance.max(0.05), ..best.clone() }
}

/// The data that hyperparameters are fitted to.
struct FitData<'a> {
    features: Features,
    /// All losses, which the loss transform is fitted to.
    losses: Vec<f64>,
    /// The observations that the hyperparameters are fitted to.
    chosen: Vec<&'a Observation>,
    /// Number of parameters that are not constant.
    parameter_count: usize,
}

impl<'a> FitData<'a> {
    fn new(axes: &[Axis], data: &'a [Observation]) -> Self {
        Self {
            features: Features::new(axes),
            losses: data.iter().map(|o| o.loss).collect(),
            chosen: representative(data),
            parameter_count: axes.iter().filter(|axis| !axis.is_constant()).count(),
        }
    }

    fn points(&self) -> Vec<&'a UnitPoint> {
        self.chosen.iter().map(|o| &o.point).collect()
    }

    fn assumptions(&self, recipe: &Recipe, noise: Noise) -> Assumptions {
        Assumptions { noise, ..recipe.assumptions(self.losses.len(), self.parameter_count) }
    }

    /// Returns the transformed losses, their known noise variances, and the log Jacobian.
    ///
    /// The losses are those of the chosen observations.
    fn transformed(&self, transform: LossTransform) -> (Vec<f64>, Vec<f64>, f64) {
        let transform = transform.fit(&self.losses);
        let losses: Vec<f64> = self.chosen.iter().map(|o| o.loss).collect();
        let transformed = losses.iter().map(|&loss| transform.apply(loss)).collect();
        let known_noise = self.chosen.iter().map(|o| known_noise(o, &transform)).collect();
        (transformed, known_noise, transform.log_jacobian(&losses))
    }

    /// Fits hyperparameters for a loss transform and a kind of noise.
    fn fit(
        &self,
        recipe: &Recipe,
        transform: LossTransform,
        noise: Noise,
        start: Start<'_>,
    ) -> FittedModel {
        let (transformed, known_noise, log_jacobian) = self.transformed(transform);
        let assumptions = self.assumptions(recipe, noise);
        let losses = Measurements::with_noise(&transformed, &known_noise);
        let fit = gp::fit(&self.features, &self.points(), losses, assumptions, start);
        let penalty = if noise == Noise::Absent { 0.0 } else { MIN_NOISE_EVIDENCE };
        let without_prior = self.losses.len() >= FIRST_CHECKPOINT;
        let value = if without_prior { fit.log_evidence } else { fit.log_posterior };
        let evidence = value.map(|value| value + log_jacobian - penalty);
        let hyperparameters = fit.process.hyperparameters().clone();
        FittedModel {
            draws: vec![Draw { weight: 1.0, hyperparameters }],
            loss_transform: transform,
            noise,
            evidence: evidence.unwrap_or(f64::NEG_INFINITY),
            log_posterior: fit.log_posterior,
            evaluations: fit.evaluations,
            at_bounds: fit.at_bounds,
        }
    }

    fn draws(&self, recipe: &Recipe, fitted: &FittedModel) -> Vec<Draw> {
        if recipe.inference == HyperparameterInference::MaximumAPosteriori
            || fitted.log_posterior.is_none()
        {
            return fitted.draws.clone();
        }
        let (transformed, known_noise, _) = self.transformed(fitted.loss_transform);
        let assumptions = self.assumptions(recipe, fitted.noise);
        let losses = Measurements::with_noise(&transformed, &known_noise);
        let best = fitted.best();
        recipe.inference.draws(&self.features, &self.points(), losses, assumptions, best)
    }
}

/// Returns the known noise variance of a transformed loss, to first order; 0 if it is unknown.
pub(super) fn known_noise(observation: &Observation, transform: &OutputTransform) -> f64 {
    let Some(variance) = observation.noise_variance else { return 0.0 };
    let transformed = variance * transform.derivative(observation.loss).powi(2);
    if transformed.is_finite() { transformed.min(MAX_KNOWN_NOISE) } else { MAX_KNOWN_NOISE }
}

/// Returns all observations if there are at most 300, and otherwise 300 of them, in order.
///
/// These are the best hundred, and an evenly spaced selection of the remaining ones.
fn representative(data: &[Observation]) -> Vec<&Observation> {
    if data.len() <= MAX_FITTED {
        return data.iter().collect();
    }
    let losses: Vec<f64> = data.iter().map(|o| o.loss).collect();
    let mut chosen = ranking(&losses);
    let mut remaining = chosen.split_off(MAX_FITTED / 3);
    remaining.sort_unstable();
    let count = MAX_FITTED - chosen.len();
    chosen.extend((0..count).map(|i| remaining[i * remaining.len() / count]));
    chosen.sort_unstable();
    chosen.into_iter().map(|i| &data[i]).collect()
}

/// Returns `true` if there is a checkpoint at this number of observations.
fn is_checkpoint(count: usize) -> bool {
    checkpoints().take_while(|m| *m <= count).any(|m| m == count)
}

/// Returns the numbers of observations at checkpoints: 8, 12, 18, 27, 40, …, each half as large
/// again as the one before.
fn checkpoints() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(FIRST_CHECKPOINT), |m| Some(m + m / 2))
}

/// Returns the last scheduled number of observations up to `count`.
fn scheduled_count(count: usize) -> usize {
    let mut scheduled = count.min(MAX_FITTED);
    loop {
        let next = scheduled + (scheduled / 50).max(5);
        if next > count {
            return scheduled;
        }
        scheduled = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial_id::TrialId;

    #[test]
    fn checkpoints_grow_by_half() {
        assert_eq!(checkpoints().take(6).collect::<Vec<_>>(), [8, 12, 18, 27, 40, 60]);
    }

    #[test]
    fn many_observations_are_reduced_to_the_best_and_an_even_selection() {
        let observation = |trial: u64| {
            let loss = f64::from(u32::try_from(trial * 7919 % 1000).unwrap());
            Observation::new(TrialId(trial), vec![0.5].into(), loss)
        };
        let data: Vec<Observation> = (0..1000).map(observation).collect();
        let chosen = representative(&data);
        assert_eq!(chosen.len(), MAX_FITTED);
        assert!(chosen.windows(2).all(|pair| pair[0].trial < pair[1].trial), "in order, once each");
        assert_eq!(chosen.iter().filter(|o| o.loss < 100.0).count(), 100);
        assert_eq!(representative(&data[..300]).len(), 300);
    }

    #[test]
    fn fits_use_all_observations_up_to_the_maximum() {
        assert!((1..=MAX_FITTED).all(|count| scheduled_count(count) == count));
        assert_eq!(scheduled_count(305), 300);
        assert_eq!(scheduled_count(306), 306);
        let refits = (300..2000).filter(|count| scheduled_count(*count) == *count).count();
        assert!(refits < 120, "{refits}");
    }
}
