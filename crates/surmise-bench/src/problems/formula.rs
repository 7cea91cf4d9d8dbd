//! A problem that is a formula.

use crate::problem::{Evaluation, Problem};
use std::fmt;
use surmise::error::Error;
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, ScalingType, SearchSpace};

type Function = dyn Fn(&Configuration) -> f64 + Send + Sync;

/// A function that is written down, with its least value and where that is.
pub struct Formula {
    pub(super) name: &'static str,
    pub(super) space: SearchSpace,
    function: Box<Function>,
    pub(super) optimum: f64,
    pub(super) minimizer: Configuration,
    everywhere: bool,
}

impl Formula {
    pub(super) fn new(
        name: &'static str,
        ranges: impl IntoIterator<Item = Result<ParameterRange, Error>>,
        function: impl Fn(&Configuration) -> f64 + Send + Sync + 'static,
        (optimum, minimizer): (f64, Configuration),
    ) -> Self {
        let space = SearchSpace::new(ranges).expect("ranges of the suite are sound");
        let function = Box::new(function);
        Self { name, space, function, optimum, minimizer, everywhere: false }
    }

    /// A function of real numbers x0, x1, … that is defined, and nowhere below its optimum, for all of them.
    pub(super) fn of_reals(
        name: &'static str,
        bounds: &[(f64, f64)],
        function: fn(&[f64]) -> f64,
        (optimum, minimizer): (f64, &[f64]),
    ) -> Self {
        let names: Vec<String> = (0..bounds.len()).map(|i| format!("x{i}")).collect();
        let ranges: Vec<_> = names
            .iter()
            .zip(bounds)
            .map(|(name, (low, high))| {
                ParameterRange::continuous(name, *low..=*high, ScalingType::Linear)
            })
            .collect();
        let minimizer = names.iter().zip(minimizer).map(|(name, x)| (name, (*x).into())).collect();
        let value = move |configuration: &Configuration| {
            let x: Vec<f64> = names.iter().map(|name| configuration.float(name)).collect();
            function(&x)
        };
        Self::new(name, ranges, value, (optimum, minimizer)).valid_everywhere()
    }

    /// The same, whose continuous parameters may leave their ranges: nothing there is below the optimum.
    pub(super) fn valid_everywhere(self) -> Self {
        Self { everywhere: true, ..self }
    }

    /// A configuration of the least value, to the digits that are published.
    pub fn minimizer(&self) -> &Configuration {
        &self.minimizer
    }

    /// Whether it is defined, and nowhere below its optimum, where continuous parameters leave their ranges.
    pub fn is_valid_everywhere(&self) -> bool {
        self.everywhere
    }

    /// Its value.
    pub fn value(&self, configuration: &Configuration) -> f64 {
        (self.function)(configuration)
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formula").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Problem for Formula {
    fn name(&self) -> &str {
        self.name
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, _chance: &mut Rng) -> Evaluation {
        self.value(configuration).into()
    }

    fn optimum(&self) -> Option<f64> {
        Some(self.optimum)
    }
}
