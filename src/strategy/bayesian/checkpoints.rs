//! Hyperparameters for a history, by a path that depends on the history alone.
//!
//! A fit profits from the fit to fewer data as a start. So that this does not depend on which proposals were made before,
//! the only starts are *checkpoints*: the fits on the first m observations in the order of trial numbers, for
//! m = 8, 12, 18, 27, …, each started from the one before. A cold cache computes them again: O(log n) fits.
//!
//! What is to be decided by evidence (how losses are transformed, whether they are noisy) is decided at checkpoints and at the
//! first fit, and kept in between: each way is fitted, and the one that makes the losses themselves most probable is taken. (Whether there is noise
//! is decided for each of few observations, and then without the best of them: a narrow optimum that has just been met looks like noise to a smooth
//! model, and is what the search is for. Where there is noise, the others show it, too.)
//!
//! Up to 300 observations every proposal has a fit of its own to all of them. Beyond, hyperparameters are those of the last
//! scheduled number of observations, fitted to 300 of these: the best hundred and an even choice of the others. The
//! posterior is always conditioned on all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::order::ranking;
use super::recipe::{OutputScale, Recipe};
use crate::cube::{Axis, UnitPoint};
use crate::gp::{
    self, Assumptions, Draw, Features, Hyperparameters, Measured, Noise, OutputTransform, Start,
    Uncertainty,
};
use crate::strategy::contract::{History, Observation};

/// The first checkpoint.
const FIRST: usize = 8;
/// Up to so many observations hyperparameters are fitted to all of them, for every new one.
const REFIT_ALWAYS: usize = 300;
/// From so many observations on, only the first fit of those that decide something starts from the priors, too.
const COLD_STARTS: usize = 60;
/// By so many nats, noise must make the losses more probable to be believed in. Rough but exact functions look noisy to a smooth model.
const DOUBT: f64 = 4.0;
/// From this share of the signal variance on, the prior that expects little noise is replaced by the one that expects some.
const LARGE_NOISE_SHARE: f64 = 0.1;
/// Below this share, a fit with that replaced prior is not tried.
const LEAST_NOISE_SHARE: f64 = 1e-3;
/// Up to so many observations, whether there is noise is decided anew for each: few of them are easily misread.
const DECIDE_ALWAYS: usize = 27;
/// The largest variance of a transformed loss that is told from none being known at all.
const MOST_NOISE: f64 = 1e6;
/// Fits that are kept; more than the checkpoints that 10⁵ observations need.
const KEPT: usize = 40;

/// What is believed of the hyperparameters after a history, and how it came about.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    /// The most probable ones are the first where they are among them.
    pub(super) draws: Vec<Draw>,
    /// What the losses were transformed by; never [`OutputScale::ByEvidence`].
    pub(super) output: OutputScale,
    pub(super) noise: Noise,
    pub(super) log_posterior: Option<f64>,
    pub(super) evaluations: usize,
    pub(super) at_bounds: usize,
    /// How probable the losses themselves are made; to be compared between ways of scaling them and kinds of noise.
    evidence: f64,
}

impl Fitted {
    /// The most probable hyperparameters.
    fn best(&self) -> &Hyperparameters {
        &self.draws[0].hyperparameters
    }

    /// These draws, as if they had been fitted.
    #[cfg(test)]
    pub(super) fn of(draws: Vec<Draw>) -> Self {
        Self {
            draws,
            output: OutputScale::YeoJohnson,
            noise: Noise::Unknown,
            log_posterior: Some(0.0),
            evaluations: 1,
            at_bounds: 0,
            evidence: 0.0,
        }
    }

    fn or_if_likelier(self, other: Self) -> Self {
        let evaluations = self.evaluations + other.evaluations;
        let better = if other.evidence > self.evidence { other } else { self };
        Self { evaluations, ..better }
    }

    /// What went wrong, if anything.
    pub(super) fn trouble(&self) -> Option<String> {
        let nothing = "no start gave a finite likelihood; default hyperparameters";
        self.log_posterior.is_none().then(|| nothing.to_owned())
    }
}

