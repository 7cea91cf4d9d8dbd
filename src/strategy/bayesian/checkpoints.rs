//! Hyperparameters for a history, by a path that depends on the history alone.
//!
//! A fit profits from the fit to fewer data as a start. So that this does not depend on which proposals were made before,
//! the only starts are *checkpoints*: the fits on the first m observations in the order of trial numbers, for
//! m = 8, 12, 18, 27, …, each started from the one before. A cold cache computes them again: O(log n) fits.
//!
//! Up to 300 observations every proposal has a fit of its own to all of them. Beyond, hyperparameters are those of the last
//! scheduled number of observations, fitted to 300 of these: the best hundred and an even choice of the others. The
//! posterior is always conditioned on all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ranking;
use super::recipe::{OutputScale, Recipe};
use crate::cube::{Axis, UnitPoint};
use crate::gp::{self, Draw, Features, Hyperparameters, Noise, OutputTransform, Uncertainty};
use crate::strategy::{History, Observation};

/// The first checkpoint.
const FIRST: usize = 8;
/// Up to so many observations hyperparameters are fitted to all of them, for every new one.
const REFIT_ALWAYS: usize = 300;
/// Fits that are kept; more than the checkpoints that 10⁵ observations need.
const KEPT: usize = 40;

/// What is believed of the hyperparameters after a history, and how it came about.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    /// The most probable ones are the first where they are among them.
    pub(super) draws: Vec<Draw>,
    pub(super) noise: Noise,
    pub(super) log_posterior: Option<f64>,
    pub(super) evaluations: usize,
    pub(super) at_bounds: usize,
}

impl Fitted {
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
            Self::YeoJohnson => OutputTransform::fit(losses),
            Self::Standardized => OutputTransform::standardize(losses),
        }
    }
}

fn fit(axes: &[Axis], data: &[Observation], recipe: &Recipe, start: Option<Fitted>) -> Fitted {
    let losses: Vec<f64> = data.iter().map(|o| o.loss).collect();
    let transform = recipe.output.fit(&losses);
    let chosen = representative(data);
    let transformed: Vec<f64> = chosen.iter().map(|o| transform.apply(o.loss)).collect();
    let points: Vec<&UnitPoint> = chosen.iter().map(|o| &o.point).collect();
    let starts: Vec<Hyperparameters> =
        start.into_iter().map(|fit| fit.draws[0].hyperparameters.clone()).collect();
    let searched = axes.iter().filter(|axis| !axis.is_constant()).count();
    let assumptions = recipe.assumptions(data.len(), searched);
    let features = Features::new(axes);
    let fit = gp::fit(&features, &points, &transformed, assumptions, &starts);
    let draws =
        recipe.uncertainty.draws(&features, &points, &transformed, assumptions, &fit);
    Fitted {
        draws,
        noise: fit.noise,
        log_posterior: fit.log_posterior,
        evaluations: fit.evaluations,
        at_bounds: fit.at_bounds,
    }
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

    #[test]
    fn checkpoints_grow_by_half() {
        assert_eq!(checkpoints().take(6).collect::<Vec<_>>(), [8, 12, 18, 27, 40, 60]);
    }

    #[test]
    fn many_observations_are_represented_by_the_best_and_an_even_choice() {
        let observation = |trial: u64| Observation {
            trial,
            point: vec![0.5].into(),
            loss: f64::from(u32::try_from(trial * 7919 % 1000).unwrap()),
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
