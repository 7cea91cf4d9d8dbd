//! Why a trial was proposed, in the words and units of whoever asked for it.

use std::fmt;

use crate::objective::{Goal, Objective};
use crate::strategy::{ModelHealth, Phase, Proposal};
use crate::trial::TrialId;

/// Why a trial was proposed: what made it, what was expected of it, and what went wrong on the way.
///
/// Its text is one sentence.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Why {
    /// The trial.
    pub trial: TrialId,
    /// What made it.
    pub phase: Phase,
    /// What the model expected of it, in the unit of the metric.
    pub expected: Option<Expected>,
    /// Why a simpler way than the strategy's own was taken, if it was.
    pub fallback: Option<String>,
    /// How well the model was fitted.
    pub model: Option<ModelHealth>,
    metric_name: String,
    goal: Goal,
}

/// What a model expected of a trial, as values of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Expected {
    /// The value that is as likely exceeded as not.
    pub median: f64,
    /// One in six is expected below this.
    pub low: f64,
    /// One in six is expected above this.
    pub high: f64,
    /// What the trial was worth to the strategy: by default the logarithm of the improvement to be expected, in units of the
    /// transformed losses. Under [`Phase::Exploration`] it is that of an improvement by at least a third of the spread of the losses.
    pub acquisition: f64,
}

impl Why {
    pub(super) fn of(trial: TrialId, proposal: &Proposal, objective: &Objective) -> Self {
        let expected = proposal.expectation.map(|expectation| {
            let (low, high) = (objective.value(expectation.low), objective.value(expectation.high));
            Expected {
                median: objective.value(expectation.median),
                // What is a small loss is a large value where larger is better.
                low: low.min(high),
                high: high.max(low),
                acquisition: expectation.acquisition,
            }
        });
        Self {
            trial,
            phase: proposal.phase,
            expected,
            fallback: proposal.fallback.clone(),
            model: proposal.model.clone(),
            metric_name: objective.metric_name.clone(),
            goal: objective.goal,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.phase {
            Phase::Random => "by chance",
            Phase::Design => "to fill the space",
            Phase::Heuristic => "by a rule of thumb",
            Phase::Grid => "as the next of the grid",
            Phase::Enqueued => "because it was enqueued",
            Phase::Model => "by a model",
            Phase::Exploration => {
                "by a model that looks for a greater improvement elsewhere, as hardly any is left where it knows most"
            }
            Phase::CutOff => "again, because the tuning was over before it could end",
        };
        write!(f, "trial {} was proposed {by}", self.trial)?;
        if let Some(Expected { median, low, high, .. }) = self.expected {
            let Self { metric_name, .. } = self;
            write!(f, ", which expected {metric_name} = {median:.6} ({low:.6} to {high:.6})")?;
            f.write_str(match self.goal {
                Goal::Minimize => ", less being better",
                Goal::Maximize => ", more being better",
            })?;
        }
        if let Some(fallback) = &self.fallback {
            write!(f, "; it fell back, because {fallback}")?;
        }
        Ok(())
    }
}
