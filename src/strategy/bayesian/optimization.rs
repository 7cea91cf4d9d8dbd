//! Bayesian optimization as a strategy.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::belief::Belief;
use super::checkpoints::Checkpoints;
use super::design;
use super::recipe::{Recipe, WhenSettled};
use super::thompson::Drawn;
use crate::acquisition::{self, Acquisition, LogExpectedImprovement};
use crate::description::Description;
use crate::error::Error;
use crate::gp::SamplePath;
use crate::maximize::{Search, maximize};
use crate::rng::Rng;
use crate::strategy::contract::{History, Outlook, Phase, Proposal, Repetitions, Strategy};
use crate::strategy::visited::Visited;

/// Bayesian optimization with a Matérn-5⁄2 Gaussian process and, by default, the logarithm of expected improvement.
///
/// The initial design is the centre of the cube and 4 points of a scrambled Sobol sequence, 8 from four parameters on, but at
/// most a fifth of the number of jobs, if that is known, or 3. It takes in both ends of every integer range. What is pending is
/// taken into account, in a batch and in asynchronous refill alike. The parts can be exchanged: see [`Recipe`].
#[derive(Debug)]
pub struct BayesianOptimization {
    choice: Choice,
    recipe: Recipe,
    checkpoints: Checkpoints,
}

pub(crate) const NAME: &str = "bayesian";

/// The settings as they are written.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    /// None for Thompson sampling.
    acquisition: Option<Description>,
    recipe: Recipe,
}

/// How a point is chosen, given a belief.
#[derive(Debug)]
enum Choice {
    Acquisition(Box<dyn Acquisition>),
    ThompsonSampling,
}

impl Default for BayesianOptimization {
    fn default() -> Self {
        Self::new(LogExpectedImprovement)
    }
}

impl BayesianOptimization {
    /// Bayesian optimization by this acquisition.
    pub fn new(acquisition: impl Acquisition + 'static) -> Self {
        Self::by(Choice::Acquisition(Box::new(acquisition)))
    }

    /// Bayesian optimization by Thompson sampling: each proposal is the best point of a function that is drawn from the belief
    /// (Thompson 1933). Pending trials are of no account, because every draw is another function.
    pub fn thompson_sampling() -> Self {
        Self::by(Choice::ThompsonSampling)
    }

    fn by(choice: Choice) -> Self {
        Self { choice, recipe: Recipe::default(), checkpoints: Checkpoints::default() }
    }

    /// The same made of these parts.
    pub fn with_recipe(self, recipe: Recipe) -> Self {
        Self { recipe, checkpoints: Checkpoints::default(), ..self }
    }

    fn belief(
        &self,
        history: &History<'_>,
        rng: &mut Rng,
    ) -> Result<(Belief<'_>, Option<String>), Error> {
        let fitted = self.checkpoints.fit(history, &self.recipe);
        let (acquisition, history): (&dyn Acquisition, _) = match &self.choice {
            Choice::Acquisition(acquisition) => (acquisition.as_ref(), *history),
            Choice::ThompsonSampling => {
                (&LogExpectedImprovement, History { pending: &[], ..*history })
            }
        };
        let belief = Belief::new(&history, &fitted, acquisition, &self.recipe, rng)?;
        Ok((belief, fitted.trouble()))
    }

    /// Every other trial.
    fn looks_elsewhere(&self, history: &History<'_>) -> bool {
        self.recipe.when_settled == WhenSettled::LookElsewhere
            && history.next_trial.0.is_multiple_of(2)
    }

    fn propose_by_model(
        &self,
        history: &History<'_>,
        visited: &Visited<'_>,
        rng: &mut Rng,
    ) -> Result<Option<Proposal>, Error> {
        let (mut belief, trouble) = self.belief(history, rng)?;
        let anchors = belief.anchors(history);
        let scales = belief.length_scales().to_vec();
        let forbidden = |point: &[f64]| visited.contains(point);
        let search = Search {
            axes: history.axes,
            scales: &scales,
            anchors: &anchors,
            forbidden: &forbidden,
            moves: self.recipe.moves,
        };
        let mut phase = Phase::Model;
        let best = match self.choice {
            Choice::Acquisition(_) => {
                let best = maximize(&belief, &search, rng);
                let settled = best.as_ref().is_some_and(|best| belief.is_settled(best.value));
                if settled && self.looks_elsewhere(history) {
                    phase = Phase::Exploration;
                    belief.demand_more();
                    maximize(&belief, &search, rng)
                } else {
                    best
                }
            }
            Choice::ThompsonSampling => {
                let path = SamplePath::draw(belief.any_posterior(rng), rng);
                let drawn = Drawn { path, feasibility: belief.feasibility() };
                maximize(&drawn, &search, rng)
            }
        };
        let (point, fallback) = match best {
            Some(best) => (best.point, trouble),
            None => match visited.unvisited(rng) {
                Some(point) => (point, Some("every point that was looked at is taken".to_owned())),
                None => return Ok(None),
            },
        };
        let expectation = Some(belief.expectation(&point));
        let model = Some(belief.health());
        Ok(Some(Proposal { expectation, fallback, model, ..Proposal::new(point, phase) }))
    }
}

/// The strategy of these settings, as its description has them.
///
/// # Errors
/// [`Error::Strategy`] if they are none of this strategy, or the acquisition is none of this crate.
pub(crate) fn of_settings(settings: &Value) -> Result<BayesianOptimization, Error> {
    let settings = Settings::deserialize(settings)
        .map_err(|error| Error::Strategy(format!("settings of `{NAME}`: {error}")))?;
    let choice = match settings.acquisition {
        Some(described) => Choice::Acquisition(acquisition::of_description(&described)?),
        None => Choice::ThompsonSampling,
    };
    Ok(BayesianOptimization::by(choice).with_recipe(settings.recipe))
}

impl Strategy for BayesianOptimization {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let visited = Visited::of(history);
        if visited.is_everything() {
            return Ok(None);
        }
        if let Some(index) = design::index(history) {
            // A design repeats nothing, even where that is allowed, as long as there is something new.
            let fresh = Visited::of(&History { repetitions: Repetitions::Never, ..*history });
            if !fresh.is_everything() {
                let point = design::point(history, &fresh, index, rng);
                return Ok(point.map(|point| Proposal::new(point, Phase::Design)));
            }
        }
        match self.propose_by_model(history, &visited, rng) {
            Err(trouble) => {
                let point = visited.unvisited(rng);
                let fallback = Some(trouble.to_string());
                Ok(point.map(|point| Proposal { fallback, ..Proposal::new(point, Phase::Random) }))
            }
            proposed => proposed,
        }
    }

    /// Recommends the observed trial of the least loss or, where noise is declared or its variance is learnt to be more than a
    /// fifth of the signal's, of the least posterior mean.
    fn outlook(&self, history: &History<'_>) -> Result<Option<Outlook>, Error> {
        let least = history.observations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
        let Some(least) = least else { return Ok(None) };
        let known = History { pending: &[], failures: &[], ..*history };
        // Nothing is pending, so nothing is drawn.
        let belief = self.belief(&known, &mut Rng::stream(0, 0));
        // Without a belief, the least loss is what there is.
        let recommended = belief.map_or(least.trial, |(belief, _)| belief.recommended(&known));
        Ok(Some(Outlook::new(recommended)))
    }

    fn description(&self) -> Description {
        let acquisition = match &self.choice {
            Choice::Acquisition(acquisition) => Some(acquisition.description()),
            Choice::ThompsonSampling => None,
        };
        Description::named(NAME).with(Settings { acquisition, recipe: self.recipe })
    }
}
