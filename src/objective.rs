//! What is measured, and which way is better. Nothing else in the crate knows the goal.

use serde::{Deserialize, Serialize};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// Smaller is better.
    Minimize,
    /// Larger is better.
    Maximize,
}

/// The metric to be tuned for, and its goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// The name under which jobs report the metric.
    pub metric_name: String,
    /// Which way is better.
    pub goal: Goal,
}

impl Objective {
    /// A metric to be made as small as possible.
    pub fn minimize(metric_name: impl Into<String>) -> Self {
        Self { metric_name: metric_name.into(), goal: Goal::Minimize }
    }

    /// A metric to be made as large as possible.
    pub fn maximize(metric_name: impl Into<String>) -> Self {
        Self { metric_name: metric_name.into(), goal: Goal::Maximize }
    }

    /// The loss of a metric's value: the number that is minimized inside.
    pub fn loss(&self, value: f64) -> f64 {
        match self.goal {
            Goal::Minimize => value,
            Goal::Maximize => -value,
        }
    }

    /// The metric's value of a loss; the inverse of [`loss`](Self::loss).
    pub fn value(&self, loss: f64) -> f64 {
        // A change of sign is its own inverse.
        self.loss(loss)
    }
}
