//! Why a trial was proposed, in the words and units of the user.

use std::fmt;

use crate::objective::{Goal, Objective};
use crate::strategy::{ModelDiagnostics, Phase, Proposal};
use crate::trial::TrialId;

/// Why a trial was proposed: the method, the prediction of the model, and the reason of a fallback.
///
/// [`Study::why`](crate::Study::why) returns it. Its `Display` form is one sentence, for example
/// "trial 9 was proposed by a model; predicted loss = 1.061905, 68 % interval 0.608602 to 1.515208
/// (smaller is better)".
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Why {
    /// The number of the trial.
    pub trial: TrialId,
    /// The method that proposed the trial.
    pub phase: Phase,
    /// The prediction of the model, in the unit of the metric; `None` if no model was used.
    pub prediction: Option<MetricPrediction>,
    /// Why the strategy fell back on a simpler method; `None` if it did not.
    pub fallback: Option<String>,
    /// How well the model was fitted; `None` if no model was used.
    pub model: Option<ModelDiagnostics>,
    metric_name: String,
    goal: Goal,
}

/// The prediction of a model for a trial, as values of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MetricPrediction {
    /// The median of the predicted value.
    pub median: f64,
    /// The lower end of the 68 % prediction interval: one value in six is expected below it.
    pub low: f64,
    /// The upper end of the 68 % prediction interval: one value in six is expected above it.
    pub high: f64,
    /// The acquisition value of the trial: by default the logarithm of the expected improvement, in
    /// units of the transformed losses.
    ///
    /// Under [`Phase::Exploration`] it is that of an improvement by at least 0.3 standard
    /// deviations of the transformed losses.
    pub acquisition: f64,
}

impl Why {
    pub(super) fn new(trial: TrialId, proposal: &Proposal, objective: &Objective) -> Self {
        let prediction = proposal.expectation.map(|expectation| {
            let (low, high) = (objective.value(expectation.low), objective.value(expectation.high));
            MetricPrediction {
                median: objective.value(expectation.median),
                // The order of low and high is reversed where larger values are better.
                low: low.min(high),
                high: high.max(low),
                acquisition: expectation.acquisition,
            }
        });
        Self {
            trial,
            phase: proposal.phase,
            prediction,
            fallback: proposal.fallback.clone(),
            model: proposal.model.clone(),
            metric_name: objective.metric_name.clone(),
            goal: objective.goal,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.phase {
            Phase::Random => "was proposed at random",
            Phase::Design => "was proposed as part of the initial design, to fill the space",
            Phase::Heuristic => "was proposed by a heuristic, without a model",
            Phase::Grid => "was proposed as the next point of the grid",
            Phase::Enqueued => "was enqueued by the user",
            Phase::Model => "was proposed by a model",
            Phase::Exploration => {
                "was proposed by a model, to explore, because little improvement is expected near \
                 the best trials"
            }
            Phase::Rerun => "repeats a configuration whose job the end of the tuning has stopped",
        };
        write!(f, "trial {} {origin}", self.trial)?;
        if let Some(MetricPrediction { median, low, high, .. }) = self.prediction {
            let Self { metric_name, .. } = self;
            let better = match self.goal {
                Goal::Minimize => "smaller is better",
                Goal::Maximize => "larger is better",
            };
            write!(
                f,
                "; predicted {metric_name} = {median:.6}, 68 % interval {low:.6} to {high:.6} \
                 ({better})"
            )?;
        }
        if let Some(fallback) = &self.fallback {
            write!(f, "; a simpler method was used, because {fallback}")?;
        }
        Ok(())
    }
}