/// Fits by the data that they were made for. Whatever this holds would come out the same, to the last digit, if it did not.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// The least recently used one first.
    kept: Mutex<Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    axes: Vec<Axis>,
    data: Vec<Observation>,
    uncertainty: Uncertainty,
    fitted: Fitted,
}

impl Checkpoints {
    /// Hyperparameters for the observations of a history; there is at least one.
    pub(super) fn fit(&self, history: &History<'_>, recipe: &Recipe) -> Fitted {
        let count = scheduled(history.observations.len());
        let certain = Recipe { uncertainty: Uncertainty::MostProbable, ..*recipe };
        let mut start = None;
        for checkpoint in checkpoints().take_while(|m| *m < count) {
            start = Some(self.fit_first(history, checkpoint, &certain, start));
        }
        self.fit_first(history, count, recipe, start)
    }

    /// The fit on the first `count` observations, looked up or made.
    fn fit_first(
        &self,
        history: &History<'_>,
        count: usize,
        recipe: &Recipe,
        start: Option<Fitted>,
    ) -> Fitted {
        let data = &history.observations[..count];
        if let Some(fitted) = self.look_up(history.axes, data, recipe.uncertainty) {
            return fitted;
        }
        let fitted = fit(history.axes, data, recipe, start);
        let mut kept = self.lock();
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(Entry {
            axes: history.axes.to_vec(),
            data: data.to_vec(),
            uncertainty: recipe.uncertainty,
            fitted: fitted.clone(),
        });
        fitted
    }

    fn look_up(
        &self,
        axes: &[Axis],
        data: &[Observation],
        uncertainty: Uncertainty,
    ) -> Option<Fitted> {
        let mut kept = self.lock();
        let position = kept.iter().position(|entry| {
            entry.uncertainty == uncertainty && entry.axes == axes && entry.data == data
        })?;
        let entry = kept.remove(position);
        let fitted = entry.fitted.clone();
        kept.push(entry);
        Some(fitted)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        // What a panicking thread leaves behind is a list of finished fits.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OutputScale {
    pub(super) fn fit(self, losses: &[f64]) -> OutputTransform {
        match self {
            Self::ByEvidence | Self::YeoJohnson => OutputTransform::fit(losses),
            Self::Standardized => OutputTransform::standardize(losses),
        }
    }
}

fn fit(
    axes: &[Axis],
    observations: &[Observation],
    recipe: &Recipe,
    start: Option<Fitted>,
) -> Fitted {
    let decides = start.is_none() || is_checkpoint(observations.len());
    let decides_on_noise = decides || observations.len() <= DECIDE_ALWAYS;
    let data = Data::new(axes, observations);
    let (output, noise) = match &start {
        Some(start) => (start.output, start.noise),
        None => (OutputScale::YeoJohnson, Noise::Absent),
    };
    let output = if recipe.output == OutputScale::ByEvidence { output } else { recipe.output };
    let noise = if recipe.noise == Noise::Unknown { noise } else { recipe.noise };
    let from = match &start {
        None => Start::Cold,
        Some(start) if decides || data.losses.len() < COLD_STARTS => Start::Both(start.best()),
        Some(start) => Start::Warm(start.best()),
    };
    let mut fitted = data.fit(recipe, output, noise, from);
    // From one decision to the next: other ways are fitted from where this one ended.
    if decides && recipe.output == OutputScale::ByEvidence {
        let other = match fitted.output {
            OutputScale::Standardized => OutputScale::YeoJohnson,
            _ => OutputScale::Standardized,
        };
        let other = data.fit(recipe, other, noise, Start::Warm(fitted.best()));
        fitted = fitted.or_if_likelier(other);
    }
    if decides_on_noise && recipe.noise == Noise::Unknown {
        let decided = decide_on_noise(axes, observations, recipe, &fitted);
        if decided != fitted.noise {
            let noisier = noisier(fitted.best());
            let other = data.fit(recipe, fitted.output, decided, Start::Both(&noisier));
            let evaluations = fitted.evaluations + other.evaluations;
            fitted = Fitted { evaluations, ..other };
        }
    }
    fitted.draws = data.draws(recipe, &fitted);
    fitted
}

/// The kind of noise that makes the losses most probable.
fn decide_on_noise(
    axes: &[Axis],
    observations: &[Observation],
    recipe: &Recipe,
    fitted: &Fitted,
) -> Noise {
    let is_few = observations.len() < FIRST;
    let is_cheap = observations.len() <= DECIDE_ALWAYS;
    let losses: Vec<f64> = observations.iter().map(|o| o.loss).collect();
    let mut judged = observations.to_vec();
    if !is_few && is_cheap {
        judged.remove(ranking(&losses)[0]);
    }
    let data = Data::new(axes, &judged);
    let start = noisier(fitted.best());
    let fit = |kind: Noise| {
        if kind == fitted.noise && judged.len() == observations.len() {
            return fitted.clone();
        }
        let start = if kind == fitted.noise { fitted.best() } else { &start };
        // Of much noise the priors' own start knows more than a fit that expects little.
        let is_wide = kind == Noise::Present && is_cheap;
        let start = if is_wide { Start::Both(start) } else { Start::Warm(start) };
        data.fit(recipe, fitted.output, kind, start)
    };
    // Among many, much noise that has been found is compared with none, and little need not be fitted.
    if !is_cheap && fitted.noise == Noise::Present {
        let absent = fit(Noise::Absent);
        return if absent.evidence > fitted.evidence { Noise::Absent } else { Noise::Present };
    }
    let (absent, some) = rayon::join(|| fit(Noise::Absent), || fit(Noise::Unknown));
    // Where little noise is expected and none is found, much is not there either.
    let trace = if is_cheap { LEAST_NOISE_SHARE } else { 20.0 * LEAST_NOISE_SHARE };
    let may_be_much = !is_few && some.best().noise_share() > trace;
    let is_much = |much: &Fitted| {
        much.evidence > absent.evidence && much.best().noise_share() > LARGE_NOISE_SHARE
    };
    if may_be_much && is_much(&fit(Noise::Present)) {
        return Noise::Present;
    }
    if some.evidence > absent.evidence { Noise::Unknown } else { Noise::Absent }
}

/// From a start without noise, its slope leads nowhere.
fn noisier(best: &Hyperparameters) -> Hyperparameters {
    Hyperparameters { noise_variance: best.noise_variance.max(0.05), ..best.clone() }
}

/// What hyperparameters are fitted to.
struct Data<'a> {
    features: Features,
    /// All losses.
    losses: Vec<f64>,
    /// Those that represent them, where there are many.
    chosen: Vec<&'a Observation>,
    parameters: usize,
}

