//! What a comparison compares, and how.

use crate::measures::DEFAULT_FLOOR;

/// Settings of a [`Comparison`](crate::Comparison).
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonOptions {
    /// The smallest relative regret in figures, ranks and verdicts; 0.01 by default.
    ///
    /// With a smaller floor, differences near the optimum count more.
    pub floor: f64,
    /// Whether noisy runs count with their best trial instead of the recommended one; false by
    /// default.
    ///
    /// Which trial is the best cannot be known. This tells what the search found apart from what
    /// the recommendation makes of it.
    pub best_values: bool,
    /// Which strategies are compared by tests; all pairs by default.
    pub pairs: Pairs,
}

impl Default for ComparisonOptions {
    fn default() -> Self {
        Self { floor: DEFAULT_FLOOR, best_values: false, pairs: Pairs::All }
    }
}

/// Which pairs of strategies are compared by tests.
///
/// A correction for many tests covers those of one pair, so that a verdict does not depend on who
/// else takes part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pairs {
    /// Every strategy with every other one.
    #[default]
    All,
    /// Every other strategy with the one of this name.
    Control(String),
    /// Strategies of the same name in different groups of runs, such as two builds of a program.
    SameName,
}
