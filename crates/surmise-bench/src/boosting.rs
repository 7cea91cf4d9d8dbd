//! Gradient-boosted trees on the diabetes data, tuned by the ranges of the tuning job of AWS's Step Functions sample.

use crate::problem::{Evaluation, Problem};
use crate::random_means::RandomMeans;
use crate::suite::Case;
use surmise::rng::Rng;
use surmise::{Configuration, ParameterRange, ScalingType, SearchSpace};

use crate::learner::{Diabetes, Hyperparameters};

/// The least cross-validated error that is known: of 20,000 random configurations and local searches from the best 20 of them, at
/// alpha 135.7, gamma 3.38, no limit to steps and depth 2.
const BEST_KNOWN: f64 = 55.919_163_465_491_93;

/// The problem: the cross-validated error of boosted trees by four of their hyperparameters.
#[derive(Debug)]
pub struct Boosting {
    space: SearchSpace,
    data: Diabetes,
}

impl Boosting {
    /// Reads the data.
    ///
    /// # Panics
    /// Never: the ranges are sound.
    #[allow(clippy::new_without_default, reason = "it reads a table")]
    pub fn new() -> Self {
        let ranges = [
            ParameterRange::continuous("alpha", 0.0..=1000.0, ScalingType::Linear),
            ParameterRange::continuous("gamma", 0.0..=5.0, ScalingType::Linear),
            ParameterRange::integer("max_delta_step", 0..=10, ScalingType::Linear),
            ParameterRange::integer("max_depth", 0..=10, ScalingType::Linear),
        ];
        let space = SearchSpace::new(ranges).expect("sound ranges");
        Self { space, data: Diabetes::read() }
    }

    /// The problem with what random search reaches, as `surmise bench random-means` found it.
    ///
    /// # Panics
    /// Never: the committed file is sound.
    pub fn case() -> Case {
        let means = include_str!("boosting_random_means.json");
        let means: RandomMeans = serde_json::from_str(means).expect("the committed file is sound");
        Case::new(Self::new()).with_random_means(means)
    }
}

impl Problem for Boosting {
    fn name(&self) -> &'static str {
        "boosting"
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, _chance: &mut Rng) -> Evaluation {
        self.data.cross_validated_rmse(Hyperparameters::UNTUNED.with(configuration)).into()
    }

    fn optimum(&self) -> Option<f64> {
        Some(BEST_KNOWN)
    }
}