impl<'a> Data<'a> {
    fn new(axes: &[Axis], data: &'a [Observation]) -> Self {
        Self {
            features: Features::new(axes),
            losses: data.iter().map(|o| o.loss).collect(),
            chosen: representative(data),
            parameters: axes.iter().filter(|axis| !axis.is_constant()).count(),
        }
    }

    fn points(&self) -> Vec<&'a UnitPoint> {
        self.chosen.iter().map(|o| &o.point).collect()
    }

    fn assumptions(&self, recipe: &Recipe, noise: Noise) -> Assumptions {
        Assumptions { noise, ..recipe.assumptions(self.losses.len(), self.parameters) }
    }

    /// Transformed losses, what is known of their noise, and ln of how much denser they are than the losses.
    fn transformed(&self, output: OutputScale) -> (Vec<f64>, Vec<f64>, f64) {
        let transform = output.fit(&self.losses);
        let losses: Vec<f64> = self.chosen.iter().map(|o| o.loss).collect();
        let transformed = losses.iter().map(|&loss| transform.apply(loss)).collect();
        let known = self.chosen.iter().map(|o| known_noise(o, &transform)).collect();
        (transformed, known, transform.log_jacobian(&losses))
    }

    /// The most probable hyperparameters if losses are scaled like this and noise is this.
    fn fit(&self, recipe: &Recipe, output: OutputScale, noise: Noise, start: Start<'_>) -> Fitted {
        let (transformed, known, jacobian) = self.transformed(output);
        let assumptions = self.assumptions(recipe, noise);
        let losses = Measured::with_noise(&transformed, &known);
        let fit = gp::fit(&self.features, &self.points(), losses, assumptions, start);
        let doubt = if noise == Noise::Absent { 0.0 } else { DOUBT };
        let without_prior = self.losses.len() >= FIRST;
        let value = if without_prior { fit.log_evidence } else { fit.log_posterior };
        let evidence = value.map(|value| value + jacobian - doubt);
        let hyperparameters = fit.process.hyperparameters().clone();
        Fitted {
            draws: vec![Draw { weight: 1.0, hyperparameters }],
            output,
            noise,
            evidence: evidence.unwrap_or(f64::NEG_INFINITY),
            log_posterior: fit.log_posterior,
            evaluations: fit.evaluations,
            at_bounds: fit.at_bounds,
        }
    }

    fn draws(&self, recipe: &Recipe, fitted: &Fitted) -> Vec<Draw> {
        if recipe.uncertainty == Uncertainty::MostProbable || fitted.log_posterior.is_none() {
            return fitted.draws.clone();
        }
        let (transformed, known, _) = self.transformed(fitted.output);
        let assumptions = self.assumptions(recipe, fitted.noise);
        let (losses, best) = (Measured::with_noise(&transformed, &known), fitted.best());
        recipe.uncertainty.draws(&self.features, &self.points(), losses, assumptions, best)
    }
}

