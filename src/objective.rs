//! The objective: the metric and whether to minimize or maximize it.
//!
//! Strategies and models see losses only: smaller is better. This module converts values of the
//! metric to losses and back.

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
    /// Creates the objective to minimize the metric with this name.
    pub fn minimize(metric_name: impl Into<String>) -> Self {
        Self { metric_name: metric_name.into(), goal: Goal::Minimize }
    }

    /// Creates the objective to maximize the metric with this name.
    pub fn maximize(metric_name: impl Into<String>) -> Self {
        Self { metric_name: metric_name.into(), goal: Goal::Maximize }
    }

    /// Converts a value of the metric to a loss: the value, or its negative if the goal is to
    /// maximize.
    pub fn loss(&self, value: f64) -> f64 {
        match self.goal {
            Goal::Minimize => value,
            Goal::Maximize => -value,
        }
    }

    /// Converts a loss to a value of the metric: the inverse of [`loss`](Self::loss).
    pub fn value(&self, loss: f64) -> f64 {
        // The change of sign is its own inverse.
        self.loss(loss)
    }
}
