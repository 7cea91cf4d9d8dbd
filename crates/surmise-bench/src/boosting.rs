//! A problem: gradient-boosted trees on the diabetes data.
//!
//! The ranges are those of the tuning job in AWS's Step Functions sample.

use crate::gradient_boosting::{DiabetesData, Hyperparameters};
use crate::problem::{Evaluation, Problem};
use crate::suite::Case;
use surmise::rng::Rng;
use surmise::{Configuration, ParameterRange, ScalingType, SearchSpace};

/// The smallest known cross-validated error, at alpha 135.7, gamma 3.38, no step limit and depth 2.
///
/// A search of 20,000 random configurations found it, with local searches from the best 20 of them.
const BEST_KNOWN: f64 = 55.919_163_465_491_93;

/// The cross-validated error of gradient-boosted trees, as a function of four hyperparameters.
#[derive(Debug)]
pub struct Boosting {
    space: SearchSpace,
    data: DiabetesData,
}

impl Boosting {
    /// Creates the problem, and loads the data.
    #[allow(clippy::missing_panics_doc, reason = "the ranges are valid")]
    #[allow(clippy::new_without_default, reason = "the constructor parses a table")]
    pub fn new() -> Self {
        let ranges = [
            ParameterRange::continuous("alpha", 0.0..=1000.0, ScalingType::Linear),
            ParameterRange::continuous("gamma", 0.0..=5.0, ScalingType::Linear),
            ParameterRange::integer("max_delta_step", 0..=10, ScalingType::Linear),
            ParameterRange::integer("max_depth", 0..=10, ScalingType::Linear),
        ];
        let space = SearchSpace::new(ranges).expect("valid ranges");
        Self { space, data: DiabetesData::load() }
    }

    /// Returns a case of this problem, with the stored means of random search.
    pub fn case() -> Case {
        Case::built_in(Self::new())
    }
}

impl Problem for Boosting {
    fn name(&self) -> &'static str {
        "boosting"
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, _rng: &mut Rng) -> Evaluation {
        self.data
            .cross_validated_rmse(Hyperparameters::UNTUNED.with_configuration(configuration))
            .into()
    }

    fn optimum(&self) -> Option<f64> {
        Some(BEST_KNOWN)
    }
}
