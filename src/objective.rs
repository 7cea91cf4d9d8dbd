//! The objective: the metric and whether to minimize or maximize it.
//!
//! No other module depends on the goal. Inside the crate, there are only losses: smaller is better.

use serde::{Deserialize, Serialize};

/// Whether to minimize or to maximize the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// Smaller values are better.
    Minimize,
    /// Larger values are better.
    Maximize,
}

/// The metric that the tuning optimizes, and its goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// The name under which jobs report the metric.
    pub metric_name: String,
    /// Whether to minimize or to maximize the metric.
    pub goal: Goal,
}

impl Objective {
    /// Creates an objective that minimizes this metric.
    pub fn minimize(metric_name: impl Into<String>) -> Self {
        Self { metric_name: metric_name.into(), goal: Goal::Minimize }
    }

    /// Creates an objective that maximizes this metric.
    pub fn maximize(metric_name: impl Into<String>) -> Self {
        Self { metric_name: metric_name.into(), goal: Goal::Maximize }
    }

    /// Returns the loss of a value of the metric: smaller is better.
    pub fn loss(&self, value: f64) -> f64 {
        match self.goal {
            Goal::Minimize => value,
            Goal::Maximize => -value,
        }
    }

    /// Returns the value of the metric for a loss; the inverse of [`loss`](Self::loss).
    pub fn value(&self, loss: f64) -> f64 {
        // The change of sign is its own inverse.
        self.loss(loss)
    }
}