/// The known noise of a loss, as the variance of the transformed one: to first order.
pub(super) fn known_noise(observation: &Observation, transform: &OutputTransform) -> f64 {
    let Some(variance) = observation.noise_variance else { return 0.0 };
    let transformed = variance * transform.slope(observation.loss).powi(2);
    // Beyond this nothing is learnt from it.
    if transformed.is_finite() { transformed.min(MOST_NOISE) } else { MOST_NOISE }
}

/// All observations, or of too many the best third of [`REFIT_ALWAYS`] and an even choice of the others, in order.
fn representative(data: &[Observation]) -> Vec<&Observation> {
    if data.len() <= REFIT_ALWAYS {
        return data.iter().collect();
    }
    let losses: Vec<f64> = data.iter().map(|o| o.loss).collect();
    let (best, mut others) = {
        let mut order = ranking(&losses);
        let others = order.split_off(REFIT_ALWAYS / 3);
        (order, others)
    };
    others.sort_unstable();
    let room = REFIT_ALWAYS - best.len();
    let mut chosen = best;
    chosen.extend((0..room).map(|i| others[i * others.len() / room]));
    chosen.sort_unstable();
    chosen.into_iter().map(|i| &data[i]).collect()
}

fn is_checkpoint(count: usize) -> bool {
    checkpoints().take_while(|m| *m <= count).any(|m| m == count)
}

/// 8, 12, 18, 27, 40, …: each half as large again as the one before.
fn checkpoints() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(FIRST), |m| Some(m + m / 2))
}

/// How many of `count` observations the hyperparameters are fitted to.
fn scheduled(count: usize) -> usize {
    let mut scheduled = count.min(REFIT_ALWAYS);
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
    fn many_observations_are_represented_by_the_best_and_an_even_choice() {
        let observation = |trial: u64| {
            let loss = f64::from(u32::try_from(trial * 7919 % 1000).unwrap());
            Observation::new(TrialId(trial), vec![0.5].into(), loss)
        };
        let data: Vec<Observation> = (0..1000).map(observation).collect();
        let chosen = representative(&data);
        assert_eq!(chosen.len(), REFIT_ALWAYS);
        assert!(chosen.windows(2).all(|pair| pair[0].trial < pair[1].trial), "in order, once each");
        assert_eq!(chosen.iter().filter(|o| o.loss < 100.0).count(), 100);
        assert_eq!(representative(&data[..300]).len(), 300);
    }

    #[test]
    fn every_observation_counts_until_there_are_many() {
        assert!((1..=REFIT_ALWAYS).all(|count| scheduled(count) == count));
        assert_eq!(scheduled(305), 300);
        assert_eq!(scheduled(306), 306);
        let refits = (300..2000).filter(|count| scheduled(*count) == *count).count();
        assert!(refits < 120, "{refits}");
    }
}
